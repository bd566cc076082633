"""Losses beside the formulas of scikit-learn and NumPy."""

import numpy as np
import pytest
import torch
from scipy.special import expit, xlogy
from sklearn.metrics import (
    log_loss,
    mean_absolute_error,
    mean_pinball_loss,
    mean_poisson_deviance,
    mean_squared_error,
)

from sklearn_rnn._targets.losses import BinaryCrossEntropy, NumberLoss

RNG = np.random.default_rng(0)
OUTPUTS = torch.tensor(RNG.normal(size=(6, 3)))
NUMBERS = torch.tensor(RNG.gamma(1.0, size=(6, 3)))
LABELS = torch.tensor(RNG.integers(2, size=(6, 3)).astype(float))


def test_binary_cross_entropy_is_the_log_loss_of_each_label():
    losses = BinaryCrossEntropy()(OUTPUTS, LABELS)
    proba = expit(OUTPUTS.numpy())
    expected = [
        sum(log_loss([label], [p], labels=[0, 1]) for label, p in zip(*row, strict=True))
        for row in zip(LABELS.numpy(), proba, strict=True)
    ]
    np.testing.assert_allclose(losses, expected)


def test_binary_cross_entropy_smooths_towards_one_half():
    losses = BinaryCrossEntropy(label_smoothing=0.2)(OUTPUTS, LABELS)
    target, proba = 0.8 * LABELS.numpy() + 0.1, expit(OUTPUTS.numpy())
    expected = -(xlogy(target, proba) + xlogy(1 - target, 1 - proba)).sum(axis=1)
    np.testing.assert_allclose(losses, expected)


def test_binary_cross_entropy_weighs_a_label_and_its_absence():
    weight = torch.tensor([[1.0, 2.0, 3.0], [10.0, 20.0, 0.0]], dtype=torch.float64)
    losses = BinaryCrossEntropy(class_weight=weight)(OUTPUTS, LABELS)
    proba, labels = expit(OUTPUTS.numpy()), LABELS.numpy()
    each = -np.log(np.where(labels == 1, proba, 1 - proba))
    expected = np.sum(np.where(labels == 1, weight[1], weight[0]) * each, axis=1)
    np.testing.assert_allclose(losses, expected)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("squared_error", lambda y, out: mean_squared_error(y, out) / 2),
        ("absolute_error", mean_absolute_error),
        ("quantile", lambda y, out: mean_pinball_loss(y, out, alpha=0.3)),
        (
            "huber",
            lambda y, out: np.mean(
                [e**2 / 2 if abs(e) <= 0.7 else 0.7 * (abs(e) - 0.35) for e in y - out]
            ),
        ),
    ],
)
def test_loss_of_numbers(loss, expected):
    losses = NumberLoss(loss, quantile=0.3, epsilon=0.7)(OUTPUTS[:, :1], NUMBERS[:, :1])
    assert losses.shape == (6,)
    assert losses.mean() == pytest.approx(expected(NUMBERS[:, 0].numpy(), OUTPUTS[:, 0].numpy()))


def test_poisson_loss_has_the_gradient_of_half_the_deviance():
    outputs = OUTPUTS[:, :1].clone().requires_grad_()
    NumberLoss("poisson")(outputs, NUMBERS[:, :1]).sum().backward()
    y, out, step = NUMBERS[:, 0].numpy(), OUTPUTS[:, 0].numpy(), 1e-5
    for row in range(len(y)):
        high, low = (
            mean_poisson_deviance(y[row : row + 1], np.exp(out[row : row + 1] + change)) / 2
            for change in (step, -step)
        )
        assert outputs.grad[row] == pytest.approx((high - low) / (2 * step), rel=1e-6)


def test_losses_of_several_outputs_are_summed():
    for loss in ("squared_error", "absolute_error", "huber", "quantile", "poisson"):
        criterion = NumberLoss(loss, quantile=0.9)
        columns = [criterion(OUTPUTS[:, [column]], NUMBERS[:, [column]]) for column in range(3)]
        torch.testing.assert_close(criterion(OUTPUTS, NUMBERS), sum(columns))
