"""Vectors of words from the words around them: positive PMI, and its truncated SVD."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import coo_array, csr_array
from sklearn.utils.extmath import randomized_svd

# Frequent contexts count as less frequent than they are, as in word2vec (Levy et al., 2015).
_SMOOTHING = 0.75


def train_ppmi(
    tokens: csr_array, n_words: int, *, n_features: int, window: int, random_state: Any
) -> np.ndarray:
    """Return vectors of words by positive pointwise mutual information and SVD.

    Parameters
    ----------
    tokens : csr_array of int of shape (n_documents, n_positions)
        Ids of the words, in order; those below 0 or from `n_words` on are not words.
    n_words : int
        Number of words.
    n_features : int
        Features of a vector, fewer than there are words.
    window : int
        Largest distance of two words that are each other's context.
    random_state : int, RandomState instance or None
        For the SVD.
    """
    counts = count_pairs(tokens, n_words, window=window)
    left, values, _ = randomized_svd(
        _ppmi(counts), n_components=n_features, random_state=random_state
    )
    return (left * np.sqrt(values)).astype(np.float32)


def count_pairs(tokens: csr_array, n_words: int, *, window: int) -> csr_array:
    """Return how often two words occur near each other; nearer ones count more.

    At a distance of d words, a pair counts 1 / d.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_array
    >>> from sklearn_rnn._vectors.cooccurrence import count_pairs
    >>> tokens = csr_array((np.array([0, 1, 1]), np.array([0, 1, 2]), np.array([0, 3])))
    >>> count_pairs(tokens, 2, window=2).toarray()
    array([[0. , 1.5],
           [1.5, 2. ]])
    """
    ids = tokens.data
    documents = np.repeat(np.arange(tokens.shape[0]), np.diff(tokens.indptr))
    is_word = (ids >= 0) & (ids < n_words)
    counts: csr_array = csr_array((n_words, n_words))
    for distance in range(1, window + 1):
        near = documents[:-distance] == documents[distance:]
        near &= is_word[:-distance] & is_word[distance:]
        first, second = ids[:-distance][near], ids[distance:][near]
        weights = np.full(len(first), 1 / distance)
        counts = counts + coo_array((weights, (first, second)), counts.shape).tocsr()
    return (counts + counts.T).tocsr()


def _ppmi(counts: csr_array) -> csr_array:
    pairs = counts.tocoo()
    rows, columns = pairs.coords
    of_words = np.asarray(counts.sum(axis=1)).ravel()
    of_contexts = of_words**_SMOOTHING
    of_contexts /= max(of_contexts.sum(), 1e-300)
    information = np.log(pairs.data / (of_words[rows] * of_contexts[columns]))
    kept = information > 0
    return coo_array((information[kept], (rows[kept], columns[kept])), counts.shape).tocsr()
