"""Which words, word pairs and triples a corpus contains, and how rare they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from sklearn_rnn._text.sequences import sequence_lengths
from sklearn_rnn._text.vocabulary import UNKNOWN_ID

MIN_CHUNK_TOKENS = 2**18

# The key of a triple has three ids in one int64.
MAX_IDS_OF_TRIPLES = 2**21 - 1

# Pairs, and triples, that are counted at a time. Most pairs of a large corpus occur once; beyond
# this number the rarest are forgotten, so that the counts take less memory than the corpus.
MAX_COUNTED_PAIRS = 2**22


@dataclass
class NGrams:
    """The known words, pairs and triples, with their inverse document frequencies.

    Each has a number: a word its id, and the pair at place `i` is `n_ids + i`. A triple is the pair
    of a pair and the word after it.

    Parameters
    ----------
    word_idf : ndarray of float32 of shape (n_ids,)
        By token id.
    pairs : ndarray of int64 of shape (n_pairs,)
        Ascending; the pair of number `a` and the word `b` is `a * n_ids + b`.
    pair_idf : ndarray of float32 of shape (n_pairs,)
        In the order of `pairs`.
    """

    word_idf: np.ndarray
    pairs: np.ndarray
    pair_idf: np.ndarray

    @property
    def has_triples(self) -> bool:
        """Whether there are triples among the pairs."""
        return has_triples(self.pairs, len(self.word_idf))


def count_ngrams(
    X: csr_array, n_ids: int, *, longest: int = 2, min_df: int = 2, max_pairs: int | None = None
) -> NGrams:
    """Find the word pairs and triples of a corpus, and the inverse document frequencies.

    They are smoothed as in :class:`sklearn.feature_extraction.text.TfidfTransformer`.

    Parameters
    ----------
    X : csr_array of int32 of shape (n_documents, n_positions)
        Token ids, as `check_sequences` returns them.
    n_ids : int
        Number of token ids, all of `X` below it.
    longest : {1, 2, 3}, default=2
        Largest number of words in an n-gram.
    min_df : int, default=2
        In how many documents a pair must occur. What occurs in only one document says nothing about
        others. If a corpus contains several millions of pairs, rarer ones may be missing (lossy
        counting, Manku and Motwani, 2002).
    max_pairs : int, default=None
        Largest number of pairs and triples: those in the most documents are kept. None keeps all.

    Returns
    -------
    ngrams : NGrams
        Those with the unknown token are left out.

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
    return NGramCounts(longest=longest).add(X, n_ids).ngrams(min_df=min_df, max_pairs=max_pairs)


@dataclass(frozen=True)
class NGramCounts:
    """In how many documents words, pairs and triples occur, counted in any number of steps.

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
    triples, triple_df : ndarray of int64 of shape (n_triples,)
        The same for triples: the ids `a`, `b` and `c` are `(a * n_ids + b) * n_ids + c`.
    longest : {1, 2, 3}, default=2
        Largest number of words in an n-gram.

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
    triples: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    triple_df: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    longest: int = 2

    @classmethod
    def from_ngrams(cls, ngrams: NGrams, longest: int = 2) -> NGramCounts:
        """Return the counts from inverse frequencies, as far as float32 allows."""
        # Padding occurs in no document, so its inverse frequency gives their number.
        n_documents = np.rint(np.exp(ngrams.word_idf[0].astype(np.float64) - 1) - 1)
        n_ids = len(ngrams.word_idf)
        first, last = np.divmod(ngrams.pairs, n_ids)
        n_pairs = int(np.searchsorted(first, n_ids))
        df = _frequency(ngrams.pair_idf, n_documents)
        return cls(
            int(n_documents),
            _frequency(ngrams.word_idf, n_documents),
            ngrams.pairs[:n_pairs],
            df[:n_pairs],
            ngrams.pairs[first[n_pairs:] - n_ids] * n_ids + last[n_pairs:],
            df[n_pairs:],
            longest,
        )

    def add(self, X: csr_array, n_ids: int) -> NGramCounts:
        """Return the counts with those of more documents.

        Parameters
        ----------
        X : csr_array of int32 of shape (n_documents, n_positions)
            Token ids, as `check_sequences` returns them.
        n_ids : int
            Number of token ids, all of `X` below it, and not less than before.
        """
        if self.longest > 2 and n_ids > MAX_IDS_OF_TRIPLES:
            raise ValueError(
                f"The wide path counts triples of at most {MAX_IDS_OF_TRIPLES:,} different tokens. "
                f"Got {n_ids:,}. Set wide_ngrams=2, or lower the vectorizer's max_features."
            )
        n_before = len(self.word_df)
        word_df = np.concatenate([self.word_df, np.zeros(n_ids - n_before, np.int64)])
        pairs = renumber_pairs(self.pairs, n_before, n_ids), self.pair_df
        triples = self.triples, self.triple_df
        if len(self.triples):
            first, last = np.divmod(self.triples, n_before)
            triples = renumber_pairs(first, n_before, n_ids) * n_ids + last, self.triple_df
        for chunk in split_by_tokens(X):
            tokens = chunk.data.astype(np.int64)
            documents = np.repeat(np.arange(chunk.shape[0]), sequence_lengths(chunk))
            words, df = _document_frequencies(tokens, documents)
            word_df[words] += df
            if self.longest > 1:
                more = _document_frequencies(*find_pairs(tokens, documents, n_ids))
                pairs = _forget_rarest(*_add_frequencies(pairs, more))
            if self.longest > 2:
                more = _document_frequencies(*_find_triples(tokens, documents, n_ids))
                triples = _forget_rarest(*_add_frequencies(triples, more))
        n_documents = self.n_documents + X.shape[0]
        return NGramCounts(n_documents, word_df, *pairs, *triples, self.longest)

    def ngrams(self, *, min_df: int = 2, max_pairs: int | None = None) -> NGrams:
        """Return the n-grams that are worth knowing, see `count_ngrams`."""
        n_ids, n_pairs = len(self.word_df), len(self.pairs)
        df = np.concatenate([self.pair_df, self.triple_df])
        kept = np.flatnonzero(df >= min_df)
        if max_pairs is not None and len(kept) > max_pairs:
            # Of equal frequency the pairs come first, so that no triple is left without its pair.
            most_frequent = np.argsort(-df[kept], kind="stable")[:max_pairs]
            kept = kept[np.sort(most_frequent)]
        pairs, triples = self.pairs[kept[kept < n_pairs]], kept[kept >= n_pairs]
        if len(triples):
            first, last = np.divmod(self.triples[triples - n_pairs], n_ids)
            place = np.searchsorted(pairs, first)
            is_known = np.append(pairs, -1)[place] == first  # not if its pair was forgotten
            kept = np.concatenate([kept[kept < n_pairs], triples[is_known]])
            pairs = np.concatenate([pairs, ((n_ids + place) * n_ids + last)[is_known]])
        return NGrams(
            _inverse_frequency(self.word_df, self.n_documents),
            pairs,
            _inverse_frequency(df[kept], self.n_documents),
        )


def renumber_pairs(pairs: np.ndarray, n_ids: int, n_ids_after: int) -> np.ndarray:
    """Return the keys of pairs of words when the number of ids has changed; their order stays.

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


def has_triples(pairs: Any, n_ids: int) -> bool:
    """Tell whether some of ascending pairs, in an array or a tensor, begin with a pair."""
    return len(pairs) > 0 and bool(pairs[-1] // n_ids >= n_ids)


def split_by_tokens(X: csr_array) -> Iterator[csr_array]:
    """Cut the documents into chunks of a 64th of all tokens, because counting takes memory."""
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


def _find_triples(
    tokens: np.ndarray, documents: np.ndarray, n_ids: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the triples of adjacent known words as keys, and the document of each."""
    known = tokens != UNKNOWN_ID
    are_triple = (documents[2:] == documents[:-2]) & known[2:] & known[1:-1] & known[:-2]
    keys = (tokens[:-2] * n_ids + tokens[1:-1]) * n_ids + tokens[2:]
    return keys[are_triple], documents[2:][are_triple]


def find_rows(
    tokens: np.ndarray, documents: np.ndarray, ngrams: NGrams
) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of all known words, pairs and triples, and the document of each.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._text.ngrams import NGrams, find_rows
    >>> pairs = np.array([2 * 4 + 3, (4 + 0) * 4 + 2])  # 2 before 3, and both before 2
    >>> ngrams = NGrams(np.ones(4), pairs, np.ones(2))
    >>> find_rows(np.array([2, 3, 2]), np.array([0, 0, 0]), ngrams)
    (array([2, 3, 2, 4, 5]), array([0, 0, 0, 0, 0]))
    """
    n_ids = len(ngrams.word_idf)
    known = (tokens != UNKNOWN_ID) & (tokens < n_ids)
    row = np.where(known, tokens, -1)
    found, where = [row[known]], [documents[known]]
    for _ in range(1 + ngrams.has_triples):
        # `row` is that of the n-gram that ends at a place, -1 for none.
        keys = row[:-1] * n_ids + tokens[1:]
        place = np.searchsorted(ngrams.pairs, keys)
        is_known = np.append(ngrams.pairs, -1)[place] == keys
        is_known &= (row[:-1] >= 0) & known[1:] & (documents[1:] == documents[:-1])
        row = np.full_like(tokens, -1)
        row[1:][is_known] = n_ids + place[is_known]
        found.append(row[row >= 0])
        where.append(documents[row >= 0])
    return np.concatenate(found), np.concatenate(where)


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
    """Return at most half as many pairs as may be counted at a time, if there are more."""
    if len(keys) <= MAX_COUNTED_PAIRS:
        return keys, frequencies
    last = len(keys) - MAX_COUNTED_PAIRS // 2
    kept = frequencies > np.partition(frequencies, last)[last]
    return keys[kept], frequencies[kept]


def _inverse_frequency(df: np.ndarray, n_documents: int) -> np.ndarray:
    return (np.log((1 + n_documents) / (1 + df)) + 1).astype(np.float32)


def _frequency(idf: np.ndarray, n_documents: int) -> np.ndarray:
    return np.rint((1 + n_documents) / np.exp(idf.astype(np.float64) - 1) - 1).astype(np.int64)
