"""The number format in which a network computes."""

from __future__ import annotations

from collections.abc import Callable

import torch

from sklearn_rnn.modules.cells import CELLS

PRECISIONS = ("float32", "bfloat16", "auto")

# The cells that have the package's kernel.
KERNEL_CELLS = tuple(name for name, cell in CELLS.items() if vars(cell).get("kernel"))
# Those that torch's kernels on a CPU compute faster in bfloat16.
BFLOAT16_CELLS = tuple(name for name, cell in CELLS.items() if cell.faster_in_bfloat16)


def resolve_precision(
    precision: str, cell: str | Callable, device: torch.device, *, kernels: bool = False
) -> torch.dtype:
    """Return the dtype of the matrix products; "auto" is the faster one.

    On a CPU torch has a bfloat16 kernel only for the LSTM; the other cells are slower in it. Around
    the package's kernels, the large products are faster in it with every cell that has one.

    Parameters
    ----------
    precision : {"float32", "bfloat16", "auto"}
        The parameter of the estimator.
    cell : str or callable
        The recurrent cell.
    device : torch.device
        Where the network computes.
    kernels : bool, default=False
        Whether the layers use the package's kernels.

    Returns
    -------
    dtype : torch.dtype
        `torch.float32` or `torch.bfloat16`.
    """
    if precision != "auto":
        return getattr(torch, precision)
    if device.type == "cuda":
        faster = torch.cuda.get_device_capability(device) >= (8, 0)
    else:
        gains = cell in (KERNEL_CELLS if kernels else BFLOAT16_CELLS)
        faster = device.type == "cpu" and gains and _cpu_has_bfloat16()
    return torch.bfloat16 if faster else torch.float32


def _cpu_has_bfloat16() -> bool:
    """Return whether the CPU multiplies bfloat16 in hardware; older torch cannot say."""
    known = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, bool)() for name in known)
