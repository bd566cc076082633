"""Does a change of the code change what is computed? The same fits with two commits.

    python -m benchmarks same_results 1a2b3c4 HEAD

fits every cell, pooling, optimizer and estimator in a checkout of each commit, and compares
weights, predictions and saved files to the bit. Parameters that were renamed in between count as
the same (``--renamed old=new``). Exits with 1 if anything differs.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
RENAMED = {"compile": "kernels", "native": "kernels", "doubly_stochastic": "attention_penalty"}

X = [
    "good, not bad",
    "bad, not good at all",
    "",
    "a naïve café ☃ and nothing else",
    "the queue was endless, the food was cold and the waiter was rude",
    *("word" + " and word" * n for n in range(25, 40)),
] * 6
CELLS = (
    "rnn lstm gru peephole_lstm coupled_lstm layer_norm_lstm mgu indrnn sru qrnn "
    "grid_lstm tied_grid_lstm"
).split()
POOLINGS = "last mean max attention multihead_attention concat".split()
SMALL = {"embedding_dim": 12, "hidden_size": 8, "max_epochs": 2, "batch_size": 40}


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks same_results", description=__doc__)
    parser.add_argument("before", help="a commit, or a folder that holds a checkout")
    parser.add_argument("after", help="likewise")
    parser.add_argument("--renamed", nargs="*", default=[], metavar="OLD=NEW")
    args = parser.parse_args(argv)
    renamed = {**RENAMED, **dict(pair.split("=") for pair in args.renamed)}
    with TemporaryDirectory() as folder:
        before, after = (
            results_of(version, Path(folder, name), renamed)
            for name, version in (("before", args.before), ("after", args.after))
        )
    different = [name for name in before if before[name] != after.get(name)]
    for name in different:
        parts = [
            part for part in before[name] if before[name][part] != after.get(name, {}).get(part)
        ]
        print(f"{name}: {', '.join(parts)} differ")
    print(f"{len(before) - len(different)} of {len(before)} fits are equal to the bit")
    return bool(different or before.keys() != after.keys())


def results_of(version, folder, renamed):
    """Return the results of all cases, computed by a checkout in a process of its own."""
    folder.mkdir()
    tree = Path(version)
    if not tree.is_dir():
        tree = folder / "tree"
        command = ["git", "-C", ROOT, "archive", version]
        archive = subprocess.run(command, check=True, capture_output=True).stdout
        tree.mkdir()
        subprocess.run(["tar", "-x", "-C", tree], input=archive, check=True)
    found = folder / "results.json"
    subprocess.run(
        [sys.executable, __file__, found, json.dumps(renamed)],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "XDG_CACHE_HOME": str(folder)},
        check=True,
    )
    return json.loads(found.read_text())


def cases():
    """Yield the name of each case, the kind of estimator, its parameters, and how it is fitted."""
    for cell in CELLS:
        for kernels in (True, False) if cell in ("rnn", "lstm", "gru") else (False,):
            params = {"cell": cell, "kernels": kernels}
            yield f"{cell}, kernels={kernels}", "classifier", params, "fit"
            yield (
                f"{cell}, deep, kernels={kernels}",
                "classifier",
                {**params, "num_layers": 2},
                "fit",
            )
    for pooling in POOLINGS:
        yield pooling, "classifier", {"pooling": pooling, "bidirectional": False}, "fit"
    for optimizer in ("adam", "nadam", "rmsprop", "adagrad", "sgd"):
        yield optimizer, "classifier", {"optimizer": optimizer, "lr": 0.01}, "fit"
    for schedule in ("cosine", "linear", "constant"):
        yield schedule, "classifier", {"lr_schedule": schedule}, "fit"
    options = [
        {"pooling": "attention", "attention_penalty": 0.1},
        {"recurrent_dropout": 0.3},
        {"recurrent_dropout": 0.3, "variational_dropout": True},
        {"zoneout": 0.2, "cell": "gru"},
        {"recurrent_init": "uniform", "forget_bias": "chrono"},
        {"cell": "rnn", "activation": "relu", "recurrent_init": "identity"},
        {"wide_weight": 0, "skip_connection": False},
        {"wide_weight": 0.5, "clip_grad_norm": None},
        {"class_weight": "balanced", "label_smoothing": 0.2},
        {"early_stopping": True, "validation_fraction": 0.2, "n_iter_no_change": 1},
        {"early_stopping": True, "scoring": "f1_macro"},
        {"early_stopping": True, "scoring": "loss"},
        {"crop_length": 7, "batch_size": "auto", "max_epochs": "auto"},
        {"precision": "bfloat16"},
        {"precision": "auto", "n_jobs": 2},
    ]
    for option in options:
        yield str(option), "classifier", option, "fit"
    for fitted in ("partial_fit", "warm", "fit, then partial_fit", "weights", "ids"):
        for kind in ("classifier", "regressor"):
            yield f"{kind}, {fitted}", kind, {}, fitted
    for loss in ("absolute_error", "huber", "quantile", "poisson"):
        yield loss, "regressor", {"loss": loss}, "fit"
    yield "two columns", "regressor", {"early_stopping": True}, "table"
    yield "many labels", "classifier", {"class_weight": "balanced"}, "table"
    yield "many labels in chunks", "classifier", {}, "table in chunks"
    yield "encoder of labels", "encoder", {"early_stopping": True}, "fit"
    yield "encoder of many labels", "encoder", {}, "table"
    yield "encoder of numbers", "encoder", {"loss": "squared_error"}, "weights"
    yield "encoder in chunks", "encoder", {"loss": "log_loss"}, "partial_fit"


def compute(renamed):
    import warnings

    import numpy as np

    import sklearn_rnn

    warnings.simplefilter("error")
    classes = {
        "classifier": sklearn_rnn.RNNTextClassifier,
        "regressor": sklearn_rnn.RNNTextRegressor,
        "encoder": sklearn_rnn.RNNTextEncoder,
    }
    labels = np.array(["a", "b", "b", "c"] * (len(X) // 4))
    table = np.tile(np.array([[0, 1], [1, 1], [0, 0], [1, 0]]), (len(X) // 4, 1))
    numbers = np.linspace(0, 3, len(X)) ** 2
    results = {}
    for case, kind, params, how in cases():
        class_ = classes[kind]
        known = class_().get_params()
        params = {name_in(known, key, renamed): v for key, v in {**SMALL, **params}.items()}
        is_number = kind == "regressor" or params.get("loss") == "squared_error"
        y = table if how.startswith("table") else numbers if is_number else labels
        estimator = class_(random_state=3, **params)
        fit(
            estimator,
            how,
            y,
            {} if is_number or how.startswith("table") else {"classes": ["a", "b", "c"]},
        )
        results[case] = digest(estimator, how, renamed)
    return results


def name_in(known, name, renamed):
    """Return the name that a parameter has in this checkout."""
    names = [name, *(old for old, new in renamed.items() if new == name)]
    return next(name for name in names if name in known)


def fit(estimator, how, y, classes):
    import numpy as np

    import sklearn_rnn

    chunks = [slice(0, 50), slice(50, 80), slice(80, None)]
    weights = np.linspace(0.5, 2, len(X))
    if how == "ids":
        estimator.fit(sklearn_rnn.SequenceVectorizer(min_df=2).fit_transform(X), y)
    elif how == "weights":
        estimator.fit(X, y, sample_weight=weights)
    elif how == "warm":
        estimator.set_params(warm_start=True).fit(X[:60], y[:60])
        estimator.fit(X, y)
    elif how.endswith(("partial_fit", "in chunks")):
        if how.startswith("fit"):
            estimator.fit(X, y)
        for chunk in chunks:
            estimator.partial_fit(X[chunk], y[chunk], sample_weight=weights[chunk], **classes)
    else:
        estimator.fit(X, y)


def digest(estimator, how, renamed):
    import numpy as np

    import sklearn_rnn

    documents = ["good, good", "an unknown word", "", "and word " * 50]
    if how == "ids":
        documents = np.array([[2, 3, 0], [4, 5, 6]])
    outputs = [
        getattr(estimator, method)(documents)
        for method in ("predict_proba", "decision_function", "predict", "transform")
        if hasattr(estimator, method)
    ]
    with TemporaryDirectory() as folder:
        path = Path(folder, "model")
        sklearn_rnn.save(estimator, path)
        file = content_of(path.read_bytes(), renamed)
    state = estimator.module_.state_dict()
    return {
        "weights": hash_of({name: value.numpy().tobytes() for name, value in state.items()}),
        "predictions": hash_of([output.tobytes() for output in outputs]),
        "learning curve": hash_of([estimator.loss_curve_, estimator.validation_scores_]),
        "saved file": hash_of(file),
    }


def content_of(data, renamed):
    """Return what a file says, by the newest names and without seconds, and its arrays' bytes."""
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    record = json.loads(header.pop("__metadata__")["sklearn_rnn"])
    del record["sha256"]

    def rename(value):
        if isinstance(value, dict):
            value = {renamed.get(key, key): rename(part) for key, part in value.items()}
            return dict(sorted(value.items()))
        if isinstance(value, list):
            # A dict with keys of any type is written as a list of pairs.
            return [
                renamed.get(v, v) if isinstance(v, str) else rename(v)
                for v in value
                if not is_duration(v)
            ]
        return value

    return [rename(record), header, data[end:]]


def is_duration(value):
    """Tell the seconds of an epoch, which skorch writes into the history."""
    return isinstance(value, list) and value[:1] == ["dur"]


def hash_of(value):
    return hashlib.sha256(repr(value).encode()).hexdigest()


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(compute(json.loads(sys.argv[2]))))
