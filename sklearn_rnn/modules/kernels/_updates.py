"""Steps of an optimizer by kernels: one pass over the numbers that a batch touches."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ._build import has_kernels, load_kernels
from ._interface import Gradient, Update


def can_update(kernels: bool | str, *tensors: Tensor) -> bool:
    """Return whether kernels may be used, see `has_kernels`, and can compute with such tensors.

    Sparse tensors must hold each row once, as coalesced ones do.
    """
    return has_kernels(kernels) and all(map(_is_plain, tensors))


def _is_plain(tensor: Tensor) -> bool:
    if tensor.is_sparse:
        tensor = tensor._values()
    return tensor.dtype == torch.float32 and tensor.is_cpu and tensor.is_contiguous()


def adamw_update(
    parameter: Tensor,
    grad: Tensor,
    mean: Tensor,
    square: Tensor,
    n_steps: int,
    *,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
) -> Update:
    """Return a step of AdamW for `step_all`, of a sparse gradient's rows alone.

    Parameters
    ----------
    parameter, mean, square : torch.Tensor of float32 of shape (n_rows, ...)
        The parameter, and the running means of its gradient and of the square.
    grad : torch.Tensor of float32 of the same shape
        The gradient, dense or coalesced. All four must live until the step was taken.
    n_steps : int
        The number of this step, from 1 on.
    lr, betas, eps, weight_decay : float
        As for :class:`torch.optim.AdamW`.
    """
    beta1, beta2 = betas
    moments = mean.data_ptr(), square.data_ptr()
    corrections = 1 / math.sqrt(1 - beta2**n_steps), lr / (1 - beta1**n_steps)
    return Update(
        *_tensors(parameter, grad), *moments, *betas, eps, 1 - lr * weight_decay, *corrections
    )


def plain_update(parameter: Tensor, grad: Tensor, lr: float) -> Update:
    """Return a step of gradient descent for `step_all`, of a sparse gradient's rows alone."""
    return Update(*_tensors(parameter, grad), step_size=lr)


def step_all(updates: Sequence[Update]) -> None:
    """Take steps in place.

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.modules.kernels import has_kernels
    >>> from sklearn_rnn.modules.kernels._updates import plain_update, step_all
    >>> weight = torch.ones(3)
    >>> if has_kernels("auto"):
    ...     step_all([plain_update(weight, torch.tensor([2.0, -2.0, 0.0]), lr=0.5)])
    """
    load_kernels().step_all((Update * len(updates))(*updates), len(updates))


def _tensors(parameter: Tensor, grad: Tensor) -> tuple[int, int, int | None, int, int]:
    """Return the sizes and addresses with which an `Update` begins."""
    weight = parameter.data_ptr()
    if not grad.is_sparse:
        return 1, grad.numel(), None, grad.data_ptr(), weight
    rows, values = grad._indices(), grad._values()
    n_rows, n_columns = rows.shape[1], math.prod(parameter.shape[1:])
    return n_rows, n_columns, rows.data_ptr(), values.data_ptr(), weight


def clip_norm(grads: Sequence[Tensor], max_norm: float) -> float:
    """Scale gradients so that their joint norm is at most `max_norm`; return the norm before."""
    sizes = [Gradient(grad.numel(), grad.data_ptr()) for grad in grads]
    return load_kernels().clip_norm((Gradient * len(grads))(*sizes), len(grads), max_norm)
