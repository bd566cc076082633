r"""
9. Attention: where to look
===========================

The last state has to hold a whole document. Attention goes back to all states and takes what it
needs: once for a label, or anew for each word that it writes.
"""

# %%
# One look at a document
# ----------------------
# Attention pooling (Yang et al., 2016) gives each state :math:`h_t` a score, turns the scores into
# weights that add up to 1, and takes the weighted mean:
#
# .. math::
#
#     e_t &= v^\top \tanh(W h_t + b) \\
#     \alpha_t &= \exp(e_t) / \textstyle\sum_k \exp(e_k) \\
#     d &= \textstyle\sum_t \alpha_t h_t
#
# ``pooling="attention"`` is the default of the classifier. We compare it with others on documents
# of up to 120 words, of which four decide.
import pandas as pd

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn.datasets import make_word_order

X, y = make_word_order(800, max_length=120, random_state=0)
X_test, y_test = make_word_order(800, max_length=120, random_state=1)

rows, models = [], {}
for pooling in ("last", "mean", "max", "attention"):
    for seed in range(2):
        clf = RNNTextClassifier(
            pooling=pooling,
            hidden_size=32,
            bidirectional=False,
            wide_weight=0,
            max_epochs=8,
            random_state=seed,
        )
        models[pooling] = clf.fit(X, y)
        rows.append({"pooling": pooling, "accuracy": clf.score(X_test, y_test)})
pd.DataFrame(rows).groupby("pooling", sort=False)["accuracy"].agg(["min", "max"]).round(3)

# %%
# Max pooling and attention find the phrase wherever it stands. In this document, attention is on
# the state after the last word of the phrase, which knows the whole phrase.
import matplotlib.pyplot as plt

from sklearn_rnn.inspection import AttentionDisplay

document = next(text for text in X_test if 25 < len(text.split()) < 35)
AttentionDisplay.from_estimator(models["attention"], document)
plt.show()

# %%
# A look for each word
# --------------------
# A translator writes one word after another, and looks at the source anew for each. Its score
# compares the state of the decoder, :math:`q_i`, with the state at a word of the source,
# :math:`h_t` (Bahdanau et al., 2015; here as in Luong et al., 2015):
#
# .. math::
#
#     e_{it} &= q_i^\top W h_t \\
#     \alpha_{it} &= \exp(e_{it}) / \textstyle\sum_k \exp(e_{ik})
#
# The simplest task that needs it: write the words in reverse.
import numpy as np

from sklearn_rnn import RNNTranslator

rng = np.random.default_rng(0)
WORDS = "red green blue black white pink grey brown gold".split()
sources = [rng.choice(WORDS, size=rng.integers(3, 9)).tolist() for _ in range(2400)]
pairs = [(" ".join(words), " ".join(words[::-1])) for words in sources]
X, y = map(list, zip(*pairs, strict=True))

model = RNNTranslator(hidden_size=64, batch_size=32, max_epochs=8, random_state=0)
model.fit(X[:2000], y[:2000])
print(f"exact matches: {model.score(X[2000:], y[2000:]):.3f}")

# %%
# One row for each word that it writes. It goes through the source from its end to its beginning,
# although nobody told it where to look:
from sklearn_rnn.inspection import AlignmentDisplay

AlignmentDisplay.from_estimator(model, "red green blue black white pink")
plt.show()

# %%
# Try it
# ------
# Let the target be the words in alphabetical order, with ``sorted(words)`` in place of
# ``words[::-1]``. Which words does it look at now?

# %%
# Read on
# -------
# - The same attention over the parts of a picture, while the network describes it in words (Xu et
#   al., 2015): :doc:`/auto_examples/tasks/plot_show_attend_tell`.
# - Next: :doc:`/auto_examples/lesson/plot_10_grid_lstm`.
# - Back: :doc:`/auto_examples/lesson/plot_8_embeddings`.
# - Several heads, and a penalty for tokens passed over: ``pooling="multihead_attention"`` and
#   ``attention_penalty`` in :doc:`/user_guide/classifier`.
