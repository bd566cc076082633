"""Penalties on the states of a recurrent layer: on large ones, and on those that change fast."""

from __future__ import annotations

import torch
from torch import Tensor

from ._layout import PackedLayout


def activity(states: Tensor) -> Tensor:
    """Return the mean square of the features at each token (AR, activation regularisation).

    Parameters
    ----------
    states : torch.Tensor of shape (n_tokens, hidden_size)
        The states after dropout, which the decoder reads.

    Returns
    -------
    penalty : torch.Tensor of shape (n_tokens,)

    References
    ----------
    S. Merity, B. McCann and R. Socher, "Revisiting activation regularization for language RNNs",
    ICML workshop on learning to generate natural language (2017).
    """
    return states.square().mean(dim=1)


def slowness(states: Tensor, layout: PackedLayout) -> Tensor:
    """Return the mean square of what changed since the token before (TAR, temporal AR).

    Parameters
    ----------
    states : torch.Tensor of shape (n_tokens, hidden_size)
        The states in packed order, before dropout.
    layout : PackedLayout
        Where each token lies.

    Returns
    -------
    penalty : torch.Tensor of shape (n_tokens,)
        0 at the first token of each document.

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.modules import PackedLayout
    >>> from sklearn_rnn.modules._activation_penalties import slowness
    >>> slowness(torch.tensor([[1.0], [4.0], [6.0]]), PackedLayout(torch.tensor([1, 1, 1])))
    tensor([0., 9., 4.])
    """
    changes = states[layout.n_documents :] - states[layout.previous]
    penalty = states.new_zeros(layout.n_documents)
    return torch.cat([penalty, changes.square().mean(dim=1)])
