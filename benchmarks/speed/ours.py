"""RNNTextClassifier."""

from dataclasses import asdict

from skorch.callbacks import Callback

from benchmarks.epochs import BARE
from benchmarks.speed.contestant import Contestant
from sklearn_rnn import RNNTextClassifier
from sklearn_rnn._text.sequences import check_sequences
from sklearn_rnn._training.batches import SequenceDataset


class WaitForTurn(Callback):
    """Let each epoch of `fit` begin when it is asked for."""

    def __init__(self, epochs):
        self.epochs = epochs

    def on_train_begin(self, net, **kwargs):
        self.net_ = net
        self.steps_ = iter(self.epochs)

    def on_epoch_begin(self, net, **kwargs):
        next(self.steps_)

    def on_train_end(self, net, **kwargs):
        next(self.steps_, None)


class Ours(Contestant):
    """One call of `fit`, the epochs in it timed from one to the next."""

    kernels = "auto"

    def train(self, epochs):
        self.turn = WaitForTurn(epochs)
        # The network of the others: the additions that the defaults have are switched off.
        params = {
            **BARE,
            **asdict(self.network),
            "weight_decay": 0,
            "max_epochs": self.n_epochs,
            "random_state": self.seed,
            "kernels": self.kernels,
            "callbacks": [self.turn],
        }
        self.classifier = RNNTextClassifier(**params)
        self.classifier.fit(self.corpus.train.ids, self.corpus.train.labels)

    def prepare(self, documents):
        return documents.ids

    def predict_proba(self, documents):
        if hasattr(self.classifier, "classes_"):
            return self.classifier.predict_proba(documents)
        # While `fit` runs, its net tells; where logits are largest, probabilities are too.
        return self.turn.net_.outputs(SequenceDataset(check_sequences(documents)))


class OursByTorch(Ours):
    """The same without kernels of our own."""

    kernels = False
