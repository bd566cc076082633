"""A translator in the operators of ONNX: the encoder, and a step of the decoder."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from torch import nn

from sklearn_rnn.modules import TranslationNetwork
from sklearn_rnn.modules._attention import (
    AdditiveAttention,
    Attention,
    DotAttention,
    GeneralAttention,
)
from sklearn_rnn.modules._source import RegionEncoder, TextEncoder

from .documents import Documents, read_documents
from .language import DECODERS, STEPS, States
from .modules import linear, translate

if TYPE_CHECKING:
    from .graph import Graph


def add_encoder(graph: Graph, network: TranslationNetwork) -> None:
    """Add the nodes from sources to what the decoder attends to.

    Its input is `token_ids`, or `regions` and `lengths`. Its outputs are `keys`, `values`,
    `is_position` and `start`, which are inputs of the decoder.

    Parameters
    ----------
    graph : Graph
        The graph.
    network : TranslationNetwork
        The network, in evaluation mode.
    """
    source, attention = network.source, network.attention
    values, is_position, summary = SOURCES[type(source)](graph, source)
    keys = KEYS[type(attention)](graph, attention, values)
    for name, value, width in (
        ("keys", keys, attention.query_size),
        ("values", values, attention.value_size),
    ):
        graph.output(name, value, np.float32, ["n_documents", "n_positions", width])
    graph.output("is_position", is_position, np.bool_, ["n_documents", "n_positions"])
    start = linear(graph, network.start, summary)
    graph.output("start", start, np.float32, ["n_documents", network.start.out_features])


def add_decoder(graph: Graph, network: TranslationNetwork) -> None:
    """Add the step from a token of each target to the log-probabilities of the next.

    Its inputs are those of a language model's step, see `add_step`, and the outputs of the encoder.
    With `input_feeding`, the first state is what the token was predicted from. Besides
    the outputs of a language model's step, there is `attention`.

    Parameters
    ----------
    graph : Graph
        The graph.
    network : TranslationNetwork
        The network, in evaluation mode.
    """
    attention = network.attention
    memory: list[str | int] = ["n_documents", "n_positions"]
    ids = graph.add("Max", graph.input("token_ids", np.int32, ["n_documents"]), np.int32(0))
    keys = graph.input("keys", np.float32, [*memory, attention.query_size])
    values = graph.input("values", np.float32, [*memory, attention.value_size])
    is_position = graph.input("is_position", np.bool_, memory)
    width = network.embedding.output_size
    start = graph.input("start", np.float32, ["n_documents", width])

    x = translate(graph, network.embedding, Documents(ids, "", ""))  # (n_documents, width)
    # Id 0 is never written but in front.
    is_first = graph.add("Unsqueeze", graph.add("Equal", ids, np.int32(0)), [1])
    x = graph.add("Add", x, graph.add("Where", is_first, start, 0.0))
    states, after = States(graph), []
    if network.input_feeding:
        x = graph.add("Concat", x, states.declare(attention.query_size), axis=1)
    state, of_layers = STEPS[type(network.stack)](graph, network.stack, x, states)
    context, weights = _attend(graph, attention, state, keys, values, is_position)
    combined = graph.add("Concat", state, context, axis=1)
    hidden = graph.add("Tanh", linear(graph, network.combine, combined))
    if network.input_feeding:
        after.append((hidden, attention.query_size))
    log_probs = DECODERS[type(network.decoder)](graph, network.decoder, hidden)
    graph.output("log_probs", log_probs, np.float32, ["n_documents", network.decoder.n_ids])
    graph.output("attention", weights, np.float32, memory)
    for number, (value, width) in enumerate([*after, *of_layers]):
        graph.output(f"next_state_{number}", value, np.float32, ["n_documents", width])


def _attend(
    graph: Graph, attention: Attention, query: str, keys: str, values: str, is_position: str
) -> tuple[str, str]:
    """Return the context of each target, (n_documents, value_size), and its attention."""
    scores = SCORES[type(attention)](graph, attention, query, keys)  # (n_documents, n_positions)
    weights = graph.add("Softmax", graph.add("Where", is_position, scores, -np.inf), axis=1)
    context = graph.add("MatMul", graph.add("Unsqueeze", weights, [1]), values)
    return graph.add("Squeeze", context, [1]), weights


# From the network's inputs to the values, (n_documents, n_positions, value_size), whether each
# position is one, (n_documents, n_positions), and the summary, (n_documents, value_size).
_Source = tuple[str, str, str]


def text_encoder(graph: Graph, module: TextEncoder) -> _Source:
    """Return the states of texts, and those at the end of each direction."""
    token_ids = graph.input("token_ids", np.int32, ["n_documents", "n_positions"])
    documents = read_documents(graph, token_ids)
    x = translate(graph, module.embedding, documents)
    states = translate(graph, module.encoder, x, documents)  # (n_positions, n_documents, ...)
    summary = translate(graph, module.last, states, documents)
    is_position = graph.add("Transpose", graph.add("Squeeze", documents.is_token, [2]))
    return graph.add("Transpose", states, perm=[1, 0, 2]), is_position, summary


def region_encoder(graph: Graph, module: RegionEncoder) -> _Source:
    """Return the states of regions, and their mean."""
    shape: list[str | int] = ["n_documents", "n_regions", module.projection.in_features]
    regions = graph.input("regions", np.float32, shape)
    lengths = graph.input("lengths", np.int32, ["n_documents"])
    lengths = graph.add("Unsqueeze", lengths, [1])  # (n_documents, 1)
    values = graph.add("Relu", linear(graph, module.projection, regions))
    n_regions = graph.add("Gather", graph.add("Shape", regions), 1)
    places = graph.cast(graph.add("Range", 0, n_regions, 1), np.int32)
    is_position = graph.add("Less", places, lengths)  # (n_documents, n_regions)
    kept = graph.add("Where", graph.add("Unsqueeze", is_position, [2]), values, 0.0)
    total = graph.add("ReduceSum", kept, [1], keepdims=0)
    return values, is_position, graph.add("Div", total, graph.cast(lengths, np.float32))


def mapped_keys(graph: Graph, module: AdditiveAttention | GeneralAttention, values: str) -> str:
    """Return the keys, a linear map of the values."""
    return linear(graph, module.of_value, values)


def dot_keys(graph: Graph, module: DotAttention, values: str) -> str:
    """Return the keys, the sum of the states of each direction."""
    directions = graph.add("Reshape", values, [0, 0, -1, module.query_size])
    return graph.add("ReduceSum", directions, [2], keepdims=0)


def additive_scores(graph: Graph, module: AdditiveAttention, query: str, keys: str) -> str:
    """Return the scores of a small network."""
    query = graph.add("Unsqueeze", linear(graph, module.of_query, query), [1])
    hidden = graph.add("Tanh", graph.add("Add", query, keys))
    return graph.add("Squeeze", linear(graph, module.score, hidden), [2])


def product_scores(graph: Graph, module: Attention, query: str, keys: str) -> str:
    """Return the products of query and keys."""
    return graph.add("Squeeze", graph.add("MatMul", keys, graph.add("Unsqueeze", query, [2])), [2])


# By the exact class: a subclass may compute something else.
PARTS: dict[str | None, Callable] = {"encoder": add_encoder, "decoder": add_decoder}
SOURCES: dict[type[nn.Module], Callable[..., _Source]] = {
    TextEncoder: text_encoder,
    RegionEncoder: region_encoder,
}
KEYS: dict[type[nn.Module], Callable[..., str]] = {
    AdditiveAttention: mapped_keys,
    GeneralAttention: mapped_keys,
    DotAttention: dot_keys,
}
SCORES: dict[type[nn.Module], Callable[..., str]] = {
    AdditiveAttention: additive_scores,
    GeneralAttention: product_scores,
    DotAttention: product_scores,
}
