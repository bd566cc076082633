"""Python values as JSON and arrays of numbers, and back: only data, never code.

What JSON has is written as it is. Everything else is an object with its "type":

| value                                   | written as                                           |
| None, bool, int, float, str, list       | themselves                                           |
| NaN and infinity                        | float                                                |
| tuple, set, frozenset, bytes            | the type of the same name                            |
| dict                                    | its pairs, since keys need not be strings            |
| array or scalar of NumPy, tensor        | its dtype, and numbers in the arrays of the file     |
| RandomState, torch.device               | their state, their name                              |
| anything else                           | what a `Writer` or `Reader` of another file knows    |
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Iterable
from typing import Any

import numpy as np
import torch

# Text in arrays goes into the JSON, where it can be read, up to so many bytes in a file: an array
# has room for the longest text at each place, however little stands there.
_MAX_TEXT_BYTES = 2**20
_MAX_CODE_POINT = 0x10FFFF
_MAX_DIMENSIONS = 64
_NON_FINITE = ("nan", "inf", "-inf")
_MAX_KEYS_OF_ONE_HASH = 16
_MAX_FORESEEABLE_KEYS = 2**16  # of several hashes, which can still meet in a table
_NUMBERS = frozenset("b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 c8".split())
_DTYPE_NAME = re.compile(r"[<>|]([biufcmM][0-9]+(\[[0-9]*[a-zA-Z]+\])?|O|[US][0-9]+)")

# What the scalars of NumPy become in Python, by kind.
_SCALARS = {"b": bool, "i": int, "u": int, "f": float, "U": str, "S": bytes}


class NotDataError(Exception):
    """A value that cannot be saved as plain data, such as a function."""


class Writer:
    """Write values as JSON, and collect their arrays.

    Attributes
    ----------
    arrays : dict of str to ndarray
        The arrays of numbers so far, numbered.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._files.values import Reader, Writer
    >>> writer = Writer()
    >>> written = writer.write({0: (1.5, np.float32(2))})
    >>> written
    {'type': 'dict', 'items': [[0, {'type': 'tuple', 'items': [1.5, {'type': 'scalar', ...}]}]]}
    >>> Reader(writer.arrays).read(written) == {0: (1.5, np.float32(2))}
    True
    """

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self.n_text_bytes = 0

    def write(self, value: Any) -> Any:
        """Return the JSON of a value."""
        # Of exactly these types: a subclass, such as np.float64 of float, is something else.
        if value is None or type(value) in (bool, int, str):
            return value
        if type(value) is float:
            return value if math.isfinite(value) else {"type": "float", "value": repr(value)}
        if type(value) is list:
            return list(map(self.write, value))
        if type(value) is tuple:
            return {"type": "tuple", "items": list(map(self.write, value))}
        if type(value) in (set, frozenset):
            _check_keys(value)
            # In an order that does not depend on the hashes of this process.
            items = sorted(map(self.write, sorted(value, key=repr)), key=json.dumps)
            return {"type": type(value).__name__, "items": items}
        if type(value) is dict:
            _check_keys(value)
            return {
                "type": "dict",
                "items": [list(map(self.write, pair)) for pair in value.items()],
            }
        if type(value) is bytes:
            return {"type": "bytes", "value": value.decode("latin-1")}
        if type(value) is np.ndarray:
            return {"type": "array", **self._write_array(value)}
        if isinstance(value, np.generic):
            return self._write_scalar(value)
        if type(value) in (torch.Tensor, torch.nn.Parameter):
            array = value.detach().cpu().numpy()
            return {"type": "tensor", **self._write_array(array)}
        if type(value) is np.random.RandomState:
            return self._write_random_state(value)
        if type(value) is torch.device:
            return {"type": "device", "value": str(value)}
        return self.write_other(value)

    def write_other(self, value: Any) -> Any:
        """Refuse a value of another type. Subclasses that know more types override this."""
        raise NotDataError(f"{value!r} of type {type(value).__name__} is not plain data")

    def add_array(self, array: np.ndarray) -> str:
        """Set an array of numbers aside and return its name."""
        name = str(len(self.arrays))
        self.arrays[name] = array
        return name

    def _write_scalar(self, value: np.generic) -> dict:
        dtype = value.dtype
        if dtype.kind in _SCALARS and (dtype.kind in "US" or dtype.str[1:] in _NUMBERS):
            return {"type": "scalar", "dtype": dtype.str, "value": self.write(value.item())}
        return {"type": "scalar", **self._write_array(np.asarray(value))}

    def _write_array(self, array: np.ndarray) -> dict:
        dtype = array.dtype
        written = {"dtype": dtype.str, "shape": list(array.shape)}
        is_short = dtype.kind in "US" and self.n_text_bytes + array.nbytes <= _MAX_TEXT_BYTES
        if is_short:
            self.n_text_bytes += array.nbytes
        if dtype.kind == "O" or is_short:
            return {**written, "values": list(map(self.write, array.ravel().tolist()))}
        if dtype.kind in "USMm":
            native = array.astype(dtype.newbyteorder("="))
            return {**written, "numbers": self.add_array(_as_numbers(native))}
        if dtype.str[1:] not in _NUMBERS:
            raise NotDataError(f"an array of dtype {dtype} is not plain data")
        # The file has one byte order.
        return {**written, "numbers": self.add_array(array.astype(dtype.newbyteorder("<")))}

    def _write_random_state(self, value: np.random.RandomState) -> dict:
        state = value.get_state(legacy=False)
        if state["bit_generator"] != "MT19937":
            raise NotDataError(f"a RandomState of {state['bit_generator']} is not plain data")
        return {
            "type": "RandomState",
            "key": self.write(state["state"]["key"]),
            "pos": int(state["state"]["pos"]),
            "has_gauss": int(state["has_gauss"]),
            "gauss": self.write(float(state["gauss"])),
        }


class Reader:
    """Read what a `Writer` wrote. What it cannot have written raises an error of any type.

    Time and memory are proportional to the size of the file, even of a malicious one: each array is
    read once, and no few letters of JSON can demand much.

    Parameters
    ----------
    arrays : dict of str to ndarray
        The arrays of numbers. Those that were read are taken out.
    """

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        self.arrays = arrays
        self.n_text_bytes = 0

    def read(self, written: Any) -> Any:
        """Return the value written as this JSON."""
        if isinstance(written, list):
            return list(map(self.read, written))
        if isinstance(written, dict):
            return self.reader_of(written["type"])(written)
        return written

    def reader_of(self, type_: str) -> Callable[[dict], Any]:
        """Return what reads a type of object. Subclasses that know more types override this."""
        return {
            "float": self._read_float,
            "tuple": lambda written: tuple(self._read_items(written)),
            "set": lambda written: set(self._read_keys(written)),
            "frozenset": lambda written: frozenset(self._read_keys(written)),
            "dict": self._read_dict,
            "bytes": lambda written: written["value"].encode("latin-1"),
            "array": self._read_array,
            "scalar": self._read_scalar,
            "tensor": lambda written: torch.from_numpy(self._read_array(written)),
            "RandomState": self._read_random_state,
            "device": lambda written: torch.device(_checked(written["value"], str)),
        }[type_]

    def take_arrays(self, prefix: str) -> dict[str, np.ndarray]:
        """Take out the arrays whose names begin with a prefix, and return them by the rest."""
        names = [name for name in self.arrays if name.startswith(prefix)]
        return {name.removeprefix(prefix): self.arrays.pop(name) for name in names}

    def _read_items(self, written: dict) -> list:
        return self.read(_checked(written["items"], list))

    def _read_keys(self, written: dict) -> list:
        keys = self._read_items(written)
        if not _are_told_apart(keys):
            raise ValueError("the items of a set have too many hashes in common")
        return keys

    def _read_dict(self, written: dict) -> dict:
        pairs = self._read_items(written)
        if not _are_told_apart(key for key, _ in pairs):
            raise ValueError("the keys of a dict have too many hashes in common")
        return dict(pairs)

    def _read_float(self, written: dict) -> float:
        if written["value"] not in _NON_FINITE:
            raise ValueError("a float that JSON can hold is not written as text")
        return float(written["value"])

    def _read_scalar(self, written: dict) -> Any:
        if "value" not in written:
            return self._read_array(written)[()]
        dtype = _as_dtype(written["dtype"])
        return dtype.type(_checked(self.read(written["value"]), _SCALARS[dtype.kind]))

    def _read_array(self, written: dict) -> np.ndarray:
        dtype = _as_dtype(written["dtype"])
        shape = tuple(_checked(n, int) for n in written["shape"])
        # NumPy itself makes text without characters one character wide.
        if len(shape) > _MAX_DIMENSIONS or not dtype.itemsize:
            raise ValueError("an array has too many dimensions, or too little in them")
        if "values" in written:
            values = self.read(_checked(written["values"], list))
            size_fits = len(values) == math.prod(shape)
            if dtype.kind not in "OUS" or not size_fits or min(shape, default=0) < 0:
                raise ValueError("the values of an array do not fit its dtype or shape")
            if dtype.kind == "O":
                array = np.empty(len(values), dtype=object)
                array[:] = values
                return array.reshape(shape)
            self.n_text_bytes += len(values) * dtype.itemsize
            if self.n_text_bytes > _MAX_TEXT_BYTES:
                raise ValueError("an array of text is too large")
            for value in values:
                _checked(value, str if dtype.kind == "U" else bytes)
            return np.array(values, dtype=dtype).reshape(shape)
        numbers = self.arrays.pop(_checked(written["numbers"], str), None)
        if numbers is None:
            raise ValueError("the numbers of an array are missing, or named twice")
        if dtype.kind in "USMm":
            return _from_numbers(numbers, dtype.newbyteorder("="), shape).astype(dtype)
        if numbers.dtype != dtype.newbyteorder("<") or numbers.shape != shape:
            raise ValueError("the numbers of an array do not fit its dtype or shape")
        return numbers.astype(dtype)

    def _read_random_state(self, written: dict) -> np.random.RandomState:
        key = self.read(written["key"])
        pos = _checked(written["pos"], int)
        has_gauss = _checked(written["has_gauss"], int)
        gauss = _checked(self.read(written["gauss"]), float)
        if key.dtype != np.uint32 or key.shape != (624,) or not 0 <= pos <= 624:
            raise ValueError("the state of a RandomState has a wrong size")
        if has_gauss not in (0, 1):
            raise ValueError("the state of a RandomState has a wrong flag")
        random_state = np.random.RandomState()
        random_state.set_state(("MT19937", key, pos, has_gauss, gauss))
        return random_state


def _check_keys(keys: Collection) -> None:
    """Refuse keys that a `Reader` would not accept."""
    if not _are_told_apart(keys):
        raise NotDataError(f"a set or dict of {len(keys)} keys other than text can take too long")


def _checked(value: Any, type_: type) -> Any:
    """Return a value of exactly this type."""
    if type(value) is not type_:
        raise TypeError(f"{type_.__name__} expected, got {type(value).__name__}")
    return value


def _are_told_apart(keys: Iterable) -> bool:
    """Return whether making a set or dict of these keys takes time proportional to their number.

    Keys with equal hashes are compared one by one, and only the hashes of text are unpredictable.
    """
    hashes = sorted(hash(key) for key in keys if type(key) not in (str, bytes))
    pairs = zip(hashes, hashes[_MAX_KEYS_OF_ONE_HASH:], strict=False)
    return len(hashes) <= _MAX_FORESEEABLE_KEYS and all(first != last for first, last in pairs)


def _as_dtype(name: Any) -> np.dtype:
    """Return a dtype of one kind by its name; NumPy would parse others as Python."""
    if not _DTYPE_NAME.fullmatch(_checked(name, str)):
        raise ValueError(f"{name[:50]!r} is not a dtype that is written")
    return np.dtype(name)


def _as_numbers(array: np.ndarray) -> np.ndarray:
    """Return text or times as the numbers behind them, characters along a last axis."""
    unit = {"U": np.uint32, "S": np.uint8}.get(array.dtype.kind, np.int64)
    return np.asarray(array, order="C")[..., None].view(unit)


def _from_numbers(numbers: np.ndarray, dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
    unit = np.dtype({"U": np.uint32, "S": np.uint8}.get(dtype.kind, np.int64))
    fits = numbers.dtype == unit and numbers.shape[-1:] == (dtype.itemsize // unit.itemsize,)
    if not fits or numbers.shape[:-1] != shape:
        raise ValueError("the numbers of an array do not fit its dtype or shape")
    if dtype.kind == "U" and numbers.max(initial=0) > _MAX_CODE_POINT:
        raise ValueError("an array of text holds numbers that are not characters")
    return numbers.view(dtype)[..., 0]
