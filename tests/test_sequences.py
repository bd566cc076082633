import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sklearn_rnn._text.sequences import (
    check_sequences,
    sequence_lengths,
    sequences_from_flat,
    truncate,
)

IDS = np.array([[5, 2, 3], [0, 0, 0], [7, 0, 0]], dtype=np.int32)

padded_ids = hnp.arrays(
    np.int32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6), elements=st.integers(0, 4)
)


def assert_canonical(X):
    assert isinstance(X, sp.csr_array)
    assert X.data.dtype == np.int32
    assert X.data.flags.c_contiguous
    assert len(X.data) == len(X.indices) == X.indptr[-1]
    assert X.data.all()
    # asked of a new matrix, as the flags of the result may be wrong
    assert sp.csr_array((X.data, X.indices, X.indptr), shape=X.shape).has_canonical_format
    assert X.has_canonical_format
    assert X.has_sorted_indices


# Every one holds the documents [5, 2, 3], [] and [7].
CONTAINERS = {
    "array": lambda: IDS,
    "nested list": lambda: IDS.tolist(),
    "fortran array": lambda: np.asfortranarray(IDS),
    "strided array": lambda: np.repeat(IDS, 2, axis=1)[:, ::2],
    "big endian": lambda: IDS.astype(">i4"),
    "int8": lambda: IDS.astype(np.int8),
    "uint64": lambda: IDS.astype(np.uint64),
    "float16": lambda: IDS.astype(np.float16),
    "float64": lambda: IDS.astype(np.float64),
    "object array": lambda: IDS.astype(object),
    "object array of mixed numbers": lambda: np.array(
        [[5, 2.0, np.int8(3)], [0] * 3, [7, 0, 0]], object
    ),
    "left padded": lambda: np.array([[5, 2, 3], [0, 0, 0], [0, 0, 7]]),
    "with gaps": lambda: np.array([[5, 0, 2, 3], [0, 0, 0, 0], [0, 7, 0, 0]]),
    "frame": lambda: pd.DataFrame(IDS, index=[3, 1, 2]),
    "nullable frame": lambda: pd.DataFrame(IDS).astype("Int32"),
    "mixed frame": lambda: pd.DataFrame(IDS).astype({0: "Int64", 1: float}),
    "coo matrix": lambda: sp.coo_matrix(IDS),
    "csr matrix": lambda: sp.csr_matrix(IDS),
    "csr array": lambda: sp.csr_array(IDS),
    "csc array": lambda: sp.csc_array(IDS),
    "lil array": lambda: sp.lil_array(IDS),
    "dok array": lambda: sp.dok_array(IDS),
    "bsr array": lambda: sp.bsr_array(IDS, blocksize=(3, 3)),
    "float csr": lambda: sp.csr_array(IDS.astype(np.float32)),
    "int64 csr": lambda: sp.csr_array(IDS.astype(np.int64)),
    "sliced csr": lambda: sp.csr_array(np.hstack([IDS, IDS]))[:, :3],
    "explicit zeros": lambda: sp.csr_array(
        (np.array([5, 0, 2, 3, 7]), [0, 1, 2, 3, 0], [0, 4, 4, 5]), shape=(3, 4)
    ),
    "unsorted": lambda: sp.csr_array(
        (np.array([3, 5, 2, 7]), [2, 0, 1, 0], [0, 3, 3, 4]), shape=(3, 3)
    ),
    "duplicates": lambda: sp.csr_array(
        (np.array([4, 2, 3, 1, 7]), [0, 1, 2, 0, 0], [0, 4, 4, 5]), shape=(3, 3)
    ),
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_containers_give_the_same_documents(container):
    X = check_sequences(CONTAINERS[container]())
    assert_canonical(X)
    np.testing.assert_array_equal(X.data, [5, 2, 3, 7])
    np.testing.assert_array_equal(X.indptr, [0, 3, 3, 4])
    np.testing.assert_array_equal(sequence_lengths(X), [3, 0, 1])


def test_polars_frame():
    pl = pytest.importorskip("polars")
    X = check_sequences(pl.DataFrame(IDS))
    np.testing.assert_array_equal(X.toarray(), IDS)
    with pytest.raises(ValueError, match="Input X contains NaN"):
        check_sequences(pl.DataFrame({"a": [1, None]}))


@pytest.mark.parametrize("cls", [sp.csr_matrix, sp.csr_array])
def test_canonical_input_is_not_copied(cls):
    X = cls(IDS)
    checked = check_sequences(X)
    for name in ("data", "indices", "indptr"):
        assert np.shares_memory(getattr(checked, name), getattr(X, name))


def test_arrays_may_be_longer_than_what_they_hold():
    X = sp.csr_array(IDS)
    X.data, X.indices = np.append(X.data, -1), np.append(X.indices, 0)
    np.testing.assert_array_equal(check_sequences(X).toarray(), IDS)


def test_checked_once_is_checked_for_good():
    X = check_sequences(IDS)
    again = check_sequences(X)
    assert np.shares_memory(again.data, X.data)
    np.testing.assert_array_equal(again.toarray(), IDS)


@pytest.mark.parametrize("container", ["explicit zeros", "unsorted", "duplicates"])
@pytest.mark.parametrize("dtype", [np.int32, np.float64])
def test_input_is_not_changed(container, dtype):
    X = CONTAINERS[container]().astype(dtype)
    before = X.data.copy(), X.indices.copy(), X.indptr.copy(), X.dtype
    check_sequences(X)
    for now, then in zip((X.data, X.indices, X.indptr), before[:3], strict=True):
        np.testing.assert_array_equal(now, then)
    assert X.dtype == before[3]


def test_stale_flags_are_not_believed():
    X = CONTAINERS["unsorted"]()
    X.has_canonical_format = True
    assert_canonical(check_sequences(X))


@pytest.mark.parametrize("container", ["csr array", "unsorted", "explicit zeros", "duplicates"])
def test_read_only_matrix(container):
    X = CONTAINERS[container]().astype(np.int32)
    for part in (X.data, X.indices, X.indptr):
        part.flags.writeable = False
    X = check_sequences(X)
    assert_canonical(X)
    np.testing.assert_array_equal(X.data, [5, 2, 3, 7])


def test_memory_mapped_arrays(tmp_path):
    np.save(tmp_path / "ids.npy", IDS)
    X = check_sequences(np.load(tmp_path / "ids.npy", mmap_mode="r"))
    np.testing.assert_array_equal(X.toarray(), IDS)

    for name in ("data", "indices", "indptr"):
        np.save(tmp_path / f"{name}.npy", getattr(X, name))
    parts = [np.load(tmp_path / f"{n}.npy", mmap_mode="r") for n in ("data", "indices", "indptr")]
    mapped = check_sequences(sp.csr_array(tuple(parts), shape=X.shape))
    assert_canonical(mapped)
    np.testing.assert_array_equal(mapped.toarray(), IDS)


@given(padded_ids)
def test_round_trip(ids):
    X = check_sequences(ids)
    assert_canonical(X)
    np.testing.assert_array_equal(X.toarray(), ids)
    np.testing.assert_array_equal(X.data, ids[ids != 0])
    np.testing.assert_array_equal(sequence_lengths(X), (ids != 0).sum(axis=1))
    from_sparse = check_sequences(sp.coo_array(ids))
    for name in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(from_sparse, name), getattr(X, name))


@given(padded_ids)
def test_columns_of_padding_change_nothing(ids):
    padding = np.zeros((len(ids), 2), dtype=np.int32)
    X = check_sequences(ids)
    for wider in (np.hstack([ids, padding]), np.hstack([padding, ids])):
        wider = check_sequences(wider)
        np.testing.assert_array_equal(wider.data, X.data)
        np.testing.assert_array_equal(wider.indptr, X.indptr)


@given(st.lists(st.lists(st.integers(1, 9), max_size=5), min_size=1, max_size=5))
def test_from_flat(documents):
    flat = np.array([i for document in documents for i in document], dtype=np.int32)
    X = sequences_from_flat(flat, [len(document) for document in documents])
    assert_canonical(X)
    assert X.shape == (len(documents), max(1, *map(len, documents), 1))
    for row, document in zip(X.toarray(), documents, strict=True):
        np.testing.assert_array_equal(row, document + [0] * (X.shape[1] - len(document)))


def test_from_flat_width():
    tokens = np.array([5, 2, 7], dtype=np.int32)
    X = sequences_from_flat(tokens, [1, 2], width=4)
    np.testing.assert_array_equal(X.toarray(), [[5, 0, 0, 0], [2, 7, 0, 0]])
    assert np.shares_memory(X.data, tokens)
    with pytest.raises(ValueError, match=r"must fit in width=1. It has 2"):
        sequences_from_flat(tokens, [1, 2], width=1)


def test_from_flat_is_checked():
    with pytest.raises(ValueError, match=r"must sum to the number of tokens, 2. Got 3"):
        sequences_from_flat(np.array([5, 2]), [1, 2])
    with pytest.raises(ValueError, match=r"Token ids must be positive: 0 is padding. Got 0"):
        sequences_from_flat(np.array([5, 0]), [1, 1])


@pytest.mark.parametrize(
    ("keep", "max_length", "expected"),
    [
        ("head", 3, [1, 2, 3]),
        ("tail", 3, [3, 4, 5]),
        ("both", 4, [1, 2, 4, 5]),
        ("both", 3, [1, 2, 5]),
        ("both", 1, [1]),
        ("tail", 5, [1, 2, 3, 4, 5]),
        ("head", 9, [1, 2, 3, 4, 5]),
    ],
)
def test_truncate(keep, max_length, expected):
    tokens = np.array([8, 1, 2, 3, 4, 5, 9])
    tokens, lengths = truncate(tokens, np.array([1, 5, 0, 1]), max_length, keep=keep)
    assert tokens.tolist() == [8, *expected, 9]
    assert lengths.tolist() == [1, len(expected), 0, 1]


@given(st.lists(st.integers(0, 6), min_size=1, max_size=5), st.integers(1, 7))
def test_truncate_head_equals_a_slice_of_the_matrix(lengths, max_length):
    lengths = np.array(lengths)
    tokens = np.arange(1, lengths.sum() + 1)
    head = sequences_from_flat(*truncate(tokens, lengths, max_length), width=max_length)
    whole = sequences_from_flat(tokens, lengths, width=7)
    np.testing.assert_array_equal(head.toarray(), whole.toarray()[:, :max_length])


BOTH = pytest.mark.parametrize("convert", [np.asarray, sp.csr_array], ids=["dense", "sparse"])


@BOTH
@pytest.mark.parametrize(
    ("values", "match"),
    [
        ([[1, -1]], "Negative values in data passed to RNNTextClassifier.* Got -1"),
        ([[1.0, 2.5]], "takes token ids, which are integers, or raw text. Got 2.5 in X"),
        ([[1.0, np.nan]], "Input X contains NaN.\nRNNTextClassifier takes token ids"),
        ([[1.0, np.inf]], "Input X contains infinity"),
        ([[1, 2**31]], r"must be at most 2147483647 \(int32\). Got 2147483648"),
        ([[1, 1e300]], "must be at most 2147483647"),
        ([[1j]], "Complex data not supported"),
    ],
)
def test_wrong_values_are_refused(convert, values, match):
    with pytest.raises(ValueError, match=match):
        check_sequences(convert(np.array(values)))


@BOTH
def test_bool_is_refused(convert):
    with pytest.raises(TypeError, match=r"Token ids must be integers. Got .* dtype bool instead"):
        check_sequences(convert(np.array([[True, False]])))


@BOTH
def test_largest_id(convert):
    assert check_sequences(convert(np.array([[2**31 - 1]]))).data.tolist() == [2**31 - 1]


def test_sum_of_duplicates_does_not_overflow():
    X = sp.csr_array((np.array([2**31 - 1, 2], dtype=np.int32), [0, 0], [0, 2]), shape=(1, 1))
    with pytest.raises(ValueError, match="must be at most 2147483647"):
        check_sequences(X)


@BOTH
@pytest.mark.parametrize(
    ("shape", "match"),
    [
        ((0, 3), r"Found array with 0 sample\(s\) \(shape=\(0, 3\)\) while a minimum of 1 is"),
        ((3, 0), r"Found array with 0 feature\(s\) \(shape=\(3, 0\)\) while a minimum of 1 is"),
    ],
)
def test_empty_shapes_are_refused(convert, shape, match):
    with pytest.raises(ValueError, match=match):
        check_sequences(convert(np.zeros(shape, dtype=np.int32)))


@pytest.mark.parametrize(
    ("X", "match"),
    [
        (np.array(3), "Expected 2D array, got 0D array instead"),
        (np.array([1, 2]), "Expected 2D array, got 1D array instead"),
        (pd.Series([1, 2]), "Expected 2D array, got 1D array instead"),
        (np.ones((1, 2, 3), dtype=int), "Found array with dim 3, while dim <= 2 is required by"),
        ([[1, 2], [3]], "with rows of different lengths; pad them with 0"),
    ],
)
def test_wrong_dimensions_are_refused(X, match):
    with pytest.raises(ValueError, match=match):
        check_sequences(X)


@pytest.mark.parametrize("missing", [None, pd.NA])
def test_missing_ids_are_refused(missing):
    with pytest.raises(ValueError, match="Input X contains NaN"):
        check_sequences(np.array([[1, missing]], dtype=object))


@pytest.mark.parametrize(
    "X",
    [
        None,
        "text",
        [["a", "b"]],
        np.array([["a", "b"]], dtype=object),
        np.array([[1, {}]], dtype=object),
        np.array([[1, True]], dtype=object),
        pd.DataFrame({"a": [1], "b": ["x"]}),
        pd.DataFrame({"a": pd.to_datetime(["2020-01-01"])}),
    ],
)
def test_what_holds_no_numbers_is_refused(X):
    with pytest.raises(TypeError, match="Token ids must be integers"):
        check_sequences(X)


def test_estimator_is_named():
    class MyModel:
        pass

    with pytest.raises(ValueError, match="required by MyModel"):
        check_sequences(np.zeros((0, 1)), estimator=MyModel())
    with pytest.raises(ValueError, match="required by Other"):
        check_sequences(np.zeros((0, 1)), estimator="Other")
