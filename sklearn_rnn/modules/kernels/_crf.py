"""Sums and maxima over all tag sequences of packed documents, one document at a time."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from ._build import load_kernels
from ._interface import Chain
from ._threads import threads_for


def chain_log_likelihood(
    scores: Tensor,
    start: Tensor,
    transitions: Tensor,
    end: Tensor,
    tags: Tensor,
    batch_sizes: Tensor,
) -> Tensor:
    """Return the log-probability of the tags of each document.

    Parameters
    ----------
    scores : torch.Tensor of float32 of shape (n_tokens, n_tags)
        Scores of each token's tags in packed order, contiguous and on the CPU, as all tensors here.
    start : torch.Tensor of float32 of shape (n_tags,)
        Scores of a document's first tag.
    transitions : torch.Tensor of float32 of shape (n_tags, n_tags)
        Scores from each tag (rows) to the next (columns).
    end : torch.Tensor of float32 of shape (n_tags,)
        Scores of a document's last tag.
    tags : torch.Tensor of int64 of shape (n_tokens,)
        The tag of each token.
    batch_sizes : torch.Tensor of int64 of shape (n_steps,)
        How many documents are still running at each step.

    Returns
    -------
    log_likelihood : torch.Tensor of float32 of shape (n_documents,)

    Raises
    ------
    IndexError
        If a tag is not one of the `n_tags`.
    """
    return _LogLikelihood.apply(scores, start, transitions, end, tags, batch_sizes)


def chain_marginals(
    scores: Tensor, start: Tensor, transitions: Tensor, end: Tensor, batch_sizes: Tensor
) -> Tensor:
    """Return the probability of each tag at each token, given the whole document.

    The parameters are those of `chain_log_likelihood`.

    Returns
    -------
    marginals : torch.Tensor of float32 of shape (n_tokens, n_tags)
    """
    marginals, kept = torch.empty_like(scores), _kept_sums(scores)
    chain = _chain((scores, start, transitions, end), batch_sizes, kept)
    load_kernels().chain_marginals(chain, marginals.data_ptr())
    return marginals


def chain_best_tags(
    scores: Tensor, start: Tensor, transitions: Tensor, end: Tensor, batch_sizes: Tensor
) -> Tensor:
    """Return the tags of the sequence that scores best in each document.

    The parameters are those of `chain_log_likelihood`.

    Returns
    -------
    tags : torch.Tensor of int64 of shape (n_tokens,)
    """
    tags = torch.empty(len(scores), dtype=torch.int64)
    chain = _chain((scores, start, transitions, end), batch_sizes)
    load_kernels().chain_best(chain, tags.data_ptr())
    return tags


class _LogLikelihood(Function):
    """The backward pass waits for the weights of the documents, which come with the gradient."""

    @staticmethod
    def forward(ctx, scores, start, transitions, end, tags, batch_sizes):
        found, kept = scores.new_empty(int(batch_sizes[0])), _kept_sums(scores)
        chain = _chain((scores, start, transitions, end), batch_sizes, kept)
        load_kernels().chain_forward(chain, tags.data_ptr(), found.data_ptr())
        ctx.save_for_backward(scores, start, transitions, end, tags, batch_sizes, *kept)
        return found

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        scores, start, transitions, end, tags, batch_sizes, *kept = ctx.saved_tensors
        chain = _chain((scores, start, transitions, end), batch_sizes, kept)
        grad, grad_scores = grad.contiguous(), torch.empty_like(scores)
        n_tags = len(start)
        grad_ways = scores.new_empty(n_tags + 2, n_tags)
        load_kernels().chain_backward(
            chain,
            *(tensor.data_ptr() for tensor in (tags, grad, grad_scores, grad_ways)),
        )
        return grad_scores, grad_ways[n_tags], grad_ways[:n_tags], grad_ways[n_tags + 1], None, None


def _kept_sums(scores: Tensor) -> tuple[Tensor, Tensor]:
    """Return memory for the sums before each token, and for what is subtracted from them."""
    return torch.empty_like(scores), scores.new_empty(len(scores))


def _chain(weights: Sequence[Tensor], batch_sizes: Tensor, kept: Sequence[Tensor] = ()) -> Chain:
    """Return the arguments of a kernel. All tensors must live until it is done."""
    n_tokens, n_tags = weights[0].shape
    return Chain(
        threads_for(6 * n_tokens * n_tags**2),
        len(batch_sizes),
        n_tags,
        batch_sizes.data_ptr(),
        *(tensor.data_ptr() for tensor in (*weights, *kept)),
    )
