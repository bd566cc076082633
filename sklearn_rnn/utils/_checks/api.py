"""An estimator before and after `fit`: its attributes, tags, copies and names."""

import inspect
import re
from typing import Any
from unittest import SkipTest

from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import estimator_html_repr, get_tags
from sklearn.utils.validation import check_is_fitted

from sklearn_rnn.utils._checks._corpus import make_documents, make_target
from sklearn_rnn.utils._checks._fitting import METHODS, assert_refused, fit, make
from sklearn_rnn.utils._checks._registry import is_no_pipeline, requires_fit, text_check


def fitted_names(estimator):
    """Return the attributes that `fit` has set, judged by their names."""
    return {name for name in vars(estimator) if name.endswith("_") and not name.startswith("_")}


@text_check(is_no_pipeline)
def check_text_tag(name, estimator):
    """The tags say that it takes strings."""
    assert get_tags(estimator).input_tags.string, (
        f"{name} must set tags.input_tags.string in __sklearn_tags__."
    )


@text_check(is_no_pipeline)
def check_tags_tell_the_methods(name, estimator):
    """The tags of a kind exist exactly for that kind, and fit the methods."""
    tags = get_tags(estimator)
    for kind in ("classifier", "regressor"):
        has_tags = getattr(tags, f"{kind}_tags") is not None
        # One that classifies only if `fit` is given labels is none, and yet scikit-learn's checks
        # of its probabilities read these tags.
        may = kind == "classifier" and hasattr(type(estimator), "predict_proba")
        assert has_tags == (tags.estimator_type == kind) or (has_tags and may), (
            f"{name} must have {kind}_tags if, and only if, it is a {kind}."
        )
    if tags.estimator_type in ("classifier", "regressor"):
        assert hasattr(estimator, "predict"), f"{name} is a {tags.estimator_type} without predict."
        assert tags.target_tags.required, f"{name} must set tags.target_tags.required."
    for tag in ("non_deterministic", "requires_fit", "no_validation"):
        assert isinstance(getattr(tags, tag), bool), f"The tag {tag} of {name} must be a bool."


@text_check()
def check_tags_do_not_change_in_fit(name, estimator):
    """The tags say the same before and after `fit`."""
    assert get_tags(fit(estimator)) == get_tags(make(estimator)), (
        f"The tags of {name} must not change in fit."
    )


@text_check()
def check_fit_returns_self(name, estimator):
    """`fit` returns the estimator itself."""
    estimator = make(estimator)
    returned = estimator.fit(make_documents(), make_target(estimator))
    assert returned is estimator, f"{name}.fit must return self."


@text_check()
def check_fit_takes_X_and_y(name, estimator):
    """The first arguments of `fit` are X and y, so that pipelines can pass both."""
    arguments = list(inspect.signature(estimator.fit).parameters)
    assert arguments[:2] == ["X", "y"] or arguments[:2] == ["raw_documents", "y"], (
        f"The first arguments of {name}.fit must be X and y. Got {arguments[:2]}."
    )


@text_check()
def check_no_fitted_attributes_before_fit(name, estimator):
    """No attribute of a new estimator ends in an underscore."""
    early = sorted(fitted_names(make(estimator)))
    assert not early, (
        f"{name} must not set {early} before fit: the underscore marks what is learned."
    )


@text_check()
def check_fit_sets_names_with_an_underscore(name, estimator):
    """All public attributes that `fit` adds end in an underscore."""
    before, after = vars(make(estimator)), vars(fit(estimator))
    wrong = [key for key in after if key not in before and not re.search(r"^_|_$", key)]
    assert not wrong, f"{name}.fit must not set {wrong}: what is learned ends in an underscore."


@text_check(requires_fit)
def check_unfitted_methods_are_refused(name, estimator):
    """Every method raises NotFittedError before `fit`."""
    for method in METHODS:
        if hasattr(estimator, method):
            unfitted = make(estimator)
            assert_refused(
                getattr(unfitted, method),
                make_documents(),
                what=f"{name}.{method} before fit",
                errors=(NotFittedError,),
            )


@text_check(requires_fit)
def check_is_fitted_says_so(name, estimator):
    """`check_is_fitted` tells a fitted estimator from a new one."""
    assert_refused(
        check_is_fitted,
        make(estimator),
        what=f"check_is_fitted on a new {name}",
        errors=(NotFittedError,),
    )
    check_is_fitted(fit(estimator))


@text_check()
def check_clone_of_fitted_is_unfitted(name, estimator):
    """A clone of a fitted estimator has its parameters, and nothing that it learned."""
    fitted = fit(estimator)
    copy = clone(fitted)
    assert not fitted_names(copy), f"A clone of {name} must not keep {fitted_names(copy)}."
    assert repr(copy) == repr(make(estimator)), f"A clone of {name} must have its parameters."


@text_check()
def check_repr_can_be_evaluated(name, estimator):
    """`repr` is an expression that makes an equal estimator."""
    names: dict[str, Any] = {"nan": float("nan"), "inf": float("inf")}
    for value in [estimator, *estimator.get_params(deep=True).values()]:
        names[type(value).__name__] = type(value)
    text = repr(estimator)
    if "..." in text or re.search(r"<[\w ]+", text):
        raise SkipTest(f"The repr of this {name} is shortened, or holds what has no expression.")
    try:
        again = eval(text, names)
    except Exception as exc:
        raise AssertionError(f"repr of {name} must be an expression. Got {text}") from exc
    assert repr(again) == text, f"eval(repr({name})) must have the same parameters."
    assert type(again) is type(estimator)


@text_check()
def check_html_repr(name, estimator):
    """The HTML display, before and after `fit`, names the class."""
    for shown in (make(estimator), fit(estimator)):
        assert name in estimator_html_repr(shown), f"The HTML display of {name} must name it."


@text_check()
def check_docstring_lists_parameters(name, estimator):
    """The docstring of the class has an entry for every parameter."""
    text = inspect.getdoc(type(estimator)) or ""
    entries = re.findall(r"^ *([\w*, ]+?) *:", text, flags=re.MULTILINE)
    documented = {entry.strip() for line in entries for entry in line.split(",")}
    missing = [key for key in estimator.get_params(deep=False) if key not in documented]
    assert not missing, f"The docstring of {name} must document {missing}."
