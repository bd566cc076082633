import inspect
import pickle
import random
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, softmax
from sklearn.base import clone, is_classifier
from sklearn.exceptions import FitFailedWarning
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, GroupShuffleSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils import check_random_state, get_tags
from sklearn.utils.class_weight import compute_sample_weight
from skorch import NeuralNet
from skorch.callbacks import Callback, EpochScoring
from skorch.history import History
from weights import copy_weights, have_same_weights

from sklearn_rnn import RNNTextClassifier, SequenceVectorizer, load, save
from sklearn_rnn._sklearn_compat import InvalidParameterError
from sklearn_rnn._training import batches as batches_file
from sklearn_rnn._training.batches import SequenceDataset
from sklearn_rnn._training.optimizers import OPTIMIZERS
from sklearn_rnn._training.schedules import SCHEDULES
from sklearn_rnn.datasets import load_drug_reviews, load_tweet_sentiment, make_word_order
from sklearn_rnn.modules._pooling import POOLINGS
from sklearn_rnn.modules.cells import ACTIVATIONS, CELLS

# Every 200th tweet, so that all sources and topics of the corpus are there.
TWEETS, SENTIMENTS = (
    values[::200] for values in load_tweet_sentiment(return_X_y=True, as_frame=False)
)
IS_NEGATIVE = SENTIMENTS == "negative"

REGULARISATION_OFF = {"dropout": 0.0, "word_dropout": 0.0, "label_smoothing": 0.0}

WORDS = ["i", "love", "this", "movie", "but", "hate", "@user", "!", "zzqq", "👍"]


def make_classifier(**params):
    """Return a classifier that is fitted in a blink."""
    small = {"embedding_dim": 5, "hidden_size": 4, "max_epochs": 2, "random_state": 0}
    return RNNTextClassifier(**{**small, **params})


def get_token_ids(X=TWEETS):
    return SequenceVectorizer().fit_transform(X)


class Recorder(Callback):
    """Note what is called, the learning rates, and the documents of both sets."""

    def initialize(self):
        self.calls_ = []
        self.rates_ = []
        return self

    def on_train_begin(self, net, X=None, **kwargs):
        self.calls_.append("train_begin")
        self.train_, self.valid_ = X

    def on_batch_end(self, net, training=None, **kwargs):
        if training:
            # The wide path has a group of its own, in front of this one.
            self.rates_.append(net.optimizer_.param_groups[-1]["lr"])

    def on_epoch_end(self, net, **kwargs):
        self.calls_.append("epoch_end")

    def on_train_end(self, net, **kwargs):
        self.calls_.append("train_end")


class Snapshot(Callback):
    """Keep the weights that training begins with."""

    def on_train_begin(self, net, **kwargs):
        self.weights_ = {name: value.clone() for name, value in net.module_.state_dict().items()}


@pytest.fixture(scope="module")
def fitted():
    return make_classifier().fit(TWEETS, SENTIMENTS)


# Labels and outputs


@cache
def predicted_codes(codes):
    return make_classifier().fit(TWEETS, codes).predict(TWEETS)


@pytest.mark.parametrize(
    "labels",
    [
        list(SENTIMENTS),
        tuple(SENTIMENTS),
        [np.str_(label) for label in SENTIMENTS],
        SENTIMENTS,
        SENTIMENTS.astype(str),
        pd.Series(SENTIMENTS),
        pd.Series(SENTIMENTS, dtype=object, index=np.arange(len(SENTIMENTS))[::-1]),
        pd.Series(SENTIMENTS, dtype="string"),
        pd.Series(SENTIMENTS, dtype="category"),
        pd.Categorical(SENTIMENTS, categories=["positive", "neutral", "negative"]),
        [bool(label) for label in IS_NEGATIVE],
        IS_NEGATIVE,
        [int(label) for label in IS_NEGATIVE],
        IS_NEGATIVE.astype(np.int8),
        IS_NEGATIVE.astype(np.uint16) + 3,
        IS_NEGATIVE - 1.0,
        pd.Series(IS_NEGATIVE - 7),
        pd.Series(IS_NEGATIVE - 7, dtype="category"),
    ],
    ids=lambda labels: f"{type(labels).__name__}-{np.asarray(labels[:1]).dtype}",
)
def test_labels_come_back_as_they_were_given(labels):
    clf = make_classifier().fit(TWEETS, labels)
    plain = np.asarray(labels)
    assert clf.classes_.tolist() == sorted(set(plain.tolist()))
    predicted = clf.predict(TWEETS)
    assert predicted.dtype == clf.classes_.dtype == plain.dtype
    codes = np.searchsorted(clf.classes_, plain)
    expected = predicted_codes(tuple(codes.tolist()))
    np.testing.assert_array_equal(np.searchsorted(clf.classes_, predicted), expected)


@pytest.mark.parametrize("dtype", ["string[pyarrow]", "large_string[pyarrow]"])
def test_arrow_text_comes_back_as_str(dtype):
    pytest.importorskip("pyarrow")
    labels = pd.Series(SENTIMENTS, dtype=dtype)
    predicted = make_classifier().fit(TWEETS, labels).predict(TWEETS)
    np.testing.assert_array_equal(
        predicted, make_classifier().fit(TWEETS, SENTIMENTS).predict(TWEETS)
    )
    assert set(map(type, predicted)) == {str}


def test_arrow_numbers_come_back_as_numbers():
    pytest.importorskip("pyarrow")
    for name, dtype in [("int64", np.int64), ("bool", np.bool_)]:
        labels = pd.Series(IS_NEGATIVE, dtype=f"{name}[pyarrow]")
        assert make_classifier().fit(TWEETS, labels).predict(TWEETS).dtype == dtype


@pytest.mark.parametrize(
    ("labels", "dtype"),
    [
        (pd.Series(IS_NEGATIVE - 1, dtype="Int64"), int),
        (pd.Series(IS_NEGATIVE, dtype="boolean"), bool),
        ([1, np.int64(3)] * 40, int),
        ([True, np.True_, False, np.False_] * 20, bool),
    ],
    ids=["Int64", "boolean", "list of ints", "list of bools"],
)
def test_numbers_given_as_objects_come_back_as_numbers(labels, dtype):
    X = TWEETS[: len(labels)]
    clf = make_classifier().fit(X, labels)
    assert clf.predict(X).dtype == clf.classes_.dtype == dtype
    plain = np.asarray(labels).astype(dtype)
    assert have_same_weights(clf, make_classifier().fit(X, plain))
    assert 0 <= clf.score(X, labels) <= 1


@pytest.mark.parametrize(
    ("labels", "dtype"),
    [
        (IS_NEGATIVE.astype(object), "bool"),
        (IS_NEGATIVE.astype(int).astype(object), "int"),
        (IS_NEGATIVE.astype(float).astype(object), "float"),
        (pd.Series(IS_NEGATIVE, dtype=object), "bool"),
        (pd.DataFrame({"label": IS_NEGATIVE}, dtype=object), "bool"),
    ],
    ids=["bools", "ints", "floats", "series", "frame"],
)
def test_numbers_in_a_container_of_objects_are_refused_as_metrics_do(labels, dtype):
    """They fitted once, and every score of them in a search was NaN."""
    with pytest.raises(ValueError, match="unknown"):
        accuracy_score(labels, np.asarray(labels).astype(dtype))
    with pytest.raises(TypeError, match=rf"dtype object.*y\.astype\('{dtype}'\)"):
        make_classifier().fit(TWEETS, labels)
    make_classifier(max_epochs=1).fit(TWEETS, labels.astype(dtype))


def test_labels_that_differ_in_nuls_at_their_end_are_two():
    labels = ["a", "a\0"] * 10
    clf = make_classifier(max_epochs=5, lr=0.1).fit(["good", "bad"] * 10, labels)
    assert clf.classes_.tolist() == ["a", "a\0"]
    assert clf.predict(["good", "bad"]).tolist() == ["a", "a\0"]
    assert clf.partial_fit(["good"], ["a\0"]).classes_.tolist() == ["a", "a\0"]


def test_integers_that_numpy_would_round_are_refused_as_labels():
    with pytest.raises(ValueError, match="pass them as str"):
        make_classifier().fit(["good", "bad"] * 10, [2**63 + 1, -1] * 10)


@pytest.mark.parametrize("names", [["a", "b", "c"], ["c", "b", "a"], [10, 9, -1]], ids=str)
@pytest.mark.parametrize("favoured", [0, 1, 2])
def test_columns_of_proba_follow_the_sorted_classes(names, favoured):
    labels = np.array(names)[np.arange(len(TWEETS)) % 3]
    # A class whose documents alone count is what the network learns to answer.
    weight = labels == names[favoured]
    clf = make_classifier(max_epochs=5, lr=0.03).fit(TWEETS, labels, sample_weight=weight)
    assert clf.classes_.tolist() == sorted(names)
    highest = clf.predict_proba(TWEETS).argmax(axis=1)
    assert set(highest) == {sorted(names).index(names[favoured])}


def test_proba_is_a_distribution_for_each_document(fitted):
    proba = fitted.predict_proba(TWEETS)
    assert proba.shape == (len(TWEETS), 3)
    assert proba.dtype == np.float64
    assert proba.min() >= 0
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-12)
    assert len(np.unique(proba, axis=0)) > len(TWEETS) / 2


def test_predict_is_the_argmax_of_proba(fitted):
    expected = fitted.classes_[fitted.predict_proba(TWEETS).argmax(axis=1)]
    np.testing.assert_array_equal(fitted.predict(TWEETS), expected)


def test_predict_log_proba_is_the_log_of_proba(fitted):
    np.testing.assert_allclose(
        fitted.predict_log_proba(TWEETS), np.log(fitted.predict_proba(TWEETS)), rtol=1e-10
    )


def test_decision_function_of_two_classes():
    # Long enough for both answers to be given.
    clf = make_classifier(max_epochs=10, lr=0.05).fit(TWEETS, IS_NEGATIVE)
    decision = clf.decision_function(TWEETS)
    assert decision.shape == (len(TWEETS),)
    assert 0.1 < (decision > 0).mean() < 0.9
    np.testing.assert_allclose(expit(decision), clf.predict_proba(TWEETS)[:, 1], rtol=1e-5)
    np.testing.assert_array_equal(clf.predict(TWEETS), decision > 0)


def test_decision_function_of_more_classes(fitted):
    decision = fitted.decision_function(TWEETS)
    assert decision.shape == (len(TWEETS), 3)
    np.testing.assert_allclose(softmax(decision, axis=1), fitted.predict_proba(TWEETS), rtol=1e-5)
    expected = fitted.classes_[decision.argmax(axis=1)]
    np.testing.assert_array_equal(fitted.predict(TWEETS), expected)


def test_score_is_the_accuracy(fitted):
    weight = np.arange(len(TWEETS))
    predicted = fitted.predict(TWEETS)
    assert fitted.score(TWEETS, SENTIMENTS) == accuracy_score(SENTIMENTS, predicted)
    assert fitted.score(TWEETS, SENTIMENTS, weight) == accuracy_score(
        SENTIMENTS, predicted, sample_weight=weight
    )


# Input


@pytest.mark.parametrize(
    "convert",
    [
        sp.csr_matrix,
        sp.csc_array,
        sp.coo_array,
        sp.csr_array.toarray,
        lambda X: np.hstack([np.zeros((X.shape[0], 3), int), X.toarray()]),
        lambda X: X.toarray().astype(np.float64),
        lambda X: X.toarray().tolist(),
        lambda X: pd.DataFrame(X.toarray(), index=np.arange(X.shape[0])[::-1]),
    ],
    ids=["csr_matrix", "csc", "coo", "padded", "padded left", "float", "lists", "frame"],
)
def test_token_ids_in_any_container_equal_raw_text(convert):
    ids = convert(get_token_ids())
    fitted = make_classifier(embedding=None).fit(TWEETS, SENTIMENTS)  # ids have no words to look up
    clf = make_classifier().fit(ids, SENTIMENTS)
    assert have_same_weights(clf, fitted)
    expected = fitted.predict_proba(TWEETS)
    np.testing.assert_array_equal(clf.predict_proba(ids), expected)
    np.testing.assert_array_equal(fitted.predict_proba(ids), expected)


@pytest.mark.parametrize(
    "convert",
    [
        list,
        tuple,
        iter,
        lambda X: X.astype(str),
        lambda X: X[:, None],
        lambda X: pd.Series(X, index=np.arange(len(X))[::-1]),
        lambda X: pd.Series(X, dtype="string"),
        lambda X: pd.Series(X, dtype="category"),
        lambda X: pd.DataFrame({"text": X}),
        lambda X: [text.encode() for text in X],
    ],
    ids="list tuple iterator str column series string categorical frame bytes".split(),
)
def test_containers_of_text_give_the_same(convert, fitted):
    clf = make_classifier().fit(convert(TWEETS), pd.Series(SENTIMENTS))
    assert have_same_weights(clf, fitted)
    np.testing.assert_array_equal(clf.predict_proba(convert(TWEETS)), fitted.predict_proba(TWEETS))


def test_arrow_and_polars_text(fitted):
    pl = pytest.importorskip("polars")
    pytest.importorskip("pyarrow")
    expected = fitted.predict_proba(TWEETS)
    for X in (pl.Series(TWEETS.tolist()), pd.Series(TWEETS, dtype="string[pyarrow]")):
        clf = make_classifier().fit(X, SENTIMENTS)
        np.testing.assert_array_equal(clf.predict_proba(X), expected)


def test_unknown_words_are_all_the_same(fitted):
    # One at a time: on some processors a row of a product differs in the last bit by its place.
    texts = ["i am zzqq !", "i am qqzz !", "i am the !"]
    unknown, also_unknown, known = (fitted.predict_proba([text]) for text in texts)
    np.testing.assert_array_equal(unknown, also_unknown)
    assert (unknown != known).any()


def test_ids_beyond_those_of_fit_are_unknown():
    ids = get_token_ids()
    clf = make_classifier().fit(ids, SENTIMENTS)
    known = ids.toarray()
    beyond, unknown = known.copy(), known.copy()
    beyond[:, 1], unknown[:, 1] = ids.max() + 1 + np.arange(len(TWEETS)), 1
    np.testing.assert_array_equal(clf.predict_proba(beyond), clf.predict_proba(unknown))
    assert (clf.predict_proba(beyond) != clf.predict_proba(known)).any()


def test_an_empty_document_is_read_as_one_unknown_word(fitted):
    proba = fitted.predict_proba(["", "zzqq", " \n"])
    np.testing.assert_allclose(proba[0], proba[1], atol=1e-6)
    np.testing.assert_allclose(proba[0], proba[2], atol=1e-6)


def test_empty_documents_can_be_trained_on():
    X = np.where(np.arange(len(TWEETS)) % 3 == 0, "", TWEETS)
    y = np.where(X == "", "empty", "full")
    clf = make_classifier(max_epochs=10, lr=0.02).fit(X, y)
    assert clf.predict(["", TWEETS[1]]).tolist() == ["empty", "full"]


def test_the_vectorizer_is_cloned():
    vectorizer = SequenceVectorizer(max_features=30)
    clf = make_classifier(vectorizer=vectorizer).fit(TWEETS, SENTIMENTS)
    assert clf.vectorizer is vectorizer
    assert clf.vectorizer_ is not vectorizer
    assert not hasattr(vectorizer, "vocabulary_")
    assert len(clf.vectorizer_.vocabulary_) == 30


@pytest.mark.parametrize("sparse_output", [True, False])
def test_the_vectorizer_decides_how_text_is_read(sparse_output, fitted):
    vectorizer = SequenceVectorizer(max_length=5, sparse_output=sparse_output)
    clf = make_classifier(vectorizer=vectorizer).fit(TWEETS, SENTIMENTS)
    cut = [" ".join(vectorizer.build_analyzer()(text)[:5]) for text in TWEETS]
    np.testing.assert_array_equal(clf.predict_proba(cut), clf.predict_proba(TWEETS))
    assert (fitted.predict_proba(cut) != fitted.predict_proba(TWEETS)).any()


# Randomness


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"early_stopping": True, "validation_fraction": 0.3},
        {"recurrent_dropout": 0.3, "num_layers": 2, "pooling": "attention"},
        {"cell": "rnn", "optimizer": "sgd", "bidirectional": False},
    ],
    ids=str,
)
def test_same_random_state_gives_the_same_weights(params):
    first = make_classifier(**params).fit(TWEETS, SENTIMENTS)
    second = make_classifier(**params).fit(TWEETS, SENTIMENTS)
    assert have_same_weights(first, second)
    assert first.loss_curve_ == second.loss_curve_
    other = make_classifier(**params, random_state=1).fit(TWEETS, SENTIMENTS)
    assert not have_same_weights(first, other)


def test_random_state_instance():
    random_state = np.random.RandomState(0)
    clf = make_classifier(random_state=random_state).fit(TWEETS, SENTIMENTS)
    assert have_same_weights(clf, make_classifier(random_state=0).fit(TWEETS, SENTIMENTS))
    # The instance goes on from where the first fit has left it.
    again = make_classifier(random_state=random_state).fit(TWEETS, SENTIMENTS)
    assert not have_same_weights(clf, again)


def test_no_random_state_differs_from_fit_to_fit():
    clf = make_classifier(random_state=None)
    first = clone(clf).fit(TWEETS, SENTIMENTS)
    assert not have_same_weights(first, clone(clf).fit(TWEETS, SENTIMENTS))


@pytest.mark.parametrize("early_stopping", [False, True])
def test_global_random_states_are_left_alone(early_stopping):
    clf = make_classifier(early_stopping=early_stopping, recurrent_dropout=0.2)
    torch_state, numpy_state = torch.random.get_rng_state(), check_random_state(None).get_state()
    python_state = random.getstate()
    clf.fit(TWEETS, SENTIMENTS).predict(TWEETS)
    assert torch.equal(torch.random.get_rng_state(), torch_state)
    for before, after in zip(numpy_state, check_random_state(None).get_state(), strict=True):
        np.testing.assert_array_equal(before, after)
    assert random.getstate() == python_state


def test_global_random_states_do_not_matter(fitted):
    with torch.random.fork_rng():
        torch.manual_seed(1234)
        torch.rand(7)
        clf = make_classifier().fit(TWEETS, SENTIMENTS)
    assert have_same_weights(clf, fitted)


def test_number_of_threads_does_not_matter_and_is_restored(set_threads):
    # Large enough for torch to share its sums between threads.
    params = {"embedding_dim": 100, "hidden_size": 64, "max_epochs": 1, "batch_size": 64}
    fits, probas = [], []
    for n_threads in (1, 2):
        set_threads(n_threads)
        fits.append(make_classifier(**params).fit(TWEETS, SENTIMENTS))
        assert torch.get_num_threads() == n_threads
        probas.append(fits[0].predict_proba(TWEETS))
        assert torch.get_num_threads() == n_threads
    assert have_same_weights(*fits)
    np.testing.assert_array_equal(*probas)


def test_gradients_stay_enabled(fitted):
    fitted.predict(TWEETS[:2])
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_fit_and_predict_where_gradients_are_disabled(mode, fitted):
    with mode():
        clf = make_classifier().fit(TWEETS, SENTIMENTS)
        proba = clf.predict_proba(TWEETS)
        assert not torch.is_grad_enabled()
        assert torch.is_inference_mode_enabled() == (mode is torch.inference_mode)
    assert have_same_weights(clf, fitted)
    np.testing.assert_array_equal(proba, fitted.predict_proba(TWEETS))
    # Not all that was made in an inference mode can be used outside of it.
    clf.net_.partial_fit((SequenceDataset(get_token_ids()), None))


def test_fits_and_predictions_in_threads_take_turns(fitted):
    expected = fitted.predict_proba(TWEETS)
    n_threads = torch.get_num_threads()
    with ThreadPoolExecutor(4) as pool:
        fits = [pool.submit(make_classifier().fit, TWEETS, SENTIMENTS) for _ in range(4)]
        probas = [pool.submit(fitted.predict_proba, TWEETS) for _ in range(20)]
    assert all(have_same_weights(fit.result(), fitted) for fit in fits)
    for proba in probas:
        np.testing.assert_array_equal(proba.result(), expected)
    assert torch.get_num_threads() == n_threads


def test_device_by_name_or_as_an_object(fitted):
    for device in ("cpu", torch.device("cpu")):
        clf = make_classifier(device=device).fit(TWEETS, SENTIMENTS)
        assert next(clf.module_.parameters()).device.type == "cpu"
        np.testing.assert_allclose(
            clf.predict_proba(TWEETS), fitted.predict_proba(TWEETS), atol=1e-2
        )


# What fit leaves behind


def test_fit_twice_is_fit_once():
    reviews, ratings = load_drug_reviews(return_X_y=True, as_frame=False)
    clf = make_classifier(early_stopping=True, callbacks=[]).fit(
        reviews[:40], ratings[:40] == "positive"
    )
    clf.set_params(early_stopping=False, callbacks=None).fit(TWEETS, SENTIMENTS)
    once = make_classifier().fit(TWEETS, SENTIMENTS)
    assert vars(clf).keys() == vars(once).keys()
    assert have_same_weights(clf, once)
    assert clf.classes_.tolist() == once.classes_.tolist()
    assert clf.vectorizer_.vocabulary_ == once.vectorizer_.vocabulary_
    for name in ("loss_curve_", "n_iter_", "validation_scores_", "best_validation_score_"):
        assert getattr(clf, name) == getattr(once, name)


def test_fit_on_ids_leaves_no_vectorizer_of_an_earlier_fit():
    clf = make_classifier().fit(TWEETS, SENTIMENTS).fit(get_token_ids(), SENTIMENTS)
    assert clf.vectorizer_ is None


def test_fit_sets_attributes_that_end_in_one_underscore_only():
    clf = make_classifier(early_stopping=True)
    params = clf.get_params(deep=False)
    assert vars(clf) == params
    clf.fit(TWEETS, SENTIMENTS)
    learned = vars(clf).keys() - params.keys()
    assert {"classes_", "net_", "n_iter_", "loss_curve_", "vectorizer_"} <= learned
    assert all(name.endswith("_") and not name.endswith("__") for name in learned)


def test_fit_and_predict_change_no_parameter():
    clf = make_classifier(
        vectorizer=SequenceVectorizer(),
        callbacks=[("recorder", Recorder())],
        skorch_params={"warm_start": False},
        class_weight={"neutral": 2.0},
        random_state=3,
    )
    before = dict(vars(clf))
    contents = {name: repr(value) for name, value in before.items()}
    clf.fit(TWEETS, SENTIMENTS).predict(TWEETS)
    after = {name: getattr(clf, name) for name in before}
    assert all(after[name] is before[name] for name in before)
    assert {name: repr(value) for name, value in after.items()} == contents


@pytest.mark.parametrize(
    "X",
    [
        list(TWEETS[:20]),
        np.append(TWEETS[:19], ""),
        pd.Series(TWEETS[:20]),
        get_token_ids(TWEETS[:20]),
        get_token_ids(TWEETS[:20]).toarray(),
        sp.csr_array(get_token_ids(np.append(TWEETS[:19], "")).toarray()[:, ::-1]),
    ],
    ids=["list", "array", "series", "csr", "padded", "unsorted csr"],
)
def test_fit_and_predict_change_no_input(X):
    y, weight = SENTIMENTS[:20].copy(), np.linspace(0, 2, 20)
    before = pickle.dumps((X, y, weight))
    make_classifier(class_weight="balanced", early_stopping=True).fit(X, y, weight).predict(X)
    assert pickle.dumps((X, y, weight)) == before


def test_what_fit_learned(fitted):
    assert isinstance(fitted.net_, NeuralNet)
    assert isinstance(fitted.module_, torch.nn.Module)
    assert fitted.module_ is fitted.net_.module_
    assert isinstance(fitted.history_, History)
    assert isinstance(fitted.vectorizer_, SequenceVectorizer)
    assert fitted.n_iter_ == len(fitted.loss_curve_) == len(fitted.history_) == 2
    assert fitted.loss_curve_ == fitted.history_[:, "train_loss"]
    assert fitted.validation_scores_ is None
    assert fitted.best_validation_score_ is None


def test_no_gradients_are_kept(fitted):
    assert all(parameter.grad is None for parameter in fitted.module_.parameters())


@pytest.mark.parametrize("early_stopping", [False, True])
def test_pickle_is_little_more_than_weights_and_vocabulary(early_stopping):
    clf = make_classifier(embedding_dim=100, early_stopping=early_stopping)
    clf.fit(TWEETS, SENTIMENTS)
    n_bytes = sum(value.nbytes for value in clf.module_.state_dict().values())
    n_bytes += len(pickle.dumps(clf.vectorizer_))
    assert len(pickle.dumps(clf)) < 1.2 * n_bytes


# Training


# What pools does not know what cell there was: one cell meets all poolings.
CELLS_AND_POOLINGS = [
    *(("lstm", pooling) for pooling in POOLINGS),
    *((cell, "concat") for cell in CELLS if cell != "lstm"),
]


@pytest.mark.parametrize(("cell", "pooling"), CELLS_AND_POOLINGS)
def test_loss_falls_for_every_cell_and_pooling(cell, pooling):
    clf = make_classifier(
        cell=cell, pooling=pooling, lr=0.02, max_epochs=4, **REGULARISATION_OFF
    ).fit(TWEETS, SENTIMENTS)
    assert clf.loss_curve_[-1] < clf.loss_curve_[0]


@pytest.mark.one_at_a_time(
    num_layers=[2, 1, 3], bidirectional=[True, False], skip_connection=[True, False]
)
def test_loss_falls_for_every_depth_and_direction(num_layers, bidirectional, skip_connection):
    clf = make_classifier(
        num_layers=num_layers,
        bidirectional=bidirectional,
        skip_connection=skip_connection,
        lr=0.02,
        max_epochs=4,
        **REGULARISATION_OFF,
    ).fit(TWEETS, SENTIMENTS)
    assert clf.loss_curve_[-1] < clf.loss_curve_[0]


@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, torch.optim.Adamax, torch.optim.AdamW])
def test_loss_falls_for_every_optimizer(optimizer):
    lr = 0.3 if optimizer == "sgd" else 0.02
    clf = make_classifier(optimizer=optimizer, lr=lr, max_epochs=4, **REGULARISATION_OFF)
    clf.fit(TWEETS, SENTIMENTS)
    assert clf.loss_curve_[-1] < clf.loss_curve_[0]


def test_optimizer_as_a_partial():
    momentum = partial(torch.optim.SGD, momentum=0.5)
    clf = make_classifier(optimizer=momentum, lr=0.1).fit(TWEETS, SENTIMENTS)
    assert clf.net_.optimizer_.param_groups[0]["momentum"] == 0.5


@pytest.mark.parametrize("optimizer", [torch.optim.LBFGS, torch.optim.Rprop])
def test_optimizers_that_know_no_weight_decay(optimizer):
    # Made for steps on all documents together.
    clf = make_classifier(optimizer=optimizer, batch_size=1000, **REGULARISATION_OFF)
    clf.fit(TWEETS, SENTIMENTS)
    assert clf.loss_curve_[-1] < clf.loss_curve_[0]


def test_optimizers_differ():
    losses = [
        make_classifier(optimizer=optimizer, lr=0.02).fit(TWEETS, SENTIMENTS).loss_curve_[-1]
        for optimizer in OPTIMIZERS
    ]
    assert len(set(losses)) == len(OPTIMIZERS)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_loss_falls_for_every_activation(activation):
    clf = make_classifier(
        cell="rnn", activation=activation, lr=0.02, max_epochs=4, **REGULARISATION_OFF
    ).fit(TWEETS, SENTIMENTS)
    assert clf.loss_curve_[-1] < clf.loss_curve_[0]


def test_activations_differ():
    outputs = [
        make_classifier(cell="rnn", activation=activation).fit(TWEETS, SENTIMENTS).loss_curve_[0]
        for activation in ACTIVATIONS
    ]
    assert len(set(outputs)) == len(ACTIVATIONS)


def reference_schedule(name, step, n_steps):
    share = step / n_steps
    if name == "constant":
        return 1.0
    if name == "linear":
        return 1 - share
    if name == "cosine":
        return np.cos(np.pi * share / 2) ** 2
    if share < 0.25:
        return 1 / 25 + 24 / 25 * np.sin(np.pi * share / 0.5) ** 2
    return np.cos(np.pi * (share - 0.25) / 1.5) ** 2


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_learning_rate_of_every_step(schedule):
    recorder = Recorder()
    clf = make_classifier(
        lr_schedule=schedule, lr=0.02, batch_size=20, max_epochs=4, callbacks=[recorder]
    ).fit(TWEETS, SENTIMENTS)
    n_steps = 4 * -(-len(TWEETS) // 20)
    expected = [0.02 * reference_schedule(schedule, step, n_steps) for step in range(n_steps)]
    np.testing.assert_allclose(recorder.rates_, expected, atol=1e-9)
    assert clf.history_[-1]["lr"] == recorder.rates_[-1]


@pytest.mark.parametrize("batch_size", [1, 7, 32, 1000])
def test_every_document_is_seen_once_an_epoch(batch_size):
    clf = make_classifier(batch_size=batch_size, max_epochs=1).fit(TWEETS[:30], SENTIMENTS[:30])
    sizes = [batch["train_batch_size"] for batch in clf.history_[0]["batches"]]
    assert sum(sizes) == 30
    assert len(sizes) == -(-30 // batch_size)
    assert max(sizes) <= batch_size


def test_max_epochs():
    assert make_classifier(max_epochs=5).fit(TWEETS, SENTIMENTS).n_iter_ == 5


def test_auto_epochs_fall_with_the_number_of_documents():
    few = make_classifier(max_epochs="auto").fit(TWEETS[:20], SENTIMENTS[:20])
    many = make_classifier(max_epochs="auto").fit(np.tile(TWEETS, 2), np.tile(SENTIMENTS, 2))
    assert few.n_iter_ > many.n_iter_ > 1


def test_clipping_bounds_the_step():
    moves = []
    for max_norm in (None, 1e-6):
        # Plain gradient descent, so that the step is proportional to the gradient. The wide path
        # is not clipped.
        clf = make_classifier(
            optimizer="sgd", lr=1.0, lr_schedule="constant", weight_decay=0.0, max_epochs=1
        ).set_params(clip_grad_norm=max_norm, wide_weight=0.0, batch_size=32)
        first = Snapshot()
        clf.set_params(callbacks=[first]).fit(TWEETS, SENTIMENTS)
        moves.append(
            max(
                float((value - first.weights_[name]).abs().max())
                for name, value in clf.module_.state_dict().items()
            )
        )
    n_steps = -(-len(TWEETS) // 32)
    assert moves[1] <= 1.01e-6 * n_steps < moves[0]


def test_weight_decay_shrinks_the_weights():
    def norm(weight_decay):
        clf = make_classifier(weight_decay=weight_decay, lr=0.02).fit(TWEETS, SENTIMENTS)
        return sum(float(value.detach().norm()) for value in clf.module_.parameters())

    assert norm(1.0) < norm(0.0)


@pytest.mark.parametrize(
    "name", ["dropout", "word_dropout", "recurrent_dropout", "label_smoothing"]
)
def test_regularisation_raises_the_training_loss(name):
    params = {**REGULARISATION_OFF, "recurrent_dropout": 0.0}
    params.update(lr=0.03, max_epochs=15, lr_schedule="constant", bidirectional=False)
    # Only the states reach the head, so that dropping inside the recurrence is felt.
    params.update(wide_weight=0.0, skip_connection=False, pooling="last", hidden_size=8)
    params.update(embedding=None)
    free = make_classifier(**params).fit(TWEETS, SENTIMENTS)
    bound = make_classifier(**{**params, name: 0.5}).fit(TWEETS, SENTIMENTS)
    assert bound.loss_curve_[-1] > free.loss_curve_[-1]


def test_predictions_have_no_dropout():
    clf = make_classifier(dropout=0.9, word_dropout=0.9, recurrent_dropout=0.9)
    clf.fit(TWEETS, SENTIMENTS)
    np.testing.assert_array_equal(clf.predict_proba(TWEETS), clf.predict_proba(TWEETS))


class LongestDocument(Callback):
    """Note how many tokens are read of the longest documents, in training and in validation."""

    def initialize(self):
        self.n_tokens_ = {True: 0, False: 0}
        return self

    def on_batch_begin(self, net, batch=None, training=None, **kwargs):
        n_steps = len(batch[0].parts[0].batch_sizes)
        self.n_tokens_[training] = max(self.n_tokens_[training], n_steps)


@pytest.mark.parametrize("crop_length", [None, 1, 7, 10_000])
def test_training_reads_a_crop_of_long_documents(crop_length):
    longest = LongestDocument()
    X = np.repeat([[2, 3, 4, 5], [6, 7, 8, 9]], 20, axis=0).repeat(3, axis=1)
    clf = make_classifier(crop_length=crop_length, early_stopping=True, callbacks=[longest])
    clf.fit(X, np.repeat([0, 1], 20))
    assert longest.n_tokens_ == {True: min(crop_length or 12, 12), False: 12}


def test_predictions_read_whole_documents():
    clf = make_classifier(crop_length=2).fit(TWEETS, SENTIMENTS)
    proba = clf.predict_proba(["i am the one", "i am the first", "was i am the one"])
    assert len(np.unique(proba, axis=0)) == 3


def test_network_without_the_wide_path():
    alone, both = (
        make_classifier(wide_weight=wide_weight).fit(TWEETS, SENTIMENTS)
        for wide_weight in (0.0, 0.5)
    )
    names = set(copy_weights(both.module_))
    assert {f"deep.{name}" for name in copy_weights(alone.module_)} < names
    assert (alone.predict_proba(TWEETS) != both.predict_proba(TWEETS)).any()


# Early stopping


def get_validation_documents(recorder):
    """Return the documents set aside, as lists of token ids, and their labels' codes."""
    valid = recorder.valid_
    documents = np.split(valid.tokens, valid.starts[1:])
    width = max(map(len, documents))
    return np.array([np.pad(ids, (0, width - len(ids))) for ids in documents]), valid.targets


@pytest.mark.parametrize("tol", [0.0, 0.05, 1.0])
def test_the_best_validated_weights_are_kept(tol):
    for random_state in range(20):
        recorder = Recorder()
        clf = make_classifier(
            early_stopping=True,
            validation_fraction=0.4,
            n_iter_no_change=6,
            tol=tol,
            max_epochs=6,
            lr=0.05,
            lr_schedule="constant",
            callbacks=[recorder],
            random_state=random_state,
        ).fit(get_token_ids(), SENTIMENTS)
        first, *_, last = scores = clf.validation_scores_
        if max(first, last) < max(scores) - 0.01:
            break
    else:
        pytest.fail("no fit whose best epoch is neither the first nor the last")
    X, codes = get_validation_documents(recorder)
    assert clf.best_validation_score_ == max(scores)
    assert clf.score(X, clf.classes_[codes]) == pytest.approx(clf.best_validation_score_)


def test_training_stops_when_the_score_stays():
    # No accuracy rises by more than 1, so the first epoch stays the best.
    clf = make_classifier(early_stopping=True, tol=1.0, n_iter_no_change=3, max_epochs=20)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clf.fit(TWEETS, SENTIMENTS)
    assert clf.n_iter_ == len(clf.loss_curve_) == len(clf.validation_scores_) == 4


def test_no_early_stop_before_max_epochs():
    clf = make_classifier(early_stopping=True, n_iter_no_change=3, max_epochs=3)
    clf.fit(TWEETS, SENTIMENTS)
    assert clf.n_iter_ == len(clf.validation_scores_) == 3
    assert all(0 <= score <= 1 for score in clf.validation_scores_)


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
def test_a_fraction_of_each_class_is_set_aside(fraction):
    recorder = Recorder()
    clf = make_classifier(
        early_stopping=True, validation_fraction=fraction, callbacks=[recorder]
    ).fit(TWEETS, SENTIMENTS)
    n_valid = len(recorder.valid_)
    assert n_valid == np.ceil(fraction * len(TWEETS))
    expected = [n_valid * np.mean(SENTIMENTS == name) for name in clf.classes_]
    np.testing.assert_allclose(np.bincount(recorder.valid_.targets), expected, atol=1.0)


@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("n_documents", [1, 2])
def test_each_class_is_trained_on(fraction, n_documents):
    rare = np.repeat(np.arange(3, 8), n_documents)
    y = np.append(rare, np.arange(len(TWEETS) - len(rare)) % 3)
    for random_state in range(5):
        recorder = Recorder()
        make_classifier(
            early_stopping=True,
            validation_fraction=fraction,
            max_epochs=1,
            random_state=random_state,
            callbacks=[recorder],
        ).fit(TWEETS, y)
        assert set(recorder.train_.targets) == set(y)
        assert len(recorder.train_) + len(recorder.valid_) == len(TWEETS)
        assert len(recorder.valid_) > 0


def test_documents_set_aside_are_not_trained_on():
    recorder = Recorder()
    # A document's only token tells which one it is.
    ids = np.arange(2, 82)[:, None]
    make_classifier(early_stopping=True, validation_fraction=0.3, callbacks=[recorder]).fit(
        ids, np.arange(80) % 2
    )
    assert len(recorder.train_) == 56
    assert sorted([*recorder.train_.tokens, *recorder.valid_.tokens]) == ids.ravel().tolist()


# Weights of classes and documents


def test_balanced_class_weight_favours_the_rare_class():
    X, y = load_drug_reviews(return_X_y=True, as_frame=False)
    X, y = X[:150], y[:150]
    rare = min(set(y), key=list(y).count)
    params = {"vectorizer": SequenceVectorizer(max_length=20), "lr": 0.03}
    plain = make_classifier(**params).fit(X, y)
    balanced = make_classifier(class_weight="balanced", **params).fit(X, y)
    column = plain.classes_.tolist().index(rare)
    means = [clf.predict_proba(X)[:, column].mean() for clf in (plain, balanced)]
    assert means[1] > 1.5 * means[0]


def test_class_weight_moves_predictions_to_the_class():
    for column, label in enumerate(np.unique(SENTIMENTS)):
        class_weight = {other: 1e-4 for other in SENTIMENTS if other != label}
        clf = make_classifier(class_weight=class_weight, max_epochs=5, lr=0.1)
        proba = clf.fit(TWEETS, SENTIMENTS).predict_proba(TWEETS)
        assert proba[:, column].mean() > 0.8


@pytest.mark.parametrize("class_weight", ["balanced", {"negative": 3.0, "neutral": 0.5}], ids=str)
def test_class_weight_is_a_weight_for_each_document(class_weight):
    by_class = make_classifier(class_weight=class_weight).fit(TWEETS, SENTIMENTS)
    weight = compute_sample_weight(class_weight, SENTIMENTS)
    assert have_same_weights(by_class, make_classifier().fit(TWEETS, SENTIMENTS, weight))
    assert not have_same_weights(by_class, make_classifier().fit(TWEETS, SENTIMENTS))


def test_weights_of_classes_and_documents_multiply():
    weight = np.arange(len(TWEETS)) % 3
    class_weight = {"positive": 4.0}
    both = make_classifier(class_weight=class_weight).fit(TWEETS, SENTIMENTS, weight)
    product = weight * compute_sample_weight(class_weight, SENTIMENTS)
    assert have_same_weights(both, make_classifier().fit(TWEETS, SENTIMENTS, product))


def test_weight_one_is_no_weight(fitted):
    clf = make_classifier().fit(TWEETS, SENTIMENTS, sample_weight=[1] * len(TWEETS))
    assert have_same_weights(clf, fitted)


def test_labels_of_documents_with_no_weight_do_not_matter():
    weight = np.arange(len(TWEETS)) % 2
    changed = np.where(weight == 0, SENTIMENTS[::-1], SENTIMENTS)
    assert (changed != SENTIMENTS).sum() > 10
    first = make_classifier().fit(TWEETS, SENTIMENTS, weight)
    assert have_same_weights(first, make_classifier().fit(TWEETS, changed, weight))
    assert not have_same_weights(first, make_classifier().fit(TWEETS, changed))


def test_huge_weights_decide():
    # Of each pair of equal documents with both labels, the heavy one wins.
    X = np.repeat(TWEETS[: len(TWEETS) // 2], 2)
    y = np.tile([0, 1], len(X) // 2)
    for heavy in (0, 1):
        weight = np.where(y == heavy, 1000.0, 1.0)
        clf = make_classifier(max_epochs=5, lr=0.1).fit(X, y, sample_weight=weight)
        assert set(clf.predict(X)) == {heavy}


def test_weighted_validation_score():
    """Documents with no weight count nothing in the validation score."""
    recorder = Recorder()
    ids = get_token_ids()
    clf = make_classifier(
        early_stopping=True, validation_fraction=0.4, max_epochs=1, callbacks=[recorder]
    ).fit(ids, SENTIMENTS, np.where(SENTIMENTS == "neutral", 0.0, 1.0))
    X, codes = get_validation_documents(recorder)
    labels = clf.classes_[codes]
    seen = labels != "neutral"
    assert clf.best_validation_score_ == pytest.approx(clf.score(X[seen], labels[seen]))


# skorch


@pytest.mark.parametrize("name_it", [lambda cb: cb, lambda cb: ("mine", cb)], ids=["bare", "named"])
def test_callbacks_are_called(name_it):
    recorder = Recorder()
    make_classifier(callbacks=[name_it(recorder)], max_epochs=3).fit(TWEETS, SENTIMENTS)
    assert recorder.calls_ == ["train_begin", *["epoch_end"] * 3, "train_end"]


def test_callback_may_use_the_net():
    def measure(net, X=None, y=None):
        return float(sum(value.detach().norm() for value in net.module_.parameters()))

    scoring = EpochScoring(measure, name="norm", on_train=True, use_caching=False)
    clf = make_classifier(callbacks=[scoring]).fit(TWEETS, SENTIMENTS)
    assert clf.history_[-1]["norm"] == pytest.approx(measure(clf.net_))


def test_callbacks_are_cloned_with_the_classifier():
    clf = make_classifier(callbacks=[Recorder()]).fit(TWEETS, SENTIMENTS)
    copy = clone(clf)
    assert copy.callbacks[0] is not clf.callbacks[0]
    copy.fit(TWEETS, SENTIMENTS)
    assert copy.callbacks[0].calls_ == clf.callbacks[0].calls_


def test_skorch_params_reach_the_net():
    params = {"optimizer__betas": (0.5, 0.6), "max_epochs": 3}
    clf = make_classifier(skorch_params=params).fit(TWEETS, SENTIMENTS)
    assert clf.net_.optimizer_.param_groups[0]["betas"] == (0.5, 0.6)
    assert clf.n_iter_ == 3


def test_net_can_be_cloned(fitted):
    for clf in (fitted, pickle.loads(pickle.dumps(fitted))):
        assert clf.net_.module is clf.module_
        net = clone(clf.net_).fit((SequenceDataset(get_token_ids()), None))
        assert net.module_ is not clf.module_
        assert have_same_weights(clf, fitted)


def test_weights_of_the_module_are_those_used(fitted):
    clf = pickle.loads(pickle.dumps(fitted))
    with torch.no_grad():
        for parameter in clf.module_.parameters():
            parameter.zero_()
    np.testing.assert_allclose(clf.predict_proba(TWEETS), 1 / 3)


# Output


def test_silent_by_default(capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_classifier().fit(TWEETS, SENTIMENTS).predict(TWEETS)
        make_classifier(early_stopping=True).fit(TWEETS, SENTIMENTS)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("early_stopping", [False, True])
def test_verbose_shows_one_progress_bar(capfd, early_stopping, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    make_classifier(verbose=1, early_stopping=early_stopping).fit(TWEETS, SENTIMENTS)
    out, err = capfd.readouterr()
    assert len(out.splitlines()) == 3  # the table of epochs
    assert err.count("\n") == 1
    last = err.split("\r")[-1]
    assert "100%" in last
    assert "epoch=2/2" in last
    assert ("valid_score" in last) == early_stopping


# Parameters


@pytest.mark.parametrize("name", sorted(RNNTextClassifier._parameter_constraints))
def test_every_parameter_is_checked(name):
    clf = make_classifier(**{name: object()})
    with pytest.raises(
        InvalidParameterError, match=f"The '{name}' parameter of RNNTextClassifier must be"
    ):
        clf.fit(TWEETS, SENTIMENTS)


def test_constraints_are_those_of_the_arguments():
    arguments = inspect.signature(RNNTextClassifier).parameters
    assert RNNTextClassifier._parameter_constraints.keys() == arguments.keys()
    assert {argument.kind for argument in arguments.values()} == {inspect.Parameter.KEYWORD_ONLY}


def test_init_stores_its_arguments_unchanged():
    params = {name: object() for name in inspect.signature(RNNTextClassifier).parameters}
    assert vars(RNNTextClassifier(**params)) == params


def test_set_params_is_init():
    params = {"cell": "gru", "hidden_size": 3, "lr": 0.02}
    first = make_classifier(**params).fit(TWEETS, SENTIMENTS)
    second = make_classifier().set_params(**params)
    assert second.get_params() == first.get_params()
    assert have_same_weights(first, second.fit(TWEETS, SENTIMENTS))


def test_params_of_the_vectorizer_are_reached():
    clf = make_classifier(vectorizer=SequenceVectorizer(max_features=50))
    assert clf.get_params()["vectorizer__max_features"] == 50
    clf.set_params(vectorizer__max_features=7).fit(TWEETS, SENTIMENTS)
    assert len(clf.vectorizer_.vocabulary_) == 7


def test_clone_is_not_fitted(fitted):
    copy = clone(fitted)
    assert vars(copy) == fitted.get_params()
    assert have_same_weights(copy.fit(TWEETS, SENTIMENTS), fitted)


def test_repr_shows_what_differs_from_the_defaults():
    assert repr(RNNTextClassifier()) == "RNNTextClassifier()"
    assert repr(RNNTextClassifier(hidden_size=3)) == "RNNTextClassifier(hidden_size=3)"


def test_tags():
    tags = get_tags(RNNTextClassifier())
    assert is_classifier(RNNTextClassifier())
    assert tags.target_tags.required
    assert tags.input_tags.string
    assert tags.input_tags.sparse
    assert tags.input_tags.two_d_array
    assert tags.input_tags.categorical
    assert tags.input_tags.positive_only


# What the network is for


@pytest.fixture(scope="module")
def models():
    """Return a model of each cell and each pooling, fitted on the same ids."""
    vectorizer = SequenceVectorizer(vocabulary=WORDS)
    ids = vectorizer.fit_transform(TWEETS)
    return [
        make_classifier(cell=cell, pooling=pooling, bidirectional=bidirectional, lr=0.1).fit(
            ids, SENTIMENTS
        )
        for cell, pooling, bidirectional in [
            *((cell, pooling, True) for cell, pooling in CELLS_AND_POOLINGS),
            ("lstm", "last", False),
        ]
    ]


@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_proba_does_not_depend_on_the_neighbours(models, data):
    """Alone or together, in any order and in batches of any size, a document is the same."""
    documents = data.draw(
        st.lists(st.lists(st.integers(1, len(WORDS) + 3), max_size=12), min_size=1, max_size=9)
    )
    order = data.draw(st.permutations(range(len(documents))))
    batch_size = data.draw(st.integers(1, len(documents)))
    padding = data.draw(st.integers(1, 5))
    X = np.zeros((len(documents), max(map(len, documents)) + padding), dtype=int)
    for row, ids in enumerate(documents):
        X[row, : len(ids)] = ids
    for clf in models:
        together = clf.predict_proba(X)
        clf.net_.iterator_valid__batch_size = batch_size
        shuffled = clf.predict_proba(X[order])
        clf.net_.iterator_valid__batch_size = 128
        alone = np.vstack([clf.predict_proba(row[None]) for row in X])
        np.testing.assert_allclose(alone, together, rtol=0, atol=1e-5)
        np.testing.assert_allclose(shuffled, together[order], rtol=0, atol=1e-5)


@pytest.mark.parametrize("params", [{}, {"wide_weight": 0.0}], ids=["defaults", "network alone"])
def test_order_of_words_decides(params):
    """Both documents of a pair have the same words, so that counting them is no help."""
    X, y, groups = make_word_order(400, random_state=0, return_groups=True)
    train, test = next(GroupShuffleSplit(1, test_size=0.25, random_state=0).split(X, y, groups))
    bag_of_words = make_pipeline(CountVectorizer(), LogisticRegression()).fit(X[train], y[train])
    assert bag_of_words.score(X[test], y[test]) == 0.5
    clf = RNNTextClassifier(**params, random_state=0).fit(X[train], y[train])
    assert clf.score(X[test], y[test]) >= 0.99


# Threads


@pytest.fixture(scope="module")
def reviews():
    """Documents long enough for a batch to be computed in parts."""
    X, y = load_drug_reviews(return_X_y=True, as_frame=False)
    rows = np.argsort([-len(text) for text in X[:300]], kind="stable")[:48]
    return X[rows], y[rows]


class PartsOfBatches(Callback):
    """Note how many parts the training batches have."""

    def initialize(self):
        self.n_parts_ = []
        return self

    def on_batch_begin(self, net, batch=None, training=None, **kwargs):
        if training:
            self.n_parts_.append(len(batch[0].parts))


@pytest.fixture
def cut_batches(monkeypatch):
    """Let batches be cut that kernels would read whole."""
    least = batches_file.MIN_TOKENS_TO_CUT
    monkeypatch.setattr(batches_file, "MIN_TOKENS_TO_CUT_WITH_KERNELS", least)


def fit_in_parts(X, y, **params):
    parts = PartsOfBatches()
    clf = make_classifier(callbacks=[parts], **params).fit(X, y)
    assert min(parts.n_parts_) > 1
    return clf


# All cells learn in parts in test_net.py.
@pytest.mark.usefixtures("cut_batches")
@pytest.mark.parametrize("cell", ["lstm", "sru"])
def test_number_of_jobs_does_not_matter(cell, reviews):
    X, y = reviews
    clf = fit_in_parts(X, y, cell=cell, n_jobs=1, max_epochs=1)
    proba = clf.predict_proba(X)
    for n_jobs in (2, None, -1):
        other = fit_in_parts(X, y, cell=cell, n_jobs=n_jobs, max_epochs=1)
        assert have_same_weights(clf, other)
        assert clf.loss_curve_ == other.loss_curve_
        np.testing.assert_array_equal(other.predict_proba(X), proba)


@pytest.mark.usefixtures("cut_batches")
def test_number_of_jobs_may_change_after_fit(reviews):
    X, y = reviews
    clf = fit_in_parts(X, y, n_jobs=2)
    proba = clf.predict_proba(X)
    for n_jobs in (1, 3):
        np.testing.assert_array_equal(clf.set_params(n_jobs=n_jobs).predict_proba(X), proba)


@pytest.mark.usefixtures("cut_batches")
def test_parts_do_not_change_what_is_learned(reviews, monkeypatch):
    X, y = reviews
    weight = np.linspace(0, 3, len(X))
    params = {"max_epochs": 3, **REGULARISATION_OFF}
    clf = make_classifier(**params).fit(X, y, sample_weight=weight)
    monkeypatch.setattr(batches_file, "MIN_TOKENS_TO_CUT", 10**9)
    monkeypatch.setattr(batches_file, "MIN_TOKENS_TO_CUT_WITH_KERNELS", 10**9)
    whole = make_classifier(**params).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(clf.loss_curve_, whole.loss_curve_, rtol=1e-4)
    np.testing.assert_allclose(clf.predict_proba(X), whole.predict_proba(X), atol=1e-3)


@pytest.mark.usefixtures("cut_batches")
def test_fits_in_threads_that_each_use_threads(reviews):
    X, y = reviews
    expected = fit_in_parts(X, y, n_jobs=1)
    with ThreadPoolExecutor(3) as pool:
        fits = [pool.submit(fit_in_parts, X, y, n_jobs=n_jobs) for n_jobs in (1, 2, 3)]
    assert all(have_same_weights(fit.result(), expected) for fit in fits)


def test_no_jobs_are_refused(fitted):
    with pytest.raises(ValueError, match="n_jobs == 0"):
        make_classifier(n_jobs=0).fit(TWEETS, SENTIMENTS)
    clf = pickle.loads(pickle.dumps(fitted)).set_params(n_jobs=0)
    with pytest.raises(ValueError, match="n_jobs == 0"):
        clf.predict(TWEETS)


@pytest.mark.parametrize("cell", ["lstm", "layer_norm_lstm", "grid_lstm"])
def test_default_dtype_of_torch_changes_nothing(cell, tmp_path):
    params = {"cell": cell, "pooling": "attention"}
    expected = make_classifier(**params).fit(TWEETS, SENTIMENTS)
    torch.set_default_dtype(torch.float64)
    try:
        clf = make_classifier(**params).fit(TWEETS, SENTIMENTS)
        assert torch.get_default_dtype() == torch.float64
        save(clf, tmp_path / "model")
        found = [model.predict_proba(TWEETS) for model in (clf, load(tmp_path / "model"))]
        clf.partial_fit(TWEETS, SENTIMENTS)
    finally:
        torch.set_default_dtype(torch.float32)
    for probabilities in found:
        np.testing.assert_array_equal(probabilities, expected.predict_proba(TWEETS))
    assert have_same_weights(clf, expected.partial_fit(TWEETS, SENTIMENTS))


@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
def test_a_last_step_that_breaks_the_weights_is_refused(optimizer):
    """The loss is that before the step."""
    params = {"lr": 1e30, "max_epochs": 1, "batch_size": 16, "lr_schedule": "constant"}
    clf = make_classifier(**params, optimizer=optimizer, wide_weight=0)
    with pytest.raises(ValueError, match=r"weights that are infinite.*Lower lr"):
        clf.fit(["good not bad", "bad not good"] * 8, [0, 1] * 8)


def test_a_search_goes_on_after_a_learning_rate_that_breaks_the_weights():
    grid = {"lr": [0.01, 1e30]}
    search = GridSearchCV(make_classifier(), grid, cv=2, error_score=-1.0)
    with pytest.warns(FitFailedWarning, match="2 fits failed"):
        search.fit(TWEETS, SENTIMENTS)
    assert search.best_params_ == {"lr": 0.01}
    assert search.cv_results_["mean_test_score"][1] == -1


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_outputs_that_are_not_finite_are_refused(method):
    """Where weights are finite, but states grow from word to word until they are not."""
    clf = make_classifier(cell="rnn", activation="relu").fit(TWEETS, SENTIMENTS)
    with torch.no_grad():
        for parameter in clf.module_.parameters():
            parameter.fill_(1e12)
    with pytest.raises(ValueError, match=r"infinite or NaN for 2 of 2 documents.*lower lr"):
        getattr(clf, method)(TWEETS[:2])


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("यह फ़िल्म अच्छी है", "यह फ़िल्म बुरी है"),
        ("หนังเรื่องนี้ดี", "หนังเรื่องนี้แย่"),
        (["New York", "ਚੰਗੀ"], ["New York", "ਮਾੜੀ"]),
    ],
    ids=["Hindi", "Thai", "tokens"],
)
def test_text_of_any_script_and_tokens_are_learned(good, bad):
    X, y = [good, bad] * 20, [1, 0] * 20
    clf = RNNTextClassifier(max_epochs=8, lr=0.05, embedding_dim=8, hidden_size=8, random_state=0)
    assert cross_val_score(clf.set_params(wide_weight=0), X, y, cv=2).tolist() == [1, 1]
