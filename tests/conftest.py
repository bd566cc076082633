"""What all tests share."""

import signal
from itertools import product

import pytest
import torch


def pytest_configure(config):
    # Workers of pytest-xdist share the cores.
    n_workers = getattr(config, "workerinput", {}).get("workercount")
    if n_workers:
        torch.set_num_threads(max(1, torch.get_num_threads() // n_workers))


def leaves_slow_out(config):
    """Whether slow tests are left out, as by default."""
    return config.option.markexpr == "not slow"


def pytest_pycollect_makeitem(collector, name, obj):
    """Build no item of a slow test that is left out, as building takes seconds."""
    marks = getattr(obj, "pytestmark", [])
    if leaves_slow_out(collector.config) and any(mark.name == "slow" for mark in marks):
        return []


def pytest_generate_tests(metafunc):
    """Parametrize tests marked by `one_at_a_time`.

    The first values stand together, and each other value with the first ones of the other
    parameters. All other combinations are slow tests.
    """
    for mark in metafunc.definition.iter_markers("one_at_a_time"):
        cases = []
        for places in product(*(range(len(values)) for values in mark.kwargs.values())):
            is_slow = sum(place > 0 for place in places) > 1
            if not (is_slow and leaves_slow_out(metafunc.config)):
                case = [v[place] for v, place in zip(mark.kwargs.values(), places, strict=True)]
                cases.append(pytest.param(*case, marks=[pytest.mark.slow] * is_slow))
        metafunc.parametrize(list(mark.kwargs), cases, ids=id_of)


def id_of(value):
    return getattr(value, "__name__", str(value))


@pytest.fixture
def set_threads():
    """Return torch's function for its number of threads, which is restored after the test."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.fixture
def sigint():
    """Let SIGINT interrupt, which a process started in the background ignores."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.SIGINT
    signal.signal(signal.SIGINT, before)
