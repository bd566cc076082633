"""How much of the machine an epoch uses: share of the matrix peak, and where the rest goes.

Writes efficiency.md. The floating-point operations of an epoch are the matrix products in the
equations of the recurrent layer, forward and backward, for every token, whether a product is
computed or reused from the same word. The peak is measured on one large matrix product in float32,
in the same run, alternating with the epochs.
"""

import argparse
from itertools import product
from pathlib import Path
from statistics import median
from time import perf_counter
from unittest.mock import patch

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.epochs import make_documents, news_lengths, time_epochs
from benchmarks.speed.machine import describe_machine
from benchmarks.turns import show
from sklearn_rnn._training import make_net
from sklearn_rnn._training.net import SequenceNet

N_GATES = {"lstm": 4, "gru": 3, "rnn": 1}
EMBEDDING_DIM = 100

# Cell, precision and `kernels`.
SETTINGS = (
    ("lstm", "float32", False),
    ("lstm", "float32", "auto"),
    ("lstm", "bfloat16", False),
    ("lstm", "bfloat16", "auto"),
    ("gru", "float32", False),
    ("gru", "float32", "auto"),
    ("gru", "bfloat16", "auto"),
)

# Where the time of one thread goes, by the names in torch's profile; the first match counts.
KINDS = {
    "recurrent kernel, backward": ("mkldnn_rnn_layer_backward", "_RecurrenceBackward"),
    "recurrent kernel, forward": (
        "mkldnn_rnn_layer",
        "aten::gru",
        "aten::rnn_tanh",
        "_Recurrence",
    ),
    "matrix products": ("aten::mm", "aten::addmm", "aten::bmm"),
    "elementwise operations": (
        "aten::mul",
        "aten::add",
        "aten::tanh",
        "aten::sigmoid",
        "aten::lerp",
        "aten::sub",
        "Backward0",
    ),
    "gathering and copying rows": (
        "index",
        "aten::cat",
        "aten::copy_",
        "embedding",
        "coalesce",
        "unique",
        "sort",
    ),
    "optimizer and sums": ("Optimizer", "aten::sum", "aten::sqrt_", "fused_adam"),
    "zeros": ("aten::fill_", "aten::zero_"),
    "Python and the rest": ("",),
}


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks efficiency", description=__doc__)
    parser.add_argument("--documents", type=int, default=1280)
    parser.add_argument("--hidden", type=int, nargs="+", default=[128, 256, 512])
    parser.add_argument("--batch-size", type=int, nargs="+", default=[64, 256])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    X, y = make_documents(news_lengths(args.documents), n_ids=20_000)
    machine = describe_machine()
    lines = [
        "# How much of the machine an epoch uses\n",
        f"Measured on {machine['cpu']}, {machine['cores']} cores, torch "
        f"{machine['versions']['torch']}: {args.documents:,} documents of {X.nnz:,} tokens, one "
        f"layer in one direction, embeddings of size {EMBEDDING_DIM}; medians of {args.rounds} "
        "rounds. The peak is the speed of multiplying two float32 matrices of 2,048 rows and "
        "columns, measured between the epochs. GFLOP/s counts the multiplications in the equations "
        'for every token. With our own kernels (`kernels="auto"`), the products with a word\'s '
        "vector are computed once per part of a batch and reused wherever the word occurs in it, "
        "so fewer multiplications are done than are counted. `python -m benchmarks efficiency` "
        "generates this page.\n",
        "| cell | precision | kernels | hidden | batch | epoch, s | GFLOP/s | peak, GFLOP/s "
        "| share |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for setting in SETTINGS:
        for hidden in args.hidden:
            for batch_size in args.batch_size:
                line = share_of_peak(X, y, *setting, hidden, batch_size, args.rounds)
                print(line, flush=True)
                lines.append(line)
    for cell, kernels in product(("lstm", "gru"), (False, "auto")):
        lines += ["", *breakdown(X, y, cell, kernels)]
    lines += ["", *skorch_share(args.rounds)]
    Path(args.output).mkdir(parents=True, exist_ok=True)
    (Path(args.output) / "efficiency.md").write_text("\n".join(lines) + "\n")


def share_of_peak(X, y, cell, precision, kernels, hidden, batch_size, n_rounds):
    """Return a line of the table."""
    params = {"cell": cell, "precision": precision, "kernels": kernels, "hidden_size": hidden}
    params |= {"embedding_dim": EMBEDDING_DIM, "batch_size": batch_size}
    peaks, seconds = [], []
    for _ in range(n_rounds):
        peaks.append(matrix_peak())
        seconds.append(time_epochs(X, y, 2, **params)[1])  # the first warms up
    work = 6 * X.nnz * N_GATES[cell] * hidden * (EMBEDDING_DIM + hidden) / 1e9
    rates = [work / s for s in seconds]
    shares = [rate / peak for rate, peak in zip(rates, peaks, strict=True)]
    return (
        f"| {cell} | {precision} | {kernels} | {hidden} | {batch_size} | {median(seconds):.2f} | "
        f"{median(rates):.0f} | {median(peaks):.0f} | {show(shares, '.0%')} |"
    )


def matrix_peak(size=2048, n_times=9):
    """Return GFLOP/s of a large matrix product on all of torch's threads."""
    a, b = torch.randn(size, size), torch.randn(size, size)
    seconds = []
    for _ in range(n_times):
        start = perf_counter()
        a @ b
        seconds.append(perf_counter() - start)
    return 2 * size**3 / median(seconds) / 1e9


def breakdown(X, y, cell, kernels):
    """Return a table of where the time of an epoch goes, on one thread."""
    params = {"cell": cell, "hidden_size": 128, "embedding_dim": EMBEDDING_DIM, "batch_size": 64}
    params["kernels"] = kernels
    time_epochs(X, y, 1, n_jobs=1, **params)
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        time_epochs(X, y, 1, n_jobs=1, **params)
    shares = dict.fromkeys(KINDS, 0.0)
    events = profiled.key_averages()
    total = sum(event.self_cpu_time_total for event in events)
    for event in events:
        kind = next(
            kind for kind, names in KINDS.items() if any(name in event.key for name in names)
        )
        shares[kind] += event.self_cpu_time_total / total
    whose = "our own kernels" if kernels else "torch's kernels"
    notes = ["Measured by torch's profiler, which itself slows down small operations."]
    if cell == "gru" and not kernels:
        notes.append(
            "For the LSTM, torch has one kernel for the whole layer; it computes a GRU step by "
            "step in small operations."
        )
    return [
        f"## Where the time goes: {cell}, {whose}, 128 units, batches of 64, one thread\n",
        "| what | share |",
        "| --- | --- |",
        *(f"| {kind} | {share:.1%} |" for kind, share in shares.items()),
        "",
        " ".join(notes),
    ]


class BareLoop(SequenceNet):
    """The same training without skorch's loop: no history, no callbacks, no closures."""

    def fit_loop(self, X, y=None, epochs=None, **kwargs):
        train, _ = X
        self.interrupted_ = False
        for _ in range(self.max_epochs):
            start = perf_counter()
            for batch in self.get_iterator(train, training=True):
                self.optimizer_.zero_grad()
                self.train_step_single(batch)
                self.optimizer_.step()
            self.history.new_epoch()
            self.history.record("dur", perf_counter() - start)
        return self


def skorch_share(n_rounds):
    """Return a table of how much longer an epoch takes through skorch than without its loop."""
    lines = [
        "## What skorch's loop costs\n",
        "skorch and a bare loop take turns at an epoch with the same batches and steps.\n",
        "| documents | skorch, s | bare loop, s | cost of skorch |",
        "| --- | --- | --- | --- |",
    ]
    params = {"hidden_size": 128, "embedding_dim": EMBEDDING_DIM}
    cases = {
        "1,280 like news, batches of 64": (news_lengths(1280), 64),
        "4,000 of 14 words, batches of 32": ([14] * 4000, 32),
    }
    for name, (lengths, batch_size) in cases.items():
        X, y = make_documents(lengths, n_ids=20_000)
        ours, bare = [], []
        for _ in range(n_rounds):
            ours.append(time_epochs(X, y, 2, batch_size=batch_size, **params)[1])
            with patch.object(make_net, "SequenceNet", BareLoop):
                bare.append(time_epochs(X, y, 2, batch_size=batch_size, **params)[1])
        shares = [1 - b / o for o, b in zip(ours, bare, strict=True)]
        lines.append(
            f"| {name} | {median(ours):.2f} | {median(bare):.2f} | {show(shares, '.1%')} |"
        )
    return lines
