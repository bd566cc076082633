"""What a fit takes of the machine when several run at the same time."""

import os

import joblib
import numpy as np
import pytest
import torch

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn._training.settings import count_workers
from sklearn_rnn.datasets import load_tweet_sentiment

X, Y = (values[::300] for values in load_tweet_sentiment(return_X_y=True, as_frame=False))
SMALL = {"embedding_dim": 6, "hidden_size": 4, "max_epochs": 2, "random_state": 0}


def fit_and_count():
    """Fit, and return the probabilities and how many threads there were to compute with."""
    clf = RNNTextClassifier(**SMALL).fit(X, Y)
    return clf.predict_proba(X), count_workers(clf.n_jobs), os.getpid()


def fit_in(backend, n_jobs):
    with joblib.parallel_config(backend, n_jobs=n_jobs):
        results = joblib.Parallel()(joblib.delayed(fit_and_count)() for _ in range(n_jobs))
    return list(zip(*results, strict=True))


@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_fits_in_processes_share_the_cores(backend, monkeypatch, set_threads):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    set_threads(joblib.cpu_count())  # which processes that are forked inherit
    n_processes = 2
    probabilities, n_threads, processes = fit_in(backend, n_processes)
    assert os.getpid() not in processes
    assert sum(n_threads) <= max(joblib.cpu_count(), n_processes)
    expected, *_ = fit_and_count()
    for proba in probabilities:
        np.testing.assert_array_equal(proba, expected)


def test_a_fit_alone_has_all_threads_of_torch(set_threads):
    set_threads(3)
    assert fit_and_count()[1] == 3


def test_fits_in_threads_leave_the_number_of_threads(set_threads):
    set_threads(2)
    models = [RNNTextClassifier(**SMALL) for _ in range(4)]
    with joblib.parallel_config("threading", n_jobs=4):
        joblib.Parallel()(joblib.delayed(model.fit)(X, Y) for model in models)
    first, *others = (model.predict_proba(X) for model in models)
    assert all(np.array_equal(first, other) for other in others)
    assert torch.get_num_threads() == 2


def test_n_jobs_says_how_many_threads():
    assert count_workers(3) == 3
    assert count_workers(-1) == joblib.cpu_count()
