"""The whole network of a document: embedding, recurrent stack, pooling, head."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from . import kernels as own_kernels
from ._dropout import Dropout
from ._embedding import TokenEmbedding
from ._layout import PackedLayout
from ._make_encoder import make_encoder
from ._pooling import POOLINGS, AttentionPooling, LastPooling, MeanPooling
from ._unique_rows import UniqueRows


class _SizedPart(Protocol):
    """What a network must know about its embedding and its pooling: the width of their vectors."""

    output_size: int


class SequenceNetwork(nn.Module):
    """Read packed documents and return one row of outputs for each.

    Parameters
    ----------
    embedding : torch.nn.Module
        From ids (n_tokens,) to vectors (n_tokens, embedding_dim).
    encoder : torch.nn.Module
        From vectors and a layout to states (n_tokens, n_features), usually a
        `RecurrentStack`.
    pooling : torch.nn.Module
        From states and a layout to (n_documents, n_pooled).
    n_outputs : int
        Columns of the output.
    skip_connection : bool, default=False
        Whether to concatenate the mean of the token vectors to the pooled states, as a
        shortcut around the recurrent layers on which rare words learn fast.
    dropout : float, default=0.0
        Dropout of the document vector before the head.
    unique : bool or "auto", default=False
        Whether the encoder, on the CPU, takes the vector of each distinct token once, as
        `UniqueRows`; `embedding` is then called with ``unique=True``. "auto" does so where
        kernels were installed with the package.

    Examples
    --------
    >>> import torch
    >>> from torch.nn.utils.rnn import pack_sequence
    >>> from sklearn_rnn.modules import (
    ...     GRUCell,
    ...     MeanPooling,
    ...     RecurrentStack,
    ...     SequenceNetwork,
    ...     TokenEmbedding,
    ... )
    >>> network = SequenceNetwork(
    ...     TokenEmbedding(100, 8), RecurrentStack(GRUCell, 8, 16), MeanPooling(16), n_outputs=2
    ... )
    >>> network(pack_sequence([torch.tensor([5, 9, 2]), torch.tensor([7, 3])])).shape
    torch.Size([2, 2])
    """

    # What `build_network` was called with, None if it was with a cell that has no name.
    arguments: dict[str, Any] | None

    def __init__(
        self,
        embedding: nn.Module,
        encoder: nn.Module,
        pooling: nn.Module,
        n_outputs: int,
        *,
        skip_connection: bool = False,
        dropout: float = 0.0,
        unique: bool | str = False,
    ) -> None:
        super().__init__()
        self.unique = unique
        self.embedding = embedding
        self.encoder = encoder
        self.pooling = pooling
        self.skip: MeanPooling | None = None
        if skip_connection:
            self.skip = MeanPooling(_output_size(embedding), kernels=unique)
        self.dropout = Dropout(dropout)
        n_features = _output_size(pooling) + (_output_size(embedding) if skip_connection else 0)
        self.head = nn.Linear(n_features, n_outputs)

    def encode(self, ids: PackedSequence) -> Tensor:
        """Return the document vectors, before dropout and head.

        Parameters
        ----------
        ids : torch.nn.utils.rnn.PackedSequence of int32 or int64
            Token ids of the documents.

        Returns
        -------
        vectors : torch.Tensor of shape (n_documents, n_features)
            In the order in which the documents were packed.
        """
        layout = PackedLayout(ids.batch_sizes, ids.data.device)
        x = self._embed(ids.data)  # (n_tokens, embedding_dim)
        vectors = self.pooling(self.encoder(x, layout), layout)  # (n_documents, n_pooled)
        if self.skip is not None:
            vectors = torch.cat([vectors, self.skip(x, layout)], dim=1)
        return vectors if ids.unsorted_indices is None else vectors[ids.unsorted_indices]

    def _embed(self, ids: Tensor) -> Tensor | UniqueRows:
        if ids.device.type == "cpu" and own_kernels.has_kernels(self.unique):
            return self.embedding(ids, unique=True)
        return self.embedding(ids)

    def forward(self, ids: PackedSequence) -> Tensor:
        """Return the outputs, logits or values.

        Parameters
        ----------
        ids : torch.nn.utils.rnn.PackedSequence of int32 or int64
            Token ids of the documents.

        Returns
        -------
        outputs : torch.Tensor of shape (n_documents, n_outputs)
            In the order in which the documents were packed.
        """
        return self.head(self.dropout(self.encode(ids)))


def build_network(
    *,
    num_embeddings: int,
    n_outputs: int,
    cell: str | Callable = "lstm",
    activation: str = "tanh",
    bidirectional: bool = True,
    num_layers: int = 1,
    embedding_dim: int = 100,
    vector_size: int | None = None,
    hidden_size: int = 64,
    recurrent_init: str | None = None,
    forget_bias: float | Literal["chrono"] | None = None,
    max_length: int | None = None,
    pooling: str = "attention",
    num_heads: int = 4,
    attention_penalty: float = 0.0,
    skip_connection: bool = True,
    dropout: float = 0.5,
    word_dropout: float = 0.1,
    recurrent_dropout: float = 0.0,
    kernels: bool | str = False,
    variational_dropout: bool = False,
    zoneout: float = 0.0,
    sparse: bool = False,
) -> SequenceNetwork:
    """Build the network of a document from names and numbers.

    Parameters
    ----------
    num_embeddings : int
        Number of token ids, padding (0) and unknown (1) included.
    n_outputs : int
        Columns of the output.
    cell : str or callable, default="lstm"
        The recurrent cell: "rnn", "lstm", "gru" or another name that the user guide lists under
        Cells. "grid_lstm" and "tied_grid_lstm" build a `GridLSTM` instead of a stack. A callable
        makes the cell: a subclass of `RecurrentCell`, or a function that returns a module of one
        step, as `StepCell` takes.
    activation : {"tanh", "relu", "sigmoid"}, default="tanh"
        The activation of the plain cell, ignored by the others.
    bidirectional : bool, default=True
        Whether documents are read backwards too.
    num_layers : int, default=1
        Number of recurrent layers.
    embedding_dim : int, default=100
        Features of a token.
    vector_size : int or None, default=None
        Columns of the embedding table, see `TokenEmbedding`. None is `embedding_dim`.
    hidden_size : int, default=64
        Units of a layer in one direction.
    recurrent_init : {"orthogonal", "identity", "uniform"}, default=None
        How to initialise the state-to-state weights. None leaves it to the cell.
    forget_bias : float or "chrono", default=None
        Initial bias of the gate that keeps the memory. None leaves it to the cell.
    max_length : int, default=None
        The longest time to remember, for "chrono".
    pooling : {"last", "mean", "max", "attention", "multihead_attention", "concat"}, \
            default="attention"
        How the states of all tokens become one vector.
    num_heads : int, default=4
        Number of heads of "multihead_attention".
    attention_penalty : float, default=0.0
        Strength of a penalty that keeps attention from ignoring tokens, see
        `AttentionPooling`.
    skip_connection : bool, default=True
        Whether to concatenate the mean embedding to that vector.
    dropout : float, default=0.5
        Dropout between layers and before the head.
    word_dropout : float, default=0.1
        Fraction of the tokens that are read as unknown in training.
    recurrent_dropout : float, default=0.0
        Dropout of the state-to-state weights.
    kernels : bool or "auto", default=False
        Whether recurrent layers use the package's kernels on the CPU, see `RecurrentLayer`.
    variational_dropout : bool, default=False
        Whether dropout between the layers zeroes the same features at all tokens of a document,
        and `recurrent_dropout` the same units of the state instead of weights.
    zoneout : float, default=0.0
        Probability that a unit keeps its value for a step in training.
    sparse : bool, default=False
        Whether the embedding table gets sparse gradients.

    Returns
    -------
    network : SequenceNetwork
        With new weights. Its attribute `arguments` holds what was given here, None if `cell` is no
        name.

    Examples
    --------
    >>> from sklearn_rnn.modules import build_network
    >>> network = build_network(num_embeddings=100, n_outputs=3, cell="gru", bidirectional=False)
    >>> network.head
    Linear(in_features=164, out_features=3, bias=True)
    """
    arguments = dict(locals())  # first of all, while there are no other names
    embedding = TokenEmbedding(
        num_embeddings,
        embedding_dim,
        vector_size=vector_size,
        word_dropout=word_dropout,
        sparse=sparse,
    )
    encoder = make_encoder(
        embedding_dim,
        hidden_size,
        cell=cell,
        activation=activation,
        bidirectional=bidirectional,
        num_layers=num_layers,
        recurrent_init=recurrent_init,
        forget_bias=forget_bias,
        max_length=max_length,
        dropout=dropout,
        recurrent_dropout=recurrent_dropout,
        kernels=kernels,
        variational_dropout=variational_dropout,
        zoneout=zoneout,
    )
    network = SequenceNetwork(
        embedding,
        encoder,
        _make_pooling(
            *(encoder.output_size, pooling, bidirectional, num_heads, attention_penalty, kernels)
        ),
        n_outputs,
        skip_connection=skip_connection,
        dropout=dropout,
        # Only the package's kernels take the vector of a repeated token once.
        unique=kernels if own_kernels.has_kernel_for(encoder.layers[0][0].cell) else False,
    )
    network.arguments = arguments if isinstance(cell, str) else None
    return network


def _output_size(part: nn.Module) -> int:
    return cast("_SizedPart", part).output_size


def _make_pooling(
    input_size: int,
    pooling: str,
    bidirectional: bool,
    num_heads: int,
    attention_penalty: float,
    kernels: bool | str,
) -> nn.Module:
    """Make the pooling of a name, with the options that it has."""
    make = POOLINGS[pooling]
    if make is LastPooling:
        return make(input_size, bidirectional=bidirectional, kernels=kernels)
    if not issubclass(make, AttentionPooling):
        return make(input_size, kernels=kernels)
    heads = {"num_heads": num_heads} if pooling == "multihead_attention" else {}
    return make(input_size, attention_penalty=attention_penalty, kernels=kernels, **heads)
