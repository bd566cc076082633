r"""
5. GRU and the other cells, side by side
========================================

Since the LSTM, many cells were invented with fewer gates, or with none. Here six of them learn the
same task, with the same parameters otherwise.
"""

# %%
# Fewer gates
# -----------
# The GRU (Cho et al., 2014) has no memory beside its state. One gate, :math:`z_t`, both keeps and
# writes; the other, :math:`r_t`, hides the old state from the candidate:
#
# .. math::
#
#     r_t, z_t &= \sigma(W_{r,z} x_t + U_{r,z} h_{t-1} + b_{r,z}) \\
#     n_t &= \tanh(W_n x_t + b_n + r_t \odot (U_n h_{t-1} + c_n)) \\
#     h_t &= (1 - z_t) \odot n_t + z_t \odot h_{t-1}
#
# The coupled LSTM has the same idea: it writes as much as it forgets. The minimal gated unit (MGU)
# has one gate for everything. In an IndRNN, a unit sees no state but its own, :math:`u \odot
# h_{t-1}` in place of :math:`U h_{t-1}`. All of them are names for ``cell``.

# %%
# The task
# --------
# A phrase such as "good , not bad" stands somewhere in a document of up to 80 words, and has to be
# remembered to its end: only the last state counts. Six epochs are few, so that speed shows.
from sklearn_rnn.datasets import make_word_order

X, y = make_word_order(600, max_length=80, random_state=0)
X_test, y_test = make_word_order(1000, max_length=80, random_state=1)

# %%
# Six cells
# ---------
# The table has the number of weights of each cell, and the lower and the higher accuracy of two
# seeds; 0.5 is chance.
import numpy as np
import pandas as pd

from sklearn_rnn import RNNTextClassifier

CELLS = ["rnn", "lstm", "gru", "coupled_lstm", "mgu", "indrnn"]

rows, curves = [], {}
for cell in CELLS:
    for seed in range(2):
        clf = RNNTextClassifier(
            cell=cell,
            hidden_size=32,
            bidirectional=False,
            pooling="last",
            skip_connection=False,
            wide_weight=0,
            dropout=0,
            word_dropout=0,
            max_epochs=6,
            random_state=seed,
        )
        clf.fit(X, y)
        curves[cell, seed] = clf.loss_curve_
        rows.append(
            {
                "cell": cell,
                "weights": sum(w.numel() for w in clf.module_.encoder.parameters()),
                "accuracy": clf.score(X_test, y_test),
            }
        )
table = pd.DataFrame(rows).groupby(["cell", "weights"], sort=False)["accuracy"]
table.agg(["min", "max"]).round(3)

# %%
# All cells with gates solve the task: the GRU and the coupled LSTM with three quarters of the
# LSTM's weights, the MGU with half of them. The plain cell is hardly better than chance, and the
# IndRNN has not yet learned to remember for so long.

# %%
# How fast they learn
# -------------------
# A line for each seed.
import matplotlib.pyplot as plt

fig, axes = plt.subplots(2, 3, figsize=(9, 5), sharex=True, sharey=True, layout="constrained")
for ax, cell in zip(axes.flat, CELLS, strict=True):
    for seed in range(2):
        loss = curves[cell, seed]
        ax.plot(np.arange(1, len(loss) + 1), loss, marker="o", markersize=3, color="C0")
    ax.set(title=cell, ylim=(0, 1))
    ax.grid(alpha=0.3)
fig.supxlabel("epoch")
fig.supylabel("training loss")
plt.show()

# %%
# Try it
# ------
# Add "sru" and "qrnn" to ``CELLS``; they multiply no matrices from step to step. Then let documents
# have up to 100 words, with ``max_length=100``. Which cells still learn?

# %%
# Read on
# -------
# - Next: :doc:`/auto_examples/lesson/plot_6_directions_layers`.
# - Back: :doc:`/auto_examples/lesson/plot_4_lstm_gates`.
# - All cells and their equations: :doc:`/user_guide/cells`; how far back each remembers:
#   :doc:`/benchmarks/memory_distance`.
# - A cell of your own beside them: :doc:`/auto_examples/extending/plot_own_cell`.
