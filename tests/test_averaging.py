"""Averages of the weights over steps, against the formulas, and in the training of a model."""

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from torch import nn

from sklearn_rnn import RNNLanguageModel
from sklearn_rnn._language.averaging import RunningMean
from sklearn_rnn.exceptions import FitInterruptedWarning

TEXTS = ["the cat sat", "a cat ate the rat", "the rat sat", "that hat", "a tea"] * 8


def averaged(values, recency):
    """Return the mean that parameters with these values in turn have."""
    weight = nn.Parameter(torch.full((3,), 7.0, dtype=torch.float64))
    mean = RunningMean([weight], recency)
    for value in values:
        weight.data.fill_(value)
        mean.update()
    mean.exchange()
    return weight[0].item()


def test_mean_of_all_steps():
    values = np.random.default_rng(0).normal(size=50)
    assert averaged(values, 0.0) == pytest.approx(values.mean())


def test_mean_of_recent_steps_is_weighted_by_a_polynomial():
    """Step t counts (t + 1) (t + 2) ... (t + recency - 1) times t, as the recursion expands to."""
    values = np.random.default_rng(0).normal(size=50)
    steps = np.arange(1, 51)
    weights = np.prod([steps + k for k in range(9)], axis=0, dtype=float)
    assert averaged(values, 9.0) == pytest.approx(np.average(values, weights=weights))
    assert weights[-10:].sum() > 0.8 * weights.sum()


def test_exchange_goes_both_ways_and_leaves_parameters_in_place():
    weight = nn.Parameter(torch.zeros(4))
    mean = RunningMean([weight])
    weight.data.fill_(2.0)
    mean.update()
    weight.data.fill_(4.0)
    mean.update()
    place = weight.data_ptr()
    mean.exchange()
    assert weight.tolist() == [3.0] * 4
    mean.exchange()
    assert weight.tolist() == [4.0] * 4
    assert weight.data_ptr() == place


class Recorder(Callback):
    """Keeps the weights after each step, and at the end of each epoch."""

    def __init__(self):
        self.steps, self.ends = [], []

    def on_batch_end(self, net, training, **kwargs):
        if training:
            self.steps[-1].append(weights_of(net.module_))

    def on_epoch_begin(self, net, **kwargs):
        self.steps.append([])

    def on_epoch_end(self, net, **kwargs):
        self.ends.append(weights_of(net.module_))


def weights_of(module):
    return torch.cat([w.detach().flatten() for w in module.parameters()]).double().numpy()


def fit(recorder=None, X_val=None, **params):
    model = RNNLanguageModel(
        hidden_size=8,
        embedding_dim=4,
        batch_size=8,
        lr=0.05,
        max_epochs=4,
        random_state=0,
        callbacks=None if recorder is None else [("recorder", recorder)],
    )
    return model.set_params(**params).fit(TEXTS, X_val=X_val)


def test_average_is_kept_and_training_goes_on_from_the_last_step():
    recorder, plain = Recorder(), Recorder()
    model = fit(recorder, averaging="recent")
    fit(plain)
    # The average is beside the training: the steps are those without it.
    np.testing.assert_array_equal(np.concatenate(recorder.steps), np.concatenate(plain.steps))
    steps = np.concatenate(recorder.steps)
    t = np.arange(1, len(steps) + 1)
    share = np.prod([t + k for k in range(9)], axis=0, dtype=float)
    expected = np.average(steps, axis=0, weights=share)
    np.testing.assert_allclose(weights_of(model.module_), expected, rtol=1e-3, atol=1e-5)


def test_validation_is_of_the_average():
    valid = ["that rat", "the tea"]
    params = {"early_stopping": True, "n_iter_no_change": 9}
    model = fit(averaging="recent", X_val=valid, **params)
    # The weights that are kept give the best score, and those are the average's.
    assert model.score(valid) == pytest.approx(model.best_validation_score_, abs=1e-6)
    rest = fit(X_val=valid, **params)
    assert model.validation_scores_[-1] != rest.validation_scores_[-1]


def test_asgd_starts_after_half_of_the_epochs_without_validation():
    recorder = Recorder()
    model = fit(recorder, averaging="asgd", lr_schedule="constant")
    expected = np.mean(np.concatenate(recorder.steps[2:]), axis=0)
    np.testing.assert_allclose(weights_of(model.module_), expected, rtol=1e-3, atol=1e-5)


def test_asgd_starts_when_the_validation_score_does_not_improve():
    recorder = Recorder()
    model = fit(
        recorder,
        averaging="asgd",
        lr_schedule="constant",
        lr=0.3,  # too high to improve for long
        early_stopping=True,
        n_iter_no_change=9,
        max_epochs=9,
    )
    scores = model.validation_scores_
    worse = next(k for k in range(1, 9) if scores[k] <= max(scores[:k]))
    assert worse < 8
    for epoch in range(worse + 1):
        np.testing.assert_array_equal(recorder.ends[epoch], recorder.steps[epoch][-1])
    expected = np.mean(recorder.steps[worse + 1], axis=0)
    np.testing.assert_allclose(recorder.ends[worse + 1], expected, rtol=1e-3, atol=1e-5)


class Interrupting(Recorder):
    """Interrupt the training in its second epoch."""

    def on_batch_begin(self, net, training, **kwargs):
        if training and len(self.steps) == 2 and len(self.steps[-1]) == 2:
            raise KeyboardInterrupt


def test_an_interrupted_training_keeps_the_average():
    recorder = Interrupting()
    with pytest.warns(FitInterruptedWarning):
        model = fit(recorder, averaging="recent")
    steps = np.concatenate(recorder.steps)
    t = np.arange(1, len(steps) + 1)
    share = np.prod([t + k for k in range(9)], axis=0, dtype=float)
    expected = np.average(steps, axis=0, weights=share)
    np.testing.assert_allclose(weights_of(model.module_), expected, rtol=1e-3, atol=1e-5)
