"""The torch modules underneath, usable without any estimator."""

from ._blocks import TimeBlocks
from ._dropout import Dropout
from ._embedding import TokenEmbedding, WordDropout
from ._layout import PackedLayout
from ._network import SequenceNetwork, build_network
from ._pooling import AttentionPooling, ConcatPooling, LastPooling, MaxPooling, MeanPooling
from ._recurrent import RecurrentLayer, RecurrentStack
from ._wide import NGramLinear, WideAndDeep
from .cells import GRUCell, LSTMCell, RecurrentCell, RNNCell

__all__ = [
    "AttentionPooling",
    "ConcatPooling",
    "Dropout",
    "GRUCell",
    "LSTMCell",
    "LastPooling",
    "MaxPooling",
    "MeanPooling",
    "NGramLinear",
    "PackedLayout",
    "RNNCell",
    "RecurrentCell",
    "RecurrentLayer",
    "RecurrentStack",
    "SequenceNetwork",
    "TimeBlocks",
    "TokenEmbedding",
    "WideAndDeep",
    "WordDropout",
    "build_network",
]
