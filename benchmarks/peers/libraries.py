"""The libraries, each with `fit` and `predict` on raw text, written as its own guide writes it.

Nothing is tuned to the data sets. Those that train epoch by epoch set a tenth of the documents
aside and keep the epoch that is best on these. A library is imported when its class is made, so
that one that is missing stops only itself.
"""

import os
import random
import re
from collections import Counter
from tempfile import TemporaryDirectory

import numpy as np
from sklearn.model_selection import train_test_split

MAX_EPOCHS = 10
PATIENCE = 2  # epochs without a better accuracy on the documents set aside


def hold_out(texts, labels, seed):
    """Return a tenth of the documents apart: texts and labels to train on, and those aside."""
    return train_test_split(texts, labels, test_size=0.1, stratify=labels, random_state=seed)


class Ours:
    """`RNNTextClassifier()`, its defaults"""

    params = {}

    def __init__(self, seed):
        from sklearn_rnn import RNNTextClassifier

        self.model = RNNTextClassifier(random_state=seed, device="cpu", **self.params)

    def fit(self, texts, labels):
        self.model.fit(texts, labels)

    def predict(self, texts):
        return self.model.predict(texts)


class OursWithoutVectors(Ours):
    """`RNNTextClassifier(embedding=None)`"""

    params = {"embedding": None}


class Tfidf(Ours):
    """TF-IDF of words and word pairs, `LogisticRegression`"""

    def __init__(self, seed):
        from benchmarks.quality import make_baseline

        self.model = make_baseline()


class FastText:
    """`train_supervised`, 25 epochs at a rate of 1.0, as its tutorial advises"""

    def __init__(self, seed):
        import fasttext

        from benchmarks.speed.linear import FastTextLonger, normalize

        self.train, self.seed = fasttext.train_supervised, seed
        self.settings, self.normalize = FastTextLonger.settings, normalize

    def fit(self, texts, labels):
        with TemporaryDirectory() as folder:
            path = f"{folder}/train.txt"
            with open(path, "w", encoding="utf-8") as file:
                for text, label in zip(texts, labels, strict=True):
                    file.write(f"__label__{label} {self.normalize(text)}\n")
            self.model = self.train(path, **self.settings, seed=self.seed, verbose=0)

    def predict(self, texts):
        # Its own `predict` fails with NumPy 2.
        best = (
            self.model.f.predict(f"{self.normalize(text)}\n", 1, 0.0, "strict") for text in texts
        )
        return np.array([found[0][1].removeprefix("__label__") if found else "" for found in best])


class Keras:
    """`TextVectorization`, `Embedding(128)`, bidirectional `LSTM(64)`, dropout, TensorFlow"""

    def __init__(self, seed):
        os.environ.update(KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="2")
        import keras
        import tensorflow

        keras.utils.set_random_seed(seed)
        self.keras, self.tensor, self.seed = keras, tensorflow.constant, seed

    def fit(self, texts, labels):
        layers = self.keras.layers
        self.classes, codes = np.unique(labels, return_inverse=True)
        X, X_val, y, y_val = hold_out(texts, codes, self.seed)
        vectorize = layers.TextVectorization(max_tokens=20_000)
        vectorize.adapt(list(X))
        self.model = self.keras.Sequential(
            [
                vectorize,
                layers.Embedding(20_000, 128, mask_zero=True),
                layers.Bidirectional(layers.LSTM(64)),
                layers.Dropout(0.5),
                layers.Dense(len(self.classes), activation="softmax"),
            ]
        )
        self.model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        stop = self.keras.callbacks.EarlyStopping(
            "val_accuracy", patience=PATIENCE, restore_best_weights=True
        )
        self.model.fit(
            self.tensor(list(X)),
            y,
            validation_data=(self.tensor(list(X_val)), y_val),
            batch_size=32,
            epochs=MAX_EPOCHS,
            callbacks=[stop],
            verbose=0,
        )

    def predict(self, texts):
        return self.classes[self.model.predict(self.tensor(list(texts)), verbose=0).argmax(axis=1)]


class Skorch:
    """`NeuralNetClassifier` around an embedding of 100 and a packed bidirectional `nn.LSTM(128)`"""

    def __init__(self, seed):
        import torch
        from skorch.callbacks import EarlyStopping, EpochScoring

        torch.manual_seed(seed)
        self.torch, self.seed = torch, seed
        self.callbacks = [
            EpochScoring("accuracy", lower_is_better=False, name="valid_accuracy"),
            EarlyStopping(
                "valid_accuracy", patience=PATIENCE, lower_is_better=False, load_best=True
            ),
        ]

    def fit(self, texts, labels):
        from skorch import NeuralNetClassifier
        from skorch.dataset import ValidSplit

        from benchmarks.speed.skorch_net import pad_for_skorch
        from benchmarks.speed.task import Network
        from benchmarks.speed.tutorial import PackedNetwork

        self.classes, codes = np.unique(labels, return_inverse=True)
        counts = Counter(word for text in texts for word in words_of(text))
        known = [word for word, count in counts.most_common() if count > 1]
        self.ids = {word: place for place, word in enumerate(known, start=2)}  # 1 is unknown
        self.net = NeuralNetClassifier(
            PackedNetwork,
            module__network=Network("lstm", bidirectional=True, num_layers=1),
            module__n_ids=len(known) + 2,
            module__n_classes=len(self.classes),
            criterion=self.torch.nn.CrossEntropyLoss,
            optimizer=self.torch.optim.Adam,
            lr=0.001,
            batch_size=64,
            max_epochs=MAX_EPOCHS,
            train_split=ValidSplit(0.1, stratified=True, random_state=self.seed),
            callbacks=self.callbacks,
            callbacks__valid_acc=None,
            iterator_train__shuffle=True,
            iterator_train__collate_fn=pad_for_skorch,
            iterator_valid__collate_fn=pad_for_skorch,
            verbose=0,
        )
        self.net.fit(self.data_set(texts, codes), codes)

    def data_set(self, texts, codes=None):
        from benchmarks.speed.tutorial import TextDataset

        # A text without a word has one that is unknown, since packing refuses empty ones.
        ids = [[self.ids.get(word, 1) for word in words_of(text)] or [1] for text in texts]
        return TextDataset(ids, codes)

    def predict(self, texts):
        return self.classes[self.net.predict(self.data_set(texts))]


def words_of(text):
    """Return the words and punctuation marks of a text."""
    return re.findall(r"\w+|[^\w\s]", text.lower())


class Spacy:
    """`spacy.blank("en")` with the pipe `textcat`, its default model"""

    def __init__(self, seed):
        import spacy
        from spacy.training import Example

        spacy.util.fix_random_seed(seed)
        self.spacy, self.example, self.seed = spacy, Example, seed

    def fit(self, texts, labels):
        X, X_val, y, y_val = hold_out(texts, labels, self.seed)
        self.nlp = self.spacy.blank("en")
        pipe = self.nlp.add_pipe("textcat")
        classes = np.unique(labels)
        for name in classes:
            pipe.add_label(name)
        examples = [
            self.example.from_dict(
                self.nlp.make_doc(text), {"cats": {name: float(name == label) for name in classes}}
            )
            for text, label in zip(X, y, strict=True)
        ]
        optimizer = self.nlp.initialize(lambda: examples)
        order = random.Random(self.seed)
        best, best_epoch, kept = -1.0, 0, None
        for epoch in range(MAX_EPOCHS):
            order.shuffle(examples)
            for batch in self.spacy.util.minibatch(examples, size=32):
                self.nlp.update(batch, sgd=optimizer, drop=0.2)
            with self.nlp.use_params(optimizer.averages):
                if (accuracy := np.mean(self.predict(X_val) == y_val)) > best:
                    best, best_epoch, kept = accuracy, epoch, self.nlp.to_bytes()
            if epoch - best_epoch >= PATIENCE:
                break
        self.nlp.from_bytes(kept)

    def predict(self, texts):
        return np.array([max(doc.cats, key=doc.cats.get) for doc in self.nlp.pipe(texts)])


class Fastai:
    """`text_classifier_learner(AWD_LSTM, pretrained=False)`, five epochs of one cycle

    Its pretrained weights have to be downloaded, so that they are left out, as for the others.
    """

    def __init__(self, seed):
        from fastai.text import all as fastai

        fastai.set_seed(seed)
        self.fastai, self.seed = fastai, seed

    def fit(self, texts, labels):
        import pandas as pd

        with TemporaryDirectory() as folder:
            loaders = self.fastai.TextDataLoaders.from_df(
                pd.DataFrame({"text": texts, "label": labels}),
                path=folder,
                text_col="text",
                label_col="label",
                valid_pct=0.1,
                seed=self.seed,
            )
            self.learner = self.fastai.text_classifier_learner(
                loaders, self.fastai.AWD_LSTM, drop_mult=0.5, pretrained=False
            )
            with self.learner.no_bar(), self.learner.no_logging():
                self.learner.fit_one_cycle(5, 1e-2)

    def predict(self, texts):
        documents = self.learner.dls.test_dl(list(texts))
        with self.learner.no_bar():
            probabilities, _ = self.learner.get_preds(dl=documents)
        return np.array(list(self.learner.dls.vocab[1]))[probabilities.argmax(dim=1).numpy()]


LIBRARIES = {
    "sklearn_rnn": Ours,
    "sklearn_rnn, no word vectors": OursWithoutVectors,
    "scikit-learn": Tfidf,
    "fastText": FastText,
    "Keras": Keras,
    "skorch": Skorch,
    "spaCy": Spacy,
    "fastai": Fastai,
}
