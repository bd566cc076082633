"""Changes in place that are made completely or not at all, even after errors and forks.

`partial_fit` changes a network in place. If that fails, it is undone. A process that is forked in
the middle of it by another thread also undoes it, because the thread that would have finished it
does not exist there.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sklearn_rnn._training.process_state import torch_workers

# By the changes that are under way: which thread makes them, and what undoes them.
_under_way: dict[object, tuple[int, Callable[..., None]]] = {}


class LearnedState:
    """What an estimator has learned, to be restored by a call.

    Parameters are not included, because another thread may set them meanwhile.

    Parameters
    ----------
    estimator : estimator instance
        The estimator.
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator
        self.learned = self._learned()

    def _learned(self) -> dict[str, Any]:
        params = self.estimator.get_params(deep=False)
        return {name: value for name, value in vars(self.estimator).items() if name not in params}

    def __call__(self, *, in_child: bool = False) -> None:
        """Restore it.

        Parameters
        ----------
        in_child : bool, default=False
            Whether in a process that was forked while another thread made the changes. Locks in C++
            that the thread held then stay locked forever.
        """
        vars(self.estimator).update(self.learned)
        for name in self._learned().keys() - self.learned.keys():
            delattr(self.estimator, name)


@contextmanager
def undone_unless_finished(undo: Callable[..., None]) -> Iterator[None]:
    """Make changes inside the block; an error or a fork in the middle of it undoes them.

    Parameters
    ----------
    undo : callable
        Undoes what was changed so far, as `LearnedState` does. It is called twice, because an
        interrupt may stop it anywhere.

    Examples
    --------
    >>> from sklearn_rnn import RNNTextClassifier
    >>> from sklearn_rnn._training.unfinished import LearnedState, undone_unless_finished
    >>> clf = RNNTextClassifier()
    >>> try:
    ...     with undone_unless_finished(LearnedState(clf)):
    ...         clf.t_ = 1
    ...         1 / 0
    ... except ZeroDivisionError:
    ...     print(hasattr(clf, "t_"))
    False
    """
    key = object()
    try:
        _under_way[key] = threading.get_ident(), undo
        yield
    except BaseException:
        try:
            undo()
        finally:
            undo()
        raise
    finally:
        _under_way.pop(key, None)


def _undo_unfinished() -> None:
    """Undo in a forked process what other threads were changing; its own thread continues."""
    here = threading.get_ident()
    others = [key for key, (thread, _) in _under_way.items() if thread != here]
    with torch_workers(1):  # threads of OpenMP are not there either
        for key in others:
            _under_way.pop(key)[1](in_child=True)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_undo_unfinished)
