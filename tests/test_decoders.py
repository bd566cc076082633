"""Decoders of a language model: each a distribution over all ids, full and adaptive."""

import pickle
from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_rnn.modules import AdaptiveSoftmaxDecoder, SoftmaxDecoder, TokenEmbedding
from sklearn_rnn.modules._decoders import default_cutoffs

N_IDS, HIDDEN = 30, 12


def make(kind, tied=None, seed=0, **options):
    """Return a decoder in double precision whose weights and biases are all drawn."""
    torch.manual_seed(seed)
    embedding = None if tied is None else TokenEmbedding(N_IDS, tied).double()
    if kind == "full":
        decoder = SoftmaxDecoder(HIDDEN, N_IDS, tied_to=embedding)
    else:
        decoder = AdaptiveSoftmaxDecoder(
            HIDDEN, N_IDS, cutoffs=[6, 17], tied_to=embedding, **options
        )
    with torch.no_grad():
        for weight in decoder.used_parameters:
            weight.normal_()
    return decoder.double()


def as_float(decoder):
    decoder._tied_to[0].float()
    return decoder.float()


every_decoder = pytest.mark.parametrize("tied", [None, HIDDEN, 5])
every_kind = pytest.mark.parametrize("kind", ["full", "adaptive"])


def batch(n_tokens=40):
    rng = np.random.default_rng(1)
    hidden = torch.from_numpy(rng.normal(size=(n_tokens, HIDDEN)))
    return hidden, torch.from_numpy(rng.integers(0, N_IDS, n_tokens))


@every_kind
@every_decoder
def test_probabilities_sum_to_one(kind, tied):
    hidden, _ = batch()
    log_probs = make(kind, tied).log_probs(hidden)
    assert log_probs.shape == (40, N_IDS)
    np.testing.assert_allclose(log_probs.exp().sum(1).detach(), 1, rtol=1e-12)


@every_kind
@every_decoder
def test_loss_is_minus_the_log_probability_of_the_target(kind, tied):
    decoder, (hidden, targets) = make(kind, tied), batch()
    expected = -decoder.log_probs(hidden)[torch.arange(40), targets]
    loss = decoder.loss(hidden, targets)
    assert loss.shape == (40,)
    np.testing.assert_allclose(loss.detach(), expected.detach(), rtol=1e-12)


@every_kind
@every_decoder
def test_gradients_of_the_loss_are_those_of_the_log_probabilities(kind, tied):
    """The loss computes clusters for some tokens only, which must not lose any gradient."""
    decoder, (hidden, targets) = make(kind, tied), batch()
    hidden.requires_grad_()
    inputs = [hidden, *decoder.used_parameters]
    got = torch.autograd.grad(decoder.loss(hidden, targets).square().sum(), inputs)
    log_probs = decoder.log_probs(hidden)[torch.arange(40), targets]
    expected = torch.autograd.grad(log_probs.square().sum(), inputs)
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_full_softmax_equals_a_linear_layer():
    decoder, (hidden, targets) = make("full"), batch()
    logits = hidden @ decoder.weight.T + decoder.bias
    expected = nn.CrossEntropyLoss(reduction="none")(logits, targets)
    torch.testing.assert_close(decoder.loss(hidden, targets), expected, rtol=1e-12, atol=0)


def test_adaptive_softmax_equals_that_of_torch():
    decoder, (hidden, targets) = make("adaptive", div_value=2.0), batch()
    peer = nn.AdaptiveLogSoftmaxWithLoss(HIDDEN, N_IDS, [6, 17], div_value=2.0).double()
    with torch.no_grad():
        decoder.bias.zero_()  # torch's clusters have none
        decoder.cluster_bias.zero_()
        peer.head.weight.copy_(torch.cat([decoder.weights[0], decoder.cluster_weight]))
        for k, (inner, outer) in enumerate(peer.tail):
            inner.weight.copy_(decoder.tails[k].weight)
            outer.weight.copy_(decoder.weights[k + 1])
    output, _ = peer(hidden, targets)
    torch.testing.assert_close(decoder.loss(hidden, targets), -output, rtol=1e-12, atol=0)
    torch.testing.assert_close(
        decoder.log_probs(hidden), peer.log_prob(hidden), rtol=1e-12, atol=1e-14
    )


@every_kind
def test_biases_are_those_of_the_ids(kind):
    """torch's adaptive softmax has no biases behind the head, so they are compared by their use."""
    decoder = make(kind)
    with torch.no_grad():
        for weight in decoder.parameters():
            weight.zero_()
        decoder.bias.copy_(torch.randn(N_IDS))
    found = decoder.log_probs(torch.zeros(1, HIDDEN, dtype=torch.float64))[0]
    for ids in [slice(0, N_IDS)] if kind == "full" else [slice(0, 6), slice(6, 17), slice(17, 30)]:
        expected = decoder.bias[ids].log_softmax(0)
        torch.testing.assert_close(found[ids].log_softmax(0), expected)


@every_kind
def test_tied_decoder_learns_in_the_table_itself(kind):
    embedding = TokenEmbedding(N_IDS, HIDDEN)
    if kind == "full":
        decoder = SoftmaxDecoder(HIDDEN, N_IDS, tied_to=embedding)
    else:
        decoder = AdaptiveSoftmaxDecoder(HIDDEN, N_IDS, cutoffs=[6], tied_to=embedding)
    both = nn.ModuleDict({"embedding": embedding, "decoder": decoder})
    assert sum("table" in name for name in both.state_dict()) == 1  # saved once
    for copied in (both, deepcopy(both), pickle.loads(pickle.dumps(both))):
        hidden, targets = batch()
        copied["decoder"].loss(hidden.float(), targets).sum().backward()
        assert copied["embedding"].table.weight.grad.abs().sum() > 0


def test_a_cluster_that_no_token_is_of_gets_no_gradient():
    decoder, (hidden, _) = make("adaptive"), batch()
    decoder.loss(hidden, torch.full((40,), 8)).sum().backward()
    assert decoder.weights[1].grad is not None
    assert decoder.weights[2].grad is None


@every_kind
def test_softmax_is_computed_in_float32_under_autocast(kind):
    decoder, (hidden, targets) = as_float(make(kind, tied=5)), batch()
    with torch.autocast("cpu", torch.bfloat16):
        loss = decoder.loss(hidden.float(), targets)
        log_probs = decoder.log_probs(hidden.float())
    assert loss.dtype == log_probs.dtype == torch.float32
    np.testing.assert_allclose(log_probs.exp().sum(1).detach(), 1, rtol=1e-5)


@pytest.mark.parametrize("cutoffs", [[], [0, 5], [5, 5], [9, 5], [N_IDS], [N_IDS + 1]])
def test_cutoffs_must_ascend_within_the_ids(cutoffs):
    with pytest.raises(ValueError, match="'cutoffs' parameter of AdaptiveSoftmaxDecoder must be"):
        AdaptiveSoftmaxDecoder(HIDDEN, N_IDS, cutoffs=cutoffs)


@pytest.mark.parametrize("n_ids", [2, 3, 999, 2000, 2001, 10_000, 10_001, 250_000])
def test_default_cutoffs_can_be_used(n_ids):
    decoder = AdaptiveSoftmaxDecoder(2, n_ids)
    assert sum(decoder.sizes) == n_ids
    assert decoder.sizes[0] == default_cutoffs(n_ids)[0]
