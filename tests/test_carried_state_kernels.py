"""The state carried in and out of the kernels, compared with what torch computes."""

import pytest
import torch

from sklearn_rnn.modules import (
    GRUCell,
    LSTMCell,
    PackedLayout,
    RecurrentLayer,
    RecurrentStack,
    RNNCell,
    UniqueRows,
)
from sklearn_rnn.modules import kernels as own_kernels

try:
    own_kernels.load_kernels()
except RuntimeError as error:
    pytest.skip(str(error), allow_module_level=True)

INPUT_SIZE = 5
# More documents than a kernel reads at once; some end together, and some after one step.
LENGTHS = [9] * 8 + [7] * 9 + [3] * 7 + [1] * 6
# Less than a vector, whole vectors, and more.
N_UNITS = [7, 16, 40]
MAKE_CELL = {
    "lstm": LSTMCell,
    "gru": GRUCell,
    "rnn tanh": RNNCell,
    "rnn relu": lambda *sizes: RNNCell(*sizes, activation="relu"),
    "rnn sigmoid": lambda *sizes: RNNCell(*sizes, activation="sigmoid"),
}
every_cell = pytest.mark.parametrize("name", MAKE_CELL)


@pytest.fixture
def kernel_calls(monkeypatch):
    """Count the packed batches that kernels read."""
    calls, apply = [], own_kernels._recurrence._apply

    def counted(*args):
        calls.append(args)
        return apply(*args)

    monkeypatch.setattr(own_kernels._recurrence, "_apply", counted)
    return calls


def make_case(name, n_units, lengths=LENGTHS):
    """Return a cell, inputs with their layout, and a state to begin with."""
    torch.manual_seed(0)
    cell = MAKE_CELL[name](INPUT_SIZE, n_units)
    for parameter in cell.parameters():
        torch.nn.init.normal_(parameter, std=0.5 / n_units**0.5)
    steps = torch.arange(max(lengths))
    layout = PackedLayout((torch.tensor(lengths)[None] > steps[:, None]).sum(1))
    x = torch.randn(sum(lengths), INPUT_SIZE)
    state = tuple(torch.randn(len(lengths), n_units) for _ in range(cell.n_states))
    return cell, x, layout, state


def layers(cell):
    return RecurrentLayer(cell, kernels=True), RecurrentLayer(cell)


def assert_all_close(found, expected, tolerance=2e-5):
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("n_units", N_UNITS)
@every_cell
def test_states_and_last_state_equal_those_of_torch(name, n_units, kernel_calls):
    cell, x, layout, state = make_case(name, n_units)
    ours, theirs = (layer.read(x, layout, state) for layer in layers(cell))
    assert len(kernel_calls) == 1
    assert_all_close([ours[0], *ours[1]], [theirs[0], *theirs[1]])


@pytest.mark.parametrize("n_units", N_UNITS)
@every_cell
def test_gradients_from_a_state_equal_those_of_torch(name, n_units):
    cell, x, layout, state = make_case(name, n_units)
    x.requires_grad_()
    grad = torch.randn(len(x), n_units)
    ours, theirs = (
        torch.autograd.grad(layer.read(x, layout, state)[0], [x, *cell.parameters()], grad)
        for layer in layers(cell)
    )
    assert_all_close(ours, theirs, tolerance=5e-5)


@every_cell
def test_inputs_that_repeat_meet_the_state_too(name):
    cell, x, layout, state = make_case(name, 16)
    rows = x[:6].clone().requires_grad_()
    inputs = UniqueRows(rows, torch.arange(len(x)) % 6)
    grad = torch.randn(len(x), 16)
    results = []
    for layer in layers(cell):
        states, last = layer.read(inputs, layout, state)
        grads = torch.autograd.grad(states, [rows, *cell.parameters()], grad)
        results.append([states, *last, *grads])
    assert_all_close(*results, tolerance=1e-4)


@pytest.mark.parametrize("n_steps", [1, 4])
@every_cell
def test_reading_in_windows_equals_one_long_read(name, n_steps):
    """To the bit: each window begins with the very numbers of the one before it."""
    cell, x, layout, _ = make_case(name, 40)
    layer = RecurrentLayer(cell, kernels=True)
    expected, expected_last = layer.read(x, layout)
    windows = layout.batch_sizes.split(n_steps)
    outputs, ended, state = [], [], None
    for part, window in zip(x.split([int(w.sum()) for w in windows]), windows, strict=True):
        if state is not None:
            ended.insert(0, tuple(s[window[0] :] for s in state))
            state = tuple(s[: window[0]] for s in state)
        output, state = layer.read(part, PackedLayout(window), state)
        outputs.append(output)
    last = map(torch.cat, zip(state, *ended, strict=True))
    assert torch.equal(torch.cat(outputs), expected)
    assert all(map(torch.equal, last, expected_last))


@every_cell
def test_a_state_of_zeros_is_none(name):
    cell, x, layout, state = make_case(name, 16)
    layer, grad = RecurrentLayer(cell, kernels=True), torch.randn(len(x), 16)
    results = []
    for given in (None, tuple(map(torch.zeros_like, state))):
        states = layer(x, layout, given)
        results.append([states, *torch.autograd.grad(states, [*cell.parameters()], grad)])
    assert_all_close(*results, tolerance=1e-6)
    assert torch.equal(results[0][0], results[1][0])


# Not a ReLU: at its kink, rounding decides which gradients there are.
@pytest.mark.parametrize("name", ["lstm", "gru", "rnn tanh"])
def test_bfloat16_reads_on_from_a_state(name):
    cell, x, layout, state = make_case(name, 16)
    grad = torch.randn(len(x), 16)
    results = []
    for precision in (torch.float32, torch.bfloat16):
        with torch.autocast("cpu", precision, enabled=precision != torch.float32):
            states, last = RecurrentLayer(cell, kernels=True).read(x, layout, state)
        grads = torch.autograd.grad(states, [*cell.parameters()], grad)
        assert {part.dtype for part in (states, *last)} == {torch.float32}
        results.append([states, *last, *(g / g.abs().max() for g in grads)])
    exact, rough = results
    assert not torch.equal(exact[0], rough[0])
    assert_all_close(exact, rough, tolerance=0.03)


@every_cell
def test_threads_of_a_kernel_do_not_change_a_bit(name, monkeypatch):
    monkeypatch.setattr(own_kernels._threads, "_MIN_WORK", 0)
    for lengths in ([9], [9, 9, 4, 1, 1], LENGTHS):
        cell, x, layout, state = make_case(name, 40, lengths)
        x.requires_grad_()
        grad, results = torch.randn(len(x), 40), []
        for n_threads in (1, 2, 3, 7):
            own_kernels.set_kernel_threads(n_threads)
            try:
                states, last = RecurrentLayer(cell, kernels=True).read(x, layout, state)
                grads = torch.autograd.grad(states, [x, *cell.parameters()], grad)
                results.append([states, *last, *grads])
            finally:
                own_kernels.set_kernel_threads(1)
        for others in results[1:]:
            assert all(map(torch.equal, results[0], others))


@pytest.fixture
def steps(monkeypatch):
    """Count the steps that are computed by the kernel for one step."""
    calls, step = [], own_kernels._recurrence.step

    def counted(*args):
        calls.append(args)
        return step(*args)

    monkeypatch.setattr(own_kernels._recurrence, "step", counted)
    return calls


# Few documents, and some that fill no vector, one, and more than a kernel reads side by side.
@pytest.mark.parametrize("n_documents", [1, 3, 4, 5, 16, 27, 70])
@pytest.mark.parametrize("n_units", [1, *N_UNITS, 100])
@every_cell
def test_a_step_equals_that_of_torch(name, n_units, n_documents, steps):
    cell, x, layout, state = make_case(name, n_units, [1] * n_documents)
    with torch.no_grad():
        ours, theirs = (layer.read(x, layout, state) for layer in layers(cell))
    assert len(steps) == 1
    assert_all_close([ours[0], *ours[1]], [theirs[0], *theirs[1]], tolerance=1e-5)


@pytest.mark.parametrize("n_documents", [2, 20])
@every_cell
def test_the_first_step_begins_with_zeros(name, n_documents, steps):
    cell, x, layout, state = make_case(name, 16, [1] * n_documents)
    layer, zeros = RecurrentLayer(cell, kernels=True), tuple(map(torch.zeros_like, state))
    with torch.no_grad():
        found, expected = layer.read(x, layout), layer.read(x, layout, zeros)
    assert len(steps) == 2
    assert torch.equal(found[0], expected[0])
    assert all(map(torch.equal, found[1], expected[1]))


@every_cell
def test_steps_equal_one_long_read(name, steps):
    cell, x, _, _ = make_case(name, 24, [1] * 60)
    layer = RecurrentStack(lambda *_: cell, INPUT_SIZE, 24, kernels=True)
    state, outputs = None, []
    with torch.no_grad():
        for part in x.split(3):
            output, state = layer.read(part, PackedLayout(torch.tensor([3])), state)
            outputs.append(output)
        expected, expected_state = layer.read(x, PackedLayout(torch.full((20,), 3)))
    assert len(steps) == 20
    assert_all_close([torch.cat(outputs), *state[0]], [expected, *expected_state[0]])


def test_inputs_that_repeat_are_read_in_a_step(steps):
    cell, x, layout, state = make_case("gru", 16, [1] * 6)
    inputs = UniqueRows(x[:2], torch.tensor([0, 1, 1, 0, 1, 0]))
    layer = RecurrentLayer(cell, kernels=True)
    with torch.no_grad():
        found, expected = (layer.read(each, layout, state) for each in (inputs, inputs.dense()))
    assert len(steps) == 2
    assert torch.equal(found[0], expected[0])


@every_cell
def test_a_step_leaves_the_state_it_was_given_alone(name, steps):
    """A text may be continued in several ways from one state."""
    for n_documents in (2, 20):
        cell, x, layout, state = make_case(name, 16, [1] * n_documents)
        before = [part.clone() for part in state]
        with torch.no_grad():
            _, new = RecurrentLayer(cell, kernels=True).read(x, layout, state)
        assert all(map(torch.equal, state, before))
        assert not any(map(torch.equal, state, new))
    assert len(steps) == 2


@every_cell
def test_threads_of_a_step_do_not_change_a_bit(name, monkeypatch):
    monkeypatch.setattr(own_kernels._threads, "_MIN_WORK", 0)
    for n_documents in (1, 5, 70):
        cell, x, layout, state = make_case(name, 40, [1] * n_documents)
        results = []
        for n_threads in (1, 2, 3, 7):
            own_kernels.set_kernel_threads(n_threads)
            try:
                with torch.no_grad():
                    states, last = RecurrentLayer(cell, kernels=True).read(x, layout, state)
                results.append([states, *last])
            finally:
                own_kernels.set_kernel_threads(1)
        for others in results[1:]:
            assert all(map(torch.equal, results[0], others))


def test_a_step_that_learns_is_differentiated(steps):
    cell, x, layout, state = make_case("lstm", 16, [1] * 6)
    states, _ = RecurrentLayer(cell, kernels=True).read(x, layout, state)
    states.sum().backward()
    assert not steps
    assert cell.weight_hh.grad.abs().sum() > 0


@every_cell
def test_the_state_is_a_constant(name):
    cell, x, layout, state = make_case(name, 16)
    given = tuple(part.requires_grad_() for part in state)
    states, last = RecurrentLayer(cell, kernels=True).read(x, layout, given)
    assert not any(part.requires_grad for part in last)
    states.sum().backward()
    assert all(part.grad is None for part in given)


@every_cell
def test_a_state_that_has_changed_is_no_longer_differentiated(name):
    """The way back reads it once more: silence would be a wrong gradient."""
    cell, x, layout, state = make_case(name, 16)
    states, _ = RecurrentLayer(cell, kernels=True).read(x, layout, state)
    state[0].zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        states.sum().backward()


@pytest.mark.parametrize("n_units", [7, 16])
def test_the_state_keeps_no_batch_in_memory(n_units):
    cell, x, layout, state = make_case("lstm", n_units)
    _, last = RecurrentLayer(cell, kernels=True).read(x, layout, state)
    for part in last:
        assert part.untyped_storage().nbytes() == part.numel() * part.element_size()


def test_a_state_of_another_shape_is_refused():
    """A kernel reads by address, and so beyond what is too short."""
    cell, x, layout, (h, c) = make_case("lstm", 16)
    layer = RecurrentLayer(cell, kernels=True)
    for state in ((h,), (h, c[:, :8]), (h[0], c), (h, c, c)):
        with pytest.raises(ValueError, match=r"[Tt]he state (of LSTMCell )?must"):
            layer.read(x, layout, state)


def test_a_state_of_another_precision_is_converted():
    cell, x, layout, state = make_case("gru", 16)
    layer = RecurrentLayer(cell, kernels=True)
    expected = layer(x, layout, state)
    assert torch.equal(layer(x, layout, tuple(part.double() for part in state)), expected)
