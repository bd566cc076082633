"""The LSTM whose gates see its memory."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ._base import Gates, State
from ._projected import ProjectedCell


class PeepholeLSTMCell(ProjectedCell):
    r"""Long short-term memory with peepholes from the memory to the gates.

    .. math::

        i_t &= \operatorname{sigmoid}(W_i x_t + U_i h_{t-1} + p_i \odot c_{t-1} + b_i) \\
        f_t &= \operatorname{sigmoid}(W_f x_t + U_f h_{t-1} + p_f \odot c_{t-1} + b_f) \\
        g_t &= \tanh(W_g x_t + U_g h_{t-1} + b_g) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot g_t \\
        o_t &= \operatorname{sigmoid}(W_o x_t + U_o h_{t-1} + p_o \odot c_t + b_o) \\
        h_t &= o_t \odot \tanh(c_t)

    The gates of an LSTM see the memory only through the output gate, and not at all while that is
    closed. With the peepholes :math:`p` they always see it, which helps to count and to time. The
    peepholes start at 0, so the cell starts as a plain LSTM with the forget gate open.

    Parameters
    ----------
    input_size : int
        Number of features of the input at each step.
    hidden_size : int
        Number of units of the hidden state and of the memory.

    References
    ----------
    Gers, F. and Schmidhuber, J., "Recurrent nets that time and count", IJCNN (2000).

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.modules import PeepholeLSTMCell
    >>> cell = PeepholeLSTMCell(3, 4)
    >>> x = torch.randn(5, 2, 3)  # 5 steps of 2 documents
    >>> output, (h, c) = cell(x, cell.initial_state(x))
    >>> output.shape, c.shape
    (torch.Size([5, 2, 4]), torch.Size([2, 4]))
    """

    n_states = 2
    n_gates = 4
    write_gate, keep_gate = 0, 1
    keep_bias = 1.0
    carries_hidden = False

    def make_parameters(self) -> None:
        """Register the parameters, those of the peepholes in the order i, f, o."""
        super().make_parameters()
        self.weight_ch = nn.Parameter(torch.empty(3 * self.hidden_size))

    def reset_parameters(self) -> None:
        """Draw new weights and close the peepholes."""
        super().reset_parameters()
        nn.init.zeros_(self.weight_ch)

    def equations(self, x: Tensor, state: State) -> tuple[State, Gates]:
        """Compute one step: forget and write by the old memory, read by the new one."""
        h, c = state
        p_i, p_f, p_o = self.weight_ch.chunk(3)
        i, f, g, o = (x + F.linear(h, self.weight_hh)).chunk(4, dim=1)
        i = torch.sigmoid(i + p_i * c)
        f = torch.sigmoid(f + p_f * c)
        g = torch.tanh(g)
        c = f * c + i * g
        o = torch.sigmoid(o + p_o * c)
        h = o * torch.tanh(c)
        return (h, c), {"input_gate": i, "forget_gate": f, "output_gate": o, "candidate": g}
