"""
1. Why word order matters
=========================

"good, not bad" is praise and "bad, not good" is a complaint, with the same four tokens. A model
that counts words cannot tell them apart. A recurrent network can.
"""

# %%
# The data
# --------
# :func:`~sklearn_rnn.datasets.make_word_order` hides such a phrase at a random position among
# neutral words. Documents come in pairs with the same bag of words and opposite labels.
from sklearn_rnn.datasets import make_word_order

X, y, groups = make_word_order(2000, max_length=30, random_state=0, return_groups=True)
for document, label in zip(X[groups == 0], y[groups == 0], strict=True):
    print(label, "|", document)

# %%
# A fair test keeps both documents of a pair on the same side of the split: otherwise a model could
# remember the partner from training, which has the opposite label.
from sklearn.model_selection import GroupShuffleSplit

train, test = next(GroupShuffleSplit(1, test_size=0.25, random_state=0).split(X, y, groups))

# %%
# Counting words
# --------------
# A bag of words is a sum over the tokens, with a one-hot vector :math:`e(w_t)` for each:
#
# .. math:: \text{bag} = \sum_t e(w_t)
#
# A sum does not depend on the order. Both documents of a pair have the same bag and so get the same
# prediction, which is right for exactly one of them.
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

bag_of_words = make_pipeline(
    CountVectorizer(token_pattern=r"\S+"), LogisticRegression(max_iter=1000)
)
bag_of_words.fit(X[train], y[train])
print(f"bag of words: {bag_of_words.score(X[test], y[test]):.3f}")

# %%
# Reading in order
# ----------------
# A recurrent network has a state :math:`h`, which it updates word by word by the same function:
#
# .. math:: h_t = f(h_{t-1}, x_t)
#
# The state after a word depends on the words before it, and on their order. The classifier also
# has a linear model of words and word pairs. Word pairs would give the order away, so
# ``wide_weight=0`` turns this model off, and the recurrent network has to work out the order
# itself.
from sklearn_rnn import RNNTextClassifier

rnn = RNNTextClassifier(wide_weight=0, random_state=0)
rnn.fit(X[train], y[train])
print(f"RNNTextClassifier: {rnn.score(X[test], y[test]):.3f}")

# %%
import matplotlib.pyplot as plt

scores = {
    "bag of words": bag_of_words.score(X[test], y[test]),
    "RNNTextClassifier": rnn.score(X[test], y[test]),
}
fig, ax = plt.subplots(figsize=(6, 2.4), layout="constrained")
bars = ax.barh(list(scores), list(scores.values()), color=["tab:gray", "tab:blue"])
ax.bar_label(bars, fmt="%.2f", padding=3)
ax.axvline(0.5, color="black", linestyle="--", linewidth=1)
ax.text(0.5, 1.02, "chance", ha="center", va="bottom", transform=ax.get_xaxis_transform())
ax.set(xlim=(0, 1.1), xlabel="accuracy on the test documents")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# Two new documents in the same style:
rnn.predict(["the train was late and good , not bad", "the train was late and bad , not good"])

# %%
# Try it
# ------
# Count word pairs too, with ``CountVectorizer(token_pattern=r"\S+", ngram_range=(1, 2))``. What is
# the accuracy now? In these documents, the words that decide stand side by side. In
# :doc:`/auto_examples/first_steps/plot_token_lists` they do not, and pairs no longer help.

# %%
# Read on
# -------
# - Next: :doc:`/auto_examples/lesson/plot_2_plain_cell`.
