"""The package's skorch callbacks: validation, best weights, loss, gradients, rate, progress."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from copy import deepcopy
from math import inf, isfinite
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from skorch.callbacks import Callback

from sklearn_rnn._text.vocabulary import UNKNOWN_ID
from sklearn_rnn._training.growth import freeze_embeddings
from sklearn_rnn._training.language_start import freeze_layers
from sklearn_rnn._training.optimizers import clip_grad_norm
from sklearn_rnn._training.resumable import ResumableCallback, check_same_shapes, check_types
from sklearn_rnn.modules import TokenEmbedding

# Products of two such weights are still finite in float32, and no successful training gets near.
_LARGEST_WEIGHT = 1e15


class ValidationScore(Callback):
    """Record the score of the validation set as `valid_score`: the higher, the better.

    Parameters
    ----------
    score : callable or None
        ``score(net, outputs)`` returns the score of the outputs for the whole set, in its order;
        they are None if the net validates in one step. None means the negative loss.
    """

    def __init__(self, score: Callable | None = None):
        self.score = score

    def on_epoch_begin(self, net, **kwargs):
        """Start with no outputs."""
        self.rows_, self.outputs_ = [], []

    def on_batch_end(self, net, batch, training, y_pred=None, **kwargs):
        """Keep the outputs for a validation batch."""
        if not training and self.score is not None:
            self.rows_.append(batch[0].rows)
            self.outputs_.append(y_pred.cpu().numpy())

    def on_epoch_end(self, net, **kwargs):
        """Write the score to the history."""
        if self.score is None:
            score = -net.history[-1, "valid_loss"]
        elif not self.rows_:  # a net that validates in its own way
            score = self.score(net, None)
        else:
            rows, outputs = np.concatenate(self.rows_), np.concatenate(self.outputs_)
            score = self.score(net, outputs[np.argsort(rows)])
        net.history.record("valid_score", score)

    def on_train_end(self, net, **kwargs):
        """Drop the validation set, and refuse scores that are all NaN."""
        self.score, self.rows_, self.outputs_ = None, [], []
        scores = [row["valid_score"] for row in net.history if "valid_score" in row]
        n_lost = sum(not score > -inf for score in scores)
        if n_lost == len(scores) > 0 and not net.interrupted_:
            raise ValueError(
                f"With early_stopping=True, the validation score was {scores[-1]} in every epoch, "
                "so no epoch is the best one. The documents set aside may be too few for "
                "`scoring`, or lack a label. Raise validation_fraction, pass X_val and y_val to "
                "fit, choose another scoring, such as 'loss', or set early_stopping=False."
            )
        if n_lost:
            warnings.warn(
                f"The validation score was NaN or -inf in {n_lost} of {len(scores)} epochs, which "
                "early stopping treats as worse than all others. Choose another scoring, or set "
                "more documents aside.",
                stacklevel=2,
            )


class KeepBest(ResumableCallback):
    """Restore the weights of the epoch with the highest `valid_score`.

    If several have the same score, the first one counts. skorch's early stopping keeps the epoch
    that last rose by its threshold instead, which need not be the best one.
    """

    state_types = {"score_": Real, "weights_": (dict, type(None))}

    def on_train_begin(self, net, **kwargs):
        """Start with no best epoch."""
        self.score_, self.weights_ = -inf, None

    def on_epoch_end(self, net, **kwargs):
        """Keep the weights if they are the best so far."""
        score = net.history[-1, "valid_score"]
        if score > self.score_:
            self.weights_ = deepcopy(net.module_.state_dict())
            self.score_ = score

    def on_train_end(self, net, **kwargs):
        """Load the best weights, and drop the copy."""
        if self.weights_ is not None:
            net.module_.load_state_dict(self.weights_)
            self.weights_ = None

    def get_state(self):
        """Return the best score and weights so far."""
        return {"score_": self.score_, "weights_": self.weights_ and dict(self.weights_)}

    def set_state(self, net, state):
        """Continue with the best score and weights so far, of this network."""
        super().set_state(net, state)
        if self.weights_ is not None:
            check_same_shapes(self.weights_, net.module_.state_dict())


class TrainingDivergedError(ValueError):
    """Training gave a loss or weights that are infinite or NaN."""


class CheckLoss(Callback):
    """Stop training when the loss or the weights become infinite or NaN."""

    def on_epoch_end(self, net, dataset_train=None, **kwargs):
        """Check the mean loss of the epoch, and the weights: the loss is older than the last step.

        If only some rows of a table move, as in a stream, a short chunk checks only its rows: the
        time of a chunk does not depend on the size of the vocabulary.
        """
        loss = net.history[-1].get("train_loss", 0.0)
        if not isfinite(loss):
            raise TrainingDivergedError(
                f"Training gave a non-finite loss, {loss}, in epoch {len(net.history)}. Lower lr, "
                "or set clip_grad_norm to a smaller number."
            )
        if not all(map(_can_be_computed_with, _moved_weights(net.module_, dataset_train))):
            raise TrainingDivergedError(
                f"Training gave weights that are infinite, NaN or too large to compute with in "
                f"epoch {len(net.history)}. Lower lr, or set clip_grad_norm to a smaller number."
            )


def _moved_weights(module, dataset):
    """Return the weights that an epoch may have changed."""
    weights = dict(module.named_parameters())
    for name, part in module.named_modules():
        key = f"{name}.table.weight"
        if isinstance(part, TokenEmbedding) and part.table.sparse and key in weights:
            ids = np.append(dataset.tokens, UNKNOWN_ID)  # which word dropout puts in
            if len(ids) < len(weights[key]):
                weights[key] = weights[key][torch.from_numpy(ids).to(weights[key].device)]
    return weights.values()


def _can_be_computed_with(weights):
    if not weights.numel():
        return True
    low, high = torch.aminmax(weights.detach())  # both NaN where one weight is
    return bool(torch.maximum(-low, high) <= _LARGEST_WEIGHT)


class ClipGradNorm(ResumableCallback):
    """Bound the joint norm of the recurrent network's gradients in a step.

    The mean norm before clipping, over the steps of an epoch, is recorded as `grad_norm`.

    Parameters
    ----------
    max_norm : float
        The largest norm.
    max_wide_norm : float, default=inf
        The largest norm of the wide path's gradients. It has no recurrence, so they can explode
        only if the gradient of the loss does.
    kernels : bool or "auto", default=False
        Whether to use the package's kernel, see `clip_grad_norm`.
    """

    state_types = {"total_": Real, "n_steps_": Integral}

    def __init__(self, max_norm, max_wide_norm=inf, kernels=False):
        self.max_norm = max_norm
        self.max_wide_norm = max_wide_norm
        self.kernels = kernels

    def on_epoch_begin(self, net, **kwargs):
        """Start a new mean."""
        self.total_: float | torch.Tensor = 0.0
        self.n_steps_ = 0

    def on_grad_computed(self, net, named_parameters, **kwargs):
        """Scale the gradients down if they are larger."""
        wide: list[torch.Tensor] = []
        recurrent: list[torch.Tensor] = []
        for name, parameter in named_parameters:
            (wide if name.startswith("wide.") else recurrent).append(parameter)
        # Added up where they are, since to ask a GPU for a number makes it wait.
        norm = clip_grad_norm(recurrent, self.max_norm, kernels=self.kernels)
        self.total_ = self.total_ + norm
        if self.max_wide_norm < inf:
            clip_grad_norm(wide, self.max_wide_norm, kernels=self.kernels)
        self.n_steps_ += 1

    def on_epoch_end(self, net, **kwargs):
        """Write the mean to the history."""
        if self.n_steps_:
            net.history.record("grad_norm", float(self.total_) / self.n_steps_)
        self.total_ = 0.0

    def get_state(self):
        """Return the sum so far, as a Python float, which can hold torch's float32."""
        return {"total_": float(self.total_), "n_steps_": self.n_steps_}


class FreezeEmbedding(Callback):
    """Freeze the table of the embedding for the first epochs, so that the rest learns first.

    Parameters
    ----------
    n_epochs : float
        Number of epochs, infinity for all of them.
    """

    def __init__(self, n_epochs):
        self.n_epochs = n_epochs

    def on_epoch_begin(self, net, **kwargs):
        """Freeze the table, or let it learn."""
        freeze_embeddings(net.module_, len(net.history) <= self.n_epochs)


class UnfreezeGradually(Callback):
    """Unfreeze pretrained layers one after the other, from the top.

    Parameters
    ----------
    layers : list of list of str
        Patterns of the names of parameters, a list for each layer, the top one first.
    n_epochs : float
        Number of epochs after which the first layer learns, and then each further one.
    """

    def __init__(self, layers, n_epochs):
        self.layers = layers
        self.n_epochs = n_epochs

    def on_epoch_begin(self, net, **kwargs):
        """Freeze the layers whose turn is yet to come."""
        freeze_layers(net.module_, self.layers, self.n_epochs, len(net.history) - 1)

    def on_train_end(self, net, **kwargs):
        """Unfreeze all layers, in case training continues."""
        freeze_layers(net.module_, self.layers, 0, 0)


class LearningRateSchedule(ResumableCallback):
    """Set the learning rate before each step, as a function of the progress of training.

    Parameters
    ----------
    factor : callable
        ``factor(step, n_steps)`` returns what the learning rate is multiplied by.
    n_steps : int
        Steps of the whole training.
    by_size : bool, default=False
        Whether a step counts by the size of its batch, if batches differ in size.
    """

    state_types = {"step_": Integral}

    def __init__(self, factor: Callable[[int, int], float], n_steps: int, by_size: bool = False):
        self.factor = factor
        self.n_steps = n_steps
        self.by_size = by_size

    def on_train_begin(self, net, **kwargs):
        """Record the initial rates of the optimizer."""
        self.step_ = 0
        self.initial_ = [group["lr"] for group in net.optimizer_.param_groups]

    def on_batch_begin(self, net, batch=None, training=False, **kwargs):
        """Set the rate of the coming step."""
        if not training:
            return
        factor = self.factor(min(self.step_, self.n_steps), self.n_steps)
        for group, initial in zip(net.optimizer_.param_groups, self.initial_, strict=True):
            group["lr"] = initial * factor
        self.step_ += len(batch[0]) if self.by_size else 1

    def on_epoch_end(self, net, **kwargs):
        """Write the rate to the history."""
        # The last group is that of all parameters with no group of their own.
        net.history.record("lr", net.optimizer_.param_groups[-1]["lr"])


class ProgressBar(ResumableCallback):
    """One bar for the whole training, with loss, validation score and speed.

    Parameters
    ----------
    max_epochs : int
        Epochs that training may take.
    unit : {"doc", "token"}, default="doc"
        What it counts.
    """

    def __init__(self, max_epochs, unit="doc"):
        self.max_epochs = max_epochs
        self.unit = unit
        self.bar_: Any = None

    def on_train_begin(self, net, X=None, **kwargs):
        """Open the bar."""
        # Imported here, since in a notebook without widgets the import warns.
        from tqdm.auto import tqdm

        train, _ = X
        total = self.max_epochs * (len(train) if self.unit == "doc" else train.n_tokens)
        self.bar_ = tqdm(total=total, unit=self.unit, unit_scale=True, desc="fit")

    def on_batch_end(self, net, batch, training, **kwargs):
        """Advance by the size of a training batch."""
        if training:
            self.bar_.update(len(batch[0]))

    def on_epoch_end(self, net, **kwargs):
        """Show loss and score of the epoch."""
        row = net.history[-1]
        shown = {"epoch": f"{row['epoch']}/{self.max_epochs}", "loss": f"{row['train_loss']:.4f}"}
        if "valid_score" in row:
            shown["valid_score"] = f"{row['valid_score']:.4f}"
        self.bar_.set_postfix(shown)

    def on_train_end(self, net, **kwargs):
        """Close the bar."""
        self.bar_.close()
        self.bar_ = None

    def get_state(self):
        """Return how far it is."""
        return {"n": self.bar_.n}

    def set_state(self, net, state):
        """Start where it was."""
        check_types(state, {"n": Integral})
        self.bar_.initial = self.bar_.n = state["n"]  # by which it tells the speed

    def __getstate__(self):
        return {**self.__dict__, "bar_": None}
