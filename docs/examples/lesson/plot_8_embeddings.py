r"""
8. Embeddings, word vectors, pretraining
========================================

Labels take work, but there is plenty of text. What can a network know about words, and about how
they follow one another, before it sees the first label?
"""

# %%
# Embeddings
# ----------
# A network reads numbers, so each word of the vocabulary gets a vector: the row of a matrix
# :math:`E`, the embedding. The vector of the word with id :math:`w_t` is
#
# .. math:: x_t = E_{w_t}
#
# The rows are weights like others, and training moves them. A word that occurs twice in the
# training documents moves twice, so from few documents little is learned about most words.

# %%
# Word vectors
# ------------
# Vectors that were learned on a lot of text know which words are alike. This is a map of some of
# the English vectors that ship with the package: the first two principal components of 100.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA

from sklearn_rnn.datasets import load_word_vectors

GROUPS = {
    "C0": "bread coffee cheese wine",
    "C1": "brilliant clever dull awful",
    "C2": "mother uncle daughter friend",
    "C3": "village london island coast",
}
vectors = load_word_vectors()
points = PCA(2).fit_transform(
    [vectors[word] for words in GROUPS.values() for word in words.split()]
)
fig, ax = plt.subplots(figsize=(7, 4.6), layout="constrained")
for (color, words), place in zip(GROUPS.items(), points.reshape(4, -1, 2), strict=True):
    ax.scatter(*place.T, color=color, s=14)
    for word, at in zip(words.split(), place, strict=True):
        ax.annotate(word, at, xytext=(4, 3), textcoords="offset points", color=color)
ax.margins(0.12)
ax.set(title="Some word vectors", xlabel="first component", ylabel="second component")
plt.show()

# %%
# Words that are used alike lie together. That is also the limit: "brilliant" lies near "awful",
# since both are said of the same things. Which of them is praise, the network has to learn from
# labels. By default, ``embedding="auto"``, networks on English text start from these vectors.

# %%
# Pretraining
# -----------
# A language model learns more than single words: it reads text and learns how its words follow one
# another. A classifier can start from its embedding *and* its recurrent layers (Howard and Ruder,
# 2018). The text that it learns from needs no labels.
#
# Are sentences opinions of a film, or do they tell its plot? Of the training sentences, 2,000 have
# lost their labels. The classifier reads in both directions, so it starts from two models, one of
# which reads backwards. Both start from word vectors themselves.
from sklearn_rnn import RNNLanguageModel, RNNTextClassifier, SequenceVectorizer
from sklearn_rnn.datasets import load_subjectivity

X, y = load_subjectivity(subset="train", return_X_y=True, as_frame=False)
X_test, y_test = load_subjectivity(subset="test", return_X_y=True, as_frame=False)
rng = np.random.default_rng(0)
unlabelled = X[rng.permutation(len(X))[:2000]]

params = {
    "vectorizer": SequenceVectorizer(min_df=2),
    "embedding": "glove",
    "tie_weights": True,
    "dropout": 0.2,
    "word_dropout": 0.1,
    "hidden_size": 64,
    "max_epochs": 3,
    "random_state": 0,
}
models = tuple(
    RNNLanguageModel(reverse=reverse, **params).fit(unlabelled) for reverse in (False, True)
)

# %%
# The same labels, three starts
# -----------------------------
# Each is trained three times, on three draws of 100 sentences with their labels.
starts = {
    "random": {"embedding": None},
    "word vectors": {},
    "pretrained": {"pretrained": models},
}
accuracies = {name: [] for name in starts}
for seed in range(3):
    rows = rng.permutation(len(X))[:100]
    for name, start in starts.items():
        clf = RNNTextClassifier(random_state=seed, **start).fit(X[rows], y[rows])
        accuracies[name].append(clf.score(X_test, y_test))

for name, values in accuracies.items():
    print(f"{name:12} {np.mean(values):.3f}")

# %%
# A grey line is one draw: what each start makes of the same 100 labels.
fig, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
table = np.array(list(accuracies.values()))
ax.plot(list(starts), table, color="0.75", marker="o", markersize=4)
ax.plot(list(starts), table.mean(axis=1), color="C0", marker="o", linewidth=2, label="mean")
ax.set(ylabel="accuracy on test", title="100 labelled sentences")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False)
plt.show()

# %%
# If you do not need the models again, let ``fit`` train them:
# ``RNNTextClassifier().fit(X, y, X_unlabelled=texts)``.

# %%
# Try it
# ------
# Draw 1,000 labelled sentences in place of 100. How much does each start gain now?

# %%
# Read on
# -------
# - Next: :doc:`/auto_examples/lesson/plot_9_attention`.
# - Back: :doc:`/auto_examples/lesson/plot_7_batches`.
# - Word vectors by the number of labels: :doc:`/auto_examples/tasks/plot_word_vectors`.
# - What pretraining takes over: :doc:`/user_guide/pretraining`; what it gains on four other data
#   sets: :doc:`/benchmarks/pretraining`.
