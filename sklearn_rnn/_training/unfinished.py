"""Changes in place that are all made or none, whatever fails and wherever a process is forked.

`partial_fit` changes a network in place. Where that fails, it is undone; and a process that is
forked in the middle of it by another thread undoes it as well, since the thread that would have
finished it is not there.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sklearn_rnn._training.process_state import torch_workers

# By the changes that are under way: which thread makes them, and what undoes them.
_under_way: dict[object, tuple[int, Callable[[], None]]] = {}


@contextmanager
def undone_unless_finished(
    undo: Callable[[], None], undo_in_child: Callable[[], None]
) -> Iterator[None]:
    """Make changes inside the block; an error or a fork in the middle of it undoes them.

    Parameters
    ----------
    undo : callable
        Undoes what is changed until then. An interrupt may stop it anywhere, and then it is called
        again.
    undo_in_child : callable
        The same for a process that another thread has forked, where the locks of C++ that threads
        held just then are held for ever.

    Examples
    --------
    >>> from sklearn_rnn._training.unfinished import undone_unless_finished
    >>> values = [1]
    >>> try:
    ...     with undone_unless_finished(lambda: values.__delitem__(slice(1, None)), list):
    ...         values.append(2)
    ...         1 / 0
    ... except ZeroDivisionError:
    ...     print(values)
    [1]
    """
    key = object()
    try:
        _under_way[key] = threading.get_ident(), undo_in_child
        yield
    except BaseException:
        interrupt = None
        while True:
            try:
                undo()
                break
            except KeyboardInterrupt as exc:
                interrupt = exc
        if interrupt is not None:
            raise interrupt from None
        raise
    finally:
        _under_way.pop(key, None)


def _undo_unfinished() -> None:
    """Undo in a forked process what other threads were changing; this one goes on with its own."""
    here = threading.get_ident()
    others = [key for key, (thread, _) in _under_way.items() if thread != here]
    with torch_workers(1):  # threads of OpenMP are not there either
        for key in others:
            _under_way.pop(key)[1]()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_undo_unfinished)
