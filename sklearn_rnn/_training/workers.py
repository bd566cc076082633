"""Threads that compute calls in parallel, and that no interrupt can leave half locked.

:class:`concurrent.futures.ThreadPoolExecutor` takes locks in Python code, where an interrupt can
come between taking a lock and being certain to release it; the next call then waits forever. Here
threads pass everything to each other through :class:`queue.SimpleQueue`, which is written in C.
"""

from __future__ import annotations

import _thread
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

_here = threading.local()


def stop_if_cancelled() -> None:
    """End the call that this thread computes if nobody waits for its result any more.

    For long calls: an interrupted caller waits until running ones have ended.

    Raises
    ------
    concurrent.futures.CancelledError
        If the call came through `Workers.map`, and that has failed or was interrupted meanwhile.
    """
    batch = getattr(_here, "batch", None)
    if batch is not None and batch.is_cancelled:
        raise CancelledError


class Workers:
    """Threads that stay as long as this object exists.

    Parameters
    ----------
    n_workers : int
        The number of threads. They start as calls come in.
    prepare : callable
        Called once in each thread before its first call.

    Examples
    --------
    >>> from sklearn_rnn._training.workers import Workers
    >>> Workers(2, prepare=lambda: None).map(pow, [(2, 5), (3, 2)])
    [32, 9]
    """

    def __init__(self, n_workers: int, prepare: Callable[[], None]) -> None:
        self.n_workers = n_workers
        self.prepare = prepare
        self._tasks: SimpleQueue = SimpleQueue()
        self._n_started = 0
        self._starting = threading.Lock()
        weakref.finalize(self, _end, self._tasks, n_workers)

    def map(self, function: Callable, calls: list[tuple]) -> list[Any]:
        """Return the results of calls with these arguments, in their order.

        After an error or an interrupt none of them continues in the background.
        """
        self._start(min(self.n_workers, len(calls)))
        batch = _Batch(function)
        try:
            for place, call in enumerate(calls):
                self._tasks.put((batch, place, call))
                batch.n_put += 1
            results = [None] * len(calls)
            for _ in calls:
                place, result, error = batch.done.get()
                if error is not None:
                    raise error
                results[place] = result
            return results
        finally:
            batch.is_cancelled = True
            # Counted by the threads, since an interrupt may have come between a call and its count.
            while len(batch.ended) < batch.n_put:
                with suppress(Empty):
                    batch.done.get(timeout=0.05)

    def _start(self, n_workers: int) -> None:
        """Start as many threads as are missing."""
        with self._starting:
            while self._n_started < n_workers:
                _thread.start_new_thread(_work, (self._tasks, self.prepare))
                self._n_started += 1


class _Batch:
    """Calls that belong together."""

    def __init__(self, function: Callable) -> None:
        self.function = function
        self.done: SimpleQueue = SimpleQueue()
        self.n_put = 0
        self.ended: list[int] = []
        self.is_cancelled = False


def _work(tasks: SimpleQueue, prepare: Callable[[], None]) -> None:
    """Run tasks until None comes instead of one."""
    prepare()
    while (task := tasks.get()) is not None:
        batch, place, call = task
        result = error = None
        if not batch.is_cancelled:
            _here.batch = batch
            try:
                result = batch.function(*call)
            except BaseException as exc:
                error = exc
        _here.batch = None
        batch.ended.append(place)
        batch.done.put((place, result, error))
        del task, batch, call, result, error  # nothing is kept while waiting for the next task


def _end(tasks: SimpleQueue, n_workers: int) -> None:
    for _ in range(n_workers):
        tasks.put(None)
