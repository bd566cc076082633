"""Pairs as batches."""

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pad_packed_sequence

from sklearn_rnn._text.sequences import sequences_from_flat
from sklearn_rnn._translation.data import (
    PREDICTION_PAIRS,
    PREDICTION_POSITIONS,
    PairBatches,
    PairData,
    RegionSources,
    TextSources,
    plan_sources,
)

N_IDS = 20


def make_ids(n, longest, seed):
    rng = np.random.RandomState(seed)
    lengths = rng.randint(0, longest + 1, n)
    return sequences_from_flat(rng.randint(1, N_IDS, lengths.sum()).astype(np.int32), lengths)


def make_data(n=50, seed=0):
    sources, targets = make_ids(n, 9, seed), make_ids(n, 7, seed + 1)
    return PairData(TextSources(sources), targets, N_IDS), sources, targets


def rows_of(X):
    return [
        X.data[start:stop].tolist() for start, stop in zip(X.indptr, X.indptr[1:], strict=False)
    ]


def unpack(sequence):
    padded, lengths = pad_packed_sequence(sequence, batch_first=True)
    return [row[:n].tolist() for row, n in zip(padded, lengths.tolist(), strict=True)]


@pytest.mark.parametrize("random_state", [None, np.random.RandomState(0)])
@pytest.mark.parametrize("part_documents", [None, 2])
def test_each_pair_comes_once_with_its_source_and_its_target(random_state, part_documents):
    data, sources, targets = make_data()
    batches = PairBatches(data, 16, random_state, part_documents=part_documents)
    sources, targets = rows_of(sources), rows_of(targets)
    seen = []
    for batch, _ in batches:
        pairs = []
        for part in batch.parts:
            ids = unpack(part.ids)
            shifted = unpack(part.ids._replace(data=part.targets))
            for source, read, predicted in zip(unpack(part.source), ids, shifted, strict=True):
                assert read[0] == predicted[-1] == 0
                assert read[1:] == predicted[:-1]
                pairs.append((tuple(source), tuple(read[1:])))
        expected = [(tuple(sources[row] or [1]), tuple(targets[row])) for row in batch.rows]
        assert sorted(pairs) == sorted(expected)
        assert batch.n_tokens == sum(len(targets[row]) + 1 for row in batch.rows)
        assert len(batch) == len(expected)
        seen += batch.rows.tolist()
    assert sorted(seen) == list(range(50))


def test_large_batches_are_cut_into_parts():
    data, *_ = make_data(400)
    (whole,) = (batch for batch, _ in PairBatches(data, 400))
    assert len(whole.parts) == 1
    ((batch, _),) = PairBatches(data, 400, part_documents=8)
    assert len(batch.parts) > 2
    sizes = [int(part.ids.batch_sizes[0]) for part in batch.parts]
    assert max(sizes) - min(sizes) <= 1


def test_ids_that_the_network_does_not_know_are_unknown():
    data = PairData(TextSources(make_ids(1, 3, 0)), sequences_from_flat([5, 30], [2]), 20)
    assert data.tokens.tolist() == [0, 5, 1, 0]


def test_regions_are_padded_behind():
    regions = [np.ones((2, 3), np.float32), np.full((4, 3), 2, np.float32)]
    vectors, lengths = RegionSources(regions).gather(np.array([1, 0]))
    assert lengths.tolist() == [4, 2]
    assert torch.equal(vectors[0], torch.full((4, 3), 2.0))
    assert vectors[1].sum(1).tolist() == [3, 3, 0, 0]


def test_batches_of_predictions_are_bounded():
    lengths = np.array([1] * 200 + [PREDICTION_POSITIONS // 2] * 5 + [3 * PREDICTION_POSITIONS])
    tokens = np.full(lengths.sum(), 2, np.int32)
    plan = plan_sources(TextSources(sequences_from_flat(tokens, lengths)))
    assert sorted(np.concatenate(plan).tolist()) == list(range(len(lengths)))
    for rows in plan:
        assert len(rows) <= PREDICTION_PAIRS
        assert len(rows) == 1 or len(rows) * lengths[rows].max() <= PREDICTION_POSITIONS
