"""What an epoch over documents that no machine here holds would take: seconds, traffic, memory.

Writes scale_model.md. Short epochs over made-up documents tell how many seconds each kind of work
takes on one core of this machine. Two epochs that were not used for that, one of them on real text,
tell how far the model can be trusted. Then it says what it predicts for `--documents`. Everything
is measured in processor time on one thread, which other work on the machine hardly changes.
"""

import argparse
from pathlib import Path
from time import process_time

import numpy as np
from skorch.callbacks import Callback

from benchmarks._step_time import (
    WORK,
    Network,
    fit_seconds,
    gather_seconds,
    id_bytes,
    tree_seconds,
)
from benchmarks.epochs import make_documents, news_lengths
from benchmarks.speed.machine import describe_machine
from sklearn_rnn import RNNTextClassifier, SequenceVectorizer
from sklearn_rnn._training.batches import SequenceDataset
from sklearn_rnn.datasets import load_drug_reviews

N_WORDS = 10_000
# Sizes of the network, documents in a batch, their mean length, and how many batches: enough for
# a few tenths of a second.
CALIBRATION = [
    ({"hidden_size": 16, "embedding_dim": 20}, 32, 8, 150),
    ({"hidden_size": 16, "embedding_dim": 100}, 32, 60, 60),
    ({"hidden_size": 32, "embedding_dim": 300}, 32, 50, 30),
    ({"hidden_size": 64, "embedding_dim": 100}, 32, 20, 60),
    ({"hidden_size": 64, "embedding_dim": 100}, 256, 20, 12),
    ({"hidden_size": 64, "embedding_dim": 100}, 32, 200, 12),
    ({"hidden_size": 64, "embedding_dim": 100}, 16, 500, 8),
    ({"hidden_size": 64, "embedding_dim": 100, "num_layers": 2}, 32, 80, 16),
    ({"hidden_size": 128, "embedding_dim": 100}, 32, 100, 12),
    ({"hidden_size": 192, "embedding_dim": 100}, 64, 40, 8),
]
DAY = 24 * 3600


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks scale_model", description=__doc__)
    parser.add_argument("--documents", type=float, default=1e9)
    parser.add_argument("--length", type=float, default=1000, help="mean tokens of a document")
    parser.add_argument("--words", type=float, default=1e6, help="in the vocabulary")
    parser.add_argument("--hidden-size", type=int, default=64)
    parser.add_argument("--embedding-dim", type=int, default=100)
    parser.add_argument("--num-layers", type=int, default=1)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 16, 256, 4096])
    parser.add_argument("--batch", type=int, nargs="+", default=[32, 1024, 32_768])
    parser.add_argument("--latency", type=float, default=5e-5, help="seconds of a message")
    parser.add_argument("--bandwidth", type=float, default=1.25e9, help="bytes a second")
    parser.add_argument("--epochs", type=int, default=4, help="measured of each case")
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    rates, fitted = calibrate(args.epochs)
    checked = check(rates, args.epochs)
    report = make_report(args, rates, fitted, checked, time_per_token())
    print(report)
    Path(args.output).mkdir(parents=True, exist_ok=True)
    (Path(args.output) / "scale_model.md").write_text(report, encoding="utf-8")


def calibrate(n_epochs):
    """Return the seconds of a unit of each work, and measured and fitted seconds of each step."""
    work, seconds = [], []
    for sizes, batch_size, length, n_steps in CALIBRATION:
        rng = np.random.default_rng(length)
        lengths = rng.integers(length // 2, length + length // 2 + 1, batch_size * n_steps)
        X, y = make_documents(lengths, N_WORDS)
        work.append(Network(N_WORDS, n_outputs=2, **sizes).work(batch_size, lengths.mean()))
        seconds.append(time_epoch(X, y, n_epochs, batch_size=batch_size, **sizes) / n_steps)
    rates = fit_seconds(work, seconds)
    return rates, list(zip(seconds, np.array(work) @ rates, strict=True))


class ProcessorTime(Callback):
    """Keeps the processor time of each epoch."""

    def on_train_begin(self, net, **kwargs):
        self.seconds_ = []

    def on_epoch_begin(self, net, **kwargs):
        self.start_ = process_time()

    def on_epoch_end(self, net, **kwargs):
        self.seconds_.append(process_time() - self.start_)


def time_epoch(X, y, n_epochs, **params):
    """Return the seconds of the fastest epoch of the second half: the first ones are slow."""
    clock = ProcessorTime()
    params = {"max_epochs": n_epochs, "n_jobs": 1, "random_state": 0, **params}
    clf = RNNTextClassifier(callbacks=[("clock", clock)], **params).fit(X, y)
    return min(dict(clf.net_.callbacks_)["clock"].seconds_[n_epochs // 2 :])


def check(rates, n_epochs):
    """Return measured and predicted seconds of epochs that the rates were not fitted to, by name.

    Lengths vary as those of news do; the real text is that of a data set that ships, with words
    that start from the table of vectors.
    """
    lengths = news_lengths(480)
    X, y = make_documents(lengths, N_WORDS, seed=1)
    sizes = {"hidden_size": 96, "embedding_dim": 100}
    measured = time_epoch(X, y, n_epochs, batch_size=48, **sizes)
    step = rates @ Network(N_WORDS, n_outputs=2, **sizes).work(48, lengths.mean())
    found = {"made-up news, 96 units, batches of 48": (measured, 10 * step)}
    texts, labels = load_drug_reviews(subset="train", return_X_y=True, as_frame=False)
    ids = SequenceVectorizer().fit_transform(texts)
    n_words, n_outputs = int(ids.data.max()) + 1, len(np.unique(labels))
    measured = time_epoch(texts, labels, n_epochs, batch_size=32)
    step = rates @ Network(n_words, n_outputs).work(32, ids.nnz / len(texts))
    found["drug_reviews, all defaults, batches of 32"] = measured, len(texts) / 32 * step
    return found


def time_per_token():
    """Return the seconds of a token from text to id, and from id to a prediction."""
    X, y = load_drug_reviews(return_X_y=True, as_frame=False)
    clf = RNNTextClassifier(max_epochs=1, n_jobs=1, random_state=0).fit(X, y)
    texts = np.tile(X, 5)
    times = [process_time()]
    ids = clf.vectorizer_.transform(texts)
    times.append(process_time())
    clf.net_.outputs(SequenceDataset(ids))
    times.append(process_time())
    return np.diff(times) / ids.nnz


def predict_step(args, network, rates, batch, n_processes):
    """Return the seconds of a step's computation and of its exchange, gathered and by a tree."""
    share = -(-batch // n_processes)  # documents of a step that one process computes
    links = n_processes, args.latency, args.bandwidth
    gather = gather_seconds(network.bytes_of_step(share, args.length), *links)
    tree = tree_seconds(network.bytes_of_step(batch, args.length), *links)
    return rates @ network.work(share, args.length), gather, tree


def make_report(args, rates, fitted, checked, per_token):
    machine = describe_machine(["torch", "scikit-learn"])
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    off = [100 * abs(model / measured - 1) for measured, model in fitted]
    names = [*WORK, "token, from text to id", "token, from id to prediction"]
    lines = [
        "# A model of scale\n",
        "How long an epoch takes on documents that no machine here holds, from short epochs that "
        "it does. All seconds are processor time on one core. "
        "`python -m benchmarks scale_model` generates this page; the user guide on large corpora "
        "says what follows from it.\n",
        f"Measured on {machine['cpu']}; Python {machine['python']}, {versions}.\n",
        "## What a unit of work takes\n",
        f"Fitted to {len(fitted)} networks and lengths; it misses none of their steps by more than "
        f"{max(off):.0f} %. What always grows together cannot be told apart, so a kind of work may "
        "get no time of its own. The last two lines are measured directly.\n",
        "| work | nanoseconds |",
        "| --- | --- |",
        *(
            f"| {name} | {1e9 * rate:,.4g} |"
            for name, rate in zip(names, [*rates, *per_token], strict=True)
        ),
        "",
        "## Epochs that were not used for this\n",
        "| epoch | measured, s | predicted, s | predicted / measured |",
        "| --- | --- | --- | --- |",
        *(
            f"| {name} | {measured:.3f} | {model:.3f} | {model / measured:.2f} |"
            for name, (measured, model) in checked.items()
        ),
    ]
    return "\n".join([*lines, "", *predictions(args, rates, per_token), ""])


def predictions(args, rates, per_token):
    """Return the lines on the documents asked about."""
    network = Network(
        int(args.words),
        embedding_dim=args.embedding_dim,
        hidden_size=args.hidden_size,
        num_layers=args.num_layers,
    )
    n_tokens = args.documents * args.length
    matrix, around = id_bytes(args.documents, n_tokens)
    splitting, answering = n_tokens * per_token / DAY
    lines = [
        f"## {args.documents:,.0f} documents of {args.length:,.0f} tokens\n",
        f"A bidirectional LSTM with {args.hidden_size} units, {args.num_layers} layer(s), "
        f"embeddings of size {args.embedding_dim}, {args.words:,.0f} words and "
        f"{network.n_outputs} classes. A process is one core. Processes are linked by "
        f"{args.bandwidth / 1.25e8:g} Gbit/s with {1e6 * args.latency:g} microseconds a message. "
        "*Gathered* means that each process receives the gradients of all others; *by a tree*, "
        "that their sum comes back from the root of a binary tree.\n",
        f"- Splitting the text takes {splitting:,.1f} days of one core, and predictions of the "
        f"defaults another {answering:,.1f}.",
        f"- All ids in one matrix take {matrix / 1e12:,.2f} TB, and training "
        f"{around / 1e9:,.0f} GB beside it.\n",
        "| documents in a batch | processes | computation of a step, ms | gathered, ms "
        "| by a tree, ms | days for an epoch, gathered | by a tree |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for batch in args.batch:
        for n_processes in args.processes:
            if n_processes > batch:
                continue
            seconds = predict_step(args, network, rates, batch, n_processes)
            compute, *exchanges = seconds
            days = [args.documents / batch * (compute + each) / DAY for each in exchanges]
            cells = [f"{1000 * each:,.1f}" for each in seconds] + [f"{each:,.1f}" for each in days]
            lines.append(f"| {batch:,} | {n_processes:,} | {' | '.join(cells)} |")
    return lines
