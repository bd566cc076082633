"""Documents in every container give the same results as in a list."""

from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import SkipTest

import numpy as np

from sklearn_rnn.utils._checks._corpus import make_documents, make_target
from sklearn_rnn.utils._checks._fitting import assert_same, fit, outputs
from sklearn_rnn.utils._checks._registry import text_check


def check_container(estimator, convert, what):
    """Fit and call on converted documents, converted again each time."""
    X = make_documents()
    expected = outputs(fit(estimator), X)
    fitted = fit(estimator, convert(X))
    again = {}
    for method in expected:
        again[method] = getattr(fitted, method)(convert(X))
    assert_same(again, expected, f"whether the documents are in a list or in {what}")


def import_or_skip(module):
    try:
        return __import__(module)
    except ImportError as exc:
        raise SkipTest(f"{module} is not installed.") from exc


@text_check()
def check_tuple(name, estimator):
    """Documents in a tuple."""
    check_container(estimator, tuple, "a tuple")


@text_check()
def check_object_array(name, estimator):
    """Documents in an array of objects."""
    check_container(estimator, lambda X: np.array(X, dtype=object), "an array of objects")


@text_check()
def check_string_array(name, estimator):
    """Documents in an array of strings of a fixed width."""
    check_container(estimator, np.array, "an array of strings")


@text_check()
def check_read_only_array(name, estimator):
    """Documents in an array that cannot be written to."""

    def convert(X):
        array = np.array(X, dtype=object)
        array.flags.writeable = False
        return array

    check_container(estimator, convert, "a read-only array")


@text_check()
def check_strided_array(name, estimator):
    """Documents in every other place of an array."""
    check_container(
        estimator, lambda X: np.array(X, dtype=object).repeat(2)[::2], "a view of an array"
    )


@text_check()
def check_memory_map(name, estimator):
    """Documents in a file, mapped into memory read-only, as in the workers of joblib."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "documents.npy"
        np.save(path, np.array(make_documents()))
        check_container(estimator, lambda X: np.load(path, mmap_mode="r"), "a memory-mapped file")


@text_check()
def check_pandas_series(name, estimator):
    """Documents in a Series of objects."""
    pd = import_or_skip("pandas")
    check_container(estimator, lambda X: pd.Series(X, dtype=object), "a Series of objects")


@text_check()
def check_pandas_string_series(name, estimator):
    """Documents in a Series of pandas' own string type."""
    pd = import_or_skip("pandas")
    check_container(estimator, lambda X: pd.Series(X, dtype="string"), "a Series of strings")


@text_check()
def check_pandas_index(name, estimator):
    """The index of a Series does not matter, nor that of the target."""
    pd = import_or_skip("pandas")
    X, y = make_documents(), make_target(estimator)
    index = np.random.RandomState(0).permutation(len(X))
    y = None if y is None else pd.Series(y.ravel(), index=index[::-1])
    if y is not None and make_target(estimator).ndim > 1:
        y = y.to_frame()
    fitted = fit(estimator, pd.Series(X, index=index), y)
    assert_same(
        outputs(fitted, pd.Series(X, index=[0] * len(X))),
        outputs(fit(estimator), X),
        "the index of a Series",
    )


@text_check()
def check_data_frame_column(name, estimator):
    """Documents in a column of a data frame."""
    pd = import_or_skip("pandas")
    check_container(
        estimator,
        lambda X: pd.DataFrame({"number": range(len(X)), "text": X})["text"],
        "a column of a data frame",
    )


@text_check()
def check_polars_series(name, estimator):
    """Documents in a Series of polars."""
    pl = import_or_skip("polars")
    check_container(estimator, pl.Series, "a Series of polars")


@text_check()
def check_generator(name, estimator):
    """Documents from a generator are read, or refused as a generator, not as something else."""
    try:
        check_container(estimator, iter, "a generator")
    except (TypeError, ValueError) as exc:
        if isinstance(exc, UnicodeError):
            raise
        raise SkipTest(f"{name} refuses generators: {exc}") from exc
