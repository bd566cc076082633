"""Wall time of a grid search in several processes, compared with one process.

Writes grid_search.md. The searches take turns, with a different one first in each round. joblib's
processes are stopped before each search, so that their start counts, as it does for a search that
is run once.
"""

import argparse
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from joblib.externals.loky import get_reusable_executor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from benchmarks.speed.machine import describe_machine
from benchmarks.turns import show
from sklearn_rnn import RNNTextClassifier, SequenceVectorizer
from sklearn_rnn.datasets import load_drug_reviews, load_tweet_sentiment

CORPORA = {"tweets": load_tweet_sentiment, "reviews": load_drug_reviews}
GRID = {
    "vectorizer__min_df": [1, 2],
    "clf__hidden_size": [32, 64],
    "clf__dropout": [0.2, 0.4, 0.6],
}


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks grid_search", description=__doc__)
    parser.add_argument("--corpora", nargs="+", choices=CORPORA, default=list(CORPORA))
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    rows = []
    for name in args.corpora:
        X, y = CORPORA[name](subset="train", return_X_y=True, as_frame=False)
        rows.append((name, measure(X[: args.documents], y[: args.documents], args)))
        print(name, rows[-1][1], flush=True)
    folder = Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "grid_search.md").write_text(make_report(rows, args))


def measure(X, y, args):
    """Return the seconds of each round, in one process and in several."""
    search_once(X[:100], y[:100], 1, 1)  # what is loaded once
    seconds = {1: [], args.processes: []}
    for turn in range(args.rounds):
        order = list(seconds) if turn % 2 == 0 else list(seconds)[::-1]
        scores = {}
        for n_jobs in order:
            get_reusable_executor().shutdown(wait=True)
            start = perf_counter()
            scores[n_jobs] = search_once(X, y, args.epochs, n_jobs)
            seconds[n_jobs].append(perf_counter() - start)
        np.testing.assert_array_equal(*scores.values())
    return seconds


def search_once(X, y, epochs, n_jobs):
    """Run the search and return the scores of all candidates and folds."""
    steps = [
        ("vectorizer", SequenceVectorizer()),
        ("clf", RNNTextClassifier(max_epochs=epochs, random_state=0)),
    ]
    search = GridSearchCV(Pipeline(steps), GRID, cv=2, n_jobs=n_jobs, refit=False)
    results = search.fit(X, y).cv_results_
    return np.array([results["split0_test_score"], results["split1_test_score"]])


def make_report(rows, args):
    machine = describe_machine()
    n_candidates = np.prod([len(values) for values in GRID.values()])
    lines = [
        "# A grid search in several processes\n",
        f"Wall time of `GridSearchCV(Pipeline, cv=2, refit=False)` over {n_candidates} candidates "
        f"on {args.documents:,} documents, {args.epochs} epochs each; medians of {args.rounds} "
        "rounds. In one process each fit uses all cores; in several, each uses its share of them. "
        "The time to start the processes is included. The scores are the same, to the bit. "
        "`python -m benchmarks grid_search` generates this page.\n",
        f"Measured on {machine['cpu']}, {machine['cores']} cores, torch "
        f"{machine['versions']['torch']}.\n",
        f"| documents | n_jobs=1, s | n_jobs={args.processes}, s | ratio |",
        "| --- | --- | --- | --- |",
    ]
    for name, seconds in rows:
        one, several = seconds.values()
        ratios = [b / a for a, b in zip(one, several, strict=True)]
        lines.append(f"| {name} | {median(one):.1f} | {median(several):.1f} | {show(ratios)} |")
    return "\n".join(lines) + "\n"
