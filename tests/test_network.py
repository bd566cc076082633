from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils.rnn import pack_sequence

from sklearn_rnn.modules import (
    GRUCell,
    LastPooling,
    MeanPooling,
    RecurrentStack,
    SequenceNetwork,
    TokenEmbedding,
    _blocks,
    build_network,
)
from sklearn_rnn.modules._make_encoder import GRIDS
from sklearn_rnn.modules._pooling import POOLINGS
from sklearn_rnn.modules.cells import ACTIVATIONS, CELLS

N_TOKENS = 20
UNKNOWN_ID = 1

# Some ids lie beyond the table, and some documents are equal.
documents_of_ids = st.lists(
    st.lists(st.integers(1, N_TOKENS + 5), min_size=1, max_size=8), min_size=2, max_size=5
)

DOCUMENTS = [[3, 4], [5, 2, 9, 9, 3, 14, 2], [8], [6, 3, 11, 12, 4], [19, 1, 2]]


def make_network(**kwargs):
    torch.manual_seed(0)
    sizes = {"num_embeddings": N_TOKENS, "n_outputs": 3, "embedding_dim": 5, "hidden_size": 4}
    return build_network(**{**sizes, **kwargs})


@cache
def network_to_predict(dtype, **kwargs):
    """Return a network as for predictions, with weights of the size that training gives."""
    network = make_network(num_layers=2, **kwargs).to(dtype).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(std=0.5)
    return network


def pack(documents):
    return pack_sequence([torch.tensor(ids) for ids in documents], enforce_sorted=False)


def outputs(network, documents):
    with torch.no_grad():
        return network(pack(documents)).numpy()


every_cell = pytest.mark.parametrize("cell", CELLS)
every_pooling = pytest.mark.parametrize("pooling", POOLINGS)
# What pools does not know what cell there was: one cell of each kind meets all poolings.
every_cell_and_pooling = pytest.mark.parametrize(
    ("cell", "pooling"),
    [("lstm", pooling) for pooling in POOLINGS]
    + [(cell, "concat") for cell in (*CELLS, *GRIDS) if cell != "lstm"],
)


@every_cell_and_pooling
@settings(deadline=None, max_examples=15)
@given(documents=documents_of_ids, data=st.data(), bidirectional=st.booleans(), skip=st.booleans())
def test_a_document_does_not_depend_on_its_batch(
    cell, pooling, documents, data, bidirectional, skip
):
    network = network_to_predict(
        torch.float64, cell=cell, pooling=pooling, bidirectional=bidirectional, skip_connection=skip
    )
    together = outputs(network, documents)
    alone = np.concatenate([outputs(network, [ids]) for ids in documents])
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-10)
    order = data.draw(st.permutations(range(len(documents))))
    shuffled = outputs(network, [documents[i] for i in order])
    np.testing.assert_allclose(shuffled, together[order], rtol=0, atol=1e-10)


@every_cell
def test_a_document_does_not_depend_on_its_batch_in_float32(cell):
    network = network_to_predict(torch.float32, cell=cell)
    alone = np.concatenate([outputs(network, [ids]) for ids in DOCUMENTS])
    np.testing.assert_allclose(outputs(network, DOCUMENTS), alone, rtol=0, atol=1e-5)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@settings(deadline=None, max_examples=15)
@given(documents=documents_of_ids)
def test_no_activation_lets_documents_depend_on_their_batch(activation, documents):
    network = network_to_predict(torch.float64, cell="rnn", activation=activation)
    alone = np.concatenate([outputs(network, [ids]) for ids in documents])
    np.testing.assert_allclose(outputs(network, documents), alone, rtol=0, atol=1e-10)


@every_cell_and_pooling
def test_documents_have_the_same_gradient_in_any_batch(cell, pooling):
    """The gradient of the batch is the sum of those of its documents."""
    network = make_network(cell=cell, pooling=pooling, num_layers=2).double().eval()
    parameters = list(network.parameters())
    upstream = torch.randn(len(DOCUMENTS), 3, dtype=torch.float64)
    together = torch.autograd.grad((network(pack(DOCUMENTS)) * upstream).sum(), parameters)
    alone = [
        torch.autograd.grad((network(pack([ids]))[0] * d_outputs).sum(), parameters)
        for ids, d_outputs in zip(DOCUMENTS, upstream, strict=True)
    ]
    for gradient, *parts in zip(together, *alone, strict=True):
        torch.testing.assert_close(gradient, sum(parts), rtol=0, atol=1e-10)
        assert gradient.any()


def test_sorted_and_unsorted_packing_agree():
    network = make_network().eval()
    documents = [torch.tensor(ids) for ids in sorted(DOCUMENTS, key=len, reverse=True)]
    unsorted = network(pack_sequence(documents, enforce_sorted=False))
    assert torch.equal(network(pack_sequence(documents, enforce_sorted=True)), unsorted)


@every_cell
def test_ids_beyond_the_table_are_read_as_unknown(cell):
    network = make_network(cell=cell).eval()
    beyond = outputs(network, [[3, N_TOKENS, 4], [N_TOKENS + 70]])
    np.testing.assert_array_equal(beyond, outputs(network, [[3, UNKNOWN_ID, 4], [UNKNOWN_ID]]))


@every_cell
def test_int32_ids_give_the_outputs_of_int64_ids(cell):
    network = make_network(cell=cell).eval()
    packed = pack(DOCUMENTS)
    assert torch.equal(network(packed.to(torch.int32)), network(packed.to(torch.int64)))


@every_cell
@pytest.mark.parametrize("kind", ["dropout", "word_dropout", "recurrent_dropout"])
def test_each_dropout_acts_in_training_only(cell, kind):
    if kind == "recurrent_dropout" and not CELLS[cell].has_recurrent_weights:
        pytest.skip("there are no weights from state to state")
    without = {"dropout": 0.0, "word_dropout": 0.0, "recurrent_dropout": 0.0}
    plain, network = (
        make_network(cell=cell, **without),
        make_network(cell=cell, **without | {kind: 0.5}),
    )
    for layer in (*plain.encoder.layers[0], *network.encoder.layers[0]):
        weight = getattr(layer.cell, "weight_hh", None)
        if weight is not None and not weight.any():  # where there is nothing to zero
            torch.nn.init.ones_(weight)
    expected = outputs(plain, DOCUMENTS)
    assert not np.allclose(outputs(network, DOCUMENTS), expected)
    network.eval()
    np.testing.assert_array_equal(outputs(network, DOCUMENTS), expected)


def test_word_dropout_reads_words_as_unknown():
    network = make_network(dropout=0.0, word_dropout=0.999)
    expected = outputs(make_network(dropout=0.0, word_dropout=0.0), [[UNKNOWN_ID] * 3])
    np.testing.assert_allclose(outputs(network, [[4, 5, 6]]), expected, rtol=0, atol=1e-6)


@every_cell
def test_sparse_gradient_equals_the_dense_one(cell):
    gradients = {}
    for sparse in (True, False):
        network = make_network(cell=cell, sparse=sparse).double().eval()
        network(pack([*DOCUMENTS, [N_TOKENS, 3]])).square().sum().backward()
        gradients[sparse] = {name: p.grad for name, p in network.named_parameters()}
    table = gradients[True].pop("embedding.table.weight")
    assert table.is_sparse
    expected = gradients[False].pop("embedding.table.weight")
    torch.testing.assert_close(table.to_dense(), expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(gradients[True], gradients[False], rtol=0, atol=1e-12)


@every_cell
@pytest.mark.parametrize("bidirectional", [False, True])
def test_network_computes_no_step_on_padding(cell, bidirectional, monkeypatch):
    monkeypatch.setattr(_blocks, "MAX_PADDING", 0)
    network = make_network(cell=cell, bidirectional=bidirectional, num_layers=2)
    counts = []
    cells = [layer.cell for directions in network.encoder.layers for layer in directions]
    for c in cells:
        c.register_forward_pre_hook(lambda c, args: counts.append(args[0].shape[:2].numel()))
    network(pack(DOCUMENTS))
    assert sum(counts) == len(cells) * sum(map(len, DOCUMENTS))


@pytest.mark.parametrize("bidirectional", [False, True])
def test_last_pooling_is_the_state_after_the_whole_document(bidirectional):
    network = make_network(
        cell="gru", pooling="last", bidirectional=bidirectional, skip_connection=False
    )
    network = network.double().eval()
    vectors = network.encode(pack(DOCUMENTS))
    for ids, vector in zip(DOCUMENTS, vectors, strict=True):
        expected = []
        for layer, order in zip(network.encoder.layers[0], (1, -1), strict=False):
            x = network.embedding(torch.tensor(ids[::order]))[:, None]
            _, (h,) = layer.cell(x, layer.cell.initial_state(x))
            expected.append(h[0])
        torch.testing.assert_close(vector, torch.cat(expected), rtol=0, atol=1e-12)


def test_skip_connection_puts_the_mean_of_the_embeddings_beside_the_states():
    with_skip = make_network(skip_connection=True).double().eval()
    without = make_network(skip_connection=False).double().eval()
    vectors, states = with_skip.encode(pack(DOCUMENTS)), without.encode(pack(DOCUMENTS))
    means = [with_skip.embedding(torch.tensor(ids)).mean(dim=0) for ids in DOCUMENTS]
    expected = torch.cat([states, torch.stack(means)], dim=1)
    torch.testing.assert_close(vectors, expected, rtol=0, atol=1e-12)


def test_outputs_are_the_head_of_the_document_vectors():
    network = make_network().double().eval()
    expected = network.encode(pack(DOCUMENTS)) @ network.head.weight.T + network.head.bias
    torch.testing.assert_close(network(pack(DOCUMENTS)), expected, rtol=0, atol=1e-12)


@every_pooling
@pytest.mark.parametrize("skip_connection", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_outputs_have_the_columns_asked_for(pooling, bidirectional, skip_connection):
    network = make_network(
        pooling=pooling, bidirectional=bidirectional, skip_connection=skip_connection, n_outputs=7
    )
    assert outputs(network, DOCUMENTS).shape == (len(DOCUMENTS), 7)


@every_cell
@pytest.mark.parametrize("bidirectional", [False, True])
def test_build_network_stacks_the_cells_asked_for(cell, bidirectional):
    network = make_network(cell=cell, num_layers=3, bidirectional=bidirectional, hidden_size=6)
    assert [len(directions) for directions in network.encoder.layers] == [1 + bidirectional] * 3
    for directions in network.encoder.layers:
        for layer in directions:
            assert type(layer.cell) is CELLS[cell]
            assert layer.cell.hidden_size == 6


@every_pooling
def test_build_network_makes_the_pooling_asked_for(pooling):
    assert type(make_network(pooling=pooling).pooling) is POOLINGS[pooling]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_build_network_hands_the_activation_to_the_plain_cell(activation):
    network = make_network(cell="rnn", activation=activation)
    assert network.encoder.layers[0][0].cell.activation == activation


def test_build_network_equals_the_network_made_of_its_parts():
    built = make_network(
        cell="gru", pooling="mean", bidirectional=False, skip_connection=False, num_layers=2
    )
    torch.manual_seed(0)
    embedding = TokenEmbedding(N_TOKENS, 5)
    encoder = RecurrentStack(GRUCell, 5, 4, num_layers=2)
    network = SequenceNetwork(embedding, encoder, MeanPooling(4), n_outputs=3)
    expected = outputs(network.eval(), DOCUMENTS)
    np.testing.assert_array_equal(outputs(built.eval(), DOCUMENTS), expected)


def test_every_part_may_be_a_module_of_the_user():
    class Embed(torch.nn.Module):
        output_size = 2

        def forward(self, ids):
            return torch.stack([ids, -ids], dim=1).double()

    class Keep(torch.nn.Module):
        def forward(self, x, layout):
            return x

    network = SequenceNetwork(Embed(), Keep(), LastPooling(2), n_outputs=1)
    assert network.encode(pack([[5], [7, 3]])).tolist() == [[5, -5], [3, -3]]
