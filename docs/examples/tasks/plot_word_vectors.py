"""
====================================
Few labels: start from word vectors
====================================

A network that starts at random learns what words mean from your labels alone. Vectors that were
learned on a lot of other text already know which words are alike. How much is that worth when there
are few labels?
"""

# %%
# Accuracy by the number of labelled reviews
# ------------------------------------------
# ``embedding="glove"`` starts the words from a table of English word vectors that comes with the
# package. Without the wide path, a linear model of words, we see what the network itself has
# learned. To keep it fast, each size is tried on three samples only, so scores are noisy.
import pandas as pd

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn.datasets import load_drug_reviews

X, y = load_drug_reviews(subset="train", return_X_y=True)
X_test, y_test = load_drug_reviews(subset="test", return_X_y=True)

rows, models = [], {}
for n_reviews in (50, 150, 450):
    for seed in range(3):
        sample = X.sample(n_reviews, random_state=seed).index
        for embedding in (None, "glove"):
            clf = RNNTextClassifier(embedding=embedding, wide_weight=0, random_state=seed)
            models[str(embedding)] = clf.fit(X[sample], y[sample])
            rows.append((n_reviews, str(embedding), clf.score(X_test, y_test)))
scores = pd.DataFrame(rows, columns=["reviews", "embedding", "accuracy"])
means = scores.pivot_table(index="reviews", columns="embedding", values="accuracy")
means.round(3)

# %%
import matplotlib.pyplot as plt

fig, ax = plt.subplots(layout="constrained")
for name, marker in {"None": "o", "glove": "s"}.items():
    ax.plot(means.index, means[name], marker=marker, label=f"embedding={name}")
ax.set(xscale="log", xlabel="labelled reviews", ylabel="test accuracy")
ax.set_xticks(means.index, means.index)
ax.set_xticks([], minor=True)
ax.legend()
plt.show()

# %%
# What the vectors cover
# ----------------------
# The share of the tokens, and of the different words, that have a vector. Names of drugs and
# misspellings have none and start at random.
models["glove"].embedding_coverage_

# %%
# What the network knows about words
# ----------------------------------
# The words whose vectors are closest to that of a given word. If vectors start at random, these
# words are hardly related, since a few hundred reviews use most words only once or twice.
import numpy as np


def neighbours(clf, word, n_words=8):
    """Return the words whose vectors are closest to that of a word."""
    words = np.array(list(clf.vectorizer_.vocabulary_))
    table = clf.module_.embedding.table.weight.detach().numpy()[2:]
    table = table / np.linalg.norm(table, axis=1, keepdims=True)
    similarities = table @ table[clf.vectorizer_.vocabulary_[word] - 2]
    return words[np.argsort(-similarities)[1 : n_words + 1]]


pd.DataFrame(
    {
        (word, name): neighbours(clf, word)
        for word in ("headache", "terrible")
        for name, clf in models.items()
    }
)
