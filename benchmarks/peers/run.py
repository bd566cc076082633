"""Accuracy and seconds of text classifiers of several libraries, on data sets that ship.

Run as ``python -m benchmarks peers``. Each library learns from raw text in a process of its own, one
after the other, and on the same documents. One that is not installed is left out, and one that needs
more than --limit seconds is stopped; the page says so. Writes peers.md.
"""

import argparse
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

from benchmarks.peers.libraries import LIBRARIES
from benchmarks.speed.machine import describe_machine
from benchmarks.speed.run import warn_of_load
from sklearn_rnn.datasets import load_subjectivity, load_tweet_sentiment

# The smaller one first: who is stopped there is not asked again.
DATA_SETS = {"sentences": load_subjectivity, "tweets": load_tweet_sentiment}
PACKAGES = ["torch", "scikit-learn", "fasttext-wheel", "keras", "tensorflow-cpu", "skorch", "spacy"]
PACKAGES += ["fastai"]


class StoppedError(Exception):
    """The time was over."""


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks peers", description=__doc__)
    parser.add_argument("--libraries", nargs="+", choices=LIBRARIES, default=[*LIBRARIES])
    parser.add_argument("--documents", type=int, help="learn from this many, to try it out")
    parser.add_argument("--limit", type=float, default=600, help="seconds for a library")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    warn_of_load()
    answers, left_out = {}, {}
    for data_set in DATA_SETS:
        for name in args.libraries:
            if name in left_out:
                continue
            try:
                answer = in_own_process(name, data_set, args.documents, args.seed, args.limit)
                answers[name, data_set] = answer
            except StoppedError:
                left_out[name] = f"stopped on {data_set} after {args.limit:,.0f} s"
            except ImportError as exc:
                left_out[name] = f"not installed ({exc})"
            print(data_set, name, answers.get((name, data_set)) or left_out[name], flush=True)
    folder = Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "peers.md").write_text(make_report(answers, left_out, args), encoding="utf-8")


def in_own_process(name, data_set, n_documents, seed, limit):
    """Return accuracy, seconds to fit and seconds to predict, measured in a new process.

    Settings of threads and what an import loads belong to a whole process, so no two libraries
    share one. The time of its imports does not count.
    """
    context = get_context("spawn")  # A fork would inherit what the parent has imported.
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, name, data_set, n_documents, seed))
    process.start()
    theirs.close()
    try:
        _receive(ours, None)  # It is imported now.
        return _receive(ours, limit)
    finally:
        process.kill()
        process.join()


def _receive(connection, limit):
    if not connection.poll(limit):
        raise StoppedError
    answer = connection.recv()
    if isinstance(answer, Exception):
        raise answer
    return answer


def _work(connection, name, data_set, n_documents, seed):
    """Send that the library is there, and then its figures, or the error."""
    try:
        model = LIBRARIES[name](seed)
        train, test = (
            DATA_SETS[data_set](subset=subset, return_X_y=True, as_frame=False)
            for subset in ("train", "test")
        )
        X, y = (part[:n_documents] for part in train)
        connection.send("ready")
        start = perf_counter()
        model.fit(X, y)
        fitted = perf_counter()
        predicted = model.predict(test[0])
        done = perf_counter()
        connection.send((float((predicted == test[1]).mean()), fitted - start, done - fitted))
    except Exception as exc:
        # The type alone decides what the parent does, and not every exception can be sent.
        kind = ImportError if isinstance(exc, ImportError) else RuntimeError
        connection.send(kind(f"{type(exc).__name__}: {exc}".splitlines()[0]))


def make_report(answers, left_out, args):
    machine = describe_machine(PACKAGES)
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    names = ", ".join(DATA_SETS)
    columns = [f"{name}, {what}" for name in DATA_SETS for what in ("accuracy", "seconds")]
    lines = [
        "# Other libraries\n",
        "Text classifiers of several libraries, from raw text to labels, as their own guides write "
        "them, with nothing tuned to the data. The sentences are those of `load_subjectivity`, "
        "opinions or plots of films, and the tweets those of `load_tweet_sentiment`, negative, "
        "neutral or positive. All learn from the train part and are scored on the test part, with "
        "one seed. Those that train epoch by epoch set a tenth of the train part aside, and keep "
        "the epoch that is best on it. Seconds are those of the fit, on raw text, without imports. "
        f"A library that needs more than {args.limit:,.0f} s is stopped, and not asked for larger "
        "sets. Only sklearn_rnn brings word vectors; fastai and spaCy offer downloads of "
        "pretrained models, which are not used here. `python -m benchmarks peers` generates this "
        "page.\n",
        f"Measured on {machine['cpu']}, {machine['cores']} cores, without a GPU; Python "
        f"{machine['python']}, {versions}.\n",
        f"| library | {' | '.join(columns)} |",
        f"| --- |{' --- |' * len(columns)}",
    ]
    if args.documents:
        lines.insert(1, f"Tried out on {args.documents:,} documents of {names}.\n")
    for name in args.libraries:
        cells = [name]
        for data_set in DATA_SETS:
            answer = answers.get((name, data_set))
            cells += [f"{answer[0]:.3f}", f"{answer[1]:.1f}"] if answer else ["", ""]
        if name in left_out:
            cells[0] += f", {left_out[name]}"
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", *(f"- **{name}**: {_what(name)}" for name in args.libraries)]
    return "\n".join(lines) + "\n"


def _what(name):
    """Return what the library was asked for: the first line of the docstring."""
    return LIBRARIES[name].__doc__.splitlines()[0] + "."
