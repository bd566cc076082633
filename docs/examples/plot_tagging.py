"""
===================
Slots of a command
===================

What does somebody want who says "book a table for three in Texas"? A tagger finds the parts of a
command, and shows how sure it is.
"""

# %%
# Sentences and tags
# ------------------
# The SNIPS data set ships with the package. Each token has a tag: "B-artist" begins the name of an
# artist, "I-artist" continues it, and "O" is outside of all names. To keep this page fast, the
# tagger learns from 2,000 of the 13,784 sentences.
from sklearn.utils import shuffle

from sklearn_rnn.datasets import load_snips

X, y = shuffle(*load_snips(return_X_y=True, as_frame=False), random_state=0)
X_train, y_train = X[:2000], y[:2000]
X_test, y_test = load_snips(subset="test", return_X_y=True, as_frame=False)
for token, tag in zip(X_train[0], y_train[0]):
    print(f"{token:12} {tag}")

# %%
# Learning
# --------
# The tagger reads words, their characters and their shape in both directions, and a conditional
# random field (CRF) chooses the best sequence of tags.
from sklearn_rnn import RNNTokenClassifier

tagger = RNNTokenClassifier(max_epochs=10, random_state=0).fit(X_train, y_train)
print(f"share of tokens with the right tag: {tagger.score(X_test, y_test):.3f}")

# %%
# Spans say more than tokens, most of which are "O". A span is right if its label and both of its
# ends are.
from sklearn_rnn._tagging.spans import find_spans


def spans_of(sentences):
    """Return the spans of all sentences, as a set."""
    return {(row, *span) for row, tags in enumerate(sentences) for span in find_spans(list(tags))}


# %%
# Seeing the spans
# ----------------
# A text need not be split. Hover over a span to see the probabilities of its tags.
from sklearn_rnn.inspection import SpanDisplay

display = SpanDisplay.from_estimator(tagger, "book a table for three in Texas on 3 May at nine")
display

# %%
# The same as bars: the probability of each tag, and hatched that of the runner-up.
import matplotlib.pyplot as plt

display.plot()
plt.show()
