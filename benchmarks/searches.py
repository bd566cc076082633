"""Grid searches with this package, skorch and a PyTorch loop: same network, same candidates.

Each function takes a corpus and the number of epochs, and returns an estimator, its grid and the
documents in the form that it takes.
"""

from dataclasses import asdict

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from skorch import NeuralNetClassifier

from benchmarks.epochs import BARE
from benchmarks.speed.task import Corpus, Documents, Network
from benchmarks.speed.tutorial import Padded, PaddedNetwork
from sklearn_rnn import RNNTextClassifier

GRID = {"hidden_size": [64, 128], "lr": [1e-3, 3e-3], "batch_size": [32, 64, 128]}
NETWORK = Network("lstm", bidirectional=False, num_layers=1)


def ours(corpus, epochs, kernels="auto"):
    """`RNNTextClassifier` on sparse token ids."""
    # The network of the others: the additions that the defaults have are switched off.
    params = {**BARE, **asdict(NETWORK), "weight_decay": 0, "device": "cpu"}
    return RNNTextClassifier(**params, max_epochs=epochs, kernels=kernels), GRID, corpus.train.ids


def ours_by_torch(corpus, epochs):
    """The same, using torch's layers instead of our own kernels."""
    return ours(corpus, epochs, kernels=False)


def skorch(corpus, epochs):
    """`NeuralNetClassifier` on a padded array; a collate function cuts each batch to its longest
    document."""
    net = NeuralNetClassifier(
        SearchedNetwork,
        module__n_ids=corpus.n_ids,
        module__n_classes=corpus.n_classes,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        max_epochs=epochs,
        train_split=None,
        iterator_train__shuffle=True,
        iterator_train__collate_fn=cut_padding,
        iterator_valid__collate_fn=cut_padding,
        verbose=0,
    )
    grid = {"module__hidden_size" if name == "hidden_size" else name: GRID[name] for name in GRID}
    return net, grid, corpus.train.ids.toarray().astype(np.int64)


def tutorial(corpus, epochs):
    """A plain PyTorch loop in a `BaseEstimator`: `DataLoader`, `pad_sequence`, `nn.LSTM`."""
    loop = TutorialClassifier(n_ids=corpus.n_ids, max_epochs=epochs)
    return loop, GRID, corpus.train.ids


class SearchedNetwork(PaddedNetwork):
    """The loop's network, with the number of units as a separate parameter."""

    def __init__(self, hidden_size, n_ids, n_classes):
        super().__init__(with_params(hidden_size=hidden_size), n_ids, n_classes)


def with_params(**params):
    """Return the network with other values for some of its parameters."""
    return Network(**{**asdict(NETWORK), **params})


def cut_padding(batch):
    """Make a batch of rows that end at its longest document, as skorch hands it to the module."""
    rows, labels = zip(*batch, strict=True)
    ids = torch.from_numpy(np.stack(rows))
    lengths = (ids != 0).sum(dim=1)
    labels = torch.tensor([int(label) for label in labels])  # in prediction, tensors of a zero
    return {"ids": ids[:, : lengths.max()], "lengths": lengths}, labels


class TutorialClassifier(ClassifierMixin, BaseEstimator):
    """The least that a grid search needs around the loop."""

    def __init__(self, *, n_ids, hidden_size=128, lr=1e-3, batch_size=64, max_epochs=1):
        self.n_ids = n_ids
        self.hidden_size = hidden_size
        self.lr = lr
        self.batch_size = batch_size
        self.max_epochs = max_epochs

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        corpus = Corpus(Documents(X, [], y), None, self.n_ids, len(self.classes_))
        network = with_params(hidden_size=self.hidden_size, lr=self.lr, batch_size=self.batch_size)
        self.loop_ = Padded(corpus, network, self.max_epochs, 0)
        self.loop_.train(range(self.max_epochs))
        return self

    def predict(self, X):
        documents = Documents(X, [], None).as_arrays()
        return self.classes_[self.loop_.predict_proba(documents).argmax(axis=1)]


SEARCHES = {
    "ours": ours,
    "ours, kernels=False": ours_by_torch,
    "skorch": skorch,
    "tutorial": tutorial,
}
