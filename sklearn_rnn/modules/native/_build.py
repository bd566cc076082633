"""From recurrence.cpp to functions: compiled at first use and kept in the user's cache."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
import threading
from ctypes import c_int64, c_void_p
from functools import lru_cache
from pathlib import Path

SOURCE = Path(__file__).with_name("recurrence.cpp")
FLAGS = ("-O3", "-std=c++17", "-shared", "-fPIC")
KERNELS = ("rnn_tanh", "rnn_relu", "rnn_sigmoid", "lstm", "gru")

_TURN = threading.Lock()


def load_kernels() -> ctypes.CDLL:
    """Return the library of kernels, compiling it if this machine has not done so before.

    The compiler is the one that the environment variable CXX names, else the first of c++, g++ and
    clang++ on the path. What it makes is kept in the folder sklearn_rnn of the user's cache.

    Returns
    -------
    library : ctypes.CDLL
        With the functions ``<kernel>_forward`` and ``<kernel>_backward`` and ``width``.

    Raises
    ------
    RuntimeError
        If there is no compiler, or it fails.
    """
    with _TURN:
        return _load()


@lru_cache(maxsize=1)
def _load() -> ctypes.CDLL:
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
    compiler = _find_compiler()
    command = [compiler, *FLAGS, _machine_flag()]
    key = hashlib.sha256(SOURCE.read_bytes())
    key.update(repr([command, _version(compiler), _processor()]).encode())
    folder = _cache_folder()
    built = folder / f"recurrence-{key.hexdigest()[:32]}.so"
    if not built.exists():
        # Other processes may compile at the same time: each into a file of its own.
        handle, unfinished = tempfile.mkstemp(suffix=".so", dir=folder)
        os.close(handle)
        try:
            _compile([*command, str(SOURCE), "-o", unfinished])
            os.replace(unfinished, built)
        finally:
            Path(unfinished).unlink(missing_ok=True)
    return built


def _compile(command: list[str]) -> None:
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(
            f"compile=True needs a compiler of C++17, but {command[0]} failed. Name another one by "
            f"the environment variable CXX, or set compile=False. It said:\n{result.stderr}"
        )


def _find_compiler() -> str:
    names = [os.environ["CXX"]] if os.environ.get("CXX") else ["c++", "g++", "clang++"]
    for name in names:
        if found := shutil.which(name):
            return found
    raise RuntimeError(
        f"compile=True needs a C++ compiler, but {' or '.join(names)} is not on the path. Install "
        "one, name one by the environment variable CXX, or set compile=False."
    )


def _machine_flag() -> str:
    """Return the flag by which the compiler uses all that this processor can do."""
    return "-march=native" if platform.machine() in ("x86_64", "AMD64") else "-mcpu=native"


def _version(compiler: str) -> str:
    return subprocess.run([compiler, "--version"], capture_output=True, text=True).stdout


def _processor() -> str:
    """Describe the processor: a home folder may be shared by machines of several kinds."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return repr(platform.uname())
    return "\n".join(sorted({line for line in lines if line.startswith(("flags", "Features"))}))


def _cache_folder() -> Path:
    """Return a folder of the user's own to keep the library in, or one for this process."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(home, "sklearn_rnn")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="sklearn_rnn-"))
