"""The minimal gated unit."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ._base import Gates, State
from ._projected import ProjectedCell


class MGUCell(ProjectedCell):
    r"""Minimal gated unit: a GRU with one gate.

    .. math::

        f_t &= \operatorname{sigmoid}(W_f x_t + U_f h_{t-1} + b_f) \\
        n_t &= \tanh(W_n x_t + U_n (f_t \odot h_{t-1}) + b_n) \\
        h_t &= (1 - f_t) \odot h_{t-1} + f_t \odot n_t

    The gate both resets and mixes. The cell has two thirds of the weights of a GRU.

    Parameters
    ----------
    input_size : int
        Number of features of the input at each step.
    hidden_size : int
        Number of units of the hidden state.

    References
    ----------
    G.-B. Zhou, J. Wu, C.-L. Zhang and Z.-H. Zhou, "Minimal gated unit for recurrent neural
    networks", International Journal of Automation and Computing 13 (2016).

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.modules import MGUCell
    >>> cell = MGUCell(3, 4)
    >>> x = torch.randn(5, 2, 3)  # 5 steps of 2 documents
    >>> output, (h,) = cell(x, cell.initial_state(x))
    >>> output.shape, h.shape
    (torch.Size([5, 2, 4]), torch.Size([2, 4]))
    """

    n_gates = 2
    write_gate = 0

    def equations(self, x: Tensor, state: State) -> tuple[State, Gates]:
        """Compute one step: propose, mix."""
        (h,) = state
        x_f, x_n = x.chunk(2, dim=1)
        U_f, U_n = self.weight_hh.chunk(2)
        f = torch.sigmoid(x_f + F.linear(h, U_f))
        n = torch.tanh(x_n + F.linear(f * h, U_n))
        return ((1 - f) * h + f * n,), {"forget_gate": f, "candidate": n}
