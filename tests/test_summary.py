import pytest
import torch
from torch import nn

from sklearn_rnn.modules import (
    WideAndDeep,
    build_language_network,
    build_network,
    build_tagging_network,
    build_translation_network,
)
from sklearn_rnn.modules._summary import summarize
from sklearn_rnn.modules._wide import NGramLinear
from sklearn_rnn.modules.cells import CELLS

SIZES = {"num_embeddings": 12, "embedding_dim": 6, "hidden_size": 5}


def make_wide_and_deep():
    wide = NGramLinear(2, torch.ones(12), torch.tensor([30, 40]), torch.ones(2))
    return WideAndDeep(build_network(n_outputs=2, **SIZES), wide, 0.7)


NETWORKS = [
    *(build_network(n_outputs=2, cell=cell, **SIZES) for cell in sorted(CELLS)),
    build_network(n_outputs=2, cell="grid_lstm", num_layers=2, **SIZES),
    build_network(n_outputs=2, cell=nn.GRUCell, num_layers=2, zoneout=0.1, **SIZES),
    build_network(n_outputs=2, vector_size=3, pooling="concat", **SIZES),
    build_language_network(**SIZES),
    build_tagging_network(n_tags=3, **SIZES),
    build_translation_network(n_source_ids=9, **SIZES),
    make_wide_and_deep(),
]


@pytest.mark.parametrize("network", NETWORKS)
def test_every_weight_is_counted_once(network):
    n_weights = sum(weight.numel() for weight in network.parameters())
    assert sum(part.n_weights for part in summarize(network)) == n_weights


def test_shared_weights_count_where_they_are_first():
    network = nn.Module()
    network.first, network.second = nn.Embedding(5, 3), nn.Linear(3, 5)
    network.second.weight = network.first.weight
    assert [part.n_weights for part in summarize(network)] == [15, 5]


def test_layers_are_told_by_their_cells_and_sizes():
    network = build_network(n_outputs=2, cell="gru", num_layers=2, bidirectional=False, **SIZES)
    first, second = (part for part in summarize(network) if part.name.startswith("recurrent"))
    assert (first.kind, first.size) == ("GRUCell", "6 to 5 features")
    assert (second.kind, second.size) == ("GRUCell", "5 to 5 features")


def test_residual_layers_are_told():
    network = build_tagging_network(n_tags=3, num_layers=2, residual=True, **SIZES)
    names = [part.name for part in summarize(network)]
    assert names[1:3] == ["recurrent layer 1", "residual layer 2"]


@pytest.mark.parametrize("options", [{"zoneout": 0.1}, {"recurrent_dropout": 0.1}])
def test_a_wrapped_cell_is_told_by_its_own_name(options):
    network = build_network(n_outputs=2, cell="lstm", variational_dropout=True, **options, **SIZES)
    (layer,) = (part for part in summarize(network) if part.name.startswith("recurrent"))
    assert (layer.kind, layer.size) == ("LSTMCell", "6 to 5 features in both directions")


def test_the_wide_path_is_told_apart():
    *deep, wide = summarize(make_wide_and_deep())
    assert not any(part.is_wide for part in deep)
    assert wide.is_wide
    assert wide.size == "12 words and 2 n-grams to 2 outputs"
