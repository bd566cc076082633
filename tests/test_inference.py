import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune
from torch.nn.utils.rnn import pack_sequence

from sklearn_rnn._text.vocabulary import UNKNOWN_ID
from sklearn_rnn.modules import (
    AttentionPooling,
    LSTMCell,
    MGUCell,
    NGramLinear,
    WideAndDeep,
    build_network,
)
from sklearn_rnn.modules import kernels as own_kernels
from sklearn_rnn.modules._inference import make_predictor
from sklearn_rnn.modules._pooling import POOLINGS

try:
    own_kernels.load_kernels()
except RuntimeError as error:
    pytest.skip(str(error), allow_module_level=True)

N_IDS, N_OUTPUTS = 20, 3
CELLS = {
    "lstm": {"cell": "lstm"},
    "gru": {"cell": "gru"},
    "rnn_tanh": {"cell": "rnn"},
    "rnn_relu": {"cell": "rnn", "activation": "relu"},
    "rnn_sigmoid": {"cell": "rnn", "activation": "sigmoid"},
}

# Unknown tokens, ids beyond the table, repeated words, and pairs that are known.
DOCUMENTS = [[3, 4, 3, 4, 5], [UNKNOWN_ID], [N_IDS + 5, 2, 3], [7] * 6, [3, 4], [2, 3, 9, 18, 4]]
document_lists = st.lists(
    st.lists(st.integers(UNKNOWN_ID, N_IDS + 5), min_size=1, max_size=9), min_size=1, max_size=40
)


def make_network(*, is_wide=True, cell="lstm", **kwargs):
    torch.manual_seed(0)
    sizes = {"num_embeddings": N_IDS, "n_outputs": N_OUTPUTS, "embedding_dim": 5}
    sizes |= {"hidden_size": 10, "num_heads": 2, "kernels": True}
    network = build_network(**{**sizes, **CELLS.get(cell, {"cell": cell}), **kwargs})
    if is_wide:
        first, last = [2, 3, 4, 7], [3, 4, 3, 7]
        first, last = [*first, N_IDS, N_IDS + 1, N_IDS + 3], [*last, 4, 3, 7]  # and triples
        pairs = torch.tensor(first) * N_IDS + torch.tensor(last)
        n_outputs = network.head.out_features
        wide = NGramLinear(n_outputs, 1 + torch.rand(N_IDS), pairs, 1 + torch.rand(len(pairs)))
        network = WideAndDeep(network, wide, wide_weight=0.3)
    with torch.no_grad():
        for parameter in network.parameters():  # of the size that training gives
            parameter.normal_(std=0.4)
    return network.eval()


def predict(function, documents):
    """Return what the kernel gives, a row a document, or None."""
    predictor = make_predictor(function)
    if predictor is None:
        return None
    lengths = np.array([len(ids) for ids in documents])
    outputs = np.full((len(documents), predictor.n_outputs), np.nan, np.float32)
    predictor(
        np.argsort(-lengths, kind="stable"),
        np.cumsum(lengths) - lengths,
        lengths,
        np.concatenate(documents).astype(np.int32),
        outputs,
    )
    return outputs


def reference(function, documents):
    """Return what the modules give."""
    rows = [torch.tensor(ids) for ids in documents]
    with torch.no_grad():
        return function(pack_sequence(rows, enforce_sorted=False)).numpy()


def assert_same(function, documents=DOCUMENTS):
    found = predict(function, documents)
    np.testing.assert_allclose(found, reference(function, documents), rtol=2e-5, atol=2e-5)


@pytest.mark.one_at_a_time(
    cell=[*CELLS],
    bidirectional=[True, False],
    num_layers=[1, 2, 3],
    pooling=["concat", *sorted({*POOLINGS} - {"concat"})],
    is_wide=[True, False],
    skip_connection=[True, False],
    hidden_size=[10, 16, 64],
    embedding_dim=[5, 32],
    n_outputs=[3, 1, 70],
)
def test_kernel_computes_what_the_modules_do(
    cell,
    bidirectional,
    num_layers,
    pooling,
    is_wide,
    skip_connection,
    hidden_size,
    embedding_dim,
    n_outputs,
):
    network = make_network(
        is_wide=is_wide,
        cell=cell,
        bidirectional=bidirectional,
        num_layers=num_layers,
        pooling=pooling,
        skip_connection=skip_connection,
        hidden_size=hidden_size,
        embedding_dim=embedding_dim,
        n_outputs=n_outputs,
    )
    assert_same(network)


@pytest.mark.parametrize("cell", CELLS)
@given(documents=document_lists)
@settings(max_examples=25, deadline=None)
def test_any_documents_are_predicted(cell, documents):
    assert_same(make_network(cell=cell), documents)


@pytest.mark.parametrize("pooling", POOLINGS)
@given(documents=document_lists)
@settings(max_examples=15, deadline=None)
def test_outputs_of_a_document_are_the_same_to_the_bit_among_others(pooling, documents):
    network = make_network(pooling=pooling, num_layers=2)
    together = predict(network, documents)
    alone = [predict(network, [document])[0] for document in documents]
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_vectors_of_documents(pooling):
    assert_same(make_network(is_wide=False, pooling=pooling).encode)


@pytest.mark.parametrize("wide_weight", [0.0, 0.3, 0.5, 0.9, 1.0])
def test_wide_path_has_its_share(wide_weight):
    network = make_network()
    network.wide_weight = wide_weight
    assert_same(network)


def test_wide_path_without_pairs():
    network = make_network()
    network.wide = NGramLinear(N_OUTPUTS, torch.ones(N_IDS), torch.tensor([]).long(), torch.ones(0))
    nn.init.normal_(network.wide.table.weight)
    assert_same(network)


def test_wide_path_may_know_fewer_words_than_the_embedding():
    network = make_network()
    network.wide = NGramLinear(N_OUTPUTS, torch.ones(4), torch.tensor([2 * 4 + 3]), torch.ones(1))
    nn.init.normal_(network.wide.table.weight)
    assert_same(network)


@pytest.mark.parametrize("vector_size", [1, 8, 40])
@pytest.mark.parametrize("skip_connection", [True, False])
def test_vectors_of_another_size_are_projected(vector_size, skip_connection):
    assert_same(make_network(vector_size=vector_size, skip_connection=skip_connection))


def test_projections_may_have_any_size():
    network = make_network(vector_size=8)
    network.deep.embedding.projection = nn.Linear(8, 5, bias=False)
    assert_same(network)
    network.deep.embedding.projection = nn.Linear(8, 5)
    assert make_predictor(network) is None


def test_head_without_bias():
    network = make_network()
    network.deep.head.bias = None
    assert_same(network)


def test_long_documents_among_short_ones():
    generator = np.random.RandomState(0)
    documents = [generator.randint(1, N_IDS + 3, n).tolist() for n in [1, 700, 1, 2, 30, 699]]
    assert_same(make_network(), documents)


def test_weights_are_read_anew_in_each_call():
    network = make_network()
    before = predict(network, DOCUMENTS)
    for parameter in network.parameters():
        with torch.no_grad():
            parameter.add_(0.05)
        after = predict(network, DOCUMENTS)
        assert not np.array_equal(after, before)
        assert_same(network)
        before = after


def test_weights_may_lie_in_memory_in_any_order():
    network = make_network()
    expected = predict(network, DOCUMENTS)
    for parameter in network.parameters():
        parameter.data = torch.stack([parameter.data] * 2, dim=-1)[..., 0]
    assert not any(parameter.is_contiguous() for parameter in network.parameters())
    np.testing.assert_array_equal(predict(network, DOCUMENTS), expected)


@pytest.mark.parametrize("name", ["embedding.table", "encoder.layers.0.0.cell", "head"])
def test_numbers_that_are_none_come_through(name):
    network = make_network(is_wide=False, bidirectional=False)
    with torch.no_grad():
        for parameter in network.get_submodule(name).parameters():
            parameter[...] = torch.nan
    assert np.isnan(predict(network, DOCUMENTS)).all()


def add_hook(network):
    network.deep.embedding.register_forward_hook(lambda module, args, output: output + 1)


def add_pre_hook(network):
    network.wide.register_forward_pre_hook(lambda module, args: args)


def replace_forward(network):
    pooling = network.deep.pooling
    pooling.forward = lambda states, layout: type(pooling).forward(pooling, states, layout) * 2


def replace_method(network):
    wide = network.wide
    wide.features = lambda ids: NGramLinear.features(wide, ids)


def replace_module(network):
    class Doubled(nn.Linear):
        def forward(self, x):
            return super().forward(x) * 2

    network.deep.head = Doubled(network.deep.head.in_features, N_OUTPUTS)


def add_module(network):
    network.deep.head = nn.Sequential(network.deep.head, nn.Tanh())


def replace_cell(network):
    layer = network.deep.encoder.layers[0][1]
    layer.cell = MGUCell(layer.cell.input_size, layer.cell.hidden_size)


def subclass_cell(network):
    class Other(LSTMCell):
        pass

    network.deep.encoder.layers[0][0].cell.__class__ = Other


def mix_cells(network):
    network.deep.encoder.layers[0][1] = make_network(cell="gru").deep.encoder.layers[0][1]


def turn_round(network):
    network.deep.encoder.layers[0][1].reverse = False


def go_without_kernels(network):
    network.deep.encoder.layers[0][0].kernels = False


def bound_norms(network):
    network.deep.embedding.table.max_norm = 0.1


def pad_table(network):
    network.wide.table.padding_idx = 3


def weigh_mean(network):
    network.wide.table.mode = "mean"


@pytest.mark.parametrize(
    "change",
    [
        *(add_hook, add_pre_hook, replace_forward, replace_method, replace_module, add_module),
        *(replace_cell, subclass_cell, mix_cells, turn_round, go_without_kernels),
        *(bound_norms, pad_table, weigh_mean),
    ],
)
def test_networks_that_were_changed_are_left_to_their_modules(change):
    network = make_network()
    assert make_predictor(network) is not None
    change(network)
    assert make_predictor(network) is None


def test_global_hooks_are_seen():
    handle = nn.modules.module.register_module_forward_hook(lambda module, args, output: None)
    try:
        assert make_predictor(make_network()) is None
    finally:
        handle.remove()
    assert make_predictor(make_network()) is not None


@pytest.mark.parametrize(
    "wrap",
    [
        parametrizations.weight_norm,
        lambda head: parametrize.register_parametrization(head, "weight", nn.Identity()),
        lambda head: prune.l1_unstructured(head, "weight", amount=0.5),
        lambda head: torch.compile(head, backend="eager"),
    ],
)
def test_wrapped_modules_are_left_to_themselves(wrap):
    network = make_network()
    network.deep.head = wrap(network.deep.head)
    assert make_predictor(network) is None


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_types_of_floats_are_left_to_torch(dtype):
    assert make_predictor(make_network().to(dtype)) is None
    for name, _ in make_network().named_parameters():
        network = make_network()
        parameter = network.get_parameter(name)
        parameter.data = parameter.data.to(dtype)
        assert make_predictor(network) is None


def test_tensors_of_wrong_shapes_are_not_read():
    """A file may hold such, and a kernel would read beyond their end."""
    names = [*make_network().state_dict(), *make_network(pooling="attention").state_dict()]
    for name in names:
        network = make_network(pooling="attention" if "pooling" in name else "concat")
        owner, _, last = name.rpartition(".")
        tensor = getattr(network.get_submodule(owner), last)
        tensor.data = tensor.data[:-1]
        assert make_predictor(network) is None, name


def test_networks_elsewhere_are_left_to_torch():
    assert make_predictor(make_network().to("meta")) is None


@pytest.mark.parametrize("cell", ["mgu", "indrnn", "grid_lstm"])
def test_cells_without_a_kernel_are_left_to_torch(cell):
    assert make_predictor(make_network(cell=cell)) is None


def test_methods_of_others_are_called():
    network = make_network(is_wide=False)
    assert make_predictor(network.forward) is None
    assert make_predictor(network.encoder) is None
    assert make_predictor(lambda ids: network(ids)) is None


def test_subclass_of_a_pooling_is_another_one():
    class Other(AttentionPooling):
        pass

    network = make_network(pooling="attention", is_wide=False)
    network.pooling.__class__ = Other
    assert make_predictor(network) is None
