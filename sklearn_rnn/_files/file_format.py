"""One safetensors file for a tree of plain values and its arrays, with a checksum over all of it.

The metadata of the file has one entry, "sklearn_rnn": JSON with the keys "sha256", "format",
"versions" and "content". It stands at the very start of the file, so the place of the
checksum is fixed; the checksum covers every other byte.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import safetensors.numpy

from sklearn_rnn.exceptions import ModelFileError

FORMAT = 1

_PREFIX = rb'{"__metadata__":{"sklearn_rnn":"{\"sha256\":\"'
_N_LENGTH = 8  # The length of the header comes first.
_N_DIGEST = 64
_START = _N_LENGTH + len(_PREFIX)
# The versions that wrote a file help to find out why it cannot be read.
_PACKAGES = (
    "sklearn-rnn",
    "numpy",
    "scikit-learn",
    "scipy",
    "skorch",
    "torch",
    "safetensors",
    "tokenizers",
)


def pack(content: Any, arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return the bytes of the file.

    Parameters
    ----------
    content : object
        What JSON can hold, without NaN and infinity.
    arrays : mapping of str to ndarray
        The arrays, of numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._files.file_format import pack, unpack
    >>> unpack(pack({"a": 1}, {"w": np.ones(2)}))
    ({'a': 1}, {'w': array([1., 1.])})
    """
    record = {
        "sha256": "0" * _N_DIGEST,
        "format": FORMAT,
        "versions": {"python": platform.python_version(), **versions_of(_PACKAGES)},
        "content": content,
    }
    # In ASCII, which also holds what UTF-8 cannot, a lone surrogate.
    text = json.dumps(record, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    data = bytearray(safetensors.numpy.save(arrays, {"sklearn_rnn": text}))
    if data[_N_LENGTH:_START] != _PREFIX:
        raise RuntimeError("The installed version of safetensors does not write metadata first.")
    data[_START : _START + _N_DIGEST] = _digest(data)
    return bytes(data)


def unpack(data: bytes) -> tuple[Any, dict[str, np.ndarray]]:
    """Return the values and arrays that `pack` was given.

    Raises
    ------
    ModelFileError
        If the bytes are not what `pack` writes.
    """
    if data[_N_LENGTH:_START] != _PREFIX:
        raise ModelFileError("it is not a model file of sklearn_rnn")
    if data[_START : _START + _N_DIGEST] != _digest(data):
        raise ModelFileError("it is damaged or incomplete: its checksum does not fit its content")
    end = _N_LENGTH + int.from_bytes(data[:_N_LENGTH], "little")
    record = json.loads(json.loads(data[_N_LENGTH:end])["__metadata__"]["sklearn_rnn"])
    if record["format"] != FORMAT:
        if type(record["format"]) is int and record["format"] > FORMAT:
            raise ModelFileError(
                f"it was written by a newer version of sklearn_rnn, in format {record['format']}; "
                f"this one knows formats up to {FORMAT}"
            )
        raise ModelFileError(f"its format is {record['format']!r}")
    arrays = safetensors.numpy.load(data)
    # What is a view on bytes cannot be written to.
    return record["content"], {
        name: array if array.flags.writeable else array.copy() for name, array in arrays.items()
    }


def read_container(path: str | os.PathLike) -> bytes:
    """Return the bytes of a file, or only its first ones if it is not one of ours."""
    # To open a pipe would wait for its other end.
    if not stat.S_ISREG(os.stat(path).st_mode) and not os.path.isdir(path):
        raise ModelFileError("it is not a regular file")
    with open(path, "rb") as file:
        start = file.read(_START)
        if start[_N_LENGTH:] != _PREFIX:
            raise ModelFileError("it is not a model file of sklearn_rnn")
        return start + file.read()


def _digest(data: bytes | bytearray) -> bytes:
    """Return the checksum of all bytes except its own."""
    view = memoryview(data)
    digest = hashlib.sha256(view[:_START])
    digest.update(view[_START + _N_DIGEST :])
    return digest.hexdigest().encode()


def versions_of(packages: Iterable[str]) -> dict[str, str]:
    """Return the versions of the installed ones of these packages, by name."""
    versions = {}
    for name in packages:
        with suppress(PackageNotFoundError):  # imported from a folder, not installed
            versions[name] = version(name)
    return versions
