"""The LSTM with layer normalisation."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ._base import Gates, State
from ._projected import ProjectedCell


class LayerNormLSTMCell(ProjectedCell):
    r"""Long short-term memory whose sums are normalised at each step.

    .. math::

        (i_t, f_t, g_t, o_t) &=
            \operatorname{LN}(W x_t; \alpha_1, b_1) + \operatorname{LN}(U h_{t-1}; \alpha_2, b_2) \\
        c_t &= \operatorname{sigmoid}(f_t) \odot c_{t-1}
            + \operatorname{sigmoid}(i_t) \odot \tanh(g_t) \\
        h_t &= \operatorname{sigmoid}(o_t) \odot \tanh(\operatorname{LN}(c_t; \alpha_3, b_3))

    with :math:`\operatorname{LN}(a; \alpha, b) = \alpha \odot (a - \mu) / \sqrt{\sigma^2 +
    \epsilon} + b`, mean and variance being those over the features of one document, so that
    neither the batch nor padding enters. It keeps the sums in the range where gates learn,
    whatever the scale of input and state.

    Parameters
    ----------
    input_size : int
        Number of features of the input at each step.
    hidden_size : int
        Number of units of the hidden state and of the memory.

    References
    ----------
    J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization" (2016),
    https://arxiv.org/abs/1607.06450, equations 20 to 22. Their additional bias, besides those
    of both norms, is left out, since it adds nothing to them.

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.modules import LayerNormLSTMCell
    >>> cell = LayerNormLSTMCell(3, 4)
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
        """Register the parameters, `bias` being that of the norm of the input."""
        super().make_parameters()
        n_rows = 4 * self.hidden_size
        self.gain_ih = nn.Parameter(torch.empty(n_rows))
        self.gain_hh = nn.Parameter(torch.empty(n_rows))
        self.bias_hh = nn.Parameter(torch.empty(n_rows))
        self.gain_c = nn.Parameter(torch.empty(self.hidden_size))
        self.bias_c = nn.Parameter(torch.empty(self.hidden_size))

    def reset_parameters(self) -> None:
        """Draw new weights and reset the norms."""
        super().reset_parameters()
        for gain in (self.gain_ih, self.gain_hh, self.gain_c):
            nn.init.ones_(gain)
        for bias in (self.bias_hh, self.bias_c):
            nn.init.zeros_(bias)

    def project(self, x: Tensor) -> Tensor:
        """Return the normalised products with the input."""
        return normalise(F.linear(x, self.weight_ih), self.gain_ih, self.bias)

    def equations(self, x: Tensor, state: State) -> tuple[State, Gates]:
        """Compute one step: forget, write, read."""
        h, c = state
        sums = x + normalise(F.linear(h, self.weight_hh), self.gain_hh, self.bias_hh)
        i, f, g, o = sums.chunk(4, dim=1)
        i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
        c = f * c + i * g
        h = o * torch.tanh(normalise(c, self.gain_c, self.bias_c))
        return (h, c), {"input_gate": i, "forget_gate": f, "output_gate": o, "candidate": g}


def normalise(a: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
    """Return each row with mean 0 and variance 1, then scaled and shifted."""
    return F.layer_norm(a, gain.shape, gain, bias)
