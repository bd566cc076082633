"""Zoneout: units that keep their value for a step."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sklearn_rnn.modules._dropout import current_generator

from ._base import State, SteppedCell, run_steps


class Zoneout(nn.Module):
    r"""Let units of a cell keep their value from step to step at random.

    .. math:: s_t = d_t \odot s_{t-1} + (1 - d_t) \odot \tilde s_t

    with :math:`\tilde s_t` what the cell makes of :math:`s_{t-1}`, the hidden state or the
    memory, and each number of :math:`d_t` being 1 with probability `p` while training. Afterwards
    :math:`d_t` is `p` itself, the mean. The cell is run step by step.

    Parameters
    ----------
    cell : torch.nn.Module
        A cell with `initial_state` and `step`.
    p : float
        Probability of keeping a value.

    References
    ----------
    D. Krueger et al., "Zoneout: regularizing RNNs by randomly preserving hidden activations",
    ICLR (2017).

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.modules import GRUCell, Zoneout
    >>> cell = Zoneout(GRUCell(3, 4), p=0.1)
    >>> x = torch.randn(5, 2, 3)  # 5 steps of 2 documents
    >>> output, (h,) = cell(x, cell.initial_state(x))
    >>> output.shape, h.shape
    (torch.Size([5, 2, 4]), torch.Size([2, 4]))
    """

    cell: SteppedCell

    def __init__(self, cell: SteppedCell, p: float) -> None:
        super().__init__()
        self.cell = cell
        self.p = p
        self.n_states = cell.n_states

    def initial_state(self, x: Tensor) -> State:
        """Return the state of the cell before the first step."""
        return self.cell.initial_state(x)

    def step(self, x: Tensor, state: State) -> State:
        """Advance by one step, some units staying as they were."""
        new = self.cell.step(x, state)
        if len(state) < len(new):  # a `StepCell` before its first step, whose state counts as 0
            state = tuple(map(torch.zeros_like, new[: self.n_states]))
        pairs = zip(state[: self.n_states], new[: self.n_states], strict=True)
        kept = tuple(self._keep(before, after) for before, after in pairs)
        return *kept, *new[self.n_states :]

    def _keep(self, before: Tensor, after: Tensor) -> Tensor:
        if not self.training:
            return self.p * before + (1 - self.p) * after
        keeps = torch.empty_like(after).bernoulli_(self.p, generator=current_generator())
        return torch.where(keeps.bool(), before, after)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Run over a block of time step by step."""
        return run_steps(self.step, x, state)

    def extra_repr(self) -> str:
        """Show the probability in the printed network."""
        return f"p={self.p}"
