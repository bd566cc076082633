"""Token ids of a corpus as a CSR matrix: row = document, column = position, value = token id.

Id 0 is padding, and padding is what a sparse matrix does not store. So in a canonical matrix
`data` is the corpus as one flat stream of tokens and `indptr` holds the offsets of its documents.
Only this file knows how such a matrix is made and checked.
"""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from scipy.sparse import csr_array, issparse

_MAX_INT32 = np.iinfo(np.int32).max


def sequences_from_flat(
    tokens: np.ndarray, lengths: np.ndarray, *, width: int | None = None
) -> csr_array:
    """Build the matrix of a corpus from its flat token ids.

    Parameters
    ----------
    tokens : ndarray of int32 of shape (n_tokens,)
        The token ids, document after document, none of them 0. Kept without a copy.
    lengths : array-like of int of shape (n_documents,)
        The number of tokens of each document.
    width : int or None, default=None
        The number of positions. None means the longest document's, and at least 1.

    Returns
    -------
    csr_array of int32 of shape (n_documents, width)
        Every document from position 0 on.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._text.sequences import sequences_from_flat
    >>> sequences_from_flat(np.array([5, 2, 7], dtype=np.int32), [1, 0, 2]).toarray()
    array([[5, 0],
           [0, 0],
           [2, 7]], dtype=int32)
    """
    tokens = np.ascontiguousarray(tokens, dtype=np.int32)
    lengths = np.asarray(lengths, dtype=np.int64)
    if lengths.sum() != len(tokens):
        raise ValueError(
            f"The lengths must sum to the number of tokens, {len(tokens)}. Got {lengths.sum()}."
        )
    if tokens.size and tokens.min() < 1:
        raise ValueError(f"Token ids must be positive: 0 is padding. Got {tokens.min()}.")
    longest = lengths.max(initial=0)
    if width is None:
        width = max(longest, 1)
    elif longest > width:
        raise ValueError(f"The longest document must fit in width={width}. It has {longest}.")
    index_dtype = _index_dtype(max(len(tokens), width))
    indptr: np.ndarray = np.zeros(len(lengths) + 1, dtype=index_dtype)
    np.cumsum(lengths, out=indptr[1:])
    indices: np.ndarray = np.arange(len(tokens), dtype=index_dtype)
    indices -= np.repeat(indptr[:-1], lengths)
    X = csr_array((tokens, indices, indptr), shape=(len(lengths), int(width)))
    X.has_canonical_format = True
    return X


def truncate(
    tokens: np.ndarray, lengths: np.ndarray, max_length: int, *, keep: str = "head"
) -> tuple[np.ndarray, np.ndarray]:
    """Shorten the documents of a flat corpus to `max_length` tokens.

    Parameters
    ----------
    tokens : ndarray of shape (n_tokens,)
        The token ids, document after document.
    lengths : ndarray of int of shape (n_documents,)
        The number of tokens of each document.
    max_length : int
        The largest number of tokens that a document keeps.
    keep : {"head", "tail", "both"}, default="head"
        Which tokens stay: the first, the last, or as many of the first as of the last, one more
        of the first if `max_length` is odd.

    Returns
    -------
    tokens : ndarray of shape (n_kept,)
        The tokens that stay.
    lengths : ndarray of int of shape (n_documents,)
        The new lengths.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._text.sequences import truncate
    >>> truncate(np.array([5, 6, 7, 8, 9]), np.array([4, 1]), 3, keep="both")
    (array([5, 6, 8, 9]), array([3, 1]))
    """
    if lengths.max(initial=0) <= max_length:
        return tokens, lengths
    n_first = {"head": max_length, "tail": 0, "both": -(-max_length // 2)}[keep]
    n_last = max_length - n_first
    position = np.arange(len(tokens)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    stays = (position < n_first) | (position >= np.repeat(lengths - n_last, lengths))
    return tokens[stays], np.minimum(lengths, max_length)


def sequence_lengths(X: csr_array) -> np.ndarray:
    """Return the number of tokens of each document of a checked matrix.

    Examples
    --------
    >>> from sklearn_rnn._text.sequences import check_sequences, sequence_lengths
    >>> sequence_lengths(check_sequences([[5, 0], [0, 0], [2, 7]]))
    array([1, 0, 2], dtype=int32)
    """
    return np.diff(X.indptr)


def check_sequences(X: Any, *, estimator: Any = "RNNTextClassifier") -> csr_array:
    """Check token ids and return them as a canonical matrix.

    A document is its non-zero entries in the order of the columns, wherever these are: padding on
    the right or on the left, or columns cut off, make no difference.

    Parameters
    ----------
    X : sparse matrix, sparse array or array-like of shape (n_documents, n_positions)
        The token ids, padded with 0 if dense. Floats are accepted if they are whole numbers.
    estimator : str or estimator instance, default="RNNTextClassifier"
        The caller, for the messages.

    Returns
    -------
    csr_array of int32 of shape (n_documents, n_positions)
        Indices sorted, no zeros stored, `data` contiguous. It shares the memory of `X` if `X`
        already was all this; `X` itself is never changed.

    Examples
    --------
    >>> from sklearn_rnn._text.sequences import check_sequences
    >>> X = check_sequences([[0, 5, 2], [7, 0, 0]])
    >>> X.data, X.indptr
    (array([5, 2, 7], dtype=int32), array([0, 2, 3], dtype=int32))
    """
    name = estimator if isinstance(estimator, str) else type(estimator).__name__
    if not issparse(X):
        X = _as_numeric_array(X)
    _check_dtype_and_shape(X, name)
    return _from_sparse(X, name) if issparse(X) else _from_dense(X, name)


def _from_sparse(X: Any, name: str) -> csr_array:
    X = X.tocsr()
    # scipy lets the arrays be longer than what they hold.
    n_tokens = X.indptr[-1]
    data = _as_ids(X.data[:n_tokens], name)
    # A new matrix around the same arrays: it finds out for itself whether it is canonical, where
    # the flags of `X` may be stale, and leaves those of `X` alone.
    sequences = csr_array((data, X.indices[:n_tokens], X.indptr), shape=X.shape)
    if not sequences.has_canonical_format or not sequences.data.all():
        # As everywhere in scipy, entries at the same place add up; int64 lets no sum overflow.
        sequences = sequences.astype(np.int64, copy=True)
        sequences.sum_duplicates()
        sequences.eliminate_zeros()
        sequences.data = _as_ids(sequences.data, name)
    return sequences


def _from_dense(X: np.ndarray, name: str) -> csr_array:
    is_token = X != 0  # NaN is "a token" here, so that the check below meets it
    tokens = _as_ids(X[is_token], name)
    index_dtype = _index_dtype(max(len(tokens), X.shape[1]))
    indptr: np.ndarray = np.zeros(len(X) + 1, dtype=index_dtype)
    np.cumsum(is_token.sum(axis=1), out=indptr[1:])
    indices: np.ndarray = np.nonzero(is_token)[1].astype(index_dtype, copy=False)
    sequences = csr_array((tokens, indices, indptr), shape=X.shape)
    sequences.has_canonical_format = True
    return sequences


def _index_dtype(largest: int) -> type:
    """Return the smaller of scipy's two index types that holds a number."""
    return np.int32 if largest <= _MAX_INT32 else np.int64


def _as_numeric_array(X: Any) -> np.ndarray:
    """Convert an array-like or a frame, refusing what does not hold numbers."""
    try:
        X = np.asarray(X)
    except ValueError as exc:
        raise ValueError(
            "Token ids must be a sparse matrix or a 2D array of integers, one row per document. "
            f"Got {type(X).__name__} with rows of different lengths; pad them with 0."
        ) from exc
    if X.dtype.kind != "O" or X.ndim == 0:
        return X
    for type_ in set(map(type, X.ravel().tolist())):
        if type_ is type(None) or type_.__name__ == "NAType":
            raise ValueError("Token ids must not be missing: 0 is padding. Input X contains NaN.")
        if not issubclass(type_, Real) or issubclass(type_, bool):
            raise TypeError(
                "Token ids must be integers in a 2D array, one row per document. "
                f"Got an array of objects that holds {type_.__name__}."
            )
    return X.astype(np.float64)


def _check_dtype_and_shape(X: Any, name: str) -> None:
    kind = X.dtype.kind
    if kind == "c":
        raise ValueError("Complex data not supported: token ids are integers.")
    if kind not in "iuf":
        raise TypeError(
            f"Token ids must be integers. Got {type(X).__name__} with dtype {X.dtype} instead."
        )
    if X.ndim < 2:
        raise ValueError(
            f"Expected 2D array, got {X.ndim}D array instead. {name} takes token ids as one row "
            "per document and one column per position. Reshape your data by X.reshape(1, -1) if "
            "it is a single document. If it is a column of numbers, pass the column of texts."
        )
    if X.ndim > 2:
        raise ValueError(f"Found array with dim {X.ndim}, while dim <= 2 is required by {name}.")
    for n, what in zip(X.shape, ("sample(s)", "feature(s)"), strict=True):
        if n == 0:
            raise ValueError(
                f"Found array with 0 {what} (shape={X.shape}) while a minimum of 1 is required "
                f"by {name}."
            )


def _as_ids(values: np.ndarray, name: str) -> np.ndarray:
    """Return numbers as contiguous int32, without a copy if they are, or say what is wrong."""
    values = np.asarray(values)
    if values.size:
        if values.dtype.kind == "f":
            _check_whole(values, name)
        low, high = values.min().item(), values.max().item()
        if low < 0:
            raise ValueError(
                f"Negative values in data passed to {name}: token ids start at 1, and 0 is "
                f"padding. Got {low}."
            )
        if high > _MAX_INT32:
            raise ValueError(f"Token ids must be at most {_MAX_INT32} (int32). Got {high}.")
    return np.ascontiguousarray(values, dtype=np.int32)


def _check_whole(values: np.ndarray, name: str) -> None:
    if not np.isfinite(values).all():
        what = "NaN" if np.isnan(values).any() else "infinity"
        raise ValueError(f"Input X contains {what}.\n{name} takes token ids, which are integers.")
    fractions = values[values != np.floor(values)]
    if fractions.size:
        raise ValueError(
            f"{name} takes token ids, which are integers, or raw text. Got {fractions[0]} in X. "
            "SequenceVectorizer turns text into token ids; TfidfVectorizer does not."
        )
