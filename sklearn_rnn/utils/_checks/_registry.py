"""The list of checks, and the estimators to which each applies."""

from sklearn.base import is_classifier as _is_classifier
from sklearn.base import is_clusterer, is_regressor
from sklearn.utils import get_tags
from sklearn.utils.validation import has_fit_parameter

_CHECKS: list[tuple] = []


def text_check(*applies):
    """Register a check for the estimators that meet all conditions."""

    def register(check):
        _CHECKS.append((check, applies))
        return check

    return register


def checks_for(estimator):
    """Yield the checks that apply to an estimator, in the order of their definition."""
    for check, applies in _CHECKS:
        if all(condition(estimator) for condition in applies):
            yield check


def is_classifier(estimator):
    return _is_classifier(estimator)


def has_method(*names):
    return lambda estimator: all(hasattr(estimator, name) for name in names)


def has_param(name):
    return lambda estimator: name in estimator.get_params(deep=False)


def is_transformer(estimator):
    return hasattr(estimator, "transform")


def is_no_pipeline(estimator):
    """Whether its attributes and tags are its own, not those of its steps."""
    return not hasattr(estimator, "steps")


def requires_fit(estimator):
    return get_tags(estimator).requires_fit


def requires_y(estimator):
    # The tags of a pipeline do not tell what its last step needs.
    return is_supervised(estimator) or get_tags(estimator).target_tags.required


def is_supervised(estimator):
    return is_classifier(estimator) or is_regressor(estimator)


def predicts_tokens(estimator):
    """Whether a target, and a prediction, is a list with a tag for each token of a document."""
    return get_tags(estimator).estimator_type == "token_classifier"


def predicts_documents(estimator):
    return not predicts_tokens(estimator)


def is_deterministic(estimator):
    return not get_tags(estimator).non_deterministic


def takes_one_target(estimator):
    """Whether a target of several columns is an error."""
    tags = get_tags(estimator)
    multi_label = tags.classifier_tags is not None and tags.classifier_tags.multi_label
    return not tags.target_tags.multi_output and not multi_label


def takes_weights(estimator):
    return has_fit_parameter(estimator, "sample_weight")


__all__ = [
    "checks_for",
    "has_method",
    "has_param",
    "is_classifier",
    "is_clusterer",
    "is_deterministic",
    "is_no_pipeline",
    "is_regressor",
    "is_supervised",
    "is_transformer",
    "predicts_documents",
    "predicts_tokens",
    "requires_fit",
    "requires_y",
    "takes_one_target",
    "takes_weights",
    "text_check",
]
