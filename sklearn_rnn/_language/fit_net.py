"""The training of a language model, from its first epoch to its last."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_array
from torch import nn

from sklearn_rnn._language.data import documents_to_data, stream_to_data
from sklearn_rnn._language.make_net import make_net
from sklearn_rnn._language.net import LanguageNet
from sklearn_rnn._language.texts import Texts
from sklearn_rnn._text.sequences import sequence_lengths
from sklearn_rnn._training.fit_net import train_to_the_end
from sklearn_rnn._training.make_net import TrainingPlan, prepare_device
from sklearn_rnn._training.start_embedding import StartVectors

# "auto" reads this many tokens in all, and this many in a step.
_TOKENS_OF_TRAINING = 10**7
_TOKENS_OF_STEP = 4096


def fit_net(
    estimator: Any,
    train: Texts,
    valid: Texts | None,
    n_ids: int,
    n_labels: int,
    *,
    seeds: Any,
    previous: nn.Module | None = None,
    start: StartVectors | None = None,
) -> LanguageNet:
    """Train a net on checked texts and return it, leaving the estimator as it is.

    Parameters
    ----------
    estimator : estimator instance
        Its parameters say how.
    train : Texts
        What to train on.
    valid : Texts or None
        What to validate on, None for nothing.
    n_ids : int
        Number of token ids.
    n_labels : int
        Number of labels of documents, 0 for none.
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
    batch_size, max_epochs = resolve_training_length(
        estimator, train.X, documents=estimator.documents
    )
    if estimator.documents:
        train_set = documents_to_data(train.X, n_ids, train.labels)
    else:
        train_set = stream_to_data(train.X, n_ids, batch_size)
    valid_set = None
    if valid is not None:
        valid_set = valid.to_scored_data(n_ids, documents=estimator.documents)
    plan = TrainingPlan(
        device=device,
        batch_size=batch_size,
        max_epochs=max_epochs,
        n_steps=max_epochs * train_set.n_tokens,
        order_seed=int(order_seed),
        lr_schedule=estimator.lr_schedule,
        unit="token",
    )

    def build() -> LanguageNet:
        return make_net(
            estimator, n_ids, n_labels, plan, previous, start, averaging=estimator.averaging
        )

    sets = train_set, valid_set
    return train_to_the_end(build, sets, estimator, plan, seed=int(torch_seed), stacklevel=6)


def resolve_training_length(estimator: Any, X: csr_array, *, documents: bool) -> tuple[int, int]:
    """Return batch size and epochs: long windows of some thousand tokens, and a million or more."""
    batch_size, max_epochs = estimator.batch_size, estimator.max_epochs
    n_tokens = max(1, X.nnz + (X.shape[0] if documents else 0))
    if batch_size == "auto":
        if documents:
            n_steps = min(estimator.bptt, int(sequence_lengths(X).mean()) + 1)
            most = X.shape[0] // 16  # so that an epoch has some steps
        else:
            n_steps = estimator.bptt
            most = n_tokens // (4 * estimator.bptt)
        batch_size = int(np.clip(min(_TOKENS_OF_STEP // n_steps, most), 1, 512))
    if max_epochs == "auto":
        max_epochs = int(np.clip(_TOKENS_OF_TRAINING // n_tokens, 3, 50))
    return batch_size, max_epochs
