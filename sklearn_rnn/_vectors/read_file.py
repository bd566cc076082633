"""Read a file of word vectors of any format."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from sklearn_rnn._vectors.container import Source, open_source
from sklearn_rnn._vectors.fasttext_file import MAGIC, read_fasttext
from sklearn_rnn._vectors.ngrams import NgramVectors
from sklearn_rnn._vectors.table import GrowingTable
from sklearn_rnn._vectors.text_file import read_text
from sklearn_rnn._vectors.word2vec_file import read_word2vec
from sklearn_rnn._vectors.word_forms import all_forms

# Text has no control characters but these, floats have many.
_TEXT_CONTROLS = frozenset(b"\t\n\r")
_MAX_SHARE_OF_CONTROLS = 0.02


def read_file(
    path: str | os.PathLike,
    *,
    words: Sequence[str] | None,
    max_words: int | None,
    member: str | None,
    encoding: str,
    decode_error: str,
    progress: bool | None,
) -> tuple[list[str], np.ndarray, NgramVectors | None]:
    """Return the words of a file, their vectors, and the vectors of n-grams if it has some.

    The parameters are those of `WordVectors.load`.
    """
    with open_source(path, member) as source, _progress(path, source, progress) as advance:
        # Of other encodings words alone are decoded, not the numbers.
        if not source.is_recoded and "\n".encode(encoding) != b"\n":
            source.recode(encoding)
        if source.is_recoded:
            encoding = "utf-8"
        form = find_format(source)
        if form == "fasttext":
            return read_fasttext(
                source,
                encoding=encoding,
                decode_error=decode_error,
                asked=words,
                max_words=max_words,
                advance=advance,
            )
        place, read = ("byte", read_word2vec) if form == "word2vec" else ("line", read_text)
        wanted = None
        if words is not None:
            wanted = {name.encode(encoding, "ignore") for name in all_forms(words)}
        table = GrowingTable(place, encoding=encoding, decode_error=decode_error, wanted=wanted)
        n_features = read(source, table, max_words=max_words, advance=advance)
        return *table.finish(n_features), None


def find_format(source: Source) -> str:
    """Return "fasttext" for its models, "word2vec" for its binary format, otherwise "text"."""
    sample = source.sample
    if sample.startswith(MAGIC):
        return "fasttext"
    header, line_feed, body = sample.partition(b"\n")
    n_controls = sum(byte < 0x20 and byte not in _TEXT_CONTROLS for byte in body[:4096])
    is_binary = n_controls > _MAX_SHARE_OF_CONTROLS * len(body[:4096])
    fields = header.split()
    if is_binary and line_feed and len(fields) == 2 and all(map(bytes.isdigit, fields)):
        return "word2vec"
    if is_binary or b"\0" in header:
        raise ValueError(
            "it is binary, but neither in word2vec's format, which begins with a line of the "
            "numbers of words and features, nor a model of fastText"
        )
    return "text"


@contextmanager
def _progress(
    path: str | os.PathLike, source: Source, shown: bool | None
) -> Iterator[Callable[[], None]]:
    """Show how much of a file was read; by default on a terminal, and only if it takes long."""
    # Imported here, since in a notebook without widgets the import warns.
    from tqdm.auto import tqdm

    bar = tqdm(
        total=os.path.getsize(path),
        desc=os.path.basename(os.fspath(path)),
        unit="B",
        unit_scale=True,
        disable=None if shown is None else not shown,
        delay=0 if shown else 1,
    )

    def advance() -> None:
        bar.update(source.n_read() - bar.n)

    with bar:
        yield advance
