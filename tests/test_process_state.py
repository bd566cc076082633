import threading
import time

import pytest
import torch

from sklearn_rnn._training.process_state import side_by_side, torch_seed, torch_workers

CPU = torch.device("cpu")


def draw(seed):
    with torch_seed(seed, CPU):
        return torch.rand(5)


def test_same_seed_gives_the_same_numbers():
    assert torch.equal(draw(3), draw(3))


def test_another_seed_gives_other_numbers():
    assert not torch.equal(draw(3), draw(4))


def test_numbers_do_not_depend_on_the_state_outside():
    torch.manual_seed(1)
    first = draw(3)
    torch.manual_seed(2)
    assert torch.equal(draw(3), first)


def test_numbers_are_those_of_manual_seed():
    torch.manual_seed(3)
    assert torch.equal(draw(3), torch.rand(5))


def test_seed_restores_the_state_outside():
    before = torch.get_rng_state()
    draw(3)
    assert torch.equal(torch.get_rng_state(), before)


def test_seed_restores_the_state_outside_after_an_exception():
    before = torch.get_rng_state()
    with pytest.raises(KeyError), torch_seed(3, CPU):
        torch.rand(5)
        raise KeyError
    assert torch.equal(torch.get_rng_state(), before)


def test_seeds_can_be_nested():
    with torch_seed(3, CPU):
        first = torch.rand(5)
        draw(4)
        second = torch.rand(5)
    with torch_seed(3, CPU):
        assert torch.equal(torch.rand(10), torch.cat([first, second]))


def test_seed_on_the_cpu_leaves_the_gpus_alone(monkeypatch):
    seeded = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeded.append)
    torch.manual_seed(7)
    assert seeded == [7]  # so the spy sees who seeds every device
    draw(3)
    assert seeded == [7]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_seed_restores_the_state_of_the_gpu():
    device = torch.device("cuda", 0)
    before = torch.cuda.get_rng_state(device)
    for _ in range(2):
        with torch_seed(3, device):
            numbers = torch.rand(5, device=device)
        with torch_seed(3, device):
            assert torch.equal(torch.rand(5, device=device), numbers)
    assert torch.equal(torch.cuda.get_rng_state(device), before)


@pytest.fixture
def two_threads(set_threads):
    """Let torch compute on two threads, whatever the process was given."""
    set_threads(2)


@pytest.mark.parametrize("n_workers", [1, 3])
def test_torch_computes_on_one_thread_inside_the_block_only(n_workers, two_threads):
    with torch_workers(n_workers):
        assert torch.get_num_threads() == 1
        assert side_by_side(lambda _: torch.get_num_threads(), range(5)) == [1] * 5
    assert torch.get_num_threads() == 2


def test_threads_are_restored_after_an_exception(two_threads):
    with pytest.raises(KeyError), torch_workers(1):
        raise KeyError
    assert torch.get_num_threads() == 2


def test_workers_can_be_nested(two_threads):
    with torch_workers(2):
        with torch_workers(1):
            assert names_of_threads(4) == {threading.current_thread().name}
        assert threading.current_thread().name not in names_of_threads(4)
    assert torch.get_num_threads() == 2


def test_a_refused_number_of_workers_changes_nothing(two_threads):
    with pytest.raises(ValueError, match="at least 1"), torch_workers(0):
        pass
    assert torch.get_num_threads() == 2


def denormal_is_flushed(_=None):
    return (torch.tensor(1e-40) * 1).item() == 0


@pytest.mark.parametrize("flushed", [False, True])
@pytest.mark.parametrize("n_workers", [1, 2])
def test_denormal_numbers_are_flushed_inside_the_block_only(n_workers, flushed):
    torch.set_flush_denormal(flushed)
    try:
        with torch_workers(n_workers):
            assert denormal_is_flushed()
            assert all(side_by_side(denormal_is_flushed, range(4)))
        assert denormal_is_flushed() == flushed
    finally:
        torch.set_flush_denormal(False)


def names_of_threads(n_calls):
    """Return the names of the threads on which calls are made that wait for one another."""
    return set(side_by_side(lambda _: threading.current_thread().name, range(n_calls)))


def test_calls_run_on_several_threads_at_once():
    barrier = threading.Barrier(3, timeout=20)
    with torch_workers(3):
        side_by_side(lambda _: barrier.wait(), range(3))


@pytest.mark.parametrize("n_workers", [1, 2])
def test_results_come_in_the_order_of_the_arguments(n_workers):
    def slow_first(i):
        time.sleep(0.02 * (i == 0))
        return i

    with torch_workers(n_workers):
        assert side_by_side(slow_first, range(6)) == list(range(6))


def test_calls_run_one_by_one_outside_the_block():
    assert names_of_threads(3) == {threading.current_thread().name}


def test_nothing_runs_on_after_an_error():
    running, done = threading.Event(), []

    def call(i):
        if i == 0:
            running.wait(20)
            raise KeyError
        running.set()
        time.sleep(0.05)
        done.append(i)

    with torch_workers(2):
        with pytest.raises(KeyError):
            side_by_side(call, range(9))
        n_done = len(done)
        time.sleep(0.2)
    assert 1 <= len(done) == n_done < 8
