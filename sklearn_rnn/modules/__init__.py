"""The torch modules behind the estimators, usable without them."""

from . import cells
from ._attention import AdditiveAttention, DotAttention, GeneralAttention
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
from ._source import RegionEncoder, Regions, TextEncoder
from ._tagging import PackedWords, SpellingEncoder, Spellings, TaggingNetwork, build_tagging_network
from ._translation import TranslationNetwork, build_translation_network
from ._unique_rows import UniqueRows
from ._wide import NGramLinear, WideAndDeep
from .cells import *  # noqa: F403

__all__ = [
    "AdaptiveSoftmaxDecoder",
    "AdditiveAttention",
    "AttentionPooling",
    "ConcatPooling",
    "DepthLSTM",
    "DotAttention",
    "Dropout",
    "GeneralAttention",
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
    "RegionEncoder",
    "Regions",
    "SequenceNetwork",
    "SoftmaxDecoder",
    "SpellingEncoder",
    "Spellings",
    "TaggingNetwork",
    "TextEncoder",
    "TimeBlocks",
    "TokenEmbedding",
    "TranslationNetwork",
    "UniqueRows",
    "WideAndDeep",
    "WordDropout",
    "build_language_network",
    "build_network",
    "build_tagging_network",
    "build_translation_network",
]

__all__ += cells.__all__
