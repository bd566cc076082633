"""From the parameters of a tagger to a net that is ready to be trained."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch
from torch import nn

from sklearn_rnn._tagging.net import TaggingNet
from sklearn_rnn._tagging.spans import allowed_steps
from sklearn_rnn._text.vocabulary import FIRST_ID
from sklearn_rnn._training.batches import SimilarLengthBatches
from sklearn_rnn._training.language_start import LanguageStart
from sklearn_rnn._training.make_net import (
    TrainingPlan,
    take_weights,
    token_params,
)
from sklearn_rnn._training.make_network import embedding_sizes
from sklearn_rnn._training.optimizers import LazyAdamW
from sklearn_rnn._training.settings import resolve_kernels
from sklearn_rnn._training.start_embedding import StartVectors
from sklearn_rnn.modules import TokenEmbedding, build_tagging_network

# Parameters of an estimator that the network has under the same name.
_ARGUMENTS = (
    "cell",
    "activation",
    "bidirectional",
    "num_layers",
    "char_embedding_dim",
    "char_hidden_size",
    "hidden_size",
    "crf",
    "recurrent_init",
    "forget_bias",
    "dropout",
    "affix_dropout",
    "recurrent_dropout",
    "variational_dropout",
    "zoneout",
)


def make_net(
    estimator: Any,
    learned: dict,
    n_ids: int,
    plan: TrainingPlan,
    *,
    tag_weight: np.ndarray | None = None,
    previous: nn.Module | None = None,
    start: StartVectors | None = None,
    max_length: int = 1,
) -> TaggingNet:
    """Return an initialized net, with new weights or with those of a previous module.

    Parameters
    ----------
    estimator : estimator instance
        Its parameters say which net.
    learned : dict
        What is known about tags and characters: `classes_` and `characters_`.
    n_ids : int
        Number of token ids.
    plan : TrainingPlan
        The training.
    tag_weight : ndarray of shape (n_classes,), default=None
        The weight of each tag in the loss. None means 1.
    previous : torch.nn.Module, default=None
        A network of the same shape, whose weights are taken over.
    start : StartVectors, default=None
        The vectors that words start from. None means random ones.
    max_length : int, default=1
        The number of tokens of the longest sentence.
    """
    classes, characters = learned["classes_"], learned["characters_"]
    params = token_params(
        estimator,
        plan,
        SimilarLengthBatches,
        start.directions if isinstance(start, LanguageStart) else (),
        criterion__weight=None if tag_weight is None else torch.tensor(tag_weight).float(),
        kernels=resolve_kernels(estimator),
    )
    like = None if previous is None else cast("TokenEmbedding", previous.embedding)
    module = build_tagging_network(
        num_embeddings=n_ids,
        n_tags=len(classes),
        num_characters=None if characters is None else FIRST_ID + len(characters),
        constrained=estimator.constraints is not None,
        max_length=max_length,
        kernels=resolve_kernels(estimator),
        word_dropout=_resolve_word_dropout(estimator.word_dropout, plan.source),
        residual=estimator.residual,
        sparse=params["optimizer"] is LazyAdamW,
        **embedding_sizes(estimator, start, like),
        **{name: getattr(estimator, name) for name in _ARGUMENTS},
    )
    if start is not None:
        start.fill_network(module)
    if estimator.constraints is not None:
        transitions, starts = map(torch.from_numpy, allowed_steps(classes))
        crf = cast("Any", module.crf)
        crf.allowed_transitions.copy_(transitions)
        crf.allowed_start.copy_(starts)
    net = TaggingNet(**{"module": module, **params}).initialize()
    if previous is not None:
        take_weights(net.module_, previous, estimator)
    return net


def _resolve_word_dropout(word_dropout: float | str, source: str | None) -> float:
    """Return how many words to hide: without vectors, unknown words have only their spelling."""
    if not isinstance(word_dropout, str):
        return word_dropout
    return 0.25 if source is None else 0.1
