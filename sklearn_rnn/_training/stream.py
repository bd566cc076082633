"""Incremental learning: what `partial_fit` keeps from chunk to chunk, and a pass over one."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import torch
from scipy.sparse import csr_array
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from torch import nn

from sklearn_rnn._targets.base import Target
from sklearn_rnn._text.ngrams import NGramCounts
from sklearn_rnn._text.sequences import sequence_lengths, sequences_from_flat
from sklearn_rnn._text.vocabulary import FIRST_ID, UNKNOWN_ID
from sklearn_rnn._training.callbacks import TrainingDivergedError
from sklearn_rnn._training.documents import Documents
from sklearn_rnn._training.embedding_source import AUTO
from sklearn_rnn._training.growth import (
    RoomToGrow,
    count_known_ids,
    find_embedding,
    find_ngrams,
    freeze_embeddings,
    grow_embeddings,
    grow_wide_path,
)
from sklearn_rnn._training.language_start import (
    LanguageSource,
    LanguageStart,
    freeze_layers,
    layers_from_the_top,
    with_learned_shape,
)
from sklearn_rnn._training.make_net import TrainingPlan, make_net, prepare_device, prepare_kernels
from sklearn_rnn._training.make_network import count_ids, max_pairs
from sklearn_rnn._training.net import SequenceNet
from sklearn_rnn._training.one_pass import ongoing_net, trained_in_stream
from sklearn_rnn._training.settings import (
    LANGUAGE_MODEL,
    STREAM_BATCH_SIZE,
    resolve_epochs,
    resolve_frozen_epochs,
    resolve_wide_ngrams,
    resolve_wide_weight,
)
from sklearn_rnn._training.start_embedding import (
    STREAM_TOKENS_TO_WARN,
    StartVectors,
    find_start,
)
from sklearn_rnn._training.start_wide_path import start_wide_path
from sklearn_rnn.modules import TokenEmbedding, WideAndDeep

# The wide path learns new words, pairs and frequencies once the documents have become so many more,
# or so many tokens have come: each time it takes as long as all that it knows.
_SHARE_TO_COUNT = 0.1
_TOKENS_TO_COUNT = 2**22


@dataclass(frozen=True)
class Stream:
    """What `partial_fit` keeps with the net from one chunk to the next.

    It never changes, except for the room to grow: each chunk makes another one.

    Parameters
    ----------
    first_seed : int
        Seed of torch for the first chunk, from which those of the others follow.
    order_seed : int
        Seed of the order of the documents.
    lr : float
        The learning rate of the last chunk.
    counts : NGramCounts
        The documents that the wide path has counted.
    waiting : list of csr_array
        Those that it has not counted yet.
    n_chunks : int
        Number of chunks.
    room : RoomToGrow
        Room after the tables.
    embedding : object
        Where new words are looked up, None for nowhere.
    found : ndarray of bool of shape (n_ids,) or None
        Which ids had a vector there. None before the first chunk.
    """

    first_seed: int
    order_seed: int
    lr: float
    counts: NGramCounts = field(default_factory=NGramCounts)
    waiting: tuple[csr_array, ...] = ()
    n_chunks: int = 0
    room: RoomToGrow = field(default_factory=RoomToGrow)
    embedding: Any = None
    found: np.ndarray | None = None

    @property
    def seed(self) -> int:
        """Seed of torch for the coming chunk."""
        if self.n_chunks == 0:
            return self.first_seed
        seeds = np.random.RandomState([self.first_seed, self.n_chunks])
        return int(seeds.randint(np.iinfo(np.int32).max))

    @property
    def n_documents(self) -> int:
        """Number of documents so far."""
        return self.counts.n_documents + sum(X.shape[0] for X in self.waiting)

    def add(self, X: csr_array, n_ids: int) -> Stream:
        """Add documents, which are counted at once or together with later ones."""
        waiting = [*self.waiting, X]
        # A part that is not far larger than the next is joined with it: of many small chunks, few
        # parts are left, and a token is seldom copied.
        while len(waiting) > 1 and waiting[-2].nnz <= 2 * waiting[-1].nnz:
            waiting[-2:] = [_joined(waiting[-2:])]
        n_documents = sum(part.shape[0] for part in waiting)
        n_tokens = sum(part.nnz for part in waiting)
        is_time = n_documents >= _SHARE_TO_COUNT * self.counts.n_documents
        if not is_time and n_tokens < _TOKENS_TO_COUNT:
            return replace(self, waiting=tuple(waiting))
        return replace(self, counts=self.counts.add(_joined(waiting), n_ids), waiting=())


def _joined(parts: Sequence[csr_array]) -> csr_array:
    """Return the documents of all parts, one below the other."""
    tokens = np.concatenate([part.data for part in parts])
    return sequences_from_flat(tokens, np.concatenate(list(map(sequence_lengths, parts))))


@contextmanager
def trained_on_chunk(
    estimator: Any,
    documents: Documents,
    target: Target,
    vectorizer: Any,
    language: LanguageSource | None = None,
) -> Iterator[tuple[SequenceNet, list, StartVectors | None]]:
    """Make one pass over a chunk; a failure in here or in the block undoes all of it.

    Parameters
    ----------
    estimator : estimator instance
        Its parameters say how, and its `net_` is trained further, if it has one.
    documents : Documents
        The chunk, checked.
    target : Target
        What is learned.
    vectorizer : transformer or None
        The vectorizer that made the token ids.
    language : LanguageSource, default=None
        The language models that a new network starts from.

    Yields
    ------
    net : SequenceNet
        The trained net: that of the estimator, or a new one.
    epochs : list of dict
        What its history says about the chunk.
    start : StartVectors or None
        The vectors that the new words of the chunk start from.
    """
    X = documents.X
    fitted: SequenceNet | None = getattr(estimator, "net_", None)

    def start_counting() -> Stream:
        longest = resolve_wide_ngrams(estimator, vectorizer, X)
        return _start_stream(estimator, fitted, language, longest)

    stream, device = begin_chunk(estimator, start_counting)
    start = find_stream_start(estimator, stream, X, vectorizer, fitted)
    chunk = documents.to_dataset(target, mean_weight=1)

    def open_net() -> SequenceNet:
        return _open_net(estimator, documents, vectorizer, target, stream, device, start)

    def grow(net: SequenceNet) -> Stream:
        return _grow(net, stream, X, vectorizer, target, estimator, start)

    ids = np.union1d(X.data, UNKNOWN_ID)
    with trained_in_stream(
        estimator, chunk, ids, seed=stream.seed, device=device, open_net=open_net, grow=grow
    ) as (net, epochs):
        yield net, epochs, start


def begin_chunk(estimator: Any, start: Callable[[], Stream]) -> tuple[Stream, torch.device]:
    """Return the stream that a chunk continues with, or a new one, and where it is trained."""
    ongoing = ongoing_net(estimator)
    if ongoing is None:
        return start(), prepare_device(estimator)
    device = torch.device(ongoing.device)
    prepare_kernels(estimator, device)  # it may come from another process
    return ongoing.stream_, device


def check_no_early_stopping(estimator: Any) -> None:
    """Refuse to learn a chunk with early stopping, which needs a validation set."""
    if estimator.early_stopping:
        raise ValueError(
            "partial_fit does not support early_stopping=True: it makes one pass over each "
            "chunk and sets no documents aside. Set early_stopping=False."
        )


@contextmanager
def skipping_a_diverged_chunk(estimator: Any, stacklevel: int) -> Iterator[None]:
    """Warn if the chunk in the block could not be learned; if it is the first, raise the error.

    One bad chunk must not end a stream: what was learned before is still good.

    Parameters
    ----------
    estimator : estimator instance
        The estimator.
    stacklevel : int
        How far up the caller of partial_fit is, as for :func:`warnings.warn`.
    """
    try:
        yield
    except TrainingDivergedError as error:
        if not hasattr(estimator, "net_"):
            raise
        warnings.warn(
            f"This chunk was not learned, and the {type(estimator).__name__} is unchanged. {error}",
            ConvergenceWarning,
            stacklevel=stacklevel,
        )


def start_stream(estimator: Any, embedding: Any = None) -> Stream:
    """Return a new stream, which looks up words in `embedding`."""
    # The same seeds as in fit, whose first is for the documents set aside.
    random_state = check_random_state(estimator.random_state)
    _, order_seed, first_seed = random_state.randint(np.iinfo(np.int32).max, size=3)
    return Stream(int(first_seed), int(order_seed), estimator.lr, embedding=embedding)


def stream_after(stream: Stream, estimator: Any, start: StartVectors | None) -> Stream:
    """Return the stream after a chunk whose new words start from these vectors."""
    embedding, found = (None, stream.found) if start is None else (start.embedding, start.found)
    n_chunks = stream.n_chunks + 1
    return replace(stream, lr=estimator.lr, n_chunks=n_chunks, embedding=embedding, found=found)


def freeze_in_stream(
    module: nn.Module, stream: Stream, estimator: Any, start: StartVectors | None
) -> None:
    """Freeze what should not learn yet in a chunk, and let everything else learn."""
    source = None if start is None else start.source
    freeze_embeddings(module, stream.n_chunks < resolve_frozen_epochs(estimator, source))
    if isinstance(start, LanguageStart) and start.directions:
        layers = list(layers_from_the_top(start.shape["num_layers"], start.directions))
        n_frozen = resolve_epochs(estimator.freeze_pretrained)
        freeze_layers(module, layers, n_frozen, stream.n_chunks)


def _start_stream(
    estimator: Any, fitted: SequenceNet | None, language: LanguageSource | None, longest: int
) -> Stream:
    """Return a stream that continues from what was fitted, or from language models."""
    ngrams = None if fitted is None else find_ngrams(fitted.module_)
    counts = NGramCounts(longest=longest)
    if ngrams is not None:
        counts = NGramCounts.from_ngrams(ngrams, longest)
    embedding = where_to_look(estimator, fitted, language)
    return replace(start_stream(estimator, embedding), counts=counts)


def where_to_look(
    estimator: Any, fitted: SequenceNet | None, language: LanguageSource | None = None
) -> Any:
    """Return where a new stream looks up words: where `fit` did, or in `language` models."""
    if fitted is None:
        return estimator.embedding if language is None else language
    source = estimator.embedding_source_
    if source == LANGUAGE_MODEL:
        known = cast("TokenEmbedding", find_embedding(fitted.module_))
        return LanguageSource((), (), {"embedding_dim": known.table.embedding_dim})
    is_auto = isinstance(estimator.embedding, str) and estimator.embedding == AUTO
    return source if source is None or is_auto else estimator.embedding


def find_stream_start(
    estimator: Any, stream: Stream, X: csr_array, vectorizer: Any, fitted: SequenceNet | None
) -> StartVectors | None:
    """Return the vectors of words that the stream has not looked up yet."""
    if isinstance(stream.embedding, LanguageSource):
        found = stream.found
        if found is None and fitted is not None:  # the first models may be gone
            found = np.arange(count_known_ids(fitted.module_) or 0) >= FIRST_ID
        return stream.embedding.start(count_ids(X, vectorizer), found)
    start = find_start(
        estimator,
        stream.embedding,
        X,
        vectorizer,
        stream.found,
        n_to_warn=STREAM_TOKENS_TO_WARN,
    )
    if start is None or fitted is None:
        return start
    known = find_embedding(fitted.module_)
    if known is not None and known.table.embedding_dim != start.n_features:
        raise ValueError(
            f"The network started from vectors of {known.table.embedding_dim} features, and new "
            f"words cannot start from others. Got an 'embedding' of {start.n_features} features. "
            "Set it back, or to None for random ones."
        )
    return start


def _open_net(
    estimator: Any,
    documents: Documents,
    vectorizer: Any,
    target: Target,
    stream: Stream,
    device: torch.device,
    start: StartVectors | None,
) -> SequenceNet:
    """Return a net for a stream, with the weights of the fitted one if there is one."""
    batch_size = estimator.batch_size
    plan = TrainingPlan(
        device=device,
        batch_size=STREAM_BATCH_SIZE if batch_size == "auto" else batch_size,
        max_epochs=1,
        n_steps=1,
        order_seed=stream.order_seed,
        lr_schedule="constant",
        source=None if start is None else start.source,
    )
    previous = estimator.net_.module_ if hasattr(estimator, "net_") else None
    estimator = with_learned_shape(estimator, start, previous)
    net = make_net(estimator, documents.X, vectorizer, target, plan, previous, start)
    if previous is None:
        start_wide_path(net.module_, documents, target)
    return net


def _grow(
    net: SequenceNet,
    stream: Stream,
    X: csr_array,
    vectorizer: Any,
    target: Target,
    estimator: Any,
    start: StartVectors | None,
) -> Stream:
    """Make room for what is new in a chunk, before training on it."""
    module, optimizer, lr = net.module_, net.optimizer_, estimator.lr
    for group in optimizer.param_groups:
        # The rate of the wide path need not follow that of the rest in proportion.
        rate = target.wide_lr if group.get("plain") else float
        group["lr"] *= rate(lr) / rate(stream.lr)
    grown = stream_after(stream, estimator, start)
    freeze_in_stream(module, stream, estimator, start)
    known = count_known_ids(module)
    if known is None:
        return grown
    n_ids = max(known, count_ids(X, vectorizer, known))
    grow_embeddings(module, optimizer, n_ids, stream.room, start)
    if isinstance(module, WideAndDeep):
        grown = grown.add(X, n_ids)
        if grown.counts is not stream.counts:
            ngrams = grown.counts.ngrams(max_pairs=max_pairs(target.n_outputs))
            grow_wide_path(module, optimizer, ngrams)
        module.wide_weight = resolve_wide_weight(
            estimator,
            grown.n_documents,
            source=None if start is None else start.source,
            mean_length=X.nnz / X.shape[0],
        )
    return grown
