"""RNNLanguageModel and a torch.nn.LSTM written by hand, trained for the same time on one corpus.

Writes language_model.md, .json and .svg: the loss on the validation part over the time of training.
Both have the same sizes, rates, windows and number of weights. Figures of other corpora are kept.
"""

import argparse
import json
import warnings
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import torch
from skorch.callbacks import Callback

from benchmarks import language_peer
from benchmarks._budget import Budget
from benchmarks._texts import as_ids, load_texts
from benchmarks.kneser_ney import KneserNey
from benchmarks.language_peer import Settings
from benchmarks.speed.machine import describe_machine
from sklearn_rnn import RNNLanguageModel
from sklearn_rnn._language.texts import Texts
from sklearn_rnn._text.sequences import sequences_from_flat
from sklearn_rnn.exceptions import FitInterruptedWarning

# Chosen on the validation parts.
SETTINGS = {
    "tinyshakespeare": Settings(dropout=0.4),
    "pride_and_prejudice": Settings(dropout=0.4),
    "alice": Settings(dropout=0.5),
    "names_makemore": Settings(hidden_size=256, embedding_dim=32, batch_size=128),
}
WORDS = Settings(
    hidden_size=256, embedding_dim=256, dropout=0.6, batch_size=16, bptt=64, tie_weights=True
)
AVERAGING = "recent"  # of our weights
OURS, PEER = "RNNLanguageModel", "torch.nn.LSTM by hand"


def main(argv):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks language_model", description=__doc__
    )
    parser.add_argument("corpus", choices=SETTINGS)
    parser.add_argument("--words", action="store_true", help="predict words, not characters")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--every", type=float, default=60, help="seconds between measurements")
    parser.add_argument("--contestants", nargs="+", choices=(OURS, PEER), default=(OURS, PEER))
    parser.add_argument(
        "--one-thread",
        action="store_true",
        help="count the processor time of one thread, for a machine that is busy",
    )
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE", help="of Settings")
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    if args.one_thread:
        torch.set_num_threads(1)
    settings = WORDS if args.words else SETTINGS[args.corpus]
    changed = dict(entry.split("=") for entry in args.set)
    settings = replace(
        settings,
        **{key: type(getattr(settings, key))(float(value)) for key, value in changed.items()},
    )
    result = {
        "settings": asdict(settings),
        "averaging": AVERAGING,
        "minutes": args.minutes,
        "threads": torch.get_num_threads(),
        "clock": "processor time" if args.one_thread else "wall time",
        "machine": describe_machine(["torch"]),
        **compare(load_texts(args.corpus), settings, args),
    }
    folder = Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "language_model.json"
    results = json.loads(file.read_text()) if file.exists() else {}
    results[args.corpus + (", words" if args.words else "")] = result
    file.write_text(json.dumps(results, indent=1) + "\n")
    (folder / "language_model.md").write_text(make_report(results), encoding="utf-8")
    plot(results, folder / "language_model.svg")


def compare(texts, settings, args):
    """Train the contestants in turn, and return their curves beside the n-grams' figures."""
    parts, n_ids = as_ids(texts, min_count=2 if args.words else 1, words=args.words)
    runs = {OURS: train_ours, PEER: train_peer}
    curves = {}
    for name in args.contestants:
        budget = Budget(
            60 * args.minutes, args.every, process_time if args.one_thread else perf_counter
        )
        course = {"seconds": [], "tokens": [], "valid": []}
        curves[name] = course

        def record(valid, budget=budget, course=course, name=name):
            for key, value in zip(course, (budget.spent(), budget.n_tokens, valid), strict=True):
                course[key].append(value)
            print(name, {key: values[-1] for key, values in course.items()}, flush=True)

        found = runs[name](parts, n_ids, settings, budget, texts, record)
        course.update(zip(("weights", "reported"), found, strict=True))
    ngrams = {}
    for order in (3, 5, 6):
        model = KneserNey(order, n_ids, documents=texts.documents).fit(parts["train"])
        ngrams[order] = model.nats(parts[texts.reported])
    n_tokens = sum(len(ids) + texts.documents for ids in parts["train"])
    return {
        "curves": curves,
        "ngrams": ngrams,
        "part": texts.reported,
        "tokens_per_epoch": n_tokens,
    }


def train_peer(parts, n_ids, settings, budget, texts, record):
    """Train the loop; return its number of weights and its loss on the reported part."""
    where = {"are_documents": texts.documents}
    loss = language_peer.negative_log_likelihood
    for model in language_peer.train(parts["train"], n_ids, settings, budget, **where):
        with budget.pause():
            valid = loss(model, parts["valid"], **where)
        record(valid)
    n_weights = sum(weight.numel() for weight in model.parameters())
    return n_weights, loss(model, parts[texts.reported], **where)


def train_ours(parts, n_ids, settings, budget, texts, record):
    """Train the estimator; return its number of weights and its loss on the reported part."""
    sequences = {
        name: sequences_from_flat(np.concatenate(part), [len(ids) for ids in part])
        for name, part in parts.items()
    }
    valid = Texts(sequences["valid"]).to_scored_data(n_ids, documents=texts.documents)
    model = RNNLanguageModel(
        documents=texts.documents,
        lr_schedule="constant",  # the budget sets the rates
        max_epochs=10**6,
        averaging=AVERAGING,
        random_state=0,
        device="cpu",
        n_jobs=torch.get_num_threads(),
        callbacks=[("budget", TrainOnBudget(budget, valid, record))],
        **asdict(settings),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitInterruptedWarning)
        model.fit(sequences["train"])
    n_weights = sum(weight.numel() for weight in model.module_.parameters())
    return n_weights, -model.score(sequences[texts.reported])


class TrainOnBudget(Callback):
    """Set the learning rate by the time, measure when it is due, and end by an interrupt."""

    def __init__(self, budget, valid, record):
        self.budget, self.valid, self.record = budget, valid, record

    def on_batch_begin(self, net, training, **kwargs):
        for group in net.optimizer_.param_groups:
            group["lr"] = net.lr * self.budget.rate()

    def on_batch_end(self, net, batch, training, **kwargs):
        self.budget.count(len(batch[0]))
        if self.budget.is_due():
            with self.budget.pause(), averaged(net):
                valid = net.mean_loss(self.valid)
            self.record(valid)
        if self.budget.is_spent():
            raise KeyboardInterrupt


@contextmanager
def averaged(net):
    """Let the network have the average of its recent weights for a measurement."""
    average = dict(net.callbacks_)["averaging"].mean_
    average.exchange()
    yield
    average.exchange()


def make_report(results):
    lines = [
        "# Language models over the time of training\n",
        "Mean negative log-likelihood of a token in nats: what is left after training for the same "
        "time, with the same sizes, windows and learning rates. The loop over `torch.nn.LSTM` is "
        "written as in tutorials; ours has the average of its recent weights, where the list below "
        "says so. The dropout for names was chosen on the validation part; the "
        "other settings were not searched. Measuring is not timed. KN is modified Kneser-Ney. "
        "`python -m benchmarks language_model CORPUS` measures a corpus and generates this page.\n",
        "![Validation loss over the time of training](language_model.svg)\n",
        "| corpus | contestant | weights | minutes | tokens/s | epochs | valid | part | nats "
        "| KN3 | KN5 | KN6 |",
        f"|{' --- |' * 12}",
    ]
    for corpus, result in results.items():
        for name, course in result["curves"].items():
            tokens, seconds = course["tokens"][-1], course["seconds"][-1]
            cells = [
                corpus,
                name,
                f"{course['weights']:,}",
                f"{seconds / 60:.1f}",
                f"{tokens / seconds:,.0f}",
                f"{tokens / result['tokens_per_epoch']:.1f}",
                f"{course['valid'][-1]:.3f}",
                result["part"],
                f"**{course['reported']:.3f}**",
                *(f"{nats:.3f}" for nats in result["ngrams"].values()),
            ]
            lines.append(f"| {' | '.join(cells)} |")
    lines.append("")
    for corpus, result in results.items():
        settings = ", ".join(f"{key} {value}" for key, value in result["settings"].items())
        if "averaging" in result:
            settings += f", averaging {result['averaging']} (ours)"
        machine = result["machine"]
        lines.append(
            f"- {corpus}: {settings}; {result['clock']} on {result['threads']} threads of "
            f"{machine['cpu']}, torch {machine['versions']['torch']}."
        )
    return "\n".join(lines) + "\n"


def plot(results, path):
    """Draw the validation loss over the minutes of training, a panel for each corpus."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, len(results), figsize=(4.5 * len(results), 3.6), squeeze=False)
    for ax, (corpus, result) in zip(axes[0], results.items(), strict=True):
        for name, course in result["curves"].items():
            ax.plot(np.array(course["seconds"]) / 60, course["valid"], label=name)
        ax.set(xlabel="minutes of training", title=corpus)
        ax.grid(alpha=0.3)
    axes[0, 0].set_ylabel("validation loss in nats")
    axes[0, 0].legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
