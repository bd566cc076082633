import io

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_rnn._training.optimizers import OPTIMIZERS, LazyAdamW, clip_grad_norm

N_ROWS, SIZE = 8, 3

# Rows twice in a batch, rows that come and go, one that comes in the last batch only, and two
# that never come.
BATCHES = [[0, 1, 1, 2], [1, 4], [0, 0, 0], [5, 4, 1], [2, 6]]


class Network(nn.Module):
    """A small network over the rows of a table."""

    def __init__(self, *, sparse):
        super().__init__()
        torch.manual_seed(0)
        self.table = nn.Embedding(N_ROWS, SIZE, sparse=sparse)
        self.layers = nn.Sequential(nn.Linear(SIZE, 5), nn.Tanh(), nn.Linear(5, 2))
        self.double()

    def loss(self, rows):
        return self.layers(self.table(torch.tensor(rows))).square().sum()


def train(network, optimizer, batches=BATCHES):
    for rows in batches:
        optimizer.zero_grad()
        network.loss(rows).backward()
        optimizer.step()


def assert_same_parameters(ours, expected):
    for a, b in zip(ours.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-12)


some_parameters = pytest.mark.parametrize(
    "kwargs",
    [{}, {"lr": 0.1, "weight_decay": 0.3}, {"betas": (0.5, 0.8), "eps": 0.01, "weight_decay": 0}],
    ids=str,
)


@some_parameters
def test_dense_gradients_are_stepped_as_by_adamw(kwargs):
    ours, theirs = Network(sparse=False), Network(sparse=False)
    train(ours, LazyAdamW(ours.parameters(), **kwargs))
    train(theirs, torch.optim.AdamW(theirs.parameters(), **kwargs))
    assert_same_parameters(ours, theirs)
    for new, old in zip(ours.parameters(), Network(sparse=False).parameters(), strict=True):
        assert not torch.equal(new, old)


@some_parameters
def test_sparse_equals_dense_where_every_batch_holds_every_row(kwargs):
    ours, theirs = Network(sparse=True), Network(sparse=False)
    batches = [[*range(N_ROWS), *rows] for rows in BATCHES]
    train(ours, LazyAdamW(ours.parameters(), **kwargs), batches)
    train(theirs, torch.optim.AdamW(theirs.parameters(), **kwargs), batches)
    assert_same_parameters(ours, theirs)


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
@pytest.mark.parametrize(("beta1", "beta2"), [(0.9, 0.999), (0.5, 0.8)])
def test_sparse_gradients_step_the_rows_of_the_batch(beta1, beta2, weight_decay):
    lr, eps = 0.1, 1e-3
    network = Network(sparse=True)
    parameter = network.table.weight
    optimizer = LazyAdamW(
        [parameter], lr=lr, betas=(beta1, beta2), eps=eps, weight_decay=weight_decay
    )
    weight = parameter.detach().numpy().copy()
    mean, square = np.zeros_like(weight), np.zeros_like(weight)
    for step, rows in enumerate(BATCHES, start=1):
        optimizer.zero_grad()
        network.loss(rows).backward()
        gradient = parameter.grad.to_dense().numpy()
        optimizer.step()
        for row in set(rows):
            g = gradient[row]
            mean[row] = beta1 * mean[row] + (1 - beta1) * g
            square[row] = beta2 * square[row] + (1 - beta2) * g**2
            unbiased_mean = mean[row] / (1 - beta1**step)
            unbiased_square = square[row] / (1 - beta2**step)
            weight[row] -= lr * weight_decay * weight[row]
            weight[row] -= lr * unbiased_mean / (np.sqrt(unbiased_square) + eps)
        np.testing.assert_allclose(parameter.detach().numpy(), weight, rtol=0, atol=1e-12)
    state = optimizer.state[parameter]
    np.testing.assert_allclose(state["exp_avg"].numpy(), mean, rtol=0, atol=1e-12)
    np.testing.assert_allclose(state["exp_avg_sq"].numpy(), square, rtol=0, atol=1e-12)


def test_rows_outside_the_batch_rest():
    network = Network(sparse=True)
    optimizer = LazyAdamW(network.parameters(), lr=0.1, weight_decay=0.3)
    train(network, optimizer, [[0, 1, 2, 3]])
    weight = network.table.weight
    state = optimizer.state[weight]
    tensors = [weight.detach(), state["exp_avg"], state["exp_avg_sq"]]
    before = [tensor.clone() for tensor in tensors]
    train(network, optimizer, [[1, 4, 1]])
    for tensor, old in zip(tensors, before, strict=True):
        moved = (tensor != old).any(dim=1)
        assert moved.nonzero().ravel().tolist() == [1, 4]


def test_parameters_without_a_gradient_rest():
    network = Network(sparse=True)
    before = network.layers[0].weight.detach().clone()
    optimizer = LazyAdamW(network.parameters(), lr=0.1, weight_decay=0.3)
    network.table(torch.tensor([1, 2])).sum().backward()
    optimizer.step()
    assert torch.equal(network.layers[0].weight, before)


def test_gradients_stay_after_the_step():
    network = Network(sparse=True)
    network.loss([1, 4, 1]).backward()
    before = [parameter.grad.to_dense().clone() for parameter in network.parameters()]
    LazyAdamW(network.parameters()).step()
    assert network.table.weight.grad.is_sparse
    for parameter, gradient in zip(network.parameters(), before, strict=True):
        assert torch.equal(parameter.grad.to_dense(), gradient)


def test_groups_keep_parameters_of_their_own():
    network = Network(sparse=True)
    layers, table = {"params": network.layers.parameters()}, {"params": network.table.parameters()}
    train(network, LazyAdamW([{**layers, "lr": 0.1}, {**table, "lr": 0.0}]))
    assert torch.equal(network.table.weight, Network(sparse=True).table.weight)
    assert not torch.equal(network.layers[0].weight, Network(sparse=True).layers[0].weight)


@pytest.mark.parametrize("sparse", [False, True])
def test_closure_computes_the_gradients_and_gives_the_loss(sparse):
    by_closure, by_hand = Network(sparse=sparse), Network(sparse=sparse)
    train(by_hand, LazyAdamW(by_hand.parameters(), lr=0.1))
    optimizer = LazyAdamW(by_closure.parameters(), lr=0.1)

    for rows in BATCHES:
        losses = []

        def closure(rows=rows, losses=losses):
            optimizer.zero_grad()
            losses.append(by_closure.loss(rows))
            losses[-1].backward()
            return losses[-1]

        with torch.no_grad():
            assert optimizer.step(closure) is losses[0]
        assert len(losses) == 1
    assert_same_parameters(by_closure, by_hand)


def test_step_without_a_closure_gives_none():
    network = Network(sparse=True)
    network.loss([1, 4]).backward()
    assert LazyAdamW(network.parameters()).step() is None


@pytest.mark.parametrize("sparse", [False, True])
def test_training_goes_on_from_a_state_dict(sparse):
    whole = Network(sparse=sparse)
    train(whole, LazyAdamW(whole.parameters(), lr=0.1))

    first = Network(sparse=sparse)
    optimizer = LazyAdamW(first.parameters(), lr=0.1)
    train(first, optimizer, BATCHES[:3])
    file = io.BytesIO()
    torch.save([first.state_dict(), optimizer.state_dict()], file)
    file.seek(0)
    weights, state = torch.load(file)

    second = Network(sparse=sparse)
    second.load_state_dict(weights)
    optimizer = LazyAdamW(second.parameters())
    optimizer.load_state_dict(state)
    train(second, optimizer, BATCHES[3:])
    assert_same_parameters(second, whole)


def test_hooks_run_once_a_step():
    network = Network(sparse=True)
    torch.optim.AdamW(network.parameters())  # whose making wraps the step of its class in hooks
    optimizer = LazyAdamW(network.parameters())
    calls = []
    optimizer.register_step_pre_hook(lambda *args: calls.append("before"))
    optimizer.register_step_post_hook(lambda *args: calls.append("after"))
    train(network, optimizer, [[1, 4]])
    assert calls == ["before", "after"]


class TwoTables(nn.Module):
    """A network beside a linear model of rows, whose losses share nothing."""

    def __init__(self, *, sparse):
        super().__init__()
        self.network = Network(sparse=sparse)
        self.linear = nn.Embedding(N_ROWS, 2, sparse=sparse).double()
        self.bias = nn.Parameter(torch.zeros(2, dtype=torch.float64))

    def plain_parameters(self):
        return [self.linear.weight, self.bias]

    def loss(self, rows):
        outputs = self.linear(torch.tensor(rows)) + self.bias
        return self.network.loss(rows) + (outputs - 1).square().sum()

    def groups(self, lr=0.01, **plain):
        return [
            {"params": self.network.parameters()},
            {"params": self.plain_parameters(), "plain": True, "lr": lr, **plain},
        ]


# Of the group: neither its moments nor its decay may show in a plain step.
@some_parameters
@pytest.mark.parametrize("sparse", [False, True])
def test_a_plain_group_is_stepped_as_by_gradient_descent(sparse, kwargs):
    model, start = TwoTables(sparse=sparse), TwoTables(sparse=sparse)
    optimizer = LazyAdamW(model.groups(), **kwargs)
    train(model, optimizer)

    expected = TwoTables(sparse=sparse)
    train(expected, torch.optim.SGD(expected.plain_parameters(), lr=0.01))
    plain = zip(model.plain_parameters(), expected.plain_parameters(), strict=True)
    for ours, theirs in plain:
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)
    for ours, old in zip(model.plain_parameters(), start.plain_parameters(), strict=True):
        assert not torch.equal(ours, old)
    assert not any(parameter in optimizer.state for parameter in model.plain_parameters())


@some_parameters
@pytest.mark.parametrize("sparse", [False, True])
def test_the_group_beside_a_plain_one_is_stepped_as_ever(sparse, kwargs):
    model, alone = TwoTables(sparse=sparse), Network(sparse=sparse)
    optimizer = LazyAdamW(model.groups(), **kwargs)
    train(model, optimizer)
    other = LazyAdamW(alone.parameters(), **kwargs)
    train(alone, other)
    assert_same_parameters(model.network, alone)
    for ours, theirs in zip(model.network.parameters(), alone.parameters(), strict=True):
        torch.testing.assert_close(dict(optimizer.state[ours]), dict(other.state[theirs]))


def test_plain_groups_do_not_differ_for_sparse_gradients():
    sparse, dense = TwoTables(sparse=True), TwoTables(sparse=False)
    for model in (sparse, dense):
        train(model, LazyAdamW(model.groups(), weight_decay=0.3))
    for ours, theirs in zip(sparse.plain_parameters(), dense.plain_parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)


def test_a_group_that_is_not_plain_is_stepped_by_adamw():
    ours, theirs = TwoTables(sparse=False), TwoTables(sparse=False)
    train(ours, LazyAdamW(ours.groups(plain=False)))
    train(theirs, torch.optim.AdamW(theirs.groups()))
    assert_same_parameters(ours, theirs)


def test_a_plain_group_may_be_the_only_one():
    model, expected = TwoTables(sparse=True), TwoTables(sparse=True)
    train(model, LazyAdamW([{"params": model.plain_parameters(), "plain": True, "lr": 0.01}]))
    train(expected, torch.optim.SGD(expected.plain_parameters(), lr=0.01))
    assert_same_parameters(model, expected)


@pytest.mark.parametrize("sparse", [False, True])
def test_gradients_of_a_plain_group_stay_after_the_step(sparse):
    model = TwoTables(sparse=sparse)
    model.loss([1, 4, 1]).backward()
    before = [parameter.grad.to_dense().clone() for parameter in model.parameters()]
    LazyAdamW(model.groups()).step()
    assert model.linear.weight.grad.is_sparse == sparse
    for parameter, gradient in zip(model.parameters(), before, strict=True):
        assert torch.equal(parameter.grad.to_dense(), gradient)


def test_parameters_of_a_plain_group_without_a_gradient_rest():
    model = TwoTables(sparse=True)
    optimizer = LazyAdamW(model.groups(), weight_decay=0.3)
    before = [parameter.detach().clone() for parameter in model.plain_parameters()]
    train(model.network, optimizer)
    for parameter, old in zip(model.plain_parameters(), before, strict=True):
        assert torch.equal(parameter, old)


@pytest.mark.parametrize("sparse", [False, True])
def test_a_plain_group_stays_plain_through_a_state_dict(sparse):
    whole = TwoTables(sparse=sparse)
    train(whole, LazyAdamW(whole.groups(), lr=0.1))

    first = TwoTables(sparse=sparse)
    optimizer = LazyAdamW(first.groups(), lr=0.1)
    train(first, optimizer, BATCHES[:3])
    file = io.BytesIO()
    torch.save([first.state_dict(), optimizer.state_dict()], file)
    file.seek(0)
    weights, state = torch.load(file)

    second = TwoTables(sparse=sparse)
    second.load_state_dict(weights)
    optimizer = LazyAdamW(second.groups(lr=0.5, plain=False))
    optimizer.load_state_dict(state)
    train(second, optimizer, BATCHES[3:])
    assert_same_parameters(second, whole)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_lowers_the_loss(name):
    network = Network(sparse=name == "adamw")
    rows = list(range(N_ROWS))
    before = network.loss(rows).item()
    train(network, OPTIMIZERS[name](network.parameters(), lr=0.01, weight_decay=0.0), [rows] * 20)
    assert network.loss(rows).item() < 0.9 * before


def with_gradients(*, sparse):
    network = Network(sparse=sparse)
    network.loss([1, 4, 1, 1, 6, 4]).backward()
    return network


def gradients(network):
    return [p.grad.to_dense() for p in network.parameters() if p.grad is not None]


# The gradients have a norm of about 4.
@pytest.mark.parametrize("max_norm", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("sparse", [False, True])
def test_clipping_equals_that_of_torch_on_dense_gradients(max_norm, sparse):
    ours, theirs = with_gradients(sparse=sparse), with_gradients(sparse=False)
    norm = clip_grad_norm(ours.parameters(), max_norm)
    expected = torch.nn.utils.clip_grad_norm_(theirs.parameters(), max_norm)
    torch.testing.assert_close(norm, expected, rtol=0, atol=1e-12)
    for a, b in zip(gradients(ours), gradients(theirs), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-12)


def test_clipping_bounds_the_joint_norm():
    network = with_gradients(sparse=True)
    before = torch.cat([gradient.ravel() for gradient in gradients(network)])
    norm = clip_grad_norm(network.parameters(), 1.0)
    after = torch.cat([gradient.ravel() for gradient in gradients(network)])
    assert before.norm() > 1
    assert norm.item() == pytest.approx(before.norm().item(), abs=1e-12)
    assert after.norm().item() == pytest.approx(1.0, abs=1e-5)
    torch.testing.assert_close(after / after.norm(), before / before.norm(), rtol=0, atol=1e-12)


def test_clipping_leaves_gradients_sparse():
    network = with_gradients(sparse=True)
    clip_grad_norm(network.parameters(), 1.0)
    gradient = network.table.weight.grad
    assert gradient.is_sparse
    assert gradient.coalesce().indices().tolist() == [[1, 4, 6]]


def test_clipping_leaves_small_gradients_alone():
    network = with_gradients(sparse=True)
    before = [gradient.clone() for gradient in gradients(network)]
    clip_grad_norm(network.parameters(), 1e3)
    for gradient, old in zip(gradients(network), before, strict=True):
        assert torch.equal(gradient, old)


def test_clipping_passes_over_parameters_without_a_gradient():
    network = with_gradients(sparse=True)
    network.layers[0].weight.grad = None
    expected = torch.cat([gradient.ravel() for gradient in gradients(network)]).norm()
    norm = clip_grad_norm(network.parameters(), 1.0)
    assert norm.item() == pytest.approx(expected.item(), abs=1e-12)
    assert network.layers[0].weight.grad is None


def test_clipping_no_gradients_gives_a_norm_of_zero():
    assert clip_grad_norm(Network(sparse=True).parameters(), 1.0).item() == 0
