"""Kernels in C++ for the parts of a training step, compiled when the package is installed."""

from ._attention import attend
from ._build import describe_kernels, has_kernels, load_kernels
from ._crf import chain_best_tags, chain_log_likelihood, chain_marginals
from ._features import ngram_outputs, scaled_rows, unique_ids
from ._interface import Update
from ._losses import cross_entropy
from ._pooling import end_states, pool_states
from ._recurrence import can_read, has_kernel_for, kernel_name, read, read_on
from ._threads import get_kernel_threads, set_kernel_threads
from ._updates import adamw_update, can_update, clip_norm, plain_update, step_all

__all__ = [
    "Update",
    "adamw_update",
    "attend",
    "can_read",
    "can_update",
    "chain_best_tags",
    "chain_log_likelihood",
    "chain_marginals",
    "clip_norm",
    "cross_entropy",
    "describe_kernels",
    "end_states",
    "get_kernel_threads",
    "has_kernel_for",
    "has_kernels",
    "kernel_name",
    "load_kernels",
    "ngram_outputs",
    "plain_update",
    "pool_states",
    "read",
    "read_on",
    "scaled_rows",
    "set_kernel_threads",
    "step_all",
    "unique_ids",
]
