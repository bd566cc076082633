"""An interrupt wherever a function may start leaves what torch keeps for the process as it was.

Python lets an interrupt in where a function starts, so an error raised there is the same, and here
one is raised at each such place in turn, among those that set and restore.
"""

import gc
import sys

import pytest
import torch

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn._training import process_state
from sklearn_rnn.modules._new_thread import in_new_thread

X, Y = ["good, not bad", "bad, not good", "a b c d"], [0, 1, 0]
SMALL = {
    "hidden_size": 4,
    "embedding": None,
    "embedding_dim": 4,
    "max_epochs": 1,
    "random_state": 0,
    "n_jobs": 2,
}
FILES = (
    "contextlib.py",
    "torch/random.py",
    "_training/process_state.py",
    "_training/fit_net.py",
    "_training/unfinished.py",
    "_training/model_lock.py",
    "modules/_new_thread.py",
)


class InterruptAt:
    """A trace function that raises an interrupt at the n-th start of a function in `FILES`."""

    def __init__(self, n):
        self.n_left = n
        self.place = None

    def __call__(self, frame, event, arg):
        code = frame.f_code
        if event == "call" and code.co_filename.endswith(FILES):
            self.n_left -= 1
            if self.n_left == 0:
                self.place = code.co_filename, code.co_name
                raise KeyboardInterrupt


def state():
    return {
        "threads": torch.get_num_threads(),
        "threads of new threads": in_new_thread(torch.get_num_threads),
        "flushes denormal": (torch.tensor(1e-40) * 1).item() == 0,
        "gradients": torch.is_grad_enabled(),
        "inference": torch.is_inference_mode_enabled(),
        "dtype": torch.get_default_dtype(),
        "random numbers": torch.get_rng_state().tolist(),
        "pool": (process_state._local.pool, process_state._local.computes),
    }


def is_free(lock):
    return in_new_thread(lambda: lock.acquire(blocking=False) and lock.release() is None)


@pytest.fixture
def no_collection():
    """Let nothing be freed by the garbage collector, which comes too late for whoever waits."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.skipif(sys.gettrace() is not None, reason="another tracer is at work")
@pytest.mark.filterwarnings("ignore::sklearn_rnn.exceptions.FitInterruptedWarning")
@pytest.mark.parametrize("method", ["fit", "partial_fit", "predict"])
def test_an_interrupt_wherever_a_function_starts_leaves_torch_as_it_was(method, no_collection):
    fitted = RNNTextClassifier(**SMALL).fit(X, Y)
    stream = RNNTextClassifier(**SMALL).partial_fit(X, Y, classes=[0, 1])
    run = {
        "fit": lambda: RNNTextClassifier(**SMALL).fit(X, Y),
        "partial_fit": lambda: stream.partial_fit(X, Y),
        "predict": lambda: fitted.predict(X),
    }[method]
    run()
    before, n = state(), 0
    while True:
        n += 1
        interrupt = InterruptAt(n)
        sys.settrace(interrupt)
        try:
            run()
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(None)
        if interrupt.place is None:
            break
        assert state() == before, interrupt.place
        assert is_free(process_state._TURN), interrupt.place
        assert is_free(process_state._CHANGE), interrupt.place
    assert n > 10  # there were places
