"""The quasi-recurrent cell."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from ._base import State
from ._elementwise import ElementwiseCell


class QRNNCell(ElementwiseCell):
    r"""Quasi-recurrent cell: gates from this word and the one before, then a running mean.

    .. math::

        z_t &= \tanh(W_z x_t + V_z x_{t-1} + b_z) \\
        f_t &= \operatorname{sigmoid}(W_f x_t + V_f x_{t-1} + b_f) \\
        o_t &= \operatorname{sigmoid}(W_o x_t + V_o x_{t-1} + b_o) \\
        c_t &= f_t \odot c_{t-1} + (1 - f_t) \odot z_t \\
        h_t &= o_t \odot c_t

    No gate looks at the state, so all of them are computed at once, by a convolution over two
    steps, with 0 before the first. Only the running mean is computed step by step.

    Parameters
    ----------
    input_size : int
        Number of features of the input at each step.
    hidden_size : int
        Number of units of the hidden state and of the memory.

    References
    ----------
    J. Bradbury, S. Merity, C. Xiong and R. Socher, "Quasi-recurrent neural networks", ICLR
    (2017), with fo-pooling and a filter of width 2.

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.modules import QRNNCell
    >>> cell = QRNNCell(3, 4)
    >>> x = torch.randn(5, 2, 3)  # 5 steps of 2 documents
    >>> output, (h, c, x_before) = cell(x, cell.initial_state(x))
    >>> output.shape, c.shape, x_before.shape
    (torch.Size([5, 2, 4]), torch.Size([2, 4]), torch.Size([2, 3]))
    """

    n_states = 2
    n_gates = 3
    keep_gate = 1
    has_recurrent_weights = False

    def make_parameters(self) -> None:
        """Register the parameters, W and V in one matrix."""
        super().make_parameters()
        rows = self.weight_ih.shape[0]
        self.weight_ih = nn.Parameter(torch.empty(rows, 2 * self.input_size))

    def initial_state(self, x: Tensor) -> State:
        """Return the all-zero state, followed by the input before the first step."""
        return *super().initial_state(x), torch.zeros_like(x[0])

    def step(self, x: Tensor, state: State) -> State:
        """Advance by one step: mix, read."""
        _, c, x_before = state
        z, f, o = self._gates(x, x_before)
        c = f * c + (1 - f) * z
        return o * c, c, x

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Run over a block of time: all gates at once, then the running mean."""
        _, c, x_before = state
        z, f, o = self._gates(x, torch.cat([x_before[None], x[:-1]]))
        # Under autocast the gates have fewer digits than a long sum needs.
        f, z = f.to(c.dtype), z.to(c.dtype)
        c = _RunningSum.apply(f, (1 - f) * z, c)
        h = o * c
        return h, (h[-1], c[-1], x[-1])

    def _gates(self, x: Tensor, x_before: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        both = torch.cat([x, x_before], dim=-1)
        z, f, o = F.linear(both, self.weight_ih, self.bias).chunk(3, dim=-1)
        return torch.tanh(z), torch.sigmoid(f), torch.sigmoid(o)


class _RunningSum(torch.autograd.Function):
    """Return s_t = f_t * s_{t-1} + x_t for all t, from a given s before the first.

    Autograd would keep a node for each step; this keeps the sums.
    """

    @staticmethod
    def forward(ctx: Any, f: Tensor, x: Tensor, start: Tensor) -> Tensor:
        sums = torch.empty_like(x)
        s = start
        for t in range(len(x)):
            s = torch.addcmul(x[t], f[t], s, out=sums[t])
        ctx.save_for_backward(f, start, sums)
        return sums

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        f, start, sums = ctx.saved_tensors
        d_x = torch.empty_like(grad)
        d_later = torch.zeros_like(start)  # what the steps after this one want of the sum
        for t in reversed(range(len(grad))):
            torch.add(grad[t], d_later, out=d_x[t])
            d_later = f[t] * d_x[t]
        return d_x * torch.cat([start[None], sums[:-1]]), d_x, d_later
