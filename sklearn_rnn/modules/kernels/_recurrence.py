"""A recurrent layer in one autograd function: torch's matrix products around our kernels."""

from __future__ import annotations

from typing import TypeGuard

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from .._layout import PackedLayout
from .._unique_rows import UniqueRows
from ..cells import CELLS, RecurrentCell
from ..cells._base import Cell
from ._build import has_kernels, load_kernels


def has_kernel_for(cell: Cell) -> TypeGuard[RecurrentCell]:
    """Return whether a kernel was written for a cell."""
    return kernel_name(cell) is not None


def can_read(cell: Cell, x: Tensor | UniqueRows, kernels: bool | str) -> TypeGuard[RecurrentCell]:
    """Return whether a cell is to read such input by a kernel, and can.

    A model trained with kernels may be used where there are none; then torch computes. `kernels`
    is what `has_kernels` takes.
    """
    if isinstance(x, UniqueRows):
        x = x.rows
    return (
        bool(kernels)
        and has_kernel_for(cell)
        and x.device.type == "cpu"
        # Kernels take addresses, and a model can have been given weights of several precisions.
        and {x.dtype, *(w.dtype for w in cell._kernel_weights())} == {torch.float32}
        and has_kernels(kernels)
    )


def read(
    cell: RecurrentCell, x: Tensor | UniqueRows, layout: PackedLayout, *, reverse: bool = False
) -> Tensor:
    """Read a packed batch by a kernel of our own, from a state of zeros.

    Under autocast the products with the inputs, and the gradients of all weights, are computed in
    the lower precision, the states in float32.

    Parameters
    ----------
    cell : RecurrentCell
        The cell, for which `can_read` holds.
    x : torch.Tensor of float32 or UniqueRows of shape (n_tokens, input_size)
        The inputs in packed order.
    layout : PackedLayout
        Where each token lies.
    reverse : bool, default=False
        Whether each document is read from its end.

    Returns
    -------
    states : torch.Tensor of float32 of shape (n_tokens, hidden_size)
        The hidden state at each token, in packed order.
    """
    weights = _pad_units(cell, load_kernels().width())
    rows, index = x if isinstance(x, UniqueRows) else (x, None)
    order = _Order(layout, reverse, index)
    states = _Recurrence.apply(kernel_name(cell), order, _matrix_dtype(), rows, *weights)
    return states[:, : cell.hidden_size]


def kernel_name(cell: Cell) -> str | None:
    """Return the kernel of a cell, None for others: a subclass may compute something else."""
    if not isinstance(cell, RecurrentCell) or type(cell) not in CELLS.values():
        return None
    kernel = vars(type(cell)).get("kernel")
    if kernel is None:
        return None
    return "_".join([kernel, *(getattr(cell, option) for option in cell.options)])


def _pad_units(cell: RecurrentCell, width: int) -> list[Tensor]:
    """Return the weights for units in whole vectors; those added stay at zero for ever."""
    weights = cell._kernel_weights()
    n_more = -cell.hidden_size % width
    if not n_more:
        return weights
    ends = [(0, 0, 0, n_more), (0, n_more, 0, n_more), (0, n_more), (0, n_more)]
    by_gate = [weight.unflatten(0, (cell.n_gates, -1)) for weight in weights]
    return [F.pad(w, end).flatten(0, 1) for w, end in zip(by_gate, ends, strict=True)]


def _matrix_dtype() -> torch.dtype:
    return torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else torch.float32


class _Order:
    """In which order the rows of a packed batch are read, and which of the inputs each one has."""

    def __init__(self, layout: PackedLayout, reverse: bool, index: Tensor | None) -> None:
        self.batch_sizes = layout.batch_sizes.contiguous()
        self.rows = layout.backwards if reverse else torch.arange(len(layout.positions))
        self.layout, self.reverse, self.index = layout, reverse, index

    def later(self, x: Tensor) -> Tensor:
        """Return the rows of `x` of the tokens that are read after another one."""
        # Forwards they are all behind those of the first step, and need no copy.
        first = self.layout.n_documents
        return x.index_select(0, self.rows[first:]) if self.reverse else x[first:]

    def before(self, x: Tensor) -> Tensor:
        """Return the rows of `x` of the tokens that are read just before those."""
        previous = self.layout.previous
        return x.index_select(0, self.rows[previous] if self.reverse else previous)

    def arguments(self, n_units: int) -> tuple[int | None, ...]:
        """Return what every kernel takes first."""
        addresses = map(_address, (self.batch_sizes, self.rows, self.index))
        return len(self.batch_sizes), *addresses, n_units


class _Recurrence(Function):
    @staticmethod
    def forward(ctx, kernel, order, dtype, x, weight_ih, weight_hh, bias_ih, bias_hh):
        n_units = weight_hh.shape[1]
        weight_hh = weight_hh.contiguous()
        bias, new_bias, kept = bias_ih + bias_hh, None, None
        if kernel == "gru":  # The reset gate stands between the two biases of the new gate.
            new_bias = bias_hh[2 * n_units :].contiguous()
            bias[2 * n_units :] = bias_ih[2 * n_units :]
        inputs = torch.addmm(bias.to(dtype), x.to(dtype), weight_ih.T.to(dtype)).float()
        n_tokens = len(order.rows)
        gates = None
        if any(ctx.needs_input_grad):
            # Where each token has a row of its own, its gates take the place of its inputs.
            gates = inputs if order.index is None else x.new_empty(n_tokens, len(bias))
        states = x.new_empty(n_tokens, n_units)
        if kernel in ("gru", "lstm"):
            kept = torch.empty_like(states)
        tensors = (weight_hh, new_bias, inputs, gates, kept, states)
        getattr(load_kernels(), f"{kernel}_forward")(
            *order.arguments(n_units), *map(_address, tensors)
        )
        ctx.kernel, ctx.order, ctx.dtype = kernel, order, dtype
        ctx.save_for_backward(x, weight_ih, weight_hh, gates, kept, states)
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_states):
        x, weight_ih, weight_hh, gates, kept, states = ctx.saved_tensors
        n_units = weight_hh.shape[1]
        grad_states = grad_states.contiguous()
        by_states, by_inputs = torch.empty_like(gates), None
        # The inputs see other gradients where a row of them has several tokens, whose gradients
        # are added up, and of the new gate of a GRU.
        if ctx.order.index is not None or ctx.kernel == "gru":
            by_inputs = gates.new_zeros(len(x), gates.shape[1])
        tensors = (weight_hh, states, kept, grad_states, gates, by_states, by_inputs)
        getattr(load_kernels(), f"{ctx.kernel}_backward")(
            *ctx.order.arguments(n_units), *map(_address, tensors)
        )

        def product(a, b):
            return (a.to(ctx.dtype) @ b.to(ctx.dtype)).float()

        if by_inputs is None:
            by_inputs = by_states
        later, before = ctx.order.later(by_states), ctx.order.before(states)
        grad_bias_ih = by_inputs.sum(0)
        return (
            None,
            None,
            None,
            product(by_inputs, weight_ih) if ctx.needs_input_grad[3] else None,
            # With the narrower factor in front, a product over many tokens is a tenth faster.
            product(x.T, by_inputs).T,
            product(before.T, later).T,
            grad_bias_ih,
            by_states.sum(0) if ctx.kernel == "gru" else grad_bias_ih,
        )


def _address(tensor: Tensor | None) -> int | None:
    return None if tensor is None else tensor.data_ptr()
