"""Vectors of tokens, many of them equal, with each distinct one stored once."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class UniqueRows(NamedTuple):
    """A matrix by its distinct rows, and which of them each row is.

    More than half of the tokens of a batch are repeated words. What depends only on a token's
    vector, such as its product with a layer's weights, is then computed once.

    Parameters
    ----------
    rows : torch.Tensor of shape (n_distinct, n_features)
        The distinct rows.
    index : torch.Tensor of int64 of shape (n_rows,)
        For each row of the matrix, which one it is.

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.modules import UniqueRows
    >>> UniqueRows(torch.eye(2), torch.tensor([0, 1, 0])).dense()
    tensor([[1., 0.],
            [0., 1.],
            [1., 0.]])
    """

    rows: Tensor
    index: Tensor  # type: ignore[assignment]  # hides `tuple.index`, which nobody asks for

    def dense(self) -> Tensor:
        """Return the matrix, of shape (n_rows, n_features)."""
        return self.rows.index_select(0, self.index)


def dense(x: Tensor | UniqueRows) -> Tensor:
    """Return the matrix of `UniqueRows`, or the given matrix."""
    return x.dense() if isinstance(x, UniqueRows) else x
