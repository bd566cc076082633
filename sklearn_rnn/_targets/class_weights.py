"""Weights of classes in the loss."""

from __future__ import annotations

import numpy as np
from sklearn.utils.class_weight import compute_class_weight


def weigh_classes(
    class_weight: dict | str | None, classes: np.ndarray, codes: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Return the weight of each class in the loss.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
        The parameter of the estimator. "balanced" counts documents by their weights.
    classes : ndarray of shape (n_classes,)
        The classes.
    codes : ndarray of int of shape (n_documents,)
        The place of each document's class.
    weights : ndarray of float64 of shape (n_documents,)
        Weights of the documents.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._targets.class_weights import weigh_classes
    >>> weigh_classes("balanced", np.array(["a", "b"]), np.array([0, 0, 0, 1]), np.ones(4))
    array([0.66666667, 2.        ])
    """
    if isinstance(class_weight, str):
        counts = np.bincount(codes, weights, minlength=len(classes))
        present = counts > 0
        shares = np.divide(1, counts, out=np.zeros(len(classes)), where=present)
        return counts.sum() / max(present.sum(), 1) * shares
    try:
        result = compute_class_weight(class_weight, classes=classes, y=classes[codes])
    except ValueError as error:
        others = sorted(set(class_weight or ()) - set(classes.tolist()), key=str)
        if not others:
            raise
        raise ValueError(f"{error}. It has {others}, which do not occur in y.") from None
    if not np.all((result >= 0) & np.isfinite(result)):
        raise ValueError(
            f"The weights in class_weight must be finite and not negative. Got {class_weight}."
        )
    return result
