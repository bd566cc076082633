"""The network of a tagger: word and spelling to vectors, recurrent stack, a score for each tag."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence

from sklearn_rnn._text.vocabulary import UNKNOWN_ID

from . import kernels as own_kernels
from ._crf import LinearChainCRF
from ._dropout import Dropout, LockedDropout
from ._embedding import TokenEmbedding
from ._layout import PackedLayout
from ._make_encoder import make_encoder
from ._pooling import LastPooling
from ._unique_rows import UniqueRows, dense

# Number of classes that `word_shape` tells apart, and features of each.
N_SHAPES = 10
_SHAPE_DIM = 8
# Prefixes and suffixes of one to `MAX_AFFIX` characters: numbers of each kind, features of each.
MAX_AFFIX = 3
N_BUCKETS = 2**12
_AFFIX_DIM = 16


@dataclass
class Spellings:
    """The distinct spellings of the tokens of a batch.

    Parameters
    ----------
    index : torch.Tensor of int64 of shape (n_tokens,)
        Which spelling each token has.
    characters : torch.nn.utils.rnn.PackedSequence of int32
        Ids of the characters of each spelling, longest first.
    shapes : torch.Tensor of int64 of shape (n_spellings,)
        The shape of each, a number below `N_SHAPES`.
    affixes : torch.Tensor of int64 of shape (n_spellings, 2 * MAX_AFFIX)
        The prefixes and suffixes of each, numbers below ``2 * MAX_AFFIX * N_BUCKETS``.
    """

    index: Tensor
    characters: PackedSequence
    shapes: Tensor
    affixes: Tensor


@dataclass
class PackedWords:
    """The tokens of a batch of sentences, in the order of a packed sequence.

    Parameters
    ----------
    ids : torch.Tensor of int32 of shape (n_tokens,)
        Their ids.
    batch_sizes : torch.Tensor of int64 of shape (n_steps,), on the CPU
        How many sentences are longer than each step.
    spellings : Spellings, default=None
        How they are spelled. None if that is not known.
    """

    ids: Tensor
    batch_sizes: Tensor
    spellings: Spellings | None = None

    @property
    def layout(self) -> PackedLayout:
        """Where each token lies."""
        return PackedLayout(self.batch_sizes, self.ids.device)

    @property
    def is_cuda(self) -> bool:
        """Whether the ids are on a GPU."""
        return self.ids.is_cuda

    def pin_memory(self) -> PackedWords:
        """Return a copy in pinned memory."""
        return self._map(lambda part: part.pin_memory())

    def to(self, device: Any, **kwargs: Any) -> PackedWords:
        """Return a copy on a device."""
        return self._map(lambda part: part.to(device, **kwargs))

    def _map(self, function: Callable[[Any], Any]) -> PackedWords:
        spellings = self.spellings
        if spellings is not None:
            parts = vars(spellings).values()
            spellings = Spellings(*map(function, parts))
        return PackedWords(function(self.ids), self.batch_sizes, spellings)


class SpellingEncoder(nn.Module):
    """Return a vector for each spelling: from its characters, its shape and its affixes.

    A small recurrent network reads the characters in both directions and returns the last state of
    each (Lample et al., 2016). Shape and affixes have vectors of their own, which can be learned
    from few words. So words that occur in no training sentence are recognised by their endings,
    capitals and digits.

    Parameters
    ----------
    num_characters : int
        Number of ids of characters, padding (0) and unknown (1) included. A larger id is read as
        unknown.
    embedding_dim : int
        Features of a character.
    hidden_size : int
        Units in each direction.
    affix_dropout : float, default=0.0
        Probability of hiding all affixes of a spelling in training. Few words share those of three
        characters, so that the network would learn the tags of these words by heart.
    kernels : bool or "auto", default=False
        Whether to use the package's kernels on the CPU, see `RecurrentLayer`.
    sparse : bool, default=False
        Whether the table of affixes gets sparse gradients.

    References
    ----------
    Lample, G. et al., "Neural architectures for named entity recognition", NAACL (2016).
    """

    def __init__(
        self,
        num_characters: int,
        embedding_dim: int,
        hidden_size: int,
        *,
        affix_dropout: float = 0.0,
        kernels: bool | str = False,
        sparse: bool = False,
    ) -> None:
        super().__init__()
        self.table = nn.Embedding(num_characters, embedding_dim)
        self.encoder = make_encoder(embedding_dim, hidden_size, cell="lstm", kernels=kernels)
        self.pooling = LastPooling(self.encoder.output_size, bidirectional=True, kernels=kernels)
        self.shapes = nn.Embedding(N_SHAPES, _SHAPE_DIM)
        n_kinds = 2 * MAX_AFFIX
        self.affixes = nn.Embedding(n_kinds * N_BUCKETS, _AFFIX_DIM, sparse=sparse)
        # An affix that training has not met adds nothing.
        nn.init.zeros_(self.affixes.weight)
        self.affix_dropout = Dropout(affix_dropout)
        self.output_size = self.encoder.output_size + _SHAPE_DIM + n_kinds * _AFFIX_DIM

    @property
    def n_known(self) -> int:
        """Number of ids of characters that are known."""
        return self.table.num_embeddings

    def reset_rows(self, first: int) -> None:
        """Initialise the characters from `first` on with the vector of the unknown one."""
        with torch.no_grad():
            self.table.weight[first:] = self.table.weight[UNKNOWN_ID]

    def forward(self, spellings: Spellings) -> Tensor:
        """Return the vectors, shape (n_spellings, output_size)."""
        packed = spellings.characters
        layout = PackedLayout(packed.batch_sizes, packed.data.device)
        known = packed.data.masked_fill(packed.data >= self.n_known, UNKNOWN_ID)
        # The product with the first layer's weights is computed once a character of the alphabet.
        states = self.encoder(UniqueRows(self.table.weight, known.long()), layout)
        affixes = self.affixes(spellings.affixes).flatten(1)  # (n_spellings, 2 * MAX_AFFIX * 16)
        if self.training:
            affixes = affixes * self.affix_dropout(affixes.new_ones(len(affixes), 1))
        shapes = self.shapes(spellings.shapes)
        return torch.cat([self.pooling(states, layout), shapes, affixes], dim=1)


class TaggingNetwork(nn.Module):
    """Read packed sentences and return a score for each tag at each token.

    Parameters
    ----------
    embedding : TokenEmbedding
        From ids (n_tokens,) to vectors (n_tokens, embedding_dim).
    spelling : SpellingEncoder or None
        From the spellings of a batch to vectors. None for a network that knows only ids.
    encoder : torch.nn.Module
        From vectors and a layout to states (n_tokens, n_features).
    n_tags : int
        Number of tags.
    crf : LinearChainCRF, default=None
        Scores neighbouring tags together. None predicts each tag on its own.
    dropout : float, default=0.0
        Dropout of the vectors before the encoder and of the states after it.
    locked_dropout : bool, default=False
        Whether to drop the same features at all tokens of a sentence.
    unique : bool or "auto", default=False
        Whether the vector of each distinct token is looked up once, as in `SequenceNetwork`.

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.modules import PackedWords, build_tagging_network
    >>> network = build_tagging_network(num_embeddings=100, n_tags=3)
    >>> words = PackedWords(torch.tensor([5, 7, 9, 3, 2]), torch.tensor([2, 2, 1]))
    >>> network(words).shape
    torch.Size([5, 3])
    """

    # What `build_tagging_network` was called with, None if it was with a cell that has no name.
    arguments: dict[str, Any] | None

    def __init__(
        self,
        embedding: TokenEmbedding,
        spelling: SpellingEncoder | None,
        encoder: nn.Module,
        n_tags: int,
        *,
        crf: LinearChainCRF | None = None,
        dropout: float = 0.0,
        locked_dropout: bool = False,
        unique: bool | str = False,
    ) -> None:
        super().__init__()
        self.unique = unique
        self.embedding = embedding
        self.spelling = spelling
        self.encoder = encoder
        self.dropout = LockedDropout(dropout) if locked_dropout else Dropout(dropout)
        self.head = nn.Linear(cast("Any", encoder).output_size, n_tags)
        self.crf = crf

    def forward(self, words: PackedWords) -> Tensor:
        """Return the scores.

        Parameters
        ----------
        words : PackedWords
            The tokens.

        Returns
        -------
        scores : torch.Tensor of shape (n_tokens, n_tags)
            In packed order.
        """
        layout = words.layout
        is_cpu = words.ids.device.type == "cpu"
        once = is_cpu and own_kernels.has_kernels(self.unique)
        x = dense(self.embedding(words.ids, unique=once))  # (n_tokens, embedding_dim)
        if self.spelling is not None:
            spellings = cast("Spellings", words.spellings)
            x = torch.cat([x, self.spelling(spellings)[spellings.index]], dim=1)
        states = self.encoder(self._drop(x, layout), layout)  # (n_tokens, n_features)
        return self.head(self._drop(states, layout))

    def _drop(self, x: Tensor, layout: PackedLayout) -> Tensor:
        locked = isinstance(self.dropout, LockedDropout)
        return self.dropout(x, layout) if locked else self.dropout(x)

    def losses(
        self,
        scores: Tensor,
        tags: Tensor,
        layout: PackedLayout,
        tag_weight: Tensor | None = None,
    ) -> Tensor:
        """Return the negative log-likelihood of the tags of each sentence.

        Parameters
        ----------
        scores : torch.Tensor of shape (n_tokens, n_tags)
            What `forward` returned.
        tags : torch.Tensor of int64 of shape (n_tokens,)
            The tags, in packed order.
        layout : PackedLayout
            Where each token lies.
        tag_weight : torch.Tensor of shape (n_tags,), default=None
            The weight of each tag. Ignored by a CRF, which does not score tags one by one.

        Returns
        -------
        losses : torch.Tensor of shape (n_sentences,)
            In packed order, the longest sentence first.
        """
        if self.crf is not None:
            return -self.crf.log_likelihood(scores, tags, layout)
        losses = F.cross_entropy(scores, tags, tag_weight, reduction="none")
        return losses.new_zeros(layout.n_documents).index_add(0, layout.documents, losses)

    def decode(self, scores: Tensor, layout: PackedLayout) -> Tensor:
        """Return the best tags, int64 of shape (n_tokens,), in packed order.

        With a CRF they are the most probable sequence, otherwise the most probable tag of each
        token. The arguments are those of `losses`.
        """
        return scores.argmax(dim=1) if self.crf is None else self.crf.decode(scores, layout)

    def marginals(self, scores: Tensor, layout: PackedLayout) -> Tensor:
        """Return the probability of each tag, shape (n_tokens, n_tags), in packed order.

        The arguments are those of `losses`.
        """
        return F.softmax(scores, dim=1) if self.crf is None else self.crf.marginals(scores, layout)


def build_tagging_network(
    *,
    num_embeddings: int,
    n_tags: int,
    num_characters: int | None = None,
    crf: bool = False,
    constrained: bool = False,
    cell: str | Callable = "lstm",
    activation: str = "tanh",
    bidirectional: bool = True,
    num_layers: int = 1,
    embedding_dim: int = 100,
    vector_size: int | None = None,
    char_embedding_dim: int = 32,
    char_hidden_size: int = 32,
    hidden_size: int = 128,
    recurrent_init: str | None = None,
    forget_bias: float | Literal["chrono"] | None = None,
    max_length: int | None = None,
    dropout: float = 0.5,
    word_dropout: float = 0.1,
    affix_dropout: float = 0.25,
    recurrent_dropout: float = 0.0,
    kernels: bool | str = False,
    variational_dropout: bool = False,
    zoneout: float = 0.0,
    residual: bool = False,
    sparse: bool = False,
) -> TaggingNetwork:
    """Build the network of a tagger from names and numbers.

    Parameters
    ----------
    num_embeddings : int
        Number of token ids, padding (0) and unknown (1) included.
    n_tags : int
        Number of tags.
    num_characters : int, default=None
        Number of ids of characters, padding (0) and unknown (1) included. None reads only ids.
    crf : bool, default=False
        Whether a `LinearChainCRF` scores neighbouring tags together.
    constrained : bool, default=False
        Whether it has masks of allowed transitions. At first they allow all.
    cell : str or callable, default="lstm"
        The recurrent cell, as for `build_network`.
    activation : {"tanh", "relu", "sigmoid"}, default="tanh"
        The activation of the plain cell, ignored by the others.
    bidirectional : bool, default=True
        Whether sentences are read backwards too.
    num_layers : int, default=1
        Number of recurrent layers.
    embedding_dim : int, default=100
        Features of a token.
    vector_size : int or None, default=None
        Columns of the embedding table, see `TokenEmbedding`. None is `embedding_dim`.
    char_embedding_dim : int, default=32
        Features of a character.
    char_hidden_size : int, default=32
        Units of the layer that reads the characters, in each direction.
    hidden_size : int, default=128
        Units of a layer in one direction.
    recurrent_init : {"orthogonal", "identity", "uniform"}, default=None
        How to initialise the state-to-state weights. None leaves it to the cell.
    forget_bias : float or "chrono", default=None
        Initial bias of the gate that keeps the memory. None leaves it to the cell.
    max_length : int, default=None
        The longest time to remember, for "chrono".
    dropout : float, default=0.5
        Dropout before the first layer, between layers and after the last one.
    word_dropout : float, default=0.1
        Fraction of the tokens whose id is read as unknown in training. Their spelling stays.
    affix_dropout : float, default=0.25
        Fraction of the words whose affixes are hidden in training. Their characters stay.
    recurrent_dropout : float, default=0.0
        Dropout of the state-to-state weights.
    kernels : bool or "auto", default=False
        Whether recurrent layers use the package's kernels on the CPU, see `RecurrentLayer`.
    variational_dropout : bool, default=False
        Whether dropout zeroes the same features at all tokens of a sentence, and
        `recurrent_dropout` the same units of the state instead of weights.
    zoneout : float, default=0.0
        Probability that a unit keeps its value for a step in training.
    residual : bool, default=False
        Whether each layer above the first adds its states to those it reads, see
        `RecurrentStack`. Ignored by a Grid LSTM.
    sparse : bool, default=False
        Whether the embedding table gets sparse gradients.

    Returns
    -------
    network : TaggingNetwork
        With new weights. Its attribute `arguments` holds what was given here, None if `cell` is no
        name.

    Examples
    --------
    >>> from sklearn_rnn.modules import build_tagging_network
    >>> network = build_tagging_network(num_embeddings=100, n_tags=3, num_characters=30)
    >>> network.head
    Linear(in_features=256, out_features=3, bias=True)
    """
    arguments = dict(locals())  # first of all, while there are no other names
    embedding = TokenEmbedding(
        num_embeddings,
        embedding_dim,
        vector_size=vector_size,
        word_dropout=word_dropout,
        sparse=sparse,
    )
    spelling = None
    if num_characters is not None:
        spelling = SpellingEncoder(
            num_characters,
            char_embedding_dim,
            char_hidden_size,
            affix_dropout=affix_dropout,
            kernels=kernels,
            sparse=sparse,
        )
    encoder = make_encoder(
        embedding_dim + (0 if spelling is None else spelling.output_size),
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
        residual=residual,
    )
    network = TaggingNetwork(
        embedding,
        spelling,
        encoder,
        n_tags,
        crf=_make_crf(n_tags, constrained=constrained, kernels=kernels) if crf else None,
        dropout=dropout,
        locked_dropout=variational_dropout,
        unique=kernels,
    )
    network.arguments = arguments if isinstance(cell, str) else None
    return network


def _make_crf(n_tags: int, *, constrained: bool, kernels: bool | str) -> LinearChainCRF:
    if not constrained:
        return LinearChainCRF(n_tags, kernels=kernels)
    return LinearChainCRF(
        n_tags,
        allowed_transitions=torch.ones(n_tags, n_tags, dtype=torch.bool),
        allowed_start=torch.ones(n_tags, dtype=torch.bool),
        allowed_end=torch.ones(n_tags, dtype=torch.bool),
        kernels=kernels,
    )
