"""Calls in a thread of their own, whose modes of torch end with it."""

from __future__ import annotations

import _thread
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any


def in_new_thread(function: Callable, *args: Any) -> Any:
    """Return what a function returns in a thread that has not existed before.

    Python interrupts the main thread alone, so the function is never left half done. That counts
    for modes of torch such as its default device, which an interrupt leaves as they are.

    Parameters
    ----------
    function : callable
        The function.
    *args : object
        Its arguments.

    Examples
    --------
    >>> from sklearn_rnn.modules._new_thread import in_new_thread
    >>> in_new_thread(pow, 2, 5)
    32
    """
    results: SimpleQueue = SimpleQueue()

    def run() -> None:
        try:
            results.put((function(*args), None))
        except BaseException as exc:
            results.put((None, exc))

    _thread.start_new_thread(run, ())
    result, error = results.get()
    if error is not None:
        raise error
    return result
