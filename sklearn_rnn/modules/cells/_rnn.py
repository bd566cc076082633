"""The plain recurrent cell."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ._base import RecurrentCell, State

ACTIVATIONS = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid}
_KERNELS = {"tanh": torch.rnn_tanh, "relu": torch.rnn_relu}


class RNNCell(RecurrentCell):
    r"""Plain recurrent cell of Elman (1990).

    .. math:: h_t = \sigma(W x_t + b + U h_{t-1} + c)

    Parameters
    ----------
    input_size : int
        Number of features of the input at each step.
    hidden_size : int
        Number of units of the hidden state.
    activation : {"tanh", "relu", "sigmoid"}, default="tanh"
        The function :math:`\sigma`. With "tanh" and "relu" torch's fused kernel
        runs; "sigmoid", as the cell is often first taught, goes step by step.

    References
    ----------
    Elman, J. L., "Finding structure in time", Cognitive Science 14 (1990).

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.modules import RNNCell
    >>> cell = RNNCell(3, 4, activation="sigmoid")
    >>> x = torch.randn(5, 2, 3)  # 5 steps of 2 documents
    >>> output, (h,) = cell(x, cell.initial_state(x))
    >>> output.shape, h.shape
    (torch.Size([5, 2, 4]), torch.Size([2, 4]))
    """

    carries_hidden = False
    options = ("activation",)
    kernel = "rnn"

    def __init__(self, input_size: int, hidden_size: int, activation: str = "tanh") -> None:
        super().__init__(input_size, hidden_size)
        self.activation = activation

    def advance(self, x: Tensor, state: State) -> State:
        """Advance by one step: sigma(W x + b + U h + c)."""
        (h,) = state
        sigma = ACTIVATIONS[self.activation]
        return (sigma(x + F.linear(h, self.weight_hh, self.bias_hh)),)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Run over a block of time, by torch's kernel where there is one."""
        if self.activation not in _KERNELS:
            return super().forward(x, state)
        (h,) = state
        output, h = _KERNELS[self.activation](
            x, h[None], self._kernel_weights(), True, 1, 0.0, self.training, False, False
        )
        return output, (h[0],)
