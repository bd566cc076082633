"""One step of a recurrent layer, by our kernels."""

from __future__ import annotations

import torch
from torch import Tensor

from ..cells import RecurrentCell
from ..cells._base import State
from ._build import load_kernels
from ._interface import Layer
from ._threads import threads_for


def is_step(batch_sizes: Tensor) -> bool:
    """Return whether a packed batch is a single step that needs no gradients."""
    return len(batch_sizes) == 1 and not torch.is_grad_enabled()


def step(kernel: str | None, cell: RecurrentCell, x: Tensor, state: State) -> State:
    """Return the state after one more token of each document.

    A batch of one step gives the same, but its kernel would first rearrange the weights in memory,
    which takes longer than the step.

    Parameters
    ----------
    kernel : str
        The kernel of the cell.
    cell : RecurrentCell
        The cell, for which `can_read` holds.
    x : torch.Tensor of float32 of shape (n_documents, input_size)
        The inputs.
    state : tuple of torch.Tensor of float32 of shape (n_documents, hidden_size)
        The state before, each tensor dense.

    Returns
    -------
    state : tuple of torch.Tensor of float32 of shape (n_documents, hidden_size)
    """
    n_documents, n_features = x.shape
    n_gates, n_units = cell.weight_hh.shape
    # Held here until the kernel has run.
    tensors = [part.contiguous() for part in (x, *cell._kernel_weights())]
    new = tuple(map(torch.empty_like, state))
    layer = Layer(
        n_threads=threads_for(2 * n_documents * n_gates * (n_features + n_units)),
        n_tokens=n_documents,
        n_features=n_features,
        n_units=n_units,
    )
    names = "x", "weight_ih", "weight_hh", "bias_ih", "bias_hh"
    for name, tensor in zip(names, tensors, strict=True):
        setattr(layer, name, tensor.data_ptr())
    layer.start, layer.states = state[0].data_ptr(), new[0].data_ptr()
    if len(state) > 1:
        layer.kept_start, layer.kept = state[1].data_ptr(), new[1].data_ptr()
    getattr(load_kernels(), f"{kernel}_step")(layer)
    return new
