"""Seconds and memory of reading some words of a large file of word vectors.

Reads words drawn at random from the file, as for the vocabulary of a corpus, and then all of it.
Each is a separate process; seconds are those of the processor, the smallest of all rounds. Memory
is the growth of the peak beyond the imports and the list of words.
"""

import argparse
import json
import subprocess
import sys
from time import process_time

import numpy as np

from benchmarks.memory import PeakMemory
from sklearn_rnn import WordVectors

ROUNDS = 3


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks word_vectors", description=__doc__)
    parser.add_argument("path", help="a file of word vectors")
    parser.add_argument("--words", type=int, default=20_000, help="how many to ask for")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    args = parser.parse_args(argv)
    print("| words asked for | words read | features | seconds | MiB |")
    print("| --- | --- | --- | --- | --- |")
    words = WordVectors.load(args.path).words
    n_words = min(args.words, len(words))
    some = np.random.default_rng(0).choice(words, n_words, replace=False).tolist()
    for asked_for in (some, None):
        runs = [measure(args.path, asked_for) for _ in range(args.rounds)]
        best = min(runs, key=lambda run: run["seconds"])
        asked = "all" if asked_for is None else f"{n_words:,}"
        print(
            f"| {asked} | {best['words']:,} | {best['features']} | {best['seconds']:.2f} | "
            f"{best['MiB']:.0f} |"
        )


def measure(path, words):
    """Return what reading takes, in a separate process."""
    command = [sys.executable, "-m", "benchmarks.word_vectors"]
    case = json.dumps([path, words])
    result = subprocess.run(command, input=case, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(result.stdout)


def run_case(path, words):
    """Print the seconds and the growth of memory of one reading."""
    memory = PeakMemory()
    memory.forget()
    start = process_time()
    vectors = WordVectors.load(path, words=words)
    result = {
        "words": len(vectors),
        "features": vectors.n_features,
        "seconds": process_time() - start,
        "MiB": memory.growth() / 2**20,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    run_case(*json.load(sys.stdin))
