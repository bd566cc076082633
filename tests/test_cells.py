from math import exp, tanh
from pathlib import Path

import numpy as np
import pytest
import torch

from sklearn_rnn import modules
from sklearn_rnn.inspection._gates import names_gates
from sklearn_rnn.modules import (
    CoupledLSTMCell,
    ElementwiseCell,
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
)
from sklearn_rnn.modules.cells import ACTIVATIONS, CELLS

INPUT_SIZE, HIDDEN_SIZE = 3, 4


def sigmoid(a):
    return 1 / (1 + exp(-a))


def relu(a):
    return max(a, 0.0)


def product(matrix, vector):
    return [sum(m * v for m, v in zip(row, vector, strict=True)) for row in matrix]


LSTM_GATES = ("input_gate", "forget_gate", "output_gate", "candidate")


def by_gate(matrix, n_gates):
    """Cut rows of weights into those of each gate."""
    return [matrix[k * HIDDEN_SIZE : (k + 1) * HIDDEN_SIZE] for k in range(n_gates)]


# One step of each cell for one document, number by number, in the letters of its docstring: the
# new state, and the gates of cells that have some.


def rnn_step(x, state, W, U, b, c, sigma):
    (h,) = state
    Wx, Uh = product(W, x), product(U, h)
    return ([sigma(Wx[j] + b[j] + Uh[j] + c[j]) for j in range(HIDDEN_SIZE)],), {}


def lstm_step(x, state, W, U, b, c):
    h, memory = state
    Wx, Uh = by_gate(product(W, x), 4), by_gate(product(U, h), 4)
    b, c = by_gate(b, 4), by_gate(c, 4)
    new_h, new_memory, rows = [], [], []
    for j in range(HIDDEN_SIZE):
        i, f, g, o = (Wx[k][j] + Uh[k][j] + b[k][j] + c[k][j] for k in range(4))
        m = sigmoid(f) * memory[j] + sigmoid(i) * tanh(g)
        new_memory.append(m)
        new_h.append(sigmoid(o) * tanh(m))
        rows.append((sigmoid(i), sigmoid(f), sigmoid(o), tanh(g)))
    return (new_h, new_memory), dict(zip(LSTM_GATES, zip(*rows, strict=True), strict=True))


def gru_step(x, state, W, U, b, c):
    (h,) = state
    Wx, Uh = by_gate(product(W, x), 3), by_gate(product(U, h), 3)
    b, c = by_gate(b, 3), by_gate(c, 3)
    new_h, rows = [], []
    for j in range(HIDDEN_SIZE):
        r = sigmoid(Wx[0][j] + b[0][j] + Uh[0][j] + c[0][j])
        z = sigmoid(Wx[1][j] + b[1][j] + Uh[1][j] + c[1][j])
        n = tanh(Wx[2][j] + b[2][j] + r * (Uh[2][j] + c[2][j]))
        new_h.append((1 - z) * n + z * h[j])
        rows.append((r, z, n))
    names = ("reset_gate", "update_gate", "candidate")
    return (new_h,), dict(zip(names, zip(*rows, strict=True), strict=True))


def np_sigmoid(a):
    return 1 / (1 + np.exp(-a))


def cut(rows, n_gates):
    return np.split(np.array(rows), n_gates)


def peephole_lstm_step(x, state, W, U, b, p):
    h, c = map(np.array, state)
    (Wi, Wf, Wg, Wo), (Ui, Uf, Ug, Uo), (bi, bf, bg, bo) = cut(W, 4), cut(U, 4), cut(b, 4)
    pi, pf, po = cut(p, 3)
    i = np_sigmoid(Wi @ x + Ui @ h + pi * c + bi)
    f = np_sigmoid(Wf @ x + Uf @ h + pf * c + bf)
    g = np.tanh(Wg @ x + Ug @ h + bg)
    c = f * c + i * g
    o = np_sigmoid(Wo @ x + Uo @ h + po * c + bo)
    return (o * np.tanh(c), c), dict(zip(LSTM_GATES, (i, f, o, g), strict=True))


def coupled_lstm_step(x, state, W, U, b):
    h, c = map(np.array, state)
    (Wf, Wg, Wo), (Uf, Ug, Uo), (bf, bg, bo) = cut(W, 3), cut(U, 3), cut(b, 3)
    f = np_sigmoid(Wf @ x + Uf @ h + bf)
    g = np.tanh(Wg @ x + Ug @ h + bg)
    o = np_sigmoid(Wo @ x + Uo @ h + bo)
    c = f * c + (1 - f) * g
    return (o * np.tanh(c), c), dict(zip(LSTM_GATES, (1 - f, f, o, g), strict=True))


def layer_norm_lstm_step(x, state, W, U, b, gain_x, gain_h, b_h, gain_c, b_c):
    def norm(a, gain, bias):
        return np.array(gain) * (a - a.mean()) / np.sqrt(a.var() + 1e-5) + np.array(bias)

    h, c = map(np.array, state)
    i, f, g, o = cut(norm(np.array(W) @ x, gain_x, b) + norm(np.array(U) @ h, gain_h, b_h), 4)
    i, f, o, g = np_sigmoid(i), np_sigmoid(f), np_sigmoid(o), np.tanh(g)
    c = f * c + i * g
    gates = dict(zip(LSTM_GATES, (i, f, o, g), strict=True))
    return (o * np.tanh(norm(c, gain_c, b_c)), c), gates


def mgu_step(x, state, W, U, b):
    (h,) = map(np.array, state)
    (Wf, Wn), (Uf, Un), (bf, bn) = cut(W, 2), cut(U, 2), cut(b, 2)
    f = np_sigmoid(Wf @ x + Uf @ h + bf)
    n = np.tanh(Wn @ x + Un @ (f * h) + bn)
    return ((1 - f) * h + f * n,), {"forget_gate": f, "candidate": n}


def indrnn_step(x, state, W, u, b):
    (h,) = map(np.array, state)
    u = np.minimum(np.maximum(u, -1), 1)
    return (np.maximum(np.array(W) @ x + u * h + b, 0),), {}


def sru_step(x, state, W, v, b):
    c = np.array(state[1])
    (Wf, Wr, Wc, Ws), (vf, vr), (bf, br, bc, bs) = cut(W, 4), cut(v, 2), cut(b, 4)
    f = np_sigmoid(Wf @ x + vf * c + bf)
    r = np_sigmoid(Wr @ x + vr * c + br)
    new = Wc @ x + bc
    c = f * c + (1 - f) * new
    h = r * c + (1 - r) * (Ws @ x + bs)
    return (h, c), {"forget_gate": f, "reset_gate": r, "candidate": new}


def qrnn_step(x, state, W_and_V, b):
    c, before = np.array(state[1]), np.array(state[2])
    W, V = np.split(np.array(W_and_V), 2, axis=1)
    z, f, o = cut(W @ x + V @ before + b, 3)
    c = np_sigmoid(f) * c + (1 - np_sigmoid(f)) * np.tanh(z)
    return (np_sigmoid(o) * c, c, x), {}


# Name of a case: how the cell is made, and its step written out.
CASES = {
    "rnn tanh": (RNNCell, lambda *args: rnn_step(*args, tanh)),
    "rnn relu": (lambda *size: RNNCell(*size, activation="relu"), lambda *a: rnn_step(*a, relu)),
    "rnn sigmoid": (
        lambda *size: RNNCell(*size, activation="sigmoid"),
        lambda *args: rnn_step(*args, sigmoid),
    ),
    "lstm": (LSTMCell, lstm_step),
    "gru": (GRUCell, gru_step),
    "peephole_lstm": (PeepholeLSTMCell, peephole_lstm_step),
    "coupled_lstm": (CoupledLSTMCell, coupled_lstm_step),
    "layer_norm_lstm": (LayerNormLSTMCell, layer_norm_lstm_step),
    "mgu": (MGUCell, mgu_step),
    "indrnn": (IndRNNCell, indrnn_step),
    "sru": (SRUCell, sru_step),
    "qrnn": (QRNNCell, qrnn_step),
}
# Those whose weights from state to state are matrices.
WITH_MATRICES = [
    case
    for case, (make, _) in CASES.items()
    if not isinstance(make(INPUT_SIZE, HIDDEN_SIZE), ElementwiseCell)
]


def make_cell(case):
    """Return a cell in float64 in which no weight or bias is zero."""
    torch.manual_seed(0)
    cell = CASES[case][0](INPUT_SIZE, HIDDEN_SIZE).double()
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.normal_(std=0.7)
    return cell


def make_block(cell, n_steps=5, n_documents=3):
    """Return inputs and a state that is not zero."""
    x = torch.randn(n_steps, n_documents, INPUT_SIZE, dtype=torch.float64)
    return x, tuple(torch.randn_like(part) for part in cell.initial_state(x))


def test_every_registered_cell_and_activation_is_a_case():
    cells = [make_cell(case) for case in CASES]
    assert {type(cell) for cell in cells} == set(CELLS.values())
    assert {c.activation for c in cells if isinstance(c, RNNCell)} == set(ACTIVATIONS)


@pytest.mark.parametrize("name", CELLS)
def test_every_registered_cell_is_public_and_on_its_page(name):
    class_ = CELLS[name].__name__
    assert getattr(modules, class_) is CELLS[name]
    assert class_ in modules.__all__
    page = (Path(__file__).parent.parent / "docs/user_guide/cells.rst").read_text(encoding="utf-8")
    assert f'``"{name}"``' in page
    assert f"   {class_}\n" in page


@pytest.mark.parametrize("case", CASES)
def test_step_equals_the_equations(case):
    cell = make_cell(case)
    x, state = make_block(cell, n_steps=1)
    new_state = cell.step(x[0], state)
    weights = [parameter.tolist() for parameter in cell.parameters()]
    for j in range(3):
        expected, _ = CASES[case][1](x[0, j].tolist(), [s[j].tolist() for s in state], *weights)
        for ours, theirs in zip(new_state, expected, strict=True):
            np.testing.assert_allclose(ours[j].tolist(), theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_gates_equal_the_equations(case):
    cell = make_cell(case)
    x, state = make_block(cell, n_steps=1)
    weights = [parameter.tolist() for parameter in cell.parameters()]
    for j in range(3):
        of_document = [s[j].tolist() for s in state]
        _, expected = CASES[case][1](x[0, j].tolist(), of_document, *weights)
        assert names_gates(cell) == bool(expected)
        if expected:
            _, gates = cell.equations(cell.project(x[0]), state)
            assert list(gates) == list(expected)
            for name, values in expected.items():
                np.testing.assert_allclose(gates[name][j].tolist(), values, rtol=0, atol=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_forward_equals_repeated_steps(case):
    cell = make_cell(case)
    x, state = make_block(cell)
    outputs, final = cell(x, state)
    for t in range(5):
        state = cell.step(x[t], state)
        torch.testing.assert_close(outputs[t], state[0], rtol=0, atol=1e-12)
    for ours, expected in zip(final, state, strict=True):
        torch.testing.assert_close(ours, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_forward_and_steps_have_the_same_gradient(case):
    cell = make_cell(case)
    x, state = make_block(cell)
    inputs = [x, *state, *cell.parameters()]
    for tensor in inputs:
        tensor.requires_grad_()
    outputs, _ = cell(x, state)
    upstream = torch.randn_like(outputs)
    by_kernel = torch.autograd.grad((outputs * upstream).sum(), inputs, materialize_grads=True)
    outputs, _ = RecurrentCell.forward(cell, x, state)
    by_steps = torch.autograd.grad((outputs * upstream).sum(), inputs, materialize_grads=True)
    for ours, expected in zip(by_kernel, by_steps, strict=True):
        torch.testing.assert_close(ours, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("case", CASES)
def test_gradient_equals_finite_differences(case):
    cell = make_cell(case)
    x, state = make_block(cell, n_steps=3, n_documents=2)
    names, weights = zip(*cell.named_parameters(), strict=True)

    def run(x, *tensors):
        parts, weights = tensors[: len(state)], tensors[len(state) :]
        outputs, final = torch.func.functional_call(
            cell, dict(zip(names, weights, strict=True)), (x, parts)
        )
        return outputs, *final

    inputs = [tensor.detach().requires_grad_() for tensor in (x, *state, *weights)]
    assert torch.autograd.gradcheck(run, inputs, fast_mode=True)


@pytest.mark.parametrize("case", CASES)
def test_a_block_may_be_cut_in_two(case):
    cell = make_cell(case)
    x, state = make_block(cell)
    whole, final = cell(x, state)
    first, between = cell(x[:2], state)
    second, at_end = cell(x[2:], between)
    torch.testing.assert_close(torch.cat([first, second]), whole, rtol=0, atol=1e-12)
    for ours, expected in zip(at_end, final, strict=True):
        torch.testing.assert_close(ours, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_initial_state_is_zero_in_the_type_of_the_input(case):
    cell = make_cell(case)
    x, _ = make_block(cell, n_documents=2)
    state = cell.initial_state(x)
    assert len(state) >= cell.n_states
    for part in state:
        assert part.dtype == torch.float64
        assert len(part) == 2
        assert not part.any()
    for part in state[: cell.n_states]:
        assert part.shape == (2, HIDDEN_SIZE)


@pytest.mark.parametrize("case", WITH_MATRICES)
@pytest.mark.parametrize("hidden_size", [1, 16])
def test_recurrent_blocks_start_orthogonal(case, hidden_size):
    cell = CASES[case][0](INPUT_SIZE, hidden_size)
    blocks = cell.weight_hh.detach().split(hidden_size)
    assert len(blocks) == cell.n_gates
    for block in blocks:
        torch.testing.assert_close(block @ block.T, torch.eye(hidden_size), rtol=0, atol=1e-5)


@pytest.mark.parametrize("case", CASES)
def test_input_weights_start_in_the_bounds_of_glorot_by_gate(case):
    cell = CASES[case][0](100, 50)
    bound = (6 / (cell.weight_ih.shape[1] + 50)) ** 0.5
    for gate in cell.weight_ih.detach().split(50):
        # 5,000 uniform numbers come closer to their bounds than this
        assert 0.99 * bound < gate.abs().max() <= bound


BIASES = ("bias", "bias_ih", "bias_hh")


@pytest.mark.parametrize("case", CASES)
def test_biases_start_at_zero_but_the_forget_gate_open(case):
    cell = CASES[case][0](INPUT_SIZE, 2)
    bias = sum(value for name, value in cell.named_parameters() if name in BIASES).tolist()
    if case == "coupled_lstm":
        assert bias == [1, 1, 0, 0, 0, 0]
    else:
        assert bias == ([0, 0, 1, 1, 0, 0, 0, 0] if "lstm" in case else [0] * len(bias))


@pytest.mark.parametrize("case", CASES)
def test_reset_parameters_draws_anew(case):
    cell = CASES[case][0](INPUT_SIZE, HIDDEN_SIZE)
    # What starts at 0 or 1 is not drawn.
    drawn = [weight for weight in cell.parameters() if len(weight.unique()) > 2]
    before = [weight.detach().clone() for weight in drawn]
    cell.reset_parameters()
    for weight, old in zip(drawn, before, strict=True):
        assert not torch.equal(weight, old)
    assert any(weight is cell.weight_ih for weight in drawn)


def test_a_new_cell_needs_a_step_only():
    class Running(RecurrentCell):
        """Adds up what it reads."""

        def step(self, x, state):
            return (state[0] + x,)

    cell = Running(HIDDEN_SIZE, HIDDEN_SIZE)
    x = torch.randn(5, 2, HIDDEN_SIZE)
    outputs, (h,) = cell(x, cell.initial_state(x))
    torch.testing.assert_close(outputs, x.cumsum(0))
    assert torch.equal(h, outputs[-1])


@pytest.mark.parametrize("case", CASES)
def test_reset_parameters_forgets_what_was_learned(case):
    """Whatever the weights were, they start as those of a new cell do."""
    cell = CASES[case][0](INPUT_SIZE, HIDDEN_SIZE)
    for parameter in cell.parameters():
        parameter.data.fill_(7.0)
    torch.manual_seed(0)
    cell.reset_parameters()
    torch.manual_seed(0)
    new = CASES[case][0](INPUT_SIZE, HIDDEN_SIZE)
    for ours, expected in zip(cell.parameters(), new.parameters(), strict=True):
        assert torch.equal(ours, expected)


def test_a_peephole_lstm_with_closed_peepholes_is_an_lstm():
    peephole, lstm = make_cell("peephole_lstm"), make_cell("lstm")
    with torch.no_grad():
        peephole.weight_ch.zero_()
        peephole.weight_ih.copy_(lstm.weight_ih)
        peephole.weight_hh.copy_(lstm.weight_hh)
        peephole.bias.copy_(lstm.bias_ih + lstm.bias_hh)
    x, state = make_block(lstm)
    torch.testing.assert_close(peephole(x, state), lstm(x, state), rtol=0, atol=1e-12)


def test_a_coupled_lstm_is_an_lstm_whose_gates_are_opposite():
    coupled, lstm = make_cell("coupled_lstm"), make_cell("lstm")
    with torch.no_grad():
        lstm.bias_hh.zero_()
        for ours, theirs in [
            (coupled.weight_ih, lstm.weight_ih),
            (coupled.weight_hh, lstm.weight_hh),
            (coupled.bias, lstm.bias_ih),
        ]:
            f, g, o = ours.chunk(3)
            theirs.copy_(torch.cat([-f, f, g, o]))
    x, state = make_block(lstm)
    torch.testing.assert_close(coupled(x, state), lstm(x, state), rtol=0, atol=1e-12)


def test_layer_norm_lstm_does_not_see_the_scale_of_its_input():
    cell = make_cell("layer_norm_lstm")
    x, state = make_block(cell)
    # 1e-5 under the root is not nothing beside the variance.
    torch.testing.assert_close(cell(1e3 * x, state)[0], cell(1e5 * x, state)[0], rtol=0, atol=1e-6)


def test_units_of_indrnn_do_not_explode():
    cell = IndRNNCell(1, 1)
    with torch.no_grad():
        cell.weight_hh.fill_(5.0)
    x = torch.ones(2000, 1, 1)
    outputs, _ = cell(x, cell.initial_state(x))
    assert outputs[-1] <= 2000 * cell.weight_ih.abs().item()


@pytest.mark.parametrize("base", [RecurrentCell, ProjectedCell])
def test_a_cell_without_a_step_is_refused(base):
    cell = base(INPUT_SIZE, HIDDEN_SIZE)
    x = torch.zeros(1, 1, INPUT_SIZE)
    with pytest.raises(NotImplementedError):
        cell(x, cell.initial_state(x))


def test_the_units_of_an_indrnn_start_with_memories_of_all_lengths():
    torch.manual_seed(0)
    weights = IndRNNCell(3, 1000).weight_hh.detach()
    # As many units that forget at once as units that keep what they have read for long.
    counts = np.histogram(weights.numpy(), bins=10, range=(0, 1))[0]
    assert counts.sum() == 1000 and counts.min() > 60
