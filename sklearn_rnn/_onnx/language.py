"""One step of a language model in the operators of ONNX, with its state going in and out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import nn

from sklearn_rnn.modules import (
    AdaptiveSoftmaxDecoder,
    GridLSTM,
    LanguageNetwork,
    RecurrentStack,
    SoftmaxDecoder,
    StateDropout,
)

from .cells import check_cell, explaining_failures, initial_state
from .documents import Documents
from .modules import linear, translate
from .traced import Traced, to_numpy

if TYPE_CHECKING:
    from .graph import Graph


def add_step(graph: Graph, network: LanguageNetwork) -> None:
    """Add the step from a token of each text to the log-probabilities of the next.

    Its inputs are `token_ids`, `label` where the network knows of labels, and `state_0`,
    `state_1` and so on: the states of all layers, one tensor after the other. Its outputs are
    `log_probs` and as many states, `next_state_0` the first.

    Parameters
    ----------
    graph : Graph
        The graph.
    network : LanguageNetwork
        The network, in evaluation mode.
    """
    ids = graph.add("Max", graph.input("token_ids", np.int32, ["n_documents"]), np.int32(0))
    x = translate(graph, network.embedding, Documents(ids, "", ""))  # (n_documents, width)
    if network.label_vectors is not None:
        label = graph.input("label", np.int64, ["n_documents"])
        scale = math.sqrt(network.embedding.output_size)
        table = scale * to_numpy(network.label_vectors.weight)
        x = graph.add("Add", x, graph.add("Gather", table, label))
    hidden, after = STEPS[type(network.encoder)](graph, network.encoder, x, States(graph))
    log_probs = DECODERS[type(network.decoder)](graph, network.decoder, hidden)
    n_ids = network.embedding.table.num_embeddings
    graph.output("log_probs", log_probs, np.float32, ["n_documents", n_ids])
    for number, (value, width) in enumerate(after):
        graph.output(f"next_state_{number}", value, np.float32, ["n_documents", width])


class States:
    """The inputs of a graph that are states, declared one after the other."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.n_states = 0

    def declare(self, width: int) -> str:
        """Return the next input, which has so many features."""
        name = f"state_{self.n_states}"
        self.n_states += 1
        return self.graph.input(name, np.float32, ["n_documents", width])

    def of(self, cell: Any) -> tuple[list[str], list[int]]:
        """Return the inputs that are the state of a cell, and their numbers of features."""
        widths = [len(part) for part in initial_state(cell)]
        return [self.declare(width) for width in widths], widths


def cell_step(graph: Graph, cell: Any, x: str, state: Sequence[str]) -> list[str]:
    """Return the state of any cell after one step, the output first.

    Parameters
    ----------
    graph : Graph
        The graph.
    cell : torch.nn.Module
        The cell.
    x : str
        The input, (n_documents, input_size).
    state : sequence of str
        The state before, each part of shape (n_documents, n_features).
    """
    check_cell(cell)
    while isinstance(cell, StateDropout):  # of which nothing is zeroed after training
        cell = cell.cell
    with graph.scope(type(cell).__name__), explaining_failures(cell):
        after = cell.step(Traced(graph, x), tuple(Traced(graph, part) for part in state))
        return [part.name for part in after]


def grid_lstm_step(graph: Graph, cell: Any, x: str, state: Sequence[str]) -> tuple[str, list[str]]:
    """Return what goes up, (n_documents, 2 * hidden_size), and the state, as `cell_step`."""
    traced: Any = cell  # its annotations speak of tensors
    with graph.scope(type(cell).__name__):
        before = [Traced(graph, part) for part in state]
        output, *after = traced.advance(traced.project(Traced(graph, x)), before)
        return output.name, [part.name for part in after]


# From a step's input to the top layer's output, and each state after the step with its width.
_Step = tuple[str, list[tuple[str, int]]]


def recurrent_stack(graph: Graph, module: RecurrentStack, x: str, states: States) -> _Step:
    """Return the top layer's state, (n_documents, hidden_size), and those of all layers."""
    after: list[tuple[str, int]] = []
    for (layer,) in module.layers:
        state, widths = states.of(layer.cell)
        state = cell_step(graph, layer.cell, x, state)
        x = state[0]
        after += zip(state, widths, strict=True)
    return x, after


def grid_lstm(graph: Graph, module: GridLSTM, x: str, states: States) -> _Step:
    """Return the top layer's hidden vector, (n_documents, hidden_size), and all states."""
    after: list[tuple[str, int]] = []
    grid = linear(graph, module.projections[0], x)
    for depth in range(module.num_layers):
        (layer,) = module.layers[depth % len(module.layers)]
        state, widths = states.of(layer.cell)
        grid, state = grid_lstm_step(graph, layer.cell, grid, state)
        after += zip(state, widths, strict=True)
    return Traced(graph, grid).chunk(2, dim=1)[0].name, after


def softmax_decoder(graph: Graph, module: SoftmaxDecoder, hidden: str) -> str:
    """Return the log-probabilities of all ids, (n_documents, n_ids)."""
    weight = module.weight if module.table is None else module.table
    return _log_softmax(graph, _projected(graph, module, hidden), weight, module.bias)


def adaptive_softmax_decoder(graph: Graph, module: AdaptiveSoftmaxDecoder, hidden: str) -> str:
    """Return the log-probabilities of all ids: of the shortlist, and of cluster times member."""
    hidden, first = _projected(graph, module, hidden), module.sizes[0]
    (weight, bias), *clusters = module._vectors()
    head = _log_softmax(
        graph,
        hidden,
        torch.cat([weight, module.cluster_weight]),
        torch.cat([bias, module.cluster_bias]),
    )
    parts = [graph.add("Slice", head, [0], [first], [1])]
    for k, (weight, bias) in enumerate(clusters):
        x = linear(graph, cast("nn.Linear", module.tails[k]), hidden) if module.tails else hidden
        of_cluster = graph.add("Slice", head, [first + k], [first + k + 1], [1])
        parts.append(graph.add("Add", _log_softmax(graph, x, weight, bias), of_cluster))
    return graph.add("Concat", *parts, axis=1)


def _projected(graph: Graph, module: Any, hidden: str) -> str:
    return hidden if module.projection is None else linear(graph, module.projection, hidden)


def _log_softmax(graph: Graph, x: str, weight: Any, bias: Any) -> str:
    logits = graph.add("Add", graph.add("MatMul", x, to_numpy(weight).T), to_numpy(bias))
    return graph.add("LogSoftmax", logits, axis=1)


STEPS: dict[type[nn.Module], Any] = {RecurrentStack: recurrent_stack, GridLSTM: grid_lstm}
DECODERS: dict[type[nn.Module], Any] = {
    SoftmaxDecoder: softmax_decoder,
    AdaptiveSoftmaxDecoder: adaptive_softmax_decoder,
}
