"""Calls in a new thread, so that torch's thread-local modes end with it."""

from __future__ import annotations

import _thread
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any


def in_new_thread(function: Callable, *args: Any) -> Any:
    """Call a function in a new thread and return its result.

    Python interrupts only the main thread, so the function is never left half done. That matters
    for modes of torch such as its default device, which an interrupt would leave set.

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
