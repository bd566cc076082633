"""Accuracy and macro-F1 of the defaults, compared with TF-IDF and logistic regression.

Run as ``python -m benchmarks quality``. Nothing is tuned per data set: the classifier has its
defaults and a seed. Fits on train, scores on test, and writes the table into benchmarks/quality.md.
"""

import argparse
from pathlib import Path
from time import perf_counter

import numpy as np
from joblib import Parallel, delayed
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.pipeline import make_pipeline

from benchmarks._data import data_folder, load
from sklearn_rnn import RNNTextClassifier

HEADER = (
    "| data set | train / test | TF-IDF accuracy | RNN accuracy | TF-IDF macro-F1 | RNN macro-F1 "
    "| seconds to fit |\n| --- | --- | --- | --- | --- | --- | --- |"
)


def make_baseline():
    return make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        LogisticRegression(C=10, max_iter=1000),
    )


def evaluate(model, parts):
    """Return accuracy and macro-F1 on test, and the seconds that fitting took."""
    start = perf_counter()
    model.fit(*parts["train"])
    seconds = perf_counter() - start
    X, y = parts["test"]
    predicted = model.predict(X)
    return accuracy_score(y, predicted), f1_score(y, predicted, average="macro"), seconds


def compare(path, seeds, n_jobs):
    """Return one row of the table."""
    parts = load(path)
    base_accuracy, base_f1, _ = evaluate(make_baseline(), parts)
    results = Parallel(n_jobs=n_jobs)(
        delayed(evaluate)(RNNTextClassifier(random_state=seed), parts) for seed in seeds
    )
    accuracy, f1, seconds = np.transpose(results)
    sizes = f"{len(parts['train'][0]):,} / {len(parts['test'][0]):,}"
    return (
        f"| {path.name.removesuffix('.csv.gz')} | {sizes} "
        f"| {base_accuracy:.3f} | {accuracy.mean():.3f} ± {accuracy.std():.3f} "
        f"| {base_f1:.3f} | {f1.mean():.3f} ± {f1.std():.3f} | {seconds.mean():.0f} |"
    )


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks quality", description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--n-jobs", type=int, default=1)
    parser.add_argument("--only", help="name of one data set")
    args = parser.parse_args(argv)
    lines = [HEADER]
    print(HEADER)
    for path in sorted(data_folder().glob(f"{args.only or '*'}.csv.gz")):
        lines.append(compare(path, range(args.seeds), args.n_jobs))
        print(lines[-1], flush=True)
    if not args.only:
        target = Path(__file__).parent / "quality.md"
        target.write_text("\n".join(lines) + "\n", encoding="utf-8")
