"""The skorch net of a translator: a step for each batch of pairs."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence

from sklearn_rnn._training.device import moved
from sklearn_rnn._training.net import own_grads
from sklearn_rnn._training.process_state import side_by_side
from sklearn_rnn._training.shards import step_parts
from sklearn_rnn._training.token_net import TokenNet
from sklearn_rnn._translation.data import PairBatch, PairBatches, PairData, PairPart
from sklearn_rnn.modules import Regions
from sklearn_rnn.modules._decoders import tokens_at_once
from sklearn_rnn.modules._dropout import current_generator, dropout_generator


class TranslationNet(TokenNet):
    """skorch net over `PairData`.

    It differs from `SequenceNet` as follows: the loss of a batch is the mean over the tokens of its
    targets, weighted by pair; in scheduled sampling, some of the tokens that the decoder reads are
    its own predictions; and the validation loss is the mean over all tokens, without label
    smoothing.

    Parameters
    ----------
    scheduled_sampling : float, default=0.0
        Fraction of the tokens of a target that are replaced by what the network itself predicts, in
        the last epoch. It rises linearly from 0 (Bengio et al., 2015). All tokens of a
        target are predicted at once, each from the true tokens before it.
    *args, **kwargs
        As for `SequenceNet`.
    """

    batches = PairBatches

    def __init__(self, *args: Any, scheduled_sampling: float = 0.0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scheduled_sampling = scheduled_sampling

    def train_step_single(  # type: ignore[override]
        self, batch: tuple[PairBatch, None], **fit_params: Any
    ) -> dict:
        """Compute the gradient of a batch: those of its parts in parallel, then their sum.

        It is the same, to the bit, on any number of threads.
        """
        self._set_training(True)
        pairs, _ = batch
        parameters = [p for _, p in self.get_all_learnable_params() if p.requires_grad]
        seeds = torch.randint(2**63 - 1, (len(pairs.parts),), generator=self._random).tolist()
        smoothing, share = self.criterion_.label_smoothing, self._share_sampled

        def step_part(part: PairPart, seed: int) -> tuple:
            with torch.enable_grad(), dropout_generator(self._generator(seed, pairs.n_shards)):
                source = self.move_source(part.source)
                ids = moved(part.ids, self.device)
                with self._autocast():
                    if share:
                        ids = self._mixed(source, ids, share)
                    hidden, _ = self.module_(source, ids)
                    logits = self.module_.decoder.logits(hidden)
                targets = moved(part.targets, logits.device)
                loss = _total_loss(logits, targets, part, smoothing)
                loss = loss / pairs.n_tokens
                grads = torch.autograd.grad(loss, parameters, allow_unused=True)
            return own_grads(grads, parameters), [loss.detach()]

        told = step_parts(parameters, pairs.n_shards, step_part, pairs.parts, seeds)
        losses = [loss for (loss,) in told]
        return {"loss": sum(losses), "y_pred": losses[0]}

    @property
    def _share_sampled(self) -> float:
        """Fraction of its own tokens that the decoder reads in this epoch."""
        done = (len(self.history) - 1) / max(1, self.max_epochs - 1)
        return self.scheduled_sampling * done

    def _mixed(self, source: Any, ids: PackedSequence, share: float) -> PackedSequence:
        """Return targets, with some tokens replaced by what the network finds most likely."""
        with torch.no_grad():
            hidden, _ = self.module_(source, ids)
            predicted = self.module_.decoder.logits(hidden).argmax(1)
        # What is predicted at a token is read at the next one: the packed order is step by step.
        read = ids.data.clone()
        sizes = ids.batch_sizes.tolist()
        start = 0
        for before, size in pairwise(sizes):
            later = slice(start + before, start + before + size)
            read[later] = predicted[start : start + size].to(read.dtype)
            start += before
        draw = torch.rand(
            read.shape, device=read.device, dtype=torch.float32, generator=current_generator()
        )
        # A sentence that the network would have ended goes on by the true token.
        mixed = torch.where((draw < share) & (read > 0), read, ids.data)
        return PackedSequence(mixed, ids.batch_sizes)

    def move_source(self, source: PackedSequence | Regions) -> Any:
        """Return sources where the network computes."""
        if isinstance(source, Regions):
            return Regions(*(moved(each, self.device) for each in source))
        return moved(source, self.device)

    def mean_loss(self, data: PairData) -> float:
        """Return the mean loss of the tokens of targets, weighted by pair."""
        weights = np.ones(len(data)) if data.weights is None else data.weights
        return float(self.token_losses(data) @ weights / (data.lengths @ weights))

    def token_losses(self, data: PairData) -> np.ndarray:
        """Return the loss of each target, summed over its tokens.

        Returns
        -------
        losses : ndarray of float64 of shape (n_pairs,)
        """
        losses = np.empty(len(data))
        decoder = self.module_.decoder
        at_once = tokens_at_once(decoder.n_logits)

        def score(rows: np.ndarray, part: PairPart, hidden: Tensor, weights: Tensor) -> None:
            targets = moved(part.targets, hidden.device)
            # The probabilities of all ids are never there for all tokens at once.
            parts = zip(hidden.split(at_once), targets.split(at_once), strict=True)
            loss = torch.cat([decoder.loss(h, t) for h, t in parts]).double()
            losses[rows] = _sum_by_document(loss, part.ids.batch_sizes).numpy(force=True)

        self._read(data, score)
        return losses

    def attention(self, data: PairData) -> list[np.ndarray]:
        """Return the attention at each token of targets.

        Returns
        -------
        weights : list of ndarray of float32 of shape (n_tokens, n_positions)
            For each target, one row for each token and one for its end.
        """
        kept: list = [None] * len(data)

        def keep(rows: np.ndarray, part: PairPart, hidden: Tensor, weights: Tensor) -> None:
            attended = weights.float().numpy(force=True)
            for place, row in enumerate(rows):
                length, width = data.lengths[row], data.sources.lengths[row]
                kept[row] = attended[place, :length, :width].copy()

        self._read(data, keep)
        return kept

    def _read(self, data: PairData, use: Callable) -> None:
        """Read pairs in batches in parallel, and use the result of each."""
        self._set_training(False)

        def read(rows: np.ndarray) -> None:
            part = data.part(rows)
            with torch.inference_mode(), self._autocast():
                source = self.move_source(part.source)
                use(rows, part, *self.module_(source, moved(part.ids, self.device)))

        side_by_side(read, self.get_iterator(data, training=False).plan())


def _total_loss(logits: Tensor, targets: Tensor, part: PairPart, smoothing: float) -> Tensor:
    """Return the loss of a part, summed over its tokens, weighted by pair."""
    if part.weights is None:
        return F.cross_entropy(logits, targets, reduction="sum", label_smoothing=smoothing)
    losses = F.cross_entropy(logits, targets, reduction="none", label_smoothing=smoothing)
    return (losses * moved(part.weights, losses.device)).sum()


def _sum_by_document(values: Tensor, batch_sizes: Tensor) -> Tensor:
    """Return the sum of packed values over each document."""
    totals = values.new_zeros(int(batch_sizes[0]))
    for part in values.split(batch_sizes.tolist()):
        totals[: len(part)] += part
    return totals
