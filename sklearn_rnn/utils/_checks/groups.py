"""Regressors and clusterers."""

import numpy as np
from sklearn.metrics import r2_score

from sklearn_rnn.utils._checks._corpus import make_documents, make_target
from sklearn_rnn.utils._checks._fitting import assert_same, fit, make, outputs
from sklearn_rnn.utils._checks._registry import (
    has_method,
    is_clusterer,
    is_no_pipeline,
    is_regressor,
    text_check,
)


@text_check(is_regressor)
def check_regressor_predicts_floats(name, estimator):
    """Predictions are floats, in the shape of the target."""
    y = make_target(estimator)
    predicted = fit(estimator).predict(make_documents())
    assert predicted.dtype.kind == "f", f"{name}.predict must return floats."
    assert predicted.shape in {y.shape, y.ravel().shape}, (
        f"{name}.predict must return the shape of y, {y.shape}. Got {predicted.shape}."
    )


@text_check(is_regressor)
def check_regressor_takes_integers(name, estimator):
    """Integers are numbers like any other."""
    X, y = make_documents(), make_target(estimator)
    result = outputs(fit(estimator, X, y.astype(int)), X)
    assert_same(result, outputs(fit(estimator, X, y), X), "whether y holds integers or floats")


@text_check(is_regressor)
def check_regressor_has_no_classes(name, estimator):
    """A regressor has no methods of a classifier."""
    for method in ("predict_proba", "predict_log_proba", "decision_function"):
        assert not hasattr(estimator, method), f"{name} is a regressor and must have no {method}."


@text_check(is_regressor)
def check_regressor_score(name, estimator):
    """`score` is R²."""
    fitted, X, y = fit(estimator), make_documents(), make_target(estimator)
    assert np.isclose(fitted.score(X, y), r2_score(y, fitted.predict(X))), (
        f"{name}.score must be the coefficient of determination."
    )


@text_check(is_clusterer, is_no_pipeline)
def check_clusterer_labels(name, estimator):
    """`labels_` has an integer for each document."""
    labels = fit(estimator).labels_
    assert labels.shape == (len(make_documents()),), f"{name}.labels_ must have a place a document."
    assert labels.dtype.kind == "i", f"{name}.labels_ must hold integers. Got {labels.dtype}."


@text_check(is_clusterer, has_method("fit_predict"), is_no_pipeline)
def check_fit_predict(name, estimator):
    """`fit_predict` returns the labels of `fit`."""
    np.testing.assert_array_equal(
        make(estimator).fit_predict(make_documents()),
        fit(estimator).labels_,
        err_msg=f"{name}.fit_predict must return labels_.",
    )


@text_check(is_clusterer, has_method("predict"), is_no_pipeline)
def check_clusterer_predict(name, estimator):
    """`predict` on the documents of `fit` returns their labels."""
    fitted = fit(estimator)
    np.testing.assert_array_equal(
        fitted.predict(make_documents()),
        fitted.labels_,
        err_msg=f"{name}.predict must agree with labels_ on the same documents.",
    )
