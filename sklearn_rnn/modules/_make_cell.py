"""From the name of a cell, or a custom class, to a cell ready to be stacked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, cast

from ._cell_start import start_forget_bias, start_recurrent_weights
from .cells import CELLS, RecurrentCell, StateDropout, Zoneout
from .cells._base import Cell, SteppedCell
from .cells._own_cell import make_own_cell


def make_cell(
    input_size: int,
    hidden_size: int,
    *,
    cell: str | Callable,
    activation: str = "tanh",
    recurrent_init: str | None = None,
    forget_bias: float | Literal["chrono"] | None = None,
    max_length: int | None = None,
    zoneout: float = 0.0,
    state_dropout: float = 0.0,
) -> Cell:
    """Make a cell, initialise its weights, and wrap it in what regularises it.

    Parameters
    ----------
    input_size : int
        Number of features of the input at each step.
    hidden_size : int
        Number of units of the hidden state.
    cell : str or callable
        A name among `CELLS`, or what makes a custom cell.
    activation : {"tanh", "relu", "sigmoid"}, default="tanh"
        The activation, ignored by cells that do not have it among their `options`.
    recurrent_init : {"orthogonal", "identity", "uniform"}, default=None
        See `start_recurrent_weights`. None leaves the weights as the cell initialises them.
    forget_bias : float or "chrono", default=None
        See `start_forget_bias`. None leaves the bias as the cell initialises it.
    max_length : int, default=None
        The longest time to remember, with "chrono".
    zoneout : float, default=0.0
        Probability that a unit keeps its value for a step in training.
    state_dropout : float, default=0.0
        Share of the state that is not read in training, the same units at every step.

    Returns
    -------
    cell : torch.nn.Module
        The cell.
    """
    made: Cell
    if isinstance(cell, str):
        options = {"activation": activation}
        class_ = CELLS[cell]
        make: Callable[..., Cell] = class_
        made = make(input_size, hidden_size, **{name: options[name] for name in class_.options})
    else:
        made = make_own_cell(cell, input_size, hidden_size)
    if recurrent_init is not None:
        start_recurrent_weights(made, recurrent_init)
    if forget_bias is not None:
        start_forget_bias(made, forget_bias, max_length)
    if state_dropout:
        made = StateDropout(made, state_dropout)
    if zoneout:
        made = Zoneout(_with_steps(made), zoneout)
    return made


def n_documents_at_once(cell: str | Callable) -> int:
    """Return the smallest number of documents at which a cell reaches full speed per document."""
    class_ = CELLS.get(cell, RecurrentCell) if isinstance(cell, str) else cell
    return getattr(class_, "n_documents_at_once", RecurrentCell.n_documents_at_once)


def _with_steps(cell: Cell) -> SteppedCell:
    """Return the cell if it can be run step by step."""
    missing = [name for name in ("step", "n_states") if not hasattr(cell, name)]
    if missing:
        raise ValueError(
            "The 'zoneout' parameter needs a cell that is run step by step, a RecurrentCell "
            f"for example. {type(cell).__name__} has no {', '.join(missing)}."
        )
    return cast("SteppedCell", cell)
