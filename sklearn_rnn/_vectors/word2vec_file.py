"""Read the binary format of word2vec: a line of the sizes, then each word, a space, its floats."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable

from sklearn_rnn._vectors.container import Source
from sklearn_rnn._vectors.table import GrowingTable
from sklearn_rnn._vectors.text_file import MAX_FEATURES

_BLOCK = 2**22
_MAX_WORD = 2**16


def read_word2vec(
    source: Source, table: GrowingTable, *, max_words: int | None, advance: Callable[[], None]
) -> int:
    """Read words and vectors into a table, and return the number of features.

    Parameters and errors are those of `read_text`.
    """
    header, _, _ = source.sample.partition(b"\n")
    n_words, n_features = map(int, header.split())
    start = len(header) + 1
    n_bytes = 4 * n_features
    if max_words is not None:
        n_words = min(n_words, max_words)
    _check_sizes(n_words, n_features, None if source.size is None else source.size - start)
    source.seek(start)
    buffer = b""
    position = 0
    passed = start  # bytes of the file before the buffer
    for row in range(n_words):
        end = buffer.find(b" ", position)
        while end < 0 or len(buffer) < end + 1 + n_bytes:
            if len(buffer) - position > _MAX_WORD + n_bytes:
                raise ValueError(
                    f"byte {passed + position}: no space ends word {row + 1}. The file is damaged, "
                    f"or its vectors do not have {n_features} features"
                )
            block = source.read(max(_BLOCK, n_bytes))
            if not block:
                raise ValueError(
                    f"the first line promises {n_words} words, but the file is cut off at byte "
                    f"{passed + len(buffer)} in word {row + 1}. Set max_words={row} to read those "
                    "before"
                )
            passed += position
            buffer = buffer[position:] + block
            position = 0
            advance()
            end = buffer.find(b" ", position)
        # Some programs end each vector with a line feed, which then stands before the next word.
        word = buffer[position:end].lstrip(b"\n")
        if table.wanted is None or word in table.wanted:
            values = buffer[end + 1 : end + 1 + n_bytes]
            table.add(word, as_native(values), passed + position)
        position = end + 1 + n_bytes
    return n_features


def as_native(values: bytes) -> bytes:
    """Return float32 values of a file, little-endian, in the byte order of this machine."""
    if sys.byteorder == "little":
        return values
    swapped = array("f", values)
    swapped.byteswap()
    return swapped.tobytes()


def _check_sizes(n_words: int, n_features: int, n_left: int | None) -> None:
    if not 0 < n_features <= MAX_FEATURES:
        raise ValueError(
            f"the first line promises vectors of {n_features} features. Between 1 and "
            f"{MAX_FEATURES} can be read"
        )
    # At least a letter and a space go before each vector.
    if n_left is not None and n_words * (4 * n_features + 1) > n_left:
        n_there = n_left // (4 * n_features + 2)
        raise ValueError(
            f"the first line promises {n_words} words of {n_features} features, more than the "
            f"{n_left} bytes of the file hold: it is cut off or damaged. Set max_words to read "
            f"the first words, which are at most {n_there}"
        )
