"""Dropout of the hidden state with one mask for a whole document."""

from __future__ import annotations

from typing import Protocol, TypeGuard

from torch import Tensor, nn

from sklearn_rnn.modules._dropout import Dropout

from ._base import Cell, State, SteppedCell, run_steps


class _WeighingCell(SteppedCell, Protocol):
    """A cell that reads its hidden state through weights only."""

    hidden_size: int


class StateDropout(nn.Module):
    """Zero a share of what a cell reads of its hidden state, the same units at every step.

    Each document has a mask of its own, which is carried along with its state. In training the
    cell runs step by step; otherwise nothing is zeroed, and it runs as it would without dropout.

    Only for cells that read their hidden state through weights only, as LSTMs do. What is kept is
    scaled up, so the state of a GRU, which also passes it on as it is, would grow step by step.

    Parameters
    ----------
    cell : torch.nn.Module
        A cell with `initial_state` and `step`, and with a false `carries_hidden`.
    p : float
        Probability of zeroing a unit.

    References
    ----------
    Y. Gal and Z. Ghahramani, "A theoretically grounded application of dropout in recurrent neural
    networks", NIPS (2016).

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.modules import LSTMCell, StateDropout
    >>> cell = StateDropout(LSTMCell(3, 4), p=0.5)
    >>> x = torch.randn(5, 2, 3)  # 5 steps of 2 documents
    >>> output, (h, c, mask) = cell(x, cell.initial_state(x))
    >>> output.shape, mask.shape
    (torch.Size([5, 2, 4]), torch.Size([2, 4]))
    """

    cell: _WeighingCell

    def __init__(self, cell: Cell, p: float) -> None:
        super().__init__()
        if not _reads_by_weights_alone(cell):
            raise ValueError(
                "Dropout of the state, recurrent_dropout with variational_dropout=True, needs a "
                f"cell that reads its hidden state by weights alone. {type(cell).__name__} does "
                "not: its carries_hidden is not False."
            )
        self.cell = cell
        self.dropout = Dropout(p)
        self.n_states = cell.n_states
        self.hidden_size = cell.hidden_size

    def initial_state(self, x: Tensor) -> State:
        """Return the state of the cell before the first step, in training with a mask after it."""
        state = self.cell.initial_state(x)
        if not self.training:
            return state
        return *state, self.dropout(x.new_ones(x.shape[1], self.hidden_size))

    def step(self, x: Tensor, state: State) -> State:
        """Advance by one step, the hidden state being read through the mask."""
        if not self.training:
            return self.cell.step(x, state)
        h, *memory, mask = state
        return *self.cell.step(x, (h * mask, *memory)), mask

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Run over a block of time, step by step in training."""
        return run_steps(self.step, x, state) if self.training else self.cell(x, state)


def _reads_by_weights_alone(cell: Cell) -> TypeGuard[_WeighingCell]:
    return not getattr(cell, "carries_hidden", True)
