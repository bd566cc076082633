"""Where the kernels come from: the installation, or a compiler at first use."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import subprocess
import tempfile
import threading
from ctypes import c_int64, c_void_p
from functools import lru_cache
from pathlib import Path

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

KERNELS = ("rnn_tanh", "rnn_relu", "rnn_sigmoid", "lstm", "gru")

_TURN = threading.Lock()


def load_kernels() -> ctypes.CDLL:
    """Return the library of kernels: the installed one, else one that is compiled here.

    The compiler is the one that the environment variable CXX names, else the first of c++, g++ and
    clang++ on the path. What it makes is kept in the folder sklearn_rnn of the user's cache.

    Returns
    -------
    library : ctypes.CDLL
        With the functions ``<kernel>_forward`` and ``<kernel>_backward`` and ``width``.

    Raises
    ------
    RuntimeError
        If none is installed and there is no compiler, or it fails.
    """
    with _TURN:
        return _installed() or _compiled()


def has_kernels(kernels: bool | str) -> bool:
    """Return whether there are kernels to use.

    Parameters
    ----------
    kernels : bool or "auto"
        Whether kernels are wanted; "auto" does not want them so much as to start a compiler.

    Returns
    -------
    has_kernels : bool
    """
    if kernels == "auto":
        return _installed() is not None
    try:
        return bool(kernels) and load_kernels() is not None
    except (RuntimeError, OSError):
        return False


def describe_kernels() -> dict[str, str | None]:
    """Return what a bug report should say of the kernels; nothing is compiled or made for it.

    Returns
    -------
    description : dict of str to str or None
        The file name of the installed library and the instruction set that it has to fit, the
        compiler that ``kernels=True`` would start, and the folder that would keep its library.
    """
    installed = _installed()
    try:
        compiler = find_compiler()
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
    """Return the library that the installation made for this processor, None without one."""
    try:
        return _declare(ctypes.CDLL(str(INSTALLED / library_name(_instruction_set()))))
    except OSError:
        return None


def _instruction_set() -> str:
    """Return torch's name for what it uses of this processor."""
    return torch.backends.cpu.get_cpu_capability() if IS_X86 else "DEFAULT"


@lru_cache(maxsize=1)
def _compiled() -> ctypes.CDLL:
    return _declare(ctypes.CDLL(str(_built())))


def _declare(library: ctypes.CDLL) -> ctypes.CDLL:
    """Tell ctypes what the functions take: sizes of the batch, then tensors by their address."""
    library.width.restype = c_int64
    batch = [c_int64, c_void_p, c_void_p, c_void_p, c_int64]
    for kernel in KERNELS:
        for way, n_tensors in (("forward", 6), ("backward", 7)):
            function = getattr(library, f"{kernel}_{way}")
            function.argtypes = batch + [c_void_p] * n_tensors
            function.restype = None
    return library


def _built() -> Path:
    """Return the compiled library, from the cache if this source was compiled here before."""
    compiler = find_compiler()
    made_of = [source_hash(), compiler, *FLAGS, _machine_flag(), _version(compiler), _processor()]
    key = hashlib.sha256(repr(made_of).encode()).hexdigest()
    folder = _cache_folder()
    built = folder / f"recurrence-{key[:32]}.so"
    if not built.exists():
        # Other processes may compile at the same time: each into a file of its own.
        handle, unfinished = tempfile.mkstemp(suffix=".so", dir=folder)
        os.close(handle)
        try:
            compile_library((_machine_flag(),), Path(unfinished))
            os.replace(unfinished, built)
        finally:
            Path(unfinished).unlink(missing_ok=True)
    return built


def _machine_flag() -> str:
    """Return the flag by which the compiler uses all that this processor can do."""
    return "-march=native" if IS_X86 else "-mcpu=native"


def _version(compiler: str) -> str:
    return subprocess.run([compiler, "--version"], capture_output=True, text=True).stdout


def _processor() -> str:
    """Describe the processor: a home folder may be shared by machines of several kinds."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return repr(platform.uname())
    return "\n".join(sorted({line for line in lines if line.startswith(("flags", "Features"))}))


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "sklearn_rnn")


def _cache_folder() -> Path:
    """Return a folder of the user's own to keep the library in, or one for this process."""
    folder = _user_cache()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="sklearn_rnn-"))
