"""The torch modules underneath, usable without any estimator."""

from . import cells
from ._blocks import TimeBlocks
from ._crf import LinearChainCRF
from ._decoders import AdaptiveSoftmaxDecoder, SoftmaxDecoder
from ._dropout import Dropout, LockedDropout
from ._embedding import TokenEmbedding, WordDropout
from ._grid_lstm import DepthLSTM, GridLSTM
from ._language import LanguageNetwork, build_language_network
from ._layout import PackedLayout
from ._network import SequenceNetwork, build_network
from ._pooling import (
    AttentionPooling,
    ConcatPooling,
    LastPooling,
    MaxPooling,
    MeanPooling,
    MultiheadAttentionPooling,
)
from ._recurrent import RecurrentLayer, RecurrentStack
from ._tagging import PackedWords, SpellingEncoder, Spellings, TaggingNetwork, build_tagging_network
from ._unique_rows import UniqueRows
from ._wide import NGramLinear, WideAndDeep
from .cells import *  # noqa: F403

__all__ = [
    "AdaptiveSoftmaxDecoder",
    "AttentionPooling",
    "ConcatPooling",
    "DepthLSTM",
    "Dropout",
    "GridLSTM",
    "LanguageNetwork",
    "LastPooling",
    "LinearChainCRF",
    "LockedDropout",
    "MaxPooling",
    "MeanPooling",
    "MultiheadAttentionPooling",
    "NGramLinear",
    "PackedLayout",
    "PackedWords",
    "RecurrentLayer",
    "RecurrentStack",
    "SequenceNetwork",
    "SoftmaxDecoder",
    "SpellingEncoder",
    "Spellings",
    "TaggingNetwork",
    "TimeBlocks",
    "TokenEmbedding",
    "UniqueRows",
    "WideAndDeep",
    "WordDropout",
    "build_language_network",
    "build_network",
    "build_tagging_network",
]

__all__ += cells.__all__
