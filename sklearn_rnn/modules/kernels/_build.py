"""Where the kernels come from: the installation, or a compiler that `fit` calls."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shlex
import stat
import subprocess
import threading
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from ._compiler import (
    FLAGS,
    INSTALLED,
    IS_X86,
    compile_library,
    find_compiler,
    library_name,
    source_hash,
)
from ._interface import declare

_TURN = threading.Lock()


def _forget_turn() -> None:
    """Start over in a forked process: the thread that held the lock does not exist there."""
    global _TURN
    _TURN = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_turn)


def load_kernels() -> ctypes.CDLL:
    """Return the library of kernels: the installed one, else one that is compiled here.

    The compiler is the command in the environment variable CXX, else the first of c++, g++ and
    clang++ on the path. The library is kept in the folder sklearn_rnn of the user's cache, if
    nobody else can write there.

    Returns
    -------
    library : ctypes.CDLL
        With the functions that `declare` lists.

    Raises
    ------
    RuntimeError
        If no library is installed and there is no compiler, or it fails.
    """
    with _TURN:
        return _installed() or _compiled()


def has_kernels(kernels: bool | str) -> bool:
    """Return whether there are kernels to use, without starting a compiler.

    Parameters
    ----------
    kernels : bool or "auto"
        Whether kernels are wanted: "auto" wants those that are installed, True also those that
        `load_kernels` has compiled or found in the cache in this process.

    Returns
    -------
    has_kernels : bool
    """
    if not kernels:
        return False
    return _installed() is not None or (kernels != "auto" and _compiled.cache_info().currsize > 0)


def describe_kernels() -> dict[str, str | None]:
    """Return what a bug report should say about the kernels, without compiling anything.

    Returns
    -------
    description : dict of str to str or None
        The file name of the installed library and the instruction set that it has to fit, the
        compiler that `fit` would start with ``kernels=True``, and the folder that would keep its
        library.
    """
    installed = _installed()
    try:
        compiler = shlex.join(find_compiler())
    except RuntimeError:
        compiler = None
    return {
        "installed": None if installed is None else Path(installed._name).name,
        "instruction set": _instruction_set(),
        "compiler": compiler,
        "cache": str(_user_cache()),
    }


@lru_cache(maxsize=1)
def _installed() -> ctypes.CDLL | None:
    """Return the library that the installation compiled for this processor, None without one."""
    try:
        return declare(ctypes.CDLL(str(INSTALLED / library_name(_instruction_set()))))
    except OSError:
        return None


def _instruction_set() -> str:
    """Return torch's name for the instruction set that it uses."""
    return torch.backends.cpu.get_cpu_capability() if IS_X86 else "DEFAULT"


@lru_cache(maxsize=1)
def _compiled() -> ctypes.CDLL:
    if os.name != "posix":
        raise RuntimeError("kernels=True needs a POSIX system. Set kernels=False.")
    folder = _cache_folder()
    if folder is not None:
        with suppress(OSError):  # it is full, or mounted so that nothing in it is run
            return declare(ctypes.CDLL(str(_built(folder))))
    with TemporaryDirectory(prefix="sklearn_rnn-") as temporary:
        # A process keeps what it has loaded, whatever becomes of the file.
        return declare(ctypes.CDLL(str(_built(Path(temporary)))))


def _built(folder: Path) -> Path:
    """Return the library in a folder, compiling it unless this source was compiled before."""
    compiler = find_compiler()
    made_of = [source_hash(), compiler, *FLAGS, _machine_flag(), _version(compiler), _processor()]
    name = f"recurrence-{hashlib.sha256(repr(made_of).encode()).hexdigest()[:32]}"
    # What was damaged on the disk no longer fits its name, and to load it could end the process.
    for library in sorted(folder.glob(f"{name}-*.so")):
        if _is_private(library) and library.name == f"{name}-{_hash_of(library)}.so":
            return library
    # Other processes may compile at the same time: each in a folder of its own.
    with TemporaryDirectory(dir=folder, prefix="unfinished-") as unfinished:
        made = Path(unfinished, "recurrence.so")
        compile_library((_machine_flag(),), made)
        made.chmod(0o700)  # whatever the umask says
        library = folder / f"{name}-{_hash_of(made)}.so"
        os.replace(made, library)
    return library


def _hash_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:32]


def _machine_flag() -> str:
    """Return the flag with which the compiler uses everything that this processor can do."""
    return "-march=native" if IS_X86 else "-mcpu=native"


def _version(compiler: list[str]) -> str:
    return subprocess.run([*compiler, "--version"], capture_output=True, text=True).stdout


def _processor() -> str:
    """Describe the processor: a home folder may be shared by machines of several kinds."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return repr(platform.uname())
    return "\n".join(sorted({line for line in lines if line.startswith(("flags", "Features"))}))


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "sklearn_rnn")


def _cache_folder() -> Path | None:
    """Return the folder to keep the library in, None if this user has no private one."""
    try:
        folder = _user_cache()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_private(folder) and os.access(folder, os.W_OK):
            return folder
    except (OSError, RuntimeError):  # RuntimeError: this user has no home
        pass
    return None


def _is_private(path: Path) -> bool:
    """Return whether nobody else can have put something here: a library is run as it is."""
    # Of a link itself, which may have been put here by another user too.
    status = path.lstat()
    mode = status.st_mode
    is_whole = stat.S_ISDIR(mode) or stat.S_ISREG(mode)
    return is_whole and status.st_uid == os.geteuid() and not mode & (stat.S_IWGRP | stat.S_IWOTH)
