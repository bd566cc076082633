"""The experiment behind the defaults of RNNTextClassifier: one setting changed at a time.

Run as ``python -m benchmarks defaults [names of settings]``. Only the train
splits are read: each is cut into folds or random parts again, so that the test splits stay unseen.
Adds its rows to benchmarks/defaults/results.csv; ``--table`` prints that file as the table of
README.md.
"""

import argparse
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit

from benchmarks._data import data_files, load
from benchmarks.quality import make_baseline
from sklearn_rnn import RNNTextClassifier

RESULTS = Path(__file__).parent / "results.csv"

# Name, file, documents to train on (None: all but a fifth; a cross-validation on small sets).
TASKS = {
    "books, all": ("book_excerpts", None),
    "drugs, all": ("drug_reviews", None),
    "news, 300": ("newsgroups6", 300),
    "tweets, 1000": ("tweet_sentiment", 1000),
    "friends, 2000": ("friends_speaker", 2000),
    "news, all": ("newsgroups6", None),
    "tweets, 5000": ("tweet_sentiment", 5000),
    "tweets, all": ("tweet_sentiment", None),
    "friends, all": ("friends_speaker", None),
    "mr, all": ("mr", None),
    "cr, all": ("cr", None),
    "subj, all": ("subj", None),
    "trec6, all": ("trec6", None),
}

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
    if n_train is not None:
        n_test = min(3000, len(X) - n_train)
        cv = StratifiedShuffleSplit(2, train_size=n_train, test_size=n_test, random_state=1)
    elif len(X) < 1000:
        cv = StratifiedKFold(4, shuffle=True, random_state=0)
    else:
        cv = StratifiedShuffleSplit(1, test_size=0.2, random_state=2)
    for train, valid in cv.split(X, y):
        yield X[train], y[train], X[valid], y[valid]


def evaluate(task, setting):
    """Return one row of results: means over the parts of a task."""
    rows = []
    for seed, (X, y, X_valid, y_valid) in enumerate(make_splits(*TASKS[task])):
        params = SETTINGS[setting]
        is_baseline = params is None
        model = make_baseline() if is_baseline else RNNTextClassifier(random_state=seed, **params)
        start = perf_counter()
        model.fit(X, y)
        seconds = perf_counter() - start
        predicted = model.predict(X_valid)
        f1 = f1_score(y_valid, predicted, average="macro")
        rows.append((accuracy_score(y_valid, predicted), f1, seconds))
    names = ["accuracy", "f1", "seconds"]
    return {"task": task, "setting": setting, **pd.DataFrame(rows, columns=names).mean().round(4)}


def print_table():
    results = pd.read_csv(RESULTS).drop_duplicates(["task", "setting"], keep="last")
    table = results.pivot(index="setting", columns="task", values="accuracy")
    table = table.reindex(index=SETTINGS, columns=TASKS).dropna(how="all")
    print("| setting |", " | ".join(table.columns), "|")
    print("| --- " * (1 + len(table.columns)) + "|")
    for setting, row in table.iterrows():
        cells = ("" if np.isnan(value) else f"{value:.3f}" for value in row)
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
            row = evaluate(task, setting)
            print(row, flush=True)
            is_new = not RESULTS.exists()
            pd.DataFrame([row]).to_csv(RESULTS, mode="a", header=is_new, index=False)
