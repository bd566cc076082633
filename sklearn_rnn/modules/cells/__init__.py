"""Recurrent cells, one per file, each written like its equations."""

from ._base import RecurrentCell
from ._coupled_lstm import CoupledLSTMCell
from ._elementwise import ElementwiseCell
from ._grid_lstm import GridLSTMCell
from ._gru import GRUCell
from ._indrnn import IndRNNCell
from ._layer_norm_lstm import LayerNormLSTMCell
from ._lstm import LSTMCell
from ._mgu import MGUCell
from ._peephole_lstm import PeepholeLSTMCell
from ._projected import ProjectedCell
from ._qrnn import QRNNCell
from ._rnn import ACTIVATIONS as ACTIVATIONS
from ._rnn import RNNCell
from ._sru import SRUCell
from ._state_dropout import StateDropout
from ._step_cell import StepCell
from ._zoneout import Zoneout

# A new cell is registered here, and in `__all__`: the rest of the package asks its class.
CELLS: dict[str, type[RecurrentCell]] = {
    "rnn": RNNCell,
    "lstm": LSTMCell,
    "gru": GRUCell,
    "peephole_lstm": PeepholeLSTMCell,
    "coupled_lstm": CoupledLSTMCell,
    "layer_norm_lstm": LayerNormLSTMCell,
    "mgu": MGUCell,
    "indrnn": IndRNNCell,
    "sru": SRUCell,
    "qrnn": QRNNCell,
}

# All of it is public as `sklearn_rnn.modules`.
__all__ = [
    "CoupledLSTMCell",
    "ElementwiseCell",
    "GRUCell",
    "GridLSTMCell",
    "IndRNNCell",
    "LSTMCell",
    "LayerNormLSTMCell",
    "MGUCell",
    "PeepholeLSTMCell",
    "ProjectedCell",
    "QRNNCell",
    "RNNCell",
    "RecurrentCell",
    "SRUCell",
    "StateDropout",
    "StepCell",
    "Zoneout",
]
