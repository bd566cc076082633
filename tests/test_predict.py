import threading

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sklearn_rnn import RNNTextClassifier, RNNTextEncoder, RNNTextRegressor
from sklearn_rnn._training import net as net_file
from sklearn_rnn._training.batches import MAX_BATCH_TOKENS, SequenceDataset, SimilarLengthBatches
from sklearn_rnn._training.predict import MIN_PART_TOKENS, cut_into_parts, predict_by_kernel
from sklearn_rnn.datasets import load_tweet_sentiment
from sklearn_rnn.modules import kernels as own_kernels

try:
    own_kernels.load_kernels()
except RuntimeError as error:
    pytest.skip(str(error), allow_module_level=True)

TWEETS = load_tweet_sentiment()
X, Y = list(TWEETS.data[:300]), TWEETS.target[:300]
NEW = [*TWEETS.data[300:420], "", "zzyzx qwqw", "\u2603", "so " * 300]
PARAMS = {"max_epochs": 1, "random_state": 0, "kernels": True}
NUMBERS = np.arange(300) + 0.5
MULTILABEL = np.stack([Y == label for label in np.unique(Y)], axis=1)[:, :2].astype(int)


@pytest.fixture
def by_modules(monkeypatch):
    """Return a function that lets predictions go through the modules."""

    def change():
        monkeypatch.setattr(net_file, "predict_by_kernel", lambda function, dataset: None)

    return change


@pytest.fixture
def calls(monkeypatch):
    """Return a list that grows by each call, whether the kernel gave the outputs."""
    found = []

    def predict(function, dataset):
        outputs = predict_by_kernel(function, dataset)
        found.append(outputs is not None)
        return outputs

    monkeypatch.setattr(net_file, "predict_by_kernel", predict)
    return found


@pytest.mark.parametrize(
    ("estimator", "y", "method"),
    [
        (RNNTextClassifier(**PARAMS), Y, "decision_function"),
        (RNNTextClassifier(**PARAMS, wide_weight=0), Y, "decision_function"),
        (RNNTextClassifier(**PARAMS, cell="gru", pooling="last"), MULTILABEL, "decision_function"),
        (RNNTextRegressor(**PARAMS), NUMBERS, "predict"),
        (RNNTextEncoder(**PARAMS), Y, "transform"),
        (RNNTextEncoder(**PARAMS, pooling="attention"), NUMBERS, "transform"),
    ],
)
def test_estimators_predict_as_by_their_modules(estimator, y, method, calls, by_modules):
    estimator.fit(X, y)
    calls.clear()
    found = getattr(estimator, method)(NEW)
    assert calls == [True]
    by_modules()
    expected = getattr(estimator, method)(NEW)
    tolerance = 1e-5 * np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=tolerance)


def test_a_document_is_the_same_to_the_bit_on_any_threads_and_among_any_others():
    clf = RNNTextClassifier(**PARAMS).fit(X, Y)
    expected = clf.set_params(n_jobs=1).predict_proba(NEW)
    np.testing.assert_array_equal(clf.set_params(n_jobs=2).predict_proba(NEW), expected)
    np.testing.assert_array_equal(clf.set_params(n_jobs=3).predict_proba(NEW[::-1])[::-1], expected)
    alone = [clf.predict_proba([document])[0] for document in NEW]
    np.testing.assert_array_equal(alone, expected)


@pytest.fixture(
    scope="module",
    params=[
        (RNNTextClassifier(**PARAMS), Y, "predict_proba"),
        (RNNTextClassifier(**PARAMS, cell="gru", num_layers=2), MULTILABEL, "predict_log_proba"),
        (RNNTextRegressor(**PARAMS, cell="rnn", pooling="multihead_attention"), NUMBERS, "predict"),
        (RNNTextEncoder(**PARAMS, pooling="concat", hidden_size=96), Y, "transform"),
    ],
    ids=lambda case: type(case[0]).__name__ + "-" + case[2],
)
def predictor(request):
    """Return a fitted estimator, its method that predicts, and what that gives for all of NEW."""
    estimator, y, method = request.param
    predict = getattr(estimator.fit(X, y), method)
    return estimator, predict, predict(NEW)


@given(
    rows=st.lists(st.integers(0, len(NEW) - 1), min_size=1, max_size=60),
    n_repeats=st.sampled_from([1, 8]),  # from some thousand tokens on, threads share the documents
    batch_size=st.integers(1, 500),
    n_jobs=st.integers(1, 3),
)
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_any_subset_in_any_order_and_batches_gets_the_same_bits(
    predictor, rows, n_repeats, batch_size, n_jobs
):
    estimator, predict, expected = predictor
    estimator.set_params(n_jobs=n_jobs)
    rows = rows * n_repeats
    batches = [rows[first : first + batch_size] for first in range(0, len(rows), batch_size)]
    found = [predict([NEW[row] for row in batch]) for batch in batches]
    np.testing.assert_array_equal(np.concatenate(found), expected[rows])


def test_ids_beyond_the_vocabulary_and_unknown_ones_are_one_word():
    clf = RNNTextClassifier(**PARAMS).fit([[2, 3], [4, 5], [2, 2]] * 5, [0, 1, 0] * 5)
    beyond, unknown, empty = clf.predict_proba([[9, 2**31 - 1], [1, 1], [0, 0]])
    np.testing.assert_array_equal(beyond, unknown)
    np.testing.assert_array_equal(empty, clf.predict_proba([[1, 0]])[0])


def test_what_partial_fit_learns_is_seen(calls, by_modules):
    clf = RNNTextClassifier(random_state=0, kernels=True)
    for part in (slice(150), slice(150, 300)):
        clf.partial_fit(X[part], Y[part], classes=np.unique(Y))
        clf.predict_proba(NEW)
    found = clf.predict_proba(NEW)
    assert calls == [True] * 3
    by_modules()
    np.testing.assert_allclose(found, clf.predict_proba(NEW), atol=1e-6)


def test_weights_changed_by_hand_are_seen():
    clf = RNNTextClassifier(**PARAMS).fit(X, Y)
    before = clf.decision_function(NEW)
    state = {
        name: 1.1 * value for name, value in clf.module_.state_dict().items() if "head" in name
    }
    clf.module_.load_state_dict(state, strict=False)
    after = clf.decision_function(NEW)
    assert not np.allclose(before, after)
    with torch.no_grad():
        clf.module_.deep.head.bias += 7
    share = 1 - clf.wide_weight_
    np.testing.assert_allclose(clf.decision_function(NEW), after + 7 * share, atol=1e-4)


def test_hooks_of_a_user_are_called():
    clf = RNNTextClassifier(**PARAMS).fit(X, Y)
    expected, seen = clf.predict_proba(NEW), []
    handle = clf.module_.deep.head.register_forward_hook(
        lambda module, args, output: seen.append(len(output))
    )
    np.testing.assert_allclose(clf.predict_proba(NEW), expected, atol=1e-6)
    assert sum(seen) == len(NEW)
    handle.remove()
    np.testing.assert_array_equal(clf.predict_proba(NEW), expected)


def change_precision(net):
    net.autocast_dtype = torch.bfloat16


def change_iterator(net):
    class Other(SimilarLengthBatches):
        pass

    net.iterator_valid = Other


def change_device(net):
    net.device = "cuda"


@pytest.mark.parametrize("change", [change_precision, change_iterator, change_device])
def test_other_settings_are_left_to_the_modules(change):
    clf = RNNTextClassifier(**PARAMS).fit(X[:20], Y[:20])
    data = SequenceDataset(clf.vectorizer_.transform(NEW))
    assert net_file.may_use_kernel(clf.net_, data)
    change(clf.net_)
    assert not net_file.may_use_kernel(clf.net_, data)


def test_without_kernels_the_modules_predict(calls):
    clf = RNNTextClassifier(**{**PARAMS, "kernels": False}).fit(X, Y)
    clf.predict_proba(NEW)
    assert calls == [False]


def test_modules_stop_training_to_predict():
    clf = RNNTextClassifier(**PARAMS).fit(X, Y)
    expected = clf.predict_proba(NEW)
    clf.module_.train()
    np.testing.assert_array_equal(clf.predict_proba(NEW), expected)


def test_threads_predict_at_once():
    clf = RNNTextClassifier(**PARAMS).fit(X, Y)
    expected, found = clf.predict_proba(NEW), {}

    def predict(place):
        found[place] = [clf.predict_proba(NEW) for _ in range(5)]

    threads = [threading.Thread(target=predict, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for results in found.values():
        for result in results:
            np.testing.assert_array_equal(result, expected)


def test_denormal_numbers_stay_numbers_for_the_caller():
    clf = RNNTextClassifier(**PARAMS, n_jobs=1).fit(X, Y)
    clf.predict_proba(NEW)
    assert np.float32(1e-40) * np.float32(1) > 0


@given(
    lengths=st.lists(st.integers(1, 2000), min_size=1, max_size=120), n_threads=st.integers(1, 4)
)
def test_parts_hold_each_document_once_longest_first(lengths, n_threads):
    lengths = np.array(lengths)
    parts = cut_into_parts(lengths, n_threads)
    assert sorted(np.concatenate(parts)) == list(range(len(lengths)))
    for rows in parts:
        assert len(rows) and (np.diff(lengths[rows]) <= 0).all()
        assert lengths[rows].sum() <= MAX_BATCH_TOKENS + 2 * lengths.max()
    if lengths.sum() < 2 * MIN_PART_TOKENS:
        assert len(parts) == 1
    elif len(lengths) >= n_threads:
        assert len(parts) >= n_threads
