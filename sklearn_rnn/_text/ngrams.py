"""Which words and word pairs a corpus holds, and how rare they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Protocol, Self, TypeVar

import numpy as np
from scipy.sparse import csr_array

from sklearn_rnn._text.sequences import sequence_lengths
from sklearn_rnn._text.vocabulary import UNKNOWN_ID


class _Keys(Protocol):
    """Arithmetic of whole numbers that arrays of NumPy and tensors of torch share."""

    def __len__(self) -> int: ...

    def __add__(self, other: Any, /) -> Self: ...

    def __mul__(self, other: Any, /) -> Self: ...

    def __floordiv__(self, other: Any, /) -> Self: ...

    def __mod__(self, other: Any, /) -> Self: ...


Pairs = TypeVar("Pairs", bound=_Keys)

MIN_CHUNK_TOKENS = 2**18

# Pairs that are counted at a time. Most pairs of a large corpus occur once; beyond this number the
# rarest are forgotten, so that the counts take less memory than the corpus.
MAX_COUNTED_PAIRS = 2**22


@dataclass
class NGrams:
    """The words and the word pairs to know, with their inverse document frequencies.

    Parameters
    ----------
    word_idf : ndarray of float32 of shape (n_ids,)
        By token id.
    pairs : ndarray of int64 of shape (n_pairs,)
        Ascending; the pair of ids `a` and `b` is `a * n_ids + b`.
    pair_idf : ndarray of float32 of shape (n_pairs,)
        In the order of `pairs`.
    """

    word_idf: np.ndarray
    pairs: np.ndarray
    pair_idf: np.ndarray


def count_ngrams(
    X: csr_array, n_ids: int, *, min_df: int = 2, max_pairs: int | None = None
) -> NGrams:
    """Find the word pairs of a corpus, and the inverse document frequencies.

    They are smoothed as in :class:`sklearn.feature_extraction.text.TfidfTransformer`.

    Parameters
    ----------
    X : csr_array of int32 of shape (n_documents, n_positions)
        Token ids, as `check_sequences` returns them.
    n_ids : int
        Number of token ids, all of `X` below it.
    min_df : int, default=2
        In how many documents a pair must stand. What stands in one document alone says nothing of
        others. Where a corpus holds several millions of pairs, rarer ones may be missing (lossy
        counting, Manku and Motwani, 2002).
    max_pairs : int, default=None
        How many pairs to know at most, those in the most documents. None knows all.

    Returns
    -------
    ngrams : NGrams
        Pairs with the unknown token are left out.

    Examples
    --------
    >>> from sklearn_rnn._text.ngrams import count_ngrams
    >>> from sklearn_rnn._text.sequences import check_sequences
    >>> ngrams = count_ngrams(check_sequences([[2, 3, 4], [2, 3, 0]]), n_ids=5)
    >>> ngrams.pairs  # 2 before 3
    array([13])
    >>> ngrams.word_idf.round(2)
    array([2.1 , 2.1 , 1.  , 1.  , 1.41], dtype=float32)
    """
    return NGramCounts().add(X, n_ids).ngrams(min_df=min_df, max_pairs=max_pairs)


@dataclass(frozen=True)
class NGramCounts:
    """In how many documents words and word pairs stand, counted in any number of steps.

    It never changes: `add` returns another one.

    Parameters
    ----------
    n_documents : int
        Number of documents counted.
    word_df : ndarray of int64 of shape (n_ids,)
        By token id.
    pairs : ndarray of int64 of shape (n_pairs,)
        Ascending; the pair of ids `a` and `b` is `a * n_ids + b`.
    pair_df : ndarray of int64 of shape (n_pairs,)
        In the order of `pairs`.

    Examples
    --------
    >>> from sklearn_rnn._text.ngrams import NGramCounts
    >>> from sklearn_rnn._text.sequences import check_sequences
    >>> counts = NGramCounts().add(check_sequences([[2, 3]]), n_ids=4)
    >>> counts = counts.add(check_sequences([[2, 3, 4]]), n_ids=5)
    >>> counts.pairs, counts.pair_df  # 2 before 3, and 3 before 4
    (array([13, 19]), array([2, 1]))
    """

    n_documents: int = 0
    word_df: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    pairs: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    pair_df: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    @classmethod
    def from_ngrams(cls, ngrams: NGrams) -> NGramCounts:
        """Return the counts behind inverse frequencies, as far as float32 tells them."""
        # Padding stands in no document, so its inverse frequency tells their number.
        n_documents = np.rint(np.exp(ngrams.word_idf[0].astype(np.float64) - 1) - 1)
        return cls(
            int(n_documents),
            _frequency(ngrams.word_idf, n_documents),
            ngrams.pairs,
            _frequency(ngrams.pair_idf, n_documents),
        )

    def add(self, X: csr_array, n_ids: int) -> NGramCounts:
        """Return the counts with those of more documents.

        Parameters
        ----------
        X : csr_array of int32 of shape (n_documents, n_positions)
            Token ids, as `check_sequences` returns them.
        n_ids : int
            Number of token ids, all of `X` below it, and no less than before.
        """
        word_df = np.concatenate([self.word_df, np.zeros(n_ids - len(self.word_df), np.int64)])
        pairs, pair_df = renumber_pairs(self.pairs, len(self.word_df), n_ids), self.pair_df
        for chunk in split_by_tokens(X):
            tokens = chunk.data.astype(np.int64)
            documents = np.repeat(np.arange(chunk.shape[0]), sequence_lengths(chunk))
            words, df = _document_frequencies(tokens, documents)
            word_df[words] += df
            more = _document_frequencies(*find_pairs(tokens, documents, n_ids))
            pairs, pair_df = _forget_rarest(*_add_frequencies((pairs, pair_df), more))
        return NGramCounts(self.n_documents + X.shape[0], word_df, pairs, pair_df)

    def ngrams(self, *, min_df: int = 2, max_pairs: int | None = None) -> NGrams:
        """Return what is worth knowing, see `count_ngrams`."""
        kept = np.flatnonzero(self.pair_df >= min_df)
        if max_pairs is not None and len(kept) > max_pairs:
            most_frequent = np.argsort(-self.pair_df[kept], kind="stable")[:max_pairs]
            kept = kept[np.sort(most_frequent)]
        return NGrams(
            _inverse_frequency(self.word_df, self.n_documents),
            self.pairs[kept],
            _inverse_frequency(self.pair_df[kept], self.n_documents),
        )


def renumber_pairs(pairs: Pairs, n_ids: int, n_ids_after: int) -> Pairs:
    """Return the keys of pairs when the number of ids has changed; their order stays.

    They may be in any kind of array, tensors of torch among them.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._text.ngrams import renumber_pairs
    >>> renumber_pairs(np.array([2 * 4 + 3]), 4, 10)
    array([23])
    """
    if n_ids == n_ids_after or not len(pairs):
        return pairs
    return pairs // n_ids * n_ids_after + pairs % n_ids


def split_by_tokens(X: csr_array) -> Iterator[csr_array]:
    """Cut the documents into chunks of a 64th of all tokens, since counting takes some arrays."""
    n_tokens = max(MIN_CHUNK_TOKENS, X.nnz // 64)
    cuts = np.searchsorted(X.indptr, np.arange(n_tokens, X.nnz, n_tokens))
    for first, stop in pairwise(np.unique([0, *cuts, X.shape[0]]).tolist()):
        yield X[first:stop]


def find_pairs(
    tokens: np.ndarray, documents: np.ndarray, n_ids: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs of adjacent known words as keys, and the document of each."""
    known = tokens != UNKNOWN_ID
    are_pair = (documents[1:] == documents[:-1]) & known[1:] & known[:-1]
    keys = tokens[:-1] * n_ids + tokens[1:]
    return keys[are_pair], documents[1:][are_pair]


def _document_frequencies(keys: np.ndarray, documents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the keys that occur, ascending, and in how many documents each does.

    The documents must be ascending.
    """
    # Stable, so that a key's places in one document stand side by side. np.unique takes several
    # times as long.
    order = np.argsort(keys, kind="stable")
    keys, documents = keys[order], documents[order]
    is_new = (np.diff(keys, prepend=-1) != 0) | (np.diff(documents, prepend=-1) != 0)
    keys = keys[is_new]
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    return keys[starts], np.diff(starts, append=len(keys))


def _add_frequencies(
    first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the keys of both, ascending, and the sums of their frequencies."""
    keys, frequencies = map(np.concatenate, zip(first, second, strict=True))
    if not len(first[0]) or not len(second[0]):
        return keys, frequencies
    order = np.argsort(keys, kind="stable")  # linear, since both come sorted
    keys = keys[order]
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    return keys[starts], np.add.reduceat(frequencies[order], starts)


def _forget_rarest(keys: np.ndarray, frequencies: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return at most half as many pairs as may be counted at a time, where there are more."""
    if len(keys) <= MAX_COUNTED_PAIRS:
        return keys, frequencies
    last = len(keys) - MAX_COUNTED_PAIRS // 2
    kept = frequencies > np.partition(frequencies, last)[last]
    return keys[kept], frequencies[kept]


def _inverse_frequency(df: np.ndarray, n_documents: int) -> np.ndarray:
    return (np.log((1 + n_documents) / (1 + df)) + 1).astype(np.float32)


def _frequency(idf: np.ndarray, n_documents: int) -> np.ndarray:
    return np.rint((1 + n_documents) / np.exp(idf.astype(np.float64) - 1) - 1).astype(np.int64)
