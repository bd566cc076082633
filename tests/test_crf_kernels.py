"""The kernels of the chain of tags against torch in twice the precision."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils.rnn import pack_sequence

from sklearn_rnn.modules import LinearChainCRF, PackedLayout, build_tagging_network
from sklearn_rnn.modules import kernels as own_kernels
from sklearn_rnn.modules.kernels import _threads

try:
    own_kernels.load_kernels()
except RuntimeError as error:
    pytest.skip(str(error), allow_module_level=True)

LENGTHS = [30, 12, 12, 7, 5, 3, 2, 1, 1, 1, 1]


def make_batch(lengths, n_tags, seed=0, *, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    lengths = sorted(lengths, reverse=True)
    packed = pack_sequence([scale * torch.randn(n, n_tags, generator=generator) for n in lengths])
    tags = torch.randint(n_tags, (len(packed.data),), generator=generator)
    return packed.data, tags, PackedLayout(packed.batch_sizes)


def make_pair(n_tags, seed=0, *, scale=1.0, constrained=False):
    """Return a chain that computes by kernels, and the same one in float64 without."""
    generator = torch.Generator().manual_seed(seed)
    masks = {}
    if constrained:
        allowed = torch.rand(n_tags, n_tags, generator=generator) < 0.5
        masks["allowed_transitions"] = allowed.fill_diagonal_(True)
    crf = LinearChainCRF(n_tags, kernels=True, **masks)
    with torch.no_grad():
        for parameter in crf.parameters():
            parameter.copy_(scale * torch.randn(parameter.shape, generator=generator))
    exact = LinearChainCRF(n_tags, **masks).double()
    exact.load_state_dict(crf.state_dict())
    return crf, exact


def compute(crf, scores, tags, layout):
    """Return log-likelihoods, all gradients with a weight for each document, and marginals."""
    scores = scores.to(crf.start.dtype).detach().requires_grad_()
    found = crf.log_likelihood(scores, tags, layout)
    weights = torch.arange(1.0, len(found) + 1, dtype=found.dtype)
    grads = torch.autograd.grad(found, [scores, *crf.parameters()], weights)
    return [found, *grads, crf.marginals(scores, layout)]


def assert_same(crf, exact, batch, **tolerance):
    for ours, theirs in zip(compute(crf, *batch), compute(exact, *batch), strict=True):
        assert ours.dtype == torch.float32
        torch.testing.assert_close(ours.double(), theirs, **tolerance)
    scores, _, layout = batch
    paths = crf.decode(scores, layout), exact.decode(scores.double(), layout)
    # Two sequences may be equally good, so that rounding chooses between them.
    ours, theirs = (exact.log_likelihood(scores.double(), tags, layout) for tags in paths)
    torch.testing.assert_close(ours, theirs, **tolerance)


# Fewer tags than a vector of the processor holds, as many, one more, and several blocks of them.
@pytest.mark.parametrize("n_tags", [1, 2, 7, 8, 9, 16, 17, 72, 130])
@pytest.mark.parametrize("constrained", [False, True])
def test_a_kernel_computes_what_torch_computes(n_tags, constrained):
    crf, exact = make_pair(n_tags, constrained=constrained)
    assert_same(crf, exact, make_batch(LENGTHS, n_tags), atol=1e-5, rtol=1e-5)


# Transitions so far apart that a product of probabilities has no digits left.
@pytest.mark.parametrize(("by_token", "by_way"), [(20.0, 1.0), (1.0, 30.0), (300.0, 300.0)])
@pytest.mark.parametrize("constrained", [False, True])
@pytest.mark.parametrize("n_tags", [3, 9, 33])
def test_a_kernel_keeps_its_digits_where_scores_are_large(n_tags, constrained, by_token, by_way):
    crf, exact = make_pair(n_tags, scale=by_way, constrained=constrained)
    batch = make_batch(LENGTHS, n_tags, scale=by_token)
    assert_same(crf, exact, batch, atol=3e-4, rtol=1e-4)


def test_a_tag_that_only_improbable_ones_lead_to_gets_its_probability():
    """The scores insist on 0 and then 1, which may only follow 2."""
    allowed = torch.ones(3, 3, dtype=torch.bool)
    allowed[:2, 1] = False
    crf = LinearChainCRF(3, allowed_transitions=allowed, kernels=True)
    exact = LinearChainCRF(3, allowed_transitions=allowed).double()
    batch = (
        torch.tensor([[0.0, -500, -200], [-500, 0, -500]]),
        torch.tensor([2, 1]),
        (PackedLayout(torch.tensor([1, 1]))),
    )
    assert_same(crf, exact, batch, atol=1e-5, rtol=1e-5)
    marginals = crf.marginals(batch[0], batch[2])
    torch.testing.assert_close(marginals[:, [2, 1]].diagonal(), torch.ones(2))
    (grad,) = torch.autograd.grad(crf.log_likelihood(*batch).sum(), crf.transitions)
    assert grad.abs().max() < 1e-6


@given(
    lengths=st.lists(st.integers(1, 20), min_size=1, max_size=20),
    n_tags=st.integers(1, 20),
    constrained=st.booleans(),
    seed=st.integers(0, 1000),
)
@settings(max_examples=40, deadline=None)
def test_a_kernel_reads_any_batch(lengths, n_tags, constrained, seed):
    crf, exact = make_pair(n_tags, seed, constrained=constrained)
    assert_same(crf, exact, make_batch(lengths, n_tags, seed), atol=2e-5, rtol=2e-5)


def test_the_number_of_threads_changes_nothing():
    crf, _ = make_pair(72)
    batch = make_batch([200, *range(60, 0, -1), 1, 1], 72)
    assert 6 * len(batch[0]) * 72**2 > _threads._MIN_WORK
    found = {}
    for n_threads in (1, 2, 3, 11):
        before = own_kernels.get_kernel_threads()
        own_kernels.set_kernel_threads(n_threads)
        try:
            found[n_threads] = [*compute(crf, *batch), crf.decode(batch[0], batch[2])]
        finally:
            own_kernels.set_kernel_threads(before)
    for others in found.values():
        assert all(map(torch.equal, others, found[1]))


def test_a_document_has_the_same_numbers_beside_any_others():
    crf, _ = make_pair(9)
    scores, _, layout = make_batch([9, 9, 6, 2, 1, 1], 9)
    together = crf.marginals(scores, layout)[layout.by_document].split(layout.lengths.tolist())
    documents = scores[layout.by_document].split(layout.lengths.tolist())
    for ours, document in zip(together, documents, strict=True):
        alone = PackedLayout(torch.ones(len(document), dtype=torch.int64))
        assert torch.equal(ours, crf.marginals(document.contiguous(), alone))


def test_of_equal_sequences_both_find_the_same():
    crf, exact = LinearChainCRF(5, kernels=True), LinearChainCRF(5).double()
    scores, _, layout = make_batch(LENGTHS, 5)
    scores = scores.round()  # where many are equal
    expected = exact.decode(scores.double(), layout)
    assert torch.equal(crf.decode(scores, layout), expected)
    assert torch.equal(expected, scores.argmax(1))


def test_scores_that_are_no_numbers_give_no_number():
    crf, _ = make_pair(3)
    scores, tags, layout = make_batch([4, 4, 2], 3)
    for wrong in (torch.nan, torch.inf):
        scores[3, 1] = wrong  # in the second step of the first document
        found = crf.log_likelihood(scores, tags, layout)
        assert found.isnan().tolist() == [True, False, False]
        assert crf.marginals(scores, layout)[3].isnan().all()
        tags_found = crf.decode(scores, layout)
        assert 0 <= tags_found.min() and tags_found.max() < 3


@pytest.mark.parametrize("what", ["float64", "strided"])
def test_what_a_kernel_cannot_read_torch_reads(what):
    crf, exact = make_pair(4)
    scores, tags, layout = make_batch([4, 2], 4)
    if what == "float64":
        scores, crf = scores.double(), crf.double()
    else:
        scores = scores.T.contiguous().T
    found = crf.log_likelihood(scores.requires_grad_(), tags, layout)
    expected = exact.log_likelihood(scores.double(), tags, layout).to(found.dtype)
    torch.testing.assert_close(found, expected)


def test_kernels_are_used():
    crf, exact = make_pair(4)
    scores, tags, layout = make_batch([4, 2], 4)
    ours = crf.log_likelihood(scores.requires_grad_(), tags, layout).grad_fn
    theirs = exact.log_likelihood(scores.double(), tags, layout).grad_fn
    by_kernels, by_torch = (type(function)._forward_cls.__module__ for function in (ours, theirs))
    assert by_kernels.endswith("kernels._crf") and by_torch.endswith("_chain")


def test_the_gradient_can_be_asked_for_twice():
    crf, _ = make_pair(4)
    scores, tags, layout = make_batch([4, 2], 4)
    total = crf.log_likelihood(scores.requires_grad_(), tags, layout).sum()
    first, second = (torch.autograd.grad(total, scores, retain_graph=True) for _ in range(2))
    assert torch.equal(*first, *second)


def test_a_tagger_computes_by_kernels():
    network = build_tagging_network(num_embeddings=9, n_tags=4, crf=True, kernels="auto")
    assert network.crf.kernels == "auto"
