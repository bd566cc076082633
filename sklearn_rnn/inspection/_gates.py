"""Gates and memory of a cell, from the recorded inputs and states of its layer."""

from __future__ import annotations

from copy import deepcopy
from typing import TypeGuard

import torch
from torch import Tensor, nn

from sklearn_rnn.modules import ProjectedCell, RecurrentCell
from sklearn_rnn.modules.cells._base import Gates, State, author


@torch.no_grad()
def gates(cell: nn.Module | None, x: Tensor, states: Tensor) -> Gates:
    """Return the memory and the gates of a cell at each token of a document.

    Parameters
    ----------
    cell : torch.nn.Module or None
        The cell.
    x : torch.Tensor of shape (n_tokens, input_size)
        The recorded inputs, in the order of reading.
    states : torch.Tensor of shape (n_tokens, hidden_size)
        The recorded hidden state after each.

    Returns
    -------
    quantities : dict of str to torch.Tensor of float64 of shape (n_tokens, hidden_size)
        The memory, if there is one, and the gates that the cell names in its `equations`. Empty
        for a cell that names none.

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.inspection._gates import gates
    >>> from sklearn_rnn.modules import GRUCell
    >>> list(gates(GRUCell(3, 4), torch.zeros(5, 3), torch.zeros(5, 4)))
    ['reset_gate', 'update_gate', 'candidate']
    """
    if not names_gates(cell):
        return {}
    cell = deepcopy(cell).cpu().double()
    x, states = x.double(), states.double()
    start, *memory = cell.initial_state(x[:, None])
    before = torch.cat([start, states[:-1]])
    inputs = cell.project(x)
    memories = _follow_memory(cell, inputs, before, tuple(memory))
    # Now that the state before each token is known, all tokens can be computed at once, as if each
    # were a document.
    _, found = cell.equations(inputs, (before, *(part[:-1] for part in memories)))
    return {"cell_state": memories[0][1:], **found} if memories else found


def names_gates(cell: nn.Module | None) -> TypeGuard[RecurrentCell]:
    """Return whether a cell computes what its `equations` say, and names its gates there.

    A subclass may replace a method around them, or inherit a kernel for other equations.
    """
    if not isinstance(cell, RecurrentCell):
        return False
    equations, *others = (
        author(type(cell), method)
        for method in ("equations", "project", "advance", "step", "forward")
    )
    return (
        equations is not RecurrentCell
        and all(issubclass(equations, other) for other in others)
        and others[-1] in (equations, ProjectedCell, RecurrentCell)
    )


def _follow_memory(cell: RecurrentCell, inputs: Tensor, before: Tensor, memory: State) -> State:
    """Return each part of the memory, before the first token and after each.

    The hidden states are the recorded ones, so no error adds up over a long document.
    """
    if not memory:
        return ()
    steps = [memory]
    for x, h in zip(inputs.split(1), before.split(1), strict=True):
        memory = cell.advance(x, (h, *memory))[1:]
        steps.append(memory)
    return tuple(map(torch.cat, zip(*steps, strict=True)))
