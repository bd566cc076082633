import pickle
from itertools import pairwise

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn.datasets import make_word_order

X, Y = make_word_order(n_samples=60, random_state=0)


def fit(*callbacks, **params):
    params = {"batch_size": 20, "max_epochs": 2, "embedding_dim": 4, "hidden_size": 4, **params}
    return RNNTextClassifier(random_state=0, callbacks=list(callbacks), **params).fit(X, Y)


class Events(Callback):
    """Note every event, and what comes with those of a step."""

    def initialize(self):
        self.events, self.arguments = [], {}
        return self

    def __getattribute__(self, name):
        # A callback that listens without a method of its class.
        if not name.startswith("on_"):
            return super().__getattribute__(name)

        def note(net, **kwargs):
            self.events.append(name)
            self.arguments[name] = kwargs

        return note


def test_a_callback_gets_every_event_with_its_arguments():
    events = Events()
    fit(events)
    step = ["on_batch_begin", "on_grad_computed", "on_batch_end"]
    epoch = ["on_epoch_begin", *step * 3, "on_epoch_end"]
    assert events.events == ["on_train_begin", *epoch * 2, "on_train_end"]
    assert events.arguments["on_batch_begin"].keys() == {"batch", "training"}
    assert events.arguments["on_batch_end"].keys() == {"batch", "training", "loss", "y_pred"}
    names = [name for name, _ in events.arguments["on_grad_computed"]["named_parameters"]]
    assert "deep.head.weight" in names and len(names) == len(set(names))


class Freeze(Callback):
    """Freeze a part in the middle of an epoch, and note its weights after each batch."""

    def initialize(self):
        self.weights = []
        return self

    def on_batch_end(self, net, **kwargs):
        self.weights.append(net.module_.deep.head.weight.detach().clone())
        if len(self.weights) == 2:
            for parameter in net.module_.deep.head.parameters():
                parameter.requires_grad_(False)


def test_what_a_callback_freezes_rests_from_the_next_step_on():
    freeze = Freeze()
    fit(freeze)
    moved = [not torch.equal(a, b) for a, b in pairwise(freeze.weights)]
    assert moved == [True, False, False, False, False]


class Slow(Callback):
    """Set the learning rate to 0 in the middle of an epoch."""

    def on_batch_begin(self, net, **kwargs):
        for group in net.optimizer_.param_groups:
            group["lr"] = 0.0


def test_a_callback_may_set_the_learning_rate_of_the_next_step():
    clf = fit(Slow())
    start = fit(Slow(), max_epochs=1)
    ours, others = clf.net_.module_.state_dict(), start.net_.module_.state_dict()
    assert all(torch.equal(ours[name], others[name]) for name in ours)


class Predict(Callback):
    """Set parts to evaluation, as a prediction does, and note what a step made of it."""

    def initialize(self):
        self.in_training = []
        return self

    def on_batch_end(self, net, training, **kwargs):
        self.in_training.append(all(part.training for part in net.module_.modules()))
        net.module_.deep.dropout.eval()


def test_parts_that_a_callback_set_to_evaluation_train_again():
    predict = Predict()
    fit(predict)
    assert all(predict.in_training) and len(predict.in_training) == 6


class NewHead(Callback):
    """Replace a part between two epochs."""

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == 1:
            head = torch.nn.Linear(net.module_.deep.head.in_features, 2)
            net.module_.deep.head = head
            net.initialize_optimizer()
            self.start = head.weight.detach().clone()


def test_a_part_that_a_callback_replaced_is_trained():
    new_head = NewHead()
    clf = fit(new_head)
    assert not torch.equal(clf.net_.module_.deep.head.weight, new_head.start)


class Keep(Callback):
    """Pickle the net in the middle of an epoch."""

    def on_batch_end(self, net, **kwargs):
        self.pickled = pickle.dumps(net)


def test_a_net_pickled_within_an_epoch_holds_no_lists():
    keep = Keep()
    fit(keep)
    net = pickle.loads(keep.pickled)
    assert net._lists is None
    names = [name for name, _ in net.get_all_learnable_params()]
    assert names == [name for name, _ in net.module_.named_parameters()]


class Fail(Callback):
    """Fail in the middle of an epoch."""

    def on_batch_end(self, net, **kwargs):
        self.net = net
        raise ValueError("stop here")


def test_lists_are_forgotten_where_training_fails():
    fail = Fail()
    with pytest.raises(ValueError, match="stop here"):
        fit(fail)
    assert fail.net._lists is None


def test_predictions_after_training_drop_nothing():
    clf = fit(dropout=0.9)
    assert not any(part.training for part in clf.net_.module_.modules())
    np.testing.assert_array_equal(clf.predict_proba(X), clf.predict_proba(X))
