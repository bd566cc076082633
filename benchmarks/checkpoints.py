"""What checkpoints cost: seconds and size of one, of small and large networks, and of a whole fit.

Writes checkpoints.md. Fits with and without checkpoints take turns, in one process.
"""

import argparse
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.epochs import BARE, make_documents, news_lengths
from benchmarks.speed.machine import describe_machine
from benchmarks.turns import show
from sklearn_rnn import RNNTextClassifier
from sklearn_rnn._training import checkpoints

N_IDS = (3_000, 30_000, 300_000)
N_WRITTEN = 8
MEGABYTE = 1e6


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks checkpoints", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--documents", type=int, default=4_000)
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    written = {n_ids: time_writing(n_ids) for n_ids in N_IDS}
    report = make_report(written, time_fits(args.documents, args.rounds))
    print(report)
    Path(args.output).mkdir(parents=True, exist_ok=True)
    (Path(args.output) / "checkpoints.md").write_text(report, encoding="utf-8")


def time_writing(n_ids):
    """Return the bytes of the weights, those of a checkpoint, and the seconds that each took."""
    X, y = make_documents(news_lengths(32 * N_WRITTEN), n_ids)
    found, write = [], checkpoints.Checkpoint._write

    def timed_write(self, net):
        start = perf_counter()
        write(self, net)
        found.append((perf_counter() - start, self.file_.stat().st_size))

    rhythm = checkpoints._SECONDS, checkpoints._SHARE
    checkpoints._SECONDS, checkpoints._SHARE = 0.0, float("inf")  # after each step
    checkpoints.Checkpoint._write = timed_write
    try:
        clf = fit(X, y, n_ids=n_ids, checkpoint=True)
    finally:
        checkpoints.Checkpoint._write = write
        checkpoints._SECONDS, checkpoints._SHARE = rhythm
    n_bytes = sum(weight.nbytes for weight in clf.module_.state_dict().values())
    return n_bytes, found[-1][1], [seconds for seconds, _ in found]


def time_fits(n_documents, n_rounds):
    """Return the seconds of fits without checkpoints and of those with, in turns."""
    X, y = make_documents(news_lengths(n_documents), N_IDS[1])
    seconds = {False: [], True: []}
    for turn in range(2 * n_rounds):
        # Without, with, with, without.
        checkpoint = turn % 4 in (1, 2)
        start = perf_counter()
        fit(X, y, checkpoint=checkpoint)
        seconds[checkpoint].append(perf_counter() - start)
    return seconds


def fit(X, y, *, n_ids=N_IDS[1], checkpoint=False):
    """Return a fitted classifier that knows so many ids."""
    X = X.copy()
    X.data[0] = n_ids - 1
    with TemporaryDirectory() as folder:
        path = Path(folder, "checkpoint") if checkpoint else None
        params = {**BARE, "max_epochs": 1, "batch_size": 32, "embedding_dim": 100}
        return RNNTextClassifier(**params, checkpoint=path).fit(X, y)


def make_report(written, fits):
    machine = describe_machine(["torch", "skorch"])
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    without, with_ = fits[False], fits[True]
    lines = [
        "# What checkpoints cost\n",
        "The time to write one checkpoint to disk, and its size: weights, the state of the "
        "optimizer, history and random numbers. Figures are medians, with [smallest..largest]. "
        "`python -m benchmarks checkpoints` generates this page.\n",
        f"Measured on {machine['cpu']}, {machine['cores']} cores; Python {machine['python']}, "
        f"{versions}.\n",
        "| token ids | weights, MB | checkpoint, MB | to write it, s |",
        "| ---: | ---: | ---: | --- |",
    ]
    for n_ids, (n_bytes, size, seconds) in written.items():
        sizes = f"{n_bytes / MEGABYTE:.1f} | {size / MEGABYTE:.1f}"
        lines.append(f"| {n_ids:,} | {sizes} | {show(seconds, '.3f')} |")
    lines += [
        "",
        f"A fit of one epoch over news items with {N_IDS[1]:,} token ids: {show(with_)} s with "
        f"`checkpoint` and {show(without)} s without, "
        f"{100 * (median(with_) / median(without) - 1):+.1f} %. It looks for a checkpoint of the "
        "same fit, and writes none in the first minute. Then there is one a minute at most, and no "
        "more than take 2 % of the time.\n",
    ]
    return "\n".join(lines)
