"""The training of a translator, from its first epoch to its last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from torch import nn

from sklearn_rnn._training.fit_net import train_to_the_end
from sklearn_rnn._training.make_net import TrainingPlan, prepare_device
from sklearn_rnn._translation.data import PairData
from sklearn_rnn._translation.make_net import Sizes, make_net
from sklearn_rnn._translation.net import TranslationNet

# "auto" reads this many tokens of targets in all, and this many pairs in a step.
_TOKENS_OF_TRAINING = 10**7
_PAIRS_OF_STEP = 64
_STEPS_OF_EPOCH = 64


def fit_net(
    estimator: Any,
    train: PairData,
    valid: PairData | None,
    sizes: Sizes,
    *,
    seeds: Any,
    score: Callable | None = None,
    previous: nn.Module | None = None,
) -> TranslationNet:
    """Train a net on checked pairs and return it, leaving the estimator as it is.

    Parameters
    ----------
    estimator : estimator instance
        Its parameters say how.
    train : PairData
        What to train on.
    valid : PairData or None
        What to validate on, None for nothing.
    sizes : Sizes
        The sizes of both sides of the network.
    seeds : pair of int
        Those of the order of the pairs, and of torch.
    score : callable, default=None
        The score of early stopping, see `ValidationScore`.
    previous : torch.nn.Module, default=None
        The network to continue from.

    Raises
    ------
    KeyboardInterrupt
        If the user interrupted before the first step. Afterwards a FitInterruptedWarning is given.
    """
    order_seed, torch_seed = seeds
    device = prepare_device(estimator)
    batch_size, max_epochs = resolve_training_length(estimator, train)
    plan = TrainingPlan(
        device=device,
        batch_size=batch_size,
        max_epochs=max_epochs,
        n_steps=max_epochs * -(-len(train) // batch_size),
        order_seed=int(order_seed),
        lr_schedule=estimator.lr_schedule,
        score=score,
    )

    def build() -> TranslationNet:
        return make_net(estimator, sizes, plan, previous)

    sets = train, valid
    return train_to_the_end(build, sets, estimator, plan, seed=int(torch_seed), stacklevel=6)


def resolve_training_length(estimator: Any, data: PairData) -> tuple[int, int]:
    """Return batch size and epochs: the fewer pairs, the smaller batches and the more epochs."""
    batch_size, max_epochs = estimator.batch_size, estimator.max_epochs
    if batch_size == "auto":
        batch_size = int(np.clip(len(data) // _STEPS_OF_EPOCH, 4, _PAIRS_OF_STEP))
    if max_epochs == "auto":
        max_epochs = int(np.clip(_TOKENS_OF_TRAINING // data.lengths.sum(), 5, 30))
    return batch_size, max_epochs
