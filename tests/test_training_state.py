"""The state of a training, written and read."""

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_rnn._files.values import NotDataError
from sklearn_rnn._training.optimizers import OPTIMIZERS, LazyAdamW
from sklearn_rnn._training.training_state import (
    StateReader,
    StateWriter,
    _get_optimizer,
    _packed,
    _set_optimizer,
    _with_batches,
)


def written_and_read(value):
    writer = StateWriter()
    written = writer.write(value)
    arrays = {name: np.array(array, order="C") for name, array in writer.arrays.items()}
    return StateReader(arrays).read(written)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_tensors_of_all_types_come_back(dtype):
    tensor = torch.randn(3, 2).to(dtype)
    (found,) = written_and_read([tensor])
    assert found.dtype == dtype
    assert torch.equal(found, tensor)


BATCHES = [
    {"train_loss": 0.1, "train_batch_size": 3},
    {"train_loss": float("nan"), "train_batch_size": 2},
    {"valid_loss": 0.3, "valid_batch_size": 5},
    {"valid_loss": 1, "valid_batch_size": 2**70},
    {"mine": "text"},
]


@pytest.mark.parametrize("n", range(6))
def test_batches_come_back(n):
    row = {"epoch": 1, "batches": BATCHES[:n]}
    found = _with_batches(written_and_read({**row, "batches": _packed(row["batches"])}))
    assert repr(found) == repr(row)  # NaN equals nothing
    assert [type(v) for b in found["batches"] for v in b.values()] == [
        type(v) for b in BATCHES[:n] for v in b.values()
    ]


def make_parameters():
    generator = torch.Generator().manual_seed(0)
    table = torch.randn(5, 3, generator=generator)
    transposed = torch.randn(4, 3, generator=generator).t()
    return [nn.Parameter(table), nn.Parameter(transposed)]


def take_steps(optimizer, parameters, seeds):
    for seed in seeds:
        generator = torch.Generator().manual_seed(seed)
        for parameter in parameters:
            parameter.grad = torch.empty_like(parameter).normal_(generator=generator)
        optimizer.step()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizer_goes_on(name):
    """Fused steps take numbers in the order of memory, which a file does not keep."""
    parameters, others = make_parameters(), make_parameters()
    optimizer, other = (OPTIMIZERS[name](p, lr=0.1) for p in (parameters, others))
    take_steps(optimizer, parameters, range(3))
    state = written_and_read(_get_optimizer(optimizer))
    for parameter, value in zip(others, parameters, strict=True):
        parameter.data.copy_(value.data)
    _set_optimizer(other, state)
    for each, its in ((optimizer, parameters), (other, others)):
        each.param_groups[0]["lr"] *= 0.5
        take_steps(each, its, range(3, 6))
    for parameter, value in zip(others, parameters, strict=True):
        assert torch.equal(parameter, value)


def test_learning_rate_comes_back():
    optimizer = LazyAdamW(make_parameters(), lr=0.1)
    state = {**_get_optimizer(optimizer), "rates": [0.25]}
    _set_optimizer(optimizer, state)
    assert optimizer.param_groups[0]["lr"] == 0.25


@pytest.mark.parametrize(
    "value", [torch.zeros(5), torch.zeros(5, 3).double(), torch.zeros(3, 5), "text", [1]]
)
def test_state_unlike_its_parameter_is_refused(value):
    parameters = make_parameters()
    optimizer = LazyAdamW(parameters)
    take_steps(optimizer, parameters, [0])
    state = _get_optimizer(optimizer)
    state["state"][0]["exp_avg"] = value
    with pytest.raises(ValueError, match="'exp_avg'"):
        _set_optimizer(optimizer, state)
    optimizer.state[parameters[0]]["exp_avg"] = value
    with pytest.raises(NotDataError, match="the state of the optimizer LazyAdamW"):
        _get_optimizer(optimizer)
