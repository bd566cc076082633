"""What the functions in C++ take and return, as types of ctypes."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, Structure, c_double, c_float, c_int32, c_int64, c_void_p
from typing import Any

KERNELS = ("rnn_tanh", "rnn_relu", "rnn_sigmoid", "lstm", "gru")
_WRONG_TAG = 2  # as in crf.cpp


class Layer(Structure):
    """A recurrent layer, as in layer.h: sizes, then tensors by their address."""

    _fields_ = (
        *((name, c_int64) for name in ("n_threads", "n_steps", "n_tokens")),
        *((name, c_int64) for name in ("n_inputs", "n_features", "n_units")),
        *((name, c_void_p) for name in ("batch_sizes", "rows", "index")),
        *((name, c_void_p) for name in ("x", "weight_ih", "weight_hh", "bias_ih", "bias_hh")),
        *((name, c_void_p) for name in ("start", "kept_start")),
        *((name, c_void_p) for name in ("inputs", "gates", "kept", "states")),
        *((name, c_void_p) for name in ("grad_states", "by_states", "by_inputs", "grad_x")),
        *((name, c_void_p) for name in ("grad_weight_ih", "grad_weight_hh")),
        *((name, c_void_p) for name in ("grad_bias_ih", "grad_bias_hh")),
    )


class Update(Structure):
    """A parameter, its gradient and the options of its step, as in updates.cpp."""

    _fields_ = (
        *((name, c_int64) for name in ("n_rows", "n_columns")),
        *((name, c_void_p) for name in ("rows", "grad", "weight", "mean", "square", "n_steps")),
        *((name, c_double) for name in ("lr", "beta1", "beta2", "eps", "weight_decay")),
    )


class Tokens(Structure):
    """A packed batch, as in features.cpp."""

    _fields_ = (("n_steps", c_int64), ("batch_sizes", c_void_p), ("ids", c_void_p))


class NGrams(Structure):
    """The wide path, as in features.cpp."""

    _fields_ = (
        *((name, c_int64) for name in ("n_ids", "n_pairs", "unknown", "n_outputs")),
        *((name, c_void_p) for name in ("pairs", "idf", "table", "bias")),
        ("scale", c_float),
    )


class Pooling(Structure):
    """States and the pooled result, as in pooling.cpp."""

    _fields_ = (
        *((name, c_int64) for name in ("n_steps", "n_features", "stride", "n_rows")),
        *((name, c_void_p) for name in ("batch_sizes", "index", "states")),
        *((name, c_void_p) for name in ("largest", "ties", "mean")),
    )


class Attention(Structure):
    """States and their attention weights, as in attention.cpp."""

    _fields_ = (
        *((name, c_int64) for name in ("n_threads", "n_steps", "n_tokens")),
        *((name, c_int64) for name in ("n_features", "n_heads")),
        *((name, c_void_p) for name in ("batch_sizes", "states", "projection", "bias", "score")),
        *((name, c_void_p) for name in ("hidden", "shares")),
    )


class AttentionGrads(Structure):
    """The gradients of an attention, as in attention.cpp."""

    _fields_ = tuple(
        (name, c_void_p) for name in ("pooled", "states", "projection", "bias", "score")
    )


class CrossEntropy(Structure):
    """Outputs of documents and their targets, as in losses.cpp."""

    _fields_ = (
        *((name, c_int64) for name in ("n_documents", "n_classes")),
        *((name, c_void_p) for name in ("outputs", "targets", "weights")),
        ("smoothing", c_double),
    )


class Chain(Structure):
    """Scores of tags and of their transitions, as in chain.h."""

    _fields_ = (
        *((name, c_int64) for name in ("n_threads", "n_steps", "n_tags")),
        *((name, c_void_p) for name in ("batch_sizes", "scores", "start", "transitions", "end")),
        *((name, c_void_p) for name in ("before", "shifts")),
    )


class Gradient(Structure):
    """Numbers that follow one another in memory, as in updates.cpp."""

    _fields_ = (("size", c_int64), ("data", c_void_p))


def declare(library: ctypes.CDLL) -> ctypes.CDLL:
    """Tell ctypes what the functions of a library take and return.

    They are ``<kernel>_forward``, ``<kernel>_backward``, ``<kernel>_step`` and
    ``<kernel>_predict`` for each of `KERNELS`, ``width``, ``step_all``, ``clip_norm``,
    ``unique_ids``, ``scaled_rows``, ``scaled_row_grads``, ``ngram_outputs``, ``ngram_grads``,
    ``pool_states``, ``pool_grads``, ``end_states``, ``end_grads``, ``attend``, ``attend_grads``,
    ``cross_entropy``, ``chain_forward``, ``chain_backward``, ``chain_marginals`` and
    ``chain_best``.
    """
    library.width.restype = c_int64
    for kernel in KERNELS:
        for way in ("forward", "backward", "step"):
            function = getattr(library, f"{kernel}_{way}")
            function.argtypes = [POINTER(Layer)]
            _check_status(function)
        function = getattr(library, f"{kernel}_predict")
        function.argtypes = [c_void_p, c_void_p, c_void_p]
        _check_status(function)
    library.step_all.argtypes = [POINTER(Update), c_int64]
    library.step_all.restype = None
    library.clip_norm.argtypes = [POINTER(Gradient), c_int64, c_double]
    library.clip_norm.restype = c_double
    library.unique_ids.argtypes = [c_int64, c_void_p, c_int64, c_int64, c_void_p, c_void_p]
    library.ngram_outputs.argtypes = [POINTER(Tokens), POINTER(NGrams), *[c_void_p] * 4]
    library.ngram_grads.argtypes = [c_int64, c_int64, *[c_void_p] * 7]
    library.pool_states.argtypes = [POINTER(Pooling)]
    library.pool_states.restype = None
    library.pool_grads.argtypes = [POINTER(Pooling), c_void_p, c_void_p]
    _check_status(library.pool_grads)
    library.attend.argtypes = [POINTER(Attention), c_void_p]
    library.attend_grads.argtypes = [POINTER(Attention), POINTER(AttentionGrads)]
    for function in (library.attend, library.attend_grads):
        _check_status(function)
    for function in (library.end_states, library.end_grads):
        function.argtypes = [c_int64, c_void_p, c_int64, c_int64, c_void_p, c_void_p]
        function.restype = None
    library.cross_entropy.argtypes = [POINTER(CrossEntropy), c_void_p]
    library.cross_entropy.restype = c_double
    for name, n_tensors in (("forward", 2), ("backward", 4), ("marginals", 1), ("best", 1)):
        function = getattr(library, f"chain_{name}")
        function.argtypes = [POINTER(Chain), *[c_void_p] * n_tensors]
        function.restype = c_int32
        function.errcheck = _check_tags
    for function, has_padding in ((library.scaled_rows, []), (library.scaled_row_grads, [c_int64])):
        function.argtypes = [*[c_int64] * 2, *[c_void_p] * 2, c_float, c_void_p, *has_padding]
        function.restype = None
    for counting in (library.unique_ids, library.ngram_outputs, library.ngram_grads):
        counting.restype = c_int64
        counting.errcheck = _check_count
    return library


def _check_status(function: Any) -> None:
    function.restype = c_int32
    function.errcheck = _check_memory


def _check_count(count: Any, function: Any, arguments: tuple) -> Any:
    _check_memory(count == -1, function, arguments)
    if count < 0:
        raise IndexError("Token ids must be at least 0. Got a negative one.")
    return count


def _check_tags(status: Any, function: Any, arguments: tuple) -> None:
    if status == _WRONG_TAG:
        raise IndexError("Tags must be numbers from 0 on, below the number of tags.")
    _check_memory(status, function, arguments)


def _check_memory(failed: int, function: Any, arguments: tuple) -> None:
    if failed:
        raise MemoryError(f"the kernel {function.__name__} found no memory to work in")
