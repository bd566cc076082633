"""The experiment behind the defaults of RNNTextClassifier: one setting changed at a time.

Run as ``python -m benchmarks defaults [names of settings]``. Only the train
splits are read: each is cut into folds or random parts again, so that the test splits stay unseen.
Adds what is missing to benchmarks/defaults/results.csv; ``--table`` prints that file as the table
of README.md.
"""

import argparse
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit

from benchmarks._data import data_files, load
from benchmarks.quality import make_baseline
from sklearn_rnn import RNNTextClassifier

RESULTS = Path(__file__).parent / "results.csv"

# Name, file, documents to train on (None: all but a fold of four).
TASKS = {
    "books": ("book_excerpts", None),
    "drugs": ("drug_reviews", None),
    "news, 300": ("newsgroups6", 300),
    "tweets, 1,000": ("tweet_sentiment", 1000),
    "tweets, 5,000": ("tweet_sentiment", 5000),
    "friends, 2,000": ("friends_speaker", 2000),
    "mr, 2,000": ("mr", 2000),
    "cr, 2,000": ("cr", 2000),
    "subj, 2,000": ("subj", 2000),
    "trec6, 2,000": ("trec6", 2000),
}
N_PARTS = 3  # random parts, where there are no folds

SETTINGS = {
    "TF-IDF": None,
    "defaults": {},
    "wide_weight=0": {"wide_weight": 0},
    "wide_weight=0.5": {"wide_weight": 0.5},
    "wide_weight=0.75": {"wide_weight": 0.75},
    "wide_weight=0.99": {"wide_weight": 0.99},
    "wide_ngrams=3": {"wide_ngrams": 3},
    "skip_connection=False": {"skip_connection": False},
    "word_dropout=0.1": {"word_dropout": 0.1},
    "word_dropout=0.3": {"word_dropout": 0.3},
    "dropout=0.3": {"dropout": 0.3},
    "hidden_size=128": {"hidden_size": 128},
    "cell=gru": {"cell": "gru"},
    "bidirectional=False": {"bidirectional": False},
    "pooling=last": {"pooling": "last"},
    "pooling=concat": {"pooling": "concat"},
    "freeze_embedding=False": {"freeze_embedding": False},
    "lr=1e-3": {"lr": 1e-3},
    "lr=4e-3": {"lr": 4e-3},
    "label_smoothing=0": {"label_smoothing": 0.0},
    "crop_length=256": {"crop_length": 256},
}


def make_splits(name, n_train):
    """Yield train and validation parts of the train split of one file."""
    X, y = load(data_files([name])[name])["train"]
    if n_train is None:
        cv = StratifiedKFold(4, shuffle=True, random_state=0)
    else:
        n_test = min(2000, len(X) - n_train)
        cv = StratifiedShuffleSplit(N_PARTS, train_size=n_train, test_size=n_test, random_state=1)
    for train, valid in cv.split(X, y):
        yield X[train], y[train], X[valid], y[valid]


def evaluate(task, setting):
    """Return a row of results for each part of a task."""
    rows = []
    for part, (X, y, X_valid, y_valid) in enumerate(make_splits(*TASKS[task])):
        params = SETTINGS[setting]
        is_baseline = params is None
        model = make_baseline() if is_baseline else RNNTextClassifier(random_state=part, **params)
        start = process_time()
        model.fit(X, y)
        seconds = process_time() - start
        predicted = model.predict(X_valid)
        row = {"task": task, "setting": setting, "part": part}
        row["accuracy"] = round(accuracy_score(y_valid, predicted), 4)
        row["f1"] = round(f1_score(y_valid, predicted, average="macro"), 4)
        row["seconds"] = round(seconds, 2)
        rows.append(row)
    return rows


def read_results():
    """Return what was measured so far."""
    if RESULTS.exists():
        return pd.read_csv(RESULTS)
    return pd.DataFrame(columns=["task", "setting", "part", "accuracy", "f1", "seconds"])


def print_table():
    """Print accuracies of the defaults, and how far from them each setting is, part by part."""
    results = read_results()
    tasks = [task for task in TASKS if task in set(results["task"])]
    scores = results.pivot(index=["task", "part"], columns="setting", values="accuracy")
    gains = scores.sub(scores["defaults"], axis=0) * 100
    times = results.pivot(index=["task", "part"], columns="setting", values="seconds")
    print("| setting |", " | ".join(tasks), "| mean | time |")
    print("| --- " * (len(tasks) + 3) + "|")
    shown = [f"{scores['defaults'][task].mean():.3f}" for task in tasks]
    print(
        "| defaults |",
        " | ".join(shown),
        f"| {scores['defaults'].groupby('task').mean().mean():.3f} | 1 |",
    )
    for setting in SETTINGS:
        if setting == "defaults" or setting not in scores:
            continue
        by_task = gains[setting].groupby("task")
        cells = [f"{by_task.mean()[task]:+.1f} ± {by_task.std()[task]:.1f}" for task in tasks]
        # The tasks are independent of each other, the parts of a task are not.
        mean, error = by_task.mean().mean(), by_task.mean().sem()
        ratio = times[setting].groupby("task").mean() / times["defaults"].groupby("task").mean()
        cells += [f"{mean:+.2f} ± {error:.2f}", f"{np.exp(np.log(ratio).mean()):.2f}"]
        print("|", setting, "|", " | ".join(cells), "|")


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks defaults", description=__doc__)
    parser.add_argument("settings", nargs="*", help="default: all")
    parser.add_argument("--tasks", nargs="*", default=list(TASKS))
    parser.add_argument("--table", action="store_true")
    args = parser.parse_args(argv)
    if args.table:
        print_table()
        return
    for setting in args.settings or SETTINGS:
        for task in args.tasks:
            results = read_results()
            if ((results["task"] == task) & (results["setting"] == setting)).any():
                continue
            rows = pd.DataFrame(evaluate(task, setting))
            print(rows.to_string(index=False, header=False), flush=True)
            rows.to_csv(RESULTS, mode="a", header=not RESULTS.exists(), index=False)
