"""Beam search: the most likely texts, instead of random ones."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from sklearn_rnn._language.continuation import Continuation
from sklearn_rnn._language.generation import run_side_by_side
from sklearn_rnn._language.reader import BOUNDARY_ID, Reader


class _Hypothesis(NamedTuple):
    """A text that has ended, its log-probability, and its number of tokens."""

    text: Continuation
    log_prob: float
    n_tokens: int


def search_texts(
    text: Continuation, reader: Reader, state: Any, **settings: Any
) -> list[Continuation]:
    """Return what `beam_search` finds, on a thread of `prediction_workers`."""
    found: list[Continuation] = []
    run_side_by_side([beam_search(text, found, reader, state, **settings)])
    return found


def beam_search(
    text: Continuation,
    found: list[Continuation],
    reader: Reader,
    state: Any,
    *,
    num_beams: int,
    max_new_tokens: int,
    length_penalty: float = 1.0,
) -> Iterator[None]:
    """Search for likely texts, one token further with each step of the iterator.

    A text that has ended keeps its place among the beams (Sutskever, Vinyals and Le, 2014). So one
    beam is greedy search, and no text is dropped after it was found.

    Parameters
    ----------
    text : Continuation
        An empty text.
    found : list
        Receives the texts at the end, the best one first.
    reader : Reader
        The model.
    state : object
        Its state after the prompt.
    num_beams : int
        Number of texts that are kept at each step, and found if possible.
    max_new_tokens : int
        Largest number of tokens of a text.
    length_penalty : float, default=1.0
        Texts are ranked by the logarithm of their probability, divided by their number of tokens to
        the power of this. The end of a text counts as a token.
    """
    ended: list[_Hypothesis] = []
    beams, log_probs = [text], np.zeros(1)
    for n_tokens in range(1, max_new_tokens + 1):
        totals = log_probs[:, None] + _log_softmax(reader.scores(state))
        parents, ids = _largest(totals, num_beams - len(ended))
        log_probs, parent_beams = totals[parents, ids], beams
        beams, goes_on = [], ids != BOUNDARY_ID
        for place, (parent, id_) in enumerate(zip(parents, ids, strict=True)):
            beam = parent_beams[parent].copy()
            if goes_on[place]:
                beam.add(int(id_))
                goes_on[place] = not beam.is_stopped and n_tokens < max_new_tokens
            if goes_on[place]:
                beams.append(beam)
            else:
                ended.append(_Hypothesis(beam, log_probs[place], n_tokens))
        yield
        if not beams:
            break
        log_probs, parents, ids = log_probs[goes_on], parents[goes_on], ids[goes_on]
        state = reader.step(reader.select(state, parents), ids)
    ended.sort(key=partial(_rank, length_penalty=length_penalty))
    found += [each.text for each in ended]


def _rank(each: _Hypothesis, length_penalty: float) -> float:
    """Return the logarithm of what should be small; no penalty makes it overflow."""
    cost = -each.log_prob
    return (math.log(cost) if cost > 0 else -math.inf) - length_penalty * math.log(each.n_tokens)


def _largest(totals: np.ndarray, n_wanted: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and columns of the largest finite numbers, the largest first."""
    flat = totals.ravel()
    n_wanted = min(n_wanted, len(flat))
    # Those that tie with the last one are candidates too, so that the first of them is found.
    candidates = np.flatnonzero(flat >= np.partition(flat, -n_wanted)[-n_wanted])
    order = candidates[np.argsort(-flat[candidates], kind="stable")][:n_wanted]
    return np.divmod(order[flat[order] > -np.inf], totals.shape[1])


def _log_softmax(scores: np.ndarray) -> np.ndarray:
    scores = scores - scores.max(axis=1, keepdims=True)
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
