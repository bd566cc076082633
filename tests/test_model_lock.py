import random
import signal
import threading
import time

import pytest

from sklearn_rnn._training.model_lock import ModelLock, lock_of
from sklearn_rnn.modules._new_thread import in_new_thread

N_READERS = 2000


def read_by_threads(lock, n_threads):
    """Let a lock be read by so many threads, and return what they hold as long as they live."""
    slots = []
    for _ in range(n_threads):
        lock._local = threading.local()
        lock.reading()
        slots.append(lock._local.slot)
    lock._local = threading.local()
    return slots


def is_free(slot):
    """Whether another thread can take a lock."""
    return slot.lock.acquire(blocking=False) and slot.lock.release() is None


def test_who_writes_holds_the_locks_of_thousands_of_readers():
    lock = ModelLock()
    slots = read_by_threads(lock, N_READERS)
    free = lock.write(in_new_thread, lambda: sum(map(is_free, slots)))
    assert free == 0
    assert in_new_thread(lambda: sum(map(is_free, slots))) == N_READERS


def test_an_error_frees_all_locks():
    lock = ModelLock()
    slots = read_by_threads(lock, N_READERS)
    with pytest.raises(ZeroDivisionError):
        lock.write(lambda: 1 / 0)
    assert in_new_thread(lambda: sum(map(is_free, slots))) == N_READERS


def test_who_writes_may_read_and_write_again():
    lock = ModelLock()
    slots = read_by_threads(lock, 3)

    def read_and_write():
        with lock.reading():
            return lock.write(lambda: "written")

    assert lock.write(read_and_write) == "written"
    assert in_new_thread(lambda: sum(map(is_free, slots))) == 3


def test_a_thread_that_has_ended_leaves_no_lock():
    lock = ModelLock()
    in_new_thread(lock.reading)
    end = time.monotonic() + 20
    while len(lock._slots) and time.monotonic() < end:
        time.sleep(0.01)
    assert len(lock._slots) == 0


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="signals of POSIX")
def test_no_lock_is_lost_to_an_interrupt():
    lock, chance = ModelLock(), random.Random(0)
    slots = read_by_threads(lock, N_READERS)
    start = time.perf_counter()
    lock.write(int)
    duration = time.perf_counter() - start
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    n_interrupted = 0
    try:
        while n_interrupted < 200:
            try:
                signal.setitimer(signal.ITIMER_REAL, chance.uniform(1e-6, duration))
                lock.write(int)
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                n_interrupted += 1
                assert in_new_thread(lambda: sum(map(is_free, slots))) == N_READERS
    finally:
        signal.signal(signal.SIGALRM, before)
    assert in_new_thread(lambda: lock._registry.acquire(blocking=False))


def test_an_interrupt_while_waiting_for_a_reader_frees_the_others():
    lock = ModelLock()
    slots = read_by_threads(lock, 50)
    reads, go_on = threading.Event(), threading.Event()

    def read():
        with lock.reading():
            reads.set()
            go_on.wait(60)

    reader = threading.Thread(target=read)
    reader.start()
    assert reads.wait(60)
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            lock.write(int)
        assert in_new_thread(lambda: sum(map(is_free, slots))) == 50
    finally:
        signal.signal(signal.SIGALRM, before)
        go_on.set()
        reader.join()
    assert lock.write(int) == 0


def test_each_estimator_has_one_lock():
    class Model:
        pass

    first, second = Model(), Model()
    assert lock_of(first) is lock_of(first)
    assert lock_of(first) is not lock_of(second)
