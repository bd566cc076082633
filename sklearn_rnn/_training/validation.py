"""Validation while training: which documents are set aside, and how outputs for them are scored."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.model_selection import train_test_split
from sklearn.utils import check_consistent_length

from sklearn_rnn._targets.base import Target
from sklearn_rnn._training.documents import Documents, check_weights


def check_validation_given(estimator: Any, X_val: Any, y_val: Any, sample_weight_val: Any) -> None:
    """Refuse a validation set that is incomplete, or that would not be used."""
    if X_val is None and y_val is None:
        if sample_weight_val is not None:
            raise ValueError(
                "sample_weight_val is provided, but X_val and y_val were not provided."
            )
        return
    if y_val is None:
        raise ValueError("X_val is provided, but y_val was not provided.")
    if X_val is None:
        raise ValueError("y_val is provided, but X_val was not provided.")
    if not estimator.early_stopping:
        raise ValueError(
            "X_val and y_val are passed to fit while at the same time early_stopping is False. "
            "When passing X_val and y_val to fit, early_stopping should be set to True."
        )


def make_validation_set(
    X: Any, y_val: Any, sample_weight_val: Any, estimator: Any, target: Target
) -> Documents:
    """Return the documents that the user passed for early stopping, after checking them."""
    y = target.read(y_val, estimator)
    check_consistent_length(X, y)
    target.check(y, "y_val")
    weights = check_weights(sample_weight_val, X, "sample_weight_val")
    return Documents(X, y, weights * target.weigh(y))


def hold_out(
    documents: Documents, strata: np.ndarray | None, validation_fraction: float, seed: int
) -> tuple[Documents, Documents]:
    """Split documents into those to train on and those set aside.

    Parameters
    ----------
    documents : Documents
        What to split.
    strata : ndarray of int of shape (n_documents,) or None
        The class of each document, by which to stratify if every class has enough documents. One
        document of each class stays for training, and, if there is room, one of each class with
        two or more is set aside. None splits at random.
    validation_fraction : float
        Fraction of the documents to set aside.
    seed : int
        The seed of the split.
    """
    n_documents = len(documents.y)
    n_valid = count_held_out(n_documents, validation_fraction)
    train, valid = _split_rows(n_documents, strata, n_valid, seed)
    return documents.take(train), documents.take(valid)


def count_held_out(n_documents: int, validation_fraction: float) -> int:
    """Return how many documents are set aside, refusing to set aside all of them."""
    n_valid = int(np.ceil(validation_fraction * n_documents))
    if n_valid >= n_documents:
        raise ValueError(
            f"With early_stopping=True, validation_fraction={validation_fraction} of "
            f"{n_documents} documents leaves none to train on. Lower it, or set "
            "early_stopping=False."
        )
    return n_valid


def _split_rows(n_documents, strata, n_valid, seed):
    rows = np.arange(n_documents)
    if strata is None:
        return train_test_split(rows, test_size=n_valid, random_state=seed)
    counts = np.bincount(strata)
    enough = counts.min() >= 2 and len(counts) <= min(n_valid, n_documents - n_valid)
    train, valid = train_test_split(
        rows, test_size=n_valid, stratify=strata if enough else None, random_state=seed
    )
    # Of a class that is not trained on, the first document goes over.
    unseen = valid[~np.isin(strata[valid], strata[train])]
    moved = unseen[np.unique(strata[unseen], return_index=True)[1]]
    if len(moved) == len(valid):
        raise ValueError(
            "With early_stopping=True, no document is left to set aside when each class has "
            "one to train on. Give more documents, or set early_stopping=False."
        )
    train, valid = np.append(train, moved), valid[~np.isin(valid, moved)]
    if len(counts) <= n_valid:
        train, valid = _show_every_class(train, valid, strata)
    return train, valid


def _show_every_class(train, valid, strata):
    """Exchange documents so that each class with two or more is also among those set aside.

    Metrics of probabilities need every class there.
    """
    n_classes = strata.max() + 1
    n_train, n_valid = (np.bincount(strata[rows], minlength=n_classes) for rows in (train, valid))
    for class_ in np.flatnonzero((n_train >= 2) & (n_valid == 0)):
        comes = np.flatnonzero(strata[train] == class_)[0]
        most = n_valid.argmax()
        if n_valid[most] < 2:
            break
        goes = np.flatnonzero(strata[valid] == most)[-1]
        train[comes], valid[goes] = valid[goes], train[comes]
        n_valid[class_] += 1
        n_valid[most] -= 1
    return train, valid


class OutputScorer:
    """Score the network's outputs for the validation set as scikit-learn scores an estimator.

    A scorer calls an estimator to predict. It gets a copy of the estimator in training, which
    already knows the outputs for the validation set, so they are computed once per epoch.

    Parameters
    ----------
    estimator : estimator instance
        With everything that its predictions need except `net_`.
    scoring : str, callable or None
        As for :func:`sklearn.metrics.check_scoring`.
    valid : Documents
        The validation set.
    """

    def __init__(self, estimator: Any, scoring: Any, valid: Documents) -> None:
        self.estimator = estimator
        self.scorer = check_scoring(estimator, scoring)
        self.valid = valid

    def __call__(self, net: Any, outputs: np.ndarray) -> float:
        """Return the score of the outputs that `net` gave."""
        estimator, (X, y, weights) = copy(self.estimator), self.valid
        estimator.net_ = net
        compute = estimator._outputs
        estimator._outputs = lambda asked: outputs if asked is X else compute(asked)
        # Not every scorer takes weights.
        weighted = {} if (weights == 1).all() else {"sample_weight": weights}
        try:
            return float(self.scorer(estimator, X, y, **weighted))
        except ValueError as exc:
            lacking = self._lacking_classes()
            if not lacking:
                raise
            raise ValueError(
                "With early_stopping=True, `scoring` failed on the documents set aside, which "
                f"lack the class(es) {', '.join(map(repr, lacking))}: {exc} Pass X_val and y_val "
                "that hold every class to fit, give more documents of these classes, raise "
                "validation_fraction, choose another scoring, such as 'loss', or set "
                "early_stopping=False."
            ) from exc

    def _lacking_classes(self) -> list:
        """Return the classes without a document in the validation set, at most five."""
        classes = getattr(self.estimator, "classes_", None)
        if classes is None or self.valid.y.ndim > 1:
            return []
        return classes[~np.isin(classes, self.valid.y)].tolist()[:5]
