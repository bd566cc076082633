"""
=========================
Your own cell in a search
=========================

What do you need to write to compare your own recurrent cell with the built-in ones? One class with
one method. This grid search compares a leaky cell, which moves only part of the way to its new
value in each step, with cells given by name.
"""

# %%
# The cell
# --------
# ``x`` is the input part of a step, :math:`W x_t + b`, and the method returns the new state. The
# base class does the rest.
from functools import partial

import torch
from torch.nn import functional as F

from sklearn_rnn.modules import ProjectedCell


class LeakyCell(ProjectedCell):
    r"""h_t = (1 - a) h_{t-1} + a tanh(W x_t + U h_{t-1} + b)."""

    def __init__(self, input_size, hidden_size, rate=0.3):
        super().__init__(input_size, hidden_size)
        self.rate = rate

    def advance(self, x, state):
        (h,) = state
        new = torch.tanh(x + F.linear(h, self.weight_hh))
        return ((1 - self.rate) * h + self.rate * new,)


# %%
# The search
# ----------
# ``cell`` takes a class, a partial of one or a torch cell just like a name. The task can only be
# solved by word order, and ``wide_weight=0`` leaves the network on its own. Documents come in pairs
# with the same words; each pair stays in one fold. Three seeds for each cell show how much of a
# difference is luck.
from sklearn.model_selection import GridSearchCV, GroupKFold

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn.datasets import make_word_order

X, y, groups = make_word_order(600, max_length=30, random_state=0, return_groups=True)
cells = {
    "plain": "rnn",
    "leaky": LeakyCell,
    "leaky, faster": partial(LeakyCell, rate=0.7),
    "torch's GRU": torch.nn.GRUCell,
    "LSTM": "lstm",
    "SRU": "sru",
}
clf = RNNTextClassifier(wide_weight=0, max_epochs=6)
grid = {"cell": list(cells.values()), "random_state": [0, 1, 2]}
search = GridSearchCV(clf, grid, cv=GroupKFold(2), refit=False)
search.fit(X, y, groups=groups)

# %%
# Mean and standard deviation of the accuracy over two folds and three seeds; 0.5 is chance.
import pandas as pd

names = {cell: name for name, cell in cells.items()}
results = pd.DataFrame(search.cv_results_)
results["cell"] = results["param_cell"].map(names)
folds = [f"split{i}_test_score" for i in range(2)]
scores = results.melt("cell", folds, value_name="accuracy").groupby("cell")["accuracy"]
scores = scores.agg(["mean", "std"]).loc[list(cells)]
scores.round(3)

# %%
import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
ax.barh(scores.index, scores["mean"], xerr=scores["std"])
ax.axvline(0.5, color="black", linestyle=":")
ax.invert_yaxis()
ax.set(xlabel="accuracy", xlim=(0, 1.05))
plt.show()
