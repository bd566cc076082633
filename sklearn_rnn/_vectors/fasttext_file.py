"""Read a fastText model (.bin): its words, and the n-grams that make up unseen words.

A file contains: a magic number and the version; the parameters; the sizes of the dictionary and its
entries; whether the matrix is quantised, and the matrix, rows of words before rows of n-grams.
What follows is only for training.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_rnn._vectors.container import Source
from sklearn_rnn._vectors.ngrams import MAX_NGRAM, NgramHash, NgramVectors, sum_rows
from sklearn_rnn._vectors.text_file import MAX_FEATURES
from sklearn_rnn._vectors.word_forms import find

MAGIC = struct.pack("<i", 793712314)
_VERSIONS = (11, 12)
_SUPERVISED = 3
_END_OF_SENTENCE = "</s>"
_BLOCK = 2**22
_MAX_WORD = 2**16
_N_WORDS_AT_ONCE = 2**14


@dataclass(frozen=True)
class _Header:
    """What precedes the matrix, checked."""

    n_features: int
    hash: NgramHash
    words: list[bytes]
    start: int


def read_fasttext(
    source: Source,
    *,
    encoding: str,
    decode_error: str,
    asked: Sequence[str] | None,
    max_words: int | None,
    advance: Callable[[], None],
) -> tuple[list[str], np.ndarray, NgramVectors | None]:
    """Read words, their vectors, and the vectors of n-grams.

    With `asked`, only these words, in this order, whether the model has seen them or not, and no
    vectors of n-grams, which are then no longer needed.
    """
    header = _read_header(source)
    seen: dict[str, int] = {}
    for row, word in enumerate(header.words[:max_words]):
        seen.setdefault(_decode(word, encoding, decode_error), row)
    seen.pop("", None)
    matrix = _Matrix(source, header, advance)
    if asked is None:
        table = matrix.read()
        _check_finite(table)
        buckets = table[len(header.words) :]
        vectors = _Composer(header, seen, table).vectors(list(seen))
        ngrams = NgramVectors(header.hash, buckets) if header.hash.max_n and len(buckets) else None
        return list(seen), vectors, ngrams
    # Unseen words are made of n-grams only if no other form of them is known, as `lookup` does.
    words = list(dict.fromkeys(name for word in asked for name in find(word, seen) or [word]))
    needed = _Composer(header, seen, np.empty((0, 0))).rows_of(words)
    table = matrix.read_rows(needed)
    _check_finite(table)
    composer = _Composer(header, seen, table, needed)
    words = [word for word, n in zip(words, composer.n_parts(words).tolist(), strict=True) if n]
    return words, composer.vectors(words), None


class _Composer:
    """Vectors of words, each the mean of its own row and those of its n-grams.

    Parameters
    ----------
    header : _Header
        What precedes the matrix in the file.
    seen : dict of str to int
        The rows of the words that the model has seen.
    table : ndarray of float32
        Rows of the matrix, none if only their numbers are needed.
    kept : ndarray of int or None, default=None
        Which rows the table has, sorted; None for all.
    """

    def __init__(
        self,
        header: _Header,
        seen: dict[str, int],
        table: np.ndarray,
        kept: np.ndarray | None = None,
    ) -> None:
        self.hash = header.hash
        self.seen = seen
        self.table = table
        self.n_words = len(header.words)  # those of n-grams come behind them
        self.kept = kept

    def rows_of(self, words: Sequence[str]) -> np.ndarray:
        """Return the rows that words need, sorted, each once."""
        rows, _ = self._parts(words)
        return np.unique(rows)

    def n_parts(self, words: Sequence[str]) -> np.ndarray:
        """Return the number of rows that make up each word, 0 for one without any."""
        return self._parts(words)[1]

    def vectors(self, words: Sequence[str]) -> np.ndarray:
        """Return the vectors of words, each of which has at least one row."""
        vectors = np.empty((len(words), self.table.shape[1]), np.float32)
        for start in range(0, len(words), _N_WORDS_AT_ONCE):
            part = words[start : start + _N_WORDS_AT_ONCE]
            rows, counts = self._parts(part)
            if self.kept is not None:
                rows = np.searchsorted(self.kept, rows)
            sums = sum_rows(self.table, rows, counts)
            vectors[start : start + len(part)] = sums / counts.astype(np.float32)[:, None]
        return vectors

    def _parts(self, words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows of all words, one after another, and each one's number."""
        rows, counts = self.hash.rows(words)
        owners = np.repeat(np.arange(len(words)), counts)
        # fastText makes no n-grams of its end of a sentence.
        is_made = np.array([word != _END_OF_SENTENCE for word in words], bool)[owners]
        rows, owners = rows[is_made] + self.n_words, owners[is_made]
        own = np.array([self.seen.get(word, -1) for word in words], np.int64)
        has_own = np.flatnonzero(own >= 0)
        rows = np.concatenate([own[has_own], rows])
        owners = np.concatenate([has_own, owners])
        order = np.argsort(owners, kind="stable")
        return rows[order], np.bincount(owners, minlength=len(words))


def _check_finite(table: np.ndarray) -> None:
    bad = ~np.isfinite(table).all(axis=1)
    if bad.any():
        raise ValueError(f"{bad.sum()} rows of its matrix hold NaN or infinity: it is damaged")


class _Matrix:
    """The input matrix of the file, of which only some rows may be needed."""

    def __init__(self, source: Source, header: _Header, advance: Callable[[], None]) -> None:
        self.source = source
        self.advance = advance
        self.start = header.start + 17
        source.seek(header.start)
        reader = _Reader(source, header.start)
        (is_quantised,) = reader.unpack("<b")
        if is_quantised:
            raise ValueError(
                "it is a quantised model of fastText (.ftz), which cannot be read. Use the .bin or "
                ".vec file that it was made from"
            )
        self.shape = reader.unpack("<qq")
        n_buckets = header.hash.n_buckets if header.hash.max_n else 0
        n_rows = len(header.words)
        # Without n-grams fastText may still keep the buckets, for pairs of words.
        if self.shape[1] != header.n_features or self.shape[0] < n_rows + n_buckets:
            raise ValueError(
                f"byte {header.start + 1}: a matrix of shape {self.shape} does not fit "
                f"{n_rows} words, {n_buckets} n-grams and {header.n_features} features"
            )
        n_bytes = 4 * self.shape[0] * self.shape[1]
        if source.size is not None and n_bytes > source.size - self.start:
            raise ValueError(
                f"byte {self.start}: a matrix of {n_bytes} bytes is promised, but the file ends "
                f"at byte {source.size}: it is cut off"
            )

    def read(self) -> np.ndarray:
        """Return all rows."""
        self.source.seek(self.start)
        return self._read(self.start, self.shape[0])

    def read_rows(self, rows: np.ndarray) -> np.ndarray:
        """Return some rows, sorted, each once; the blocks between them are skipped."""
        table = np.empty((len(rows), self.shape[1]), np.float32)
        n_at_once = max(1, _BLOCK // (4 * self.shape[1]))
        blocks = rows // n_at_once
        for first in np.flatnonzero(np.diff(blocks, prepend=-1)).tolist():
            last = np.searchsorted(blocks, blocks[first], side="right")
            start, end = int(rows[first]), int(rows[last - 1]) + 1
            place = self.start + 4 * self.shape[1] * start
            self.source.seek(place)
            table[first:last] = self._read(place, end - start)[rows[first:last] - start]
        return table

    def _read(self, place: int, n_rows: int) -> np.ndarray:
        # In blocks: a compressed file may promise more than it has.
        n_left = 4 * self.shape[1] * n_rows
        blocks = []
        while n_left:
            block = self.source.read(min(_BLOCK, n_left))
            if not block:
                raise ValueError(
                    f"byte {place}: the matrix of {self.shape[0]} rows is cut off there"
                )
            blocks.append(np.frombuffer(block, np.uint8))
            place += len(block)
            n_left -= len(block)
            self.advance()
        whole = np.concatenate(blocks) if blocks else np.empty(0, np.uint8)
        return whole.view("<f4").astype(np.float32, copy=False).reshape(n_rows, self.shape[1])


class _Reader:
    """Reads numbers and words of a file, and knows its place for messages."""

    def __init__(self, source: Source, place: int = 0) -> None:
        self.source = source
        self.place = place
        self.buffer = b""
        self.position = 0

    def unpack(self, form: str) -> tuple[Any, ...]:
        n_bytes = struct.calcsize(form)
        self._fill(n_bytes)
        values = struct.unpack_from(form, self.buffer, self.position)
        self._pass(n_bytes)
        return values

    def word(self) -> bytes:
        end = self.buffer.find(b"\0", self.position)
        if end < 0:
            self._fill(1 + _MAX_WORD, at_least=1)
            end = self.buffer.find(b"\0", self.position)
        if end < 0:
            raise ValueError(f"byte {self.place}: a word of the dictionary does not end")
        word = self.buffer[self.position : end]
        self._pass(len(word) + 1)
        return word

    def _pass(self, n_bytes: int) -> None:
        self.position += n_bytes
        self.place += n_bytes

    def _fill(self, n_bytes: int, at_least: int | None = None) -> None:
        if len(self.buffer) - self.position < n_bytes:
            more = self.source.read(max(_BLOCK, n_bytes))
            self.buffer = self.buffer[self.position :] + more
            self.position = 0
        if len(self.buffer) - self.position < (n_bytes if at_least is None else at_least):
            raise ValueError(
                f"the file is cut off: it ends at byte {self.place + len(self.buffer)}, in the "
                "dictionary or before"
            )


def _read_header(source: Source) -> _Header:
    source.seek(0)
    reader = _Reader(source)
    _, version = reader.unpack("<ii")
    if version not in _VERSIONS:
        raise ValueError(
            f"byte 4: version {version} of fastText's format is unknown, {_VERSIONS} are read"
        )
    n_features, *_, model, n_buckets, min_n, max_n, _ = reader.unpack("<12i")
    reader.unpack("<d")
    if version == 11 and model == _SUPERVISED:
        max_n = 0  # classifiers of that time used no n-grams
    sizes = (0 < n_features <= MAX_FEATURES, 0 <= min_n, 0 <= max_n <= MAX_NGRAM, n_buckets >= 0)
    if not all(sizes):
        raise ValueError(
            f"byte 8: {n_features} features, {n_buckets} buckets and n-grams of {min_n} to {max_n} "
            "characters cannot be: the file is damaged"
        )
    place = reader.place
    n_entries, n_words, n_labels, _, n_pruned = reader.unpack("<iiiqq")
    if not (0 <= n_words and 0 <= n_labels and n_words + n_labels == n_entries):
        raise ValueError(
            f"byte {place}: {n_entries} entries cannot be {n_words} words and {n_labels} labels"
        )
    if n_pruned >= 0:
        raise ValueError(
            "its dictionary was pruned, as those of quantised models are, which cannot be read"
        )
    if source.size is not None and 10 * n_entries > source.size - reader.place:
        raise ValueError(
            f"byte {place}: {n_entries} entries are promised, more than the file of {source.size} "
            "bytes holds"
        )
    words = []
    for row in range(n_entries):
        word = reader.word()
        _, kind = reader.unpack("<qb")
        if kind != (row >= n_words):
            raise ValueError(f"byte {reader.place - 1}: entry {row + 1} is of kind {kind}")
        words.append(word)
    hash_ = NgramHash(min_n, max_n, n_buckets if max_n else 0)
    return _Header(n_features, hash_, words[:n_words], reader.place)


def _decode(word: bytes, encoding: str, decode_error: str) -> str:
    try:
        return word.decode(encoding, decode_error)
    except UnicodeDecodeError as exc:
        raise ValueError(
            f"the word {word[:50]!r} is not valid {encoding}. Set 'decode_error' to 'replace'"
        ) from exc
