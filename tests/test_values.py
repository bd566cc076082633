"""Python values in JSON and arrays, and back."""

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from sklearn_rnn._files.file_format import pack, unpack
from sklearn_rnn._files.values import NotDataError, Reader, Writer


def there_and_back(value):
    writer = Writer()
    content, arrays = unpack(pack(writer.write(value), writer.arrays))
    return Reader(arrays).read(content)


def spell(value):
    """Return a text that is the same for equal sets, in whatever order they were filled."""
    if isinstance(value, tuple):
        return f"({', '.join(map(spell, value))})"
    if isinstance(value, frozenset):
        return f"{{{', '.join(sorted(map(spell, value)))}}}"
    return repr(value)


def are_same(first, second):
    """Return whether two values are equal to the bit, types included."""
    if type(first) is not type(second):
        return False
    if isinstance(first, (list, tuple)):
        return len(first) == len(second) and all(map(are_same, first, second))
    if isinstance(first, (set, frozenset)):
        return are_same(*(sorted(values, key=spell) for values in (first, second)))
    if isinstance(first, dict):
        return are_same(list(first.items()), list(second.items()))
    if isinstance(first, (np.ndarray, np.generic)):
        if first.dtype != second.dtype or first.shape != second.shape:
            return False
        if first.dtype == object:
            return are_same(first.ravel().tolist(), second.ravel().tolist())
        # Of NaN there are many, and a scalar tells no more than that it is one.
        are_nan = isinstance(first, np.floating) and np.isnan(first) and np.isnan(second)
        return bool(are_nan) or first.tobytes() == second.tobytes()
    if isinstance(first, torch.Tensor):
        return first.dtype == second.dtype and torch.equal(first, second)
    if isinstance(first, float):
        return (math.isnan(first) and math.isnan(second)) or repr(first) == repr(second)
    return first == second


# CPython gives all of them the same hash.
SAME_HASH = [k * (2**61 - 1) for k in range(17)]

PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
HASHABLE = st.recursive(
    PLAIN, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=3
)
DTYPES = (
    npst.boolean_dtypes()
    | npst.integer_dtypes(endianness="?")
    | npst.unsigned_integer_dtypes(endianness="?")
    | npst.floating_dtypes(sizes=(16, 32, 64), endianness="?")
    | npst.unicode_string_dtypes(endianness="?", max_len=5)
    | npst.byte_string_dtypes(max_len=5)
    | npst.datetime64_dtypes()
    | npst.timedelta64_dtypes()
)
ARRAYS = npst.arrays(DTYPES, npst.array_shapes(min_dims=0, min_side=0, max_side=3))
VALUES = st.recursive(
    PLAIN | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(HASHABLE, inner, max_size=4)
        | st.sets(HASHABLE, max_size=4)
    ),
    max_leaves=5,
)


@given(VALUES)
@settings(max_examples=60, deadline=None)
def test_values_come_back(value):
    assert are_same(there_and_back(value), value)


@given(DTYPES.flatmap(lambda dtype: npst.arrays(dtype, ())))
@settings(max_examples=60, deadline=None)
def test_scalars_of_numpy_come_back(array):
    assert are_same(there_and_back(array[()]), array[()])


@pytest.mark.parametrize(
    "value",
    [
        np.array(["a", None, 1.5, True, ("x", 2)], dtype=object),
        np.array([["a"], ["b"]], dtype=object),
        np.array(["long" * 300_000, "short"]),  # text beyond what is written into the JSON
        np.array([b"long" * 300_000, b"short"]),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.arange(10)[::3],
        np.array([1 + 2j], dtype=np.complex64),
        torch.arange(6.0).reshape(2, 3).T,
        torch.tensor(True),
        torch.device("cuda:1"),
        "\ud800",
        10**1000,
        [np.array(["long" * 50_000, "short"])] * 2,  # each fits the JSON, both together do not
        set(SAME_HASH[:-1]),
        dict.fromkeys(range(2**16)),
    ],
)
def test_special_values_come_back(value):
    assert are_same(there_and_back(value), value)


def test_random_state_goes_on_where_it_was():
    random_state = np.random.RandomState(0)
    random_state.normal(size=3)  # an odd number leaves one in store
    loaded = there_and_back(random_state)
    np.testing.assert_array_equal(loaded.normal(size=5), random_state.normal(size=5))


def test_arrays_are_copies_that_can_be_written_to():
    array = np.zeros(3)
    loaded = there_and_back(array)
    loaded[0] = 1
    assert array[0] == 0


class Text(str):
    pass


@pytest.mark.parametrize(
    "value",
    [
        len,
        str,
        object(),
        Text("a"),
        {"a": [lambda: None]},
        np.array([len], dtype=object),
        np.zeros(2, dtype=[("a", "i4")]),
        np.zeros(2, dtype=np.complex128),
        np.random.RandomState(np.random.PCG64(0)),
        np.ma.masked_array([1]),
        range(3),
        iter([1]),
        set(SAME_HASH),
        dict.fromkeys(range(2**16 + 1)),
    ],
)
def test_what_is_no_data_is_refused(value):
    with pytest.raises(NotDataError):
        Writer().write(value)


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"type": None},
        {"type": []},
        {"type": "function", "value": "os.system"},
        {"type": "tuple"},
        {"type": "tuple", "items": "ab"},
        {"type": "dict", "items": [[1]]},
        {"type": "dict", "items": [[[], 1]]},
        {"type": "frozenset", "items": [[]]},
        {"type": "float", "value": "not"},
        {"type": "float", "value": 1},
        {"type": "float", "value": "1" * 1000},
        {"type": "bytes", "value": "\u20ac"},
        {"type": "device", "value": "nowhere"},
        {"type": "scalar", "dtype": "<f8", "value": "1"},
        {"type": "scalar", "dtype": "|O", "value": "1"},
        {"type": "array", "dtype": "<f8", "shape": [2], "numbers": "1"},
        {"type": "array", "dtype": "<f8", "shape": [3], "numbers": "0"},
        {"type": "array", "dtype": "<f4", "shape": [2], "numbers": "0"},
        {"type": "array", "dtype": "<f8", "shape": [2], "values": [1.0, 2.0]},
        {"type": "array", "dtype": "<U3", "shape": [2], "numbers": "0"},
        {"type": "array", "dtype": "<U1", "shape": [1], "numbers": "2"},
        {"type": "array", "dtype": "<U3", "shape": [-1], "values": ["a"]},
        {"type": "array", "dtype": "<U3", "shape": [1], "values": [1]},
        {"type": "array", "dtype": "<U300000000", "shape": [1], "values": ["a"]},
        {"type": "array", "dtype": "|O", "shape": [10**12, 10**12], "values": []},
        {"type": "array", "dtype": "|O", "shape": [True], "values": [1]},
        {"type": "array", "dtype": "|O", "shape": [10**4000] * 1000, "values": []},
        {"type": "array", "dtype": "<U0", "shape": [10**9], "numbers": "3"},
        [{"type": "array", "dtype": "<U200000", "shape": [1], "values": ["a"]}] * 2,
        [{"type": "array", "dtype": "<f8", "shape": [2], "numbers": "0"}] * 2,
        {"type": "set", "items": SAME_HASH},
        {"type": "frozenset", "items": SAME_HASH},
        {"type": "set", "items": [{"type": "tuple", "items": [k]} for k in SAME_HASH]},
        {"type": "dict", "items": [[k, None] for k in SAME_HASH]},
        {"type": "dict", "items": [[k, None] for k in range(2**16 + 1)]},
        {"type": "array", "dtype": ["a"], "shape": [1], "values": [1]},
        {"type": "array", "dtype": "f4,(2,)f8", "shape": [2], "numbers": "0"},
        {"type": "scalar", "dtype": "f4,(2,)f8", "value": 1.0},
        {"type": "RandomState", "key": [1], "pos": 0, "has_gauss": 0, "gauss": 0.0},
    ],
)
def test_what_was_not_written_so_is_refused(written):
    arrays = {
        "0": np.zeros(2),
        "2": np.full((1, 1), 2**31, np.uint32),
        "3": np.zeros((10**9, 0), np.uint32),
    }
    with pytest.raises(Exception):  # noqa: B017
        Reader(arrays).read(written)


def test_sets_are_written_in_one_order():
    first, second = ["aa", "b", "ccc"], ["ccc", "aa", "b"]
    assert json.dumps(Writer().write(set(first))) == json.dumps(Writer().write(set(second)))
    first, second = frozenset([False, frozenset()]), frozenset([frozenset(), False])
    assert json.dumps(Writer().write({first, 1})) == json.dumps(Writer().write({1, second}))
