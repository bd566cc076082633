"""Where a network computes, and what has to be moved there."""

from __future__ import annotations

from typing import Any

import torch


def find_device(name: str | torch.device) -> torch.device:
    """Return a device that is here.

    Raises
    ------
    RuntimeError, AssertionError
        If torch has no such device here.
    """
    # Whether the device is there, and computes, shows when something is put there and read.
    probe = torch.zeros(1, device=name)
    probe.cpu()
    return probe.device


def resolve_device(device: str | torch.device, estimator: object) -> torch.device:
    """Return the torch device, "auto" being the GPU where there is one.

    Parameters
    ----------
    device : str or torch.device
        What the user asked for.
    estimator : estimator instance
        Who asks, for the message.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return find_device(device)
    except (RuntimeError, AssertionError) as exc:
        raise ValueError(
            f"The 'device' parameter of {type(estimator).__name__} must be 'auto' or a device "
            f"that torch has here. Got {device!r} instead: {exc}"
        ) from exc


def moved(data: Any, device: str | torch.device) -> Any:
    """Return a tensor or packed sequence on a device.

    A GPU need not be waited for, if it copies from pinned memory.
    """
    if torch.device(device).type == "cuda" and not data.is_cuda:
        return data.pin_memory().to(device, non_blocking=True)
    return data.to(device)
