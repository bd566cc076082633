"""A tagger in the operators of ONNX: from tokens and their spelling to tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sklearn_rnn.modules import TaggingNetwork

from .chain import best_tags, marginals, read_chain
from .documents import Documents
from .modules import linear, translate
from .spelling import spelling_vectors

if TYPE_CHECKING:
    from .graph import Graph


def add_tagger(
    graph: Graph, network: TaggingNetwork, classes: np.ndarray, characters: str | None
) -> None:
    """Add the nodes from sentences to their tags.

    Its inputs are `token_ids` and, if the network reads characters, `code_points`. Its outputs are
    `label` and `probabilities`.

    Parameters
    ----------
    graph : Graph
        The graph.
    network : TaggingNetwork
        The network, in evaluation mode.
    classes : ndarray of shape (n_classes,)
        The tags, in a type that ONNX has.
    characters : str or None
        The characters that the network knows. None for one that knows only ids.
    """
    tokens: list[str | int] = ["n_documents", "n_positions"]
    ids = graph.add("Transpose", graph.input("token_ids", np.int32, tokens))
    sentences = _read_sentences(graph, ids)
    x = translate(graph, network.embedding, sentences)  # (n_positions, n_documents, n_features)
    if network.spelling is not None:
        points = graph.input("code_points", np.int32, [*tokens, "n_characters"])
        points = _by_word(graph, graph.cast(points, np.int64))
        with graph.scope("SpellingEncoder"):
            vectors = spelling_vectors(graph, network.spelling, points, characters or "")
        shape = graph.add("Concat", graph.add("Shape", ids), [network.spelling.output_size], axis=0)
        x = graph.add("Concat", x, graph.add("Reshape", vectors, shape), axis=2)
    states = translate(graph, network.encoder, x, sentences)
    scores = linear(graph, network.head, states)  # (n_positions, n_documents, n_tags)
    if network.crf is None:
        codes = graph.add("ArgMax", scores, axis=2, keepdims=0)
        probabilities = graph.add("Softmax", scores, axis=2)
    else:
        with graph.scope("LinearChainCRF"):
            chain = read_chain(graph, network.crf, scores, sentences.is_token)
            codes, probabilities = best_tags(graph, chain), marginals(graph, chain)

    # In padding stands an empty text, 0 or False.
    nothing = np.array([""], object) if classes.dtype == object else np.zeros(1, classes.dtype)
    is_token = graph.add("Squeeze", sentences.is_token, [2])
    codes = graph.add("Where", is_token, codes, len(classes))
    label = graph.add("Gather", np.concatenate([classes, nothing]), graph.add("Transpose", codes))
    graph.output("label", label, classes.dtype.type, tokens)
    probabilities = graph.add("Where", sentences.is_token, probabilities, 0.0)
    probabilities = graph.add("Transpose", probabilities, perm=[1, 0, 2])
    graph.output("probabilities", probabilities, np.float32, [*tokens, len(classes)])


def _read_sentences(graph: Graph, ids: str) -> Documents:
    """Return sentences without moving tokens, because their spelling is in another input."""
    is_token = graph.add("Greater", ids, np.int32(0))
    counts = graph.add("ReduceSum", graph.cast(is_token, np.int32), [0], keepdims=0)
    lengths = graph.add("Max", counts, np.int32(1))
    return Documents(ids, graph.add("Unsqueeze", is_token, [2]), lengths)


def _by_word(graph: Graph, points: str) -> str:
    """Return code points as (n_characters, n_positions * n_documents)."""
    points = graph.add("Transpose", points, perm=[1, 0, 2])
    n_characters = graph.add("Slice", graph.add("Shape", points), [2], [3], [0])
    shape = graph.add("Concat", [-1], n_characters, axis=0)
    return graph.add("Transpose", graph.add("Reshape", points, shape))
