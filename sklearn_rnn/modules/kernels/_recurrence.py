"""A recurrent layer in one autograd function, computed by our kernels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from .._layout import PackedLayout
from .._unique_rows import UniqueRows, dense
from ..cells import CELLS, RecurrentCell
from ..cells._base import Cell, State
from ._build import has_kernels, load_kernels
from ._interface import Layer
from ._step import is_step, step
from ._threads import threads_for


def has_kernel_for(cell: Cell) -> TypeGuard[RecurrentCell]:
    """Return whether a kernel was written for a cell."""
    return kernel_name(cell) is not None


def can_read(cell: Cell, x: Tensor | UniqueRows, kernels: bool | str) -> TypeGuard[RecurrentCell]:
    """Return whether a cell should read such input with a kernel, and can.

    A model trained with kernels may be used where there are none; then torch computes. `kernels`
    is as in `has_kernels`.
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
    cell: RecurrentCell,
    x: Tensor | UniqueRows,
    layout: PackedLayout,
    *,
    reverse: bool = False,
    state: State | None = None,
) -> Tensor:
    """Read a packed batch with a kernel.

    Under autocast torch computes the products with the inputs, and their gradients, in the lower
    precision; everything else stays in float32.

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
    state : tuple of torch.Tensor of shape (n_documents, hidden_size), default=None
        The state that documents begin with, a constant. None is zeros.

    Returns
    -------
    states : torch.Tensor of float32 of shape (n_tokens, hidden_size)
        The hidden state at each token, in packed order.

    Raises
    ------
    ValueError
        If the state is not one of this cell's.
    """
    states, _ = _apply(cell, x, layout, reverse, state)
    return _own_units(states, cell)


def read_on(
    cell: RecurrentCell, x: Tensor | UniqueRows, layout: PackedLayout, state: State | None = None
) -> tuple[Tensor, State]:
    """Read a packed batch forwards, as `read` does, and return also the state to continue from.

    Parameters
    ----------
    cell, x, layout, state
        As in `read`.

    Returns
    -------
    states : torch.Tensor of float32 of shape (n_tokens, hidden_size)
        The hidden state at each token, in packed order.
    state : tuple of torch.Tensor of shape (n_documents, hidden_size)
        The state after the last token of each document, a constant.
    """
    if is_step(layout.batch_sizes):
        x = dense(x)
        if state is None:
            state = (x.new_zeros(len(x), cell.hidden_size),) * cell.n_states
        state = step(kernel_name(cell), cell, x, _start(cell, state, layout, cell.hidden_size))
        return state[0], state
    states, kept = _apply(cell, x, layout, False, state)
    # What an LSTM keeps is its memory; what a GRU keeps is not part of its state.
    parts = (states.detach(), kept)[: cell.n_states]
    last = tuple(_own_units(part[layout.last], cell).contiguous() for part in parts)
    return _own_units(states, cell), last


def _apply(
    cell: RecurrentCell,
    x: Tensor | UniqueRows,
    layout: PackedLayout,
    reverse: bool,
    state: State | None,
) -> tuple[Tensor, Tensor]:
    """Return the hidden states and what the cell has kept at each token, with all units."""
    weights = _pad_units(cell, load_kernels().width())
    rows, index = x if isinstance(x, UniqueRows) else (x, None)
    order = _Order(layout, reverse, index)
    n_tokens = len(rows if index is None else index)
    kernel, n_units = kernel_name(cell), weights[1].shape[1]
    start = () if state is None else _start(cell, state, layout, n_units)
    kept = rows.new_empty(n_tokens if kernel in ("gru", "lstm") else 0, n_units)
    arguments = kernel, order, _matrix_dtype(), n_tokens, start, kept, rows
    return _Recurrence.apply(*arguments, *weights), kept


def _own_units(states: Tensor, cell: RecurrentCell) -> Tensor:
    # To take a part is an operation of its own, the way back too.
    padded = states.shape[1] != cell.hidden_size
    return states[:, : cell.hidden_size] if padded else states


def kernel_name(cell: Cell) -> str | None:
    """Return the kernel of a cell, None for others: a subclass may compute something else."""
    if not isinstance(cell, RecurrentCell) or type(cell) not in CELLS.values():
        return None
    kernel = vars(type(cell)).get("kernel")
    if kernel is None:
        return None
    return "_".join([kernel, *(getattr(cell, option) for option in cell.options)])


def _pad_units(cell: RecurrentCell, width: int) -> list[Tensor]:
    """Return the weights for units in whole vectors; added units always stay at zero."""
    weights = cell._kernel_weights()
    n_more = -cell.hidden_size % width
    if not n_more:
        return weights
    ends = [(0, 0, 0, n_more), (0, n_more, 0, n_more), (0, n_more), (0, n_more)]
    by_gate = [weight.unflatten(0, (cell.n_gates, -1)) for weight in weights]
    return [F.pad(w, end).flatten(0, 1) for w, end in zip(by_gate, ends, strict=True)]


def _start(
    cell: RecurrentCell, state: State, layout: PackedLayout, n_units: int
) -> tuple[Tensor, ...]:
    """Return a given state for units in whole vectors, as `_pad_units` makes them."""
    expected = (layout.n_documents, cell.hidden_size)
    if [part.shape for part in state] != [expected] * cell.n_states:
        raise ValueError(
            f"The state of {type(cell).__name__} must be a tuple of tensors of shape {expected}, "
            f"{cell.n_states} of them. Got {', '.join(str(tuple(part.shape)) for part in state)}."
        )
    parts = [part.detach().to(cell.weight_hh) for part in state]
    if n_units != cell.hidden_size:
        parts = [F.pad(part, (0, n_units - cell.hidden_size)) for part in parts]
    return tuple(part.contiguous() for part in parts)


def _matrix_dtype() -> torch.dtype:
    return torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else torch.float32


class _Order:
    """In which order the rows of a packed batch are read, and which of the inputs each one has."""

    def __init__(self, layout: PackedLayout, reverse: bool, index: Tensor | None) -> None:
        self.batch_sizes = layout.batch_sizes.contiguous()
        # Forwards they are read as they lie.
        self.rows = layout.backwards if reverse else None
        self.index = index


class _Recurrence(Function):
    @staticmethod
    def forward(ctx, kernel, order, dtype, n_tokens, start, kept, x, *weights):
        weight_ih, weight_hh, bias_ih, bias_hh = weights
        x, weight_ih, weight_hh = x.contiguous(), weight_ih.contiguous(), weight_hh.contiguous()
        bias_ih, bias_hh = bias_ih.contiguous(), bias_hh.contiguous()
        n_gates, n_units = weight_hh.shape
        if dtype == torch.float32:
            inputs = x.new_empty(len(x), n_gates)
        else:
            inputs = _multiply_inputs(kernel, dtype, x, weight_ih, bias_ih, bias_hh)
        gates = None
        if any(ctx.needs_input_grad):
            # Where each token has a row of its own, its gates take the place of its inputs.
            gates = inputs if order.index is None else x.new_empty(n_tokens, n_gates)
        states = x.new_empty(n_tokens, n_units)
        layer = _layer(order, n_tokens, x, weight_hh)
        _set_start(layer, start)
        _set(layer, weight_ih=weight_ih, weight_hh=weight_hh, bias_ih=bias_ih, bias_hh=bias_hh)
        _set(layer, x=x if dtype == torch.float32 else None, inputs=inputs)
        _set(layer, gates=gates, kept=kept, states=states)
        getattr(load_kernels(), f"{kernel}_forward")(layer)
        ctx.kernel, ctx.order, ctx.dtype = kernel, order, dtype
        ctx.save_for_backward(x, weight_ih, weight_hh, gates, kept, states, *start)
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_states):
        x, weight_ih, weight_hh, gates, kept, states, *start = ctx.saved_tensors
        grad_states = grad_states.contiguous()
        n_gates = len(weight_hh)
        by_states, by_inputs = torch.empty_like(gates), None
        # The inputs see other gradients where a row of them has several tokens, whose gradients
        # are added up, and of the new gate of a GRU.
        if ctx.order.index is not None or ctx.kernel == "gru":
            by_inputs = gates.new_empty(len(x), n_gates)
        grad_x = torch.empty_like(x) if ctx.needs_input_grad[6] else None
        grad_weight_ih, grad_weight_hh = torch.empty_like(weight_ih), torch.empty_like(weight_hh)
        grad_bias_ih = x.new_empty(n_gates)
        grad_bias_hh = torch.empty_like(grad_bias_ih) if ctx.kernel == "gru" else None
        layer = _layer(ctx.order, len(states), x, weight_hh)
        _set_start(layer, start)
        _set(layer, weight_hh=weight_hh, gates=gates, kept=kept, states=states)
        _set(layer, grad_states=grad_states, by_states=by_states, by_inputs=by_inputs)
        _set(layer, grad_weight_hh=grad_weight_hh)
        _set(layer, grad_bias_ih=grad_bias_ih, grad_bias_hh=grad_bias_hh)
        if ctx.dtype == torch.float32:
            _set(layer, x=x, weight_ih=weight_ih, grad_x=grad_x, grad_weight_ih=grad_weight_ih)
        getattr(load_kernels(), f"{ctx.kernel}_backward")(layer)
        if ctx.dtype != torch.float32:
            by_inputs = (by_states if by_inputs is None else by_inputs).to(ctx.dtype)
            grad_weight_ih = (by_inputs.T @ x.to(ctx.dtype)).float()
            if grad_x is not None:
                grad_x = (by_inputs @ weight_ih.to(ctx.dtype)).float()
        if grad_bias_hh is None:
            grad_bias_hh = grad_bias_ih
        return (
            *(None, None, None, None, None, None, grad_x),
            *(grad_weight_ih, grad_weight_hh, grad_bias_ih, grad_bias_hh),
        )


def _multiply_inputs(
    kernel: str, dtype: torch.dtype, x: Tensor, weight_ih: Tensor, bias_ih: Tensor, bias_hh: Tensor
) -> Tensor:
    """Return what the inputs add to the gates, multiplied in a lower precision."""
    bias = bias_ih + bias_hh
    if kernel == "gru":  # The reset gate stands between the two biases of the new gate.
        n_first = 2 * len(bias) // 3
        bias[n_first:] = bias_ih[n_first:]
    return torch.addmm(bias.to(dtype), x.to(dtype), weight_ih.T.to(dtype)).float()


def _layer(order: _Order, n_tokens: int, x: Tensor, weight_hh: Tensor) -> Layer:
    """Return the arguments of a kernel; of the tensors, only the order is set."""
    n_steps, (n_inputs, n_features) = len(order.batch_sizes), x.shape
    n_gates, n_units = weight_hh.shape
    n_threads = threads_for(2 * n_gates * (n_inputs * n_features + n_tokens * n_units))
    layer = Layer(n_threads, n_steps, n_tokens, n_inputs, n_features, n_units)
    _set(layer, batch_sizes=order.batch_sizes, rows=order.rows, index=order.index)
    return layer


def _set_start(layer: Layer, start: Sequence[Tensor]) -> None:
    """Give a kernel the initial state of documents, followed by the memory of an LSTM."""
    _set(layer, **dict(zip(("start", "kept_start"), start, strict=False)))


def _set(layer: Layer, **tensors: Tensor | None) -> None:
    """Give a kernel tensors, which must live until it has run."""
    for name, tensor in tensors.items():
        if tensor is not None:
            setattr(layer, name, tensor.data_ptr())
