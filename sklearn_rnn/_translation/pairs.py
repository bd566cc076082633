"""Sources and targets that a user passes to a translator, as a network reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from numbers import Number
from typing import Any

import numpy as np
from scipy.sparse import csr_array, issparse
from sklearn.model_selection import train_test_split

from sklearn_rnn._text.containers import as_one_column, is_text
from sklearn_rnn._text.join_words import Spacing, learn_spacing
from sklearn_rnn._text.sequences import sequence_lengths
from sklearn_rnn._training.document_words import find_words
from sklearn_rnn._training.make_network import count_ids
from sklearn_rnn._training.vectorize import fit_vectorizer, read_as, vectorize
from sklearn_rnn._translation.data import RegionSources, Sources, TextSources
from sklearn_rnn._translation.make_net import Sizes
from sklearn_rnn._vectorizer import SequenceVectorizer

# Token ids, or the regions of each source.
Encoded = csr_array | list[np.ndarray]

# How many leading sources decide what they are.
_N_SAMPLED = 100
# From how many targets to learn where their marks have spaces.
_N_FOR_SPACING = 5000


def default_vectorizer() -> SequenceVectorizer:
    """Return a vectorizer of words and punctuation that keeps upper and lower case."""
    return SequenceVectorizer(lowercase=False)


def as_list(X: Any) -> Any:
    """Return what can be read twice and indexed: iterators and tuples as lists, others as is."""
    return list(X) if isinstance(X, (Iterator, tuple)) else X


def are_regions(X: Any) -> bool:
    """Tell whether sources are rows of vectors: a 3-D array, or a list of 2-D array-likes.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._translation.pairs import are_regions
    >>> are_regions(np.zeros((5, 4, 3))), are_regions([np.zeros((2, 3))]), are_regions(["a text"])
    (True, True, False)
    >>> are_regions([[[0.5, 1.0]]]), are_regions([["two", "tokens"]])
    (True, False)
    """
    if issparse(X) or isinstance(X, (str, bytes)):
        return False
    if getattr(X, "ndim", 1) == 3:
        return True
    is_sequence = (
        isinstance(X, (list, tuple)) or getattr(getattr(X, "dtype", None), "kind", "") == "O"
    )
    if not is_sequence or len(X) == 0:
        return False
    return any(
        map(_is_table, islice(X if isinstance(X, (list, tuple)) else np.asarray(X), _N_SAMPLED))
    )


def _is_table(source: Any) -> bool:
    """Tell whether a source is a 2-D array, or rows of numbers."""
    if getattr(source, "ndim", 0) == 2:
        return True
    rows = source[:1] if isinstance(source, (list, tuple)) else ()
    return any(
        isinstance(row, (list, tuple, np.ndarray)) and len(row) > 0 and isinstance(row[0], Number)
        for row in rows
    )


def read_regions(
    X: Any, estimator: Any, n_features: int | None = None, argument: str = "X"
) -> list[np.ndarray]:
    """Return the regions of each source as float32, checked.

    Parameters
    ----------
    X : array-like of shape (n_sources, n_regions, n_features), or list of 2-D array-likes
        The sources.
    estimator : estimator instance
        The caller, for the messages.
    n_features : int, default=None
        Number of features of a region, None for that of the first one.
    argument : str, default="X"
        The name of the argument, for the messages.
    """
    name = type(estimator).__name__
    if len(X) == 0:
        raise ValueError(
            f"Found array with 0 sample(s) while a minimum of 1 is required by {name}."
        )
    regions = []
    for row, source in enumerate(X):
        if np.iscomplexobj(source):
            raise ValueError(f"Complex data not supported, in source {row} of {argument}.")
        try:
            with np.errstate(over="ignore"):  # to infinity, which is refused below
                vectors = np.asarray(source, np.float32)
        except (TypeError, ValueError) as exc:
            raise ValueError(
                f"The regions of source {row} in {argument} must be numbers: {exc}."
            ) from exc
        n_features = vectors.shape[-1] if n_features is None and vectors.ndim else n_features
        if vectors.ndim != 2 or vectors.shape[1] != n_features or not vectors.size:
            raise ValueError(
                f"{name} takes sources of shape (n_regions, n_features), with at least one region "
                f"and {n_features or 'one'} feature(s). Source {row} in {argument} has "
                f"shape {vectors.shape}."
            )
        if not np.isfinite(vectors).all():
            raise ValueError(
                f"Input {argument} contains NaN, infinity or a value too large for float32, in "
                f"source {row}."
            )
        regions.append(vectors)
    return regions


def fit_sources(X: Any, estimator: Any) -> tuple[Encoded, Any]:
    """Return the sources of a training, and the vectorizer fitted on them, None without text."""
    if are_regions(X):
        return read_regions(X, estimator), None
    return fit_vectorizer(X, estimator, default_vectorizer, parameter="source_vectorizer")


def read_sources(
    X: Any, vectorizer: Any, n_features: int | None, estimator: Any, name: str = "X"
) -> Encoded:
    """Return sources as the network reads them, using what was fitted.

    Parameters
    ----------
    X : object
        What the user passed.
    vectorizer : transformer or None
        The fitted vectorizer of the sources.
    n_features : int or None
        Number of features of a region, None if sources are texts.
    estimator : estimator instance
        The caller, for the messages.
    name : str, default="X"
        The name of the argument, for the messages.
    """
    takes_regions = n_features is not None
    if are_regions(X) != takes_regions:
        learned = "token ids" if vectorizer is None else "texts"
        given = (
            "texts"
            if is_text(X)
            else "no sources of shape (n_regions, n_features). Put a single source into a list"
        )
        kinds = ("rows of vectors", given) if takes_regions else (learned, "rows of vectors")
        raise ValueError(
            f"This {type(estimator).__name__} was fitted on {kinds[0]}. {name} holds {kinds[1]}."
        )
    if takes_regions:
        return read_regions(X, estimator, n_features, name)
    return vectorize(X, vectorizer, estimator, name=name)


def as_sources(encoded: Encoded) -> Sources:
    """Return sources to make batches of."""
    return RegionSources(encoded) if isinstance(encoded, list) else TextSources(encoded)


def take(encoded: Encoded, rows: np.ndarray) -> Encoded:
    """Return some of the sources."""
    return [encoded[row] for row in rows] if isinstance(encoded, list) else encoded[rows]


def read_targets(y: Any, vectorizer: Any, estimator: Any, name: str = "y") -> list:
    """Return targets as a list of str, or of lists of str, and refuse what is not text.

    Parameters
    ----------
    y : object
        What the user passed.
    vectorizer : transformer or None
        What turns targets into token ids.
    estimator : estimator instance
        The caller, for the messages.
    name : str, default="y"
        The name of the argument, for the messages.
    """
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is None."
        )
    if not is_text(y):
        raise TypeError(
            f"{type(estimator).__name__} writes text, so {name} must hold str, or lists of str. "
            f"Got {type(y).__name__} of numbers."
        )
    return read_as(name, as_one_column(y, name), vectorizer, estimator)


def fit_targets(y: list, estimator: Any) -> tuple[csr_array, Any, bool]:
    """Return the targets of a training, their vectorizer, and whether they are lists of tokens."""
    encoded, vectorizer = fit_vectorizer(
        y, estimator, default_vectorizer, parameter="target_vectorizer"
    )
    return encoded, vectorizer, not all(isinstance(target, str) for target in y)


def spacing_of(y: list, vectorizer: Any) -> Spacing | None:
    """Return the white space of marks in targets that are texts split into words, None for others.

    Parameters
    ----------
    y : list of str, or of lists of str
        The targets.
    vectorizer : transformer
        The fitted vectorizer of the targets.
    """
    is_of_words = isinstance(vectorizer, SequenceVectorizer) and vectorizer.analyzer == "word"
    texts = [target for target in y[:_N_FOR_SPACING] if isinstance(target, str)]
    if not is_of_words or not texts:
        return None
    spans = (find_words(text, vectorizer).spans for text in texts)
    known = zip(texts, spans, strict=True)
    return learn_spacing((text, found.tolist()) for text, found in known if found is not None)


def sizes_of(
    sources: Encoded, targets: csr_array, vectorizers: tuple[Any, Any], previous: Any = None
) -> Sizes:
    """Return the sizes of the network for some pairs, or its own if training continues.

    Parameters
    ----------
    sources : csr_array or list of ndarray
        The sources.
    targets : csr_array
        The targets.
    vectorizers : pair of transformer or None
        Those of the sources and of the targets.
    previous : TranslationNetwork, default=None
        The network to continue from. Ids that it does not know are unknown tokens.
    """
    of_sources, of_targets = vectorizers
    longest = int(sequence_lengths(targets).max(initial=0)) + 1
    n_ids = count_ids(targets, of_targets) if previous is None else previous.decoder.n_ids
    if isinstance(sources, list):
        return Sizes(n_ids, None, sources[0].shape[1], longest)
    longest = max(longest, int(sequence_lengths(sources).max(initial=0)))
    if previous is None:
        n_source_ids = count_ids(sources, of_sources)
    else:
        n_source_ids = previous.source.embedding.table.num_embeddings
    return Sizes(n_ids, n_source_ids, None, longest)


def hold_out_pairs(n_pairs: int, estimator: Any, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows to train on, and those that are set aside for early stopping."""
    n_valid = int(np.ceil(estimator.validation_fraction * n_pairs))
    if n_valid >= n_pairs:
        raise ValueError(
            f"With early_stopping=True, validation_fraction={estimator.validation_fraction} of "
            f"{n_pairs} pairs leaves none to train on. Lower it, or set early_stopping=False."
        )
    return train_test_split(np.arange(n_pairs), test_size=n_valid, random_state=seed)


def make_tokenizer(vectorizer: Any) -> Callable[[str], list[str]]:
    """Return what splits a source into its tokens, keeping upper and lower case."""
    analyze = vectorizer.build_analyzer()
    if not getattr(vectorizer, "lowercase", False):
        return analyze
    as_written = _with_case(vectorizer).build_analyzer()

    def tokenize(text: str) -> list[str]:
        tokens, written = analyze(text), as_written(text)
        return written if len(written) == len(tokens) else tokens

    return tokenize


def _with_case(vectorizer: Any) -> Any:
    other = type(vectorizer)(**vectorizer.get_params(deep=False))
    return other.set_params(lowercase=False)
