"""What language models have learned, as the start of a network of documents."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sklearn_rnn._text.vocabulary import FIRST_ID
from sklearn_rnn._training.settings import LANGUAGE_MODEL
from sklearn_rnn._training.start_embedding import StartVectors
from sklearn_rnn.modules import TokenEmbedding

# Parameters of an estimator that a language model decides.
SHAPE = ("cell", "activation", "num_layers", "hidden_size", "embedding_dim")


@dataclass(frozen=True)
class LanguageStart(StartVectors):
    """The vectors and the recurrent layers that a network starts from.

    Parameters
    ----------
    embedding : LanguageSource
        Where new words start from when training continues.
    source, ids, vectors, found
        As in `StartVectors`. With two models, a vector is the concatenation of both.
    networks : tuple of LanguageNetwork
        The networks of the models, none if training continues.
    directions : tuple of int
        For each, which direction of the layers starts from it: 0 forwards, 1 backwards.
    shape : dict
        The parameters that an estimator takes over from them.
    """

    networks: tuple[Any, ...] = field(repr=False)
    directions: tuple[int, ...]
    shape: dict[str, Any]

    def fill(self, embedding: TokenEmbedding, first: int = 0) -> None:
        """Write the vectors of the ids from `first` on.

        Words that no model has seen get random ones of the same variance.
        """
        super().fill(embedding, first)
        weight = embedding.table.weight.data
        n_known = max(first, int(self.ids[-1]) + 1 if len(self.ids) else FIRST_ID)
        known, new = weight[FIRST_ID:n_known], weight[n_known:]
        if len(known) > 1:
            new.normal_().mul_(known.std(dim=0)).add_(known.mean(dim=0))

    def fill_network(self, network: Any) -> None:
        """Write all that was learned into a new network of documents."""
        self.fill(network.embedding)
        weights = dict(network.encoder.named_parameters())
        place = 0
        for model, direction in zip(self.networks, self.directions, strict=True):
            width, n_units = model.embedding.output_size, model.encoder.output_size
            for name, value in model.encoder.named_parameters():
                new_name = _in_direction(_plain_name(name), direction)
                weight = next(w for key, w in weights.items() if _plain_name(key) == new_name)
                reads_words = re.match(r"layers\.0\.|projections\.", name)
                if reads_words:
                    part = width, place, network.embedding.output_size
                else:
                    part = n_units, direction * n_units, None
                _write(weight.data, value.data.to(weight.device), *part)
            place += width


@dataclass(frozen=True)
class LanguageSource:
    """Fitted language models to start from, instead of a table of words.

    Parameters
    ----------
    networks : tuple of LanguageNetwork
        The networks of the models.
    directions : tuple of int
        For each, which direction of the layers it becomes: 0 forwards, 1 backwards.
    shape : dict
        The parameters that an estimator takes over from them.
    """

    networks: tuple[Any, ...] = field(repr=False)
    directions: tuple[int, ...]
    shape: dict[str, Any]

    def start(self, n_ids: int, found: np.ndarray | None = None) -> LanguageStart:
        """Return the start for this many ids, of which `found` existed when training began."""
        if found is None:
            vectors = np.concatenate([_vectors_of(net) for net in self.networks], axis=1)
            ids = np.arange(1, len(vectors))  # without the boundary of documents
            found = np.arange(len(vectors)) >= FIRST_ID
        else:
            vectors, ids = np.empty((1, self.shape["embedding_dim"]), np.float32), np.arange(0)
        known = np.zeros(max(n_ids, len(found)), bool)
        known[: len(found)] = found
        return LanguageStart(
            replace(self, networks=()),
            LANGUAGE_MODEL,
            ids,
            vectors[1:],
            known,
            self.networks,
            self.directions,
            self.shape,
        )


def shape_of(network: Any, estimator: Any) -> dict[str, Any]:
    """Return the parameters of a network: those it was built with, if it knows them.

    Parameters
    ----------
    network : LanguageNetwork or SequenceNetwork
        The network.
    estimator : estimator instance
        The estimator of the network.
    """
    if network.arguments is not None:
        return {name: network.arguments[name] for name in SHAPE}
    encoder = network.encoder
    return {
        "cell": estimator.cell,
        "activation": estimator.activation,
        "num_layers": len(encoder.layers),
        "hidden_size": encoder.output_size // len(encoder.layers[0]),
        "embedding_dim": network.embedding.output_size,
    }


def with_learned_shape(
    estimator: Any, start: StartVectors | None, previous: nn.Module | None
) -> Any:
    """Return an estimator whose parameters are those of the network that it starts from.

    That is a language model, or the network of an earlier fit that started from one; otherwise
    the estimator itself.

    Raises
    ------
    ValueError
        If a parameter is neither the one of that network nor the default.
    """
    if previous is not None and estimator.embedding_source_ == LANGUAGE_MODEL:
        shape = shape_of(getattr(previous, "deep", previous), estimator)
    elif previous is None and isinstance(start, LanguageStart):
        shape = start.shape
    else:
        return estimator
    check_shape(estimator, shape)
    settings = object.__new__(type(estimator))
    vars(settings).update({**vars(estimator), **shape})
    return settings


def check_shape(estimator: Any, shape: dict[str, Any]) -> None:
    """Refuse parameters that are neither those of the network to start from nor the defaults."""
    signature = inspect.signature(type(estimator)).parameters
    for name, value in shape.items():
        given = getattr(estimator, name)
        if given != signature[name].default and given != value:
            raise ValueError(
                f"The '{name}' parameter of {type(estimator).__name__} must be that of the "
                f"language model that the network starts from, {value!r}, or be left at its "
                f"default. Got {given!r}."
            )


def layers_from_the_top(num_layers: int, directions: Sequence[int]) -> Iterator[list[str]]:
    """Yield the patterns of the parameters that were learned before, a list for each layer.

    The embedding comes last. The names are those in the whole network.
    """
    # Of a network of its own, or beside a wide path; not of what reads the spelling of words.
    networks = "", "deep."
    for depth in reversed(range(num_layers)):
        layers = [f"encoder.layers.{depth}.{direction}.*" for direction in directions]
        yield [network + layer for network in networks for layer in layers]
    below = [f"encoder.projections.{direction}.*" for direction in directions]
    yield [network + part for network in networks for part in (*below, "embedding.*")]


def freeze_layers(
    module: nn.Module, layers: Sequence[Sequence[str]], n_frozen: float, n_done: int
) -> None:
    """Freeze the layers whose turn to learn is yet to come, and unfreeze the others.

    Parameters
    ----------
    module : torch.nn.Module
        The whole network.
    layers : list of list of str
        As from `layers_from_the_top`.
    n_frozen : float
        Number of epochs after which the first of them learns, and then each further one.
    n_done : int
        Number of epochs done.
    """
    for turn, patterns in enumerate(layers, start=1):
        for name, parameter in module.named_parameters():
            if any(fnmatchcase(name, pattern) for pattern in patterns):
                parameter.requires_grad_(n_done >= turn * n_frozen)


def _vectors_of(network: Any) -> np.ndarray:
    """Return the vectors of all ids as the layers of a network read them."""
    embedding = network.embedding
    with torch.no_grad():
        vectors = embedding._projected(embedding.scale * embedding.table.weight)
    return vectors.float().numpy(force=True)


def _plain_name(name: str) -> str:
    """Return the name of a weight in a cell, without what regularises the cell."""
    return re.sub(r"(\.cell)+\.", ".cell.", name)


def _in_direction(name: str, direction: int) -> str:
    """Return the name of the weight of a forward layer in another direction."""
    name = re.sub(r"^(layers\.\d+)\.0\.", rf"\g<1>.{direction}.", name)
    return re.sub(r"^projections\.0\.", f"projections.{direction}.", name)


def _write(
    weight: Tensor, value: Tensor, n_inputs: int, place: int, n_learned: int | None = None
) -> None:
    """Write weights into those of a wider input, whose columns they use from `place` on.

    The other columns become 0, except those from `n_learned` on, which read what no language model
    has: how words are spelled. They stay random. Some cells have several blocks of columns, one for
    each step of the input that they read.
    """
    if weight.shape == value.shape:
        weight.copy_(value)
        return
    n_rows, n_blocks = len(value), value.shape[1] // n_inputs
    blocks = weight.view(n_rows, n_blocks, -1)
    blocks[:, :, :n_learned] = 0
    blocks[:, :, place : place + n_inputs] = value.view(n_rows, n_blocks, n_inputs)
