"""Cells whose products with the input are computed for all steps at once."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ._base import RecurrentCell, State, run_steps


class ProjectedCell(RecurrentCell):
    r"""Base of cells that read the input through matrices only.

    What a step takes from the input, :math:`W x_t + b`, does not depend on the state. So it is
    one product for a whole block of time, in :meth:`project`. A cell writes the rest of its
    equations, which run step by step, in :meth:`equations` or :meth:`advance`.

    Parameters
    ----------
    input_size : int
        Number of features of the input at each step.
    hidden_size : int
        Number of units of the hidden state, which is also the output.

    Attributes
    ----------
    weight_ih : torch.nn.Parameter of shape (n_gates * hidden_size, input_size)
        Weights from the input.
    weight_hh : torch.nn.Parameter of shape (n_gates * hidden_size, hidden_size)
        Weights from the previous hidden state.
    bias : torch.nn.Parameter of shape (n_gates * hidden_size,)
        The biases.
    """

    n_gates = 1

    def __init__(self, input_size: int, hidden_size: int) -> None:
        nn.Module.__init__(self)
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.make_parameters()
        self.reset_parameters()

    def make_parameters(self) -> None:
        """Register the parameters, without values."""
        n_rows = self.n_gates * self.hidden_size
        self.weight_ih = nn.Parameter(torch.empty(n_rows, self.input_size))
        self.weight_hh = nn.Parameter(torch.empty(n_rows, self.hidden_size))
        self.bias = nn.Parameter(torch.empty(n_rows))

    @property
    def biases(self) -> tuple[Tensor, ...]:
        """The one bias of the sums."""
        return (self.bias,)

    def project(self, x: Tensor) -> Tensor:
        """Return the products with the input."""
        return F.linear(x, self.weight_ih, self.bias)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Run over a block of time: one product, then step by step."""
        return run_steps(self.advance, self.project(x), state)
