"""From the parameters of a translator to a net that is ready to be trained."""

from __future__ import annotations

from typing import Any, NamedTuple

from torch import nn

from sklearn_rnn._training.make_net import (
    TrainingPlan,
    take_weights,
    token_params,
)
from sklearn_rnn._training.make_network import default_embedding_dim
from sklearn_rnn._training.optimizers import LazyAdamW
from sklearn_rnn._training.settings import resolve_kernels
from sklearn_rnn._translation.data import PREDICTION_PAIRS, PairBatches
from sklearn_rnn._translation.net import TranslationNet
from sklearn_rnn.modules import build_translation_network

# Parameters of an estimator that the network has under the same name.
_ARGUMENTS = (
    "cell",
    "activation",
    "bidirectional",
    "num_layers",
    "hidden_size",
    "attention",
    "input_feeding",
    "tie_weights",
    "recurrent_init",
    "forget_bias",
    "dropout",
    "word_dropout",
    "recurrent_dropout",
    "variational_dropout",
    "zoneout",
)

_WORD_DIM = 128

# Fewest pairs of a part of a batch.
_PART_PAIRS = 8


class Sizes(NamedTuple):
    """The sizes of both sides of a network.

    Parameters
    ----------
    n_ids : int
        Number of ids of the target.
    n_source_ids : int or None
        Number of ids of the source, None for regions.
    n_region_features : int or None
        Number of features of a region, None for texts.
    longest : int
        The longest time to remember.
    """

    n_ids: int
    n_source_ids: int | None
    n_region_features: int | None
    longest: int


def make_net(
    estimator: Any, sizes: Sizes, plan: TrainingPlan, previous: nn.Module | None = None
) -> TranslationNet:
    """Return an initialized net, with new weights or with those of a previous module.

    Parameters
    ----------
    estimator : estimator instance
        Its parameters say which net.
    sizes : Sizes
        The sizes of its vocabularies.
    plan : TrainingPlan
        The training.
    previous : torch.nn.Module, default=None
        A network of the same shape, whose weights are taken over.
    """
    params = _net_params(estimator, plan)
    module = build_translation_network(
        num_embeddings=sizes.n_ids,
        n_source_ids=sizes.n_source_ids,
        n_region_features=sizes.n_region_features,
        source_embedding_dim=_embedding_dim(estimator, sizes.n_source_ids),
        embedding_dim=_embedding_dim(estimator, sizes.n_ids),
        max_length=sizes.longest,
        kernels=resolve_kernels(estimator),
        sparse=params["optimizer"] is LazyAdamW,
        **{name: getattr(estimator, name) for name in _ARGUMENTS},
    )
    net = TranslationNet(**{"module": module, **params}).initialize()
    if previous is not None:
        take_weights(net.module_, previous, estimator)
    return net


def _embedding_dim(estimator: Any, n_ids: int | None) -> int:
    if estimator.embedding_dim != "auto":
        return estimator.embedding_dim
    return default_embedding_dim(n_ids or 0, _WORD_DIM)


def _net_params(estimator: Any, plan: TrainingPlan) -> dict:
    """Return the arguments of the net except for the module."""
    return token_params(
        estimator,
        plan,
        PairBatches,
        iterator_train__part_documents=_PART_PAIRS if plan.device.type == "cpu" else None,
        iterator_valid__batch_size=PREDICTION_PAIRS,
        criterion__label_smoothing=estimator.label_smoothing,
        scheduled_sampling=estimator.scheduled_sampling,
    )
