"""From token ids to vectors."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from sklearn_rnn._text.vocabulary import PAD_ID, UNKNOWN_ID

from . import kernels as own_kernels
from ._dropout import Dropout, current_generator
from ._unique_rows import UniqueRows


class WordDropout(nn.Module):
    """Replace a fraction of the tokens by the unknown token in training.

    So the network cannot rely on single words, and learns how to treat words that
    it does not know (Iyyer et al., 2015).

    Parameters
    ----------
    p : float, default=0.1
        Probability of replacing a token.
    """

    def __init__(self, p: float = 0.1) -> None:
        super().__init__()
        self.p = p

    def forward(self, ids: Tensor) -> Tensor:
        """Return the ids, some replaced in training.

        Parameters
        ----------
        ids : torch.Tensor of int32 or int64 of shape (n_tokens,)
            Token ids.

        Returns
        -------
        ids : torch.Tensor of the same shape
        """
        if not (self.training and self.p):
            return ids
        draw = torch.rand(
            ids.shape, dtype=torch.float32, device=ids.device, generator=current_generator()
        )
        return ids.masked_fill(draw < self.p, UNKNOWN_ID)

    def extra_repr(self) -> str:
        """Show the probability in the printed network."""
        return f"p={self.p}"


class TokenEmbedding(nn.Module):
    """Look up a vector for each token, with dropout of words and of features.

    As in the Transformer, the table starts at values of variance ``1 / vector_size`` and the
    vectors are multiplied by the root of `vector_size`: they reach the network with unit
    variance, while a step of the optimizer moves them far enough for words that occur rarely.

    Parameters
    ----------
    num_embeddings : int
        Number of ids, padding (0) and unknown (1) included. A larger id is
        read as unknown.
    embedding_dim : int
        Features of a token's vector, as the network reads it.
    vector_size : int or None, default=None
        Columns of the table. If it differs from `embedding_dim`, a linear layer without bias, the
        projection, maps one to the other. None is `embedding_dim`.
    dropout : float, default=0.0
        Dropout of single features of the vectors.
    word_dropout : float, default=0.0
        Probability of reading a word as unknown in training.
    sparse : bool, default=False
        Whether the gradient of the table holds only the rows of the batch. Not every optimizer
        supports such gradients.
    learn_padding : bool, default=False
        Whether id 0 has a vector that is learned, as in a language model, where it is the boundary
        of a document. Otherwise it is always 0.

    References
    ----------
    Vaswani, A. et al., "Attention is all you need", NeurIPS (2017), section 3.4.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        *,
        vector_size: int | None = None,
        dropout: float = 0.0,
        word_dropout: float = 0.0,
        sparse: bool = False,
        learn_padding: bool = False,
    ) -> None:
        super().__init__()
        self.word_dropout = WordDropout(word_dropout)
        vector_size = vector_size or embedding_dim
        padding_id = None if learn_padding else PAD_ID
        self.table = nn.Embedding(num_embeddings, vector_size, padding_id, sparse=sparse)
        self.projection: nn.Linear | None = None
        self.dropout = Dropout(dropout)
        self.output_size = embedding_dim
        self.scale = math.sqrt(vector_size)
        with torch.no_grad():
            self.table.weight /= self.scale
            if vector_size != embedding_dim:
                self.projection = nn.Linear(vector_size, embedding_dim, bias=False)
                self.projection.weight.normal_().div_(self.scale)  # keeps the unit variance

    def reset_rows(self, first: int) -> None:
        """Redraw the vectors of the ids from `first` on.

        Parameters
        ----------
        first : int
            The first of these ids.
        """
        with torch.no_grad():
            self.table.weight[first:].normal_().div_(self.scale)

    def set_rows(self, ids: Tensor, vectors: Tensor) -> None:
        """Set the initial vectors of ids.

        Parameters
        ----------
        ids : torch.Tensor of int64 of shape (n_ids,)
            The ids, each once.
        vectors : torch.Tensor of float32 of shape (n_ids, vector_size)
            Their vectors, of about unit variance.
        """
        with torch.no_grad():
            weight = self.table.weight
            weight[ids.to(weight.device)] = vectors.to(weight.device) / self.scale

    def freeze(self, frozen: bool = True) -> None:
        """Freeze the table, or let it learn again. The projection always learns.

        Parameters
        ----------
        frozen : bool, default=True
            Whether to freeze the table. No gradient is then computed for it.
        """
        self.table.weight.requires_grad_(not frozen)

    def forward(self, ids: Tensor, *, unique: bool = False) -> Tensor | UniqueRows:
        """Return the vectors of the tokens.

        Parameters
        ----------
        ids : torch.Tensor of int32 or int64 of shape (n_tokens,)
            Token ids.
        unique : bool, default=False
            Whether to return the vector of each distinct token once, as `UniqueRows`. Not done if
            dropout of features makes the vectors of equal tokens differ.

        Returns
        -------
        vectors : torch.Tensor or UniqueRows of shape (n_tokens, embedding_dim)
        """
        differ = self.training and self.dropout.p
        if unique and not differ:
            return self._unique_rows(self.word_dropout(ids))
        ids = ids.masked_fill(ids >= self.table.num_embeddings, UNKNOWN_ID)
        return self.dropout(self._projected(self.scale * self.table(self.word_dropout(ids))))

    def _unique_rows(self, ids: Tensor) -> UniqueRows:
        n_ids, weight = self.table.num_embeddings, self.table.weight
        if ids.dtype == torch.int32 and own_kernels.can_update(True, weight):
            ids, index = own_kernels.unique_ids(ids, n_ids, UNKNOWN_ID)
            if self.table.sparse:
                padding = self.table.padding_idx
                rows = own_kernels.scaled_rows(weight, ids, self.scale, padding=padding)
                return UniqueRows(self._projected(rows), index)
        else:
            known = ids.masked_fill(ids >= n_ids, UNKNOWN_ID)
            ids, index = torch.unique(known, return_inverse=True)
        return UniqueRows(self._projected(self.scale * self.table(ids)), index)

    def _projected(self, x: Tensor) -> Tensor:
        # Under autocast a product has fewer digits, and recurrent layers round by themselves.
        return x if self.projection is None else self.projection(x).to(x.dtype)
