"""Gates and memory of the cells, from the inputs and states that a layer was seen to have."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from sklearn_rnn.modules import GRUCell, LSTMCell, RecurrentCell

Quantities = dict[str, Tensor]


@torch.no_grad()
def gates(cell: RecurrentCell | None, x: Tensor, states: Tensor) -> Quantities:
    """Return what went on inside a cell that read one document.

    The gates at all tokens are one matrix product, since the states before each are known.

    Parameters
    ----------
    cell : RecurrentCell or None
        The cell.
    x : torch.Tensor of shape (n_tokens, input_size)
        What it read, in the order of reading.
    states : torch.Tensor of shape (n_tokens, hidden_size)
        The hidden state after each.

    Returns
    -------
    quantities : dict of str to torch.Tensor of shape (n_tokens, hidden_size)
        Empty for a cell whose equations are not known here.

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.inspection._gates import gates
    >>> from sklearn_rnn.modules import GRUCell
    >>> list(gates(GRUCell(3, 4), torch.zeros(5, 3), torch.zeros(5, 4)))
    ['reset_gate', 'update_gate', 'candidate']
    """
    for known, equations in EQUATIONS.items():
        # A subclass with a step of its own has equations of its own.
        if isinstance(cell, known) and type(cell).step is known.step:
            before = torch.cat([torch.zeros_like(states[:1]), states[:-1]])
            return equations(cell, x.double(), before.double())
    return {}


def _lstm_gates(cell: LSTMCell, x: Tensor, before: Tensor) -> Quantities:
    from_input, from_state = _products(cell, x, before)
    i, f, g, o = (from_input + from_state).chunk(4, dim=1)
    i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
    c, memory = torch.zeros_like(i[0]), []
    for kept, written in zip(f, i * g, strict=True):
        c = kept * c + written
        memory.append(c)
    return {
        "cell_state": torch.stack(memory),
        "input_gate": i,
        "forget_gate": f,
        "output_gate": o,
        "candidate": g,
    }


def _gru_gates(cell: GRUCell, x: Tensor, before: Tensor) -> Quantities:
    from_input, from_state = _products(cell, x, before)
    x_r, x_z, x_n = from_input.chunk(3, dim=1)
    h_r, h_z, h_n = from_state.chunk(3, dim=1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    return {"reset_gate": r, "update_gate": z, "candidate": torch.tanh(x_n + r * h_n)}


def _products(cell: RecurrentCell, x: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
    return (
        F.linear(x, cell.weight_ih.cpu().double(), cell.bias_ih.cpu().double()),
        F.linear(before, cell.weight_hh.cpu().double(), cell.bias_hh.cpu().double()),
    )


EQUATIONS = {LSTMCell: _lstm_gates, GRUCell: _gru_gates}
