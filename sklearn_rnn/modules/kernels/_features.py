"""Ids and n-grams of a batch, and the wide path's outputs, in one pass over the batch each."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn.utils.rnn import PackedSequence

from ._build import load_kernels
from ._interface import NGrams, Tokens


def unique_ids(ids: Tensor, n_ids: int, unknown: int) -> tuple[Tensor, Tensor]:
    """Return the distinct ids and which of them each one is.

    What ``torch.unique(ids.masked_fill(ids >= n_ids, unknown), return_inverse=True)`` returns.

    Parameters
    ----------
    ids : torch.Tensor of int32 of shape (n_tokens,)
        Token ids on the CPU.
    n_ids : int
        Ids from here on are read as `unknown`.
    unknown : int
        An id below `n_ids`.

    Returns
    -------
    unique : torch.Tensor of int64 of shape (n_distinct,)
        Ascending.
    index : torch.Tensor of int64 of shape (n_tokens,)
        For each id, which of these it is.
    """
    ids = ids.contiguous()
    n = ids.shape[0]
    unique, index = torch.empty(n, dtype=torch.int64), torch.empty(n, dtype=torch.int64)
    addresses = unique.data_ptr(), index.data_ptr()
    n_unique = load_kernels().unique_ids(n, ids.data_ptr(), n_ids, unknown, *addresses)
    return unique[:n_unique], index


def scaled_rows(table: Tensor, rows: Tensor, scale: float, *, padding: int | None = None) -> Tensor:
    """Return rows of a table times a number; the gradient of the table holds only these.

    Parameters
    ----------
    table : torch.Tensor of float32 of shape (n_rows, n_columns)
        Contiguous and on the CPU.
    rows : torch.Tensor of int64 of shape (n_taken,)
        Which rows, ascending and each once.
    scale : float
        The number.
    padding : {0, None}, default=None
        The row that has a gradient of zeros, None for none.

    Returns
    -------
    scaled : torch.Tensor of float32 of shape (n_taken, n_columns)
    """
    return _ScaledRows.apply(table, rows, scale, padding is not None)


class _ScaledRows(Function):
    @staticmethod
    def forward(ctx, table, rows, scale, has_padding):
        scaled = table.new_empty(rows.shape[0], table.shape[1])
        arguments = *scaled.shape, rows.data_ptr(), table.data_ptr(), scale, scaled.data_ptr()
        load_kernels().scaled_rows(*arguments)
        ctx.save_for_backward(rows)
        ctx.scale, ctx.shape, ctx.has_padding = scale, table.shape, has_padding
        return scaled

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        (rows,) = ctx.saved_tensors
        grad = grad.contiguous()
        values = torch.empty_like(grad)
        arguments = *grad.shape, rows.data_ptr(), grad.data_ptr(), ctx.scale, values.data_ptr()
        load_kernels().scaled_row_grads(*arguments, ctx.has_padding)
        return sparse_rows(rows, values, ctx.shape), None, None, None


def ngram_outputs(
    ids: PackedSequence,
    pairs: Tensor,
    idf: Tensor,
    n_ids: int,
    unknown: int,
    scale: float,
    table: Tensor,
    bias: Tensor,
) -> Tensor:
    """Return a linear model's outputs of the words and n-grams of documents, in packed order.

    What `NGramLinear` computes with torch. The gradient of the table is sparse and coalesced.

    Parameters
    ----------
    ids : torch.nn.utils.rnn.PackedSequence of int32
        Token ids of the documents, on the CPU.
    pairs, idf, n_ids, scale
        As in `NGramLinear`.
    unknown : int
        The id that does not count.
    table : torch.Tensor of float32 of shape (n_features, n_outputs)
        Weights of the words, pairs and triples.
    bias : torch.Tensor of float32 of shape (n_outputs,)
        The bias.

    Returns
    -------
    outputs : torch.Tensor of float32 of shape (n_documents, n_outputs)
    """
    return _NGramOutputs.apply(ids, pairs, idf, n_ids, unknown, scale, table, bias)


class _NGramOutputs(Function):
    @staticmethod
    def forward(ctx, ids, pairs, idf, n_ids, unknown, scale, table, bias):
        batch_sizes, tokens = ids.batch_sizes.contiguous(), ids.data.contiguous()
        n_documents, (n_outputs,) = int(batch_sizes[0]), bias.shape
        n_most = 3 * tokens.shape[0]  # a word, a pair and a triple that end at each
        features = torch.empty(n_most, dtype=torch.int64)
        weights = torch.empty(n_most, dtype=torch.float32)
        starts = torch.empty(n_documents + 1, dtype=torch.int64)
        outputs = torch.empty(n_documents, n_outputs, dtype=torch.float32)
        ngrams = NGrams(
            *(n_ids, pairs.shape[0], unknown, n_outputs),
            *(tensor.data_ptr() for tensor in (pairs, idf, table, bias)),
            scale,
        )
        load_kernels().ngram_outputs(
            Tokens(batch_sizes.shape[0], batch_sizes.data_ptr(), tokens.data_ptr()),
            ngrams,
            *(tensor.data_ptr() for tensor in (features, weights, starts, outputs)),
        )
        # Neither inputs nor outputs, so they need no guard of autograd.
        ctx.found, ctx.shape = (features, weights, starts), table.shape
        return outputs

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        features, weights, starts = ctx.found
        grad = grad.contiguous()
        n_documents, n_outputs = grad.shape
        rows, grad_bias = torch.empty_like(features), grad.new_empty(n_outputs)
        grads = grad.new_empty(rows.shape[0], n_outputs)
        n_rows = load_kernels().ngram_grads(
            n_documents,
            n_outputs,
            *(tensor.data_ptr() for tensor in (features, weights, starts)),
            *(tensor.data_ptr() for tensor in (grad, rows, grads, grad_bias)),
        )
        by_row = sparse_rows(rows[:n_rows], grads[:n_rows], ctx.shape)
        return None, None, None, None, None, None, by_row, grad_bias


def sparse_rows(rows: Tensor, values: Tensor, shape: torch.Size) -> Tensor:
    """Return a sparse matrix by its rows, ascending and each once."""
    return torch.sparse_coo_tensor(
        rows[None], values, shape, is_coalesced=True, check_invariants=False
    )
