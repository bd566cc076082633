"""What torch keeps for the whole process, held as wanted for a while: its seed and its threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def torch_seed(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch inside the block, and restore its global state after it.

    Dropout and the layers' initialisation take no generator of their own, so the global one is
    seeded for as long as the block lasts.

    Parameters
    ----------
    seed : int
        The seed.
    device : torch.device
        The device whose state is to be kept, beside the CPU's.
    """
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


@contextmanager
def torch_threads(n_threads: int) -> Iterator[None]:
    """Let torch compute on `n_threads` inside the block.

    The number decides how sums are split, and so their last bits. Held fixed, results do not
    depend on what the process was given: joblib, for one, gives its workers fewer threads.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
