"""Real signals at random moments: nothing of torch stays changed, and estimators go on."""

import random
import signal
import time

import numpy as np
import pytest
import torch

from sklearn_rnn import RNNTextClassifier, RNNTextEncoder, RNNTextRegressor, save

X = ["good, not bad", "bad, not good", "a b c d e f g h"] * 20
Y = np.array([0, 1, 0] * 20)
SMALL = {"hidden_size": 4, "embedding_dim": 4, "max_epochs": 2, "random_state": 0, "n_jobs": 2}
N_INTERRUPTS = 1500


@pytest.fixture
def interrupt_after():
    """Return a function that interrupts what runs then, once, after some seconds."""
    state = {"armed": False}

    def handler(*args):
        if state["armed"]:
            state["armed"] = False
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, handler)

    def run(job, seconds):
        """Return whether the job was interrupted."""
        try:
            state["armed"] = True
            signal.setitimer(signal.ITIMER_REAL, max(1e-6, seconds))
            job()
            return False
        except KeyboardInterrupt:
            return True
        finally:
            state["armed"] = False
            signal.setitimer(signal.ITIMER_REAL, 0)

    yield run
    signal.signal(signal.SIGALRM, before)


def state_of_torch():
    return {
        "threads": torch.get_num_threads(),
        "flushes denormal": not (torch.tensor(1e-40) * 1).item(),
        "dtype": torch.get_default_dtype(),
        "gradients": torch.is_grad_enabled(),
        "inference": torch.is_inference_mode_enabled(),
        "seed": torch.get_rng_state().tolist(),
    }


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn_rnn.exceptions.FitInterruptedWarning")
def test_interrupts_at_any_moment_leave_nothing_changed(interrupt_after, set_threads, tmp_path):
    set_threads(2)
    clf = RNNTextClassifier(**SMALL).fit(X, Y)
    encoder = RNNTextEncoder(**SMALL).fit(X, Y)
    regressor = RNNTextRegressor(**SMALL).fit(X, Y.astype(float))
    stream = RNNTextClassifier(**SMALL).partial_fit(X, Y, classes=[0, 1])
    expected = clf.predict_proba(X), encoder.transform(X), regressor.predict(X)
    jobs = [
        lambda: clf.predict_proba(X),
        lambda: clf.predict(X[:1]),
        lambda: encoder.transform(X),
        lambda: regressor.predict(X),
        lambda: RNNTextClassifier(**SMALL).fit(X, Y),
        lambda: stream.partial_fit(X, Y),
        lambda: save(clf, tmp_path / "model"),
    ]
    durations = []
    for job in jobs:
        start = time.perf_counter()
        job()
        durations.append(time.perf_counter() - start)
    chance, before, n_interrupted = random.Random(0), state_of_torch(), 0
    while n_interrupted < N_INTERRUPTS:
        place = chance.randrange(len(jobs))
        n_interrupted += interrupt_after(jobs[place], chance.uniform(0, durations[place]))
        assert state_of_torch() == before
    np.testing.assert_array_equal(clf.predict_proba(X), expected[0])
    np.testing.assert_array_equal(encoder.transform(X), expected[1])
    np.testing.assert_array_equal(regressor.predict(X), expected[2])
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert stream.partial_fit(X, Y).t_ == stream.net_.stream_.n_documents
