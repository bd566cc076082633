"""From the parameters of a language model to a net that is ready to be trained."""

from __future__ import annotations

from typing import Any

from torch import nn

from sklearn_rnn._language.averaging import AverageWeights
from sklearn_rnn._language.net import LanguageNet
from sklearn_rnn._language.windows import LanguageWindows
from sklearn_rnn._training.make_net import (
    TrainingPlan,
    take_weights,
    token_params,
)
from sklearn_rnn._training.make_network import default_embedding_dim, embedding_sizes
from sklearn_rnn._training.optimizers import LazyAdamW
from sklearn_rnn._training.precision import KERNEL_CELLS
from sklearn_rnn._training.settings import resolve_kernels
from sklearn_rnn._training.start_embedding import StartVectors
from sklearn_rnn.modules import AdaptiveSoftmaxDecoder, build_language_network
from sklearn_rnn.modules._make_cell import n_documents_at_once
from sklearn_rnn.modules.kernels import has_kernels

# Parameters of an estimator that the network has under the same name.
_ARGUMENTS = (
    "cell",
    "activation",
    "num_layers",
    "hidden_size",
    "tie_weights",
    "recurrent_init",
    "forget_bias",
    "dropout",
    "embedding_dropout",
    "word_dropout",
    "recurrent_dropout",
    "variational_dropout",
    "zoneout",
    "activation_penalty",
    "slowness_penalty",
)

_WORD_DIM = 200

# From this many ids on, a step of the adaptive softmax takes a fifth of the time.
_MAX_FULL_SOFTMAX = 10_000


def make_net(
    estimator: Any,
    n_ids: int,
    n_labels: int,
    plan: TrainingPlan,
    previous: nn.Module | None = None,
    start: StartVectors | None = None,
    *,
    averaging: str | None = None,
) -> LanguageNet:
    """Return an initialized net, with new weights or with those of a previous module.

    Parameters
    ----------
    estimator : estimator instance
        Its parameters say which net.
    n_ids : int
        Number of token ids.
    n_labels : int
        Number of labels of documents, 0 for none.
    plan : TrainingPlan
        The training.
    previous : torch.nn.Module, default=None
        A network of the same shape, whose weights are taken over.
    start : StartVectors, default=None
        The vectors that words start from. None means random ones.
    averaging : {"recent", "asgd"} or None, default=None
        The average of the weights to keep.
    """
    params = _net_params(estimator, plan)
    if averaging is not None:
        average = AverageWeights(averaging, plan.max_epochs)
        params["callbacks"].insert(0, ("averaging", average))  # before the best weights are kept
    module = build_language_network(
        num_embeddings=n_ids,
        n_labels=n_labels,
        max_length=estimator.bptt,
        kernels=resolve_kernels(estimator),
        sparse=params["optimizer"] is LazyAdamW,
        **_resolve_auto(estimator, n_ids, previous, start),
        **{name: getattr(estimator, name) for name in _ARGUMENTS},
    )
    if start is not None:
        start.fill(module.embedding)
    net = LanguageNet(**{"module": module, **params}).initialize()
    if previous is not None:
        take_weights(net.module_, previous, estimator)
    return net


def _resolve_auto(
    estimator: Any, n_ids: int, previous: Any, start: StartVectors | None
) -> dict[str, Any]:
    """Return what depends on the number of ids, or on the previous network, which may grow."""
    softmax, like, cutoffs = estimator.softmax, None, None
    if previous is not None:
        like = previous.embedding
        is_adaptive = isinstance(previous.decoder, AdaptiveSoftmaxDecoder)
        auto_softmax = "adaptive" if is_adaptive else "full"
        cutoffs = previous.decoder.cutoffs if is_adaptive else None
    else:
        auto_softmax = "full" if n_ids <= _MAX_FULL_SOFTMAX else "adaptive"
    default_dim = default_embedding_dim(n_ids, _WORD_DIM)
    return {
        **embedding_sizes(estimator, start, like, default_dim=default_dim),
        "softmax": auto_softmax if softmax == "auto" else softmax,
        "cutoffs": cutoffs,
    }


def _net_params(estimator: Any, plan: TrainingPlan) -> dict:
    """Return the arguments of the net except for the module."""
    is_stepped = estimator.zoneout or (
        estimator.variational_dropout and estimator.recurrent_dropout
    )
    kernels = has_kernels(resolve_kernels(estimator))
    by_kernels = estimator.cell in KERNEL_CELLS and kernels and not is_stepped
    # The package's kernels start threads themselves.
    is_cut = plan.device.type == "cpu" and not by_kernels
    return token_params(
        estimator,
        plan,
        LanguageWindows,
        iterator_train__bptt=estimator.bptt,
        iterator_train__part_documents=n_documents_at_once(estimator.cell) if is_cut else None,
    )
