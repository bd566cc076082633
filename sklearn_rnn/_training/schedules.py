"""Learning-rate schedules by name: functions of the step and the number of steps."""

from __future__ import annotations

import math
from collections.abc import Callable


def constant(step: int, n_steps: int) -> float:
    """Return 1 at every step."""
    return 1.0


def linear(step: int, n_steps: int) -> float:
    """Fall in a straight line from 1 to 0."""
    return 1 - step / n_steps


def cosine(step: float, n_steps: float) -> float:
    """Fall from 1 to 0 along half a cosine (Loshchilov and Hutter, 2017)."""
    return (1 + math.cos(math.pi * step / n_steps)) / 2


def one_cycle(step: int, n_steps: int, warm_up: float = 0.25) -> float:
    """Rise to 1 in the first quarter and fall to 0 after it (Smith and Topin, 2018).

    Both ways along half a cosine, starting at a twenty-fifth.

    Examples
    --------
    >>> from sklearn_rnn._training.schedules import one_cycle
    >>> [round(one_cycle(step, 100), 2) for step in (0, 25, 50, 99)]
    [0.04, 1.0, 0.75, 0.0]
    """
    peak = warm_up * n_steps
    if step < peak:
        return 1 - (1 - 1 / 25) * cosine(step, peak)
    return cosine(step - peak, n_steps - peak)


SCHEDULES: dict[str, Callable[[int, int], float]] = {
    "onecycle": one_cycle,
    "cosine": cosine,
    "linear": linear,
    "constant": constant,
}
