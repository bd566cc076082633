"""RNNTextRegressor, on the grades of reviews and the lengths of tweets."""

import inspect
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import is_regressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error, mean_pinball_loss, r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils import get_tags
from weights import have_same_weights

from sklearn_rnn import RNNTextRegressor, SequenceVectorizer
from sklearn_rnn._sklearn_compat import InvalidParameterError
from sklearn_rnn._targets.numbers import NUMBER_LOSSES
from sklearn_rnn.datasets import load_drug_reviews, load_tweet_sentiment

REVIEWS, RATINGS = (values[:200] for values in load_drug_reviews(return_X_y=True, as_frame=False))
GRADE_OF = {"negative": 1.0, "neutral": 2.0, "positive": 3.0}
GRADES = np.array([GRADE_OF[label] for label in RATINGS])
TWEETS = load_tweet_sentiment(return_X_y=True, as_frame=False)[0][::150]
N_CHARACTERS = np.array([float(len(text)) for text in TWEETS])


def make_regressor(**params):
    small = {"embedding_dim": 5, "hidden_size": 4, "max_epochs": 2, "lr": 0.01, "random_state": 0}
    return RNNTextRegressor(**{**small, **params})


@pytest.fixture(scope="module")
def fitted():
    return make_regressor().fit(TWEETS, N_CHARACTERS)


def test_predictions_are_in_the_unit_of_y(fitted):
    predicted = fitted.predict(TWEETS)
    assert predicted.shape == N_CHARACTERS.shape
    assert predicted.dtype == np.float64
    assert abs(predicted.mean() - N_CHARACTERS.mean()) < N_CHARACTERS.std()
    assert fitted.score(TWEETS, N_CHARACTERS) == r2_score(N_CHARACTERS, predicted)


@pytest.mark.parametrize("loss", [loss for loss in NUMBER_LOSSES if loss != "poisson"])
def test_unit_and_zero_of_y_do_not_matter(loss):
    first = make_regressor(loss=loss).fit(TWEETS, N_CHARACTERS)
    second = make_regressor(loss=loss).fit(TWEETS, 2.0**10 * (N_CHARACTERS - 64))
    assert have_same_weights(first, second)
    expected = 2.0**10 * (first.predict(TWEETS) - 64)
    np.testing.assert_allclose(second.predict(TWEETS), expected, rtol=1e-10)


def test_unit_of_counts_does_not_matter():
    first = make_regressor(loss="poisson").fit(TWEETS, N_CHARACTERS)
    second = make_regressor(loss="poisson").fit(TWEETS, 2.0**-10 * N_CHARACTERS)
    np.testing.assert_allclose(second.predict(TWEETS), 2.0**-10 * first.predict(TWEETS))
    assert (first.predict(TWEETS) > 0).all()


def test_grades_of_new_reviews():
    X_test, y_test = load_drug_reviews(subset="test", return_X_y=True, as_frame=False)
    y_test = np.array([GRADE_OF[label] for label in y_test])
    reg = RNNTextRegressor(embedding_dim=20, hidden_size=10, random_state=0)
    score = reg.fit(REVIEWS, GRADES).score(X_test, y_test)
    linear = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), Ridge())
    assert score > linear.fit(REVIEWS, GRADES).score(X_test, y_test) - 0.02
    assert score > 0.05


@pytest.mark.parametrize("loss", NUMBER_LOSSES)
def test_loss_falls(loss):
    reg = make_regressor(loss=loss, max_epochs=8).fit(TWEETS, N_CHARACTERS)
    assert reg.loss_curve_[-1] < reg.loss_curve_[0]
    constant = mean_absolute_error(N_CHARACTERS, np.full_like(N_CHARACTERS, 78))
    assert mean_absolute_error(N_CHARACTERS, reg.predict(TWEETS)) < constant


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_quantile_lies_above_its_share(quantile):
    # The text says nothing here, so all that can be learned is the quantile of all.
    y = np.random.default_rng(0).exponential(size=120)
    X = ["a film about nothing"] * 120
    params = {"lr": 1e-3, "loss": "quantile", "quantile": quantile, "max_epochs": 5}
    predicted = make_regressor(**params).fit(X, y).predict(X[:1])
    assert np.mean(y <= predicted) == pytest.approx(quantile, abs=0.07)
    best = mean_pinball_loss(y, np.full(120, np.quantile(y, quantile)), alpha=quantile)
    assert mean_pinball_loss(y, np.full(120, predicted[0]), alpha=quantile) < 1.05 * best


def test_robust_losses_are_moved_less_by_outliers():
    y = np.where(np.arange(len(TWEETS)) % 12 == 0, 1e5, N_CHARACTERS)
    usual = y < 1e5
    errors = {
        loss: mean_absolute_error(
            y[usual], make_regressor(loss=loss, max_epochs=4).fit(TWEETS, y).predict(TWEETS[usual])
        )
        for loss in ("squared_error", "huber", "absolute_error")
    }
    assert errors["absolute_error"] < 0.5 * errors["squared_error"]
    assert errors["huber"] < 0.9 * errors["squared_error"]


def test_huber_goes_from_absolute_to_squared_error():
    wide, narrow, square = (
        make_regressor(loss="huber", epsilon=1e6),
        make_regressor(loss="huber", epsilon=1e-3),
        make_regressor(loss="huber"),
    )
    curves = [reg.fit(TWEETS, N_CHARACTERS).loss_curve_[0] for reg in (wide, narrow, square)]
    assert curves[1] < 2e-3 * curves[0]
    assert curves[1] < curves[2] < curves[0]


# Several outputs


def test_columns_of_y():
    y = np.c_[N_CHARACTERS, -1000 * N_CHARACTERS]
    reg = make_regressor().fit(TWEETS, pd.DataFrame(y))
    assert reg.y_scale_.shape == reg.y_offset_.shape == (2,)
    predicted = reg.predict(TWEETS)
    assert predicted.shape == y.shape
    assert r2_score(y, predicted) == reg.score(TWEETS, y)
    np.testing.assert_allclose(reg.y_scale_, y.std(axis=0))
    assert get_tags(reg).target_tags.multi_output


def test_one_column_stays_one_column(fitted):
    reg = make_regressor().fit(TWEETS, N_CHARACTERS[:, None])
    np.testing.assert_array_equal(reg.predict(TWEETS), fitted.predict(TWEETS)[:, None])


# In the tools of scikit-learn


def test_pipeline_search_and_cross_validation():
    model = make_pipeline(SequenceVectorizer(), make_regressor(max_epochs=1))
    scores = cross_val_score(model, TWEETS, N_CHARACTERS, cv=2, scoring="neg_mean_absolute_error")
    assert (scores < 0).all()
    grid = {"rnntextregressor__loss": ["squared_error", "huber"]}
    search = GridSearchCV(model, grid, cv=2).fit(TWEETS, N_CHARACTERS)
    assert search.predict(TWEETS).shape == N_CHARACTERS.shape


def test_pickle(fitted):
    loaded = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(loaded.predict(TWEETS), fitted.predict(TWEETS))


def test_params_set_after_fit_change_no_prediction():
    reg = make_regressor(loss="poisson").fit(TWEETS, N_CHARACTERS)
    expected = reg.predict(TWEETS)
    np.testing.assert_array_equal(reg.set_params(loss="huber").predict(TWEETS), expected)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_number_of_jobs_does_not_matter(n_jobs):
    reg = make_regressor(n_jobs=n_jobs).fit(REVIEWS[:60], GRADES[:60])
    assert have_same_weights(reg, make_regressor().fit(REVIEWS[:60], GRADES[:60]))


def test_tags():
    assert is_regressor(RNNTextRegressor())
    assert get_tags(RNNTextRegressor()).target_tags.required


def test_constraints_are_those_of_the_arguments():
    arguments = inspect.signature(RNNTextRegressor).parameters
    assert RNNTextRegressor._parameter_constraints.keys() == arguments.keys()


# Stability


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
@pytest.mark.parametrize("lr", [2e-3, 2e-2])
def test_equal_documents_do_not_make_training_diverge(loss, lr):
    X = ["a good film and story"] * 45 + ["a bad film and story"] * 45
    y = np.repeat([8.0, 2.0], 45)
    predicted = make_regressor(loss=loss, lr=lr, max_epochs=20).fit(X, y).predict(X)
    np.testing.assert_allclose(predicted, y, atol=2.5)


@pytest.mark.parametrize("loss", NUMBER_LOSSES)
def test_heavy_tails_stay_finite(loss):
    y = np.exp(3 * np.random.default_rng(0).standard_normal(len(TWEETS)))
    assert np.isfinite(make_regressor(loss=loss, lr=0.05).fit(TWEETS, y).predict(TWEETS)).all()


def test_constant_y_is_predicted():
    reg = make_regressor(max_epochs=5, lr=1e-3).fit(TWEETS, np.full(len(TWEETS), 7.0))
    np.testing.assert_allclose(reg.predict(TWEETS), 7.0, atol=0.5)
    assert reg.y_scale_ == 1


# Refused


@pytest.mark.parametrize(
    ("y", "params", "match"),
    [
        (None, {}, "requires y to be passed, but the target y is None"),
        (-N_CHARACTERS, {"loss": "poisson"}, "'poisson' requires y that is not negative. Got -"),
        (0 * N_CHARACTERS, {"loss": "poisson"}, "a mean above 0"),
        (np.where(N_CHARACTERS > 100, np.nan, 1), {}, "Input y contains NaN"),
        (np.where(N_CHARACTERS > 100, np.inf, 1), {}, "Input y contains infinity"),
        (TWEETS, {}, "could not convert string to float"),
        (N_CHARACTERS[:-1], {}, "inconsistent numbers of samples"),
    ],
)
def test_y_that_is_refused(y, params, match):
    with pytest.raises(ValueError, match=match):
        make_regressor(**params).fit(TWEETS, y)


@pytest.mark.parametrize(
    ("name", "value"), [("loss", "hinge"), ("quantile", 1.1), ("epsilon", 0.0), ("scoring", "r3")]
)
def test_parameters_that_are_refused(name, value):
    with pytest.raises(InvalidParameterError, match=f"'{name}' parameter of RNNTextRegressor"):
        make_regressor(**{name: value}).fit(TWEETS, N_CHARACTERS)


@pytest.mark.parametrize("loss", [loss for loss in NUMBER_LOSSES if loss != "poisson"])
@pytest.mark.parametrize("unit", [1e-300, 1e-170, 1e-160, 1e160, 1e200, 1e300])
def test_numbers_of_any_size_are_learned_in_their_unit(loss, unit):
    X, y = ["good", "bad"] * 20, np.array([3.0, 1.0] * 20)
    params = {"loss": loss, "max_epochs": 3}
    expected = make_regressor(**params).fit(X, y).predict(X[:2])
    predicted = make_regressor(**params).fit(X, y * unit).predict(X[:2])
    np.testing.assert_allclose(predicted / unit, expected, rtol=1e-4)


@pytest.mark.parametrize("unit", [1e308, 5e-320])
def test_numbers_that_leave_float64_on_the_way_are_refused(unit):
    with pytest.raises(ValueError, match="another unit"):
        make_regressor().fit(["good", "bad", "so so"] * 20, np.array([1.5, -1.5, 1.0] * 20) * unit)


def test_numbers_of_a_chunk_in_another_unit_are_refused():
    reg = make_regressor().partial_fit(["good", "bad"], [3.0, 1.0])
    before = reg.predict(["good"])
    with pytest.raises(ValueError, match="same unit"):
        reg.partial_fit(["good", "bad"], [3e200, 1e200])
    assert reg.predict(["good"]) == before
