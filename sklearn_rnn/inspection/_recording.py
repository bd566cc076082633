"""What the layers of a network read and return while it predicts."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor, nn

from sklearn_rnn._training.process_state import torch_workers
from sklearn_rnn.inspection._inspected_estimator import InspectedEstimator
from sklearn_rnn.modules import GridLSTMCell, PackedLayout
from sklearn_rnn.modules._unique_rows import dense


@dataclass
class LayerRecord:
    """One layer in one direction, and what passed through it.

    Parameters
    ----------
    depth : int
        Place of the layer, 0 being the one that reads the embeddings.
    direction : {"forward", "backward"}
        From where it reads.
    module : torch.nn.Module
        Number of the layer.
    inputs, states : torch.Tensor of shape (n_tokens, n_features)
        What it read and returned, in packed order. There are none before it was called.
    memory : torch.Tensor of shape (n_tokens, hidden_size) or None
        The memory that it returned with them, as a block of a Grid LSTM does.
    """

    depth: int
    direction: str
    module: nn.Module
    inputs: Tensor = field(init=False)
    states: Tensor = field(init=False)
    memory: Tensor | None = None


@dataclass
class Recording:
    """All layers, and the attention of the pooling.

    Parameters
    ----------
    layers : list of LayerRecord
        From the lowest on, forward before backward.
    layout : PackedLayout
        Where each token of the batch lies. There is none before the network was called.
    attention : torch.Tensor of shape (n_tokens, n_heads) or None
        Weights of attention pooling, in packed order. None for other poolings.
    """

    layers: list[LayerRecord] = field(default_factory=list)
    layout: PackedLayout = field(init=False)
    attention: Tensor | None = None


def list_layers(deep: nn.Module) -> list[LayerRecord]:
    """Return the layers of a recurrent network, with nothing recorded yet."""
    layers = getattr(deep.encoder, "layers", None)
    if layers is None:
        raise TypeError(
            "The encoder of the network must have its layers in 'layers', as RecurrentStack does, "
            f"to be inspected. Got {type(deep.encoder).__name__}."
        )
    return [
        LayerRecord(depth, "backward" if getattr(layer, "reverse", False) else "forward", layer)
        # The same one may serve at several depths.
        for depth in range(getattr(deep.encoder, "num_layers", len(layers)))
        for layer in layers[depth % len(layers)]
    ]


def by_module(layers: list[LayerRecord]) -> dict[nn.Module, deque[LayerRecord]]:
    """Return the places of each module in the network, in the order in which it is called."""
    places: dict[nn.Module, deque[LayerRecord]] = {}
    for layer in layers:
        places.setdefault(layer.module, deque()).append(layer)
    return places


@contextmanager
def recording(deep: nn.Module) -> Iterator[Recording]:
    """Record what a network computes inside the block; the network is left as it was.

    Parameters
    ----------
    deep : torch.nn.Module
        A network with the parts of a `SequenceNetwork`.
    """
    record = Recording(list_layers(deep))

    places = by_module(record.layers)

    def keep_layer(module, args, output):
        layer = places[module][0]
        places[module].rotate(-1)
        x, record.layout = args[:2]
        layer.inputs = dense(x)
        if isinstance(getattr(module, "cell", None), GridLSTMCell):
            layer.states, layer.memory = output.chunk(2, dim=1)
        else:
            layer.states = output

    def keep_read(layer, x, layout, state=None):
        # A language model reads on from a state, by another method than `forward`.
        states, after = type(layer).read(layer, x, layout, state)
        keep_layer(layer, (x, layout), states)
        return states, after

    def keep_attention(module, args, output):
        record.attention = module.weights(*args)

    hooks = [module.register_forward_hook(keep_layer) for module in places]
    if hasattr(getattr(deep, "pooling", None), "weights"):
        hooks.append(deep.get_submodule("pooling").register_forward_hook(keep_attention))
    readers = [module for module in places if hasattr(module, "read")]
    for module in readers:
        module.read = partial(keep_read, module)  # type: ignore[assignment]  # as of any object
    try:
        yield record
    finally:
        for hook in hooks:
            hook.remove()
        for module in readers:
            del module.read


def record_document(inspected: InspectedEstimator, sequence: csr_array) -> Recording:
    """Run the network on one document, and return what its layers did.

    Parameters
    ----------
    inspected : InspectedEstimator
        The estimator to inspect.
    sequence : csr_array of shape (1, n_positions)
        The document.
    """
    with torch_workers(1), torch.inference_mode(), recording(inspected.deep) as record:
        inspected.evaluation()
        inspected.run(inspected.dataset(sequence), np.array([0]))
    return record


def record_states(
    inspected: InspectedEstimator, sequences: csr_array
) -> tuple[dict[tuple[int, str], np.ndarray], np.ndarray]:
    """Return the states of all layers at all tokens of many documents.

    Parameters
    ----------
    inspected : InspectedEstimator
        The estimator to inspect.
    sequences : csr_array of shape (n_documents, n_positions)
        The documents.

    Returns
    -------
    states : dict of (int, str) to ndarray of float32 of shape (n_tokens, hidden_size)
        By depth and direction, document after document.
    lengths : ndarray of int of shape (n_documents,)
        Number of tokens of each document.
    """
    dataset = inspected.dataset(sequences)
    lengths = inspected.lengths(sequences)
    starts = np.cumsum(lengths) - lengths
    states = {}
    with torch_workers(1), torch.inference_mode(), recording(inspected.deep) as record:
        inspected.evaluation()
        for rows in inspected.plan(dataset):
            inspected.run(dataset, rows)
            order = record.layout.by_document
            order = order[record.layout.positions[order] >= inspected.n_before]
            places = np.concatenate([starts[row] + np.arange(lengths[row]) for row in rows])
            for layer in record.layers:
                rows_of_layer = layer.states[order].float().cpu().numpy()
                key = layer.depth, layer.direction
                if key not in states:
                    states[key] = np.empty((lengths.sum(), rows_of_layer.shape[1]), np.float32)
                states[key][places] = rows_of_layer
    return states, lengths
