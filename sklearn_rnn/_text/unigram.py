"""A unigram model of subwords (Kudo, 2018), learned deterministically.

The trainer of `tokenizers` gives another model in each run. This one starts with the tokens of byte
pair encoding instead of all frequent substrings, and otherwise follows Kudo: expected counts by the
forward-backward algorithm, and the tokens that matter least to the likelihood are dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise

import numpy as np
from scipy.special import digamma

# What stays when tokens are dropped, how often counts are expected before, and the count of a byte
# that does not occur.
_SHARE_KEPT = 0.6
_N_EXPECTATIONS = 2
_LEAST_COUNT = 0.1


def fit_unigram(
    pieces: Mapping[str, int], tokens: Sequence[str], vocab_size: int
) -> dict[str, float]:
    """Choose tokens and their log probabilities.

    Parameters
    ----------
    pieces : mapping of str to int
        How often each piece occurs.
    tokens : sequence of str
        The candidates. Those of one character are kept.
    vocab_size : int
        Largest number of tokens to keep.

    Returns
    -------
    scores : dict of str to float
        The log probability of each token.

    Examples
    --------
    >>> from sklearn_rnn._text.unigram import fit_unigram
    >>> scores = fit_unigram({"low": 5, "slow": 1}, ["l", "o", "s", "w", "lo", "low", "slow"], 5)
    >>> sorted(scores, key=scores.get, reverse=True)
    ['low', 's', 'l', 'o', 'w']
    """
    ids = {token: id_ for id_, token in enumerate(tokens)}
    texts = sorted(pieces)
    lattice = Lattice(texts, ids)
    of_tokens = Lattice(tokens, ids)
    weights = np.array([pieces[text] for text in texts], dtype=float)
    is_kept = np.ones(len(tokens), dtype=bool)
    must_stay = np.array([len(token) == 1 for token in tokens])
    # To start with, whatever is longer is likelier than its parts.
    scores = np.full(len(tokens), -np.log(len(tokens)))
    while True:
        for _ in range(_N_EXPECTATIONS):
            counts = lattice.expected_counts(scores, weights)
            scores = _log_probabilities(counts, is_kept)
        surplus = is_kept.sum() - max(vocab_size, must_stay.sum())
        if surplus <= 0:
            return {tokens[id_]: float(scores[id_]) for id_ in np.flatnonzero(is_kept).tolist()}
        # Without a token, its text is spelled by others.
        droppable = np.flatnonzero(is_kept & ~must_stay)
        others = of_tokens.best_scores(scores, but=np.arange(len(tokens)))
        losses = (counts * np.where(is_kept, scores, 0.0))[droppable]
        losses -= counts[droppable] * others[droppable]
        n_dropped = min(surplus, int(np.ceil((1 - _SHARE_KEPT) * len(droppable))))
        is_kept[droppable[np.argsort(losses, kind="stable")[:n_dropped]]] = False
        scores[~is_kept] = -np.inf


class Lattice:
    """All ways to split texts into tokens: an edge for each place where a token can be.

    Parameters
    ----------
    texts : sequence of str
        The texts.
    ids : mapping of str to int
        The id of each token.
    """

    def __init__(self, texts: Sequence[str], ids: Mapping[str, int]):
        longest = max(map(len, ids))
        edges = []
        self.starts: np.ndarray = np.array([0, *accumulate(len(text) + 1 for text in texts)])
        for row, text in enumerate(texts):
            node = int(self.starts[row])
            for start in range(len(text)):
                for stop in range(start + 1, min(start + longest, len(text)) + 1):
                    id_ = ids.get(text[start:stop])
                    if id_ is not None:
                        edges.append((node + start, node + stop, id_, row, stop, start))
        self.sources, self.targets, self.ids, self.rows, stops, starts = (
            np.array(edges, np.int64).reshape(-1, 6).T
        )
        self.by_stop = _groups(stops)
        self.by_start = _groups(starts)[::-1]

    def expected_counts(self, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return how often each token occurs, over all ways to split each text."""
        at_edges = scores[self.ids]
        before = np.full(self.starts[-1], -np.inf)
        after = before.copy()
        before[self.starts[:-1]] = after[self.starts[1:] - 1] = 0.0
        for group in self.by_stop:
            values = before[self.sources[group]] + at_edges[group]
            np.logaddexp.at(before, self.targets[group], values)
        for group in self.by_start:
            values = after[self.targets[group]] + at_edges[group]
            np.logaddexp.at(after, self.sources[group], values)
        whole = before[self.starts[1:] - 1]
        shares = before[self.sources] + at_edges + after[self.targets] - whole[self.rows]
        return np.bincount(self.ids, np.exp(shares) * weights[self.rows], len(scores))

    def best_scores(self, scores: np.ndarray, *, but: np.ndarray) -> np.ndarray:
        """Return the score of the best way to split each text, without one token for each."""
        at_edges = np.where(self.ids == but[self.rows], -np.inf, scores[self.ids])
        best = np.full(self.starts[-1], -np.inf)
        best[self.starts[:-1]] = 0.0
        for group in self.by_stop:
            values = best[self.sources[group]] + at_edges[group]
            np.maximum.at(best, self.targets[group], values)
        return best[self.starts[1:] - 1]


def _log_probabilities(counts: np.ndarray, is_kept: np.ndarray) -> np.ndarray:
    """Return scores with a prior that makes rare tokens even rarer, as Kudo's trainer does."""
    counts = np.maximum(counts, _LEAST_COUNT)
    return np.where(is_kept, digamma(counts) - digamma(counts[is_kept].sum()), -np.inf)


def _groups(values: np.ndarray) -> list[np.ndarray]:
    """Return the places of each value, from the smallest on."""
    order = np.argsort(values, kind="stable")
    bounds = [0, *(np.flatnonzero(np.diff(values[order])) + 1).tolist(), len(values)]
    return [order[start:stop] for start, stop in pairwise(bounds)]
