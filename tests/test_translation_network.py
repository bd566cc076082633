"""The network of a translator beside plain loops over single pairs, without padding."""

import pytest
import torch
from torch.nn.utils.rnn import pack_sequence

from sklearn_rnn.modules import (
    AdditiveAttention,
    DotAttention,
    GeneralAttention,
    Regions,
    build_translation_network,
)

SOURCES = [torch.tensor([5, 6]), torch.tensor([7, 3, 2, 9]), torch.tensor([8])]
TARGETS = [torch.tensor([0, 4, 2, 6]), torch.tensor([0, 8, 3]), torch.tensor([0])]


def make_network(**params):
    torch.manual_seed(0)
    sizes = {"hidden_size": 6, "embedding_dim": 5, "source_embedding_dim": 4}
    return build_translation_network(
        **{"num_embeddings": 10, "n_source_ids": 12, **sizes, **params}
    ).eval()


def read_pair(network, source, target):
    return network(pack_sequence([source]), pack_sequence([target]))


def unpack(packed, targets):
    """Return the rows of each target, from the packed order."""
    sequence = torch.nn.utils.rnn.PackedSequence(packed, pack_sequence(targets).batch_sizes)
    padded, lengths = torch.nn.utils.rnn.pad_packed_sequence(sequence, batch_first=True)
    return [rows[:length] for rows, length in zip(padded, lengths, strict=True)]


OPTIONS = {
    "attention": ["general", "additive", "dot"],
    "input_feeding": [False, True],
    "cell": ["lstm", "gru", "tied_grid_lstm"],
    "bidirectional": [True, False],
    "num_layers": [1, 2],
    "tie_weights": [False, True],
    "kernels": [False, "auto"],
}


@pytest.mark.one_at_a_time(**OPTIONS)
def test_a_batch_equals_its_pairs_one_by_one(
    attention, input_feeding, cell, bidirectional, num_layers, tie_weights, kernels
):
    if input_feeding and cell == "tied_grid_lstm":
        pytest.skip("a grid has no single steps")
    network = make_network(
        attention=attention,
        input_feeding=input_feeding,
        cell=cell,
        bidirectional=bidirectional,
        num_layers=num_layers,
        tie_weights=tie_weights,
        kernels=kernels,
    )
    hidden, weights = network(pack_sequence(SOURCES, enforce_sorted=False), pack_sequence(TARGETS))
    hidden = unpack(hidden, TARGETS)
    for row, (source, target) in enumerate(zip(SOURCES, TARGETS, strict=True)):
        alone, attended = read_pair(network, source, target)
        torch.testing.assert_close(hidden[row], alone)
        torch.testing.assert_close(weights[row, : len(target), : len(source)], attended[0])
        assert (weights[row, :, len(source) :] == 0).all()


@pytest.mark.one_at_a_time(**OPTIONS)
def test_single_steps_equal_the_whole_target(
    attention, input_feeding, cell, bidirectional, num_layers, tie_weights, kernels
):
    if input_feeding and cell == "tied_grid_lstm":
        pytest.skip("a grid has no single steps")
    network = make_network(
        attention=attention,
        input_feeding=input_feeding,
        cell=cell,
        bidirectional=bidirectional,
        num_layers=num_layers,
        tie_weights=tie_weights,
        kernels=kernels,
    )
    targets = [torch.tensor([0, 4, 2]), torch.tensor([0, 8, 3]), torch.tensor([0, 1, 9])]
    with torch.inference_mode():
        memory = network.encode(pack_sequence(SOURCES, enforce_sorted=False))
        whole, weights = network.read(memory, pack_sequence(targets))
        whole = torch.stack(unpack(whole, targets))
        writing, places = network.begin(memory), torch.arange(3)
        for step in range(3):
            torch.testing.assert_close(writing.hidden, whole[:, step])
            torch.testing.assert_close(writing.weights, weights[:, step])
            ids = torch.stack(targets)[:, min(step + 1, 2)]
            writing = network.step(ids, writing, memory, places)


def test_steps_of_several_targets_of_a_source():
    network = make_network(input_feeding=True)
    with torch.inference_mode():
        memory = network.encode(pack_sequence(SOURCES, enforce_sorted=False))
        begun = network.begin(memory)
        sources, ids = torch.tensor([0, 0, 2]), torch.tensor([3, 4, 5])
        together = network.step(ids, begun.select(sources), memory, sources)
        for place in range(3):
            (source,) = sources[place : place + 1].tolist()
            one = memory.select(torch.tensor([source]))
            state = begun.select(torch.tensor([source]))
            alone = network.step(ids[place : place + 1], state, one, torch.tensor([0]))
            torch.testing.assert_close(together.hidden[place], alone.hidden[0])


@pytest.mark.parametrize("Attention", [AdditiveAttention, GeneralAttention, DotAttention])
def test_attention_equals_the_formula(Attention):
    torch.manual_seed(0)
    attention, values = Attention(4, 8), torch.randn(2, 5, 8)
    queries, is_padding = torch.randn(2, 3, 4), torch.zeros(2, 5, dtype=torch.bool)
    is_padding[1, 3:] = True
    contexts, weights = attention(queries, attention.keys(values), values, is_padding)
    for i, length in enumerate((5, 3)):
        for j in range(3):
            q, ks = queries[i, j], values[i, :length]
            if Attention is AdditiveAttention:
                u, bias = attention.of_value.weight, attention.of_value.bias
                inner = torch.tanh(attention.of_query.weight @ q + ks @ u.T + bias)
                scores = inner @ attention.score.weight[0]
            elif Attention is GeneralAttention:
                scores = ks @ attention.of_value.weight.T @ q
            else:
                scores = (ks[:, :4] + ks[:, 4:]) @ q
            expected = torch.softmax(scores, 0)
            torch.testing.assert_close(weights[i, j, :length], expected)
            torch.testing.assert_close(contexts[i, j], expected @ ks)
            assert (weights[i, j, length:] == 0).all()


@pytest.mark.parametrize("n_queries", [1, 7])
def test_additive_attention_of_long_sources_is_cut_into_pieces(monkeypatch, n_queries):
    torch.manual_seed(0)
    attention, values = AdditiveAttention(4, 8), torch.randn(2, 50, 8, requires_grad=True)
    queries = torch.randn(2, n_queries, 4, requires_grad=True)
    is_padding = torch.zeros(2, 50, dtype=torch.bool)
    kept = []

    def keep(tensor):
        kept[-1] = max(kept[-1], tensor.numel())
        return tensor

    def attend():
        kept.append(0)
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            contexts, weights = attention(queries, attention.keys(values), values, is_padding)
        loss = (contexts**2).sum() + (weights**3).sum()
        grads = torch.autograd.grad(loss, [queries, values, *attention.parameters()])
        return contexts, weights, *grads

    expected = attend()
    monkeypatch.setattr("sklearn_rnn.modules._attention._MAX_KEPT", 1000)
    monkeypatch.setattr("sklearn_rnn.modules._attention._MAX_KEPT_ALONE", 300)
    torch.testing.assert_close(attend(), expected)
    assert kept[0] >= n_queries * 2 * 50 * 4
    assert kept[1] <= 1000
    with torch.inference_mode():
        weights = attention(queries, attention.keys(values), values, is_padding)[1]
    torch.testing.assert_close(weights, expected[1])


def test_regions_are_read_alone_as_together():
    network = make_network(n_source_ids=None, n_region_features=3)
    vectors = [torch.randn(4, 3), torch.randn(2, 3)]
    padded = torch.nn.utils.rnn.pad_sequence(vectors, batch_first=True, padding_value=9.0)
    targets = [torch.tensor([0, 4]), torch.tensor([0, 8])]
    hidden, _ = network(Regions(padded, torch.tensor([4, 2])), pack_sequence(targets))
    for each, source, target in zip(unpack(hidden, targets), vectors, targets, strict=True):
        alone, _ = network(
            Regions(source[None], torch.tensor([len(source)])), pack_sequence([target])
        )
        torch.testing.assert_close(each, alone)


@pytest.mark.parametrize("input_feeding", [False, True])
@pytest.mark.parametrize("kernels", [False, "auto"])
def test_every_weight_learns(input_feeding, kernels):
    network = make_network(input_feeding=input_feeding, kernels=kernels).train()
    hidden, _ = network(pack_sequence(SOURCES, enforce_sorted=False), pack_sequence(TARGETS))
    network.log_probs(hidden).sum(1).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_kernels_change_no_gradient():
    grads = []
    for kernels in (False, "auto"):
        network = make_network(kernels=kernels)
        hidden, _ = network(pack_sequence(SOURCES, enforce_sorted=False), pack_sequence(TARGETS))
        network.log_probs(hidden)[:, 3].sum().backward()
        grads.append([p.grad for p in network.parameters()])
    for plain, by_kernel in zip(*grads, strict=True):
        torch.testing.assert_close(plain, by_kernel, rtol=1e-4, atol=1e-6)


def test_either_texts_or_regions():
    for sizes in ({}, {"n_source_ids": 5, "n_region_features": 2}):
        with pytest.raises(ValueError, match="either n_source_ids or n_region_features"):
            build_translation_network(num_embeddings=5, **sizes)


def test_a_grid_cannot_be_fed():
    with pytest.raises(ValueError, match="cannot be combined with input_feeding=True"):
        make_network(cell="tied_grid_lstm", input_feeding=True)
