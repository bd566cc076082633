"""Read vectors as text: a word and its numbers per line, as in GloVe, word2vec and fastText.

word2vec and fastText write a first line with the number of words and of features, GloVe does not.
Lines end only in line feeds: words may contain other characters at which str.splitlines cuts.
"""

from __future__ import annotations

import codecs
import re
import warnings
from array import array
from collections import Counter
from collections.abc import Callable, Iterator

from sklearn_rnn._vectors.container import Source
from sklearn_rnn._vectors.table import GrowingTable

MAX_FEATURES = 100_000
_BLOCK = 2**20
_MAX_LINE = 2**22  # bytes, 32 for each of the most features
_HEADER = re.compile(rb"[ \t]*(\d+)[ \t]+(\d+)[ \t\r]*")


def read_text(
    source: Source, table: GrowingTable, *, max_words: int | None, advance: Callable[[], None]
) -> int:
    """Read words and vectors into a table, and return the number of features.

    Parameters
    ----------
    source : Source
        The text.
    table : GrowingTable
        Receives the rows. Words that it does not want are skipped unparsed.
    max_words : int or None
        Largest number of rows to read.
    advance : callable
        Called after each block.
    """
    layout = _Layout(source.sample)
    n_rows = 0
    last = 0
    for number, line in enumerate(_lines(source, advance), start=1):
        if number == 1 and layout.header is not None:
            continue
        if n_rows == max_words:
            break
        # Most lines are skipped, so that one count and one partition is all they get.
        if line.count(layout.separator) == layout.n_separators:
            word, _, numbers = line.partition(layout.separator)
        elif line.strip():
            word, numbers = layout.split(line, number)
        else:
            continue
        n_rows += 1
        last = number
        if table.wanted is None or word in table.wanted:
            table.add(word, layout.parse(numbers, number), number)
    _check_header(layout, n_rows, last, is_whole=n_rows != max_words)
    return layout.n_features


class _Layout:
    """The layout of the lines of a file, inferred from the first ones.

    Attributes
    ----------
    header : tuple of int or None
        The number of words and features in the first line.
    separator : bytes
        The separator of fields.
    n_separators : int
        Number of separators in an ordinary line; fastText ends lines with one.
    n_features : int
        Number of numbers in a line.
    """

    def __init__(self, sample: bytes) -> None:
        lines = sample.removeprefix(codecs.BOM_UTF8).split(b"\n")
        if len(lines) > 1 and len(sample) >= 2**16:
            lines.pop()  # cut by the end of the sample
        lines = [line for line in lines if line.strip()]
        if b"\r" in lines[0].rstrip(b"\r"):
            raise ValueError("its lines end in carriage returns alone. Convert them to line feeds")
        header = _HEADER.fullmatch(lines[0])
        body = lines[1:] if header and len(lines) > 1 else lines
        self.separator = b"\t" if _most_common(line.count(b"\t") for line in body) else b" "
        self.n_features = _most_common(len(line.split()) - 1 for line in body)
        self.header = None
        # Two numbers are a row too where vectors are that short.
        if header and (len(lines) == 1 or self.n_features > 1 or header[2] == b"1"):
            self.header = int(header[1]), int(header[2])
            self._trust_header(is_alone=len(lines) == 1)
        if self.n_features < 1:
            raise ValueError(_no_numbers(lines[0]))
        if self.n_features > MAX_FEATURES:
            raise ValueError(f"line 1 has more than {MAX_FEATURES} numbers")
        fitting = [line for line in body if len(line.split()) == self.n_features + 1]
        self.n_separators = _most_common(line.count(self.separator) for line in fitting)

    def _trust_header(self, *, is_alone: bool) -> None:
        n_words, n_features = self.header or (0, 0)
        if is_alone:
            raise ValueError(
                f"line 1 promises {n_words} words of {n_features} features, and nothing follows: "
                "the file is cut off"
            )
        if n_features != self.n_features:
            warnings.warn(
                f"Line 1 promises {n_features} features, but lines have {self.n_features}, which "
                "were read.",
                stacklevel=7,
            )

    def split(self, line: bytes, number: int) -> tuple[bytes, bytes]:
        """Return word and numbers of a line with another layout than most."""
        fields = line.replace(b"\t", b" ").strip(b" \r").split(b" ")
        fields = [field for field in fields if field]
        n_numbers = len(fields) - 1
        # A word may have spaces in it, but what is extra must not be numbers alone.
        extra = fields[1 : len(fields) - self.n_features]
        if n_numbers < self.n_features or (extra and all(map(_is_number, extra))):
            if line[:1] == b" " and n_numbers == self.n_features - 1:
                return b"", b" ".join(fields)  # its word was a space
            raise ValueError(
                f"line {number}: {n_numbers} numbers after the word {_show(fields[0])}, where "
                f"other lines have {self.n_features}. The file is damaged or cut off there"
            )
        return b" ".join(fields[: len(extra) + 1]), b" ".join(fields[len(extra) + 1 :])

    def parse(self, numbers: bytes, number: int) -> bytes:
        """Return the numbers of a line as the bytes of float32 values."""
        fields = numbers.split()
        try:
            values = array("f", map(float, fields))
        except ValueError as exc:
            wrong = next(field for field in fields if not _is_number(field))
            raise ValueError(f"line {number}: {_show(wrong)} is not a number") from exc
        if len(values) != self.n_features:
            raise ValueError(
                f"line {number}: {len(values)} numbers, where other lines have {self.n_features}"
            )
        return values.tobytes()


def _lines(source: Source, advance: Callable[[], None]) -> Iterator[bytes]:
    rest = b""
    is_first = True
    number = 0
    while block := source.read(_BLOCK):
        if is_first:
            block = block.removeprefix(codecs.BOM_UTF8)
            is_first = False
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        number += len(lines)
        if len(rest) > _MAX_LINE:
            raise ValueError(
                f"line {number + 1} is longer than {_MAX_LINE} bytes: the file is not lines of text"
            )
        yield from lines
        advance()
    if rest:
        yield rest


def _check_header(layout: _Layout, n_rows: int, last: int, *, is_whole: bool) -> None:
    """Compare the number of rows with what the first line promised."""
    if layout.header is None or not is_whole or n_rows == layout.header[0]:
        return
    promised = layout.header[0]
    if n_rows < promised:
        raise ValueError(
            f"line 1 promises {promised} words, but the file ends at line {last} after {n_rows}: "
            f"it is cut off. Set max_words={n_rows} to read these"
        )
    warnings.warn(
        f"Line 1 promises {promised} words, but there are {n_rows}, which were read.", stacklevel=6
    )


def _no_numbers(line: bytes) -> str:
    if line.count(b",") > 1:
        return (
            "line 1 has fields with commas between. Read it with pandas and pass the frame, "
            "indexed by word, to WordVectors.from_frame"
        )
    return f"line 1 has no numbers after the word {_show(line)}"


def _most_common(counts: Iterator[int]) -> int:
    # The smaller of equals: words with spaces make lines longer.
    found = Counter(counts)
    return min(found, key=lambda count: (-found[count], count)) if found else 0


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _show(field: bytes) -> str:
    return repr(field[:50].decode("utf-8", "replace"))
