"""Recurrent cells, one a file, each written like its equations."""

from ._base import RecurrentCell
from ._gru import GRUCell
from ._lstm import LSTMCell
from ._rnn import ACTIVATIONS, RNNCell

CELLS = {"rnn": RNNCell, "lstm": LSTMCell, "gru": GRUCell}

__all__ = ["ACTIVATIONS", "CELLS", "GRUCell", "LSTMCell", "RNNCell", "RecurrentCell"]
