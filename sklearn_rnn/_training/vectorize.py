"""Documents in any container to token ids, with the vectorizer of an estimator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy, deepcopy
from typing import Any

from scipy.sparse import csr_array
from sklearn import config_context
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer

from sklearn_rnn._subwords import SubwordVectorizer
from sklearn_rnn._text.containers import as_documents, is_text
from sklearn_rnn._text.param_checks import reads_any_type
from sklearn_rnn._text.sequences import check_sequences
from sklearn_rnn._text.suspect_ids import check_suspect_ids
from sklearn_rnn._vectorizer import SequenceVectorizer


def vectorize(X: Any, vectorizer: Any, estimator: Any, *, name: str = "X") -> csr_array:
    """Return documents as token ids, using a fitted vectorizer if they are text.

    Parameters
    ----------
    X : iterable of str, or {sparse matrix, array-like} of shape (n_documents, n_positions)
        The documents.
    vectorizer : transformer or None
        The fitted vectorizer, None if the estimator was fitted on token ids.
    estimator : estimator instance
        The caller, for the messages.
    name : str, default="X"
        The name of the argument, for the messages.

    Returns
    -------
    ids : csr_array of int32 of shape (n_documents, n_positions)
    """
    if not is_text(X):
        return check_sequences(X, estimator=estimator)
    if vectorizer is None:
        raise ValueError(
            f"This {type(estimator).__name__} was fitted on token ids and has no vectorizer for "
            f"raw text. Transform {name} by the vectorizer that made the ids of fit, or fit on "
            "raw text."
        )
    if name != "X":  # by which the vectorizer would call them
        X = list(X) if isinstance(X, Iterator) else X
        read_as(name, X, vectorizer, estimator)
    with config_context(transform_output="default"):  # frames are for what a user sees
        ids = vectorizer.transform(X)
    return check_sequences(ids, estimator=estimator)


def read_as(name: str, X: Any, vectorizer: Any, estimator: Any) -> list:
    """Return documents as a vectorizer will read them; errors use the given name.

    Parameters
    ----------
    name : str
        The name of the argument.
    X : iterable of str or of sequences of str
        The documents.
    vectorizer : transformer or None
        Fitted or not. None reads as :class:`SequenceVectorizer` does by default.
    estimator : estimator instance
        The caller, for the messages.
    """
    is_ours = isinstance(vectorizer, SequenceVectorizer)
    is_of_subwords = isinstance(vectorizer, SubwordVectorizer)
    return as_documents(
        X,
        **reading_params(vectorizer),
        of_any_type=is_ours and reads_any_type(vectorizer),
        takes_tokens=not is_of_subwords and not (is_ours and vectorizer.analyzer == "char"),
        estimator=estimator,
        name=name,
    )


def reading_params(vectorizer: Any) -> dict[str, Any]:
    """Return how a vectorizer reads documents that are missing, or bytes."""
    names = "missing", "encoding", "decode_error"
    return {name: getattr(vectorizer, name) for name in names if hasattr(vectorizer, name)}


def fit_vectorizer(
    X: Any,
    estimator: Any,
    default: Callable[[], Any] = SequenceVectorizer,
    *,
    parameter: str = "vectorizer",
) -> tuple[csr_array, Any]:
    """Return documents as token ids, and the vectorizer fitted on them, None for ids."""
    if not is_text(X):
        return _check_ids(X, estimator), None
    vectorizer = make_vectorizer(estimator, default, parameter=parameter)
    with config_context(transform_output="default"):
        ids = vectorizer.fit_transform(X)
    return _check_ids(ids, estimator), vectorizer


def _check_ids(X: Any, estimator: Any) -> csr_array:
    """Return the ids of a new training; warn if they do not look like token ids."""
    sequences = check_sequences(X, estimator=estimator)
    check_suspect_ids(X, sequences, type(estimator).__name__)
    return sequences


def extend_vectorizer(X: Any, vectorizer: Any, estimator: Any) -> tuple[csr_array, Any]:
    """Return a chunk as token ids, and a vectorizer that also knows its words.

    The given one stays as it is. One without `partial_fit` is returned itself.
    """
    if not is_text(X):
        return check_sequences(X, estimator=estimator), vectorizer
    if not hasattr(vectorizer, "partial_fit"):
        return vectorize(X, vectorizer, estimator), vectorizer
    if type(vectorizer) is SequenceVectorizer:
        extended = copy(vectorizer)  # whose partial_fit replaces what it learned
    else:
        extended = deepcopy(vectorizer)
    return _learn_chunk(X, extended, estimator), extended


def start_vectorizer(
    X: Any, estimator: Any, default: Callable[[], Any] = SequenceVectorizer
) -> tuple[csr_array, Any]:
    """Return the first chunk as token ids, and a vectorizer that knows it, None for ids."""
    if not is_text(X):
        return _check_ids(X, estimator), None
    vectorizer = make_vectorizer(estimator, default)
    return _learn_chunk(X, vectorizer, estimator), vectorizer


def _learn_chunk(X: Any, vectorizer: Any, estimator: Any) -> csr_array:
    """Teach a vectorizer the words of a chunk, and return the chunk as token ids."""
    with config_context(transform_output="default"):
        if type(vectorizer) is SequenceVectorizer:
            ids = vectorizer._partial_fit_transform(X)
        elif hasattr(vectorizer, "partial_fit"):
            X = list(X) if isinstance(X, Iterator) else X
            ids = vectorizer.partial_fit(X).transform(X)
        else:
            ids = vectorizer.fit_transform(X)
    return check_sequences(ids, estimator=estimator)


def make_vectorizer(
    estimator: Any,
    default: Callable[[], Any] = SequenceVectorizer,
    *,
    parameter: str = "vectorizer",
) -> Any:
    """Return an unfitted vectorizer, refusing those of scikit-learn that count.

    If the estimator has none as its `parameter`, `default` makes it.
    """
    vectorizer = getattr(estimator, parameter)
    if vectorizer is None:
        return default()
    must = f"The '{parameter}' parameter of {type(estimator).__name__} must"
    if isinstance(vectorizer, type):
        raise TypeError(f"{must} be an instance. Got the class {vectorizer.__name__}.")
    if isinstance(vectorizer, (CountVectorizer, HashingVectorizer)):
        raise ValueError(
            f"{must} return token ids in the order of the text. Got {vectorizer}, which "
            "counts; SequenceVectorizer turns text into token ids."
        )
    return clone(vectorizer)
