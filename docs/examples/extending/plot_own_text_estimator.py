"""
Does my text estimator keep the conventions?
============================================

A text estimator is quickly written, but whether it works with all of scikit-learn's tools often
shows only later. The checks in this package tell you right away.
"""

# %%
# A classifier that looks for words
# ---------------------------------
#
# It predicts the class whose documents share the most words with a document. This is a first
# version as you might write it in a notebook.

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted


class SharedWords(ClassifierMixin, BaseEstimator):
    """Predict the class whose documents share the most words with a document."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.words_ = {label: set() for label in self.classes_}
        for document, label in zip(X, y):  # noqa: B905
            self.words_[label] |= set(document.split())
        return self

    def predict(self, X):
        check_is_fitted(self)
        shared = [
            [len(self.words_[label] & set(document.split())) for label in self.classes_]
            for document in X
        ]
        return self.classes_[np.argmax(shared, axis=1)]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        return tags


# %%
# What it gets wrong
# ------------------
#
# The checks bring their own documents.

from sklearn_rnn.utils.estimator_checks import check_text_estimator


def list_failures(estimator):
    results = check_text_estimator(estimator, on_skip=None, on_fail=None)
    failed = [result for result in results if result["status"] == "failed"]
    print(f"{len(failed)} of {len(results)} checks fail")
    for result in failed:
        print(f"- {result['check_name']}: {str(result['exception']).strip().splitlines()[0]}")
    return len(failed)


n_first = list_failures(SharedWords())

# %%
# What was missing
# ----------------
#
# The class reads a single string letter by letter, and does not notice missing labels or different
# lengths. A few lines that check the data fix this; scikit-learn has functions for most of it.

from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets


def check_documents(X):
    if X is None or isinstance(X, (str, bytes)):
        raise ValueError("X must hold documents, in a list or another container.")
    documents = list(X)
    if not documents or not all(isinstance(document, str) for document in documents):
        raise ValueError("X must hold at least one document, and nothing but str.")
    return documents


class CheckedSharedWords(SharedWords):
    def fit(self, X, y=None):
        if y is None:
            raise ValueError("CheckedSharedWords requires y to be passed.")
        X, y = check_documents(X), column_or_1d(y)
        if y.dtype == object and not all(isinstance(label, type(y[0])) for label in y):
            raise ValueError("y must hold labels of one type.")
        check_consistent_length(X, y)
        check_classification_targets(y)
        return super().fit(X, y)

    def predict(self, X):
        return super().predict(check_documents(X))


n_checked = list_failures(CheckedSharedWords())

# %%
import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(6, 1.8), layout="constrained")
bars = ax.barh(["as first written", "with checks of the data"], [n_first, n_checked])
ax.bar_label(bars, padding=3)
ax.invert_yaxis()
ax.set(xlabel="checks that fail")
ax.margins(x=0.1)
ax.spines[["top", "right"]].set_visible(False)
plt.show()
