"""The n-gram baseline of the benchmarks, against the formulas written out."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parents[1]))  # benchmarks are not installed

from benchmarks.kneser_ney import KneserNey

# Ids from 2 on, with n-grams of counts 1 to 4 and above in every order.
DOCUMENTS = [np.random.default_rng(seed).choice([2, 2, 2, 3, 3, 4, 5], 30) for seed in range(5)]
N_IDS = 7  # 1 and 6 do not occur


def occurrences(gram, sequences):
    return sum(tuple(ids[k : k + len(gram)]) == gram for ids in sequences for k in range(len(ids)))


def counted(gram, sequences, order, documents):
    """Return c(gram) in the highest order, and in a lower one how many tokens it follows."""
    if len(gram) == order:
        n_read = len(sequences) if documents and gram == (0,) else 0
        return occurrences(gram, sequences) - n_read
    if documents and gram[0] == 0 and len(gram) > 1:
        return occurrences(gram, sequences)
    return sum(occurrences((token, *gram), sequences) > 0 for token in range(N_IDS))


def brute_force(token, context, sequences, order, documents, modified):
    """Return the probability by the recursion of Chen and Goodman, every count made anew."""
    if not context:
        lower = 1 / N_IDS
    else:
        lower = brute_force(token, context[1:], sequences, order, documents, modified)
    length = len(context) + 1
    grams = {tuple(ids[k : k + length]) for ids in sequences for k in range(len(ids) - length + 1)}
    counts = {gram: counted(gram, sequences, order, documents) for gram in grams}
    n = {r: sum(count == r for count in counts.values()) for r in (1, 2, 3, 4)}
    total = sum(counts.get((*context, w), 0) for w in range(N_IDS))
    if not total:
        return lower
    y = n[1] / (n[1] + 2 * n[2]) if n[1] else 0.5
    discounts = [y, y, y]
    if modified and all(n.values()):
        found = [1 - 2 * y * n[2] / n[1], 2 - 3 * y * n[3] / n[2], 3 - 4 * y * n[4] / n[3]]
        if all(0 < d <= r for r, d in enumerate(found, start=1)):
            discounts = found
    taken = 0.0
    for w in range(N_IDS):
        if count := counts.get((*context, w), 0):
            taken += discounts[min(count, 3) - 1]
    count = counts.get((*context, token), 0)
    kept = count - discounts[min(count, 3) - 1] if count else 0.0
    return (kept + taken * lower) / total


@pytest.mark.parametrize("modified", [True, False])
@pytest.mark.parametrize("documents", [True, False])
@pytest.mark.parametrize("order", [1, 2, 4])
def test_probabilities_equal_the_formula(order, documents, modified):
    model = KneserNey(order, N_IDS, documents=documents, modified=modified).fit(DOCUMENTS)
    sequences = [(0, *ids, 0) if documents else tuple(ids) for ids in DOCUMENTS]
    contexts = [(), (2,), (2, 3, 2), (5, 4, 3), (6, 2, 2), (2, 6)] + [(0,), (0, 2)] * documents
    for context in contexts:
        read = context[max(0, len(context) - order + 1) :]
        for token in (0, 1, 2, 5):
            expected = brute_force(token, read, sequences, order, documents, modified)
            assert model.prob(token, context) == pytest.approx(expected, rel=1e-12)


def test_discounts_of_modified_kneser_ney_differ():
    """The corpus above must not be so small that both variants are the same."""
    model = KneserNey(3, N_IDS, documents=True).fit(DOCUMENTS)
    assert any(len(set(discounts[1:])) == 3 for discounts in model.discounts_)


@pytest.mark.parametrize("documents", [True, False])
@pytest.mark.parametrize("modified", [True, False])
def test_probabilities_sum_to_one(documents, modified):
    model = KneserNey(4, N_IDS, documents=documents, modified=modified).fit(DOCUMENTS)
    for context in [(), (2, 2, 2), (3, 6, 2), (6, 6, 6), (1,), (5, 5, 4)]:
        assert sum(model.prob(w, context) for w in range(N_IDS)) == pytest.approx(1)


def test_nats_are_the_mean_over_all_tokens_and_ends():
    model = KneserNey(3, N_IDS, documents=True).fit(DOCUMENTS)
    expected = [
        math.log(model.prob(token, (0, *ids)[: k + 1]))
        for ids in ([2, 3], [4])
        for k, token in enumerate([*ids, 0])
    ]
    assert model.nats([[2, 3], [4]]) == pytest.approx(-np.mean(expected))
    assert len(model.log_probs([2, 3])) == 3


def test_first_token_of_a_stream_is_read_only():
    model = KneserNey(3, N_IDS, documents=False).fit(DOCUMENTS)
    assert model.log_probs([2, 3, 4])[0] == pytest.approx(math.log(model.prob(3, (2,))))
    assert len(model.log_probs([2, 3, 4])) == 2
