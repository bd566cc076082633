"""A language model that a test can compute by hand: a Markov chain in NumPy."""

import numpy as np


class MarkovReader:
    """Reads token after token, and knows only the last `order` of them.

    Parameters
    ----------
    table : ndarray of shape (n_ids, ..., n_ids)
        Logits of the next token, after the tokens that the other axes stand for.
    """

    def __init__(self, table):
        self.table = np.asarray(table)
        self.order = self.table.ndim - 1
        self.starts, self.steps = 0, []

    def start(self, ids):
        self.starts += 1
        context = [0] * self.order + list(ids)
        return np.array([context[-self.order :]])

    def scores(self, state):
        return self.table[tuple(state.T)]

    def step(self, state, ids):
        self.steps.append(len(ids))
        return np.concatenate([state[:, 1:], np.asarray(ids)[:, None]], axis=1)

    def select(self, state, texts):
        return state[texts]


def random_reader(n_ids, order=1, seed=0, spread=2.0):
    rng = np.random.default_rng(seed)
    return MarkovReader(spread * rng.standard_normal((n_ids,) * (order + 1)))


def log_softmax(scores):
    return scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))
