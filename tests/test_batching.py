import warnings
from itertools import chain
from unittest.mock import patch

import joblib
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils.rnn import pack_sequence

from sklearn_rnn import _batching
from sklearn_rnn._batching import SequenceDataset, SimilarLengthBatches
from sklearn_rnn._sequences import check_sequences, sequences_from_flat
from sklearn_rnn._vocabulary import UNKNOWN_ID

some_documents = st.lists(st.lists(st.integers(2, 50), max_size=6), min_size=1, max_size=30)
some_random_states = st.none() | st.builds(np.random.RandomState, st.integers(0, 100))


def make_sequences(documents):
    tokens = np.array([i for ids in documents for i in ids], dtype=np.int32)
    return sequences_from_flat(tokens, [len(ids) for ids in documents])


def make_dataset(documents, **kwargs):
    return SequenceDataset(make_sequences(documents), **kwargs)


def dataset_of_lengths(lengths):
    return make_dataset([[2] * n for n in lengths])


def realistic_lengths(n_documents, median=14):
    """Lengths spread as those of short messages: a tenth is more than twice the median."""
    logs = np.random.RandomState(0).normal(np.log(median), 0.6, n_documents)
    return np.exp(logs).astype(int) + 1


def rows_of(batches):
    return [tokens.rows.tolist() for tokens, _ in batches]


# What one document is read as.


@settings(deadline=None)
@given(documents=some_documents)
def test_dataset_holds_the_tokens_of_each_document(documents):
    dataset = make_dataset(documents)
    assert len(dataset) == len(documents)
    for row, ids in enumerate(documents):
        tokens, _ = dataset[row]
        assert tokens.tolist() == (ids or [UNKNOWN_ID])


@settings(deadline=None)
@given(documents=some_documents)
def test_tokens_are_one_stream_of_int32(documents):
    dataset = make_dataset(documents)
    assert dataset.tokens.dtype == np.int32
    assert dataset.tokens.tolist() == [i for ids in documents for i in ids or [UNKNOWN_ID]]


@pytest.mark.parametrize("documents", [[[], [5]], [[5], []], [[], [], [5], [], []], [[]]], ids=str)
def test_empty_documents_become_one_unknown_token(documents):
    ((tokens, _),) = SimilarLengthBatches(make_dataset(documents), batch_size=10)
    expected = [documents[row] or [UNKNOWN_ID] for row in tokens.rows]
    assert tokens.ids.data.tolist() == [ids[0] for ids in expected]
    assert tokens.ids.batch_sizes.tolist() == [len(documents)]


def test_tokens_share_the_memory_of_the_matrix():
    X = make_sequences([[5, 2], [7]])
    assert np.shares_memory(SequenceDataset(X).tokens, X.data)


def test_the_matrix_is_left_alone():
    X = make_sequences([[5, 2], [], [7]])
    before = X.copy()
    list(SimilarLengthBatches(SequenceDataset(X), 2, np.random.RandomState(0)))
    assert (X != before).nnz == 0
    np.testing.assert_array_equal(X.indptr, before.indptr)


def test_padding_of_a_dense_matrix_makes_no_difference():
    left, right = (check_sequences(X) for X in ([[0, 5, 2], [0, 0, 7]], [[5, 2, 0], [7, 0, 0]]))
    for X in (left, right):
        ((tokens, _),) = SimilarLengthBatches(SequenceDataset(X), batch_size=2)
        assert tokens.ids.data.tolist() == [5, 7, 2]


# What a batch holds.


@settings(deadline=None)
@given(documents=some_documents, batch_size=st.integers(1, 8), random_state=some_random_states)
def test_packed_ids_equal_those_of_torch(documents, batch_size, random_state):
    for tokens, _ in SimilarLengthBatches(make_dataset(documents), batch_size, random_state):
        rows = [torch.tensor(documents[row] or [UNKNOWN_ID]) for row in tokens.rows]
        expected = pack_sequence(rows, enforce_sorted=True)
        assert tokens.ids.data.dtype == torch.int32
        assert tokens.ids.data.tolist() == expected.data.tolist()
        assert tokens.ids.batch_sizes.dtype == expected.batch_sizes.dtype
        assert tokens.ids.batch_sizes.tolist() == expected.batch_sizes.tolist()
        assert len(tokens) == len(rows)


@pytest.mark.parametrize("random_state", [None, 0])
@pytest.mark.parametrize("shape", [(), (3,)])
@pytest.mark.parametrize("dtype", [np.int64, np.float32])
def test_targets_and_weights_travel_with_their_rows(random_state, shape, dtype):
    rng = np.random.RandomState(1)
    lengths = rng.randint(0, 9, size=50)
    targets = rng.randint(100, size=(50, *shape)).astype(dtype)
    weights = rng.rand(50).astype(np.float32)
    dataset = SequenceDataset(
        make_sequences([[row + 2] * n for row, n in enumerate(lengths)]), targets, weights
    )
    if random_state is not None:
        random_state = np.random.RandomState(random_state)
    for tokens, (y, w) in SimilarLengthBatches(dataset, 8, random_state):
        first_ids = tokens.ids.data[: len(tokens)].tolist()
        assert first_ids == [row + 2 if lengths[row] else UNKNOWN_ID for row in tokens.rows]
        assert y.numpy().dtype == dtype
        np.testing.assert_array_equal(y.numpy(), targets[tokens.rows])
        np.testing.assert_array_equal(w.numpy(), weights[tokens.rows])


def test_weights_are_one_where_none_are_given():
    ((_, (_, weights)),) = SimilarLengthBatches(make_dataset([[5], [7], []]), 3)
    assert weights.dtype == torch.float32
    assert weights.tolist() == [1.0, 1.0, 1.0]


def test_a_row_of_the_dataset_comes_with_its_target():
    dataset = make_dataset([[5], [7, 3]], targets=np.array([4, 9]))
    assert [int(dataset[row][1]) for row in (0, 1)] == [4, 9]


@pytest.mark.parametrize("random_state", [None, 0])
def test_read_only_data_works(random_state):
    X = make_sequences([[5, 2], [], [7, 3, 4]])
    targets, weights = np.array([0, 1, 2]), np.ones(3, np.float32)
    for array in (X.data, X.indices, X.indptr, targets, weights):
        array.flags.writeable = False
    if random_state is not None:
        random_state = np.random.RandomState(random_state)
    batches = SimilarLengthBatches(SequenceDataset(X, targets, weights), 2, random_state)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # torch warns of tensors over memory it may not write
        for tokens, (y, w) in batches:
            tokens.ids.data.add_(1)
            y.add_(1)
            w.add_(1)
    assert X.data.tolist() == [5, 2, 7, 3, 4]
    assert targets.tolist() == [0, 1, 2]
    assert weights.tolist() == [1, 1, 1]


def test_memory_mapped_data_works(tmp_path):
    documents = [[5, 2], [7, 3, 4], [9]]
    arrays = (make_sequences(documents), np.array([0, 1, 2]), np.ones(3, np.float32))
    joblib.dump(arrays, tmp_path / "arrays")
    mapped = joblib.load(tmp_path / "arrays", mmap_mode="r")
    assert isinstance(mapped[0].data, np.memmap)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ((tokens, (y, _)),) = SimilarLengthBatches(SequenceDataset(*mapped), 3)
    assert tokens.ids.data.tolist() == [7, 5, 9, 3, 2, 4]
    assert y.tolist() == [1, 0, 2]


# How an epoch is cut into batches.


@settings(deadline=None)
@given(
    documents=some_documents,
    batch_size=st.integers(1, 8),
    random_state=some_random_states,
    window=st.integers(1, 4),
)
def test_an_epoch_holds_every_row_once(documents, batch_size, random_state, window):
    with patch.object(_batching, "WINDOW", window):
        batches = SimilarLengthBatches(make_dataset(documents), batch_size, random_state)
        for _ in range(2):
            rows = chain.from_iterable(rows_of(batches))
            assert sorted(rows) == list(range(len(documents)))


@settings(deadline=None)
@given(
    documents=some_documents,
    batch_size=st.integers(1, 8),
    seed=st.integers(0, 100),
    window=st.integers(1, 4),
)
def test_random_batches_differ_by_one_document_at_most(documents, batch_size, seed, window):
    with patch.object(_batching, "WINDOW", window):
        batches = SimilarLengthBatches(
            make_dataset(documents), batch_size, np.random.RandomState(seed)
        )
        sizes = [len(rows) for rows in rows_of(batches)]
    assert max(sizes) <= batch_size
    assert max(sizes) - min(sizes) <= 1
    assert len(sizes) == -(-len(documents) // batch_size)


@settings(deadline=None)
@given(
    documents=some_documents,
    batch_size=st.integers(1, 8),
    random_state=some_random_states,
    max_tokens=st.integers(1, 20),
)
def test_len_is_the_number_of_batches(documents, batch_size, random_state, max_tokens):
    with patch.object(_batching, "MAX_BATCH_TOKENS", max_tokens):
        batches = SimilarLengthBatches(make_dataset(documents), batch_size, random_state)
        assert len(batches) == len(list(batches))


@settings(deadline=None)
@given(documents=some_documents, batch_size=st.integers(1, 8))
def test_fixed_order_is_sorted_by_length(documents, batch_size):
    batches = rows_of(SimilarLengthBatches(make_dataset(documents), batch_size))
    by_length = sorted(range(len(documents)), key=lambda row: -max(len(documents[row]), 1))
    assert list(chain.from_iterable(batches)) == by_length


@settings(deadline=None)
@given(documents=some_documents, batch_size=st.integers(1, 8), max_tokens=st.integers(1, 20))
def test_fixed_batches_are_as_large_as_the_bounds_allow(documents, batch_size, max_tokens):
    with patch.object(_batching, "MAX_BATCH_TOKENS", max_tokens):
        batches = rows_of(SimilarLengthBatches(make_dataset(documents), batch_size))
    for k, rows in enumerate(batches):
        longest = max(len(documents[rows[0]]), 1)
        assert len(rows) <= batch_size
        # A document that is too long by itself gets a batch of its own.
        assert len(rows) == 1 or longest * len(rows) <= max_tokens
        is_last = k == len(batches) - 1
        assert is_last or len(rows) == batch_size or longest * (len(rows) + 1) > max_tokens


def test_fixed_order_is_the_same_in_every_epoch():
    batches = SimilarLengthBatches(dataset_of_lengths(realistic_lengths(200)), 8)
    assert rows_of(batches) == rows_of(batches)


def test_same_seed_gives_the_same_epochs():
    dataset = dataset_of_lengths(realistic_lengths(500))
    one, other = (SimilarLengthBatches(dataset, 8, np.random.RandomState(3)) for _ in range(2))
    for _ in range(3):
        assert rows_of(one) == rows_of(other)


def test_another_seed_gives_another_epoch():
    dataset = dataset_of_lengths(realistic_lengths(500))
    one, other = (SimilarLengthBatches(dataset, 8, np.random.RandomState(s)) for s in (3, 4))
    assert rows_of(one) != rows_of(other)


def share_of_padding(batches, lengths):
    """Return the share of padding in the batches, were they padded to their longest document."""
    padded = sum(len(rows) * max(lengths[row] for row in rows) for rows in batches)
    return 1 - sum(lengths) / padded


@pytest.mark.parametrize("random", [False, True])
def test_documents_of_a_batch_have_similar_lengths(random):
    lengths = realistic_lengths(16_000)
    dataset = dataset_of_lengths(lengths)
    random_state = np.random.RandomState(0) if random else None
    batches = rows_of(SimilarLengthBatches(dataset, 32, random_state))
    shuffled = np.array_split(np.random.RandomState(0).permutation(len(lengths)), len(batches))
    assert share_of_padding(shuffled, lengths) > 0.5
    assert share_of_padding(batches, lengths) < 0.06


def test_lengths_come_in_no_order():
    lengths = realistic_lengths(16_000)
    batches = SimilarLengthBatches(dataset_of_lengths(lengths), 32, np.random.RandomState(0))
    longest = [lengths[rows[0]] for rows in rows_of(batches)]
    assert abs(np.corrcoef(longest[:-1], longest[1:])[0, 1]) < 0.2


def test_documents_meet_other_documents_in_the_next_epoch():
    # Of long documents few have the same length, so that sorting all would pair them for good.
    lengths = realistic_lengths(16_000, median=100)
    batches = SimilarLengthBatches(dataset_of_lengths(lengths), 32, np.random.RandomState(0))
    batch_of_row = np.empty((2, len(lengths)), int)
    for epoch in batch_of_row:
        for k, rows in enumerate(rows_of(batches)):
            epoch[rows] = k

    def n_pairs(batch_of_row):
        """Count the pairs of documents in the same batch, each in both orders and with itself."""
        return (np.unique(batch_of_row, axis=-1, return_counts=True)[1] ** 2).sum()

    assert n_pairs(batch_of_row) - len(lengths) < 0.15 * (n_pairs(batch_of_row[:1]) - len(lengths))
