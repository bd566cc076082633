"""What a translation is made from: texts or regions, encoded as a memory to attend to."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from . import kernels as own_kernels
from ._attention import Attention
from ._blocks import SpreadRows
from ._dropout import Dropout
from ._embedding import TokenEmbedding
from ._layout import PackedLayout
from ._pooling import LastPooling


class Regions(NamedTuple):
    """Sources that are rows of vectors, such as the patches of pictures.

    Parameters
    ----------
    vectors : torch.Tensor of shape (n_sources, n_regions, n_features)
        Padded after the last region.
    lengths : torch.Tensor of int64 of shape (n_sources,)
        Number of regions of each source.
    """

    vectors: Tensor
    lengths: Tensor


class Memory(NamedTuple):
    """Encoded sources.

    Parameters
    ----------
    values : torch.Tensor of shape (n_sources, n_positions, n_features)
        The states, padded.
    keys : torch.Tensor of shape (n_sources, n_positions, n_keys)
        What queries are compared with.
    is_padding : torch.Tensor of bool of shape (n_sources, n_positions)
        Which positions are padding.
    summary : torch.Tensor of shape (n_sources, n_summary)
        Each source as one vector.
    """

    values: Tensor
    keys: Tensor
    is_padding: Tensor
    summary: Tensor

    def select(self, sources: Tensor) -> Memory:
        """Return some of the sources."""
        return Memory(*(part.index_select(0, sources) for part in self))


class Encoded(NamedTuple):
    """The states of sources, before any attention: see `Memory`."""

    values: Tensor
    is_padding: Tensor
    summary: Tensor

    def remember(self, attention: Attention) -> Memory:
        """Return the states with the keys of an attention."""
        return Memory(self.values, attention.keys(self.values), self.is_padding, self.summary)


class TextEncoder(nn.Module):
    """Read texts with a recurrent network.

    Parameters
    ----------
    embedding : TokenEmbedding
        From ids to vectors.
    encoder : RecurrentStack or GridLSTM
        From vectors to states.
    bidirectional : bool
        Whether it reads in both directions.
    unique : bool or "auto", default=False
        Whether the encoder, on the CPU, takes the vector of each distinct token once, as in
        `SequenceNetwork`.
    """

    def __init__(
        self,
        embedding: TokenEmbedding,
        encoder: nn.Module,
        *,
        bidirectional: bool,
        unique: bool | str = False,
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.encoder = encoder
        self.output_size: int = encoder.output_size  # type: ignore[assignment]
        self.last = LastPooling(self.output_size, bidirectional=bidirectional)
        self.unique = unique

    def forward(self, ids: PackedSequence) -> Encoded:
        """Return the states; the summary is those at the end of each direction.

        Parameters
        ----------
        ids : torch.nn.utils.rnn.PackedSequence of int32 or int64
            Token ids of the sources.

        Returns
        -------
        encoded : Encoded
            In the order in which they were packed.
        """
        layout = PackedLayout(ids.batch_sizes, ids.data.device)
        as_rows = ids.data.device.type == "cpu" and own_kernels.has_kernels(self.unique)
        x = self.embedding(ids.data, unique=as_rows)  # (n_tokens, embedding_dim)
        states = self.encoder(x, layout)  # (n_tokens, output_size)
        summary = self.last(states, layout)
        values, is_padding = _pad(states, layout)
        encoded = Encoded(values, is_padding, summary)
        order = ids.unsorted_indices
        return encoded if order is None else Encoded(*(p.index_select(0, order) for p in encoded))


class RegionEncoder(nn.Module):
    """Map each region to a vector; the summary is their mean (Xu et al., 2015).

    The map is linear, followed by a rectifier, so that the mean can say which region has which
    feature if the regions contain their positions.

    Parameters
    ----------
    n_features : int
        Features of a region.
    output_size : int
        Features of its state.
    dropout : float, default=0.0
        Dropout of the states.

    References
    ----------
    K. Xu et al., "Show, attend and tell: neural image caption generation with visual attention",
    ICML (2015).
    """

    def __init__(self, n_features: int, output_size: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.projection = nn.Linear(n_features, output_size)
        self.dropout = Dropout(dropout)
        self.output_size = output_size

    def forward(self, regions: Regions) -> Encoded:
        """Return the states of the regions, and their mean.

        Parameters
        ----------
        regions : Regions
            The sources.

        Returns
        -------
        encoded : Encoded
        """
        vectors, lengths = regions
        values = self.dropout(torch.relu(self.projection(vectors)))  # (n_sources, n_regions, ...)
        steps = torch.arange(vectors.shape[1], device=vectors.device)
        is_padding = steps >= lengths[:, None]
        total = values.masked_fill(is_padding[:, :, None], 0).sum(1)
        return Encoded(values, is_padding, total / lengths[:, None])


def _pad(states: Tensor, layout: PackedLayout) -> tuple[Tensor, Tensor]:
    """Return packed states source after source, and which places are padding."""
    shape = layout.n_documents, len(layout.batch_sizes)
    places = layout.documents * shape[1] + layout.positions
    values = SpreadRows.apply(states, places, shape[0] * shape[1]).unflatten(0, shape)
    steps = torch.arange(shape[1], device=states.device)
    return values, steps >= layout.lengths[:, None]
