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

# %%
# Where the words of the test sentences are tagged right: at the first word of a sentence, a network
# that reads forwards knows only that word.
import matplotlib.pyplot as plt
import numpy as np

places = np.concatenate([np.arange(len(tags)) for tags in y_test])
fig, ax = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
for name, tagger in taggers.items():
    is_right = np.concatenate(
        [
            np.array(found) == np.array(true)
            for found, true in zip(tagger.predict(X_test), y_test, strict=True)
        ]
    )
    by_place = [is_right[places == place].mean() for place in range(8)]
    ax.plot(range(1, 9), by_place, marker="o", label=name)
ax.set(xlabel="word of the sentence", ylabel="share of right tags")
ax.legend(frameon=False)
ax.grid(alpha=0.3)
plt.show()

# %%
# Layers
# ------
# A second layer reads the states of the first one as if they were words:
#
# .. math:: h^{(2)}_t = f(h^{(1)}_t, h^{(2)}_{t-1})
#
# ``num_layers`` is their number. An LSTM rarely needs more than one on small data. In an IndRNN, a
# unit knows nothing of the other units' past, unless a layer above reads them together.
from sklearn_rnn import RNNTextClassifier
from sklearn_rnn.datasets import make_word_order

X, y = make_word_order(1000, max_length=20, random_state=0)
X_test, y_test = make_word_order(1000, max_length=20, random_state=1)

accuracies = {}
for cell in ("lstm", "indrnn"):
    for num_layers in (1, 2, 3):
        clf = RNNTextClassifier(
            cell=cell,
            num_layers=num_layers,
            hidden_size=32,
            bidirectional=False,
            pooling="last",
            skip_connection=False,
            wide_weight=0,
            dropout=0,
            word_dropout=0,
            max_epochs=8,
            random_state=0,
        )
        accuracies[cell, num_layers] = clf.fit(X, y).score(X_test, y_test)

# %%
fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
for shift, cell in ((-0.2, "lstm"), (0.2, "indrnn")):
    values = [accuracies[cell, num_layers] for num_layers in (1, 2, 3)]
    bars = ax.bar(np.arange(1, 4) + shift, values, width=0.38, label=cell)
    ax.bar_label(bars, fmt="%.2f", padding=2)
ax.axhline(0.5, color="black", linestyle="--", linewidth=1)
ax.set(xlabel="layers", ylabel="accuracy", xticks=[1, 2, 3], ylim=(0, 1.15))
ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

# %%
# Try it
# ------
# Let the IndRNN read in both directions, with ``bidirectional=True``. Is that as good as a second
# layer?

# %%
# Read on
# -------
# - Next: :doc:`/auto_examples/lesson/plot_7_batches`.
# - Back: :doc:`/auto_examples/lesson/plot_5_cells`.
# - Many layers: :doc:`/auto_examples/lesson/plot_10_grid_lstm`.
# - The tagger at its best: :doc:`/auto_examples/tasks/plot_tagging`.
