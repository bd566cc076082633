"""Equations written in torch, translated into an ONNX graph."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

if TYPE_CHECKING:
    from .graph import Graph

# What code of torch takes for a tensor, though it is a `Traced`.
TracedTensor = Any


class Traced:
    """A value of a graph that passes through torch code in place of a tensor.

    What the code does to it is added to the graph, and not computed. So the equations of a cell
    are written only in the cell. Code that asks for a shape or decides by values cannot be traced.

    Parameters
    ----------
    graph : Graph
        The graph.
    name : str
        Name of the value, a tensor of float32.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from sklearn_rnn._onnx.graph import Graph
    >>> from sklearn_rnn._onnx.traced import Traced
    >>> graph = Graph()
    >>> x = Traced(graph, graph.input("x", np.float32, ["n"]))
    >>> y = 1 - torch.sigmoid(x)
    >>> graph.output("y", y.name, np.float32, ["n"])
    >>> [node.op_type for node in graph.model().graph.node]
    ['Sigmoid', 'Sub', 'Identity']
    """

    def __init__(self, graph: Graph, name: str) -> None:
        self.graph = graph
        self.name = name

    @classmethod
    def __torch_function__(
        cls, function: Callable, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Traced:
        """Add what a torch function does; torch calls this method instead of the function."""
        operation = OPERATIONS.get(function.__name__)
        if operation is None:
            raise NotImplementedError(
                f"export_onnx cannot translate torch's {function.__name__}. It can: "
                f"{', '.join(sorted(OPERATIONS))}."
            )
        return operation(*args, **(kwargs or {}))

    def chunk(self, chunks: int, dim: int = 0) -> tuple[Traced, ...]:
        """Return equal parts along a dimension."""
        names = self.graph.add(
            "Split", self.name, outputs=range(chunks), num_outputs=chunks, axis=dim
        )
        return tuple(Traced(self.graph, name) for name in names)

    def __bool__(self) -> bool:
        raise TypeError("a step must not decide by the values that it computes")

    # Python's own would compare the objects, and say False.
    def __eq__(self, other: object) -> bool:
        raise TypeError("a step must not compare values")

    __hash__ = None  # type: ignore[assignment]  # Python's way to say that there is none

    def __add__(self, other: Any) -> Traced:
        return add_node("Add", self, other)

    def __radd__(self, other: Any) -> Traced:
        return add_node("Add", other, self)

    def __sub__(self, other: Any) -> Traced:
        return add_node("Sub", self, other)

    def __rsub__(self, other: Any) -> Traced:
        return add_node("Sub", other, self)

    def __mul__(self, other: Any) -> Traced:
        return add_node("Mul", self, other)

    def __rmul__(self, other: Any) -> Traced:
        return add_node("Mul", other, self)


def add_node(op_type: str, *values: Traced | Tensor | float, **attributes: Any) -> Traced:
    """Add a node to the graph of its traced values; weights and numbers become constants."""
    graph = next(value.graph for value in values if isinstance(value, Traced))
    return Traced(graph, graph.add(op_type, *map(_as_input, values), **attributes))


def _as_input(value: Traced | Tensor | float) -> str | np.ndarray | np.float32:
    if isinstance(value, Traced):
        return value.name
    return to_numpy(value) if isinstance(value, Tensor) else np.float32(value)


def to_numpy(tensor: Tensor) -> np.ndarray:
    """Return weights as an array, floats as float32."""
    array = tensor.detach().cpu().numpy()
    return array.astype(np.float32, copy=False) if array.dtype.kind == "f" else array


def _linear(x: Traced, weight: Tensor, bias: Tensor | None = None) -> Traced:
    product = add_node("MatMul", x, weight.T)
    return product if bias is None else product + bias


def _cat(values: list[Traced], dim: int) -> Traced:
    return add_node("Concat", *values, axis=dim)


def _layer_norm(
    x: Traced, normalized_shape: tuple, weight: Tensor, bias: Tensor, eps: float
) -> Traced:
    return add_node("LayerNormalization", x, weight, bias, axis=-1, epsilon=eps)


# By the names of torch.
OPERATIONS: dict[str, Callable[..., Traced]] = {
    "add": partial(add_node, "Add"),
    "cat": _cat,
    "layer_norm": _layer_norm,
    "linear": _linear,
    "mul": partial(add_node, "Mul"),
    "relu": partial(add_node, "Relu"),
    "sigmoid": partial(add_node, "Sigmoid"),
    "sub": partial(add_node, "Sub"),
    "tanh": partial(add_node, "Tanh"),
}
