r"""
7. Batches of documents of different lengths
============================================

A network is trained on many documents at a time, and these have different lengths. Padding makes
them equal, packing leaves them as they are. Neither may change the result.
"""

# %%
# Lengths
# -------
# :class:`~sklearn_rnn.SequenceVectorizer` returns a sparse matrix with a row for each document.
# What a sparse matrix does not store is padding, so the corpus has none.
import matplotlib.pyplot as plt
import numpy as np

from sklearn_rnn import SequenceVectorizer
from sklearn_rnn.datasets import load_tweet_sentiment

X, y = load_tweet_sentiment(subset="train", return_X_y=True)
X, y = X[:3000], y[:3000]
ids = SequenceVectorizer().fit_transform(X)
lengths = np.diff(ids.indptr)
print(f"{len(lengths):,} documents, {lengths.min()} to {lengths.max()} tokens")

# %%
# What padding costs
# ------------------
# A padded batch is a rectangle, as long as its longest document. With documents in random order,
# much of it is padding. If documents of similar length share a batch, little is.


def padded_share(order, batch_size=32):
    """Return how much of all batches would be padding."""
    batches = [lengths[order[i : i + batch_size]] for i in range(0, len(order), batch_size)]
    return 1 - lengths.sum() / sum(len(batch) * batch.max() for batch in batches)


rng = np.random.default_rng(0)
at_random = rng.permutation(len(lengths))
by_length = np.argsort(lengths, kind="stable")
print(f"in random order: {padded_share(at_random):.0%} padding")
print(f"in order of length: {padded_share(by_length):.1%} padding")

# %%
# Sorting all documents would give each the same companions in every epoch. So the estimators
# shuffle the documents, sort them within windows of many batches, and shuffle the batches.

# %%
# Packing
# -------
# What is left of the padding can be left out too. With the longest document first, step :math:`t`
# computes only the :math:`b_t` documents that still have a word, where :math:`n_i` are the lengths:
#
# .. math:: b_t = \#\{i : n_i \ge t\}
#
# A packed batch is all first words, then all second words and so on, in one row, with the numbers
# :math:`b_t` beside it. This is what torch calls a ``PackedSequence``.
import torch
from torch.nn.utils.rnn import pack_sequence

rows = at_random[:32]
documents = [torch.tensor(ids[[row]].data) for row in rows]
packed = pack_sequence(documents, enforce_sorted=False)
print(f"{len(packed.data)} tokens; documents at each step: {packed.batch_sizes.tolist()}")

# %%
# The same batch three times. Blue is a word, white is padding.
fig, axes = plt.subplots(1, 3, figsize=(10, 3.6), sharey=True, layout="constrained")
middle = len(lengths) // 2
for ax, title, batch in (
    (axes[0], "padded, random order", lengths[rows]),
    (axes[1], "padded, similar lengths", lengths[by_length[middle : middle + 32]]),
    (axes[2], "packed: longest first", np.sort(lengths[rows])[::-1]),
):
    is_word = np.arange(batch.max()) < batch[:, None]
    ax.imshow(is_word, cmap="Blues", vmin=0, vmax=1.4, aspect="auto", interpolation="nearest")
    ax.set(title=title, xlabel="step")
axes[2].plot(
    np.arange(len(packed.batch_sizes)), packed.batch_sizes - 0.5, "C1", drawstyle="steps-mid"
)
axes[0].set_ylabel("document")
plt.show()

# %%
# The result does not change
# --------------------------
# The prediction for a document depends on its words alone: not on its companions, and not on zeros
# behind it.
from sklearn_rnn import RNNTextClassifier

clf = RNNTextClassifier(max_epochs=2, random_state=0).fit(ids[:1500], y[:1500])
some = ids[1500:1700]
together = clf.predict_proba(some)
alone = np.vstack([clf.predict_proba(some[[row]]) for row in range(some.shape[0])])
padded = clf.predict_proba(np.pad(some.toarray(), ((0, 0), (0, 20))))
print(f"one by one: {np.abs(alone - together).max():.0e}")
print(f"with 20 columns of zeros: {np.abs(padded - together).max():.0e}")

# %%
# What a mask is for
# ------------------
# A plain loop over a padded batch does go on reading: the padding has a vector, and each step
# changes the state. Here a document of 5 words is followed by more and more zeros.
torch.manual_seed(0)
lstm = torch.nn.LSTM(input_size=8, hidden_size=16)
words = torch.randn(5, 8)
with torch.no_grad():
    states, _ = lstm(torch.cat([words, torch.zeros(20, 8)]))
right, after = states[4], states[4:]
similarity = torch.cosine_similarity(after, right[None])

fig, ax = plt.subplots(figsize=(6, 2.8), layout="constrained")
ax.plot(similarity, marker="o", markersize=4)
ax.set(
    xlabel="steps of padding that are read",
    ylabel="cosine similarity",
    title="The last state, compared with that at the last word",
)
ax.grid(alpha=0.3)
plt.show()

# %%
# Try it
# ------
# Pass ``batch_size=256`` to ``padded_share``. By how much does each of the two shares rise, and
# which documents are to blame?

# %%
# Read on
# -------
# - Next: :doc:`/auto_examples/lesson/plot_8_embeddings`.
# - Back: :doc:`/auto_examples/lesson/plot_6_directions_layers`.
# - What else makes it fast: :doc:`/user_guide/speed`; batches of similar lengths, measured:
#   :doc:`/benchmarks/batches`.
