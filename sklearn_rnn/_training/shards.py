r"""The gradients of the parts of a batch, computed by one process or several, and added.

A batch is cut into parts, and part `i` belongs to shard `i % n_shards`. The parts of a shard are
added one after the other, and the shards along a fixed binary tree:

    0   1   2   3     shards
     \ /     \ /
     0-2     2-4
        \   /
         0-4          the gradient of the batch

Each process computes neighbouring shards, adds up the nodes of the tree that it has completely, and
sends these. The order in which the terms of the gradient are added does not depend on who adds
them, so it is the same, to the bit, for any number of processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from sklearn_rnn._training.process_state import side_by_side
from sklearn_rnn._training.ranks import STEP, current_ranks

# The gradient of each parameter, None where it has none.
Grads = list[Tensor | None]
# The first shard of a node, and the one after its last.
Node = tuple[int, int]

# How a gradient is sent.
_NONE, _DENSE, _SPARSE = range(3)


def step_parts(
    parameters: Sequence[Tensor],
    n_shards: int,
    step_part: Callable[..., tuple[Grads, list[Tensor]]],
    *by_part: Iterable,
) -> list[list[Tensor]]:
    """Compute the gradients of all parts of a batch, and add them to the parameters.

    Parameters
    ----------
    parameters : sequence of torch.Tensor
        What is learned.
    n_shards : int
        The number of shards that the batch was cut into.
    step_part : callable
        Computes a part. It returns its gradients, as `own_grads` does, and other results, such as
        its loss: a list of tensors without gradients.
    *by_part : iterable
        One for each argument of `step_part`, with an element for each part.

    Returns
    -------
    told : list of list of torch.Tensor
        The other results of each part, computed here or by another process.
    """
    calls = list(zip(*by_part, strict=True))
    ranks = current_ranks()
    mine = _parts_of(_shards_of(ranks.rank, ranks.n_ranks, n_shards), n_shards, len(calls))
    # One part alone is computed in this thread, in which kernels compute on several.
    results = side_by_side(lambda place: step_part(*calls[place]), mine)
    told = [told for _, told in results]
    if n_shards == 1:
        add_grads(parameters, [grads for grads, _ in results])
        return told
    nodes: dict[Node, Grads] = {(i, i + 1): [None] * len(parameters) for i in range(n_shards)}
    for place, (grads, _) in zip(mine, results, strict=True):
        leaf = place % n_shards, place % n_shards + 1
        nodes[leaf] = _sum(nodes[leaf], grads)
    if ranks.n_ranks > 1:
        nodes, told = _exchange(parameters, n_shards, len(calls), nodes, told)
    add_grads(parameters, [_total((0, n_shards), nodes)])
    return told


def add_grads(parameters: Sequence[Tensor], grads: Sequence[Sequence[Tensor | None]]) -> None:
    """Add the gradients of each part of a batch, as `own_grads` returns them, to the parameters."""
    for parameter, *part_grads in zip(parameters, *grads, strict=True):
        for grad in part_grads:
            if grad is not None:
                parameter.grad = grad if parameter.grad is None else parameter.grad.add_(grad)


def round_up(n_parts: int, n_shards: int) -> int:
    """Return how many parts to cut a batch into, equally many in each shard.

    Examples
    --------
    >>> from sklearn_rnn._training.shards import round_up
    >>> round_up(5, n_shards=2), round_up(1, n_shards=4)
    (6, 4)
    """
    return -(-n_parts // n_shards) * n_shards


def _shards_of(rank: int, n_ranks: int, n_shards: int) -> range:
    """Return the shards that a process computes."""
    return range(rank * n_shards // n_ranks, (rank + 1) * n_shards // n_ranks)


def _parts_of(shards: range, n_shards: int, n_parts: int) -> list[int]:
    """Return the places of the parts that belong to some shards."""
    return [place for place in range(n_parts) if place % n_shards in shards]


def _halves(node: Node) -> tuple[Node, Node]:
    """Return the two nodes below one; the left one has a power of two of shards."""
    first, stop = node
    middle = first + 2 ** ((stop - first - 1).bit_length() - 1)
    return (first, middle), (middle, stop)


def _nodes_within(shards: range, node: Node) -> list[Node]:
    """Return the highest nodes of a tree whose shards are all among some."""
    first, stop = node
    if shards.start <= first and stop <= shards.stop:
        return [node]
    if stop <= shards.start or shards.stop <= first:
        return []
    left, right = _halves(node)
    return _nodes_within(shards, left) + _nodes_within(shards, right)


def _total(node: Node, nodes: dict[Node, Grads]) -> Grads:
    """Return the sum of a node, given those of nodes below it."""
    if node in nodes:
        return nodes[node]
    left, right = _halves(node)
    return _sum(_total(left, nodes), _total(right, nodes))


def _sum(left: Grads, right: Grads) -> Grads:
    """Return the sums of gradients, in the memory of the left ones if possible."""
    return [_plus(one, other) for one, other in zip(left, right, strict=True)]


def _plus(one: Tensor | None, other: Tensor | None) -> Tensor | None:
    if one is None or other is None:
        return other if one is None else one
    if one.is_sparse and other.is_sparse:
        return (one + other).coalesce()
    return other.add_(one) if one.is_sparse else one.add_(other)


def _exchange(
    parameters: Sequence[Tensor],
    n_shards: int,
    n_parts: int,
    nodes: dict[Node, Grads],
    told: list[list[Tensor]],
) -> tuple[dict[Node, Grads], list[list[Tensor]]]:
    """Return the sums that the processes have computed, and the results of all parts."""
    ranks, root = current_ranks(), (0, n_shards)
    mine = _shards_of(ranks.rank, ranks.n_ranks, n_shards)
    arrays = [np.array([len(told[0]) if told else 0])]
    arrays += [tensor.numpy(force=True) for part in told for tensor in part]
    for node in _nodes_within(mine, root):
        arrays += _encode(_total(node, nodes))
    sums: dict[Node, Grads] = {}
    known: list[list[Tensor]] = [[] for _ in range(n_parts)]
    for rank, received in enumerate(ranks.gather(STEP, arrays)):
        rest = iter(received)
        n_told = int(next(rest)[0])
        theirs = _shards_of(rank, ranks.n_ranks, n_shards)
        for place in _parts_of(theirs, n_shards, n_parts):
            known[place] = [torch.from_numpy(next(rest)) for _ in range(n_told)]
        for node in _nodes_within(theirs, root):
            sums[node] = _decode(rest, parameters)
    return sums, known


def _encode(grads: Grads) -> list[np.ndarray]:
    """Return gradients as arrays; for a table, the rows that are not zero."""
    kinds, arrays = [], []
    for grad in grads:
        if grad is None:
            kinds.append(_NONE)
        elif grad.is_sparse:
            kinds.append(_SPARSE)
            arrays += [grad.indices().numpy(force=True), grad.values().numpy(force=True)]
        else:
            kinds.append(_DENSE)
            arrays.append(grad.numpy(force=True))
    return [np.array(kinds), *arrays]


def _decode(arrays: Iterator[np.ndarray], parameters: Sequence[Tensor]) -> Grads:
    """Return gradients, laid out in memory as the parameters are."""
    grads: Grads = []
    for kind, parameter in zip(next(arrays).tolist(), parameters, strict=True):
        if kind == _NONE:
            grads.append(None)
            continue
        given = torch.from_numpy(next(arrays)).to(parameter.device)
        if kind == _SPARSE:
            values = torch.from_numpy(next(arrays)).to(parameter.device)
            grad = torch.sparse_coo_tensor(
                given, values, parameter.shape, check_invariants=False, is_coalesced=True
            )
        elif given.stride() == parameter.stride():
            grad = given
        else:
            grad = torch.empty_like(parameter).copy_(given)
        grads.append(grad)
    return grads
