"""Cells whose products with the input are computed for all steps at once."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ._base import RecurrentCell, State


class ProjectedCell(RecurrentCell):
    r"""Base of cells that read the input through matrices alone.

    What a step takes from the input, :math:`W x_t + b`, does not depend on the state. So it is
    one product for a whole block of time, in :meth:`project`; the rest of the equations, which
    goes step by step, stands in :meth:`advance`.

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

    def reset_parameters(self) -> None:
        """Draw new weights: Glorot from the input, orthogonal from the state, no bias."""
        for gate in self.weight_ih.chunk(self.n_gates):
            nn.init.xavier_uniform_(gate)
        for gate in self.weight_hh.chunk(self.n_gates):
            nn.init.orthogonal_(gate)
        nn.init.zeros_(self.bias)

    def project(self, x: Tensor) -> Tensor:
        """Return what each step takes from the input.

        Parameters
        ----------
        x : torch.Tensor of shape (..., input_size)
            The inputs.

        Returns
        -------
        projected : torch.Tensor of shape (..., n_gates * hidden_size)
        """
        return F.linear(x, self.weight_ih, self.bias)

    def advance(self, x: Tensor, state: State) -> State:
        """Advance the state by one step, the input being projected already.

        Parameters
        ----------
        x : torch.Tensor of shape (n_documents, n_gates * hidden_size)
            What `project` made of the input at this step.
        state : tuple of tensors of shape (n_documents, hidden_size)
            The state after the previous step, the hidden state first.

        Returns
        -------
        state : tuple of tensors of shape (n_documents, hidden_size)
            The state after this step.
        """
        raise NotImplementedError

    def step(self, x: Tensor, state: State) -> State:
        """Advance by one step: project the input, then advance the state."""
        return self.advance(self.project(x), state)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Run over a block of time: one product, then step by step."""
        outputs = []
        for x_t in self.project(x).unbind():
            state = self.advance(x_t, state)
            outputs.append(state[0])
        return torch.stack(outputs), state
