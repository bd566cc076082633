import numpy as np
import pytest
import torch
from weights import copy_weights, same_weights

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn.datasets import make_word_order
from sklearn_rnn.inspection import gradient_flow
from sklearn_rnn.modules import PackedLayout


def make_classifier(**params):
    small = {"embedding_dim": 4, "hidden_size": 3, "max_epochs": 1, "random_state": 0}
    return RNNTextClassifier(**{**small, **params})


@pytest.fixture(scope="module")
def corpus():
    return make_word_order(40, max_length=12, random_state=0)


def loss_of_pooled(clf, deep, pooled, x, layout, label):
    if deep.skip is not None:
        pooled = torch.cat([pooled, deep.skip(x, layout)], dim=1)
    target = torch.tensor([clf.classes_.tolist().index(label)])
    smoothing = clf.label_smoothing
    return torch.nn.functional.cross_entropy(
        deep.head(pooled), target, label_smoothing=smoothing
    ).item()


def moved_loss(clf, deep, document, label, step, part, unit, distance):
    """Return the loss of one document when a unit of a state is moved by a distance."""
    ids = torch.from_numpy(clf.vectorizer_.transform([document]).data)
    layout = PackedLayout(torch.ones(len(ids), dtype=torch.int64))
    with torch.no_grad():
        x = deep.embedding(ids)
        cell = deep.encoder.layers[0][0].cell
        state, states = cell.initial_state(x[:, None]), []
        for t, x_t in enumerate(x):
            state = tuple(s.clone() for s in cell.step(x_t[None], state))
            if t == step:
                state[part][0, unit] += distance
            states.append(state[0])
        pooled = deep.pooling(torch.cat(states), layout)
        return loss_of_pooled(clf, deep, pooled, x, layout, label)


@pytest.mark.parametrize("pooling", ["last", "mean"])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_flow_is_how_the_loss_answers_to_the_states(corpus, cell, pooling):
    X, y = corpus
    clf = make_classifier(cell=cell, pooling=pooling, bidirectional=False).fit(X, y)
    document, label = X[0], y[0]
    n_tokens = len(document.split())
    flow = gradient_flow(clf, [document], [label])
    assert flow["distance"].tolist() == list(range(n_tokens))
    deep = clf.module_.deep.eval().double()
    n_states = deep.encoder.layers[0][0].cell.n_states
    for distance in range(n_tokens):
        squares = 0.0
        for part in range(n_states):
            for unit in range(3):
                moved = [
                    moved_loss(
                        clf, deep, document, label, n_tokens - 1 - distance, part, unit, sign * 1e-5
                    )
                    for sign in (1, -1)
                ]
                squares += ((moved[0] - moved[1]) / 2e-5) ** 2
        measured = flow["gradient_norm"][distance]
        assert measured == pytest.approx(np.sqrt(squares), rel=1e-3, abs=1e-9)


def test_documents_side_by_side_have_the_flow_that_each_has_alone(corpus):
    X, y = corpus
    clf = make_classifier(num_layers=2).fit(X, y)
    together = gradient_flow(clf, X, y)
    alone = [gradient_flow(clf, X[i : i + 1], y[i : i + 1]) for i in range(len(X))]
    by_cell = ["layer", "direction"]
    assert together[by_cell].drop_duplicates().shape == (4, 2)
    for cell, flow in together.groupby(by_cell):
        ours = [f.groupby(by_cell).get_group(cell)["gradient_norm"].to_numpy() for f in alone]
        for distance in range(len(flow)):
            norms = [f[distance] for f in ours if len(f) > distance]
            ratios = [f[distance] / f[0] for f in ours if len(f) > distance]
            row = flow.iloc[distance]
            assert row["n_documents"] == len(norms)
            assert row["gradient_norm"] == pytest.approx(np.mean(norms), rel=1e-9)
            assert row["ratio"] == pytest.approx(np.median(ratios), rel=1e-9)


def test_a_backward_cell_ends_at_the_first_token(corpus):
    """With the last pooling, the state at distance 0 is what the head reads."""
    X, y = corpus
    clf = make_classifier(pooling="last", skip_connection=False, cell="gru").fit(X, y)
    flow = gradient_flow(clf, X[:1], y[:1])
    vector = clf.module_.deep.head.weight.detach().double()
    proba = torch.from_numpy(clf_deep_proba(clf, X[:1]))
    target = torch.full((2,), clf.label_smoothing / 2, dtype=torch.float64)
    target[clf.classes_.tolist().index(y[0])] += 1 - clf.label_smoothing
    gradient = (proba[0] - target) @ vector
    for direction, part in zip(("forward", "backward"), gradient.chunk(2), strict=True):
        at_end = flow[(flow["direction"] == direction) & (flow["distance"] == 0)]
        at_end = at_end["gradient_norm"].item()
        assert at_end == pytest.approx(part.norm().item(), rel=1e-4)


def clf_deep_proba(clf, X):
    ids = torch.from_numpy(clf.vectorizer_.transform(X).data)
    packed = torch.nn.utils.rnn.pack_sequence([ids])
    with torch.no_grad():
        return torch.softmax(clf.module_.deep.eval()(packed).double(), dim=1).numpy()


def test_the_estimator_stays_as_it_was(corpus):
    clf = make_classifier().fit(*corpus)
    weights, before = copy_weights(clf.module_), clf.predict_proba(corpus[0])
    gradient_flow(clf, *corpus)
    assert same_weights(copy_weights(clf.module_), weights)
    np.testing.assert_array_equal(clf.predict_proba(corpus[0]), before)
    assert all(p.grad is None for p in clf.module_.parameters())


def test_wrong_labels_are_refused(corpus):
    X, y = corpus
    clf = make_classifier().fit(X, y)
    with pytest.raises(ValueError, match=r"labels that were not seen in fit: \['neutral'\]"):
        gradient_flow(clf, X[:2], ["neutral", y[0]])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        gradient_flow(clf, X[:3], y[:2])


@pytest.mark.parametrize("priority", ["depth", "time", None])
@pytest.mark.parametrize("cell", ["grid_lstm", "tied_grid_lstm"])
def test_flow_through_a_grid_is_that_of_what_goes_on_in_time(corpus, cell, priority):
    X, y = corpus
    clf = make_classifier(
        cell=cell, num_layers=2, bidirectional=False, pooling="last", skip_connection=False
    ).fit(X, y)
    grid = clf.module_.deep.encoder
    for layers in grid.layers:
        layers[0].cell.priority = priority
    before = {name: weights.clone() for name, weights in clf.module_.state_dict().items()}
    flow = gradient_flow(clf, X[:1], y[:1])
    assert {"forward"} == set(flow["direction"]) and {0, 1} == set(flow["layer"])
    assert all(weights.equal(before[name]) for name, weights in clf.module_.state_dict().items())

    # The loss as a function of a shift of what the lower layer hands on in time at one step.
    deep = clf.module_.deep.eval().double()
    ids = torch.from_numpy(clf.vectorizer_.transform(X[:1]).data)
    layout = PackedLayout(torch.ones(len(ids), dtype=torch.int64))
    lower = grid.layers[0][0].cell
    advance_time, step_to_move = lower._time, len(ids) - 3

    def loss(shift):
        calls = iter(range(10_000))

        def moved(*args):
            state = advance_time(*args)
            is_lower = next(calls) == step_to_move  # the first calls are those of the lower layer
            return tuple(s + d for s, d in zip(state, shift, strict=True)) if is_lower else state

        lower._time = moved
        try:
            x = deep.embedding(ids)
            pooled = deep.pooling(deep.encoder(x, layout), layout)
            target = torch.tensor([clf.classes_.tolist().index(y[0])])
            return torch.nn.functional.cross_entropy(
                deep.head(pooled), target, label_smoothing=clf.label_smoothing
            )
        finally:
            del lower._time

    zeros = tuple(torch.zeros(1, 3, dtype=torch.float64) for _ in range(2))
    grads = torch.autograd.functional.jacobian(lambda h, m: loss((h, m)), zeros)
    expected = np.sqrt(sum(float(grad.square().sum()) for grad in grads))
    measured = flow.set_index(["layer", "distance"])["gradient_norm"][0, 2]
    assert measured == pytest.approx(expected, rel=1e-6, abs=1e-12)
