"""The LSTM that writes what it forgets."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ._base import Gates, State
from ._projected import ProjectedCell


class CoupledLSTMCell(ProjectedCell):
    r"""Long short-term memory whose input gate is what the forget gate leaves.

    .. math::

        f_t &= \operatorname{sigmoid}(W_f x_t + U_f h_{t-1} + b_f) \\
        g_t &= \tanh(W_g x_t + U_g h_{t-1} + b_g) \\
        o_t &= \operatorname{sigmoid}(W_o x_t + U_o h_{t-1} + b_o) \\
        c_t &= f_t \odot c_{t-1} + (1 - f_t) \odot g_t \\
        h_t &= o_t \odot \tanh(c_t)

    With three quarters of the weights of an LSTM, Greff et al. found it about as good. The memory
    is a weighted mean of what was written, so it stays between -1 and 1.

    Parameters
    ----------
    input_size : int
        Number of features of the input at each step.
    hidden_size : int
        Number of units of the hidden state and of the memory.

    References
    ----------
    K. Greff, R. K. Srivastava, J. Koutník, B. R. Steunebrink and J. Schmidhuber, "LSTM: a search
    space odyssey", IEEE Transactions on Neural Networks and Learning Systems 28 (2017), where it
    is called CIFG.

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.modules import CoupledLSTMCell
    >>> cell = CoupledLSTMCell(3, 4)
    >>> x = torch.randn(5, 2, 3)  # 5 steps of 2 documents
    >>> output, (h, c) = cell(x, cell.initial_state(x))
    >>> output.shape, c.shape
    (torch.Size([5, 2, 4]), torch.Size([2, 4]))
    """

    n_states = 2
    n_gates = 3
    keep_gate = 0
    keep_bias = 1.0
    carries_hidden = False

    def equations(self, x: Tensor, state: State) -> tuple[State, Gates]:
        """Compute one step: mix, read."""
        h, c = state
        f, g, o = (x + F.linear(h, self.weight_hh)).chunk(3, dim=1)
        f, g, o = torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
        i = 1 - f
        c = f * c + i * g
        h = o * torch.tanh(c)
        return (h, c), {"input_gate": i, "forget_gate": f, "output_gate": o, "candidate": g}
