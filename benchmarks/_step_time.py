"""A model of how long a training step takes, what processes exchange in it, and what ids occupy.

The time of a step is a sum of amounts of work, each times the seconds that one unit of it takes on
a machine. The amounts follow from the network and the documents; the seconds are fitted to epochs
that were measured. Every function here is arithmetic: nothing is trained.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, log2

import numpy as np
from scipy.optimize import nnls

# What a step does, in the order in which `Network.work` returns it.
WORK = ("step", "document", "token", "token and unit", "multiplication", "row of the embedding")
MAX_INT32 = 2**31 - 1
MAX_PAIRS = 2**22  # that the wide path knows


@dataclass(frozen=True)
class Network:
    """A classifier with attention and the mean embedding, as the defaults build it.

    `n_gates` is 4 for an LSTM, 3 for a GRU and 1 for a plain cell.
    """

    n_words: int
    n_outputs: int = 3
    embedding_dim: int = 100
    hidden_size: int = 64
    num_layers: int = 1
    n_directions: int = 2
    n_gates: int = 4

    @property
    def n_states(self):
        """Features of a state, of both directions."""
        return self.n_directions * self.hidden_size

    def n_dense(self):
        """Return the number of weights outside the tables of words and word pairs."""
        n_inputs, n_rows = self.embedding_dim, self.n_gates * self.hidden_size
        layers = 0
        for _ in range(self.num_layers):
            layers += self.n_directions * n_rows * (n_inputs + self.hidden_size + 2)
            n_inputs = self.n_states
        attention = self.n_states * (self.n_states + 1) + self.n_states
        head = (self.n_states + self.embedding_dim + 1) * self.n_outputs
        return layers + attention + head + self.n_outputs  # the wide path has a bias of its own

    def multiplications(self, n_tokens, n_distinct):
        """Return the multiplications of a step: the outputs and the gradients of both factors.

        The first layer multiplies the vector of each distinct word once, whatever its occurrences.
        """
        n_rows = self.n_directions * self.n_gates * self.hidden_size
        of_word = n_rows * self.embedding_dim
        of_token = self.num_layers * n_rows * self.hidden_size + self.n_states**2
        of_token += (self.num_layers - 1) * n_rows * self.n_states
        return 3 * (n_distinct * of_word + n_tokens * of_token)

    def work(self, n_documents, length):
        """Return the amounts of work of a step over documents of a mean length."""
        n_tokens = n_documents * length
        n_distinct = distinct_words(n_tokens, self.n_words)
        return np.array(
            [
                1,
                n_documents,
                n_tokens,
                n_tokens * self.num_layers * self.n_states,
                self.multiplications(n_tokens, n_distinct),
                n_distinct * self.embedding_dim,
            ]
        )

    def bytes_of_step(self, n_documents, length):
        """Return how many bytes the gradients of a step take, rows of the tables as rows.

        A row comes with its number. Each token brings at most one known pair to the wide path.
        """
        n_tokens = n_documents * length
        n_distinct = distinct_words(n_tokens, self.n_words)
        of_tables = n_distinct * (4 * self.embedding_dim + 8)
        of_wide = (n_distinct + min(n_tokens, MAX_PAIRS)) * (4 * self.n_outputs + 8)
        return 4 * self.n_dense() + of_tables + of_wide


@lru_cache(maxsize=256)
def distinct_words(n_tokens, n_words):
    """Return how many distinct words are expected among tokens that follow Zipf's law."""
    ranks = np.arange(1, n_words + 1)
    return -np.expm1(-n_tokens / (ranks * np.sum(1 / ranks))).sum()


def fit_seconds(work, seconds):
    """Return the seconds of a unit of each kind of work, none negative.

    Relative errors count, so that short steps weigh as much as long ones.
    """
    work, seconds = np.asarray(work, float), np.asarray(seconds, float)
    found, _ = nnls(work / seconds[:, None], np.ones(len(seconds)))
    return found


def gather_seconds(n_bytes, n_processes, latency, bandwidth):
    """Return how long it takes until each process has the gradients of all others, a ring."""
    return (n_processes - 1) * (latency + n_bytes / bandwidth)


def tree_seconds(n_bytes, n_processes, latency, bandwidth):
    """Return how long gradients take up a binary tree of processes and their sum back down."""
    return 2 * ceil(log2(n_processes)) * (latency + n_bytes / bandwidth)


def id_bytes(n_documents, n_tokens):
    """Return the bytes of a matrix of token ids, and of what training keeps for each document.

    Beyond 2^31 - 1 tokens scipy needs 8 bytes for the column of a token, and not 4.
    """
    index = 4 if n_tokens <= MAX_INT32 else 8
    matrix = n_tokens * (4 + index) + (n_documents + 1) * index
    return matrix, n_documents * (8 + 8 + 8 + 4)  # start, length, label, weight
