"""One pass over a chunk of a stream, which is undone completely if it fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from sklearn_rnn._training.fit_net import build_and_train, end_training
from sklearn_rnn._training.growth import TrainingState
from sklearn_rnn._training.net import SequenceNet
from sklearn_rnn._training.process_state import training_modes
from sklearn_rnn._training.settings import count_workers
from sklearn_rnn._training.unfinished import LearnedState, undone_unless_finished

# A stream has no end, but memory does: only this many chunks stay in the history.
N_CHUNKS_KEPT = 32


@contextmanager
def trained_in_stream(
    estimator: Any,
    chunk: Any,
    ids: np.ndarray,
    *,
    seed: int,
    device: torch.device,
    open_net: Callable[[], SequenceNet],
    grow: Callable[[SequenceNet], Any],
) -> Iterator[tuple[SequenceNet, list]]:
    """Make one pass over a data set; a failure in here or in the block undoes all of it.

    Parameters
    ----------
    estimator : estimator instance
        Its `net_` is trained further, if it is one of a stream.
    chunk : torch.utils.data.Dataset
        What to train on.
    ids : ndarray of int of shape (n_ids,)
        The token ids that it reads, each once.
    seed : int
        Seed of torch for the chunk.
    device : torch.device
        Where to train.
    open_net : callable
        Returns a net for a new stream.
    grow : callable
        Makes room in a net for what is new, and returns the `Stream` after the chunk.

    Yields
    ------
    net : SequenceNet
        The trained net.
    epochs : list of dict
        What its history says about the chunk.
    """
    ongoing = ongoing_net(estimator)
    before = _StateBefore(estimator)
    n_epochs = 0 if ongoing is None else len(ongoing.history)
    grown: Any = None

    def build() -> SequenceNet:
        nonlocal grown
        if ongoing is not None:
            net = ongoing
            before.training = TrainingState(net, ids)
        else:
            net = open_net()
        grown = grow(net)
        return net

    with training_modes(count_workers(estimator.n_jobs), device):
        with undone_unless_finished(before):
            net = build_and_train(build, (chunk, None), estimator, seed=seed, device=device)
            if net.interrupted_:
                raise KeyboardInterrupt
            end_training(net)
            net.stream_ = grown
            epochs = net.history[n_epochs:]
            yield net, epochs
            for row in epochs:
                row["batches"] = []
                row["epoch"] = net.stream_.n_chunks  # skorch counts the rows
            del net.history[:-N_CHUNKS_KEPT]


def ongoing_net(estimator: Any) -> SequenceNet | None:
    """Return the net of an estimator, if it is one of a stream."""
    net = getattr(estimator, "net_", None)
    return None if net is None or net.stream_ is None else net


class _StateBefore(LearnedState):
    """The estimator and its net as they were before a chunk."""

    training: TrainingState | None = None

    def __call__(self, *, in_child: bool = False) -> None:
        if self.training is not None:
            self.training.restore(in_child=in_child)
        super().__call__(in_child=in_child)
