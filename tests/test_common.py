"""All estimators under the checks of scikit-learn and under our own.

scikit-learn's checks feed numbers. They run on each trained estimator twice: as token ids, and
spelled out as text.
"""

import pytest
from common_estimators import (
    CONFIGURATIONS,
    LARGER,
    SPELLED_VECTORIZERS,
    TAGGERS,
    TRAINED,
    VECTORIZERS,
    expected_failures,
    make_small,
)
from sklearn.utils.estimator_checks import check_regressors_train, parametrize_with_checks

from sklearn_rnn import RNNTextRegressor, RNNTranslator
from sklearn_rnn.utils.estimator_checks import parametrize_with_text_checks

PLAIN = [estimator for class_ in TRAINED for estimator in make_small(class_, [{}])]
SPELLED = [estimator for class_ in TRAINED.values() for estimator in make_small(class_, [{}])]
# scikit-learn's checks have no targets that are texts.
TRANSLATORS = make_small(RNNTranslator, [{}])
NUMBERS = [SPELLED_VECTORIZERS[type(each)](**each.get_params()) for each in VECTORIZERS]
CONFIGURED = [e for class_ in TRAINED for e in make_small(class_, CONFIGURATIONS)]
SPELLED_CONFIGURED = [e for class_ in TRAINED.values() for e in make_small(class_, CONFIGURATIONS)]

# scikit-learn's checks feed numbers of every kind, which are hardly token ids.
pytestmark = pytest.mark.filterwarnings("ignore:The numbers in X do not look like token ids")

over_checks_of_sklearn = {"expected_failed_checks": expected_failures}


@parametrize_with_checks([*PLAIN, *SPELLED, *NUMBERS], **over_checks_of_sklearn)
def test_checks_of_sklearn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("kinds", [{}, {"readonly_memmap": True, "X_dtype": "float32"}], ids=str)
def test_a_larger_regressor_learns_numbers(kinds):
    """The one check that the smaller ones fail; it passes all the others as a slow test."""
    (regressor,) = make_small(RNNTextRegressor, [{**LARGER, "wide_weight": 0}])
    check_regressors_train("RNNTextRegressor", regressor, **kinds)


@pytest.mark.slow
@parametrize_with_checks([*CONFIGURED, *SPELLED_CONFIGURED], **over_checks_of_sklearn)
def test_checks_of_sklearn_in_every_configuration(estimator, check):
    check(estimator)


@parametrize_with_text_checks([*PLAIN, *TAGGERS[:1], *TRANSLATORS, *VECTORIZERS])
def test_checks_of_text(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_text_checks([*CONFIGURED, *TAGGERS[1:]])
def test_checks_of_text_in_every_configuration(estimator, check):
    check(estimator)
