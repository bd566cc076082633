"""
====================================
Few labels: start from word vectors
====================================

A network that starts at random learns what words mean from your labels alone. Vectors that were
learned on a lot of other text already know which words are alike. How much is that worth, and up to
how many labels?
"""

# %%
# Accuracy by the number of labelled tweets
# -----------------------------------------
# ``embedding="glove"`` starts the words from a table of English word vectors that comes with the
# package. To keep it fast, each size is tried on three samples only, so scores are noisy.
import pandas as pd

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn.datasets import load_tweet_sentiment

X, y = load_tweet_sentiment(subset="train", return_X_y=True)
X_test, y_test = load_tweet_sentiment(subset="test", return_X_y=True)

rows = []
for n_tweets in (100, 300, 1000):
    for seed in range(3):
        sample = X.sample(n_tweets, random_state=seed).index
        for embedding in (None, "glove"):
            clf = RNNTextClassifier(embedding=embedding, random_state=seed)
            clf.fit(X[sample], y[sample])
            accuracy = clf.score(X_test[:1500], y_test[:1500])
            rows.append((n_tweets, str(embedding), accuracy))
scores = pd.DataFrame(rows, columns=["tweets", "embedding", "accuracy"])
means = scores.pivot_table(index="tweets", columns="embedding", values="accuracy")
means.round(3)

# %%
import matplotlib.pyplot as plt

fig, ax = plt.subplots(layout="constrained")
for name, marker in {"None": "o", "glove": "s"}.items():
    ax.plot(means.index, means[name], marker=marker, label=f"embedding={name}")
ax.set(xscale="log", xlabel="labelled tweets", ylabel="test accuracy", xticks=means.index)
ax.set_xticks([], minor=True)
ax.set_xticklabels(means.index)
ax.legend()
plt.show()

# %%
# What the vectors cover
# ----------------------
# Words that have no vector start at random: names, hashtags and misspellings. If a share of tokens
# is small here, the vectors are of another language, or the vectorizer splits text in another way.
clf.embedding_coverage_

# %%
# Words that training has never seen are still read as unknown. What the vectors change is how far
# the words that it has seen help each other: of two words that are alike, one is enough to learn
# from.
import numpy as np


def neighbours(clf, word, n_words=8):
    """Return the words whose vectors are closest to that of a word."""
    words = np.array(list(clf.vectorizer_.vocabulary_))
    table = clf.module_.deep.embedding.table.weight.detach().numpy()[2:]
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    similarities = table @ table[clf.vectorizer_.vocabulary_[word] - 2]
    return words[np.argsort(-similarities)[1 : n_words + 1]]


random = RNNTextClassifier(random_state=0).fit(X[:1000], y[:1000])
glove = RNNTextClassifier(embedding="glove", random_state=0).fit(X[:1000], y[:1000])
pd.DataFrame(
    {
        (word, name): neighbours(clf, word)
        for word in ("good", "flight")
        for name, clf in {"None": random, "glove": glove}.items()
    }
)
