"""Model files that went wrong at random: each is refused, or opens to the same predictions."""

import os
import pickle
import random
import sys
import time
from contextlib import suppress

import numpy as np
import pytest
from mutations import forge, spoil
from sklearn.pipeline import Pipeline

from sklearn_rnn import (
    RNNTextClassifier,
    RNNTextEncoder,
    RNNTextRegressor,
    SequenceVectorizer,
    load,
    save,
)
from sklearn_rnn.datasets import load_tweet_sentiment
from sklearn_rnn.exceptions import ModelFileError
from sklearn_rnn.modules.kernels import load_kernels

TWEETS, SENTIMENTS = (
    values[::250] for values in load_tweet_sentiment(return_X_y=True, as_frame=False)
)
LENGTHS = np.array([len(tweet) / 100 for tweet in TWEETS])
SMALL = {"embedding_dim": 4, "hidden_size": 3, "max_epochs": 2, "random_state": 0}
MODELS = {
    "classifier": (RNNTextClassifier(early_stopping=True, **SMALL), SENTIMENTS),
    "many labels": (
        RNNTextClassifier(cell="tied_grid_lstm", class_weight="balanced", **SMALL),
        np.column_stack([LENGTHS > 1, LENGTHS < 0.5]).astype(int),
    ),
    "regressor": (
        RNNTextRegressor(cell="qrnn", loss="poisson", num_layers=2, **SMALL),
        np.column_stack([LENGTHS, 10 * LENGTHS]),
    ),
    "encoder": (
        RNNTextEncoder(
            cell="gru", pooling="multihead_attention", num_heads=2, zoneout=0.1, **SMALL
        ),
        LENGTHS,
    ),
}

# Of what Python tells to audit hooks, all that could run what a file holds, or reach beyond it.
RUNS = {"exec", "compile", "marshal.loads", "pickle.find_class", "ctypes.dlopen"}
REACHES = ("import", "os.", "shutil.", "socket.", "subprocess.", "urllib.", "ftplib.", "ctypes.")


class Watch:
    """List what the interpreter does while this is entered."""

    def __init__(self):
        self.is_watching = False
        self.events = []
        sys.addaudithook(self.hear)

    def hear(self, event, arguments):
        if self.is_watching and (event in RUNS or event.startswith(REACHES)):
            self.events.append((event, arguments))

    def __enter__(self):
        self.events.clear()
        self.is_watching = True

    def __exit__(self, *exception):
        self.is_watching = False


@pytest.fixture(scope="module")
def watch():
    return Watch()


def outputs_of(model, X):
    for method in ("predict_proba", "transform", "predict"):
        if hasattr(model, method):
            return getattr(model, method)(X)


def try_mutations(name, path, seeds, watch):
    """Open mutations of a model's file, and return how many were refused, and opened."""
    resource = pytest.importorskip("resource", reason="memory is not told here")
    estimator, y = MODELS[name]
    save(estimator.fit(TWEETS, y), path)
    good, expected = path.read_bytes(), outputs_of(estimator, TWEETS)
    # What is imported, and compiled, at first use must not be taken for the work of a file.
    with suppress(RuntimeError, OSError):  # no compiler
        load_kernels()
    load(path)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    counts = {"refused": 0, "same": 0, "forged": 0}
    for seed in seeds:
        rng = random.Random(seed)
        mutate = rng.choice([spoil, forge])
        path.write_bytes(mutate(good, rng))
        start = time.monotonic()
        try:
            with watch:
                loaded = load(path)
        except ModelFileError:
            counts["refused"] += 1
            continue
        finally:
            assert time.monotonic() - start < 30, f"seed {seed} took too long"
            assert not watch.events, f"seed {seed} did {watch.events}"
        classes = (
            RNNTextClassifier,
            RNNTextEncoder,
            RNNTextRegressor,
            SequenceVectorizer,
            Pipeline,
        )
        assert isinstance(loaded, classes), seed
        if mutate is forge:
            # With a checksum that fits, whoever made it may have changed what is predicted.
            counts["forged"] += 1
        else:
            np.testing.assert_array_equal(outputs_of(loaded, TWEETS), expected, str(seed))
            counts["same"] += 1
    unit = 1 if sys.platform == "darwin" else 1024
    grown = unit * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory)
    assert grown < 256 * 2**20, "opening took too much memory"
    return counts


def test_watch_hears_what_a_pickle_does(watch):
    pickled = pickle.dumps(os.getcwd)
    with watch:
        pickle.loads(pickled)
        exec("0")
    assert {"pickle.find_class", "exec"} <= {event for event, _ in watch.events}


@pytest.mark.filterwarnings("ignore::skorch.exceptions.DeviceWarning")
@pytest.mark.parametrize("name", MODELS)
def test_mutations_are_refused_or_harmless(name, tmp_path, watch):
    counts = try_mutations(name, tmp_path / "model", range(150), watch)
    assert counts["refused"] > 100
    assert counts["forged"] > 0


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::skorch.exceptions.DeviceWarning")
@pytest.mark.parametrize("name", MODELS)
def test_ten_thousand_mutations_are_refused_or_harmless(name, tmp_path, watch):
    counts = try_mutations(name, tmp_path / "model", range(10_000), watch)
    print(name, counts)
    assert counts["refused"] > 8_000
