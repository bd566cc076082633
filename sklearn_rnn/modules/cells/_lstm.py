"""The long short-term memory."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ._base import Gates, RecurrentCell, State


class LSTMCell(RecurrentCell):
    r"""Long short-term memory with a forget gate.

    .. math::

        i_t &= \operatorname{sigmoid}(W_i x_t + U_i h_{t-1} + b_i) \\
        f_t &= \operatorname{sigmoid}(W_f x_t + U_f h_{t-1} + b_f) \\
        g_t &= \tanh(W_g x_t + U_g h_{t-1} + b_g) \\
        o_t &= \operatorname{sigmoid}(W_o x_t + U_o h_{t-1} + b_o) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot g_t \\
        h_t &= o_t \odot \tanh(c_t)

    The forget gate starts open, with a bias of 1, so that the gradient can cross
    long distances from the first update on (Jozefowicz et al., 2015).

    Parameters
    ----------
    input_size : int
        Number of features of the input at each step.
    hidden_size : int
        Number of units of the hidden state and of the memory.

    References
    ----------
    S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural
    Computation 9 (1997). F. Gers, J. Schmidhuber and F. Cummins, "Learning to
    forget: continual prediction with LSTM", Neural Computation 12 (2000).
    R. Jozefowicz, W. Zaremba and I. Sutskever, "An empirical exploration of
    recurrent network architectures", ICML (2015).

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.modules import LSTMCell
    >>> cell = LSTMCell(3, 4)
    >>> x = torch.randn(5, 2, 3)  # 5 steps of 2 documents
    >>> output, (h, c) = cell(x, cell.initial_state(x))
    >>> output.shape, c.shape
    (torch.Size([5, 2, 4]), torch.Size([2, 4]))
    """

    n_states = 2
    write_gate, keep_gate = 0, 1
    keep_bias = 1.0
    carries_hidden = False
    kernel = "lstm"
    faster_in_bfloat16 = True
    n_documents_at_once = 16

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size, n_gates=4)

    def equations(self, x: Tensor, state: State) -> tuple[State, Gates]:
        """Compute one step: forget, write, read."""
        h, c = state
        i, f, g, o = (x + F.linear(h, self.weight_hh, self.bias_hh)).chunk(4, dim=1)
        i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
        c = f * c + i * g
        h = o * torch.tanh(c)
        return (h, c), {"input_gate": i, "forget_gate": f, "output_gate": o, "candidate": g}

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Run over a block of time by torch's fused kernel."""
        h, c = state
        output, h, c = torch.lstm(
            x, (h[None], c[None]), self._kernel_weights(), True, 1, 0.0, self.training, False, False
        )
        return output, (h[0], c[0])
