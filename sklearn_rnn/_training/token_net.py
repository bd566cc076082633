"""The skorch net of models that predict at each token, with one validation loss for all."""

from __future__ import annotations

from typing import Any

from sklearn_rnn._training.net import SequenceNet


class TokenNet(SequenceNet):
    """Base of the nets of taggers, language models and translators.

    A subclass writes `mean_loss`, which each epoch records for the validation documents. The rest
    is as in `SequenceNet`.
    """

    def run_single_epoch(
        self, iterator: Any, training: bool, prefix: str, step_fn: Any, **fit_params: Any
    ) -> None:
        """Train, or compute the loss of the documents set aside."""
        if training:
            super().run_single_epoch(iterator, training, prefix, step_fn, **fit_params)
        elif iterator is not None:
            self.history.record(f"{prefix}_loss", self.mean_loss(iterator.dataset))

    def mean_loss(self, data: Any) -> float:
        """Return the mean loss of a data set, in evaluation mode."""
        raise NotImplementedError
