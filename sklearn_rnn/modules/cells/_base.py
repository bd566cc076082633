"""What every recurrent cell has in common: a step, and the same step over a sequence."""

from __future__ import annotations

import torch
from torch import Tensor, nn

State = tuple[Tensor, ...]


class RecurrentCell(nn.Module):
    """Base of the recurrent cells: one step in time, repeated along a sequence.

    A cell writes its equations in :meth:`step`. Calling the cell runs that step
    over a whole block of time; a cell for which torch has a fused kernel
    overrides :meth:`forward` with it, and must give the same numbers.

    The parameters are laid out as in :class:`torch.nn.LSTM` and its kin, the
    gates stacked along the first dimension, so weights can be moved either way.

    Parameters
    ----------
    input_size : int
        Number of features of the input at each step.
    hidden_size : int
        Number of units of the hidden state, which is also the output.
    n_gates : int, default=1
        How many blocks of `hidden_size` rows the weights stack.

    Attributes
    ----------
    weight_ih : torch.nn.Parameter of shape (n_gates * hidden_size, input_size)
        Weights from the input.
    weight_hh : torch.nn.Parameter of shape (n_gates * hidden_size, hidden_size)
        Weights from the previous hidden state.
    bias_ih, bias_hh : torch.nn.Parameter of shape (n_gates * hidden_size,)
        The two biases of torch's layout.
    """

    # Tensors of the state that remember; a cell may carry others behind them.
    n_states = 1
    # Fewest documents on which the kernel computes about as fast for each as on more of them.
    n_documents_at_once = 32
    # Which block of rows is the gate that keeps the memory where it is large, and which the one
    # that writes to it, if there are such gates.
    keep_gate: int | None = None
    write_gate: int | None = None
    # Whether a step adds the hidden state to the next one, and does not only read it by weights.
    carries_hidden = True

    def __init__(self, input_size: int, hidden_size: int, n_gates: int = 1) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.weight_ih = nn.Parameter(torch.empty(n_gates * hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.empty(n_gates * hidden_size, hidden_size))
        self.bias_ih = nn.Parameter(torch.empty(n_gates * hidden_size))
        self.bias_hh = nn.Parameter(torch.empty(n_gates * hidden_size))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights: Glorot from the input, orthogonal from the state, no bias.

        Orthogonal recurrent weights keep the norm of the state, and so of its
        gradient, over many steps (Saxe, McClelland and Ganguli, 2014).
        """
        for gate in self.weight_ih.chunk(self.n_gates):
            nn.init.xavier_uniform_(gate)
        for gate in self.weight_hh.chunk(self.n_gates):
            nn.init.orthogonal_(gate)
        nn.init.zeros_(self.bias_ih)
        nn.init.zeros_(self.bias_hh)

    @property
    def n_gates(self) -> int:
        """Number of blocks that the weights stack."""
        return len(self.bias_ih) // self.hidden_size

    def initial_state(self, x: Tensor) -> State:
        """Return the all-zero state for the documents of `x`.

        Parameters
        ----------
        x : torch.Tensor of shape (n_steps, n_documents, input_size)
            The block of input that the state is to meet.

        Returns
        -------
        state : tuple of `n_states` tensors of shape (n_documents, hidden_size)
        """
        zeros = x.new_zeros(x.shape[1], self.hidden_size)
        return (zeros,) * self.n_states

    def step(self, x: Tensor, state: State) -> State:
        """Advance the state by one step.

        Parameters
        ----------
        x : torch.Tensor of shape (n_documents, input_size)
            The input at this step.
        state : tuple of tensors of shape (n_documents, hidden_size)
            The state after the previous step, the hidden state first.

        Returns
        -------
        state : tuple of tensors of shape (n_documents, hidden_size)
            The state after this step.
        """
        raise NotImplementedError

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Run the cell over a block of time in which no document ends.

        Parameters
        ----------
        x : torch.Tensor of shape (n_steps, n_documents, input_size)
            The inputs.
        state : tuple of tensors of shape (n_documents, hidden_size)
            The state before the first step.

        Returns
        -------
        output : torch.Tensor of shape (n_steps, n_documents, hidden_size)
            The hidden state after each step.
        state : tuple of tensors of shape (n_documents, hidden_size)
            The state after the last step.
        """
        outputs = []
        for x_t in x:
            state = self.step(x_t, state)
            outputs.append(state[0])
        return torch.stack(outputs), state

    def _kernel_weights(self) -> list[Tensor]:
        """Return the weights in the order that torch's fused kernels take them."""
        return [self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh]

    def extra_repr(self) -> str:
        """Show the two sizes in the printed network."""
        return f"{self.input_size}, {self.hidden_size}"
