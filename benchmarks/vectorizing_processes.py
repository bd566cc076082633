"""Seconds to split many documents in several processes, compared with one process.

Writes vectorizing_processes.md. `fit_transform` and then `transform` of the same tweets, in one
process, in processes that have started, and in processes that have to start first. They take turns,
with a different one first in each round. Results must be equal, to the bit.
"""

import argparse
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from joblib.externals.loky import get_reusable_executor

from benchmarks.speed.machine import describe_machine
from benchmarks.turns import in_turns, show
from sklearn_rnn import SequenceVectorizer
from sklearn_rnn.datasets import load_tweet_sentiment


def main(argv):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks vectorizing_processes", description=__doc__
    )
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    seconds = measure(make_texts(args.documents), args)
    report = make_report(seconds, args)
    print(report)
    Path(args.output).mkdir(parents=True, exist_ok=True)
    (Path(args.output) / "vectorizing_processes.md").write_text(report, encoding="utf-8")


def make_texts(n_documents):
    """Return tweets drawn with replacement, each an object of its own, as read from a file."""
    tweets = load_tweet_sentiment(subset="train", return_X_y=True, as_frame=False)[0]
    drawn = np.random.default_rng(0).choice(tweets, n_documents)
    return [bytes(text, "utf-8").decode() for text in drawn]


def measure(texts, args):
    """Return the seconds of `fit_transform` and of `transform` in each round, by way."""
    ways = {
        "one process": (None, False),
        f"{args.processes} processes": (args.processes, False),
        f"{args.processes} processes, started anew": (args.processes, True),
    }
    expected = SequenceVectorizer().fit(texts[:1000]).fit_transform(texts)  # what is loaded once

    def time_once(way):
        n_jobs, starts = ways[way]
        if n_jobs and not starts:  # one that a round before has stopped
            SequenceVectorizer(n_jobs=n_jobs).fit(texts[:50_000])
        elif starts:
            get_reusable_executor().shutdown(wait=True)
        vectorizer = SequenceVectorizer(n_jobs=n_jobs)
        start = perf_counter()
        X = vectorizer.fit_transform(texts)
        middle = perf_counter()
        again = vectorizer.transform(texts)
        end = perf_counter()
        for found in (X, again):
            for part in ("data", "indices", "indptr"):
                np.testing.assert_array_equal(getattr(found, part), getattr(expected, part))
        return middle - start, end - middle

    answers, _ = in_turns(ways, time_once, args.rounds)
    return answers


def make_report(seconds, args):
    machine = describe_machine(["joblib"])
    one = seconds["one process"]
    lines = [
        "# Splitting text in several processes\n",
        f"Seconds of `SequenceVectorizer(n_jobs=...)` on {args.documents:,} tweets, drawn with "
        "replacement: `fit_transform`, then `transform` of the same texts. Ratios are computed "
        f"within a round; medians of {args.rounds} rounds, with [smallest..largest]. Processes "
        "stay for five minutes, so the first call pays for their start. The ids are the same, to "
        "the bit. `python -m benchmarks vectorizing_processes` generates this page.\n",
        f"Measured on {machine['cpu']}, {machine['cores']} cores; Python {machine['python']}, "
        f"joblib {machine['versions']['joblib']}.\n",
        "| way | fit_transform, s | ratio to one process | transform, s | ratio for transform |",
        "| --- | --- | --- | --- | --- |",
    ]
    for way, found in seconds.items():
        cells = []
        for step in range(2):
            ratios = [ours[step] / base[step] for ours, base in zip(found, one, strict=True)]
            cells += [f"{median(each[step] for each in found):.2f}", show(ratios)]
        lines.append(f"| {way} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
