"""Whole files, written so that a reader finds either the old one or the new one."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import stat
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

    The bytes go into a temporary file next to it, reach the disk, and replace the old file by a
    rename. If anything fails before that, the old file stays and the temporary one is removed. If
    the process is killed, the next write to the same path removes it.

    Parameters
    ----------
    path : path-like
        The file to write. A link is followed; folders, pipes, devices and read-only files are
        refused.
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
    target = Path(os.path.realpath(os.fsdecode(path)))
    old_mode = _check_target(target)
    _remove_strays(target)
    with _temporary_file(target, is_private=old_mode is not None) as (temporary, file):
        if old_mode is not None:
            os.chmod(temporary, old_mode)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        if fcntl is None:
            file.close()  # Windows renames no open file
        os.replace(temporary, target)
    _sync_folder(target.parent)


def _check_target(target: Path) -> int | None:
    """Return the permissions of the old file, if any; refuse what must not be replaced.

    A rename replaces whatever the folder allows, even devices, pipes and read-only files.
    """
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(f"The path to save to is a folder: {target}.")
    if not stat.S_ISREG(mode):
        raise OSError(f"The path to save to is neither new nor a regular file: {target}.")
    is_effective = os.access in os.supports_effective_ids  # not on Windows
    if not os.access(target, os.W_OK, effective_ids=is_effective):
        raise PermissionError(f"The file to save to is read-only: {target}.")
    return mode & 0o777


@contextmanager
def _temporary_file(target: Path, *, is_private: bool) -> Iterator[tuple[Path, BinaryIO]]:
    """Make a file next to the target, which is gone after the block."""

    def open_private(path: str, flags: int) -> int:
        return os.open(path, flags, 0o600)

    while True:
        temporary = target.with_name(f"{_stray_prefix(target)}{secrets.token_hex(8)}.tmp")
        is_ours = True
        # Around the opening, too: an interrupt may come before the file is known here.
        try:
            try:
                opened = open(temporary, "xb", opener=open_private if is_private else None)
            except OSError as exc:
                is_ours = False
                exc.filename = str(target)  # nobody has asked for the other
                raise
            with opened as file:
                _lock(file, wait=True)
                # Before it was locked, another process may have removed it as a stray.
                if _is_at(file, temporary):
                    yield temporary, file
                    return
        finally:
            if is_ours:
                with suppress(FileNotFoundError):
                    os.remove(temporary)


def _remove_strays(target: Path) -> None:
    """Remove temporary files for this target whose writers have died: nothing locks them."""
    if fcntl is None:
        return
    is_stray = re.compile(re.escape(_stray_prefix(target)) + r"[0-9a-f]{16}\.tmp").fullmatch
    with suppress(OSError):  # a folder need not be readable to be written to
        for stray in map(target.with_name, filter(is_stray, os.listdir(target.parent))):
            # Not a pipe, a link or a file of somebody else with such a name.
            status = stray.lstat()
            if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
                continue
            with suppress(OSError), open(stray, "rb") as file:
                if _lock(file, wait=False):
                    os.remove(stray)


def _stray_prefix(target: Path) -> str:
    # A name of ASCII and of one length, whatever that of the target is, and like no other's.
    name = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]
    return f".sklearn_rnn-{name}-"


def _lock(file: BinaryIO, *, wait: bool) -> bool:
    """Lock an open file until it is closed, and return whether that worked."""
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
    """Write the new name to the disk, if the system supports that."""
    if os.name == "nt":
        return
    with suppress(PermissionError):  # a folder need not be readable to be written to
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
