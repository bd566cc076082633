import pytest
import torch
from torch import nn

from sklearn_rnn.modules import (
    GridLSTM,
    GRUCell,
    LSTMCell,
    PackedLayout,
    RecurrentLayer,
    RecurrentStack,
    UniqueRows,
)
from sklearn_rnn.modules._make_cell import make_cell
from sklearn_rnn.modules.cells import CELLS

INPUT_SIZE, HIDDEN_SIZE = 3, 4
# Documents end within a window, at its end, and all at once.
LENGTHS = [11, 11, 8, 7, 6, 2, 1]

MAKE = {
    **{name: {"cell": name} for name in CELLS},
    "rnn relu": {"cell": "rnn", "activation": "relu"},
    "lstm with zoneout": {"cell": "lstm", "zoneout": 0.3},
    "lstm with state dropout": {"cell": "lstm", "state_dropout": 0.3},
    "own cell of one step": {"cell": nn.GRUCell},
    "own cell of one step with zoneout": {"cell": nn.LSTMCell, "zoneout": 0.3},
}
every_cell = pytest.mark.parametrize("case", MAKE)


def make_stack(case, *, num_layers=1, **params):
    """Return a stack in float64 in which no weight or bias is zero."""
    torch.manual_seed(0)

    def make(input_size, hidden_size):
        return make_cell(input_size, hidden_size, **MAKE[case])

    if case == "grid lstm":
        stack = GridLSTM(INPUT_SIZE, HIDDEN_SIZE, num_layers=num_layers, **params)
    else:
        stack = RecurrentStack(make, INPUT_SIZE, HIDDEN_SIZE, num_layers=num_layers, **params)
    with torch.no_grad():
        for parameter in stack.parameters():
            parameter.normal_(std=0.4)
    return stack.double().eval()


def make_batch(lengths=LENGTHS):
    batch_sizes = (torch.tensor(lengths)[None] > torch.arange(max(lengths))[:, None]).sum(1)
    x = torch.randn(sum(lengths), INPUT_SIZE, dtype=torch.float64)
    return x, PackedLayout(batch_sizes)


def cut(x, layout, n_steps):
    """Return the windows of a batch, each with its layout."""
    windows = layout.batch_sizes.split(n_steps)
    return zip(x.split([int(w.sum()) for w in windows]), map(PackedLayout, windows), strict=True)


def rows(state, n):
    return [tuple(part[:n] for part in of_layer) for of_layer in state]


def read_in_windows(stack, x, layout, n_steps):
    """Return the states of all tokens, and what is left of the state of each document."""
    outputs, ended, state = [], [], None
    for part, window in cut(x, layout, n_steps):
        if state is not None:
            ended.insert(0, [tuple(s[window.n_documents :] for s in layer) for layer in state])
            state = rows(state, window.n_documents)
        output, state = stack.read(part, window, state)
        outputs.append(output)
    ended.insert(0, state)
    by_layer = [zip(*parts, strict=True) for parts in zip(*ended, strict=True)]
    return torch.cat(outputs), [tuple(map(torch.cat, parts)) for parts in by_layer]


def assert_states_close(found, expected):
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


@pytest.mark.parametrize("n_steps", [4, 1, 11])
@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("case", [*MAKE, "grid lstm"])
def test_reading_in_windows_equals_one_long_read(case, num_layers, n_steps):
    stack = make_stack(case, num_layers=num_layers)
    x, layout = make_batch()
    expected = stack(x, layout)
    states, after = read_in_windows(stack, x, layout, n_steps)
    torch.testing.assert_close(states, expected, rtol=0, atol=1e-12)
    assert_states_close(after, stack.read(x, layout)[1])


def test_a_residual_stack_reads_in_windows_too():
    stack = make_stack("lstm", num_layers=3, residual=True)
    x, layout = make_batch()
    states, _ = read_in_windows(stack, x, layout, n_steps=4)
    torch.testing.assert_close(states, stack(x, layout), rtol=0, atol=1e-12)


@pytest.mark.parametrize("case", [*MAKE, "grid lstm"])
def test_each_document_has_the_state_after_its_own_last_token(case):
    stack = make_stack(case, num_layers=2)
    x, layout = make_batch()
    _, after = stack.read(x, layout)
    for j, length in enumerate(LENGTHS):
        alone = PackedLayout(torch.ones(length, dtype=torch.int64))
        _, expected = stack.read(x[layout.documents == j], alone)
        of_document = [tuple(part[j : j + 1] for part in layer) for layer in after]
        assert_states_close(of_document, expected)


@pytest.mark.parametrize("case", [*MAKE, "grid lstm"])
def test_forward_begins_with_the_state_too(case):
    stack = make_stack(case, num_layers=2)
    x, layout = make_batch()
    _, state = stack.read(x, layout)
    expected, _ = stack.read(x, layout, state)
    torch.testing.assert_close(stack(x, layout, state), expected, rtol=0, atol=1e-12)
    assert not torch.allclose(expected, stack(x, layout))


@pytest.mark.parametrize("case", [*MAKE, "grid lstm"])
def test_no_gradient_reaches_what_was_read_before(case):
    stack = make_stack(case, num_layers=2)
    x, layout = make_batch()
    before = x.clone().requires_grad_()
    _, state = stack.read(before, layout)
    assert not any(part.requires_grad for layer in state for part in layer)
    given = [tuple(part.clone().requires_grad_() for part in layer) for layer in state]
    states, _ = stack.read(x, layout, given)
    states.sum().backward()
    assert before.grad is None
    assert all(part.grad is None for layer in given for part in layer)
    assert all(parameter.grad is not None for parameter in stack.parameters())


@every_cell
def test_gradient_of_the_weights_counts_the_first_step(case):
    """The weights from state to state meet the given state, as it were a step of its own."""
    stack = make_stack(case)
    x, layout = make_batch([1, 1])
    _, state = stack.read(x, layout)
    weights = list(stack.parameters())

    def loss():
        return stack.read(x, layout, state)[0].square().sum()

    gradients = torch.autograd.grad(loss(), weights)
    step = 1e-6
    for weight, gradient in zip(weights, gradients, strict=True):
        flat = weight.detach().view(-1)
        for k in range(0, len(flat), 3):
            old = flat[k].item()
            flat[k] = old + step
            more = loss().item()
            flat[k] = old - step
            less = loss().item()
            flat[k] = old
            assert gradient.view(-1)[k].item() == pytest.approx(
                (more - less) / (2 * step), abs=1e-6
            )


@pytest.mark.parametrize("locked_dropout", [False, True])
def test_dropout_between_the_layers_is_drawn_anew_in_each_call(locked_dropout):
    stack = make_stack("gru", num_layers=2, dropout=0.5, locked_dropout=locked_dropout).train()
    x, layout = make_batch()
    (first, _), (second, _) = stack.read(x, layout), stack.read(x, layout)
    assert not torch.allclose(first, second)
    expected = stack.eval()(x, layout)
    torch.testing.assert_close(stack.read(x, layout)[0], expected, rtol=0, atol=1e-12)


def test_recurrent_dropout_zeroes_weights_of_a_call_with_a_state():
    stack = make_stack("lstm", recurrent_dropout=0.5).train()
    x, layout = make_batch()
    _, state = stack.read(x, layout)
    states, _ = stack.read(x, layout, state)
    states.sum().backward()
    dropped = stack.layers[0][0].cell.weight_hh.grad == 0
    assert 0.2 < dropped.double().mean() < 0.8


def test_state_dropout_keeps_its_mask_from_window_to_window():
    stack = make_stack("lstm with state dropout").train()
    x, layout = make_batch()
    _, state = stack.read(x, layout)
    _, later = stack.read(x, layout, state)
    assert torch.equal(later[0][-1], state[0][-1])
    _, fresh = stack.read(x, layout)
    assert not torch.equal(fresh[0][-1], state[0][-1])


def test_inputs_that_repeat_are_read_as_if_written_out():
    stack = make_stack("gru")
    x, layout = make_batch()
    distinct = UniqueRows(x[:5], torch.arange(len(x)) % 5)
    _, state = stack.read(x, layout)
    found, expected = (stack.read(each, layout, state) for each in (distinct, distinct.dense()))
    assert torch.equal(found[0], expected[0])
    assert_states_close(found[1], expected[1])


@pytest.mark.parametrize("case", ["lstm", "grid lstm"])
def test_a_state_is_not_carried_backwards(case):
    stack = make_stack(case, bidirectional=True)
    x, layout = make_batch()
    zeros = torch.zeros(len(LENGTHS), HIDDEN_SIZE, dtype=torch.float64)
    with pytest.raises(ValueError, match="Use bidirectional=False"):
        stack.read(x, layout)
    with pytest.raises(ValueError, match="Use bidirectional=False"):
        stack(x, layout, [(zeros, zeros)])
    with pytest.raises(ValueError, match="Only layers that read forwards"):
        RecurrentLayer(LSTMCell(3, 4), reverse=True).read(x.float(), layout)


def test_the_state_has_a_row_for_each_document():
    stack = make_stack("lstm")
    x, layout = make_batch()
    _, state = stack.read(x, layout)
    fewer, of_fewer = make_batch(LENGTHS[:3])
    with pytest.raises(ValueError, match=r"a row for each document.*: 3\. Got 7"):
        stack.read(fewer, of_fewer, state)


@pytest.mark.parametrize("case", ["lstm", "grid lstm"])
def test_the_state_has_an_entry_for_each_layer(case):
    x, layout = make_batch()
    _, state = make_stack(case, num_layers=2).read(x, layout)
    with pytest.raises(ValueError, match=r"one entry for each of 1 layers\. Got 2"):
        make_stack(case).read(x, layout, state)


def test_the_state_keeps_no_block_in_memory():
    """A text may be read over millions of steps; what is carried on must not hold them all."""
    layer = RecurrentLayer(GRUCell(INPUT_SIZE, HIDDEN_SIZE).double())
    x, layout = make_batch()
    _, state = layer.read(x, layout)
    for part in state:
        assert part.untyped_storage().nbytes() == part.numel() * part.element_size()
