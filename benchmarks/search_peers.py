"""Wall time of our grid search, compared with the same search with skorch and a PyTorch loop.

Writes search_peers.md. All search over the same candidates for the same network on the same token
ids, each in a separate process. They take turns, with a different one first in each round.
"""

import argparse
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from sklearn.model_selection import GridSearchCV, ParameterGrid

from benchmarks.searches import GRID, SEARCHES
from benchmarks.speed.corpora import load_corpus
from benchmarks.speed.machine import describe_machine
from benchmarks.speed.report import pair_ratios
from benchmarks.speed.task import Corpus, Documents
from benchmarks.turns import in_turns, own_processes, show

DOCUMENTS = {"news": 300, "tweets": 2000}


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks search_peers", description=__doc__)
    parser.add_argument("--corpora", nargs="+", choices=DOCUMENTS, default=list(DOCUMENTS))
    parser.add_argument("--documents", type=int, help=f"by default {DOCUMENTS}")
    parser.add_argument("--max-tokens", type=int, default=1000, help="tokens kept per document")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    lines = introduction(args)
    for name in args.corpora:
        n_documents = args.documents or DOCUMENTS[name]
        corpus, _ = load_corpus(name, n_documents, 1, args.max_tokens, seed=0)
        for line in compare(name, corpus, args.epochs, args.rounds):
            print(line, flush=True)
            lines.append(line)
    Path(args.output).mkdir(parents=True, exist_ok=True)
    (Path(args.output) / "search_peers.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def search_once(name, corpus, epochs):
    """Return the seconds of a whole search, and the mean test score of each candidate."""
    # Ours flushes denormal numbers in training; without it, the others' take up to twice as long.
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    estimator, grid, X = SEARCHES[name](corpus, epochs)
    search = GridSearchCV(estimator, grid, cv=2, refit=False, n_jobs=1)
    start = perf_counter()
    search.fit(X, corpus.train.labels)
    return perf_counter() - start, search.cv_results_["mean_test_score"]


def compare(corpus_name, corpus, epochs, n_rounds):
    """Return the lines of one corpus."""
    with own_processes(SEARCHES) as processes:

        def run(name, documents=corpus, epochs=epochs):
            return processes[name].submit(search_once, name, documents, epochs).result()

        small = Corpus(first_documents(corpus.train, 100), None, corpus.n_ids, corpus.n_classes)
        for name in SEARCHES:
            run(name, small, 1)  # what is loaded once
        answers, _ = in_turns(SEARCHES, run, n_rounds)
    seconds = {name: [each for each, _ in found] for name, found in answers.items()}
    labels = corpus.train.labels
    largest_class = np.bincount(labels).max() / len(labels)
    for name, found in answers.items():
        scores = found[0][1]  # the seed is the same in each round
        ratios = [
            "" if name == mine else show(pair_ratios(seconds[mine], seconds[name]))
            for mine in ("ours", "ours, kernels=False")
        ]
        yield (
            f"| {corpus_name} | {len(labels):,} | {largest_class:.2f} | {name} "
            f"| {show(seconds[name], '.1f')} | {ratios[0]} | {ratios[1]} "
            f"| {scores.max():.3f} | {scores.mean():.3f} |"
        )


def first_documents(documents, n_documents):
    """Return the documents at the beginning."""
    return Documents(documents.ids[:n_documents], [], documents.labels[:n_documents])


def introduction(args):
    machine = describe_machine(["torch", "scikit-learn", "skorch"])
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    grid = ", ".join(f"`{name}` {values}" for name, values in GRID.items())
    return [
        "# A grid search compared with other libraries\n",
        f"Wall time of `GridSearchCV(cv=2, refit=False, n_jobs=1)` over {grid}: "
        f"{len(ParameterGrid(GRID))} candidates, {args.epochs} epochs each, on token ids of "
        f"documents cut after {args.max_tokens:,} tokens. The network is an LSTM in one direction "
        "with a linear layer on its last state, trained by Adam without regularisation. Each "
        "search runs in a separate process, on all cores. The searches take turns; figures are "
        f"medians of {args.rounds} rounds, with [smallest..largest]. Ratios are computed within a "
        "round: 0.5 means ours is twice as fast. Denormal numbers are flushed to zero for all, as "
        "ours always does. `python -m benchmarks search_peers` generates this page.\n",
        f"Measured on {machine['cpu']}, {machine['cores']} cores; Python {machine['python']}, "
        f"{versions}.\n",
        *(f"- **{name}**: {' '.join(s.__doc__.split())}" for name, s in SEARCHES.items()),
        "",
        "Scores are accuracies on the held-out fold, for the best candidate and as a mean over "
        "all, with one seed. Ours initialises its weights differently from torch, which the others "
        "follow, so the scores need not agree.\n",
        "| corpus | documents | largest class | search | seconds | ours / theirs "
        "| kernels=False / theirs | best score | mean score |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
