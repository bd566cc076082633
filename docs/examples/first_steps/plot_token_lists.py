"""
============================
Sequences that are not text
============================

Documents can be lists of tokens. Can a network learn from the order of events in such lists?
"""

# %%
# Visits to a shop
# ----------------
# Each visit is a list of events. In every visit, the customer reads the reviews and puts something
# into the cart. Those who read first keep what they buy; the others send it back.
import numpy as np

rng = np.random.default_rng(0)
OTHERS = ["search", "view item", "compare prices", "change language", "log in", "look at cart"]


def make_visit(reads_first):
    """Return the events of a visit."""
    events = rng.choice(OTHERS, size=rng.integers(5, 15)).tolist()
    first, second = sorted(rng.choice(len(events) + 1, size=2))
    decisive = ["read reviews", "add to cart"] if reads_first else ["add to cart", "read reviews"]
    return [*events[:first], decisive[0], *events[first:second], decisive[1], *events[second:]]


y = np.array(["kept", "returned"] * 600)
X = [make_visit(label == "kept") for label in y]
X_train, X_test, y_train, y_test = X[:1000], X[1000:], y[:1000], y[1000:]
print(X[0])

# %%
# Learning
# --------
# A list of str is a document that is split already: "read reviews" stays one token. scikit-learn's
# tools slice and cross-validate such lists as they are.
from sklearn_rnn import RNNTextClassifier

clf = RNNTextClassifier(hidden_size=32, random_state=0).fit(X_train, y_train)
print(list(clf.vectorizer_.vocabulary_))
print(f"accuracy: {clf.score(X_test, y_test):.2f}")

# %%
# Counts of events, and of pairs of neighbours, know less, since the two events may be far apart.
from itertools import pairwise

from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline


def events_and_pairs(visit):
    """Return the events of a visit, and each with the next one."""
    return [*visit, *map(", then ".join, pairwise(visit))]


counts = make_pipeline(CountVectorizer(analyzer=events_and_pairs), LogisticRegression())
print(f"counts: {counts.fit(X_train, y_train).score(X_test, y_test):.2f}")

# %%
# When does the network know?
# ---------------------------
# Here is how the probability of each label changes while the network reads a visit.
import matplotlib.pyplot as plt

from sklearn_rnn.inspection import ReadingDisplay

ReadingDisplay.from_estimator(clf, [X_test[0]])
plt.show()

# %%
# Upper case is converted to lower case in lists too. To keep tokens exactly as they are, pass
# ``vectorizer=SequenceVectorizer(lowercase=False)``.
