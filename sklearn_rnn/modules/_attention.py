"""Attention of a decoder over the states of a source."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

# Bounds on the numbers that additive attention keeps for its gradient, one for each query, position
# and unit: of all queries together, and of a query that comes by itself and is one of many.
_MAX_KEPT = 2**22
_MAX_KEPT_ALONE = 2**18


class Attention(nn.Module):
    """Base of attention: scores become weights, and weights a mean of the values.

    A subclass writes `keys` and `scores`.

    Parameters
    ----------
    query_size : int
        Features of a state of the decoder.
    value_size : int
        Features of a state of the source.
    """

    def __init__(self, query_size: int, value_size: int) -> None:
        super().__init__()
        self.query_size = query_size
        self.value_size = value_size

    def keys(self, values: Tensor) -> Tensor:
        """Return what queries are compared with, once for each source.

        Parameters
        ----------
        values : torch.Tensor of shape (n_sources, n_positions, value_size)
            The states of the sources.

        Returns
        -------
        keys : torch.Tensor of shape (n_sources, n_positions, n_features)
        """
        raise NotImplementedError

    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Return how well each query matches each key.

        Parameters
        ----------
        queries : torch.Tensor of shape (n_sources, n_queries, query_size)
            States of the decoder.
        keys : torch.Tensor of shape (n_sources, n_positions, n_features)
            From `keys`.

        Returns
        -------
        scores : torch.Tensor of shape (n_sources, n_queries, n_positions)
        """
        raise NotImplementedError

    def forward(
        self, queries: Tensor, keys: Tensor, values: Tensor, is_padding: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the mean of the values under the attention of each query, and the attention.

        Parameters
        ----------
        queries : torch.Tensor of shape (n_sources, n_queries, query_size)
            States of the decoder.
        keys : torch.Tensor of shape (n_sources, n_positions, n_features)
            From `keys`.
        values : torch.Tensor of shape (n_sources, n_positions, value_size)
            The states of the sources.
        is_padding : torch.Tensor of bool of shape (n_sources, n_positions)
            Which positions are padding. They get no attention.

        Returns
        -------
        contexts : torch.Tensor of shape (n_sources, n_queries, value_size)
        weights : torch.Tensor of shape (n_sources, n_queries, n_positions)
            They sum to 1 over the positions.
        """
        scores = self.scores(queries, keys).masked_fill(is_padding[:, None], -torch.inf)
        weights = torch.softmax(scores, dim=2)
        return weights @ values, weights

    def extra_repr(self) -> str:
        """Show the two sizes in the printed network."""
        return f"{self.query_size}, {self.value_size}"


class AdditiveAttention(Attention):
    """Score by a small network: ``v @ tanh(W q + U k)`` (Bahdanau, Cho and Bengio, 2015).

    Parameters
    ----------
    query_size : int
        Features of a state of the decoder, and units of the network.
    value_size : int
        Features of a state of the source.

    References
    ----------
    D. Bahdanau, K. Cho and Y. Bengio, "Neural machine translation by jointly learning to align and
    translate", ICLR (2015).

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.modules import AdditiveAttention
    >>> attention, values = AdditiveAttention(4, 6), torch.randn(2, 5, 6)
    >>> nothing_padded = torch.zeros(2, 5, dtype=torch.bool)
    >>> contexts, weights = attention(
    ...     torch.randn(2, 3, 4), attention.keys(values), values, nothing_padded
    ... )
    >>> contexts.shape, weights.shape
    (torch.Size([2, 3, 6]), torch.Size([2, 3, 5]))
    """

    def __init__(self, query_size: int, value_size: int) -> None:
        super().__init__(query_size, value_size)
        self.of_query = nn.Linear(query_size, query_size, bias=False)
        self.of_value = nn.Linear(value_size, query_size)
        self.score = nn.Linear(query_size, 1, bias=False)

    def keys(self, values: Tensor) -> Tensor:
        """Return ``U k``, shape (n_sources, n_positions, query_size)."""
        return self.of_value(values)

    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Return the scores, shape (n_sources, n_queries, n_positions).

        For long sources, they are computed for a few queries at a time, and again for the
        gradient, so that memory is bounded.
        """
        queries, n_queries = self.of_query(queries), queries.shape[1]
        most = _MAX_KEPT if n_queries > 1 else _MAX_KEPT_ALONE
        if n_queries * keys.numel() <= most:
            return self._compare(queries, keys)
        parts = [
            checkpoint(self._compare, part, keys, use_reentrant=False, preserve_rng_state=False)
            for part in queries.split(max(1, most // keys.numel()), dim=1)
        ]
        return torch.cat(parts, dim=1)

    def _compare(self, queries: Tensor, keys: Tensor) -> Tensor:
        hidden = torch.tanh(queries[:, :, None] + keys[:, None])
        return self.score(hidden)[..., 0]


class GeneralAttention(Attention):
    """Score by a product with weights between: ``q @ W k`` (Luong, Pham and Manning, 2015).

    Parameters
    ----------
    query_size : int
        Features of a state of the decoder.
    value_size : int
        Features of a state of the source.

    References
    ----------
    M.-T. Luong, H. Pham and C. D. Manning, "Effective approaches to attention-based neural machine
    translation", EMNLP (2015).
    """

    def __init__(self, query_size: int, value_size: int) -> None:
        super().__init__(query_size, value_size)
        self.of_value = nn.Linear(value_size, query_size, bias=False)

    def keys(self, values: Tensor) -> Tensor:
        """Return ``W k``, shape (n_sources, n_positions, query_size)."""
        return self.of_value(values)

    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Return the scores, shape (n_sources, n_queries, n_positions)."""
        return queries @ keys.mT


class DotAttention(Attention):
    """Score by the product of the states themselves, ``q @ k``, without weights of its own.

    For a source that was read in both directions, the two states of a position are added.

    Parameters
    ----------
    query_size : int
        Features of a state of the decoder.
    value_size : int
        Features of a state of the source: as many, or twice as many.

    References
    ----------
    M.-T. Luong, H. Pham and C. D. Manning, "Effective approaches to attention-based neural machine
    translation", EMNLP (2015).
    """

    def keys(self, values: Tensor) -> Tensor:
        """Return the states, shape (n_sources, n_positions, query_size)."""
        return values.unflatten(2, (-1, self.query_size)).sum(2)

    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Return the scores, shape (n_sources, n_queries, n_positions)."""
        return queries @ keys.mT


ATTENTIONS: dict[str, type[Attention]] = {
    "additive": AdditiveAttention,
    "general": GeneralAttention,
    "dot": DotAttention,
}
