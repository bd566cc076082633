"""Predictions of a network in as few steps as possible."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from sklearn_rnn._training.batches import MAX_BATCH_TOKENS, SequenceDataset
from sklearn_rnn._training.process_state import count_side_by_side, side_by_side
from sklearn_rnn.modules._inference import make_predictor

# Tokens of a part from which on a second thread gains more than it takes to start.
MIN_PART_TOKENS = 2048


def predict_by_kernel(function: Callable, dataset: SequenceDataset) -> np.ndarray | None:
    """Return the outputs for documents, computed by one call of a kernel for many of them.

    Parameters
    ----------
    function : callable
        A network, or one of its methods.
    dataset : SequenceDataset
        The documents.

    Returns
    -------
    outputs : ndarray of float32 of shape (n_documents, n_outputs) or None
        None if only the modules can compute them, see `make_predictor`.
    """
    predictor = make_predictor(function)
    if predictor is None:
        return None
    outputs = np.empty((len(dataset), predictor.n_outputs), np.float32)

    def write(rows):
        predictor(rows, dataset.starts, dataset.lengths, dataset.tokens, outputs)

    n_threads = count_side_by_side()
    parts = cut_into_parts(dataset.lengths, n_threads)
    if n_threads == 1 or len(parts) == 1:
        for rows in parts:
            write(rows)
    else:
        side_by_side(write, parts)
    return outputs


def cut_into_parts(lengths: np.ndarray, n_threads: int) -> list[np.ndarray]:
    """Return the rows of documents to compute together, longest first.

    Documents of similar length form a part for each thread, all of equal size. The tokens that a
    thread computes at once are bounded, except for single documents that are longer.

    Parameters
    ----------
    lengths : ndarray of int64 of shape (n_documents,)
        Numbers of tokens.
    n_threads : int
        The number of threads.

    Returns
    -------
    parts : list of ndarrays of int64

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._training.predict import cut_into_parts
    >>> cut_into_parts(np.array([2, 6000, 5000, 1]), n_threads=2)
    [array([1, 0]), array([2, 3])]
    """
    order = np.argsort(-lengths, kind="stable")
    ends = np.cumsum(lengths[order])
    n_tokens = MAX_BATCH_TOKENS * n_threads
    cuts = np.searchsorted(ends, np.arange(n_tokens, ends[-1], n_tokens))
    bounds = np.unique([0, *cuts, len(order)]).tolist()
    parts = []
    for first, stop in pairwise(bounds):
        rows = order[first:stop]
        n_parts = n_threads if lengths[rows].sum() >= 2 * MIN_PART_TOKENS else 1
        parts += [rows[i::n_parts] for i in range(min(n_parts, len(rows)))]
    return parts
