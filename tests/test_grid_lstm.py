import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pack_sequence

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn.modules import (
    DepthLSTM,
    GridLSTM,
    GridLSTMCell,
    LSTMCell,
    PackedLayout,
    RecurrentStack,
)
from sklearn_rnn.modules.cells._grid_lstm import PRIORITIES

INPUT_SIZE, SIZE = 3, 4
LENGTHS = [7, 5, 5, 2, 1]

every_priority = pytest.mark.parametrize("priority", PRIORITIES)
every_tying = pytest.mark.parametrize("tied", [False, True], ids=["untied", "tied"])
every_direction = pytest.mark.parametrize("bidirectional", [False, True])


# The paper's equations, for one document, a matrix for each gate over the hidden vectors of both
# dimensions together.


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def lstm(H, m, W, b):
    """(h', m') = LSTM(H, m, W), equation 2 of the paper with biases."""
    Wu, Wf, Wc, Wo = np.split(W, 4)
    bu, bf, bc, bo = np.split(b, 4)
    m = sigmoid(Wf @ H + bf) * m + sigmoid(Wu @ H + bu) * np.tanh(Wc @ H + bc)
    return np.tanh(sigmoid(Wo @ H + bo) * m), m


def block(h1, m1, h2, m2, cell, priority):
    """One block: dimension 1 is depth, dimension 2 is time."""
    V, U = (w.detach().numpy() for w in (cell.weight_ih, cell.weight_hh))
    b = (cell.bias_ih + cell.bias_hh).detach().numpy()
    W2, W1 = np.split(np.hstack([V, U]), 2)
    b2, b1 = np.split(b, 2)
    H = np.concatenate([h1, h2])
    if priority == "depth":
        new_h2, new_m2 = lstm(H, m2, W2, b2)
        new_h1, new_m1 = lstm(np.concatenate([h1, new_h2]), m1, W1, b1)
    elif priority == "time":
        new_h1, new_m1 = lstm(H, m1, W1, b1)
        new_h2, new_m2 = lstm(np.concatenate([new_h1, h2]), m2, W2, b2)
    else:
        new_h1, new_m1 = lstm(H, m1, W1, b1)
        new_h2, new_m2 = lstm(H, m2, W2, b2)
    return new_h1, new_m1, new_h2, new_m2


def grid_states(xs, grid, priority):
    """The hidden vectors of the top at each step, the blocks computed step by step."""
    outputs = []
    for direction, projection in enumerate(grid.projections):
        cells = [
            grid.layers[depth % len(grid.layers)][direction].cell
            for depth in range(grid.num_layers)
        ]
        time = [(np.zeros(SIZE), np.zeros(SIZE)) for _ in cells]
        tops = []
        for x in xs[:: -1 if direction else 1]:
            h1, m1 = np.split(
                projection.weight.detach().numpy() @ x + projection.bias.detach().numpy(), 2
            )
            for depth, cell in enumerate(cells):
                h1, m1, *new = block(h1, m1, *time[depth], cell, priority)
                time[depth] = new
            tops.append(h1)
        outputs.append(np.array(tops[:: -1 if direction else 1]))
    return np.hstack(outputs)


def make_grid(**params):
    torch.manual_seed(0)
    grid = GridLSTM(INPUT_SIZE, SIZE, **{"num_layers": 3, **params}).double()
    with torch.no_grad():
        for parameter in grid.parameters():
            parameter.normal_(std=0.7)
    return grid


def make_documents(lengths=LENGTHS):
    torch.manual_seed(1)
    return [torch.randn(n, INPUT_SIZE, dtype=torch.float64) for n in lengths]


def read(grid, documents):
    packed = pack_sequence(documents)
    layout = PackedLayout(packed.batch_sizes)
    states = grid(packed.data, layout)
    return [states[layout.documents == j] for j in range(len(documents))]


@every_priority
@every_tying
@every_direction
def test_states_equal_the_equations(priority, tied, bidirectional):
    grid = make_grid(priority=priority, tied=tied, bidirectional=bidirectional)
    documents = make_documents()
    for xs, states in zip(documents, read(grid, documents), strict=True):
        expected = grid_states(xs.numpy(), grid, priority)
        np.testing.assert_allclose(states.detach().numpy(), expected, rtol=0, atol=1e-12)


def test_priorities_differ():
    grids = [make_grid(priority=priority) for priority in PRIORITIES]
    documents = make_documents([5])
    depth, time, neither = (read(grid, documents)[0] for grid in grids)
    for first, second in [(depth, time), (time, neither), (neither, depth)]:
        assert not torch.allclose(first, second)


@every_priority
def test_gradient_equals_finite_differences(priority):
    cell = GridLSTMCell(SIZE, priority).double()
    names, weights = zip(*cell.named_parameters(), strict=True)
    x = torch.randn(3, 2, 2 * SIZE, dtype=torch.float64)
    state = torch.randn(2, 2, SIZE, dtype=torch.float64)

    def run(x, state, *weights):
        parameters = dict(zip(names, weights, strict=True))
        outputs, final = torch.func.functional_call(cell, parameters, (x, tuple(state)))
        return outputs, *final

    inputs = [tensor.detach().requires_grad_() for tensor in (x, state, *weights)]
    assert torch.autograd.gradcheck(run, inputs, fast_mode=True)


@every_priority
@every_direction
def test_a_document_does_not_depend_on_its_batch(priority, bidirectional):
    grid = make_grid(priority=priority, bidirectional=bidirectional)
    documents = make_documents([120, 7, 5, 5, 1])
    for xs, states in zip(documents, read(grid, documents), strict=True):
        torch.testing.assert_close(states, read(grid, [xs])[0], rtol=0, atol=1e-12)


@every_tying
def test_tied_layers_share_their_weights(tied):
    n_parameters = [
        sum(p.numel() for p in make_grid(num_layers=n, tied=tied).parameters()) for n in (1, 5)
    ]
    of_block = 8 * SIZE * (2 * SIZE + 2)
    assert n_parameters[1] - n_parameters[0] == (0 if tied else 4 * of_block)


def test_dropout_leaves_the_memories():
    grid = make_grid(num_layers=2, dropout=0.5)
    seen = []
    grid.layers[1][0].register_forward_pre_hook(lambda layer, args: seen.append(args[0]))
    read(grid, make_documents())
    h, m = seen[0].chunk(2, dim=1)
    assert (h == 0).any()
    assert (m != 0).all()


@pytest.mark.parametrize("kind", ["dropout", "recurrent_dropout"])
def test_dropout_acts_in_training_only(kind):
    documents = make_documents()
    expected = torch.cat(read(make_grid(), documents))
    grid = make_grid(**{kind: 0.5})
    assert not torch.allclose(torch.cat(read(grid, documents)), expected)
    assert torch.equal(torch.cat(read(grid.eval(), documents)), expected)


@every_tying
def test_gradients_reach_the_lowest_of_many_layers(tied):
    """The memory carries them, where those of a stack as deep have vanished."""

    def gradient_below(network):
        x = torch.randn(6, INPUT_SIZE, requires_grad=True)
        layout = PackedLayout(torch.ones(6, dtype=torch.int64))
        return torch.autograd.grad(network(x, layout).square().sum().sqrt(), x)[0].norm()

    torch.manual_seed(0)
    stack = RecurrentStack(LSTMCell, INPUT_SIZE, 16, num_layers=30)
    grid = GridLSTM(INPUT_SIZE, 16, num_layers=30, tied=tied)
    assert gradient_below(grid) > 100 * gradient_below(stack)


@every_priority
def test_forget_gates_of_both_dimensions_start_open(priority):
    cell = GridLSTMCell(2, priority)
    bias = (cell.bias_ih + cell.bias_hh).tolist()
    assert bias == [0, 0, 1, 1, 0, 0, 0, 0] * 2


def test_an_unknown_priority_is_refused():
    with pytest.raises(ValueError, match="priority must be one of"):
        GridLSTMCell(2, "width")


def depth_states(x, network):
    """The paper's LSTM along the depth alone, for one vector."""
    h, m = np.split(
        network.projection.weight.detach().numpy() @ x + network.projection.bias.detach().numpy(), 2
    )
    for depth in range(network.num_layers):
        layer = network.layers[depth % len(network.layers)]
        h, m = lstm(h, m, layer.weight.detach().numpy(), layer.bias.detach().numpy())
    return h


@every_tying
def test_depth_lstm_equals_the_equations(tied):
    torch.manual_seed(0)
    network = DepthLSTM(INPUT_SIZE, SIZE, num_layers=4, tied=tied).double()
    x = torch.randn(5, INPUT_SIZE, dtype=torch.float64)
    expected = [depth_states(row.numpy(), network) for row in x]
    np.testing.assert_allclose(network(x).detach().numpy(), expected, rtol=0, atol=1e-12)
    assert len(network.layers) == (1 if tied else 4)


@pytest.mark.parametrize("cell", ["grid_lstm", "tied_grid_lstm"])
def test_classifier_with_a_grid(cell):
    X, y = ["good, not bad", "bad, not good"] * 20, [1, 0] * 20
    params = {"cell": cell, "num_layers": 3, "hidden_size": 8, "embedding_dim": 8, "lr": 0.02}
    params |= {"embedding": None, "wide_weight": 0, "max_epochs": 8, "device": "cpu"}
    clf = RNNTextClassifier(**params, random_state=0)
    clf.fit(X, y)
    assert clf.score(X, y) == 1
    together = clf.predict_proba(["good", "bad and not good at all", "bad"])
    np.testing.assert_allclose(clf.predict_proba(["good"]), together[:1], rtol=0, atol=1e-6)
    layers = clf.module_.encoder.layers
    assert len(layers) == (1 if cell.startswith("tied") else 3)


@pytest.mark.parametrize(
    "params",
    [
        {"zoneout": 0.1},
        {"variational_dropout": True},
        {"forget_bias": 2.0},
        {"recurrent_init": "identity"},
    ],
    ids=lambda params: next(iter(params)),
)
def test_what_a_grid_has_no_place_for_is_refused(params):
    clf = RNNTextClassifier(cell="grid_lstm", **params)
    with pytest.raises(ValueError, match=f"cell='grid_lstm' cannot be.*{next(iter(params))}"):
        clf.fit(["a b", "c"] * 4, [0, 1] * 4)
