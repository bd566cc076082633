"""
Threads, precision and kernels
==============================

More threads make training faster and give the same network, to the bit. If the CPU multiplies
bfloat16 in hardware, an LSTM is faster still in that precision; probabilities then differ in the
third digit. The package's own kernels are faster than torch's layers, and predict the same up to
rounding.
"""

import matplotlib.pyplot as plt
import numpy as np

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn.datasets import load_drug_reviews

X, y = load_drug_reviews(subset="train", return_X_y=True, as_frame=False)
X_test, _ = load_drug_reviews(subset="test", return_X_y=True, as_frame=False)

# %%
# Three settings for the same network. skorch's history records the seconds of each epoch; the first
# epoch is a warm-up and does not count.
settings = {
    "one thread": {"n_jobs": 1},
    "all cores": {"n_jobs": -1},
    "all cores,\nbfloat16 where faster": {"n_jobs": -1, "precision": "auto"},
}
seconds, probabilities = {}, {}
for name, params in settings.items():
    clf = RNNTextClassifier(
        hidden_size=128, batch_size=64, max_epochs=4, wide_weight=0, random_state=0, **params
    )
    clf.fit(X, y)
    seconds[name] = np.median(clf.history_[1:, "dur"])
    probabilities[name] = clf.predict_proba(X_test)

# %%
# The number of threads does not change the results:
one, all_cores, auto = probabilities.values()
np.testing.assert_array_equal(one, all_cores)
print(f"largest difference by precision: {np.abs(auto - one).max():.4f}")

# %%
# The times depend on the machine that built this page.
fig, ax = plt.subplots(figsize=(6, 2.5), layout="constrained")
bars = ax.barh(list(seconds), list(seconds.values()), color="C0")
ax.bar_label(bars, fmt="%.2f s", padding=3)
ax.invert_yaxis()
ax.set_xlabel("seconds per epoch")
ax.margins(x=0.15)
plt.show()

# %%
# The package's own kernels
# -------------------------
# They are compiled when the package is installed, if there is a C++ compiler, and used by default.
# With ``kernels=False``, torch's layers are used instead.
cells = ["lstm", "gru", "rnn"]
by_cell = {False: [], "auto": []}
for cell in cells:
    proba = {}
    for kernels in by_cell:
        clf = RNNTextClassifier(
            cell=cell,
            kernels=kernels,
            hidden_size=128,
            batch_size=64,
            max_epochs=3,
            wide_weight=0,
            random_state=0,
        ).fit(X[:1000], y[:1000])
        by_cell[kernels].append(np.median(clf.history_[1:, "dur"]))
        proba[kernels] = clf.predict_proba(X_test)
    print(f"{cell}: largest difference {np.abs(proba['auto'] - proba[False]).max():.6f}")

fig, ax = plt.subplots(figsize=(6, 2.5), layout="constrained")
places = np.arange(len(cells))
for shift, (kernels, found) in zip((-0.2, 0.2), by_cell.items(), strict=True):
    bars = ax.barh(places + shift, found, height=0.38, label=f"kernels={kernels!r}")
    ax.bar_label(bars, fmt="%.2f s", padding=3)
ax.set_yticks(places, cells)
ax.invert_yaxis()
ax.set_xlabel("seconds per epoch")
ax.margins(x=0.15)
ax.legend(frameon=False)
plt.show()
