"""A thin layer over `onnx.helper`: an ONNX graph, written node by node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

# Old enough for every onnxruntime since 1.17.
OPSETS = {"": 18, "ai.onnx.ml": 4}


class Graph:
    """An ONNX graph under construction.

    A value of the graph is known by its name, a str. Wherever a node takes a value, it also takes
    an array or a number, which becomes a constant of the graph: integers as int64, floats as
    float32, NumPy's arrays and integers with their own dtype.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._onnx.graph import Graph
    >>> graph = Graph()
    >>> x = graph.input("x", np.float32, ["n"])
    >>> graph.output("y", graph.add("Mul", x, 2.0), np.float32, ["n"])
    >>> [node.op_type for node in graph.model().graph.node]
    ['Mul', 'Identity']
    """

    def __init__(self) -> None:
        self._nodes: list[NodeProto] = []
        self._inputs: list[ValueInfoProto] = []
        self._outputs: list[ValueInfoProto] = []
        self._constants: dict[bytes, TensorProto] = {}
        self._counts: Counter[str] = Counter()
        self._scope = ""

    def input(self, name: str, dtype: type, shape: list[str | int]) -> str:
        """Declare an input; a str in `shape` names a size that is known at run time only."""
        self._inputs.append(helper.make_tensor_value_info(name, onnx_type(dtype), shape))
        return name

    def output(self, name: str, value: str, dtype: type, shape: list[str | int]) -> None:
        """Declare a value as an output."""
        self._nodes.append(helper.make_node("Identity", [value], [name], name=f"output/{name}"))
        self._outputs.append(helper.make_tensor_value_info(name, onnx_type(dtype), shape))

    def add(
        self,
        op_type: str,
        *values: Any,
        outputs: Sequence[int] = (0,),
        domain: str = "",
        **attributes: Any,
    ) -> Any:
        """Add a node and return the name of its output.

        Parameters
        ----------
        op_type : str
            The operator.
        *values : str, array-like or None
            Its inputs, None for an optional one that is left out.
        outputs : sequence of int, default=(0,)
            Which of its outputs to return, ascending. Several are returned as a list.
        domain : str, default=""
            Where the operator is defined; "" means ONNX itself.
        **attributes : Any
            Its attributes, arrays as tensors.

        Returns
        -------
        value : str or list of str
        """
        node_name = self._unique(op_type)
        names = [f"{node_name}:{i}" for i in range(max(outputs) + 1)]
        for name, attribute in attributes.items():
            if isinstance(attribute, np.ndarray):
                attributes[name] = numpy_helper.from_array(attribute)
        node = helper.make_node(
            op_type,
            ["" if value is None else self._as_name(value) for value in values],
            names,
            name=node_name,
            domain=domain,
            **attributes,
        )
        self._nodes.append(node)
        wanted = [names[i] for i in outputs]
        return wanted[0] if len(wanted) == 1 else wanted

    def scan(
        self,
        step: Callable[[list[str], list[str]], tuple[str, Sequence[str]]],
        inputs: Sequence[str],
        state: Sequence[str],
    ) -> str:
        """Repeat a step along the first axis of its inputs, all of float32.

        Parameters
        ----------
        step : callable
            ``step(inputs, state)`` adds the nodes of a step and returns its output and the new
            state. It may take values from outside too.
        inputs : sequence of str
            Values with one row for each step.
        state : sequence of str
            The state before the first step.

        Returns
        -------
        outputs : str
            The outputs of all steps, one above the other.
        """
        node_name = self._unique("Scan")
        outside, self._nodes = self._nodes, []
        with self.scope(node_name.removeprefix(self._scope)):
            before = [self._unique("state") for _ in state]
            now = [self._unique("input") for _ in inputs]
            output, after = step(now, before)
            # An output must not be an input as well.
            results = [self.add("Identity", value) for value in (*after, output)]
        body = helper.make_graph(
            self._nodes, f"{node_name}/body", _floats([*before, *now]), _floats(results)
        )
        self._nodes = outside
        names = [f"{node_name}:{i}" for i in range(len(results))]
        self._nodes.append(
            helper.make_node(
                "Scan",
                [*state, *inputs],
                names,
                name=node_name,
                body=body,
                num_scan_inputs=len(inputs),
            )
        )
        return names[-1]

    def cast(self, value: str, dtype: type) -> str:
        """Add a node that converts a value to another type of numbers."""
        return self.add("Cast", value, to=onnx_type(dtype))

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """Put a name in front of those of the nodes added inside the block."""
        before = self._scope
        self._scope = f"{before}{name}/"
        try:
            yield
        finally:
            self._scope = before

    def model(self, metadata: Mapping[str, str] | None = None) -> ModelProto:
        """Return the finished model."""
        graph = helper.make_graph(
            self._nodes, "sklearn_rnn", self._inputs, self._outputs, list(self._constants.values())
        )
        opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
        model = helper.make_model(
            graph,
            opset_imports=opsets,
            ir_version=helper.find_min_ir_version_for(opsets),
            producer_name="sklearn_rnn",
        )
        helper.set_model_props(model, dict(metadata or {}))
        return model

    def _as_name(self, value: Any) -> str:
        if isinstance(value, str):
            return value
        array = np.asarray(value)
        if isinstance(value, float):
            array = array.astype(np.float32)
        tensor = numpy_helper.from_array(array)
        # The same weights may be used several times.
        key = sha256(tensor.SerializeToString()).digest()
        if key not in self._constants:
            tensor.name = self._unique("constant")
            self._constants[key] = tensor
        return self._constants[key].name

    def _unique(self, name: str) -> str:
        name = self._scope + name
        self._counts[name] += 1
        return name if self._counts[name] == 1 else f"{name}_{self._counts[name]}"


def _floats(names: Sequence[str]) -> list[ValueInfoProto]:
    """Declare values of float32 and of any shape."""
    return [helper.make_tensor_value_info(name, onnx_type(np.float32), None) for name in names]


def onnx_type(dtype: type) -> int:
    """Return ONNX's number for a type of NumPy, object standing for str."""
    if dtype is object:
        return onnx.TensorProto.STRING
    return helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
