"""How much of the gradient is left after 100 tokens, in plain cells, LSTM and GRU.

Each cell is trained alike on the drug reviews that ship with the package, one direction and
``pooling="last"``, so that the loss sees the last state alone. On test reviews that are long
enough, the gradient of the loss with respect to the state 100 tokens before the end is compared
with that at the end. Writes vanishing_gradients.md.
"""

import argparse
from pathlib import Path

import numpy as np

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn.datasets import load_drug_reviews
from sklearn_rnn.inspection import gradient_flow

CELLS = {"rnn": "plain, tanh", "lstm": "LSTM", "gru": "GRU"}
DISTANCE = 100


def main(argv):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks vanishing_gradients", description=__doc__
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    train = load_drug_reviews(subset="train", return_X_y=True)
    test = load_drug_reviews(subset="test", return_X_y=True)
    rows = {}
    for cell in CELLS:
        runs = [measure(cell, seed, args.epochs, train, test) for seed in range(args.seeds)]
        rows[cell] = runs
        print(cell, *(f"{ratio:.2g}" for ratio, _, _ in runs), flush=True)
    folder = Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    report = make_report(rows, args, majority=(test[1] == train[1].mode()[0]).mean())
    (folder / "vanishing_gradients.md").write_text(report, encoding="utf-8")


def measure(cell, seed, epochs, train, test):
    """Return the ratio of the gradients, on how many reviews, and the accuracy."""
    clf = RNNTextClassifier(
        cell=cell,
        bidirectional=False,
        pooling="last",
        skip_connection=False,
        wide_weight=0,
        max_epochs=epochs,
        random_state=seed,
    ).fit(*train)
    X, y = test
    flow = gradient_flow(clf, X, y).set_index("distance")
    row = flow.loc[DISTANCE]
    return row["ratio"], int(row["n_documents"]), clf.score(X, y)


def make_report(rows, args, majority):
    n_documents = next(iter(rows.values()))[0][1]
    lines = [
        "# Vanishing gradients",
        "",
        f"Norm of the derivative of the loss with respect to the state {DISTANCE} tokens before "
        "the end, divided by that at the end. A plain cell has the hidden state alone; that of an "
        "LSTM holds its cell state too.",
        "",
        "Each cell: 64 units in one direction, the last state pooled, no path past the "
        f"recurrence, {args.epochs} epochs on the drug reviews of the package, otherwise the "
        f"defaults. Medians over the {n_documents} test reviews of more than {DISTANCE} tokens; "
        f"over {args.seeds} seeds the median, the smallest and the largest. The accuracy, on all "
        "test reviews, is a mean over seeds; always naming the most frequent class gives "
        f"{majority:.3f}.",
        "",
        "| cell | ratio | smallest | largest | accuracy |",
        "| --- | --- | --- | --- | --- |",
    ]
    for cell, runs in rows.items():
        ratios, _, accuracies = np.transpose(runs)
        lines.append(
            f"| {CELLS[cell]} | {np.median(ratios):.1e} | {ratios.min():.1e} | {ratios.max():.1e} "
            f"| {np.mean(accuracies):.3f} |"
        )
    lines += [
        "",
        "Written by `python -m benchmarks vanishing_gradients`.",
    ]
    return "\n".join(lines) + "\n"
