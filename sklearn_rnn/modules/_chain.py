"""Sums and maxima over all tag sequences of packed documents, step by step in torch.

Each function processes all documents that are still running at once. `scores` holds a row for
each token in packed order; a sequence scores the sum of its tokens' scores, of `start` at its
first tag, of `transitions` from each tag to the next and of `end` at its last one.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from ._layout import PackedLayout


def log_likelihood(
    scores: Tensor,
    start: Tensor,
    transitions: Tensor,
    end: Tensor,
    tags: Tensor,
    layout: PackedLayout,
) -> Tensor:
    """Return the log-probability of the tags of each document.

    Parameters
    ----------
    scores : torch.Tensor of shape (n_tokens, n_tags)
        Scores of each token's tags. All tensors here have one dtype.
    start : torch.Tensor of shape (n_tags,)
        Scores of a document's first tag.
    transitions : torch.Tensor of shape (n_tags, n_tags)
        Scores from each tag (rows) to the next (columns).
    end : torch.Tensor of shape (n_tags,)
        Scores of a document's last tag.
    tags : torch.Tensor of int64 of shape (n_tokens,)
        The tag of each token.
    layout : PackedLayout
        Where each token lies.

    Returns
    -------
    log_likelihood : torch.Tensor of shape (n_documents,)

    Raises
    ------
    IndexError
        If a tag is not one of the `n_tags`. It is not looked for on a GPU, which would have to
        wait.
    """
    if tags.is_cpu and ((tags < 0) | (tags >= len(start))).any():
        raise IndexError("Tags must be numbers from 0 on, below the number of tags.")
    return _LogLikelihood.apply(scores, start, transitions, end, tags, layout)


def marginals(
    scores: Tensor, start: Tensor, transitions: Tensor, end: Tensor, layout: PackedLayout
) -> Tensor:
    """Return the probability of each tag at each token, given the whole document.

    The parameters are those of `log_likelihood`.

    Returns
    -------
    marginals : torch.Tensor of shape (n_tokens, n_tags)
    """
    prefixes, _ = _prefixes(scores, start, transitions, layout)
    found = torch.empty_like(scores)
    for rows, at_step, _ in _smoothed(prefixes, transitions, end, layout):
        found[rows] = at_step
    return found


def best_tags(
    scores: Tensor, start: Tensor, transitions: Tensor, end: Tensor, layout: PackedLayout
) -> Tensor:
    """Return the tags of the sequence that scores best in each document.

    The parameters are those of `log_likelihood`.

    Returns
    -------
    tags : torch.Tensor of int64 of shape (n_tokens,)
    """
    bests = torch.empty_like(scores)  # of the sequences that end in each tag here
    origins = torch.empty_like(scores, dtype=torch.int64)  # and the tag before it
    best = start.expand(layout.n_documents, -1)
    for rows, is_first in _steps(layout):
        if not is_first:
            n_running = rows.stop - rows.start
            best, origins[rows] = (best[:n_running, :, None] + transitions).max(dim=1)
        best = scores[rows] + best
        # Large sums would hide small differences.
        best = bests[rows] = best - best.amax(dim=1, keepdim=True)
    tags = torch.empty(len(scores), dtype=torch.int64, device=scores.device)
    following = tags[:0]  # of the documents that go on, the tag at the step after
    for rows, _ in reversed(list(_steps(layout))):
        later = slice(rows.stop, rows.stop + len(following))
        going_on = origins[later].gather(1, following[:, None])[:, 0]
        ending = (bests[rows][len(following) :] + end).argmax(dim=1)
        following = tags[rows] = torch.cat([going_on, ending])
    return tags


def _steps(layout: PackedLayout) -> Iterator[tuple[slice, bool]]:
    """Yield the rows of each step's tokens, and whether it is the first step."""
    stop = 0
    for n_running in layout.batch_sizes.tolist():
        yield slice(stop, stop + n_running), stop == 0
        stop += n_running


def _prefixes(
    scores: Tensor, start: Tensor, transitions: Tensor, layout: PackedLayout
) -> tuple[Tensor, Tensor]:
    """Return the log-sum over all sequences up to each token that end in each tag.

    The largest at each token is 0, so that long documents lose no digits. What was subtracted for
    that at each token comes second, shape (n_tokens,).
    """
    prefixes, shifts = torch.empty_like(scores), scores.new_empty(len(scores))
    prefix = start.expand(layout.n_documents, -1)
    for rows, is_first in _steps(layout):
        if not is_first:
            n_running = rows.stop - rows.start
            prefix = (prefix[:n_running, :, None] + transitions).logsumexp(dim=1)
        prefix = scores[rows] + prefix
        shifts[rows] = prefix.amax(dim=1)
        prefix = prefixes[rows] = prefix - shifts[rows, None]
    return prefixes, shifts


def _smoothed(
    prefixes: Tensor, transitions: Tensor, end: Tensor, layout: PackedLayout
) -> Iterator[tuple[slice, Tensor, Tensor]]:
    """Yield the rows of each step, the last one first, and the probabilities of tags and pairs.

    These are of each tag, shape (n_running, n_tags), and of each pair of a tag and the next one,
    shape (n_going_on, n_tags, n_tags). No sums over suffixes are needed: given a tag,
    what precedes it depends only on the prefixes.
    """
    later = prefixes[:0]
    for rows, _ in reversed(list(_steps(layout))):
        prefix, n_going_on = prefixes[rows], len(later)
        given_next = (prefix[:n_going_on, :, None] + transitions).softmax(dim=1)
        pairs = given_next * later[:, None, :]
        ending = (prefix[n_going_on:] + end).softmax(dim=1)
        later = torch.cat([pairs.sum(dim=2), ending])
        yield rows, later, pairs


def _score_differences(
    scores: Tensor, shifts: Tensor, ways: tuple[Tensor, Tensor], tags: Tensor, layout: PackedLayout
) -> Tensor:
    """Return what each token adds to the score of the tags, minus its shift, shape (n_tokens,)."""
    start, transitions = ways
    n_documents = layout.n_documents
    steps = [start[tags[:n_documents]], transitions[tags[layout.previous], tags[n_documents:]]]
    return scores.gather(1, tags[:, None])[:, 0] + torch.cat(steps) - shifts


class _LogLikelihood(Function):
    """The gradient is what was observed minus what is expected, from one backward pass."""

    @staticmethod
    def forward(ctx, scores, start, transitions, end, tags, layout):
        prefixes, shifts = _prefixes(scores, start, transitions, layout)
        # Token by token the numbers are small; the score and the log-sum are large in themselves.
        added = _score_differences(scores, shifts, (start, transitions), tags, layout)
        found = added.new_zeros(layout.n_documents).index_add(0, layout.documents, added)
        found += end[tags[layout.last]] - (prefixes[layout.last] + end).logsumexp(dim=1)
        ctx.save_for_backward(prefixes, transitions, end, tags)
        ctx.layout = layout
        return found

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        prefixes, transitions, end, tags = ctx.saved_tensors
        layout, n_documents = ctx.layout, ctx.layout.n_documents
        grad_scores = torch.empty_like(prefixes)
        grad_transitions = torch.zeros_like(transitions)
        for rows, at_step, pairs in _smoothed(prefixes, transitions, end, layout):
            grad_scores[rows] = -grad[: len(at_step), None] * at_step
            grad_transitions -= torch.tensordot(grad[: len(pairs)], pairs, dims=1)
        by_token = grad[layout.documents]
        grad_scores.scatter_add_(1, tags[:, None], by_token[:, None])
        observed = tags[layout.previous], tags[n_documents:]
        grad_transitions.index_put_(observed, by_token[n_documents:], accumulate=True)
        grad_start = grad_scores[:n_documents].sum(dim=0)
        grad_end = grad_scores[layout.last].sum(dim=0)
        return grad_scores, grad_start, grad_transitions, grad_end, None, None
