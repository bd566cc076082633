r"""
6. Both directions, and several layers
======================================

What a word means may depend on the words after it. And one layer may not be enough. When does it
help to read backwards as well, or to read what was read?
"""

# %%
# Two cells, two directions
# -------------------------
# A second cell reads from the end, and a token has both states beside each other:
#
# .. math::
#
#     \overrightarrow{h}_t &= f(x_t, \overrightarrow{h}_{t-1}) \\
#     \overleftarrow{h}_t &= b(x_t, \overleftarrow{h}_{t+1}) \\
#     h_t &= [\overrightarrow{h}_t ; \overleftarrow{h}_t]
#
# For a tagger this matters most, since it says something about each word. "play" may be followed by
# an artist or a playlist. ``bidirectional=True`` is the default of all estimators that get to see
# the whole text at once.
from sklearn.utils import shuffle

from sklearn_rnn import RNNTokenClassifier
from sklearn_rnn.datasets import load_snips
from sklearn_rnn.metrics import span_f1_score

X, y = shuffle(*load_snips(return_X_y=True, as_frame=False), random_state=0)
X_test, y_test = load_snips(subset="test", return_X_y=True, as_frame=False)

taggers, scores = {}, {}
for name, bidirectional in (("forward", False), ("both directions", True)):
    tagger = RNNTokenClassifier(
        bidirectional=bidirectional, crf=False, hidden_size=64, max_epochs=6, random_state=0
    )
    taggers[name] = tagger.fit(X[:1500], y[:1500])
    scores[name] = span_f1_score(y_test, tagger.predict(X_test))
print({name: round(score, 3) for name, score in scores.items()})
