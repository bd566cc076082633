"""Activation regularisation of a language model, against loops over single documents."""

import numpy as np
import pytest
import torch

from sklearn_rnn.modules import PackedLayout, build_language_network
from sklearn_rnn.modules._activation_penalties import activity, slowness
from sklearn_rnn.modules._penalties import collect_penalties

LENGTHS = [5, 3, 3, 1]


def packed(documents):
    """Return the rows of documents in packed order, and their layout."""
    steps = [[x[t] for x in documents if len(x) > t] for t in range(len(documents[0]))]
    layout = PackedLayout(torch.tensor([len(rows) for rows in steps]))
    return torch.stack([row for rows in steps for row in rows]), layout


def states():
    torch.manual_seed(0)
    return [torch.randn(length, 4, dtype=torch.float64) for length in LENGTHS]


def test_activity_is_the_mean_square_of_the_features():
    x, _ = packed(states())
    np.testing.assert_allclose(activity(x), (x.numpy() ** 2).mean(axis=1), rtol=1e-12)


def test_slowness_is_what_changed_since_the_token_before_of_the_same_document():
    x, layout = packed(states())
    expected = []
    for document in states():
        changes = np.diff(document.numpy(), axis=0, prepend=document[:1].numpy())
        expected.append(torch.from_numpy((changes**2).mean(axis=1)))
    np.testing.assert_allclose(slowness(x, layout), packed(expected)[0], rtol=1e-12)


def test_sums_are_those_of_awd_lstm_on_a_padded_batch():
    """Without padding, the means are over tokens; the paper's of changes leaves out first ones."""
    n_steps, batch_size = 7, 3
    torch.manual_seed(0)
    x = torch.randn(n_steps, batch_size, 4, dtype=torch.float64)
    layout = PackedLayout(torch.full((n_steps,), batch_size))
    ar, tar = x.pow(2).mean(), (x[1:] - x[:-1]).pow(2).mean()
    torch.testing.assert_close(activity(x.flatten(0, 1)).mean(), ar)
    found = slowness(x.flatten(0, 1), layout).mean()
    torch.testing.assert_close(found, tar * (n_steps - 1) / n_steps)


@pytest.mark.parametrize("training", [True, False])
def test_network_adds_penalties_in_training_alone(training):
    network = build_language_network(
        num_embeddings=9, hidden_size=4, dropout=0.5, activation_penalty=2.0, slowness_penalty=3.0
    ).train(training)
    ids, layout = packed([torch.arange(length) for length in LENGTHS])
    states = []
    read = network.encoder.read
    network.encoder.read = lambda *args: keep(states, read(*args))
    with collect_penalties() as penalties:
        packed_ids = torch.nn.utils.rnn.PackedSequence(ids, layout.batch_sizes)
        dropped, _ = network(packed_ids)
    if not training:
        assert penalties == []
        return
    torch.testing.assert_close(penalties[0], 2 * activity(dropped))
    torch.testing.assert_close(penalties[1], 3 * slowness(states[0], layout))
    assert not torch.equal(dropped, states[0])


def keep(states, result):
    states.append(result[0])
    return result
