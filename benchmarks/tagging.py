"""Taggers on entities, slots and parts of speech: how right they are, and how fast.

Run as ``python -m benchmarks tagging``. `RNNTokenClassifier` has its defaults and a seed; beside it
are CRFsuite on hand-made features and a BiLSTM-CRF in a plain PyTorch loop, as tutorials write it.
Fits on train, scores on test, and writes docs/benchmarks/tagging.md and .json. What was measured
before is taken from there, unless it is named by --only or --models.
"""

import argparse
import json
from pathlib import Path
from time import process_time

import numpy as np
import torch
from sklearn.pipeline import make_pipeline

from benchmarks._tagged import SETS, SPANS, count_tokens, load_tagged
from benchmarks.speed.machine import describe_machine
from benchmarks.tagging_peers import FeatureCRF, TutorialTagger
from sklearn_rnn import RNNTokenClassifier, SequenceVectorizer
from sklearn_rnn.metrics import span_f1_score, token_accuracy_score

OURS, INDEPENDENT = "RNNTokenClassifier", "RNNTokenClassifier, crf=False"
NO_VECTORS = "RNNTokenClassifier, embedding=None"
WORDS_ALONE = "RNNTokenClassifier, words alone"
TUTORIAL, FEATURES = "BiLSTM-CRF by hand", "CRFsuite"
MODELS = [OURS, INDEPENDENT, NO_VECTORS, WORDS_ALONE, TUTORIAL, FEATURES]
PARAMS = {OURS: {}, INDEPENDENT: {"crf": False}, NO_VECTORS: {"embedding": None}}


def count_passes(X):
    """Return how many epochs `RNNTokenClassifier` takes by default."""
    return int(np.clip(2_000_000 // count_tokens(X), 8, 30))


def make_model(name, seed, X):
    if name == FEATURES:
        return FeatureCRF()
    if name == TUTORIAL:
        return TutorialTagger(n_passes=count_passes(X), seed=seed)
    params = {"n_jobs": 1, "device": "cpu", "random_state": seed}
    if name == WORDS_ALONE:  # from ids no spelling can be told
        return make_pipeline(SequenceVectorizer(lowercase=False), RNNTokenClassifier(**params))
    return RNNTokenClassifier(**params, **PARAMS[name])


def evaluate(name, data, parts, seed):
    """Return the scores of a model on test, and its speed."""
    X, y = parts["train"]
    X_test, y_test = parts["test"]
    model = make_model(name, seed, X)
    start = process_time()
    model.fit(X, y)
    fit_seconds = process_time() - start
    start = process_time()
    predicted = model.predict(X_test)
    predict_seconds = process_time() - start
    n_passes = getattr(model, "n_passes", count_passes(X))
    return {
        "f1": span_f1_score(y_test, predicted) if data in SPANS else None,
        "accuracy": token_accuracy_score(y_test, predicted),
        "accuracy on unknown words": accuracy_on_unknown(X, X_test, y_test, predicted),
        "seconds": fit_seconds,
        "words a second in training": n_passes * count_tokens(X) / fit_seconds,
        "words a second in predicting": count_tokens(X_test) / predict_seconds,
    }


def accuracy_on_unknown(X, X_test, y_test, predicted):
    """Return the share of right tags among the words that do not occur in training."""
    known = {token for tokens in X for token in tokens}
    right = [
        tag == found
        for row in zip(X_test, y_test, predicted, strict=True)
        for token, tag, found in zip(*row, strict=True)
        if token not in known
    ]
    return float(np.mean(right))


def make_report(results):
    machine = describe_machine(["torch", "sklearn-crfsuite", "seqeval"])
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    lines = [
        "# Taggers\n",
        "Trained on the train part of each set, scored on its test part. `RNNTokenClassifier` has "
        "its defaults; *words alone* is given token ids, so that it has neither spelling nor word "
        "vectors. The BiLSTM-CRF is a plain PyTorch loop over padded batches with the same "
        "sizes, dropout, batch size and number of passes; it reads words alone too. CRFsuite reads "
        "the lower-cased word, its affixes and its shape, of two neighbours on each side too, for "
        "100 passes of L-BFGS. F1 is that of spans, micro-averaged, as CoNLL's evaluation finds "
        "them (`span_f1_score`). Unknown words do not "
        "occur in the train part. `python -m benchmarks tagging` generates this page.\n",
        f"Times are CPU times on one thread, {machine['cpu']}, {versions}. Words a "
        "second in training count each word once a pass. Where there are several seeds, figures "
        "are means, with the standard deviation of the scores. Rows that are not measured anew are "
        "kept, so that times of different models may come from machines of different speed.\n",
        "| data set | model | F1 | accuracy | on unknown words | seconds of training "
        "| words a second in training | in predicting |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for data in [name for name in SETS if name in results]:
        for name in [model for model in MODELS if model in results[data]]:
            lines.append(_row(data, name, results[data][name]))
    return "\n".join(lines) + "\n"


def _row(data, name, runs):
    columns = {key: [run[key] for run in runs if run[key] is not None] for key in runs[0]}
    scores = [_show(columns[key]) for key in ("f1", "accuracy", "accuracy on unknown words")]
    speeds = [
        f"{np.mean(columns[key]):,.0f}"
        for key in ("seconds", "words a second in training", "words a second in predicting")
    ]
    return f"| {' | '.join([data, name, *scores, *speeds])} |"


def _show(values):
    if not values:
        return "-"
    spread = f" ± {np.std(values):.3f}" if len(values) > 1 else ""
    return f"{np.mean(values):.3f}{spread}"


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks tagging", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=SETS, help="sets to measure anew")
    parser.add_argument("--models", nargs="+", choices=MODELS, help="models to measure anew")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--again", action="store_true", help="measure all of them anew")
    parser.add_argument("--missing", action="store_true", help="of those named, what is not there")
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    folder = Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "tagging.json"
    results = json.loads(kept.read_text()) if kept.exists() and not args.again else {}
    named = bool(args.only or args.models) and not args.missing
    for data in args.only or SETS:
        parts = load_tagged(data)
        for name in args.models or MODELS:
            if name in results.get(data, {}) and not named:
                continue
            seeds = range(1 if name == FEATURES else args.seeds)
            runs = [evaluate(name, data, parts, seed) for seed in seeds]
            results.setdefault(data, {})[name] = runs
            print(_row(data, name, runs), flush=True)
            kept.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
            (folder / "tagging.md").write_text(make_report(results), encoding="utf-8")
