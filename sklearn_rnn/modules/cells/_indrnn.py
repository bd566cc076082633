"""The independently recurrent cell."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ._base import State
from ._elementwise import ElementwiseCell


class IndRNNCell(ElementwiseCell):
    r"""Independently recurrent cell: each unit sees only its own past.

    .. math:: h_t = \operatorname{relu}(W x_t + u \odot h_{t-1} + b)

    Each :math:`u_j` is one number, so it is easy to keep gradients from exploding: it is clipped
    to the range from -1 to 1. The numbers start evenly spread between 0 and 1, so some
    units remember long and others forget at once.

    Parameters
    ----------
    input_size : int
        Number of features of the input at each step.
    hidden_size : int
        Number of units of the hidden state.

    References
    ----------
    S. Li, W. Li, C. Cook, C. Zhu and Y. Gao, "Independently recurrent neural network (IndRNN):
    building a longer and deeper RNN", CVPR (2018).

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.modules import IndRNNCell
    >>> cell = IndRNNCell(3, 4)
    >>> x = torch.randn(5, 2, 3)  # 5 steps of 2 documents
    >>> output, (h,) = cell(x, cell.initial_state(x))
    >>> output.shape, h.shape
    (torch.Size([5, 2, 4]), torch.Size([2, 4]))
    """

    n_vectors = 1

    def reset_recurrent_weights(self) -> None:
        """Draw new weights of the state, uniformly between 0 and 1."""
        nn.init.uniform_(self.weight_hh)

    def advance(self, x: Tensor, state: State) -> State:
        """Advance by one step: relu(W x + u h + b)."""
        (h,) = state
        return (torch.relu(x + self.weight_hh.clamp(-1, 1) * h),)
