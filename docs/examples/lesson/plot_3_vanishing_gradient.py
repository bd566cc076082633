r"""
3. Training through time, and the vanishing gradient
====================================================

A network learns from an early word only if the gradient of the loss reaches the state at that
word. In plain cells the gradient vanishes on the way. Gates were invented to prevent this.
"""

# %%
# Back through the words
# ----------------------
# Training unrolls the network: a document of :math:`T` words is a network of :math:`T` layers that
# share their weights, and the gradient goes back through all of them (backpropagation through
# time). For the plain cell, each step back multiplies it by the same matrix and by the slope of the
# tanh, which is at most 1:
#
# .. math::
#
#     \frac{\partial L}{\partial h_{t-1}}
#     = U^\top \operatorname{diag}(1 - h_t^2) \, \frac{\partial L}{\partial h_t}
#
# A product of many such factors shrinks towards zero, or grows without bound (Bengio et al., 1994).
# ``clip_grad_norm`` scales gradients down that are too large. Against those that vanish, it can do
# nothing.

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
# Here is the norm of the gradient at the states of long reviews, as a share of that at the last
# state. The scale is logarithmic, so a straight line is a constant factor for each word. The plain
# cell loses most with each word, the LSTM least.
import matplotlib.pyplot as plt

from sklearn_rnn.inspection import GradientFlowDisplay

long = X_test.str.split().str.len() > 100
X_long, y_long = X_test[long][:60], y_test[long][:60]
display = GradientFlowDisplay.from_estimator(models, X_long, y_long, relative=True)
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

powers = {cell: [] for cell in models}
for cell in models:
    for seed in range(3):
        clf = fit(seed, cell=cell, pooling="last") if seed else models[cell]
        flow = gradient_flow(clf, X_long, y_long)
        powers[cell].append(np.log10(flow.set_index("distance")["ratio"][50]))
pd.DataFrame(powers).agg(["mean", "std"]).T.round(1)

# %%
# A way around
# ------------
# Other poolings pass the gradient to every state directly. ``"concat"`` pools the largest and the
# mean of all states, so the gradient need not pass through the cell. Attention, the default, does
# the same.
models = {"last": models["rnn"], "concat": fit(cell="rnn", pooling="concat")}
display = GradientFlowDisplay.from_estimator(models, X_long, y_long, relative=True)
display.ax_.set(xlim=(0, 100), ylim=(1e-30, 10))
plt.show()

# %%
# Try it
# ------
# Give the plain cell ``activation="relu", recurrent_init="identity"``. Each factor then starts as a
# matrix of zeros and ones (Le et al., 2015). How far back does it learn?

# %%
# Read on
# -------
# - Next: :doc:`/auto_examples/lesson/plot_4_lstm_gates`.
# - Back: :doc:`/auto_examples/lesson/plot_2_plain_cell`.
# - After 100 tokens, with five seeds: :doc:`/benchmarks/vanishing_gradients`.
