"""From the parameters of an estimator to a net that is ready to be trained."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array
from skorch import NeuralNet
from skorch.callbacks import Callback, EarlyStopping
from skorch.utils import noop
from torch import nn

from sklearn_rnn._targets.base import Target
from sklearn_rnn._training.batches import SimilarLengthBatches
from sklearn_rnn._training.callbacks import (
    CheckLoss,
    ClipGradNorm,
    FreezeEmbedding,
    KeepBest,
    LearningRateSchedule,
    ProgressBar,
    UnfreezeGradually,
    ValidationScore,
)
from sklearn_rnn._training.device import resolve_device
from sklearn_rnn._training.epoch_table import EpochTable
from sklearn_rnn._training.growth import count_known_ids, find_embedding, find_ngrams
from sklearn_rnn._training.language_start import LanguageStart, layers_from_the_top
from sklearn_rnn._training.make_network import count_ids, make_network
from sklearn_rnn._training.net import SequenceNet
from sklearn_rnn._training.optimizers import OPTIMIZERS, LazyAdamW
from sklearn_rnn._training.precision import KERNEL_CELLS, resolve_precision
from sklearn_rnn._training.ranks import current_ranks
from sklearn_rnn._training.schedules import SCHEDULES
from sklearn_rnn._training.settings import resolve_epochs, resolve_kernels, resolve_wide_ngrams
from sklearn_rnn._training.start_embedding import StartVectors
from sklearn_rnn.modules._make_cell import n_documents_at_once
from sklearn_rnn.modules.kernels import has_kernels, load_kernels
from sklearn_rnn.utils._param_names import did_you_mean

# Prediction needs no gradients kept, so its batches can be larger than those of training.
_PREDICTION_BATCH_SIZE = 256


@dataclass(frozen=True)
class TrainingPlan:
    """Where, how long and in which order to train a net.

    Parameters
    ----------
    device : torch.device
        Where to train.
    batch_size : int
        Documents in a batch.
    max_epochs : int
        Largest number of epochs.
    n_steps : int
        Steps in these epochs, over which the learning rate goes through its schedule.
    order_seed : int
        Seed of the order of the documents.
    lr_schedule : str
        One of `SCHEDULES`.
    score : callable, default=None
        The score of early stopping, as `ValidationScore` takes it.
    source : str, default=None
        What the words start from, or did when the network was new, None for random vectors.
    n_frozen : float, default=0
        Number of epochs for which the embedding does not learn.
    unit : {"doc", "token"}, default="doc"
        What the progress bar counts. If batches differ in size, the schedule also goes by tokens,
        and `n_steps` is their number.
    """

    device: torch.device
    batch_size: int
    max_epochs: int
    n_steps: int
    order_seed: int
    lr_schedule: str
    score: Callable | None = None
    source: str | None = None
    n_frozen: float = 0
    unit: str = "doc"


def prepare_device(estimator: Any) -> torch.device:
    """Return the device to train on; compile its kernels if `kernels` is True."""
    device = resolve_device(estimator.device, estimator)
    prepare_kernels(estimator, device)
    return device


def prepare_kernels(estimator: Any, device: torch.device) -> None:
    """Compile the kernels of a device, if `kernels` is True and they are missing."""
    if device.type == "cpu" and resolve_kernels(estimator) is True:
        load_kernels()


def make_net(
    estimator: Any,
    X: csr_array,
    vectorizer: Any,
    target: Target,
    plan: TrainingPlan,
    previous: nn.Module | None = None,
    start: StartVectors | None = None,
) -> SequenceNet:
    """Return an initialized net, with new weights or with those of a previous module.

    Parameters
    ----------
    estimator : estimator instance
        Its parameters say which net.
    X : csr_array of int32 of shape (n_documents, n_positions)
        The documents to train on.
    vectorizer : transformer or None
        The vectorizer that made them, whose vocabulary must fit.
    target : Target
        What is learned.
    plan : TrainingPlan
        The training.
    previous : torch.nn.Module, default=None
        A network of the same shape, whose weights, words and pairs are taken over.
    start : StartVectors, default=None
        The vectors that words start from. None means random ones.
    """
    n_ids = ngrams = like = None
    if previous is not None:
        n_ids, ngrams = count_known_ids(previous), find_ngrams(previous)
        like, start = find_embedding(previous), None
    if n_ids is None:
        n_ids = count_ids(X, vectorizer)
        if start is not None:
            n_ids = max(n_ids, len(start.found))  # an array can have more rows
    directions = start.directions if isinstance(start, LanguageStart) else ()
    params = _net_params(estimator, target, plan, directions)
    is_sparse = params["optimizer"] is LazyAdamW
    module = make_network(
        estimator,
        X,
        n_ids,
        target.n_outputs,
        sparse=is_sparse,
        longest=resolve_wide_ngrams(estimator, vectorizer, X),
        ngrams=ngrams,
        start=start,
        like=like,
        source=plan.source,
    )
    net = SequenceNet(**{"module": module, **params}).initialize()
    if previous is not None:
        take_weights(net.module_, previous, estimator)
    return net


def take_weights(module: nn.Module, previous: nn.Module, estimator: Any) -> None:
    """Give a module the weights of a previous one, which must be of the same shape."""
    try:
        module.load_state_dict(previous.state_dict())
    except RuntimeError as exc:
        raise ValueError(
            f"The parameters of this {type(estimator).__name__} make a network of another shape "
            "than the fitted one, so its weights cannot be trained further. Change them back, or "
            "start over: set warm_start=False and call fit."
        ) from exc


def _net_params(
    estimator: Any, target: Target, plan: TrainingPlan, directions: Sequence[int]
) -> dict:
    """Return the arguments of the net except for the module."""
    kernels = resolve_kernels(estimator)
    part_documents = n_documents_at_once(estimator.cell) if plan.device.type == "cpu" else None
    return {
        **common_params(estimator, plan, SimilarLengthBatches),
        **optimizer_params(estimator, target, directions),
        "iterator_train__crop_length": estimator.crop_length,
        "iterator_train__part_documents": part_documents,
        "iterator_train__by_kernels": estimator.cell in KERNEL_CELLS and has_kernels(kernels),
        "iterator_valid__part_documents": part_documents,
        "iterator_valid__batch_size": _PREDICTION_BATCH_SIZE,
        "callbacks": [
            *make_unfreezing(estimator, directions),
            *make_callbacks(estimator, plan, target.wide_norm),
        ],
        "kernels": kernels,
        **target.criterion,
        **check_skorch_params(estimator),
    }


def common_params(estimator: Any, plan: TrainingPlan, batches: type) -> dict:
    """Return the arguments of the net that are the same for documents and for tokens.

    Parameters
    ----------
    estimator : estimator instance
        Its parameters say which net.
    plan : TrainingPlan
        The training.
    batches : type
        What iterates over the data sets.
    """
    kernels = has_kernels(resolve_kernels(estimator))
    return {
        "max_epochs": plan.max_epochs,
        "batch_size": plan.batch_size,
        "iterator_train": batches,
        "iterator_train__random_state": np.random.RandomState(plan.order_seed),
        "iterator_train__n_shards": estimator.n_shards,
        "iterator_valid": batches,
        "device": plan.device,
        "autocast_dtype": resolve_precision(
            estimator.precision, estimator.cell, plan.device, kernels=kernels
        ),
        "verbose": 0,
    }


def token_params(
    estimator: Any, plan: TrainingPlan, batches: type, directions: Sequence[int] = (), **own: Any
) -> dict:
    """Return the arguments of a net that predicts at each token, except for the module.

    Parameters
    ----------
    estimator, plan, batches
        As for `common_params`.
    directions : sequence of int, default=()
        Those of the layers that start from language models.
    **own : Any
        Arguments that only one of these nets has.
    """
    return {
        **common_params(estimator, plan, batches),
        **optimizer_params(estimator, directions=directions),
        "callbacks": [
            *make_unfreezing(estimator, directions),
            *make_callbacks(estimator, plan),
        ],
        "criterion": torch.nn.CrossEntropyLoss,
        **own,
        **check_skorch_params(estimator),
    }


def optimizer_params(
    estimator: Any, target: Target | None = None, directions: Sequence[int] = ()
) -> dict:
    """Return the arguments of the optimizer, with separate learning rates for some parts.

    These are the wide path, and what starts from language models, in these `directions`.
    """
    optimizer, lr = resolve_optimizer(estimator), estimator.lr
    if directions:
        lr /= estimator.layer_lr_decay  # of what starts at random, above all that was learned
    params = {"optimizer": optimizer, "lr": lr}
    if "weight_decay" in inspect.signature(optimizer).parameters:
        params["optimizer__weight_decay"] = estimator.weight_decay
    groups = []
    if optimizer is LazyAdamW:
        params["optimizer__kernels"] = resolve_kernels(estimator)
        if target is not None and estimator.wide_weight:
            groups.append(("wide.*", {"plain": True, "lr": target.wide_lr(lr)}))
    if directions:
        for patterns in layers_from_the_top(estimator.num_layers, directions):
            lr *= estimator.layer_lr_decay
            groups += [(pattern, {"lr": lr}) for pattern in patterns]
    if groups:
        params["optimizer__param_groups"] = groups
    return params


def make_unfreezing(estimator: Any, directions: Sequence[int]) -> list:
    """Return the callback that unfreezes pretrained layers gradually, if there are any."""
    if not (directions and estimator.freeze_pretrained):
        return []
    n_epochs = resolve_epochs(estimator.freeze_pretrained)
    layers = list(layers_from_the_top(estimator.num_layers, directions))
    return [("unfreeze_gradually", UnfreezeGradually(layers, n_epochs))]


def resolve_optimizer(estimator: Any) -> type | partial:
    """Return the class of the optimizer, or the partial of one, of an estimator."""
    optimizer = estimator.optimizer
    if isinstance(optimizer, str):
        return OPTIMIZERS[optimizer]
    class_ = optimizer.func if isinstance(optimizer, partial) else optimizer
    if not (isinstance(class_, type) and issubclass(class_, torch.optim.Optimizer)):
        raise TypeError(
            f"The 'optimizer' parameter of {type(estimator).__name__} must be a name, a subclass "
            "of torch.optim.Optimizer, or a functools.partial of such a class. "
            f"Got {optimizer!r} instead."
        )
    return optimizer


def check_skorch_params(estimator: Any) -> dict:
    """Return what an estimator passes on to skorch, if skorch knows it."""
    params = estimator.skorch_params or {}
    name = type(estimator).__name__
    known = set(inspect.signature(NeuralNet).parameters)
    unknown = [key for key in params if str(key).partition("__")[0] not in known]
    if unknown:
        raise ValueError(
            f"The 'skorch_params' parameter of {name} must hold arguments of skorch.NeuralNet. "
            f"Got {', '.join(map(repr, unknown))}."
            f"{did_you_mean(str(unknown[0]).partition('__')[0], known)}"
        )
    if "callbacks" in params:
        raise ValueError(
            f"The 'skorch_params' parameter of {name} must not hold 'callbacks', which would "
            "replace those that training needs. Pass yours as the 'callbacks' parameter."
        )
    return params


def make_callbacks(
    estimator: Any, plan: TrainingPlan, wide_norm: Callable[[float], float] | None = None
) -> list:
    """Return the callbacks of a training: ours, followed by those of the user.

    Parameters
    ----------
    estimator : estimator instance
        Its parameters say which.
    plan : TrainingPlan
        The training.
    wide_norm : callable, default=None
        Returns the largest norm of the wide path's gradients, given that of the network. None if
        there is no such path.
    """
    callbacks: list = [("check_loss", CheckLoss())]
    stopping = []
    if plan.n_frozen:
        callbacks.append(("freeze_embedding", FreezeEmbedding(plan.n_frozen)))
    if estimator.early_stopping:
        stopper = EarlyStopping(
            monitor="valid_score",
            lower_is_better=False,
            patience=estimator.n_iter_no_change,
            threshold=estimator.tol,
            threshold_mode="abs",
            # Not `print`, which engines such as Ray replace: skorch would then use it unasked.
            sink=print if (estimator.skorch_params or {}).get("verbose") else noop,
        )
        callbacks += [("valid_score", ValidationScore(plan.score)), ("keep_best", KeepBest())]
        # Behind all others: it raises an error, and they have the last epoch to record as well.
        stopping = [("early_stopping", stopper)]
    if estimator.clip_grad_norm is not None:
        norm = estimator.clip_grad_norm
        most = math.inf if wide_norm is None else wide_norm(norm)
        clip = ClipGradNorm(norm, most, kernels=resolve_kernels(estimator))
        callbacks.append(("clip_grad_norm", clip))
    schedule = LearningRateSchedule(
        SCHEDULES[plan.lr_schedule], plan.n_steps, by_size=plan.unit != "doc"
    )
    callbacks.append(("lr_schedule", schedule))
    if estimator.verbose and current_ranks().rank == 0:
        callbacks += [
            ("progress_bar", ProgressBar(plan.max_epochs, plan.unit)),
            ("epoch_table", EpochTable()),
        ]
    return callbacks + _check_callbacks(estimator) + stopping


def _check_callbacks(estimator: Any) -> list:
    """Return the callbacks of the user, if they are callbacks or pairs of a name and one."""
    callbacks = list(estimator.callbacks or [])
    for entry in callbacks:
        callback = entry[1] if isinstance(entry, tuple) and len(entry) == 2 else entry
        class_ = callback if isinstance(callback, type) else type(callback)
        if not issubclass(class_, Callback):
            raise TypeError(
                f"The 'callbacks' parameter of {type(estimator).__name__} must hold skorch "
                "callbacks, or pairs of a name and a callback. "
                f"Got {callback!r} of type {type(callback).__name__}."
            )
    return callbacks
