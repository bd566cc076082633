"""How a cell starts: its state-to-state weights, and the bias of its forget gate."""

from __future__ import annotations

from typing import Literal, cast

import torch
from torch import Tensor, nn

from .cells import RecurrentCell
from .cells._base import Cell

RECURRENT_INITS = ("orthogonal", "identity", "uniform")


def start_recurrent_weights(cell: Cell, init: str) -> None:
    """Give the state-to-state matrices new values, gate by gate.

    Cells whose `weight_hh` is not a stack of square matrices are left as they are.

    Parameters
    ----------
    cell : torch.nn.Module
        The cell.
    init : {"orthogonal", "identity", "uniform"}
        "orthogonal" keeps the norm of the state (Saxe et al., 2014), "identity" the state itself
        (Le et al., 2015), and "uniform" is torch's default, between -1 and 1, divided by
        the square root of the number of units.

    References
    ----------
    A. M. Saxe, J. L. McClelland and S. Ganguli, "Exact solutions to the nonlinear dynamics of
    learning in deep linear neural networks", ICLR (2014). Q. V. Le, N. Jaitly and G. E. Hinton,
    "A simple way to initialize recurrent networks of rectified linear units" (2015),
    https://arxiv.org/abs/1504.00941.
    """
    weight = getattr(cell, "weight_hh", None)
    if weight is None or weight.dim() != 2:
        return
    size = weight.shape[1]
    for gate in weight.split(size):
        if init == "orthogonal":
            nn.init.orthogonal_(gate)
        elif init == "identity":
            nn.init.eye_(gate)
        else:
            nn.init.uniform_(gate, -(size**-0.5), size**-0.5)


def start_forget_bias(
    cell: Cell, bias: float | Literal["chrono"], max_length: int | None = None
) -> None:
    """Set the bias of the gate that keeps the memory, which starts open or closed with it.

    Cells without such a gate are left as they are. A gate that writes as much as it makes the cell
    forget gets the opposite bias.

    Parameters
    ----------
    cell : torch.nn.Module
        The cell; `keep_gate` and `write_gate` say which gate is which.
    bias : float or "chrono"
        "chrono" draws a number of steps between 1 and `max_length` - 1 for each unit, and the bias
        with which it remembers that long. The gate that writes gets the opposite bias.
    max_length : int, default=None
        The longest time to remember, with "chrono".

    References
    ----------
    Tallec, C. and Ollivier, Y., "Can recurrent neural networks warp time?", ICLR (2018).
    """
    keep, write = getattr(cell, "keep_gate", None), getattr(cell, "write_gate", None)
    if keep is None and write is None:
        return
    whole: Tensor = getattr(cell, "bias" if hasattr(cell, "bias") else "bias_ih")
    # A cell that names its gates has the sizes of one of ours.
    biases = whole.detach().view(-1, cast("RecurrentCell", cell).hidden_size)
    if bias == "chrono":
        if max_length is None:
            raise ValueError('forget_bias="chrono" needs max_length, the longest time to remember.')
        values = _log_uniform_times(biases[0], max_length)
        opposite = write is not None
    else:
        values = torch.full_like(biases[0], bias)
        opposite = keep is None
    if keep is not None:
        biases[keep] = values
    if opposite:
        biases[write] = -values


def _log_uniform_times(like: Tensor, max_length: int) -> Tensor:
    """Draw log(u), with u uniform between 1 and max_length - 1."""
    return torch.empty_like(like).uniform_(1, max(max_length - 1, 1)).log()
