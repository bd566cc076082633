"""
================================================
What happens while the network reads a sentence?
================================================

You can watch a fitted network at work: what it predicts after each word, which words count, and
what its units store.
"""

# %%
# A network that reads tweets
# ---------------------------
# A part of the tweets is enough to get something to look at.
from sklearn_rnn import RNNTextClassifier
from sklearn_rnn.datasets import load_tweet_sentiment

X, y = load_tweet_sentiment(return_X_y=True)
clf = RNNTextClassifier(pooling="attention", hidden_size=32, random_state=0, max_epochs=5)
clf.fit(X[:6000], y[:6000])

document = "I love the show but this episode was horrible, what a waste of time :("

# %%
# The prediction while reading
# ----------------------------
# After each word, the class probabilities the tweet would get if it ended there.
import matplotlib.pyplot as plt

from sklearn_rnn.inspection import ReadingDisplay

ReadingDisplay.from_estimator(clf, document)
plt.show()

# %%
# Which words count
# -----------------
# Integrated gradients and occlusion both explain the whole prediction: the recurrent network and
# the linear model of words and word pairs.
from sklearn_rnn.inspection import TokenImportanceDisplay

TokenImportanceDisplay.from_estimator(clf, document, target="negative")
plt.show()

# %%
# The same values, shown in the text. Purple words speak for the class, orange ones against it.
from sklearn_rnn.inspection import ShadedDocument

ShadedDocument.from_estimator(clf, document, values="occlusion", target="negative")

# %%
# Where the network attends
# -------------------------
# The weights of the pooling show which states count, but not for which class.
from sklearn_rnn.inspection import AttentionDisplay

AttentionDisplay.from_estimator(clf, document)
plt.show()

# %%
# What the units store
# --------------------
# Similar units are drawn next to each other.
from sklearn_rnn.inspection import GateDisplay, StateDisplay

StateDisplay.from_estimator(clf, document, state="cell")
GateDisplay.from_estimator(clf, document, gate="forget")
plt.show()

# %%
# All of this is available as numbers, too.
from sklearn_rnn.inspection import trace

trace(clf, document).to_frame().head()
