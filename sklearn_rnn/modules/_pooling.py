"""From the states of all tokens to one vector a document."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from . import kernels as own_kernels
from ._blocks import TakeRows
from ._layout import PackedLayout
from ._penalties import add_penalty
from ._unique_rows import UniqueRows, dense


class LastPooling(nn.Module):
    """The state after reading the whole document.

    For a bidirectional stack: the forward state at the last token and the
    backward state at the first, concatenated.

    Parameters
    ----------
    input_size : int
        Features of a state.
    bidirectional : bool, default=False
        Whether the second half of the features was read from the end.
    kernels : bool or "auto", default=False
        Whether to use the package's kernel where it can: float32 on the CPU, see
        `modules.kernels.has_kernels`.
    """

    def __init__(
        self, input_size: int, *, bidirectional: bool = False, kernels: bool | str = False
    ) -> None:
        super().__init__()
        self.bidirectional = bidirectional
        self.kernels = kernels
        self.output_size = input_size

    def forward(self, states: Tensor, layout: PackedLayout) -> Tensor:
        """Return the final states.

        Parameters
        ----------
        states : torch.Tensor of shape (n_tokens, input_size)
            The states of all tokens in packed order.
        layout : PackedLayout
            Where each token lies.

        Returns
        -------
        pooled : torch.Tensor of shape (n_documents, input_size)
        """
        if own_kernels.can_update(self.kernels, states):
            n_last = self.output_size // (1 + self.bidirectional)
            return own_kernels.end_states(states, layout.batch_sizes, n_last)
        if not self.bidirectional:
            return TakeRows.apply(states, layout.last)
        forward, backward = states.chunk(2, dim=1)
        last = TakeRows.apply(forward, layout.last)
        return torch.cat([last, backward[: layout.n_documents]], dim=1)


class MeanPooling(nn.Module):
    """The mean of the states over a document's tokens.

    Parameters
    ----------
    input_size : int
        Features of a state.
    kernels : bool or "auto", default=False
        Whether to use the package's kernel where it can: float32 on the CPU, see
        `modules.kernels.has_kernels`.
    """

    def __init__(self, input_size: int, *, kernels: bool | str = False) -> None:
        super().__init__()
        self.kernels = kernels
        self.output_size = input_size

    def forward(self, states: Tensor | UniqueRows, layout: PackedLayout) -> Tensor:
        """Return the mean states.

        Parameters
        ----------
        states : torch.Tensor or UniqueRows of shape (n_tokens, input_size)
            The states of all tokens in packed order.
        layout : PackedLayout
            Where each token lies.

        Returns
        -------
        pooled : torch.Tensor of shape (n_documents, input_size)
        """
        rows = states.rows if isinstance(states, UniqueRows) else states
        if own_kernels.can_update(self.kernels, rows):
            return own_kernels.pool_states(states, layout.batch_sizes, mean=True)
        return document_sums(dense(states), layout) / layout.lengths[:, None]


class MaxPooling(nn.Module):
    """The largest value of each feature over a document's tokens.

    Parameters
    ----------
    input_size : int
        Features of a state.
    kernels : bool or "auto", default=False
        Whether to use the package's kernel where it can: float32 on the CPU, see
        `modules.kernels.has_kernels`.
    """

    def __init__(self, input_size: int, *, kernels: bool | str = False) -> None:
        super().__init__()
        self.kernels = kernels
        self.output_size = input_size

    def forward(self, states: Tensor, layout: PackedLayout) -> Tensor:
        """Return the largest states.

        Parameters
        ----------
        states : torch.Tensor of shape (n_tokens, input_size)
            The states of all tokens in packed order.
        layout : PackedLayout
            Where each token lies.

        Returns
        -------
        pooled : torch.Tensor of shape (n_documents, input_size)
        """
        if own_kernels.can_update(self.kernels, states):
            return own_kernels.pool_states(states, layout.batch_sizes, largest=True)
        return torch.segment_reduce(
            states[layout.by_document], "max", lengths=layout.lengths, unsafe=True
        )


class AttentionPooling(nn.Module):
    r"""A weighted mean of the states, the weights learned from the states.

    .. math::

        e_t &= v^\top \tanh(W s_t + b) \\
        \alpha_t &= \exp(e_t) / \textstyle\sum_k \exp(e_k) \\
        s &= \textstyle\sum_t \alpha_t s_t

    This is the word attention of Yang et al. (2016). With `attention_penalty` as :math:`\lambda`,
    the loss of a document of `T` tokens grows while training by

    .. math::

        \lambda\, \tfrac1T \textstyle\sum_t (1 - T \alpha_t)^2

    which keeps attention from ignoring tokens: the weights sum to one over the tokens, and each is
    pulled towards an equal share. Xu et al. (2015) use it for attention that looks several times;
    here it applies to the mean weight of all heads.

    Parameters
    ----------
    input_size : int
        Features of a state.
    attention_penalty : float, default=0.0
        Strength of that penalty.
    kernels : bool or "auto", default=False
        Whether to use the package's kernel where it can: float32 on the CPU, see
        `modules.kernels.has_kernels`.

    References
    ----------
    Z. Yang et al., "Hierarchical attention networks for document
    classification", NAACL (2016). K. Xu et al., "Show, attend and tell: neural image caption
    generation with visual attention", ICML (2015), section 4.2.1.
    """

    def __init__(
        self,
        input_size: int,
        *,
        attention_penalty: float = 0.0,
        kernels: bool | str = False,
    ) -> None:
        super().__init__()
        self.attention_penalty = attention_penalty
        self.kernels = kernels
        self.projection = nn.Linear(input_size, input_size)
        self.score = nn.Linear(input_size, 1, bias=False)
        self.output_size = input_size

    def weights(self, states: Tensor, layout: PackedLayout) -> Tensor:
        """Return the share of each token in its document.

        Parameters
        ----------
        states : torch.Tensor of shape (n_tokens, input_size)
            The states of all tokens in packed order.
        layout : PackedLayout
            Where each token lies.

        Returns
        -------
        shares : torch.Tensor of shape (n_tokens, n_heads)
            With one head here.
        """
        scores = self.score(torch.tanh(self.projection(states)))  # (n_tokens, n_heads)
        index = layout.documents[:, None].expand_as(scores)
        lowest = scores.new_full((layout.n_documents, scores.shape[1]), -torch.inf)
        largest = lowest.scatter_reduce(0, index, scores.detach(), "amax")
        shares = (scores - largest[layout.documents]).exp()
        shares = shares / document_sums(shares, layout)[layout.documents]
        if self.attention_penalty and self.training:
            add_penalty(self.attention_penalty * self._unevenness(shares, layout))
        return shares

    def _unevenness(self, shares: Tensor, layout: PackedLayout) -> Tensor:
        """Return the mean squared distance of the tokens from an equal share, for each document."""
        lengths = layout.lengths.to(shares.dtype)
        missed = 1 - lengths[layout.documents] * shares.mean(dim=1)
        return document_sums(missed.square(), layout) / lengths

    def forward(self, states: Tensor, layout: PackedLayout) -> Tensor:
        """Return the attended states.

        Parameters
        ----------
        states : torch.Tensor of shape (n_tokens, input_size)
            The states of all tokens in packed order.
        layout : PackedLayout
            Where each token lies.

        Returns
        -------
        pooled : torch.Tensor of shape (n_documents, input_size)
        """
        pooled = self._by_kernel(states, layout)
        return self._by_torch(states, layout) if pooled is None else pooled

    def _by_kernel(self, states: Tensor, layout: PackedLayout) -> Tensor | None:
        """Return the attended states, None where no kernel can compute them."""
        weights = self.projection.weight, self.projection.bias, self.score.weight
        if self.attention_penalty and self.training:
            return None
        if not own_kernels.can_update(self.kernels, states, *weights):
            return None
        return own_kernels.attend(states, layout.batch_sizes, *weights)

    def _by_torch(self, states: Tensor, layout: PackedLayout) -> Tensor:
        return document_sums(self.weights(states, layout) * states, layout)


class MultiheadAttentionPooling(AttentionPooling):
    r"""Several weighted means of the states, each with weights of its own, concatenated.

    Each head is an attention as in `AttentionPooling` over its own part of the features of the
    states, so that the output is as wide as a state: head :math:`k` has

    .. math::

        e_{kt} &= v_k^\top \tanh(W s_t + b) \\
        \alpha_{kt} &= \exp(e_{kt}) / \textstyle\sum_j \exp(e_{kj}) \\
        s_k &= \textstyle\sum_t \alpha_{kt} s_{t,k}

    where :math:`s_{t,k}` is the :math:`k`-th part of :math:`s_t`. While one mean has to compromise
    between tokens, heads can attend to different ones.

    Parameters
    ----------
    input_size : int
        Features of a state.
    num_heads : int, default=4
        Number of heads, a divisor of `input_size`.
    attention_penalty : float, default=0.0
        Strength of the penalty that pulls each token's mean weight towards an equal share, see
        `AttentionPooling`.
    kernels : bool or "auto", default=False
        Whether to use the package's kernel where it can: float32 on the CPU, see
        `modules.kernels.has_kernels`.

    References
    ----------
    K. Xu et al., "Show, attend and tell: neural image caption generation with visual attention",
    ICML (2015), for the weights. A. Vaswani et al., "Attention is all you need", NIPS (2017), for
    the heads.

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.modules import MultiheadAttentionPooling, PackedLayout
    >>> layout = PackedLayout(torch.tensor([2, 2, 1]))  # lengths 3 and 2
    >>> pooling = MultiheadAttentionPooling(8, num_heads=4)
    >>> pooling(torch.randn(5, 8), layout).shape
    torch.Size([2, 8])
    """

    def __init__(
        self,
        input_size: int,
        num_heads: int = 4,
        *,
        attention_penalty: float = 0.0,
        kernels: bool | str = False,
    ) -> None:
        super().__init__(input_size, attention_penalty=attention_penalty, kernels=kernels)
        if input_size % num_heads:
            raise ValueError(
                f"The features of a state must be divisible by num_heads={num_heads}. There are "
                f"{input_size}: hidden_size, or twice as many in both directions."
            )
        self.num_heads = num_heads
        self.score = nn.Linear(input_size, num_heads, bias=False)

    def _by_torch(self, states: Tensor, layout: PackedLayout) -> Tensor:
        shares = self.weights(states, layout)[:, :, None]  # (n_tokens, num_heads, 1)
        heads = states.unflatten(1, (self.num_heads, -1))
        return document_sums(shares * heads, layout).flatten(1)


def document_sums(data: Tensor, layout: PackedLayout) -> Tensor:
    """Sum `data` over the tokens of each document, shape (n_documents, ...)."""
    sums = data.new_zeros(layout.n_documents, *data.shape[1:])
    return sums.index_add(0, layout.documents, data)


class ConcatPooling(nn.Module):
    """Largest and mean states, concatenated.

    Parameters
    ----------
    input_size : int
        Features of a state.
    kernels : bool or "auto", default=False
        Whether to use the package's kernel where it can: float32 on the CPU, see
        `modules.kernels.has_kernels`.

    References
    ----------
    J. Howard and S. Ruder, "Universal language model fine-tuning for text
    classification", ACL (2018), section 3.3.
    """

    def __init__(self, input_size: int, *, kernels: bool | str = False) -> None:
        super().__init__()
        self.kernels = kernels
        self.max = MaxPooling(input_size)
        self.mean = MeanPooling(input_size)
        self.output_size = 2 * input_size

    def forward(self, states: Tensor, layout: PackedLayout) -> Tensor:
        """Return both poolings.

        Parameters
        ----------
        states : torch.Tensor of shape (n_tokens, input_size)
            The states of all tokens in packed order.
        layout : PackedLayout
            Where each token lies.

        Returns
        -------
        pooled : torch.Tensor of shape (n_documents, 2 * input_size)
        """
        if own_kernels.can_update(self.kernels, states):
            return own_kernels.pool_states(states, layout.batch_sizes, largest=True, mean=True)
        return torch.cat([self.max(states, layout), self.mean(states, layout)], dim=1)


POOLINGS: dict[str, type[nn.Module]] = {
    "last": LastPooling,
    "mean": MeanPooling,
    "max": MaxPooling,
    "attention": AttentionPooling,
    "multihead_attention": MultiheadAttentionPooling,
    "concat": ConcatPooling,
}
