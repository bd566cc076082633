"""Arrays as one row of bytes, to be sent to other processes, and back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Each array begins at a multiple of this many bytes.
_ALIGNMENT = 64


def pack(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Return arrays of numbers as one row of bytes, the first eight of which are its length.

    Parameters
    ----------
    arrays : sequence of ndarray
        Arrays of any shapes and types of numbers.

    Returns
    -------
    message : ndarray of uint8 of shape (n_bytes,)

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._training.messages import pack, unpack
    >>> unpack(pack([np.array([[1, 2]]), np.array(0.5)]))
    [array([[1, 2]]), array(0.5)]
    """
    head = [0, len(arrays)]
    for array in arrays:
        head += [ord(array.dtype.char), array.ndim, *array.shape]
    pieces = [np.array(head, np.int64), *arrays]
    ends = np.cumsum([_padded(piece.nbytes) for piece in pieces])
    pieces[0][0] = ends[-1]
    message = np.zeros(ends[-1], np.uint8)
    for piece, end in zip(pieces, ends.tolist(), strict=True):
        first = end - _padded(piece.nbytes)
        message[first : first + piece.nbytes] = piece.reshape(-1).view(np.uint8)
    return message


def unpack(message: np.ndarray) -> list[np.ndarray]:
    """Return the arrays of a message, which share its memory."""
    head = message.view(np.int64)
    n_arrays, place = int(head[1]), 2
    kinds = []
    for _ in range(n_arrays):
        code, n_dims = head[place : place + 2].tolist()
        shape = head[place + 2 : place + 2 + n_dims].tolist()
        kinds.append((np.dtype(chr(code)), shape))
        place += 2 + n_dims
    arrays, start = [], _padded(8 * place)
    for dtype, shape in kinds:
        n_bytes = dtype.itemsize * int(np.prod(shape, dtype=np.int64))
        arrays.append(message[start : start + n_bytes].view(dtype).reshape(shape))
        start += _padded(n_bytes)
    return arrays


def _padded(n_bytes: int) -> int:
    return -(-n_bytes // _ALIGNMENT) * _ALIGNMENT
