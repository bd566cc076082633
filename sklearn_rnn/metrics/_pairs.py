"""True and predicted items, checked to match each other."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from types import ModuleType

import numpy as np


def as_items(y: Iterable, name: str) -> list:
    """Return the items of `y` as a list.

    Parameters
    ----------
    y : iterable
        A list, an array or a Series.
    name : str
        Its name in messages.

    Raises
    ------
    TypeError
        If it is one str, or cannot be iterated over.
    """
    if isinstance(y, str) or not isinstance(y, Iterable):
        raise TypeError(f"{name} must be a list with an item for each sample. Got {y!r} instead.")
    return list(y)


def check_pairs(y_true: Iterable, y_pred: Iterable) -> tuple[list, list]:
    """Return both as lists of the same length, which is at least 1.

    Raises
    ------
    ValueError
        If their lengths differ, or they are empty.
    """
    true, predicted = as_items(y_true, "y_true"), as_items(y_pred, "y_pred")
    if len(true) != len(predicted):
        raise ValueError(
            f"y_true and y_pred must have as many items. Got {len(true)} and {len(predicted)}."
        )
    if not true:
        raise ValueError("y_true and y_pred must have at least one item. They are empty.")
    return true, predicted


def check_tag_pairs(y_true: Iterable, y_pred: Iterable) -> tuple[list[list], list[list]]:
    """Return the tags of both as lists of lists, a sentence of one as long as that of the other.

    Raises
    ------
    ValueError
        If the lengths of sentences differ.
    TypeError
        If an item is not a list of tags.

    Examples
    --------
    >>> from sklearn_rnn.metrics._pairs import check_tag_pairs
    >>> check_tag_pairs([("B-PER", "O")], [["O", "O"]])
    ([['B-PER', 'O']], [['O', 'O']])
    """
    true, predicted = check_pairs(y_true, y_pred)
    true, predicted = _as_tags(true, "y_true"), _as_tags(predicted, "y_pred")
    rows = [
        i for i, pair in enumerate(zip(true, predicted, strict=True)) if len({*map(len, pair)}) > 1
    ]
    if rows:
        first = rows[0]
        raise ValueError(
            "y_true and y_pred must have a tag for each token. The lengths differ in row "
            f"{', '.join(map(str, rows[:5]))}{' and others' if len(rows) > 5 else ''}: row {first} "
            f"has {len(true[first])} tags in y_true and {len(predicted[first])} in y_pred."
        )
    return true, predicted


def _as_tags(items: list, name: str) -> list[list]:
    for row, item in enumerate(items):
        if not isinstance(item, (list, tuple, np.ndarray)):
            raise TypeError(
                f"{name} must hold a list of tags for each sentence. Got {item!r} in row {row}."
            )
    return [item.tolist() if isinstance(item, np.ndarray) else list(item) for item in items]


def check_weights(sample_weight: Iterable | None, n_samples: int) -> np.ndarray:
    """Return a weight for each sample, 1 by default.

    Raises
    ------
    ValueError
        If the number of weights is wrong, if one is negative or not a number, or if all are zero.
    """
    if sample_weight is None:
        return np.ones(n_samples)
    weights = np.asarray(sample_weight, dtype=np.float64)
    if weights.shape != (n_samples,):
        raise ValueError(
            f"sample_weight must be of shape ({n_samples},). Got {weights.shape} instead."
        )
    if not (weights >= 0).all() or not 0 < weights.sum() < np.inf:
        raise ValueError("sample_weight must be finite numbers of at least 0, and not all zero.")
    return weights


def import_package(package: str, metric: str) -> ModuleType:
    """Return a package that is not installed with this one.

    Parameters
    ----------
    package : str
        Its name.
    metric : str
        The function that needs it.

    Raises
    ------
    ImportError
        If it is not installed, with how to install it.
    """
    try:
        return import_module(package)
    except ImportError as exc:
        raise ImportError(f"{metric} needs {package}: pip install 'sklearn-rnn[metrics]'.") from exc
