import math
from copy import deepcopy

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence, pack_sequence

from sklearn_rnn.modules import SoftmaxDecoder, TokenEmbedding, build_language_network
from sklearn_rnn.modules._description import describe, rebuild
from sklearn_rnn.modules._make_encoder import GRIDS
from sklearn_rnn.modules.cells import CELLS

SIZES = {"num_embeddings": 12, "embedding_dim": 5, "hidden_size": 7}


def packed(*documents):
    return pack_sequence([torch.tensor(document) for document in documents])


def window(ids, start, stop):
    """Return some steps of a packed batch."""
    ends = ids.batch_sizes.cumsum(0)
    first = int(ends[start - 1]) if start else 0
    return PackedSequence(ids.data[first : int(ends[stop - 1])], ids.batch_sizes[start:stop])


@pytest.fixture
def ids():
    return packed([0, 5, 9, 2, 2, 11], [0, 7, 3, 4], [0, 4])


@pytest.mark.parametrize("cell", [*CELLS, *GRIDS])
def test_windows_with_the_state_carried_equal_one_read(cell, ids):
    torch.manual_seed(0)
    network = build_language_network(**SIZES, cell=cell, num_layers=2).double().eval()
    whole, last = network(ids)
    first, state = network(window(ids, 0, 2))
    state = [tuple(s[:2] for s in layer) for layer in state]  # one document has ended
    second, state = network(window(ids, 2, 3), state)
    third, state = network(window(ids, 3, 6), state)
    torch.testing.assert_close(torch.cat([first, second, third]), whole, rtol=0, atol=1e-12)
    for ours, expected in zip(state, last, strict=True):
        for s, e in zip(ours, expected, strict=True):
            torch.testing.assert_close(s, e[:2], rtol=0, atol=1e-12)


@pytest.mark.parametrize("tie_weights", [False, True])
def test_loss_is_that_of_the_log_probabilities(tie_weights, ids):
    network = build_language_network(**SIZES, tie_weights=tie_weights)
    hidden, _ = network(ids)
    targets = torch.arange(len(hidden))
    log_probs = network.log_probs(hidden)
    torch.testing.assert_close(log_probs.exp().sum(dim=1), torch.ones(len(hidden)))
    torch.testing.assert_close(
        network.loss(hidden, targets), -log_probs.gather(1, targets[:, None])[:, 0]
    )


@pytest.mark.parametrize(("hidden_size", "is_projected"), [(5, False), (7, True)])
def test_tied_weights_are_those_of_the_embedding(hidden_size, is_projected):
    embedding = TokenEmbedding(12, 5, learn_padding=True)
    decoder = SoftmaxDecoder(hidden_size, 12, tied_to=embedding)
    assert (decoder.projection is not None) == is_projected
    hidden = torch.randn(3, hidden_size)
    expected = hidden if decoder.projection is None else decoder.projection(hidden)
    expected = expected @ embedding.table.weight.T + decoder.bias
    torch.testing.assert_close(decoder.logits(hidden), expected)
    assert any(p is embedding.table.weight for p in decoder.used_parameters)
    assert "weight" not in decoder.state_dict()


def test_tied_weights_stay_tied_in_a_rebuilt_network(ids):
    network = build_language_network(**SIZES, tie_weights=True).eval()
    rebuilt = rebuild(describe(network), deepcopy(network.state_dict()))
    with torch.no_grad():
        rebuilt.embedding.table.weight[3] += 1
        before, after = network.log_probs(network(ids)[0]), rebuilt.log_probs(rebuilt(ids)[0])
    assert not torch.allclose(before[:, 3], after[:, 3])


@pytest.mark.parametrize(
    "options", [{}, {"tie_weights": True, "n_labels": 3, "cell": "gru"}], ids=str
)
def test_a_rebuilt_network_gives_the_same(options, ids):
    network = build_language_network(**SIZES, **options).eval()
    rebuilt = rebuild(describe(network), network.state_dict())
    labels = torch.tensor([0, 2, 1])
    torch.testing.assert_close(rebuilt(ids, None, labels)[0], network(ids, None, labels)[0])


def test_the_boundary_has_a_vector_that_learns(ids):
    for sparse in (False, True):
        network = build_language_network(**SIZES, sparse=sparse)
        hidden, _ = network(ids)
        network.loss(hidden, torch.zeros(len(hidden), dtype=torch.int64)).sum().backward()
        grad = network.embedding.table.weight.grad.to_dense()
        assert network.embedding.table.weight[0].abs().sum() > 0
        assert grad[0].abs().sum() > 0


def test_the_boundary_learns_by_kernels_as_without(ids):
    grads = []
    ids = PackedSequence(ids.data.int(), ids.batch_sizes)
    for kernels in (False, "auto"):
        torch.manual_seed(0)
        network = build_language_network(**SIZES, sparse=True, kernels=kernels)
        hidden, _ = network(ids)
        hidden.square().sum().backward()
        grads.append(network.embedding.table.weight.grad.to_dense())
    torch.testing.assert_close(*grads)


def test_a_label_adds_its_vector_to_every_token(ids):
    network = build_language_network(**SIZES, n_labels=2, cell="gru").eval()
    labels = torch.tensor([1, 0, 1])
    hidden, _ = network(ids, None, labels)
    scale = math.sqrt(SIZES["embedding_dim"])
    for row, document in enumerate(([0, 5, 9, 2, 2, 11], [0, 7, 3, 4], [0, 4])):
        x = network.embedding(torch.tensor(document))
        x = x + scale * network.label_vectors.weight[labels[row]]
        cell = network.encoder.layers[0][0].cell
        states, _ = cell(x[:, None], cell.initial_state(x[:, None]))
        places = np.cumsum([0, *ids.batch_sizes[:-1].tolist()])[: len(document)] + row
        torch.testing.assert_close(hidden[places], states[:, 0])


def test_dropout_is_that_of_training_alone(ids):
    options = {"dropout": 0.5, "embedding_dropout": 0.5, "word_dropout": 0.5}
    network = build_language_network(**SIZES, **options)
    assert not torch.equal(network(ids)[0], network(ids)[0])
    network.eval()
    assert torch.equal(network(ids)[0], network(ids)[0])


def test_locked_dropout_drops_the_same_features_at_all_tokens():
    network = build_language_network(
        num_embeddings=12, hidden_size=50, dropout=0.5, variational_dropout=True
    )
    hidden, _ = network(packed([0, 5, 9, 2], [0, 7, 3, 4]))
    zeros = (hidden == 0).view(4, 2, -1)  # (n_steps, n_documents, hidden_size)
    assert (zeros == zeros[0]).all()
    assert not torch.equal(zeros[0, 0], zeros[0, 1])


def test_logits_are_precise_under_autocast(ids):
    network = build_language_network(**SIZES)
    with torch.autocast("cpu", torch.bfloat16):
        hidden, _ = network(ids)
        assert network.log_probs(hidden).dtype == torch.float32
    assert F.softmax(network.decoder.logits(hidden.float()), dim=1).dtype == torch.float32


def test_a_network_with_a_cell_of_ones_own_is_no_data():
    network = build_language_network(**SIZES, cell=torch.nn.GRUCell)
    with pytest.raises(TypeError, match="a cell of your own"):
        describe(network)


@pytest.mark.parametrize("n_labels", [0, 2])
@pytest.mark.parametrize("kernels", [False, "auto"])
def test_a_step_is_a_read_of_one_token_of_each_document(n_labels, kernels):
    torch.manual_seed(0)
    network = build_language_network(
        **SIZES, num_layers=2, n_labels=n_labels, kernels=kernels, dropout=0.5
    ).eval()
    labels = torch.tensor([1, 0, 1]) if n_labels else None
    with torch.inference_mode():
        _, state = network(packed([0, 5], [0, 7], [0, 3]), None, labels)
        ids = torch.tensor([4, 11, 99])  # the last one is unknown
        expected, after = network(PackedSequence(ids, torch.tensor([3])), state, labels)
        found, found_after = network.step(ids, state, labels)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(found_after, after)
