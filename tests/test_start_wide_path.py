import numpy as np
import pytest
from skorch.callbacks import Callback

from sklearn_rnn import RNNTextClassifier, RNNTextRegressor

X = ["good good film", "good plot", "bad film", "bad bad plot"] * 3


class KeepStart(Callback):
    """Keep the weights of the wide path before the first step, by word."""

    def on_train_begin(self, net, **kwargs):
        self.weights_ = net.module_.wide.table.weight.detach().numpy().copy()


def start_of(estimator, y, **fit_params):
    keep = KeepStart()
    estimator.set_params(callbacks=[keep], embedding=None, max_epochs=1, random_state=0)
    estimator.fit(X, y, **fit_params)
    return {word: keep.weights_[id_] for word, id_ in estimator.vectorizer_.vocabulary_.items()}


def test_words_start_with_weights_that_tell_the_classes_apart():
    start = start_of(RNNTextClassifier(), ["pos", "pos", "neg", "neg"] * 3)
    neg, pos = start["good"]
    assert pos == pytest.approx(-neg) and pos > 0.05
    np.testing.assert_allclose(start["bad"], [pos, neg], rtol=1e-6)
    np.testing.assert_allclose(start["film"], 0, atol=1e-6)


def test_the_longer_the_documents_the_smaller_the_weights():
    """A document's weights have one norm, so in long ones more words add up."""
    y = ["pos", "pos", "neg", "neg"] * 3
    short = start_of(RNNTextClassifier(), y)["good"]
    longer = [f"{document} {' '.join(f'w{i}' for i in range(50))}" for document in X]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(globals(), "X", longer)
        long = start_of(RNNTextClassifier(), y)["good"]
    assert abs(long[1]) < abs(short[1]) / 2


def test_each_label_of_an_indicator_matrix_starts_with_its_words():
    y = np.array([[1, 1], [1, 0], [0, 1], [0, 0]] * 3)
    start = start_of(RNNTextClassifier(), y)
    assert start["good"][0] > 0.05 > abs(start["good"][1])
    assert start["film"][1] > 0.05 > abs(start["film"][0])


def test_labels_of_documents_of_no_weight_do_not_count():
    y = np.array(["pos", "pos", "neg", "neg"] * 3)
    weight = np.repeat([1.0, 0.0], [8, 4])
    wrong = np.where(weight == 0, np.roll(y, 2), y)
    start, other = (
        start_of(RNNTextClassifier(), labels, sample_weight=weight) for labels in (y, wrong)
    )
    assert start["good"][1] > 0.05
    for word, weights in start.items():
        np.testing.assert_array_equal(weights, other[word])


def test_numbers_start_from_zero():
    start = start_of(RNNTextRegressor(), [1.0, 1.0, -1.0, -1.0] * 3)
    assert not any(weights.any() for weights in start.values())


def test_a_warm_start_keeps_what_was_learned():
    y = ["pos", "pos", "neg", "neg"] * 3
    clf = RNNTextClassifier(warm_start=True)
    start_of(clf, y)
    learned = clf.module_.wide.table.weight.detach().numpy().copy()
    again = start_of(clf, y)
    for word, id_ in clf.vectorizer_.vocabulary_.items():
        np.testing.assert_array_equal(again[word], learned[id_])
