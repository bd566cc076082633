"""The network of a translator: an encoded source, and a decoder that attends to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from . import kernels as own_kernels
from ._attention import ATTENTIONS, Attention
from ._blocks import SpreadRows, TakeRows
from ._decoders import SoftmaxDecoder
from ._dropout import Dropout
from ._embedding import TokenEmbedding
from ._grid_lstm import GridLSTM
from ._layout import PackedLayout
from ._make_encoder import make_encoder
from ._recurrent import RecurrentStack
from ._source import Memory, RegionEncoder, Regions, TextEncoder
from .cells._base import State

Source = PackedSequence | Regions


class Writing(NamedTuple):
    """What a decoder has to know about the targets that it writes.

    Parameters
    ----------
    layers : list of tuple of torch.Tensor of shape (n_targets, ...)
        The state of each layer.
    hidden : torch.Tensor of shape (n_targets, hidden_size)
        What the next token is predicted from.
    weights : torch.Tensor of shape (n_targets, n_positions)
        The attention with which that was computed.
    """

    layers: list[State]
    hidden: Tensor
    weights: Tensor

    def select(self, targets: Tensor) -> Writing:
        """Return those of some targets."""
        layers = [tuple(part[targets] for part in layer) for layer in self.layers]
        return Writing(layers, self.hidden[targets], self.weights[targets])


class TranslationNetwork(nn.Module):
    """Read a source, and predict at each token of a target the next one.

    The decoder reads the target, attends to the source from its state at each token, and predicts
    from both (Luong, Pham and Manning, 2015). A linear map of the source's summary is
    added to the vector of what it reads first, the boundary.

    Parameters
    ----------
    source : torch.nn.Module
        From sources to an `Encoded`, a `TextEncoder` or a `RegionEncoder`.
    embedding : TokenEmbedding
        From ids of the target to vectors.
    stack : RecurrentStack or GridLSTM
        From these vectors to states, forwards only.
    attention : Attention
        From these states to the source.
    decoder : SoftmaxDecoder
        From states to log-probabilities.
    input_feeding : bool, default=False
        Whether the decoder also reads, at each token, what the token was predicted from, and so
        knows what it has attended to. It then runs step by step, which is slower.
    dropout : float, default=0.0
        Dropout of the states before the decoder.

    References
    ----------
    M.-T. Luong, H. Pham and C. D. Manning, "Effective approaches to attention-based neural machine
    translation", EMNLP (2015).
    """

    # What `build_translation_network` was called with, None if it was with a cell that has no name.
    arguments: dict[str, Any] | None

    def __init__(
        self,
        source: nn.Module,
        embedding: TokenEmbedding,
        stack: nn.Module,
        attention: Attention,
        decoder: SoftmaxDecoder,
        *,
        input_feeding: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.source = source
        self.embedding = embedding
        self.start = nn.Linear(cast("int", source.output_size), embedding.output_size)
        self.stack = stack
        self.attention = attention
        self.combine = nn.Linear(
            attention.query_size + attention.value_size, attention.query_size, bias=False
        )
        self.dropout = Dropout(dropout)
        self.decoder = decoder
        self.input_feeding = input_feeding

    @property
    def n_region_features(self) -> int | None:
        """Number of features of a region, None if sources are texts."""
        source = self.source
        return source.projection.in_features if isinstance(source, RegionEncoder) else None

    def encode(self, source: Source) -> Memory:
        """Return the encoded sources."""
        return self.source(source).remember(self.attention)

    def forward(self, source: Source, ids: PackedSequence) -> tuple[Tensor, Tensor]:
        """Return, at every token of the targets, what to predict the next one from.

        Parameters
        ----------
        source : PackedSequence of int32 or int64, or Regions
            The sources, in the order of the targets.
        ids : torch.nn.utils.rnn.PackedSequence of int32 or int64
            The targets, sorted by length, each starting with the boundary.

        Returns
        -------
        hidden : torch.Tensor of shape (n_tokens, hidden_size)
            In packed order, for the decoder.
        weights : torch.Tensor of shape (n_targets, n_steps, n_positions)
            The attention at each token. That after the end of a target means nothing.
        """
        return self.read(self.encode(source), ids)

    def read(self, memory: Memory, ids: PackedSequence) -> tuple[Tensor, Tensor]:
        """Return what `forward` does, for encoded sources."""
        layout = PackedLayout(ids.batch_sizes, ids.data.device)
        x = self._embed_start(self.embedding(ids.data), memory)  # (n_tokens, embedding_dim)
        n_targets, n_steps = layout.n_documents, len(layout.batch_sizes)
        places = layout.positions * n_targets + layout.documents
        if self.input_feeding:
            blocks = SpreadRows.apply(x, places, n_steps * n_targets)
            hidden, weights = self._feed(blocks.unflatten(0, (n_steps, n_targets)), memory)
            return TakeRows.apply(hidden.flatten(0, 1), places), weights.transpose(0, 1)
        states = self.stack(x, layout)  # (n_tokens, hidden_size)
        queries = SpreadRows.apply(states, places, n_steps * n_targets)
        queries = queries.unflatten(0, (n_steps, n_targets)).transpose(0, 1)
        contexts, weights = self.attention(queries, memory.keys, memory.values, memory.is_padding)
        contexts = TakeRows.apply(contexts.transpose(0, 1).flatten(0, 1), places)
        return self._combine(states, contexts), weights

    def begin(self, memory: Memory) -> Writing:
        """Return the state after the boundary, for evaluation.

        Parameters
        ----------
        memory : Memory
            The encoded sources, each of which gets one target.
        """
        n_targets = len(memory.values)
        ids = torch.zeros(n_targets, dtype=torch.int64, device=memory.values.device)
        x = self._embed_start(self.embedding(ids), memory)
        sources = torch.arange(n_targets, device=ids.device)
        fed = memory.values.new_zeros(n_targets, self.attention.query_size)
        return self._advance(x, None, fed, memory, sources)

    def step(self, ids: Tensor, writing: Writing, memory: Memory, sources: Tensor) -> Writing:
        """Return the state after another token of each target, for evaluation.

        Parameters
        ----------
        ids : torch.Tensor of int64 of shape (n_targets,)
            The tokens.
        writing : Writing
            The state before.
        memory : Memory
            The encoded sources.
        sources : torch.Tensor of int64 of shape (n_targets,)
            The source of each target, ascending.
        """
        return self._advance(self.embedding(ids), writing.layers, writing.hidden, memory, sources)

    def log_probs(self, hidden: Tensor) -> Tensor:
        """Return the log-probabilities of all ids after each, shape (n_tokens, n_ids)."""
        return self.decoder.log_probs(hidden)

    def _embed_start(self, x: Tensor, memory: Memory) -> Tensor:
        """Add the summary of each source to the vectors of the first step, which come first."""
        n_targets = len(memory.summary)
        first = x[:n_targets] + self.start(memory.summary).to(x.dtype)
        return torch.cat([first, x[n_targets:]])

    def _advance(
        self,
        x: Tensor,
        layers: list[State] | None,
        fed: Tensor,
        memory: Memory,
        sources: Tensor,
    ) -> Writing:
        layout = PackedLayout(torch.tensor([len(x)]), x.device)
        x = torch.cat([x, fed], dim=1) if self.input_feeding else x
        states, layers = cast("Any", self.stack).read(x, layout, layers)
        # The targets of a source side by side, so that its states are not copied for each of them.
        counts = torch.bincount(sources, minlength=len(memory.values))
        ranks = torch.arange(len(x), device=x.device) - (counts.cumsum(0) - counts)[sources]
        n_beams = int(counts.max())
        queries = states.new_zeros(len(counts), n_beams, states.shape[1])
        queries[sources, ranks] = states
        contexts, weights = self.attention(queries, memory.keys, memory.values, memory.is_padding)
        hidden = self._combine(states, contexts[sources, ranks])
        return Writing(layers, hidden, weights[sources, ranks])

    def _feed(self, blocks: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """Read targets step by step, each step with the output of the one before."""
        stack = cast("RecurrentStack", self.stack)
        cells = [layer._dropped_cell() for (layer,) in stack.layers]
        fed = blocks.new_zeros(blocks.shape[1], self.attention.query_size)
        states: list[State | None] = [None] * len(cells)
        outputs, attended = [], []
        for x in blocks:
            x = torch.cat([x, fed], dim=1)[None]
            for depth, cell in enumerate(cells):
                x = stack.dropout(x) if depth else x
                state = states[depth]
                state = cell.initial_state(x) if state is None else state
                x, states[depth] = cell(x, state)
            context, weights = self.attention(
                x.transpose(0, 1), memory.keys, memory.values, memory.is_padding
            )
            fed = self._combine(x[0], context[:, 0])
            outputs.append(fed)
            attended.append(weights[:, 0])
        return torch.stack(outputs), torch.stack(attended)

    def _combine(self, states: Tensor, contexts: Tensor) -> Tensor:
        return self.dropout(torch.tanh(self.combine(torch.cat([states, contexts], dim=1))))


def build_translation_network(
    *,
    num_embeddings: int,
    n_source_ids: int | None = None,
    n_region_features: int | None = None,
    cell: str | Callable = "lstm",
    activation: str = "tanh",
    bidirectional: bool = True,
    num_layers: int = 1,
    source_embedding_dim: int = 64,
    embedding_dim: int = 64,
    hidden_size: int = 128,
    attention: str = "general",
    input_feeding: bool = False,
    tie_weights: bool = False,
    recurrent_init: str | None = None,
    forget_bias: float | Literal["chrono"] | None = None,
    max_length: int | None = None,
    dropout: float = 0.0,
    word_dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    kernels: bool | str = False,
    variational_dropout: bool = False,
    zoneout: float = 0.0,
    sparse: bool = False,
) -> TranslationNetwork:
    """Build the network of a translator from names and numbers.

    Parameters
    ----------
    num_embeddings : int
        Number of ids of the target, the boundary (0) and the unknown token (1) included.
    n_source_ids : int, default=None
        Number of ids of the source, padding (0) and unknown (1) included.
    n_region_features : int, default=None
        Number of features of a region, if sources are rows of vectors and not texts. Give either
        this or `n_source_ids`.
    cell : str or callable, default="lstm"
        The recurrent cell, as for `build_network`.
    activation : {"tanh", "relu", "sigmoid"}, default="tanh"
        The activation of the plain cell, ignored by the others.
    bidirectional : bool, default=True
        Whether sources are read backwards too.
    num_layers : int, default=1
        Number of recurrent layers, on both sides.
    source_embedding_dim : int, default=64
        Features of a token of the source.
    embedding_dim : int, default=64
        Features of a token of the target.
    hidden_size : int, default=128
        Units of a layer in one direction, and features of the state of a region.
    attention : {"additive", "general", "dot"}, default="general"
        How states of the decoder are compared with those of the source.
    input_feeding : bool, default=False
        See `TranslationNetwork`.
    tie_weights : bool, default=False
        Whether the decoder shares the weights of the target's embedding.
    recurrent_init : {"orthogonal", "identity", "uniform"}, default=None
        How to initialise the state-to-state weights. None leaves it to the cell.
    forget_bias : float or "chrono", default=None
        Initial bias of the gate that keeps the memory. None leaves it to the cell.
    max_length : int, default=None
        The longest time to remember, for "chrono".
    dropout : float, default=0.0
        Dropout between layers and before the decoder.
    word_dropout : float, default=0.0
        Fraction of the tokens that are read as unknown in training, on both sides.
    recurrent_dropout : float, default=0.0
        Dropout of the state-to-state weights.
    kernels : bool or "auto", default=False
        Whether recurrent layers use the package's kernels on the CPU, see `RecurrentLayer`.
    variational_dropout : bool, default=False
        Whether dropout between layers zeroes the same features at all tokens of a text, and
        `recurrent_dropout` the same units of the state instead of weights.
    zoneout : float, default=0.0
        Probability that a unit keeps its value for a step in training.
    sparse : bool, default=False
        Whether the embedding tables get sparse gradients. Ignored for that of the target with
        `tie_weights`, as the decoder uses all rows.

    Returns
    -------
    network : TranslationNetwork
        With new weights. Its attribute `arguments` holds what was given here, None if `cell` is no
        name.

    Examples
    --------
    >>> import torch
    >>> from torch.nn.utils.rnn import pack_sequence
    >>> from sklearn_rnn.modules import build_translation_network
    >>> network = build_translation_network(num_embeddings=10, n_source_ids=20)
    >>> sources = [torch.tensor([5]), torch.tensor([7, 3, 2])]
    >>> targets = [torch.tensor([0, 4, 2, 6]), torch.tensor([0, 8])]
    >>> hidden, weights = network(
    ...     pack_sequence(sources, enforce_sorted=False), pack_sequence(targets)
    ... )
    >>> network.log_probs(hidden).shape, weights.shape
    (torch.Size([6, 10]), torch.Size([2, 4, 3]))
    """
    arguments = dict(locals())  # first of all, while there are no other names
    if (n_source_ids is None) == (n_region_features is None):
        raise ValueError("Give either n_source_ids or n_region_features.")
    shared: dict[str, Any] = {
        "cell": cell,
        "activation": activation,
        "num_layers": num_layers,
        "recurrent_init": recurrent_init,
        "forget_bias": forget_bias,
        "max_length": max_length,
        "dropout": dropout,
        "recurrent_dropout": recurrent_dropout,
        "kernels": kernels,
        "variational_dropout": variational_dropout,
        "zoneout": zoneout,
    }
    source: RegionEncoder | TextEncoder
    if n_region_features is not None:
        source = RegionEncoder(n_region_features, hidden_size, dropout=dropout)
    else:
        source = _make_text_encoder(
            TokenEmbedding(
                cast("int", n_source_ids),
                source_embedding_dim,
                word_dropout=word_dropout,
                sparse=sparse,
            ),
            make_encoder(source_embedding_dim, hidden_size, bidirectional=bidirectional, **shared),
            bidirectional=bidirectional,
            kernels=kernels,
        )
    embedding = TokenEmbedding(
        num_embeddings,
        embedding_dim,
        word_dropout=word_dropout,
        sparse=sparse and not tie_weights,
        learn_padding=True,
    )
    n_inputs = embedding_dim + (hidden_size if input_feeding else 0)
    stack = make_encoder(n_inputs, hidden_size, bidirectional=False, **shared)
    if input_feeding and not isinstance(stack, RecurrentStack):
        raise ValueError(f"cell={cell!r} cannot be combined with input_feeding=True.")
    network = TranslationNetwork(
        source,
        embedding,
        stack,
        ATTENTIONS[attention](hidden_size, source.output_size),
        SoftmaxDecoder(hidden_size, num_embeddings, tied_to=embedding if tie_weights else None),
        input_feeding=input_feeding,
        dropout=dropout,
    )
    network.arguments = arguments if isinstance(cell, str) else None
    return network


def _make_text_encoder(
    embedding: TokenEmbedding,
    encoder: RecurrentStack | GridLSTM,
    *,
    bidirectional: bool,
    kernels: bool | str,
) -> TextEncoder:
    # Only the package's kernels take the vector of a repeated token once.
    unique = kernels if own_kernels.has_kernel_for(encoder.layers[0][0].cell) else False
    return TextEncoder(embedding, encoder, bidirectional=bidirectional, unique=unique)
