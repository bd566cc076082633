"""Nets as plain data, which is what skops keeps of them."""

import pickle

import numpy as np
import pytest
import torch
from mutations import put_together, take_apart
from skorch.dataset import Dataset
from weights import copy_weights, same_weights

from sklearn_rnn import RNNTextClassifier, RNNTextRegressor
from sklearn_rnn._files.values import NotDataError
from sklearn_rnn._text.sequences import check_sequences
from sklearn_rnn._training.batches import SequenceDataset
from sklearn_rnn._training.net import SequenceNet
from sklearn_rnn._training.net_data import net_from_bytes, net_to_bytes

X = ["good, not bad", "bad, not good"] * 10
DATASET = SequenceDataset(check_sequences([[2, 3, 4], [5, 0, 0]]))


@pytest.fixture
def net():
    clf = RNNTextClassifier(embedding_dim=4, hidden_size=3, max_epochs=2, random_state=0)
    return clf.fit(X, [0, 1] * 10).net_


def test_net_comes_back(net):
    loaded = net_from_bytes(SequenceNet, net_to_bytes(net))
    np.testing.assert_array_equal(loaded.outputs(DATASET), net.outputs(DATASET))
    assert same_weights(copy_weights(loaded.module_), copy_weights(net.module_))
    assert loaded.module is loaded.module_
    assert loaded.history[:, "train_loss"] == net.history[:, "train_loss"]
    assert loaded.criterion is net.criterion
    assert loaded.optimizer is net.optimizer
    assert loaded.autocast_dtype == net.autocast_dtype
    for name in ("lr", "batch_size", "max_epochs", "criterion__label_smoothing"):
        assert getattr(loaded, name) == getattr(net, name)
    groups = [
        [group["lr"] for group in n.initialize_optimizer().optimizer_.param_groups]
        for n in (net, loaded)
    ]
    assert groups[0] == groups[1]


SMALL = {"embedding_dim": 4, "hidden_size": 3, "max_epochs": 1, "random_state": 0}
TWO_LABELS = np.array([[0, 1], [1, 1]] * 10)


@pytest.mark.parametrize(
    ("estimator", "y"),
    [
        (RNNTextClassifier(class_weight="balanced", **SMALL), TWO_LABELS),
        (RNNTextRegressor(loss="quantile", quantile=0.9, **SMALL), TWO_LABELS),
        (RNNTextRegressor(loss="huber", epsilon=0.1, **SMALL), TWO_LABELS),
    ],
)
def test_losses_come_back(estimator, y):
    net = estimator.fit(X, y).net_
    loaded = net_from_bytes(SequenceNet, net_to_bytes(net))
    outputs, targets = torch.tensor([[3.0, -2.0]]), torch.tensor([[1.0, 0.0]])
    assert torch.equal(loaded.criterion_(outputs, targets), net.criterion_(outputs, targets))
    assert type(loaded.criterion_) is type(net.criterion_)


def test_loaded_net_can_be_trained_further(net):
    loaded = net_from_bytes(SequenceNet, net_to_bytes(net))
    before = copy_weights(loaded.module_)
    loaded.partial_fit((DATASET, None))
    assert not same_weights(before, copy_weights(loaded.module_))
    assert len(loaded.history) == len(net.history) + loaded.max_epochs


def test_loaded_net_can_be_pickled(net):
    loaded = pickle.loads(pickle.dumps(net_from_bytes(SequenceNet, net_to_bytes(net))))
    np.testing.assert_array_equal(loaded.outputs(DATASET), net.outputs(DATASET))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"criterion": torch.nn.MSELoss}, "criterion .*MSELoss"),
        ({"optimizer": torch.optim.LBFGS}, "optimizer .*LBFGS"),
        ({"iterator_train": Dataset}, "iterators of your own"),
        ({"criterion__weight": len}, "is not plain data"),
    ],
)
def test_parts_that_are_no_data_are_refused(net, params, message):
    vars(net).update(params)
    net._params_to_validate |= {"criterion__weight"}
    with pytest.raises(NotDataError, match=message):
        net_to_bytes(net)


def test_bfloat16_weights_are_refused(net):
    net.module_.bfloat16()
    with pytest.raises(NotDataError, match="bfloat16"):
        net_to_bytes(net)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("criterion", "Linear"),
        ("optimizer", "SGD"),
        ("precision", "torch.int8"),
        ("device", "nowhere"),
        ("arguments", {"type": "dict", "items": [["module", 1]]}),
        ("arguments", {"type": "dict", "items": [["callbacks", []]]}),
        ("arguments", {"type": "dict", "items": [["iterator_valid__part_documents", 0]]}),
        ("arguments", {"type": "dict", "items": [["optimizer__nothing", 0]]}),
        ("weights", "7."),
    ],
)
def test_forged_nets_are_refused(net, key, value):
    record, *rest = take_apart(net_to_bytes(net))
    record["content"][key] = value
    with pytest.raises((ValueError, TypeError, KeyError, RuntimeError)):
        net_from_bytes(SequenceNet, put_together(record, *rest))
