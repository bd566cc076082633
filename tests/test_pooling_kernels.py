import pytest
import torch

from sklearn_rnn.modules import ConcatPooling, LastPooling, MaxPooling, MeanPooling, PackedLayout
from sklearn_rnn.modules import kernels as own_kernels
from sklearn_rnn.modules._unique_rows import UniqueRows

try:
    own_kernels.load_kernels()
except RuntimeError as error:
    pytest.skip(str(error), allow_module_level=True)

BATCH_SIZES = [[1], [3], [1, 1, 1], [5, 5, 3, 1, 1], [4, 3, 3]]
POOLINGS = {
    "last": LastPooling,
    "both ends": lambda size, **options: LastPooling(size, bidirectional=True, **options),
    "mean": MeanPooling,
    "max": MaxPooling,
    "concat": ConcatPooling,
}


def pool(make, states, batch_sizes, *, kernels):
    """Return the vectors and a gradient of the states, or of their distinct rows."""
    rows = states.rows if isinstance(states, UniqueRows) else states
    rows.requires_grad_()
    vectors = make(rows.shape[1], kernels=kernels)(states, PackedLayout(torch.tensor(batch_sizes)))
    grad = torch.arange(1.0, vectors.numel() + 1).view_as(vectors)
    return vectors, *torch.autograd.grad(vectors, [rows], grad)


def assert_same(states, make, batch_sizes):
    ours = pool(make, states, batch_sizes, kernels=True)
    theirs = pool(make, states, batch_sizes, kernels=False)
    assert "Pooled" in str(ours[0].grad_fn) or "Ends" in str(ours[0].grad_fn)
    assert not ("Pooled" in str(theirs[0].grad_fn) or "Ends" in str(theirs[0].grad_fn))
    torch.testing.assert_close(ours, theirs)


# More features than a vector of the processor holds, with some over, and fewer.
@pytest.mark.parametrize("n_features", [2, 38])
@pytest.mark.parametrize("batch_sizes", BATCH_SIZES, ids=str)
@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_kernel_pools_as_torch_does(pooling, batch_sizes, n_features):
    torch.manual_seed(0)
    # All are negative, so that no zero can pass for the largest.
    states = torch.randn(sum(batch_sizes), n_features) - 5
    assert_same(states, POOLINGS[pooling], batch_sizes)


@pytest.mark.parametrize("pooling", ["max", "concat"])
def test_largest_states_that_tie_share_the_gradient(pooling):
    torch.manual_seed(0)
    states = torch.randint(-1, 2, (15, 20)).float()
    assert_same(states, POOLINGS[pooling], [5, 5, 3, 1, 1])


def test_a_mean_of_repeated_rows_adds_their_gradients():
    torch.manual_seed(0)
    states = UniqueRows(torch.randn(4, 20), torch.randint(0, 3, (15,)))  # the last row is of none
    assert_same(states, MeanPooling, [5, 5, 3, 1, 1])
    _, grad = pool(MeanPooling, states, [5, 5, 3, 1, 1], kernels=True)
    assert not grad[3].any()


def test_nan_in_a_document_is_its_largest_state():
    states = torch.tensor([[1.0], [torch.nan], [torch.nan], [4.0], [2.0], [5.0]])
    vectors, _ = pool(MaxPooling, states, [2, 2, 2], kernels=True)
    assert vectors.isnan().all()


@pytest.mark.parametrize("what", ["float64", "strided"])
def test_what_a_kernel_cannot_pool_torch_pools(what):
    states = torch.randn(20, 6, dtype=torch.float64) if what == "float64" else torch.randn(6, 20).T
    vectors, _ = pool(ConcatPooling, states, [1] * 20, kernels=True)
    torch.testing.assert_close(vectors[0, :6], states.amax(0))


def test_the_gradient_can_be_asked_for_twice():
    states = torch.randn(3, 4, requires_grad=True)
    layout = PackedLayout(torch.tensor([1, 1, 1]))
    total = ConcatPooling(4, kernels=True)(states, layout).sum()
    first, second = (torch.autograd.grad(total, states, retain_graph=True) for _ in range(2))
    assert torch.equal(*first, *second)
