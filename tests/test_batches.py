import warnings
from itertools import chain, permutations
from unittest.mock import patch

import joblib
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils.rnn import pack_sequence, pad_packed_sequence

from sklearn_rnn._text.sequences import check_sequences, sequences_from_flat
from sklearn_rnn._text.vocabulary import UNKNOWN_ID
from sklearn_rnn._training import batches as batches_file
from sklearn_rnn._training.batches import SequenceDataset, SimilarLengthBatches

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
    assert tokens.parts[0].data.tolist() == [ids[0] for ids in expected]
    assert tokens.parts[0].batch_sizes.tolist() == [len(documents)]


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
        assert tokens.parts[0].data.tolist() == [5, 7, 2]


# What a batch holds.


@settings(deadline=None)
@given(documents=some_documents, batch_size=st.integers(1, 8), random_state=some_random_states)
def test_packed_ids_equal_those_of_torch(documents, batch_size, random_state):
    for tokens, _ in SimilarLengthBatches(make_dataset(documents), batch_size, random_state):
        rows = [torch.tensor(documents[row] or [UNKNOWN_ID]) for row in tokens.rows]
        expected = pack_sequence(rows, enforce_sorted=True)
        assert tokens.parts[0].data.dtype == torch.int32
        assert tokens.parts[0].data.tolist() == expected.data.tolist()
        assert tokens.parts[0].batch_sizes.dtype == expected.batch_sizes.dtype
        assert tokens.parts[0].batch_sizes.tolist() == expected.batch_sizes.tolist()
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
        first_ids = tokens.parts[0].data[: len(tokens)].tolist()
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
            tokens.parts[0].data.add_(1)
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
    assert tokens.parts[0].data.tolist() == [7, 5, 9, 3, 2, 4]
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
    with patch.object(batches_file, "MAX_WINDOW", window):
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
    with patch.object(batches_file, "MAX_WINDOW", window):
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
    with patch.object(batches_file, "MAX_BATCH_TOKENS", max_tokens):
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
    with patch.object(batches_file, "MAX_BATCH_TOKENS", max_tokens):
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


def test_documents_of_few_batches_meet_other_documents_too():
    # One window over all would pair them as in the last epoch.
    lengths = realistic_lengths(320, median=100)
    batches = SimilarLengthBatches(dataset_of_lengths(lengths), 32, np.random.RandomState(0))
    mates = [{pair for rows in rows_of(batches) for pair in permutations(rows, 2)} for _ in "12"]
    assert len(mates[0] & mates[1]) < 0.4 * len(mates[0])


def test_windows_are_a_quarter_of_the_epoch_and_bounded():
    dataset = dataset_of_lengths(np.arange(1, 1 + 4 * 240))
    for max_window, n_windows in [(1000, 4), (60, 4), (24, 10), (10, 24)]:
        with patch.object(batches_file, "MAX_WINDOW", max_window):
            batches = rows_of(SimilarLengthBatches(dataset, 4, np.random.RandomState(0)))
        # In a window no batches overlap. Row i is the one of length i + 1.
        spans = np.zeros(4 * 240, int)
        for rows in batches:
            spans[rows[-1] : rows[0] + 1] += 1
        assert len(batches) == 240
        assert n_windows - 2 < spans.max() <= n_windows


# Of long documents, training reads a part.

some_long_documents = st.lists(st.integers(0, 12), min_size=1, max_size=25)


def dataset_of_distinct_tokens(lengths):
    """Return documents no token of which occurs twice, and their tokens."""
    ends = np.cumsum(lengths)
    documents = [
        list(range(end - n + 2, end + 2)) for n, end in zip(lengths, ends.tolist(), strict=True)
    ]
    return make_dataset(documents), [ids or [UNKNOWN_ID] for ids in documents]


def parts_read(batches):
    """Return what one epoch reads of each row."""
    parts = {}
    for tokens, _ in batches:
        padded, lengths = pad_packed_sequence(tokens.parts[0], batch_first=True)
        for row, ids, n in zip(tokens.rows.tolist(), padded.tolist(), lengths, strict=True):
            parts[row] = ids[:n]
    return [parts[row] for row in sorted(parts)]


crops = given(
    lengths=some_long_documents,
    batch_size=st.integers(1, 8),
    seed=st.integers(0, 100),
    crop_length=st.integers(1, 14),
)


@settings(deadline=None)
@crops
def test_a_crop_is_a_part_of_its_document_in_one_piece(lengths, batch_size, seed, crop_length):
    dataset, documents = dataset_of_distinct_tokens(lengths)
    batches = SimilarLengthBatches(dataset, batch_size, np.random.RandomState(seed), crop_length)
    for _ in range(2):
        parts = parts_read(batches)
        assert len(parts) == len(documents)
        for part, ids in zip(parts, documents, strict=True):
            assert len(part) == min(len(ids), crop_length)
            start = ids.index(part[0])
            assert part == ids[start : start + crop_length]


@settings(deadline=None)
@crops
def test_no_batch_is_longer_than_the_crop(lengths, batch_size, seed, crop_length):
    dataset, _ = dataset_of_distinct_tokens(lengths)
    batches = SimilarLengthBatches(dataset, batch_size, np.random.RandomState(seed), crop_length)
    n_batches = 0
    for tokens, _ in batches:
        n_batches += 1
        assert len(tokens.parts[0].batch_sizes) <= crop_length
        assert len(tokens.parts[0].data) <= crop_length * len(tokens) <= crop_length * batch_size
        assert (
            tokens.parts[0].batch_sizes.tolist()
            == sorted(tokens.parts[0].batch_sizes.tolist())[::-1]
        )
    assert n_batches == len(batches)


@settings(deadline=None)
@given(lengths=some_long_documents, batch_size=st.integers(1, 8), crop_length=st.integers(1, 14))
def test_prediction_reads_whole_documents(lengths, batch_size, crop_length):
    dataset, documents = dataset_of_distinct_tokens(lengths)
    batches = SimilarLengthBatches(dataset, batch_size, crop_length=crop_length)
    assert parts_read(batches) == documents
    assert rows_of(batches) == rows_of(SimilarLengthBatches(dataset, batch_size))


def test_training_reads_whole_documents_by_default():
    dataset, documents = dataset_of_distinct_tokens([900, 3, 40])
    assert parts_read(SimilarLengthBatches(dataset, 2, np.random.RandomState(0))) == documents


def test_crops_start_everywhere_and_equally_often():
    dataset, documents = dataset_of_distinct_tokens([12, 5, 4, 3, 0])
    batches = SimilarLengthBatches(dataset, 2, np.random.RandomState(0), crop_length=4)
    n_epochs = 900
    counts = np.zeros((2, 9), int)
    for _ in range(n_epochs):
        long, almost, *short = parts_read(batches)
        counts[0, documents[0].index(long[0])] += 1
        counts[1, documents[1].index(almost[0])] += 1
        assert short == documents[2:]
    # Places 0 to 8 and 0 to 1: both ends are read. Five standard deviations about the mean.
    for of_document, n_places in zip(counts, (9, 2), strict=True):
        share = 1 / n_places
        deviation = (n_epochs * share * (1 - share)) ** 0.5
        assert (abs(of_document[:n_places] - n_epochs * share) < 5 * deviation).all()
        assert of_document.sum() == n_epochs


def test_documents_of_an_epoch_are_cropped_at_places_of_their_own():
    dataset, documents = dataset_of_distinct_tokens([1000] * 50)
    batches = SimilarLengthBatches(dataset, 50, np.random.RandomState(0), crop_length=10)
    epochs = [
        [ids.index(part[0]) for part, ids in zip(parts_read(batches), documents, strict=True)]
        for _ in range(2)
    ]
    assert len(set(epochs[0])) > 40
    assert sum(a == b for a, b in zip(*epochs, strict=True)) < 5


def test_same_seed_gives_the_same_crops():
    dataset, _ = dataset_of_distinct_tokens([100] * 40)
    one, same, other = (
        SimilarLengthBatches(dataset, 8, np.random.RandomState(seed), crop_length=10)
        for seed in (3, 3, 4)
    )
    for _ in range(3):
        parts = parts_read(one)
        assert parts == parts_read(same)
        assert parts != parts_read(other)


def test_crops_of_a_batch_have_similar_lengths():
    lengths = realistic_lengths(3200, median=100)
    batches = SimilarLengthBatches(
        dataset_of_lengths(lengths), 32, np.random.RandomState(0), crop_length=80
    )
    assert share_of_padding(rows_of(batches), np.minimum(lengths, 80)) < 0.03


def test_documents_beyond_the_crop_are_mixed_whatever_their_length():
    lengths = np.arange(100, 740)
    dataset = dataset_of_lengths(lengths)
    for crop_length, is_mixed in [(50, True), (1000, False)]:
        batches = SimilarLengthBatches(dataset, 32, np.random.RandomState(0), crop_length)
        spread = np.mean([np.ptp(lengths[rows]) for rows in rows_of(batches)])
        assert (spread > len(lengths) / 2) == is_mixed


def test_targets_and_weights_travel_with_their_crops():
    dataset, documents = dataset_of_distinct_tokens([12, 3, 20, 7, 0, 9])
    dataset.targets, dataset.weights = np.arange(6), np.arange(6, dtype=np.float32)
    for tokens, (y, w) in SimilarLengthBatches(dataset, 4, np.random.RandomState(0), 5):
        assert y.tolist() == w.tolist() == tokens.rows.tolist()
        firsts = tokens.parts[0].data[: len(tokens)].tolist()
        assert all(i in documents[row] for i, row in zip(firsts, tokens.rows, strict=True))


def test_a_batch_may_be_any_part_of_its_documents():
    dataset = make_dataset([[2, 3, 4, 5], [6, 7], [8, 9, 10]])
    rows = np.array([2, 0, 1])
    packed, _ = dataset.batch(rows, lengths=np.array([3, 2, 1]), offsets=np.array([0, 1, 1]))
    assert packed.rows.tolist() == [2, 0, 1]
    padded, lengths = pad_packed_sequence(packed.parts[0], batch_first=True)
    assert padded.tolist() == [[8, 9, 10], [3, 4, 0], [7, 0, 0]]
    assert lengths.tolist() == [3, 2, 1]
    packed, _ = dataset.batch(rows, lengths=np.array([2, 2, 1]))
    padded, _ = pad_packed_sequence(packed.parts[0], batch_first=True)
    assert padded.tolist() == [[8, 9], [2, 3], [6, 0]]


# Parts of a batch, to be computed side by side.

some_batches = given(
    documents=st.lists(st.lists(st.integers(2, 50), max_size=12), min_size=1, max_size=25),
    n_parts=st.integers(1, 12),
)

some_cuts = given(
    lengths=st.lists(st.integers(0, 40), min_size=1, max_size=60),
    part_documents=st.integers(1, 20),
    part_tokens=st.integers(1, 100),
)


def batch_in_parts(dataset, n_parts):
    """Return all documents, longest first, as one batch."""
    return dataset.batch(np.argsort(-dataset.lengths, kind="stable"), n_parts=n_parts)


def sizes_of_parts(lengths, part_documents, min_tokens=1, part_tokens=1):
    """Return the number of documents in each part of a batch that holds all documents."""
    with (
        patch.object(batches_file, "MIN_TOKENS_TO_CUT", min_tokens),
        patch.object(batches_file, "PART_TOKENS", part_tokens),
    ):
        ((tokens, _),) = SimilarLengthBatches(
            dataset_of_lengths(lengths),
            len(lengths),
            np.random.RandomState(0),
            part_documents=part_documents,
        )
    return tokens.part_sizes


@settings(deadline=None)
@some_batches
def test_parts_together_are_the_batch(documents, n_parts):
    tokens, _ = batch_in_parts(make_dataset(documents), n_parts)
    rows = np.split(tokens.rows, np.cumsum(tokens.part_sizes)[:-1])
    assert len(rows) == len(tokens.parts) <= n_parts
    assert min(tokens.part_sizes) > 0
    assert sum(tokens.part_sizes) == len(tokens) == len(documents)
    for part, part_rows in zip(tokens.parts, rows, strict=True):
        ids = [torch.tensor(documents[row] or [UNKNOWN_ID]) for row in part_rows]
        expected = pack_sequence(ids, enforce_sorted=True)
        assert part.data.dtype == torch.int32
        assert part.data.tolist() == expected.data.tolist()
        assert part.batch_sizes.dtype == expected.batch_sizes.dtype
        assert part.batch_sizes.tolist() == expected.batch_sizes.tolist()


@settings(deadline=None)
@some_batches
def test_no_part_has_more_than_its_share_and_one_of_the_shorter_documents(documents, n_parts):
    tokens, _ = batch_in_parts(make_dataset(documents), n_parts)
    n_tokens = [len(part.data) for part in tokens.parts]
    lengths = sorted((len(document) or 1 for document in documents), reverse=True)
    # Each part begins with one of the longest.
    shorter = lengths[len(n_tokens) :] or [0]
    assert max(n_tokens) <= max(lengths[0], sum(n_tokens) / len(n_tokens) + shorter[0])


@pytest.mark.parametrize(
    ("lengths", "n_parts", "sizes"),
    [
        ([5] * 4, 1, [4]),
        ([5] * 4, 2, [2, 2]),
        ([5] * 6, 3, [2, 2, 2]),
        ([5] * 4, 9, [1, 1, 1, 1]),
        ([9, 3, 3, 3], 2, [1, 3]),
        ([100, 60, 20, 20, 10, 10], 2, [2, 4]),
        ([0, 0, 0], 3, [1, 1, 1]),
        ([7], 3, [1]),
    ],
    ids=str,
)
def test_documents_of_parts_with_the_same_number_of_tokens(lengths, n_parts, sizes):
    tokens, _ = batch_in_parts(dataset_of_lengths(lengths), n_parts)
    assert tokens.part_sizes == sizes


def test_parts_of_documents_of_falling_lengths_have_about_as_many_tokens():
    tokens, _ = batch_in_parts(dataset_of_lengths(list(range(1300, 500, -50))), 2)
    one, other = (len(part.data) for part in tokens.parts)
    assert abs(one - other) <= 50


@settings(deadline=None)
@some_batches
def test_targets_and_weights_of_parts_come_in_the_order_of_rows(documents, n_parts):
    n = len(documents)
    dataset = make_dataset(documents, targets=np.arange(n), weights=np.arange(n, dtype=np.float32))
    tokens, (y, w) = batch_in_parts(dataset, n_parts)
    assert y.tolist() == w.tolist() == tokens.rows.tolist()


@settings(deadline=None)
@given(
    lengths=some_long_documents,
    batch_size=st.integers(1, 8),
    seed=st.integers(0, 100),
    crop_length=st.none() | st.integers(1, 14),
    part_documents=st.integers(1, 4),
)
def test_an_epoch_in_parts_reads_what_whole_batches_read(
    lengths, batch_size, seed, crop_length, part_documents
):
    def epoch(part_documents):
        dataset, _ = dataset_of_distinct_tokens(lengths)
        rng = np.random.RandomState(seed)
        with (
            patch.object(batches_file, "MIN_TOKENS_TO_CUT", 6),
            patch.object(batches_file, "PART_TOKENS", 4),
        ):
            return list(SimilarLengthBatches(dataset, batch_size, rng, crop_length, part_documents))

    for (cut, _), (whole, _) in zip(epoch(part_documents), epoch(None), strict=True):
        assert sorted(cut.rows) == sorted(whole.rows)
        ids = [part.data.tolist() for part in cut.parts]
        assert sorted(chain.from_iterable(ids)) == sorted(whole.parts[0].data.tolist())
        # The first step reads the first token of each document, in the order of rows.
        firsts = [i for part, n in zip(ids, cut.part_sizes, strict=True) for i in part[:n]]
        expected = dict(zip(whole.rows.tolist(), whole.parts[0].data.tolist(), strict=False))
        assert firsts == [expected[row] for row in cut.rows.tolist()]


@pytest.mark.parametrize("random_state", [None, 0])
def test_batches_are_whole_unless_parts_are_asked_for(random_state):
    if random_state is not None:
        random_state = np.random.RandomState(random_state)
    n_parts = {}
    for part_documents in (None, 8):
        ((tokens, _),) = SimilarLengthBatches(
            dataset_of_lengths([200] * 32), 32, random_state, part_documents=part_documents
        )
        n_parts[part_documents] = len(tokens.parts)
    assert n_parts[None] == 1 < n_parts[8]


@pytest.mark.parametrize("part_documents", [1, 4, 100])
def test_batches_of_few_tokens_are_not_cut(part_documents):
    lengths = [20] * 10
    assert sizes_of_parts(lengths, part_documents, min_tokens=201) == [10]
    assert len(sizes_of_parts(lengths, part_documents, min_tokens=200)) > 1


def test_tokens_that_a_crop_leaves_out_do_not_count():
    dataset = dataset_of_lengths([1000] * 10)
    for crop_length, n_parts in [(19, 1), (20, 2)]:
        batches = SimilarLengthBatches(dataset, 10, np.random.RandomState(0), crop_length, 5)
        with patch.object(batches_file, "MIN_TOKENS_TO_CUT", 200):
            ((tokens, _),) = batches
        assert len(tokens.parts) == n_parts


@pytest.mark.parametrize(
    ("part_tokens", "sizes"),
    [(10**6, [16, 16]), (320, [16, 16]), (160, [8] * 4), (80, [4] * 8), (1, [4] * 8)],
)
def test_parts_have_so_many_tokens_but_few_documents_are_not_cut_further(part_tokens, sizes):
    assert sizes_of_parts([20] * 32, 4, part_tokens=part_tokens) == sizes


@settings(deadline=None)
@given(
    n_documents=st.integers(1, 100),
    length=st.integers(1, 30),
    part_documents=st.integers(1, 40),
    part_tokens=st.integers(1, 100),
)
def test_parts_have_so_many_documents_but_for_the_first_cut(
    n_documents, length, part_documents, part_tokens
):
    """Of documents of one length; of others, those of the longest may be fewer."""
    sizes = sizes_of_parts([length] * n_documents, part_documents, part_tokens=part_tokens)
    # An odd number of parts is given one more.
    assert len(sizes) <= 2 or n_documents // (len(sizes) - 1) >= part_documents
    assert max(sizes) - min(sizes) <= 1


@settings(deadline=None)
@some_cuts
def test_two_threads_have_as_many_parts_each(lengths, part_documents, part_tokens):
    n_parts = len(sizes_of_parts(lengths, part_documents, part_tokens=part_tokens))
    assert n_parts % 2 == 0 or n_parts == len(lengths)


@settings(deadline=None)
@some_cuts
def test_parts_are_no_more_than_tokens_and_documents_allow(lengths, part_documents, part_tokens):
    n_parts = len(sizes_of_parts(lengths, part_documents, part_tokens=part_tokens))
    n_tokens = sum(max(n, 1) for n in lengths)
    assert n_parts <= max(2, 1 + min(n_tokens // part_tokens, len(lengths) // part_documents))
