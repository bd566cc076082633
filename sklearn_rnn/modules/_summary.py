"""The parts of a network in the order of the data, with their sizes and weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from torch import nn

from ._decoders import Decoder
from ._dropout import Dropout, LockedDropout
from ._embedding import TokenEmbedding
from ._grid_lstm import GridLSTM
from ._recurrent import RecurrentLayer, RecurrentStack
from ._source import TextEncoder
from ._wide import NGramLinear, WideAndDeep


@dataclass(frozen=True)
class NetworkPart:
    """One part of a network.

    Parameters
    ----------
    name : str
        What it is called, such as "recurrent layer 1".
    kind : str
        Its class; for a recurrent layer that of the cell.
    size : str
        What goes in and what comes out, empty if it does not say.
    n_weights : int
        Number of its weights, without those shared with an earlier part.
    is_wide : bool, default=False
        Whether it belongs to the wide path.
    """

    name: str
    kind: str
    size: str
    n_weights: int
    is_wide: bool = False


def summarize(network: nn.Module) -> list[NetworkPart]:
    """Return the parts of a network in the order of the data, without dropout.

    Parameters
    ----------
    network : torch.nn.Module
        Any network; for the package's own, sizes are included.

    Examples
    --------
    >>> from sklearn_rnn.modules import build_network
    >>> from sklearn_rnn.modules._summary import summarize
    >>> network = build_network(num_embeddings=50, n_outputs=2, embedding_dim=8, hidden_size=4)
    >>> for part in summarize(network):
    ...     print(f"{part.name}: {part.kind}, {part.size}, {part.n_weights} weights")
    embedding: TokenEmbedding, 50 tokens to 8 features, 400 weights
    recurrent layer 1: LSTMCell, 8 to 4 features in both directions, 448 weights
    pooling: AttentionPooling, 8 features, 80 weights
    skip: MeanPooling, 8 features, 0 weights
    head: Linear, 16 to 2 features, 34 weights
    """
    seen: set[int] = set()
    return [
        NetworkPart(name, _kind(part), _size(part), _count_weights(part, seen), is_wide)
        for name, part, is_wide in _walk(network)
    ]


def _walk(network: nn.Module) -> Iterator[tuple[str, nn.Module, bool]]:
    """Yield the parts worth a line: their names, themselves, and whether they are wide."""
    if isinstance(network, WideAndDeep):
        yield from _walk(network.deep)
        yield "wide path", network.wide, True
        return
    for name, part in network.named_children():
        if isinstance(part, (Dropout, LockedDropout, nn.Dropout)):
            continue
        if isinstance(part, TextEncoder):
            for inner, module, is_wide in _walk(part):
                yield f"{name} {inner}", module, is_wide
        elif isinstance(part, RecurrentStack):
            for depth, layer in enumerate(cast("nn.ModuleList", part.layers), 1):
                kind = "residual layer" if part.residual and depth > 1 else "recurrent layer"
                yield f"{kind} {depth}", layer, False
        else:
            yield name.replace("_", " "), part, False


def _cell_of(part: nn.Module) -> nn.Module | None:
    """Return the cell of a recurrent layer, in one direction or both, without its wrappers."""
    layer = part[0] if isinstance(part, nn.ModuleList) and len(part) else part
    if not isinstance(layer, RecurrentLayer):
        return None
    cell = cast("nn.Module", layer.cell)
    while isinstance(inner := getattr(cell, "cell", None), nn.Module):
        cell = inner
    return cell


def _kind(part: nn.Module) -> str:
    return type(_cell_of(part) or part).__name__


def _size(part: nn.Module) -> str:
    """Return what goes into a part and what comes out of it, in words."""
    cell = _cell_of(part)
    if cell is not None:
        if not hasattr(cell, "input_size"):
            return ""
        directions = " in both directions" if len(cast("nn.ModuleList", part)) > 1 else ""
        return f"{cell.input_size:,} to {cell.hidden_size:,} features{directions}"
    if isinstance(part, TokenEmbedding):
        return f"{part.table.num_embeddings:,} tokens to {part.output_size:,} features"
    if isinstance(part, GridLSTM):
        return f"{part.num_layers} layers, {part.output_size:,} features"
    if isinstance(part, nn.Linear):
        return f"{part.in_features:,} to {part.out_features:,} features"
    if isinstance(part, NGramLinear):
        return f"{part.n_ids:,} words and {len(part.pairs):,} n-grams to {len(part.bias)} outputs"
    if isinstance(part, Decoder):
        return f"{part.vector_size:,} features to {part.n_ids:,} tokens"
    size = getattr(part, "output_size", None)
    return "" if size is None else f"{size:,} features"


def _count_weights(part: nn.Module, seen: set[int]) -> int:
    """Return the number of weights that were not seen before, and mark them as seen."""
    new = {id(weight): weight.numel() for weight in part.parameters() if id(weight) not in seen}
    seen.update(new)
    return sum(new.values())
