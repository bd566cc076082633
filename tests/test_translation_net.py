"""The net of a translator: its gradients, its own tokens, and its losses."""

import numpy as np
import pytest
import torch
from test_translation_data import N_IDS, make_data
from torch.nn.utils.rnn import pack_sequence

from sklearn_rnn._translation.data import PairBatches, PairData, TextSources
from sklearn_rnn._translation.net import TranslationNet
from sklearn_rnn.modules import build_translation_network


def make_net(**params):
    torch.manual_seed(0)
    module = build_translation_network(num_embeddings=N_IDS, n_source_ids=N_IDS, hidden_size=6)
    return TranslationNet(
        module,
        criterion=torch.nn.CrossEntropyLoss,
        iterator_train=PairBatches,
        iterator_valid=PairBatches,
        batch_size=16,
        **params,
    ).initialize()


def gradients_of(net, batch):
    net.module_.zero_grad()
    step = net.train_step_single((batch, None))
    return step["loss"], [p.grad.clone() for p in net.module_.parameters()]


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_gradient_is_that_of_the_mean_over_tokens(smoothing):
    net = make_net(criterion__label_smoothing=smoothing)
    net.history.new_epoch()
    data, *_ = make_data(200)
    rows = PairBatches(data, 200).plan()[0]
    loss, grads = gradients_of(net, PairBatches(data, 200, part_documents=8).batch(rows))
    part = data.part(rows)
    net.module_.zero_grad()
    hidden, _ = net.module_(part.source, part.ids)
    expected = torch.nn.functional.cross_entropy(
        net.module_.decoder.logits(hidden), part.targets, label_smoothing=smoothing
    )
    expected.backward()
    torch.testing.assert_close(loss, expected.detach())
    for parameter, grad in zip(net.module_.parameters(), grads, strict=True):
        torch.testing.assert_close(grad, parameter.grad, rtol=1e-4, atol=1e-6)


def test_a_pair_of_weight_two_counts_as_two():
    _, sources, targets = make_data(60)
    counts = np.random.RandomState(0).randint(0, 3, 60)
    weighted = PairData(TextSources(sources), targets, N_IDS, 3.0 * counts)
    rows = np.repeat(np.arange(60), counts)
    repeated = PairData(TextSources(sources[rows]), targets[rows], N_IDS)
    net = make_net(criterion__label_smoothing=0.1)
    net.history.new_epoch()
    losses, grads = [], []
    for data in (weighted, repeated):
        batches = PairBatches(data, 200, part_documents=8)
        batch = batches.batch(batches.plan()[0])
        loss, found = gradients_of(net, batch)
        # Each is a mean over its own number of tokens.
        scale = batch.n_tokens * (counts.mean() if data is weighted else 1.0)
        losses.append(loss * scale)
        grads.append([grad * scale for grad in found])
    torch.testing.assert_close(*losses)
    for one, other in zip(*grads, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)
    assert net.mean_loss(weighted) == pytest.approx(net.mean_loss(repeated), rel=1e-4)


def test_own_tokens_are_those_predicted_from_the_true_ones():
    net = make_net()
    source = pack_sequence([torch.tensor([3, 4]), torch.tensor([5])])
    targets = [torch.tensor([0, 4, 2, 6]), torch.tensor([0, 8])]
    with torch.no_grad():
        net.module_.decoder.bias[0] = -9  # never the end
        mixed = net._mixed(source, pack_sequence(targets), share=1.0)
        for row, target in enumerate(targets):
            one = pack_sequence([torch.tensor([[3, 4], [5]][row])])
            hidden, _ = net.module_(one, pack_sequence([target]))
            predicted = net.module_.decoder.logits(hidden).argmax(1)
            unpacked, _ = torch.nn.utils.rnn.pad_packed_sequence(mixed, batch_first=True)
            assert unpacked[row, : len(target)].tolist() == [0, *predicted[:-1].tolist()]


def test_an_end_of_its_own_is_not_read():
    net = make_net()
    with torch.no_grad():
        net.module_.decoder.bias[0] = 9
    ids = pack_sequence([torch.tensor([0, 4, 2, 6])])
    mixed = net._mixed(pack_sequence([torch.tensor([3])]), ids, share=1.0)
    assert mixed.data.tolist() == [0, 4, 2, 6]


@pytest.mark.parametrize(("epoch", "share"), [(1, 0.0), (3, 0.25), (5, 0.5)])
def test_the_share_of_own_tokens_rises(epoch, share):
    net = make_net(scheduled_sampling=0.5, max_epochs=5)
    for _ in range(epoch):
        net.history.new_epoch()
    assert net._share_sampled == share


def test_losses_and_attention_are_those_of_single_pairs():
    net, (data, *_) = make_net(), make_data(40)
    losses, weights = net.token_losses(data), net.attention(data)
    for row in range(len(data)):
        part = data.part(np.array([row]))
        with torch.no_grad():
            hidden, attended = net.module_.eval()(part.source, part.ids)
            log_probs = net.module_.log_probs(hidden)
        expected = -log_probs[torch.arange(len(part.targets)), part.targets].sum()
        assert losses[row] == pytest.approx(float(expected), rel=1e-4)
        np.testing.assert_allclose(weights[row], attended[0].numpy(), atol=1e-5)
    assert net.mean_loss(data) == pytest.approx(losses.sum() / data.lengths.sum())
