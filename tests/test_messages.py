import numpy as np
import pytest

from sklearn_rnn._training.messages import pack, unpack

ARRAYS = [
    np.arange(6, dtype=np.float32).reshape(2, 3),
    np.array(2.5),
    np.array([], dtype=np.int64),
    np.zeros((0, 4), np.float32),
    np.array([True, False]),
    np.arange(6).reshape(2, 3).T,
    np.array([-(2**40)]),
]


@pytest.mark.parametrize("n_arrays", range(len(ARRAYS) + 1))
def test_arrays_come_back_as_they_were(n_arrays):
    arrays = ARRAYS[:n_arrays]
    found = unpack(pack(arrays))
    assert len(found) == n_arrays
    for one, other in zip(found, arrays, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other, strict=True)


def test_a_message_begins_with_its_length():
    message = pack(ARRAYS)
    assert message[:8].view(np.int64)[0] == len(message)


def test_arrays_can_be_changed_in_place():
    (found,) = unpack(pack([np.zeros(2)]))
    found += 1
    np.testing.assert_array_equal(found, [1, 1])
