import gc
import threading
import time
import weakref
from concurrent.futures import CancelledError

import pytest

from sklearn_rnn._training.workers import Workers, stop_if_cancelled


def make_workers(n_workers, prepare=lambda: None):
    return Workers(n_workers, prepare)


def test_results_come_in_the_order_of_the_calls():
    workers = make_workers(3)

    def slow_first(i):
        time.sleep(0.02 * (i == 0))
        return i

    assert workers.map(slow_first, [(i,) for i in range(20)]) == list(range(20))


def test_each_thread_is_prepared_once_and_stays():
    prepared = []
    workers = make_workers(2, lambda: prepared.append(threading.get_ident()))
    barrier = threading.Barrier(2, timeout=20)
    for _ in range(3):
        idents = workers.map(lambda _: barrier.wait() and threading.get_ident(), [(0,), (1,)])
        assert len(idents) == 2
    assert len(prepared) == len(set(prepared)) == 2


def test_one_call_starts_one_thread():
    prepared = []
    make_workers(5, lambda: prepared.append(1)).map(abs, [(-1,)])
    assert prepared == [1]


def test_an_error_comes_out_when_nothing_runs_any_more():
    running, ended = [], []
    begun = threading.Event()

    def call(i):
        running.append(i)
        if i == 0:
            assert begun.wait(20)
            raise KeyError(i)
        begun.set()
        time.sleep(0.05)
        ended.append(i)

    with pytest.raises(KeyError):
        make_workers(2).map(call, [(i,) for i in range(50)])
    assert sorted(running) == sorted([0, *ended])
    assert len(ended) < 49


def test_the_workers_go_on_after_an_error():
    workers = make_workers(2)
    for _ in range(5):
        with pytest.raises(ZeroDivisionError):
            workers.map(lambda x: 1 / x, [(1,), (0,), (2,)])
    assert workers.map(abs, [(-1,), (-2,)]) == [1, 2]


class Token:
    """What a thread keeps for itself."""


def test_threads_end_with_the_last_reference():
    of_thread, tokens = threading.local(), []

    def prepare():
        of_thread.token = Token()
        tokens.append(weakref.ref(of_thread.token))

    workers, barrier = make_workers(2, prepare), threading.Barrier(2, timeout=20)
    workers.map(lambda _: barrier.wait(), [(0,), (1,)])
    assert len(tokens) == 2 and all(token() for token in tokens)
    del workers
    gc.collect()
    end = time.monotonic() + 20
    while any(token() for token in tokens) and time.monotonic() < end:
        time.sleep(0.01)
    assert not any(token() for token in tokens)


def test_a_long_call_can_end_when_another_one_fails():
    begun, ended = threading.Event(), []

    def call(i):
        if i == 1:
            assert begun.wait(20)
            raise KeyError(i)
        begun.set()
        end = time.monotonic() + 20
        try:
            while time.monotonic() < end:
                stop_if_cancelled()
        except CancelledError:
            ended.append(i)
            raise

    with pytest.raises(KeyError):
        make_workers(2).map(call, [(0,), (1,)])
    assert ended == [0]
    stop_if_cancelled()  # which is nothing to a thread that works for itself
