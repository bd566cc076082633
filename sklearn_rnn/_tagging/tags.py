"""The tags of sentences: for each a list, with a tag for each token."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from itertools import chain
from numbers import Integral
from typing import Any

import numpy as np

from sklearn_rnn._targets.base import check_given
from sklearn_rnn._text.containers import as_labels, as_one_column, is_missing

_N_NAMED = 5


def read_tags(y: Any, lengths: np.ndarray, estimator: Any, name: str = "y") -> np.ndarray:
    """Return the tags of all sentences as one array.

    Parameters
    ----------
    y : sequence of sequences of str or int
        What a user passed.
    lengths : ndarray of int of shape (n_sentences,)
        The number of tokens of each sentence.
    estimator : estimator instance
        The caller, for the messages.
    name : str, default="y"
        The name of the argument, for the messages.

    Returns
    -------
    tags : ndarray of shape (n_tokens,)

    Raises
    ------
    TypeError
        If it is not a sequence of sequences, or holds tags that are neither text nor integers.
    ValueError
        If sentences and tags differ in number, or if tags are missing.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._tagging.tags import read_tags
    >>> read_tags([["DET", "NOUN"], [], ["VERB"]], np.array([2, 0, 1]), "RNNTokenClassifier")
    array(['DET', 'NOUN', 'VERB'], dtype='<U4')
    """
    check_given(y, estimator)
    rows = _as_rows(y, name)
    if len(rows) != len(lengths):
        raise ValueError(
            "Found input variables with inconsistent numbers of samples: "
            f"X{name.removeprefix('y')} has {len(lengths)} sentence(s), {name} has {len(rows)}."
        )
    counts = np.fromiter(map(len, rows), np.int64, len(rows))
    differ = np.flatnonzero(counts != lengths)
    if len(differ):
        first = differ[0]
        raise ValueError(
            f"{name} must hold one tag for each token of a sentence. The numbers differ in "
            f"{len(differ)} row(s), {name_rows(differ)}, counted from 0: row {first} has "
            f"{lengths[first]} token(s) and {counts[first]} tag(s)."
        )
    flat = list(chain.from_iterable(rows))
    _check_types(flat, counts, name)
    return as_labels(flat)


def _as_rows(y: Any, name: str) -> list[list]:
    """Return the tags of each sentence as a list."""
    must = f"{name} must be a list with a list of tags for each sentence."
    if isinstance(y, (str, bytes, Mapping, Set)) or not isinstance(y, Iterable):
        raise TypeError(f"{must} Got {type(y).__name__}.")
    y = as_one_column(y, name)
    for method in ("tolist", "to_list", "to_pylist"):
        if hasattr(y, method):
            y = getattr(y, method)()
            break
    rows = list(y)
    for row, tags in enumerate(rows):
        if hasattr(tags, "tolist") and getattr(tags, "ndim", 1) == 1:
            rows[row] = tags.tolist()
        elif isinstance(tags, (list, tuple)):
            rows[row] = list(tags)
        else:
            hint = " Split it." if isinstance(tags, str) else ""
            raise TypeError(f"{must} Row {row} is of type {type(tags).__name__}.{hint}")
    return rows


def _check_types(flat: list, counts: np.ndarray, name: str) -> None:
    types = set(map(type, flat))
    if all(issubclass(type_, str) for type_ in types):
        return
    if all(issubclass(type_, (Integral, np.bool_)) for type_ in types):
        return
    row_of = np.repeat(np.arange(len(counts)), counts)
    missing = [row_of[i] for i, tag in enumerate(flat) if is_missing(tag)]
    if missing:
        raise ValueError(
            f"Input {name} contains NaN: every token needs a tag. Missing in row(s) "
            f"{name_rows(np.unique(missing))}, counted from 0."
        )
    for kinds in (str, (Integral, np.bool_)):
        if isinstance(flat[0], kinds):
            odd = next(i for i, tag in enumerate(flat) if not isinstance(tag, kinds))
            raise TypeError(
                f"{name} must hold tags of one type, str or int. Row 0 begins with "
                f"{type(flat[0]).__name__}, and row {row_of[odd]} holds {type(flat[odd]).__name__}."
            )
    raise TypeError(
        f"Unknown label type: {name} must hold tags that are str or int. "
        f"Got {type(flat[0]).__name__}."
    )


def encode_tags(
    tags: np.ndarray, classes: np.ndarray, lengths: np.ndarray, name: str
) -> np.ndarray:
    """Return the place of each tag among the classes.

    Parameters
    ----------
    tags : ndarray of shape (n_tokens,)
        As `read_tags` returns them.
    classes : ndarray of shape (n_classes,)
        The known tags, sorted.
    lengths : ndarray of int of shape (n_sentences,)
        The number of tokens of each sentence.
    name : str
        The name of the argument, for the messages.

    Raises
    ------
    ValueError
        If a tag is unknown.
    """
    codes = find_codes(tags, classes)
    unknown = codes < 0
    if unknown.any():
        row_of = np.repeat(np.arange(len(lengths)), lengths)
        raise ValueError(
            f"{name} contains tags that were not seen in fit: "
            f"{np.unique(tags[unknown]).tolist()[:_N_NAMED]}, in row(s) "
            f"{name_rows(np.unique(row_of[unknown]))}, counted from 0. The tags are "
            f"{classes.tolist()}."
        )
    return codes


def find_codes(tags: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return the place of each tag among the classes, -1 for one that is not among them.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._tagging.tags import find_codes
    >>> find_codes(np.array(["VERB", "ADV", "NOUN"]), np.array(["NOUN", "VERB"]))
    array([ 1, -1,  0])
    """
    codes = np.full(len(tags), -1)
    is_known = np.isin(tags, classes)
    codes[is_known] = np.searchsorted(classes, tags[is_known])
    return codes


def as_list_array(rows: list[list]) -> np.ndarray:
    """Return an array of lists, which scikit-learn can index and concatenate.

    Examples
    --------
    >>> from sklearn_rnn._tagging.tags import as_list_array
    >>> as_list_array([["DET", "NOUN"], ["VERB", "ADV"]]).shape
    (2,)
    """
    array = np.empty(len(rows), dtype=object)
    for i, row in enumerate(rows):
        array[i] = row
    return array


def name_rows(rows: np.ndarray) -> str:
    """Return the first rows, for a message."""
    named = ", ".join(map(str, rows[:_N_NAMED].tolist()))
    return named if len(rows) <= _N_NAMED else f"{named}, ..."
