"""
===============================
How far back does a cell learn?
===============================

A network learns from an early word only if the gradient of the loss reaches the state at that
word. In plain cells the gradient vanishes; gates were invented to prevent this.
"""

# %%
# The same training for three cells
# ---------------------------------
# The cells read drug reviews in one direction. With ``pooling="last"`` and no shortcut around the
# recurrent layers, the loss sees only the last state, so whatever reaches the other states went
# through the cell.
from sklearn_rnn import RNNTextClassifier
from sklearn_rnn.datasets import load_drug_reviews

X, y = load_drug_reviews(subset="train", return_X_y=True)
X_test, y_test = load_drug_reviews(subset="test", return_X_y=True)


def fit(seed=0, **params):
    clf = RNNTextClassifier(
        bidirectional=False,
        skip_connection=False,
        wide_weight=0,
        hidden_size=32,
        max_epochs=5,
        random_state=seed,
        **params,
    )
    return clf.fit(X, y)


models = {cell: fit(cell=cell, pooling="last") for cell in ("rnn", "lstm", "gru")}

# %%
# The gradient by distance
# ------------------------
import matplotlib.pyplot as plt

from sklearn_rnn.inspection import GradientFlowDisplay

long = X_test.str.split().str.len() > 100
display = GradientFlowDisplay.from_estimator(models, X_test[long], y_test[long], relative=True)
display.ax_.set(xlim=(0, 100), ylim=(1e-30, 10))
plt.show()

# %%
# A way around
# ------------
# Other poolings pass the gradient to every state directly. ``"concat"`` pools the largest and the
# mean of all states, so the gradient need not pass through the cell.
pooled = fit(cell="rnn", pooling="concat")
models = {"last": models["rnn"], "concat": pooled}
display = GradientFlowDisplay.from_estimator(models, X_test[long], y_test[long], relative=True)
display.ax_.set(xlim=(0, 100), ylim=(1e-30, 10))
plt.show()

# %%
# Is that luck?
# -------------
# How much of the gradient reaches a word 50 tokens back, as a power of ten: mean and standard
# deviation over three networks that start from other random weights.
import numpy as np
import pandas as pd

from sklearn_rnn.inspection import gradient_flow

networks = {
    "rnn": {"cell": "rnn", "pooling": "last"},
    "lstm": {"cell": "lstm", "pooling": "last"},
    "gru": {"cell": "gru", "pooling": "last"},
    "rnn, concat": {"cell": "rnn", "pooling": "concat"},
}
powers = {name: [] for name in networks}
for name, params in networks.items():
    for seed in range(3):
        flow = gradient_flow(fit(seed, **params), X_test[long], y_test[long])
        powers[name].append(np.log10(flow.set_index("distance")["ratio"][50]))
pd.DataFrame(powers).agg(["mean", "std"]).T.round(1)

# %%
# How training went
# -----------------
from sklearn_rnn.inspection import TrainingDisplay

TrainingDisplay.from_estimator(pooled)
plt.show()
