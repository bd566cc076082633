"""Beam search for the most likely targets of many sources at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from sklearn_rnn._language.data import BOUNDARY_ID
from sklearn_rnn._text.vocabulary import UNKNOWN_ID
from sklearn_rnn.modules import TranslationNetwork
from sklearn_rnn.modules._source import Memory


class Found(NamedTuple):
    """A target that was found.

    Parameters
    ----------
    ids : ndarray of int64 of shape (n_tokens,)
        Its tokens, without the end.
    attended : ndarray of int64 of shape (n_tokens,)
        Which position of the source had the most attention at each of them.
    score : float
        The logarithm of its probability, divided by a power of its length.
    """

    ids: np.ndarray
    attended: np.ndarray
    score: float


class _Beams(NamedTuple):
    """Targets that are being written, those of a source next to each other.

    Parameters
    ----------
    sources : ndarray of int64 of shape (n_beams,)
        The source of each, ascending.
    log_probs : ndarray of float64 of shape (n_beams,)
        The log-probability of each so far.
    ids, attended : ndarray of int64 of shape (n_beams, n_tokens)
        What was written, and which position of the source had the most attention then.
    """

    sources: np.ndarray
    log_probs: np.ndarray
    ids: np.ndarray
    attended: np.ndarray

    def select(self, beams: np.ndarray) -> _Beams:
        """Return some of them."""
        return _Beams(*(part[beams] for part in self))


def beam_search(
    network: TranslationNetwork,
    memory: Memory,
    *,
    beam_size: int,
    length_penalty: float,
    max_new_tokens: int,
    writes_unknown: bool,
) -> list[list[Found]]:
    """Search for the most likely targets of sources.

    A target that has ended keeps its place among the beams of its source (Sutskever, Vinyals and
    Le, 2014). So one beam is greedy search, and no target is dropped after it was found.

    Parameters
    ----------
    network : TranslationNetwork
        In evaluation mode.
    memory : Memory
        The encoded sources.
    beam_size : int
        Number of targets of a source that are kept at each step, and found if possible.
    length_penalty : float
        Targets are ranked by the logarithm of their probability, divided by their number of tokens
        to the power of this. The end of a target counts as a token.
    max_new_tokens : int
        Largest number of tokens of a target.
    writes_unknown : bool
        Whether the unknown token may be written.

    Returns
    -------
    found : list of list of Found
        The targets of each source, the best one first.
    """
    n_sources = len(memory.values)
    found: list[list[Found]] = [[] for _ in range(n_sources)]
    n_open = np.full(n_sources, beam_size)
    nothing = np.zeros((n_sources, 0), np.int64)
    beams = _Beams(np.arange(n_sources), np.zeros(n_sources), nothing, nothing)
    in_memory = np.arange(n_sources)
    writing = network.begin(memory)
    for n_tokens in range(1, max_new_tokens + 1):
        log_probs, ids = _next_tokens(network, writing.hidden, beam_size, writes_unknown)
        totals = beams.log_probs[:, None] + log_probs
        parents, columns = _best(totals, beams.sources, n_open)
        attended = writing.weights.argmax(1).numpy(force=True)
        beams = _Beams(
            beams.sources[parents],
            totals[parents, columns],
            np.column_stack([beams.ids[parents], ids[parents, columns]]),
            np.column_stack([beams.attended[parents], attended[parents]]),
        )
        has_ended = beams.ids[:, -1] == BOUNDARY_ID
        stops = has_ended | (n_tokens == max_new_tokens)
        for row in np.flatnonzero(stops):
            length = n_tokens - int(has_ended[row])
            score = float(beams.log_probs[row] / _power(n_tokens, length_penalty))
            ended = Found(beams.ids[row, :length], beams.attended[row, :length], score)
            found[beams.sources[row]].append(ended)
            n_open[beams.sources[row]] -= 1
        if stops.all():
            break
        goes_on = np.flatnonzero(~stops)
        beams, parents = beams.select(goes_on), parents[goes_on]
        sources = np.unique(beams.sources)
        if len(sources) < len(in_memory):  # those that are done cost nothing any more
            memory = memory.select(_tensor(np.searchsorted(in_memory, sources), memory))
            in_memory = sources
        writing = network.step(
            _tensor(beams.ids[:, -1], memory),
            writing.select(_tensor(parents, memory)),
            memory,
            _tensor(np.searchsorted(in_memory, beams.sources), memory),
        )
    if not all(found):
        raise ValueError(
            "The scores of tokens are infinite or NaN, because the weights of the network are too "
            "large. Fit it again with a lower lr, or set clip_grad_norm to a smaller number."
        )
    return [sorted(targets, key=lambda each: -each.score) for targets in found]


def _power(n_tokens: int, length_penalty: float) -> float:
    """Return a power that scores can be divided by: neither 0 nor infinite."""
    with np.errstate(over="ignore", under="ignore"):
        return float(np.clip(np.float64(n_tokens) ** length_penalty, 1e-300, 1e300))


def _next_tokens(
    network: TranslationNetwork, hidden: torch.Tensor, n_wanted: int, writes_unknown: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return the log-probabilities of the most likely next tokens of each beam, and their ids.

    They are those of the model, even if the unknown token may not be written.
    """
    log_probs = torch.log_softmax(network.decoder.logits(hidden), dim=1)
    if not writes_unknown:
        log_probs[:, UNKNOWN_ID] = -torch.inf
    best, ids = log_probs.topk(min(n_wanted, log_probs.shape[1]), dim=1)
    return best.double().numpy(force=True), ids.numpy(force=True)


def _best(
    totals: np.ndarray, sources: np.ndarray, n_open: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and columns of the largest finite numbers of each source, the largest first."""
    by_source = np.repeat(sources, totals.shape[1])
    order = np.lexsort([-totals.ravel(), by_source])
    by_source = by_source[order]
    ranks = np.arange(len(order)) - np.searchsorted(by_source, by_source)
    is_kept = (ranks < n_open[by_source]) & np.isfinite(totals.ravel()[order])
    return np.divmod(order[is_kept], totals.shape[1])


def _tensor(values: np.ndarray, memory: Memory) -> torch.Tensor:
    return torch.from_numpy(values).to(memory.values.device)
