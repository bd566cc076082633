"""skorch, with the network, data set and padding of the PyTorch loop."""

import torch
from skorch import NeuralNetClassifier

from benchmarks.speed.contestant import Contestant
from benchmarks.speed.tutorial import PaddedNetwork, TextDataset, pad


def pad_for_skorch(batch):
    """Make a batch whose inputs skorch hands to the module by name."""
    ids, lengths, labels = pad(batch)
    return {"ids": ids, "lengths": lengths}, labels


class Skorch(Contestant):
    """NeuralNetClassifier with its defaults, but for the validation split."""

    def __init__(self, *args):
        super().__init__(*args)
        torch.manual_seed(self.seed)
        self.net = NeuralNetClassifier(
            PaddedNetwork,
            module__network=self.network,
            module__n_ids=self.corpus.n_ids,
            module__n_classes=self.corpus.n_classes,
            criterion=torch.nn.CrossEntropyLoss,
            optimizer=torch.optim.Adam,
            lr=self.network.lr,
            batch_size=self.network.batch_size,
            max_epochs=1,
            train_split=None,
            device=self.network.device,
            iterator_train__shuffle=True,
            iterator_train__collate_fn=pad_for_skorch,
            iterator_valid__collate_fn=pad_for_skorch,
            verbose=0,
        )
        documents = self.corpus.train
        self.dataset = TextDataset(documents.as_arrays(), documents.labels)

    def train(self, epochs):
        for _ in epochs:
            self.net.partial_fit(self.dataset, y=None)

    def predict_proba(self, documents):
        return self.net.predict_proba(TextDataset(documents))
