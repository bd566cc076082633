"""A budget of time for training, in which measurements do not count."""

from contextlib import contextmanager
from math import cos, pi
from time import perf_counter


class Budget:
    """Seconds of training, the learning rate over them, and when to measure.

    Parameters
    ----------
    seconds : float
        Time for training.
    every : float
        Seconds of training between two measurements. The last one is at the end.
    clock : callable, default=time.perf_counter
        Tells the time.
    warm_up : float, default=0.1
        Share of the time in which the learning rate rises; then it falls along half a cosine.
    """

    def __init__(self, seconds, every, clock=perf_counter, warm_up=0.1):
        self.seconds, self.every, self.clock, self.warm_up = seconds, every, clock, warm_up
        self.n_tokens = 0
        self.paused = 0.0
        self.n_measured = 0
        self.started = None

    def spent(self):
        """Return the seconds of training so far; the first call starts the clock."""
        now = self.clock()
        if self.started is None:
            self.started = now
        return now - self.started - self.paused

    def count(self, n_tokens):
        """Count the tokens of a step."""
        self.n_tokens += n_tokens

    def rate(self):
        """Return what to multiply the learning rate by, at this time."""
        share = min(1.0, self.spent() / self.seconds)
        if share < self.warm_up:
            return share / self.warm_up
        return (1 + cos(pi * (share - self.warm_up) / (1 - self.warm_up))) / 2

    def is_spent(self):
        """Return whether training is to end."""
        return self.spent() >= self.seconds

    def is_due(self):
        """Return whether to measure."""
        return self.is_spent() or self.spent() >= self.every * (self.n_measured + 1)

    @contextmanager
    def pause(self):
        """Stop the clock while measuring."""
        start = self.clock()
        self.n_measured += 1
        yield
        self.paused += self.clock() - start
