"""Optimizers by name, and the clipping of their gradients."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from sklearn_rnn.modules.kernels import (
    Update,
    adamw_update,
    can_update,
    clip_norm,
    plain_update,
    step_all,
)


class LazyAdamW(torch.optim.AdamW):
    """AdamW whose steps take time by the size of the batch, not of the vocabulary.

    Parameters with dense gradients are updated by torch's fused AdamW. Of a parameter with a
    sparse gradient, such as an embedding table, only the rows in the batch are updated, with their
    moments and their decay. The other rows stay as they are, while dense AdamW would keep moving
    them by their old momentum and decay them. The bias correction counts all steps, as in
    :class:`torch.optim.SparseAdam`.

    A group of parameters with ``plain=True`` is moved by gradient descent instead: by the gradient
    times the learning rate, with no moments and no decay. That suits a linear model of sparse
    features, where Adam gives rare features steps as long as frequent ones.

    Parameters
    ----------
    params : iterable of torch.nn.Parameter or of dict
        As for :class:`torch.optim.AdamW`.
    lr : float, default=1e-3
        Learning rate.
    betas : tuple of two floats, default=(0.9, 0.999)
        Decay of the running means of the gradient and of its square.
    eps : float, default=1e-8
        Added to the denominator.
    weight_decay : float, default=1e-2
        Decoupled weight decay.
    kernels : bool or "auto", default=False
        Whether to use the package's kernels where they can: float32 on the CPU, see
        `modules.kernels.has_kernels`.

    References
    ----------
    Loshchilov, I. and Hutter, F., "Decoupled weight decay regularization", ICLR (2019).

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn._training.optimizers import LazyAdamW
    >>> table = torch.nn.Embedding(5, 2, sparse=True)
    >>> before = table.weight.detach().clone()
    >>> optimizer = LazyAdamW(table.parameters())
    >>> table(torch.tensor([1, 3])).sum().backward()
    >>> optimizer.step()
    >>> (table.weight != before).any(dim=1)
    tensor([False,  True, False,  True, False])
    """

    # Around its own, torch imports its compiler, which takes about a second: most of the time of a
    # process that predicts with a model or fits a small one.
    add_param_group = inspect.unwrap(torch.optim.Optimizer.add_param_group)

    def __init__(
        self,
        params: Iterable,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        kernels: bool | str = False,
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, fused=True)
        self.defaults["kernels"] = kernels
        for group in self.param_groups:
            group.setdefault("kernels", kernels)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or with ``set_to_none=False`` set them to zero."""
        if not set_to_none:
            super().zero_grad(set_to_none=False)
            return
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.grad = None

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take one step.

        Parameters
        ----------
        closure : callable, default=None
            Computes the gradients again and returns the loss.

        Returns
        -------
        loss : torch.Tensor or None
            What the closure returned.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        given = [
            (group, parameter, parameter.grad)
            for group in self.param_groups
            for parameter in group["params"]
            if parameter.grad is not None
        ]
        by_kernel, by_torch = [], []
        with torch.no_grad():
            for group, parameter, grad in given:
                if grad.is_sparse:
                    parameter.grad = grad = grad.coalesce()
                if can_update(group["kernels"], parameter, grad):
                    by_kernel.append(self._update(group, parameter, grad))
                elif group.get("plain"):
                    parameter.add_(grad, alpha=-group["lr"])
                elif grad.is_sparse:
                    self._step_rows(group, parameter, grad.indices()[0], grad.values())
                else:
                    by_torch.append((parameter, grad))
            if by_kernel:
                step_all(by_kernel)
            if by_torch:
                self._step_by_torch(given, by_torch)
        return loss

    def _update(self, group: dict, parameter: Tensor, grad: Tensor) -> Update:
        """Return what a kernel needs for the step of a parameter."""
        if group.get("plain"):
            return plain_update(parameter, grad, group["lr"])
        return adamw_update(parameter, grad, self._state_of(parameter), group)

    def _step_by_torch(self, given: list, by_torch: list) -> None:
        # Without a gradient torch's step passes a parameter over.
        for _, parameter, _ in given:
            parameter.grad = None
        for parameter, grad in by_torch:
            parameter.grad = grad
        # torch wraps the step of every class in the hooks of the optimizer; by the bare one they
        # run once.
        inspect.unwrap(torch.optim.AdamW.step)(self)
        for _, parameter, grad in given:
            parameter.grad = grad

    def _state_of(self, parameter: Tensor) -> dict:
        """Return the state of a parameter, laid out as by torch."""
        state = self.state[parameter]
        if not state:
            state["step"] = torch.zeros((), dtype=torch.float32)
            state["exp_avg"] = torch.zeros_like(parameter)
            state["exp_avg_sq"] = torch.zeros_like(parameter)
        return state

    def _step_rows(self, group: dict, parameter: Tensor, rows: Tensor, grad: Tensor) -> None:
        state = self._state_of(parameter)
        state["step"] += 1
        step = state["step"].item()
        beta1, beta2 = group["betas"]
        mean = state["exp_avg"].index_select(0, rows).lerp_(grad, 1 - beta1)
        square = state["exp_avg_sq"].index_select(0, rows).mul_(beta2)
        square.addcmul_(grad, grad, value=1 - beta2)
        state["exp_avg"].index_copy_(0, rows, mean)
        state["exp_avg_sq"].index_copy_(0, rows, square)
        scale = square.sqrt_().div_(math.sqrt(1 - beta2**step)).add_(group["eps"])
        values = parameter.index_select(0, rows).mul_(1 - group["lr"] * group["weight_decay"])
        values.addcdiv_(mean, scale, value=-group["lr"] / (1 - beta1**step))
        parameter.index_copy_(0, rows, values)


def clip_grad_norm(
    parameters: Iterable[Tensor], max_norm: float, *, kernels: bool | str = False
) -> Tensor | float:
    """Scale gradients, dense and sparse, so that their joint norm is at most `max_norm`.

    Like :func:`torch.nn.utils.clip_grad_norm_`, but sparse gradients are first summed by row, and
    stay so; that function treats each occurrence of a token as a row of its own.

    Parameters
    ----------
    parameters : iterable of torch.nn.Parameter
        Those without a gradient are skipped.
    max_norm : float
        The largest norm.
    kernels : bool or "auto", default=False
        Whether to use the package's kernel where it can, as `LazyAdamW`.

    Returns
    -------
    norm : torch.Tensor of shape () or float
        The norm before, 0 if there are no gradients.

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn._training.optimizers import clip_grad_norm
    >>> weight = torch.nn.Parameter(torch.zeros(2))
    >>> weight.grad = torch.tensor([3.0, 4.0])
    >>> clip_grad_norm([weight], 1.0)
    tensor(5.)
    >>> weight.grad
    tensor([0.6000, 0.8000])
    """
    grads = []
    for parameter in parameters:
        if parameter.grad is None:
            continue
        if parameter.grad.is_sparse:
            parameter.grad = parameter.grad.coalesce()
            grads.append(parameter.grad._values())
        else:
            grads.append(parameter.grad)
    if not grads:
        return torch.zeros((), dtype=torch.float32)
    if can_update(kernels, *grads):
        return clip_norm(grads, max_norm)
    norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(grads)))
    torch._foreach_mul_(grads, torch.clamp(max_norm / (norm + 1e-6), max=1.0))
    return norm


OPTIMIZERS = {
    "adamw": LazyAdamW,
    "adam": torch.optim.Adam,
    "nadam": torch.optim.NAdam,
    "rmsprop": torch.optim.RMSprop,
    "adagrad": torch.optim.Adagrad,
    "sgd": torch.optim.SGD,
}
