"""The block of a Grid LSTM over depth and time."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ._base import RecurrentCell, State, run_steps

PRIORITIES = ("depth", "time", None)


def lstm_transform(gates: Tensor, m: Tensor) -> State:
    r"""Return hidden vector and memory of one dimension of a grid, from the sums of its gates.

    .. math::

        m' &= \operatorname{sigmoid}(f) \odot m + \operatorname{sigmoid}(u) \odot \tanh(c) \\
        h' &= \tanh(\operatorname{sigmoid}(o) \odot m')

    Parameters
    ----------
    gates : torch.Tensor of shape (n_documents, 4 * hidden_size)
        The sums u, f, c and o.
    m : torch.Tensor of shape (n_documents, hidden_size)
        The memory that comes in along the dimension.

    Returns
    -------
    h, m : tensors of shape (n_documents, hidden_size)
        What goes out along the dimension.
    """
    u, f, c, o = gates.chunk(4, dim=-1)
    m = torch.sigmoid(f) * m + torch.sigmoid(u) * torch.tanh(c)
    return torch.tanh(torch.sigmoid(o) * m), m


class GridLSTMCell(RecurrentCell):
    r"""A block of a Grid LSTM over depth and time: an LSTM in either dimension.

    From below come a hidden vector and a memory, :math:`h_1` and :math:`m_1`, from the step
    before :math:`h_2` and :math:`m_2`. Both dimensions see both hidden vectors:

    .. math::

        (h_2', m_2') &= \operatorname{LSTM}(V_2 h_1 + U_2 h_2 + b_2, m_2) \\
        (h_1', m_1') &= \operatorname{LSTM}(V_1 h_1 + U_1 h_2' + b_1, m_1)

    where the dimension with priority, here depth, is computed last and sees the result of the
    other one. With priority to time it is the other way round; with none, both see :math:`h_1` and
    :math:`h_2`. The LSTM of the paper is that of `lstm_transform`: its hidden vector is
    :math:`\tanh(o \odot m)`.

    Parameters
    ----------
    hidden_size : int
        Number of units of each hidden vector and memory. The input, :math:`h_1` and
        :math:`m_1` concatenated, and the output have twice as many features.
    priority : {"depth", "time"}, default="depth"
        The dimension that is computed last, None if both are computed at once.

    References
    ----------
    N. Kalchbrenner, I. Danihelka and A. Graves, "Grid long short-term memory", ICLR (2016),
    https://arxiv.org/abs/1507.01526, section 3.

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.modules import GridLSTMCell
    >>> cell = GridLSTMCell(4)
    >>> x = torch.randn(5, 2, 8)  # 5 steps of 2 documents
    >>> output, (h, m) = cell(x, cell.initial_state(x))
    >>> output.shape, h.shape
    (torch.Size([5, 2, 8]), torch.Size([2, 4]))
    """

    n_states = 2

    def __init__(self, hidden_size: int, priority: str | None = "depth") -> None:
        if priority not in PRIORITIES:
            raise ValueError(f"priority must be one of {PRIORITIES}. Got {priority!r}.")
        # Four gates of the time dimension, and behind them four of depth.
        super().__init__(hidden_size, hidden_size, n_gates=8)
        self.priority = priority

    def reset_parameters(self) -> None:
        """Draw new weights and open both forget gates."""
        super().reset_parameters()
        for gate in (1, 5):
            nn.init.ones_(self.bias_ih.chunk(8)[gate])

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Run over a block of time, step by step.

        Parameters
        ----------
        x : torch.Tensor of shape (n_steps, n_documents, 2 * hidden_size)
            The hidden vectors and memories from below.
        state : tuple of two tensors of shape (n_documents, hidden_size)
            The hidden vector and the memory from the step before.

        Returns
        -------
        output : torch.Tensor of shape (n_steps, n_documents, 2 * hidden_size)
            The hidden vectors and memories that go up.
        state : tuple of two tensors of shape (n_documents, hidden_size)
            Those for the next step.
        """
        steps = zip(*self.project(x), strict=True)
        output, (_, h, m) = run_steps(self.advance, steps, state)
        return output, (h, m)

    def project(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return what a step takes from below: one product for all steps.

        Parameters
        ----------
        x : torch.Tensor of shape (n_steps, n_documents, 2 * hidden_size)
            The hidden vectors and memories from below.

        Returns
        -------
        projected : tuple of tensors of shape (n_steps, n_documents, ...)
            The sums of depth, the memories, and the sums of time, if time reads from below.
        """
        below, m_below = x.chunk(2, dim=-1)
        V_time, V_depth = self.weight_ih.chunk(2)
        b_time, b_depth = (self.bias_ih + self.bias_hh).chunk(2)
        depth_sums = F.linear(below, V_depth, b_depth)
        if self.priority == "time":
            return depth_sums, m_below
        return depth_sums, m_below, F.linear(below, V_time, b_time)

    def advance(self, x: tuple[Tensor, ...], state: State) -> State:
        """Advance by one step.

        Parameters
        ----------
        x : tuple of tensors of shape (n_documents, ...)
            The input at this step, from `project`.
        state : tuple of tensors of shape (n_documents, ...)
            The hidden vector and the memory from the step before. What went up there may
            precede them, and is not read.

        Returns
        -------
        state : tuple of three tensors of shape (n_documents, ...)
            What goes up, hidden vector and memory concatenated, then both for the next step.
        """
        depth_sums, m_below, *time_sums = x
        h, m = state[-2:]
        if self.priority == "time":
            h_depth, m_depth = self._depth(depth_sums, m_below, h)
            bias = (self.bias_ih + self.bias_hh).chunk(2)[0]
            h, m = self._time(F.linear(h_depth, self.weight_ih.chunk(2)[0], bias), h, m)
        else:
            before = h
            h, m = self._time(time_sums[0], h, m)
            seen = h if self.priority == "depth" else before
            h_depth, m_depth = self._depth(depth_sums, m_below, seen)
        return torch.cat([h_depth, m_depth], dim=1), h, m

    def _time(self, sums: Tensor, h: Tensor, m: Tensor) -> State:
        return lstm_transform(sums + F.linear(h, self.weight_hh.chunk(2)[0]), m)

    def _depth(self, sums: Tensor, m: Tensor, h_time: Tensor) -> State:
        return lstm_transform(sums + F.linear(h_time, self.weight_hh.chunk(2)[1]), m)
