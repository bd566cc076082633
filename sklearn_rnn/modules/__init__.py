"""The torch modules underneath, usable without any estimator."""

from ._blocks import TimeBlocks
from ._dropout import Dropout, LockedDropout
from ._embedding import TokenEmbedding, WordDropout
from ._grid_lstm import DepthLSTM, GridLSTM
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
from ._unique_rows import UniqueRows
from ._wide import NGramLinear, WideAndDeep
from .cells import (
    CoupledLSTMCell,
    ElementwiseCell,
    GridLSTMCell,
    GRUCell,
    IndRNNCell,
    LayerNormLSTMCell,
    LSTMCell,
    MGUCell,
    PeepholeLSTMCell,
    ProjectedCell,
    QRNNCell,
    RecurrentCell,
    RNNCell,
    SRUCell,
    StateDropout,
    StepCell,
    Zoneout,
)

__all__ = [
    "AttentionPooling",
    "ConcatPooling",
    "CoupledLSTMCell",
    "DepthLSTM",
    "Dropout",
    "ElementwiseCell",
    "GRUCell",
    "GridLSTM",
    "GridLSTMCell",
    "IndRNNCell",
    "LSTMCell",
    "LastPooling",
    "LayerNormLSTMCell",
    "LockedDropout",
    "MGUCell",
    "MaxPooling",
    "MeanPooling",
    "MultiheadAttentionPooling",
    "NGramLinear",
    "PackedLayout",
    "PeepholeLSTMCell",
    "ProjectedCell",
    "QRNNCell",
    "RNNCell",
    "RecurrentCell",
    "RecurrentLayer",
    "RecurrentStack",
    "SRUCell",
    "SequenceNetwork",
    "StateDropout",
    "StepCell",
    "TimeBlocks",
    "TokenEmbedding",
    "UniqueRows",
    "WideAndDeep",
    "WordDropout",
    "Zoneout",
    "build_network",
]
