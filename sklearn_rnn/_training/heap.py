"""How much freed memory the C library keeps, so that a step of training finds it again.

A step frees some hundred megabytes, and the next step asks for as much. By default glibc gives
freed memory back to the system once there is a little of it, and the system then has to clear each
page anew, which takes up to a third of the time of training on long documents.
"""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache

# Names of the options of mallopt, from malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
# The values that glibc itself arrives at when a program frees blocks of 32 MiB, as NumPy's users
# do: smaller blocks are not given back, nor is the end of a heap with less than 64 MiB to spare.
_BLOCK, _HEAP = 2**25, 2**26

# By these a user, or a cluster, decides about it.
_VARIABLES = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TOP_PAD_")


@cache
def keep_freed_memory() -> bool:
    """Let glibc keep up to 64 MiB of freed memory for each thread, from now on in this process.

    Returns
    -------
    kept : bool
        False if nothing was changed: with another C library, or where the environment has options
        of malloc.
    """
    tunables = os.environ.get("GLIBC_TUNABLES", "")
    if "glibc.malloc." in tunables or any(name in os.environ for name in _VARIABLES):
        return False
    mallopt = _find_mallopt()
    if mallopt is None:
        return False
    return all([mallopt(_M_MMAP_THRESHOLD, _BLOCK), mallopt(_M_TRIM_THRESHOLD, _HEAP)])


def _find_mallopt() -> ctypes._NamedFuncPointer | None:
    """Return glibc's function, None if the process has another C library."""
    if not sys.platform.startswith("linux"):
        return None
    process = ctypes.CDLL(None)
    if not hasattr(process, "gnu_get_libc_version"):
        return None
    function = process.mallopt
    function.argtypes, function.restype = [ctypes.c_int, ctypes.c_int], ctypes.c_int
    return function
