"""Nets and callbacks whose training can continue in the middle of an epoch."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from skorch.callbacks import Callback
from torch import Tensor

from sklearn_rnn._training.listed_net import ListedNet


class ResumableCallback(Callback):
    """Callback whose state after a step is kept in checkpoints."""

    # The attributes that are this state, and the types of their values.
    state_types: dict[str, Any] = {}

    def get_state(self) -> dict[str, Any]:
        """Return the state as plain values."""
        return {name: getattr(self, name) for name in self.state_types}

    def set_state(self, net: Any, state: dict[str, Any]) -> None:
        """Continue from a state that `get_state` returned, maybe in another process.

        Raises
        ------
        Exception
            Of any type, if `get_state` cannot have returned it.
        """
        check_types(state, self.state_types)
        self.__dict__.update(state)


class ResumableNet(ListedNet):
    """skorch net that continues an epoch of which the history already has some training batches.

    These are taken from the iterator and skipped, so that it draws the random numbers of a whole
    epoch.
    """

    def run_single_epoch(
        self, iterator: Any, training: bool, prefix: str, step_fn: Any, **fit_params: Any
    ) -> None:
        """Train on the batches that are left, or validate."""
        n_done = len(self.history[-1]["batches"]) if training else 0
        if n_done:
            iterator = islice(iterator, n_done, None)
        super().run_single_epoch(iterator, training, prefix, step_fn, **fit_params)
        if n_done:
            self.history.record(f"{prefix}_batch_count", len(self.history[-1]["batches"]))

    def get_carried(self) -> Any:
        """Return what a batch passes on to the next one besides the weights."""
        return None

    def set_carried(self, carried: Any) -> None:
        """Continue from what `get_carried` returned; any error means that it cannot have."""
        if carried is not None:
            raise ValueError("this net carries nothing from batch to batch")


def check_types(state: dict[str, Any], types: dict[str, Any]) -> None:
    """Raise an error unless a state has values of these types by these names, and no others."""
    if state.keys() != types.keys():
        raise ValueError(f"a state of {sorted(types)} holds {sorted(state)}")
    for name, type_ in types.items():
        if not isinstance(state[name], type_):
            raise TypeError(f"{name} is of type {type(state[name]).__name__}")


def check_same_shapes(tensors: Mapping[str, Tensor], like: Mapping[str, Tensor]) -> None:
    """Raise an error unless tensors have the names, shapes and types of others."""
    if tensors.keys() != like.keys():
        raise ValueError("the weights of another network")
    for name, tensor in tensors.items():
        if tensor.shape != like[name].shape or tensor.dtype != like[name].dtype:
            raise ValueError(f"{name} has another shape or type")
