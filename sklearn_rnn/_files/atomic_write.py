"""Whole files, written so that a reader finds the old one or the new one and nothing between."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None


def write_atomically(path: str | os.PathLike, data: bytes) -> None:
    """Write a file in one step.

    The bytes go into a temporary file beside it, reach the disk, and take the place of the old
    file by a rename. When anything fails before that, the old file stays and the temporary one
    goes. That of a process which was killed is removed by the next write to the same path.

    Parameters
    ----------
    path : path-like
        Where to. A link is followed.
    data : bytes
        The content.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn_rnn._files.atomic_write import write_atomically
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "file")
    ...     write_atomically(path, b"old")
    ...     write_atomically(path, b"new")
    ...     print(path.read_bytes(), len(list(path.parent.iterdir())))
    b'new' 1
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(f"The path to save to is a folder: {target}.")
    _remove_strays(target)
    with _temporary_file(target) as (temporary, file):
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            os.chmod(temporary, target.stat().st_mode & 0o777)
        if fcntl is None:
            file.close()  # Windows renames no open file
        os.replace(temporary, target)
    _sync_folder(target.parent)


@contextmanager
def _temporary_file(target: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """Make a file beside the target; after the block no file of that name is left."""
    while True:
        temporary = target.with_name(f"{_stray_prefix(target)}{secrets.token_hex(4)}")
        with open(temporary, "xb") as file:
            try:
                _lock(file, wait=True)
                # Before the lock was there, another process may have taken it for a stray.
                if _is_at(file, temporary):
                    yield temporary, file
                    return
            finally:
                with suppress(FileNotFoundError):
                    # Windows removes no open file either.
                    if fcntl is None:
                        file.close()
                    os.remove(temporary)


def _remove_strays(target: Path) -> None:
    """Remove the temporary files for this target whose writers are dead: none locks them."""
    if fcntl is None:
        return
    prefix = _stray_prefix(target)
    for name in os.listdir(target.parent):
        if name.startswith(prefix):
            stray = target.with_name(name)
            with suppress(OSError), open(stray, "rb") as file:
                if _lock(file, wait=False):
                    os.remove(stray)


def _stray_prefix(target: Path) -> str:
    # A name may have 255 bytes.
    return f".{target.name.encode()[:200].decode(errors='ignore')}.tmp-"


def _lock(file: BinaryIO, *, wait: bool) -> bool:
    """Lock an open file until it is closed, and return whether that was possible."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def _is_at(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


def _sync_folder(folder: Path) -> None:
    """Let the new name reach the disk, where the system can do that."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
