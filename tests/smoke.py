"""Run by `make dist` where a wheel has just been installed: what must work before a release."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import sklearn_rnn
from sklearn_rnn.datasets import load_drug_reviews
from sklearn_rnn.modules.kernels import has_kernels

sklearn_rnn.show_versions()
if "site-packages" not in Path(sklearn_rnn.__file__).parts:
    raise SystemExit(f"this is not the installed package: {sklearn_rnn.__file__}")
if not has_kernels("auto"):
    raise SystemExit("the wheel was made without kernels")

X, y = load_drug_reviews(return_X_y=True)
for cell in ("lstm", "gru", "rnn"):
    # True, not "auto", refuses cells that kernels do not know.
    clf = sklearn_rnn.RNNTextClassifier(cell=cell, kernels="auto", max_epochs=2, random_state=0)
    clf.fit(X[:200], y[:200])
    proba = clf.predict_proba(X[200:300])
    by_torch = clf.set_params(kernels=False).fit(X[:200], y[:200]).predict_proba(X[200:300])
    np.testing.assert_allclose(proba, by_torch, atol=1e-3)
    with TemporaryDirectory() as folder:
        sklearn_rnn.save(clf, Path(folder, "clf.safetensors"))
        loaded = sklearn_rnn.load(Path(folder, "clf.safetensors"))
    np.testing.assert_array_equal(loaded.predict_proba(X[200:300]), by_torch)
    print(f"{cell}: fitted, predicted, saved and loaded")
