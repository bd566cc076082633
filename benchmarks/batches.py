"""Do batches of similar lengths cost accuracy? Compare them with fully random batches.

Writes batches.md: accuracy on the test split for some seeds, seconds of the fits, and the share of
rows that would be padding if a batch were padded to its longest document, and that is padding in
the blocks of time that are computed.
"""

import argparse
from pathlib import Path
from time import perf_counter
from unittest.mock import patch

import numpy as np

from benchmarks._data import data_folder, load
from sklearn_rnn import RNNTextClassifier, SequenceVectorizer
from sklearn_rnn._training import batches as batches_file
from sklearn_rnn._training.batches import SequenceDataset
from sklearn_rnn.modules import PackedLayout, TimeBlocks


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks batches", description=__doc__)
    parser.add_argument("--data", nargs="+", default=["newsgroups6", "tweet_sentiment"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    lines = [
        "# Batches of similar lengths and random batches\n",
        "The table shows accuracy on the test split (mean and standard deviation over seeds) and "
        "seconds per fit, for the recurrent network alone (`wide_weight=0`). The last columns show "
        "how many rows would be padding if batches were padded to their longest document, and how "
        "many are padding in the blocks that are computed. `python -m benchmarks batches` "
        "generates this page.\n",
        "| data set | accuracy, random | accuracy, similar lengths | seconds, random "
        "| seconds, similar | padding, random | padding, similar "
        "| blocks, random | blocks, similar |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name in args.data:
        lines.append(compare(name, args.seeds))
        print(lines[-1], flush=True)
    Path(args.output).mkdir(parents=True, exist_ok=True)
    (Path(args.output) / "batches.md").write_text("\n".join(lines) + "\n")


def compare(name, n_seeds):
    """Return the line of one data set."""
    parts = load(data_folder() / f"{name}.csv.gz")
    vectorizer = SequenceVectorizer()
    X, X_test = vectorizer.fit_transform(parts["train"][0]), vectorizer.transform(parts["test"][0])
    y, y_test = parts["train"][1], parts["test"][1]
    found = {"random": [], "similar": []}
    for seed in range(n_seeds):
        for kind in found:
            # A window of one batch sorts nothing.
            with patch.object(batches_file, "MAX_WINDOW", 1 if kind == "random" else 100):
                start = perf_counter()
                clf = RNNTextClassifier(wide_weight=0, random_state=seed).fit(X, y)
                seconds = perf_counter() - start
                batches = clf.net_.get_iterator(SequenceDataset(X), training=True)
                score = clf.score(X_test, y_test)
                found[kind].append((score, seconds, *shares_of_padding(batches)))
    random, similar = (np.array(found[kind]) for kind in ("random", "similar"))
    cells = [f"{r[:, 0].mean():.3f} ± {r[:, 0].std():.3f}" for r in (random, similar)]
    cells += [f"{np.median(r[:, 1]):.1f}" for r in (random, similar)]
    cells += [f"{r[:, i].mean():.1%}" for i in (2, 3) for r in (random, similar)]
    return f"| {name} | {' | '.join(cells)} |"


def shares_of_padding(batches):
    """Return the share of rows without a token, in padded batches and in our blocks."""
    n_padded = n_in_blocks = n_tokens = 0
    for batch, _ in batches:
        layouts = [PackedLayout(part.batch_sizes) for part in batch.parts]
        n_padded += len(batch) * max(len(layout.batch_sizes) for layout in layouts)
        n_in_blocks += sum(TimeBlocks(layout).n_places for layout in layouts)
        n_tokens += sum(len(part.data) for part in batch.parts)
    return 1 - n_tokens / n_padded, 1 - n_tokens / n_in_blocks
