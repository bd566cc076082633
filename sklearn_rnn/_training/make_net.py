"""Parameters of an estimator to parts of its net: optimizer, skorch's arguments, callbacks."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, EarlyStopping

from sklearn_rnn._training.callbacks import (
    CheckLoss,
    ClipGradNorm,
    KeepBest,
    LearningRateSchedule,
    ProgressBar,
    ValidationScore,
)
from sklearn_rnn._training.optimizers import OPTIMIZERS, SCHEDULES
from sklearn_rnn.utils._param_names import did_you_mean


def resolve_optimizer(estimator: Any) -> type | partial:
    """Return the class of the optimizer, or the partial of one, that an estimator asks for."""
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
    """Return what an estimator hands through to skorch, if skorch knows it."""
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
            f"The 'skorch_params' parameter of {name} must not hold 'callbacks', among which are "
            "those that training needs. Add yours by the 'callbacks' parameter."
        )
    return params


def make_callbacks(
    estimator: Any,
    target: Any,
    n_steps: int,
    max_epochs: int,
    *,
    score: Callable | None = None,
    lr_schedule: str | None = None,
) -> list:
    """Return the callbacks of a training: ours, and behind them those of the user.

    Parameters
    ----------
    estimator : estimator instance
        Whose parameters say which.
    target : ClassTarget, IndicatorTarget or NumberTarget
        What is learned.
    n_steps : int
        Steps of the whole training.
    max_epochs : int
        Epochs of the whole training.
    score : callable, default=None
        The score of early stopping, as `ValidationScore` takes it.
    lr_schedule : str, default=None
        Name of the schedule. None stands for that of the estimator.
    """
    callbacks = [("check_loss", CheckLoss())]
    if estimator.early_stopping:
        stopper = EarlyStopping(
            monitor="valid_score",
            lower_is_better=False,
            patience=estimator.n_iter_no_change,
            threshold=estimator.tol,
            threshold_mode="abs",
        )
        # Stopping comes last, since it raises an error.
        callbacks += [
            ("valid_score", ValidationScore(score)),
            ("keep_best", KeepBest()),
            ("early_stopping", stopper),
        ]
    if estimator.clip_grad_norm is not None:
        norms = estimator.clip_grad_norm, target.wide_norm(estimator.clip_grad_norm)
        callbacks.append(("clip_grad_norm", ClipGradNorm(*norms)))
    schedule = LearningRateSchedule(SCHEDULES[lr_schedule or estimator.lr_schedule], n_steps)
    callbacks.append(("lr_schedule", schedule))
    if estimator.verbose:
        callbacks.append(("progress_bar", ProgressBar(max_epochs)))
    return callbacks + _check_callbacks(estimator)


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
