"""Containers of text to a list of str, and of labels to an array.

Everything about pandas and polars is here. Neither library is imported: a frame or a series is
recognised by its methods.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from itertools import islice
from numbers import Number
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import column_or_1d

# How many leading entries decide between text and token ids, and how many rows an error names.
_N_SAMPLED = 100
_N_NAMED = 5

# Between the texts of a row. A network learns where a column ends from the stroke, which is a token
# of its own for words and for characters.
COLUMN_SEPARATOR = " | "


def is_text(X: Any) -> bool:
    """Tell whether `X` looks like raw documents rather than token ids.

    Parameters
    ----------
    X : object
        What a user passed to an estimator.

    Returns
    -------
    bool
        False for a sparse matrix or array, and for numbers in an array, a frame, a series or
        nested lists. True for everything else, even if `as_documents` then refuses it, such as no
        documents at all: its messages about text are the helpful ones. A column in which
        everything is missing is text: pandas reads empty columns of a file as NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._text.containers import is_text
    >>> is_text(["a good film", "a bad film"]), is_text(np.array([[2, 3, 0], [4, 0, 0]]))
    (True, False)
    """
    if isinstance(X, (str, bytes)):
        return True
    if issparse(X):
        return False
    if isinstance(X, (list, tuple)):
        return _values_are_text(X)
    if hasattr(X, "__array__"):
        # A few rows are enough, and converting a long arrow-backed column is not free.
        head = X.head(_N_SAMPLED) if hasattr(X, "head") else X
        array = np.asarray(head)
        if array.shape == (0,):
            return True
        if array.dtype.kind == "O":
            return _values_are_text(array.ravel())
        if array.dtype.kind in "fM":
            return _is_missing_column(array) and _is_missing_column(np.asarray(X))
        return array.dtype.kind in "UST"
    return True


def _is_missing_column(array: np.ndarray) -> bool:
    """Tell whether an array of numbers or dates is one column of only NaN or NaT."""
    is_column = array.ndim == 1 or (array.ndim == 2 and array.shape[1] == 1)
    return is_column and array.size > 0 and bool((array != array).all())


def as_documents(
    X: Any,
    *,
    missing: str = "error",
    encoding: str = "utf-8",
    decode_error: str = "strict",
    of_any_type: bool = False,
    takes_tokens: bool = True,
    estimator: Any = "SequenceVectorizer",
    name: str = "X",
) -> list:
    """Return the documents in `X` as a list of str, or of lists of str if they are tokens.

    Parameters
    ----------
    X : iterable of str, bytes, or sequences of str
        A list, tuple or one-dimensional array; a pandas or polars Series; a frame, whose columns
        are joined; a two-dimensional array with a single column; or any other iterable, such as a
        generator. Sequences of str, which are lists, tuples or one-dimensional arrays, are tokens.

    missing : {"error", "empty"}, default="error"
        How to treat None, NaN and NA: raise an error that names their rows, or read them as empty.

    encoding : str, default="utf-8"
        How documents that are bytes are decoded.

    decode_error : {"strict", "ignore", "replace"}, default="strict"
        What to do with bytes that are not valid in `encoding`.

    of_any_type : bool, default=False
        Whether documents may be any objects, which a function of the user reads. Those that are
        not bytes are returned as they are.

    takes_tokens : bool, default=True
        Whether documents may be sequences of str, their tokens.

    estimator : str or estimator instance, default="SequenceVectorizer"
        The caller, for the messages.

    name : str, default="X"
        The name of the argument, for the messages.

    Returns
    -------
    list of str or list of lists of str
        One entry per document, in the order of `X`.

    Examples
    --------
    >>> from sklearn_rnn._text.containers import as_documents
    >>> as_documents((text for text in ["good", None, b"bad"]), missing="empty")
    ['good', '', 'bad']
    """
    names = column_names(X) or ()
    parts = [_column(X, i) for i in range(len(names))] if len(names) > 1 else [X]
    columns = [_as_list(part, name) for part in parts]
    if not columns[0]:
        caller = estimator if isinstance(estimator, str) else type(estimator).__name__
        where = "" if name == "X" else f" in {name}"
        raise ValueError(
            f"Found array with 0 sample(s) (shape=(0,)){where} while a minimum of 1 is required by "
            f"{caller}."
        )
    reading: dict[str, Any] = {
        "missing": missing,
        "encoding": encoding,
        "decode_error": decode_error,
        "name": name,
    }
    if len(columns) == 1:
        return _as_texts(
            columns[0], name, of_any_type=of_any_type, takes_tokens=takes_tokens, **reading
        )
    texts = [
        _as_texts(values, f"Column {column!r} of {name}", takes_tokens=False, **reading)
        for column, values in zip(names, columns, strict=True)
    ]
    return list(map(COLUMN_SEPARATOR.join, zip(*texts, strict=True)))


def column_names(X: Any) -> list[str] | None:
    """Return the names of the columns of a pandas or polars frame, None for anything else.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_rnn._text.containers import column_names
    >>> column_names(pd.DataFrame({"title": ["a"], "body": ["b"]})), column_names(["a"])
    (['title', 'body'], None)
    """
    shape = getattr(X, "shape", None)
    is_table = isinstance(shape, tuple) and len(shape) == 2 and hasattr(X, "columns")
    if is_table and (hasattr(X, "iloc") or hasattr(X, "to_series")):
        return list(map(str, X.columns))
    return None


def as_one_column(y: Any, name: str) -> Any:
    """Return the only column of a frame, and anything but a frame as it is.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_rnn._text.containers import as_one_column
    >>> as_one_column(pd.DataFrame({"tags": [["DET", "NOUN"]]}), "y").tolist()
    [['DET', 'NOUN']]
    """
    names = column_names(y)
    if names is None:
        return y
    if len(names) != 1:
        raise ValueError(
            f"{name} must be one column. Got a data frame with the columns {names}. Select one."
        )
    return _column(y, 0)


def joined_columns(X: Any) -> list[str] | None:
    """Return the columns of text that make up a document, None if it is one text.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_rnn._text.containers import joined_columns
    >>> table = pd.DataFrame({"title": ["a"], "body": ["b"]})
    >>> joined_columns(table), joined_columns(table[["body"]])
    (['title', 'body'], None)
    """
    names = column_names(X) or []
    return names if len(names) > 1 else None


def check_joined_columns(columns: list | None) -> None:
    """Raise a ValueError if what was read from a file is not what `joined_columns` returns."""
    if columns is not None and not all(type(name) is str for name in columns):
        raise ValueError("the columns are not names")


def check_column_names(X: Any, known: list[str] | None) -> None:
    """Refuse a frame whose columns are not those that were joined in `fit`.

    Parameters
    ----------
    X : object
        What a user passed. Anything but a frame is text that is joined already.
    known : list of str or None
        The columns of `fit`, None if each document was one text.
    """
    names = column_names(X)
    if names is None or names == known or (known is None and len(names) == 1):
        return
    if known is None:
        raise ValueError(
            f"X has the columns {names}, but in fit each document was one text. Select one column, "
            f"such as X[{names[0]!r}]."
        )
    raise ValueError(
        "The columns of X should match those that were passed during fit, in the same order. "
        f"Expected {known}, got {names}. Pass X[{known}]."
    )


def _column(X: Any, i: int) -> Any:
    """Return a column of a pandas or polars frame."""
    return X.iloc[:, i] if hasattr(X, "iloc") else X.to_series(i)


def _as_texts(
    values: list,
    where: str,
    *,
    missing: str,
    encoding: str,
    decode_error: str,
    name: str,
    of_any_type: bool = False,
    takes_tokens: bool = True,
) -> list:
    """Return a new list of entries as str, or say in which rows there are others."""
    if set(map(type, values)) == {str}:
        return values
    missing_rows = []
    tokens_row = text_row = None
    for row, value in enumerate(values):
        if isinstance(value, bytes):
            values[row] = _decode(value, f"row {row} of {name}", encoding, decode_error)
            text_row = row
        elif isinstance(value, str):
            values[row] = str(value)  # numpy.str_ and other subclasses
            text_row = row
        elif is_missing(value):
            missing_rows.append(row)
            values[row] = ""
        elif of_any_type:
            continue
        elif takes_tokens and isinstance(value, (list, tuple, np.ndarray)):
            values[row] = _as_tokens(value, row, name)
            tokens_row = row
        else:
            raise TypeError(_no_text(value, row, where, name))
        if text_row is not None and tokens_row is not None and not of_any_type:
            raise TypeError(
                f"{name} must consist of texts or of lists of tokens, not of both; row "
                f"{min(text_row, tokens_row)} is of type {_kind(text_row < tokens_row)} and row "
                f"{max(text_row, tokens_row)} of type {_kind(text_row > tokens_row)}. Split the "
                "texts, or put each into a list if it is one token."
            )
    if missing_rows and missing == "error":
        raise ValueError(
            f"{where} contains {len(missing_rows)} missing document(s) (None, NaN or NA), at "
            f"row(s) {_name_rows(missing_rows)}, counted from 0. Drop these rows, or read them as "
            f"empty documents: by {name}.fillna(''), or, before fit, set missing='empty' in the "
            "vectorizer."
        )
    return values


def _no_text(value: Any, row: int, where: str, name: str) -> str:
    """Return the message about an entry that is not text."""
    found = f"row {row} is of type {type(value).__name__}."
    if where != name:
        return (
            f"{where} must hold text (str or bytes); {found} Select the columns of text, such as "
            "X[['title', 'body']]."
        )
    return (
        f"{name} must be an iterable over raw text documents (str or bytes); {found}{_hint(value)}"
    )


def as_labels(y: Any) -> np.ndarray:
    r"""Return labels as an array of numbers or texts.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels in a list, tuple, array or series.

    Returns
    -------
    ndarray of shape (n_samples,)
        Numbers of a list or of a nullable dtype get the dtype that NumPy finds for them; text
        in an object array keeps that dtype.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._text.containers import as_labels
    >>> as_labels([2, 1]), as_labels(["b", "a"]), as_labels(["b", "b\0"])
    (array([2, 1]), array(['b', 'a'], dtype='<U1'), array(['b', 'b\x00'], dtype=object))
    """
    is_list = isinstance(y, (list, tuple))
    if is_list:  # an array of no dimension is the label that it holds
        y = [
            label.item() if isinstance(label, np.ndarray) and not label.ndim else label
            for label in y
        ]
    # NumPy would read 1 next to "a" as "1", and None or NaN next to "a" as text.
    array = column_or_1d(np.asarray(y, dtype=object if is_list else None), warn=True)
    types = set(map(type, array.tolist())) if array.dtype == object else set()
    kinds = {_kind_of_label(type_) for type_ in types}
    if kinds - {str}:
        missing = [row for row, label in enumerate(array) if is_missing(label)]
    else:
        missing = np.flatnonzero(array != array).tolist()
    if missing:
        raise ValueError(
            "Input y contains NaN: every document needs a label. Missing at row(s) "
            f"{_name_rows(missing)}, counted from 0."
        )
    if len(kinds) > 1:
        names = " and ".join(sorted(type_.__name__ for type_ in types))
        raise TypeError(f"y must hold labels of one type; got {names}.")
    if kinds == {Number} and not is_list and _is_of_objects(y):
        # They could be learned, but every score of them would fail: NaN in cross-validation.
        found = sorted(type_.__name__ for type_ in types)
        dtype = "bool" if found[0].startswith("bool") else "float" if "float" in found else "int"
        raise TypeError(
            f"Unknown label type: y holds {' and '.join(found)} in a container of dtype object, "
            f"which scikit-learn's metrics do not take. Pass y.astype({dtype!r})."
        )
    if not is_list and kinds != {Number}:
        return array
    labels = np.asarray(array.tolist())
    if labels.tolist() == array.tolist():
        return labels
    if kinds == {str}:
        return array  # NumPy's own text drops NULs at its end
    raise ValueError(
        "Labels must be numbers that int64, uint64 or float64 holds. Got integers that do not fit "
        "together; pass them as str."
    )


def _is_of_objects(y: Any) -> bool:
    """Tell a container of objects from one of a nullable dtype: NumPy reads both alike."""
    dtypes = [y.dtype] if hasattr(y, "dtype") else list(getattr(y, "dtypes", []))
    return any(str(dtype) in {"object", "Object"} for dtype in dtypes)


def _kind_of_label(type_: type) -> type:
    if issubclass(type_, str):
        return str
    return Number if issubclass(type_, (Number, np.bool_)) else type_


def _as_list(X: Any, name: str = "X") -> list:
    """Return the entries of any container of text as a new list, unchecked.

    | X                                     | entries                     |
    | str or bytes, bare or in a 0-d array  | refused                     |
    | mapping, set                          | refused: no order to keep   |
    | frame or 2-d array with one column    | its column                  |
    | array with more columns               | refused                     |
    | series, array                         | as Python objects           |
    | other iterable                        | what it yields              |
    """
    expected = "Iterable over raw text documents expected" + f" for {name}" * (name != "X")
    if isinstance(X, (str, bytes)) or (isinstance(X, np.ndarray) and X.ndim == 0):
        kind = "bytes" if isinstance(X, bytes) else "string"
        raise ValueError(f"{expected}, {kind} object received. Put a single document in a list.")
    if isinstance(X, (Mapping, Set)):
        raise TypeError(
            f"{expected}, {type(X).__name__} received. "
            "Pass the documents in a list, in the order of their labels."
        )
    if issparse(X):
        raise TypeError(
            f"{expected}, sparse matrix received: it already holds numbers, such as token ids."
        )
    shape = getattr(X, "shape", None)
    if isinstance(shape, tuple) and len(shape) > 1:
        if len(shape) > 2 or shape[1] != 1:
            raise ValueError(
                f"{expected}, one column of them; got "
                f"{type(X).__name__} of shape {shape}. Select one column, or pass a pandas or "
                "polars DataFrame, whose columns are joined. For documents that are tokens, pass "
                "lists of their own lengths, without padding."
            )
        X = np.asarray(X)[:, 0] if column_names(X) is None else _column(X, 0)
    # numpy, pandas and polars, pyarrow: the conversions that give plain Python objects
    for method in ("tolist", "to_list", "to_pylist"):
        if hasattr(X, method):
            return list(getattr(X, method)())
    if not isinstance(X, Iterable):
        raise TypeError(f"{expected}, {type(X).__name__} object received.")
    return list(X)


def _as_tokens(document: list | tuple | np.ndarray, row: int, name: str) -> list[str]:
    """Return the tokens of a document as a list of str."""
    if isinstance(document, np.ndarray) and document.ndim != 1:
        raise TypeError(
            "Documents that are tokens must be one-dimensional; "
            f"{_row(row, name)} is an array of shape {document.shape}."
        )
    tokens = list(document)
    for i, token in enumerate(tokens):
        if not isinstance(token, str):
            hint = " Pass its text." if hasattr(token, "text") else ""
            raise TypeError(
                f"Documents that are tokens must consist of str; {_row(row, name)} has a token of "
                f"type {type(token).__name__}.{hint}"
            )
        tokens[i] = str(token)
    return tokens


def _row(row: int, name: str) -> str:
    return f"row {row}" if name == "X" else f"row {row} of {name}"


def _kind(is_text: bool) -> str:
    return "str" if is_text else "list"


def _hint(value: Any) -> str:
    """Return what to do with a document that cannot be read."""
    if isinstance(value, (list, tuple, np.ndarray)):
        return (
            " Tokens cannot be split further: join them, or use SequenceVectorizer with "
            "analyzer='word'."
        )
    if isinstance(value, Number):
        return " Convert the documents to str first."
    if hasattr(value, "__iter__"):
        return " For documents that are tokens, pass lists of str."
    return ""


def _decode(document: bytes, where: str, encoding: str, decode_error: str) -> str:
    try:
        return document.decode(encoding, decode_error)
    except UnicodeDecodeError as exc:
        reason = (
            f"{exc.reason} ({where}; set 'encoding' to that of the documents, or "
            "'decode_error' to 'replace' or 'ignore')"
        )
        raise UnicodeDecodeError(exc.encoding, exc.object, exc.start, exc.end, reason) from exc


def is_missing(value: Any) -> bool:
    # pandas' NA and NaT are told by name, so that pandas need not be imported.
    return (
        value is None
        or (isinstance(value, (float, np.floating)) and value != value)
        or type(value).__name__ in {"NAType", "NaTType"}
    )


def _values_are_text(values: Iterable[Any]) -> bool:
    """Tell text from ids by the leading values, looking one level into nested sequences."""
    present = [value for value in islice(values, _N_SAMPLED) if not is_missing(value)]
    nested = [value for value in present if isinstance(value, (list, tuple, np.ndarray))]
    present += [entry for value in nested for entry in islice(value, _N_SAMPLED)]
    if any(isinstance(value, (str, bytes)) for value in present):
        return True
    return not any(isinstance(value, Number) for value in present)


def _name_rows(rows: list[int]) -> str:
    named = ", ".join(map(str, rows[:_N_NAMED]))
    return named if len(rows) <= _N_NAMED else f"{named}, ..."
