"""The figures of the services as a page."""

import numpy as np

from benchmarks.speed.machine import describe_machine
from benchmarks.turns import show

LABELS = {
    "nothing": "FastAPI alone",
    "ours": "RNNTextClassifier",
    "tfidf": "TF-IDF",
    "onnx": "onnxruntime",
}
PACKAGES = ["torch", "scikit-learn", "fastapi", "uvicorn", "gunicorn", "onnxruntime"]


def rates(rounds, duration):
    """Return the answers a second of each round."""
    return [len(seconds) / duration for seconds in rounds]


def percentiles(rounds, percent):
    """Return a percentile of the milliseconds of an answer, of each round."""
    return [1000 * float(np.percentile(seconds, percent)) for seconds in rounds]


def make_report(found, memory, args):
    machine = describe_machine(PACKAGES)
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    lines = [
        "# Serving\n",
        "A service made with FastAPI answers requests for the class probabilities of tweets, on "
        "127.0.0.1. `RNNTextClassifier` has its defaults; it is also exported to ONNX and run by "
        "onnxruntime behind the same vectorizer. It is compared with "
        "`TfidfVectorizer(ngram_range=(1, 2))` and `LogisticRegression`, and with a service that "
        "computes nothing. All were fitted on the train split. Each client sends its next request "
        "when it has the answer to the last one. The clients run on the same cores. Services take "
        f"turns; figures are medians of {args.rounds} rounds of {args.seconds:g} s, with "
        "[smallest..largest]. `python -m benchmarks serving` generates this page.\n",
        f"Measured on {machine['cpu']}, {machine['cores']} cores; Python {machine['python']}, "
        f"{versions}.\n",
        "| documents a request | clients | processes | served | requests/s | median, ms "
        "| p99, ms |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for (name, (size, n_clients, n_processes)), rounds in found.items():
        cells = [show(rates(rounds, args.seconds), ",.0f")]
        cells += [show(percentiles(rounds, percent)) for percent in (50, 99)]
        lines.append(
            f"| {size} | {n_clients} | {n_processes} | {LABELS[name]} | {' | '.join(cells)} |"
        )
    return "\n".join([*lines, "", *weigh(memory)])


def weigh(memory):
    """Return the lines on the memory of the processes, none where it is not told."""
    known = {service: sizes for service, sizes in memory.items() if None not in sizes}
    if not known:
        return []
    lines = [
        "## Memory of a process that answers, MiB\n",
        "Before the first request. Two processes are forks of one that has loaded the model, and "
        "share what neither has written to.\n",
        "| served | processes | resident | of it not shared |",
        "| --- | --- | --- | --- |",
    ]
    for (name, n_processes), sizes in known.items():
        total, own = (
            show([size / 2**20 for size in column], ",.0f") for column in zip(*sizes, strict=True)
        )
        lines.append(f"| {LABELS[name]} | {n_processes} | {total} | {own} |")
    return [*lines, ""]
