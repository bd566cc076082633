"""Attention over the states of a document in one autograd function."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from ._build import load_kernels
from ._interface import Attention, AttentionGrads
from ._threads import threads_for


def attend(
    states: Tensor, batch_sizes: Tensor, projection: Tensor, bias: Tensor, score: Tensor
) -> Tensor:
    """Return the weighted means of the states, see `modules.MultiheadAttentionPooling`.

    Parameters
    ----------
    states : torch.Tensor of float32 of shape (n_tokens, n_features)
        The states of all tokens in packed order, contiguous and on the CPU, as all tensors here.
    batch_sizes : torch.Tensor of int64 of shape (n_steps,)
        How many documents are still running at each step.
    projection : torch.Tensor of float32 of shape (n_features, n_features)
        The weights of the hidden layer of the scores.
    bias : torch.Tensor of float32 of shape (n_features,)
        Its bias.
    score : torch.Tensor of float32 of shape (n_heads, n_features)
        The weights of the scores. The number of heads divides that of the features.

    Returns
    -------
    pooled : torch.Tensor of float32 of shape (n_documents, n_features)
    """
    return _Attended.apply(states, batch_sizes.contiguous(), projection, bias, score)


class _Attended(Function):
    @staticmethod
    def forward(ctx, states, batch_sizes, projection, bias, score):
        n_tokens, n_features = states.shape
        hidden = torch.empty_like(states)
        shares = states.new_empty(n_tokens, len(score))
        pooled = states.new_empty(int(batch_sizes[0]), n_features)
        kept = states, batch_sizes, projection, bias, score, hidden, shares
        load_kernels().attend(_attention(*kept), pooled.data_ptr())
        ctx.save_for_backward(*kept)
        return pooled

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        states, _, projection, bias, score, *_ = ctx.saved_tensors
        found = [torch.empty_like(tensor) for tensor in (states, projection, bias, score)]
        grad = grad.contiguous()
        grads = AttentionGrads(*(tensor.data_ptr() for tensor in (grad, *found)))
        load_kernels().attend_grads(_attention(*ctx.saved_tensors), grads)
        grad_states, *others = found
        return grad_states, None, *others


def _attention(states: Tensor, batch_sizes: Tensor, *others: Tensor) -> Attention:
    """Return the arguments of a kernel."""
    (n_tokens, n_features), n_heads = states.shape, others[2].shape[0]
    n_threads = threads_for(2 * n_tokens * n_features**2)
    tensors = batch_sizes, states, *others
    return Attention(
        *(n_threads, len(batch_sizes), n_tokens, n_features, n_heads),
        *(tensor.data_ptr() for tensor in tensors),
    )
