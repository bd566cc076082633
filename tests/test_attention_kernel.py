"""The kernel of attention against the same equations in torch."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_rnn.modules import AttentionPooling, MultiheadAttentionPooling, PackedLayout
from sklearn_rnn.modules.kernels import get_kernel_threads, has_kernels, set_kernel_threads

pytestmark = pytest.mark.skipif(not has_kernels("auto"), reason="no kernels are installed")

LENGTHS = st.lists(st.integers(1, 12), min_size=1, max_size=6)


def pool(pooling, lengths, seed=0):
    """Return pooled states, and the gradients of states and weights of a random function."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.tensor(sorted(lengths, reverse=True))
    batch_sizes = (lengths[:, None] > torch.arange(lengths[0])).sum(0)
    shape = int(lengths.sum()), pooling.output_size
    states = torch.randn(shape, generator=generator, requires_grad=True)
    pooled = pooling(states, PackedLayout(batch_sizes))
    factors = torch.randn(pooled.shape, generator=generator)
    return [pooled, *torch.autograd.grad((pooled * factors).sum(), [states, *pooling.parameters()])]


def make(n_features, num_heads, kernels):
    torch.manual_seed(n_features)
    if num_heads == 1:
        return AttentionPooling(n_features, kernels=kernels)
    return MultiheadAttentionPooling(n_features, num_heads, kernels=kernels)


@settings(deadline=None, max_examples=40)
@given(
    lengths=LENGTHS, n_features=st.sampled_from([4, 20, 128]), num_heads=st.sampled_from([1, 2, 4])
)
def test_kernel_computes_what_torch_does(lengths, n_features, num_heads):
    ours = pool(make(n_features, num_heads, kernels=True), lengths)
    theirs = pool(make(n_features, num_heads, kernels=False), lengths)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_kernel_is_used():
    ours = pool(make(20, 1, kernels=True), [9, 4])[0]
    assert type(ours.grad_fn).__name__ == "_AttendedBackward"


@pytest.mark.parametrize("num_heads", [1, 4])
def test_threads_do_not_change_a_bit(num_heads):
    found, before = [], get_kernel_threads()
    for n_threads in (1, 2, 3):
        set_kernel_threads(n_threads)
        try:
            found.append(pool(make(128, num_heads, kernels=True), [700, 300, 299, 1]))
        finally:
            set_kernel_threads(before)
    for others in found[1:]:
        assert all(map(torch.equal, found[0], others))
