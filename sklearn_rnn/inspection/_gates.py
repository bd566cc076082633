"""Gates and memory of the cells, from the inputs and states that a layer was seen to have."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor
from torch.nn import functional as F

from sklearn_rnn.modules import (
    CoupledLSTMCell,
    GRUCell,
    LayerNormLSTMCell,
    LSTMCell,
    MGUCell,
    PeepholeLSTMCell,
    RecurrentCell,
    SRUCell,
)
from sklearn_rnn.modules.cells._layer_norm_lstm import normalise

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
        if isinstance(cell, known) and _has_equations_of(known, type(cell)):
            before = torch.cat([torch.zeros_like(states[:1]), states[:-1]])
            return equations(deepcopy(cell).cpu().double(), x.double(), before.double())
    return {}


def _has_equations_of(known: type, other: type) -> bool:
    """Tell whether a subclass has left all as it was, and has no equations of its own."""
    names = ("step", "project", "advance")
    return all(getattr(other, name, None) is getattr(known, name, None) for name in names)


def _lstm_gates(cell: LSTMCell, x: Tensor, before: Tensor) -> Quantities:
    from_input, from_state = _products(cell, x, before)
    return _remember(*(from_input + from_state).chunk(4, dim=1))


def _layer_norm_gates(cell: LayerNormLSTMCell, x: Tensor, before: Tensor) -> Quantities:
    from_state = normalise(F.linear(before, cell.weight_hh), cell.gain_hh, cell.bias_hh)
    return _remember(*(cell.project(x) + from_state).chunk(4, dim=1))


def _coupled_gates(cell: CoupledLSTMCell, x: Tensor, before: Tensor) -> Quantities:
    f, g, o = (cell.project(x) + F.linear(before, cell.weight_hh)).chunk(3, dim=1)
    return _remember(-f, f, g, o)  # 1 - sigmoid(f) is sigmoid(-f)


def _remember(i: Tensor, f: Tensor, g: Tensor, o: Tensor) -> Quantities:
    """Return the gates of an LSTM and its memory, from sums that do not depend on the memory."""
    i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
    c, memory = torch.zeros_like(i[0]), []
    for kept, written in zip(f, i * g, strict=True):
        c = kept * c + written
        memory.append(c)
    return dict(zip(LSTM_QUANTITIES, (torch.stack(memory), i, f, o, g), strict=True))


def _peephole_gates(cell: PeepholeLSTMCell, x: Tensor, before: Tensor) -> Quantities:
    p_i, p_f, p_o = cell.weight_ch.chunk(3)
    sums = cell.project(x) + F.linear(before, cell.weight_hh)
    c, rows = torch.zeros_like(before[0]), []
    for i, f, g, o in zip(*sums.chunk(4, dim=1), strict=True):
        i, f, g = torch.sigmoid(i + p_i * c), torch.sigmoid(f + p_f * c), torch.tanh(g)
        c = f * c + i * g
        rows.append((c, i, f, torch.sigmoid(o + p_o * c), g))
    columns = map(torch.stack, zip(*rows, strict=True))
    return dict(zip(LSTM_QUANTITIES, columns, strict=True))


def _gru_gates(cell: GRUCell, x: Tensor, before: Tensor) -> Quantities:
    from_input, from_state = _products(cell, x, before)
    x_r, x_z, x_n = from_input.chunk(3, dim=1)
    h_r, h_z, h_n = from_state.chunk(3, dim=1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    return {"reset_gate": r, "update_gate": z, "candidate": torch.tanh(x_n + r * h_n)}


def _mgu_gates(cell: MGUCell, x: Tensor, before: Tensor) -> Quantities:
    x_f, x_n = cell.project(x).chunk(2, dim=1)
    U_f, U_n = cell.weight_hh.chunk(2)
    f = torch.sigmoid(x_f + F.linear(before, U_f))
    return {"forget_gate": f, "candidate": torch.tanh(x_n + F.linear(f * before, U_n))}


def _sru_gates(cell: SRUCell, x: Tensor, before: Tensor) -> Quantities:
    v_f, v_r = cell.weight_hh.chunk(2)
    x_f, x_r, candidates, _ = cell.project(x).chunk(4, dim=1)
    c, rows = torch.zeros_like(before[0]), []
    for f, r, candidate in zip(x_f, x_r, candidates, strict=True):
        f, r = torch.sigmoid(f + v_f * c), torch.sigmoid(r + v_r * c)
        c = f * c + (1 - f) * candidate
        rows.append((c, f, r))
    memory, f, r = map(torch.stack, zip(*rows, strict=True))
    return {"cell_state": memory, "forget_gate": f, "reset_gate": r, "candidate": candidates}


def _products(cell: RecurrentCell, x: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
    return (
        F.linear(x, cell.weight_ih, cell.bias_ih),
        F.linear(before, cell.weight_hh, cell.bias_hh),
    )


LSTM_QUANTITIES = ("cell_state", "input_gate", "forget_gate", "output_gate", "candidate")
EQUATIONS = {
    LSTMCell: _lstm_gates,
    GRUCell: _gru_gates,
    PeepholeLSTMCell: _peephole_gates,
    CoupledLSTMCell: _coupled_gates,
    LayerNormLSTMCell: _layer_norm_gates,
    MGUCell: _mgu_gates,
    SRUCell: _sru_gates,
}
