import pytest
import torch

from sklearn_rnn._torch_state import torch_seed, torch_threads

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
def two_threads():
    """Let torch compute on two threads, whatever the process was given."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("n_threads", [1, 3])
def test_threads_hold_inside_the_block_only(n_threads, two_threads):
    with torch_threads(n_threads):
        assert torch.get_num_threads() == n_threads
    assert torch.get_num_threads() == 2


def test_threads_are_restored_after_an_exception(two_threads):
    with pytest.raises(KeyError), torch_threads(1):
        raise KeyError
    assert torch.get_num_threads() == 2


def test_threads_can_be_nested(two_threads):
    with torch_threads(1):
        with torch_threads(3):
            pass
        assert torch.get_num_threads() == 1


def test_a_refused_number_of_threads_changes_nothing(two_threads):
    with pytest.raises(RuntimeError, match="positive"), torch_threads(0):
        pass
    assert torch.get_num_threads() == 2
