"""What a GPU gives: the same numbers as the CPU, and how fast.

Writes gpu.md and gpu.json, section by section, so that what was measured before the time is over
stays. Without a GPU it runs in small on the CPU, which shows that it works.
"""

import argparse
import gc
import json
import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import torch
from torch.nn.utils.rnn import pack_sequence

from benchmarks.epochs import BARE, make_documents, news_lengths
from benchmarks.speed.corpora import load_corpus
from benchmarks.speed.machine import describe_machine
from benchmarks.speed.task import Documents, Network
from sklearn_rnn import RNNLanguageModel, RNNTextClassifier
from sklearn_rnn.datasets import load_drug_reviews, load_tweet_sentiment
from sklearn_rnn.modules import build_network
from sklearn_rnn.modules.cells import CELLS

PEER_CELLS = ("lstm", "gru", "rnn")  # those that torch.nn and Keras have too
N_GATES = {"lstm": 4, "gru": 3}
CORPORA = ("news", "reviews")
N_FOR_KERAS = 192  # on PyTorch it runs a loop over the tokens in Python


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks gpu", description=__doc__)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--documents", type=int, help="to train on; 3,000 on a GPU")
    parser.add_argument("--minutes", type=float, default=8, help="when to begin nothing new")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    args.small = torch.device(args.device).type == "cpu"
    args.documents = args.documents or (200 if args.small else 3000)
    args.end = perf_counter() + 60 * args.minutes
    folder = Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    found = {"machine": describe_card(args.device), "documents": args.documents}
    for name in args.only:
        start = perf_counter()
        found[name] = [] if start > args.end else SECTIONS[name][0](args)
        print(name, f"{perf_counter() - start:.0f} s", json.dumps(found[name]), flush=True)
        (folder / "gpu.json").write_text(json.dumps(found, indent=1) + "\n")
        (folder / "gpu.md").write_text(make_report(found), encoding="utf-8")


def describe_card(device):
    """Return what the figures were measured with."""
    machine = describe_machine(["torch", "skorch", "keras"])
    is_cuda = torch.device(device).type == "cuda"
    return machine | {"card": torch.cuda.get_device_name(device) if is_cuda else None}


def synchronize(device):
    """Wait until the device has done what it was asked to."""
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)


def time_call(function, device, n_times=1):
    """Return the seconds of each call of a function, the device's work included."""
    seconds = []
    for _ in range(n_times):
        synchronize(device)
        start = perf_counter()
        function()
        synchronize(device)
        seconds.append(perf_counter() - start)
    return seconds


# The same numbers as on the CPU


def compare_cells(args):
    """Return how far outputs and gradients of each cell are from those of the CPU in float64."""
    rows = []
    rng = np.random.default_rng(0)
    ids = [torch.from_numpy(rng.integers(2, 500, n)) for n in (60, 41, 41, 17, 1)]
    for cell in (*CELLS, "grid_lstm"):
        make = partial(
            build_network, num_embeddings=500, n_outputs=3, cell=cell, embedding_dim=32,
            hidden_size=48, num_layers=2, pooling="concat", dropout=0.0, word_dropout=0.0,
        )  # fmt: skip
        torch.manual_seed(0)
        reference = make()
        there = make()
        there.load_state_dict(reference.state_dict())
        exact = outputs_and_gradients(reference.double(), ids, "cpu")
        outputs, gradients = outputs_and_gradients(there, ids, args.device)
        rows.append(
            {
                "cell": cell,
                "outputs": distance(outputs, exact[0]),
                "gradients": distance(gradients, exact[1]),
            }
        )
    return rows


def outputs_and_gradients(network, ids, device):
    """Return what a network computes on a device, as one vector each, on the CPU in float64."""
    network = network.to(device)
    outputs = network(pack_sequence(ids).to(device))
    outputs.square().sum().backward()
    gradients = [p.grad.flatten() for p in network.parameters() if p.grad is not None]
    return outputs.detach().cpu().double(), torch.cat(gradients).cpu().double()


def distance(values, exact):
    """Return the norm of the difference, relative to that of the exact values."""
    return float((values - exact).norm() / exact.norm())


# Epochs and predictions


def compare_epochs(args):
    """Return seconds of an epoch and of predictions, and the memory, of each contestant."""
    rows = []
    for corpus_name in CORPORA:
        if corpus_name == "news" and "SKLEARN_RNN_DATA" not in os.environ and args.small:
            continue  # it does not ship with the package
        corpus, about = load_corpus(corpus_name, args.documents, args.documents // 4, 1000, 0)
        for cell in PEER_CELLS if not args.small else PEER_CELLS[:1]:
            network = Network(cell, bidirectional=False, num_layers=1, device=args.device)
            for name, load in contestants().items():
                if name == "Keras" and cell != "lstm":
                    continue  # it takes as long for the others
                if perf_counter() > args.end:
                    return rows
                row = {"corpus": corpus_name, "mean tokens": about["mean"], "cell": cell}
                part = beginning(corpus, N_FOR_KERAS) if name == "Keras" else corpus
                try:
                    found = run(load(), part, network, args, 2 if name == "Keras" else 4)
                except ImportError as exc:
                    found = {"left out": str(exc)}
                rows.append(row | {"who": name, "documents": len(part.train.texts)} | found)
                print(rows[-1], flush=True)
    return rows


def beginning(corpus, n_documents):
    """Return a corpus of the first documents of the training and of the test part."""
    parts = {
        name: Documents(part.ids[:n_documents], part.texts[:n_documents], part.labels[:n_documents])
        for name, part in (("train", corpus.train), ("test", corpus.test))
    }
    return replace(corpus, **parts)


def contestants():
    """Return by name what imports each contestant."""

    def ours():
        from benchmarks.speed.ours import Ours

        return Ours

    def packed():
        from benchmarks.speed.tutorial import Packed

        return Packed

    def skorch():
        from benchmarks.speed.skorch_net import Skorch

        return Skorch

    def keras():
        os.environ.setdefault("KERAS_BACKEND", "torch")
        from benchmarks.speed.keras_net import Keras

        return Keras

    return {"RNNTextClassifier": ours, "loop, packed": packed, "skorch": skorch, "Keras": keras}


def run(contestant_class, corpus, network, args, n_epochs=4):
    """Return the figures of one contestant; its first epoch warms up."""
    gc.collect()
    if not args.small:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    seconds = []
    contestant = contestant_class(corpus, network, n_epochs, 0)
    contestant.train(timed_epochs(n_epochs, seconds, args.device))
    found = {"epoch": median(seconds[1:]), "tokens/s": corpus.train.ids.nnz / median(seconds[1:])}
    if not args.small:
        found["MiB"] = torch.cuda.max_memory_allocated() / 2**20
    prepared = contestant.prepare(corpus.test)
    predicting = time_call(lambda: contestant.predict_proba(prepared), args.device, 4)
    probabilities = contestant.predict_proba(prepared)
    accuracy = (probabilities.argmax(axis=1) == corpus.test.labels).mean()
    return found | {"predict": median(predicting[1:]), "accuracy": float(accuracy)}


def timed_epochs(n_epochs, seconds, device):
    """Iterate over epochs, and write down how long each takes."""
    for _ in range(n_epochs):
        synchronize(device)
        start = perf_counter()
        yield
        synchronize(device)
        seconds.append(perf_counter() - start)


def all_cells(args):
    """Return the tokens a second that each cell is trained on."""
    X, y = make_documents(news_lengths(args.documents // 4), n_ids=20_000)
    rows = []
    for cell in (*CELLS, "grid_lstm"):
        if perf_counter() > args.end:
            break
        rows.append({"cell": cell, "tokens/s": X.nnz / fit_seconds(X, y, args, cell=cell)})
        print(rows[-1], flush=True)
    return rows


def fit_seconds(X, y, args, n_epochs=2, **params):
    """Return the seconds of the last epoch of a fit."""
    params = {**BARE, "max_epochs": n_epochs, "device": args.device, "batch_size": 64, **params}
    return RNNTextClassifier(**params).fit(X, y).history_[-1, "dur"]


def fit_defaults(args):
    """Return seconds and accuracy of whole fits with nothing set by hand."""
    n = 500 if args.small else None
    train, test = (
        load_tweet_sentiment(subset=subset, return_X_y=True, as_frame=False)
        for subset in ("train", "test")
    )
    rows = []
    for device in dict.fromkeys((args.device, "cpu")):
        classifier = RNNTextClassifier(device=device, random_state=0)
        seconds = time_call(partial(classifier.fit, train[0][:n], train[1][:n]), args.device)
        accuracy = classifier.score(*test)
        rows.append({"device": device, "seconds": seconds[0], "accuracy": accuracy})
        print(rows[-1], flush=True)
    return rows


# Arithmetic


def share_of_peak(args):
    """Return how much of the card's peak epochs of larger networks reach."""
    peaks = {name: matrix_peak(dtype, args) for name, dtype in DTYPES.items()}
    rows = [{"peak": name, "TFLOP/s": peak} for name, peak in peaks.items()]
    sizes = ((16, 64),) if args.small else ((128, 64), (512, 64), (512, 256), (1024, 256))
    X, y = make_documents(news_lengths(args.documents), n_ids=20_000)
    for hidden, batch_size in sizes:
        for name in DTYPES:
            if perf_counter() > args.end:
                return rows
            sizes_of = {"embedding_dim": hidden, "hidden_size": hidden, "batch_size": batch_size}
            seconds = fit_seconds(X, y, args, cell="lstm", precision=name, **sizes_of)
            work = 6 * X.nnz * N_GATES["lstm"] * hidden * 2 * hidden / 1e12
            rows.append(
                {
                    "hidden": hidden,
                    "batch": batch_size,
                    "precision": name,
                    "epoch": seconds,
                    "TFLOP/s": work / seconds,
                    "share": work / seconds / peaks[name],
                }
            )
            print(rows[-1], flush=True)
    return rows


DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def matrix_peak(dtype, args):
    """Return TFLOP/s of a large matrix product."""
    size = 512 if args.small else 8192
    a, b = (torch.randn(size, size, device=args.device, dtype=dtype) for _ in range(2))
    seconds = time_call(lambda: a @ b, args.device, 10)
    return 2 * size**3 / median(seconds[3:]) / 1e12


# Text that is written


def generate(args):
    """Return the characters a second that a language model is trained on and writes."""
    texts = load_drug_reviews().data[: 20 if args.small else 400]
    hidden = 32 if args.small else 512
    rows = []
    for device in dict.fromkeys((args.device, "cpu")):
        model = RNNLanguageModel(
            hidden_size=hidden, documents=False, max_epochs=2, random_state=0, device=device
        )
        model.fit(texts)
        n_characters = sum(map(len, texts))
        row = {"device": device, "training": n_characters / model.history_[-1, "dur"]}
        for n_samples in (1, 64):
            write = partial(model.generate, "I took ", 200, n_samples=n_samples, random_state=0)
            seconds = time_call(write, device, 3)
            row[f"{n_samples} at once"] = 200 * n_samples / median(seconds[1:])
        rows.append(row)
        print(row, flush=True)
    return rows


SECTIONS = {
    "cells": (compare_cells, "Relative distance to the CPU in float64: `|x - exact| / |exact|`."),
    "defaults": (
        fit_defaults,
        "`RNNTextClassifier().fit` on the 18,254 tweets of `load_tweet_sentiment`, text and all.",
    ),
    "speed of cells": (all_cells, "The same network with each cell, on documents like news."),
    "share of the peak": (
        share_of_peak,
        "An LSTM as wide as its embeddings. The peak is one product of two matrices of 8,192 rows "
        "and columns.",
    ),
    "language model": (
        generate,
        "Characters a second of `RNNLanguageModel` (LSTM, 512 units), in training and written by "
        "`generate`.",
    ),
    "epochs": (
        compare_epochs,
        "One layer of 128 units in one direction, embeddings of size 100, batches of 64: seconds "
        "of an epoch and of predicting a quarter as many documents, medians of 3 after one that "
        "warms up; MiB of the card at the peak of training. Keras gets the first 192 documents and "
        "one epoch that counts.",
    ),
}


def make_report(found):
    """Return the page."""
    machine = found["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    where = machine["card"] or "no GPU: a trial of the script in small"
    lines = [
        "# On a GPU\n",
        f"Measured on {where}; {machine['cpu']}, {machine['cores']} cores, Python "
        f"{machine['python']}, {versions}; {found['documents']:,} documents. "
        "`python -m benchmarks gpu` generates this page.",
    ]
    for name, (_, text) in SECTIONS.items():
        if name in found:
            lines += ["", f"## {name.capitalize()}\n", text, "", *tables(found[name])]
    return "\n".join(lines) + "\n"


def tables(rows):
    """Return rows as tables, a new one wherever the columns change."""
    lines, columns = [], None
    for row in rows:
        if [*row] != columns:
            columns = [*row]
            lines += [""] * bool(lines)
            lines += [f"| {' | '.join(columns)} |", "| --- " * len(columns) + "|"]
        lines.append(f"| {' | '.join(show(value) for value in row.values())} |")
    return lines or ["Not measured: the time was over."]


def show(value):
    """Return a value as text, numbers with three digits."""
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
