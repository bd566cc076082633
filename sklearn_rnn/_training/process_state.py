"""torch's settings of a thread or of the whole process, set for a computation and restored.

| what | whose it is | what happens to it |
| --- | --- | --- |
| number of threads for one operation | each thread's; a new one takes the number last set | 1 in \
threads that compute, and for new threads put back at once |
| whether denormal numbers count as 0 | each thread's | set while computing |
| modes of gradients, autocast and devices | each thread's | set while computing |
| seed, default type of floats | the whole process's | set while a network is built |

So threads wait for each other only while a network is built.

An interrupt may come where a function starts, and so before a block's ``__exit__`` has done
anything; the block then ends when the interrupt is forgotten. It may also come in the middle of
that end. So everything here is undone twice, the second time in the ``finally`` of the first:
undoing twice is the same as once, and nobody interrupts both.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from sklearn_rnn._training.heap import keep_freed_memory
from sklearn_rnn._training.workers import Workers
from sklearn_rnn.modules._new_thread import in_new_thread
from sklearn_rnn.modules.kernels import get_kernel_threads, set_kernel_threads

# Held by who sets the seed: threads take turns.
_TURN = threading.RLock()
# Held while a number of threads is changed and put back, and while a pool is made.
_CHANGE = threading.Lock()
# Seconds that a fork waits for them.
_PATIENCE = 5.0

_pools: dict[int, Workers] = {}


class _Local(threading.local):
    # The pool on which `side_by_side` computes in this thread, None for the thread itself.
    pool: Workers | None = None
    # Whether the thread may compute beside it.
    computes = True
    # A pool of one thread for its predictions.
    own: Workers | None = None
    # The locks that it holds while it forks.
    held_for_fork: Sequence[Any] = ()


_local = _Local()


def _await_turn() -> None:
    """Wait before a fork until no thread has changed what the child would never restore."""
    # A custom cell, and a GPU, keep the turn for a whole training: not forever.
    locks = _TURN, _CHANGE
    _local.held_for_fork = [lock for lock in locks if lock.acquire(timeout=_PATIENCE)]


def _end_turn() -> None:
    for lock in _local.held_for_fork:
        lock.release()
    _local.held_for_fork = []


def _forget_threads() -> None:
    """Start over in a forked process: only the thread that forked exists there."""
    global _TURN, _CHANGE
    _TURN, _CHANGE = threading.RLock(), threading.Lock()
    _pools.clear()
    _local.pool = _local.own = None
    _local.computes = True
    _local.held_for_fork = []


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_await_turn, after_in_parent=_end_turn, after_in_child=_forget_threads
    )


@contextmanager
def torch_seed(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch inside the block, and restore its global state after it.

    The initialisation of layers takes no generator, so the global one is seeded while the block
    lasts. Other Python threads wait for their turn.

    Parameters
    ----------
    seed : int
        The seed.
    device : torch.device
        The device to seed, besides the CPU, and whose state is restored.

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn._training.process_state import torch_seed
    >>> with torch_seed(0, torch.device("cpu")):
    ...     first = torch.rand(2)
    >>> with torch_seed(0, torch.device("cpu")):
    ...     print(torch.equal(torch.rand(2), first))
    True
    """
    with _TURN:
        restore = _state_of_random_numbers(device)
        try:
            if device.type == "cpu":
                # torch.manual_seed would seed the GPUs too, whose states are not kept here.
                torch.default_generator.manual_seed(seed)
            else:
                torch.manual_seed(seed)
            yield
        finally:
            try:
                restore()
            finally:
                restore()


def _state_of_random_numbers(device: torch.device) -> Callable[[], None]:
    """Return a function that restores the current state of torch's random numbers."""
    of_cpu = torch.get_rng_state()
    of_device = torch.cuda.get_rng_state(device) if device.type == "cuda" else None

    def restore() -> None:
        torch.set_rng_state(of_cpu)
        if of_device is not None:
            torch.cuda.set_rng_state(of_device, device)

    return restore


@contextmanager
def torch_float32() -> Iterator[None]:
    """Make float32 torch's default dtype inside the block, whatever the user's default is.

    The default belongs to the process, so other threads must wait for their turn, as in
    `torch_seed`.

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn._training.process_state import torch_float32
    >>> with torch_float32():
    ...     torch.nn.Linear(2, 3).weight.dtype
    torch.float32
    """
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        yield
    finally:
        try:
            torch.set_default_dtype(before)
        finally:
            torch.set_default_dtype(before)


@contextmanager
def torch_workers(n_workers: int) -> Iterator[None]:
    """Let `side_by_side` use this many threads inside the block, and torch one in each.

    For what this thread computes itself, the package's kernels may use as many.

    Torch's own threads split single operations, and so decide how sums are split and what their
    last bits are. Here whole operations run side by side instead, so that results do not depend on
    the number of threads. Small operations also gain more from it.

    Denormal numbers count as 0 meanwhile. The gradient of the last state vanishes over a long
    document into numbers below 1e-38, with which processors compute ten times slower.

    Parameters
    ----------
    n_workers : int
        The number of threads, at least 1. With 1, `side_by_side` computes in this thread.
    """
    _check_workers(n_workers)
    pool = _pool_of(n_workers) if n_workers > 1 else None
    before, n_threads, flushed = _local.pool, torch.get_num_threads(), _flushes_denormal()
    computed, takes_gradients = _local.computes, torch.is_grad_enabled()
    kernel_threads = get_kernel_threads()

    def restore() -> None:
        _local.pool, _local.computes = before, computed
        set_kernel_threads(kernel_threads)
        # An interrupt in the midst of a block such as torch.no_grad() has left the gradients as
        # they are there.
        torch.set_grad_enabled(takes_gradients)
        torch.set_flush_denormal(flushed)
        _set_threads_here(n_threads)

    try:
        _settle()
        _local.pool, _local.computes = pool, True
        set_kernel_threads(n_workers)
        with _default_device():
            yield
    finally:
        try:
            restore()
        finally:
            restore()


@contextmanager
def prediction_workers(n_workers: int) -> Iterator[None]:
    """Let `side_by_side` use this many threads other than this one.

    Like `torch_workers`, but the settings of this thread do not change, and it must not compute.
    """
    _check_workers(n_workers)
    pool = _pool_of(n_workers) if n_workers > 1 else _own_pool()
    before, computed = _local.pool, _local.computes
    try:
        _local.pool, _local.computes = pool, False
        yield
    finally:
        _local.pool, _local.computes = before, computed


def _check_workers(n_workers: int) -> None:
    if n_workers < 1:
        raise ValueError(f"The number of workers must be at least 1. Got {n_workers}.")


def _pool_of(n_workers: int) -> Workers:
    """Return the pool of this many threads, which all callers share."""
    with _CHANGE:
        if n_workers not in _pools:
            _pools[n_workers] = Workers(n_workers, _settle)
        return _pools[n_workers]


def _own_pool() -> Workers:
    """Return the one thread that computes for this one, so that callers do not share it."""
    if _local.own is None:
        _local.own = Workers(1, _settle)
    return _local.own


def _settle() -> None:
    """Make torch use one thread for this thread, and count denormal numbers as 0."""
    _set_threads_here(1)
    torch.set_flush_denormal(True)


def _set_threads_here(n_threads: int) -> None:
    """Set torch's number of threads for this thread, and leave it for new ones as it was."""
    with _CHANGE:
        for_new_ones = in_new_thread(torch.get_num_threads)
        torch.get_num_threads()  # a thread takes over the number for new ones when it first looks
        try:
            torch.set_num_threads(n_threads)
        finally:
            try:
                in_new_thread(torch.set_num_threads, for_new_ones)
            finally:
                in_new_thread(torch.set_num_threads, for_new_ones)


@contextmanager
def _default_device() -> Iterator[None]:
    """Make tensors on the CPU unless told otherwise, whatever the user has set for this thread."""
    # torch.get_default_device fails in torch 2.6 once a default was set and taken back.
    if torch.empty(0).device.type == "cpu":
        yield
    else:
        with torch.device("cpu"):
            yield


def _flushes_denormal() -> bool:
    """Return whether denormal numbers count as 0 in this thread; torch cannot say."""
    return not (torch.tensor(1e-40, dtype=torch.float32, device="cpu") * 1).item()


@contextmanager
def training_modes(n_workers: int, device: torch.device) -> Iterator[None]:
    """Set everything that torch keeps for a thread as training needs it.

    Parameters
    ----------
    n_workers : int
        The number of threads.
    device : torch.device
        Where training is.
    """
    keep_freed_memory()
    # Like the two before it, autocast is set here as new threads do not have the caller's modes.
    with (
        torch_workers(n_workers),
        torch.inference_mode(False),
        torch.enable_grad(),
        torch.autocast(device.type, enabled=False),
    ):
        yield


@contextmanager
def building(seed: int, device: torch.device) -> Iterator[None]:
    """Set what belongs to the process as building a network needs it: seed and default dtype.

    Other threads that build wait for their turn.
    """
    with torch_seed(seed, device), torch_float32():
        yield


def count_side_by_side() -> int:
    """Return how many threads `side_by_side` uses for this thread."""
    return 1 if _local.pool is None else _local.pool.n_workers


def side_by_side(function: Callable, *arguments: Iterable) -> list[Any]:
    """Call `function` as `map` does, on the threads of `torch_workers`.

    Torch's modes, such as that of gradients, are those of a new thread: set them in the function.

    Parameters
    ----------
    function : callable
        What to call.
    *arguments : iterable
        One for each of its arguments.

    Returns
    -------
    results : list
        In the order of the arguments.

    Examples
    --------
    >>> from sklearn_rnn._training.process_state import side_by_side, torch_workers
    >>> with torch_workers(2):
    ...     side_by_side(pow, [2, 3], [5, 2])
    [32, 9]
    """
    calls = list(zip(*arguments, strict=True))
    pool = _local.pool
    if pool is None or (len(calls) == 1 and _local.computes):
        return [function(*call) for call in calls]
    return pool.map(function, calls)
