"""Model files that went wrong at random: each is refused, or opens to the same predictions."""

import json
import os
import pickle
import random
import sys
import time
import tracemalloc
from contextlib import suppress

import numpy as np
import pytest
from mutations import forge, put_together, spoil, take_apart
from sklearn.pipeline import Pipeline

from sklearn_rnn import (
    RNNTextClassifier,
    RNNTextEncoder,
    RNNTextRegressor,
    SequenceVectorizer,
    load,
    save,
)
from sklearn_rnn._files.file_format import pack
from sklearn_rnn._saving.estimators import _ModelWriter
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


# Sizes that lie: each returns what stands in a file instead of a parameter, and arrays.


def name_an_array_often(n_bytes):
    array = np.zeros(n_bytes // 8, np.float32)
    named = {"type": "array", "dtype": "<f4", "shape": [len(array)], "numbers": "x"}
    return [named] * (n_bytes // 160), {"x": array}


def share_a_hash(n_bytes):
    keys = [k * (2**61 - 1) for k in range(1, n_bytes // 24)]
    return {"type": "set", "items": keys}, {}


def share_a_hash_in_pairs(n_bytes):
    pairs = [[{"type": "tuple", "items": [k * (2**61 - 1)]}, 0] for k in range(1, n_bytes // 80)]
    return {"type": "dict", "items": pairs}, {}


def leave_room_for_text(n_bytes):
    array = {"type": "array", "dtype": "<U250000", "shape": [1], "values": ["x"]}
    return [array] * (n_bytes // 100), {}


def have_no_characters(n_bytes):
    array = {"type": "array", "dtype": "<U0", "shape": [10**9], "numbers": "x"}
    return [array, "x" * n_bytes], {"x": np.zeros((10**9, 0), np.uint32)}


def have_many_dimensions(n_bytes):
    shape = [10**4000] * (n_bytes // 4000)
    return {"type": "array", "dtype": "|O", "shape": shape, "values": []}, {}


def have_many_digits(n_bytes):
    return {"type": "float", "value": "1" * n_bytes}, {}


def name_many_arrays(n_bytes):
    return None, {f"x{i}": np.zeros(0, np.float32) for i in range(n_bytes // 60)}


def build_estimators(n_bytes):
    estimator = {"type": "estimator", "class": "RNNTextClassifier"}
    return [{**estimator, "params": {}, "learned": {}, "choices": {}}] * (n_bytes // 110), {}


def nest_lists(n_bytes):
    return [[0]] * (n_bytes // 4), {}


LIES = [
    name_an_array_often,
    share_a_hash,
    share_a_hash_in_pairs,
    leave_room_for_text,
    have_no_characters,
    have_many_dimensions,
    have_many_digits,
    name_many_arrays,
    build_estimators,
    nest_lists,
]


def write_honest(path, n_bytes):
    """Write a file of about so many bytes: a vocabulary, which takes the most for its length."""
    words = [f"{i:x}" for i in range(2**20, 2**20 + n_bytes // 20)]
    save(SequenceVectorizer().fit([" ".join(words)]), path)


def cost_of_load(path):
    """Return the seconds of the processor and the bytes of memory that a child takes to load."""
    resource = pytest.importorskip("resource", reason="memory cannot be limited here")
    inlet, outlet = os.pipe()
    child = os.fork()
    if child == 0:
        # What is asked for is counted, whether or not there is so much: others live here too.
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (8 * 2**30, most))
        times = []
        for _ in range(2):
            start = time.process_time()
            with suppress(ModelFileError):
                load(path)
            times.append(time.process_time() - start)
        tracemalloc.start()
        with suppress(ModelFileError):
            load(path)
        os.write(outlet, f"{min(times)} {tracemalloc.get_traced_memory()[1]}".encode())
        os._exit(0)
    os.close(outlet)
    with open(inlet) as said:
        seconds, peak = map(float, said.read().split())
    os.waitpid(child, 0)
    return seconds, peak


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
@pytest.mark.parametrize("lie", LIES)
def test_sizes_that_lie_cost_little_more_than_an_honest_file(lie, tmp_path):
    """At most three times the time and memory of a file of the same length."""
    n_bytes = 4_000_000
    value, arrays = lie(n_bytes)
    honest, forged = tmp_path / "honest", tmp_path / "forged"
    writer = _ModelWriter()
    content = writer.write_estimator(RNNTextClassifier())
    content["params"]["callbacks"] = value
    forged.write_bytes(pack(content, {**writer.arrays, **arrays}))
    write_honest(honest, forged.stat().st_size)
    (seconds, memory), (most_seconds, most_memory) = map(cost_of_load, (forged, honest))
    print(lie.__name__, seconds / most_seconds, memory / most_memory)
    assert 0.7 < forged.stat().st_size / honest.stat().st_size < 1.4
    assert seconds < 3 * most_seconds
    assert memory < 3 * most_memory


@pytest.mark.slow
@pytest.mark.parametrize("n_layers", [1000, 10**9])
def test_layers_that_lie_cost_little_more_than_an_honest_file(n_layers, tmp_path):
    estimator, y = MODELS["encoder"]
    path = tmp_path / "model"
    save(estimator.fit(TWEETS, y), path)
    load(path)
    most_seconds = max(cost_of_load(path)[0] for _ in range(3))
    record, *rest = take_apart(path.read_bytes())
    text = json.dumps(record)
    assert text.count('["num_layers", 1]') == 1
    record = json.loads(text.replace('["num_layers", 1]', f'["num_layers", {n_layers}]'))
    path.write_bytes(put_together(record, *rest))
    assert cost_of_load(path)[0] < 3 * most_seconds
