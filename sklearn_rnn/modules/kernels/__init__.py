"""Kernels of our own for the parts of a training step, compiled when the package is installed."""

from ._build import describe_kernels, has_kernels, load_kernels
from ._features import ngram_outputs, sparse_rows, unique_ids
from ._recurrence import can_read, has_kernel_for, read
from ._updates import can_update, clip_norm, step_adamw, step_plain

__all__ = [
    "can_read",
    "can_update",
    "clip_norm",
    "describe_kernels",
    "has_kernel_for",
    "has_kernels",
    "load_kernels",
    "ngram_outputs",
    "read",
    "sparse_rows",
    "step_adamw",
    "step_plain",
    "unique_ids",
]
