"""How time and memory grow with the corpus, its lengths, its vocabulary and the network.

Writes scaling.md and scaling.svg. Each point is a separate process, so that memory can be measured;
the points of one curve take turns over the rounds.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.speed.machine import describe_machine

# What varies, over which values, and what stays fixed.
SMALL = {"cell": "rnn", "hidden_size": 16, "embedding_dim": 16}
MIDDLE = {"hidden_size": 64, "embedding_dim": 64}
LARGE = {"hidden_size": 128, "embedding_dim": 100}
CURVES = {
    "tokens": ([10**4, 10**5, 10**6, 10**7], {"length": 100, "n_ids": 10_000, **SMALL}),
    "length": ([10, 50, 200, 1000, 5000], {"tokens": 10**5, "n_ids": 10_000, **MIDDLE}),
    "n_ids": ([1000, 10_000, 100_000, 500_000], {"tokens": 2 * 10**5, "length": 150, **LARGE}),
    "n_rows": ([10_000, 100_000, 500_000], {"tokens": 2 * 10**5, "length": 150, **LARGE}),
    "hidden_size": ([32, 64, 128, 256, 512], {"tokens": 10**5, "length": 150, "n_ids": 10_000}),
    "num_layers": ([1, 2, 4, 8], {"tokens": 10**5, "length": 150, "n_ids": 10_000, **MIDDLE}),
}
BATCH_SIZE = 64
LABELS = {
    "tokens": "tokens in the corpus",
    "length": "tokens per document",
    "n_ids": "different words",
    "n_rows": "rows of the embedding table, for the same documents with 10,000 different words",
    "hidden_size": "units per layer",
    "num_layers": "layers",
}


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks scaling", description=__doc__)
    parser.add_argument("--curves", nargs="+", choices=CURVES, default=list(CURVES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--full", action="store_true", help="up to 1e8 tokens: about an hour more")
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    folder = Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    curves = {}
    for name in args.curves:
        values, fixed = CURVES[name]
        if name == "tokens" and args.full:
            values = [*values, 10**8]
        rounds = [[measure({**fixed, name: value}) for value in values] for _ in range(args.rounds)]
        points = [
            {
                "value": value,
                "seconds": median(run[i]["seconds"] for run in rounds),
                "bytes_per_token": median(run[i]["bytes_per_token"] for run in rounds),
                "tokens": rounds[0][i]["tokens"],
                "steps": rounds[0][i]["steps"],
            }
            for i, value in enumerate(values)
        ]
        curves[name] = points
        print(name, json.dumps(points), flush=True)
    (folder / "scaling.md").write_text(make_report(curves, args.rounds))
    plot(curves, folder / "scaling.svg")


def measure(case):
    """Return the result of one case, run in a separate process."""
    command = [sys.executable, "-m", "benchmarks.scaling", json.dumps(case)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def run_case(case):
    """Print the seconds per epoch, and the memory per token of corpus and training."""
    from benchmarks.epochs import make_documents, time_epochs
    from benchmarks.memory import PeakMemory

    n_tokens, length = case.pop("tokens"), case.pop("length")
    n_ids, n_rows = case.pop("n_ids", 10_000), case.pop("n_rows", None)
    params = {"batch_size": BATCH_SIZE, **case}
    time_epochs(*make_documents([length] * 100, n_ids), 1, **params)  # what is loaded once
    memory = PeakMemory()
    rng = np.random.default_rng(0)
    n_documents = max(2, n_tokens // length)
    lengths = rng.integers(length // 2, length + length // 2 + 1, n_documents)
    X, y = make_documents(lengths, n_ids)
    y[:2] = 0, 1
    if n_rows is not None:
        spread(X, n_ids, n_rows, rng)
    memory.forget()  # the making of the corpus may take more than the corpus
    # The first epochs of a process are slow, which tells where they are short.
    n_epochs = 12 if n_tokens < 10**5 else 3 if n_tokens <= 10**6 else 1
    seconds = time_epochs(X, y, n_epochs, **params)
    result = {
        "seconds": median(seconds[n_epochs // 2 :]),
        "bytes_per_token": memory.growth() / X.nnz,
        "tokens": int(X.nnz),
        "steps": -(-len(y) // BATCH_SIZE),
    }
    print(json.dumps(result))


def spread(X, n_ids, n_rows, rng):
    """Give the words ids at random places of a larger table, up to its end."""
    new_ids = rng.choice(np.arange(2, n_rows), n_ids - 2, replace=False)
    new_ids[0] = n_rows - 1  # the most frequent word, so that the table has all its rows
    X.data = new_ids.astype(X.data.dtype)[X.data - 2]


def slope(points):
    """Return the slope of a straight line through the points on logarithmic axes."""
    x = np.log([point["value"] for point in points])
    return np.polyfit(x, np.log([point["seconds"] for point in points]), 1)[0]


def make_report(curves, n_rounds):
    machine = describe_machine()
    lines = [
        "# How time and memory grow\n",
        "Seconds per epoch, without the wide path. Memory per token is how much the process grew "
        "from before the corpus was loaded to its peak in training, divided by the number of "
        f"tokens; with few tokens the network dominates. Rounds: {n_rounds}; figures are medians. "
        "`python -m benchmarks scaling --full` generates this page.\n",
        f"Measured on {machine['cpu']}, {machine['cores']} cores, torch "
        f"{machine['versions']['torch']}.\n",
        "![Seconds per epoch](scaling.svg)\n",
    ]
    for name, points in curves.items():
        lines += [
            f"## {LABELS[name].capitalize()}\n",
            f"Slope on logarithmic axes: {slope(points):.2f}\n",
            f"| {LABELS[name]} | epoch, s | ms per step | tokens per second | bytes per token |",
            "| --- | --- | --- | --- | --- |",
        ]
        for point in points:
            seconds = point["seconds"]
            lines.append(
                f"| {point['value']:,.0f} | {seconds:.3g} | {1000 * seconds / point['steps']:.1f} "
                f"| {point['tokens'] / seconds:,.0f} | {point['bytes_per_token']:.1f} |"
            )
        lines.append("")
    return "\n".join(lines)


def plot(curves, path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, len(curves), figsize=(3.2 * len(curves), 3), squeeze=False)
    for ax, (name, points) in zip(axes[0], curves.items(), strict=True):
        ax.loglog([p["value"] for p in points], [p["seconds"] for p in points], "o-")
        ax.set(xlabel=LABELS[name].partition(",")[0], title=f"slope {slope(points):.2f}")
    axes[0, 0].set_ylabel("seconds per epoch")
    figure.tight_layout()
    figure.savefig(path)


if __name__ == "__main__":
    run_case(json.loads(sys.argv[1]))
