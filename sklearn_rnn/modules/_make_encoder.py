"""From names and numbers to what reads the vectors of tokens: a stack of layers, or a grid."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from ._grid_lstm import GridLSTM
from ._make_cell import make_cell
from ._recurrent import RecurrentStack
from .cells import CELLS

GRIDS: dict[str, Callable[..., GridLSTM]] = {
    "grid_lstm": partial(GridLSTM, tied=False),
    "tied_grid_lstm": partial(GridLSTM, tied=True),
}


def make_encoder(
    input_size: int,
    hidden_size: int,
    *,
    cell: str | Callable = "lstm",
    activation: str = "tanh",
    bidirectional: bool = True,
    num_layers: int = 1,
    recurrent_init: str | None = None,
    forget_bias: float | Literal["chrono"] | None = None,
    max_length: int | None = None,
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    kernels: bool | str = False,
    variational_dropout: bool = False,
    zoneout: float = 0.0,
    residual: bool = False,
) -> RecurrentStack | GridLSTM:
    """Return a new stack of layers, or a grid, for vectors of `input_size` features.

    The parameters are those of `build_network`, and `residual` that of `RecurrentStack`. A grid has
    no use for it, as memory cells along its depth do what it is for.

    Raises
    ------
    ValueError
        If the cell is a grid and cannot be combined with a parameter.
    """
    sizes: dict[str, Any] = {
        "num_layers": num_layers,
        "bidirectional": bidirectional,
        "dropout": dropout,
    }
    if isinstance(cell, str) and cell in GRIDS:
        _refuse_with_grid(
            cell,
            recurrent_init=recurrent_init,
            forget_bias=forget_bias,
            variational_dropout=variational_dropout,
            zoneout=zoneout,
        )
        return GRIDS[cell](input_size, hidden_size, recurrent_dropout=recurrent_dropout, **sizes)
    drops_weights = not variational_dropout and (
        callable(cell) or CELLS[cell].has_recurrent_weights
    )
    return RecurrentStack(
        partial(
            make_cell,
            cell=cell,
            activation=activation,
            recurrent_init=recurrent_init,
            forget_bias=forget_bias,
            max_length=max_length,
            zoneout=zoneout,
            state_dropout=recurrent_dropout if variational_dropout else 0.0,
        ),
        input_size,
        hidden_size,
        recurrent_dropout=recurrent_dropout if drops_weights else 0.0,
        locked_dropout=variational_dropout,
        kernels=kernels,
        residual=residual,
        **sizes,
    )


def _refuse_with_grid(cell: str, **params: object) -> None:
    """Refuse parameters that a Grid LSTM does not have."""
    given = [f"{name}={value!r}" for name, value in params.items() if value]
    if given:
        raise ValueError(f"cell={cell!r} cannot be combined with {', '.join(given)}.")
