"""What an epoch over documents that no machine here holds would take: seconds, traffic, memory.

Writes scale_model.md. Short epochs over made-up documents tell how many seconds each kind of work
takes on this machine. Two epochs that were not used for that, one of them on real text, tell how
far the model can be trusted. Then it says what it predicts for `--documents`.
"""

import argparse
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks._step_time import WORK, Network, exchange_seconds, fit_seconds, id_bytes
from benchmarks.epochs import make_documents, news_lengths
from benchmarks.speed.machine import describe_machine
from sklearn_rnn import RNNTextClassifier, SequenceVectorizer
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
    parser.add_argument("--batch", type=int, nargs="+", default=[32, 1024, 131_072])
    parser.add_argument("--latency", type=float, default=5e-5, help="seconds of a message")
    parser.add_argument("--bandwidth", type=float, default=1.25e9, help="bytes a second")
    parser.add_argument("--epochs", type=int, default=5, help="measured of each case")
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    start = perf_counter()
    rates, fitted = calibrate(args.epochs)
    checked = check(rates, args.epochs)
    seconds = perf_counter() - start
    report = make_report(args, rates, fitted, checked, time_splitting(), seconds)
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


def time_epoch(X, y, n_epochs, **params):
    """Return the seconds of the fastest epoch: the first are slow, and others may run beside."""
    clf = RNNTextClassifier(max_epochs=n_epochs, random_state=0, **params).fit(X, y)
    return min(clf.history_[:, "dur"][n_epochs // 2 :])


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


def time_splitting():
    """Return the seconds of a token from text to its id, on one core."""
    texts = np.tile(load_drug_reviews(return_X_y=True, as_frame=False)[0], 10)
    vectorizer = SequenceVectorizer().fit(texts)
    start = perf_counter()
    n_tokens = vectorizer.transform(texts).nnz
    return (perf_counter() - start) / n_tokens


def predict_epoch(args, network, rates, batch, n_processes):
    """Return the seconds of an epoch, and of the computation and the exchange of one step."""
    share = -(-batch // n_processes)  # documents of a step that one process computes
    compute = rates @ network.work(share, args.length)
    n_bytes = network.bytes_of_step(batch, args.length)
    exchange = exchange_seconds(n_bytes, n_processes, args.latency, args.bandwidth)
    return args.documents / batch * (compute + exchange), compute, exchange


def make_report(args, rates, fitted, checked, splitting, seconds):
    machine = describe_machine(["torch", "scikit-learn"])
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    off = [100 * (model / measured - 1) for measured, model in fitted]
    lines = [
        "# A model of scale\n",
        "How long an epoch takes on documents that no machine here holds, from short epochs that "
        f"it does. Measuring took {seconds:.0f} s. A process is this machine, on all its cores. "
        "`python -m benchmarks scale_model` generates this page; see the user guide on scale for "
        "what the figures mean.\n",
        f"Measured on {machine['cpu']}, {machine['cores']} cores; Python {machine['python']}, "
        f"{versions}.\n",
        "## What a unit of work takes\n",
        f"Fitted to {len(fitted)} networks and lengths, of which it misses none by more than "
        f"{max(map(abs, off)):.0f} %. A kind that takes no time shows up as another one.\n",
        "| work | nanoseconds |",
        "| --- | --- |",
        *(f"| {name} | {1e9 * rate:,.4g} |" for name, rate in zip(WORK, rates, strict=True)),
        f"| token, from text to its id | {1e9 * splitting:,.4g} |",
        "",
        "## Epochs that were not used for this\n",
        "| epoch | measured, s | predicted, s | predicted / measured |",
        "| --- | --- | --- | --- |",
    ]
    for name, (measured, model) in checked.items():
        lines.append(f"| {name} | {measured:.3f} | {model:.3f} | {model / measured:.2f} |")
    return "\n".join([*lines, "", *predictions(args, rates, splitting), ""])


def predictions(args, rates, splitting):
    """Return the lines on the documents asked about."""
    network = Network(
        int(args.words),
        embedding_dim=args.embedding_dim,
        hidden_size=args.hidden_size,
        num_layers=args.num_layers,
    )
    n_tokens = args.documents * args.length
    matrix, around = id_bytes(args.documents, n_tokens)
    lines = [
        f"## {args.documents:,.0f} documents of {args.length:,.0f} tokens\n",
        f"A bidirectional LSTM with {args.hidden_size} units, {args.num_layers} layer(s), "
        f"embeddings of size {args.embedding_dim}, {args.words:,.0f} words and "
        f"{network.n_outputs} classes. Gradients go up a binary tree of processes and the sum "
        f"comes back, over links of {args.bandwidth / 1.25e8:g} Gbit/s with "
        f"{1e6 * args.latency:g} microseconds a message.\n",
        f"- Splitting the text takes {n_tokens * splitting / DAY:,.1f} days of one core.",
        f"- All ids in one matrix take {matrix / 1e12:,.2f} TB, and training "
        f"{around / 1e9:,.0f} GB beside it.\n",
        "| documents in a batch | processes | computation of a step, ms | exchange, ms "
        "| MB exchanged | days for an epoch |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for batch in args.batch:
        for n_processes in args.processes:
            if n_processes > batch:
                continue
            epoch, compute, exchange = predict_epoch(args, network, rates, batch, n_processes)
            n_bytes = network.bytes_of_step(batch, args.length) if n_processes > 1 else 0
            lines.append(
                f"| {batch:,} | {n_processes:,} | {1000 * compute:,.1f} | {1000 * exchange:,.1f} "
                f"| {n_bytes / 1e6:,.1f} | {epoch / DAY:,.1f} |"
            )
    return lines
