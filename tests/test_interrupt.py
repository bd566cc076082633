import pickle
import signal
import subprocess
import sys
import warnings
from functools import partial

import joblib
import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError
from skorch.callbacks import Callback, EarlyStopping
from weights import copy_weights, have_same_weights, same_weights

from sklearn_rnn import RNNTextClassifier, SequenceVectorizer
from sklearn_rnn.datasets import load_drug_reviews, load_tweet_sentiment
from sklearn_rnn.exceptions import FitInterruptedWarning

TWEETS, SENTIMENTS = (
    values[::200] for values in load_tweet_sentiment(return_X_y=True, as_frame=False)
)
REVIEWS, RATINGS = (values[:30] for values in load_drug_reviews(return_X_y=True, as_frame=False))

HOOKS_BEFORE_THE_FIRST_STEP = [
    "on_train_begin",
    "on_epoch_begin",
    "on_batch_begin",
    "on_grad_computed",
]


class Raise(Callback):
    """Raise an error at the n-th call of a hook in training, and note the weights then."""

    def __init__(self, error, hook="on_batch_end", call=1):
        self.error = error
        self.hook = hook
        self.call = call

    def initialize(self):
        self.n_calls_ = 0
        return self

    def _count(self, net, hook):
        if hook != self.hook:
            return
        self.n_calls_ += 1
        if self.n_calls_ == self.call:
            self.weights_ = copy_weights(net.module_)
            raise self.error

    def on_train_begin(self, net, **kwargs):
        self._count(net, "on_train_begin")

    def on_epoch_begin(self, net, **kwargs):
        self._count(net, "on_epoch_begin")

    def on_batch_begin(self, net, training=None, **kwargs):
        if training:
            self._count(net, "on_batch_begin")

    def on_grad_computed(self, net, **kwargs):
        self._count(net, "on_grad_computed")

    def on_batch_end(self, net, training=None, **kwargs):
        if training:
            self._count(net, "on_batch_end")

    def on_epoch_end(self, net, **kwargs):
        self._count(net, "on_epoch_end")


class EpochWeights(Callback):
    """Keep the weights at the end of each epoch."""

    def initialize(self):
        self.weights_ = []
        return self

    def on_epoch_end(self, net, **kwargs):
        self.weights_.append(copy_weights(net.module_))


def make_classifier(**params):
    small = {
        "embedding_dim": 5,
        "hidden_size": 4,
        "batch_size": 16,
        "max_epochs": 4,
        "random_state": 0,
    }
    return RNNTextClassifier(**{**small, **params})


def raise_at_call(call, error, document):
    """Split a document into words, but raise an error once."""
    raise_at_call.calls += 1
    if raise_at_call.calls == call:
        raise error
    return document.split()


N_BATCHES = -(-len(TWEETS) // 16)


# Interrupted from the keyboard


@pytest.mark.parametrize("call", [1, 2, N_BATCHES, N_BATCHES + 2])
def test_interrupted_fit_keeps_the_weights_that_it_had_reached(call):
    stop = Raise(KeyboardInterrupt, call=call)
    clf = make_classifier(callbacks=[stop])
    with pytest.warns(FitInterruptedWarning, match="RNNTextClassifier was interrupted in epoch"):
        assert clf.fit(TWEETS, SENTIMENTS) is clf
    assert same_weights(copy_weights(clf.module_), stop.weights_)
    proba = clf.predict_proba(TWEETS)
    assert proba.shape == (len(TWEETS), 3)
    np.testing.assert_array_equal(clf.predict(TWEETS), clf.classes_[proba.argmax(axis=1)])


@pytest.mark.parametrize("epoch", [1, 3])
def test_warning_names_the_epoch(epoch):
    stop = Raise(KeyboardInterrupt, call=N_BATCHES * (epoch - 1) + 2)
    with pytest.warns(FitInterruptedWarning, match=f"in epoch {epoch} of 4"):
        clf = make_classifier(callbacks=[stop]).fit(TWEETS, SENTIMENTS)
    assert clf.n_iter_ == len(clf.loss_curve_) == epoch - 1


def test_warning_points_to_the_line_that_called_fit():
    clf = make_classifier(callbacks=[Raise(KeyboardInterrupt)])
    with pytest.warns(FitInterruptedWarning) as record:
        clf.fit(TWEETS, SENTIMENTS)
    assert [warning.filename for warning in record] == [__file__]


@pytest.mark.parametrize(("hook", "call"), [("on_batch_end", 4 * 5 - 2), ("on_epoch_end", 3)])
def test_interrupted_fit_with_early_stopping_keeps_the_best_validated_weights(hook, call):
    for random_state in range(20):
        epochs, stop = EpochWeights(), Raise(KeyboardInterrupt, hook, call)
        clf = make_classifier(
            early_stopping=True,
            validation_fraction=0.2,
            lr=0.1,
            callbacks=[epochs, stop],
            random_state=random_state,
        )
        with pytest.warns(FitInterruptedWarning):
            clf.fit(TWEETS, SENTIMENTS)
        assert len(clf.validation_scores_) == len(epochs.weights_) == clf.n_iter_ == 3
        best = np.argmax(clf.validation_scores_)
        if best < 2:
            break
    else:
        pytest.fail("no fit whose last epoch is not the best")
    assert same_weights(copy_weights(clf.module_), epochs.weights_[best])
    assert not same_weights(epochs.weights_[best], stop.weights_)
    assert clf.best_validation_score_ == clf.validation_scores_[best]


def test_interrupted_before_the_first_validation():
    stop = Raise(KeyboardInterrupt, call=2)
    clf = make_classifier(early_stopping=True, callbacks=[stop])
    with pytest.warns(FitInterruptedWarning, match="in epoch 1 of 4"):
        clf.fit(TWEETS, SENTIMENTS)
    assert same_weights(copy_weights(clf.module_), stop.weights_)
    assert clf.validation_scores_ == []
    assert clf.best_validation_score_ is None


def test_second_fit_starts_anew():
    clf = make_classifier(callbacks=[Raise(KeyboardInterrupt, call=N_BATCHES + 1)])
    with pytest.warns(FitInterruptedWarning):
        clf.fit(TWEETS, SENTIMENTS)
    clf.set_params(callbacks=None).fit(TWEETS, SENTIMENTS)
    whole = make_classifier().fit(TWEETS, SENTIMENTS)
    assert have_same_weights(clf, whole)
    assert clf.loss_curve_ == whole.loss_curve_
    assert clf.n_iter_ == whole.n_iter_ == 4


def test_interrupted_fit_replaces_an_earlier_one():
    clf = make_classifier().fit(REVIEWS, RATINGS == "positive")
    clf.set_params(callbacks=[Raise(KeyboardInterrupt, call=3)])
    with pytest.warns(FitInterruptedWarning):
        clf.fit(TWEETS, SENTIMENTS)
    assert clf.classes_.tolist() == ["negative", "neutral", "positive"]
    assert clf.vectorizer_.vocabulary_ == SequenceVectorizer().fit(TWEETS).vocabulary_


def test_interrupted_estimator_pickles():
    clf = make_classifier(callbacks=[Raise(KeyboardInterrupt, call=3)])
    with pytest.warns(FitInterruptedWarning):
        clf.fit(TWEETS, SENTIMENTS)
    loaded = pickle.loads(pickle.dumps(clf))
    np.testing.assert_array_equal(loaded.predict_proba(TWEETS), clf.predict_proba(TWEETS))


def test_interruption_can_be_made_an_error():
    clf = make_classifier().fit(REVIEWS, RATINGS)
    before = dict(vars(clf))
    clf.set_params(callbacks=[Raise(KeyboardInterrupt, call=3)])
    with warnings.catch_warnings():
        warnings.simplefilter("error", category=FitInterruptedWarning)
        with pytest.raises(FitInterruptedWarning, match="interrupted in epoch 1 of 4"):
            clf.fit(TWEETS, SENTIMENTS)
    assert vars(clf.set_params(callbacks=None)) == before


def test_training_that_a_callback_ends_was_not_interrupted():
    """An early stopping of skorch ends training as a key does: by a KeyboardInterrupt."""
    # A loss below -10 does not come, so that the first epoch is followed by one more.
    stopper = EarlyStopping("train_loss", patience=1, threshold=10.0, threshold_mode="abs")
    clf = make_classifier(callbacks=[stopper])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clf.fit(TWEETS, SENTIMENTS)
    assert clf.n_iter_ == 2


def test_progress_bar_is_closed(capfd):
    clf = make_classifier(verbose=1, callbacks=[Raise(KeyboardInterrupt, call=3)])
    with pytest.warns(FitInterruptedWarning):
        clf.fit(TWEETS, SENTIMENTS)
    assert capfd.readouterr().err.endswith("\n")


SCRIPT = """
import signal
import sys

import joblib
from skorch.callbacks import Callback

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn.datasets import load_tweet_sentiment


class SayWhenTraining(Callback):
    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == 3:
            print("training", flush=True)


# A process started in the background may ignore the signal.
signal.signal(signal.SIGINT, signal.default_int_handler)
X, y = load_tweet_sentiment(return_X_y=True, as_frame=False)
clf = RNNTextClassifier(
    embedding_dim=5, hidden_size=4, max_epochs=100_000, random_state=0,
    callbacks=[SayWhenTraining()],
)
clf.fit(X[::200], y[::200])
joblib.dump((clf.n_iter_, clf.predict_proba(X[::200])), sys.argv[1])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, tmp_path / "result.joblib"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == "training\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, errors
    assert "FitInterruptedWarning: Training of RNNTextClassifier was interrupted" in errors
    assert "Traceback" not in errors
    n_iter, proba = joblib.load(tmp_path / "result.joblib")
    assert 2 <= n_iter < 100_000
    assert proba.shape == (len(TWEETS), 3)
    np.testing.assert_allclose(proba.sum(axis=1), 1)


# Ended before anything was learned, or by an error


def make_failing(when):
    """Return a classifier whose fit fails, and the error that it fails by."""
    error = KeyboardInterrupt("stop") if when != "crash" else RuntimeError("crash")
    if when == "reading text":
        raise_at_call.calls = 0
        tokenizer = partial(raise_at_call, 5, error)
        vectorizer = SequenceVectorizer(tokenizer=tokenizer, token_pattern=None)
        return make_classifier(vectorizer=vectorizer), type(error)
    if when == "crash":
        return make_classifier(callbacks=[Raise(error, call=N_BATCHES + 2)]), type(error)
    return make_classifier(callbacks=[Raise(error, when)]), type(error)


WHEN = ["reading text", *HOOKS_BEFORE_THE_FIRST_STEP, "crash"]


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("when", WHEN)
def test_failed_fit_leaves_the_earlier_one(when, early_stopping):
    failing, error = make_failing(when)
    clf = make_classifier().fit(REVIEWS, RATINGS)
    learned = {name: value for name, value in vars(clf).items() if name.endswith("_")}
    weights, proba = copy_weights(clf.module_), clf.predict_proba(TWEETS)
    clf.set_params(
        callbacks=failing.callbacks, vectorizer=failing.vectorizer, early_stopping=early_stopping
    )
    with pytest.raises(error):
        clf.fit(TWEETS, SENTIMENTS)
    assert {name: value for name, value in vars(clf).items() if name.endswith("_")} == learned
    assert same_weights(copy_weights(clf.module_), weights)
    np.testing.assert_array_equal(clf.predict_proba(TWEETS), proba)
    assert set(clf.predict(REVIEWS)) <= set(RATINGS)


@pytest.mark.parametrize("when", WHEN)
def test_failed_fit_leaves_an_unfitted_estimator_unfitted(when):
    clf, error = make_failing(when)
    with pytest.raises(error):
        clf.fit(TWEETS, SENTIMENTS)
    assert vars(clf).keys() == clf.get_params(deep=False).keys()
    with pytest.raises(NotFittedError):
        clf.predict(TWEETS)


def test_fit_after_a_failed_one():
    clf, error = make_failing("crash")
    with pytest.raises(error):
        clf.fit(TWEETS, SENTIMENTS)
    clf.set_params(callbacks=None).fit(TWEETS, SENTIMENTS)
    whole = make_classifier().fit(TWEETS, SENTIMENTS)
    assert have_same_weights(clf, whole)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
@pytest.mark.filterwarnings("ignore::sklearn_rnn.exceptions.FitInterruptedWarning")
def test_state_of_torch_is_restored(error):
    n_threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        state = torch.random.get_rng_state()
        try:
            make_classifier(callbacks=[Raise(error, call=3)]).fit(TWEETS, SENTIMENTS)
        except RuntimeError:
            pass
        assert torch.equal(torch.random.get_rng_state(), state)
        assert torch.get_num_threads() == 2
        assert torch.is_grad_enabled()
    finally:
        torch.set_num_threads(n_threads)


def raise_at_entry(name):
    """Interrupt as a function of the net is entered, which is where Python looks for signals."""

    def profile(frame, event, arg):
        code = frame.f_code
        if event == "call" and code.co_name == name and code.co_filename.endswith("net.py"):
            sys.setprofile(None)
            raise KeyboardInterrupt

    sys.setprofile(profile)


@pytest.mark.parametrize("name", ["fit_loop", "partial_fit", "run_single_epoch", "train_step"])
def test_an_interrupt_between_two_callbacks_comes_out_and_leaves_no_trace(name):
    fresh, clf = (
        make_classifier(),
        make_classifier().partial_fit(TWEETS, SENTIMENTS, np.unique(SENTIMENTS)),
    )
    before, t_ = copy_weights(clf.module_), clf.t_
    for learn in (fresh.fit, clf.partial_fit):
        raise_at_entry(name)
        try:
            with pytest.raises(KeyboardInterrupt):
                learn(TWEETS, SENTIMENTS)
        finally:
            sys.setprofile(None)
    assert not hasattr(fresh, "net_")
    assert clf.t_ == t_ and same_weights(copy_weights(clf.module_), before)
