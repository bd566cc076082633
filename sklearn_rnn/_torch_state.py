"""What torch keeps for the whole process, held as wanted for a while: its seed and its threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

# Both belong to the whole process, so that Python threads, such as those of joblib, take turns.
_TURN = threading.RLock()


@contextmanager
def torch_seed(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch inside the block, and restore its global state after it.

    Dropout and the layers' initialisation take no generator of their own, so the global one is
    seeded for as long as the block lasts. Other Python threads wait for their turn meanwhile.

    Parameters
    ----------
    seed : int
        The seed.
    device : torch.device
        The device that is to be seeded, beside the CPU, and its state restored.

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn._torch_state import torch_seed
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
def torch_threads(n_threads: int) -> Iterator[None]:
    """Let torch compute on `n_threads` inside the block.

    The number decides how sums are split, and so their last bits. Held fixed, results do not
    depend on what the process was given: joblib, for one, gives its workers fewer threads. Other
    Python threads wait for their turn meanwhile.

    Parameters
    ----------
    n_threads : int
        The number of threads, at least 1.
    """
    with _TURN:
        before = torch.get_num_threads()
        torch.set_num_threads(n_threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)
