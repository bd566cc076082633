"""Averages of the weights over the steps of a training, which predict better than the last step."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from numbers import Integral, Real
from typing import Any

import torch
from torch import Tensor

from sklearn_rnn._training.resumable import ResumableCallback, check_types

# How strongly the average of recent weights prefers the last ones: it is about the last tenth.
_RECENCY = 9.0


class RunningMean:
    """Mean of parameters over steps, and the exchange of the two in place.

    Parameters
    ----------
    parameters : iterable of torch.nn.Parameter
        What to average; the mean starts at their values.
    recency : float, default=0.0
        How much the last steps count: step t of n counts about ``(t / n) ** recency``. 0 is the
        plain mean of all steps; 9 averages about the last tenth of them, however many there are
        (polynomial-decay averaging; Shamir and Zhang, 2013).

    References
    ----------
    O. Shamir and T. Zhang, "Stochastic gradient descent for non-smooth optimization: convergence
    results and optimal averaging schemes", ICML (2013).

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn._language.averaging import RunningMean
    >>> weight = torch.nn.Parameter(torch.tensor([0.0]))
    >>> mean = RunningMean([weight])
    >>> for value in (1.0, 2.0):
    ...     _ = weight.data.fill_(value)
    ...     mean.update()
    >>> mean.exchange()
    >>> weight.item()
    1.5
    """

    def __init__(self, parameters: Iterable[Tensor], recency: float = 0.0) -> None:
        self.parameters = list(parameters)
        self.means = [p.detach().clone() for p in self.parameters]
        self.recency = recency
        self.n_steps = 0

    def update(self) -> None:
        """Add the current values to the mean."""
        self.n_steps += 1
        share = (1 + self.recency) / (self.n_steps + self.recency)
        with torch.no_grad():
            torch._foreach_lerp_(self.means, self.parameters, share)

    def go_on(self, means: list[Tensor], n_steps: int) -> None:
        """Continue from the mean of earlier steps."""
        for mean, value in zip(self.means, means, strict=True):
            if value.shape != mean.shape:
                raise ValueError("the means are those of other parameters")
            mean.copy_(value)
        self.n_steps = n_steps

    def exchange(self) -> None:
        """Give the parameters the mean, or their own values again.

        Their memory does not move, because an optimizer, tied weights and kernels refer to it.
        """
        with torch.no_grad():
            for parameter, mean in zip(self.parameters, self.means, strict=True):
                values = parameter.clone()
                parameter.copy_(mean)
                mean.copy_(values)


class AverageWeights(ResumableCallback):
    """Validate an average of the weights instead of those of one step, and keep it in the end.

    Parameters
    ----------
    kind : {"recent", "asgd"}
        "recent" averages about the last tenth of the steps so far. "asgd" is the mean
        of all steps since the validation score did not improve in an epoch, or without validation
        since the first half of the epochs (NT-ASGD of Merity, Keskar and Socher, 2018).
    max_epochs : int
        Epochs that training may take.
    """

    state_types = {
        "n_epochs_": Integral,
        "best_": Real,
        "n_steps": (Integral, type(None)),
        "means": (list, type(None)),
    }

    def __init__(self, kind: str, max_epochs: int):
        self.kind = kind
        self.max_epochs = max_epochs
        self.mean_: RunningMean | None = None
        self.is_in_place_ = False

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        """Start the average, unless it starts later."""
        self.mean_, self.is_in_place_ = None, False
        self.n_epochs_, self.best_ = 0, inf
        if self.kind == "recent":
            self._start(net, _RECENCY)

    def on_epoch_begin(self, net: Any, **kwargs: Any) -> None:
        """Restore the weights for training."""
        self._put(False)

    def on_batch_end(self, net: Any, batch: Any, training: bool, **kwargs: Any) -> None:
        """Add the weights after a step."""
        if training and self.mean_ is not None:
            self.mean_.update()

    def on_training_done(self, net: Any) -> None:
        """Give the network the average before the validation of an epoch."""
        self._put(True)

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Start the average if the validation score did not improve."""
        self.n_epochs_ += 1
        loss = net.history[-1].get("valid_loss")
        if loss is None:
            is_due = 2 * self.n_epochs_ >= self.max_epochs
        else:
            is_due = loss >= self.best_
            self.best_ = min(self.best_, loss)
        if is_due and self.mean_ is None:
            self._start(net)

    def on_train_end(self, net: Any, **kwargs: Any) -> None:
        """Leave the network with the average, even in an interrupted epoch."""
        self._put(True)
        self.mean_ = None

    def get_state(self) -> dict[str, Any]:
        """Return the average after a step, None if it has not started."""
        mean = self.mean_
        return {
            "n_epochs_": self.n_epochs_,
            "best_": self.best_,
            "n_steps": None if mean is None else mean.n_steps,
            "means": None if mean is None else mean.means,
        }

    def set_state(self, net: Any, state: dict[str, Any]) -> None:
        """Continue with the average after a step."""
        check_types(state, self.state_types)
        self.n_epochs_, self.best_ = state["n_epochs_"], state["best_"]
        self.mean_, self.is_in_place_ = None, False
        if state["means"] is not None:
            mean = self._start(net, _RECENCY if self.kind == "recent" else 0.0)
            mean.go_on(state["means"], int(state["n_steps"]))

    def _start(self, net: Any, recency: float = 0.0) -> RunningMean:
        parameters = [p for _, p in net.get_all_learnable_params()]
        self.mean_ = RunningMean(parameters, recency)
        self.is_in_place_ = False
        return self.mean_

    def _put(self, averaged: bool) -> None:
        if self.mean_ is not None and self.mean_.n_steps and averaged != self.is_in_place_:
            self.mean_.exchange()
            self.is_in_place_ = averaged
