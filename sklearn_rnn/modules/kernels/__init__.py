"""Kernels of our own for the recurrent cells, compiled when the package is installed."""

from ._build import describe_kernels, has_kernels, load_kernels
from ._recurrence import can_read, has_kernel_for, kernel_name, read

__all__ = [
    "can_read",
    "describe_kernels",
    "has_kernel_for",
    "has_kernels",
    "kernel_name",
    "load_kernels",
    "read",
]
