"""Small trainings to be killed and resumed, by name, and a process that runs one of them.

``python checkpointed_fits.py NAME PATH EPOCHS [WHERE N]`` fits with a checkpoint in PATH that is
written after each step. With WHERE it kills itself at the n-th time that it comes somewhere: to a
"step", to "fsync" with the new file not yet on disk, or to "replace" with all of it there under
another name.
"""

import os
import signal
import sys

from skorch.callbacks import Callback

from sklearn_rnn import (
    RNNLanguageModel,
    RNNTextClassifier,
    RNNTextEncoder,
    RNNTextRegressor,
    RNNTokenClassifier,
    RNNTranslator,
)
from sklearn_rnn._training import checkpoints

TEXTS = [f"{good}, not {bad} at all" for good in ("good", "fine") for bad in ("bad", "dull")] * 6
LABELS = [0, 1, 1, 0] * 6
NUMBERS = [float(len(text)) for text in TEXTS]
TAGS = [["A" if word.isalpha() else "B" for word in text.split()] for text in TEXTS]
SENTENCES = [text.split() for text in TEXTS]

SMALL = {"hidden_size": 4, "embedding_dim": 4, "batch_size": 6, "max_epochs": 3, "random_state": 0}
STOPPING = {"early_stopping": True, "validation_fraction": 0.25, "n_iter_no_change": 2}
TEXT = {**SMALL, "embedding": None}
STREAM = {**SMALL, "bptt": 12, "batch_size": 4, "max_epochs": 2}

# The estimator, its parameters, and what it learns from.
FITS = {
    "classifier": (RNNTextClassifier, {**TEXT, **STOPPING, "max_epochs": 5}, (TEXTS, LABELS)),
    "regressor": (RNNTextRegressor, {**TEXT, "crop_length": 3}, (TEXTS, NUMBERS)),
    "encoder": (RNNTextEncoder, {**TEXT, "cell": "gru", "pooling": "attention"}, (TEXTS, LABELS)),
    "language model": (RNNLanguageModel, {**STREAM, "averaging": "recent"}, (TEXTS,)),
    "tagger": (
        RNNTokenClassifier,
        {**TEXT, "char_embedding_dim": 4, "char_hidden_size": 4, **STOPPING},
        (SENTENCES, TAGS),
    ),
    "translator": (
        RNNTranslator,
        {**SMALL, "scheduled_sampling": 0.5, "input_feeding": True},
        (TEXTS, [text[::-1] for text in TEXTS]),
    ),
}


class DieAt(Callback):
    """Kill the process after its n-th step."""

    def __init__(self, n):
        self.n = n

    def on_batch_end(self, net, training=False, **kwargs):
        """Count a step."""
        self.n -= training
        if self.n == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def write_always():
    """Let checkpoints be written after each step."""
    checkpoints._SECONDS, checkpoints._SHARE = 0.0, float("inf")


def fit(name, *, n_epochs=None, **params):
    """Return one of the fitted estimators, trained for all of `n_epochs` if that is a number."""
    Estimator, its_params, data = FITS[name]
    if n_epochs is not None:
        params |= {"max_epochs": n_epochs, "n_iter_no_change": n_epochs}
    return Estimator(**{**its_params, **params}).fit(*data)


def main(name, path, n_epochs, where=None, n=0):
    write_always()
    callbacks = [DieAt(int(n))] if where == "step" else None
    if where in ("fsync", "replace"):
        calls, function = [], getattr(os, where)

        def die(*args):
            calls.append(args)
            if len(calls) == int(n):
                os.kill(os.getpid(), signal.SIGKILL)
            function(*args)

        setattr(os, where, die)
    print("begin", flush=True)
    fit(name, n_epochs=int(n_epochs), checkpoint=path, callbacks=callbacks)
    print("end", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
