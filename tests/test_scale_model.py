"""The model of scale of the benchmarks, against what the package allocates and multiplies."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parents[1]))  # benchmarks are not installed

from benchmarks._step_time import (
    Network,
    distinct_words,
    fit_seconds,
    gather_seconds,
    id_bytes,
    tree_seconds,
)
from sklearn_rnn._text.sequences import sequences_from_flat
from sklearn_rnn._training.batches import SequenceDataset
from sklearn_rnn.modules import build_network

GATES = {"lstm": 4, "gru": 3, "rnn": 1}


@pytest.mark.parametrize(("n_tokens", "n_words"), [(1, 10), (50, 20), (400, 300)])
def test_distinct_words_are_those_of_a_sample(n_tokens, n_words):
    rng = np.random.default_rng(0)
    shares = 1 / np.arange(1, n_words + 1)
    samples = rng.choice(n_words, (500, n_tokens), p=shares / shares.sum())
    mean = np.mean([len(np.unique(sample)) for sample in samples])
    assert distinct_words(n_tokens, n_words) == pytest.approx(mean, rel=0.03, abs=0.4)


@pytest.mark.parametrize("cell", GATES)
@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_weights_and_multiplications_are_those_of_the_network(cell, num_layers, bidirectional):
    sizes = {"n_outputs": 5, "embedding_dim": 7, "hidden_size": 6, "num_layers": num_layers}
    network = build_network(num_embeddings=50, cell=cell, bidirectional=bidirectional, **sizes)
    model = Network(50, n_directions=1 + bidirectional, n_gates=GATES[cell], **sizes)
    weights = dict(network.named_parameters())
    del weights["embedding.table.weight"]
    assert model.n_dense() == sum(weight.numel() for weight in weights.values()) + 5

    def products(*parts):
        return sum(w.numel() for name, w in weights.items() if any(part in name for part in parts))

    of_words = products("layers.0.0.cell.weight_ih", "layers.0.1.cell.weight_ih")
    of_tokens = products("cell.weight_ih", "cell.weight_hh", "pooling.projection.weight")
    expected = 3 * (11 * of_words + 100 * (of_tokens - of_words))
    assert model.multiplications(n_tokens=100, n_distinct=11) == expected


def test_seconds_are_found_from_exact_steps():
    rng = np.random.default_rng(0)
    work = rng.uniform(1, 1000, (12, 4))
    rates = np.array([0.5, 0, 2, 1e-3])
    np.testing.assert_allclose(fit_seconds(work, work @ rates), rates, rtol=1e-6, atol=1e-9)


def test_no_work_gives_time_back():
    work = [[1, 1], [1, 2], [1, 3]]
    assert (fit_seconds(work, [3.0, 2.0, 1.0]) >= 0).all()


def test_a_step_has_more_work_with_more_documents_and_units():
    few = Network(1000).work(8, 50)
    assert (Network(1000).work(16, 50) >= few).all()
    assert (Network(1000, hidden_size=128).work(8, 50) >= few).all()
    more_words = Network(100_000).work(8, 50) - few
    assert (more_words[:4] == 0).all() and (more_words[4:] > 0).all()


@pytest.mark.parametrize(
    ("seconds", "messages"),
    [(gather_seconds, {1: 0, 2: 1, 5: 4}), (tree_seconds, {1: 0, 2: 2, 5: 6, 8: 6, 9: 8})],
)
def test_messages_follow_one_another(seconds, messages):
    for n_processes, n_messages in messages.items():
        expected = n_messages * (1e-4 + 1e-3)
        assert seconds(1e6, n_processes, 1e-4, 1e9) == pytest.approx(expected)


def test_rows_that_no_token_touches_are_not_sent():
    assert Network(10**6).bytes_of_step(32, 50) < 4 * 10**6 * 100 / 50
    more = Network(10**6).bytes_of_step(64, 50) - Network(10**6).bytes_of_step(32, 50)
    assert more > 0


def test_bytes_of_ids_are_those_of_the_matrix():
    lengths = np.array([3, 1, 6, 2])
    X = sequences_from_flat(np.ones(lengths.sum(), np.int32), lengths)
    matrix, around = id_bytes(len(lengths), lengths.sum())
    assert matrix == X.data.nbytes + X.indices.nbytes + X.indptr.nbytes
    data = SequenceDataset(X)
    assert around == sum(getattr(data, name).nbytes for name in vars(data) if name != "tokens")


def test_many_tokens_take_wider_columns():
    matrix, _ = id_bytes(10**9, 10**12)
    assert matrix == pytest.approx(12e12, rel=0.01)
    assert id_bytes(1, 2**31 - 1)[0] / id_bytes(1, 2**31)[0] == pytest.approx(8 / 12, rel=1e-6)
