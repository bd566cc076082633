"""Networks as plain data: what they were built from, and their weights.

`describe` and `rebuild` know the networks that estimators build. Another kind needs a branch in
both.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from typing import cast

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ._embedding import TokenEmbedding
from ._language import LanguageNetwork, build_language_network
from ._network import SequenceNetwork, build_network
from ._new_thread import in_new_thread
from ._tagging import TaggingNetwork, build_tagging_network
from ._translation import TranslationNetwork, build_translation_network
from ._wide import NGramLinear, WideAndDeep

# Layers take time to build, even without values: a forged description must not ask for a billion,
# nor for one that has no weight.
_MAX_LAYERS = 1000

_KINDS: dict[type[nn.Module], str] = {
    SequenceNetwork: "deep",
    LanguageNetwork: "language",
    TaggingNetwork: "tagging",
    TranslationNetwork: "translation",
}
_BUILDERS: dict[str, Callable[..., nn.Module]] = {
    "deep": build_network,
    "language": build_language_network,
    "tagging": build_tagging_network,
    "translation": build_translation_network,
}

_TURN = threading.Lock()


def _forget_turn() -> None:
    """Start over in a forked process: the thread that held the lock does not exist there."""
    global _TURN
    _TURN = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_turn)


def describe(network: nn.Module) -> dict:
    """Return what `rebuild` needs besides the weights, in numbers, strings and dicts.

    Parameters
    ----------
    network : torch.nn.Module
        A network made by `build_network`, `build_language_network`, `build_tagging_network` or
        `build_translation_network`, an `NGramLinear`, or one of the first kind and one of these in
        a `WideAndDeep`.

    Returns
    -------
    description : dict
        Its kind and arguments.

    Raises
    ------
    TypeError
        If it is none of those, or was changed after it was built.

    Examples
    --------
    >>> from sklearn_rnn.modules import build_network
    >>> from sklearn_rnn.modules._description import describe, rebuild
    >>> network = build_network(num_embeddings=10, n_outputs=2, embedding_dim=3, hidden_size=2)
    >>> description = describe(network)
    >>> description["kind"]
    'deep'
    >>> rebuild(description, network.state_dict()).head
    Linear(in_features=7, out_features=2, bias=True)
    """
    description = _describe(network)
    if _layout(network) != _layout(_build(description)):
        raise TypeError("the network was changed after it was built")
    return description


def rebuild(description: Mapping, weights: Mapping[str, Tensor]) -> nn.Module:
    """Return the network that was described, in evaluation mode.

    It takes no memory except for the weights, and draws no random number.

    Parameters
    ----------
    description : mapping
        From `describe`.
    weights : mapping of str to torch.Tensor
        The network's state dict. The tensors become the network's own.

    Returns
    -------
    network : torch.nn.Module
        With the same outputs, to the bit.

    Raises
    ------
    Exception
        Of any type, if the two do not fit each other.
    """
    network = _build(description, max_layers=len(weights))
    if _shapes(weights) != _shapes(network.state_dict()):
        raise ValueError("the weights do not fit the network")
    network.load_state_dict(weights, assign=True)
    return network.eval()


def _describe(network: nn.Module) -> dict:
    if type(network) is WideAndDeep:
        return {
            "kind": "wide and deep",
            "deep": _describe(network.deep),
            "wide": _describe(network.wide),
            "wide_weight": network.wide_weight,
        }
    if type(network) is NGramLinear:
        return {
            "kind": "wide",
            "n_ids": network.n_ids,
            "n_pairs": len(network.pairs),
            "arguments": {
                "n_outputs": len(network.bias),
                "scale": network.scale,
                "sparse": network.table.sparse,
                "kernels": network.kernels,
            },
        }
    if type(network) in _KINDS and hasattr(network, "arguments"):
        if network.arguments is None:
            raise TypeError("a network with a cell of your own, which is code, cannot be described")
        # A table can have grown.
        n_ids = cast("TokenEmbedding", network.embedding).table.num_embeddings
        arguments = {**cast("dict", network.arguments), "num_embeddings": n_ids}
        if isinstance(network, TaggingNetwork) and network.spelling is not None:
            arguments["num_characters"] = network.spelling.table.num_embeddings
        return {"kind": _KINDS[type(network)], "arguments": arguments}
    raise TypeError(f"a network of type {type(network).__name__} cannot be described")


def _build(description: Mapping, max_layers: int = _MAX_LAYERS) -> nn.Module:
    """Build a network without values, on the device "meta".

    An interrupt would leave torch with that default device, or without the user's own.
    """
    return in_new_thread(_build_on_meta, description, min(max_layers, _MAX_LAYERS))


def _build_on_meta(description: Mapping, max_layers: int) -> nn.Module:
    # torch notes the default device of a thread in a place that all of them share.
    with _TURN, torch.device("meta"), _LeavesEmpty():
        return _build_part(description, max_layers)


class _LeavesEmpty(TorchFunctionMode):
    """Computes no values.

    On the device "meta" there are none, but to find that out torch imports its compiler, which
    takes ten times as long as opening a model.
    """

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function in (nn.init.normal_, nn.init.uniform_):
            return kwargs["tensor"]
        if function in (Tensor.normal_, Tensor.div_, Tensor.mul_):
            return args[0]
        if function is torch.cat:  # of vectors
            return args[0][0].new_empty(sum(map(len, args[0])))
        return function(*args, **kwargs)


def _build_part(description: Mapping, max_layers: int) -> nn.Module:
    kind = description["kind"]
    if kind in _BUILDERS:
        arguments = description["arguments"]
        if arguments["num_layers"] > max_layers:
            raise TypeError(f"a network of more than {max_layers} layers cannot be described")
        if not isinstance(arguments["cell"], str):
            raise TypeError("a cell is described by its name")
        return _BUILDERS[kind](**arguments)
    if kind == "wide":
        n_ids, n_pairs = description["n_ids"], description["n_pairs"]
        return NGramLinear(
            word_idf=torch.empty(n_ids),
            pairs=torch.empty(n_pairs, dtype=torch.int64),
            pair_idf=torch.empty(n_pairs),
            **description["arguments"],
        )
    if kind == "wide and deep":
        parts = [description[name] for name in ("deep", "wide")]
        if [part["kind"] for part in parts] != ["deep", "wide"]:
            raise ValueError("a network within a network of two parts cannot be described")
        deep, wide = (_build_part(part, max_layers) for part in parts)
        return WideAndDeep(deep, wide, description["wide_weight"])
    raise ValueError(f"networks of kind {kind!r} are unknown")


def _layout(network: nn.Module) -> tuple[dict, dict]:
    """Return the types of all parts, and the shapes of their tensors."""
    types = {name: type(module) for name, module in network.named_modules()}
    return types, _shapes(network.state_dict())


def _shapes(tensors: Mapping[str, Tensor]) -> dict:
    # Any precision of floats will do.
    return {name: (tensor.shape, tensor.is_floating_point()) for name, tensor in tensors.items()}
