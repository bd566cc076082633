"""What a training is told by: its parameters, data, seeds and start, and the versions it runs on.

Two trainings alike in all of these take the same steps, to the bit.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from numbers import Number
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sklearn_rnn._files.file_format import versions_of

# Parameters that change no weights, or only by way of what is told apart besides: the kind of
# device, the weights that training starts from, and the step at which a checkpoint goes on. So
# processes that train together may differ in all of them.
_WITHOUT_EFFECT = {"callbacks", "checkpoint", "device", "n_jobs", "verbose", "warm_start"}
# Whose numbers may differ from version to version.
_PACKAGES = ("sklearn-rnn", "torch", "skorch", "numpy")
_NAMES = {
    "estimator": "the estimator",
    "device": "the device",
    "training data": "the training data",
    "validation data": "the validation data",
    "seeds": "the random numbers",
    "start": "the initial weights (of `embedding`, `pretrained` or the fit before)",
}


def identify_fit(
    estimator: Any, sets: tuple[Any, Any], seeds: Iterable[int], device: torch.device
) -> dict[str, Any]:
    """Return what tells a training from others, but for what its network starts from.

    Parameters
    ----------
    estimator : estimator instance
        Its parameters say how to train.
    sets : pair of torch.utils.data.Dataset or None
        What to train on, and what to validate on.
    seeds : iterable of int
        The seeds.
    device : torch.device
        Where training is.
    """
    return {
        "versions": versions_of(_PACKAGES),
        "estimator": type(estimator).__name__,
        "parameters": plain_params(estimator),
        "device": device.type,
        "training data": digest(sets[0]),
        "validation data": digest(sets[1]),
        "seeds": [int(seed) for seed in seeds],
    }


def plain_params(estimator: Any) -> dict[str, Any]:
    """Return the parameters that change what is learned, as plain values."""
    params = estimator.get_params(deep=False)
    return {name: _plain(value) for name, value in params.items() if name not in _WITHOUT_EFFECT}


def identify_start(module: nn.Module, generator: torch.Generator) -> str:
    """Return what tells the weights that a training starts from, and its random numbers."""
    return digest([dict(module.state_dict()), generator.get_state()])


def name_of(fit: dict[str, Any]) -> str:
    """Return a name for a training that no other has, on whatever versions it runs."""
    told = digest({key: value for key, value in fit.items() if key != "versions"})
    return f"{fit['estimator']}-{told[:32]}"


def differences(there: dict[str, Any], here: dict[str, Any]) -> list[str]:
    """Return what differs between two trainings, in words.

    Examples
    --------
    >>> from sklearn_rnn._training.fit_identity import differences
    >>> there = {"versions": {"torch": "2.6"}, "parameters": {"lr": 0.1}, "device": "cpu"}
    >>> here = {"versions": {"torch": "2.7"}, "parameters": {"lr": 0.2}, "device": "cpu"}
    >>> differences(there, here)
    ['torch (2.6 there, 2.7 here)', 'lr (0.1 there, 0.2 here)']
    """
    found = list(_differing(there["versions"], here["versions"], show=str))
    found += _differing(there["parameters"], here["parameters"])
    others = [name for key, name in _NAMES.items() if there.get(key) != here.get(key)]
    # What follows from another difference would only add confusion.
    causes = [name for name in others if name not in (_NAMES["seeds"], _NAMES["start"])]
    return found + causes or others


def digest(value: Any) -> str:
    """Return a number that only values alike have: of arrays, plain values, and objects of these.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._training.fit_identity import digest
    >>> digest([np.arange(3), "a"]) == digest([np.arange(3), "a"])
    True
    >>> digest(np.arange(3)) == digest(np.arange(3.0))
    False
    """
    found = hashlib.sha256()
    _add(found, value)
    return found.hexdigest()


def _add(found: Any, value: Any) -> None:
    if isinstance(value, Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray) and value.dtype != object:
        found.update(f"{value.dtype.str}{value.shape}".encode())
        found.update(np.ascontiguousarray(value).reshape(-1).view(np.uint8))
    elif isinstance(value, (list, tuple, np.ndarray)):
        found.update(f"{len(value)} items".encode())
        for item in value:
            _add(found, item)
    elif isinstance(value, dict):
        found.update(b"dict of ")
        _add(found, [*value.items()])
    elif value is None or isinstance(value, (Number, str, bytes, np.generic)):
        found.update(f"{type(value).__name__} {value!r};".encode())
    else:
        found.update(type(value).__name__.encode())
        _add(found, vars(value))


def _plain(value: Any) -> Any:
    """Return a parameter as plain values; of others, such as tables of words, the type alone.

    What these do to a training shows in its data and in the weights that it starts from.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, partial):
        return [_plain(part) for part in (value.func, value.args, value.keywords)]
    if hasattr(value, "get_params") and not isinstance(value, type):
        return {"class": type(value).__name__, **plain_params(value)}
    named = value if hasattr(value, "__qualname__") else type(value)
    return f"{named.__module__}.{named.__qualname__}"


def _differing(
    there: dict[str, Any], here: dict[str, Any], prefix: str = "", show: Callable = repr
) -> Iterator[str]:
    """Yield what values differ by their names, in the way of scikit-learn where they are nested."""
    for name in {**there, **here}:
        old, new = there.get(name), here.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _differing(old, new, f"{prefix}{name}__", show)
        elif old != new:
            yield f"{prefix}{name} ({_shown(show(old))} there, {_shown(show(new))} here)"


def _shown(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."
