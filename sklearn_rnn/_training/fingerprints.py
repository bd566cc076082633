"""Whether processes that are to train one network hold the same data, parameters and weights."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import numpy as np
from torch import Tensor

from sklearn_rnn._training.ranks import START, Ranks

_PLAIN = (str, bytes, bool, int, float, np.generic)

# What may differ from process to process.
_OWN = {"callbacks", "device", "n_jobs", "verbose"}

# Weights are compared by about as many numbers at most: a chunk of a stream must not wait for a
# large vocabulary.
_MAX_WEIGHTS = 2**20


def check_alike(
    ranks: Ranks,
    estimator: Any,
    net: Any,
    sets: tuple[Any, Any],
    seed: int,
    state: dict[str, Any] | None = None,
) -> None:
    """Refuse to train one network on different data, or in different ways.

    Parameters
    ----------
    ranks : Ranks
        The processes.
    estimator : estimator instance
        Whose parameters are compared, those of them that are plain values.
    net : SequenceNet
        The net, ready to be trained.
    sets : pair of torch.utils.data.Dataset or None
        What to train on, and what to validate on.
    seed : int
        Seed of torch.
    state : dict, default=None
        What a checkpoint holds from which training is to go on.

    Raises
    ------
    ValueError
        If they differ, in every process.
    """
    params = estimator.get_params(deep=False)
    compared = {
        **{f"the parameter {name}": _plain(params[name]) for name in sorted(params.keys() - _OWN)},
        "the random numbers": [seed, net.iterator_train__random_state.get_state()],
        "the documents to train on": sets[0],
        "the documents to validate on": sets[1],
        "the weights to start from": list(net.module_.state_dict().values()),
        "the checkpoint to resume": state,
        "the class of the estimator": type(estimator).__name__,
    }
    digests = np.array([fingerprint(value) for value in compared.values()])
    gathered = [found for (found,) in ranks.gather(START, [digests])]
    if any(len(found) != len(digests) for found in gathered):
        differing = ["the class of the estimator"]
    else:
        differs = (np.stack(gathered) != digests).any(axis=0)
        differing = [what for what, is_so in zip(compared, differs, strict=True) if is_so]
    if differing:
        raise ValueError(
            f"The {ranks.n_ranks} processes cannot train one {type(estimator).__name__}, since "
            f"they differ in {', '.join(differing)}. Give all of them the same parameters and the "
            "same documents, in the same order, and an int as random_state."
        )


def _plain(value: Any) -> Any:
    """Return the value of a parameter, or the type of an object, whose work shows in the rest."""
    return value if isinstance(value, _PLAIN) else type(value).__name__


def fingerprint(value: Any) -> int:
    """Return a number that tells a value from others: data, and what is made of data.

    Of objects that are not of this package, such as functions, only the type counts.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._training.fingerprints import fingerprint
    >>> fingerprint({"a": np.arange(3)}) == fingerprint({"a": np.arange(3)})
    True
    >>> fingerprint([1, 2]) == fingerprint([2, 1])
    False
    """
    digest = blake2b(digest_size=8)
    _feed(digest, value)
    return int.from_bytes(digest.digest(), "little", signed=True)


def _feed(digest: Any, value: Any) -> None:
    digest.update(type(value).__name__.encode() + b":")
    if isinstance(value, Tensor):
        numbers = value.detach().reshape(-1)
        _feed(digest, numbers[:: 1 + len(numbers) // _MAX_WEIGHTS].float().numpy(force=True))
    elif isinstance(value, np.ndarray) and value.dtype != object:
        digest.update(f"{value.dtype.str}{value.shape}".encode())
        digest.update(np.ascontiguousarray(value).reshape(-1).view(np.uint8))
    elif value is None or isinstance(value, _PLAIN):
        digest.update(repr(value).encode())
    elif isinstance(value, dict):
        _feed_all(digest, [part for item in value.items() for part in item])
    elif isinstance(value, (list, tuple, np.ndarray)):
        _feed_all(digest, value)
    elif type(value).__module__.startswith("sklearn_rnn."):
        _feed(digest, vars(value))


def _feed_all(digest: Any, values: Iterable[Any]) -> None:
    for value in values:
        _feed(digest, value)
    digest.update(b";")
