"""The training of a net, from its first epoch to its last."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from sklearn_rnn._targets.base import Target
from sklearn_rnn._training.callbacks import TrainingDivergedError
from sklearn_rnn._training.checkpoints import Checkpoint, open_checkpoint
from sklearn_rnn._training.documents import Documents
from sklearn_rnn._training.fingerprints import check_same_training
from sklearn_rnn._training.language_start import with_learned_shape
from sklearn_rnn._training.make_net import TrainingPlan, make_net, prepare_device
from sklearn_rnn._training.net import SequenceNet
from sklearn_rnn._training.process_state import building, training_modes
from sklearn_rnn._training.ranks import END, Ranks, leave, sharing_out
from sklearn_rnn._training.settings import (
    count_workers,
    resolve_frozen_epochs,
    resolve_training_length,
)
from sklearn_rnn._training.start_embedding import StartVectors
from sklearn_rnn._training.start_wide_path import start_wide_path
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
        Its parameters say how.
    train, valid : Documents
        What to train on, and what to validate on, None for nothing.
    target : Target
        What is learned.
    vectorizer : transformer or None
        The vectorizer that made the token ids.
    score : callable or None
        The score of early stopping, see `ValidationScore`.
    seeds : pair of int
        Those of the order of documents, and of torch.
    previous : torch.nn.Module, default=None
        The network to continue from.
    start : StartVectors, default=None
        The vectors that words start from. None means random ones.

    Raises
    ------
    KeyboardInterrupt
        If the user interrupted before the first step. Afterwards a FitInterruptedWarning is given.
    """
    order_seed, torch_seed = seeds
    device = prepare_device(estimator)
    train_set = train.to_dataset(target)
    valid_set = None if valid is None else valid.to_dataset(target)
    batch_size, max_epochs = resolve_training_length(estimator, len(train_set), vectorizer)
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
        source=source,
        n_frozen=resolve_frozen_epochs(estimator, source, max_epochs),
    )
    settings = with_learned_shape(estimator, start, previous)

    def build() -> SequenceNet:
        net = make_net(settings, train.X, vectorizer, target, plan, previous, start)
        if is_new:
            start_wide_path(net.module_, train, target)
        return net

    sets = train_set, valid_set
    return train_to_the_end(build, sets, settings, plan, seed=int(torch_seed), stacklevel=7)


def train_to_the_end(
    build: Callable[[], SequenceNet],
    sets: tuple[Any, Any],
    estimator: Any,
    plan: TrainingPlan,
    *,
    seed: int,
    stacklevel: int,
) -> Any:
    """Build a net, train it for all epochs, and return it ready to predict.

    Parameters
    ----------
    build : callable
        Returns the net.
    sets : pair of torch.utils.data.Dataset or None
        What to train on, and what to validate on.
    estimator : estimator instance
        Its parameters say on how many threads.
    plan : TrainingPlan
        Where to train, and for how many epochs at most.
    seed : int
        Seed of torch.
    stacklevel : int
        How far up the caller of fit is, as for :func:`warnings.warn`.
    """
    device, seeds = plan.device, (plan.order_seed, seed)
    checkpoint = open_checkpoint(
        estimator, sets, seeds, device, draws=_draws_shared_numbers(estimator, device)
    )
    with training_modes(count_workers(estimator.n_jobs), device):
        try:
            net = build_and_train(
                build, sets, estimator, seed=seed, device=device, checkpoint=checkpoint
            )
        except TrainingDivergedError:  # which it would do again
            if checkpoint is not None:
                checkpoint.remove()
            raise
    if net.interrupted_:
        _tell_of_interrupt(estimator, net, plan.max_epochs, checkpoint, stacklevel)
    elif checkpoint is not None:
        checkpoint.remove()
    # Of no use any more, and as large as the weights, or twice as large.
    net.optimizer_.state.clear()
    end_training(net)
    return net


def build_and_train(
    build: Callable[[], SequenceNet],
    sets: tuple[Any, Any],
    estimator: Any,
    *,
    seed: int,
    device: torch.device,
    checkpoint: Checkpoint | None = None,
) -> SequenceNet:
    """Build a net while no other thread builds one, then train it, and return it.

    Parameters
    ----------
    build : callable
        Returns the net, whose start may be drawn from torch's random numbers.
    sets : pair of torch.utils.data.Dataset or None
        What to train on, and what to validate on.
    estimator : estimator instance
        Its cell says whether training also draws from torch's random numbers.
    seed : int
        Seed of torch.
    device : torch.device
        Where training is.
    checkpoint : Checkpoint, default=None
        What to continue from, and to write from time to time.
    """
    draws = _draws_shared_numbers(estimator, device)
    with sharing_out(estimator) as ranks:
        with building(seed, device):
            net = build()
            net.take_random_state()
            epochs = {} if checkpoint is None else {"epochs": checkpoint.attach(net)}
            if draws:
                _train(net, sets, estimator, ranks, seed, checkpoint, **epochs)
        if not draws:
            _train(net, sets, estimator, ranks, seed, checkpoint, **epochs)
        if net.interrupted_:
            leave(ranks)
    if checkpoint is not None:
        checkpoint.detach(net)
    return net


def _train(
    net: SequenceNet,
    sets: tuple[Any, Any],
    estimator: Any,
    ranks: Ranks,
    seed: int,
    checkpoint: Checkpoint | None,
    **epochs: int,
) -> None:
    """Train a net, in step with all processes."""
    if ranks.n_ranks == 1:
        net.partial_fit(sets, **epochs)
        return
    state = None if checkpoint is None else checkpoint.state_
    check_same_training(ranks, estimator, net, sets, seed, state)
    net.partial_fit(sets, **epochs)
    if not net.interrupted_:
        ranks.gather(END, [])


def _draws_shared_numbers(estimator: Any, device: torch.device) -> bool:
    """Return whether training draws from torch's random numbers, those of the whole process.

    A custom cell may, and on a GPU all do: then other threads build only when training has
    ended.
    """
    return callable(estimator.cell) or device.type != "cpu"


def end_training(net: SequenceNet) -> None:
    """Put a net in evaluation mode, and drop its gradients, which take memory."""
    net.module_.zero_grad(set_to_none=True)
    net.drop_random_state()
    net._set_training(False)


def _tell_of_interrupt(
    estimator: Any,
    net: SequenceNet,
    max_epochs: int,
    checkpoint: Checkpoint | None,
    stacklevel: int,
) -> None:
    """Warn that training ended early, or raise the interrupt if no step was taken."""
    if not any("train_loss" in batch for row in net.history for batch in row["batches"]):
        raise KeyboardInterrupt
    then = ""
    if checkpoint is not None:
        then = (
            " The next fit resumes from the checkpoint."
            if checkpoint.file_.exists()
            else " No checkpoint has been written yet, so the next fit starts anew."
        )
    warnings.warn(
        f"Training of {type(estimator).__name__} was interrupted in epoch {len(net.history)} of "
        f"{max_epochs}. The estimator keeps the best weights reached so far.{then}",
        FitInterruptedWarning,
        stacklevel=stacklevel,
    )
