"""Many threads that read what an estimator has learned, and one at a time that changes it.

`partial_fit` changes a network in place, and `fit` replaces several attributes at once. A thread
that predicts, saves or copies meanwhile must see a complete model, the one before or the one after.

Each thread that reads has a lock of its own, so that readers neither wait for each other nor share
a counter; a writer holds the locks of all. No interrupt may come between taking a lock and being
certain to release it: Python lets none in at a plain ``with``, nor inside a call of a function in
C, such as those with which `_holding` takes and releases all locks.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from operator import methodcaller
from typing import Any, TypeVar
from weakref import WeakKeyDictionary, WeakSet

from sklearn.utils.validation import check_is_fitted

T = TypeVar("T")


class _Slot:
    """The lock of one reading thread. It is dropped with the thread, which an RLock cannot."""

    def __init__(self) -> None:
        self.lock = threading.RLock()


class ModelLock:
    """Readers and writers of one estimator.

    A thread that writes may also read and write inside; one that reads may read again.

    Examples
    --------
    >>> from sklearn_rnn._training.model_lock import ModelLock
    >>> lock = ModelLock()
    >>> with lock.reading():
    ...     print("any number of threads at once")
    any number of threads at once
    >>> lock.write(print, "this thread alone")
    this thread alone
    """

    def __init__(self) -> None:
        self._registry = threading.RLock()
        self._slots: WeakSet[_Slot] = WeakSet()
        self._local = threading.local()

    def reading(self) -> threading.RLock:
        """Return the context in which this thread reads."""
        slot = getattr(self._local, "slot", None)
        if slot is None:
            with self._registry:  # which who writes holds: a new reader waits as well
                slot = _Slot()
                self._slots.add(slot)
                self._local.slot = slot  # last, as an interrupt may come before
        return slot.lock

    def write(self, function: Callable[..., T], *args: Any) -> T:
        """Call a function while no other thread reads or writes."""
        with self._registry:
            return _holding([slot.lock for slot in self._slots], function, args)


_acquire, _release = methodcaller("acquire"), methodcaller("release")


def _holding(locks: list[threading.RLock], function: Callable[..., T], args: tuple) -> T:
    """Call a function while this thread holds all locks, of which there may be thousands."""
    held: list[threading.RLock] = []
    to_release = map(_release, held)  # goes on where an interrupt has stopped it
    try:
        held.extend(filter(_acquire, locks))  # an interrupt leaves those that were acquired
        return function(*args)
    finally:
        try:
            deque(to_release, maxlen=0)
        finally:
            deque(to_release, maxlen=0)


_guard = threading.Lock()
_locks: WeakKeyDictionary[object, ModelLock] = WeakKeyDictionary()


def lock_of(model: object) -> ModelLock:
    """Return the lock of an estimator, one in each process."""
    with _guard:
        lock = _locks.get(model)
        if lock is None:
            lock = _locks[model] = ModelLock()
        return lock


def reading(model: Any) -> threading.RLock:
    """Return the context in which to read what a model has learned, so that it is of one fit.

    Raises
    ------
    NotFittedError
        If it has learned nothing.
    """
    check_is_fitted(model)
    return lock_of(model).reading()


def _forget_locks() -> None:
    """Start over in a forked process: the threads that held the locks do not exist there."""
    global _guard
    _guard = threading.Lock()
    _locks.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_locks)
