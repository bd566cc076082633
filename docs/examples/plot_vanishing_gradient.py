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
models = {}
for cell in ("rnn", "lstm", "gru"):
    models[cell] = RNNTextClassifier(
        cell=cell,
        bidirectional=False,
        pooling="last",
        skip_connection=False,
        wide_weight=0,
        hidden_size=32,
        max_epochs=5,
        random_state=0,
    ).fit(X, y)

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
# Other poolings pass the gradient to every state directly. The default, ``"concat"``, pools the
# largest and the mean of all states, so the gradient need not pass through the cell.
pooled = RNNTextClassifier(**{**models["rnn"].get_params(), "pooling": "concat"}).fit(X, y)
models = {"last": models["rnn"], "concat": pooled}
display = GradientFlowDisplay.from_estimator(models, X_test[long], y_test[long], relative=True)
display.ax_.set(xlim=(0, 100), ylim=(1e-30, 10))
plt.show()

# %%
# How training went
# -----------------
from sklearn_rnn.inspection import TrainingDisplay

TrainingDisplay.from_estimator(pooled)
plt.show()
