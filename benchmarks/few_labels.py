"""Accuracy from few labelled documents, compared with TF-IDF and logistic regression.

Run as ``python -m benchmarks few_labels``. Of the train part of each data set, so many documents
are drawn at random, several times; both models learn from the same documents, with nothing set by
hand, and are scored on the test part. Writes few_labels.md, .json and .svg; draws that few_labels
.json has already are not made again.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from sklearn.metrics import accuracy_score

from benchmarks._data import data_files, load
from benchmarks.quality import make_baseline
from sklearn_rnn import RNNTextClassifier

DATA_SETS = ["mr", "trec6", "drug_reviews", "newsgroups6"]
SIZES = [100, 300, 1000, 3000]
MODELS = {
    "TF-IDF": lambda seed: make_baseline(),
    "defaults": lambda seed: RNNTextClassifier(random_state=seed),
    "no word vectors": lambda seed: RNNTextClassifier(random_state=seed, embedding=None),
}


def draw(y, size, seed):
    """Return the rows of a random part with at least one document of every label."""
    rng = np.random.default_rng(seed)
    while True:
        rows = rng.choice(len(y), size, replace=False)
        if len(np.unique(y[rows])) == len(np.unique(y)):
            return rows


def measure(name, path, models, sizes, n_draws, found, keep):
    """Add to `found` the accuracy of each model on each draw that is not there yet.

    Parameters
    ----------
    name : str
        The data set.
    path : pathlib.Path
        Its file.
    models : dict of str to callable
        ``models[label](seed)`` makes a model.
    sizes : list of int
        Numbers of labelled documents; those that the data set lacks are left out.
    n_draws : int
        Draws of each size.
    found : dict
        Filled with the accuracy of each model by data set, size and seed.
    keep : callable
        Called after each draw.
    """
    parts = load(path)
    (X, y), (X_test, y_test) = parts["train"], parts["test"]
    for size in (size for size in sizes if size <= len(y)):
        for seed in range(n_draws):
            key = f"{name} {size} {seed}"
            if key in found:
                continue
            rows = draw(y, size, seed)
            found[key] = {
                label: accuracy_score(y_test, make(seed).fit(X[rows], y[rows]).predict(X_test))
                for label, make in models.items()
            }
            keep()
            print(key, found[key], flush=True)


def gather(found):
    """Return, by data set and size, the accuracies of each model."""
    table = {}
    for key, accuracies in found.items():
        name, size, _ = key.split()
        of_size = table.setdefault(name, {}).setdefault(int(size), {})
        for label, accuracy in accuracies.items():
            of_size.setdefault(label, []).append(accuracy)
    return table


def make_report(table):
    lines = [
        "# Few labels\n",
        "Accuracy on the test part after learning from few documents of the train part, drawn at "
        "random. All models learn from the same draws, with nothing set by hand: TF-IDF over words "
        "and word pairs with a logistic regression, `RNNTextClassifier()`, and "
        "`RNNTextClassifier(embedding=None)`, which has no word vectors. Mean and standard "
        "deviation over the draws. `python -m benchmarks few_labels` generates this page.\n",
        "![Accuracy by number of labelled documents](few_labels.svg)\n",
        *table_lines(table, MODELS),
    ]
    return "\n".join(lines) + "\n"


def table_lines(table, labels):
    """Return the lines of a table of what `gather` returns."""
    lines = [
        f"| data set | documents | draws | {' | '.join(labels)} |",
        "| --- | --- | --- | " + " | ".join("---" for _ in labels) + " |",
    ]
    for name, by_size in table.items():
        for size, by_model in sorted(by_size.items()):
            cells = [f"{np.mean(by_model[x]):.3f} ± {np.std(by_model[x]):.3f}" for x in labels]
            n_draws = len(by_model["TF-IDF"])
            lines.append(f"| {name} | {size:,} | {n_draws} | {' | '.join(cells)} |")
    return lines


def plot(table, labels, path):
    """Draw the mean accuracy over the number of documents, with its standard deviation."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(table), figsize=(3.4 * len(table), 3.4), squeeze=False)
    for ax, (name, by_size) in zip(axes[0], table.items(), strict=True):
        sizes = sorted(by_size)
        for label in labels:
            accuracies = [by_size[size][label] for size in sizes]
            means, spreads = np.mean(accuracies, axis=1), np.std(accuracies, axis=1)
            ax.errorbar(sizes, means, spreads, marker="o", capsize=3, label=label)
        ax.set(xscale="log", title=name, xlabel="labelled documents")
        ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
        ax.minorticks_off()
        ax.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_ylabel("accuracy on test")
    lines = axes[0, 0].get_legend_handles_labels()
    figure.legend(*lines, loc="lower center", ncols=len(labels), frameon=False)
    figure.tight_layout(rect=(0, 0.08, 1, 1))
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks few_labels", description=__doc__)
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=DATA_SETS, default=DATA_SETS)
    parser.add_argument("--again", action="store_true", help="forget what was measured before")
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    folder = Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "few_labels.json"
    found = json.loads(kept.read_text()) if kept.exists() and not args.again else {}

    def keep():
        kept.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")

    for name, path in data_files(args.only).items():
        measure(name, path, MODELS, SIZES, args.draws, found, keep)
    table = gather(found)
    (folder / "few_labels.md").write_text(make_report(table), encoding="utf-8")
    plot(table, MODELS, folder / "few_labels.svg")
