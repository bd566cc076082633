"""Dropout with a random generator for each thread, so that threads do not mix up numbers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ._layout import PackedLayout

_CURRENT = threading.local()


@contextmanager
def dropout_generator(generator: torch.Generator | None) -> Iterator[None]:
    """Make all dropout of this thread draw from `generator` inside the block.

    torch's own dropout draws from one generator for the whole process. When parts of a batch are
    computed in threads side by side, what each part draws from it depends on which thread is
    faster. With a generator for each part the numbers are the same every time.

    Parameters
    ----------
    generator : torch.Generator or None
        The generator. None means torch's own.

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.modules import Dropout
    >>> from sklearn_rnn.modules._dropout import dropout_generator
    >>> dropout, x = Dropout(0.5), torch.ones(100)
    >>> with dropout_generator(torch.Generator().manual_seed(0)):
    ...     first = dropout(x)
    >>> with dropout_generator(torch.Generator().manual_seed(0)):
    ...     print(torch.equal(dropout(x), first))
    True
    """
    before = current_generator()
    _CURRENT.generator = generator
    try:
        yield
    finally:
        _CURRENT.generator = before


def current_generator() -> torch.Generator | None:
    """Return the generator that this thread draws from, None for torch's own."""
    return getattr(_CURRENT, "generator", None)


class _Dropout(nn.Module):
    """Base of dropout of values and of features: the draw."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def _drop(self, x: Tensor) -> Tensor:
        """Return `x` with some values zeroed, whether in training or not."""
        kept = torch.empty_like(x).bernoulli_(1 - self.p, generator=current_generator())
        return x * kept.div_(1 - self.p)

    def extra_repr(self) -> str:
        """Show the probability in the printed network."""
        return f"p={self.p}"


class Dropout(_Dropout):
    """Zero a fraction of the values in training, and scale up the others.

    Parameters
    ----------
    p : float, default=0.5
        Probability of zeroing a value.

    References
    ----------
    N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting",
    JMLR 15 (2014).

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.modules import Dropout
    >>> Dropout(0.5)(torch.ones(1000)).unique()
    tensor([0., 2.])
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return `x`, in training with some values zeroed."""
        return self._drop(x) if self.training and self.p else x


class LockedDropout(_Dropout):
    """Zero a fraction of the features of each document in training, the same at each token.

    Parameters
    ----------
    p : float, default=0.5
        Probability of zeroing a feature.

    References
    ----------
    Y. Gal and Z. Ghahramani, "A theoretically grounded application of dropout in recurrent neural
    networks", NIPS (2016).

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.modules import LockedDropout, PackedLayout
    >>> layout = PackedLayout(torch.tensor([2, 2, 1]))  # lengths 3 and 2
    >>> x = LockedDropout(0.5)(torch.ones(5, 100), layout)
    >>> torch.equal(x[0], x[2]), torch.equal(x[0], x[1])
    (True, False)
    """

    def forward(self, x: Tensor, layout: PackedLayout) -> Tensor:
        """Return `x`, in training with some features of each document zeroed.

        Parameters
        ----------
        x : torch.Tensor of shape (n_tokens, n_features)
            In packed order.
        layout : PackedLayout
            Where each token lies.

        Returns
        -------
        x : torch.Tensor of shape (n_tokens, n_features)
        """
        if not (self.training and self.p):
            return x
        mask = self._drop(x.new_ones(layout.n_documents, x.shape[1]))
        return x * mask[layout.documents]
