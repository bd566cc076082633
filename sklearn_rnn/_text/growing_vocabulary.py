"""A vocabulary learned in chunks: known tokens keep their ids, new ones get the next ids."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from numbers import Integral

import numpy as np

from sklearn_rnn._text.vocabulary import FIRST_ID, UNKNOWN_ID, Vocabulary, document_counts

# Tokens that are counted while they wait to reach `min_df`. Most tokens of a long stream occur
# once; beyond this number the rarest are forgotten.
MAX_WAITING_TOKENS = 2**19


@dataclass(frozen=True)
class GrowingVocabulary:
    """Known tokens, and counts of those that are not frequent enough yet.

    It never changes: `grow` returns another one, so that a failure in between costs nothing.

    Parameters
    ----------
    ids : dict of str to int
        The id of every known token, from 2 on.
    n_documents : int
        Number of documents counted.
    known_df : ndarray of int64 of shape (n_known,)
        In how many of them each known token occurred.
    waiting_df : dict of str to int
        The same for the tokens that occurred in fewer than `min_df`.

    Examples
    --------
    >>> from sklearn_rnn._text.growing_vocabulary import GrowingVocabulary
    >>> from sklearn_rnn._text.vocabulary import index_tokens
    >>> vocabulary = GrowingVocabulary()
    >>> for chunk in ["to be", "or not"], ["not to be"]:
    ...     vocabulary = vocabulary.grow(*index_tokens(chunk, str.split), min_df=2)
    >>> vocabulary.ids
    {'not': 2, 'to': 3, 'be': 4}
    """

    ids: dict[str, int] = field(default_factory=dict)
    n_documents: int = 0
    known_df: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    waiting_df: dict[str, int] = field(default_factory=dict)

    @classmethod
    def from_ids(cls, ids: dict[str, int]) -> GrowingVocabulary:
        """Continue from a vocabulary whose documents were not counted."""
        return cls(ids, known_df=np.zeros(len(ids), np.int64))

    def grow(
        self,
        tokens: list[str],
        occurrences: np.ndarray,
        lengths: np.ndarray,
        *,
        min_df: float = 1,
        max_features: int | None = None,
    ) -> GrowingVocabulary:
        """Return the vocabulary after a chunk of documents.

        Parameters
        ----------
        tokens, occurrences, lengths : list of str, two ndarrays of int
            The chunk in the form that `index_tokens` gives it.
        min_df : int or float
            Number or fraction of the documents from which on a token is known.
        max_features : int or None, default=None
            Largest number of known tokens: the first that reach `min_df`.
        """
        n_documents = self.n_documents + len(lengths)
        df = document_counts(occurrences, lengths, len(tokens))
        ids = Vocabulary(self.ids).lookup(tokens)
        is_known = ids != UNKNOWN_ID
        known_df = self.known_df.copy()
        known_df[ids[is_known] - FIRST_ID] += df[is_known]
        grown = replace(self, n_documents=n_documents, known_df=known_df)
        n_free = math.inf if max_features is None else max_features - len(self.ids)
        if n_free <= 0:
            return replace(grown, waiting_df={})

        others = np.flatnonzero(~is_known)
        before = np.array([self.waiting_df.get(tokens[i], 0) for i in others], dtype=np.int64)
        low = max(1, min_df if isinstance(min_df, Integral) else math.ceil(min_df * n_documents))
        arrives = before + df[others] >= low
        arrived = others[arrives]
        # At least one: a threshold that was lowered may have been reached before.
        needed = np.maximum(low - before[arrives], 1)
        order = np.argsort(_arrivals(occurrences, lengths, arrived, needed))
        arrived = arrived[order][: None if max_features is None else n_free]
        waiting_df = self._count_waiting(tokens, df, others[~arrives], arrived)
        if not len(arrived):
            return replace(grown, waiting_df=waiting_df)
        first = FIRST_ID + len(self.ids)
        new = {tokens[i]: first + n for n, i in enumerate(arrived.tolist())}
        return GrowingVocabulary(
            {**self.ids, **new},
            n_documents,
            np.concatenate([known_df, (before + df[others])[np.searchsorted(others, arrived)]]),
            waiting_df if len(new) < n_free else {},
        )

    def too_frequent(self, max_df: float) -> np.ndarray:
        """Return the ids of the tokens in more documents than `max_df`, ascending."""
        high = max_df if isinstance(max_df, Integral) else max_df * self.n_documents
        return FIRST_ID + np.flatnonzero(self.known_df > high)

    def _count_waiting(
        self, tokens: list[str], df: np.ndarray, waiting: np.ndarray, arrived: np.ndarray
    ) -> dict[str, int]:
        if not len(waiting) and not self.waiting_df:
            return {}
        counts = dict(self.waiting_df)
        for i in waiting.tolist():
            token = tokens[i]
            counts[token] = counts.get(token, 0) + int(df[i])
        for i in arrived.tolist():
            counts.pop(tokens[i], None)
        return _forget_rarest(counts)


def _arrivals(
    occurrences: np.ndarray, lengths: np.ndarray, tokens: np.ndarray, needed: np.ndarray
) -> np.ndarray:
    """Return where in the chunk each token, ascending, reaches the document count it needs."""
    if not len(tokens):
        return tokens
    is_wanted = np.zeros(occurrences.max() + 1, bool)
    is_wanted[tokens] = True
    places = np.flatnonzero(is_wanted[occurrences])
    places = places[np.argsort(occurrences[places], kind="stable")]
    documents = np.repeat(np.arange(len(lengths)), lengths)[places]
    found = occurrences[places]
    is_first = (np.diff(found, prepend=-1) != 0) | (np.diff(documents, prepend=-1) != 0)
    places, found = places[is_first], found[is_first]
    return places[np.searchsorted(found, tokens) + needed - 1]


def _forget_rarest(counts: dict[str, int]) -> dict[str, int]:
    """Return at most half as many waiting tokens as allowed, if there are too many."""
    if len(counts) <= MAX_WAITING_TOKENS:
        return counts
    df = np.fromiter(counts.values(), np.int64, len(counts))
    last = len(df) - MAX_WAITING_TOKENS // 2
    bound = np.partition(df, last)[last]
    return {token: n for token, n in counts.items() if n > bound}
