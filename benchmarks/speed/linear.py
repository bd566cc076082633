"""Linear models of words, from raw text: what a recurrent network is measured against.

One epoch is a whole fit, tokens and weights of words included.
"""

import re
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.quality import make_baseline
from benchmarks.speed.contestant import Contestant


class TfidfLogistic(Contestant):
    """Logistic regression on the TF-IDF of words and word pairs."""

    def train(self, epochs):
        for _ in epochs:
            self.model = make_baseline()
            self.model.fit(self.corpus.train.texts, self.corpus.train.labels)

    def prepare(self, documents):
        return documents.texts

    def predict_proba(self, texts):
        return self.model.predict_proba(texts)


class FastText(Contestant):
    """fastText with its defaults: five epochs, over single words."""

    settings = {"epoch": 5}

    def __init__(self, *args):
        super().__init__(*args)
        import fasttext

        self.fasttext = fasttext

    def train(self, epochs):
        for _ in epochs:
            with TemporaryDirectory() as folder:
                path = f"{folder}/train.txt"
                with open(path, "w", encoding="utf-8") as file:
                    for text, label in zip(
                        self.corpus.train.texts, self.corpus.train.labels, strict=True
                    ):
                        file.write(f"__label__{label} {normalize(text)}\n")
                self.model = self.fasttext.train_supervised(path, **self.settings, verbose=0)

    def prepare(self, documents):
        return documents.texts

    def predict_proba(self, texts):
        probabilities = np.zeros((len(texts), self.corpus.n_classes))
        for row, text in enumerate(texts):
            # What `predict` calls. That itself fails with NumPy 2 on one text, and on a list of
            # them returns the first probability again and again.
            for share, name in self.model.f.predict(f"{normalize(text)}\n", -1, 0.0, "strict"):
                probabilities[row, int(name.removeprefix("__label__"))] = share
        return probabilities


class FastTextLonger(FastText):
    """fastText with the larger rate and more epochs that its manual takes on few documents."""

    settings = {"epoch": 25, "lr": 1.0}


def normalize(text):
    """Put a text into one line of lower-case tokens, as the manual of fastText recommends."""
    return " ".join(re.findall(r"\w+|[^\w\s]", text.lower()))
