"""The state that is carried from one call to the next when a text is read piece by piece."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ._layout import PackedLayout
from .cells._base import State


def as_constant(state: State, layout: PackedLayout) -> State:
    """Return a given state without its past, so that no gradient reaches what was read before.

    Parameters
    ----------
    state : tuple of torch.Tensor of shape (n_documents, ...)
        What `RecurrentLayer.read` returned, a row for each document in packed order.
    layout : PackedLayout
        Of the tokens that are read next.

    Returns
    -------
    state : tuple of torch.Tensor of shape (n_documents, ...)
    """
    sizes = {part.shape[0] for part in state}
    if sizes - {layout.n_documents}:
        raise ValueError(
            "The state must have a row for each document of the layout, in packed order: "
            f"{layout.n_documents}. Got {', '.join(map(str, sorted(sizes)))}. Of documents that "
            "have ended, leave the rows out."
        )
    return tuple(part.detach() for part in state)


def check_reads_forwards(backwards: bool) -> None:
    """Raise an error if a layer reads backwards: it cannot continue from a state."""
    if backwards:
        raise ValueError(
            "Only layers that read forwards can carry a state on: backwards, a document is read "
            "from its end, which is still to come. Use bidirectional=False."
        )


def states_by_layer(state: Sequence[State] | None, n_layers: int) -> Sequence[State | None]:
    """Return the state that each layer begins with, None for that before a document.

    Parameters
    ----------
    state : list of tuple of torch.Tensor or None
        The states of a stack, one for each layer.
    n_layers : int
        Number of layers.

    Returns
    -------
    states : list of (tuple of torch.Tensor or None), of length n_layers
    """
    if state is None:
        return [None] * n_layers
    if len(state) != n_layers:
        raise ValueError(
            f"The state must be a list with one entry for each of {n_layers} layers. "
            f"Got {len(state)}."
        )
    return state


def last_states(states: list[State], shapes: list[tuple[int, int]]) -> State:
    """Return the state of each document after its last token.

    Parameters
    ----------
    states : list of tuple of torch.Tensor
        The state after each block of time, within none of which a document ends.
    shapes : list of (int, int)
        Each block as (n_steps, n_documents).

    Returns
    -------
    state : tuple of torch.Tensor of shape (n_documents, ...)
        A constant, in packed order.
    """
    n_left = [n_documents for _, n_documents in shapes[1:]] + [0]
    ended = [
        tuple(part[n:].detach() for part in state) for state, n in zip(states, n_left, strict=True)
    ]
    # Who ends last comes first.
    return tuple(torch.cat(parts[::-1]) for parts in zip(*ended, strict=True))
