"""Seconds of each epoch of our own classifier, and documents to time it on."""

import numpy as np

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn._text.sequences import sequences_from_flat

# The recurrent network alone, without what the defaults add to it.
BARE = {
    "bidirectional": False,
    "pooling": "last",
    "skip_connection": False,
    "wide_weight": 0,
    "dropout": 0,
    "word_dropout": 0,
    "label_smoothing": 0,
    "clip_grad_norm": None,
    "lr_schedule": "constant",
    "crop_length": None,
    "random_state": 0,
}


def time_epochs(X, y, n_epochs, **params):
    """Return the seconds of each epoch of one fit, as skorch records them."""
    params = {**BARE, "max_epochs": n_epochs, **params}
    return RNNTextClassifier(**params).fit(X, y).history_[:, "dur"]


def make_documents(lengths, n_ids, seed=0):
    """Return token ids that are as frequent as words are (Zipf), and labels of two classes."""
    rng = np.random.default_rng(seed)
    lengths = np.asarray(lengths)
    ranks = np.exp(rng.random(lengths.sum()) * np.log(n_ids - 2))  # P(rank > r) falls as 1 / r
    tokens = (ranks + 1).astype(np.int32)
    return sequences_from_flat(tokens, lengths), rng.integers(0, 2, len(lengths))


def news_lengths(n_documents, seed=0):
    """Return lengths like those of news items: median 150 words, 95 % below 700, 1,000 at most."""
    rng = np.random.default_rng(seed)
    return rng.lognormal(np.log(150), 0.9, n_documents).clip(10, 1000).astype(int)
