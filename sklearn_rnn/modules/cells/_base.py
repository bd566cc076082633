"""What every recurrent cell has in common: a step, and the same step over a sequence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

State = tuple[Tensor, ...]
Gates = dict[str, Tensor]
# What `project` makes of the input for `advance` to read: a tensor, or whatever suits the cell.
Projected = Any


class Cell(Protocol):
    """What a layer runs over blocks of time: a module that knows its initial state."""

    # What it needs of `torch.nn.Module`, which a protocol cannot extend.
    training: bool
    _parameters: dict[str, nn.Parameter | None]
    _modules: dict[str, nn.Module | None]

    def initial_state(self, x: Tensor) -> State:
        """Return the state before the first step of the block `x`."""

    def __call__(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Return the output of each step of a block, and the state after the last."""


class SteppedCell(Cell, Protocol):
    """A cell that can also be run step by step."""

    n_states: int

    def step(self, x: Tensor, state: State) -> State:
        """Return the state after one step, the output first."""


class RecurrentCell(nn.Module):
    """Base of the recurrent cells: one step in time, repeated along a sequence.

    A cell writes its equations once, in one of three methods:

    - :meth:`equations` returns the new state and the gates by name, which
      :func:`sklearn_rnn.inspection.trace` then shows.
    - :meth:`advance` returns only the new state, for a cell without gates.
    - :meth:`step` returns the new state too, but reads the input itself; the other
      two read what :meth:`project` made of it.

    Everything else follows: calling the cell runs the step over a whole block of
    time. A cell for which torch has a fused kernel calls it in :meth:`forward`, which
    must give the same numbers.

    The parameters are laid out as in :class:`torch.nn.LSTM` and similar layers, the
    gates stacked along the first dimension, so weights can be moved either way.

    Parameters
    ----------
    input_size : int
        Number of features of the input at each step.
    hidden_size : int
        Number of units of the hidden state, which is also the output.
    n_gates : int, default=1
        Number of blocks of `hidden_size` rows in the weights.

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
    # Which block of rows is the gate that keeps the memory where it is large, and which the one
    # that writes to it, if there are such gates.
    keep_gate: int | None = None
    write_gate: int | None = None
    # Bias with which the first of them starts.
    keep_bias = 0.0
    # Whether a step adds the hidden state to the next one, and does not only read it by weights.
    carries_hidden = True
    # Whether there are state-to-state weights, for `recurrent_dropout` to zero.
    has_recurrent_weights = True
    # The parameters of `build_network` that the cell takes too.
    options: tuple[str, ...] = ()
    # The package's kernel for the cell; the values of `options` are part of its full name.
    kernel: str | None = None
    # Whether torch's kernel on the CPU is faster in bfloat16.
    faster_in_bfloat16 = False
    # The smallest number of documents at which the kernel reaches full speed per document.
    n_documents_at_once = 32

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
        """Draw new weights, those of the input by Glorot; biases are 0 except for `keep_bias`."""
        for gate in self.weight_ih.chunk(self.n_gates):
            nn.init.xavier_uniform_(gate)
        self.reset_recurrent_weights()
        for bias in self.biases:
            nn.init.zeros_(bias)
        if self.keep_gate is not None:
            nn.init.constant_(self.biases[0].chunk(self.n_gates)[self.keep_gate], self.keep_bias)

    def reset_recurrent_weights(self) -> None:
        """Draw new state-to-state weights, orthogonal ones.

        They keep the norm of the state, and so of its gradient, over many
        steps (Saxe, McClelland and Ganguli, 2014).
        """
        for gate in self.weight_hh.chunk(self.n_gates):
            nn.init.orthogonal_(gate)

    @property
    def biases(self) -> tuple[Tensor, ...]:
        """The biases of the sums, which are added up."""
        return self.bias_ih, self.bias_hh

    @property
    def n_gates(self) -> int:
        """Number of blocks that the weights stack."""
        return len(self.bias_ih) // self.hidden_size

    def initial_state(self, x: Tensor) -> State:
        """Return the all-zero state for the documents of `x`.

        Parameters
        ----------
        x : torch.Tensor of shape (n_steps, n_documents, input_size)
            The block of input that follows.

        Returns
        -------
        state : tuple of `n_states` tensors of shape (n_documents, hidden_size)
        """
        zeros = x.new_zeros(x.shape[1], self.hidden_size)
        return (zeros,) * self.n_states

    def project(self, x: Tensor) -> Projected:
        """Return what a step takes from the input, the same whatever the state.

        Parameters
        ----------
        x : torch.Tensor of shape (..., input_size)
            The inputs.

        Returns
        -------
        projected : torch.Tensor of shape (..., n_gates * hidden_size)
        """
        return F.linear(x, self.weight_ih, self.bias_ih)

    def equations(self, x: Tensor, state: State) -> tuple[State, Gates]:
        """Compute one step, with its gates.

        Parameters
        ----------
        x : torch.Tensor of shape (n_documents, n_gates * hidden_size)
            The input at this step, from `project`.
        state : tuple of tensors of shape (n_documents, hidden_size)
            The state after the previous step, the hidden state first.

        Returns
        -------
        state : tuple of tensors of shape (n_documents, hidden_size)
            The state after this step.
        gates : dict of str to torch.Tensor of shape (n_documents, hidden_size)
            The gates by their names, such as "forget_gate", and the candidate.
        """
        raise NotImplementedError

    def advance(self, x: Projected, state: State) -> State:
        """Return the state after one step: `equations` without the gates."""
        state, _ = self.equations(x, state)
        return state

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
        return self.advance(self.project(x), state)

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
        return run_steps(self.step, x, state)

    def _kernel_weights(self) -> list[Tensor]:
        """Return the weights in the order that torch's fused kernels take them."""
        return as_one_chunk([self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh])

    def extra_repr(self) -> str:
        """Show the two sizes in the printed network."""
        return f"{self.input_size}, {self.hidden_size}"


def as_one_chunk(weights: list[Tensor]) -> list[Tensor]:
    """Return weights that lie one after the other in memory if they are on a GPU.

    cuDNN needs that. Otherwise torch gathers them itself, with a warning at every call.

    Parameters
    ----------
    weights : list of torch.Tensor
        Matrices first, then biases, as cuDNN orders them.

    Returns
    -------
    weights : list of torch.Tensor
        The same values, of the same shapes.
    """
    if not weights[0].is_cuda:
        return weights
    chunk = torch.cat([weight.flatten() for weight in weights])
    parts = chunk.split([weight.numel() for weight in weights])
    return [part.view_as(weight) for part, weight in zip(parts, weights, strict=True)]


def run_steps(
    step: Callable[[Projected, State], State], inputs: Iterable[Projected], state: State
) -> tuple[Tensor, State]:
    """Repeat a step over a block of time.

    Parameters
    ----------
    step : callable
        ``step(x, state)`` returns the new state, whose first tensor is the output.
    inputs : iterable
        What each step reads, such as a tensor of shape (n_steps, n_documents, input_size).
    state : tuple of tensors
        The state before the first step.

    Returns
    -------
    outputs : torch.Tensor of shape (n_steps, n_documents, hidden_size)
        The output of each step.
    state : tuple of tensors
        The state after the last step.
    """
    outputs = []
    for x in inputs:
        state = step(x, state)
        outputs.append(state[0])
    return torch.stack(outputs), state


def author(cell: type, method: str) -> type:
    """Return the class in which a method of a cell is written."""
    return next(class_ for class_ in cell.__mro__ if method in vars(class_))
