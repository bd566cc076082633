"""Fits that several processes or threads can share out, and threads that stand for processes."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from sklearn_rnn import (
    RNNLanguageModel,
    RNNTextClassifier,
    RNNTextEncoder,
    RNNTextRegressor,
    RNNTokenClassifier,
    RNNTranslator,
)
from sklearn_rnn._training import ranks as ranks_file
from sklearn_rnn._training.ranks import Ranks

RANDOM = np.random.RandomState(0)
LENGTHS = RANDOM.randint(1, 25, size=42)
# Of 40 words, so that the shards of a batch share some rows of the table.
IDS = RANDOM.randint(2, 40, size=(42, 24)) * (np.arange(24) < LENGTHS[:, None])
TEXTS = [" ".join(f"w{id_}" for id_ in row if id_) for row in IDS]
LABELS = np.arange(42) % 3
NUMBERS = RANDOM.normal(size=42)
SENTENCES = [text.split() for text in TEXTS]
TAGS = [[f"t{len(word) + int(word[1:]) % 3}" for word in sentence] for sentence in SENTENCES]
TARGETS = [" ".join(text.split()[::-1]) for text in TEXTS]

SMALL = {"embedding_dim": 5, "hidden_size": 4, "batch_size": 16, "random_state": 0, "n_jobs": 1}
DROPOUTS = {"dropout": 0.3, "word_dropout": 0.2, "recurrent_dropout": 0.2, "max_epochs": 2}


def classify(n_shards, X=IDS, **params):
    return RNNTextClassifier(**{**SMALL, **DROPOUTS, **params}, n_shards=n_shards).fit(X, LABELS)


def learn_chunks(n_shards, **params):
    model = RNNTextClassifier(**{**SMALL, **DROPOUTS, **params}, n_shards=n_shards)
    for first in range(0, 42, 14):  # with new words in each
        chunk = slice(first, first + 14)
        model.partial_fit(TEXTS[chunk], LABELS[chunk], classes=[0, 1, 2])
    return model


def label(n_shards, **params):
    y = np.stack([LABELS > 0, LABELS > 1], axis=1).astype(int)
    return RNNTextClassifier(**{**SMALL, **DROPOUTS, **params}, n_shards=n_shards).fit(IDS, y)


def regress(n_shards, **params):
    return RNNTextRegressor(**{**SMALL, **DROPOUTS, **params}, n_shards=n_shards).fit(IDS, NUMBERS)


def encode(n_shards, **params):
    return RNNTextEncoder(**{**SMALL, **DROPOUTS, **params}, n_shards=n_shards).fit(IDS, LABELS)


def model_language(n_shards, **params):
    params = {**SMALL, **DROPOUTS, "embedding_dropout": 0.1, "bptt": 20, **params}
    return RNNLanguageModel(**params, n_shards=n_shards).fit(TEXTS)


def model_chunks(n_shards, **params):
    params = {**SMALL, **DROPOUTS, "bptt": 20, **params}
    model = RNNLanguageModel(**params, n_shards=n_shards)
    return model.partial_fit(TEXTS[:20]).partial_fit(TEXTS[20:])


def tag(n_shards, **params):
    spelling = {"char_embedding_dim": 4, "char_hidden_size": 3}
    params = {**SMALL, **DROPOUTS, **spelling, **params}
    return RNNTokenClassifier(**params, n_shards=n_shards).fit(SENTENCES, TAGS)


def translate(n_shards, **params):
    params = {**SMALL, **DROPOUTS, **params}
    return RNNTranslator(**params, n_shards=n_shards).fit(TEXTS, TARGETS)


STOPPED = {"early_stopping": True, "validation_fraction": 0.3, "max_epochs": 3}
FITS = {
    "classify": (classify, {}),
    "classify chunks": (learn_chunks, {}),
    "several labels": (label, {}),
    "regress": (regress, {}),
    "encode": (encode, {}),
    "language model": (model_language, {}),
    "language model of a stream": (model_language, {"documents": False}),
    "language model of chunks": (model_chunks, {}),
    "tag": (tag, {}),
    "translate": (translate, {}),
    "two layers": (classify, {"num_layers": 2, "wide_weight": 0.5}),
    "crops": (classify, {"crop_length": 6}),
    "early stopping": (classify, STOPPED),
    "early stopping of a language model": (model_language, {**STOPPED, "averaging": "recent"}),
    "early stopping of tags": (tag, STOPPED),
    "early stopping of translations": (translate, STOPPED),
    "adaptive softmax": (model_language, {"softmax": "adaptive", "tie_weights": True}),
    "tags one by one": (tag, {"crf": False, "class_weight": "balanced"}),
    "scheduled sampling": (translate, {"scheduled_sampling": 0.5}),
    "dense tables": (classify, {"optimizer": "adam"}),
    "bfloat16": (classify, {"precision": "bfloat16"}),
    "without kernels": (classify, {"kernels": False}),
    "more threads": (classify, {"n_jobs": 2}),
}


class Meeting:
    """Where threads that stand for processes exchange their messages."""

    def __init__(self, n_ranks):
        self.barrier = threading.Barrier(n_ranks, timeout=60)
        self.given = [None] * n_ranks
        self.n_bytes = []


class ThreadRanks(Ranks):
    """A thread that stands for a process."""

    def __init__(self, rank, n_ranks, meeting):
        super().__init__(rank, n_ranks)
        self.meeting = meeting

    def _all_gather(self, data):
        meeting = self.meeting
        meeting.given[self.rank] = data
        meeting.barrier.wait()
        given = [each.copy() for each in meeting.given]
        if self.rank == 0:
            meeting.n_bytes.append(len(data))
        meeting.barrier.wait()
        return given


def in_ranks(n_ranks, function, monkeypatch, meeting=None):
    """Return what a function returns in each of some threads that stand for processes."""
    here, meeting = threading.local(), meeting or Meeting(n_ranks)
    monkeypatch.setattr(ranks_file, "_find_ranks", lambda estimator: here.ranks)

    def run(rank):
        here.ranks = ThreadRanks(rank, n_ranks, meeting) if n_ranks > 1 else ranks_file.ALONE
        try:
            return function()
        except BaseException:
            meeting.barrier.abort()
            raise

    with ThreadPoolExecutor(n_ranks) as pool:
        return list(pool.map(run, range(n_ranks)))


# Those that kernels compute, and three others.
CELLS = ("lstm", "gru", "rnn", "peephole_lstm", "indrnn", "qrnn")
EVERY_FIT = {
    **FITS,
    **{cell: (classify, {"cell": cell}) for cell in CELLS},
    "long": (classify, {"max_epochs": 20}),
}
