"""Accuracy and seconds of text classifiers of several libraries, on data sets that ship.

Run as ``python -m benchmarks peers``. Each library learns from raw text in a process of its own,
one after the other, and on the same documents. One that is not installed is left out, and one that
needs more than --limit seconds is stopped; the page says so. Writes peers.md.
"""

import argparse
from pathlib import Path

from benchmarks.peers.libraries import LIBRARIES
from benchmarks.peers.worker import StoppedError, in_own_process
from benchmarks.speed.machine import describe_machine
from benchmarks.speed.run import warn_of_load
from sklearn_rnn.datasets import load_subjectivity, load_tweet_sentiment

# The smaller one first: who is stopped there is not asked again.
DATA_SETS = {"sentences": load_subjectivity, "tweets": load_tweet_sentiment}
PACKAGES = ["torch", "scikit-learn", "fasttext-wheel", "keras", "tensorflow-cpu", "skorch", "spacy"]
PACKAGES += ["fastai"]


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks peers", description=__doc__)
    parser.add_argument("--libraries", nargs="+", choices=LIBRARIES, default=[*LIBRARIES])
    parser.add_argument("--documents", type=int, help="learn from this many, to try it out")
    parser.add_argument("--limit", type=float, default=600, help="seconds for a library")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    warn_of_load()
    answers, left_out, stopped = {}, {}, set()
    for data_set, load in DATA_SETS.items():
        (X, y), test = (
            load(subset=subset, return_X_y=True, as_frame=False) for subset in ("train", "test")
        )
        train = X[: args.documents], y[: args.documents]
        for name in args.libraries:
            if name in left_out or name in stopped:
                continue
            try:
                answers[name, data_set] = in_own_process(
                    LIBRARIES[name], train, test, args.seed, args.limit
                )
            except StoppedError:
                answers[name, data_set] = ("", f"over {args.limit:,.0f}")
                stopped.add(name)
            except ImportError as exc:
                left_out[name] = f"not installed ({exc})"
            except (EOFError, RuntimeError) as exc:
                left_out[name] = f"failed on {data_set} ({exc or 'its process ended'})"
            print(data_set, name, answers.get((name, data_set)) or left_out[name], flush=True)
    folder = Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "peers.md").write_text(make_report(answers, left_out, args), encoding="utf-8")


def make_report(answers, left_out, args):
    machine = describe_machine(PACKAGES)
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
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
        "sets. sklearn_rnn starts from word vectors that ship with it, and is also measured "
        "without; fastai and spaCy offer downloads of pretrained models, which are not used here. "
        "`python -m benchmarks peers` generates this "
        "page.\n",
        f"Measured on {machine['cpu']}, {machine['cores']} cores, without a GPU; Python "
        f"{machine['python']}, {versions}.\n",
        f"| library | {' | '.join(columns)} |",
        f"| --- |{' --- |' * len(columns)}",
    ]
    if args.documents:
        lines.insert(1, f"Tried out, on {args.documents:,} documents alone.\n")
    for name in args.libraries:
        if name not in left_out:
            cells = [
                cell for data_set in DATA_SETS for cell in answers.get((name, data_set), ["", ""])
            ]
            lines.append(f"| {' | '.join([name, *cells])} |")
    lines += ["", *(f"- **{name}**: {_what(name)}" for name in args.libraries)]
    lines += [f"\nLeft out: {name}, {reason}." for name, reason in left_out.items()]
    return "\n".join(lines) + "\n"


def _what(name):
    """Return what the library was asked for: the first line of the docstring."""
    return LIBRARIES[name].__doc__.splitlines()[0] + "."
