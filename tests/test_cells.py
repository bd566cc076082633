from math import exp, tanh

import numpy as np
import pytest
import torch

from sklearn_rnn.modules import GRUCell, LSTMCell, RecurrentCell, RNNCell
from sklearn_rnn.modules.cells import ACTIVATIONS, CELLS

INPUT_SIZE, HIDDEN_SIZE = 3, 4


def sigmoid(a):
    return 1 / (1 + exp(-a))


def relu(a):
    return max(a, 0.0)


def product(matrix, vector):
    return [sum(m * v for m, v in zip(row, vector, strict=True)) for row in matrix]


def gates(matrix, n_gates):
    """Cut rows of weights into those of each gate."""
    return [matrix[k * HIDDEN_SIZE : (k + 1) * HIDDEN_SIZE] for k in range(n_gates)]


# One step of each cell for one document, number by number, in the letters of its docstring.


def rnn_step(x, state, W, U, b, c, sigma):
    (h,) = state
    Wx, Uh = product(W, x), product(U, h)
    return ([sigma(Wx[j] + b[j] + Uh[j] + c[j]) for j in range(HIDDEN_SIZE)],)


def lstm_step(x, state, W, U, b, c):
    h, memory = state
    Wx, Uh = gates(product(W, x), 4), gates(product(U, h), 4)
    b, c = gates(b, 4), gates(c, 4)
    new_h, new_memory = [], []
    for j in range(HIDDEN_SIZE):
        i, f, g, o = (Wx[k][j] + Uh[k][j] + b[k][j] + c[k][j] for k in range(4))
        m = sigmoid(f) * memory[j] + sigmoid(i) * tanh(g)
        new_memory.append(m)
        new_h.append(sigmoid(o) * tanh(m))
    return new_h, new_memory


def gru_step(x, state, W, U, b, c):
    (h,) = state
    Wx, Uh = gates(product(W, x), 3), gates(product(U, h), 3)
    b, c = gates(b, 3), gates(c, 3)
    new_h = []
    for j in range(HIDDEN_SIZE):
        r = sigmoid(Wx[0][j] + b[0][j] + Uh[0][j] + c[0][j])
        z = sigmoid(Wx[1][j] + b[1][j] + Uh[1][j] + c[1][j])
        n = tanh(Wx[2][j] + b[2][j] + r * (Uh[2][j] + c[2][j]))
        new_h.append((1 - z) * n + z * h[j])
    return (new_h,)


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
}


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
    state = tuple(
        torch.randn(n_documents, HIDDEN_SIZE, dtype=torch.float64) for _ in range(cell.n_states)
    )
    return x, state


def test_every_registered_cell_and_activation_is_a_case():
    cells = [make_cell(case) for case in CASES]
    assert {type(cell) for cell in cells} == set(CELLS.values())
    assert {c.activation for c in cells if isinstance(c, RNNCell)} == set(ACTIVATIONS)


@pytest.mark.parametrize("case", CASES)
def test_step_equals_the_equations(case):
    cell = make_cell(case)
    x, state = make_block(cell, n_steps=1)
    new_state = cell.step(x[0], state)
    weights = [parameter.tolist() for parameter in cell.parameters()]
    for j in range(3):
        expected = CASES[case][1](x[0, j].tolist(), [s[j].tolist() for s in state], *weights)
        np.testing.assert_allclose([s[j].tolist() for s in new_state], expected, atol=1e-12)


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
    by_kernel = torch.autograd.grad((outputs * upstream).sum(), inputs)
    outputs, _ = RecurrentCell.forward(cell, x, state)
    by_steps = torch.autograd.grad((outputs * upstream).sum(), inputs)
    for ours, expected in zip(by_kernel, by_steps, strict=True):
        torch.testing.assert_close(ours, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("case", CASES)
def test_gradient_equals_finite_differences(case):
    cell = make_cell(case)
    x, state = make_block(cell, n_steps=3, n_documents=2)
    names, weights = zip(*cell.named_parameters(), strict=True)

    def run(x, *tensors):
        state, weights = tensors[: cell.n_states], tensors[cell.n_states :]
        outputs, final = torch.func.functional_call(
            cell, dict(zip(names, weights, strict=True)), (x, state)
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
    assert len(state) == cell.n_states
    for part in state:
        assert part.dtype == torch.float64
        assert part.tolist() == [[0.0] * HIDDEN_SIZE] * 2


@pytest.mark.parametrize("case", CASES)
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
    bound = (6 / (100 + 50)) ** 0.5
    for gate in cell.weight_ih.detach().split(50):
        # 5,000 uniform numbers come closer to their bounds than this
        assert 0.99 * bound < gate.abs().max() <= bound


@pytest.mark.parametrize("case", CASES)
def test_biases_start_at_zero_but_the_forget_gate_open(case):
    cell = CASES[case][0](INPUT_SIZE, 2)
    bias = (cell.bias_ih + cell.bias_hh).tolist()
    assert bias == ([0, 0, 1, 1, 0, 0, 0, 0] if case == "lstm" else [0] * len(bias))


@pytest.mark.parametrize("case", CASES)
def test_reset_parameters_draws_anew(case):
    cell = CASES[case][0](INPUT_SIZE, HIDDEN_SIZE)
    before = [weight.detach().clone() for weight in (cell.weight_ih, cell.weight_hh)]
    cell.reset_parameters()
    assert not torch.equal(cell.weight_ih, before[0])
    assert not torch.equal(cell.weight_hh, before[1])


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


def test_a_cell_without_a_step_is_refused():
    cell = RecurrentCell(INPUT_SIZE, HIDDEN_SIZE)
    x = torch.zeros(1, 1, INPUT_SIZE)
    with pytest.raises(NotImplementedError):
        cell(x, cell.initial_state(x))
