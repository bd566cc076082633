"""Cells of torch, and others that read one step at a time, as cells of blocks of time."""

from __future__ import annotations

from torch import Tensor, nn

from ._base import State, run_steps


class StepCell(nn.Module):
    """A module of one step, such as :class:`torch.nn.GRUCell`, repeated along a sequence.

    Parameters
    ----------
    cell : torch.nn.Module
        Called as ``cell(x, state)``, with the input of shape (n_documents, input_size) and what
        the call before returned, None at the first step. It returns the new state, one tensor of
        shape (n_documents, hidden_size) or a tuple of tensors, that one first.
    n_states : int, default=1
        How many tensors the state has.
    is_tuple : bool, default=False
        Whether the module takes and returns them as a tuple.

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.modules import StepCell
    >>> cell = StepCell(torch.nn.GRUCell(3, 4))
    >>> x = torch.randn(5, 2, 3)  # 5 steps of 2 documents
    >>> output, (h,) = cell(x, cell.initial_state(x))
    >>> output.shape, h.shape
    (torch.Size([5, 2, 4]), torch.Size([2, 4]))
    """

    def __init__(self, cell: nn.Module, n_states: int = 1, is_tuple: bool = False) -> None:
        super().__init__()
        self.cell = cell
        self.n_states = n_states
        self.is_tuple = is_tuple

    def initial_state(self, x: Tensor) -> State:
        """Return no state at all: the module makes one at the first step."""
        return ()

    def step(self, x: Tensor, state: State) -> State:
        """Advance the state by one step."""
        if self.is_tuple:
            return tuple(self.cell(x, state or None))
        return (self.cell(x, state[0] if state else None),)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Run over a block of time step by step."""
        return run_steps(self.step, x, state)
