"""Classes, labels, probabilities and scores of classifiers."""

import numpy as np
from sklearn.metrics import accuracy_score
from sklearn.utils import get_tags
from sklearn.utils.class_weight import compute_sample_weight

from sklearn_rnn.utils._checks._corpus import make_documents, make_target, make_two_classes
from sklearn_rnn.utils._checks._fitting import (
    METHODS,
    assert_refused,
    assert_same,
    fit,
    make,
    outputs,
)
from sklearn_rnn.utils._checks._registry import (
    has_method,
    has_param,
    is_classifier,
    takes_weights,
    text_check,
)


def check_labels(name, estimator, labels):
    """Fit on two classes with these labels, which are returned unchanged."""
    X, subjects = make_two_classes()
    labels = np.asarray(labels)
    y = labels[(subjects == "music").astype(int)]
    fitted = fit(estimator, X, y)
    np.testing.assert_array_equal(
        fitted.classes_, np.unique(y), err_msg=f"classes_ of {name} must be the labels, sorted."
    )
    predicted = fitted.predict(X)
    assert set(predicted.tolist()) <= set(labels.tolist()), (
        f"{name}.predict must return labels of y. Got {sorted(set(predicted.tolist()))}."
    )
    kinds = {labels.dtype.kind, "O", "U"} if labels.dtype.kind in "OU" else {labels.dtype.kind}
    assert predicted.dtype.kind in kinds, (
        f"{name}.predict must return labels of dtype {labels.dtype}. Got {predicted.dtype}."
    )
    expected = fit(estimator, X, np.where(subjects == "music", "b", "a")).predict(X)
    np.testing.assert_array_equal(
        predicted == fitted.classes_[1],
        expected == "b",
        err_msg=f"What {name} predicts must not depend on the names of the classes.",
    )


@text_check(is_classifier)
def check_string_labels(name, estimator):
    """Labels of text, of different lengths."""
    check_labels(name, estimator, ["no", "yes, of course"])


@text_check(is_classifier)
def check_object_labels(name, estimator):
    """Labels of text in an array of objects."""
    check_labels(name, estimator, np.array(["no", "yes"], dtype=object))


@text_check(is_classifier)
def check_integer_labels(name, estimator):
    """Labels that are integers, neither from 0 nor without gaps."""
    check_labels(name, estimator, [3, 11])


@text_check(is_classifier)
def check_negative_labels(name, estimator):
    """Labels -1 and 1."""
    check_labels(name, estimator, [-1, 1])


@text_check(is_classifier)
def check_bool_labels(name, estimator):
    """Labels False and True."""
    check_labels(name, estimator, [False, True])


@text_check(is_classifier)
def check_float_labels(name, estimator):
    """Labels that are whole numbers in floats."""
    check_labels(name, estimator, [1.0, 2.0])


@text_check(is_classifier)
def check_classes_are_sorted(name, estimator):
    """`classes_` are the different labels, sorted."""
    fitted = fit(estimator)
    np.testing.assert_array_equal(
        fitted.classes_,
        np.unique(make_target(estimator)),
        err_msg=f"{name}.classes_ must be sorted.",
    )


@text_check(is_classifier)
def check_continuous_target_of_classifier(name, estimator):
    """Fractions are not classes."""
    y = np.linspace(0, 1, len(make_documents()))
    fit_ = make(estimator).fit
    assert_refused(
        fit_, make_documents(), y, what=f"fractions as labels in {name}.fit", errors=(ValueError,)
    )


@text_check(is_classifier)
def check_single_class(name, estimator):
    """Labels of one class are refused with a message, or it is always predicted."""
    X = make_documents()
    try:
        fitted = fit(estimator, X, np.array(["sea"] * len(X)))
    except ValueError as exc:
        assert "class" in str(exc), f"{name} must say that there is one class. Got: {exc}"
        return
    assert set(fitted.predict(X)) == {"sea"}, f"{name} must predict the only class."


@text_check(is_classifier, has_method("predict_proba"))
def check_probabilities_sum_to_one(name, estimator):
    """A row of `predict_proba` has a number from 0 to 1 for each class, 1 in all."""
    fitted = fit(estimator)
    proba = fitted.predict_proba(make_documents())
    assert proba.shape == (len(make_documents()), len(fitted.classes_)), (
        f"{name}.predict_proba must have a column for each class. Got shape {proba.shape}."
    )
    assert proba.min() >= 0 and proba.max() <= 1, f"{name}.predict_proba leaves [0, 1]."
    np.testing.assert_allclose(
        proba.sum(axis=1), 1, rtol=1e-6, err_msg=f"Rows of {name}.predict_proba must sum to 1."
    )


@text_check(is_classifier, has_method("predict_proba"))
def check_predict_is_most_probable(name, estimator):
    """`predict` returns the most probable class."""
    fitted, X = fit(estimator), make_documents()
    np.testing.assert_array_equal(
        fitted.predict(X),
        fitted.classes_[fitted.predict_proba(X).argmax(axis=1)],
        err_msg=f"{name}.predict must agree with predict_proba.",
    )


@text_check(is_classifier, has_method("predict_proba", "predict_log_proba"))
def check_log_probabilities(name, estimator):
    """`predict_log_proba` is the logarithm of `predict_proba`."""
    fitted, X = fit(estimator), make_documents()
    np.testing.assert_allclose(
        np.exp(fitted.predict_log_proba(X)),
        fitted.predict_proba(X),
        rtol=1e-5,
        atol=1e-9,
        err_msg=f"{name}.predict_log_proba must be the logarithm of predict_proba.",
    )


@text_check(is_classifier, has_method("decision_function"))
def check_decision_function_of_two_classes(name, estimator):
    """With two classes it is a vector, above 0 for the second."""
    X, y = make_two_classes()
    fitted = fit(estimator, X, y)
    scores = fitted.decision_function(X)
    assert scores.shape == (len(X),), (
        f"{name}.decision_function must be a vector with two classes. Got shape {scores.shape}."
    )
    np.testing.assert_array_equal(
        fitted.classes_[(scores > 0).astype(int)],
        fitted.predict(X),
        err_msg=f"{name}.predict must agree with decision_function.",
    )


@text_check(is_classifier, has_method("decision_function"))
def check_decision_function_of_many_classes(name, estimator):
    """With more classes it has a column for each, the largest of the predicted one."""
    fitted, X = fit(estimator), make_documents()
    if len(fitted.classes_) == 2:
        return
    scores = fitted.decision_function(X)
    assert scores.shape == (len(X), len(fitted.classes_)), (
        f"{name}.decision_function must have a column for each class. Got shape {scores.shape}."
    )
    np.testing.assert_array_equal(
        fitted.classes_[scores.argmax(axis=1)],
        fitted.predict(X),
        err_msg=f"{name}.predict must agree with decision_function.",
    )


@text_check(is_classifier, has_method("decision_function", "predict_proba"))
def check_decision_function_orders_as_probabilities(name, estimator):
    """With two classes, a higher score is a higher probability of the second."""
    X, y = make_two_classes()
    fitted = fit(estimator, X, y)
    order = np.argsort(fitted.decision_function(X), kind="stable")
    steps = np.diff(fitted.predict_proba(X)[order, 1])
    assert steps.min() >= -1e-6, f"{name}: decision_function and predict_proba must order alike."


@text_check(is_classifier)
def check_classifier_score(name, estimator):
    """`score` is the accuracy."""
    fitted, X, y = fit(estimator), make_documents(), make_target(estimator)
    expected = accuracy_score(y, fitted.predict(X))
    assert np.isclose(fitted.score(X, y), expected), f"{name}.score must be the accuracy."


@text_check(is_classifier)
def check_classifier_learns(name, estimator):
    """Subjects that share no word are distinguished, unless the tags allow a poor score."""
    if get_tags(estimator).classifier_tags.poor_score:
        return
    score = fit(estimator).score(make_documents(), make_target(estimator))
    assert score >= 0.83, f"{name} must learn documents that share no word. Accuracy {score:.2f}."


@text_check(is_classifier)
def check_class_names_do_not_matter(name, estimator):
    """Other names in the same order give the same results."""
    X, y = make_documents(), make_target(estimator)
    renamed = np.unique(y, return_inverse=True)[1] * 2 - 7
    first, second = fit(estimator, X, y), fit(estimator, X, renamed)
    for method in METHODS:
        if method not in ("predict", "transform") and hasattr(first, method):
            actual, expected = ({method: getattr(model, method)(X)} for model in (second, first))
            assert_same(actual, expected, "the names of the classes")
    places = np.searchsorted(first.classes_, first.predict(X))
    np.testing.assert_array_equal(second.classes_[places], second.predict(X))


@text_check(is_classifier, has_param("class_weight"), takes_weights)
def check_class_weight_is_a_weight_of_samples(name, estimator):
    """A weight of a class is that weight for each of its documents."""
    X, y = make_documents(), make_target(estimator)
    classes = np.unique(y)
    class_weight = dict(zip(classes.tolist(), 1.0 + 2 * np.arange(len(classes)), strict=True))
    by_class = make(estimator, class_weight=class_weight).fit(X, y)
    weights = compute_sample_weight(class_weight, y)
    by_sample = make(estimator, class_weight=None).fit(X, y, sample_weight=weights)
    what = "whether weights come by class_weight or by sample_weight"
    assert_same(outputs(by_class, X), outputs(by_sample, X), what)


@text_check(is_classifier, has_param("class_weight"))
def check_balanced_class_weight(name, estimator):
    """Balanced weights are the inverse of the frequency of the classes."""
    X, y = make_documents()[:-6], make_target(estimator)[:-6]
    y = np.where(np.arange(len(y)) % 2, y[0], y)
    classes, counts = np.unique(y, return_counts=True)
    weights = dict(zip(classes.tolist(), len(y) / (len(classes) * counts), strict=True))
    balanced = make(estimator, class_weight="balanced").fit(X, y)
    given = make(estimator, class_weight=weights).fit(X, y)
    what = "whether balanced weights are asked for or given"
    assert_same(outputs(balanced, X), outputs(given, X), what)
