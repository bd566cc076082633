"""Texts that continue a prompt, in parallel, each token drawn from the model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from sklearn_rnn._language.continuation import Continuation
from sklearn_rnn._language.reader import BOUNDARY_ID, Reader
from sklearn_rnn._language.sampling import Uniforms, draw, next_token_probs
from sklearn_rnn._training.process_state import side_by_side

# From scores, the samples that they are of, and the number of the step, to the next tokens.
Choose = Callable[[np.ndarray, np.ndarray, int], np.ndarray]

# Samples that are computed together. The groups, and so the texts, are the same on any number of
# threads.
_N_IN_GROUP = 32
# Steps between which an interrupt is noticed.
_N_STEPS = 16


def draw_texts(
    text: Continuation,
    reader: Reader,
    state: Any,
    seeds: np.ndarray,
    *,
    max_new_tokens: int,
    **settings: Any,
) -> list[Continuation]:
    """Return a text for each seed, drawn on the threads of `prediction_workers`.

    Parameters
    ----------
    text : Continuation
        An empty text.
    reader : Reader
        The model.
    state : object
        Its state after the prompt.
    seeds : ndarray of int of shape (n_samples,)
        The seeds of the random numbers.
    max_new_tokens : int
        Largest number of tokens of a text.
    **settings
        See `make_choose`.

    Returns
    -------
    texts : list of Continuation
    """
    texts = [text.copy() for _ in seeds]
    groups = [slice(i, i + _N_IN_GROUP) for i in range(0, len(seeds), _N_IN_GROUP)]
    chooses = [make_choose(seeds[group], **settings) for group in groups]
    run_side_by_side(
        grow(texts[group], reader, state, choose, max_new_tokens=max_new_tokens)
        for group, choose in zip(groups, chooses, strict=True)
    )
    return texts


def make_choose(
    seeds: np.ndarray, *, temperature: float, top_k: int | None, top_p: float | None
) -> Choose:
    """Return the function that chooses the next token of each sample.

    Parameters
    ----------
    seeds : ndarray of int of shape (n_samples,)
        The seeds of the random numbers, which ``temperature=0`` does not need: it takes the most
        likely token.
    temperature, top_k, top_p : float, int or None, float or None
        See `next_token_probs`.
    """
    uniforms = Uniforms(seeds)

    def choose(scores: np.ndarray, samples: np.ndarray, step: int) -> np.ndarray:
        probs = next_token_probs(scores, temperature=temperature, top_k=top_k, top_p=top_p)
        return draw(probs, uniforms.at(step, samples))

    return choose if temperature else _most_likely


def grow(
    texts: list[Continuation], reader: Reader, state: Any, choose: Choose, *, max_new_tokens: int
) -> Iterator[None]:
    """Add a token to each text with each step of the iterator, until all have ended.

    Texts that have ended cost no more time.

    Parameters
    ----------
    texts : list of Continuation
        The texts.
    reader : Reader
        The model.
    state : object
        Its state after the prompt.
    choose : callable
        Chooses the next token of each text.
    max_new_tokens : int
        Largest number of tokens of a text.
    """
    running = np.arange(len(texts))
    state = reader.select(state, np.zeros(len(texts), np.int64))
    for step in range(max_new_tokens):
        ids = choose(reader.scores(state), running, step)
        goes_on = ids != BOUNDARY_ID
        for place, (sample, id_) in enumerate(zip(running.tolist(), ids.tolist(), strict=True)):
            if goes_on[place]:
                texts[sample].add(id_)
                goes_on[place] = not texts[sample].is_stopped
        yield
        if not goes_on.any() or step == max_new_tokens - 1:
            return
        if not goes_on.all():
            rows = np.flatnonzero(goes_on)
            running, ids, state = running[rows], ids[rows], reader.select(state, rows)
        state = reader.step(state, ids)


def run_side_by_side(growths: Iterable[Iterator[None]]) -> None:
    """Run iterators to their ends, on the threads of `prediction_workers`."""
    running = list(growths)
    while running:
        go_on = side_by_side(_advance, running)
        running = [growth for growth, goes_on in zip(running, go_on, strict=True) if goes_on]


def _advance(growth: Iterator[None]) -> bool:
    """Take some steps, and return whether there may be more."""
    return len(list(islice(growth, _N_STEPS))) == _N_STEPS


def _most_likely(scores: np.ndarray, samples: np.ndarray, step: int) -> np.ndarray:
    return scores.argmax(axis=1)
