"""Trained nets as plain data: the network, how it was trained, and the history of training."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from skorch import NeuralNet
from skorch.exceptions import DeviceWarning
from skorch.history import History

from sklearn_rnn._files.file_format import pack, unpack
from sklearn_rnn._files.renamed import NETWORK_ARGUMENTS, with_current_names
from sklearn_rnn._files.values import NotDataError, Reader, Writer
from sklearn_rnn._sklearn_compat import Interval, validate_parameter_constraints
from sklearn_rnn._targets.losses import LOSSES
from sklearn_rnn._training.device import find_device
from sklearn_rnn._training.optimizers import OPTIMIZERS
from sklearn_rnn.modules._description import describe, rebuild

_SIZE = Interval(Integral, 1, None, closed="left")
_ITERATOR = {
    "batch_size": [_SIZE],
    "crop_length": [_SIZE, None],
    "bptt": [_SIZE],
    "part_documents": [_SIZE, None],
    "by_kernels": ["boolean"],
    "n_shards": [_SIZE],
    "random_state": [np.random.RandomState, None],
}
# The arguments of a net that are kept. Its callbacks, the state of its optimizer and all else are
# for the training that has been; another one sets them anew.
_ARGUMENTS = {
    "lr": [Interval(Real, 0, None, closed="neither")],
    "max_epochs": [_SIZE],
    "batch_size": [_SIZE],
    **{f"iterator_train__{name}": constraint for name, constraint in _ITERATOR.items()},
    **{f"iterator_valid__{name}": constraint for name, constraint in _ITERATOR.items()},
}
_FREE_ARGUMENTS = ("optimizer__", "criterion__")
_PRECISIONS = {str(dtype): dtype for dtype in (torch.float32, torch.bfloat16, torch.float16)}


def net_to_bytes(net: NeuralNet) -> bytes:
    """Return a net as the bytes of a safetensors file."""
    writer = Writer()
    written = write_net(net, writer)
    return pack(written, writer.arrays)


def net_from_bytes(class_: type[NeuralNet], data: bytes) -> NeuralNet:
    """Return the net that `net_to_bytes` was given."""
    written, arrays = unpack(data)
    return read_net(class_, written, Reader(arrays))


def write_net(net: NeuralNet, writer: Writer) -> dict:
    """Return a trained net as JSON, with its weights in the writer.

    Raises
    ------
    NotDataError
        If it holds something that is not plain data.
    """
    try:
        network = describe(net.module_)
    except TypeError as exc:
        raise NotDataError(str(exc)) from exc
    params = net.get_params(deep=False)
    if {params["iterator_train"], params["iterator_valid"]} != {type(net).batches}:
        raise NotDataError("a net with iterators of your own is not plain data")
    kept = {
        name: value
        for name, value in params.items()
        if name in _ARGUMENTS or name.startswith(_FREE_ARGUMENTS)
    }
    # Weights keep their names in the file, behind a number that no other array begins with.
    prefix = f"{len(writer.arrays)}."
    for name, weight in net.module_.state_dict().items():
        if weight.dtype == torch.bfloat16:  # unknown to NumPy
            raise NotDataError("weights in bfloat16 cannot be written")
        array = weight.detach().cpu().numpy()
        # The next chunk of a stream changes the weights themselves, in another thread maybe.
        writer.arrays[prefix + name] = array if net.stream_ is None else array.copy()
    return {
        "type": "net",
        "network": writer.write(network),
        "weights": prefix,
        "criterion": _name_of(params["criterion"], LOSSES, "criterion"),
        "optimizer": _name_of(params["optimizer"], OPTIMIZERS, "optimizer"),
        "arguments": writer.write(kept),
        "precision": str(net.autocast_dtype),
        "device": str(torch.device(net.device)),
        "interrupted": bool(net.interrupted_),
        # What every single batch gave is left out: it would outgrow the weights.
        "history": writer.write([{**row, "batches": []} for row in net.history]),
    }


@torch.inference_mode(False)
def read_net(class_: type[NeuralNet], written: dict, reader: Reader) -> NeuralNet:
    """Return the net that was written, on the device of its training if that is available.

    Raises
    ------
    Exception
        Of any type, if that cannot have been written by `write_net`.
    """
    arrays = reader.take_arrays(written["weights"])
    weights = {name: torch.from_numpy(array) for name, array in arrays.items()}
    arguments = reader.read(written["arguments"])
    for name in arguments:
        if name not in _ARGUMENTS and not name.startswith(_FREE_ARGUMENTS):
            raise ValueError(f"a net has no argument {name!r}")
    checked = {name: value for name, value in arguments.items() if name in _ARGUMENTS}
    validate_parameter_constraints(_ARGUMENTS, checked, caller_name="the net")
    net = class_(
        rebuild(_current(reader.read(written["network"])), weights),
        criterion=LOSSES[written["criterion"]],
        optimizer=OPTIMIZERS[written["optimizer"]],
        iterator_train=class_.batches,
        iterator_valid=class_.batches,
        device=_device_here(written["device"]),
        autocast_dtype=_PRECISIONS[written["precision"]],
        verbose=0,
        **arguments,
    ).initialize()
    net.interrupted_ = bool(written["interrupted"])
    net.history_ = History(reader.read(written["history"]))
    return net


def _current(network: Any) -> Any:
    """Return the description of a network with the names that its arguments have today."""
    return {
        key: with_current_names(value, NETWORK_ARGUMENTS)
        if key == "arguments"
        else _current(value)
        if isinstance(value, dict)
        else value
        for key, value in network.items()
    }


def _name_of(class_: Any, classes: Mapping[str, type], what: str) -> str:
    for name, known in classes.items():
        if class_ is known:
            return name
    raise NotDataError(f"the {what} {class_!r} has no name")


def _device_here(name: str) -> torch.device:
    """Return the device, or the CPU if that one is not available."""
    device = torch.device(name)
    try:
        find_device(device)
    except (RuntimeError, AssertionError):
        warnings.warn(
            f"The model was saved on the device {name!r}, which is not available here. It is "
            "loaded on the CPU instead.",
            DeviceWarning,
            stacklevel=2,
        )
        return torch.device("cpu")
    return device
