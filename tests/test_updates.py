import numpy as np
import pytest
import torch

from sklearn_rnn._training.optimizers import LazyAdamW, clip_grad_norm
from sklearn_rnn.modules import kernels as own_kernels

try:
    own_kernels.load_kernels()
except RuntimeError as error:
    pytest.skip(str(error), allow_module_level=True)

# Rows that come and go, and one that never comes.
BATCHES = [[0, 2, 5], [2, 3], [0, 1, 2, 3, 5], [5]]


def gradient(shape, rows=None):
    """Return a gradient, a sparse one of these rows if they are given."""
    if rows is None:
        return torch.randn(shape)
    values = torch.randn(len(rows), *shape[1:])
    return torch.sparse_coo_tensor(
        torch.tensor([rows]), values, shape, check_invariants=True
    ).coalesce()


def train(shape, *, kernels, sparse, **options):
    """Return a parameter and the optimizer's state after some steps."""
    torch.manual_seed(0)
    parameter = torch.nn.Parameter(torch.randn(shape))
    optimizer = LazyAdamW([{"params": [parameter], **options}], kernels=kernels)
    for rows in BATCHES:
        parameter.grad = gradient(shape, rows if sparse else None)
        optimizer.step()
    return parameter.detach(), dict(optimizer.state[parameter])


@pytest.mark.parametrize(
    "options",
    [{}, {"lr": 0.1, "betas": (0.5, 0.8), "eps": 0.01, "weight_decay": 0.3}, {"plain": True}],
    ids=str,
)
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("n_columns", [1, 16, 37])
def test_a_step_by_kernels_is_that_of_torch(n_columns, sparse, options):
    ours, our_state = train((6, n_columns), kernels=True, sparse=sparse, **options)
    theirs, their_state = train((6, n_columns), kernels=False, sparse=sparse, **options)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(our_state, their_state, rtol=1e-5, atol=1e-7)
    assert bool(our_state) != bool(options.get("plain"))


def test_training_goes_on_from_the_state_of_torch():
    """Kernels keep the moments as torch's AdamW does."""
    torch.manual_seed(0)
    parameter, grads = torch.nn.Parameter(torch.randn(20)), torch.randn(4, 20)
    expected = torch.nn.Parameter(parameter.detach().clone())
    theirs, ours = LazyAdamW([expected]), LazyAdamW([parameter])
    for step, grad in enumerate(grads):
        ours.param_groups[0]["kernels"] = step >= 2
        parameter.grad, expected.grad = grad.clone(), grad.clone()
        ours.step(), theirs.step()
    torch.testing.assert_close(parameter, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("what", ["float64", "strided"])
def test_what_a_kernel_cannot_step_torch_steps(what):
    torch.manual_seed(0)
    start = torch.randn(4, 6, dtype=torch.float64 if what == "float64" else torch.float32)
    results = []
    for kernels in (False, True):
        parameter = torch.nn.Parameter(start.T.clone(memory_format=torch.preserve_format))
        parameter.grad = torch.ones_like(parameter)
        assert not own_kernels.can_update(True, parameter)
        LazyAdamW([parameter], kernels=kernels).step()
        results.append(parameter.detach())
    assert torch.equal(*results)
    assert not torch.equal(results[0], start.T)


# The gradients have a norm of about 80.
@pytest.mark.parametrize("max_norm", [1e-3, 1.0, 1e3])
def test_clipping_by_a_kernel_is_that_of_torch(max_norm):
    results = []
    for kernels in (False, True):
        torch.manual_seed(0)
        parameters = [torch.nn.Parameter(torch.zeros(shape)) for shape in [(70, 80), (6, 5), (3,)]]
        for parameter, rows in zip(parameters, [None, [1, 4], None], strict=True):
            parameter.grad = gradient(parameter.shape, rows)
        norm = clip_grad_norm(parameters, max_norm, kernels=kernels)
        results.append([torch.tensor(float(norm)), *(p.grad.to_dense() for p in parameters)])
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_gradient_that_is_no_number_stays_none(value):
    parameter = torch.nn.Parameter(torch.zeros(40))
    parameter.grad = torch.ones(40)
    parameter.grad[17] = value
    norm = clip_grad_norm([parameter], 1.0, kernels=True)
    assert not np.isfinite(norm)
    assert not parameter.grad.isfinite().all()
