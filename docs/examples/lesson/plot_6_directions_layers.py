r"""
6. Both directions, and several layers
======================================

What a word means may depend on the words after it. And one layer may not be enough. When does it
help to read backwards as well, or to add a layer that reads the states of the first?
"""

# %%
# Two cells, two directions
# -------------------------
# A second cell reads from the end, and the two states of a token are concatenated:
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
        bidirectional=bidirectional, crf=False, hidden_size=64, max_epochs=5, random_state=0
    )
    taggers[name] = tagger.fit(X[:1500], y[:1500])
    scores[name] = span_f1_score(y_test, tagger.predict(X_test))
print({name: round(score, 3) for name, score in scores.items()})

# %%
# The share of right tags by the place of the word. The first word is nearly always a verb without a
# tag, so both get it right. From the second word on it helps to know what follows.
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
# ``num_layers`` is their number. In an IndRNN, a unit knows nothing of the other units' past,
# unless a layer above reads them together. In an LSTM, the units of one layer see each other. Which
# of them gains from more layers? The task is that of the page before: to remember a phrase.
from sklearn_rnn import RNNTextClassifier
from sklearn_rnn.datasets import make_word_order

X, y = make_word_order(600, max_length=80, random_state=0)
X_test, y_test = make_word_order(1000, max_length=80, random_state=1)

curves = {}
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
            max_epochs=6,
            random_state=0,
        )
        curves[cell, num_layers] = clf.fit(X, y).loss_curve_
        print(f"{cell}, layers: {num_layers}, accuracy: {clf.score(X_test, y_test):.2f}")

# %%
# The LSTM solves the task with one layer, and more layers only take more time. The IndRNN is a
# little better with two than with one; three add nothing. Layers pay off where there is much to
# learn and much to learn it from, such as a language model of many books. On your data, let a
# search decide, with several seeds.
fig, axes = plt.subplots(1, 2, figsize=(8, 3.2), sharey=True, layout="constrained")
for ax, cell in zip(axes, ("lstm", "indrnn"), strict=True):
    for num_layers, style in ((1, ":"), (2, "--"), (3, "-")):
        loss = curves[cell, num_layers]
        ax.plot(range(1, len(loss) + 1), loss, style, marker="o", label=f"layers: {num_layers}")
    ax.set(title=cell, xlabel="epoch", ylim=(0, 1))
    ax.grid(alpha=0.3)
axes[0].set_ylabel("training loss")
axes[1].legend(frameon=False)
plt.show()

# %%
# Try it
# ------
# Let the IndRNN learn for twelve epochs. Does one layer catch up? Then let it read in both
# directions, with ``bidirectional=True``. Does that help more than a second layer?

# %%
# Read on
# -------
# - Next: :doc:`/auto_examples/lesson/plot_7_batches`.
# - Back: :doc:`/auto_examples/lesson/plot_5_cells`.
# - Many layers: :doc:`/auto_examples/lesson/plot_10_grid_lstm`.
# - The tagger at its best: :doc:`/auto_examples/tasks/plot_tagging`.
