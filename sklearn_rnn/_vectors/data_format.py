"""Word vectors as arrays and plain values, for files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from sklearn_rnn._vectors.ngrams import NgramHash, NgramVectors


def write_parts(
    words: Iterable[str], vectors: np.ndarray, ngrams: NgramVectors | None
) -> dict[str, Any]:
    """Return the parts of word vectors as a dict.

    Parameters
    ----------
    words : iterable of str
        The words.
    vectors : ndarray of float32 of shape (n_words, n_features)
        Their vectors.
    ngrams : NgramVectors or None
        Computes vectors of other words.

    Returns
    -------
    data : dict
        "words", their text in UTF-8, each ended by a NUL; "vectors"; and "ngrams", None or a dict
        of "min_n", "max_n" and "table".
    """
    words = list(words)
    if any("\0" in word for word in words):
        raise ValueError("Words with a NUL in them cannot be written to a file.")
    text = "".join(f"{word}\0" for word in words).encode(errors="surrogatepass")
    written = None
    if ngrams is not None:
        sizes = {"min_n": ngrams.hash.min_n, "max_n": ngrams.hash.max_n}
        written = {**sizes, "table": ngrams.table}
    return {"words": np.frombuffer(text, np.uint8), "vectors": vectors, "ngrams": written}


def read_parts(data: dict[str, Any]) -> tuple[list[str], np.ndarray, NgramVectors | None]:
    """Return words, vectors and n-grams from the dict of `write_parts`.

    Raises
    ------
    ValueError, TypeError, KeyError
        If `write_parts` cannot have made it.
    """
    text = _checked_array(data["words"], np.uint8, 1).tobytes()
    words = text.decode(errors="surrogatepass").split("\0")
    if words.pop() or not words:
        raise ValueError("the words do not end as they should")
    vectors = _checked_array(data["vectors"], np.float32, 2)
    if data["ngrams"] is None:
        return words, vectors, None
    table = _checked_array(data["ngrams"]["table"], np.float32, 2)
    if not len(table) or table.shape[1] != vectors.shape[1]:
        raise ValueError("the n-grams do not fit the vectors")
    hash_ = NgramHash(data["ngrams"]["min_n"], data["ngrams"]["max_n"], len(table))
    return words, vectors, NgramVectors(hash_, table)


def _checked_array(array: Any, dtype: type, ndim: int) -> np.ndarray:
    if type(array) is not np.ndarray or array.dtype != dtype or array.ndim != ndim:
        raise TypeError(f"an array of {np.dtype(dtype)} in {ndim} dimensions expected")
    if dtype is np.float32 and not np.isfinite(array).all():
        raise ValueError("vectors hold NaN or infinity")
    return array
