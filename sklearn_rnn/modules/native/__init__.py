"""Kernels of our own for the recurrent cells, compiled on the machine that they run on."""

from ._build import load_kernels
from ._recurrence import can_read, read

__all__ = ["can_read", "load_kernels", "read"]
