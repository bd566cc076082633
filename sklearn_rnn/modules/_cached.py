"""Attributes that are computed on first use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class cached_property(Generic[T]):
    """The :class:`functools.cached_property` of Python 3.12: without a lock.

    In Python 3.11 all instances share one lock. Threads wait for each other, and a process that is
    forked while another thread holds the lock waits forever.
    """

    def __init__(self, function: Callable[[Any], T]) -> None:
        self.function = function
        self.name = function.__name__
        self.__doc__ = function.__doc__

    def __get__(self, instance: Any, owner: type | None = None) -> T:
        if instance is None:
            return self  # type: ignore[return-value]  # asked of the class, as help() does
        value = self.function(instance)
        vars(instance)[self.name] = value  # which is found first from now on
        return value
