"""Dropout of the weights from state to state."""

from __future__ import annotations

from copy import copy

from torch import nn

from ._dropout import Dropout


def with_dropped_weights(cell: nn.Module, dropout: Dropout) -> nn.Module:
    """Return a cell some of whose weights from state to state are zeroed, once for a whole call.

    It is a copy, since other threads may be in the cell, each with weights dropped of its own.

    Parameters
    ----------
    cell : torch.nn.Module
        With the parameter `weight_hh`, or with such a cell as its part `cell`.
    dropout : Dropout
        What zeroes them.

    Returns
    -------
    cell : torch.nn.Module
        The copy, which shares all other weights.
    """
    dropped = copy(cell)
    if "weight_hh" in cell._parameters:
        dropped._parameters = {**cell._parameters, "weight_hh": dropout(cell.weight_hh)}
    else:
        dropped._modules = {**cell._modules, "cell": with_dropped_weights(cell.cell, dropout)}
    return dropped


def has_recurrent_weights(cell: nn.Module) -> bool:
    """Return whether there are weights from state to state, in a cell or in its part `cell`."""
    while "weight_hh" not in cell._parameters:
        cell = cell._modules.get("cell")
        if cell is None:
            return False
    return True
