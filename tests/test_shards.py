"""The gradients of shards, added up by one process or several, which threads stand for here."""

from functools import partial

import numpy as np
import pytest
import torch
from shared_fits import FITS, IDS, SMALL, Meeting, classify, in_ranks
from weights import have_same_weights

from sklearn_rnn._text.sequences import check_sequences
from sklearn_rnn._training import batches as batches_file
from sklearn_rnn._training import shards as shards_file
from sklearn_rnn._training.batches import SequenceDataset, SimilarLengthBatches
from sklearn_rnn._training.ranks import Ranks
from sklearn_rnn._training.shards import (
    _halves,
    _nodes_within,
    _parts_of,
    _shards_of,
    round_up,
    step_parts,
)
from sklearn_rnn.modules.cells import CELLS

CELL_NAMES = ["lstm", *sorted(CELLS.keys() - {"lstm"})]


@pytest.fixture
def small_parts(monkeypatch):
    """Let a shard have several parts."""
    monkeypatch.setattr(batches_file, "MIN_TOKENS_TO_CUT", 50)
    monkeypatch.setattr(batches_file, "MIN_TOKENS_TO_CUT_WITH_KERNELS", 50)
    monkeypatch.setattr(batches_file, "PART_TOKENS", 30)
    for cell in CELLS.values():
        monkeypatch.setattr(cell, "n_documents_at_once", 2)


def leaves(node):
    first, stop = node
    if stop - first == 1:
        return [first]
    left, right = _halves(node)
    return leaves(left) + leaves(right)


@pytest.mark.parametrize("n_shards", range(1, 20))
def test_the_tree_has_each_shard_once_and_in_order(n_shards):
    assert leaves((0, n_shards)) == list(range(n_shards))


@pytest.mark.parametrize("n_shards", [1, 2, 3, 5, 8, 12])
def test_processes_have_each_shard_once(n_shards):
    for n_ranks in range(1, n_shards + 1):
        shares = [_shards_of(rank, n_ranks, n_shards) for rank in range(n_ranks)]
        assert [shard for share in shares for shard in share] == list(range(n_shards))
        assert min(map(len, shares)) >= 1
        for n_parts in (1, n_shards, 3 * n_shards - 1):
            places = [_parts_of(share, n_shards, n_parts) for share in shares]
            assert sorted(place for some in places for place in some) == list(range(n_parts))


@pytest.mark.parametrize("n_shards", [1, 2, 3, 5, 8, 12])
def test_nodes_of_all_processes_make_up_the_tree(n_shards):
    for n_ranks in range(1, n_shards + 1):
        shares = [_shards_of(rank, n_ranks, n_shards) for rank in range(n_ranks)]
        nodes = [node for share in shares for node in _nodes_within(share, (0, n_shards))]
        assert [shard for node in nodes for shard in range(*node)] == list(range(n_shards))


def test_a_process_with_half_of_the_shards_sends_one_sum():
    assert _nodes_within(range(4, 8), (0, 8)) == [(4, 8)]


@pytest.mark.one_at_a_time(n_ranks=[2, 3, 4], name=[*FITS])
def test_the_number_of_processes_does_not_change_a_bit(n_ranks, name, monkeypatch, small_parts):
    fit, params = FITS[name]
    (alone,) = in_ranks(1, lambda: fit(4, **params), monkeypatch)
    for model in in_ranks(n_ranks, lambda: fit(4, **params), monkeypatch):
        assert have_same_weights(model, alone)
        assert model.loss_curve_ == alone.loss_curve_
        assert model.validation_scores_ == alone.validation_scores_


@pytest.mark.parametrize("cell", CELL_NAMES)
def test_the_number_of_processes_does_not_change_a_bit_of_any_cell(cell, monkeypatch):
    (alone,) = in_ranks(1, lambda: classify(3, cell=cell), monkeypatch)
    for model in in_ranks(2, lambda: classify(3, cell=cell), monkeypatch):
        assert have_same_weights(model, alone)


def test_shards_are_too_many_for_a_batch(monkeypatch):
    (alone,) = in_ranks(1, lambda: classify(50), monkeypatch)
    for model in in_ranks(4, lambda: classify(50), monkeypatch):
        assert have_same_weights(model, alone)


NO_DROPOUT = {"dropout": 0.0, "word_dropout": 0.0, "recurrent_dropout": 0.0}


# But for those that draw random numbers, and those that round roughly.
@pytest.mark.parametrize("name", sorted(FITS.keys() - {"scheduled sampling", "bfloat16"}))
def test_shards_change_the_weights_by_rounding_alone(name):
    """Apart from the random numbers, a batch is learned from as a whole."""
    fit, params = FITS[name]
    params = {**params, **NO_DROPOUT, "optimizer": "sgd", "lr": 0.1}
    for prefix, extra in {"model": "embedding_dropout", "tag": "affix_dropout"}.items():
        if fit.__name__.startswith(prefix):
            params[extra] = 0.0
    one, other = fit(1, **params), fit(3, **params)
    weights = dict(other.module_.named_parameters())
    for place, value in one.module_.named_parameters():
        torch.testing.assert_close(weights[place], value, rtol=1e-3, atol=1e-4)


def test_batches_are_cut_into_as_many_parts_for_each_shard(small_parts):
    data = SequenceDataset(check_sequences(IDS))
    batches = SimilarLengthBatches(data, 21, np.random.RandomState(0), None, 2, n_shards=3)
    for batch, _ in batches:
        assert batch.n_shards == 3
        assert len(batch.parts) % 3 == 0
        assert sum(batch.part_sizes) == 21


def test_each_process_computes_its_shards_alone(monkeypatch):
    computed = []

    def step_part(place):
        computed.append(place)
        return [None], [torch.tensor(float(place))]

    monkeypatch.setattr(shards_file, "current_ranks", lambda: Lonely(1, 2))
    step_parts([torch.zeros(1)], 4, step_part, range(8))
    assert computed == [2, 3, 6, 7]


class Lonely(Ranks):
    """A process to which the others send what it sends."""

    def gather(self, about, arrays):
        return [list(arrays)] * self.n_ranks


@pytest.mark.parametrize(("optimizer", "sends_tables"), [("adamw", False), ("adam", True)])
def test_rows_of_tables_travel_and_not_tables(optimizer, sends_tables, monkeypatch):
    n_ids, meeting = 20_000, Meeting(2)
    X = np.where(IDS, IDS + n_ids - IDS.max(), 0)
    fit = partial(classify, 2, optimizer=optimizer, max_epochs=1, X=X)
    in_ranks(2, fit, monkeypatch, meeting)
    size_of_table = 4 * n_ids * SMALL["embedding_dim"]
    assert (max(meeting.n_bytes) > size_of_table) == sends_tables
    assert sends_tables or max(meeting.n_bytes) < size_of_table / 10


def test_parts_are_rounded_up():
    assert [round_up(n, 4) for n in (1, 4, 5)] == [4, 4, 8]
