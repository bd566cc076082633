"""Seconds of training to reach a given accuracy on held-out documents, for several libraries.

Writes time_to_accuracy.md, .json and .svg. Contestants, network and turns are the same as in the
benchmark `speed`. After each epoch the accuracy on the held-out documents is measured; this is not
timed. A faster epoch is of no use if training then takes more of them.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from benchmarks.speed.corpora import CORPORA, load_corpus
from benchmarks.speed.machine import describe_machine
from benchmarks.speed.measure import contestants
from benchmarks.speed.registry import OURS, OURS_BY_TORCH, PEERS
from benchmarks.speed.run import CELLS, warn_of_load
from benchmarks.speed.task import Network
from benchmarks.turns import show

ENTRIES = {"ours": OURS, "ours, kernels=False": OURS_BY_TORCH, **PEERS}


def main(argv):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks time_to_accuracy", description=__doc__
    )
    parser.add_argument("--corpora", nargs="+", choices=CORPORA, default=["news", "tweets"])
    parser.add_argument("--cell", choices=CELLS, default="lstm")
    parser.add_argument("--documents", type=int, default=1280)
    parser.add_argument("--held-out", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=["tutorial", "skorch"])
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    warn_of_load()
    names = ["ours", "ours, kernels=False", *args.peers]
    courses = {}
    for corpus_name in args.corpora:
        corpus, _ = load_corpus(corpus_name, args.documents, args.held_out, max_tokens=1000, seed=0)
        by_name = courses[corpus_name] = {name: [] for name in names}
        for seed in range(args.seeds):
            for name, course in measure(corpus, names, seed, args).items():
                by_name[name].append(course)
            print(corpus_name, seed, json.dumps(by_name), flush=True)
    folder = Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "time_to_accuracy.json").write_text(json.dumps(courses, indent=1) + "\n")
    (folder / "time_to_accuracy.md").write_text(make_report(courses, args))
    plot(courses, folder / "time_to_accuracy.svg")


def measure(corpus, names, seed, args):
    """Return for each contestant the seconds of each epoch, and the accuracy after it."""
    network = Network(args.cell, bidirectional=False, num_layers=1)
    entries = {name: ENTRIES[name] for name in names}
    courses = {name: {"seconds": [], "accuracy": []} for name in names}
    with contestants(entries, (corpus, network, args.epochs, seed)) as table:
        for _ in range(args.epochs):
            answers = {"seconds": table.rounds(1, "epoch"), "accuracy": table.ask_all("accuracy")}
            for name in names:
                courses[name]["seconds"] += answers["seconds"][name]
                courses[name]["accuracy"].append(answers["accuracy"][name])
    return courses


def seconds_until(course, target):
    """Return the number of epochs and the seconds until the accuracy is reached, if it is."""
    reached = np.flatnonzero(np.array(course["accuracy"]) >= target)
    if not len(reached):
        return None
    n_epochs = int(reached[0]) + 1
    return n_epochs, sum(course["seconds"][:n_epochs])


def common_target(by_name):
    """Return the highest accuracy that every contestant reaches with every seed."""
    return min(max(course["accuracy"]) for found in by_name.values() for course in found)


def make_report(courses, args):
    machine = describe_machine()
    lines = [
        "# Seconds to a given accuracy\n",
        f"The network is one {args.cell.upper()} layer of 128 units in one direction; the state at "
        "the last token is classified. It is trained by Adam at 0.001 in batches of 64, on "
        f"{args.documents:,} documents. Accuracy on {args.held_out:,} others is measured after "
        f"each of {args.epochs} epochs, for {args.seeds} seeds. The target is the highest accuracy "
        "that every contestant reaches with every seed, so the slowest learner sets it. Seconds "
        "count training only. Ratios compare runs with the same seed. Figures are medians over "
        "seeds, with [smallest..largest]. `python -m benchmarks time_to_accuracy` generates this "
        "page.\n",
        f"Measured on {machine['cpu']}, {machine['cores']} cores, torch "
        f"{machine['versions']['torch']}.\n",
        "![Accuracy by seconds of training](time_to_accuracy.svg)\n",
        "| corpus | target | contestant | epochs | seconds | ours / theirs | best accuracy |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for corpus, by_name in courses.items():
        target = common_target(by_name)
        ours = [seconds_until(course, target) for course in by_name["ours"]]
        for name, found in by_name.items():
            theirs = [seconds_until(course, target) for course in found]
            n_epochs, seconds = ([one[part] for one in theirs] for part in (0, 1))
            ratios = [a[1] / b[1] for a, b in zip(ours, theirs, strict=True)]
            best = [max(course["accuracy"]) for course in found]
            lines.append(
                f"| {corpus} | {target:.3f} | {name} | {show(n_epochs, '.0f')} "
                f"| {show(seconds, '.1f')} | {show(ratios, '.2f')} | {show(best, '.3f')} |"
            )
    return "\n".join(lines) + "\n"


def plot(courses, path):
    """Draw the accuracy over the seconds of training, a line for each seed."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, len(courses), figsize=(5 * len(courses), 3.6), squeeze=False)
    for ax, (corpus, by_name) in zip(axes[0], courses.items(), strict=True):
        for place, (name, found) in enumerate(by_name.items()):
            for seed, course in enumerate(found):
                label = None if seed else name
                seconds = np.cumsum(course["seconds"])
                ax.plot(seconds, course["accuracy"], color=f"C{place}", label=label, alpha=0.8)
        ax.set(xlabel="seconds of training", xscale="log", title=corpus)
    axes[0, 0].set_ylabel("accuracy on held-out documents")
    axes[0, 0].legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
