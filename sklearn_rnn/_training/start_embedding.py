"""The vectors that the words of a network start from, and how much of the documents they cover."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array

from sklearn_rnn._text.vocabulary import FIRST_ID, UNKNOWN_ID
from sklearn_rnn._training.embedding_source import AUTO, check_matrix, open_table
from sklearn_rnn.modules import TokenEmbedding

# From which share of the words in the documents on "auto" takes the table that ships. It has 0.7
# (tweets) to 0.95 of those in English text, 0.45 in French, 0.2 in Indonesian, 0.04 in Thai.
_SHARE_FOR_AUTO = 0.6

# Below it, vectors hardly matter, and something is probably wrong.
_SHARE_TO_WARN = 0.2

# That many tokens of the first chunk of a stream: fewer may all be rare by chance.
STREAM_TOKENS_TO_WARN = 100

# Mean and scale of a table are those of its most frequent words: enough to know both.
_N_TO_SCALE = 10_000


@dataclass(frozen=True)
class StartVectors:
    """The vectors that token ids start from.

    Parameters
    ----------
    embedding : object
        The parameter, with "auto" resolved: where to look up further words.
    source : str
        Its name for people.
    ids : ndarray of int64 of shape (n_vectors,)
        Ids that were looked up and found, ascending.
    vectors : ndarray of float32 of shape (n_vectors, n_features)
        Their vectors, as the network reads them: centred, and of unit variance.
    found : ndarray of bool of shape (n_ids,)
        Whether each id has a vector, including those that were looked up earlier.
    """

    embedding: Any
    source: str
    ids: np.ndarray = field(repr=False)
    vectors: np.ndarray = field(repr=False)
    found: np.ndarray = field(repr=False)

    @property
    def n_features(self) -> int:
        """Number of features of a vector."""
        return self.vectors.shape[1]

    def fill(self, embedding: TokenEmbedding, first: int = 0) -> None:
        """Write the vectors of the ids from `first` on into the table of an embedding."""
        is_meant = self.ids >= first
        ids, vectors = self.ids[is_meant], self.vectors[is_meant]
        embedding.set_rows(torch.from_numpy(ids), torch.from_numpy(vectors))

    def fill_network(self, network: Any) -> None:
        """Write all vectors into a new network of documents."""
        self.fill(network.embedding)

    def coverage(self, X: csr_array) -> dict[str, float]:
        """Return the shares of the tokens, and of the distinct tokens, that have a vector."""
        return _shares(np.bincount(X.data, minlength=len(self.found)), self.found)


def n_found(start: StartVectors | None) -> int:
    """Return the number of ids whose vectors were looked up."""
    return 0 if start is None else len(start.found)


def find_start(
    estimator: Any,
    embedding: Any,
    X: csr_array,
    vectorizer: Any,
    found: np.ndarray | None = None,
    *,
    n_to_warn: int = 1,
) -> StartVectors | None:
    """Return the vectors that the ids of documents start from, None for random ones.

    Parameters
    ----------
    estimator : estimator instance
        The caller, for the messages.
    embedding : object
        Its parameter of that name.
    X : csr_array of int32 of shape (n_documents, n_positions)
        The documents.
    vectorizer : transformer or None
        The vectorizer that made the token ids.
    found : ndarray of bool, default=None
        Which ids were found earlier in a stream. Only later ones are looked up.
    n_to_warn : int, default=1
        The smallest number of tokens at which to warn that hardly any has a vector.

    Raises
    ------
    FileNotFoundError
        If `embedding` is a path that does not exist.
    TypeError
        If it is an array that does not contain real numbers.
    ValueError
        If it is unknown or does not fit, or if there are no words to look up.
    """
    if embedding is None:
        return None
    is_first = found is None
    if found is None:
        found = np.zeros(FIRST_ID, bool)
    if isinstance(embedding, np.ndarray):
        start = _from_array(estimator, embedding, X, vectorizer, found, is_first)
    else:
        vocabulary = getattr(vectorizer, "vocabulary_", None)
        is_auto = isinstance(embedding, str) and embedding == AUTO
        if vocabulary is None:
            if is_auto:
                return None
            raise ValueError(_no_words(estimator, vectorizer))
        start = _from_words(estimator, embedding, vocabulary, found)
        if is_auto and _share_of_words(X, vocabulary, start.found) < _SHARE_FOR_AUTO:
            return None
    if is_first and X.nnz >= n_to_warn:
        _warn_if_hardly_any(estimator, start, X)
    return start


def _from_words(
    estimator: Any, embedding: Any, vocabulary: dict[str, int], found: np.ndarray
) -> StartVectors:
    """Look up the words of a vocabulary, except those that were looked up before."""
    # All words, not only the new ones: of a file, mean and scale are those of the words read.
    table, source = open_table(embedding, vocabulary, estimator)
    new = sorted((id_, word) for word, id_ in vocabulary.items() if id_ >= len(found))
    vectors, is_found = table.lookup([word for _, word in new])
    ids = np.array([id_ for id_, _ in new], np.int64)[is_found]
    found = _lengthened(found, FIRST_ID + len(vocabulary))
    found[ids] = True
    if isinstance(embedding, str) and embedding == AUTO:
        embedding = source
    vectors = _as_read(vectors[is_found], table.vectors[:_N_TO_SCALE])
    return StartVectors(embedding, source, ids, vectors, found)


def _from_array(
    estimator: Any,
    embedding: np.ndarray,
    X: csr_array,
    vectorizer: Any,
    found: np.ndarray,
    is_first: bool,
) -> StartVectors:
    """Take the rows of an array; a row of zeros is not a vector."""
    if is_first:
        check_matrix(embedding, X, vectorizer, estimator)
    is_found = (embedding != 0).any(axis=1)
    is_found[0] = False  # padding
    ids = np.flatnonzero(is_found)
    vectors = _as_read(embedding[ids], embedding[ids])
    if not is_first:  # ids that are new have no row
        ids, vectors, is_found = ids[:0], vectors[:0], _lengthened(found, len(is_found))
    return StartVectors(embedding, "array", ids, vectors, is_found)


def _as_read(vectors: np.ndarray, frequent: np.ndarray) -> np.ndarray:
    """Return vectors as the network reads them.

    What all words have in common does not distinguish them, and is large in many tables (Mu and
    Viswanath, "All-but-the-top", 2018). The scale is that of random vectors.
    """
    n_words, n_features = frequent.shape
    frequent = frequent.astype(np.float64)
    # The mean of few words says little of all words, and that of one is the word itself.
    mean = frequent.mean(axis=0) if n_words > n_features else np.zeros(n_features)
    scale = np.sqrt(((frequent - mean) ** 2).sum() / max(frequent.size, 1))
    return ((vectors - mean) / (scale or 1.0)).astype(np.float32)


def _shares(counts: np.ndarray, found: np.ndarray) -> dict[str, float]:
    is_found = _lengthened(found, len(counts))[: len(counts)]
    n_tokens, n_words = int(counts.sum()), int(np.count_nonzero(counts))
    return {
        "tokens": float(counts[is_found].sum() / max(n_tokens, 1)),
        "words": float(np.count_nonzero(counts[is_found]) / max(n_words, 1)),
    }


def _share_of_words(X: csr_array, vocabulary: dict[str, int], found: np.ndarray) -> float:
    """Return the share of tokens with a vector among those of two letters or more.

    A table of words has all single letters and marks, whatever the language.
    """
    counts = np.bincount(X.data, minlength=FIRST_ID + len(vocabulary))
    for word, id_ in vocabulary.items():
        if len(word) < 2:
            counts[id_] = 0
    counts[UNKNOWN_ID] = 0
    return _shares(counts, found)["tokens"]


def _lengthened(found: np.ndarray, n_ids: int) -> np.ndarray:
    """Return a copy with a place for each id."""
    longer = np.zeros(max(n_ids, len(found)), bool)
    longer[: len(found)] = found
    return longer


def _no_words(estimator: Any, vectorizer: Any) -> str:
    name = type(estimator).__name__
    if vectorizer is not None:
        return (
            f"The 'embedding' parameter of {name} needs a vectorizer with a vocabulary_, a dict "
            f"from words to ids. Got {vectorizer}."
        )
    return (
        f"The 'embedding' parameter of {name} looks words up, and token ids have none. Pass raw "
        f"text to fit, with the vectorizer as a parameter: {name}(vectorizer=..., embedding=...); "
        "or pass an array with a row for each id."
    )


def _warn_if_hardly_any(estimator: Any, start: StartVectors, X: csr_array) -> None:
    share = start.coverage(X)["tokens"]
    if share < _SHARE_TO_WARN:
        warnings.warn(
            f"The 'embedding' parameter of {type(estimator).__name__} has vectors for only "
            f"{share:.0%} of the tokens in X; all others start from random ones. Check "
            "that language, lower case and analyzer of the vectorizer fit the vectors.",
            stacklevel=6,  # of who called fit
        )
