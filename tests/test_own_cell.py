"""A cell of the user's as the `cell` of a network and of an estimator."""

import pickle
from functools import partial

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from torch import nn
from torch.nn.utils.rnn import pack_sequence

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn._sklearn_compat import InvalidParameterError
from sklearn_rnn.modules import (
    GRUCell,
    PackedLayout,
    ProjectedCell,
    RecurrentCell,
    RecurrentLayer,
    StepCell,
    build_network,
)
from sklearn_rnn.modules.cells._own_cell import make_own_cell

X = ["good, not bad", "bad, not good", "not bad at all", "a good day", "all is bad"] * 6
Y = [1, 0, 1, 1, 0] * 6


class Leaky(RecurrentCell):
    """A subclass of RecurrentCell with a step."""

    def step(self, x, state):
        (h,) = state
        new = torch.tanh(
            nn.functional.linear(x, self.weight_ih, self.bias_ih)
            + nn.functional.linear(h, self.weight_hh, self.bias_hh)
        )
        return (0.9 * h + 0.1 * new,)


class LeakyProjected(ProjectedCell):
    """The same with the products of all steps at once."""

    def advance(self, x, state):
        (h,) = state
        return (0.9 * h + 0.1 * torch.tanh(x + nn.functional.linear(h, self.weight_hh)),)


class Block(nn.Module):
    """No subclass: initial_state and forward over blocks of time."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.linear = nn.Linear(input_size, hidden_size)

    def initial_state(self, x):
        return (x.new_zeros(x.shape[1], self.linear.out_features),)

    def forward(self, x, state):
        output = state[0] + self.linear(x).cumsum(0)
        return output, (output[-1],)


class Step(nn.Module):
    """No subclass: one step, None for the state before the first."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.linear = nn.Linear(input_size + hidden_size, hidden_size)
        self.hidden_size = hidden_size

    def forward(self, x, state=None):
        h = x.new_zeros(len(x), self.hidden_size) if state is None else state
        return torch.tanh(self.linear(torch.cat([x, h], dim=1)))


def make_leaky(input_size, hidden_size, gain=1.0):
    cell = Leaky(input_size, hidden_size)
    with torch.no_grad():
        cell.weight_hh.mul_(gain)
    return cell


OWN = {
    "subclass": Leaky,
    "projected": LeakyProjected,
    "block": Block,
    "step": Step,
    "torch GRU": nn.GRUCell,
    "torch LSTM": nn.LSTMCell,
    "function": make_leaky,
    "partial": partial(make_leaky, gain=0.5),
}
every_own_cell = pytest.mark.parametrize("cell", OWN.values(), ids=OWN)


def make_classifier(**params):
    small = {"embedding_dim": 5, "hidden_size": 4, "max_epochs": 2, "lr": 0.02, "random_state": 0}
    return RNNTextClassifier(**{**small, "wide_weight": 0, "device": "cpu", **params})


@every_own_cell
def test_classifier_learns_with_a_cell_of_ones_own(cell):
    clf = make_classifier(cell=cell, max_epochs=12, dropout=0.0, word_dropout=0.0).fit(X, Y)
    assert clf.loss_curve_[-1] < clf.loss_curve_[0]
    assert clf.score(X, Y) > 0.5


@every_own_cell
def test_same_random_state_same_weights(cell):
    first, second = (make_classifier(cell=cell, num_layers=2).fit(X, Y) for _ in range(2))
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))


@every_own_cell
def test_a_document_does_not_depend_on_its_batch(cell):
    clf = make_classifier(cell=cell, num_layers=2).fit(X, Y)
    alone = np.vstack([clf.predict_proba([x]) for x in X[:5]])
    np.testing.assert_allclose(alone, clf.predict_proba(X[:5]), rtol=0, atol=1e-6)


@every_own_cell
def test_clone_and_pickle(cell):
    clf = clone(make_classifier(cell=cell)).fit(X, Y)
    loaded = pickle.loads(pickle.dumps(clf))
    np.testing.assert_array_equal(loaded.predict_proba(X), clf.predict_proba(X))
    np.testing.assert_array_equal(clone(clf).fit(X, Y).predict_proba(X), clf.predict_proba(X))


def test_own_cells_are_searched_beside_names():
    cells = ["lstm", Leaky, nn.GRUCell]
    search = GridSearchCV(make_classifier(), {"cell": cells}, cv=2, error_score="raise").fit(X, Y)
    assert search.best_params_["cell"] in cells
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize(("torch_cell", "name"), [(nn.GRUCell, "gru"), (nn.LSTMCell, "lstm")])
def test_cells_of_torch_give_the_states_of_ours(torch_cell, name):
    torch.manual_seed(0)
    own = build_network(num_embeddings=9, n_outputs=2, cell=torch_cell, num_layers=2).eval()
    ours = build_network(num_embeddings=9, n_outputs=2, cell=name, num_layers=2).eval()
    state = {key.replace("cell.cell.", "cell."): value for key, value in own.state_dict().items()}
    ours.load_state_dict(state)
    ids = pack_sequence([torch.tensor([3, 4, 5, 8]), torch.tensor([7, 2])])
    torch.testing.assert_close(own(ids), ours(ids), rtol=0, atol=1e-6)


@pytest.mark.parametrize("cell", [Leaky, nn.GRUCell, nn.LSTMCell])
@pytest.mark.parametrize("params", [{"recurrent_dropout": 0.4}, {"zoneout": 0.4}], ids=str)
def test_regularisation_reaches_own_cells(cell, params):
    without = make_classifier(cell=cell).fit(X, Y)
    with_it = make_classifier(cell=cell, **params).fit(X, Y)
    assert with_it.loss_curve_ != without.loss_curve_


def test_step_cell_repeats_the_module():
    cell = StepCell(nn.LSTMCell(3, 4), n_states=2, is_tuple=True)
    x = torch.randn(5, 2, 3)
    output, (h, c) = cell(x, cell.initial_state(x))
    state = None
    for x_t, h_t in zip(x, output, strict=True):
        state = cell.cell(x_t, state)
        assert torch.equal(h_t, state[0])
    assert torch.equal(h, state[0])
    assert torch.equal(c, state[1])


# What breaks the contract.


def fails_with(error, match, cell, **params):
    with pytest.raises(error, match=match):
        make_classifier(cell=cell, **params).fit(X, Y)


def test_a_name_that_is_none_is_refused():
    fails_with(InvalidParameterError, "'cell' parameter of RNNTextClassifier must be a str", "gpt")


def test_an_instance_is_refused():
    fails_with(TypeError, "'cell' parameter.*an instance of GRUCell", GRUCell(3, 4))


def test_wrong_arguments_are_named():
    class NoSize(nn.Module):
        def __init__(self):
            super().__init__()

    fails_with(TypeError, r"callable as cell\(input_size, hidden_size\).*NoSize", NoSize)


def test_what_is_no_module_is_refused():
    fails_with(TypeError, r"must make a torch.nn.Module.*of type dict", lambda i, h: {})


def test_a_module_without_a_state_is_refused():
    fails_with(TypeError, r"forward\(x, state\).*With Linear", nn.Linear)


def test_an_output_of_the_wrong_shape_is_refused():
    class Wide(Block):
        def forward(self, x, state):
            output, state = super().forward(x, state)
            return torch.cat([output, output], dim=2), state

    fails_with(ValueError, r"Wide.*\(2, 3, 4\).*Got a tensor of shape \(2, 3, 8\)", Wide)


def test_a_state_of_the_wrong_shape_is_refused():
    class Short(Block):
        def forward(self, x, state):
            output, (h,) = super().forward(x, state)
            return output, (h[:, 1:],)

    fails_with(ValueError, r"new state of Short.*shaped as the old one.*\(3, 3\)", Short)


@pytest.mark.parametrize("state", [None, [torch.zeros(3, 4)], (1.0,), torch.zeros(3, 4)], ids=repr)
def test_an_initial_state_that_is_no_tuple_of_tensors_is_refused(state):
    class Odd(Block):
        def initial_state(self, x):
            return state

    fails_with(ValueError, r"Odd.initial_state\(x\) must return a tuple of tensors", Odd)


def test_an_output_without_a_state_is_refused():
    class Single(Block):
        def forward(self, x, state):
            return super().forward(x, state)[0]

    fails_with(ValueError, "Single.*the pair of output and new state", Single)


def test_a_step_of_the_wrong_shape_is_refused():
    class Thin(Step):
        def forward(self, x, state=None):
            return super().forward(x, None)[:, :2]

    fails_with(ValueError, r"Thin.*\(3, 4\).*Got a tensor of shape \(3, 2\)", Thin)


def test_a_step_that_returns_no_tensor_is_refused():
    class Silent(Step):
        def forward(self, x, state=None):
            return None

    fails_with(ValueError, "Silent.*Got an object of type NoneType", Silent)


def test_recurrent_dropout_needs_recurrent_weights():
    fails_with(ValueError, "weight_hh.*Block has none", Block, recurrent_dropout=0.2)


def test_zoneout_needs_a_step():
    fails_with(ValueError, "'zoneout'.*Block has no step", Block, zoneout=0.1)


def test_a_cell_must_say_that_its_state_may_be_dropped():
    params = {"recurrent_dropout": 0.2, "variational_dropout": True}
    fails_with(ValueError, "Leaky does not: its carries_hidden", Leaky, **params)

    class Plain(Leaky):
        carries_hidden = False

        def step(self, x, state):
            return (torch.tanh(x @ self.weight_ih.T + state[0] @ self.weight_hh.T),)

    clf = make_classifier(cell=Plain, **params).fit(X, Y)
    assert clf.loss_curve_ != make_classifier(cell=Plain).fit(X, Y).loss_curve_


def test_a_failing_fit_leaves_the_classifier_as_it_was():
    clf = make_classifier(cell=Leaky).fit(X, Y)
    expected = clf.predict_proba(X)
    with pytest.raises(TypeError):
        clf.set_params(cell=nn.Linear).fit(X, Y)
    np.testing.assert_array_equal(clf.predict_proba(X), expected)


def test_the_check_leaves_mode_and_random_numbers_alone():
    class Noisy(Step):
        def __init__(self, input_size, hidden_size):
            super().__init__(input_size, hidden_size)
            self.seen = []

        def forward(self, x, state=None):
            self.seen.append(self.training)
            torch.rand(3)
            return super().forward(x, state)

    torch.manual_seed(0)
    Noisy(3, 4)
    before = torch.get_rng_state()
    torch.manual_seed(0)
    cell = make_own_cell(Noisy, 3, 4)
    assert torch.equal(torch.get_rng_state(), before)
    assert cell.training
    assert cell.cell.training
    assert not any(cell.cell.seen)


def test_a_layer_of_steps_reads_documents_as_if_alone():
    layer = RecurrentLayer(make_own_cell(nn.LSTMCell, 3, 4).double())
    documents = [torch.randn(n, 3, dtype=torch.float64) for n in (150, 3, 2, 1)]
    packed = pack_sequence(documents)
    layout = PackedLayout(packed.batch_sizes)
    states = layer(packed.data, layout)
    for j, document in enumerate(documents):
        alone = layer(document, PackedLayout(torch.ones(len(document), dtype=torch.int64)))
        torch.testing.assert_close(states[layout.documents == j], alone, rtol=0, atol=1e-12)


class TurnedLeaky(Leaky):
    """The same numbers, but the gradients of the weights come column by column in memory."""

    def step(self, x, state):
        (h,) = state
        sums = x @ self.weight_ih.T.contiguous() + h @ self.weight_hh.T.contiguous()
        return (0.9 * h + 0.1 * torch.tanh(sums + self.bias_ih + self.bias_hh),)


def test_gradients_may_lie_in_memory_in_any_order():
    cell = TurnedLeaky(3, 4)
    (h,) = cell.step(torch.ones(2, 3), (torch.ones(2, 4),))
    (grad,) = torch.autograd.grad(h.sum(), cell.weight_ih)
    assert not grad.is_contiguous()
    params = {"max_epochs": 2, "dropout": 0, "word_dropout": 0, "random_state": 0}
    expected, found = (
        RNNTextClassifier(cell=cell, **params).fit(X, Y) for cell in (Leaky, TurnedLeaky)
    )
    np.testing.assert_allclose(found.predict_proba(X), expected.predict_proba(X), atol=1e-4)
