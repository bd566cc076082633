from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_sequence, unpack_sequence

from sklearn_rnn.modules import (
    GRUCell,
    LSTMCell,
    PackedLayout,
    RecurrentLayer,
    RecurrentStack,
    RNNCell,
    _blocks,
)

LENGTHS = [7, 5, 5, 2, 1]
INPUT_SIZE, HIDDEN_SIZE = 3, 4


@pytest.fixture(params=[0, _blocks.MAX_PADDING], autouse=True)
def max_padding(request, monkeypatch):
    """Read small batches both as blocks of several steps and as one block with padding."""
    monkeypatch.setattr(_blocks, "MAX_PADDING", request.param)
    return request.param


# The reference reads one document alone. `forward` returns its states, and a function that
# propagates the gradient of the states back through time by hand: to the inputs and, in the order
# of the cell's parameters, to W (from the input), U (from the state) and the biases b and c.


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


# An activation, and its slope written in its value y.
ACTIVATIONS = {
    "tanh": (np.tanh, lambda y: 1 - y**2),
    "relu": (lambda a: np.maximum(a, 0), lambda y: (y > 0).astype(float)),
    "sigmoid": (sigmoid, lambda y: y * (1 - y)),
}


def rnn_forward(xs, W, U, b, c, *, activation="tanh"):
    """h_t = sigma(W x_t + b + U h_{t-1} + c)"""
    sigma, slope = ACTIVATIONS[activation]
    hs = [np.zeros(len(b))]
    for x in xs:
        hs.append(sigma(W @ x + b + U @ hs[-1] + c))

    def backward(d_states):
        d_xs, dW, dU, db = np.zeros_like(xs), np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
        d_later = np.zeros(len(b))  # what the steps after this one want of the state
        for t in reversed(range(len(xs))):
            d_a = slope(hs[t + 1]) * (d_states[t] + d_later)
            d_xs[t] = W.T @ d_a
            dW += np.outer(d_a, xs[t])
            dU += np.outer(d_a, hs[t])
            db += d_a
            d_later = U.T @ d_a
        return d_xs, [dW, dU, db, db]

    return np.array(hs[1:]), backward


def lstm_forward(xs, W, U, b, c):
    """c_t = f c_{t-1} + i g and h_t = o tanh(c_t), the gates in the order i, f, g, o"""
    size = len(b) // 4
    hs, cs, gates = [np.zeros(size)], [np.zeros(size)], []
    for x in xs:
        i, f, g, o = (W @ x + b + U @ hs[-1] + c).reshape(4, size)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        gates.append((i, f, g, o))
        cs.append(f * cs[-1] + i * g)
        hs.append(o * np.tanh(cs[-1]))

    def backward(d_states):
        d_xs, dW, dU, db = np.zeros_like(xs), np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
        dh_later, dc_later = np.zeros(size), np.zeros(size)
        for t in reversed(range(len(xs))):
            i, f, g, o = gates[t]
            tanh_c = np.tanh(cs[t + 1])
            dh = d_states[t] + dh_later
            dc = dc_later + dh * o * (1 - tanh_c**2)
            d_a = np.concatenate(
                [
                    dc * g * i * (1 - i),
                    dc * cs[t] * f * (1 - f),
                    dc * i * (1 - g**2),
                    dh * tanh_c * o * (1 - o),
                ]
            )
            d_xs[t] = W.T @ d_a
            dW += np.outer(d_a, xs[t])
            dU += np.outer(d_a, hs[t])
            db += d_a
            dh_later, dc_later = U.T @ d_a, dc * f
        return d_xs, [dW, dU, db, db]

    return np.array(hs[1:]), backward


def gru_forward(xs, W, U, b, c):
    """h_t = (1 - z) n + z h_{t-1} with n = tanh(W_n x_t + b_n + r (U_n h_{t-1} + c_n))"""
    size = len(b) // 3
    hs, gates = [np.zeros(size)], []
    for x in xs:
        x_r, x_z, x_n = (W @ x + b).reshape(3, size)
        h_r, h_z, h_n = (U @ hs[-1] + c).reshape(3, size)
        r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
        n = np.tanh(x_n + r * h_n)
        gates.append((r, z, n, h_n))
        hs.append((1 - z) * n + z * hs[-1])

    def backward(d_states):
        d_xs, dW, dU = np.zeros_like(xs), np.zeros_like(W), np.zeros_like(U)
        db, dc = np.zeros_like(b), np.zeros_like(c)
        d_later = np.zeros(size)
        for t in reversed(range(len(xs))):
            r, z, n, h_n = gates[t]
            dh = d_states[t] + d_later
            d_n = dh * (1 - z) * (1 - n**2)
            d_z = dh * (hs[t] - n) * z * (1 - z)
            d_r = d_n * h_n * r * (1 - r)
            # The reset gate stands between the two sides of the proposal.
            from_x = np.concatenate([d_r, d_z, d_n])
            from_h = np.concatenate([d_r, d_z, d_n * r])
            d_xs[t] = W.T @ from_x
            dW += np.outer(from_x, xs[t])
            dU += np.outer(from_h, hs[t])
            db += from_x
            dc += from_h
            d_later = dh * z + U.T @ from_h
        return d_xs, [dW, dU, db, dc]

    return np.array(hs[1:]), backward


def stack_forward(forward, xs, layers, residual=False):
    """Read one document by a stack, `layers` holding the weights [depth][direction]."""
    backwards = []
    for depth, directions in enumerate(layers):
        states, steps_back = [], []
        for weights, turn in zip(directions, (slice(None), slice(None, None, -1)), strict=False):
            outputs, backward = forward(xs[turn], *weights)
            states.append(outputs[turn])
            steps_back.append((backward, turn))
        xs = np.concatenate(states, axis=1) + (xs if residual and depth else 0)
        backwards.append(steps_back)

    def backward(d_states):
        gradients = []
        for depth in reversed(range(len(backwards))):
            steps_back = backwards[depth]
            parts = np.split(d_states, len(steps_back), axis=1)
            d_states, of_layer = d_states if residual and depth else 0, []
            for part, (step_back, turn) in zip(parts, steps_back, strict=True):
                d_xs, d_weights = step_back(part[turn])
                d_states = d_states + d_xs[turn]
                of_layer.append(d_weights)
            gradients.insert(0, of_layer)
        return d_states, gradients

    return xs, backward


# How the cell is made, its reference, and torch's layer where there is one.
CASES = {
    "rnn tanh": (RNNCell, rnn_forward, nn.RNN),
    "rnn relu": (
        partial(RNNCell, activation="relu"),
        partial(rnn_forward, activation="relu"),
        partial(nn.RNN, nonlinearity="relu"),
    ),
    "rnn sigmoid": (
        partial(RNNCell, activation="sigmoid"),
        partial(rnn_forward, activation="sigmoid"),
        None,
    ),
    "lstm": (LSTMCell, lstm_forward, nn.LSTM),
    "gru": (GRUCell, gru_forward, nn.GRU),
}

every_case = pytest.mark.parametrize("case", CASES)
every_direction = pytest.mark.parametrize("bidirectional", [False, True])
every_way_up = pytest.mark.parametrize("residual", [False, True])
every_depth = pytest.mark.parametrize("num_layers", [1, 2, 3])


def make_stack(case, *, num_layers=1, bidirectional=False, **kwargs):
    """Return a stack in float64 in which no weight or bias is zero."""
    torch.manual_seed(0)
    stack = RecurrentStack(
        CASES[case][0],
        INPUT_SIZE,
        HIDDEN_SIZE,
        num_layers=num_layers,
        bidirectional=bidirectional,
        **kwargs,
    ).double()
    with torch.no_grad():
        for parameter in stack.parameters():
            parameter.normal_(std=0.5)
    return stack


def make_documents(lengths=LENGTHS):
    return [torch.randn(n, INPUT_SIZE, dtype=torch.float64) for n in lengths]


def read(module, documents):
    """Return a module's states of each document."""
    packed = pack_sequence(documents)
    states = module(packed.data, PackedLayout(packed.batch_sizes))
    return unpack_sequence(PackedSequence(states, packed.batch_sizes))


def weights_of(stack):
    return [
        [[p.detach().numpy() for p in layer.cell.parameters()] for layer in directions]
        for directions in stack.layers
    ]


@every_case
@every_direction
@every_depth
@every_way_up
def test_states_equal_the_equations(case, bidirectional, num_layers, residual):
    shape = {"num_layers": num_layers, "bidirectional": bidirectional, "residual": residual}
    stack = make_stack(case, **shape)
    documents = make_documents()
    for xs, states in zip(documents, read(stack, documents), strict=True):
        expected, _ = stack_forward(CASES[case][1], xs.numpy(), weights_of(stack), residual)
        np.testing.assert_allclose(states.detach().numpy(), expected, rtol=0, atol=1e-9)


@every_case
@every_direction
@every_depth
@every_way_up
def test_gradient_equals_backpropagation_by_hand(case, bidirectional, num_layers, residual):
    shape = {"num_layers": num_layers, "bidirectional": bidirectional, "residual": residual}
    stack = make_stack(case, **shape)
    documents = [xs.requires_grad_() for xs in make_documents()]
    upstream = [torch.randn(n, stack.output_size, dtype=torch.float64) for n in LENGTHS]
    states = read(stack, documents)
    sum((s * u).sum() for s, u in zip(states, upstream, strict=True)).backward()

    gradients = []
    for xs, d_states in zip(documents, upstream, strict=True):
        inputs = xs.detach().numpy()
        _, backward = stack_forward(CASES[case][1], inputs, weights_of(stack), residual)
        d_xs, d_weights = backward(d_states.numpy())
        np.testing.assert_allclose(xs.grad.numpy(), d_xs, rtol=0, atol=1e-9)
        gradients.append(d_weights)
    for depth, directions in enumerate(stack.layers):
        for direction, layer in enumerate(directions):
            for k, parameter in enumerate(layer.cell.parameters()):
                expected = sum(of_document[depth][direction][k] for of_document in gradients)
                np.testing.assert_allclose(parameter.grad.numpy(), expected, rtol=0, atol=1e-9)


@every_direction
@every_depth
@pytest.mark.parametrize("case", [case for case in CASES if CASES[case][2]])
def test_stack_equals_the_layer_of_torch(case, bidirectional, num_layers):
    stack = make_stack(case, num_layers=num_layers, bidirectional=bidirectional)
    theirs = CASES[case][2](
        INPUT_SIZE, HIDDEN_SIZE, num_layers=num_layers, bidirectional=bidirectional
    ).double()
    pairs = []
    for depth, directions in enumerate(stack.layers):
        for layer, suffix in zip(directions, ("", "_reverse"), strict=False):
            for name, parameter in layer.cell.named_parameters():
                pairs.append((parameter, getattr(theirs, f"{name}_l{depth}{suffix}")))
    assert len(pairs) == len(list(theirs.parameters()))
    for ours, copy in pairs:
        copy.data.copy_(ours.data)

    packed = pack_sequence(make_documents())
    states = stack(packed.data, PackedLayout(packed.batch_sizes))
    expected = theirs(packed)[0].data
    torch.testing.assert_close(states, expected, rtol=0, atol=1e-9)
    upstream = torch.randn_like(states)
    (states * upstream).sum().backward()
    (expected * upstream).sum().backward()
    for ours, copy in pairs:
        torch.testing.assert_close(ours.grad, copy.grad, rtol=0, atol=1e-9)


@every_case
@pytest.mark.parametrize("reverse", [False, True])
def test_layer_reads_a_document_as_if_alone(case, reverse):
    layer = RecurrentLayer(CASES[case][0](INPUT_SIZE, HIDDEN_SIZE).double(), reverse=reverse)
    documents = make_documents([9, 4, 4, 3, 1, 1])
    for xs, states in zip(documents, read(layer, documents), strict=True):
        torch.testing.assert_close(states, read(layer, [xs])[0], rtol=0, atol=1e-12)


@every_case
def test_reversed_layer_reads_the_reversed_document(case):
    cell = CASES[case][0](INPUT_SIZE, HIDDEN_SIZE).double()
    documents = make_documents()
    backwards = read(RecurrentLayer(cell, reverse=True), documents)
    forwards = read(RecurrentLayer(cell), [xs.flip(0) for xs in documents])
    for ours, expected in zip(backwards, forwards, strict=True):
        torch.testing.assert_close(ours, expected.flip(0), rtol=0, atol=1e-12)


@every_case
@every_direction
@pytest.mark.parametrize("recurrent_dropout", [0.0, 0.5])
@pytest.mark.parametrize("lengths", [LENGTHS, [3, 3], [40, 2, 1, 1]], ids=str)
def test_few_steps_are_computed_on_padding(
    case, bidirectional, recurrent_dropout, lengths, max_padding
):
    stack = make_stack(
        case, num_layers=2, bidirectional=bidirectional, recurrent_dropout=recurrent_dropout
    )
    counts = []
    cells = [layer.cell for directions in stack.layers for layer in directions]
    for cell in cells:
        cell.register_forward_pre_hook(lambda _, args: counts.append(args[0].shape[:2].numel()))
    read(stack, make_documents(lengths))
    if max_padding == 0:
        assert sum(counts) == len(cells) * sum(lengths)
    else:
        assert sum(counts) <= len(cells) * sum(lengths) + len(counts) * max_padding


@every_case
def test_recurrent_dropout_zeroes_weights_once_for_the_whole_batch(case):
    p = 0.4
    stack = make_stack(case, recurrent_dropout=p)
    weight = stack.layers[0][0].cell.weight_hh
    with torch.no_grad():
        for parameter in stack.parameters():
            parameter.abs_()  # so that no unit of "relu" is silent
    documents = [xs.abs() for xs in make_documents()]
    states = torch.cat(read(stack, documents))
    states.sum().backward()
    kept = weight.grad != 0
    assert 0 < kept.sum() < kept.numel()
    with torch.no_grad():
        weight.mul_(kept.double() / (1 - p))
    expected = torch.cat(read(stack.eval(), documents))
    torch.testing.assert_close(states, expected, rtol=0, atol=1e-12)


def test_recurrent_dropout_drops_the_share_asked_for():
    torch.manual_seed(0)
    layer = RecurrentLayer(GRUCell(2, 50), recurrent_dropout=0.3)
    (states,) = read(layer, [torch.randn(4, 2)])
    states.sum().backward()
    dropped = layer.cell.weight_hh.grad == 0
    assert abs(dropped.double().mean().item() - 0.3) < 0.03


@every_case
def test_recurrent_dropout_draws_anew_in_every_batch(case):
    stack, documents = make_stack(case, recurrent_dropout=0.5), make_documents()
    first, second = (torch.cat(read(stack, documents)) for _ in range(2))
    assert not torch.allclose(first, second)


@every_case
def test_recurrent_dropout_leaves_the_weights_alone(case):
    stack = make_stack(case, recurrent_dropout=0.5)
    before = [parameter.detach().clone() for parameter in stack.parameters()]
    read(stack, make_documents())
    for parameter, old in zip(stack.parameters(), before, strict=True):
        assert torch.equal(parameter, old)


@every_case
@pytest.mark.parametrize("kind", ["dropout", "recurrent_dropout"])
def test_dropout_acts_in_training_only(case, kind):
    plain = make_stack(case, num_layers=2)
    dropped = make_stack(case, num_layers=2, **{kind: 0.5})
    documents = make_documents()
    expected = torch.cat(read(plain, documents))
    assert not torch.allclose(torch.cat(read(dropped, documents)), expected)
    dropped.eval()
    assert torch.equal(torch.cat(read(dropped, documents)), expected)


@pytest.mark.parametrize("num_layers", [2, 3])
def test_dropout_acts_between_the_layers(num_layers):
    stack = make_stack("rnn tanh", num_layers=num_layers, dropout=0.5)
    seen = []
    for directions in stack.layers:
        directions[0].register_forward_pre_hook(lambda layer, args: seen.append(args[0]))
    documents = [xs.abs() for xs in make_documents([60, 40])]
    top = torch.cat(read(stack, documents))
    assert (seen[0] != 0).all()
    for between in seen[1:]:
        assert 0.3 < (between == 0).double().mean() < 0.7
    assert (top != 0).all()


def test_dropout_leaves_what_goes_past_a_residual_layer():
    stack = make_stack("lstm", num_layers=2, dropout=0.5, residual=True)
    states = {}
    for depth, (layer,) in enumerate(stack.layers):
        layer.register_forward_hook(lambda layer, args, output, d=depth: states.update({d: output}))
    packed = pack_sequence(make_documents())
    top = stack(packed.data, PackedLayout(packed.batch_sizes))
    torch.testing.assert_close(top, states[0] + states[1], rtol=0, atol=0)


@every_direction
def test_output_size_is_the_width_of_the_states(bidirectional):
    stack = make_stack("gru", num_layers=2, bidirectional=bidirectional)
    assert read(stack, make_documents([2]))[0].shape == (2, stack.output_size)


@every_case
def test_state_dict_moves_to_a_new_stack(case):
    stack = make_stack(case, num_layers=2, bidirectional=True)
    other = RecurrentStack(
        CASES[case][0], INPUT_SIZE, HIDDEN_SIZE, num_layers=2, bidirectional=True
    ).double()
    other.load_state_dict(stack.state_dict())
    documents = make_documents()
    assert torch.equal(torch.cat(read(stack, documents)), torch.cat(read(other, documents)))
