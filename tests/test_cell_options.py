"""How cells start, and what regularises them: zoneout and dropout of the state."""

import math

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pack_sequence

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn.inspection import trace
from sklearn_rnn.inspection._gates import names_gates
from sklearn_rnn.modules import (
    CoupledLSTMCell,
    Dropout,
    GRUCell,
    LockedDropout,
    LSTMCell,
    PackedLayout,
    QRNNCell,
    RecurrentLayer,
    RecurrentStack,
    StateDropout,
    StepCell,
    Zoneout,
    build_network,
)
from sklearn_rnn.modules._cell_start import start_forget_bias, start_recurrent_weights
from sklearn_rnn.modules._dropout import dropout_generator
from sklearn_rnn.modules._make_cell import make_cell
from sklearn_rnn.modules.cells import CELLS

SIZE = 5
every_cell = pytest.mark.parametrize("cell", CELLS)


def read(module, documents):
    packed = pack_sequence(documents)
    layout = PackedLayout(packed.batch_sizes)
    states = module(packed.data, layout)
    return [states[layout.documents == j] for j in range(len(documents))]


def make_documents(lengths=(6, 4, 1)):
    return [torch.randn(n, 3, dtype=torch.float64) for n in lengths]


# Starts.


@every_cell
@pytest.mark.parametrize("init", ["orthogonal", "identity", "uniform"])
def test_recurrent_init(cell, init):
    made = make_cell(3, SIZE, cell=cell, recurrent_init=init)
    assert hasattr(made, "weight_hh") == made.has_recurrent_weights
    if not made.has_recurrent_weights:
        return
    if made.weight_hh.dim() == 1:
        torch.manual_seed(0)
        start = make_cell(3, SIZE, cell=cell).weight_hh
        torch.manual_seed(0)
        assert torch.equal(make_cell(3, SIZE, cell=cell, recurrent_init=init).weight_hh, start)
    else:
        for gate in made.weight_hh.detach().split(SIZE):
            if init == "uniform":
                assert 0.1 < gate.abs().max() <= SIZE**-0.5
            else:
                torch.testing.assert_close(gate @ gate.T, torch.eye(SIZE), rtol=0, atol=1e-5)
                assert torch.equal(gate, torch.eye(SIZE)) == (init == "identity")


def test_an_irnn_adds_up_what_it_reads():
    """The identity and relu: a plain cell that starts as a sum."""
    cell = make_cell(2, SIZE, cell="rnn", activation="relu", recurrent_init="identity")
    x = torch.rand(30, 1, 2)
    with torch.no_grad():
        cell.weight_ih.abs_()
    outputs, _ = cell(x, cell.initial_state(x))
    expected = (x @ cell.weight_ih.T).cumsum(0)
    torch.testing.assert_close(outputs, expected, rtol=1e-4, atol=1e-4)


def kept_share(cell):
    """How much of the memory a step without input keeps, for each unit."""
    size = cell.hidden_size
    bias = (cell.bias if hasattr(cell, "bias") else cell.bias_ih).detach().view(-1, size)
    if cell.keep_gate is not None:
        return torch.sigmoid(bias[cell.keep_gate])
    return 1 - torch.sigmoid(bias[cell.write_gate])


WITH_MEMORY = [name for name, c in CELLS.items() if (c.keep_gate, c.write_gate) != (None, None)]


@every_cell
def test_every_gated_cell_says_which_gate_keeps(cell):
    made = make_cell(3, SIZE, cell=cell)
    assert (cell in WITH_MEMORY) == (names_gates(made) or made.n_states > 1)


@pytest.mark.parametrize("cell", WITH_MEMORY)
def test_forget_bias_opens_the_gate_that_keeps(cell):
    shares = kept_share(make_cell(3, SIZE, cell=cell, forget_bias=2.0))
    torch.testing.assert_close(shares, torch.full((SIZE,), 1 / (1 + math.exp(-2))))


@pytest.mark.parametrize("cell", WITH_MEMORY)
def test_a_large_forget_bias_keeps_the_memory(cell):
    """What the gate is for shows in the states, not in the place of the bias alone."""
    torch.manual_seed(0)
    made = make_cell(3, SIZE, cell=cell, forget_bias=30.0).double()
    x = 0.1 * torch.randn(4, 1, 3, dtype=torch.float64)
    state = [torch.randn_like(part) for part in made.initial_state(x)]
    memory = 0 if made.n_states == 1 else 1
    _, after = made(x, tuple(state))
    if made.keep_gate is not None and made.write_gate is not None:
        return  # these add to the memory what the gate that writes lets in
    torch.testing.assert_close(after[memory], state[memory], rtol=0, atol=1e-6)


@pytest.mark.parametrize("cell", WITH_MEMORY)
def test_chrono_remembers_for_times_up_to_the_longest_document(cell):
    torch.manual_seed(0)
    made = make_cell(3, 400, cell=cell, forget_bias="chrono", max_length=100)
    times = 1 / (1 - kept_share(made))  # 1 + exp(b), with exp(b) uniform between 1 and 99
    assert 2 <= times.min() < 3
    assert 98 < times.max() <= 100.01
    assert times.mean().item() == pytest.approx(51, abs=4)
    if made.keep_gate is not None and made.write_gate is not None:
        bias = (made.bias if hasattr(made, "bias") else made.bias_ih).view(-1, 400)
        torch.testing.assert_close(bias[made.write_gate], -bias[made.keep_gate])


def test_chrono_needs_a_length():
    with pytest.raises(ValueError, match="max_length"):
        start_forget_bias(LSTMCell(2, 3), "chrono")


@pytest.mark.parametrize("cell", [name for name in CELLS if name not in WITH_MEMORY])
def test_cells_without_a_memory_ignore_the_forget_bias(cell):
    torch.manual_seed(0)
    expected = make_cell(3, SIZE, cell=cell).state_dict()
    torch.manual_seed(0)
    state = make_cell(3, SIZE, cell=cell, forget_bias=5.0).state_dict()
    assert all(torch.equal(state[name], expected[name]) for name in expected)


def test_starts_keep_what_is_trainable():
    cell = LSTMCell(2, 3)
    start_recurrent_weights(cell, "identity")
    start_forget_bias(cell, 3.0)
    assert all(parameter.requires_grad and parameter.is_leaf for parameter in cell.parameters())


def test_chrono_takes_the_longest_document_of_fit():
    X = np.zeros((8, 300), int)
    X[:, :40] = 2
    X[0, :] = 3
    params = {"forget_bias": "chrono", "lr": 1e-9, "max_epochs": 1, "hidden_size": 300}
    for crop_length, longest in [(None, 300), (60, 60)]:
        clf = RNNTextClassifier(crop_length=crop_length, random_state=0, device="cpu", **params)
        clf.fit(X, [0, 1] * 4)
        times = 1 / (1 - kept_share(clf.module_.deep.encoder.layers[0][0].cell))
        assert 0.9 * longest < times.max() < 1.01 * longest


# Zoneout.


class Scripted(GRUCell):
    """Each step returns what is written down for it."""

    def step(self, x, state):
        return (x[:, : self.hidden_size],)


def test_zoneout_keeps_units_or_takes_the_new_value():
    torch.manual_seed(0)
    cell = Zoneout(Scripted(200, 200), p=0.3)
    x = torch.randn(5, 2, 200)
    (before,) = cell.initial_state(x)
    outputs, _ = cell(x, (before,))
    shares = []
    for x_t, output in zip(x, outputs, strict=True):
        kept = output == before
        assert torch.equal(output[~kept], x_t[~kept])
        shares.append(kept.float().mean())
        before = output
    assert torch.stack(shares).mean() == pytest.approx(0.3, abs=0.04)


def test_zoneout_takes_the_mean_after_training():
    cell = Zoneout(GRUCell(3, 4), p=0.3).double().eval()
    x = torch.randn(5, 2, 3, dtype=torch.float64)
    state = cell.initial_state(x)
    outputs, _ = cell(x, state)
    for x_t, output in zip(x, outputs, strict=True):
        (new,) = cell.cell.step(x_t, state)
        state = (0.3 * state[0] + 0.7 * new,)
        torch.testing.assert_close(output, state[0], rtol=0, atol=1e-12)


def test_zoneout_zones_the_memory_too_and_not_the_input_of_a_qrnn():
    torch.manual_seed(0)
    cell = Zoneout(QRNNCell(3, 4), p=0.9)
    x = torch.randn(1, 2, 3)
    state = tuple(torch.randn_like(part) for part in cell.initial_state(x))
    _, (h, c, before) = cell(x, state)
    assert (h == state[0]).any()
    assert (c == state[1]).any()
    assert torch.equal(before, x[0])


def test_zoneout_of_a_module_of_torch_starts_from_0():
    cell = Zoneout(StepCell(torch.nn.GRUCell(3, 4)), p=0.25).eval()
    x = torch.randn(2, 2, 3)
    outputs, _ = cell(x, cell.initial_state(x))
    first = 0.75 * cell.cell.cell(x[0])
    torch.testing.assert_close(outputs[0], first)
    torch.testing.assert_close(outputs[1], 0.25 * first + 0.75 * cell.cell.cell(x[1], first))


# Dropout of the state, and between layers.


@every_cell
def test_cells_that_carry_their_hidden_state_are_those_that_say_so(cell):
    """Without weights, the next state depends on the last hidden one where it is carried."""
    made = make_cell(3, SIZE, cell=cell)
    x = torch.zeros(2, 3)
    _, *memory = made.initial_state(x[None])

    def depends_on_hidden():
        low, high = (made.step(x, (torch.full((2, SIZE), h), *memory)) for h in (0.2, 0.8))
        return any(not torch.equal(a, b) for a, b in zip(low, high, strict=True))

    reads = depends_on_hidden()
    with torch.no_grad():
        for name, weight in made.named_parameters():
            if name != "weight_hh" or weight.dim() == 2:
                weight.zero_()
    assert depends_on_hidden() == (made.carries_hidden and reads)


def test_state_dropout_zeroes_the_same_units_at_every_step():
    """Reference: the mask written out, a document at a time."""
    torch.manual_seed(0)
    cell = StateDropout(LSTMCell(3, 8), p=0.5).double()
    x = torch.randn(6, 3, 3, dtype=torch.float64)
    state = cell.initial_state(x)
    mask = state[-1]
    assert 0 < (mask == 0).double().mean() < 1
    assert not torch.equal(mask[0], mask[1])
    outputs, _ = cell(x, state)
    for j in range(3):
        h = c = torch.zeros(1, 8, dtype=torch.float64)
        for x_t, output in zip(x[:, j : j + 1], outputs[:, j : j + 1], strict=True):
            h, c = cell.cell.step(x_t, (h * mask[j : j + 1], c))
            torch.testing.assert_close(output, h, rtol=0, atol=1e-12)


def test_masks_follow_their_documents_from_block_to_block():
    torch.manual_seed(0)
    layer = RecurrentLayer(StateDropout(CoupledLSTMCell(3, 8), p=0.5).double())
    documents = make_documents([200, 60, 59, 2])
    with dropout_generator(torch.Generator().manual_seed(0)):
        masks = layer.cell.dropout(torch.ones(4, 8, dtype=torch.float64))
    with dropout_generator(torch.Generator().manual_seed(0)):
        states = read(layer, documents)
    for document, outputs, mask in zip(documents, states, masks, strict=True):
        h = c = torch.zeros(1, 8, dtype=torch.float64)
        for x_t, output in zip(document, outputs, strict=True):
            h, c = layer.cell.cell.step(x_t[None], (h * mask, c))
            torch.testing.assert_close(output, h[0], rtol=0, atol=1e-12)


def test_locked_dropout_zeroes_the_same_features_at_all_tokens():
    dropout = LockedDropout(0.5)
    ones = [torch.ones(n, 60, dtype=torch.float64) for n in (6, 4, 1)]
    dropped = read(dropout, ones)
    for document in dropped:
        assert torch.equal(document, document[:1].expand_as(document))
        assert set(document.unique().tolist()) == {0.0, 2.0}
    assert not torch.equal(dropped[0][0], dropped[1][0])
    assert torch.equal(torch.cat(read(dropout.eval(), ones)), torch.cat(ones))


@pytest.mark.parametrize("variational", [False, True])
def test_variational_dropout_is_that_of_documents(variational):
    network = build_network(
        num_embeddings=9, n_outputs=2, num_layers=2, variational_dropout=variational
    )
    kind = LockedDropout if variational else Dropout
    assert type(network.encoder.dropout) is kind


@every_cell
@pytest.mark.parametrize("params", [{"zoneout": 0.4}, {"state_dropout": 0.4}], ids=str)
def test_regularised_cells_are_plain_or_exact_after_training(cell, params):
    torch.manual_seed(0)
    if "state_dropout" in params and CELLS[cell].carries_hidden:
        with pytest.raises(ValueError, match=f"{CELLS[cell].__name__} does not"):
            make_cell(3, SIZE, cell=cell, **params)
        return
    made = make_cell(3, SIZE, cell=cell, **params).double()
    layer = RecurrentLayer(made)
    documents = make_documents((130, 4, 1))
    alone = torch.cat([read(layer.eval(), [document])[0] for document in documents])
    together = torch.cat(read(layer, documents))
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-12)
    if "state_dropout" in params:
        plain = torch.cat(read(RecurrentLayer(made.cell), documents))
        torch.testing.assert_close(together, plain, rtol=0, atol=1e-12)


@pytest.mark.parametrize("params", [{"zoneout": 0.4}, {"state_dropout": 0.4}], ids=str)
def test_threads_with_generators_draw_the_same_numbers(params):
    layer = RecurrentLayer(make_cell(3, SIZE, cell="lstm", **params).double())
    documents = make_documents()

    def draw(seed):
        with dropout_generator(torch.Generator().manual_seed(seed)):
            return torch.cat(read(layer, documents))

    assert torch.equal(draw(0), draw(0))
    assert not torch.equal(draw(0), draw(1))


def test_weights_are_dropped_under_zoneout_too():
    torch.manual_seed(0)
    stack = RecurrentStack(
        lambda i, h: Zoneout(GRUCell(i, h), 0.1), 3, SIZE, recurrent_dropout=0.5
    ).double()
    torch.cat(read(stack, make_documents())).sum().backward()
    gradient = stack.layers[0][0].cell.cell.weight_hh.grad
    assert 0.2 < (gradient == 0).double().mean() < 0.8


@pytest.mark.parametrize(
    "params",
    [
        {"zoneout": 0.2},
        {"variational_dropout": True, "recurrent_dropout": 0.2},
        {"zoneout": 0.2, "recurrent_dropout": 0.2},
        {"recurrent_init": "uniform", "forget_bias": "chrono"},
        {"pooling": "multihead_attention", "num_heads": 2, "attention_penalty": 0.1},
    ],
    ids=str,
)
def test_classifier_with_each_option_is_the_same_on_any_number_of_threads(params, monkeypatch):
    from sklearn_rnn._training import batches as batches_file

    monkeypatch.setattr(batches_file, "MIN_TOKENS_TO_CUT", 20)
    monkeypatch.setattr(batches_file, "MIN_TOKENS_TO_CUT_WITH_KERNELS", 20)
    monkeypatch.setattr(batches_file, "PART_TOKENS", 20)
    X = np.random.RandomState(0).randint(2, 9, size=(64, 12))
    small = {"embedding_dim": 4, "hidden_size": 4, "max_epochs": 1, "random_state": 0}
    fits = [
        RNNTextClassifier(
            num_layers=2, batch_size=64, n_jobs=n_jobs, device="cpu", **small, **params
        ).fit(X, np.arange(64) % 2)
        for n_jobs in (1, 3)
    ]
    np.testing.assert_array_equal(fits[0].predict_proba(X), fits[1].predict_proba(X))


def test_heads_must_divide_the_features():
    clf = RNNTextClassifier(pooling="multihead_attention", num_heads=3, hidden_size=4)
    with pytest.raises(ValueError, match=r"divisible by num_heads=3\. There are 8"):
        clf.fit(["a b", "c"] * 4, [0, 1] * 4)


def test_attention_penalty_spreads_over_the_document():
    # One word tells the class, so that plain attention learns to look at it alone.
    words = np.random.RandomState(0).randint(4, 30, size=(200, 12))
    labels = np.arange(200) % 2
    words[np.arange(200), np.arange(200) % 12] = 2 + labels

    def excess(attention_penalty):
        clf = RNNTextClassifier(
            cell="gru",
            pooling="attention",
            attention_penalty=attention_penalty,
            wide_weight=0,
            skip_connection=False,
            dropout=0,
            word_dropout=0,
            hidden_size=8,
            embedding_dim=8,
            lr=0.02,
            max_epochs=20,
            random_state=0,
        ).fit(words, labels)
        assert clf.score(words, labels) > 0.95
        return trace(clf, words[:1]).attention.max() - 1 / 12

    assert excess(0.0) > 10 * excess(1.0)
