"""Labels of the texts of a language model."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_array
from sklearn.utils import check_consistent_length

from sklearn_rnn._language.texts import Texts
from sklearn_rnn._targets.label_checks import check_labels, check_stream_classes


def read_labels(
    X: csr_array,
    y: Any,
    estimator: Any,
    known: Any = None,
    *,
    documents: bool,
    classes: np.ndarray | None = None,
) -> tuple[Texts, dict[str, Any]]:
    """Return texts with the labels that a user passed, and what is learned about these.

    Parameters
    ----------
    X : csr_array of int32 of shape (n_texts, n_positions)
        Token ids.
    y : array-like of shape (n_texts,) or None
        The labels.
    estimator : estimator instance
        Its parameters apply.
    known : estimator instance, default=None
        The estimator of the earlier training, if training continues.
    documents : bool
        Whether the texts are documents, or one stream.
    classes : ndarray of shape (n_classes,), default=None
        All labels, sorted. None means those in `y`.
    """
    name = type(estimator).__name__
    if not documents and X.nnz == 0:
        raise ValueError(
            f"X holds no token that {name} could learn from. With documents=False, pass at least "
            "one text that is not empty."
        )
    if known is not None and (known.classes_ is None) != (y is None):
        with_, now = ("with", "without") if y is None else ("without", "with")
        raise ValueError(
            f"Training continues a {name} that was fitted {with_} labels. Got X {now} y. To start "
            "over, set warm_start=False and call fit."
        )
    if y is None:
        return Texts(X), {"classes_": None, "class_count_": None}
    if not documents:
        raise ValueError(
            f"{name} takes labels of documents only. Pass y=None, or set documents=True."
        )
    y = _check_one_label(y, estimator)
    check_consistent_length(X, y)
    if known is not None:
        classes, before = known.classes_, known.class_count_
    else:
        classes, before = np.unique(y) if classes is None else classes, 0
    labels = encode_labels(y, classes, estimator, "y")
    counts = np.bincount(labels, minlength=len(classes))
    return Texts(X, labels), {"classes_": classes, "class_count_": before + counts}


def read_labels_of_chunk(
    X: csr_array, y: Any, classes: Any, estimator: Any, *, documents: bool
) -> tuple[Texts, dict[str, Any]]:
    """Return a chunk of texts with its labels, as `read_labels`; `classes` has all labels."""
    known = estimator if hasattr(estimator, "net_") else None
    if y is None and classes is not None:
        raise ValueError("classes is provided, but y was not provided.")
    if y is not None:
        labels = _check_one_label(y, estimator)
        before = {} if known is None or known.classes_ is None else {"classes_": known.classes_}
        classes = check_stream_classes(classes, labels, before, estimator)["classes_"]
    return read_labels(X, y, estimator, known, documents=documents, classes=classes)


def encode_labels(y: Any, classes: np.ndarray | None, estimator: Any, name: str) -> np.ndarray:
    """Return the place of each label among the classes; refuse those that are not among them."""
    if classes is None:
        raise ValueError(
            f"{name} is provided, but this {type(estimator).__name__} was fitted without labels."
        )
    y = _check_one_label(y, estimator)
    unseen = set(y.tolist()).difference(classes.tolist())
    if unseen:
        raise ValueError(
            f"{name} contains labels that are not among the classes: {sorted(unseen, key=str)}. "
            f"The classes are {classes.tolist()}."
        )
    return np.searchsorted(classes, y).astype(np.int64)


def check_known_labels(y: Any, X: csr_array, model: Any) -> np.ndarray | None:
    """Return the labels of texts to score; a model without labels ignores them."""
    if model.classes_ is None or y is None:
        return None
    labels = encode_labels(y, model.classes_, model, "y")
    check_consistent_length(X, labels)
    return labels


def _check_one_label(y: Any, estimator: Any) -> np.ndarray:
    y = check_labels(y, estimator)
    if y.ndim > 1:
        raise ValueError(
            f"{type(estimator).__name__} takes one label for each text. Got an indicator matrix "
            f"of shape {y.shape}."
        )
    return y
