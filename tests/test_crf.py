"""The chain of tags against sums and maxima over every sequence there is."""

from itertools import pairwise, product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils.rnn import pack_sequence

from sklearn_rnn.modules import LinearChainCRF, PackedLayout

TOLERANCE = {"atol": 1e-9, "rtol": 1e-9}


def make_crf(n_tags, seed=0, *, dtype=torch.float64, scale=1.0, **masks):
    """Return a chain whose parameters are drawn at random."""
    crf = LinearChainCRF(n_tags, **masks).to(dtype)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in crf.parameters():
            parameter.copy_(scale * torch.randn(parameter.shape, generator=generator))
    return crf


def make_scores(lengths, n_tags, seed=0, *, scale=1.0, dtype=torch.float64):
    """Return random scores of each document, and tags."""
    generator = torch.Generator().manual_seed(seed)
    scores = [scale * torch.randn(n, n_tags, generator=generator, dtype=dtype) for n in lengths]
    return scores, [torch.randint(n_tags, (n,), generator=generator) for n in lengths]


def pack(documents):
    packed = pack_sequence(documents)
    return packed.data, PackedLayout(packed.batch_sizes)


def unpack(data, layout):
    return data[layout.by_document].split(layout.lengths.tolist())


class Enumeration:
    """All sequences of tags of one document, with the score of each."""

    def __init__(self, crf, scores):
        self.paths = list(product(range(crf.n_tags), repeat=len(scores)))
        self.n_tags, self.length = crf.n_tags, len(scores)
        start, transitions, end = (x.tolist() for x in (crf.start, crf.transitions, crf.end))
        scores = scores.tolist()
        self.totals = torch.tensor(
            [
                start[path[0]]
                + sum(scores[t][tag] for t, tag in enumerate(path))
                + sum(transitions[a][b] for a, b in pairwise(path))
                + end[path[-1]]
                for path in self.paths
            ],
            dtype=torch.float64,
        )

    def keep(self, is_allowed):
        """Forget the sequences that are not allowed."""
        kept = [i for i, path in enumerate(self.paths) if is_allowed(path)]
        self.paths, self.totals = [self.paths[i] for i in kept], self.totals[kept]
        return self

    def log_likelihood(self, tags):
        return self.totals.log_softmax(0)[self.paths.index(tuple(tags.tolist()))]

    def best(self):
        return torch.tensor(self.paths[self.totals.argmax()])

    def marginals(self):
        found = torch.zeros(self.length, self.n_tags, dtype=torch.float64)
        for path, probability in zip(self.paths, self.totals.softmax(0), strict=True):
            for t, tag in enumerate(path):
                found[t, tag] += probability
        return found


# All lengths at once, as a batch whose documents end one after the other.
@pytest.mark.parametrize("n_tags", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", range(3))
def test_equals_the_sum_over_all_sequences(n_tags, seed):
    crf = make_crf(n_tags, seed)
    documents, tags = make_scores([6, 5, 4, 3, 3, 2, 1], n_tags, seed)
    scores, layout = pack(documents)
    found = crf.log_likelihood(scores, pack(tags)[0], layout)
    marginals = unpack(crf.marginals(scores, layout), layout)
    best = unpack(crf.decode(scores, layout), layout)
    for i, document in enumerate(documents):
        every = Enumeration(crf, document)
        torch.testing.assert_close(found[i], every.log_likelihood(tags[i]), **TOLERANCE)
        torch.testing.assert_close(marginals[i], every.marginals(), **TOLERANCE)
        assert torch.equal(best[i], every.best())


@given(
    lengths=st.lists(st.integers(1, 5), min_size=1, max_size=5),
    n_tags=st.integers(1, 3),
    scale=st.sampled_from([0.1, 1.0, 10.0, 200.0]),
    seed=st.integers(0, 1000),
)
@settings(max_examples=30, deadline=None)
def test_any_lengths_and_scales_equal_the_sum_over_all_sequences(lengths, n_tags, scale, seed):
    lengths = sorted(lengths, reverse=True)
    crf = make_crf(n_tags, seed, scale=scale)
    documents, tags = make_scores(lengths, n_tags, seed, scale=scale)
    scores, layout = pack(documents)
    found = crf.log_likelihood(scores, pack(tags)[0], layout)
    marginals = unpack(crf.marginals(scores, layout), layout)
    for i, document in enumerate(documents):
        every = Enumeration(crf, document)
        torch.testing.assert_close(found[i], every.log_likelihood(tags[i]), **TOLERANCE)
        torch.testing.assert_close(marginals[i], every.marginals(), **TOLERANCE)


@pytest.mark.parametrize("lengths", [[1], [4], [3, 3, 2, 1]])
def test_gradients_are_those_of_finite_differences(lengths):
    crf = make_crf(3)
    documents, tags = make_scores(lengths, 3)
    scores, layout = pack(documents)
    tags, _ = pack(tags)

    def by_weights(scores, start, transitions, end):
        weights = {"start": start, "transitions": transitions, "end": end}
        arguments = (scores, tags, layout)
        return torch.func.functional_call(_LogLikelihood(crf), prefixed(weights), arguments)

    inputs = [x.detach().clone().requires_grad_() for x in (scores, *crf.parameters())]
    assert [name for name, _ in crf.named_parameters()] == ["start", "transitions", "end"]
    assert torch.autograd.gradcheck(by_weights, inputs)


class _LogLikelihood(torch.nn.Module):
    def __init__(self, crf):
        super().__init__()
        self.crf = crf

    def forward(self, *arguments):
        return self.crf.log_likelihood(*arguments)


def prefixed(weights):
    return {f"crf.{name}": weight for name, weight in weights.items()}


def test_gradients_of_forbidden_steps_are_zero():
    allowed = torch.ones(3, 3, dtype=torch.bool)
    allowed[0, 2] = False
    first = torch.tensor([True, True, False])
    crf = make_crf(3, allowed_transitions=allowed, allowed_start=first, allowed_end=first)
    documents, _ = make_scores([4, 2], 3)
    scores, layout = pack(documents)
    # The second document breaks two of the constraints.
    tags, _ = pack([torch.tensor([0, 1, 2, 1]), torch.tensor([0, 2])])
    found = crf.log_likelihood(scores, tags, layout)
    assert found[0] > -100 and -2.1e6 < found[1] < -1.9e6
    found.sum().backward()
    assert crf.transitions.grad[0, 2] == crf.start.grad[2] == crf.end.grad[2] == 0
    assert all(parameter.grad.isfinite().all() for parameter in crf.parameters())
    assert (crf.transitions.grad != 0).sum() == 8


def make_constraints(seed, n_tags=4):
    """Return random masks that leave every tag a way to itself."""
    generator = torch.Generator().manual_seed(seed)
    draw = [
        torch.rand(shape, generator=generator) < 0.5 for shape in [(n_tags, n_tags), n_tags, n_tags]
    ]
    draw[0].fill_diagonal_(True)
    draw[1][0] = draw[2][0] = True
    return dict(zip(["allowed_transitions", "allowed_start", "allowed_end"], draw, strict=True))


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("scale", [1.0, 300.0])
def test_constraints_leave_the_sum_over_the_allowed_sequences(seed, scale):
    masks = make_constraints(seed)
    crf = make_crf(4, seed, **masks)
    allowed, first, last = (mask.tolist() for mask in masks.values())

    def is_allowed(path):
        steps = all(allowed[a][b] for a, b in pairwise(path))
        return first[path[0]] and last[path[-1]] and steps

    documents, _ = make_scores([5, 4, 3, 1], 4, seed, scale=scale)
    scores, layout = pack(documents)
    every = [Enumeration(crf, document).keep(is_allowed) for document in documents]
    tags = [torch.tensor(each.paths[len(each.paths) // 2]) for each in every]
    found = crf.log_likelihood(scores, pack(tags)[0], layout)
    marginals = unpack(crf.marginals(scores, layout), layout)
    best = unpack(crf.decode(scores, layout), layout)
    for i, each in enumerate(every):
        torch.testing.assert_close(found[i], each.log_likelihood(tags[i]), **TOLERANCE)
        torch.testing.assert_close(marginals[i], each.marginals(), **TOLERANCE)
        assert torch.equal(best[i], each.best())


def test_a_document_does_not_depend_on_its_neighbours():
    crf = make_crf(5)
    documents, tags = make_scores([9, 9, 6, 2, 1, 1], 5)
    scores, layout = pack(documents)
    together = crf.log_likelihood(scores, pack(tags)[0], layout)
    marginals, best = crf.marginals(scores, layout), crf.decode(scores, layout)
    for i, (document, own_tags) in enumerate(zip(documents, tags, strict=True)):
        alone = PackedLayout(torch.ones(len(document), dtype=torch.int64))
        torch.testing.assert_close(together[i], crf.log_likelihood(document, own_tags, alone)[0])
        torch.testing.assert_close(unpack(marginals, layout)[i], crf.marginals(document, alone))
        assert torch.equal(unpack(best, layout)[i], crf.decode(document, alone))


def test_without_transitions_tags_are_independent():
    crf = LinearChainCRF(4).double()
    documents, tags = make_scores([5, 3], 4)
    (scores, layout), (tags, _) = pack(documents), pack(tags)
    torch.testing.assert_close(crf.marginals(scores, layout), scores.softmax(1))
    assert torch.equal(crf.decode(scores, layout), scores.argmax(1))
    by_token = scores.log_softmax(1).gather(1, tags[:, None])[:, 0]
    expected = torch.stack([own.sum() for own in unpack(by_token, layout)])
    torch.testing.assert_close(crf.log_likelihood(scores, tags, layout), expected)


def test_long_documents_keep_their_digits_in_float32():
    """Sums over 5,000 tokens reach 1e5, of which float32 has two digits behind the point."""
    crf = make_crf(3, dtype=torch.float32)
    documents, _ = make_scores([5000], 3, scale=20.0, dtype=torch.float32)
    (scores, layout), exact = pack(documents), make_crf(3)
    exact.load_state_dict(crf.state_dict())
    tags = exact.decode(scores, layout)
    torch.testing.assert_close(
        crf.log_likelihood(scores, tags, layout).double(),
        exact.log_likelihood(scores, tags, layout),
        atol=1e-3,
        rtol=1e-4,
    )
    marginals = exact.marginals(scores, layout)
    torch.testing.assert_close(crf.marginals(scores, layout).double(), marginals, atol=1e-4, rtol=0)
    assert torch.equal(crf.decode(scores, layout), tags)


def test_scores_of_autocast_are_read_in_the_dtype_of_the_parameters():
    crf = make_crf(3, dtype=torch.float32)
    documents, tags = make_scores([3, 1], 3, dtype=torch.float32)
    (scores, layout), (tags, _) = pack(documents), pack(tags)
    scores = scores.bfloat16().requires_grad_()
    found = crf.log_likelihood(scores, tags, layout)
    torch.testing.assert_close(found, crf.log_likelihood(scores.float(), tags, layout))
    assert torch.autograd.grad(found.sum(), scores)[0].dtype == torch.bfloat16
    assert crf.marginals(scores, layout).dtype == torch.float32


def test_constraints_travel_with_the_weights():
    masks = make_constraints(1)
    crf, other = make_crf(4, **masks), LinearChainCRF(4, **make_constraints(2)).double()
    other.load_state_dict(crf.state_dict())
    scores, layout = pack(make_scores([6, 2], 4)[0])
    assert torch.equal(other.marginals(scores, layout), crf.marginals(scores, layout))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_tags": 0}, "n_tags must be at least 1. Got 0"),
        ({"n_tags": 2, "allowed_start": torch.ones(2)}, "allowed_start .* bool .*float32"),
        ({"n_tags": 2, "allowed_end": torch.ones(3, dtype=bool)}, r"allowed_end .*\(2,\).*\(3,\)"),
        (
            {"n_tags": 2, "allowed_transitions": torch.ones(2, dtype=bool)},
            r"allowed_transitions .*\(2, 2\).*\(2,\)",
        ),
        ({"n_tags": 2, "allowed_end": torch.zeros(2, dtype=bool)}, "allowed_end .* at least one"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        LinearChainCRF(**arguments)


@pytest.mark.parametrize("kernels", [False, "auto"])
def test_wrong_scores_and_tags_are_refused(kernels):
    crf = LinearChainCRF(2, kernels=kernels)
    layout = PackedLayout(torch.tensor([2, 1]))
    scores, tags = torch.zeros(3, 2), torch.tensor([0, 1, 1])
    for wrong in (torch.zeros(2, 2), torch.zeros(3, 3), torch.zeros(3)):
        for method in (crf.decode, crf.marginals):
            with pytest.raises(ValueError, match=r"scores must be of shape \(3, 2\)"):
                method(wrong, layout)
        with pytest.raises(ValueError, match=r"scores must be of shape \(3, 2\)"):
            crf.log_likelihood(wrong, tags, layout)
    for wrong in (tags[:2], tags.float(), tags.int()):
        with pytest.raises(ValueError, match=r"tags must be a tensor of int64 of shape \(3,\)"):
            crf.log_likelihood(scores, wrong, layout)
    for wrong in (-1, 2):
        with pytest.raises(IndexError, match="below the number of tags"):
            crf.log_likelihood(scores, torch.tensor([0, wrong, 1]), layout)
