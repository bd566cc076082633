"""Poolings, each in one autograd function and one pass over the states."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from .._unique_rows import UniqueRows
from ._build import load_kernels
from ._interface import Pooling


def pool_states(
    states: Tensor | UniqueRows, batch_sizes: Tensor, *, largest: bool = False, mean: bool = False
) -> Tensor:
    """Return the largest state of each document, by feature, the mean state, or both concatenated.

    Parameters
    ----------
    states : torch.Tensor of float32 or UniqueRows of shape (n_tokens, n_features)
        The states of all tokens in packed order, contiguous and on the CPU.
    batch_sizes : torch.Tensor of int64 of shape (n_steps,)
        How many documents are still running at each step.
    largest : bool, default=False
        Whether to return the largest states. Tokens that tie for one share its gradient.
    mean : bool, default=False
        Whether to return the means.

    Returns
    -------
    pooled : torch.Tensor of float32 of shape (n_documents, n_features) or (n_documents, \
            2 * n_features)
    """
    rows, index = states if isinstance(states, UniqueRows) else (states, None)
    return _Pooled.apply(rows, index, batch_sizes.contiguous(), largest, mean)


def end_states(states: Tensor, batch_sizes: Tensor, n_last: int) -> Tensor:
    """Return the first features of each document's last state and the others of its first state.

    Parameters
    ----------
    states : torch.Tensor of float32 of shape (n_tokens, n_features)
        The states of all tokens in packed order, contiguous and on the CPU.
    batch_sizes : torch.Tensor of int64 of shape (n_steps,)
        How many documents are still running at each step.
    n_last : int
        How many features to take from the last state.

    Returns
    -------
    ends : torch.Tensor of float32 of shape (n_documents, n_features)
    """
    return _Ends.apply(states, batch_sizes.contiguous(), n_last)


class _Pooled(Function):
    @staticmethod
    def forward(ctx, rows, index, batch_sizes, largest, mean):
        n_documents, n_features = int(batch_sizes[0]), rows.shape[1]
        pooled = rows.new_empty(n_documents, n_features * (largest + mean))
        ties = rows.new_empty(n_documents, n_features) if largest else None
        load_kernels().pool_states(_pooling(rows, index, batch_sizes, pooled, ties))
        ctx.save_for_backward(rows, index, batch_sizes, pooled, ties)
        return pooled

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        rows, index, batch_sizes, pooled, ties = ctx.saved_tensors
        grad, grad_rows = grad.contiguous(), torch.empty_like(rows)
        pooling = _pooling(rows, index, batch_sizes, pooled, ties)
        load_kernels().pool_grads(pooling, grad.data_ptr(), grad_rows.data_ptr())
        return grad_rows, None, None, None, None


class _Ends(Function):
    @staticmethod
    def forward(ctx, states, batch_sizes, n_last):
        n_features = states.shape[1]
        ends = states.new_empty(int(batch_sizes[0]), n_features)
        ctx.layout = batch_sizes.shape[0], batch_sizes.data_ptr(), n_features, n_last
        load_kernels().end_states(*ctx.layout, states.data_ptr(), ends.data_ptr())
        ctx.batch_sizes, ctx.n_tokens = batch_sizes, states.shape[0]
        return ends

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        grad = grad.contiguous()
        grad_states = grad.new_empty(ctx.n_tokens, grad.shape[1])
        load_kernels().end_grads(*ctx.layout, grad.data_ptr(), grad_states.data_ptr())
        return grad_states, None, None


def _pooling(
    rows: Tensor, index: Tensor | None, batch_sizes: Tensor, pooled: Tensor, ties: Tensor | None
) -> Pooling:
    """Return the arguments of a kernel; the largest states come first in `pooled`."""
    (n_rows, n_features), stride, first = rows.shape, pooled.shape[1], pooled.data_ptr()
    has_mean = ties is None or stride > n_features
    return Pooling(
        *(batch_sizes.shape[0], n_features, stride, n_rows, batch_sizes.data_ptr()),
        *(None if index is None else index.data_ptr(), rows.data_ptr()),
        *((None, None) if ties is None else (first, ties.data_ptr())),
        first + 4 * (stride - n_features) if has_mean else None,
    )
