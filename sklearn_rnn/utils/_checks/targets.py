"""The target of supervised estimators: what is refused, and what does not matter."""

import warnings

import numpy as np
from scipy import sparse

from sklearn_rnn.utils._checks._corpus import make_documents, make_target
from sklearn_rnn.utils._checks._fitting import assert_refused, assert_same, fit, make, outputs
from sklearn_rnn.utils._checks._registry import (
    is_supervised,
    requires_y,
    takes_one_target,
    text_check,
)


def check_target_is_refused(name, estimator, y, what, **kwargs):
    fit_ = make(estimator).fit
    assert_refused(fit_, make_documents(), y, what=f"{what} in {name}.fit", **kwargs)


@text_check(requires_y)
def check_no_target(name, estimator):
    """Y is needed."""
    words = ("y", "target")
    check_target_is_refused(name, estimator, None, "y=None", words=words)


@text_check(requires_y)
def check_target_of_other_length(name, estimator):
    """Every document has its target."""
    y = make_target(estimator)
    for wrong in (y[:-1], np.append(y, y[:1], axis=0)):
        what = "a y of another length"
        check_target_is_refused(name, estimator, wrong, what, errors=(ValueError,))


@text_check(is_supervised, takes_one_target)
def check_target_of_two_columns(name, estimator):
    """A target of two columns is for estimators that say so in their tags."""
    y = make_target(estimator)
    check_target_is_refused(name, estimator, np.column_stack([y, y]), "a y of two columns")


@text_check(is_supervised, takes_one_target)
def check_target_of_one_column(name, estimator):
    """A column is treated as a vector, or refused."""
    y = make_target(estimator).reshape(-1, 1)
    X = make_documents()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = outputs(fit(estimator, X, y), X)
        except ValueError:
            return
    assert_same(result, outputs(fit(estimator), X), "whether y is a vector or a column")


@text_check(is_supervised, takes_one_target)
def check_sparse_target(name, estimator):
    """A sparse target is for labels of several columns."""
    y = sparse.csr_array(np.ones((len(make_documents()), 1)))
    check_target_is_refused(name, estimator, y, "a sparse y")


@text_check(is_supervised)
def check_complex_target(name, estimator):
    """Complex numbers have no order."""
    y = np.arange(len(make_documents())) % 2 + 1j
    check_target_is_refused(name, estimator, y, "a complex y")


@text_check(is_supervised)
def check_missing_target(name, estimator):
    """NaN, None and infinity are not targets."""
    n = len(make_documents())
    for missing in (np.nan, np.inf):
        y = np.resize([0.0, 1.0], n)
        y[3] = missing
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of NumPy, on the way to the error
            check_target_is_refused(name, estimator, y, f"{missing} in y", errors=(ValueError,))
    y = make_target(estimator).astype(object)
    y[3] = None
    check_target_is_refused(name, estimator, y, "None in y")


@text_check(requires_y)
def check_target_containers(name, estimator):
    """The target as a list, as objects or in a Series gives the same."""
    X, y = make_documents(), make_target(estimator)
    expected = outputs(fit(estimator), X)
    containers = [y.tolist(), y.astype(object) if y.dtype.kind == "U" else y.copy()]
    try:
        import pandas as pd
    except ImportError:
        pass
    else:
        index = np.arange(len(y))[::-1]
        made = pd.Series(y, index=index) if y.ndim == 1 else pd.DataFrame(y, index=index)
        containers.append(made)
    for container in containers:
        what = f"whether y is an array or a {type(container).__name__}"
        assert_same(outputs(fit(estimator, X, container), X), expected, what)


@text_check(requires_y)
def check_read_only_target(name, estimator):
    """A target that cannot be written to."""
    y = make_target(estimator)
    y.flags.writeable = False
    X = make_documents()
    assert_same(outputs(fit(estimator, X, y), X), outputs(fit(estimator), X), "the flags of y")
