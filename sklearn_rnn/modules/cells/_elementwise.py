"""Cells whose units do not see each other's past."""

from __future__ import annotations

import torch
from torch import nn

from ._projected import ProjectedCell


class ElementwiseCell(ProjectedCell):
    """Base of cells in which each unit has a memory of its own.

    All matrix products are those with the input, computed for all steps at once. From step to
    step only numbers are multiplied, a vector with a vector, which makes the cells fast. Units of
    one layer meet in the next.

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
    weight_hh : torch.nn.Parameter of shape (n_vectors * hidden_size,)
        Weights from each unit to itself, if there are any.
    bias : torch.nn.Parameter of shape (n_gates * hidden_size,)
        The biases.
    """

    n_vectors = 0

    def make_parameters(self) -> None:
        """Register the parameters, without values."""
        n_rows = self.n_gates * self.hidden_size
        self.weight_ih = nn.Parameter(torch.empty(n_rows, self.input_size))
        if self.n_vectors:
            self.weight_hh = nn.Parameter(torch.empty(self.n_vectors * self.hidden_size))
        self.bias = nn.Parameter(torch.empty(n_rows))

    def reset_recurrent_weights(self) -> None:
        """Set the weights from each unit to itself to 0."""
        if self.n_vectors:
            nn.init.zeros_(self.weight_hh)
