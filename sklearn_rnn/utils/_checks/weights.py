"""`sample_weight`: what it means, and what is refused.

A weight of n and n copies of a document agree in the loss, but not in an estimator that is trained
in random batches, because copies fall into other batches. So these checks do not require equal
results, but that predictions follow the weights, and that a weight of 0 removes a label.
"""

import numpy as np
from sklearn import config_context
from sklearn.pipeline import Pipeline

from sklearn_rnn.utils._checks._corpus import make_documents, make_target, make_two_classes
from sklearn_rnn.utils._checks._fitting import assert_refused, assert_same, fit, make, outputs
from sklearn_rnn.utils._checks._registry import (
    has_method,
    is_classifier,
    is_supervised,
    takes_weights,
    text_check,
)


def some_weights():
    return 1.0 + np.arange(len(make_documents())) % 3


def refuse_weights(name, estimator, weights, what):
    fit_ = make(estimator).fit
    X, y = make_documents(), make_target(estimator)
    assert_refused(
        fit_, X, y, sample_weight=weights, what=f"{what} in {name}.fit", errors=(ValueError,)
    )


@text_check(takes_weights)
def check_weights_of_one(name, estimator):
    """Weights of 1 equal no weights."""
    X, y = make_documents(), make_target(estimator)
    weighted = fit(estimator, X, y, sample_weight=np.ones(len(X)))
    assert_same(outputs(weighted, X), outputs(fit(estimator), X), "weights that all are 1")


@text_check(takes_weights)
def check_weights_of_none(name, estimator):
    """`sample_weight=None` means no weights."""
    X, y = make_documents(), make_target(estimator)
    weighted = fit(estimator, X, y, sample_weight=None)
    assert_same(outputs(weighted, X), outputs(fit(estimator), X), "sample_weight=None")


@text_check(takes_weights)
def check_weight_containers(name, estimator):
    """Weights in a list, a tuple or a Series give the same, and are not changed."""
    X, y = make_documents(), make_target(estimator)
    weights = some_weights()
    expected = outputs(fit(estimator, X, y, sample_weight=weights), X)
    np.testing.assert_array_equal(
        weights, some_weights(), err_msg=f"{name}.fit must not change sample_weight."
    )
    containers = [weights.tolist(), weights.astype(np.float32), weights.astype(int)]
    try:
        import pandas as pd
    except ImportError:
        pass
    else:
        containers.append(pd.Series(weights, index=np.arange(len(weights))[::-1]))
    for container in containers:
        weighted = fit(estimator, X, y, sample_weight=container)
        assert_same(outputs(weighted, X), expected, "the container of the weights")


@text_check(takes_weights)
def check_weights_of_other_shape(name, estimator):
    """There must be one weight per document."""
    n = len(make_documents())
    refuse_weights(name, estimator, np.ones(2 * n), "twice as many weights")
    refuse_weights(name, estimator, np.ones((n, 2)), "weights of two columns")


@text_check(takes_weights)
def check_weights_that_are_missing(name, estimator):
    """NaN and infinity are refused as weights."""
    for wrong in (np.nan, np.inf):
        weights = some_weights()
        weights[2] = wrong
        refuse_weights(name, estimator, weights, f"a weight of {wrong}")


@text_check(takes_weights)
def check_negative_weights(name, estimator):
    """A weight below 0 is refused."""
    weights = some_weights()
    weights[2] = -1
    refuse_weights(name, estimator, weights, "a negative weight")


@text_check(takes_weights)
def check_weights_of_zero(name, estimator):
    """With only weights of 0 there is nothing to learn from."""
    refuse_weights(name, estimator, np.zeros(len(make_documents())), "weights that all are 0")


@text_check(takes_weights, is_supervised)
def check_zero_weight_takes_labels_out(name, estimator):
    """The label of a document whose weight is 0 makes no difference."""
    if estimator.get_params(deep=False).get("early_stopping") in (True, "auto"):
        return  # the documents set aside are drawn by class
    X, y = make_documents(), make_target(estimator)
    weights = some_weights()
    weights[:3] = 0
    changed = y.copy()
    changed[:3] = np.roll(y[:3], 1, axis=0)
    first = fit(estimator, X, y, sample_weight=weights)
    second = fit(estimator, X, changed, sample_weight=weights)
    assert_same(outputs(first, X), outputs(second, X), "the labels of documents of weight 0")


@text_check(takes_weights, is_classifier, has_method("predict_proba"))
def check_predictions_follow_weights(name, estimator):
    """Of two labels for the same document, the heavier becomes the more probable."""
    X, y = make_two_classes()
    X, y = X + X, np.concatenate([y, y[np.arange(len(y)) ^ 1]])
    first_label = (y == y[0]).astype(float)
    weights = 0.1 + 9.9 * first_label
    for_first = fit(estimator, X, y, sample_weight=weights)
    for_second = fit(estimator, X, y, sample_weight=10.1 - weights)
    column = list(for_first.classes_).index(y[0])
    gain = for_first.predict_proba(X)[:, column] - for_second.predict_proba(X)[:, column]
    assert gain.mean() > 0.02, f"The predictions of {name} must follow sample_weight."


@text_check(takes_weights)
def check_weights_are_routed(name, estimator):
    """Requested by `set_fit_request`, weights reach it through a pipeline."""
    X, y = make_documents(), make_target(estimator)
    expected = outputs(fit(estimator, X, y, sample_weight=some_weights()), X)
    with config_context(enable_metadata_routing=True):
        requesting = make(estimator).set_fit_request(sample_weight=True)
        pipeline = Pipeline([("estimator", requesting)])
        pipeline.fit(X, y, sample_weight=some_weights())
        assert_same(outputs(pipeline, X), expected, "whether weights come through a pipeline")
