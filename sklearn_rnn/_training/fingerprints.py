"""Whether processes that are to train one network hold the same data, parameters and weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from sklearn_rnn._training.fit_identity import digest, plain_params
from sklearn_rnn._training.ranks import START, Ranks

# Weights are compared by about as many numbers at most: a chunk of a stream must not wait for a
# large vocabulary.
_MAX_WEIGHTS = 2**20


def check_same_training(
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
        Whose parameters are compared, those that change what is learned.
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
    params = plain_params(estimator)
    compared = {
        **{f"the parameter {name}": params[name] for name in sorted(params)},
        "the random numbers": [seed, net.iterator_train__random_state.get_state()],
        "the documents to train on": sets[0],
        "the documents to validate on": sets[1],
        "the weights to start from": [_thinned(w) for w in net.module_.state_dict().values()],
        "the checkpoint to resume": state,
        "the class of the estimator": type(estimator).__name__,
    }
    digests = np.array([_number_of(value) for value in compared.values()])
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


def _number_of(value: Any) -> int:
    return int.from_bytes(bytes.fromhex(digest(value))[:8], "little", signed=True)


def _thinned(weights: Tensor) -> Tensor:
    numbers = weights.detach().reshape(-1)
    return numbers[:: 1 + len(numbers) // _MAX_WEIGHTS].float()
