"""A table of words and vectors that grows from a file, with the repairs that it needed."""

from __future__ import annotations

import warnings
from array import array
from collections.abc import Collection

import numpy as np


class GrowingTable:
    """Words and their vectors, row by row. Memory grows with what was read, not by a header.

    Parameters
    ----------
    place : str
        The unit of places in the file, "line" or "byte", for the messages.
    encoding, decode_error : str
        How words are decoded.
    wanted : collection of bytes or None
        The words to keep, None for all.
    """

    def __init__(
        self, place: str, *, encoding: str, decode_error: str, wanted: Collection[bytes] | None
    ) -> None:
        self.place = place
        self.encoding = encoding
        self.decode_error = decode_error
        self.wanted = wanted
        self.rows: dict[str, int] = {}
        self.places = array("q")
        self.values = array("f")
        self._repairs: dict[str, list[int]] = {}

    def add(self, word: bytes, values: bytes, place: int) -> None:
        """Add a row, given its word and the bytes of its float32 values."""
        try:
            decoded = word.decode(self.encoding, self.decode_error)
        except UnicodeDecodeError as exc:
            raise ValueError(
                f"{self.place} {place}: the word {word[:50]!r} is not valid {self.encoding}. Set "
                "'encoding' to that of the file, such as 'latin-1', or 'decode_error' to 'replace'"
            ) from exc
        if not decoded:
            self.repair("without a word were left out", place)
        elif decoded in self.rows:
            self.repair("repeat a word, whose first vector was kept", place)
        else:
            self.rows[decoded] = len(self.rows)
            self.places.append(place)
            self.values.frombytes(values)

    def repair(self, what: str, place: int) -> None:
        """Record a row that is not as it should be."""
        self._repairs.setdefault(what, []).append(place)

    def finish(self, n_features: int) -> tuple[list[str], np.ndarray]:
        """Return the words and vectors, and warn about everything that was repaired."""
        words = list(self.rows)
        vectors = np.frombuffer(self.values, np.float32).reshape(len(words), n_features)
        finite = np.isfinite(vectors).all(axis=1)
        if not finite.all():
            bad = np.flatnonzero(~finite).tolist()
            what = "with NaN or infinity were left out"
            self._repairs[what] = [self.places[row] for row in bad]
            words = [words[row] for row in np.flatnonzero(finite).tolist()]
            vectors = vectors[finite]
        for what, places in self._repairs.items():
            warnings.warn(
                f"{len(places)} row(s) {what}; the first is at {self.place} {places[0]}.",
                stacklevel=5,
            )
        return words, vectors
