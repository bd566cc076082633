"""Wall time of a grid search in several processes, on loky and on dask, compared with one process.

Writes grid_search.md. The searches take turns, with a different one first in each round. The
processes are stopped after each search, so that their start counts, as it does for a search that is
run once. The scores must be equal, to the bit. dask is left out where it is not installed.
"""

import argparse
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter

import joblib
import numpy as np
from joblib.externals.loky import get_reusable_executor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from benchmarks.speed.machine import describe_machine
from benchmarks.turns import in_turns, show
from sklearn_rnn import RNNTextClassifier, SequenceVectorizer
from sklearn_rnn.datasets import load_drug_reviews, load_tweet_sentiment

CORPORA = {"tweets": load_tweet_sentiment, "reviews": load_drug_reviews}
GRID = {
    "vectorizer__min_df": [1, 2],
    "clf__hidden_size": [32, 64],
    "clf__dropout": [0.1, 0.2, 0.3, 0.4, 0.5],
}


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks grid_search", description=__doc__)
    parser.add_argument("--corpora", nargs="+", choices=CORPORA, default=list(CORPORA))
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    args.engines = ["one process", *(name for name in args.engines if name != "one process")]
    rows = []
    for name in args.corpora:
        X, y = CORPORA[name](subset="train", return_X_y=True, as_frame=False)
        rows.append((name, measure(X[: args.documents], y[: args.documents], args)))
        print(name, rows[-1][1], flush=True)
    folder = Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "grid_search.md").write_text(make_report(rows, args))


@contextmanager
def one_process(n_processes):
    """Fit one candidate after another, each on all cores."""
    yield 1


@contextmanager
def loky(n_processes):
    """Fit in joblib's own processes."""
    try:
        with joblib.parallel_config("loky"):
            yield n_processes
    finally:
        get_reusable_executor().shutdown(wait=True)


@contextmanager
def dask(n_processes):
    """Fit in the workers of a cluster on this machine."""
    from dask import config
    from distributed import Client, LocalCluster

    with ExitStack() as stack:
        # Without MALLOC_TRIM_THRESHOLD_, which makes fits twice as long; see the user guide.
        threads = {f"{name}_NUM_THREADS": 1 for name in ("OMP", "MKL", "OPENBLAS")}
        stack.enter_context(config.set({"distributed.nanny.pre-spawn-environ": threads}))
        cluster = LocalCluster(
            n_workers=n_processes, threads_per_worker=1, dashboard_address=":0", memory_limit=0
        )
        stack.enter_context(cluster)
        stack.enter_context(Client(cluster))
        stack.enter_context(joblib.parallel_config("dask"))
        yield None  # as many as there are workers


ENGINES = {"one process": one_process, "loky": loky, "dask": dask}


def measure(X, y, args):
    """Return the seconds of each round, by engine, and why some were left out."""
    scores = [search_once(X[:100], y[:100], 1, 1)]  # what is loaded once

    def time_once(name):
        start = perf_counter()
        with ENGINES[name](args.processes) as n_jobs:
            found = search_once(X, y, args.epochs, n_jobs)
        end = perf_counter()
        scores.append(found)
        np.testing.assert_array_equal(found, scores[1])
        return end - start

    return in_turns(args.engines, time_once, args.rounds)


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
    machine = describe_machine(["torch", "distributed"])
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    n_candidates = np.prod([len(values) for values in GRID.values()])
    lines = [
        "# A grid search in several processes\n",
        f"Wall time of `GridSearchCV(Pipeline, cv=2, refit=False)` over {n_candidates} candidates, "
        f"which is {2 * n_candidates} fits, on {args.documents:,} documents, {args.epochs} epochs "
        f"each; medians of {args.rounds} rounds. In one process each fit uses all cores; in "
        f"{args.processes}, each uses its share of them. The time to start the processes is "
        "included. The scores are the same, to the bit. `python -m benchmarks grid_search` "
        "generates this page.\n",
        f"Measured on {machine['cpu']}, {machine['cores']} cores, {versions}.\n",
        f"| documents | one fit, s | one process, s | {args.processes} processes | s | ratio |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for corpus, (seconds, left_out) in rows:
        one = seconds["one process"]
        fit = median(one) / (2 * n_candidates)
        for name in list(seconds)[1:]:
            ratios = [b / a for a, b in zip(one, seconds[name], strict=True)]
            lines.append(
                f"| {corpus} | {fit:.1f} | {median(one):.1f} | {name} | "
                f"{median(seconds[name]):.1f} | {show(ratios)} |"
            )
        lines += [f"\n{name} was left out: {reason}." for name, reason in left_out.items()]
    return "\n".join(lines) + "\n"
