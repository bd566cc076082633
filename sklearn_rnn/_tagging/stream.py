"""A tagger that learns on, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from sklearn_rnn._tagging.fit_net import TaggedSentences, resolve_training_length
from sklearn_rnn._tagging.make_net import make_net
from sklearn_rnn._tagging.net import TaggingNet
from sklearn_rnn._text.vocabulary import FIRST_ID, UNKNOWN_ID
from sklearn_rnn._training.growth import grow_table
from sklearn_rnn._training.language_start import LanguageSource, with_learned_shape
from sklearn_rnn._training.one_pass import trained_in_stream
from sklearn_rnn._training.start_embedding import StartVectors
from sklearn_rnn._training.stream import Stream, freeze_in_stream, where_to_look
from sklearn_rnn._training.token_stream import open_chunk


@contextmanager
def trained_on_sentences(
    estimator: Any,
    chunk: TaggedSentences,
    learned: dict,
    tag_weight: np.ndarray | None,
    vectorizer: Any,
    language: LanguageSource | None = None,
) -> Iterator[tuple[TaggingNet, list, StartVectors | None]]:
    """Make one pass over a chunk; a failure in here or in the block undoes all of it.

    Parameters
    ----------
    estimator : estimator instance
        Its parameters say how, and its `net_` is trained further, if it has one.
    chunk : TaggedSentences
        The chunk, checked.
    learned : dict
        What is known about tags and characters, those of the chunk included.
    tag_weight : ndarray of shape (n_classes,) or None
        The weight of each tag.
    vectorizer : transformer or None
        The vectorizer that made the token ids.
    language : LanguageSource, default=None
        The language models that a new network starts from.

    Yields
    ------
    net : TaggingNet
        The trained net: that of the estimator, or a new one.
    epochs : list of dict
        What its history says about the chunk.
    start : StartVectors or None
        The vectors that the new words of the chunk start from.
    """
    previous = estimator.net_.module_ if hasattr(estimator, "net_") else None
    embedding = where_to_look(estimator, getattr(estimator, "net_", None), language)
    opened = open_chunk(estimator, chunk.sentences.X, vectorizer, embedding)
    stream, start = opened.stream, opened.start
    by_sentence, by_tag = (tag_weight, None) if estimator.crf else (None, tag_weight)
    data = chunk.to_data(learned["characters_"], by_sentence, mean_weight=1)
    batch_size, _ = resolve_training_length(estimator, data)

    def open_net() -> TaggingNet:
        known_before = learned if previous is None else vars(estimator)
        return make_net(
            with_learned_shape(estimator, start, previous),
            {**learned, "characters_": known_before["characters_"]},
            opened.n_known or opened.n_ids,
            opened.plan(batch_size),
            tag_weight=by_tag,
            previous=previous,
            start=start,
            max_length=int(data.lengths.max()),
        )

    def grow(net: TaggingNet) -> Stream:
        module, optimizer = net.module_, net.optimizer_
        freeze_in_stream(module, stream, estimator, start)
        grown = opened.grow(net)
        if module.spelling is not None:
            n_characters, n_known = FIRST_ID + len(learned["characters_"]), module.spelling.n_known
            grow_table(module.spelling, "spelling", optimizer, n_characters, stream.room)
            module.spelling.reset_rows(n_known)
        return grown

    ids = np.union1d(data.tokens, [UNKNOWN_ID])
    with trained_in_stream(
        estimator,
        data,
        ids,
        seed=stream.seed,
        device=opened.device,
        open_net=open_net,
        grow=grow,
    ) as (net, epochs):
        yield net, epochs, start
