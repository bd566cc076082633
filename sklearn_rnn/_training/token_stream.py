"""A chunk of a stream of tokens: what to know before training on it, and room for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from scipy.sparse import csr_array

from sklearn_rnn._training.growth import grow_embeddings
from sklearn_rnn._training.make_net import TrainingPlan
from sklearn_rnn._training.make_network import count_ids
from sklearn_rnn._training.start_embedding import StartVectors, n_found
from sklearn_rnn._training.stream import (
    Stream,
    begin_chunk,
    find_stream_start,
    start_stream,
    stream_after,
)


@dataclass(frozen=True)
class OpenChunk:
    """A chunk from which a tagger or a language model is about to learn.

    Parameters
    ----------
    estimator : estimator instance
        Its parameters say how.
    stream : Stream
        The stream that it continues with, or a new one.
    device : torch.device
        Where it is trained.
    start : StartVectors or None
        The vectors that its new words start from.
    n_known : int
        Number of ids that the network knows, 0 for a new one.
    n_ids : int
        Number of ids after the chunk.
    """

    estimator: Any
    stream: Stream
    device: torch.device
    start: StartVectors | None
    n_known: int
    n_ids: int

    def plan(self, batch_size: int, *, n_steps: int = 1, unit: str = "doc") -> TrainingPlan:
        """Return the training of a new net."""
        return TrainingPlan(
            device=self.device,
            batch_size=batch_size,
            max_epochs=1,
            n_steps=n_steps,
            order_seed=self.stream.order_seed,
            lr_schedule="constant",
            unit=unit,
        )

    def grow(self, net: Any) -> Stream:
        """Make a net learn at the current rate, with room for new ids; return the next stream."""
        for group in net.optimizer_.param_groups:
            group["lr"] *= self.estimator.lr / self.stream.lr
        grow_embeddings(net.module_, net.optimizer_, self.n_ids, self.stream.room, self.start)
        return stream_after(self.stream, self.estimator, self.start)


def open_chunk(estimator: Any, X: csr_array, vectorizer: Any, embedding: Any) -> OpenChunk:
    """Return what to know about a chunk.

    Parameters
    ----------
    estimator : estimator instance
        Its `net_` is trained further, if it has one.
    X : csr_array of int32 of shape (n_documents, n_positions)
        The chunk.
    vectorizer : transformer or None
        The vectorizer that made it.
    embedding : object
        Where a new stream looks up words, None for nowhere.
    """
    fitted = getattr(estimator, "net_", None)
    stream, device = begin_chunk(estimator, lambda: start_stream(estimator, embedding))
    start = find_stream_start(estimator, stream, X, vectorizer, fitted)
    n_known = 0 if fitted is None else fitted.module_.embedding.table.num_embeddings
    n_ids = max(n_known, count_ids(X, vectorizer, n_known), n_found(start))
    return OpenChunk(estimator, stream, device, start, n_known, n_ids)
