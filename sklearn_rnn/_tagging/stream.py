"""A tagger that learns on, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from sklearn_rnn._tagging.fit_net import TaggedSentences, resolve_training_length
from sklearn_rnn._tagging.make_net import make_net
from sklearn_rnn._tagging.net import TaggingNet
from sklearn_rnn._text.vocabulary import FIRST_ID, UNKNOWN_ID
from sklearn_rnn._training.embedding_source import AUTO
from sklearn_rnn._training.growth import freeze_embeddings, grow_embeddings, grow_table
from sklearn_rnn._training.make_net import TrainingPlan
from sklearn_rnn._training.make_network import count_ids
from sklearn_rnn._training.one_pass import trained_in_stream
from sklearn_rnn._training.settings import resolve_frozen_epochs
from sklearn_rnn._training.start_embedding import StartVectors, find_start, n_found
from sklearn_rnn._training.stream import Stream, begin_chunk, start_stream


@contextmanager
def trained_on_sentences(
    estimator: Any,
    chunk: TaggedSentences,
    learned: dict,
    tag_weight: np.ndarray | None,
    vectorizer: Any,
) -> Iterator[tuple[TaggingNet, list, StartVectors | None]]:
    """Make one pass over a chunk; what fails in here or in the block undoes all of it.

    Parameters
    ----------
    estimator : estimator instance
        Whose parameters say how, and whose `net_` goes on, if it has one.
    chunk : TaggedSentences
        The chunk, checked.
    learned : dict
        What is known of tags and characters, those of the chunk included.
    tag_weight : ndarray of shape (n_classes,) or None
        The weight of each tag.
    vectorizer : transformer or None
        What made the token ids.

    Yields
    ------
    net : TaggingNet
        The trained net: that of the estimator, or a new one.
    epochs : list of dict
        What its history says of the chunk.
    start : StartVectors or None
        The vectors that the new words of the chunk start from.
    """
    previous = estimator.net_.module_ if hasattr(estimator, "net_") else None
    X = chunk.sentences.X
    stream, device = begin_chunk(estimator, lambda: _start_stream(estimator, previous))
    start = find_start(estimator, stream.embedding, X, vectorizer, stream.found)
    known = 0 if previous is None else previous.embedding.table.num_embeddings
    n_ids = max(known, count_ids(X, vectorizer, known), n_found(start))
    by_sentence, by_tag = (tag_weight, None) if estimator.crf else (None, tag_weight)
    data = chunk.to_data(learned["characters_"], by_sentence, mean_weight=1)
    batch_size, _ = resolve_training_length(estimator, data)

    def open_net() -> TaggingNet:
        plan = TrainingPlan(
            device=device,
            batch_size=batch_size,
            max_epochs=1,
            n_steps=1,
            order_seed=stream.order_seed,
            lr_schedule="constant",
        )
        known_before = learned if previous is None else vars(estimator)
        return make_net(
            estimator,
            {**learned, "characters_": known_before["characters_"]},
            known or n_ids,
            plan,
            tag_weight=by_tag,
            previous=previous,
            start=start,
            max_length=int(data.lengths.max()),
        )

    def grow(net: TaggingNet) -> Stream:
        for group in net.optimizer_.param_groups:
            group["lr"] = estimator.lr
        module, optimizer = net.module_, net.optimizer_
        source = None if start is None else start.source
        freeze_embeddings(module, stream.n_chunks < resolve_frozen_epochs(estimator, source))
        grow_embeddings(module, optimizer, n_ids, stream.room, start)
        if module.spelling is not None:
            n_characters, n_known = FIRST_ID + len(learned["characters_"]), module.spelling.n_known
            grow_table(module.spelling, "spelling", optimizer, n_characters, stream.room)
            module.spelling.reset_rows(n_known)
        grown = replace(stream, lr=estimator.lr, n_chunks=stream.n_chunks + 1)
        if start is None:
            return replace(grown, embedding=None)
        return replace(grown, embedding=start.embedding, found=start.found)

    ids = np.union1d(data.tokens, [UNKNOWN_ID])
    with trained_in_stream(
        estimator, data, ids, seed=stream.seed, device=device, open_net=open_net, grow=grow
    ) as (net, epochs):
        yield net, epochs, start


def _start_stream(estimator: Any, previous: Any) -> Stream:
    """Return a new stream, which looks words up where `fit` did."""
    embedding = estimator.embedding
    if previous is not None:
        source = estimator.embedding_source_
        is_auto = isinstance(embedding, str) and embedding == AUTO
        embedding = source if source is None or is_auto else embedding
    return replace(start_stream(estimator), embedding=embedding)
