"""What torch keeps for the whole process, held as wanted for a while: its seed and its threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from typing import Any

import torch

# Both belong to the whole process, so that Python threads, such as those of joblib, take turns.
_TURN = threading.RLock()
_pool: ThreadPoolExecutor | None = None


@contextmanager
def torch_seed(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch inside the block, and restore its global state after it.

    The layers' initialisation takes no generator of its own, so the global one is seeded for as
    long as the block lasts. Other Python threads wait for their turn meanwhile.

    Parameters
    ----------
    seed : int
        The seed.
    device : torch.device
        The device that is to be seeded, beside the CPU, and its state restored.

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
    devices = [device] if device.type == "cuda" else []
    with _TURN, torch.random.fork_rng(devices=devices):
        if device.type == "cpu":
            # torch.manual_seed would seed the GPUs too, whose states are not kept here.
            torch.default_generator.manual_seed(seed)
        else:
            torch.manual_seed(seed)
        yield


@contextmanager
def torch_float32() -> Iterator[None]:
    """Let torch make tensors of floats in float32 inside the block, whatever the user's default.

    It belongs to the process, so other threads must wait for their turn, as in `torch_seed`.

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
        torch.set_default_dtype(before)


@contextmanager
def torch_workers(n_workers: int) -> Iterator[None]:
    """Let `side_by_side` compute on so many threads inside the block, torch on one in each.

    Torch's own threads split single operations, and so decide how sums are split and what their
    last bits are. Here whole operations run side by side instead, so that results do not depend on
    the number of threads. Small operations gain more by it, too.

    Denormal numbers count as 0 meanwhile. The gradient of the last state vanishes over a long
    document into numbers below 1e-38, with which processors compute ten times slower.

    Other Python threads wait for their turn meanwhile.

    Parameters
    ----------
    n_workers : int
        The number of threads, at least 1.
    """
    global _pool
    if n_workers < 1:
        raise ValueError(f"The number of workers must be at least 1. Got {n_workers}.")
    with _TURN:
        n_threads, pool = torch.get_num_threads(), _pool
        flushed = _flushes_denormal()
        torch.set_num_threads(1)
        torch.set_flush_denormal(True)
        # Flushing is a setting of each thread.
        _pool = None
        if n_workers > 1:
            _pool = ThreadPoolExecutor(n_workers, "", torch.set_flush_denormal, (True,))
        try:
            yield
        finally:
            if _pool is not None:
                _pool.shutdown()
            _pool = pool
            torch.set_num_threads(n_threads)
            torch.set_flush_denormal(flushed)


def _flushes_denormal() -> bool:
    """Return whether denormal numbers count as 0 in this thread; torch does not tell."""
    return not (torch.tensor(1e-40) * 1).item()


@contextmanager
def training_modes(n_workers: int, seed: int, device: torch.device) -> Iterator[None]:
    """Hold all that torch keeps for a thread or the process as training needs it.

    Parameters
    ----------
    n_workers : int
        The number of threads.
    seed : int
        Torch's seed.
    device : torch.device
        Where training is.
    """
    with ExitStack() as stack:
        stack.enter_context(torch_workers(n_workers))
        stack.enter_context(torch_seed(seed, device))
        stack.enter_context(torch_float32())
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        # Like the two above: new threads do not have the caller's modes either.
        stack.enter_context(torch.autocast(device.type, enabled=False))
        yield


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
    if _pool is None or len(calls) == 1:
        return [function(*call) for call in calls]
    futures = []
    try:
        for call in calls:
            futures.append(_pool.submit(function, *call))
        return [future.result() for future in futures]
    finally:
        # After an error or an interrupt nothing must go on behind the caller's back.
        for future in futures:
            future.cancel()
        wait(futures)
