"""Documents turned into token ids per second, compared with other ways, and as documents grow.

Writes vectorizing.md. Each way learns its vocabulary from the texts and converts them, in a
separate process. They take turns, with a different one first in each round. The first round is a
warm-up and does not count. A way that cannot be imported is left out, and the report says so.
"""

import argparse
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

from benchmarks._data import data_folder, load
from benchmarks.speed.machine import describe_machine
from benchmarks.speed.report import pair_ratios
from benchmarks.turns import in_turns, own_processes, show
from benchmarks.vectorizers import OURS, WAYS


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks vectorizing", description=__doc__)
    parser.add_argument("--corpora", nargs="+", choices=CORPORA, default=list(CORPORA))
    parser.add_argument("--documents", type=int, help="use only this many; all by default")
    parser.add_argument("--sizes", nargs="+", type=int, default=[10**3, 10**4, 10**5, 10**6])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    sections = [introduction(args.rounds)]
    for name in args.corpora:
        sections.append(compare(name, CORPORA[name]()[: args.documents], args.rounds))
        print(sections[-1], flush=True)
    sections.append(grow(args.sizes, args.rounds))
    print(sections[-1])
    Path(args.output).mkdir(parents=True, exist_ok=True)
    (Path(args.output) / "vectorizing.md").write_text("\n".join(sections), encoding="utf-8")


def load_tweets():
    from sklearn_rnn.datasets import load_tweet_sentiment

    return load_tweet_sentiment(subset="train", return_X_y=True, as_frame=False)[0].tolist()


def load_news():
    return load(data_folder() / "newsgroups6.csv.gz")["train"][0].tolist()


CORPORA = {"tweets": load_tweets, "newsgroups6": load_news}


def time_once(way, texts):
    """Return the seconds that a way takes, and the number of tokens that it found."""
    start = perf_counter()
    n_tokens = WAYS[way](texts)
    return perf_counter() - start, int(n_tokens)


def compare(corpus, texts, n_rounds):
    """Return a section with all ways on one corpus."""
    with own_processes(WAYS) as processes:
        answers, left_out = in_turns(
            WAYS, lambda way: processes[way].submit(time_once, way, texts).result(), 1 + n_rounds
        )
    seconds = {way: [each for each, _ in found[1:]] for way, found in answers.items()}
    lines = [
        f"## {corpus}: {len(texts):,} documents\n",
        "| way | tokens | documents per second | ours / theirs, seconds |",
        "| --- | --- | --- | --- |",
    ]
    for way, found in seconds.items():
        ratio = "" if way == OURS[way] else show(pair_ratios(seconds[OURS[way]], found))
        speed = show([len(texts) / each for each in found], ",.0f")
        lines.append(f"| {way} | {answers[way][0][1]:,} | {speed} | {ratio} |")
    lines += ["", *(f"{way} was left out: {reason}.\n" for way, reason in left_out.items())]
    return "\n".join(lines)


def grow(sizes, n_rounds):
    """Return a section with ours on more and more tweets."""
    tweets = np.array(load_tweets(), dtype=object)
    rng = np.random.default_rng(0)
    corpora = {size: rng.choice(tweets, size).tolist() for size in sizes}
    with own_processes(["ours"]) as processes:
        run = processes["ours"].submit
        run(time_once, "ours", tweets[:1000].tolist()).result()  # what is loaded once
        answers, _ = in_turns(
            sizes, lambda size: run(time_once, "ours", corpora[size]).result()[0], n_rounds
        )
    slope = np.polyfit(np.log(sizes), np.log([median(answers[size]) for size in sizes]), 1)[0]
    lines = [
        "## How our time grows\n",
        f"Tweets are drawn with replacement from the {len(tweets):,}, so with many documents the "
        f"vocabulary stops growing. Slope of the seconds on logarithmic axes: {slope:.2f}\n",
        "| documents | seconds | documents per second |",
        "| --- | --- | --- |",
    ]
    for size, found in answers.items():
        speed = show([size / each for each in found], ",.0f")
        lines.append(f"| {size:,} | {show(found, '.3g')} | {speed} |")
    return "\n".join(lines) + "\n"


def introduction(n_rounds):
    machine = describe_machine(["scikit-learn", "tokenizers", "keras", "tensorflow-cpu"])
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    return "\n".join(
        [
            "# From text to token ids\n",
            "Each way learns a vocabulary of all words in the documents and converts the documents "
            "to ids, in a separate process. They take turns, and ratios are computed within a "
            "round: 0.5 means ours is twice as fast. Figures are medians of "
            f"{n_rounds} rounds, with [smallest..largest]. Imports are not timed. "
            "`python -m benchmarks vectorizing` generates this page.\n",
            f"Measured on {machine['cpu']}, {machine['cores']} cores; Python {machine['python']}, "
            f"{versions}.\n",
            *(f"- **{name}**: {' '.join(way.__doc__.split())}" for name, way in WAYS.items()),
            "",
        ]
    )
