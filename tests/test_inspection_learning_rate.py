import matplotlib as mpl
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from skorch.callbacks import Callback

from sklearn_rnn import (
    RNNLanguageModel,
    RNNTextClassifier,
    RNNTextRegressor,
    RNNTokenClassifier,
    RNNTranslator,
    SequenceVectorizer,
)
from sklearn_rnn.datasets import make_word_order
from sklearn_rnn.exceptions import FitInterruptedWarning
from sklearn_rnn.inspection import LearningRateDisplay
from sklearn_rnn.inspection._learning_rate_display import RisingRate

mpl.use("Agg")

X, Y = make_word_order(60, max_length=12, random_state=0)
SMALL = {"embedding_dim": 6, "hidden_size": 5, "random_state": 0}


def make_classifier(**params):
    return RNNTextClassifier(**{**SMALL, **params})


class RatesOfGroups(Callback):
    """Note the rates of a training."""

    rates = []

    def on_batch_end(self, net, **kwargs):
        self.rates.append([group["lr"] for group in net.optimizer_.param_groups])


def test_the_rate_rises_by_the_same_factor():
    display = LearningRateDisplay.from_estimator(
        make_classifier(), X, Y, min_lr=1e-4, max_lr=1e-2, n_steps=9
    )
    assert display.rates[0] == pytest.approx(1e-4)
    assert display.rates[-1] == pytest.approx(1e-2)
    np.testing.assert_allclose(np.diff(np.log(display.rates)), np.log(100) / 8)
    assert len(display.losses) == 9


def test_the_losses_are_those_of_a_training_at_these_rates():
    """The first one is that of the initial weights, and rates too small to matter change none."""
    clf = make_classifier(dropout=0.0, word_dropout=0.0, wide_weight=0, batch_size=60)
    display = LearningRateDisplay.from_estimator(clf, X, Y, min_lr=1e-12, max_lr=1e-11, n_steps=4)
    clf.set_params(max_epochs=1).fit(X, Y)
    np.testing.assert_allclose(display.losses, clf.loss_curve_[0], rtol=1e-5)


def test_groups_of_parameters_keep_the_ratio_of_their_rates():
    rising, noted = RisingRate(np.array([1e-3, 2e-3, 4e-3]), 2e-3), RatesOfGroups()
    clf = make_classifier(
        lr=2e-3, lr_schedule="constant", callbacks=[noted, rising], batch_size=20, max_epochs=2
    )
    with pytest.warns(FitInterruptedWarning):
        clf.fit(X, Y)
    rates = np.array(noted.rates)
    assert rates.shape[1] > 1
    np.testing.assert_allclose(rates / rates[:, :1], np.tile(rates[0] / rates[0, 0], (3, 1)))
    np.testing.assert_allclose(rates[:, -1], [1e-3, 2e-3, 4e-3])


@pytest.mark.parametrize("fitted", [False, True])
def test_the_estimator_is_left_as_it_was(fitted):
    class Broken(Callback):
        def on_train_begin(self, net, **kwargs):
            raise AssertionError("the callbacks of the user are not called")

    clf = make_classifier(random_state=np.random.RandomState(3), max_epochs=1, early_stopping=True)
    if fitted:
        clf.fit(X, Y)
    clf.set_params(callbacks=[Broken()])
    before, state = dict(vars(clf)), clf.random_state.get_state()[1].tolist()
    LearningRateDisplay.from_estimator(clf, X, Y, n_steps=3)
    assert vars(clf) == before
    assert clf.random_state.get_state()[1].tolist() == state


def test_training_ends_once_the_loss_diverges():
    clf = make_classifier(clip_grad_norm=None, optimizer="sgd", wide_weight=0)
    display = LearningRateDisplay.from_estimator(clf, X, Y, min_lr=1e-2, max_lr=1e6, n_steps=60)
    assert 2 <= len(display.losses) < 60
    assert np.isfinite(display.losses).all()
    assert display.losses[-1] > 4 * display.losses.min()
    assert display.losses[-1] > display.losses[0]


@pytest.mark.parametrize(
    ("estimator", "data"),
    [
        (RNNTextRegressor, (X, np.arange(60.0))),
        (RNNLanguageModel, (X,)),
        (RNNTokenClassifier, ([x.split() for x in X], [["O"] * len(x.split()) for x in X])),
        (RNNTranslator, (X, X)),
    ],
)
def test_all_estimators_have_a_curve(estimator, data):
    if estimator is RNNTokenClassifier:
        data = (data[0], [["B", *tags[1:]] for tags in data[1]])
    display = LearningRateDisplay.from_estimator(estimator(**SMALL), *data, n_steps=4)
    assert display.losses.shape == (4,)


def test_a_pipeline_has_the_curve_of_its_last_step():
    pipeline = make_pipeline(SequenceVectorizer(), make_classifier())
    alone = LearningRateDisplay.from_estimator(
        make_classifier(), SequenceVectorizer().fit_transform(X), Y, n_steps=4
    )
    display = LearningRateDisplay.from_estimator(pipeline, X, Y, n_steps=4)
    np.testing.assert_array_equal(display.losses, alone.losses)


def test_the_suggestion_is_a_tenth_of_the_rate_of_the_lowest_loss():
    rates = np.geomspace(1e-4, 1, 41)
    losses = (np.log10(rates) + 1.5) ** 2
    losses[3] = -1.0  # a single step, that smoothing does not follow
    display = LearningRateDisplay(rates=rates, losses=losses)
    lowest = rates[np.argmin(display.smoothed_losses_)]
    assert display.suggested_lr_ == pytest.approx(lowest / 10)
    assert lowest == pytest.approx(10**-1.5, rel=0.2)


def test_smoothed_losses_are_means_of_neighbours():
    losses = np.arange(40.0) ** 2
    smoothed = LearningRateDisplay(rates=np.geomspace(1e-4, 1, 40), losses=losses).smoothed_losses_
    expected = [losses[max(0, i - 2) : i + 3].mean() for i in range(40)]
    np.testing.assert_allclose(smoothed, expected)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"min_lr": 0.1, "max_lr": 0.1}, "'min_lr' must be above 0 and below 'max_lr'"),
        ({"min_lr": 0.0}, "Got 0.0 and 1.0"),
        ({"n_steps": 1}, "'n_steps' must be 2 or more. Got 1"),
    ],
)
def test_wrong_parameters_are_refused(params, message):
    with pytest.raises(ValueError, match=message):
        LearningRateDisplay.from_estimator(make_classifier(), X, Y, **params)


@pytest.mark.parametrize("estimator", [LogisticRegression(), RNNTextClassifier])
def test_other_estimators_are_refused(estimator):
    with pytest.raises(TypeError):
        LearningRateDisplay.from_estimator(estimator, X, Y)
