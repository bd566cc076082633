"""partial_fit and warm_start where y holds numbers or many labels, and of the encoder."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import learning_curve
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from skorch.callbacks import Callback
from weights import copy_weights, have_same_weights, same_weights

from sklearn_rnn import RNNTextClassifier, RNNTextEncoder, RNNTextRegressor, SequenceVectorizer
from sklearn_rnn.datasets import load_tweet_sentiment

TWEETS, SENTIMENTS = (
    values[::60] for values in load_tweet_sentiment(return_X_y=True, as_frame=False)
)
CLASSES = np.unique(SENTIMENTS)
LENGTHS = np.array([float(len(text)) for text in TWEETS])
LOG_LENGTHS = np.log(LENGTHS)
WORDS = ["@", "http", "!", "i"]
INDICATORS = np.array([[word in text.lower() for word in WORDS] for text in TWEETS], int)
IDS = SequenceVectorizer().fit_transform(TWEETS)
SMALL = {"embedding_dim": 6, "hidden_size": 4, "lr": 0.01, "random_state": 0}
CHUNKS = [slice(first, first + 60) for first in range(0, 240, 60)]


def make_regressor(**params):
    return RNNTextRegressor(**{**SMALL, **params})


def make_classifier(**params):
    return RNNTextClassifier(**{**SMALL, **params})


def make_encoder(**params):
    return RNNTextEncoder(**{**SMALL, **params})


# Whoever learns in chunks, and from what. The first chunk of a stream of labels names all of them.
STREAMS = {
    "numbers": (make_regressor, LENGTHS, {}),
    "columns of numbers": (make_regressor, np.c_[LENGTHS, -LOG_LENGTHS], {}),
    "many labels": (make_classifier, INDICATORS, {}),
    "vectors by labels": (make_encoder, SENTIMENTS, {"classes": CLASSES}),
    "vectors by many labels": (make_encoder, INDICATORS, {}),
    "vectors by numbers": (make_encoder, LOG_LENGTHS, {}),
}
every_stream = pytest.mark.parametrize(("make", "y", "first"), STREAMS.values(), ids=STREAMS)


def stream(estimator, y, first, chunks=CHUNKS, X=TWEETS):
    """Return the estimator after all chunks."""
    for chunk in chunks:
        estimator.partial_fit(X[chunk], y[chunk], **first)
        first = {}
    return estimator


class RaiseIn(Callback):
    """Raise an error after a batch, once it is armed."""

    armed = False

    def on_batch_end(self, net, training=None, **kwargs):
        if self.armed:
            self.armed = False
            raise KeyboardInterrupt


# What holds for all


@every_stream
def test_the_first_chunk_equals_an_epoch_of_fit(make, y, first):
    fitted = make(max_epochs=1, batch_size=32, lr_schedule="constant").fit(IDS, y)
    streamed = make().partial_fit(IDS, y, **first)
    assert have_same_weights(fitted, streamed)
    learned = {name for name in vars(fitted) if name.endswith("_")}
    assert {name for name in vars(streamed) if name.endswith("_")} == learned
    assert streamed.loss_curve_ == fitted.loss_curve_


@every_stream
def test_a_stream_that_was_pickled_is_resumed_to_the_bit(make, y, first):
    whole = stream(make(), y, first)
    half = stream(make(), y, first, CHUNKS[:2])
    resumed = stream(pickle.loads(pickle.dumps(half)), y, {}, CHUNKS[2:])
    assert have_same_weights(whole, resumed)
    assert (resumed.t_, resumed.loss_curve_) == (whole.t_, whole.loss_curve_)


@every_stream
def test_an_interrupted_chunk_leaves_no_trace(make, y, first):
    interrupt = RaiseIn()
    untroubled = stream(make(), y, first, CHUNKS[:2])
    estimator = stream(make(callbacks=[interrupt]), y, first, CHUNKS[:2])
    attributes = {name: value for name, value in vars(estimator).items() if name != "net_"}
    interrupt.armed = True
    with pytest.raises(KeyboardInterrupt):
        estimator.partial_fit(TWEETS[CHUNKS[2]], y[CHUNKS[2]])
    assert all(getattr(estimator, name) is value for name, value in attributes.items())
    assert have_same_weights(
        stream(estimator, y, {}, CHUNKS[2:]), stream(untroubled, y, {}, CHUNKS[2:])
    )


@every_stream
def test_chunks_go_on_from_fit_and_warm_start_goes_on_from_chunks(make, y, first):
    estimator = make(max_epochs=1, warm_start=True).fit(TWEETS[CHUNKS[0]], y[CHUNKS[0]])
    known = {
        name: vars(estimator)[name]
        for name in ("classes_", "y_scale_")
        if name in estimator.__dict__
    }
    before = copy_weights(estimator.module_)
    stream(estimator.set_params(lr=1e-9), y, {}, CHUNKS[1:2])
    after = copy_weights(estimator.module_)
    kept = [name for name in before if "encoder" in name]
    assert all(np.allclose(before[name], after[name], atol=1e-6) for name in kept)
    estimator.fit(TWEETS, y)
    assert (estimator.n_iter_, estimator.t_, len(estimator.loss_curve_)) == (
        1,
        120 + len(TWEETS),
        3,
    )
    after = copy_weights(estimator.module_)
    assert all(np.allclose(before[name], after[name], atol=1e-6) for name in kept)
    assert all(np.array_equal(vars(estimator)[name], value) for name, value in known.items())


@every_stream
def test_without_warm_start_fit_forgets_the_chunks(make, y, first):
    estimator = stream(make(max_epochs=1), y, first).fit(TWEETS[:60], y[:60])
    fresh = make(max_epochs=1).fit(TWEETS[:60], y[:60])
    assert have_same_weights(estimator, fresh)
    assert estimator.loss_curve_ == fresh.loss_curve_


# Numbers


def test_numbers_learned_in_chunks_are_about_as_good():
    """How long tweets are, which their words tell in part."""
    X, y = load_tweet_sentiment(return_X_y=True, as_frame=False)
    X, X_test = X[:1500], X[1500:2500]
    y, y_test = (np.array([float(len(text)) for text in part]) for part in (X, X_test))
    params = {"embedding_dim": 16, "hidden_size": 8, "lr": 4e-3, "random_state": 0}
    fitted = RNNTextRegressor(max_epochs=1, batch_size=32, **params).fit(X, y)
    reg = RNNTextRegressor(vectorizer=SequenceVectorizer(min_df=2), **params)
    for first in range(0, 1500, 300):
        reg.partial_fit(X[first : first + 300], y[first : first + 300])
    constant = DummyRegressor().fit(X, y).score(X_test, y_test)
    assert reg.score(X_test, y_test) > max(constant + 0.15, fitted.score(X_test, y_test) - 0.1)


def test_the_unit_of_numbers_is_that_of_the_first_chunk():
    reg = stream(make_regressor(), LENGTHS, {})
    assert reg.y_offset_ == pytest.approx(LENGTHS[:60].mean())
    assert reg.y_scale_ == pytest.approx(LENGTHS[:60].std())


@pytest.mark.parametrize("loss", ["squared_error", "quantile"])
def test_unit_and_zero_of_numbers_do_not_matter(loss):
    first = stream(make_regressor(loss=loss), LENGTHS, {})
    second = stream(make_regressor(loss=loss), 2.0**10 * (LENGTHS - 64), {})
    assert have_same_weights(first, second)
    expected = 2.0**10 * (first.predict(TWEETS) - 64)
    np.testing.assert_allclose(second.predict(TWEETS), expected, rtol=1e-10)


def test_counts_in_chunks_stay_positive():
    reg = stream(make_regressor(loss="poisson"), LENGTHS, {})
    assert (reg.predict(TWEETS) > 0).all()
    with pytest.raises(ValueError, match="y that is not negative"):
        reg.partial_fit(["short"], [-1.0])


def test_the_rate_of_the_wide_path_stays_bounded():
    """On a squared error descent diverges beyond it."""
    reg = stream(make_regressor(lr=1e-3), LENGTHS, {}, CHUNKS[:1])
    wide, deep = (group["lr"] for group in reg.net_.optimizer_.param_groups)
    assert (wide, deep) == pytest.approx((0.4, 1e-3))
    stream(reg.set_params(lr=1e-2), LENGTHS, {}, CHUNKS[1:2])
    wide, deep = (group["lr"] for group in reg.net_.optimizer_.param_groups)
    assert (wide, deep) == pytest.approx((0.8, 1e-2))


# Many labels


def test_many_labels_learned_in_chunks_are_about_as_good():
    X = load_tweet_sentiment(return_X_y=True, as_frame=False)[0]
    X, X_test = X[:1200], X[1200:2000]
    y, y_test = (
        np.array([[word in text.lower() for word in WORDS] for text in part], int)
        for part in (X, X_test)
    )
    params = {"embedding_dim": 16, "hidden_size": 8, "lr": 4e-3, "random_state": 0}
    fitted = RNNTextClassifier(max_epochs=1, batch_size=32, **params).fit(X, y)
    clf = RNNTextClassifier(vectorizer=SequenceVectorizer(min_df=2), **params)
    for first in range(0, 1200, 300):
        clf.partial_fit(X[first : first + 300], y[first : first + 300], classes=WORDS)
    score, expected = (
        f1_score(y_test, model.predict(X_test), average="micro") for model in (clf, fitted)
    )
    every_time = f1_score(y_test, np.ones_like(y_test), average="micro")
    assert score > max(every_time + 0.1, expected - 0.05)


@pytest.mark.parametrize("classes", [None, WORDS, np.arange(4), [0, 1]])
def test_classes_of_an_indicator_matrix_are_its_columns(classes):
    clf = make_classifier().partial_fit(TWEETS, INDICATORS, classes)
    assert clf.multilabel_
    np.testing.assert_array_equal(clf.classes_, np.arange(4))
    assert have_same_weights(clf, make_classifier().partial_fit(TWEETS, INDICATORS))


def test_chunks_of_an_indicator_matrix_may_be_sparse_and_lack_labels():
    clf = make_classifier().partial_fit(TWEETS[:60], sp.csr_array(INDICATORS[:60]))
    clf.partial_fit(TWEETS[60:62], [[0, 0, 0, 0], [0, 1, 0, 0]])
    assert clf.predict(TWEETS).shape == (len(TWEETS), 4)


def test_weights_of_labels_count_in_chunks():
    plain, weighted = (
        make_classifier(wide_weight=0, class_weight=weight).partial_fit(TWEETS, INDICATORS)
        for weight in (None, [{1: 5}] * 4)
    )
    rise = (weighted.predict_proba(TWEETS) - plain.predict_proba(TWEETS)).mean(axis=0)
    assert (rise > 0.02).all()


def test_learning_curve_of_many_labels():
    _, _, scores = learning_curve(
        make_classifier(),
        TWEETS,
        INDICATORS,
        train_sizes=[60, 120],
        cv=2,
        exploit_incremental_learning=True,
        scoring="f1_micro",
    )
    assert np.isfinite(scores).all()


# The encoder


def test_vectors_learned_in_chunks_tell_labels():
    X, y = (values[:1500] for values in load_tweet_sentiment(return_X_y=True, as_frame=False))
    X_test, y_test = (
        values[:800]
        for values in load_tweet_sentiment(subset="test", return_X_y=True, as_frame=False)
    )
    encoder = RNNTextEncoder(embedding_dim=16, hidden_size=8, lr=4e-3, random_state=0)
    for _ in range(3):
        for first in range(0, 1500, 500):
            encoder.partial_fit(X[first : first + 500], y[first : first + 500], CLASSES)
    logistic = LogisticRegression(max_iter=1000).fit(encoder.transform(X), y)
    most_frequent = np.unique(y_test, return_counts=True)[1].max() / len(y_test)
    assert logistic.score(encoder.transform(X_test), y_test) > most_frequent + 0.1


def test_vectors_keep_their_width():
    encoder = stream(make_encoder(), LOG_LENGTHS, {}, CHUNKS[:1])
    names = encoder.get_feature_names_out()
    stream(encoder, LOG_LENGTHS, {}, CHUNKS[1:])
    assert list(encoder.get_feature_names_out()) == list(names)
    assert encoder.transform(TWEETS).shape == (len(TWEETS), len(names))


def test_a_chunk_of_whole_numbers_does_not_turn_into_labels():
    encoder = make_encoder().partial_fit(TWEETS[:60], LOG_LENGTHS[:60])
    encoder.partial_fit(TWEETS[60:], LENGTHS[60:])
    assert not hasattr(encoder, "classes_")


def test_labels_before_numbers_are_forgotten():
    encoder = make_encoder(max_epochs=1).fit(TWEETS, SENTIMENTS).fit(TWEETS, LOG_LENGTHS)
    assert not hasattr(encoder, "classes_")
    encoder.partial_fit(TWEETS, LOG_LENGTHS)


# Elsewhere in scikit-learn


def test_metadata_routing_reaches_partial_fit():
    weights = np.where(LENGTHS > 80, 3.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        reg = make_regressor().set_partial_fit_request(sample_weight=True)
        many = MultiOutputRegressor(reg)
        many.partial_fit(IDS, np.c_[LENGTHS, LOG_LENGTHS], sample_weight=weights)
    expected = make_regressor().partial_fit(IDS, LENGTHS, sample_weight=weights)
    assert have_same_weights(many.estimators_[0], expected)
    assert not have_same_weights(expected, make_regressor().partial_fit(IDS, LENGTHS))


def test_a_classifier_for_each_column_learns_in_chunks():
    many = MultiOutputClassifier(make_classifier())
    many.partial_fit(IDS, INDICATORS, classes=[np.arange(2)] * 4).partial_fit(IDS, INDICATORS)
    expected = make_classifier().partial_fit(IDS, INDICATORS[:, 1], [0, 1])
    assert have_same_weights(many.estimators_[1], expected.partial_fit(IDS, INDICATORS[:, 1]))


def test_warm_start_scores_documents_that_were_given():
    """In the unit, and with the vocabulary, of the first fit."""
    params = {"warm_start": True, "early_stopping": True, "max_epochs": 2}
    reg = make_regressor(**params).fit(
        TWEETS[:120], LENGTHS[:120], X_val=TWEETS[120:], y_val=LENGTHS[120:]
    )
    unit = reg.y_offset_
    reg.fit(TWEETS[:60], LENGTHS[:60], X_val=TWEETS[120:], y_val=LENGTHS[120:])
    assert reg.y_offset_ is unit
    assert reg.best_validation_score_ == pytest.approx(reg.score(TWEETS[120:], LENGTHS[120:]))
    assert len(reg.validation_scores_) == 4


# What is refused


def opened(make, y, **params):
    return make(max_epochs=1, **params).partial_fit(TWEETS[:60], y[:60])


def fitted(make, y, **params):
    return make(max_epochs=1, warm_start=True, **params).fit(TWEETS[:60], y[:60])


def labelled(**params):
    return make_encoder(**params).partial_fit(TWEETS[:60], SENTIMENTS[:60], CLASSES)


@pytest.mark.parametrize(
    ("action", "match"),
    [
        (lambda: opened(make_regressor, LENGTHS).partial_fit(["x"], [[1.0, 2.0]]), "rows of shape"),
        (lambda: opened(make_regressor, LENGTHS).partial_fit(["x"], ["y"]), "could not convert"),
        (
            lambda: opened(make_regressor, LENGTHS).partial_fit(["x"], None),
            "requires y to be passed",
        ),
        (
            lambda: (
                opened(make_regressor, LENGTHS).set_params(loss="poisson").partial_fit(["x"], [1])
            ),
            "'poisson' cannot continue from .* by 'identity'",
        ),
        (lambda: opened(make_regressor, 0 * LENGTHS, loss="poisson"), "mean above 0"),
        (
            lambda: (
                fitted(make_regressor, LENGTHS, loss="poisson")
                .set_params(loss="huber")
                .fit(TWEETS, LENGTHS)
            ),
            "'huber' cannot continue from .* by 'exp'",
        ),
        (
            lambda: fitted(make_regressor, LENGTHS).fit(TWEETS, np.c_[LENGTHS, LENGTHS]),
            "rows of shape",
        ),
        (lambda: opened(make_regressor, LENGTHS, early_stopping=True), "early_stopping=True"),
        (lambda: opened(make_encoder, LOG_LENGTHS, early_stopping=True), "early_stopping=True"),
        (
            lambda: make_classifier().partial_fit(TWEETS, INDICATORS, classes=["a", "b", "c"]),
            "each of its 4 columns. Got 3",
        ),
        (
            lambda: opened(make_classifier, INDICATORS).partial_fit(["x"], [[1, 0, 1]]),
            "each of the 4 labels",
        ),
        (
            lambda: opened(make_classifier, INDICATORS).partial_fit(["x", "y"], ["a", "b"]),
            "must be an indicator matrix",
        ),
        (
            lambda: (
                make_classifier()
                .partial_fit(TWEETS, SENTIMENTS, CLASSES)
                .partial_fit(TWEETS, INDICATORS)
            ),
            "must hold one label",
        ),
        (
            lambda: opened(make_classifier, INDICATORS, class_weight="balanced"),
            "'balanced' is not supported for partial_fit",
        ),
        (lambda: opened(make_encoder, SENTIMENTS), "classes must be passed on the first call"),
        (lambda: labelled().partial_fit(["x"], ["z"]), r"not among the classes: \['z'\]"),
        (lambda: labelled().partial_fit(["x"], [0.5]), "not among the classes|continuous"),
        (
            lambda: make_encoder().partial_fit(TWEETS, LOG_LENGTHS, CLASSES),
            "classes must be None if y holds numbers",
        ),
        (
            lambda: fitted(make_encoder, SENTIMENTS).fit(TWEETS, LOG_LENGTHS),
            "continuous",
        ),
        (
            lambda: fitted(make_encoder, LOG_LENGTHS).fit(TWEETS, SENTIMENTS),
            "could not convert",
        ),
        (
            lambda: (
                fitted(make_encoder, SENTIMENTS).set_params(hidden_size=5).fit(TWEETS, SENTIMENTS)
            ),
            "network of another shape",
        ),
    ],
)
def test_what_is_wrong_is_refused(action, match):
    with pytest.raises(ValueError, match=match):
        action()


@every_stream
def test_what_was_refused_leaves_no_trace(make, y, first):
    estimator = stream(make(), y, first, CHUNKS[:2])
    attributes, weights = vars(estimator).copy(), copy_weights(estimator.module_)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        estimator.partial_fit([*TWEETS[:3], "an unheardof word"], y[:3])
    assert all(vars(estimator)[name] is value for name, value in attributes.items())
    assert same_weights(copy_weights(estimator.module_), weights)
