"""Checks that an estimator of text follows the conventions of scikit-learn.

scikit-learn's own checks use tables of numbers and skip estimators that take text. These checks use
text. They are not specific to recurrent networks: you can check any classifier, regressor,
transformer or clusterer that takes a list of str.
"""

import warnings
from functools import partial
from unittest import SkipTest

from sklearn.exceptions import EstimatorCheckFailedWarning, SkipTestWarning

from sklearn_rnn._sklearn_compat import StrOptions, validate_params
from sklearn_rnn.utils._checks import checks_for
from sklearn_rnn.utils._numbers_as_text import NumbersAsTextMixin

__all__ = [
    "NumbersAsTextMixin",
    "check_text_estimator",
    "parametrize_with_text_checks",
    "text_estimator_checks_generator",
]


def text_estimator_checks_generator(estimator, *, expected_failed_checks=None, mark=None):
    """Yield an estimator with each check that applies to it.

    Parameters
    ----------
    estimator : estimator instance
        An estimator of documents, fitted or not. Each check clones it.

    expected_failed_checks : dict of str to str or None, default=None
        Checks that are expected to fail: the reason by name of the check.

    mark : {"xfail", "skip"} or None, default=None
        What to do with these checks: mark them with `pytest.mark.xfail`, replace them by a function
        that raises `unittest.SkipTest`, or nothing.

    Yields
    ------
    estimator : estimator instance
        The estimator, the same for each check.
    check : callable
        The check, a function to call with the estimator.

    See Also
    --------
    check_text_estimator : Run the checks.
    parametrize_with_text_checks : Run the checks with pytest.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> from sklearn_rnn.utils.estimator_checks import text_estimator_checks_generator
    >>> estimator, check = next(text_estimator_checks_generator(CountVectorizer()))
    >>> check.func.__name__
    'check_text_tag'
    """
    _refuse_class(estimator)
    expected = expected_failed_checks or {}
    for function in checks_for(estimator):
        check = partial(function, type(estimator).__name__)
        reason = expected.get(function.__name__)
        if reason is None or mark is None:
            yield estimator, check
        elif mark == "skip":
            yield estimator, partial(_skip, f"{function.__name__}: {reason}")
        else:
            import pytest

            yield pytest.param(estimator, check, marks=pytest.mark.xfail(reason=reason))


def parametrize_with_text_checks(estimators, *, expected_failed_checks=None):
    """Parametrize a pytest test with estimators and the checks that apply to them.

    Parameters
    ----------
    estimators : list of estimator instances
        Estimators of documents.

    expected_failed_checks : callable or None, default=None
        Function from an estimator to a dict of the checks that it is expected to fail: the reason
        by name of the check. These are marked with `pytest.mark.xfail`.

    Returns
    -------
    decorator : pytest.mark.parametrize
        Decorator for a test function with the arguments `estimator` and `check`.

    See Also
    --------
    check_text_estimator : Run the checks of one estimator without pytest.
    sklearn.utils.estimator_checks.parametrize_with_checks : The same with tables of numbers.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import TfidfVectorizer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_rnn.utils.estimator_checks import parametrize_with_text_checks
    >>> @parametrize_with_text_checks([make_pipeline(TfidfVectorizer(), LogisticRegression())])
    ... def test_conventions(estimator, check):
    ...     check(estimator)
    """
    import pytest

    pairs = []
    for estimator in estimators:
        expected = expected_failed_checks(estimator) if expected_failed_checks else None
        pairs += text_estimator_checks_generator(
            estimator, expected_failed_checks=expected, mark="xfail"
        )
    return pytest.mark.parametrize(("estimator", "check"), pairs, ids=_make_id)


@validate_params(
    {
        "expected_failed_checks": [dict, None],
        "on_skip": [StrOptions({"warn"}), None],
        "on_fail": [StrOptions({"raise", "warn"}), None],
        "callback": [callable, None],
    },
    prefer_skip_nested_validation=False,
)
def check_text_estimator(
    estimator, *, expected_failed_checks=None, on_skip="warn", on_fail="raise", callback=None
):
    """Check that an estimator of text follows the conventions of scikit-learn.

    Parameters
    ----------
    estimator : estimator instance
        An estimator of documents, fitted or not. Each check clones it.

    expected_failed_checks : dict of str to str or None, default=None
        Checks that are expected to fail: the reason by name of the check.

    on_skip : "warn" or None, default="warn"
        Whether to warn about a check that cannot run, for example because pandas is missing.

    on_fail : {"raise", "warn"} or None, default="raise"
        What to do when a check fails that is not expected to fail: raise its error, warn, or
        nothing. With "warn" and None, all checks run, and the results tell which failed.

    callback : callable or None, default=None
        Function called with each result, as keyword arguments. Must be None if
        ``on_fail="raise"``.

    Returns
    -------
    results : list of dict
        A result for each check, with the keys "estimator", "check_name", "exception", "status",
        "expected_to_fail" and "expected_to_fail_reason". The status is one of "passed", "failed",
        "xfail" and "skipped".

    Raises
    ------
    Exception
        The error of the first check that fails, if ``on_fail="raise"``.

    See Also
    --------
    parametrize_with_text_checks : Run the checks with pytest.
    sklearn.utils.estimator_checks.check_estimator : The same with tables of numbers.

    Examples
    --------
    >>> from sklearn_rnn import SequenceVectorizer
    >>> from sklearn_rnn.utils.estimator_checks import check_text_estimator
    >>> results = check_text_estimator(SequenceVectorizer())
    >>> {result["status"] for result in results}
    {'passed'}
    """
    if on_fail == "raise" and callback is not None:
        raise ValueError("callback cannot be provided together with on_fail='raise'")
    expected = expected_failed_checks or {}
    results = []
    for _, check in text_estimator_checks_generator(estimator):
        name = check.func.__name__
        status = "passed"
        error: Exception | None = None
        try:
            check(estimator)
        except SkipTest as exc:
            status, error = "skipped", exc
            if on_skip == "warn":
                warnings.warn(f"Skipping {name}: {exc}", SkipTestWarning, stacklevel=2)
        except Exception as exc:
            if on_fail == "raise" and name not in expected:
                raise
            status, error = "xfail" if name in expected else "failed", exc
        result = {
            "estimator": estimator,
            "check_name": name,
            "exception": error,
            "status": status,
            "expected_to_fail": name in expected,
            "expected_to_fail_reason": expected.get(name, "Check is not expected to fail"),
        }
        if status == "failed" and on_fail == "warn":
            warnings.warn(EstimatorCheckFailedWarning(**result), stacklevel=2)
        results.append(result)
        if callback is not None:
            callback(**result)
    return results


def _refuse_class(estimator):
    if isinstance(estimator, type):
        raise TypeError(f"Pass an instance instead of the class {estimator.__name__}.")


def _skip(reason, estimator):
    raise SkipTest(reason)


def _make_id(value):
    """Return the name of a check, or the estimator as it would be written."""
    return value.func.__name__ if isinstance(value, partial) else " ".join(repr(value).split())
