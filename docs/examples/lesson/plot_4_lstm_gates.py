r"""
4. The LSTM and its gates
=========================

An LSTM has a memory beside its state, and gates that decide what is kept, written and shown. Watch
them on a sentence of your own.
"""

# %%
# The equations
# -------------
# The gates are numbers between 0 and 1, one for each unit, computed from the word and the previous
# state (Hochreiter and Schmidhuber, 1997; Gers et al., 2000):
#
# .. math::
#
#     i_t, f_t, o_t &= \sigma(W_{i,f,o} x_t + U_{i,f,o} h_{t-1} + b_{i,f,o}) \\
#     g_t &= \tanh(W_g x_t + U_g h_{t-1} + b_g) \\
#     c_t &= f_t \odot c_{t-1} + i_t \odot g_t \\
#     h_t &= o_t \odot \tanh(c_t)
#
# The third line is the point. The memory :math:`c_t` is the old one, as far as the forget gate
# :math:`f_t` is open, plus the candidate :math:`g_t`, as far as the input gate :math:`i_t` is open.
# No matrix and no tanh stand between :math:`c_{t-1}` and :math:`c_t`, so where the forget gate is
# near 1, the gradient passes almost unchanged.

# %%
# A network, and your sentence
# ----------------------------
# The network learns whether a sentence is someone's opinion of a film ("subjective"), or tells what
# happens in one ("objective"). ``cell="lstm"`` is the default.
from sklearn_rnn import RNNTextClassifier
from sklearn_rnn.datasets import load_subjectivity

sentence = (
    "a young lawyer returns to her village , and what could have been moving is dull and silly"
)

X, y = load_subjectivity(subset="train", return_X_y=True)
X_test, y_test = load_subjectivity(subset="test", return_X_y=True)
clf = RNNTextClassifier(
    cell="lstm",
    hidden_size=32,
    bidirectional=False,
    pooling="last",
    skip_connection=False,
    wide_weight=0,
    max_epochs=5,
    random_state=0,
)
clf.fit(X[:4000], y[:4000])
print(f"accuracy on the test sentences: {clf.score(X_test, y_test):.3f}")

# %%
# What it predicts while it reads:
import matplotlib.pyplot as plt

from sklearn_rnn.inspection import ReadingDisplay

ReadingDisplay.from_estimator(clf, sentence)
plt.show()

# %%
# The gates
# ---------
# Each row is a unit. Bright means open: the unit writes (input gate), keeps (forget gate) or shows
# what it remembers (output gate).
from sklearn_rnn.inspection import GateDisplay

fig, axes = plt.subplots(3, 1, figsize=(7, 10), layout="constrained")
for gate, ax in zip(("input", "forget", "output"), axes, strict=True):
    GateDisplay.from_estimator(clf, sentence, gate=gate, ax=ax)
plt.show()

# %%
# The memory of one unit
# ----------------------
# :func:`~sklearn_rnn.inspection.trace` returns gates and memory as arrays. The third equation holds
# for them, with a memory of zero before the first word.
import numpy as np

from sklearn_rnn.inspection import trace

t = trace(clf, sentence)
c, f, i, g = (t.get(name) for name in ("cell_state", "forget_gate", "input_gate", "candidate"))
before = np.vstack([np.zeros_like(c[:1]), c[:-1]])
kept, written = f * before, i * g
print(f"largest difference: {np.abs(c - (kept + written)).max():.0e}")

# %%
# So the memory of a unit is a sum of two parts: what it kept, and what it wrote. Here is the unit
# whose memory changes most on this sentence. It adds up while the plot is told. At "dull" and
# "silly" it lets go of most of that, since the forget gate shuts.
unit = np.ptp(c, axis=0).argmax()
places = np.arange(len(t.tokens))
fig, ax = plt.subplots(figsize=(8, 3.6), layout="constrained")
ax.bar(places - 0.2, kept[:, unit], width=0.4, label="kept")
ax.bar(places + 0.2, written[:, unit], width=0.4, label="written")
ax.plot(places, c[:, unit], color="black", marker="o", markersize=4, label="memory")
ax.axhline(0, color="black", linewidth=0.8)
ax.set_xticks(places, t.tokens, rotation=90)
ax.set(title=f"Memory of unit {unit}")
ax.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
plt.show()

# %%
# Which words are written down
# ----------------------------
# How much a word writes, as a mean over units and over the times it occurs in 300 other sentences.
# Words that tell an opinion from a plot write most, and words that occur in both alike write least.
import pandas as pd

rows = []
for text in X_test[:300]:
    t = trace(clf, text, n_readings=1)
    amount = np.abs(t.get("input_gate") * t.get("candidate")).mean(axis=1)
    rows += zip(map(str.lower, t.tokens), amount, strict=True)
words = pd.DataFrame(rows, columns=["word", "written"]).groupby("word")["written"]
words = words.mean()[words.count() >= 8].sort_values()
words = words[words.index.str.isalpha()]
print("most: ", ", ".join(words.index[:-11:-1]))
print("least:", ", ".join(words.index[:10]))

# %%
# Try it
# ------
# Put a sentence of your own into ``sentence``. Then fit the network with ``forget_bias=-2``: the
# forget gates start almost shut, and have to learn to keep anything. What is left of the first
# words at the end?

# %%
# Read on
# -------
# - Next: :doc:`/auto_examples/lesson/plot_5_cells`.
# - Back: :doc:`/auto_examples/lesson/plot_3_vanishing_gradient`.
# - More ways to look inside: :doc:`/auto_examples/inside/plot_inside`.
