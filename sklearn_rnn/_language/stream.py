"""A language model that learns on, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from sklearn_rnn._language.data import BOUNDARY_ID, documents_to_data, stream_to_data
from sklearn_rnn._language.fit_net import resolve_training_length
from sklearn_rnn._language.make_net import make_net
from sklearn_rnn._language.net import LanguageNet
from sklearn_rnn._language.texts import Texts
from sklearn_rnn._text.vocabulary import UNKNOWN_ID
from sklearn_rnn._training.growth import grow_decoders, grow_embeddings
from sklearn_rnn._training.make_net import TrainingPlan
from sklearn_rnn._training.make_network import count_ids
from sklearn_rnn._training.one_pass import trained_in_stream
from sklearn_rnn._training.start_embedding import (
    STREAM_TOKENS_TO_WARN,
    find_start,
    n_found,
)
from sklearn_rnn._training.stream import Stream, begin_chunk, start_stream


@contextmanager
def trained_on_texts(
    estimator: Any, texts: Texts, n_labels: int, vectorizer: Any, *, documents: bool
) -> Iterator[tuple[LanguageNet, list]]:
    """Make one pass over a chunk; what fails in here or in the block undoes all of it.

    Parameters
    ----------
    estimator : estimator instance
        Whose parameters say how, and whose `net_` goes on, if it has one.
    texts : Texts
        The chunk, checked.
    n_labels : int
        Number of labels of documents, 0 for none.
    vectorizer : transformer or None
        What made the token ids.
    documents : bool
        Whether the texts are documents, or one stream.

    Yields
    ------
    net : LanguageNet
        The trained net: that of the estimator, or a new one.
    epochs : list of dict
        What its history says of the chunk.
    """
    previous = estimator.net_.module_ if hasattr(estimator, "net_") else None
    stream, device = begin_chunk(estimator, lambda: _start_stream(estimator, previous))
    start = find_start(
        estimator,
        stream.embedding,
        texts.X,
        vectorizer,
        stream.found,
        n_to_warn=STREAM_TOKENS_TO_WARN,
    )
    known = 0 if previous is None else previous.embedding.table.num_embeddings
    n_ids = max(known, count_ids(texts.X, vectorizer, known), n_found(start))
    batch_size, _ = resolve_training_length(estimator, texts.X, documents=documents)
    if documents:
        data = documents_to_data(texts.X, n_ids, texts.labels)
    else:
        data = stream_to_data(texts.X, n_ids, batch_size)

    def open_net() -> LanguageNet:
        plan = TrainingPlan(
            device=device,
            batch_size=batch_size,
            max_epochs=1,
            n_steps=data.n_tokens,
            order_seed=stream.order_seed,
            lr_schedule="constant",
            unit="token",
        )
        return make_net(estimator, known or n_ids, n_labels, plan, previous, start)

    def grow(net: LanguageNet) -> Stream:
        net.set_params(batch_size=batch_size)
        for group in net.optimizer_.param_groups:
            group["lr"] = estimator.lr
        grow_embeddings(net.module_, net.optimizer_, n_ids, stream.room, start)
        grow_decoders(net.module_, net.optimizer_, n_ids, stream.room)
        grown = replace(stream, lr=estimator.lr, n_chunks=stream.n_chunks + 1)
        if start is None:
            return replace(grown, embedding=None)
        return replace(grown, embedding=start.embedding, found=start.found)

    ids = np.union1d(data.tokens, [BOUNDARY_ID, UNKNOWN_ID])
    with trained_in_stream(
        estimator, data, ids, seed=stream.seed, device=device, open_net=open_net, grow=grow
    ) as trained:
        yield trained


def _start_stream(estimator: Any, previous: Any) -> Stream:
    """Return a new stream; `fit` does not remember where it looked words up."""
    stream = start_stream(estimator)
    return stream if previous is not None else replace(stream, embedding=estimator.embedding)
