"""Checks of labels: those of `fit`, and the `classes` of a stream."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from sklearn_rnn._targets.base import check_given
from sklearn_rnn._text.containers import as_labels


def check_labels(y: Any, estimator: Any) -> np.ndarray:
    """Return labels as an array: one for each document, or an indicator matrix.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or {array-like, sparse matrix} of (n_samples, n_labels)
        What a user passed to an estimator.
    estimator : estimator instance
        The caller, for the messages.

    Returns
    -------
    ndarray of shape (n_samples,), or of uint8 of shape (n_samples, n_labels)

    Examples
    --------
    >>> from sklearn_rnn._targets.label_checks import check_labels
    >>> check_labels([[1, 0, 1], [0, 0, 1]], "RNNTextClassifier")
    array([[1, 0, 1],
           [0, 0, 1]], dtype=uint8)
    """
    check_given(y, estimator)
    name = estimator if isinstance(estimator, str) else type(estimator).__name__
    _refuse_collections(y, name)
    if not _is_table(y):
        y = as_labels(y)
        check_classification_targets(y)
        return y
    kind = type_of_target(y, input_name="y")
    if kind == "multiclass-multioutput":
        raise ValueError(
            f"{name} takes one label for each document, or an indicator matrix of 0 and 1 with a "
            "column for each label. Got multiclass-multioutput targets, columns of other values: "
            "sklearn.multioutput.MultiOutputClassifier fits one classifier for each column."
        )
    check_classification_targets(y)
    y = y.toarray() if hasattr(y, "toarray") else np.asarray(y)
    if not np.isin(y, (0, 1)).all():
        raise ValueError(
            "An indicator matrix of labels must hold only 0 and 1. "
            f"Got {np.unique(y).tolist()} in y; MultiLabelBinarizer makes one from lists of labels."
        )
    return y.astype(np.uint8)


def _refuse_collections(y: Any, name: str) -> None:
    """Refuse sets of labels, and lists of them that differ in length."""
    is_array = getattr(y, "ndim", 0) == 1 and getattr(y, "dtype", "") == np.dtype(object)
    rows = list(y) if is_array or isinstance(y, (list, tuple)) else []
    lengths = {len(row) for row in rows if isinstance(row, (list, tuple))}
    kinds = (set, frozenset, list, tuple) if len(lengths) > 1 else (set, frozenset)
    for i, row in enumerate(rows):
        if isinstance(row, kinds):
            raise ValueError(
                f"{name} takes one label for each document, or an indicator matrix of 0 and 1 with "
                f"a column for each label. Row {i} of y is {row!r}. Make a matrix of such labels "
                "by sklearn.preprocessing.MultiLabelBinarizer().fit_transform(y)."
            )


def _is_table(y: Any) -> bool:
    """Tell columns from single labels of documents; one column counts as the latter."""
    if isinstance(y, (list, tuple)):
        if not len(y) or not isinstance(y[0], (list, tuple, np.ndarray)):
            return False
        return np.ndim(y[0]) > 0 and len(y[0]) != 1  # an array of no dimension is one label
    shape: tuple = getattr(y, "shape", ())
    return len(shape) > 1 and (issparse(y) or shape[1] != 1)


def check_stream_classes(
    classes: Any, y: np.ndarray, known: dict, estimator: Any, *, at_least: int = 2
) -> dict:
    """Return what is known about the labels of a stream before a chunk is learned from.

    Parameters
    ----------
    classes : array-like of shape (n_classes,) or None
        What the user passed: all labels of the stream, needed in the first chunk. None means
        those of earlier chunks, or the columns of an indicator matrix.
    y : ndarray of shape (n_documents,) or (n_documents, n_labels)
        The labels of the chunk, as `check_labels` returns them.
    known : dict
        What is known from earlier chunks, see `known_of`.
    estimator : estimator instance
        Its `class_weight` is checked.
    at_least : int, default=2
        The smallest number of classes that can be learned.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn import RNNTextClassifier
    >>> from sklearn_rnn._targets.label_checks import check_stream_classes
    >>> check_stream_classes(["a", "b"], np.array(["b"]), {}, RNNTextClassifier())
    {'classes_': array(['a', 'b'], dtype='<U1'), 'multilabel_': False}
    """
    if isinstance(getattr(estimator, "class_weight", None), str):
        raise ValueError(
            "class_weight 'balanced' is not supported for partial_fit, which does not know how "
            "frequent the classes will be. Pass the weights themselves: those that "
            "sklearn.utils.class_weight.compute_class_weight gives for a large enough sample of y."
        )
    if classes is not None:
        if np.ndim(classes) != 1:
            raise ValueError(f"classes must be a list or array of all labels. Got {classes!r}.")
        classes = as_labels(classes)
    if known.get("multilabel_", y.ndim > 1):
        n_labels = len(known["classes_"]) if known else y.shape[1]
        # The values of an indicator matrix will do: `learning_curve` gives those.
        if classes is None or len(classes) == n_labels or np.array_equal(classes, [0, 1]):
            return known
        raise ValueError(
            "If y is an indicator matrix, classes must be None or have an entry for each of "
            f"its {n_labels} columns. Got {len(classes)} entries."
        )
    if classes is None:
        if not known:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        return known
    classes = np.unique(classes)
    if len(classes) < at_least:
        needed = "1 class" if at_least == 1 else f"{at_least} classes"
        raise ValueError(
            f"{type(estimator).__name__} needs at least {needed}. Got classes={classes.tolist()}."
        )
    if known and not np.array_equal(classes, known["classes_"]):
        raise ValueError(
            f"`classes={classes}` is not the same as on last call to partial_fit or fit, was: "
            f"{known['classes_']}. To start over, call fit, or partial_fit of a clone."
        )
    return {"classes_": classes, "multilabel_": False}
