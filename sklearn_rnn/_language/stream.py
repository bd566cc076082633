"""A language model that learns on, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from sklearn_rnn._language.data import BOUNDARY_ID, documents_to_data, stream_to_data
from sklearn_rnn._language.fit_net import resolve_training_length
from sklearn_rnn._language.make_net import make_net
from sklearn_rnn._language.net import LanguageNet
from sklearn_rnn._language.texts import Texts
from sklearn_rnn._text.vocabulary import UNKNOWN_ID
from sklearn_rnn._training.growth import grow_decoders
from sklearn_rnn._training.one_pass import trained_in_stream
from sklearn_rnn._training.stream import Stream
from sklearn_rnn._training.token_stream import open_chunk


@contextmanager
def trained_on_texts(
    estimator: Any, texts: Texts, n_labels: int, vectorizer: Any, *, documents: bool
) -> Iterator[tuple[LanguageNet, list]]:
    """Make one pass over a chunk; a failure in here or in the block undoes all of it.

    Parameters
    ----------
    estimator : estimator instance
        Its parameters say how, and its `net_` is trained further, if it has one.
    texts : Texts
        The chunk, checked.
    n_labels : int
        Number of labels of documents, 0 for none.
    vectorizer : transformer or None
        The vectorizer that made the token ids.
    documents : bool
        Whether the texts are documents, or one stream.

    Yields
    ------
    net : LanguageNet
        The trained net: that of the estimator, or a new one.
    epochs : list of dict
        What its history says about the chunk.
    """
    previous = estimator.net_.module_ if hasattr(estimator, "net_") else None
    # `fit` does not remember where it looked words up.
    chunk = open_chunk(
        estimator, texts.X, vectorizer, estimator.embedding if previous is None else None
    )
    n_ids = chunk.n_ids
    batch_size, _ = resolve_training_length(estimator, texts.X, documents=documents)
    if documents:
        data = documents_to_data(texts.X, n_ids, texts.labels)
    else:
        data = stream_to_data(texts.X, n_ids, batch_size)

    def open_net() -> LanguageNet:
        plan = chunk.plan(batch_size, n_steps=data.n_tokens, unit="token")
        return make_net(estimator, chunk.n_known or n_ids, n_labels, plan, previous, chunk.start)

    def grow(net: LanguageNet) -> Stream:
        net.set_params(batch_size=batch_size)
        grown = chunk.grow(net)
        grow_decoders(net.module_, net.optimizer_, n_ids, grown.room)
        return grown

    ids = np.union1d(data.tokens, [BOUNDARY_ID, UNKNOWN_ID])
    with trained_in_stream(
        estimator,
        data,
        ids,
        seed=chunk.stream.seed,
        device=chunk.device,
        open_net=open_net,
        grow=grow,
    ) as trained:
        yield trained
