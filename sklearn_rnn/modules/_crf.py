"""A linear-chain conditional random field over the tags of packed documents."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from . import _chain
from . import kernels as own_kernels
from ._layout import PackedLayout

# Added to the score of a step that the constraints forbid. Finite, so that the loss of a document
# whose own tags break them is large rather than infinite, and its gradient a number.
FORBIDDEN = -1e6


class LinearChainCRF(nn.Module):
    r"""Linear-chain conditional random field: scores neighbouring tags together.

    A sequence of tags :math:`y_1, \dots, y_T` has the probability

    .. math::

        p(y \mid s) \propto \exp\Bigl(b_{y_1} + \textstyle\sum_t s_{t, y_t}
            + \textstyle\sum_{t > 1} A_{y_{t-1}, y_t} + e_{y_T}\Bigr)

    where :math:`s_{t,k}` is the score that the network gives tag :math:`k` at token :math:`t`,
    :math:`A` are the `transitions`, :math:`b` and :math:`e` the scores of the first and the last
    tag. All three start at zero: the tags are then independent.

    Tokens are in packed order, see `PackedLayout`; documents do not influence each other.

    Parameters
    ----------
    n_tags : int
        Number of tags.
    allowed_transitions : torch.Tensor of bool of shape (n_tags, n_tags), default=None
        Which tag (columns) may follow which (rows). None allows all.
    allowed_start : torch.Tensor of bool of shape (n_tags,), default=None
        Tags that a document may start with. None allows all.
    allowed_end : torch.Tensor of bool of shape (n_tags,), default=None
        Tags that a document may end with. None allows all.
    kernels : bool or "auto", default=False
        Whether to use the package's kernel where it can: float32 on the CPU, see
        `modules.kernels.has_kernels`.

    Attributes
    ----------
    start, end : torch.nn.Parameter of shape (n_tags,)
        Scores of a document's first and last tag.
    transitions : torch.nn.Parameter of shape (n_tags, n_tags)
        Scores from each tag (rows) to the next (columns).

    Raises
    ------
    ValueError
        If there are no tags, if a mask has another shape or dtype, or if it forbids everything.

    References
    ----------
    J. Lafferty, A. McCallum and F. Pereira, "Conditional random fields: probabilistic models for
    segmenting and labeling sequence data", ICML (2001).

    Examples
    --------
    Two documents of 3 tokens and 1 token. The first token of the longer one comes first, then
    that of the shorter one:

    >>> import torch
    >>> from sklearn_rnn.modules import LinearChainCRF, PackedLayout
    >>> layout = PackedLayout(torch.tensor([2, 1, 1]))
    >>> scores = torch.tensor([[1.0, 0.0], [0.0, 2.0], [0.0, 0.5], [1.0, 0.0]])
    >>> crf = LinearChainCRF(2)
    >>> crf.decode(scores, layout)
    tensor([0, 1, 1, 0])

    Tag 1 must not occur inside a document:

    >>> allowed = torch.tensor([[True, False], [False, True]])
    >>> crf = LinearChainCRF(2, allowed_transitions=allowed)
    >>> crf.decode(scores, layout)
    tensor([0, 1, 0, 0])
    >>> crf.log_likelihood(scores, torch.tensor([0, 1, 0, 0]), layout).shape
    torch.Size([2])
    """

    allowed_start: Tensor | None
    allowed_transitions: Tensor | None
    allowed_end: Tensor | None

    def __init__(
        self,
        n_tags: int,
        *,
        allowed_transitions: Tensor | None = None,
        allowed_start: Tensor | None = None,
        allowed_end: Tensor | None = None,
        kernels: bool | str = False,
    ) -> None:
        super().__init__()
        if n_tags < 1:
            raise ValueError(f"n_tags must be at least 1. Got {n_tags} instead.")
        self.n_tags = n_tags
        self.kernels = kernels
        self.start = nn.Parameter(torch.zeros(n_tags))
        self.transitions = nn.Parameter(torch.zeros(n_tags, n_tags))
        self.end = nn.Parameter(torch.zeros(n_tags))
        self._set_mask("allowed_transitions", allowed_transitions, (n_tags, n_tags))
        self._set_mask("allowed_start", allowed_start, (n_tags,))
        self._set_mask("allowed_end", allowed_end, (n_tags,))

    def _set_mask(self, name: str, mask: Tensor | None, shape: tuple[int, ...]) -> None:
        if mask is not None:
            if mask.dtype != torch.bool or mask.shape != shape:
                raise ValueError(
                    f"{name} must be a tensor of bool of shape {shape}. Got {mask.dtype} of shape "
                    f"{tuple(mask.shape)} instead."
                )
            if len(shape) == 1 and not mask.is_meta and not mask.any():
                raise ValueError(f"{name} must allow at least one tag. It forbids all of them.")
        self.register_buffer(name, mask)

    def extra_repr(self) -> str:
        """Return the number of tags, for the text that describes the module."""
        return f"n_tags={self.n_tags}"

    def log_likelihood(self, scores: Tensor, tags: Tensor, layout: PackedLayout) -> Tensor:
        """Return the log-probability of the tags of each document.

        Parameters
        ----------
        scores : torch.Tensor of shape (n_tokens, n_tags)
            Score of each tag at each token, in packed order.
        tags : torch.Tensor of int64 of shape (n_tokens,)
            The tags of the tokens, in packed order.
        layout : PackedLayout
            Where each token lies.

        Returns
        -------
        log_likelihood : torch.Tensor of shape (n_documents,)
            The longest document first. Tags that break the constraints give a large negative
            number, of about a million for each step that is not allowed.

        Raises
        ------
        ValueError
            If scores or tags have another shape or dtype.
        IndexError
            If a tag is negative or not below `n_tags`.
        """
        weights = self._weights(scores, layout)
        if tags.dtype != torch.int64 or tags.shape != scores.shape[:1]:
            raise ValueError(
                f"tags must be a tensor of int64 of shape {tuple(scores.shape[:1])}, one for "
                f"each token. Got {tags.dtype} of shape {tuple(tags.shape)} instead."
            )
        if own_kernels.can_update(self.kernels, *weights):
            tags = tags.contiguous()
            return own_kernels.chain_log_likelihood(*weights, tags, layout.batch_sizes)
        return _chain.log_likelihood(*weights, tags, layout)

    def decode(self, scores: Tensor, layout: PackedLayout) -> Tensor:
        """Return the most probable sequence of tags of each document (Viterbi).

        Parameters
        ----------
        scores : torch.Tensor of shape (n_tokens, n_tags)
            Score of each tag at each token, in packed order.
        layout : PackedLayout
            Where each token lies.

        Returns
        -------
        tags : torch.Tensor of int64 of shape (n_tokens,)
            The tags of the tokens, in packed order. They break the constraints only if no
            sequence of this length obeys them.

        Raises
        ------
        ValueError
            If scores have another shape.
        """
        with torch.no_grad():
            weights = self._weights(scores, layout)
            if own_kernels.can_update(self.kernels, *weights):
                return own_kernels.chain_best_tags(*weights, layout.batch_sizes)
            return _chain.best_tags(*weights, layout)

    def marginals(self, scores: Tensor, layout: PackedLayout) -> Tensor:
        """Return the probability of each tag at each token, given the whole document.

        Parameters
        ----------
        scores : torch.Tensor of shape (n_tokens, n_tags)
            Score of each tag at each token, in packed order.
        layout : PackedLayout
            Where each token lies.

        Returns
        -------
        marginals : torch.Tensor of shape (n_tokens, n_tags)
            Rows sum to one. No gradient is kept.

        Raises
        ------
        ValueError
            If scores have another shape.
        """
        with torch.no_grad():
            weights = self._weights(scores, layout)
            if own_kernels.can_update(self.kernels, *weights):
                return own_kernels.chain_marginals(*weights, layout.batch_sizes)
            return _chain.marginals(*weights, layout)

    def step_scores(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return the scores of first tags, of transitions and of last tags.

        Those that the constraints forbid are about minus a million.
        """
        return (
            _allow(self.start, self.allowed_start),
            _allow(self.transitions, self.allowed_transitions),
            _allow(self.end, self.allowed_end),
        )

    def _weights(
        self, scores: Tensor, layout: PackedLayout
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the scores of tokens, first tags, transitions and last tags, all of one dtype."""
        shape = int(layout.batch_sizes.sum()), self.n_tags
        if scores.shape != shape:
            raise ValueError(
                f"scores must be of shape {shape}, a row for each token of the layout and a column "
                f"for each tag. Got {tuple(scores.shape)} instead."
            )
        return (
            scores.to(self.transitions.dtype),  # under autocast they come in another
            *self.step_scores(),
        )


def _allow(scores: Tensor, allowed: Tensor | None) -> Tensor:
    return scores if allowed is None else torch.where(allowed, scores, FORBIDDEN)
