"""Seconds per epoch compared with other libraries, each with the same network and data.

Writes speed.md, speed.json and speed.svg. A later run replaces the rows that it measures and keeps
the others, so a part can be measured again. A peer that cannot be imported is left out, and the
report says so.
"""

import argparse
import json
import os
from dataclasses import asdict
from itertools import product
from pathlib import Path
from statistics import median
from tempfile import mkdtemp

from benchmarks.speed.corpora import CORPORA, REAL, load_corpus
from benchmarks.speed.machine import describe_machine
from benchmarks.speed.measure import measure
from benchmarks.speed.registry import LINEAR, OURS, OURS_BY_TORCH, PEERS
from benchmarks.speed.report import OURS_BOTH, make_report, pair_ratios
from benchmarks.speed.task import Network

CELLS = ["lstm", "gru", "rnn"]
DIRECTIONS = ["uni", "bi"]

# Defaults of --quick: small enough to see in a minute that everything runs.
QUICK = {
    "cells": ["lstm"],
    "directions": ["bi"],
    "layers": [1],
    "corpora": ["tweets"],
    "rounds": 2,
    "documents": 128,
    "held_out": 64,
    "predict": 128,
    "output": None,
}


def main(argv):
    args = parse(argv)
    warn_of_load()
    folder = Path(args.output or mkdtemp(prefix="speed-"))
    results = load_results(folder / "speed.json", args)
    corpora = {}
    for name in args.corpora:
        corpora[name], results["corpora"][name] = load_corpus(
            name, args.documents, args.held_out, args.max_tokens, args.seed
        )
        if name in REAL:
            results["linear"][name], results["linear_left_out"] = measure(
                LINEAR, corpora[name], network=None, n_rounds=args.rounds, seed=args.seed
            )
    for corpus, layers, direction, cell in product(
        args.corpora, args.layers, args.directions, args.cells
    ):
        network = Network(cell, direction == "bi", layers)
        row = {"corpus": corpus, "cell": cell, "direction": direction, "layers": layers}
        entries = {
            "ours": OURS,
            "kernels=False": OURS_BY_TORCH,
            **{name: PEERS[name] for name in args.peers},
        }
        row["measured"], row["left_out"] = measure(
            entries,
            corpora[corpus],
            network,
            n_rounds=args.rounds,
            seed=args.seed,
            n_predicted=args.predict,
        )
        if "ours" in row["left_out"]:
            raise RuntimeError(f"Our own training failed: {row['left_out']['ours']}")
        row["n_predicted"] = args.predict
        print(summarize(row), flush=True)
        results["rows"]["/".join([corpus, str(layers), direction, cell])] = row
        # After each row, so that an interruption costs one of them.
        save_results(results, folder)
    print(f"Wrote {folder / 'speed.md'}")


def parse(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks speed", description=__doc__)
    parser.add_argument("--cells", nargs="+", choices=CELLS, default=CELLS)
    parser.add_argument("--directions", nargs="+", choices=DIRECTIONS, default=DIRECTIONS)
    parser.add_argument("--layers", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--corpora", nargs="+", choices=CORPORA, default=["news", "reviews"])
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS))
    parser.add_argument("--rounds", type=int, default=5, help="epochs that are counted")
    parser.add_argument("--documents", type=int, default=1280, help="documents to train on")
    parser.add_argument("--held-out", type=int, default=500, help="documents for the accuracy")
    parser.add_argument("--max-tokens", type=int, default=1000, help="documents are cut after them")
    parser.add_argument("--predict", type=int, default=0, metavar="N", help="time N predictions")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", default="docs/benchmarks", help="folder to write into")
    parser.add_argument(
        "--quick", action="store_true", help="little of everything, into a temporary folder"
    )
    args = parser.parse_args(argv)
    if args.quick:
        parser.set_defaults(**QUICK)
        args = parser.parse_args(argv)
    return args


def warn_of_load():
    """Say so where other work would be measured along: it hits many threads harder than one."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0
    if load > 0.5:
        print(f"This machine is busy (load {load:.1f}): the figures will not be worth much.")


def load_results(path, args):
    """Return the results so far, which must come from the same machine and settings."""
    network = asdict(Network("lstm", False, 1))
    names = ["embedding_dim", "hidden_size", "batch_size", "lr"]
    settings = {name: network[name] for name in names}
    for name in ["documents", "held_out", "max_tokens", "rounds", "seed"]:
        settings[name] = getattr(args, name)
    setup = {"machine": describe_machine(), "settings": settings}
    if not path.exists():
        return {**setup, "corpora": {}, "rows": {}, "linear": {}, "linear_left_out": {}}
    results = json.loads(path.read_text(encoding="utf-8"))
    if {name: results[name] for name in setup} != setup:
        raise SystemExit(
            f"{path} was measured with another machine, other versions or other settings, which "
            "one table cannot join. Remove it, or choose another folder with --output."
        )
    return results


def save_results(results, folder):
    """Write all that there is so far."""
    folder.mkdir(parents=True, exist_ok=True)
    results["rows"] = dict(sorted(results["rows"].items(), key=_place))
    (folder / "speed.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    (folder / "speed.md").write_text(make_report(results), encoding="utf-8")
    try:
        from benchmarks.speed.plot import plot_ratios
    except ImportError as exc:
        print(f"No speed.svg: {exc}")
    else:
        plot_ratios(results["rows"], folder / "speed.svg")


def _place(item):
    _, row = item
    return (
        list(CORPORA).index(row["corpus"]),
        row["layers"],
        DIRECTIONS[::-1].index(row["direction"]),
        CELLS.index(row["cell"]),
    )


def summarize(row):
    """Return a row as a line to watch."""
    name = " ".join(str(row[part]) for part in ["corpus", "cell", "direction", "layers"])
    both = [row["measured"][ours]["seconds"] for ours in OURS_BOTH if ours in row["measured"]]
    shown = [f"{name}: ours {' and '.join(f'{median(seconds):.2f}' for seconds in both)} s"]
    for peer, found in row["measured"].items():
        if peer not in OURS_BOTH:
            ratios = [f"{median(pair_ratios(ours, found['seconds'])):.2f}" for ours in both]
            shown.append(f"{peer} x {' and '.join(ratios)}")
    shown += [f"{peer} left out ({reason})" for peer, reason in row["left_out"].items()]
    return ", ".join(shown)
