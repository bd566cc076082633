import numpy as np
import pytest
import torch

from sklearn_rnn._training.schedules import SCHEDULES

# Every schedule: the first factor, the last (of the step after the end) and where the peak is.
ENDS = {
    "onecycle": (1 / 25, 0, 0.25),
    "cosine": (1, 0, 0),
    "linear": (1, 0, 0),
    "constant": (1, 1, 0),
}


def test_every_schedule_has_its_ends_checked():
    assert set(ENDS) == set(SCHEDULES)


@pytest.mark.parametrize("n_steps", [4, 100, 1000])
@pytest.mark.parametrize("name", SCHEDULES)
def test_schedule_starts_peaks_and_ends_as_it_says(name, n_steps):
    first, last, peak = ENDS[name]
    factors = [SCHEDULES[name](step, n_steps) for step in range(n_steps + 1)]
    assert factors[0] == pytest.approx(first)
    assert factors[-1] == pytest.approx(last, abs=1e-12)
    assert np.argmax(factors) == peak * n_steps
    assert max(factors) == pytest.approx(1)


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedule_rises_to_its_peak_and_falls_from_there(name):
    n_steps = 100
    factors = np.array([SCHEDULES[name](step, n_steps) for step in range(n_steps + 1)])
    peak = np.argmax(factors)
    assert (np.diff(factors[: peak + 1]) > 0).all()
    assert (np.diff(factors[peak:]) <= 0).all()


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedule_is_never_negative_nor_above_one(name):
    for n_steps in range(1, 60):
        factors = [SCHEDULES[name](step, n_steps) for step in range(n_steps + 1)]
        assert 0 <= min(factors)
        assert max(factors) <= 1


@pytest.mark.parametrize("n_steps", [7, 100])
def test_schedules_equal_their_formulas(n_steps):
    for step in range(n_steps + 1):
        done = step / n_steps
        assert SCHEDULES["linear"](step, n_steps) == pytest.approx(1 - done)
        cosine = np.cos(np.pi * done / 2) ** 2  # the same as (1 + cos(pi done)) / 2
        assert SCHEDULES["cosine"](step, n_steps) == pytest.approx(cosine, abs=1e-12)
        if done < 0.25:
            one_cycle = 0.04 + 0.96 * np.sin(np.pi * done / 0.25 / 2) ** 2
        else:
            one_cycle = np.cos(np.pi * (done - 0.25) / 0.75 / 2) ** 2
        assert SCHEDULES["onecycle"](step, n_steps) == pytest.approx(one_cycle, abs=1e-12)


def test_one_cycle_equals_the_schedule_of_torch():
    n_steps = 100
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(()))], lr=1.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=1.0,
        # torch counts its phases to the last step, ours end after it.
        total_steps=n_steps + 1,
        pct_start=26 / 101,
        final_div_factor=float("inf"),
        cycle_momentum=False,
    )
    for step in range(n_steps):
        assert SCHEDULES["onecycle"](step, n_steps) == pytest.approx(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
