"""Where each token of a packed batch is: all index arithmetic is here."""

from __future__ import annotations

import torch
from torch import Tensor

from ._cached import cached_property


class PackedLayout:
    """Index arithmetic over a batch packed as in `torch.nn.utils.rnn.PackedSequence`.

    The documents of a batch are sorted longest first. Their tokens are stored step by
    step: the first token of every document, then the second of every document
    that has one, and so on. No padding is stored, so none can be computed on.

    Parameters
    ----------
    batch_sizes : torch.Tensor of shape (n_steps,), dtype=int64, on the CPU
        How many documents are still running at each step.
    device : torch.device, default=None
        The device of the index tensors.

    Examples
    --------
    Three documents of 3, 2 and 1 tokens:

    >>> import torch
    >>> from sklearn_rnn.modules import PackedLayout
    >>> layout = PackedLayout(torch.tensor([3, 2, 1]))
    >>> layout.lengths
    tensor([3, 2, 1])
    >>> layout.documents
    tensor([0, 1, 2, 0, 1, 0])
    """

    def __init__(self, batch_sizes: Tensor, device: torch.device | None = None) -> None:
        self.batch_sizes = batch_sizes
        self.device = batch_sizes.device if device is None else device

    @property
    def n_documents(self) -> int:
        """Number of documents in the batch."""
        return int(self.batch_sizes[0])

    @cached_property
    def _first_of_step(self) -> Tensor:
        """Index of each step's first token, shape (n_steps,)."""
        return (self.batch_sizes.cumsum(0) - self.batch_sizes).to(self.device)

    @cached_property
    def positions(self) -> Tensor:
        """Position of each token in its document, shape (n_tokens,)."""
        steps = torch.arange(len(self.batch_sizes))
        return steps.repeat_interleave(self.batch_sizes).to(self.device)

    @cached_property
    def documents(self) -> Tensor:
        """Document of each token, shape (n_tokens,)."""
        order = torch.arange(len(self.positions), device=self.device)
        return order - self._first_of_step[self.positions]

    @cached_property
    def previous(self) -> Tensor:
        """Index of the token before each that is not its document's first, in packed order."""
        # The tokens of the first step stand in front, so that only they are left out.
        later = slice(self.n_documents, None)
        return self._first_of_step[self.positions[later] - 1] + self.documents[later]

    @cached_property
    def lengths(self) -> Tensor:
        """Return the number of tokens of each document, shape (n_documents,), descending."""
        ranks = torch.arange(self.n_documents)
        # Document j runs at every step whose batch size exceeds j.
        return torch.searchsorted(-self.batch_sizes, -ranks, right=False).to(self.device)

    @cached_property
    def last(self) -> Tensor:
        """Index of each document's last token, shape (n_documents,)."""
        return self.token_index(self.lengths - 1)

    @cached_property
    def positions_from_end(self) -> Tensor:
        """Position of each token counted from its document's end, shape (n_tokens,)."""
        return self.lengths[self.documents] - 1 - self.positions

    @cached_property
    def backwards(self) -> Tensor:
        """Index that lists the tokens with each document reversed, shape (n_tokens,)."""
        return self._first_of_step[self.positions_from_end] + self.documents

    @cached_property
    def by_document(self) -> Tensor:
        """Index that lists the tokens document after document, shape (n_tokens,)."""
        documents = torch.arange(self.n_documents, device=self.device)
        documents = documents.repeat_interleave(self.lengths)
        first = (self.lengths.cumsum(0) - self.lengths).repeat_interleave(self.lengths)
        steps = torch.arange(len(documents), device=self.device) - first
        return self._first_of_step[steps] + documents

    def token_index(self, steps: Tensor) -> Tensor:
        """Return the index of each document's token at the given steps.

        Parameters
        ----------
        steps : torch.Tensor of shape (n_documents, ...), dtype=int64
            Positions within the documents, one row a document.

        Returns
        -------
        index : torch.Tensor of the same shape
            Positions in packed order.
        """
        ranks = torch.arange(self.n_documents, device=self.device)
        return self._first_of_step[steps] + ranks.view(-1, *[1] * (steps.dim() - 1))
