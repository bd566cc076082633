"""Fitting, calling and comparing, as all checks do it."""

import numpy as np
from scipy import sparse
from sklearn.base import clone

from sklearn_rnn.utils._checks._corpus import make_documents, make_target
from sklearn_rnn.utils._checks._registry import predicts_tokens

METHODS = (
    "predict",
    "predict_proba",
    "predict_log_proba",
    "decision_function",
    "score_samples",
    "transform",
)

_DEFAULT = object()


def make(estimator, **params):
    """Return a clone whose random states are fixed, including those of its parts."""
    estimator = clone(estimator)
    seeds = {
        name: 0
        for name in estimator.get_params(deep=True)
        if name == "random_state" or name.endswith("__random_state")
    }
    return estimator.set_params(**{**seeds, **params})


def without_warm_start(estimator):
    """Return the parameters with which `fit` starts over, including those of parts."""
    return {name: False for name in estimator.get_params() if name.endswith("warm_start")}


def fit(estimator, X=None, y=_DEFAULT, **fit_params):
    """Return a fitted clone; without arguments, fitted on the documents of the checks."""
    X = make_documents() if X is None else X
    if y is _DEFAULT:
        y = make_target(estimator) if not predicts_tokens(estimator) else _tags_of(estimator, X)
    estimator = make(estimator)
    if y is None and not fit_params:
        return estimator.fit(X)
    return estimator.fit(X, y, **fit_params)


def _tags_of(estimator, X):
    """Return a tag for each token of any documents, as many as the estimator finds in them."""
    known = make_documents()
    y = make_target(estimator)
    if not isinstance(X, list) or X == known:  # other containers hold the documents of the checks
        return y
    return make(estimator).fit(known, y).predict(X)


def outputs(estimator, X):
    """Return the result of each of the estimator's methods on documents."""
    return {name: getattr(estimator, name)(X) for name in METHODS if hasattr(estimator, name)}


def as_array(values):
    """Return an output as a dense array."""
    if sparse.issparse(values):
        return values.toarray()  # type: ignore[attr-defined]  # scipy-stubs narrow it too far
    if isinstance(values, list) and all(np.ndim(value) == 2 for value in values):
        # A row for each token: padded, as documents differ in length.
        longest = max(map(len, values), default=0)
        return np.array([np.pad(value, ((0, longest - len(value)), (0, 0))) for value in values])
    return np.asarray(values)


def rows(output, chosen):
    """Return some rows of what `outputs` returned."""
    return {name: as_array(values)[chosen] for name, values in output.items()}


def assert_same(actual, expected, what, *, exact=False):
    """Compare two results of `outputs`; `what` completes "the output must not depend on"."""
    assert list(actual) == list(expected), f"The methods must not depend on {what}."
    for name in expected:
        first, second = _same_width(actual[name], expected[name])
        message = f"The result of {name} must not depend on {what}."
        if exact or second.dtype.kind not in "fc":
            np.testing.assert_array_equal(first, second, err_msg=message)
        else:
            np.testing.assert_allclose(first, second, rtol=1e-5, atol=1e-6, err_msg=message)


def _same_width(first, second):
    """Return two outputs as dense arrays of equal width.

    Zeros that a sparse one does not store, and padding after documents, count as columns.
    """
    is_sparse = sparse.issparse(first) or sparse.issparse(second)
    first, second = as_array(first), as_array(second)
    if is_sparse or first.ndim == second.ndim == 3:
        width = max(x.shape[1] for x in (first, second))
        first, second = (
            np.pad(x, ((0, 0), (0, width - x.shape[1]), *[(0, 0)] * (x.ndim - 2)))
            for x in (first, second)
        )
    return first, second


def assert_finite(output, what):
    """Only check that all numbers are finite."""
    for name, values in output.items():
        values = as_array(values)
        # The logarithm of a probability of 0 is what it should be.
        if values.dtype.kind == "f" and name != "predict_log_proba":
            assert np.isfinite(values).all(), f"The result of {name} must be finite for {what}."


def assert_refused(function, *args, what, errors=(ValueError, TypeError), words=(), **kwargs):
    """Check that a call raises one of the errors, with one of the words in its message."""
    try:
        function(*args, **kwargs)
    except errors as exc:
        message = str(exc).lower()
        assert not words or any(word in message for word in words), (
            f"The message that refuses {what} must speak of {' or '.join(words)}. Got: {exc}"
        )
        return
    except Exception as exc:
        names = " or ".join(error.__name__ for error in errors)
        raise AssertionError(
            f"{what} must be refused by {names}. Got {type(exc).__name__}: {exc}"
        ) from exc
    raise AssertionError(f"{what} must be refused.")
