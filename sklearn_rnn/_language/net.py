"""The skorch net of a language model: a step for each window, the state carried to the next."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sklearn_rnn._language.averaging import AverageWeights
from sklearn_rnn._language.data import LanguageData
from sklearn_rnn._language.scoring import token_log_probs
from sklearn_rnn._language.windows import LanguageWindows, Window, WindowPart
from sklearn_rnn._training.device import moved
from sklearn_rnn._training.net import own_grads
from sklearn_rnn._training.process_state import side_by_side
from sklearn_rnn._training.shards import step_parts
from sklearn_rnn._training.token_net import TokenNet
from sklearn_rnn.modules._decoders import tokens_at_once
from sklearn_rnn.modules._dropout import dropout_generator
from sklearn_rnn.modules._penalties import collect_penalties
from sklearn_rnn.modules.cells._base import State

# Bound on the gradients of the decoder that are kept to be added up, a number for each weight.
_MAX_GRADIENTS = 2**26


class _GivenGradient(torch.autograd.Function):
    """A number whose gradient for some states is given.

    The argument `grad_outputs` of torch.autograd.grad would do, but at its first use torch imports
    its symbolic shapes, and with them SymPy, which takes a second.
    """

    @staticmethod
    def forward(ctx: Any, states: Tensor, grad: Tensor) -> Tensor:
        ctx.grad = grad
        return states.new_zeros(())

    @staticmethod
    def backward(ctx: Any, _: Tensor) -> tuple[Tensor, None]:
        return ctx.grad, None


class LanguageNet(TokenNet):
    """skorch net over `LanguageData`.

    It differs from `SequenceNet` as follows: a batch is a `Window`, read with the state after the
    previous window; the loss is the sum over its tokens, divided by the mean number of tokens of a
    window, so that each token of an epoch counts the same; and the validation loss is that of
    `token_log_probs`.
    """

    batches = LanguageWindows

    # For each part of a window, the states after it.
    _states: list | None = None

    def read(self, part: WindowPart, state: list[State] | None) -> tuple[Tensor, list[State]]:
        """Return the states at the tokens of a part of a window, and those to continue with.

        Parameters
        ----------
        part : WindowPart
            What to read.
        state : list of tuple of torch.Tensor or None
            What the previous window returned, for these sequences and those that have ended.
        """
        if state is not None:  # those that go on are the first ones
            state = [tuple(s[: len(part.rows)] for s in layer) for layer in state]
        labels = None if part.labels is None else moved(part.labels, self.device)
        return self.module_(moved(part.ids, self.device), state, labels)

    def train_step_single(  # type: ignore[override]
        self, batch: tuple[Window, None], **fit_params: Any
    ) -> dict:
        """Compute the gradient of a window.

        Parts are computed in parallel, and the sum is the same, to the bit, on any number of
        threads.
        """
        self._set_training(True)
        window, _ = batch
        parts = window.parts
        states = [None] * len(parts)
        if not window.is_first and self._states is not None:
            states = self._states[: len(parts)]
        parameters = [p for _, p in self.get_all_learnable_params() if p.requires_grad]
        seeds = torch.randint(2**63 - 1, (len(parts),), generator=self._random).tolist()

        def step_part(part, state, seed):
            with torch.enable_grad(), dropout_generator(self._generator(seed, window.n_shards)):
                with collect_penalties() as penalties, self._autocast():
                    hidden, state = self.read(part, state)
                losses, grad_hidden, by_decoder = self._decode(hidden, part, 1 / window.mean_size)
                share = len(part) / window.mean_size
                outputs = [
                    _GivenGradient.apply(hidden, grad_hidden),
                    *(share * penalty.mean() for penalty in penalties),
                ]
                grads = list(torch.autograd.grad(outputs, parameters, allow_unused=True))
            for i, parameter in enumerate(parameters):
                if (grad := by_decoder.get(parameter)) is not None:
                    grads[i] = grad if grads[i] is None else grads[i] + grad
            widths = torch.tensor([len(layer) for layer in state])
            after = [s.detach() for layer in state for s in layer]
            return own_grads(grads, parameters), [losses, widths, *after]

        by_part = parts, states, seeds
        told = step_parts(parameters, window.n_shards, step_part, *by_part)
        # Those of all parts are here, wherever they were computed, for a checkpoint to hold.
        self._states = [_by_layer(widths.tolist(), after) for _, widths, *after in told]
        log_probs = -torch.cat([losses for losses, *_ in told])
        return {"loss": -log_probs.mean(), "y_pred": log_probs}

    def _decode(
        self, hidden: Tensor, part: WindowPart, scale: float
    ) -> tuple[Tensor, Tensor, dict[Tensor, Tensor]]:
        """Return the loss at each token, and the gradients for the states and for the decoder.

        The probabilities of all ids never exist for all tokens at once: they are computed for some
        tokens, on all threads, give their gradients, and are dropped.
        """
        decoder = self.module_.decoder
        parameters = [p for p in decoder.used_parameters if p.requires_grad]
        at_once = tokens_at_once(decoder.n_logits) if hidden.device.type == "cpu" else len(hidden)
        targets = moved(part.targets, hidden.device)
        chunks = list(zip(hidden.detach().split(at_once), targets.split(at_once), strict=True))
        # In each group one after the other, since each gradient is as large as the decoder.
        n_weights = sum(parameter.numel() for parameter in parameters)
        n_groups = int(np.clip(_MAX_GRADIENTS // max(1, n_weights), 1, 8))
        groups = [chunks[i::n_groups] for i in range(min(n_groups, len(chunks)))]

        def decode(group):
            losses, by_hidden, totals = [], [], None
            with torch.enable_grad(), self._autocast():
                for states, targets in group:
                    states = states.requires_grad_()
                    loss = decoder.loss(states, targets)
                    by_states, *grads = torch.autograd.grad(
                        loss.sum() * scale, [states, *parameters], allow_unused=True
                    )
                    losses.append(loss.detach())
                    by_hidden.append(by_states)
                    totals = grads if totals is None else _add(totals, grads)
            return losses, by_hidden, totals

        if hidden.device.type == "cpu":
            results = side_by_side(decode, groups)
        else:
            results = [decode(group) for group in groups]
        losses, by_hidden, totals = zip(*results, strict=True)
        total = list(totals[0])
        for grads in totals[1:]:
            total = _add(total, grads)
        found = {p: grad for p, grad in zip(parameters, total, strict=True) if grad is not None}
        return torch.cat(_in_turn(losses)), torch.cat(_in_turn(by_hidden)), found

    def run_single_epoch(
        self, iterator: Any, training: bool, prefix: str, step_fn: Any, **fit_params: Any
    ) -> None:
        """Train, or score the texts set aside, as `score` does."""
        super().run_single_epoch(iterator, training, prefix, step_fn, **fit_params)
        if training:
            # skorch has no event between the training and the validation of an epoch.
            for _, callback in self.callbacks_:
                if isinstance(callback, AverageWeights):
                    callback.on_training_done(self)

    def mean_loss(self, data: LanguageData) -> float:
        """Return the mean loss of the tokens of some texts."""
        return -float(token_log_probs(self, data).mean())

    def get_carried(self) -> list | None:
        """Return the states after a window."""
        return self._states

    def set_carried(self, carried: list | None) -> None:
        """Continue from the states after a window, whose shapes the cells check."""
        if carried is not None:
            carried = [
                [tuple(moved(s, self.device) for s in layer) for layer in part] for part in carried
            ]
        self._states = carried

    def on_train_end(self, net: Any, *args: Any, **kwargs: Any) -> None:
        """Drop the states, which are not part of what was learned."""
        super().on_train_end(net, *args, **kwargs)
        self._states = None


def _by_layer(widths: list[int], states: list[Tensor]) -> list[State]:
    """Return the states of all layers, given how many each has."""
    rest = iter(states)
    return [tuple(islice(rest, n_states)) for n_states in widths]


def _add(totals: list, grads: list) -> list:
    """Add gradients to totals, in place."""
    return [
        grad if total is None else total if grad is None else total.add_(grad)
        for total, grad in zip(totals, grads, strict=True)
    ]


def _in_turn(groups: Any) -> list:
    """Return what was dealt out to groups in turn, in its original order."""
    n_items = sum(map(len, groups))
    return [groups[i % len(groups)][i // len(groups)] for i in range(n_items)]
