"""From states to the next token: how a language model predicts it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sklearn_rnn._text.vocabulary import UNKNOWN_ID

from ._embedding import TokenEmbedding

# Words of English text: the 2,000 most frequent ones are about nine of ten tokens.
SHORTLIST = 2000
CLUSTER_GROWTH = 5

# Bound on the probabilities that are computed at once, a number for each id and token.
_MAX_PROBABILITIES = 2**20


def tokens_at_once(n_logits: int) -> int:
    """Return for how many tokens to compute the probabilities at once, given those of each."""
    return min(max(_MAX_PROBABILITIES // n_logits, 64), 1024)


class Decoder(nn.Module):
    """Base of decoders: the embedding whose vectors they may share, and the map to them.

    A subclass writes `loss`, `log_probs`, and the methods that let the vocabulary grow.

    Parameters
    ----------
    input_size : int
        Features of a state.
    tied_to : TokenEmbedding or None
        The embedding, None for separate weights.
    """

    bias: nn.Parameter

    def __init__(self, input_size: int, tied_to: TokenEmbedding | None) -> None:
        super().__init__()
        # In a tuple, as the embedding is a part of the network already.
        self._tied_to = () if tied_to is None else (tied_to,)
        self.vector_size = input_size if tied_to is None else tied_to.table.embedding_dim
        self.projection: nn.Linear | None = None
        if self.vector_size != input_size:
            self.projection = nn.Linear(input_size, self.vector_size, bias=False)

    @property
    def table(self) -> Tensor | None:
        """The vectors of the embedding, None if weights are not tied."""
        return self._tied_to[0].table.weight if self._tied_to else None

    @property
    def used_parameters(self) -> list[Tensor]:
        """Everything that a loss depends on, the tied weights included."""
        return [*self.parameters(), *(part.table.weight for part in self._tied_to)]

    @property
    def n_ids(self) -> int:
        """Number of ids, which can grow."""
        return len(self.bias)

    @property
    def n_logits(self) -> int:
        """How many logits are computed for every token."""
        raise NotImplementedError

    def rows_to_grow(self, n_ids: int) -> dict[str, int]:
        """Return the weights with a row for each id, by name, and their rows with more ids.

        Parameters
        ----------
        n_ids : int
            The new number of ids.
        """
        raise NotImplementedError

    def reset_rows(self, first: int) -> None:
        """Redraw the weights of the ids from `first` on.

        Parameters
        ----------
        first : int
            The first of these ids.
        """
        raise NotImplementedError

    def project(self, hidden: Tensor) -> Tensor:
        """Return states as wide as the vectors of the ids.

        Parameters
        ----------
        hidden : torch.Tensor of shape (n_tokens, input_size)
            The states.

        Returns
        -------
        hidden : torch.Tensor of shape (n_tokens, vector_size)
        """
        return hidden if self.projection is None else self.projection(hidden).to(hidden.dtype)


class SoftmaxDecoder(Decoder):
    """Predict the next token by a softmax over all ids.

    Parameters
    ----------
    input_size : int
        Features of a state.
    n_ids : int
        Number of ids.
    tied_to : TokenEmbedding, default=None
        The embedding whose vectors are the weights of the ids as well (Press and Wolf, 2017; Inan
        et al., 2017). If states are not as wide as these, a linear layer without bias, the
        projection, maps one to the other. None gives the ids separate weights.

    References
    ----------
    Press, O. and Wolf, L., "Using the output embedding to improve language models", EACL (2017).

    H. Inan, K. Khosravi and R. Socher, "Tying word vectors and word classifiers: a loss framework
    for language modeling", ICLR (2017).

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.modules import SoftmaxDecoder, TokenEmbedding
    >>> embedding = TokenEmbedding(100, 8)
    >>> decoder = SoftmaxDecoder(16, 100, tied_to=embedding)
    >>> decoder.loss(torch.zeros(3, 16), torch.tensor([5, 9, 2])).exp()
    tensor([100.0000, 100.0000, 100.0000], grad_fn=<ExpBackward0>)
    """

    weight: nn.Parameter | None

    def __init__(
        self, input_size: int, n_ids: int, *, tied_to: TokenEmbedding | None = None
    ) -> None:
        super().__init__(input_size, tied_to)
        self.register_parameter("weight", None)
        if tied_to is None:
            self.weight = _new_vectors(n_ids, input_size)
        self.bias = nn.Parameter(torch.zeros(n_ids))

    @property
    def n_logits(self) -> int:
        """How many logits are computed for every token."""
        return self.n_ids

    def rows_to_grow(self, n_ids: int) -> dict[str, int]:
        """Return the weights with a row for each id, by name, and their rows with more ids.

        Parameters
        ----------
        n_ids : int
            The new number of ids.
        """
        return {name: n_ids for name in ("bias", "weight") if getattr(self, name) is not None}

    def reset_rows(self, first: int) -> None:
        """Redraw the weights of the ids from `first` on, with the bias of the unknown token.

        Parameters
        ----------
        first : int
            The first of these ids.
        """
        with torch.no_grad():
            self.bias[first:] = self.bias[UNKNOWN_ID]
            if self.weight is not None:
                _fill(self.weight[first:])

    def logits(self, hidden: Tensor) -> Tensor:
        """Return the logits of all ids.

        Parameters
        ----------
        hidden : torch.Tensor of shape (n_tokens, input_size)
            The states to predict from.

        Returns
        -------
        logits : torch.Tensor of shape (n_tokens, n_ids)
        """
        weight = cast("Tensor", self.weight if self.table is None else self.table)
        return _linear(self.project(hidden), weight, self.bias)

    def loss(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Return the negative log-likelihood of the next tokens.

        Parameters
        ----------
        hidden : torch.Tensor of shape (n_tokens, input_size)
            The states to predict from.
        targets : torch.Tensor of int64 of shape (n_tokens,)
            The ids of the tokens.

        Returns
        -------
        loss : torch.Tensor of shape (n_tokens,)
        """
        return F.cross_entropy(self.logits(hidden), targets, reduction="none")

    def log_probs(self, hidden: Tensor) -> Tensor:
        """Return the log-probabilities of all ids.

        Parameters
        ----------
        hidden : torch.Tensor of shape (n_tokens, input_size)
            The states to predict from.

        Returns
        -------
        log_probs : torch.Tensor of shape (n_tokens, n_ids)
        """
        return F.log_softmax(self.logits(hidden), dim=1)


class AdaptiveSoftmaxDecoder(Decoder):
    """Predict the next token in two steps, so that frequent tokens cost little.

    The head is a softmax over the shortlist, the frequent ids, and one entry for each cluster of
    rarer ids (Grave et al., 2017). A softmax over a cluster is computed only for tokens of that
    cluster. Ids must be in order of frequency, as `SequenceVectorizer` gives them. In another
    order the result is still correct, but less time is saved.

    Parameters
    ----------
    input_size : int
        Features of a state.
    n_ids : int
        Number of ids.
    cutoffs : sequence of int, default=None
        The first id of each cluster, ascending. None takes those of `default_cutoffs`.
    div_value : float, default=4.0
        How many times smaller the vectors of a cluster are than those of the one before. Ignored
        with `tied_to`, whose vectors are all of one size.
    tied_to : TokenEmbedding, default=None
        The embedding whose vectors are the weights of the ids as well, see `SoftmaxDecoder`.

    Raises
    ------
    ValueError
        If `cutoffs` is empty, does not ascend or does not lie between 1 and ``n_ids - 1``.

    References
    ----------
    E. Grave, A. Joulin, M. Cissé, D. Grangier and H. Jégou, "Efficient softmax approximation for
    GPUs", ICML (2017).

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.modules import AdaptiveSoftmaxDecoder
    >>> decoder = AdaptiveSoftmaxDecoder(16, 100, cutoffs=[10, 40])
    >>> hidden, targets = torch.randn(3, 16), torch.tensor([5, 99, 20])
    >>> expected = -decoder.log_probs(hidden)[[0, 1, 2], targets]
    >>> torch.allclose(decoder.loss(hidden, targets), expected, atol=1e-6)
    True
    """

    def __init__(
        self,
        input_size: int,
        n_ids: int,
        *,
        cutoffs: Sequence[int] | None = None,
        div_value: float = 4.0,
        tied_to: TokenEmbedding | None = None,
    ) -> None:
        super().__init__(input_size, tied_to)
        cutoffs = default_cutoffs(n_ids) if cutoffs is None else list(cutoffs)
        if not cutoffs or any(low >= high for low, high in pairwise([0, *cutoffs, n_ids])):
            raise ValueError(
                "The 'cutoffs' parameter of AdaptiveSoftmaxDecoder must be ascending ids between 1 "
                f"and n_ids - 1 = {n_ids - 1}. Got {cutoffs!r} instead."
            )
        self.cutoffs = cutoffs
        self.cluster_weight = _new_vectors(len(cutoffs), self.vector_size)
        self.cluster_bias = nn.Parameter(torch.zeros(len(cutoffs)))
        self.bias = nn.Parameter(torch.zeros(n_ids))
        self.weights = nn.ParameterList()
        self.tails = nn.ModuleList()
        if tied_to is None:
            widths = [max(1, int(input_size / div_value**k)) for k in range(len(self.sizes))]
            self.weights.extend(map(_new_vectors, self.sizes, widths))
            self.tails.extend(nn.Linear(input_size, width, bias=False) for width in widths[1:])

    @property
    def sizes(self) -> list[int]:
        """Number of ids of the shortlist and of each cluster."""
        return [high - low for low, high in pairwise([0, *self.cutoffs, self.n_ids])]

    @property
    def n_logits(self) -> int:
        """How many logits are computed for every token."""
        return self.cutoffs[0] + len(self.cutoffs)

    def rows_to_grow(self, n_ids: int) -> dict[str, int]:
        """Return the weights with a row for each id, by name, and their rows with more ids.

        New ids belong to the last cluster.

        Parameters
        ----------
        n_ids : int
            The new number of ids.
        """
        rows = {"bias": n_ids}
        if len(self.weights):
            rows[f"weights.{len(self.cutoffs)}"] = n_ids - self.cutoffs[-1]
        return rows

    def reset_rows(self, first: int) -> None:
        """Redraw the weights of the ids from `first` on, with the least bias of their cluster.

        Parameters
        ----------
        first : int
            The first of these ids.
        """
        low = self.cutoffs[-1]
        with torch.no_grad():
            self.bias[first:] = self.bias[low:first].min()
            if len(self.weights):
                _fill(self.weights[-1][first - low :])

    def loss(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Return the negative log-likelihood of the next tokens.

        Parameters
        ----------
        hidden : torch.Tensor of shape (n_tokens, input_size)
            The states to predict from.
        targets : torch.Tensor of int64 of shape (n_tokens,)
            The ids of the tokens.

        Returns
        -------
        loss : torch.Tensor of shape (n_tokens,)
        """
        hidden = self.project(hidden)
        clusters = torch.zeros_like(targets)  # 0 is the shortlist
        for cutoff in self.cutoffs:
            clusters += targets >= cutoff
        entries = torch.where(clusters == 0, targets, self.sizes[0] - 1 + clusters)
        (weight, bias), *rest = self._vectors()
        loss = F.cross_entropy(self._head(hidden, weight, bias), entries, reduction="none")
        first = self.sizes[0]
        for k, (weight, bias) in enumerate(rest, start=1):
            rows = (clusters == k).nonzero()[:, 0]
            if len(rows):
                logits = self._tail(k, hidden[rows], weight, bias)
                within = F.cross_entropy(logits, targets[rows] - first, reduction="none")
                loss = loss.index_add(0, rows, within)
            first += self.sizes[k]
        return loss

    def log_probs(self, hidden: Tensor) -> Tensor:
        """Return the log-probabilities of all ids.

        Parameters
        ----------
        hidden : torch.Tensor of shape (n_tokens, input_size)
            The states to predict from.

        Returns
        -------
        log_probs : torch.Tensor of shape (n_tokens, n_ids)
        """
        hidden = self.project(hidden)
        (weight, bias), *rest = self._vectors()
        head = F.log_softmax(self._head(hidden, weight, bias), dim=1)
        parts = [head[:, : self.sizes[0]]]
        for k, (weight, bias) in enumerate(rest, start=1):
            within = F.log_softmax(self._tail(k, hidden, weight, bias), dim=1)
            parts.append(within + head[:, self.sizes[0] - 1 + k, None])
        return torch.cat(parts, dim=1)

    def _vectors(self) -> list[tuple[Tensor, Tensor]]:
        """Return the weights and biases of the shortlist and of each cluster."""
        # Slices would each get a gradient as large as the whole table; those of a split are joined.
        weights = self.weights if self.table is None else self.table.split(self.sizes)
        return list(zip(weights, self.bias.split(self.sizes), strict=True))

    def _head(self, hidden: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        weight = torch.cat([weight, self.cluster_weight])
        return _linear(hidden, weight, torch.cat([bias, self.cluster_bias]))

    def _tail(self, k: int, hidden: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return _linear(self.tails[k - 1](hidden) if self.tails else hidden, weight, bias)


def default_cutoffs(n_ids: int) -> list[int]:
    """Return where the clusters of a vocabulary begin: at 2,000, then at five times as many.

    Parameters
    ----------
    n_ids : int
        Number of ids.

    Returns
    -------
    cutoffs : list of int
        At least one if there are two ids or more.

    Examples
    --------
    >>> from sklearn_rnn.modules._decoders import default_cutoffs
    >>> default_cutoffs(100_000)
    [2000, 10000, 50000]
    """
    cutoffs = [min(SHORTLIST, n_ids // 2)]
    while cutoffs[-1] * CLUSTER_GROWTH < n_ids:
        cutoffs.append(cutoffs[-1] * CLUSTER_GROWTH)
    return cutoffs


def _new_vectors(n_rows: int, size: int) -> nn.Parameter:
    return nn.Parameter(_fill(torch.empty(n_rows, size)))


def _fill(weight: Tensor) -> Tensor:
    """Initialise weights as `torch.nn.Linear` does, in place."""
    bound = 1 / math.sqrt(weight.shape[1])
    return weight.uniform_(-bound, bound)


def _linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    logits = F.linear(x, weight, bias)
    # Under autocast products have few digits: sums over all ids need more.
    return logits if logits.dtype == torch.float64 else logits.float()
