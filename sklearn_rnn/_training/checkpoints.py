"""Checkpoints: the state of a training in a file, from which the same training continues.

A file is only data, as `sklearn_rnn.save` writes it, and is replaced in one step. It is there for
as long as its training is not finished: what is finished is in the estimator, and `save` keeps it
in a fraction of the space.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable
from copy import deepcopy
from numbers import Integral
from pathlib import Path
from time import monotonic
from typing import Any

import torch
from skorch.callbacks import Callback

from sklearn_rnn._files.atomic_write import write_atomically
from sklearn_rnn._files.file_format import pack, read_container, unpack
from sklearn_rnn._files.values import NotDataError
from sklearn_rnn._training.fit_identity import differences, identify_fit, identify_start, name_of
from sklearn_rnn._training.net import SequenceNet
from sklearn_rnn._training.ranks import current_ranks
from sklearn_rnn._training.training_state import (
    StateReader,
    StateWriter,
    check_can_be_written,
    generator_of,
    get_state,
    order_of,
    set_epoch,
    set_state,
)
from sklearn_rnn.exceptions import ModelFileError

# Seconds between checkpoints, and the largest share of the time that writing them may take.
_SECONDS = 60.0
_SHARE = 0.02


class _OtherFitError(ValueError):
    """A checkpoint is that of another training."""


class Checkpoint(Callback):
    """Write the state of a training now and then, and let the training continue from it.

    What cannot be written as data comes out after the first step.

    Parameters
    ----------
    path : path-like
        The file, or a folder for a file that is named after the training.
    fit : dict
        What tells the training from others, as `identify_fit` returns it.
    caller : str
        The name of the estimator, for messages.
    draws : bool
        Whether training draws from torch's random numbers, those of the whole process.
    """

    def __init__(self, path: str | os.PathLike, fit: dict[str, Any], caller: str, draws: bool):
        self.path = path
        self.fit = fit
        self.caller = caller
        self.draws = draws

    def attach(self, net: SequenceNet) -> int:
        """Watch a net that is about to be trained, and return for how many epochs to train it.

        Raises
        ------
        ModelFileError
            If the file is damaged or is not one of ours.
        ValueError
            If it is that of another training.
        TypeError
            If the net cannot be written as data.
        """
        try:
            check_can_be_written(net)
        except NotDataError as exc:
            raise self._cannot_be_written(exc) from exc
        start = identify_start(net.module_, generator_of(net))
        self.fit_ = {**self.fit, "start": start}
        path = Path(os.fsdecode(self.path))
        self.file_ = path / f"{name_of(self.fit_)}.safetensors" if path.is_dir() else path
        self.state_ = self._read(net.max_epochs)
        self.writes_ = _is_first_process()  # which is known only while they train together
        self.due_, self.is_data_ = monotonic() + _SECONDS, False
        net.callbacks_.append(("checkpoint", self))  # behind all that changes weights
        if self.state_ is None:
            return net.max_epochs
        return net.max_epochs - len(self.state_["history"]) + 1

    def on_train_begin(self, net, **kwargs):
        """Go on from the state in the file."""
        if self.state_ is not None:
            self._restore(set_state, net)

    def on_epoch_begin(self, net, **kwargs):
        """Go on in the middle of the epoch, and note what its order is drawn from."""
        self.order_ = deepcopy(order_of(net))
        if self.state_ is not None:
            self._restore(set_epoch, net)
            self.state_ = None

    def on_batch_end(self, net, batch=None, training=False, **kwargs):
        """Write the state after a step, if it is time."""
        if not training or not self.writes_:
            return
        if monotonic() >= self.due_:
            self._write(net)
        elif not self.is_data_:
            self._write_state(net, StateWriter())
            self.is_data_ = True

    def detach(self, net: SequenceNet) -> None:
        """Leave a net that was trained as one without checkpoints."""
        net.callbacks_ = [pair for pair in net.callbacks_ if pair[1] is not self]

    def remove(self) -> None:
        """Remove the file of a training that needs it no more."""
        if self.writes_:
            self.file_.unlink(missing_ok=True)

    def _write(self, net: SequenceNet) -> None:
        start = monotonic()
        writer = StateWriter()
        state = self._write_state(net, writer)
        content = {"type": "checkpoint", "fit": writer.write(self.fit_), "state": state}
        try:
            write_atomically(self.file_, pack(content, writer.arrays))
        except OSError as exc:
            warnings.warn(
                f"The checkpoint {self.file_} could not be written: {exc}. Training continues, and "
                "the previous checkpoint is kept.",
                RuntimeWarning,
                stacklevel=2,
            )
        now = monotonic()
        self.due_ = now + max(_SECONDS, (now - start) / _SHARE)

    def _write_state(self, net: SequenceNet, writer: StateWriter) -> Any:
        try:
            return writer.write(get_state(net, self.order_, draws=self.draws))
        except NotDataError as exc:
            raise self._cannot_be_written(exc) from exc

    def _read(self, max_epochs: int) -> dict[str, Any] | None:
        """Return the state in the file, None if there is no file."""
        try:
            content, arrays = unpack(read_container(self.file_))
            if content["type"] != "checkpoint":
                raise ModelFileError("it was written by sklearn_rnn.save and is left as it is")
            reader = StateReader(arrays)
            fit, state = reader.read(content["fit"]), reader.read(content["state"])
            if differ := differences(fit, self.fit_):
                raise _OtherFitError(
                    f"The checkpoint {self.file_} belongs to another fit, which differs in "
                    f"{', '.join(differ)}. Set that back to resume it. To start over, remove the "
                    "file or choose another path; for several fits, as in a search, pass a folder."
                )
            if not 1 <= len(state["history"]) <= max_epochs:
                raise ValueError("the history does not fit the number of epochs")
        except FileNotFoundError:
            return None
        except (OSError, _OtherFitError):
            raise
        except Exception as exc:
            raise self._cannot_be_opened(exc) from exc
        return state

    def _restore(self, function: Any, net: SequenceNet) -> None:
        try:
            function(net, self.state_)
        except Exception as exc:
            raise self._cannot_be_opened(exc) from exc

    def _cannot_be_opened(self, exc: Exception) -> ModelFileError:
        reason = str(exc)
        if not isinstance(exc, ModelFileError):
            reason = f"its content is not that of a checkpoint ({type(exc).__name__}: {exc})"
        return ModelFileError(
            f"The checkpoint {self.file_} cannot be opened: {reason[:300]}. To start over, remove "
            "the file or choose another path."
        )

    def _cannot_be_written(self, exc: Exception) -> TypeError:
        return TypeError(
            f"The training of this {self.caller} cannot be written to a checkpoint as data: {exc}. "
            "Set checkpoint=None, or leave that out."
        )


def open_checkpoint(
    estimator: Any,
    sets: tuple[Any, Any],
    seeds: Iterable[int],
    device: torch.device,
    *,
    draws: bool,
) -> Checkpoint | None:
    """Return the checkpoint of a training, None if the estimator asks for none."""
    if estimator.checkpoint is None:
        return None
    fit = identify_fit(estimator, sets, seeds, device)
    return Checkpoint(estimator.checkpoint, fit, type(estimator).__name__, draws).initialize()


def check_can_resume(estimator: Any) -> None:
    """Refuse a checkpoint that no later fit could continue from, before hours are spent.

    Raises
    ------
    ValueError
        If the seeds are not known from the parameters.
    OSError
        If there is no folder for the file, or none that can be written to.
    """
    if estimator.checkpoint is None:
        return
    if not isinstance(estimator.random_state, Integral):
        raise ValueError(
            f"With checkpoint, the 'random_state' parameter of {type(estimator).__name__} must be "
            "an int, so that a resumed fit draws the same random numbers. "
            f"Got {estimator.random_state!r} instead."
        )
    path = os.fsdecode(estimator.checkpoint)
    folder = Path(os.path.dirname(path) or ".")  # all of it where it ends in a slash
    if not folder.is_dir():
        raise FileNotFoundError(f"The folder of the checkpoint does not exist: {folder}.")
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"The folder of the checkpoint is read-only: {folder}.")


def _is_first_process() -> bool:
    """Return whether this process is the one that writes, of those that train together."""
    return current_ranks().rank == 0
