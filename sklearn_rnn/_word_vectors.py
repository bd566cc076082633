"""WordVectors: vectors of words, learned elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


class WordVectors:
    """Vectors of words that were learned elsewhere.

    Parameters
    ----------
    words : iterable of str
        The words, each once, the most frequent first.

    vectors : array-like of shape (n_words, n_features)
        The vector of each word.

    Attributes
    ----------
    words : ndarray of str objects of shape (n_words,)
        The words.

    vectors : ndarray of float32 of shape (n_words, n_features)
        Their vectors, read-only.

    n_features : int
        Number of features of a vector.

    Examples
    --------
    >>> from sklearn_rnn import WordVectors
    >>> vectors = WordVectors(["good", "bad"], [[1.0, 0.5], [-1.0, 0.5]])
    >>> vectors.lookup(["bad", "awful"])
    (array([[-1. ,  0.5],
           [ 0. ,  0. ]], dtype=float32), array([ True, False]))
    """

    def __init__(self, words, vectors):
        self.words = np.array(list(words), dtype=object)
        self.vectors = np.array(vectors, dtype=np.float32)
        self.vectors.flags.writeable = False
        self._rows = {word: row for row, word in enumerate(self.words)}

    @property
    def n_features(self) -> int:
        """Number of features of a vector."""
        return self.vectors.shape[1]

    def lookup(self, words: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return the vector of each word, and whether it was found.

        Parameters
        ----------
        words : iterable of str
            The words.

        Returns
        -------
        vectors : ndarray of float32 of shape (n_words, n_features)
            Their vectors, zeros for words that were not found.

        found : ndarray of bool of shape (n_words,)
            Whether each was found.
        """
        rows = np.array([self._rows.get(word, -1) for word in words], dtype=np.int64)
        found = rows >= 0
        vectors = np.where(found[:, None], self.vectors[rows], np.float32(0))
        return vectors, found
