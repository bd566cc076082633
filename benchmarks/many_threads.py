"""Documents a second that one model answers from several threads, alone and beside a training.

Writes many_threads.md. Threads ask the same fitted classifier for the probabilities of raw tweets,
each waiting for its answer before it asks again. In half of the cases another classifier learns a
stream in a thread of the same process. Cases take turns, with a different one first in each round;
the first round warms up and does not count.
"""

import argparse
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle, product
from pathlib import Path
from statistics import median
from threading import Barrier, Event, Thread
from time import perf_counter

from benchmarks.speed.machine import describe_machine
from benchmarks.turns import in_turns, show
from sklearn_rnn import RNNTextClassifier
from sklearn_rnn.datasets import load_tweet_sentiment

N_THREADS = (1, 2, 4, 8)
BATCHES = (1, 64)
CHUNK = 64  # documents that the training learns in a call


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks many_threads", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each case in each round")
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    X, y = load_tweet_sentiment(subset="train", return_X_y=True, as_frame=False)
    asked, _ = load_tweet_sentiment(subset="test", return_X_y=True, as_frame=False)
    model = RNNTextClassifier(random_state=0).fit(X[:4000], y[:4000])
    learner = RNNTextClassifier(random_state=0).partial_fit(X, y, classes=model.classes_)

    def measure(case):
        size, n_threads, is_training = case
        with training(learner, X, y) if is_training else alone() as n_learned:
            n_answered, seconds = answer(model, asked, size, n_threads, args.seconds)
            return n_answered / seconds, sum(n_learned) / seconds

    cases = [*product(BATCHES, N_THREADS, (False, True)), (1, 0, True)]
    answers, _ = in_turns(cases, measure, 1 + args.rounds)
    report = make_report({case: found[1:] for case, found in answers.items()}, args, load)
    print(report)
    Path(args.output).mkdir(parents=True, exist_ok=True)
    (Path(args.output) / "many_threads.md").write_text(report, encoding="utf-8")


def answer(model, documents, size, n_threads, duration):
    """Ask from several threads for some seconds; return the documents answered, and the seconds."""
    start, stop = Barrier(n_threads + 1), Event()

    def ask(first):
        n_answered = 0
        start.wait()
        for place in cycle(range(first, len(documents) - size, size)):
            if stop.is_set():
                return n_answered
            n_answered += len(model.predict_proba(documents[place : place + size]))

    with ThreadPoolExecutor(max(1, n_threads)) as pool:
        asking = [pool.submit(ask, i * len(documents) // n_threads) for i in range(n_threads)]
        start.wait()
        began = perf_counter()
        stop.wait(duration)
        stop.set()
        n_answered = sum(future.result() for future in asking)
        return n_answered, perf_counter() - began  # with the calls that were under way


@contextmanager
def alone():
    yield []


@contextmanager
def training(learner, X, y):
    """Learn chunk after chunk in a thread, and yield a list that gets the size of each."""
    n_learned, stop = [], Event()

    def learn():
        for place in cycle(range(0, len(X) - CHUNK, CHUNK)):
            if stop.is_set():
                return
            learner.partial_fit(X[place : place + CHUNK], y[place : place + CHUNK])
            n_learned.append(CHUNK)

    thread = Thread(target=learn)
    thread.start()
    try:
        yield n_learned
    finally:
        stop.set()
        thread.join()


def make_report(answers, args, load):
    machine = describe_machine(["torch", "scikit-learn"])
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    n_rounds = len(answers[BATCHES[0], N_THREADS[0], False])
    undisturbed = show([learned for _, learned in answers[1, 0, True]], ",.0f")
    lines = [
        "# Answers from many threads\n",
        "Documents a second that one fitted `RNNTextClassifier` answers (`predict_proba` of raw "
        "tweets, default parameters, trained on 4,000 tweets) when several threads ask it, each "
        "waiting for its answer before it asks again. Beside it, in the same process, another "
        f"classifier learns a stream in chunks of {CHUNK} tweets, or nothing runs. The last column "
        f"is what that training learns meanwhile; undisturbed it learns {undisturbed} documents a "
        f"second. Figures are medians of {n_rounds} rounds of {args.seconds:g} s, with "
        "[smallest..largest]; the cases take turns. `python -m benchmarks many_threads` generates "
        "this page.\n",
        f"Measured on {machine['cpu']}, {machine['cores']} cores; Python {machine['python']}, "
        f"{versions}. When it began, other programs kept {load:.1f} processors busy or waited for "
        "one (load average): the more, the lower are all figures, and the wider their ranges.\n",
        "| documents a call | threads | alone, documents/s | beside a training, documents/s "
        "| share | training, documents/s |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for size, n_threads in product(BATCHES, N_THREADS):
        by_itself = [answered for answered, _ in answers[size, n_threads, False]]
        beside, learned = zip(*answers[size, n_threads, True], strict=True)
        share = median(beside) / median(by_itself)
        lines.append(
            f"| {size} | {n_threads} | {show(by_itself, ',.0f')} | {show(beside, ',.0f')} "
            f"| {share:.2f} | {show(learned, ',.0f')} |"
        )
    return "\n".join([*lines, ""])
