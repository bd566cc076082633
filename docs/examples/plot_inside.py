"""
======================================
What happens while a sentence is read?
======================================

A fitted network can be watched at its work: what it predicts after each word, which words count,
and what its units hold.
"""

# %%
# A network that reads tweets
# ---------------------------
# A part of the tweets is enough to have something to look at.
from sklearn_rnn import RNNTextClassifier
from sklearn_rnn.datasets import load_tweet_sentiment

X, y = load_tweet_sentiment(return_X_y=True)
clf = RNNTextClassifier(pooling="attention", hidden_size=32, random_state=0, max_epochs=5)
clf.fit(X[:6000], y[:6000])

document = "I love the show but this episode was horrible, what a waste of time :("

# %%
# The prediction while reading
# ----------------------------
# After each word: the probabilities for the tweet if it ended there.
import matplotlib.pyplot as plt

from sklearn_rnn.inspection import ReadingDisplay

ReadingDisplay.from_estimator(clf, document)
plt.show()

# %%
# Which words count
# -----------------
# Integrated gradients explain the recurrent network; occlusion explains the whole prediction, the
# linear path of words and word pairs included.
from sklearn_rnn.inspection import TokenImportanceDisplay

TokenImportanceDisplay.from_estimator(clf, document, target="negative")
plt.show()

# %%
# The same in the text. Purple words speak for the class, orange ones against it.
from sklearn_rnn.inspection import ShadedDocument

ShadedDocument.from_estimator(clf, document, values="occlusion", target="negative")

# %%
# Where the network attends
# -------------------------
# The weights of its pooling tell which states count, not for which class.
from sklearn_rnn.inspection import AttentionDisplay

AttentionDisplay.from_estimator(clf, document)
plt.show()

# %%
# What the units hold
# -------------------
# Similar units stand together.
from sklearn_rnn.inspection import GateDisplay, StateDisplay

StateDisplay.from_estimator(clf, document, state="cell")
GateDisplay.from_estimator(clf, document, gate="forget")
plt.show()

# %%
# All of it is there as numbers too.
from sklearn_rnn.inspection import trace

trace(clf, document).to_frame().head()
