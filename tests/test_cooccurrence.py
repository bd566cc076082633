import numpy as np
import pytest
from scipy.sparse import csr_array

from sklearn_rnn._vectors.cooccurrence import count_pairs, train_ppmi

DOCUMENTS = [[0, 1, 2, 0, -1, 3], [], [3], [1, 1, 9, 2]]
N_WORDS = 4


@pytest.fixture
def tokens():
    lengths = list(map(len, DOCUMENTS))
    data = np.concatenate([np.array(ids, np.int32) for ids in DOCUMENTS])
    indices = np.concatenate([np.arange(n, dtype=np.int32) for n in lengths])
    return csr_array((data, indices, np.cumsum([0, *lengths])), shape=(4, 6))


def count_plainly(window):
    counts = np.zeros((N_WORDS, N_WORDS))
    for ids in DOCUMENTS:
        for i, first in enumerate(ids):
            for j, second in enumerate(ids):
                if i != j and abs(i - j) <= window and {first, second} <= set(range(N_WORDS)):
                    counts[first, second] += 1 / abs(i - j)
    return counts


@pytest.mark.parametrize("window", [1, 2, 5, 30])
def test_pairs_equal_those_of_loops(tokens, window):
    counts = count_pairs(tokens, N_WORDS, window=window).toarray()
    np.testing.assert_allclose(counts, count_plainly(window))


def test_products_of_vectors_come_near_the_information(tokens):
    counts = count_plainly(2)
    of_words = counts.sum(axis=1)
    smooth = of_words**0.75 / (of_words**0.75).sum()
    with np.errstate(divide="ignore"):
        information = np.maximum(np.log(counts / np.outer(of_words, smooth)), 0)
    left, values, _ = np.linalg.svd(information)
    vectors = train_ppmi(tokens, N_WORDS, n_features=3, window=2, random_state=0)
    assert vectors.shape == (N_WORDS, 3)
    assert vectors.dtype == np.float32
    expected = left[:, :3] * np.sqrt(values[:3])
    np.testing.assert_allclose(vectors @ vectors.T, expected @ expected.T, atol=1e-5)
