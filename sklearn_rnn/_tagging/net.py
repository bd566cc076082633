"""The skorch net of a tagger: a loss for each sentence, and outputs for each token."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from sklearn_rnn._tagging.data import TaggingData
from sklearn_rnn._training.batches import TokenBatch
from sklearn_rnn._training.device import moved
from sklearn_rnn._training.process_state import side_by_side
from sklearn_rnn._training.token_net import TokenNet
from sklearn_rnn.modules import PackedLayout

# Tokens that are predicted together: enough for products of full speed, and few enough for the
# scores of a batch to stay in the cache.
_MAX_BATCH_TOKENS = 2**12


class TaggingNet(TokenNet):
    """skorch net over `TaggingData`.

    It differs from `SequenceNet` as follows: the loss of a batch is the sum over its tokens,
    divided by their mean number in a batch of as many sentences, so that each token of an epoch
    counts the same; and outputs are those of tokens.
    """

    def get_loss(  # type: ignore[override]
        self,
        y_pred: Tensor,
        y_true: tuple[Tensor, Tensor],
        X: TokenBatch | None = None,
        training: bool = False,
    ) -> Tensor:
        """Return the weighted mean loss of the sentences; weights include the mean length."""
        tags, weights = (moved(part, y_pred.device) for part in y_true)
        layout = _layout(X, y_pred)
        tag_weight = self.criterion_.weight
        losses = self.module_.losses(y_pred, tags, layout, tag_weight)
        return (losses * weights).mean()

    def mean_loss(self, data: TaggingData) -> float:
        """Return the mean loss of a sentence, weighted as in training."""
        self._set_training(False)

        def batch_loss(rows):
            with torch.inference_mode():
                batch, targets = data.batch(rows)
                scores = cast("Tensor", self._infer(self.module_, batch))
                return float(self.get_loss(scores, targets, X=batch)) * len(rows)

        return sum(side_by_side(batch_loss, plan_batches(data))) / max(1, len(data))

    def token_outputs(self, data: TaggingData, finish: Callable) -> np.ndarray:
        """Apply a function to the scores; return a row for each token, in the order of the stream.

        Parameters
        ----------
        data : TaggingData
            The sentences, with at least one token.
        finish : callable
            From scores and their layout to a row for each token, such as a method of the module.

        Returns
        -------
        outputs : ndarray of shape (n_tokens, ...)

        Raises
        ------
        ValueError
            If scores are infinite or NaN.
        """
        self._set_training(False)

        def infer_batch(rows):
            with torch.inference_mode():
                batch, _ = data.batch(rows)
                scores = cast("Tensor", self._infer(self.module_, batch))
                if not scores.isfinite().all():
                    raise ValueError(
                        "The scores of tags are infinite or NaN, because the weights of the "
                        "network are too large. Fit it again with a lower lr, or set "
                        "clip_grad_norm to a smaller number."
                    )
                return finish(scores, _layout(batch, scores))

        plan = plan_batches(data)
        parts = [part.numpy(force=True) for part in side_by_side(infer_batch, plan)]
        outputs = np.empty((data.n_tokens, *parts[0].shape[1:]), parts[0].dtype)
        outputs[np.concatenate([data.places(rows)[0] for rows in plan])] = np.concatenate(parts)
        return outputs


def _layout(batch: Any, scores: Tensor) -> PackedLayout:
    """Return where the scores of a batch of one part lie, on their device."""
    return PackedLayout(batch.parts[0].batch_sizes, scores.device)


def plan_batches(data: TaggingData) -> list[np.ndarray]:
    """Return the items of each batch of a prediction, longest first, of about equal token counts.

    Examples
    --------
    >>> from sklearn_rnn._tagging.data import TaggingData
    >>> from sklearn_rnn._tagging.net import plan_batches
    >>> from sklearn_rnn._text.sequences import check_sequences
    >>> plan_batches(TaggingData(check_sequences([[5, 0], [2, 7]])))
    [array([1, 0])]
    """
    order = np.argsort(-data.lengths, kind="stable")
    ends = np.cumsum(data.lengths[order])
    cuts = np.searchsorted(ends, np.arange(_MAX_BATCH_TOKENS, ends[-1], _MAX_BATCH_TOKENS))
    bounds = np.unique([0, *cuts, len(order)])
    return [order[first:stop] for first, stop in pairwise(bounds.tolist())]
