"""Accuracy and macro-F1 of the defaults, compared with TF-IDF and logistic regression.

Run as ``python -m benchmarks quality``. Nothing is tuned per data set: the classifier has its
defaults and a seed, and where words are not what a language is read by, the vectorizer that the
documentation advises. Fits on train, scores on test, and writes the table into
docs/benchmarks/quality.md. Data sets that were measured before are taken from quality.json beside
it, unless they are named by --only.
"""

import argparse
import json
from pathlib import Path
from time import perf_counter

import numpy as np
from joblib import Parallel, delayed
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.pipeline import make_pipeline

from benchmarks._data import data_files, load
from benchmarks.speed.machine import describe_machine
from sklearn_rnn import RNNTextClassifier, SequenceVectorizer

# Names are read by characters; the scripts of the others have no spaces.
CHARACTERS = ["surnames18"]
CHARACTERS_FOR_BASELINE = ["surnames18", "waimai10k_zh", "wisesight_th"]
MODELS = {
    "defaults": {},
    "the network alone": {"wide_weight": 0},
    "no word vectors": {"embedding": None},
}


def make_baseline(*, characters=False):
    ngrams = {"analyzer": "char", "ngram_range": (1, 3)} if characters else {"ngram_range": (1, 2)}
    return make_pipeline(
        TfidfVectorizer(sublinear_tf=True, **ngrams), LogisticRegression(C=10, max_iter=1000)
    )


def make_classifier(name, seed, params):
    vectorizer = SequenceVectorizer(analyzer="char") if name in CHARACTERS else None
    return RNNTextClassifier(vectorizer=vectorizer, random_state=seed, **params)


def evaluate(model, parts):
    """Return accuracy and macro-F1 on test, and the seconds that fitting took."""
    start = perf_counter()
    model.fit(*parts["train"])
    seconds = perf_counter() - start
    X, y = parts["test"]
    predicted = model.predict(X)
    return accuracy_score(y, predicted), f1_score(y, predicted, average="macro"), seconds


def measure(name, path, seeds, n_jobs):
    """Return the figures of a data set: of each model, those of each seed."""
    parts = load(path)
    found = {
        "sizes": [len(parts[split][0]) for split in ("train", "test")],
        "TF-IDF": [evaluate(make_baseline(characters=name in CHARACTERS_FOR_BASELINE), parts)],
    }
    for label, params in MODELS.items():
        found[label] = Parallel(n_jobs=n_jobs)(
            delayed(evaluate)(make_classifier(name, seed, params), parts) for seed in seeds
        )
    return found


def make_report(results):
    machine = describe_machine()
    n_seeds = max(len(found["defaults"]) for found in results.values())
    lines = [
        "# Accuracy of the defaults\n",
        "`RNNTextClassifier()` on the test part of each data set, with nothing set by hand, "
        "compared with TF-IDF over words and word pairs and a logistic regression. Surnames are "
        "read by characters, as the user guide advises; for surnames, Thai and Chinese the "
        "baseline counts up to three characters instead, which suits it better. Mean and standard "
        f"deviation over {n_seeds} seeds. The network alone is `wide_weight=0`; without word "
        "vectors is `embedding=None`. Sets without a split of their own are tested on two of ten "
        "folds. `python -m benchmarks quality` generates this page.\n",
        f"Seconds to fit were measured on {machine['cpu']}, {machine['cores']} cores, torch "
        f"{machine['versions']['torch']}.\n",
        "| data set | train / test | TF-IDF | defaults | the network alone | no word vectors "
        "| TF-IDF macro-F1 | defaults macro-F1 | TF-IDF seconds | defaults seconds |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, found in sorted(results.items()):
        base, ours = np.mean(found["TF-IDF"], axis=0), np.mean(found["defaults"], axis=0)
        cells = [
            name,
            "{:,} / {:,}".format(*found["sizes"]),
            f"{base[0]:.3f}",
            *(_show(found[label], 0) for label in MODELS),
            f"{base[1]:.3f}",
            _show(found["defaults"], 1),
            f"{base[2]:.1f}",
            f"{ours[2]:.1f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _show(figures, column):
    values = np.array(figures)[:, column]
    return f"{values.mean():.3f} ± {values.std():.3f}"


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks quality", description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--n-jobs", type=int, default=1)
    parser.add_argument("--only", nargs="+", help="names of data sets, which are measured anew")
    parser.add_argument("--again", action="store_true", help="measure all of them anew")
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    folder = Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "quality.json"
    results = json.loads(kept.read_text()) if kept.exists() and not args.again else {}
    for name, path in data_files(args.only).items():
        if name in results and not args.only:
            continue
        results[name] = measure(name, path, range(args.seeds), args.n_jobs)
        accuracy = {label: _show(results[name][label], 0) for label in ["TF-IDF", *MODELS]}
        print(name, accuracy, flush=True)
        kept.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        (folder / "quality.md").write_text(make_report(results), encoding="utf-8")
