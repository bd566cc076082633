"""
==================
Slots of a command
==================

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
for token, tag in zip(X_train[0], y_train[0], strict=True):
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
# ends are. `sklearn_rnn.metrics` counts them with seqeval.
from sklearn_rnn.metrics import span_f1_score

y_pred = tagger.predict(X_test)
print(f"F1 of spans: {span_f1_score(y_test, y_pred):.3f}")

# %%
# Seeing the spans
# ----------------
# A text need not be split into tokens. Hover over a span to see how probable its tags are, and
# which tags came second.
from sklearn_rnn.inspection import SpanDisplay

command = "book a table for three at a greek restaurant in texasville on the 3rd of may"
display = SpanDisplay.from_estimator(tagger, command)
display

# %%
# The same as bars: the probability of each tag, and above it, hatched, that of the runner-up.
import matplotlib.pyplot as plt

display.plot()
plt.show()

# %%
# Where it is unsure
# ------------------
# `tag_probabilities` returns a row for each token. Tags that are barely more probable than the
# runner-up are the ones to check first.
from sklearn_rnn.inspection import tag_probabilities

frame = tag_probabilities(tagger, X_test)
wrong = frame["tag"].to_numpy() != [tag for tags in y_test for tag in tags]
for low, high in [(0, 0.5), (0.5, 0.9), (0.9, 1.01)]:
    rows = frame["probability"].between(low, high, inclusive="left")
    print(f"{low} to {min(high, 1)}: {rows.sum():5} tokens, {wrong[rows].mean():.0%} wrong")

# %%
# Words that it does not know
# ---------------------------
# The tagger has never seen "texasville". It goes by the neighbours of the word, and by its
# characters: here is how much the probability of the tag falls when each of them is left out. No
# single one of them decides.
from sklearn_rnn.inspection import character_importance

tokens = [command.split()]
importance = character_importance(tagger, tokens, tokens[0].index("texasville"))
print(importance.attrs)
print(importance[["character", "importance"]].round(3).T.to_string(header=False))

# %%
# Which tag follows which
# -----------------------
# The CRF scores each step from one tag to the next. Green steps are likely. "I-artist" follows
# "B-artist" or "I-artist", and hardly anything else.
from sklearn_rnn.inspection import TransitionDisplay

tags = ["B-artist", "I-artist", "B-playlist", "I-playlist", "B-playlist_owner", "O"]
TransitionDisplay.from_estimator(tagger, tags=tags)
plt.show()
