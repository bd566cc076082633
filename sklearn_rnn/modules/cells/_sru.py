"""The simple recurrent unit."""

from __future__ import annotations

import torch
from torch import Tensor

from ._base import Gates, State
from ._elementwise import ElementwiseCell


class SRUCell(ElementwiseCell):
    r"""Simple recurrent unit: gates from the input and from a unit's own memory.

    .. math::

        f_t &= \operatorname{sigmoid}(W_f x_t + v_f \odot c_{t-1} + b_f) \\
        r_t &= \operatorname{sigmoid}(W_r x_t + v_r \odot c_{t-1} + b_r) \\
        c_t &= f_t \odot c_{t-1} + (1 - f_t) \odot (W x_t + b) \\
        h_t &= r_t \odot c_t + (1 - r_t) \odot (W_s x_t + b_s)

    The last line is a shortcut around the memory. In the paper it takes the input itself, which has
    as many features there as the cell has units; here a matrix maps any input.

    Parameters
    ----------
    input_size : int
        Number of features of the input at each step.
    hidden_size : int
        Number of units of the hidden state and of the memory.

    References
    ----------
    T. Lei, Y. Zhang, S. I. Wang, H. Dai and Y. Artzi, "Simple recurrent units for highly
    parallelizable recurrence", EMNLP (2018).

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.modules import SRUCell
    >>> cell = SRUCell(3, 4)
    >>> x = torch.randn(5, 2, 3)  # 5 steps of 2 documents
    >>> output, (h, c) = cell(x, cell.initial_state(x))
    >>> output.shape, c.shape
    (torch.Size([5, 2, 4]), torch.Size([2, 4]))
    """

    n_states = 2
    n_gates = 4
    n_vectors = 2
    keep_gate = 0

    def equations(self, x: Tensor, state: State) -> tuple[State, Gates]:
        """Compute one step: mix into the memory, and mix the memory with the input."""
        _, c = state
        v_f, v_r = self.weight_hh.chunk(2)
        x_f, x_r, x_c, x_s = x.chunk(4, dim=1)
        f = torch.sigmoid(x_f + v_f * c)
        r = torch.sigmoid(x_r + v_r * c)
        c = f * c + (1 - f) * x_c
        h = r * c + (1 - r) * x_s
        return (h, c), {"forget_gate": f, "reset_gate": r, "candidate": x_c}
