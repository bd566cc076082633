"""The suite for estimators of text: it passes good ones and finds each fault of the broken."""

import warnings
from unittest import SkipTest

import pytest
from broken_estimators import BROKEN
from sklearn.cluster import KMeans
from sklearn.exceptions import EstimatorCheckFailedWarning, SkipTestWarning
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.pipeline import make_pipeline
from word_estimators import WordClassifier, WordClusterer, WordRegressor, WordVectorizer

from sklearn_rnn.utils._checks._registry import _CHECKS
from sklearn_rnn.utils.estimator_checks import (
    check_text_estimator,
    parametrize_with_text_checks,
    text_estimator_checks_generator,
)

GOOD = [WordClassifier(), WordRegressor(), WordVectorizer(), WordClusterer()]
FOREIGN = [
    CountVectorizer(),
    TfidfVectorizer(),
    HashingVectorizer(n_features=32),
    make_pipeline(TfidfVectorizer(), LogisticRegression()),
    make_pipeline(TfidfVectorizer(), Ridge()),
    make_pipeline(TfidfVectorizer(), KMeans(2, n_init=1)),
]

NAMES = {check.__name__: check for check, _ in _CHECKS}


def failures_of_sklearn(estimator):
    """Return the checks that scikit-learn's estimators of text do not pass, and why."""
    failures = dict.fromkeys(
        [
            "check_none_document",
            "check_nan_document",
            "check_number_document",
            "check_list_document",
            "check_two_columns",
        ],
        "raises AttributeError, or takes what is no text",
    )
    if isinstance(estimator, HashingVectorizer):
        failures["check_no_documents_in_methods"] = "raises StopIteration"
        failures["check_methods_leave_estimator_alone"] = "keeps the hasher"
    elif type(estimator) is not CountVectorizer:
        failures["check_refused_fit_changes_nothing"] = "makes the idf anew first"
    return failures


@parametrize_with_text_checks(GOOD)
def test_good_estimators_pass(estimator, check):
    check(estimator)


@parametrize_with_text_checks(FOREIGN, expected_failed_checks=failures_of_sklearn)
def test_estimators_of_sklearn(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as KMeans does of equal documents
        check(estimator)


@pytest.mark.parametrize(
    ("check", "estimator"),
    BROKEN,
    ids=[f"{check}-{type(estimator).__name__}" for check, estimator in BROKEN],
)
def test_every_fault_is_found(check, estimator):
    try:
        NAMES[check](type(estimator).__name__, estimator)
    except SkipTest as exc:
        pytest.fail(f"skipped: {exc}")
    except Exception:
        return
    pytest.fail(f"{check} does not find the fault of {type(estimator).__name__}")


def test_every_check_can_fail():
    assert set(NAMES) == {check for check, _ in BROKEN}


def test_there_are_checks_of_every_kind():
    assert len(NAMES) >= 60
    kinds = [{check for _, check in named(estimator)} for estimator in GOOD]
    for names in kinds:
        assert names - set.union(*(other for other in kinds if other is not names))
    assert set.union(*kinds) == set(NAMES)


def named(estimator):
    return [(e, check.func.__name__) for e, check in text_estimator_checks_generator(estimator)]


def test_checks_leave_the_estimator_alone():
    estimator = WordVectorizer(alpha=2.0)
    check_text_estimator(estimator)
    assert vars(estimator) == vars(WordVectorizer(alpha=2.0))


def without_text_tag():
    return next(estimator for check, estimator in BROKEN if check == "check_text_tag")


def test_failure_is_raised():
    with pytest.raises(AssertionError, match=r"must set tags.input_tags.string"):
        check_text_estimator(without_text_tag())


def test_failures_are_returned_and_told():
    told = []
    results = check_text_estimator(
        without_text_tag(), on_fail=None, callback=lambda **result: told.append(result)
    )
    assert told == results
    failed = [result["check_name"] for result in results if result["status"] == "failed"]
    assert failed == ["check_text_tag"]
    assert isinstance(results[0]["exception"], AssertionError)


def test_failures_are_warned_of():
    with pytest.warns(EstimatorCheckFailedWarning, match="check_text_tag"):
        check_text_estimator(without_text_tag(), on_fail="warn")


def test_expected_failures():
    reasons = {"check_text_tag": "known"}
    first, *others = check_text_estimator(without_text_tag(), expected_failed_checks=reasons)
    assert (first["status"], first["expected_to_fail_reason"]) == ("xfail", "known")
    assert {result["status"] for result in others} == {"passed"}
    estimator, check = next(
        text_estimator_checks_generator(
            without_text_tag(), expected_failed_checks=reasons, mark="skip"
        )
    )
    with pytest.raises(SkipTest, match="known"):
        check(estimator)


def test_skipped_checks_are_warned_of():
    with pytest.warns(SkipTestWarning, match="has no set_output"):
        check_text_estimator(CountVectorizer(), on_fail=None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_text_estimator(CountVectorizer(), on_fail=None, on_skip=None)


def test_wrong_arguments():
    with pytest.raises(TypeError, match="instance instead of the class WordVectorizer"):
        check_text_estimator(WordVectorizer)
    with pytest.raises(ValueError, match="callback cannot be provided"):
        check_text_estimator(WordVectorizer(), callback=print)
    with pytest.raises(ValueError, match="'on_fail' parameter of check_text_estimator"):
        check_text_estimator(WordVectorizer(), on_fail="print")


@pytest.mark.parametrize("check", ["check_fit_is_idempotent", "check_joblib_memory_map"])
def test_a_warm_start_is_switched_off_where_fit_must_start_over(check):
    clf = SGDClassifier(warm_start=True, random_state=0, max_iter=2, tol=None)
    NAMES[check]("Pipeline", make_pipeline(TfidfVectorizer(), clf))
