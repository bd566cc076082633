"""
=====================================
Few labels, and much text without any
=====================================

Labels take work, text is there already. A language model reads text and learns how its words follow
one another; a classifier that starts from it needs fewer labels. This page trains on 100 labelled
sentences, first without and then with 3,000 sentences that have no label. Are they opinions of a
film, or do they tell its plot?
"""

# %%
# The sentences
# -------------
# Of the training sentences, 100 keep their labels. The test sentences are no part of either.

import matplotlib.pyplot as plt
import numpy as np

from sklearn_rnn import RNNLanguageModel, RNNTextClassifier, SequenceVectorizer
from sklearn_rnn.datasets import load_subjectivity

X, y = load_subjectivity(subset="train", return_X_y=True, as_frame=False)
X_test, y_test = load_subjectivity(subset="test", return_X_y=True, as_frame=False)
rng = np.random.default_rng(0)
order = rng.permutation(len(X))
unlabelled = X[order[:3000]]

# %%
# Two language models
# -------------------
# The classifier reads in both directions, so it starts from two models, one of which reads
# backwards. Both start from word vectors themselves.

params = {
    "vectorizer": SequenceVectorizer(min_df=2),
    "embedding": "glove",
    "tie_weights": True,
    "dropout": 0.2,
    "word_dropout": 0.1,
    "hidden_size": 64,
    "max_epochs": 4,
    "random_state": 0,
}
models = tuple(
    RNNLanguageModel(reverse=reverse, **params).fit(unlabelled) for reverse in (False, True)
)
print(f"perplexity of the test sentences: {models[0].perplexity(X_test):.0f}")

# %%
# The same labels, three starts
# -----------------------------
# Each is trained five times, on five draws of 100 sentences with their labels. The defaults know
# words that occur often in English. The pretrained network also knows how these sentences go.

starts = {
    "random": {"embedding": None},
    "word vectors": {},
    "pretrained": {"pretrained": models},
}
accuracies = {name: [] for name in starts}
for seed in range(5):
    rows = rng.permutation(len(X))[:100]
    for name, start in starts.items():
        clf = RNNTextClassifier(random_state=seed, **start).fit(X[rows], y[rows])
        accuracies[name].append(clf.score(X_test, y_test))

for name, values in accuracies.items():
    print(f"{name:12} {np.mean(values):.3f}")

# %%
# In a picture
# ------------
# One line is one draw: what the start makes of the same 100 labels.

fig, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
table = np.array(list(accuracies.values()))
ax.plot(list(starts), table, color="0.75", marker="o", markersize=4)
ax.plot(list(starts), table.mean(axis=1), color="C0", marker="o", linewidth=2, label="mean")
ax.set(ylabel="accuracy on test", title="100 labelled sentences")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False)
plt.show()

# %%
# In one line
# -----------
# Where the models are not needed again, ``fit`` trains them by the way:
# ``RNNTextClassifier().fit(X, y, X_unlabelled=texts)``. The
# :doc:`user guide </user_guide/pretraining>` says what it takes over, and
# :doc:`how much it gains </benchmarks/pretraining>` on four other data sets.
