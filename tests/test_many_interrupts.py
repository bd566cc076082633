"""Thousands of real interrupts at random moments of every public method leave nothing changed.

SKLEARN_RNN_INTERRUPTS says how many.
"""

import os
import random
import signal
import time
import warnings
from functools import partial

import numpy as np
import pytest
import sklearn
import torch
from stress import digest, state_of_thread

from sklearn_rnn import (
    RNNTextClassifier,
    RNNTextEncoder,
    RNNTextRegressor,
    SequenceVectorizer,
    export_onnx,
    load,
    save,
)
from sklearn_rnn._training import process_state
from sklearn_rnn._training.model_lock import lock_of
from sklearn_rnn.modules._new_thread import in_new_thread

X = ["good, not bad", "bad, not good", "a b c d e f g h"] * 20
Y = np.array([0, 1, 0] * 20)
SMALL = {"hidden_size": 4, "embedding_dim": 4, "max_epochs": 2, "random_state": 0, "n_jobs": 2}
N_INTERRUPTS = int(os.environ.get("SKLEARN_RNN_INTERRUPTS", "5000"))
CLASSES = [RNNTextClassifier, RNNTextRegressor, RNNTextEncoder, SequenceVectorizer]
# Jobs that last no time are done again and again, so that interrupts find them.
SHORTEST = 2e-3


def public_methods(class_):
    return {
        name for name in dir(class_) if not name.startswith("_") and callable(getattr(class_, name))
    }


def jobs_of(estimator, stream, folder):
    """Return a call of each public method, and of saving, loading and exporting."""
    ids = SequenceVectorizer().fit_transform(X)
    reads = {
        **dict.fromkeys(
            ["predict", "predict_proba", "predict_log_proba", "decision_function"], (X,)
        ),
        "score": (X, Y),
        "transform": (X,),
        "inverse_transform": (ids,),
        "set_output": (),
        "set_params": (),
    }
    methods = public_methods(type(estimator))
    jobs = {name: partial(getattr(estimator, name), *reads.get(name, ())) for name in methods}
    y = () if isinstance(estimator, SequenceVectorizer) else (Y,)
    if "fit_transform" in methods:
        jobs["fit_transform"] = lambda: sklearn.clone(estimator).fit_transform(X, *y)
    jobs["fit"] = lambda: sklearn.clone(estimator).fit(X, *y)
    jobs["partial_fit"] = lambda: stream.partial_fit(X, *y)
    path = folder / f"{type(estimator).__name__}.safetensors"
    save(estimator, path)
    jobs["save"], jobs["load"] = partial(save, estimator, path), partial(load, path)
    if y:
        jobs["export"] = partial(export_onnx, estimator, path.with_suffix(".onnx"))
    return jobs


def learned(estimator):
    """Return what an estimator has learned, to be compared."""
    net = getattr(estimator, "net_", None)
    weights = [] if net is None else [value.numpy() for value in net.module_.state_dict().values()]
    modes = set() if net is None else {part.training for part in net.module_.modules()}
    # `set_fit_request` and the like do change something.
    values = {name: id(value) for name, value in vars(estimator).items() if "request" not in name}
    return digest(*weights), modes, values


def state():
    """Return all that an interrupt must not change, beside the estimator.

    scikit-learn's settings are not among it: its own `config_context`, in which each `fit` runs,
    is not safe from interrupts.
    """
    return {
        **state_of_thread(),
        "dtype": torch.get_default_dtype(),
        "torch": torch.get_rng_state().tolist(),
        "numpy": np.random.get_state()[1].tolist(),  # noqa: NPY002
        "random": random.getstate(),
        "warnings": list(warnings.filters),
        "pool": process_state._local.pool,
    }


def locks_are_free(*estimators):
    """Whether another thread need not wait."""
    locks = [process_state._TURN, process_state._CHANGE]
    for estimator in estimators:
        locks.append(lock_of(estimator)._registry)
        locks += [slot.lock for slot in lock_of(estimator)._slots]

    def are_free():
        return all(lock.acquire(blocking=False) and lock.release() is None for lock in locks)

    return in_new_thread(are_free)


@pytest.fixture
def interrupts():
    """Let a timer send SIGINT."""
    before = signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    of_sigint = signal.signal(signal.SIGINT, signal.default_int_handler)
    sklearn.set_config(enable_metadata_routing=True)
    yield
    sklearn.set_config(enable_metadata_routing=False)
    signal.signal(signal.SIGINT, of_sigint)
    signal.signal(signal.SIGALRM, before)


def lengthened(job):
    """Return a job that lasts long enough to be interrupted, and how long it lasts."""
    start = time.perf_counter()
    job()
    once = time.perf_counter() - start
    times = max(1, int(SHORTEST / once))

    def run():
        for _ in range(times):
            job()

    return run, once * times


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="signals of POSIX")
@pytest.mark.filterwarnings("ignore::sklearn_rnn.exceptions.FitInterruptedWarning")
@pytest.mark.parametrize("class_", CLASSES)
def test_interrupts_of_every_method_leave_nothing_changed(
    class_, interrupts, set_threads, tmp_path
):
    set_threads(2)
    chance = random.Random(0)
    is_net = class_ is not SequenceVectorizer
    estimator, stream = (class_(**SMALL if is_net else {}) for _ in range(2))
    estimator.fit(X, *[Y] * is_net)
    stream.partial_fit(
        X, *[Y] * is_net, *[[0, 1]] * (class_ in (RNNTextClassifier, RNNTextEncoder))
    )
    jobs = jobs_of(estimator, stream, tmp_path)
    assert public_methods(class_) <= jobs.keys()
    jobs = {name: lengthened(job) for name, job in jobs.items()}
    files = sorted(tmp_path.iterdir())
    before, model = state(), learned(estimator)
    for name, (job, duration) in jobs.items():
        n_wanted = -(-N_INTERRUPTS // (len(CLASSES) * len(jobs)))
        for _ in range(n_wanted):
            of_stream = learned(stream)
            interrupt(job, duration, chance, name, before)
            assert locks_are_free(estimator, stream), name
            assert learned(estimator) == model, name
            is_whole(stream, of_stream)
            assert sorted(tmp_path.iterdir()) == files, name


def interrupt(job, duration, chance, name, before):
    """Interrupt a job once, at a random moment."""
    config = sklearn.get_config()
    while True:
        try:
            signal.setitimer(signal.ITIMER_REAL, chance.uniform(1e-6, duration))
            job()
            signal.setitimer(signal.ITIMER_REAL, 0)
        except KeyboardInterrupt:
            assert state() == before, name
            break
    sklearn.set_config(**config)


def is_whole(stream, before):
    """Check that a chunk was learned or not."""
    if isinstance(stream, SequenceVectorizer):
        assert stream._growing.n_documents % len(X) == 0
    else:
        assert stream.t_ == stream.net_.stream_.n_chunks * len(X)
        now = learned(stream)
        assert now == before or now[2]["t_"] != before[2]["t_"]
