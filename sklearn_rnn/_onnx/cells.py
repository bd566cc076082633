"""Recurrent cells in the operators of ONNX.

In each function, `where` means the value that holds the inputs, (n_steps, n_documents,
input_size); the documents; and the direction, "forward" or "reverse".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from sklearn_rnn.modules import (
    CoupledLSTMCell,
    GridLSTMCell,
    GRUCell,
    LSTMCell,
    MGUCell,
    PeepholeLSTMCell,
    ProjectedCell,
    RecurrentCell,
    RNNCell,
    StateDropout,
    StepCell,
    Zoneout,
)
from sklearn_rnn.modules.cells import CELLS
from sklearn_rnn.modules.cells._base import Cell, SteppedCell, author

from .traced import Traced, TracedTensor, to_numpy

if TYPE_CHECKING:
    from .documents import Documents
    from .graph import Graph


def cell_states(graph: Graph, cell: Cell, *where: Any) -> str:
    """Return the states of any cell, (n_steps, n_documents, hidden_size)."""
    check_cell(cell)
    with graph.scope(type(cell).__name__):
        # By the exact class: a subclass may compute something else.
        return OPERATORS.get(type(cell), stepwise_cell)(graph, cell, *where)


def check_cell(cell: Cell) -> None:
    """Refuse custom cells that may compute something other than their steps."""
    inner = _innermost(cell)
    class_ = type(inner)
    if class_ in CELLS.values() or class_ is GridLSTMCell:
        return
    if not (
        isinstance(inner, RecurrentCell)
        and author(class_, "initial_state") is RecurrentCell
        and author(class_, "forward") in (RecurrentCell, ProjectedCell)
    ):
        raise NotImplementedError(
            f"export_onnx cannot translate the cell {class_.__name__}, which is not part of "
            "this package. Fit with a cell that has a name, such as cell='lstm' or cell='gru', or "
            "with a subclass of RecurrentCell that computes by its step alone."
        )


def _innermost(cell: Cell) -> nn.Module | Cell:
    """Return a cell without its wrappers."""
    inner: nn.Module | Cell = cell
    while isinstance(inner, (StateDropout, StepCell, Zoneout)):
        inner = inner.cell
    return inner


# Cells for which ONNX has an operator, or which are one with weights put together otherwise. An
# operator is faster than a step that is repeated.


def rnn_cell(graph: Graph, cell: RNNCell, *where: Any) -> str:
    """Return the states, (n_steps, n_documents, hidden_size)."""
    return _recur(graph, "RNN", cell, "h", "h", *where, activations=[cell.activation.capitalize()])


def lstm_cell(graph: Graph, cell: LSTMCell, *where: Any) -> str:
    """Return the states, (n_steps, n_documents, hidden_size)."""
    return _recur(graph, "LSTM", cell, "i f g o", "i o f g", *where)


def peephole_lstm_cell(graph: Graph, cell: PeepholeLSTMCell, *where: Any) -> str:
    """Return the states, (n_steps, n_documents, hidden_size)."""
    peepholes = _stack_gates(cell.weight_ch, "i f o", "i o f")
    return _recur(graph, "LSTM", cell, "i f g o", "i o f g", *where, peepholes=peepholes)


def coupled_lstm_cell(graph: Graph, cell: CoupledLSTMCell, *where: Any) -> str:
    """Return the states, (n_steps, n_documents, hidden_size)."""
    # 1 - sigmoid(f) is sigmoid(-f).
    return _recur(graph, "LSTM", cell, "f g o", "-f o f g", *where)


def gru_cell(graph: Graph, cell: GRUCell, *where: Any) -> str:
    """Return the states, (n_steps, n_documents, hidden_size)."""
    # The reset gate comes after the matrix.
    return _recur(graph, "GRU", cell, "r z n", "z r n", *where, linear_before_reset=1)


def mgu_cell(graph: Graph, cell: MGUCell, *where: Any) -> str:
    """Return the states, (n_steps, n_documents, hidden_size)."""
    # One gate resets, before the matrix, and mixes, where that of a GRU would be 1 less it.
    return _recur(graph, "GRU", cell, "f n", "-f f n", *where)


def _recur(
    graph: Graph,
    op_type: str,
    cell: RecurrentCell,
    gates: str,
    onnx_gates: str,
    x: str,
    documents: Documents,
    direction: str,
    *,
    peepholes: np.ndarray | None = None,
    **attributes: Any,
) -> str:
    """Add a recurrent operator of ONNX, with the weights of the gates in its order."""
    bias_ih, *bias_hh = cell.biases
    biases = bias_ih, *(bias_hh or [torch.zeros_like(bias_ih)])
    weights = [
        _stack_gates(weight, gates, onnx_gates) for weight in (cell.weight_ih, cell.weight_hh)
    ]
    bias = np.concatenate([_stack_gates(bias, gates, onnx_gates) for bias in biases])
    states = graph.add(
        op_type,
        x,
        *(array[None] for array in (*weights, bias)),
        documents.lengths,
        *(() if peepholes is None else (None, None, peepholes[None])),
        hidden_size=cell.hidden_size,
        direction=direction,
        **attributes,
    )  # (n_steps, 1, n_documents, hidden_size)
    return graph.add("Squeeze", states, [1])


def _stack_gates(parameter: Tensor, gates: str, wanted: str) -> np.ndarray:
    """Return the blocks of rows of a parameter in another order, "-f" being f negated."""
    names = gates.split()
    blocks = dict(zip(names, np.split(to_numpy(parameter), len(names)), strict=True))
    blocks.update({f"-{name}": -block for name, block in blocks.items()})
    return np.concatenate([blocks[name] for name in wanted.split()])


# All others: their own equations, repeated by ONNX's Scan.


def stepwise_cell(graph: Graph, cell: SteppedCell, *where: Any) -> str:
    """Return the states, (n_steps, n_documents, hidden_size)."""
    projected = None
    if isinstance(cell, ProjectedCell) and type(cell).forward is ProjectedCell.forward:
        projected = cell

    def project(x):
        return (x if projected is None else projected.project(x),)

    def advance(inputs, state):
        (x,) = inputs
        state = cell.step(x, state) if projected is None else projected.advance(x, state)
        return state[0], state

    with explaining_failures(cell):
        return _scan(graph, project, advance, initial_state(cell), *where)


@contextmanager
def explaining_failures(cell: SteppedCell) -> Iterator[None]:
    """Say how to write a custom step that cannot be traced."""
    try:
        yield
    except (AttributeError, IndexError, TypeError) as exc:
        raise NotImplementedError(
            f"export_onnx cannot translate the step of {type(cell).__name__}: {exc}. Write it with "
            "functions of torch, such as torch.sigmoid(x) and F.linear(x, weight)."
        ) from exc


def grid_lstm_cell(graph: Graph, cell: GridLSTMCell, *where: Any) -> str:
    """Return what goes up, (n_steps, n_documents, 2 * hidden_size)."""

    def advance(projected, state):
        output, *state = cell.advance(projected, state)
        return output, state

    return _scan(graph, cell.project, advance, initial_state(cell), *where)


def state_dropout(graph: Graph, cell: StateDropout, *where: Any) -> str:
    """Return the states of the cell inside; nothing is zeroed after training."""
    return cell_states(graph, cell.cell, *where)


def initial_state(cell: Cell) -> list[np.ndarray]:
    """Return the state of a document before its first step."""
    # Others are refused by `check_cell`.
    x = torch.zeros(1, 1, cast("RecurrentCell", _innermost(cell)).input_size)
    return [to_numpy(part[0]) for part in cell.initial_state(x)]


def _scan(
    graph: Graph,
    project: Callable[[TracedTensor], Sequence[TracedTensor]],
    advance: Callable[[Any, Any], tuple[TracedTensor, Sequence[TracedTensor]]],
    state: list[np.ndarray],
    x: str,
    documents: Documents,
    direction: str,
) -> str:
    """Add the steps of a cell.

    Parameters
    ----------
    graph : Graph
        The graph.
    project : callable
        ``project(x)`` returns what all steps take from the input, computed at once.
    advance : callable
        ``advance(projected, state)`` returns the output of a step and the new state.
    state : list of ndarray of shape (n_features,)
        The state of each document before its first step.
    x : str
        The inputs, (n_steps, n_documents, input_size).
    documents : Documents
        The documents.
    direction : {"forward", "reverse"}
        Whether each document is read from its end.

    Returns
    -------
    outputs : str
        Those of all steps, (n_steps, n_documents, n_features).
    """

    def turn(value):
        if direction == "forward":
            return value
        lengths = graph.cast(documents.lengths, np.int64)
        return graph.add("ReverseSequence", value, lengths, batch_axis=1, time_axis=0)

    def step(inputs, state):
        inputs, state = ([Traced(graph, name) for name in names] for names in (inputs, state))
        output, state = advance(inputs, state)
        return output.name, [part.name for part in state]

    n_documents = graph.add("Shape", documents.lengths)
    start = [
        graph.add("Expand", row, graph.add("Concat", n_documents, [len(row)], axis=0))
        for row in state
    ]
    inputs = [part.name for part in project(Traced(graph, turn(x)))]
    return turn(graph.scan(step, inputs, start))


# What is not here is translated by its steps.
OPERATORS: dict[type, Callable[..., str]] = {
    RNNCell: rnn_cell,
    LSTMCell: lstm_cell,
    PeepholeLSTMCell: peephole_lstm_cell,
    CoupledLSTMCell: coupled_lstm_cell,
    GRUCell: gru_cell,
    MGUCell: mgu_cell,
    GridLSTMCell: grid_lstm_cell,
    StateDropout: state_dropout,
}
