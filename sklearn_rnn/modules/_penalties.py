"""Penalties that modules add to the loss of a document."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor

_CURRENT = threading.local()


@contextmanager
def collect_penalties() -> Iterator[list[Tensor]]:
    """Gather the penalties that modules add on this thread inside the block.

    A module returns states or outputs, and has no other access to the loss. It cannot keep its
    penalty as an attribute either, because threads may compute parts of a batch in parallel.

    Yields
    ------
    penalties : list of torch.Tensor of shape (n_documents,)
        For the documents in packed order, longest first.

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.modules import AttentionPooling, PackedLayout
    >>> from sklearn_rnn.modules._penalties import collect_penalties
    >>> pooling = AttentionPooling(4, attention_penalty=1.0)
    >>> with collect_penalties() as penalties:
    ...     pooled = pooling(torch.zeros(3, 4), PackedLayout(torch.tensor([1, 1, 1])))
    >>> penalties[0].detach()  # all three tokens have the same share
    tensor([0.])
    """
    before = getattr(_CURRENT, "penalties", None)
    _CURRENT.penalties = []
    try:
        yield _CURRENT.penalties
    finally:
        _CURRENT.penalties = before


def add_penalty(penalty: Tensor) -> None:
    """Add to the loss of each document, if penalties are collected.

    Parameters
    ----------
    penalty : torch.Tensor of shape (n_documents,)
        In packed order, longest first.
    """
    penalties = getattr(_CURRENT, "penalties", None)
    if penalties is not None:
        penalties.append(penalty)
