from itertools import pairwise
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB

from sklearn_rnn import SequenceVectorizer
from sklearn_rnn._text import ngrams as ngrams_file
from sklearn_rnn._text.naive_bayes import log_ratios
from sklearn_rnn._text.ngrams import count_ngrams
from sklearn_rnn._text.sequences import check_sequences, sequences_from_flat
from sklearn_rnn._text.vocabulary import FIRST_ID, UNKNOWN_ID
from sklearn_rnn.datasets import load_tweet_sentiment

N_IDS, N_CLASSES = 6, 3

document = st.tuples(
    st.lists(st.integers(UNKNOWN_ID, N_IDS - 1), max_size=8),
    st.lists(st.booleans(), min_size=N_CLASSES, max_size=N_CLASSES),
    st.sampled_from([0.0, 0.5, 1.0, 2.0]),
)


def features_of(ids, ngrams):
    """Return the rows of the words, pairs and triples of one document."""
    rows = {*ids} - {UNKNOWN_ID}
    for a, b in pairwise(ids):
        rows |= row_of(a, b, ngrams)
    for a, b, c in zip(ids, ids[1:], ids[2:], strict=False):
        rows |= {row for pair in row_of(a, b, ngrams) for row in row_of(pair, c, ngrams)}
    return [*rows]


def row_of(first, word, ngrams):
    """Return the row of a pair, none if it is not known or a word is not."""
    if UNKNOWN_ID in (first, word):
        return set()
    return {N_IDS + int(i) for i in np.flatnonzero(ngrams.pairs == first * N_IDS + word)}


@settings(deadline=None)
@given(
    documents=st.lists(document, min_size=1, max_size=10),
    chunk=st.integers(1, 20),
    longest=st.integers(1, 3),
)
def test_ratios_equal_those_of_a_plain_loop(documents, chunk, longest):
    ids, labels, weights = zip(*documents, strict=True)
    X = sequences_from_flat(
        np.array([i for row in ids for i in row], np.int32), [len(row) for row in ids]
    )
    ngrams = count_ngrams(X, N_IDS, longest=longest, min_df=1)
    with patch.object(ngrams_file, "MIN_CHUNK_TOKENS", chunk):
        ratios, n_features = log_ratios(
            X, csr_array(np.array(labels, float)), np.array(weights), ngrams
        )

    features = [features_of(row, ngrams) for row in ids]
    counts = np.zeros((2, N_IDS + len(ngrams.pairs), N_CLASSES))  # outside, inside
    for rows, row_labels, weight in zip(features, labels, weights, strict=True):
        for column, label in enumerate(row_labels):
            counts[int(label), rows, column] += weight
    seen = counts.sum(axis=0)[:, 0] > 0
    shares = (counts + 1) / np.maximum((counts + 1)[:, seen].sum(axis=1, keepdims=True), 1)
    expected = np.log(shares[1] / shares[0])
    expected[~seen] = 0
    expected[:, (counts.sum(axis=1) == 0).any(axis=0)] = 0
    np.testing.assert_allclose(ratios, expected, atol=1e-5)
    assert n_features == pytest.approx(np.mean([len(rows) for rows in features]))


def test_ratios_equal_those_of_sklearn():
    """Words alone, where each document counts a word once: a MultinomialNB on binary counts."""
    X, y = load_tweet_sentiment(return_X_y=True)
    X, y = X[:500], np.array(y[:500] == "neutral")
    vectorizer = SequenceVectorizer().fit(X)
    tokens = vectorizer.transform(X)
    ngrams = count_ngrams(tokens, FIRST_ID + len(vectorizer.vocabulary_), max_pairs=0)
    ratios, _ = log_ratios(tokens, csr_array(y[:, None].astype(float)), np.ones(500), ngrams)

    counts = CountVectorizer(binary=True, analyzer=vectorizer.build_analyzer()).fit(X)
    bayes = MultinomialNB().fit(counts.transform(X), y)
    expected = bayes.feature_log_prob_[1] - bayes.feature_log_prob_[0]
    ids = [vectorizer.vocabulary_[word] for word in counts.get_feature_names_out()]
    np.testing.assert_allclose(ratios[ids, 0], expected, atol=1e-4)


def test_a_class_of_no_document_or_of_all_has_no_ratios():
    X = check_sequences([[2, 3], [2, 4]])
    labels = csr_array(np.array([[0, 1, 1], [0, 1, 0]]))
    ratios, _ = log_ratios(X, labels, np.ones(2), count_ngrams(X, n_ids=5))
    assert not ratios[:, :2].any()
    assert ratios[3, 2] > 0 > ratios[4, 2]
