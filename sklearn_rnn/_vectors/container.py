"""Open a file of word vectors, compressed or not, and refuse other files at once."""

from __future__ import annotations

import bz2
import codecs
import errno
import gzip
import lzma
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, BinaryIO

# By their first bytes: names of files say too little.
_COMPRESSED: dict[bytes, Any] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
_ZIP = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
# The mark of UTF-32 begins like that of UTF-16.
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_PICKLE = (
    "it is a pickle, and opening a pickle runs code. If you trust it and gensim wrote it, open it "
    "with gensim and pass the result to WordVectors.from_gensim"
)
_FRAME = "read it with pandas and pass the frame, indexed by word, to WordVectors.from_frame"
# Protocol 2 to 5, and what begins like text but is not one of ours.
_REFUSED = {
    **{b"\x80" + bytes([protocol]): _PICKLE for protocol in range(2, 6)},
    b"<": "it is a web page or XML, as servers send instead of a file. Download the file again",
    b"{": f"it is JSON. If it maps words to vectors, {_FRAME.replace('read', 'parse', 1)}",
    b"PAR1": f"it is a Parquet file: {_FRAME}",
    b"\x89HDF": f"it is an HDF5 file: {_FRAME}",
    b"\x93NUMPY": "it is an array of NumPy, without words. Pass words and array to WordVectors",
    b"%PDF": "it is a PDF",
    b"Rar!": "it is a RAR archive: unpack it first",
    b"7z\xbc\xaf\x27\x1c": "it is a 7z archive: unpack it first",
    b"\x28\xb5\x2f\xfd": "it is compressed by zstd: unpack it first",
    b"version https://git-lfs": (
        "it is a pointer of Git LFS to the file. Run 'git lfs pull' to get the file itself"
    ),
}
_SAMPLE = 2**16
_DAMAGE = (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError)


class Source:
    """The bytes of a file, decompressed.

    Parameters
    ----------
    stream : binary stream
        The source of the bytes, which can go back to its start.
    raw : binary file
        The file itself.

    Attributes
    ----------
    sample : bytes
        The first bytes.
    size : int or None
        Number of bytes, None if it is known only after decompressing.
    is_recoded : bool
        Whether the bytes are text recoded to UTF-8.
    """

    def __init__(self, stream: Any, raw: BinaryIO) -> None:
        self._stream = stream
        self._raw = raw
        self.is_recoded = False
        self.size = os.fstat(raw.fileno()).st_size if stream is raw else None
        self.sample = self.read(_SAMPLE)
        self._guarded(stream.seek, 0)

    def read(self, n: int) -> bytes:
        """Return the next `n` bytes, fewer only at the end."""
        return self._guarded(self._stream.read, n)

    def seek(self, position: int) -> None:
        """Go to a position, counted in decompressed bytes."""
        self._guarded(self._stream.seek, position)

    def n_read(self) -> int:
        """Return how far the file itself has been read, for a progress bar."""
        return self._raw.tell()

    def recode(self, encoding: str) -> None:
        """Read everything as text, recoded to UTF-8, from now on."""
        self._stream = codecs.EncodedFile(self._stream, "utf-8", encoding)
        self.is_recoded = True
        self.size = None
        self.sample = self.read(_SAMPLE)
        self.seek(0)

    def _guarded(self, function: Any, argument: int) -> Any:
        try:
            return function(argument)
        except UnicodeError as exc:
            raise ValueError(f"its text is not valid {exc.args[0]}") from exc
        except _DAMAGE as exc:
            if isinstance(exc, OSError) and exc.errno is not None:
                raise  # the disk, not the content
            raise ValueError(f"its compressed content is damaged or cut off ({exc})") from exc


@contextmanager
def open_source(path: str | os.PathLike, member: str | None = None) -> Iterator[Source]:
    """Open a file, decompressing gzip, bzip2, xz and zip.

    Parameters
    ----------
    path : path-like
        The file.
    member : str, default=None
        Which file of a zip archive.

    Raises
    ------
    OSError
        If the file cannot be opened, or is a folder.
    ValueError
        If the content is damaged, empty, or cannot contain word vectors.

    Examples
    --------
    >>> import gzip, tempfile
    >>> from sklearn_rnn._vectors.container import open_source
    >>> with tempfile.NamedTemporaryFile() as file:
    ...     _ = file.write(gzip.compress(b"good 1 2"))
    ...     file.flush()
    ...     with open_source(file.name) as source:
    ...         print(source.read(4), source.size)
    b'good' None
    """
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if not stat.S_ISREG(mode):
        raise ValueError("it is not a regular file")  # to open a pipe would wait for its other end
    with ExitStack() as stack:
        raw = stack.enter_context(open(path, "rb"))
        start = raw.read(8)
        raw.seek(0)
        stream: Any = raw
        if start.startswith((_ZIP, _EMPTY_ZIP)):
            stream = stack.enter_context(_open_member(raw, member, stack))
        elif member is not None:
            raise ValueError(f"it is not a zip archive, so it has no member {member!r}")
        for magic, open_compressed in _COMPRESSED.items():
            if start.startswith(magic):
                stream = stack.enter_context(open_compressed(raw, "rb"))
        source = Source(stream, raw)
        for mark, encoding in _BYTE_ORDER_MARKS.items():
            if not source.is_recoded and source.sample.startswith(mark):
                source.recode(encoding)
        _refuse_others(source.sample)
        yield source


def _open_member(raw: BinaryIO, member: str | None, stack: ExitStack) -> Any:
    try:
        archive = stack.enter_context(zipfile.ZipFile(raw))
        names = [
            name
            for name in archive.namelist()
            if not name.endswith("/") and not name.startswith("__MACOSX/")
        ]
        if member is None and len(names) == 1:
            (member,) = names
        if member not in names:
            asked = "" if member is None else f", not {member!r}"
            raise ValueError(
                f"the archive holds {len(names)} files{asked}: {', '.join(names[:10])}. "
                "Name one of them in 'member'"
            )
        return archive.open(member)
    except RuntimeError as exc:
        if isinstance(exc, NotImplementedError):
            raise ValueError(f"the archive cannot be unpacked here ({exc})") from exc
        raise ValueError("the archive is encrypted: unpack it first") from exc
    except zipfile.BadZipFile as exc:
        raise ValueError(f"the archive is damaged or cut off ({exc})") from exc


def _refuse_others(sample: bytes) -> None:
    """Raise ValueError for what cannot be a file of vectors."""
    if not sample.strip():
        raise ValueError("it is empty")
    if sample[257:262] == b"ustar":
        raise ValueError("it is a tar archive: unpack it first")
    start = sample.removeprefix(codecs.BOM_UTF8).lstrip()[:200]
    for magic, reason in _REFUSED.items():
        # A word may begin like a web page or like JSON.
        is_word = magic in (b"<", b"{") and not _looks_like_markup(start)
        if (sample if magic[0] >= 0x80 else start).startswith(magic) and not is_word:
            raise ValueError(reason)


def _looks_like_markup(start: bytes) -> bool:
    lowered = start.lower()
    return lowered.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"{\n", b'{"', b"{ "))
