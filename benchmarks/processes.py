"""Seconds per epoch of one model that two processes train, compared with one process.

Writes processes.md. One process computes on two threads, two processes on one thread each. Every
run is a new set of processes; the cases take turns, with a different one first in each round. What
a process sends in a step is counted, beside the size of all weights, which is what it would send if
tables travelled whole.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
from itertools import product
from pathlib import Path
from statistics import median

from benchmarks.speed.machine import describe_machine
from benchmarks.turns import in_turns, show

BATCH_SIZES = (32, 512)
# How many processes there are, on how many threads each, and into how many shards batches are cut.
WAYS = {"one": (1, 2, 1), "one, two shards": (1, 2, 2), "two": (2, 1, 2)}
N_IDS = 20_000


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks processes", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--documents", type=int, default=1024)
    parser.add_argument("--epochs", type=int, default=3, help="of a run; the first does not count")
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    cases = list(product(BATCH_SIZES, WAYS))
    answers, _ = in_turns(cases, lambda case: measure(*case, args), args.rounds)
    report = make_report(answers, args)
    print(report)
    Path(args.output).mkdir(parents=True, exist_ok=True)
    (Path(args.output) / "processes.md").write_text(report, encoding="utf-8")


def measure(batch_size, way, args):
    """Return what the first of some processes tells of its training."""
    n_ranks, n_jobs, n_shards = WAYS[way]
    case = {"batch_size": batch_size, "n_jobs": n_jobs, "n_shards": n_shards}
    case = json.dumps({**case, "documents": args.documents, "max_epochs": args.epochs})
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        port = listener.getsockname()[1]
    env = {**os.environ, "MASTER_ADDR": "localhost", "MASTER_PORT": str(port)}
    env = {**env, "WORLD_SIZE": str(n_ranks), "OMP_NUM_THREADS": str(n_jobs)}
    command = [sys.executable, "-m", "benchmarks.processes", case]
    processes = [
        subprocess.Popen(command, env={**env, "RANK": str(rank)}, stdout=subprocess.PIPE)
        for rank in range(n_ranks)
    ]
    outputs = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        raise RuntimeError(f"a process of the case {case} failed")
    found = [json.loads(output) for output in outputs]
    if len({each["loss"] for each in found}) > 1:
        raise RuntimeError(f"the processes of the case {case} differ")
    return found[0]


def train(case):
    """Print the seconds of an epoch, and what a step sends."""
    from benchmarks.epochs import make_documents, news_lengths
    from sklearn_rnn import RNNTextClassifier
    from sklearn_rnn._training.ranks import Ranks

    X, y = make_documents(news_lengths(case.pop("documents")), N_IDS)
    sent, all_gather = [], Ranks._all_gather

    def count(self, data):
        sent.append(len(data))
        return all_gather(self, data)

    Ranks._all_gather = count
    clf = RNNTextClassifier(**case, random_state=0).fit(X, y)
    n_steps = case["max_epochs"] * -(-len(y) // case["batch_size"])
    result = {
        "seconds": median(clf.history_[1:, "dur"]),
        "bytes": sum(sent) / n_steps,
        "weights": 4 * sum(weight.numel() for weight in clf.module_.parameters()),
        "loss": clf.loss_curve_[-1],
    }
    print(json.dumps(result))


def make_report(answers, args):
    machine = describe_machine(["torch"])
    lines = [
        "# One model in two processes\n",
        "Seconds per epoch of `RNNTextClassifier` with default parameters on "
        f"{args.documents:,} documents as long as news items (median 150 words, {N_IDS:,} "
        "different ones). One process computes on two threads; two processes compute on one thread "
        "each and share the shards of a batch out. The ratio is that of the seconds to those of "
        "one process that does not cut batches into shards. Sent is what each process sends in a "
        "step, where only the rows of tables travel that the batch has; whole tables would be the "
        f"column after it. Figures are medians of {args.rounds} rounds, with "
        "[smallest..largest]; the cases take turns. `python -m benchmarks processes` generates "
        "this page.\n",
        f"Measured on {machine['cpu']}, {machine['cores']} cores; Python {machine['python']}, "
        f"torch {machine['versions']['torch']}.\n",
        "| batch | processes | epoch, s | ratio | sent, MB per step | whole tables, MB per step |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for batch_size, way in product(BATCH_SIZES, WAYS):
        runs = answers[batch_size, way]
        firsts = answers[batch_size, "one"]
        ratios = [a["seconds"] / b["seconds"] for a, b in zip(runs, firsts, strict=True)]
        sent = weights = "-"
        if way == "two":
            sent = f"{median(run['bytes'] for run in runs) / 1e6:.2f}"
            weights = f"{runs[0]['weights'] / 1e6:.2f}"
        seconds = show([run["seconds"] for run in runs])
        lines.append(f"| {batch_size} | {way} | {seconds} | {show(ratios)} | {sent} | {weights} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    train(json.loads(sys.argv[1]))
