"""What the parameter `embedding` names: a table of words, or an array in the order of the ids."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from sklearn_rnn._text.vocabulary import FIRST_ID
from sklearn_rnn._word_vectors import WordVectors
from sklearn_rnn.utils._param_names import did_you_mean

# The table that ships with the package, and the choice whether to use it.
SHIPPED, AUTO = "glove", "auto"


def open_table(embedding: Any, words: Iterable[str], estimator: Any) -> tuple[WordVectors, str]:
    """Return the table of words that `embedding` names, and its name.

    Parameters
    ----------
    embedding : WordVectors, str or path-like
        The parameter, unless it is an array.
    words : iterable of str
        The words to look up: of a file, no others are read.
    estimator : estimator instance
        The caller, for the messages.

    Raises
    ------
    FileNotFoundError
        If it is a path that does not exist.
    IsADirectoryError
        If it is the path of a folder.
    ValueError
        If it is neither a path nor a name, or the file is damaged or has none of the words.
    """
    if isinstance(embedding, WordVectors):
        return embedding, "WordVectors"
    if isinstance(embedding, str) and embedding in (SHIPPED, AUTO):
        # Imported here: data is loaded when somebody asks for it.
        from sklearn_rnn.datasets import load_word_vectors

        return load_word_vectors(), SHIPPED
    path = Path(embedding)
    must = f"The 'embedding' parameter of {type(estimator).__name__} must"
    if not os.fspath(embedding) or not path.exists():  # Path("") is the current folder
        names = [SHIPPED, AUTO]
        if isinstance(embedding, str) and not (path.suffix or len(path.parts) > 1):
            raise ValueError(
                f"{must} be one of {names}, a path, WordVectors, an array or None. "
                f"Got {embedding!r}, and there is no such file.{did_you_mean(embedding, names)}"
            )
        raise FileNotFoundError(
            f"{must} be the path of a file with word vectors. There is no file {str(path)!r}."
        )
    if path.is_dir():
        raise IsADirectoryError(
            f"{must} be the path of a file with word vectors. {str(path)!r} is a folder."
        )
    stat = path.stat()
    table = _load(str(path.resolve()), tuple(words), stat.st_mtime_ns, stat.st_size)
    return table, os.fspath(embedding)


# A search fits on the same documents many times, as many sets of them as it has folds.
@lru_cache(maxsize=10)
def _load(path: str, words: tuple[str, ...], mtime: int, size: int) -> WordVectors:
    return WordVectors.load(path, words=words)


def check_matrix(embedding: np.ndarray, X: csr_array, vectorizer: Any, estimator: Any) -> None:
    """Refuse an array whose rows cannot be the vectors of the token ids.

    Parameters
    ----------
    embedding : ndarray of shape (n_ids, n_features)
        The parameter.
    X : csr_array of int32 of shape (n_documents, n_positions)
        The documents.
    vectorizer : transformer or None
        The vectorizer that made the token ids.
    estimator : estimator instance
        The caller, for the messages.

    Raises
    ------
    TypeError
        If it holds no real numbers.
    ValueError
        If they are not finite, or its shape does not fit.
    """
    must = f"The 'embedding' parameter of {type(estimator).__name__} must"
    if embedding.dtype.kind not in "fiu":
        raise TypeError(
            f"{must} be an array of real numbers. Got an array of dtype {embedding.dtype}."
        )
    if embedding.ndim != 2 or 0 in embedding.shape:
        raise ValueError(
            f"{must} be an array of shape (n_ids, n_features). Got the shape {embedding.shape}."
        )
    if not np.isfinite(embedding).all():
        raise ValueError(f"{must} be an array of finite numbers. Got NaN or infinity.")
    if vectorizer is None:
        n_ids, what = int(X.data.max(initial=FIRST_ID - 1)) + 1, "the token ids in X"
        fits = len(embedding) >= n_ids
    else:
        if getattr(vectorizer, "vocabulary", None) is None:
            raise ValueError(
                f"{must} be WordVectors if fit learns the vocabulary: before that, it is unknown "
                "which row of an array belongs to which word. Got an array. Make it "
                "WordVectors(words, array), pass a vectorizer with a fixed vocabulary, or "
                "fit on token ids."
            )
        n_ids, what = FIRST_ID + len(vectorizer.vocabulary_), "the vocabulary of the vectorizer"
        fits = len(embedding) == n_ids
    if not fits:
        raise ValueError(
            f"{must} be an array with a row for each id of {what}: {n_ids} rows, padding (0) and "
            f"the unknown token (1) included. Got {len(embedding)}."
        )
