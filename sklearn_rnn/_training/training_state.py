"""The state of a training after a step as plain values, and a net that continues from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import groupby
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sklearn_rnn._files.values import NotDataError, Reader, Writer
from sklearn_rnn._training.net import SequenceNet
from sklearn_rnn._training.resumable import ResumableCallback, check_same_shapes, check_types

# The state of callbacks of skorch that every training has, or that early stopping adds, by name.
_OF_SKORCH: dict[str, dict[str, Any]] = {
    "train_loss": {"best_score_": Real},
    "valid_loss": {"best_score_": Real},
    "early_stopping": {"misses_": Integral, "dynamic_threshold_": Real, "best_epoch_": Integral},
}
# It shows what is done, and a fit may be resumed without it.
_MAY_BE_MISSING = {"progress_bar"}


def get_state(net: SequenceNet, order: np.random.RandomState, *, draws: bool) -> dict[str, Any]:
    """Return the state of a training after one of its steps.

    Parameters
    ----------
    net : SequenceNet
        The net in training.
    order : numpy.random.RandomState
        What its order is drawn from, as it was before this epoch.
    draws : bool
        Whether training draws from torch's random numbers, those of the whole process.
    """
    device = torch.device(net.device)
    shared = [torch.get_rng_state()] if draws else []
    if draws and device.type == "cuda":
        shared.append(torch.cuda.get_rng_state(device))
    return {
        "weights": dict(net.module_.state_dict()),
        "optimizer": _get_optimizer(net.optimizer_),
        "random": generator_of(net).get_state(),
        "shared random": shared,
        "order": order,
        "history": [{**row, "batches": _packed(row["batches"])} for row in net.history],
        "carried": net.get_carried(),
        "callbacks": {name: get() for name, (get, _) in _resumable(net).items()},
    }


def set_state(net: SequenceNet, state: dict[str, Any]) -> None:
    """Set a net that is about to be trained to a state, except for what its epoch began with.

    Its history gets the epochs that are finished; `set_epoch` adds the one that is not.

    Raises
    ------
    Exception
        Of any type, if `get_state` cannot have returned it for such a net.
    """
    device = torch.device(net.device)
    check_same_shapes(state["weights"], net.module_.state_dict())
    net.module_.load_state_dict(state["weights"])
    _set_optimizer(net.optimizer_, state["optimizer"])
    generator_of(net).set_state(state["random"])
    order_of(net).set_state(state["order"].get_state())
    for i, random in enumerate(state["shared random"]):
        if i == 0:
            torch.set_rng_state(random)
        else:
            torch.cuda.set_rng_state(random, device)
    net.set_carried(state["carried"])
    set_callbacks(net, state["callbacks"])
    # Last, as an interrupt finds a net that was trained where there is a history.
    net.history.extend([_with_batches(row) for row in state["history"][:-1]])


def set_epoch(net: SequenceNet, state: dict[str, Any]) -> None:
    """Set a net to the middle of the epoch that has just begun."""
    set_callbacks(net, state["callbacks"])
    net.history[-1].update(_with_batches(state["history"][-1]))


def set_callbacks(net: SequenceNet, states: Mapping[str, dict]) -> None:
    """Set the callbacks to their states."""
    resumable = _resumable(net)
    if unknown := (states.keys() ^ resumable.keys()) - _MAY_BE_MISSING:
        raise ValueError(f"the callbacks {sorted(unknown)} are in only one of the two")
    for name in states.keys() & resumable.keys():
        resumable[name][1](states[name])


def order_of(net: SequenceNet) -> np.random.RandomState:
    """Return what the order of the documents is drawn from."""
    return net.iterator_train__random_state


def generator_of(net: SequenceNet) -> torch.Generator:
    """Return the generator that a net in training draws from."""
    if net._random is None:
        raise RuntimeError("take_random_state comes before this")
    return net._random


def check_can_be_written(net: SequenceNet) -> None:
    """Raise NotDataError if the place in an epoch could not be found again."""
    if net.iterator_train is not type(net).batches:
        raise NotDataError("a net with an iterator of your own is not plain data")


class StateWriter(Writer):
    """Write values with tensors of all types among them."""

    def write(self, value: Any) -> Any:
        if isinstance(value, Tensor) and value.dtype == torch.bfloat16:  # unknown to NumPy
            return {"type": "bfloat16", "value": super().write(value.float())}
        return super().write(value)


class StateReader(Reader):
    """Read what a `StateWriter` wrote."""

    def reader_of(self, type_: str) -> Callable[[dict], Any]:
        if type_ == "bfloat16":
            return lambda written: self.read(written["value"]).bfloat16()
        return super().reader_of(type_)


def _resumable(net: SequenceNet) -> dict[str, tuple[Callable, Callable]]:
    """Return what gets and what sets the state of each callback that is ours, by its name."""
    found: dict[str, tuple[Callable, Callable]] = {}
    for name, callback in net.callbacks_:
        if isinstance(callback, ResumableCallback):
            found[name] = callback.get_state, partial(callback.set_state, net)
        elif name in _OF_SKORCH:
            types = _OF_SKORCH[name]
            found[name] = (
                partial(_get_foreign, callback, types),
                partial(_set_foreign, callback, types),
            )
    return found


def _get_foreign(callback: Any, types: dict[str, Any]) -> dict[str, Any]:
    return {name: getattr(callback, name) for name in types}


def _set_foreign(callback: Any, types: dict[str, Any], state: dict[str, Any]) -> None:
    check_types(state, types)
    vars(callback).update(state)


def _get_optimizer(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Return rates and state of an optimizer; its other options are parameters."""
    kept = optimizer.state_dict()
    try:
        _check_optimizer_state(optimizer, kept["state"])
    except ValueError as exc:
        raise NotDataError(f"the state of the optimizer {type(optimizer).__name__}, {exc}") from exc
    rates = [float(group["lr"]) for group in kept["param_groups"]]
    return {"rates": rates, "state": {key: dict(state) for key, state in kept["state"].items()}}


def _set_optimizer(optimizer: torch.optim.Optimizer, kept: dict[str, Any]) -> None:
    _check_optimizer_state(optimizer, kept["state"])
    parameters = _parameters(optimizer)
    state = {
        index: {key: _laid_out(value, parameters[index]) for key, value in state.items()}
        for index, state in kept["state"].items()
    }
    groups = optimizer.state_dict()["param_groups"]
    for group, rate in zip(groups, kept["rates"], strict=True):
        group["lr"] = float(rate)
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def _check_optimizer_state(optimizer: torch.optim.Optimizer, state: Mapping) -> None:
    """Refuse anything but numbers and tensors like the parameters: kernels use addresses."""
    parameters = _parameters(optimizer)
    for index, of_parameter in state.items():
        parameter = parameters[index]
        for name, value in of_parameter.items():
            if isinstance(value, Tensor):
                fits = value.dtype == parameter.dtype and value.shape in ((), parameter.shape)
            else:
                fits = value is None or isinstance(value, (int, float))
            if not fits:
                raise ValueError(f"{name!r}, is neither a number nor a tensor like its parameter")


def _parameters(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    """Return the parameters in the order in which `state_dict` counts them."""
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _laid_out(value: Any, parameter: Tensor) -> Any:
    """Return a part of the state, with the memory layout of its parameter.

    torch's fused optimizers read both in that layout.
    """
    if not isinstance(value, Tensor) or value.shape != parameter.shape:
        return value
    return torch.empty_like(parameter, requires_grad=False).copy_(value)


def _packed(batches: list[dict]) -> list[dict]:
    """Return the rows of batches as columns, one set for each run of rows with equal keys."""

    def kind(batch: dict) -> list:
        return [(name, type(value)) for name, value in batch.items()]

    runs = [list(run) for _, run in groupby(batches, kind)]
    return [{name: _column([row[name] for row in run]) for name in run[0]} for run in runs]


def _column(values: list) -> Any:
    if type(values[0]) is float:
        return np.array(values)
    if type(values[0]) is int and max(map(abs, values)) < 2**62:
        return np.array(values, dtype=np.int64)
    return values


def _with_batches(row: dict) -> dict:
    """Return a row of the history with its batches as rows again."""
    batches = []
    for run in row["batches"]:
        columns = [c.tolist() if isinstance(c, np.ndarray) else c for c in run.values()]
        batches += [dict(zip(run, values, strict=True)) for values in zip(*columns, strict=True)]
    return {**row, "batches": batches}
