"""Attributes that are computed when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class cached_property(Generic[T]):
    """What :class:`functools.cached_property` is from Python 3.12 on: without a lock.

    In Python 3.11 all instances share one lock. Threads wait for one another at it, and a process
    that is forked while another thread holds it waits for ever.
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
