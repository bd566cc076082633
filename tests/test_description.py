"""Networks as plain data."""

import json

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence
from weights import copy_weights, same_weights

from sklearn_rnn.modules import (
    NGramLinear,
    SequenceNetwork,
    WideAndDeep,
    _description,
    build_network,
)
from sklearn_rnn.modules._description import describe, rebuild
from sklearn_rnn.modules._make_encoder import GRIDS
from sklearn_rnn.modules._pooling import POOLINGS
from sklearn_rnn.modules.cells import CELLS

IDS = pack_sequence([torch.tensor([2, 3, 9, 4]), torch.tensor([4, 1])])


def make_deep(**params):
    small = {"num_embeddings": 6, "n_outputs": 2, "embedding_dim": 3, "hidden_size": 2}
    return build_network(**{**small, **params})


def make_wide():
    wide = NGramLinear(2, torch.rand(6), torch.tensor([2 * 6 + 3]), torch.rand(1), scale=2.0)
    nn.init.normal_(wide.table.weight)
    return wide


def there_and_back(network):
    description = json.loads(json.dumps(describe(network)))
    return rebuild(description, copy_weights(network))


def assert_same_outputs(network, other):
    assert type(other) is type(network)
    assert same_weights(copy_weights(network), copy_weights(other))
    assert torch.equal(network.eval()(IDS), other(IDS))


@pytest.mark.one_at_a_time(
    cell=["lstm", *sorted({*CELLS, *GRIDS} - {"lstm"})],
    pooling=["concat", *sorted(POOLINGS.keys() - {"concat"})],
    bidirectional=[True, False],
)
def test_every_cell_and_pooling_comes_back(cell, pooling, bidirectional):
    network = make_deep(cell=cell, pooling=pooling, num_heads=2, bidirectional=bidirectional)
    assert_same_outputs(network, there_and_back(network))


@pytest.mark.parametrize(
    "params",
    [
        {"num_layers": 3},
        {"skip_connection": False},
        {"cell": "rnn", "activation": "relu"},
        {"sparse": True},
        {"dropout": 0.3, "word_dropout": 0.4, "recurrent_dropout": 0.2},
        {"dropout": 0.3, "recurrent_dropout": 0.2, "variational_dropout": True, "num_layers": 2},
        {"recurrent_init": "identity", "forget_bias": "chrono", "max_length": 9, "zoneout": 0.3},
        {"cell": "coupled_lstm", "recurrent_init": "uniform", "forget_bias": 2.0},
        {"cell": "tied_grid_lstm", "num_layers": 3, "recurrent_dropout": 0.2},
    ],
)
def test_all_arguments_come_back(params):
    network = make_deep(**params)
    loaded = there_and_back(network)
    assert_same_outputs(network, loaded)
    assert repr(loaded) == repr(network)
    assert loaded.embedding.table.sparse == network.embedding.table.sparse


@pytest.mark.parametrize("deep", [make_deep(), make_deep(cell="gru", num_layers=2)])
def test_both_paths_come_back(deep):
    network = WideAndDeep(deep, make_wide(), 0.3)
    assert_same_outputs(network, there_and_back(network))


def test_wide_path_comes_back():
    wide = make_wide()
    assert_same_outputs(wide, there_and_back(wide))


def test_layers_are_counted_before_they_are_built(monkeypatch):
    network = make_deep(num_layers=2)
    description, weights = describe(network), copy_weights(network)
    description["arguments"]["num_layers"] = len(weights) + 1
    monkeypatch.setattr(_description, "build_network", lambda **_: pytest.fail("it was built"))
    with pytest.raises(TypeError, match=f"more than {len(weights)} layers"):
        rebuild(description, weights)


def test_a_network_of_two_parts_is_none_of_them():
    network = WideAndDeep(make_deep(), make_wide(), 0.3)
    description = describe(network)
    with pytest.raises(ValueError, match="network of two parts"):
        rebuild({**description, "deep": description}, copy_weights(network))


def test_no_random_number_is_drawn():
    network = make_deep()
    description, weights = describe(network), copy_weights(network)
    before = torch.get_rng_state()
    rebuild(description, weights)
    assert torch.equal(torch.get_rng_state(), before)


def test_rebuilt_network_can_be_trained():
    network = there_and_back(make_deep())
    assert not network.training
    network.train()(IDS).sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_a_table_that_has_grown_is_described():
    network = make_deep()
    network.embedding.table.weight.data = torch.randn(9, 3)
    network.embedding.table.num_embeddings = 9
    assert_same_outputs(network, there_and_back(network))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16])
def test_other_precisions(dtype):
    network = make_deep().to(dtype)
    assert same_weights(copy_weights(there_and_back(network)), copy_weights(network))


def test_default_dtype_does_not_matter():
    network = make_deep()
    torch.set_default_dtype(torch.float64)
    try:
        loaded = there_and_back(network)
    finally:
        torch.set_default_dtype(torch.float32)
    assert_same_outputs(network, loaded)


def change_head(network):
    network.head = nn.Linear(11, 5)


def change_pooling(network):
    network.pooling = POOLINGS["concat"](4)
    network.pooling.mean = POOLINGS["max"](4)


def add_weight(network):
    network.extra = nn.Parameter(torch.zeros(1))


@pytest.mark.parametrize("change", [change_head, change_pooling, add_weight])
def test_changed_networks_are_refused(change):
    network = make_deep()
    change(network)
    with pytest.raises(TypeError, match="changed after it was built"):
        describe(network)


def test_cells_of_the_user_are_refused():
    with pytest.raises(TypeError, match="cell of your own"):
        describe(make_deep(cell=nn.GRUCell))


def test_networks_of_other_kinds_are_refused():
    class Other(SequenceNetwork):
        pass

    for network in (nn.Linear(2, 2), Other.__new__(Other)):
        with pytest.raises(TypeError, match="cannot be described"):
            describe(network)


@pytest.mark.parametrize(
    "changes",
    [
        {"num_layers": 2},
        {"num_layers": 10**9},
        {"num_embeddings": 10**12},
        {"hidden_size": 10**6},
        {"hidden_size": -1},
        {"cell": "none"},
        {"cell": nn.GRUCell},
        {"pooling": "multihead_attention", "num_heads": 4},
        {"unknown": 1},
    ],
)
def test_description_must_fit_the_weights(changes):
    network = make_deep()
    description = describe(network)
    description["arguments"] = {**description["arguments"], **changes}
    with pytest.raises((ValueError, TypeError, KeyError, RuntimeError)):
        rebuild(description, copy_weights(network))
