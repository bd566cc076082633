"""A document of weight 2 counts as two of weight 1, in every estimator."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from weights import copy_weights, have_same_weights

from sklearn_rnn import RNNTextClassifier, RNNTextEncoder, RNNTextRegressor, SequenceVectorizer
from sklearn_rnn._training.documents import Documents
from sklearn_rnn._training.process_state import torch_workers
from sklearn_rnn.datasets import load_drug_reviews

REVIEWS, RATINGS = (values[:40] for values in load_drug_reviews(return_X_y=True, as_frame=False))
IDS = csr_array(SequenceVectorizer(max_length=30).fit_transform(REVIEWS))
INDICATORS = np.array([["pain" in text, "day" in text, "not" in text] for text in REVIEWS], int)
N_CHARACTERS = np.array([float(len(text)) for text in REVIEWS])
WEIGHT = np.random.default_rng(0).integers(0, 4, len(REVIEWS))
# Each class has a document of some weight.
WEIGHT[np.unique(RATINGS, return_index=True)[1]] = 2

# One step of gradient descent over all documents, on a loss without chance.
ONE_STEP = {
    "embedding_dim": 5,
    "hidden_size": 4,
    "optimizer": "sgd",
    "lr": 1.0,
    "lr_schedule": "constant",
    "weight_decay": 0.0,
    "clip_grad_norm": None,
    "batch_size": 1000,
    "max_epochs": 1,
    "dropout": 0.0,
    "word_dropout": 0.0,
    "random_state": 0,
}
CASES = [
    pytest.param(RNNTextClassifier(), RATINGS, id="classes"),
    pytest.param(RNNTextClassifier(class_weight="balanced"), RATINGS, id="balanced"),
    pytest.param(RNNTextClassifier(class_weight={"neutral": 7.0}), RATINGS, id="by dict"),
    pytest.param(RNNTextClassifier(), INDICATORS, id="labels"),
    pytest.param(RNNTextClassifier(class_weight="balanced"), INDICATORS, id="balanced labels"),
    *(
        pytest.param(RNNTextRegressor(loss=loss, quantile=0.8), N_CHARACTERS, id=loss)
        for loss in ("squared_error", "absolute_error", "huber", "quantile", "poisson")
    ),
    pytest.param(RNNTextRegressor(), np.c_[N_CHARACTERS, -(N_CHARACTERS**2)], id="two outputs"),
]


@pytest.mark.parametrize(("estimator", "y"), CASES)
def test_integer_weights_are_repetitions(estimator, y):
    # The wide path counts in how many documents a word occurs, whatever their weights.
    estimator.set_params(**ONE_STEP, wide_weight=0)
    estimator.fit(IDS, y, sample_weight=WEIGHT)
    weights, loss = copy_weights(estimator.module_), estimator.loss_curve_
    estimator.fit(IDS[np.repeat(np.arange(len(y)), WEIGHT)], np.repeat(y, WEIGHT, axis=0))
    np.testing.assert_allclose(estimator.loss_curve_, loss, rtol=1e-6)
    for name, value in copy_weights(estimator.module_).items():
        torch.testing.assert_close(value, weights[name], rtol=0, atol=1e-6)


def loss_and_gradients(estimator, X, y, weight):
    """Return both of all documents in one batch, for the weights that the estimator has."""
    target = estimator._choose_target(y, {}).make(y, weight, estimator, {})
    dataset = Documents(X, y, weight * target.weigh(y)).to_dataset(target)
    net = estimator.net_
    net.module_.zero_grad()
    net.set_params(**{name: value for name, value in target.criterion.items() if "__" in name})
    with torch_workers(1):
        batch = dataset.batch(np.argsort(-dataset.lengths, kind="stable"))
        loss = net.train_step_single(batch)["loss"]
    grads = {name: value.grad.to_dense() for name, value in net.module_.named_parameters()}
    return loss, grads


@pytest.mark.parametrize(("estimator", "y"), CASES)
def test_loss_and_gradients_of_both_paths(estimator, y):
    estimator.set_params(**ONE_STEP, wide_weight=0.5).fit(IDS, y)
    loss, grads = loss_and_gradients(estimator, IDS, y, WEIGHT.astype(float))
    rows = np.repeat(np.arange(len(y)), WEIGHT)
    expected = loss_and_gradients(estimator, IDS[rows], y[rows], np.ones(len(rows)))
    torch.testing.assert_close(loss, expected[0], rtol=1e-6, atol=1e-6)
    assert grads.keys() == expected[1].keys()
    for name, grad in grads.items():
        torch.testing.assert_close(grad, expected[1][name], rtol=0, atol=2e-6)
        assert grad.any(), name


def test_validation_loss_of_weighted_documents():
    """The loss of early stopping counts documents as often as their weights say, too."""
    estimator = RNNTextRegressor(**ONE_STEP, early_stopping=True, scoring="loss")
    estimator.fit(IDS, N_CHARACTERS, X_val=IDS, y_val=N_CHARACTERS, sample_weight_val=WEIGHT)
    score = estimator.best_validation_score_
    rows = np.repeat(np.arange(len(WEIGHT)), WEIGHT)
    estimator.fit(IDS, N_CHARACTERS, X_val=IDS[rows], y_val=N_CHARACTERS[rows])
    assert estimator.best_validation_score_ == pytest.approx(score, rel=1e-6)


@pytest.mark.parametrize("estimator", [RNNTextClassifier(), RNNTextRegressor(), RNNTextEncoder()])
def test_only_the_ratios_of_weights_matter(estimator):
    estimator.set_params(embedding_dim=5, hidden_size=4, max_epochs=2, random_state=0)
    y = N_CHARACTERS if isinstance(estimator, RNNTextRegressor) else RATINGS
    first, second = (
        estimator.__sklearn_clone__().fit(IDS, y, sample_weight=scale * WEIGHT)
        for scale in (1, 2**-20)
    )
    assert have_same_weights(first, second)


def test_score_counts_weights():
    estimator = RNNTextRegressor(**ONE_STEP).fit(IDS, N_CHARACTERS)
    rows = np.repeat(np.arange(len(WEIGHT)), WEIGHT)
    score = estimator.score(IDS, N_CHARACTERS, sample_weight=WEIGHT)
    assert score == pytest.approx(estimator.score(IDS[rows], N_CHARACTERS[rows]))
