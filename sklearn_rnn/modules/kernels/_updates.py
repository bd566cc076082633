"""Steps of an optimizer by kernels: one pass over the numbers that a batch touches."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ._build import has_kernels, load_kernels
from ._interface import AdamW, Gradient, Update


def can_update(kernels: bool | str, *tensors: Tensor) -> bool:
    """Return whether kernels may be used, see `has_kernels`, and can compute with such tensors.

    Sparse tensors must hold each row once, as coalesced ones do.
    """
    return has_kernels(kernels) and all(map(_is_plain, tensors))


def _is_plain(tensor: Tensor) -> bool:
    if tensor.is_sparse:
        tensor = tensor._values()
    return (
        tensor.dtype == torch.float32 and tensor.device.type == "cpu" and tensor.is_contiguous()
    )


def step_adamw(
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
) -> None:
    """Take a step of AdamW in place, of a sparse gradient's rows alone.

    Parameters
    ----------
    parameter, mean, square : torch.Tensor of float32 of shape (n_rows, ...)
        The parameter, and the running means of its gradient and of the square.
    grad : torch.Tensor of float32 of the same shape
        The gradient, dense or coalesced.
    n_steps : int
        The number of this step, from 1 on.
    lr, betas, eps, weight_decay : float
        As for :class:`torch.optim.AdamW`.

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.modules.kernels import has_kernels
    >>> from sklearn_rnn.modules.kernels._updates import step_adamw
    >>> weight, moments = torch.ones(3), torch.zeros(2, 3)
    >>> options = {"lr": 0.5, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0}
    >>> if has_kernels("auto"):
    ...     step_adamw(weight, torch.tensor([2.0, -2.0, 0.0]), *moments, 1, **options)
    """
    beta1, beta2 = betas
    options = AdamW(
        lr,
        beta1,
        beta2,
        eps,
        1 - lr * weight_decay,
        1 / math.sqrt(1 - beta2**n_steps),
        lr / (1 - beta1**n_steps),
    )
    update = _update(parameter, grad)
    update.mean, update.square = mean.data_ptr(), square.data_ptr()
    load_kernels().step_adamw(update, options)


def step_plain(parameter: Tensor, grad: Tensor, lr: float) -> None:
    """Take a step of gradient descent in place, of a sparse gradient's rows alone."""
    load_kernels().step_plain(_update(parameter, grad), lr)


def _update(parameter: Tensor, grad: Tensor) -> Update:
    """Return what both steps take; the gradient must live until they have been."""
    weight = parameter.data_ptr()
    if not grad.is_sparse:
        return Update(1, grad.numel(), None, grad.data_ptr(), weight)
    rows, values = grad._indices(), grad._values()
    n_rows = len(values)
    n_columns = parameter.numel() // max(1, len(parameter))
    return Update(n_rows, n_columns, rows.data_ptr(), values.data_ptr(), weight)


def clip_norm(grads: Sequence[Tensor], max_norm: float) -> float:
    """Scale gradients so that their joint norm is at most `max_norm`; return the norm before."""
    sizes = [(grad.numel(), grad.data_ptr()) for grad in grads]
    return load_kernels().clip_norm((Gradient * len(grads))(*sizes), len(grads), max_norm)
