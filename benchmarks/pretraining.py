"""Accuracy from few labels after pretraining on the train part without its labels.

Run as ``python -m benchmarks pretraining``. For each data set, language models read the whole train
part in both directions, once with word vectors and once without. Networks that start from them, and
others, then learn from the same few labelled documents and are scored on the test part. Writes
pretraining.md, .json and .svg; draws that pretraining.json has already are not made again.
"""

import argparse
import json
from functools import cache, partial
from pathlib import Path
from time import process_time

import numpy as np

from benchmarks._data import data_files, load
from benchmarks.few_labels import DATA_SETS, gather, measure, plot, table_lines
from benchmarks.quality import make_baseline
from sklearn_rnn import RNNLanguageModel, RNNTextClassifier, SequenceVectorizer

SIZES = [100, 300, 1000]
LABELS = ["TF-IDF", "random start", "word vectors", "pretrained", "both"]
# Those that `fit` has for the models that it trains on X_unlabelled, but for the epochs.
LANGUAGE_MODEL = {"tie_weights": True, "dropout": 0.2, "word_dropout": 0.1, "hidden_size": 64}
# Passes over the text, fewer where there is more of it.
EPOCHS = {"mr": 4, "trec6": 10, "drug_reviews": 10, "newsgroups6": 4}


def make_models(name, path, seconds):
    """Return by label what makes a model, the language models being fitted when first asked for."""
    texts = load(path)["train"][0]

    @cache
    def pair(embedding):
        start = process_time()
        models = tuple(
            RNNLanguageModel(
                vectorizer=SequenceVectorizer(min_df=2),
                embedding=embedding,
                reverse=reverse,
                max_epochs=EPOCHS[name],
                random_state=0,
                **LANGUAGE_MODEL,
            ).fit(texts)
            for reverse in (False, True)
        )
        seconds[f"{name}, {embedding or 'random start'}"] = process_time() - start
        return models

    def pretrained(embedding, seed):
        return RNNTextClassifier(pretrained=pair(embedding), random_state=seed)

    return {
        "TF-IDF": lambda seed: make_baseline(),
        "random start": lambda seed: RNNTextClassifier(random_state=seed, embedding=None),
        "word vectors": lambda seed: RNNTextClassifier(random_state=seed),
        "pretrained": partial(pretrained, None),
        "both": partial(pretrained, "glove"),
    }


def make_report(table, seconds):
    """Return the page."""
    gains = [
        max(np.mean(by_model[label]) for label in LABELS[1:]) - np.mean(by_model["TF-IDF"])
        for by_size in table.values()
        for size, by_model in by_size.items()
        if size == 300
    ]
    pairs = ", ".join(f"{name} {value:.0f}" for name, value in seconds.items())
    lines = [
        "# Pretraining\n",
        "Accuracy on the test part after learning from few labelled documents. *Pretrained* starts "
        "from a forward and a backward language model, fitted on the whole train part without its "
        "labels; *word vectors* is `RNNTextClassifier()`, which starts from the vectors that ship; "
        "*both* starts from language models that started from these; *random start* has neither. "
        "Mean and standard deviation over the draws. `python -m benchmarks pretraining` generates "
        "this page.\n",
        "![Accuracy by number of labelled documents](pretraining.svg)\n",
        *table_lines(table, LABELS),
        "",
        f"With 300 labels, the best network is {100 * np.mean(gains):+.1f} points from TF-IDF, the "
        f"mean of {len(gains)} data sets. Fitting a pair of language models takes, in seconds of "
        f"processor time: {pairs}.",
    ]
    return "\n".join(lines) + "\n"


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks pretraining", description=__doc__)
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--only", nargs="+", choices=DATA_SETS, default=DATA_SETS)
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    folder = Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "pretraining.json"
    kept = json.loads(file.read_text()) if file.exists() else {"seconds": {}, "accuracies": {}}

    def keep():
        file.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")

    for name, path in data_files(args.only).items():
        models = make_models(name, path, kept["seconds"])
        measure(name, path, models, args.sizes, args.draws, kept["accuracies"], keep)
    table = gather(kept["accuracies"])
    (folder / "pretraining.md").write_text(make_report(table, kept["seconds"]), encoding="utf-8")
    plot(table, LABELS, folder / "pretraining.svg")
