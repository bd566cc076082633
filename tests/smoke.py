"""Run by `make dist` where a wheel has just been installed: what must work before a release."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import sklearn_rnn
from sklearn_rnn.datasets import load_drug_reviews, load_word_vectors
from sklearn_rnn.modules.kernels import has_kernels


def main():
    sklearn_rnn.show_versions()
    if "site-packages" not in Path(sklearn_rnn.__file__).parts:
        raise SystemExit(f"this is not the installed package: {sklearn_rnn.__file__}")
    if not has_kernels("auto"):
        raise SystemExit("the wheel was made without kernels")
    if "film" not in load_word_vectors():
        raise SystemExit("the wheel was made without word vectors")
    X, y = load_drug_reviews(return_X_y=True)
    for cell in ("lstm", "gru", "rnn"):
        fit_predict_and_save(cell, X[:200], y[:200], X[200:300])
        print(f"{cell}: fitted, predicted, saved and loaded")


def fit_predict_and_save(cell, X, y, documents):
    """Use a cell by its kernel and by torch, which must agree, and open its file again."""
    clf = sklearn_rnn.RNNTextClassifier(cell=cell, max_epochs=2, random_state=0).fit(X, y)
    by_kernel = clf.predict_proba(documents)
    by_torch = clf.set_params(kernels=False).fit(X, y).predict_proba(documents)
    np.testing.assert_allclose(by_kernel, by_torch, atol=1e-3)
    with TemporaryDirectory() as folder:
        sklearn_rnn.save(clf, Path(folder, "clf.safetensors"))
        loaded = sklearn_rnn.load(Path(folder, "clf.safetensors"))
    np.testing.assert_array_equal(loaded.predict_proba(documents), by_torch)


if __name__ == "__main__":
    main()
