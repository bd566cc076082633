"""The network of a language model: from the tokens so far to the next one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from . import kernels as own_kernels
from ._activation_penalties import activity, slowness
from ._decoders import AdaptiveSoftmaxDecoder, Decoder, SoftmaxDecoder
from ._dropout import Dropout, LockedDropout
from ._embedding import TokenEmbedding
from ._layout import PackedLayout
from ._make_encoder import make_encoder
from ._penalties import add_penalty
from ._unique_rows import UniqueRows, dense
from .cells._base import State


class LanguageNetwork(nn.Module):
    """Read packed documents and predict, at each token, the next one.

    Parameters
    ----------
    embedding : TokenEmbedding
        From ids (n_tokens,) to vectors (n_tokens, embedding_dim).
    encoder : RecurrentStack or GridLSTM
        From vectors to states, forwards only.
    decoder : torch.nn.Module
        From states to log-probabilities, as `SoftmaxDecoder`.
    n_labels : int, default=0
        Number of labels of documents. Each label has a vector that is added to those of the
        document's tokens. 0 for documents without labels.
    dropout : float, default=0.0
        Dropout of the states before the decoder.
    embedding_dropout : float, default=0.0
        Dropout of the vectors of the tokens.
    locked_dropout : bool, default=False
        Whether both drop the same features at all tokens of a document.
    activation_penalty : float, default=0.0
        Strength of the penalty on large states in training, see `activity`.
    slowness_penalty : float, default=0.0
        Strength of the penalty on states that change from token to token in training, see
        `slowness`.
    unique : bool or "auto", default=False
        Whether the encoder, on the CPU, takes the vector of each distinct token once, as in
        `SequenceNetwork`.

    Examples
    --------
    >>> import torch
    >>> from torch.nn.utils.rnn import pack_sequence
    >>> from sklearn_rnn.modules import build_language_network
    >>> network = build_language_network(num_embeddings=10, embedding_dim=4, hidden_size=8)
    >>> ids = pack_sequence([torch.tensor([0, 5, 9]), torch.tensor([0, 7])])
    >>> hidden, state = network(ids)
    >>> hidden.shape, network.log_probs(hidden).shape
    (torch.Size([5, 8]), torch.Size([5, 10]))
    """

    # What `build_language_network` was called with, None if it was with a cell that has no name.
    arguments: dict[str, Any] | None

    def __init__(
        self,
        embedding: TokenEmbedding,
        encoder: nn.Module,
        decoder: nn.Module,
        *,
        n_labels: int = 0,
        dropout: float = 0.0,
        embedding_dropout: float = 0.0,
        locked_dropout: bool = False,
        activation_penalty: float = 0.0,
        slowness_penalty: float = 0.0,
        unique: bool | str = False,
    ) -> None:
        super().__init__()
        make_dropout = LockedDropout if locked_dropout else Dropout
        self.unique = unique
        self.embedding = embedding
        self.embedding_dropout = make_dropout(embedding_dropout)
        self.label_vectors: nn.Embedding | None = None
        if n_labels:
            self.label_vectors = nn.Embedding(n_labels, embedding.output_size)
            nn.init.normal_(self.label_vectors.weight, std=1 / math.sqrt(embedding.output_size))
        self.encoder = encoder
        self.dropout = make_dropout(dropout)
        self.decoder = decoder
        self.activation_penalty = activation_penalty
        self.slowness_penalty = slowness_penalty

    def forward(
        self,
        ids: PackedSequence,
        state: Sequence[State] | None = None,
        labels: Tensor | None = None,
    ) -> tuple[Tensor, list[State]]:
        """Return the state at every token, and the state to continue from.

        Parameters
        ----------
        ids : torch.nn.utils.rnn.PackedSequence of int32 or int64
            Token ids of the documents, sorted by length.
        state : list of tuple of torch.Tensor of shape (n_documents, ...), default=None
            What the previous call returned, for these documents. None is the state before a
            document.
        labels : torch.Tensor of int64 of shape (n_documents,), default=None
            The labels of the documents, if there are any.

        Returns
        -------
        hidden : torch.Tensor of shape (n_tokens, hidden_size)
            The states of the top layer in packed order, for the decoder.
        state : list of tuple of torch.Tensor of shape (n_documents, ...)
            The state of each layer, after the last token of each document.
        """
        layout = PackedLayout(ids.batch_sizes, ids.data.device)
        x = self._embed(ids.data)  # (n_tokens, embedding_dim)
        if self.label_vectors is not None:
            x = dense(x) + self._embed_labels(labels)[layout.documents]
        if self._drops_vectors:
            x = _drop(self.embedding_dropout, dense(x), layout)
        hidden, after = cast("Any", self.encoder).read(x, layout, state)
        dropped = _drop(self.dropout, hidden, layout)
        if self.training and self.activation_penalty:
            add_penalty(self.activation_penalty * activity(dropped))
        if self.training and self.slowness_penalty:
            add_penalty(self.slowness_penalty * slowness(hidden, layout))
        return dropped, after

    def step(
        self,
        ids: Tensor,
        state: Sequence[State],
        labels: Tensor | None = None,
        layout: PackedLayout | None = None,
    ) -> tuple[Tensor, list[State]]:
        """Return what `forward` does for one token of each document, for evaluation.

        It leaves out what saves time only with many tokens.

        Parameters
        ----------
        ids : torch.Tensor of int32 or int64 of shape (n_documents,)
            The tokens.
        state : list of tuple of torch.Tensor of shape (n_documents, ...)
            What the previous call returned, for these documents.
        labels : torch.Tensor of int64 of shape (n_documents,), default=None
            The labels of the documents, if there are any.
        layout : PackedLayout, default=None
            That of one step of these documents, which several calls can share.

        Returns
        -------
        hidden : torch.Tensor of shape (n_documents, hidden_size)
            The states of the top layer, for the decoder.
        state : list of tuple of torch.Tensor of shape (n_documents, ...)
            The state of each layer, after the token.
        """
        if layout is None:
            layout = PackedLayout(torch.tensor([len(ids)]), ids.device)
        x = self.embedding(ids)  # (n_documents, embedding_dim)
        if self.label_vectors is not None:
            x = x + self._embed_labels(labels)
        return cast("Any", self.encoder).read(x, layout, state)

    def _embed_labels(self, labels: Tensor | None) -> Tensor:
        scale = math.sqrt(self.embedding.output_size)  # as of the tokens' vectors
        return scale * cast("nn.Embedding", self.label_vectors)(labels)

    @property
    def _drops_vectors(self) -> bool:
        return self.training and self.embedding_dropout.p > 0

    def _embed(self, ids: Tensor) -> Tensor | UniqueRows:
        takes_rows = self.label_vectors is None and not self._drops_vectors
        if takes_rows and ids.device.type == "cpu" and own_kernels.has_kernels(self.unique):
            return self.embedding(ids, unique=True)
        return self.embedding(ids)

    def loss(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Return the negative log-likelihood of the token after each, shape (n_tokens,)."""
        return cast("Any", self.decoder).loss(hidden, targets)

    def log_probs(self, hidden: Tensor) -> Tensor:
        """Return the log-probabilities of all ids after each, shape (n_tokens, num_embeddings)."""
        return cast("Any", self.decoder).log_probs(hidden)


def _drop(dropout: nn.Module, x: Tensor, layout: PackedLayout) -> Tensor:
    return dropout(x, layout) if isinstance(dropout, LockedDropout) else dropout(x)


def build_language_network(
    *,
    num_embeddings: int,
    n_labels: int = 0,
    cell: str | Callable = "lstm",
    activation: str = "tanh",
    num_layers: int = 1,
    embedding_dim: int = 64,
    vector_size: int | None = None,
    hidden_size: int = 256,
    tie_weights: bool = False,
    recurrent_init: str | None = None,
    forget_bias: float | Literal["chrono"] | None = None,
    max_length: int | None = None,
    dropout: float = 0.0,
    embedding_dropout: float = 0.0,
    word_dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    kernels: bool | str = False,
    variational_dropout: bool = False,
    zoneout: float = 0.0,
    activation_penalty: float = 0.0,
    slowness_penalty: float = 0.0,
    softmax: str = "full",
    cutoffs: Sequence[int] | None = None,
    sparse: bool = False,
) -> LanguageNetwork:
    """Build the network of a language model from names and numbers.

    Parameters
    ----------
    num_embeddings : int
        Number of token ids, the boundary of documents (0) and the unknown token (1) included.
    n_labels : int, default=0
        Number of labels of documents, 0 for documents without labels.
    cell : str or callable, default="lstm"
        The recurrent cell, as for `build_network`.
    activation : {"tanh", "relu", "sigmoid"}, default="tanh"
        The activation of the plain cell, ignored by the others.
    num_layers : int, default=1
        Number of recurrent layers.
    embedding_dim : int, default=64
        Features of a token.
    vector_size : int or None, default=None
        Columns of the embedding table, see `TokenEmbedding`. None is `embedding_dim`.
    hidden_size : int, default=256
        Units of a layer.
    tie_weights : bool, default=False
        Whether the decoder shares the weights of the embedding.
    recurrent_init : {"orthogonal", "identity", "uniform"}, default=None
        How to initialise the state-to-state weights. None leaves it to the cell.
    forget_bias : float or "chrono", default=None
        Initial bias of the gate that keeps the memory. None leaves it to the cell.
    max_length : int, default=None
        The longest time to remember, for "chrono".
    dropout : float, default=0.0
        Dropout between layers and before the decoder.
    embedding_dropout : float, default=0.0
        Dropout of the vectors of the tokens.
    word_dropout : float, default=0.0
        Fraction of the tokens that are read as unknown in training.
    recurrent_dropout : float, default=0.0
        Dropout of the state-to-state weights.
    kernels : bool or "auto", default=False
        Whether recurrent layers use the package's kernels on the CPU, see `RecurrentLayer`.
    variational_dropout : bool, default=False
        Whether dropout zeroes the same features at all tokens of a document, and
        `recurrent_dropout` the same units of the state instead of weights.
    zoneout : float, default=0.0
        Probability that a unit keeps its value for a step in training.
    activation_penalty, slowness_penalty : float, default=0.0
        Strength of the penalties on states, see `LanguageNetwork`.
    softmax : {"full", "adaptive"}, default="full"
        How the next token is predicted: by a `SoftmaxDecoder` or an `AdaptiveSoftmaxDecoder`.
    cutoffs : sequence of int, default=None
        Where the clusters of the adaptive softmax begin, see `AdaptiveSoftmaxDecoder`. Ignored by
        the full one.
    sparse : bool, default=False
        Whether the embedding table gets sparse gradients. Ignored with `tie_weights`, as the
        decoder uses all rows.

    Returns
    -------
    network : LanguageNetwork
        With new weights. Its attribute `arguments` holds what was given here, None if `cell` is no
        name.

    Examples
    --------
    >>> from sklearn_rnn.modules import build_language_network
    >>> network = build_language_network(num_embeddings=100, cell="gru", tie_weights=True)
    >>> network.decoder
    SoftmaxDecoder(
      (projection): Linear(in_features=256, out_features=64, bias=False)
    )
    """
    arguments = dict(locals())  # first of all, while there are no other names
    embedding = TokenEmbedding(
        num_embeddings,
        embedding_dim,
        vector_size=vector_size,
        word_dropout=word_dropout,
        sparse=sparse and not tie_weights,
        learn_padding=True,
    )
    encoder = make_encoder(
        embedding_dim,
        hidden_size,
        cell=cell,
        activation=activation,
        bidirectional=False,
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
    tied_to = embedding if tie_weights else None
    decoder: Decoder
    if softmax == "full":
        decoder = SoftmaxDecoder(encoder.output_size, num_embeddings, tied_to=tied_to)
    else:
        decoder = AdaptiveSoftmaxDecoder(
            encoder.output_size, num_embeddings, cutoffs=cutoffs, tied_to=tied_to
        )
        arguments["cutoffs"] = decoder.cutoffs  # they stay where a vocabulary grows
    network = LanguageNetwork(
        embedding,
        encoder,
        decoder,
        n_labels=n_labels,
        dropout=dropout,
        embedding_dropout=embedding_dropout,
        locked_dropout=variational_dropout,
        activation_penalty=activation_penalty,
        slowness_penalty=slowness_penalty,
        # Only the package's kernels take the vector of a repeated token once.
        unique=kernels if own_kernels.has_kernel_for(encoder.layers[0][0].cell) else False,
    )
    network.arguments = arguments if isinstance(cell, str) else None
    return network
