"""Texts that go on from a prompt, side by side, each token drawn from the model."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from sklearn_rnn._language.continuation import Continuation
from sklearn_rnn._language.reader import BOUNDARY_ID, Reader
from sklearn_rnn._language.sampling import Uniforms, draw, next_token_probs

# From scores, the samples that they are of, and the number of the step, to the next tokens.
Choose = Callable[[np.ndarray, np.ndarray, int], np.ndarray]


def make_choose(
    uniforms: Uniforms, *, temperature: float, top_k: int | None, top_p: float | None
) -> Choose:
    """Return what chooses the next token of each sample.

    Parameters
    ----------
    uniforms : Uniforms
        The random numbers, which ``temperature=0`` does not need: it takes the most likely token.
    temperature, top_k, top_p : float, int or None, float or None
        See `next_token_probs`.
    """

    def choose(scores: np.ndarray, samples: np.ndarray, step: int) -> np.ndarray:
        probs = next_token_probs(scores, temperature=temperature, top_k=top_k, top_p=top_p)
        return draw(probs, uniforms.at(step, samples))

    return choose if temperature else _most_likely


def grow(
    texts: list[Continuation],
    reader: Reader,
    prompt: np.ndarray,
    choose: Choose,
    *,
    max_new_tokens: int,
) -> Iterator[None]:
    """Let texts grow by a token each with each step of the iterator, until all have ended.

    The prompt is read once, and a text that has ended costs nothing any more.

    Parameters
    ----------
    texts : list of Continuation
        The texts.
    reader : Reader
        The model.
    prompt : ndarray of int of shape (n_tokens,)
        The tokens that all of them go on from.
    choose : callable
        Chooses the next token of each.
    max_new_tokens : int
        How many tokens a text gets at most.
    """
    running = np.arange(len(texts))
    state = reader.select(reader.start(prompt), np.zeros(len(texts), np.int64))
    for step in range(max_new_tokens):
        ids = choose(reader.scores(state), running, step)
        goes_on = ids != BOUNDARY_ID
        for place in np.flatnonzero(goes_on):
            text = texts[running[place]]
            text.add(int(ids[place]))
            goes_on[place] = not text.is_stopped
        yield
        if not goes_on.any() or step == max_new_tokens - 1:
            return
        if not goes_on.all():
            rows = np.flatnonzero(goes_on)
            running, ids, state = running[rows], ids[rows], reader.select(state, rows)
        state = reader.step(state, ids)


def _most_likely(scores: np.ndarray, samples: np.ndarray, step: int) -> np.ndarray:
    return scores.argmax(axis=1)
