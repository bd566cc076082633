"""The training of a tagger, from its first epoch to its last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from sklearn_rnn._tagging.data import TaggingData
from sklearn_rnn._tagging.make_net import make_net
from sklearn_rnn._tagging.net import TaggingNet
from sklearn_rnn._tagging.sentences import Sentences
from sklearn_rnn._training.fit_net import train_to_the_end
from sklearn_rnn._training.language_start import with_learned_shape
from sklearn_rnn._training.make_net import TrainingPlan, prepare_device
from sklearn_rnn._training.settings import resolve_frozen_epochs
from sklearn_rnn._training.start_embedding import StartVectors

_BATCH_SIZE = 16
# "auto" trains on this many tokens in all.
_TOKENS_OF_TRAINING = 2 * 10**6


@dataclass(frozen=True)
class TaggedSentences:
    """Sentences with their tags and weights.

    Parameters
    ----------
    sentences : Sentences
        The sentences.
    tags : ndarray of shape (n_tokens,)
        Their tags, as the user passed them.
    codes : ndarray of int64 of shape (n_tokens,)
        The place of each tag among the classes.
    weights : ndarray of float64 of shape (n_sentences,)
        The weights of the sentences.
    """

    sentences: Sentences
    tags: np.ndarray
    codes: np.ndarray
    weights: np.ndarray

    def take(self, rows: np.ndarray) -> TaggedSentences:
        """Return some of them."""
        ends = np.cumsum(self.sentences.lengths, dtype=np.int64)
        starts = ends - self.sentences.lengths
        places = [np.arange(starts[row], ends[row]) for row in rows]
        tokens = np.concatenate([np.zeros(0, np.int64), *places])
        return TaggedSentences(
            self.sentences.take(rows), self.tags[tokens], self.codes[tokens], self.weights[rows]
        )

    @property
    def y(self) -> list[list]:
        """The tags as a list for each sentence."""
        ends = np.cumsum(self.sentences.lengths)[:-1]
        return [part.tolist() for part in np.split(self.tags, ends)]

    def to_data(
        self,
        characters: str | None,
        tag_weight: np.ndarray | None = None,
        mean_weight: float | None = None,
    ) -> TaggingData:
        """Return what the network learns from.

        Parameters
        ----------
        characters : str or None
            The characters that the network knows.
        tag_weight : ndarray of shape (n_classes,), default=None
            With a CRF, weights of tags: the weight of a sentence is the mean of those of its tags.
        mean_weight : float, default=None
            The mean weight of a sentence. None takes that of these.
        """
        weights = self.weights
        lengths = self.sentences.lengths
        if tag_weight is not None:
            row_of = np.repeat(np.arange(len(lengths)), lengths)
            sums = np.bincount(row_of, tag_weight[self.codes], minlength=len(lengths))
            weights = weights * sums / np.maximum(lengths, 1)
        if mean_weight is None:
            mean_weight = weights[lengths > 0].mean()
        # The loss of a sentence is a sum over its tokens: that of an epoch is a mean over all.
        mean_length = lengths[lengths > 0].mean()
        return self.sentences.to_data(characters, self.codes, weights / mean_weight / mean_length)


def fit_net(
    estimator: Any,
    train: TaggedSentences,
    valid: TaggedSentences | None,
    learned: dict,
    n_ids: int,
    *,
    tag_weight: np.ndarray | None,
    score: Any,
    seeds: Any,
    previous: nn.Module | None = None,
    start: StartVectors | None = None,
) -> TaggingNet:
    """Train a net on checked sentences and return it, leaving the estimator as it is.

    Parameters
    ----------
    estimator : estimator instance
        Its parameters say how.
    train : TaggedSentences
        What to train on.
    valid : TaggedSentences or None
        What to validate on, None for nothing.
    learned : dict
        What is known about tags and characters.
    n_ids : int
        Number of token ids.
    tag_weight : ndarray of shape (n_classes,) or None
        The weight of each tag.
    score : callable or None
        The score of early stopping, given the net. None is the negative loss.
    seeds : pair of int
        Those of the order of sentences, and of torch.
    previous : torch.nn.Module, default=None
        The network to continue from.
    start : StartVectors, default=None
        The vectors that words start from. None means random ones.

    Raises
    ------
    KeyboardInterrupt
        If the user interrupted before the first step. Afterwards a FitInterruptedWarning is given.
    """
    order_seed, torch_seed = seeds
    device = prepare_device(estimator)
    by_sentence, by_tag = (tag_weight, None) if estimator.crf else (None, tag_weight)
    characters = learned["characters_"]
    train_set = train.to_data(characters, by_sentence)
    valid_set = None if valid is None else valid.to_data(characters, by_sentence)
    batch_size, max_epochs = resolve_training_length(estimator, train_set)
    is_new = previous is None
    source = estimator.embedding_source_ if not is_new else None if start is None else start.source
    plan = TrainingPlan(
        device=device,
        batch_size=batch_size,
        max_epochs=max_epochs,
        n_steps=max_epochs * -(-len(train_set) // batch_size),
        order_seed=int(order_seed),
        lr_schedule=estimator.lr_schedule,
        score=score,
        source=source,
        n_frozen=resolve_frozen_epochs(estimator, source, max_epochs),
    )

    settings = with_learned_shape(estimator, start, previous)

    def build() -> TaggingNet:
        return make_net(
            settings,
            learned,
            n_ids,
            plan,
            tag_weight=by_tag,
            previous=previous,
            start=start,
            max_length=int(train_set.lengths.max()),
        )

    sets = train_set, valid_set
    return train_to_the_end(build, sets, settings, plan, seed=int(torch_seed), stacklevel=7)


def resolve_training_length(estimator: Any, data: TaggingData) -> tuple[int, int]:
    """Return batch size and epochs: the fewer tokens, the more epochs."""
    batch_size, max_epochs = estimator.batch_size, estimator.max_epochs
    if batch_size == "auto":
        batch_size = _BATCH_SIZE
    if max_epochs == "auto":
        max_epochs = int(np.clip(_TOKENS_OF_TRAINING // data.n_tokens, 8, 30))
    return batch_size, max_epochs
