"""Dropout of the state-to-state weights."""

from __future__ import annotations

from copy import copy
from typing import TypeVar

from torch import nn

from ._dropout import Dropout
from .cells._base import Cell

C = TypeVar("C", nn.Module, Cell)


def with_dropped_weights(cell: C, dropout: Dropout) -> C:
    """Return a cell some of whose state-to-state weights are zeroed, once for a whole call.

    It is a copy, because other threads may use the cell, each with other weights dropped.

    Parameters
    ----------
    cell : torch.nn.Module
        With the parameter `weight_hh`, or with such a cell as its part `cell`.
    dropout : Dropout
        The dropout that zeroes them.

    Returns
    -------
    cell : torch.nn.Module
        The copy, which shares all other weights.
    """
    dropped = copy(cell)
    if "weight_hh" in cell._parameters:
        weight = dropout(cell._parameters["weight_hh"])
        dropped._parameters = {**cell._parameters, "weight_hh": weight}
    elif (inner := cell._modules["cell"]) is not None:
        dropped._modules = {**cell._modules, "cell": with_dropped_weights(inner, dropout)}
    return dropped


def has_recurrent_weights(cell: nn.Module | Cell) -> bool:
    """Return whether there are state-to-state weights, in a cell or in its part `cell`."""
    if "weight_hh" in cell._parameters:
        return True
    inner = cell._modules.get("cell")
    return inner is not None and has_recurrent_weights(inner)
