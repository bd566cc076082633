"""From the scores of all tokens to the next token: sharpen, cut and draw.

Scores are logarithms of probabilities, up to a constant in each row. The parameters mean what they
mean in Hugging Face's transformers, and are applied in the same order: repetition penalty,
temperature, `top_k`, `top_p`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import check_random_state

# Random numbers drawn at a time for a sample.
_N_DRAWN = 256
# Largest score after a penalty. Sums of many are still finite.
_LARGEST = 1e300
# Tokens that are sorted at first for `top_p`.
_N_LIKELY = 256


def penalize_repetition(scores: np.ndarray, seen: np.ndarray, penalty: float) -> np.ndarray:
    """Make tokens less likely that the text already contains (Keskar et al., 2019).

    Parameters
    ----------
    scores : ndarray of float of shape (n_texts, n_ids)
        The scores.
    seen : ndarray of bool of shape (n_texts, n_ids)
        Which tokens the texts contain.
    penalty : float
        Positive scores of these tokens are divided by it, and negative ones multiplied.

    Returns
    -------
    scores : ndarray of float of shape (n_texts, n_ids)

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._language.sampling import penalize_repetition
    >>> penalize_repetition(np.array([[3.0, 3.0, -1.0]]), np.array([[True, False, True]]), 2.0)
    array([[ 1.5,  3. , -2. ]])
    """
    with np.errstate(over="ignore", divide="ignore"):
        penalized = np.where(scores > 0, scores / penalty, scores * penalty)
    # All possible tokens may have been seen, and then some score must be finite.
    return np.where(seen, penalized.clip(-_LARGEST, _LARGEST), scores)


def next_token_probs(
    scores: np.ndarray,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> np.ndarray:
    """Return the probabilities from which the next token is drawn.

    Parameters
    ----------
    scores : ndarray of float of shape (n_texts, n_ids)
        The scores, -inf for impossible tokens. Each row has a finite score.
    temperature : float, default=1.0
        Positive number that the scores are divided by.
    top_k : int or None, default=None
        Only this many tokens with the highest scores are kept, and those that tie with the last.
    top_p : float or None, default=None
        Only the most likely tokens are kept, as few as have at least this probability together.

    Returns
    -------
    probs : ndarray of float64 of shape (n_texts, n_ids)
        Each row sums to 1.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._language.sampling import next_token_probs
    >>> scores = np.log([[0.5, 0.3, 0.2]])
    >>> next_token_probs(scores, top_k=2)
    array([[0.625, 0.375, 0.   ]])
    >>> next_token_probs(scores, top_p=0.4)
    array([[1., 0., 0.]])
    """
    if top_k is not None and top_k < scores.shape[1]:
        last = np.partition(scores, -top_k, axis=1)[:, [-top_k]]
        scores = np.where(scores < last, -np.inf, scores)
    # The maximum goes before the division, so that no temperature makes a score overflow.
    probs = np.subtract(scores, scores.max(axis=1, keepdims=True), dtype=np.float64)
    if temperature != 1:
        with np.errstate(over="ignore"):
            # PyTorch may make the processor read subnormal numbers as zero.
            probs /= max(temperature, np.finfo(np.float64).tiny)
    np.exp(probs, out=probs)
    if top_p is not None and top_p < 1:
        probs = _keep_top_p(probs, top_p)
    probs /= probs.sum(axis=1, keepdims=True)
    return probs


def draw(probs: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
    """Return a token for each row, by the inverse of its cumulative distribution.

    Parameters
    ----------
    probs : ndarray of float64 of shape (n_texts, n_ids)
        Probabilities of the tokens, or numbers proportional to them.
    uniforms : ndarray of float64 of shape (n_texts,)
        A number for each row, at least 0 and less than 1.

    Returns
    -------
    ids : ndarray of int64 of shape (n_texts,)

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._language.sampling import draw
    >>> draw(np.array([[0.5, 0.5], [0.5, 0.5]]), np.array([0.49, 0.5]))
    array([0, 1])
    """
    cumulative = probs.cumsum(axis=1)
    return (cumulative <= uniforms[:, None] * cumulative[:, -1:]).sum(axis=1)


def draw_seeds(random_state: Any, n_samples: int) -> np.ndarray:
    """Return a seed for each sample; the first ones are the same for any number of samples.

    Parameters
    ----------
    random_state : int, Generator, RandomState or None
        The source of the seeds.
    n_samples : int
        The number of samples.

    Returns
    -------
    seeds : ndarray of int of shape (n_samples,)
    """
    if isinstance(random_state, np.random.Generator):
        return random_state.integers(2**63, size=n_samples)
    return check_random_state(random_state).randint(2**31, size=n_samples)


class Uniforms:
    """Random numbers for samples, each with a generator of its own.

    So a sample does not depend on how many others there are, or on when these end.

    Parameters
    ----------
    seeds : ndarray of int of shape (n_samples,)
        The seed of each, see `draw_seeds`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._language.sampling import Uniforms, draw_seeds
    >>> three, one = Uniforms(draw_seeds(0, 3)), Uniforms(draw_seeds(0, 1))
    >>> bool(three.at(5, np.array([0, 2]))[0] == one.at(5, np.array([0]))[0])
    True
    """

    def __init__(self, seeds: np.ndarray) -> None:
        self._generators = [np.random.default_rng(seed) for seed in seeds]
        self._drawn = np.empty((len(seeds), _N_DRAWN))
        self._n_blocks = 0

    def at(self, step: int, samples: np.ndarray) -> np.ndarray:
        """Return the number of each of these samples at a step, which never decreases."""
        block, column = divmod(step, _N_DRAWN)
        while self._n_blocks <= block:
            for generator, row in zip(self._generators, self._drawn, strict=True):
                generator.random(out=row)
            self._n_blocks += 1
        return self._drawn[samples, column]


def _keep_top_p(weights: np.ndarray, top_p: float) -> np.ndarray:
    """Return numbers proportional to probabilities, 0 for those that `top_p` cuts."""
    n_ids, n_likely = weights.shape[1], _N_LIKELY
    needed = top_p * weights.sum(axis=1, keepdims=True)
    # Few tokens of a large vocabulary stay, and to sort all others would take most of the time.
    while n_likely < n_ids:
        ids = np.argpartition(weights, -n_likely, axis=1)[:, -n_likely:]
        likely = np.take_along_axis(weights, ids, axis=1)
        if (likely.sum(axis=1, keepdims=True) >= needed).all():
            break
        n_likely *= 8
    else:
        ids, likely = np.broadcast_to(np.arange(n_ids), weights.shape), weights
    order = np.argsort(-likely, axis=1, kind="stable")
    ids, likely = (np.take_along_axis(each, order, axis=1) for each in (ids, likely))
    # A token stays while those before it have less than `top_p`; so the first one always does.
    likely[:, 1:][likely.cumsum(axis=1)[:, :-1] >= needed] = 0
    kept = np.zeros_like(weights)
    np.put_along_axis(kept, ids, likely, axis=1)
    return kept
