"""Whole numbers that do not look like token ids: counts, codes of categories, several columns.

Nothing in a number says what it means, but ids have a shape: a document is one run of them, and
the padding is on one side.
"""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
from scipy.sparse import csr_array

# The columns of a SequenceVectorizer in a frame, after the prefix of a ColumnTransformer.
_POSITION = re.compile(r"(?:.*__)?position\d+")
_FIRST_POSITION = re.compile(r"(?:.*__)?position0")

# How many documents must agree before columns are said to stand side by side, or to be codes.
_N_SIDE_BY_SIDE = 5
_N_CODES = 20

_JOIN = (
    "Give several columns of text to one vectorizer, such as (SequenceVectorizer(), ['title', "
    "'body']) in a ColumnTransformer, and keep other columns for another model; the user guide "
    "shows both under 'Search and pipelines'."
)


def check_suspect_ids(X: Any, sequences: csr_array, name: str) -> None:
    """Refuse several columns side by side, and warn about counts and codes.

    Parameters
    ----------
    X : sparse matrix or array-like of shape (n_documents, n_positions)
        What was passed as token ids. Names of columns are read, if there are any.
    sequences : csr_array of int32 of shape (n_documents, n_positions)
        The same, as `check_sequences` returns it.
    name : str
        The estimator, for the messages.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._text.sequences import check_sequences
    >>> from sklearn_rnn._text.suspect_ids import check_suspect_ids
    >>> ids, age = np.array([[7, 0, 0, 0, 0], [4, 6, 0, 0, 0]] * 5), np.full((10, 1), 32)
    >>> check_suspect_ids(ids, check_sequences(ids), "RNNTextClassifier")
    >>> both = np.hstack([ids, age])
    >>> check_suspect_ids(both, check_sequences(both), "RNNTextClassifier")
    Traceback (most recent call last):
        ...
    ValueError: X holds several columns side by side...
    """
    _check_names(X, name)
    lengths = np.diff(sequences.indptr)
    first = sequences.indptr[:-1][lengths > 0]
    starts_run = np.diff(sequences.indices, prepend=-2) != 1
    starts_run[first] = True
    n_gaps = np.count_nonzero(starts_run) - len(first)
    starts, n_starting = np.unique(sequences.indices[starts_run], return_counts=True)
    ends = np.unique(sequences.indices[first + lengths[lengths > 0] - 1])
    # Each column of a table starts at the same place in most documents.
    are_columns = len(starts) <= sequences.shape[1] // 3 and (n_starting >= len(first) / 4).all()
    if n_gaps >= _N_SIDE_BY_SIDE and starts[0] == 0 and are_columns:
        raise ValueError(
            "X holds several columns side by side: after a gap, documents continue at column(s) "
            f"{', '.join(map(str, starts[1:4]))}. {name} reads one text, in one vocabulary: the "
            f"same id in two columns would be the same word. {_JOIN}"
        )
    if n_gaps:
        reason = f"they have {n_gaps} gap(s) of 0 between other numbers"
    elif len(starts) > 1 and len(ends) > 1:
        reason = "some documents start, and others end, with 0"
    elif _are_codes(sequences):
        reason = "each column holds small numbers of its own, all from 1 on"
    elif _is_column_of_codes(X, sequences):
        reason = "they are one column of floats, all whole numbers from 0 on"
    else:
        return
    warnings.warn(
        f"The numbers in X do not look like token ids: {reason}. They may be counts "
        f"(CountVectorizer), one-hot or ordinal codes, or columns side by side. {name} reads "
        "each number as a word, in the order of the columns. Pass raw text, or the ids of a "
        f"SequenceVectorizer. {_JOIN}",
        stacklevel=2,
    )


def _check_names(X: Any, name: str) -> None:
    """Refuse a frame of positions of several texts, or of positions beside other columns."""
    names = list(map(str, getattr(X, "columns", [])))
    positions = list(filter(_POSITION.fullmatch, names))
    n_texts = len(list(filter(_FIRST_POSITION.fullmatch, names)))
    if not positions or (len(positions) == len(names) and n_texts < 2):
        return
    others = [column for column in names if column not in positions]
    what = f"also {others[0]!r}" if others else f"those of {n_texts} texts"
    raise ValueError(
        f"X holds several columns side by side: beside positions of a text, {what}. {name} reads "
        f"one text, in one vocabulary. {_JOIN}"
    )


def _are_codes(sequences: csr_array) -> bool:
    """Recognise ordinal codes from 1: no 0 anywhere, and in each column 1, 2, ..., its own maximum.

    Texts of one length over few characters have the same maximum in most columns, and ids of a
    SequenceVectorizer start at 2.
    """
    n_rows, width = sequences.shape
    if n_rows < _N_CODES or width < 2 or sequences.nnz < n_rows * width:
        return False
    columns = np.sort(sequences.data.reshape(n_rows, width), axis=0)
    tops = columns[-1]
    from_one = (columns[0] == 1).all() and (np.diff(columns, axis=0) <= 1).all()
    return bool(from_one and tops.min() > 1 and tops.max() >= 2 * tops.min())


def _is_column_of_codes(X: Any, sequences: csr_array) -> bool:
    """Tell codes of one column, floats from OrdinalEncoder, from documents of one token."""
    n_rows, width = sequences.shape
    if width > 1 or n_rows < _N_CODES or sequences.nnz in (0, n_rows):
        return False
    dtype = X.dtype if hasattr(X, "dtype") else np.asarray(X).dtype
    codes = np.unique(sequences.data)
    return dtype.kind == "f" and len(codes) == codes[-1] <= n_rows // 2
