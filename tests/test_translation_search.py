"""Beam search beside all targets there are."""

from itertools import product

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pack_sequence

from sklearn_rnn._translation.search import beam_search
from sklearn_rnn.modules import build_translation_network

SOURCES = [torch.tensor([5, 6]), torch.tensor([7, 3, 2, 9]), torch.tensor([8])]
# Ids 0 (the end), 1 (unknown) and three that can be written.
N_IDS, MAX_TOKENS = 5, 3


def make_network(seed=0, **params):
    torch.manual_seed(seed)
    network = build_translation_network(
        num_embeddings=N_IDS, n_source_ids=12, hidden_size=6, **params
    ).eval()
    with torch.no_grad():  # as sure of itself as one that was trained
        network.decoder.weight *= 8
    return network


def search(network, sources=SOURCES, **settings):
    settings = {
        "beam_size": 1,
        "length_penalty": 1.0,
        "max_new_tokens": MAX_TOKENS,
        "writes_unknown": False,
        **settings,
    }
    with torch.inference_mode():
        memory = network.encode(pack_sequence(sources, enforce_sorted=False))
        return beam_search(network, memory, **settings)


def log_probs_of(network, source, ids, *, writes_unknown):
    """Return the log-probabilities of the tokens behind each prefix of a target."""
    with torch.inference_mode():
        hidden, weights = network(pack_sequence([source]), pack_sequence([torch.tensor(ids)]))
        log_probs = network.decoder.logits(hidden).log_softmax(1)
        if not writes_unknown:
            log_probs[:, 1] = -torch.inf
        return log_probs.double().numpy(), weights[0].numpy()


def all_targets(network, source, *, length_penalty, writes_unknown=False):
    """Return score and tokens of every target there is, the best first."""
    words = range(1 if writes_unknown else 2, N_IDS)
    targets = []
    for length in range(MAX_TOKENS + 1):
        for ids in product(words, repeat=length):
            log_probs, _ = log_probs_of(network, source, [0, *ids], writes_unknown=writes_unknown)
            written = [*ids, 0][:MAX_TOKENS]
            total = sum(log_probs[step, id_] for step, id_ in enumerate(written))
            targets.append((total / len(written) ** length_penalty, ids))
    return sorted(targets, reverse=True)


@pytest.mark.parametrize("length_penalty", [0.0, 1.0, 2.5])
@pytest.mark.parametrize("writes_unknown", [False, True])
@pytest.mark.parametrize("input_feeding", [False, True])
def test_a_beam_as_large_as_the_space_finds_all_in_order(
    length_penalty, writes_unknown, input_feeding
):
    network = make_network(input_feeding=input_feeding)
    found = search(
        network, beam_size=1000, length_penalty=length_penalty, writes_unknown=writes_unknown
    )
    for source, targets in zip(SOURCES, found, strict=True):
        expected = all_targets(
            network, source, length_penalty=length_penalty, writes_unknown=writes_unknown
        )
        assert [tuple(each.ids.tolist()) for each in targets] == [ids for _, ids in expected]
        np.testing.assert_allclose([t.score for t in targets], [s for s, _ in expected], rtol=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_one_beam_takes_the_most_likely_token_each_time(seed):
    network = make_network(seed)
    for source, (found,) in zip(SOURCES, search(network, max_new_tokens=6), strict=True):
        ids, attended = [0], []
        while len(ids) <= 6:
            log_probs, weights = log_probs_of(network, source, ids, writes_unknown=False)
            attended.append(weights[-1].argmax())
            ids.append(int(log_probs[-1].argmax()))
            if ids[-1] == 0:
                break
        written = [id_ for id_ in ids if id_]
        assert found.ids.tolist() == written
        assert found.attended.tolist() == attended[: len(written)]


@pytest.mark.parametrize("beam_size", [1, 2, 4])
def test_a_batch_equals_its_sources_one_by_one(beam_size):
    network = make_network(1)
    together = search(network, beam_size=beam_size, max_new_tokens=8)
    for source, targets in zip(SOURCES, together, strict=True):
        (alone,) = search(network, [source], beam_size=beam_size, max_new_tokens=8)
        assert [t.ids.tolist() for t in targets] == [t.ids.tolist() for t in alone]
        np.testing.assert_allclose([t.score for t in targets], [t.score for t in alone], rtol=1e-5)


def test_larger_beams_find_no_worse_targets():
    better = 0
    for seed in range(20):
        network = make_network(seed)
        greedy, all_ = (search(network, beam_size=n, length_penalty=0.0) for n in (1, 1000))
        for (one,), (best, *_) in zip(greedy, all_, strict=True):
            assert best.score >= one.score - 1e-6
            better += best.score > one.score + 1e-6
    assert better  # or the test would say nothing


def test_targets_stop_at_the_largest_length():
    network = make_network()
    with torch.no_grad():
        network.decoder.bias[0] = -100  # which never ends by itself
    for (found,) in search(network, max_new_tokens=4):
        assert len(found.ids) == 4
