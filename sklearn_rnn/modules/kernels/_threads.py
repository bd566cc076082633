"""The number of threads that a kernel called from this thread uses."""

from __future__ import annotations

import threading

# Floating-point operations of a layer from which on a second thread makes up for being started.
_MIN_WORK = 60e6


class _Local(threading.local):
    n_threads = 1


_local = _Local()


def get_kernel_threads() -> int:
    """Return how many threads a kernel called from this thread may use, 1 by default."""
    return _local.n_threads


def set_kernel_threads(n_threads: int) -> None:
    """Set how many threads kernels called from this thread may use; no result depends on it.

    Parameters
    ----------
    n_threads : int
        The number, at least 1.

    Examples
    --------
    >>> from sklearn_rnn.modules.kernels import get_kernel_threads, set_kernel_threads
    >>> before = get_kernel_threads()
    >>> set_kernel_threads(2)
    >>> get_kernel_threads()
    2
    >>> set_kernel_threads(before)
    """
    _local.n_threads = n_threads


def threads_for(work: float) -> int:
    """Return how many threads this many floating-point operations are worth."""
    return _local.n_threads if work >= _MIN_WORK else 1
