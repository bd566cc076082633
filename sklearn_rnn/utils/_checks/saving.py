"""Copies of a fitted estimator: pickle, joblib, deepcopy."""

import copy
import io
import pickle
from pathlib import Path
from tempfile import TemporaryDirectory

import joblib

from sklearn_rnn.utils._checks._corpus import (
    make_documents,
    make_other_documents,
    make_target,
)
from sklearn_rnn.utils._checks._fitting import (
    assert_same,
    fit,
    make,
    outputs,
    without_warm_start,
)
from sklearn_rnn.utils._checks._registry import text_check


@text_check()
def check_pickle(name, estimator):
    """A fitted estimator comes back from a pickle with the same results, to the bit."""
    fitted = fit(estimator)
    X = make_documents()
    again = pickle.loads(pickle.dumps(fitted))
    assert_same(outputs(again, X), outputs(fitted, X), "pickling", exact=True)


@text_check()
def check_pickle_before_fit(name, estimator):
    """A new estimator comes back from a pickle, and learns the same."""
    estimator = make(estimator)
    again = pickle.loads(pickle.dumps(estimator))
    assert repr(again) == repr(estimator), f"Pickling must keep the parameters of {name}."
    X = make_documents()
    assert_same(outputs(fit(again), X), outputs(fit(estimator), X), "pickling before fit")


@text_check()
def check_pickle_twice(name, estimator):
    """A pickle of an unpickled estimator is as good as the first."""
    fitted, X = fit(estimator), make_documents()
    again = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(fitted))))
    assert_same(outputs(again, X), outputs(fitted, X), "pickling twice", exact=True)


@text_check()
def check_joblib(name, estimator):
    """A fitted estimator comes back from `joblib.dump` with the same results, to the bit."""
    fitted, X = fit(estimator), make_documents()
    file = io.BytesIO()
    joblib.dump(fitted, file)
    file.seek(0)
    assert_same(outputs(joblib.load(file), X), outputs(fitted, X), "joblib", exact=True)


@text_check()
def check_joblib_memory_map(name, estimator):
    """Loaded with its arrays mapped read-only, as in the workers of joblib, it works the same."""
    fitted, X = fit(estimator), make_documents()
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "estimator.joblib"
        joblib.dump(fitted, path)
        again = joblib.load(path, mmap_mode="r")
        assert_same(outputs(again, X), outputs(fitted, X), "memory-mapping", exact=True)
        again.set_params(**without_warm_start(again)).fit(X, make_target(again))
        assert_same(outputs(again, X), outputs(fitted, X), "memory-mapping before fit")
        del again


@text_check()
def check_deepcopy(name, estimator):
    """A deep copy has the same results, to the bit, whatever the original learns later."""
    fitted, X = fit(estimator), make_documents()
    before = outputs(fitted, X)
    again = copy.deepcopy(fitted)
    assert_same(outputs(again, X), before, "copying", exact=True)
    fitted.fit(make_other_documents(), make_target(estimator))
    assert_same(outputs(again, X), before, "what the original of a copy learns", exact=True)
