"""What `fit` and the other methods must not change."""

import copy
import io
import logging
import os
import random
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout

import joblib
import numpy as np

from sklearn_rnn.utils._checks._corpus import (
    make_documents,
    make_other_documents,
    make_target,
)
from sklearn_rnn.utils._checks._fitting import assert_same, fit, make, outputs
from sklearn_rnn.utils._checks._registry import text_check


def global_state():
    """Return what belongs to the whole process, by name."""
    state = {
        "the random state of random": random.getstate(),
        "the random state of NumPy": repr(np.random.get_state(legacy=False)),
        "the handling of float errors of NumPy": np.geterr(),
        "the environment": dict(os.environ),
        "the working directory": os.getcwd(),
        "the search path": list(sys.path),
        "the filters of warnings": list(warnings.filters),
        "logging": (logging.root.level, list(logging.root.handlers), logging.root.disabled),
        "the limit of recursion": sys.getrecursionlimit(),
    }
    torch = sys.modules.get("torch")
    if torch is not None:
        state |= {
            "the random state of torch": torch.get_rng_state().tolist(),
            "the number of threads of torch": torch.get_num_threads(),
            "the default dtype of torch": torch.get_default_dtype(),
            "the recording of gradients of torch": torch.is_grad_enabled(),
            "the choice of algorithms of torch": torch.are_deterministic_algorithms_enabled(),
        }
    return state


def assert_same_state(before, who):
    after = global_state()
    changed = [name for name in before if before[name] != after[name]]
    assert not changed, f"{who} must not change {', '.join(changed)}."


@text_check()
def check_fit_changes_nothing_global(name, estimator):
    """`fit` does not change random states, environment, warnings and the like."""
    fit(estimator)  # what is imported at the first time may change what it likes
    before = global_state()
    fit(estimator)
    assert_same_state(before, f"{name}.fit")


@text_check()
def check_methods_change_nothing_global(name, estimator):
    """So do the other methods."""
    fitted = fit(estimator)
    outputs(fitted, make_documents())
    before = global_state()
    outputs(fitted, make_documents())
    assert_same_state(before, f"The methods of {name}")


@text_check()
def check_fit_leaves_data_alone(name, estimator):
    """`fit` changes neither the documents nor the target."""
    for container in (list, lambda X: np.array(X, dtype=object)):
        X, y = container(make_documents()), make_target(estimator)
        before = copy.deepcopy((X, y))
        fit(estimator, X, y)
        np.testing.assert_equal((X, y), before, err_msg=f"{name}.fit must not change X or y.")


@text_check()
def check_methods_leave_data_alone(name, estimator):
    """The other methods do not change the documents."""
    fitted = fit(estimator)
    for container in (list, lambda X: np.array(X, dtype=object)):
        X = container(make_documents())
        outputs(fitted, X)
        np.testing.assert_array_equal(
            X, make_documents(), err_msg=f"The methods of {name} must not change X."
        )


@text_check()
def check_methods_leave_estimator_alone(name, estimator):
    """The other methods do not change the estimator."""
    fitted = fit(estimator)
    before = dict(vars(fitted))
    hashes = {key: joblib.hash(value) for key, value in before.items()}
    outputs(fitted, make_documents())
    assert list(vars(fitted)) == list(before), f"The methods of {name} must set no attribute."
    changed = [key for key, value in vars(fitted).items() if joblib.hash(value) != hashes[key]]
    assert not changed, f"The methods of {name} must not change {changed}."


@text_check()
def check_fit_does_not_touch_copies(name, estimator):
    """Two clones share nothing: fitting the one leaves the other's results."""
    first = fit(estimator)
    before = outputs(first, make_documents())
    fit(first, make_other_documents())
    assert_same(outputs(first, make_documents()), before, "fitting a clone", exact=True)


@text_check()
def check_nothing_is_printed(name, estimator):
    """With verbose=0, if there is such a parameter, nothing is printed."""
    quiet = {
        key: False
        for key in estimator.get_params(deep=True)
        if key == "verbose" or key.endswith("__verbose")
    }
    printed = io.StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        estimator = make(estimator, **quiet).fit(make_documents(), make_target(estimator))
        outputs(estimator, make_documents())
    assert not printed.getvalue(), f"{name} must print nothing. Got {printed.getvalue()!r}."


@text_check()
def check_nothing_is_warned_of(name, estimator):
    """Plain documents and the given parameters cause no warning."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        outputs(fit(estimator), make_documents())
    assert not caught, f"{name} must not warn of plain documents. Got {caught[0].message!r}."
