"""Milliseconds to predict 1, 64 and 1,000 tweets, compared with TF-IDF and logistic regression.

Writes predicting.md. All get raw text and return probabilities. They take turns in one process,
with a different one first in each round. Through the modules means that each module of the network
is called, as for networks with modules of the user's own.
"""

import argparse
from pathlib import Path
from statistics import median
from time import perf_counter
from unittest.mock import patch

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from benchmarks.speed.machine import describe_machine
from benchmarks.speed.report import pair_ratios
from benchmarks.turns import show
from sklearn_rnn import RNNTextClassifier
from sklearn_rnn._text.containers import as_documents
from sklearn_rnn._text.vocabulary import index_tokens
from sklearn_rnn._training import net
from sklearn_rnn._training.batches import SequenceDataset
from sklearn_rnn._training.predict import cut_into_parts
from sklearn_rnn.datasets import load_tweet_sentiment
from sklearn_rnn.modules._inference import make_predictor


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks predicting", description=__doc__)
    parser.add_argument("--documents", nargs="+", type=int, default=[1, 64, 1000])
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    train, test = (load_tweet_sentiment(subset=subset) for subset in ("train", "test"))
    ours = RNNTextClassifier(max_epochs=1, random_state=0).fit(train.data, train.target)
    linear = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(max_iter=1000))
    linear.fit(train.data, train.target)
    texts = {size: list(test.data[:size]) for size in args.documents}
    lines = [
        *introduction(args.rounds),
        "| documents | ours, ms | through the modules, ms | TF-IDF, ms | ours / TF-IDF |",
        "| --- | --- | --- | --- | --- |",
    ]
    for size, documents in texts.items():
        seconds = compare(ours, linear, documents, args.rounds)
        times = (show([1000 * each for each in found]) for found in seconds.values())
        ratio = show(pair_ratios(seconds["ours"], seconds["linear"]))
        lines.append(f"| {size:,} | {' | '.join(times)} | {ratio} |")
        print(lines[-1], flush=True)
    lines += ["", *breakdown(ours, linear, texts, args.rounds)]
    Path(args.output).mkdir(parents=True, exist_ok=True)
    (Path(args.output) / "predicting.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def introduction(n_rounds):
    machine = describe_machine(["torch", "scikit-learn"])
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    return [
        "# Predicting\n",
        "`RNNTextClassifier` with its defaults, compared with "
        "`TfidfVectorizer(ngram_range=(1, 2))` and `LogisticRegression`: `predict_proba` of tweets "
        "as raw text. They take turns, and ratios are computed within a round. Figures are medians "
        f"of {n_rounds} rounds, with [smallest..largest]. *Through the modules* calls each module "
        "of the network, as is done for networks that the kernels do not know. "
        "`python -m benchmarks predicting` generates this page.\n",
        f"Measured on {machine['cpu']}, {machine['cores']} cores; Python {machine['python']}, "
        f"{versions}.\n",
    ]


def compare(ours, linear, documents, n_rounds):
    """Return the seconds of each round, by name."""

    def through_modules(documents):
        with patch.object(net, "predict_by_kernel", lambda *_: None):
            ours.predict_proba(documents)

    functions = {
        "ours": ours.predict_proba,
        "modules": through_modules,
        "linear": linear.predict_proba,
    }
    return time_in_turns(functions, documents, n_rounds)


def time_in_turns(functions, argument, n_rounds):
    """Return the seconds that each function takes in each round, after one that warms up."""
    names, seconds = list(functions), {name: [] for name in functions}
    for turn in range(1 + n_rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            start = perf_counter()
            functions[name](argument)
            seconds[name].append(perf_counter() - start)
    return {name: found[1:] for name, found in seconds.items()}


def breakdown(ours, linear, texts, n_rounds):
    """Return tables of where the time goes, each stage timed by itself on one thread."""
    tables = {"ours": {}, "TF-IDF": {}}
    for size, documents in texts.items():
        for name, stages in (("ours", our_stages(ours, documents)), ("TF-IDF", stages_of(linear))):
            seconds = time_in_turns(stages, documents, n_rounds)
            for stage, found in seconds.items():
                tables[name].setdefault(stage, {})[size] = 1000 * median(found)
    lines = [
        "## Where the time goes\n",
        "Milliseconds of each stage by itself, on one thread; above, larger predictions use all "
        "cores. The wide path is the difference between the whole network and the recurrent one.\n",
    ]
    for name, table in tables.items():
        if name == "ours":
            whole, deep = (table.pop(stage) for stage in ("whole network", "recurrent network"))
            table["recurrent network"] = deep
            table["wide path"] = {size: max(0, whole[size] - deep[size]) for size in whole}
        lines += [f"| {name} | {' | '.join(f'{size:,}' for size in texts)} |"]
        lines += [f"| --- | {' | '.join('---' for _ in texts)} |"]
        for stage, by_size in table.items():
            lines.append(f"| {stage} | {' | '.join(f'{by_size[size]:.3f}' for size in texts)} |")
        lines.append("")
    return lines[:-1]


def our_stages(ours, documents):
    """Return the stages of a prediction as functions of the documents, what they need prepared."""
    vectorizer = ours.vectorizer_
    tokens = index_tokens(as_documents(documents), vectorizer.build_analyzer())
    ids = ours._check_input(documents)
    data = SequenceDataset(ids)
    parts = cut_into_parts(data.lengths, 1)

    def run(module):
        predictor = make_predictor(module)
        outputs = np.empty((len(data), predictor.n_outputs), np.float32)

        def call(_):
            for rows in parts:
                predictor(rows, data.starts, data.lengths, data.tokens, outputs)

        return call

    return {
        "text to distinct tokens": lambda documents: index_tokens(
            as_documents(documents), vectorizer.build_analyzer()
        ),
        "tokens to matrix of ids": lambda _: vectorizer._transform(*tokens),
        "documents in order of length": lambda _: cut_into_parts(SequenceDataset(ids).lengths, 1),
        "check of the network": lambda _: make_predictor(ours.module_),
        "whole network": run(ours.module_),
        "recurrent network": run(ours.module_.deep),
    }


def stages_of(linear):
    """Return the stages of the pipeline."""
    vectorizer, classifier = (step for _, step in linear.steps)
    analyze = vectorizer.build_analyzer()
    return {
        "text to words and pairs": lambda documents: [analyze(text) for text in documents],
        "text to weighted counts": vectorizer.transform,
        "both steps": lambda documents: classifier.predict_proba(vectorizer.transform(documents)),
    }
