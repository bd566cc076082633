"""A linear-chain CRF in the operators of ONNX: the best tags, and the probability of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sklearn_rnn.modules import LinearChainCRF

from .traced import to_numpy

if TYPE_CHECKING:
    from .graph import Graph

_LAST = np.iinfo(np.int64).max
_FIRST = np.iinfo(np.int64).min


class Chain(NamedTuple):
    """What decoding and marginals of a chain need.

    Parameters
    ----------
    transitions, end : ndarray of float32
        The scores of the CRF.
    alpha : str
        The scores of first tags, (n_documents, n_tags).
    scores : str
        Those of the tokens after the first, (n_steps, n_documents, n_tags). The last step is not
        a token, so that there is always one.
    goes_on : str
        Whether each of them is a token, float32 of shape (n_steps, n_documents, 1).
    """

    transitions: np.ndarray
    end: np.ndarray
    alpha: str
    scores: str
    goes_on: str


def read_chain(graph: Graph, crf: LinearChainCRF, scores: str, is_token: str) -> Chain:
    """Return the chain of all documents.

    Parameters
    ----------
    graph : Graph
        The graph.
    crf : LinearChainCRF
        The module.
    scores : str
        Score of each tag, (n_steps, n_documents, n_tags).
    is_token : str
        Bool of shape (n_steps, n_documents, 1).
    """
    start, transitions, end = map(to_numpy, crf.step_scores())
    first = graph.add("Slice", scores, [0], [1], [0])
    nothing = graph.add("Mul", first, 0.0)
    later = graph.add("Concat", graph.add("Slice", scores, [1], [_LAST], [0]), nothing, axis=0)
    mask = graph.cast(is_token, np.float32)
    none = graph.add("Mul", graph.add("Slice", mask, [0], [1], [0]), 0.0)
    goes_on = graph.add("Concat", graph.add("Slice", mask, [1], [_LAST], [0]), none, axis=0)
    alpha = graph.add("Add", graph.add("Squeeze", first, [0]), start)
    return Chain(transitions, end, alpha, later, goes_on)


def best_tags(graph: Graph, chain: Chain) -> str:
    """Return the most probable sequences of tags, int64 of shape (n_steps, n_documents)."""
    n_tags = len(chain.end)
    itself = np.arange(n_tags, dtype=np.float32)

    def step(inputs: list[str], state: list[str]) -> tuple[str, list[str]]:
        (scores, goes_on), (alpha,) = inputs, state
        steps = graph.add("Add", graph.add("Unsqueeze", alpha, [2]), chain.transitions)
        before = graph.cast(graph.add("ArgMax", steps, axis=1, keepdims=0), np.float32)
        best = graph.add("Add", graph.add("ReduceMax", steps, [1], keepdims=0), scores)
        alpha = _step(graph, goes_on, best, alpha)
        before = graph.add("Where", graph.add("Greater", goes_on, 0.0), before, itself)
        return graph.add("Concat", before, alpha, axis=1), [alpha]

    both = graph.scan(step, [chain.scores, chain.goes_on], [chain.alpha])
    before, alphas = graph.add("Split", both, outputs=(0, 1), num_outputs=2, axis=2)
    total = graph.add("Add", graph.add("Gather", alphas, -1), chain.end)
    last = graph.cast(graph.add("ArgMax", total, axis=1), np.float32)  # (n_documents, 1)

    def follow(inputs: list[str], state: list[str]) -> tuple[str, list[str]]:
        (before,), (tag,) = inputs, state
        tag = graph.add("GatherElements", before, graph.cast(tag, np.int64), axis=1)
        return tag, [tag]

    tags = _reverse(graph, graph.scan(follow, [_reverse(graph, before)], [last]))
    return graph.cast(graph.add("Squeeze", tags, [2]), np.int64)


def marginals(graph: Graph, chain: Chain) -> str:
    """Return the probability of each tag at each token, (n_steps, n_documents, n_tags)."""

    def forwards(inputs: list[str], state: list[str]) -> tuple[str, list[str]]:
        (scores, goes_on), (alpha,) = inputs, state
        steps = graph.add("Add", graph.add("Unsqueeze", alpha, [2]), chain.transitions)
        total = graph.add("ReduceLogSumExp", steps, [1], keepdims=0)
        alpha = _step(graph, goes_on, graph.add("Add", total, scores), alpha)
        return alpha, [alpha]

    def backwards(inputs: list[str], state: list[str]) -> tuple[str, list[str]]:
        (scores, goes_on), (beta,) = inputs, state
        ahead = graph.add("Unsqueeze", graph.add("Add", scores, beta), [1])
        steps = graph.add("Add", ahead, chain.transitions)
        beta = _step(graph, goes_on, graph.add("ReduceLogSumExp", steps, [2], keepdims=0), beta)
        return beta, [beta]

    alphas = graph.scan(forwards, [chain.scores, chain.goes_on], [chain.alpha])
    alphas = graph.add("Slice", alphas, [0], [-1], [0])  # without that behind the last step
    alphas = graph.add("Concat", graph.add("Unsqueeze", chain.alpha, [0]), alphas, axis=0)
    end = graph.add("Expand", chain.end, graph.add("Shape", chain.alpha))
    inputs = [_reverse(graph, chain.scores), _reverse(graph, chain.goes_on)]
    betas = _reverse(graph, graph.scan(backwards, inputs, [end]))
    return graph.add("Softmax", graph.add("Add", alphas, betas), axis=2)


def _step(graph: Graph, goes_on: str, after: str, before: str) -> str:
    """Return the scores after a step, minus the largest, or those before it if it is no token."""
    after = graph.add("Sub", after, graph.add("ReduceMax", after, [1]))  # to keep digits
    return graph.add("Where", graph.add("Greater", goes_on, 0.0), after, before)


def _reverse(graph: Graph, value: str) -> str:
    return graph.add("Slice", value, [-1], [_FIRST], [0], [-1])
