"""A custom cell: what it must be, and how it is wrapped."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn

from ._base import Cell, State
from ._step_cell import StepCell

_N_STEPS, _N_DOCUMENTS = 2, 3


def make_own_cell(make: Callable, input_size: int, hidden_size: int) -> Cell:
    """Make a custom cell and try it on zeros, with errors that say what is wrong.

    A module with `initial_state` must do what :class:`RecurrentCell` does with blocks of time; any
    other must do a step, as in :class:`StepCell`.

    Parameters
    ----------
    make : callable
        ``make(input_size, hidden_size)`` returns the cell, a class for example.
    input_size : int
        Number of features of the input at each step.
    hidden_size : int
        Number of units of the hidden state.

    Returns
    -------
    cell : torch.nn.Module
        The cell, in a `StepCell` if it does single steps.
    """
    name = getattr(make, "__name__", repr(make))
    if isinstance(make, nn.Module):
        raise TypeError(
            "The 'cell' parameter must be a class or a function that makes a new cell for each "
            f"layer. Got an instance of {type(make).__name__}."
        )
    try:
        inspect.signature(make).bind(input_size, hidden_size)
    except TypeError as exc:
        raise TypeError(
            f"The 'cell' parameter must be callable as cell(input_size, hidden_size). With {name} "
            f"that fails: {exc}."
        ) from exc
    except ValueError:
        pass  # some callables do not tell their signature
    cell = make(input_size, hidden_size)
    if not isinstance(cell, nn.Module):
        raise TypeError(
            "The 'cell' parameter must make a torch.nn.Module. "
            f"{name}({input_size}, {hidden_size}) is of type {type(cell).__name__}."
        )
    training = cell.training
    cell.eval()
    x = torch.zeros(_N_STEPS, _N_DOCUMENTS, input_size)
    # What a check computes is not part of the training, nor are the random numbers it may draw.
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        if hasattr(cell, "initial_state"):
            _check_block(name, cast("Cell", cell), x, hidden_size)
        else:
            cell = _as_step_cell(name, cell, x[0], hidden_size)
    return cast("Cell", cell.train(training))


def _check_block(name: str, cell: Cell, x: Tensor, hidden_size: int) -> None:
    """Run a cell of blocks over zeros and look at what comes out."""
    state = cell.initial_state(x)
    if not (isinstance(state, tuple) and all(_is_state(part) for part in state)):
        raise ValueError(
            f"{name}.initial_state(x) must return a tuple of tensors with a row for each document, "
            f"{_N_DOCUMENTS} for x of shape {tuple(x.shape)}. Got {_describe(state)}."
        )
    result = cell(x, state)
    if not (isinstance(result, tuple) and len(result) == 2):
        raise ValueError(
            f"{name}.forward(x, state) must return the pair of output and new state. "
            f"Got {_describe(result)}."
        )
    output, new = result
    expected = (_N_STEPS, _N_DOCUMENTS, hidden_size)
    if not (isinstance(output, Tensor) and output.shape == expected):
        raise ValueError(
            f"The output of {name}.forward(x, state) must have the shape (n_steps, n_documents, "
            f"hidden_size), {expected} for x of shape {tuple(x.shape)}. Got {_describe(output)}."
        )
    if not (isinstance(new, tuple) and _shapes(new) == _shapes(state)):
        raise ValueError(
            f"The new state of {name}.forward(x, state) must be shaped as the old one, "
            f"{_describe(state)}. Got {_describe(new)}."
        )


def _as_step_cell(name: str, cell: nn.Module, x: Tensor, hidden_size: int) -> StepCell:
    """Run a module of one step on zeros, and wrap it by what comes out."""
    try:
        inspect.signature(cell.forward).bind(x, None)
    except TypeError as exc:
        raise TypeError(
            f"The 'cell' parameter must make cells with forward(x, state), or with initial_state "
            f"and step as in sklearn_rnn.modules.RecurrentCell. With {name} that fails: {exc}."
        ) from exc
    result = cell(x, None)
    is_tuple = isinstance(result, tuple)
    state = result if is_tuple else (result,)
    expected = (_N_DOCUMENTS, hidden_size)
    if not (state and all(map(_is_state, state)) and state[0].shape == expected):
        raise ValueError(
            f"{name}.forward(x, state) must return the new hidden state, of shape (n_documents, "
            f"hidden_size), {expected} for x of shape {tuple(x.shape)}, or a tuple that begins "
            f"with it. Got {_describe(result)}."
        )
    again = cell(x, result)
    if _shapes(again if is_tuple else (again,)) != _shapes(state):
        raise ValueError(
            f"{name}.forward(x, state) must return a state shaped as the one it is given, "
            f"{_describe(result)}. Got {_describe(again)}."
        )
    return StepCell(cell, len(state), is_tuple)


def _is_state(part: object) -> bool:
    return isinstance(part, Tensor) and part.dim() > 0 and len(part) == _N_DOCUMENTS


def _shapes(state: State) -> list:
    return [part.shape if isinstance(part, Tensor) else None for part in state]


def _describe(value: object) -> str:
    """Return the shapes of tensors, and the types of everything else."""
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, tuple):
        return f"a tuple of {', '.join(map(_describe, value)) or 'nothing'}"
    return f"an object of type {type(value).__name__}"
