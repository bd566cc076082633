"""Steps of an optimizer by kernels: one pass over the weights that a batch uses."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ._build import has_kernels, load_kernels
from ._interface import Gradient, Update


def can_update(kernels: bool | str, *tensors: Tensor) -> bool:
    """Return whether kernels may be used, see `has_kernels`, and support these tensors.

    Sparse tensors must hold each row once, as coalesced ones do.
    """
    return has_kernels(kernels) and all(map(_is_plain, tensors))


def _is_plain(tensor: Tensor) -> bool:
    if tensor.is_sparse:
        tensor = tensor._values()
    return tensor.dtype == torch.float32 and tensor.is_cpu and tensor.is_contiguous()


def adamw_update(parameter: Tensor, grad: Tensor, state: dict, group: dict) -> Update:
    """Return a step of AdamW for `step_all`, of a sparse gradient's rows only.

    Parameters
    ----------
    parameter : torch.Tensor of float32 of shape (n_rows, ...)
        The parameter.
    grad : torch.Tensor of float32 of the same shape
        The gradient, dense or coalesced.
    state : dict
        What :class:`torch.optim.AdamW` keeps for the parameter, on the CPU: `step_all` also counts
        the step. All these tensors must live until then.
    group : dict
        The options of the step, as in a group of parameters of that class.
    """
    return Update(
        *_tensors(parameter, grad),
        state["exp_avg"].data_ptr(),
        state["exp_avg_sq"].data_ptr(),
        state["step"].data_ptr(),
        group["lr"],
        *group["betas"],
        group["eps"],
        group["weight_decay"],
    )


def plain_update(parameter: Tensor, grad: Tensor, lr: float) -> Update:
    """Return a step of gradient descent for `step_all`, of a sparse gradient's rows only."""
    return Update(*_tensors(parameter, grad), lr=lr)


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
