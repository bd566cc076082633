"""Documents to learn from: token ids, `y`, and weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_non_negative

from sklearn_rnn._sklearn_compat import _check_sample_weight
from sklearn_rnn._targets.base import Target
from sklearn_rnn._training.batches import SequenceDataset


class Documents(NamedTuple):
    """Documents as token ids, with their targets and weights."""

    X: csr_array
    y: np.ndarray
    weights: np.ndarray

    def take(self, rows: np.ndarray) -> Documents:
        """Return some of them."""
        return Documents(self.X[rows], self.y[rows], self.weights[rows])

    def to_dataset(self, target: Target, mean_weight: float | None = None) -> SequenceDataset:
        """Return what the network reads, with weights whose mean is 1.

        So a document of weight 2 counts as two of weight 1, whatever the other weights are. If
        these are only some of the documents, `mean_weight` is the mean weight of all.
        """
        mean = self.weights.mean() if mean_weight is None else mean_weight
        weights = (self.weights / mean).astype(np.float32)
        return SequenceDataset(self.X, target.encode(self.y), weights)


def make_training_set(
    X: csr_array,
    y: np.ndarray,
    sample_weight: Any,
    estimator: Any,
    make_target: Callable[..., Target],
    known: dict,
) -> tuple[Documents, Target]:
    """Return documents to train on, and the target made from `y` and what is known.

    Parameters
    ----------
    X : csr_array of int32 of shape (n_documents, n_positions)
        Token ids.
    y : ndarray of shape (n_documents, ...)
        As the target's `read` returns it.
    sample_weight : array-like of shape (n_documents,) or None
        What the user passed.
    estimator : estimator instance
        Its parameters say what is learned of `y`.
    make_target : callable
        The target's `make`.
    known : dict
        What an earlier training learned about `y`.
    """
    check_consistent_length(X, y)
    weights = check_weights(sample_weight, X)
    check_any_weight(estimator, weights, "to train on")
    target = make_target(y, weights, estimator, known)
    return Documents(X, y, weights * target.weigh(y)), target


def check_weights(
    sample_weight: Any, X: csr_array | list, name: str = "sample_weight"
) -> np.ndarray:
    """Return a weight for each document; None means 1."""
    weights = _check_sample_weight(sample_weight, X, dtype=np.float64)
    check_non_negative(weights, f"`{name}`")
    return weights


def check_any_weight(
    estimator: Any, weights: np.ndarray, where: str, what: str = "documents"
) -> None:
    """Refuse documents, or other samples, whose weights are all zero."""
    if not weights.any():
        raise ValueError(
            f"At least one non-zero weight is needed among the {what} {where}, but with this "
            f"sample_weight and class_weight all are 0. Give more {what} a weight"
            + (", or set early_stopping=False." if estimator.early_stopping else ".")
        )
