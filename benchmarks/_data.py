"""The labelled data sets of the benchmarks: gzipped CSV files of text, label and split.

A file lies in the folder of the data, or in a folder of its own there. Its split is "train" or
"test", or "fold0" to "fold9", of which the first two are for testing.
"""

import os
import sys
from pathlib import Path

import pandas as pd

DEFAULT_FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data"


def data_folder():
    """Return the folder of the CSV files, or end with a message where there is none."""
    folder = Path(os.environ.get("SKLEARN_RNN_DATA", DEFAULT_FOLDER))
    if not list(folder.glob("*.csv.gz")):
        print(
            f"Skipped: no *.csv.gz in {folder}. Set SKLEARN_RNN_DATA to a folder of gzipped CSV "
            "files with the columns text, label and split (train or test)."
        )
        sys.exit(0)
    return folder


def data_files(only=None):
    """Return the path of each data set, or that of one, by name.

    Parameters
    ----------
    only : list of str, default=None
        Names of data sets. None takes all of them.
    """
    folder = data_folder()
    found = {}
    for path in [*folder.glob("*.csv.gz"), *folder.glob("*/*.csv.gz")]:
        if {"text", "label", "split"} <= {*pd.read_csv(path, nrows=0).columns}:
            found[path.name.removesuffix(".csv.gz")] = path
    return {name: found[name] for name in sorted(only or found)}


def load(path):
    """Return the train and the test part of a file, each as texts and labels."""
    # Texts may hold bare carriage returns, which pandas takes for ends of lines unless told, and
    # words such as "None", which it takes for missing.
    frame = pd.read_csv(path, lineterminator="\n", keep_default_na=False)
    split = frame["split"].replace({"fold0": "test", "fold1": "test"})
    frame["split"] = split.str.replace(r"fold\d", "train", regex=True)
    return {
        split: (part["text"].to_numpy(object), part["label"].to_numpy(object))
        for split, part in frame.groupby("split")
    }
