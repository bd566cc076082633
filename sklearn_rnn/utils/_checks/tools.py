"""In the tools of scikit-learn: pipelines, searches, cross-validation."""

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict, cross_val_score
from sklearn.pipeline import Pipeline

from sklearn_rnn.utils._checks._corpus import make_documents, make_target
from sklearn_rnn.utils._checks._fitting import assert_same, fit, make, outputs
from sklearn_rnn.utils._checks._registry import is_deterministic, is_supervised, text_check

FOLDS = KFold(2, shuffle=True, random_state=0)


@text_check(is_deterministic)
def check_pipeline(name, estimator):
    """As the last step of a pipeline, it learns the same and returns the same."""
    X, y = make_documents(), make_target(estimator)
    pipeline = Pipeline([("nothing", "passthrough"), ("estimator", make(estimator))]).fit(X, y)
    assert_same(outputs(pipeline, X), outputs(fit(estimator), X), "a pipeline around it")


@text_check(is_supervised, is_deterministic)
def check_cross_val_predict(name, estimator):
    """`cross_val_predict` is a loop over the folds."""
    X, y = np.array(make_documents(), dtype=object), make_target(estimator)
    expected = [None] * len(X)
    for train, test in FOLDS.split(X):
        predicted = fit(estimator, X[train], y[train]).predict(X[test])
        for row, value in zip(test, predicted, strict=True):
            expected[row] = value
    actual = cross_val_predict(make(estimator), X, y, cv=FOLDS)
    assert_same({"predict": actual}, {"predict": np.array(expected)}, "who splits the documents")


@text_check(is_supervised, is_deterministic)
def check_cross_val_score(name, estimator):
    """Documents in a list and in an array have the same scores in a cross-validation."""
    X, y = make_documents(), make_target(estimator)
    scores = [
        cross_val_score(make(estimator), container, y, cv=FOLDS, error_score="raise")
        for container in (X, np.array(X, dtype=object))
    ]
    assert np.isfinite(scores).all(), f"The scores of {name} must be finite."
    np.testing.assert_allclose(
        scores[0], scores[1], err_msg="Scores must not depend on the container."
    )


@text_check(is_supervised, is_deterministic)
def check_grid_search(name, estimator):
    """A search fits clones, and the best of them as `fit` alone does."""
    X, y = make_documents(), make_target(estimator)
    grid = {"random_state": [0, 1]} if "random_state" in estimator.get_params() else {}
    searched = make(estimator)
    search = GridSearchCV(searched, grid, cv=FOLDS, error_score="raise").fit(X, y)
    assert not [key for key in vars(searched) if key.endswith("_") and key[0] != "_"], (
        f"A search must leave the {name} that it is given unfitted."
    )
    best = clone(searched).set_params(**search.best_params_).fit(X, y)
    assert_same(outputs(search, X), outputs(best, X), "a search around it")


@text_check(is_supervised, is_deterministic)
def check_search_in_two_threads(name, estimator):
    """Two fits at the same time, in threads of one process, do not disturb each other."""
    X, y = make_documents(), make_target(estimator)
    alone = cross_val_score(make(estimator), X, y, cv=FOLDS)
    with joblib.parallel_backend("threading", n_jobs=2):
        together = cross_val_score(make(estimator), X, y, cv=FOLDS)
    np.testing.assert_allclose(
        together, alone, err_msg=f"Scores of {name} must not depend on threads beside it."
    )
