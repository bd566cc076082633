"""The gated recurrent unit."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ._base import Gates, RecurrentCell, State


class GRUCell(RecurrentCell):
    r"""Gated recurrent unit.

    .. math::

        r_t &= \operatorname{sigmoid}(W_r x_t + b_r + U_r h_{t-1} + c_r) \\
        z_t &= \operatorname{sigmoid}(W_z x_t + b_z + U_z h_{t-1} + c_z) \\
        n_t &= \tanh(W_n x_t + b_n + r_t \odot (U_n h_{t-1} + c_n)) \\
        h_t &= (1 - z_t) \odot n_t + z_t \odot h_{t-1}

    This is torch's and cuDNN's form: the reset gate multiplies the state after
    its matrix, not before.

    Parameters
    ----------
    input_size : int
        Number of features of the input at each step.
    hidden_size : int
        Number of units of the hidden state.

    References
    ----------
    K. Cho et al., "Learning phrase representations using RNN encoder-decoder
    for statistical machine translation", EMNLP (2014).

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.modules import GRUCell
    >>> cell = GRUCell(3, 4)
    >>> x = torch.randn(5, 2, 3)  # 5 steps of 2 documents
    >>> output, (h,) = cell(x, cell.initial_state(x))
    >>> output.shape, h.shape
    (torch.Size([5, 2, 4]), torch.Size([2, 4]))
    """

    keep_gate = 1
    kernel = "gru"

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size, n_gates=3)

    def equations(self, x: Tensor, state: State) -> tuple[State, Gates]:
        """Compute one step: reset, propose, mix."""
        (h,) = state
        x_r, x_z, x_n = x.chunk(3, dim=1)
        h_r, h_z, h_n = F.linear(h, self.weight_hh, self.bias_hh).chunk(3, dim=1)
        r = torch.sigmoid(x_r + h_r)
        z = torch.sigmoid(x_z + h_z)
        n = torch.tanh(x_n + r * h_n)
        return ((1 - z) * n + z * h,), {"reset_gate": r, "update_gate": z, "candidate": n}

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Run over a block of time by torch's kernel."""
        (h,) = state
        output, h = torch.gru(
            x, h[None], self._kernel_weights(), True, 1, 0.0, self.training, False, False
        )
        return output, (h[0],)
