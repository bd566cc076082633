"""Interpolated Kneser-Ney n-grams over characters and words: what a language model has to beat.

Writes kneser_ney.md: nats a token by order, on the part of each corpus that results are reported
on. Discounts are those of modified Kneser-Ney (Chen and Goodman, 1999) or one an order.
"""

import argparse
from collections import Counter, defaultdict
from itertools import chain
from math import exp, log
from pathlib import Path

from benchmarks._texts import as_ids, load_texts

CORPORA = ("tinyshakespeare", "names_makemore", "pride_and_prejudice", "alice")
BOUNDARY = 0
HEADER = """# Kneser-Ney n-grams

Interpolated Kneser-Ney models, the baseline of a language model: mean negative log-likelihood, in
nats a token, on the validation part of tinyshakespeare and on the test part of the others. An
n-gram of order n predicts a token from the n - 1 before it. "One" discount an order is plain
Kneser-Ney, "three" are those of modified Kneser-Ney. The names are documents, whose ends are
predicted; of the other texts each is one stream. `python -m benchmarks kneser_ney` generates this
page."""


class KneserNey:
    """Probability of a token after those before it.

    The highest order counts how often an n-gram occurs, a lower one how many different tokens it
    follows: "Francisco" is frequent, but hardly a word to expect after a new one. Each order gives
    part of its mass to the next lower one, the lowest to all ids alike.

    Parameters
    ----------
    order : int
        Tokens of an n-gram; `order` - 1 are read to predict the next.
    n_ids : int
        Number of ids, over which probabilities sum to one.
    documents : bool
        Whether a document has the boundary, id 0, before its first and after its last token. Of a
        text without, the first token is read but not predicted.
    modified : bool, default=True
        Whether n-grams seen once, twice and more often have discounts of their own.

    References
    ----------
    S. F. Chen and J. Goodman, "An empirical study of smoothing techniques for language modeling",
    Computer Speech and Language 13 (1999).
    """

    def __init__(self, order, n_ids, *, documents, modified=True):
        self.order = order
        self.n_ids = n_ids
        self.documents = documents
        self.modified = modified

    def fit(self, documents):
        """Count the n-grams of documents, each a sequence of ids."""
        sequences = [self._with_boundaries(ids) for ids in documents]
        counts = self._count(sequences)
        self.counts_ = counts
        self.discounts_ = [_discounts(table.values(), self.modified) for table in counts]
        # For each context: the sum of its counts, and the mass that discounting takes from it.
        self.totals_, self.freed_ = [], []
        for table, discount in zip(counts, self.discounts_, strict=True):
            total, freed = defaultdict(int), defaultdict(float)
            for gram, count in table.items():
                total[gram[:-1]] += count
                freed[gram[:-1]] += discount[min(count, 3)]
            self.totals_.append(total)
            self.freed_.append(freed)
        return self

    def _with_boundaries(self, ids):
        ids = tuple(map(int, ids))
        return (BOUNDARY, *ids, BOUNDARY) if self.documents else ids

    def _count(self, sequences):
        """Return a table from n-gram to count for each order, the lowest first."""
        seen = [
            Counter(chain.from_iterable(_grams(ids, n) for ids in sequences))
            for n in range(1, self.order + 1)
        ]
        tables = [Counter(gram[1:] for gram in longer) for longer in seen[1:]]
        for table, grams in zip(tables[1:], seen[1:], strict=False):
            # Nothing can stand before the beginning of a document, so what begins there counts
            # as often as it occurs.
            begins = {gram: n for gram, n in grams.items() if gram[0] == BOUNDARY}
            if self.documents:
                table.update(begins)
        highest = seen[-1]
        if self.order == 1 and self.documents:
            highest[BOUNDARY,] -= len(sequences)  # those that are read, not predicted
        return [*tables, highest]

    def prob(self, token, context):
        """Return the probability of a token after a context, of which the last tokens are read."""
        context = tuple(context)[max(0, len(context) - self.order + 1) :]
        p = 1 / self.n_ids
        for n in range(len(context) + 1):
            read = context[len(context) - n :]
            total = self.totals_[n].get(read)
            if total is None:  # nor has a longer context been seen
                break
            count = self.counts_[n].get((*read, token), 0)
            p = (count - self.discounts_[n][min(count, 3)] + self.freed_[n][read] * p) / total
        return p

    def log_probs(self, ids):
        """Return the log-probabilities of the tokens of a document, with that of its end."""
        ids = self._with_boundaries(ids)
        return [
            log(self.prob(ids[k], ids[max(0, k - self.order + 1) : k])) for k in range(1, len(ids))
        ]

    def nats(self, documents):
        """Return the mean negative log-likelihood of a token."""
        found = [value for ids in documents for value in self.log_probs(ids)]
        return -sum(found) / len(found)


def _grams(ids, n):
    return zip(*(ids[k:] for k in range(n)), strict=False)


def _discounts(counts, modified):
    """Return what to subtract from counts of 0, 1, 2, and 3 or more."""
    n = Counter(count for count in counts if count <= 4)
    if not n[1]:
        return 0.0, 0.5, 0.5, 0.5
    y = n[1] / (n[1] + 2 * n[2])
    # The estimates need n-grams of each of these counts, which few tokens may not have.
    if not modified or not (n[2] and n[3] and n[4]):
        return 0.0, y, y, y
    ratios = n[2] / n[1], n[3] / n[2], n[4] / n[3]
    found = [k - (k + 1) * y * ratio for k, ratio in enumerate(ratios, start=1)]
    if min(found) <= 0 or any(d > k for k, d in enumerate(found, start=1)):
        return 0.0, y, y, y
    return 0.0, *found


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks kneser_ney", description=__doc__)
    parser.add_argument("--corpora", nargs="+", choices=CORPORA, default=CORPORA)
    parser.add_argument("--orders", nargs="+", type=int, default=[2, 3, 4, 5, 6, 7, 8])
    parser.add_argument("--word-orders", nargs="+", type=int, default=[1, 2, 3, 4, 5])
    parser.add_argument("--min-count", type=int, default=2)
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    lines = [f"{HEADER}\n", "## Characters\n", *measure(args.corpora, args.orders, args, False)]
    texts = [name for name in args.corpora if not load_texts(name).documents]
    if texts:
        note = (
            "Words, numbers and punctuation marks as `SequenceVectorizer` splits them. Those seen "
            f"fewer than {args.min_count} times in the training part are one unknown token, which "
            "is predicted like any other. The figures are nats a token.\n"
        )
        lines += ["\n## Words\n", note, *measure(texts, args.word_orders, args, True)]
    folder = Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kneser_ney.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def measure(names, orders, args, words):
    """Return the lines of a table: nats a token by order, and the best order's perplexity."""
    heads = [f"order {order}" for order in orders]
    lines = [f"| {' | '.join(['corpus', 'discounts', *heads, 'best perplexity'])} |"]
    lines.append(f"|{' --- |' * (len(heads) + 3)}")
    for name in names:
        texts = load_texts(name)
        parts, n_ids = as_ids(texts, min_count=args.min_count if words else 1, words=words)
        for modified in (False, True):
            nats = []
            for order in orders:
                model = KneserNey(order, n_ids, documents=texts.documents, modified=modified)
                nats.append(model.fit(parts["train"]).nats(parts[texts.reported]))
                print(name, modified, order, nats[-1], flush=True)
            shown = [f"**{value:.3f}**" if value == min(nats) else f"{value:.3f}" for value in nats]
            cells = [name, "three" if modified else "one", *shown, f"{exp(min(nats)):.2f}"]
            lines.append(f"| {' | '.join(cells)} |")
    return lines
