"""A training from its first epoch to its last."""

from __future__ import annotations

import warnings
from contextlib import ExitStack
from typing import Any

import torch
from torch import nn

from sklearn_rnn._targets.base import Target
from sklearn_rnn._training.documents import Documents
from sklearn_rnn._training.language_start import with_learned_shape
from sklearn_rnn._training.make_net import TrainingPlan, make_net, prepare_device
from sklearn_rnn._training.net import SequenceNet
from sklearn_rnn._training.process_state import building, training_modes
from sklearn_rnn._training.settings import (
    count_workers,
    resolve_frozen_epochs,
    resolve_training_length,
)
from sklearn_rnn._training.start_embedding import StartVectors
from sklearn_rnn.exceptions import FitInterruptedWarning


def fit_net(
    estimator: Any,
    train: Documents,
    valid: Documents | None,
    target: Target,
    vectorizer: Any,
    *,
    score: Any,
    seeds: Any,
    previous: nn.Module | None = None,
    start: StartVectors | None = None,
) -> SequenceNet:
    """Train a net on checked documents and return it, leaving the estimator as it is.

    Parameters
    ----------
    estimator : estimator instance
        Whose parameters say how.
    train, valid : Documents
        What to train on, and what to validate on, None for nothing.
    target : Target
        What is learned.
    vectorizer : transformer or None
        What made the token ids.
    score : callable or None
        The score of early stopping, see `ValidationScore`.
    seeds : pair of int
        Those of the order of documents, and of torch.
    previous : torch.nn.Module, default=None
        The network to go on from.
    start : StartVectors, default=None
        The vectors that words start from. None draws all of them.

    Raises
    ------
    KeyboardInterrupt
        If the user interrupted before the first step. Afterwards a FitInterruptedWarning is given.
    """
    order_seed, torch_seed = seeds
    device = prepare_device(estimator)
    train_set = train.to_dataset(target)
    valid_set = None if valid is None else valid.to_dataset(target)
    batch_size, max_epochs = resolve_training_length(estimator, len(train_set))
    is_new = previous is None
    source = estimator.embedding_source_ if not is_new else None if start is None else start.source
    plan = TrainingPlan(
        device=device,
        batch_size=batch_size,
        max_epochs=max_epochs,
        n_steps=max_epochs * -(-len(train_set) // batch_size),
        order_seed=order_seed,
        lr_schedule=estimator.lr_schedule,
        score=score,
        has_vectors=source is not None,
        n_frozen=resolve_frozen_epochs(estimator, source),
    )
    with training_modes(count_workers(estimator.n_jobs), device), ExitStack() as turn:
        turn.enter_context(building(int(torch_seed), device))
        settings = with_learned_shape(estimator, start, previous)
        net = make_net(settings, train.X, vectorizer, target, plan, previous, start)
        end_building(turn, net, settings)
        net.partial_fit((train_set, valid_set))
    if net.interrupted_:
        tell_of_interrupt(estimator, net, max_epochs)
    # Of no use any more, and as large as the weights, or twice as large.
    net.optimizer_.state.clear()
    end_training(net)
    return net


def end_building(turn: ExitStack, net: SequenceNet, estimator: Any) -> None:
    """Let other threads build, and the net go on with random numbers of its own.

    A cell of the user's may draw from torch's, as a GPU does: then it is the others' turn only when
    training has ended.
    """
    net.take_random_state()
    if isinstance(estimator.cell, str) and torch.device(net.device).type == "cpu":
        turn.close()


def end_training(net: SequenceNet) -> None:
    """Leave a net as every prediction does, and without gradients, which take room."""
    net.module_.zero_grad(set_to_none=True)
    net.drop_random_state()
    net._set_training(False)


def tell_of_interrupt(estimator: Any, net: SequenceNet, max_epochs: int) -> None:
    """Warn that training ended early, or raise the interrupt where no step was taken."""
    if not any("train_loss" in batch for row in net.history for batch in row["batches"]):
        raise KeyboardInterrupt
    warnings.warn(
        f"Training of {type(estimator).__name__} was interrupted in epoch {len(net.history)} of "
        f"{max_epochs}. The estimator keeps the best weights that it had reached.",
        FitInterruptedWarning,
        stacklevel=6,  # of who called fit
    )
