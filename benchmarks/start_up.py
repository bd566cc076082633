"""Seconds that imports take in a fresh process, and how much each adds to torch and scikit-learn.

Writes start_up.md. The processes take turns, with a different one first in each round; the first
round fills the disk cache and does not count. What cannot be imported is left out, and the report
says so. A second table has the size of a fitted model and the seconds to open it.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks._opening import report_opening
from benchmarks.speed.machine import describe_machine
from benchmarks.turns import in_turns, show

BASE = "import torch, sklearn"

# First import, second import, environment variables. Both imports are timed in one process, because
# the difference between two processes would vary by more than the second import takes. Vectorizers
# and TensorFlow are imported alone, because their users need no torch.
CASES = {
    "base": (BASE, "pass", {}),
    "sklearn_rnn": (BASE, "from sklearn_rnn import RNNTextClassifier", {}),
    "sklearn_rnn, vectorizer": ("pass", "from sklearn_rnn import SequenceVectorizer", {}),
    "scikit-learn, vectorizer": (
        "pass",
        "from sklearn.feature_extraction.text import CountVectorizer",
        {},
    ),
    "skorch": (BASE, "import skorch", {}),
    "Keras on torch": (BASE, "import keras", {"KERAS_BACKEND": "torch"}),
    "TensorFlow": ("pass", "import tensorflow", {}),
}

SCRIPT = """\
from time import perf_counter
start = perf_counter()
{first}
middle = perf_counter()
{then}
print(middle - start, perf_counter() - middle)
"""


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks start_up", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    answers, left_out = in_turns(CASES, time_imports, 1 + args.rounds)
    report = make_report({name: found[1:] for name, found in answers.items()}, left_out)
    with TemporaryDirectory() as folder:
        report = "\n".join([report, *report_opening(folder, args.rounds), ""])
    print(report)
    Path(args.output).mkdir(parents=True, exist_ok=True)
    (Path(args.output) / "start_up.md").write_text(report, encoding="utf-8")


def time_imports(name):
    """Return the seconds that both imports of a case take in a fresh process."""
    first, then, settings = CASES[name]
    command = [sys.executable, "-c", SCRIPT.format(first=first, then=then)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", **settings}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        raise ImportError(result.stderr.strip().splitlines()[-1])
    # The last line: a library may print on its own.
    return tuple(float(seconds) for seconds in result.stdout.splitlines()[-1].split())


def make_report(answers, left_out):
    machine = describe_machine(["torch", "scikit-learn", "skorch", "keras", "tensorflow-cpu"])
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    n_rounds = len(answers["base"])
    lines = [
        "# What an import takes\n",
        "Seconds in a fresh process, not counting the start of Python. The base is "
        f"`{BASE}`; what another import adds is timed after it, in the same process. The processes "
        f"take turns; figures are medians of {n_rounds} rounds, with [smallest..largest]. All "
        "files are in the disk cache. If TensorFlow is installed, Keras loads it even when it runs "
        "on torch. `python -m benchmarks start_up` generates this page.\n",
        f"Measured on {machine['cpu']}, {machine['cores']} cores; Python {machine['python']}, "
        f"{versions}.\n",
        "| library | imports | added to the base, s | total, s |",
        "| --- | --- | --- | --- |",
    ]
    for name, found in answers.items():
        statements = [statement for statement in CASES[name][:2] if statement != "pass"]
        added = show([then for _, then in found], ".3f") if len(statements) == 2 else ""
        whole = show([first + then for first, then in found])
        lines.append(f"| {name} | `{'; '.join(statements)}` | {added} | {whole} |")
    lines += ["", *(f"{name} was left out: {reason}.\n" for name, reason in left_out.items())]
    return "\n".join(lines)
