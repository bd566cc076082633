"""Packed tokens as dense blocks of time, on which torch's kernels are fast."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from ._cached import cached_property
from ._layout import PackedLayout

# Another block costs a kernel as much as some hundred steps of a document.
MAX_PADDING = 100

# What a kernel keeps of a larger block for the way back does not fit into the cache of a core, and
# is more than the system lets a process keep when it is freed.
MAX_ROWS = 4096


class TimeBlocks:
    """Cut a packed batch into blocks of time, each with a fixed number of documents.

    Where documents end, their rows leave the batch and a new block begins. Some documents may end
    within a block: computing on a few rows of padding is faster than starting another kernel. The
    padding comes after the document and is never read, so it cannot enter a result.

    Parameters
    ----------
    layout : PackedLayout
        Where each token lies in packed order.
    reverse : bool, default=False
        Whether each document is read from its end. Its padding then follows its first token.
    max_padding : int, default=None
        Most rows of padding in a block. None means 100 on the CPU and no limit on a GPU,
        where padding costs next to nothing, but each kernel has to be started.

    Examples
    --------
    Two documents of 3 and 2 tokens, without padding and with it:

    >>> import torch
    >>> from sklearn_rnn.modules import PackedLayout, TimeBlocks
    >>> layout = PackedLayout(torch.tensor([2, 2, 1]))
    >>> TimeBlocks(layout, max_padding=0).shapes
    [(2, 2), (1, 1)]
    >>> TimeBlocks(layout).shapes
    [(3, 2)]
    """

    def __init__(
        self, layout: PackedLayout, *, reverse: bool = False, max_padding: int | None = None
    ) -> None:
        self.layout = layout
        self.reverse = reverse
        most = MAX_PADDING if layout.device.type == "cpu" else torch.inf
        self.max_padding = most if max_padding is None else max_padding

    @cached_property
    def shapes(self) -> list[tuple[int, int]]:
        """Each block as (n_steps, n_documents)."""
        sizes, counts = self.layout.batch_sizes.unique_consecutive(return_counts=True)
        shapes, n_steps, n_documents, padding = [], 0, self.layout.n_documents, 0
        for size, count in zip(sizes.tolist(), counts.tolist(), strict=True):
            padding += count * (n_documents - size)
            if padding > self.max_padding:
                shapes.append((n_steps, n_documents))
                n_steps, n_documents, padding = 0, size, 0
            n_steps += count
        shapes.append((n_steps, n_documents))
        return shapes if self.layout.device.type != "cpu" else _cut_large(shapes)

    @cached_property
    def n_places(self) -> int:
        """Rows of all blocks together, padding included."""
        return sum(n_steps * n_documents for n_steps, n_documents in self.shapes)

    @cached_property
    def places(self) -> Tensor:
        """Row of each token in the blocks laid end to end, shape (n_tokens,)."""
        layout = self.layout
        n_steps, n_documents = torch.tensor(self.shapes).T
        rows_of_step = n_documents.repeat_interleave(n_steps)
        first_of_step = (rows_of_step.cumsum(0) - rows_of_step).to(layout.device)
        steps = layout.positions_from_end if self.reverse else layout.positions
        return first_of_step[steps] + layout.documents

    def split(self, x: Tensor) -> list[Tensor]:
        """Return the tokens block by block.

        Parameters
        ----------
        x : torch.Tensor of shape (n_tokens, n_features)
            In packed order.

        Returns
        -------
        blocks : list of torch.Tensor of shape (n_steps, n_documents, n_features)
            Padded with zeros.
        """
        if not self._is_packed_order:
            x = SpreadRows.apply(x, self.places, self.n_places)
        # One split, whose gradient is one concatenation: slices would each add a whole tensor.
        parts = x.split([n_steps * n_documents for n_steps, n_documents in self.shapes])
        return [part.unflatten(0, shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def join(self, blocks: list[Tensor]) -> Tensor:
        """Return the tokens in packed order again, without the padding.

        Parameters
        ----------
        blocks : list of torch.Tensor of shape (n_steps, n_documents, n_features)
            As `split` returns them.

        Returns
        -------
        x : torch.Tensor of shape (n_tokens, n_features)
        """
        x = torch.cat([block.flatten(0, 1) for block in blocks])
        return x if self._is_packed_order else TakeRows.apply(x, self.places)

    @property
    def _is_packed_order(self) -> bool:
        return not self.reverse and self.n_places == len(self.layout.positions)


def _cut_large(shapes: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Cut blocks of too many rows into shorter ones, of about equal numbers of steps."""
    cut = []
    for n_steps, n_documents in shapes:
        n_cuts = -(-n_steps // max(1, MAX_ROWS // n_documents))
        ends = [n_steps * i // n_cuts for i in range(n_cuts + 1)]
        cut += [(stop - start, n_documents) for start, stop in pairwise(ends)]
    return cut


class SpreadRows(torch.autograd.Function):
    """Put each row in a place of its own, between rows of zeros.

    The gradient of each row comes only from its place, while that of indexing adds up all rows.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, places: Tensor, n_places: int) -> Tensor:
        ctx.save_for_backward(places)
        return x.new_zeros(n_places, *x.shape[1:]).index_copy_(0, places, x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        (places,) = ctx.saved_tensors
        return TakeRows.apply(grad, places), None, None


class TakeRows(torch.autograd.Function):
    """Take each row from a place of its own: the opposite of `SpreadRows`.

    No two rows come from one place, so their gradients need not be added up.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, places: Tensor) -> Tensor:
        ctx.save_for_backward(places)
        ctx.n_places = len(x)
        return x.index_select(0, places)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (places,) = ctx.saved_tensors
        return SpreadRows.apply(grad, places, ctx.n_places), None
