"""The character n-grams from which fastText makes vectors of words, even unseen ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

_OFFSET, _PRIME = np.uint32(2166136261), np.uint32(16777619)
MAX_NGRAM = 1000
_N_WORDS_AT_ONCE = 2**14


@dataclass(frozen=True)
class NgramHash:
    """From a word to the rows of its n-grams.

    Parameters
    ----------
    min_n, max_n : int
        Shortest and longest n-gram, in characters, with "<" before the word and ">" after it.
    n_buckets : int
        Number of rows that the n-grams share.

    Examples
    --------
    >>> from sklearn_rnn._vectors.ngrams import NgramHash
    >>> NgramHash(min_n=3, max_n=4, n_buckets=100).rows(["be"])
    (array([ 2, 64, 78]), array([3]))
    """

    min_n: int
    max_n: int
    n_buckets: int

    def __post_init__(self) -> None:
        sizes = (self.min_n, self.max_n, self.n_buckets)
        if {*map(type, sizes)} != {int} or not 0 <= self.max_n <= MAX_NGRAM or min(sizes) < 0:
            raise ValueError(f"n-grams of {self.min_n} to {self.max_n} characters cannot be")

    def rows(self, words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows of the n-grams of all words, one after another, and each one's number."""
        none = np.empty(0, np.int64)
        if not self.n_buckets or not self.max_n or not len(words):
            return none, np.zeros(len(words), np.int64)
        parts = [
            self._rows(words[start : start + _N_WORDS_AT_ONCE])
            for start in range(0, len(words), _N_WORDS_AT_ONCE)
        ]
        rows, counts = zip(*parts, strict=True)
        return np.concatenate(rows), np.concatenate(counts)

    def _rows(self, words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        encoded = [f"<{word}>".encode(errors="surrogatepass") for word in words]
        lengths = np.array([len(word) for word in encoded])
        # A byte after the last one, so that each has a next.
        text = np.frombuffer(b"".join([*encoded, b"."]), np.uint8)
        word_ends = np.cumsum(lengths)
        owners = np.repeat(np.arange(len(words)), lengths)
        is_start = (text & 0xC0) != 0x80  # of a character, in UTF-8
        starts = np.flatnonzero(is_start[:-1])
        owner = owners[starts]
        end = word_ends[owner]
        is_first = starts == end - lengths[owner]
        # fastText extends signed chars, so that bytes from 128 on flip the upper bits too.
        signed = text.astype(np.int8).astype(np.int32).view(np.uint32)
        hashes = np.full(len(starts), _OFFSET)
        n_chars = np.zeros(len(starts), np.int64)
        position = starts.copy()
        found = []
        while len(position):
            hashes = (hashes ^ signed[position]) * _PRIME
            position += 1
            at_end = position == end
            is_whole = is_start[position]
            n_chars += is_whole
            # The brackets alone are no n-grams.
            is_ngram = is_whole & (n_chars >= self.min_n)
            is_ngram &= (n_chars > 1) | ~(is_first | at_end)
            found.append((owner[is_ngram], starts[is_ngram], n_chars[is_ngram], hashes[is_ngram]))
            go_on = ~at_end & ~(is_whole & (n_chars == self.max_n))
            starts, owner, end, is_first = starts[go_on], owner[go_on], end[go_on], is_first[go_on]
            hashes, n_chars, position = hashes[go_on], n_chars[go_on], position[go_on]
        owner, starts, n_chars, hashes = map(np.concatenate, zip(*found, strict=True))
        order = np.lexsort((n_chars, starts))
        rows = (hashes[order] % np.uint32(self.n_buckets)).astype(np.int64)
        return rows, np.bincount(owner, minlength=len(words))


@dataclass(frozen=True)
class NgramVectors:
    """Vectors of words from those of their n-grams.

    Parameters
    ----------
    hash : NgramHash
        From a word to the rows of its n-grams.
    table : ndarray of float32 of shape (n_buckets, n_features)
        The vectors of n-grams.
    """

    hash: NgramHash
    table: np.ndarray

    def vectors(self, words: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean vector of the n-grams of each word, and whether it has any."""
        rows, counts = self.hash.rows(list(words))
        divisors = np.maximum(counts, 1).astype(np.float32)
        return sum_rows(self.table, rows, counts) / divisors[:, None], counts > 0


def sum_rows(table: np.ndarray, rows: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the sums of rows of a table, `counts` of them each.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._vectors.ngrams import sum_rows
    >>> sum_rows(np.eye(2, dtype=np.float32), np.array([0, 1, 1]), np.array([3, 0]))
    array([[1., 2.],
           [0., 0.]], dtype=float32)
    """
    sums = np.zeros((len(counts), table.shape[1]), np.float32)
    filled = np.flatnonzero(counts)
    if len(filled):
        starts = (np.cumsum(counts) - counts)[filled]
        sums[filled] = np.add.reduceat(table[rows], starts, axis=0)
    return sums
