"""Memory and speed of learning a stream in chunks, compared with `fit` on all of it in memory.

Writes out_of_core.md. Each document joins halves of two real tweets of one class. One in ten has a
typo, so that new words never stop coming. Each run is a separate process, and both ways take turns
over the rounds. Both make one pass with the same batch size. The seconds include splitting the
text.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from statistics import median

import numpy as np

BATCH_SIZE = 32


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks out_of_core", description=__doc__)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--chunk", type=int, default=10_000, help="documents in a chunk")
    parser.add_argument("--min-df", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    folder = Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    case = {"documents": args.documents, "chunk": args.chunk, "min_df": args.min_df}
    runs = {"stream": [], "fit": []}
    for round_ in range(args.rounds):
        for how in sorted(runs, reverse=round_ % 2 == 0):
            result = measure({**case, "how": how})
            print(how, json.dumps(result), flush=True)
            runs[how].append(result)
    report = make_report(case, runs)
    print(report)
    (folder / "out_of_core.md").write_text(report)


def measure(case):
    """Return the result of one case, run in a separate process."""
    command = [sys.executable, "-m", "benchmarks.out_of_core", json.dumps(case)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def run_case(case):
    """Print the seconds of learning, the growth of memory beyond the imports, and the accuracy."""
    from time import perf_counter

    from benchmarks.memory import PeakMemory
    from sklearn_rnn import RNNTextClassifier, SequenceVectorizer

    memory = PeakMemory()
    vectorizer = SequenceVectorizer(min_df=case["min_df"])
    clf = RNNTextClassifier(
        vectorizer=vectorizer,
        batch_size=BATCH_SIZE,
        max_epochs=1,
        lr_schedule="constant",
        random_state=0,
    )
    seconds = 0.0
    chunks = make_chunks(case["documents"], case["chunk"])
    if case["how"] == "fit":
        chunks = [[np.concatenate(parts) for parts in zip(*chunks, strict=True)]]
    for X, y in chunks:
        start = perf_counter()
        if case["how"] == "fit":
            clf.fit(X, y)
        else:
            clf.partial_fit(X, y, classes=["negative", "neutral", "positive"])
        seconds += perf_counter() - start
    result = {
        "seconds": seconds,
        "documents_per_second": case["documents"] / seconds,
        "mib": memory.growth() / 2**20,
        "words": len(clf.vectorizer_.vocabulary_),
        "accuracy": clf.score(*load_tweets("test")),
    }
    print(json.dumps(result))


def load_tweets(subset):
    from sklearn_rnn.datasets import load_tweet_sentiment

    return load_tweet_sentiment(subset=subset, return_X_y=True, as_frame=False)


def make_chunks(n_documents, chunk_size, seed=0):
    """Yield chunks of texts and labels, as they would come from a file that is read in parts."""
    texts, labels = load_tweets("train")
    halves = [split_in_half(text) for text in texts]
    rng = np.random.default_rng(seed)
    of_class = {label: np.flatnonzero(labels == label) for label in np.unique(labels)}
    for first in range(0, n_documents, chunk_size):
        rows = rng.integers(len(texts), size=min(chunk_size, n_documents - first))
        documents = []
        for row in rows:
            other = rng.choice(of_class[labels[row]])
            words = halves[row][0] + halves[other][1]
            if words and rng.random() < 0.1:
                place = rng.integers(len(words))
                words[place] = slip(words[place], rng)
            documents.append(" ".join(words))
        yield np.array(documents, dtype=object), labels[rows]


def split_in_half(text):
    words = text.split()
    return words[: len(words) // 2], words[len(words) // 2 :]


def slip(word, rng):
    """Return a word with one of its letters replaced."""
    place = rng.integers(len(word))
    return word[:place] + chr(ord("a") + rng.integers(26)) + word[place + 1 :]


def make_report(case, runs):
    figures = {
        how: {name: median(run[name] for run in of_how) for name in of_how[0]}
        for how, of_how in runs.items()
    }
    ratio = figures["stream"]["documents_per_second"] / figures["fit"]["documents_per_second"]
    lines = [
        "# Learning out of core\n",
        f"{case['documents']:,} documents made of real tweets: `partial_fit` learns them in chunks "
        f"of {case['chunk']:,}, and `fit` with all of them in memory. Both make one pass in "
        f"batches of {BATCH_SIZE}, with `min_df={case['min_df']}`. Memory is the peak, not "
        "counting what the imports take. `python -m benchmarks out_of_core` generates this "
        "page.\n",
        "| | documents per second | memory, MiB | known words | accuracy on real tweets |",
        "| --- | --- | --- | --- | --- |",
    ]
    names = {"stream": "`partial_fit`", "fit": "`fit`"}
    for how, name in names.items():
        row = figures[how]
        lines.append(
            f"| {name} | {row['documents_per_second']:,.0f} | {row['mib']:,.0f} | "
            f"{row['words']:,.0f} | {row['accuracy']:.3f} |"
        )
    lines.append(f"\nSpeed of `partial_fit` relative to `fit`: {ratio:.2f}\n")
    return "\n".join(lines)


if __name__ == "__main__":
    run_case(json.loads(sys.argv[1]))
