"""Each torch module of the network in the operators of ONNX."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from sklearn_rnn._text.ngrams import has_triples
from sklearn_rnn._text.vocabulary import UNKNOWN_ID
from sklearn_rnn.modules import (
    AttentionPooling,
    ConcatPooling,
    GridLSTM,
    LastPooling,
    MaxPooling,
    MeanPooling,
    MultiheadAttentionPooling,
    NGramLinear,
    RecurrentLayer,
    RecurrentStack,
    SequenceNetwork,
    TokenEmbedding,
    WideAndDeep,
)

from .cells import cell_states
from .documents import Documents
from .traced import Traced, to_numpy

if TYPE_CHECKING:
    from .graph import Graph


def translate(graph: Graph, module: nn.Module, *args: Any) -> str:
    """Add a module in evaluation mode to the graph.

    Parameters
    ----------
    graph : Graph
        The graph.
    module : torch.nn.Module
        One whose class is in `TRANSLATIONS`.
    *args : str or Documents
        The arguments of the function there.

    Returns
    -------
    output : str
        The value that the module returns.
    """
    check_module(module)
    with graph.scope(type(module).__name__):
        return TRANSLATIONS[type(module)](graph, module, *args)


def check_module(module: nn.Module) -> None:
    """Refuse a module that has no translation."""
    # By the exact class: a subclass may compute something else.
    if type(module) not in TRANSLATIONS:
        raise NotImplementedError(
            f"export_onnx cannot translate the module {type(module).__name__}. It can: "
            f"{', '.join(sorted(known.__name__ for known in TRANSLATIONS))}."
        )


def wide_and_deep(graph: Graph, module: WideAndDeep, documents: Documents) -> str:
    """Return the weighted mean of both outputs, (n_documents, n_outputs)."""
    deep = graph.add("Mul", translate(graph, module.deep, documents), 1 - module.wide_weight)
    wide = graph.add("Mul", translate(graph, module.wide, documents), module.wide_weight)
    return graph.add("Add", deep, wide)


def sequence_network(graph: Graph, module: SequenceNetwork, documents: Documents) -> str:
    """Return the outputs, (n_documents, n_outputs)."""
    return linear(graph, module.head, encode(graph, module, documents))


def encode(graph: Graph, module: SequenceNetwork, documents: Documents) -> str:
    """Return the document vectors, before the head: (n_documents, n_features)."""
    check_module(module)
    x = translate(graph, module.embedding, documents)
    states = translate(graph, module.encoder, x, documents)
    vectors = translate(graph, module.pooling, states, documents)
    if module.skip is None:
        return vectors
    return graph.add("Concat", vectors, translate(graph, module.skip, x, documents), axis=1)


def token_embedding(graph: Graph, module: TokenEmbedding, documents: Documents) -> str:
    """Return the vectors of the tokens, (n_steps, n_documents, embedding_dim)."""
    ids = _known_or_unknown(graph, documents.ids, module.table.num_embeddings)
    table = module.scale * to_numpy(module.table.weight)
    if module.projection is not None:
        table = table @ to_numpy(module.projection.weight).T
    return graph.add("Gather", table, ids)


def recurrent_stack(graph: Graph, module: RecurrentStack, x: str, documents: Documents) -> str:
    """Return the top layer's states, (n_steps, n_documents, output_size)."""
    for depth, directions in enumerate(module.layers):
        both = [translate(graph, layer, x, documents) for layer in directions]
        states = both[0] if len(both) == 1 else graph.add("Concat", *both, axis=2)
        x = graph.add("Add", states, x) if module.residual and depth else states
    return x


def recurrent_layer(graph: Graph, module: RecurrentLayer, x: str, documents: Documents) -> str:
    """Return the states of one direction, (n_steps, n_documents, hidden_size)."""
    direction = "reverse" if module.reverse else "forward"
    return cell_states(graph, module.cell, x, documents, direction)


def grid_lstm(graph: Graph, module: GridLSTM, x: str, documents: Documents) -> str:
    """Return the top layer's hidden vectors, (n_steps, n_documents, output_size)."""
    grids = [linear(graph, projection, x) for projection in module.projections]
    for depth in range(module.num_layers):
        layers = module.layers[depth % len(module.layers)]
        pairs = zip(layers, grids, strict=True)
        grids = [translate(graph, layer, grid, documents) for layer, grid in pairs]
    hidden = [Traced(graph, grid).chunk(2, dim=2)[0].name for grid in grids]
    return graph.add("Concat", *hidden, axis=2)


def last_pooling(graph: Graph, module: LastPooling, states: str, documents: Documents) -> str:
    """Return the states after reading the whole document, (n_documents, input_size)."""
    lengths = graph.cast(documents.lengths, np.int64)
    reverse: dict[str, Any] = {"batch_axis": 1, "time_axis": 0}
    if not module.bidirectional:
        return graph.add("Gather", graph.add("ReverseSequence", states, lengths, **reverse), 0)
    half, size = module.output_size // 2, module.output_size
    forward = graph.add("Slice", states, [0], [half], [2])
    backward = graph.add("Slice", states, [half], [size], [2])
    forward = graph.add("ReverseSequence", forward, lengths, **reverse)
    return graph.add("Gather", graph.add("Concat", forward, backward, axis=2), 0)


def mean_pooling(graph: Graph, module: MeanPooling, states: str, documents: Documents) -> str:
    """Return the mean states, (n_documents, input_size)."""
    lengths = graph.add("Unsqueeze", graph.cast(documents.lengths, np.float32), [1])
    return graph.add("Div", _sum_over_tokens(graph, states, documents), lengths)


def max_pooling(graph: Graph, module: MaxPooling, states: str, documents: Documents) -> str:
    """Return the largest states, (n_documents, input_size)."""
    states = graph.add("Where", documents.is_token, states, -np.inf)
    return graph.add("ReduceMax", states, [0], keepdims=0)


def attention_pooling(
    graph: Graph, module: AttentionPooling, states: str, documents: Documents
) -> str:
    """Return the means of all heads, concatenated: (n_documents, input_size)."""
    scores = module.score(torch.tanh(module.projection(Traced(graph, states))))
    scores = graph.add("Where", documents.is_token, scores.name, -np.inf)
    shares = graph.add("Softmax", scores, axis=0)  # (n_steps, n_documents, n_heads)
    shares = graph.add("Unsqueeze", shares, [3])
    heads = graph.add("Reshape", states, [0, 0, module.score.out_features, -1])
    attended = graph.add("Reshape", graph.add("Mul", shares, heads), [0, 0, -1])
    return _sum_over_tokens(graph, attended, documents)


def concat_pooling(graph: Graph, module: ConcatPooling, states: str, documents: Documents) -> str:
    """Return largest and mean states, (n_documents, 2 * input_size)."""
    poolings = (module.max, module.mean)
    pooled = [translate(graph, pooling, states, documents) for pooling in poolings]
    return graph.add("Concat", *pooled, axis=1)


def ngram_linear(graph: Graph, module: NGramLinear, documents: Documents) -> str:
    """Return the outputs of words, pairs and triples, (n_documents, n_outputs).

    Each occurrence is divided by the number of occurrences of its n-gram in the document, so that
    the sum over all of them counts each n-gram once.
    """
    add, idf = graph.add, to_numpy(module.idf).copy()
    # What does not count keeps a place, as padding or as the unknown token.
    idf[: UNKNOWN_ID + 1] = 0
    words = graph.cast(_known_or_unknown(graph, documents.ids, module.n_ids), np.int64)
    features = words  # (n_steps, n_documents)
    if len(module.pairs):
        found = [words]
        for _ in range(1 + has_triples(module.pairs, module.n_ids)):
            found.append(_find_pairs(graph, module, found[-1], words, len(found)))
        features = add("Concat", *found, axis=0)  # (n_features, n_documents)
    occurrences = _count_occurrences(graph, features, len(idf))
    tfidf = add("Mul", add("Add", add("Log", occurrences), 1.0), add("Gather", idf, features))

    shares = add("Div", tfidf, occurrences)
    squares = add("ReduceSum", add("Mul", tfidf, shares), [0], keepdims=0)  # (n_documents,)
    # A document may hold nothing that weighs.
    norms = add("Sqrt", add("Max", squares, np.finfo(np.float32).tiny))
    shares = add("Unsqueeze", add("Div", add("Mul", shares, module.scale), norms), [2])
    outputs = add("Mul", add("Gather", to_numpy(module.table.weight), features), shares)
    return add("Add", add("ReduceSum", outputs, [0], keepdims=0), to_numpy(module.bias))


def _find_pairs(graph: Graph, module: NGramLinear, rows: str, words: str, length: int) -> str:
    """Return the features of n-grams and the word after each, 0 for unknown ones.

    The rows are those of n-grams of this length, (n_steps - length + 1, n_documents); there is one
    step less for the n-grams that they begin.
    """
    last = np.iinfo(np.int64).max
    first = graph.add("Slice", rows, [0], [-1], [0])
    second = graph.add("Slice", words, [length], [last], [0])
    keys = graph.add("Add", graph.add("Mul", first, module.n_ids), second)
    return graph.add(
        "LabelEncoder",
        keys,
        domain="ai.onnx.ml",
        keys_tensor=to_numpy(module.pairs),
        values_tensor=module.n_ids + np.arange(len(module.pairs)),
        default_tensor=np.array([0]),
    )


def _count_occurrences(graph: Graph, features: str, n_features: int) -> str:
    """Return how often each feature occurs in its document, float32 in the shape of `features`."""
    shape = graph.add("Shape", features)
    n_documents = graph.add("Gather", shape, 1)
    documents = graph.add("Range", 0, n_documents, 1)
    keys = graph.add("Add", graph.add("Mul", documents, n_features), features)
    inverse, counts = graph.add("Unique", keys, outputs=(2, 3))
    occurrences = graph.add("Reshape", graph.add("Gather", counts, inverse), shape)
    return graph.cast(occurrences, np.float32)


def linear(graph: Graph, module: nn.Linear, x: str) -> str:
    """Return a linear map of the last axis of `x`."""
    return module(Traced(graph, x)).name


def _known_or_unknown(graph: Graph, ids: str, n_ids: int) -> str:
    """Return the ids, the unknown one for those beyond the table."""
    is_known = graph.add("Less", ids, np.int32(n_ids))
    return graph.add("Where", is_known, ids, np.int32(UNKNOWN_ID))


def _sum_over_tokens(graph: Graph, states: str, documents: Documents) -> str:
    """Return sums over each document, (n_documents, n_features)."""
    states = graph.add("Where", documents.is_token, states, 0.0)
    return graph.add("ReduceSum", states, [0], keepdims=0)


# A new module needs a line here. Its function takes the graph, the module, and the values that the
# module's forward takes, with `Documents` for the layout and for packed ids.
TRANSLATIONS: dict[type[nn.Module], Callable[..., str]] = {
    WideAndDeep: wide_and_deep,
    NGramLinear: ngram_linear,
    SequenceNetwork: sequence_network,
    TokenEmbedding: token_embedding,
    RecurrentStack: recurrent_stack,
    RecurrentLayer: recurrent_layer,
    GridLSTM: grid_lstm,
    LastPooling: last_pooling,
    MeanPooling: mean_pooling,
    MaxPooling: max_pooling,
    AttentionPooling: attention_pooling,
    MultiheadAttentionPooling: attention_pooling,
    ConcatPooling: concat_pooling,
}
