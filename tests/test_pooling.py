import pytest
import torch
from torch.nn.utils.rnn import pack_sequence

from sklearn_rnn.modules import (
    AttentionPooling,
    ConcatPooling,
    LastPooling,
    MaxPooling,
    MeanPooling,
    MultiheadAttentionPooling,
    PackedLayout,
)
from sklearn_rnn.modules._penalties import collect_penalties
from sklearn_rnn.modules._pooling import POOLINGS

SIZE = 4
LENGTHS = [[7, 5, 5, 2, 1], [3, 3, 3], [6, 1], [1], [1, 1, 1]]


def last(states, pooling):
    return states[-1]


def both_ends(states, pooling):
    return torch.cat([states[-1, : SIZE // 2], states[0, SIZE // 2 :]])


def mean(states, pooling):
    return sum(states) / len(states)


def largest(states, pooling):
    return torch.stack([max(feature) for feature in states.T.unbind()])


def attended(states, pooling):
    W, b, v = pooling.projection.weight, pooling.projection.bias, pooling.score.weight[0]
    shares = torch.stack([torch.exp(v @ torch.tanh(W @ state + b)) for state in states])
    return sum(share * state for share, state in zip(shares / shares.sum(), states, strict=True))


def attended_by_heads(states, pooling):
    W, b = pooling.projection.weight, pooling.projection.bias
    pooled = []
    for v, part in zip(pooling.score.weight, states.chunk(pooling.num_heads, dim=1), strict=True):
        shares = torch.stack([torch.exp(v @ torch.tanh(W @ state + b)) for state in states])
        pooled.append((shares / shares.sum()) @ part)
    return torch.cat(pooled)


def largest_and_mean(states, pooling):
    return torch.cat([largest(states, pooling), mean(states, pooling)])


# The pooling beside what it is to give for the states of one document alone.
CASES = {
    "last": (LastPooling, last),
    "both ends": (lambda size: LastPooling(size, bidirectional=True), both_ends),
    "mean": (MeanPooling, mean),
    "max": (MaxPooling, largest),
    "attention": (AttentionPooling, attended),
    "two heads": (lambda size: MultiheadAttentionPooling(size, num_heads=2), attended_by_heads),
    "four heads": (MultiheadAttentionPooling, attended_by_heads),
    "concat": (ConcatPooling, largest_and_mean),
}


def make_documents(lengths, offset=0.0):
    """Return the states of documents, each alone, in float64 and with gradients."""
    torch.manual_seed(0)
    return [(torch.randn(n, SIZE, dtype=torch.float64) + offset).requires_grad_() for n in lengths]


def pool(pooling, documents):
    packed = pack_sequence(documents)
    return pooling(packed.data, PackedLayout(packed.batch_sizes))


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.parametrize("case", CASES)
def test_pooling_equals_a_loop_over_single_documents(case, lengths):
    make_pooling, reference = CASES[case]
    pooling = make_pooling(SIZE).double()
    # All values are negative, so that no zero can pass for the largest.
    documents = make_documents(lengths, offset=-5.0)
    expected = torch.stack([reference(states, pooling) for states in documents])
    torch.testing.assert_close(pool(pooling, documents), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.parametrize("case", CASES)
def test_gradient_equals_that_of_the_loop(case, lengths):
    make_pooling, reference = CASES[case]
    pooling = make_pooling(SIZE).double()
    documents = make_documents(lengths)
    inputs = documents + list(pooling.parameters())
    pooled = pool(pooling, documents)
    upstream = torch.randn_like(pooled)
    gradients = torch.autograd.grad((pooled * upstream).sum(), inputs)
    expected = torch.stack([reference(states, pooling) for states in documents])
    expected = torch.autograd.grad((expected * upstream).sum(), inputs)
    for ours, theirs in zip(gradients, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)
    assert all(gradient.any() for gradient in gradients[: len(documents)])


@pytest.mark.parametrize("case", CASES)
def test_output_size_is_the_width_of_the_output(case):
    pooling = CASES[case][0](SIZE).double()
    assert pool(pooling, make_documents([3, 1])).shape == (2, pooling.output_size)


def test_every_registered_pooling_is_compared_with_a_loop():
    made = {type(make_pooling(SIZE)) for make_pooling, _ in CASES.values()}
    assert made == set(POOLINGS.values())


def test_attention_shares_sum_to_one_in_each_document():
    pooling = AttentionPooling(SIZE).double()
    packed = pack_sequence(make_documents([7, 5, 2, 1]))
    layout = PackedLayout(packed.batch_sizes)
    shares = pooling.weights(packed.data, layout)
    for j in range(4):
        of_document = shares[layout.documents == j]
        assert (of_document > 0).all()
        assert of_document.sum().item() == pytest.approx(1, abs=1e-12)


def test_attention_stands_very_large_scores():
    pooling = AttentionPooling(SIZE).double()
    with torch.no_grad():
        pooling.score.weight.mul_(1e5)
    documents = make_documents([7, 5, 2, 1])
    scores = [pooling.score(torch.tanh(pooling.projection(states))) for states in documents]
    assert max(score.abs().max() for score in scores) > 1e4  # whose exp is infinite
    expected = torch.stack(
        [
            (score.softmax(dim=0) * states).sum(dim=0)
            for score, states in zip(scores, documents, strict=True)
        ]
    )
    torch.testing.assert_close(pool(pooling, documents), expected, rtol=0, atol=1e-10)


def test_max_hands_the_gradient_of_a_tie_on_once():
    states = torch.tensor([[1.0], [3.0], [3.0]], requires_grad=True)
    pool(MaxPooling(1), [states]).sum().backward()
    assert states.grad[0].item() == 0
    assert states.grad.sum().item() == 1


@pytest.mark.parametrize(
    "pooling",
    [
        AttentionPooling(6, attention_penalty=0.7),
        MultiheadAttentionPooling(6, num_heads=3, attention_penalty=0.7),
    ],
)
def test_penalty_is_the_mean_square_by_which_tokens_miss_their_fair_share(pooling):
    documents = [torch.randn(length, 6) for length in (5, 3, 3, 1)]
    packed = pack_sequence(documents)
    layout = PackedLayout(packed.batch_sizes)
    with collect_penalties() as penalties:
        pooling(packed.data, layout)
    (penalty,) = penalties
    expected = []
    for states in documents:
        scores = pooling.score(torch.tanh(pooling.projection(states)))
        shares = torch.softmax(scores, dim=0).mean(dim=1)
        expected.append(0.7 * (1 - len(states) * shares).square().mean())
    torch.testing.assert_close(penalty, torch.stack(expected))
    assert penalty[-1] == 0  # a single token has all


def test_no_penalty_without_weight_nor_in_prediction_nor_where_nobody_collects():
    layout = PackedLayout(torch.tensor([1, 1]))
    with collect_penalties() as penalties:
        AttentionPooling(4)(torch.randn(2, 4), layout)
        AttentionPooling(4, attention_penalty=1.0).eval()(torch.randn(2, 4), layout)
    AttentionPooling(4, attention_penalty=1.0)(torch.randn(2, 4), layout)
    assert penalties == []


def test_heads_may_divide_a_document_among_themselves_for_nothing():
    pooling = MultiheadAttentionPooling(2, num_heads=2, attention_penalty=1.0)
    shares = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    layout = PackedLayout(torch.tensor([1, 1]))
    assert pooling._unevenness(shares, layout).tolist() == [0.0]
    assert pooling._unevenness(shares[:, [0, 0]], layout).tolist() == [1.0]
