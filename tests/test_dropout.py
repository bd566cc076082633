from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_rnn.modules import Dropout, WordDropout
from sklearn_rnn.modules._dropout import dropout_generator


@settings(deadline=None, max_examples=20)
@given(p=st.floats(0.05, 0.95))
def test_a_share_of_the_values_is_zeroed_and_the_mean_stays(p):
    torch.manual_seed(0)
    x = torch.full((100_000,), 3.0)
    y = Dropout(p)(x)
    assert (y == 0).float().mean() == pytest.approx(p, abs=0.01)
    assert y[y != 0].unique().item() == pytest.approx(3 / (1 - p), rel=1e-5)


def test_the_gradient_passes_where_values_were_kept():
    x = torch.ones(1000, requires_grad=True)
    y = Dropout(0.5)(x)
    y.sum().backward()
    assert torch.equal(x.grad, y.detach())


@pytest.mark.parametrize("dropout", [Dropout(0.5).eval(), Dropout(0.0)], ids=["eval", "p=0"])
def test_nothing_is_zeroed_otherwise(dropout):
    x = torch.ones(10)
    assert dropout(x) is x


@pytest.mark.parametrize(
    ("dropout", "x"), [(Dropout(0.5), torch.ones(100)), (WordDropout(0.5), torch.full((100,), 7))]
)
def test_threads_with_generators_do_not_mix_up_their_numbers(dropout, x):
    def draw(seed):
        with dropout_generator(torch.Generator().manual_seed(seed)):
            return [dropout(x) for _ in range(50)]

    alone = [draw(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(draw, range(4)))
    for first, second in zip(alone, together, strict=True):
        assert all(map(torch.equal, first, second))
    assert not torch.equal(alone[0][0], alone[1][0])


def test_without_a_generator_torch_draws_from_its_own():
    def draw():
        torch.manual_seed(3)
        return Dropout(0.5)(torch.ones(100))

    first = draw()
    assert torch.equal(draw(), first)
    with dropout_generator(torch.Generator().manual_seed(0)):
        assert not torch.equal(draw(), first)
    assert torch.equal(draw(), first)


def test_the_generator_is_given_back_after_an_error():
    state = torch.get_rng_state()
    with pytest.raises(KeyError), dropout_generator(torch.Generator()):
        raise KeyError
    Dropout(0.5)(torch.ones(100))
    assert not torch.equal(torch.get_rng_state(), state)
