from itertools import pairwise
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from sklearn_rnn import SequenceVectorizer
from sklearn_rnn._text import ngrams as ngrams_file
from sklearn_rnn._text.ngrams import NGramCounts, count_ngrams, find_pairs
from sklearn_rnn._text.sequences import check_sequences, sequences_from_flat
from sklearn_rnn._text.vocabulary import FIRST_ID, UNKNOWN_ID
from sklearn_rnn.datasets import load_tweet_sentiment

N_IDS = 6

# Few words, so that pairs come again; some documents are empty and some words unknown.
some_documents = st.lists(
    st.lists(st.integers(UNKNOWN_ID, N_IDS - 1), max_size=8), min_size=1, max_size=12
)


def make_sequences(documents):
    tokens = np.array([i for ids in documents for i in ids], dtype=np.int32)
    return sequences_from_flat(tokens, [len(ids) for ids in documents])


def pairs_of(ngrams, n_ids=N_IDS):
    """Return the known pairs as tuples of two ids, and the triples as tuples of three."""
    found = []
    for key in ngrams.pairs:
        first, last = divmod(int(key), n_ids)
        found.append((first, last) if first < n_ids else (*found[first - n_ids], last))
    return found


def adjacent_pairs(ids):
    return {pair for pair in pairwise(ids) if UNKNOWN_ID not in pair}


def adjacent_triples(ids):
    triples = zip(ids, ids[1:], ids[2:], strict=False)
    return {triple for triple in triples if UNKNOWN_ID not in triple}


def inverse_frequency(item, sets):
    """Return the smoothed inverse frequency of an item among sets that may hold it."""
    return np.log((1 + len(sets)) / (1 + sum(item in held for held in sets))) + 1


@settings(deadline=None)
@given(documents=some_documents, min_df=st.integers(1, 4))
def test_ngrams_equal_those_of_a_plain_loop(documents, min_df):
    ngrams = count_ngrams(make_sequences(documents), N_IDS, min_df=min_df)
    words = [set(ids) for ids in documents]
    pairs = [adjacent_pairs(ids) for ids in documents]
    frequent = sorted(
        pair for pair in set().union(*pairs) if sum(pair in held for held in pairs) >= min_df
    )
    assert pairs_of(ngrams) == frequent
    expected = [inverse_frequency(word, words) for word in range(N_IDS)]
    np.testing.assert_allclose(ngrams.word_idf, expected, rtol=1e-6)
    expected = [inverse_frequency(pair, pairs) for pair in frequent]
    np.testing.assert_allclose(ngrams.pair_idf, expected, rtol=1e-6)


@settings(deadline=None)
@given(documents=some_documents, min_df=st.integers(1, 3))
def test_triples_equal_those_of_a_plain_loop(documents, min_df):
    ngrams = count_ngrams(make_sequences(documents), N_IDS, longest=3, min_df=min_df)
    pairs = count_ngrams(make_sequences(documents), N_IDS, min_df=min_df)
    triples = [adjacent_triples(ids) for ids in documents]
    frequent = sorted(
        triple for triple in set().union(*triples) if sum(triple in t for t in triples) >= min_df
    )
    assert pairs_of(ngrams) == [*pairs_of(pairs), *frequent]
    expected = [inverse_frequency(triple, triples) for triple in frequent]
    np.testing.assert_allclose(ngrams.pair_idf[len(pairs.pairs) :], expected, rtol=1e-6)
    assert ngrams.has_triples == bool(frequent)


@settings(deadline=None)
@given(documents=some_documents, max_pairs=st.integers(0, 8))
def test_no_triple_is_kept_without_its_pair(documents, max_pairs):
    ngrams = count_ngrams(
        make_sequences(documents), N_IDS, longest=3, min_df=1, max_pairs=max_pairs
    )
    found = pairs_of(ngrams)  # which finds the pair of each
    assert len(found) == len(ngrams.pair_idf) <= max_pairs
    assert (np.diff(ngrams.pairs) > 0).all()


def test_words_alone_can_be_counted():
    X = make_sequences([[2, 3], [2, 3]])
    assert pairs_of(count_ngrams(X, N_IDS, longest=1)) == []


def test_triples_of_too_many_ids_are_refused():
    with pytest.raises(ValueError, match=r"2,097,151 different tokens. Got 3,000,000. Set wide_n"):
        count_ngrams(make_sequences([[2, 3, 4]]), 3 * 10**6, longest=3)


@settings(deadline=None)
@given(documents=some_documents)
def test_keys_ascend_and_types_do_not_depend_on_the_corpus(documents):
    ngrams = count_ngrams(make_sequences(documents), N_IDS, min_df=1)
    assert (np.diff(ngrams.pairs) > 0).all()
    assert ngrams.pairs.dtype == np.int64
    assert ngrams.word_idf.dtype == ngrams.pair_idf.dtype == np.float32
    assert ngrams.word_idf.shape == (N_IDS,)
    assert ngrams.pair_idf.shape == ngrams.pairs.shape


@pytest.fixture(scope="module")
def tweets():
    X, _ = load_tweet_sentiment(return_X_y=True)
    return list(X[:1500])


# Words that occur once are unknown to the second, so that unknown tokens stand in the corpus.
@pytest.fixture(scope="module", params=[1, 2], ids=lambda min_df: f"words in {min_df}")
def corpus(request, tweets):
    """Return token ids of real text, their number, and the tokens as scikit-learn reads them."""
    vectorizer = SequenceVectorizer(min_df=request.param)
    X = vectorizer.fit_transform(tweets)
    documents = [
        [str(i) for i in ids] for ids in np.split(X.data.astype(int), X.indptr[1:-1].astype(int))
    ]
    return X, FIRST_ID + len(vectorizer.vocabulary_), documents


def fit_tfidf(documents, **kwargs):
    """Return the idf of each term that is free of the unknown token."""
    vectorizer = TfidfVectorizer(
        tokenizer=list, preprocessor=list, token_pattern=None, lowercase=False, **kwargs
    ).fit(documents)
    terms = [tuple(map(int, term.split())) for term in vectorizer.get_feature_names_out()]
    return {
        term: idf
        for term, idf in zip(terms, vectorizer.idf_, strict=True)
        if UNKNOWN_ID not in term
    }


def test_words_of_real_text_have_the_idf_of_sklearn(corpus):
    X, n_ids, documents = corpus
    expected = fit_tfidf(documents)
    assert set(expected) == {(word,) for word in range(FIRST_ID, n_ids)}
    ours = count_ngrams(X, n_ids).word_idf[FIRST_ID:]
    theirs = [expected[word,] for word in range(FIRST_ID, n_ids)]
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


@pytest.mark.parametrize("min_df", [1, 2, 5])
def test_pairs_of_real_text_have_the_idf_of_sklearn(corpus, min_df):
    X, n_ids, documents = corpus
    expected = fit_tfidf(documents, ngram_range=(2, 2), min_df=min_df)
    ngrams = count_ngrams(X, n_ids, min_df=min_df)
    pairs = pairs_of(ngrams, n_ids)
    assert len(pairs) > 100
    assert set(pairs) == set(expected)
    np.testing.assert_allclose(ngrams.pair_idf, [expected[pair] for pair in pairs], rtol=1e-6)


def test_both_together_have_the_idf_of_sklearn(corpus):
    X, n_ids, documents = corpus
    expected = fit_tfidf(documents, ngram_range=(1, 2))
    ngrams = count_ngrams(X, n_ids, min_df=1)
    ours = {(word,): ngrams.word_idf[word] for word in range(FIRST_ID, n_ids)}
    ours |= dict(zip(pairs_of(ngrams, n_ids), ngrams.pair_idf, strict=True))
    assert ours == pytest.approx(expected, rel=1e-6)


def test_unknown_tokens_give_no_pairs():
    documents = [[2, UNKNOWN_ID, 3, 4, UNKNOWN_ID, UNKNOWN_ID]] * 3
    assert pairs_of(count_ngrams(make_sequences(documents), N_IDS)) == [(3, 4)]


def test_pairs_never_cross_documents():
    documents = [[2, 3], [4, 5], [2, 3], [4, 5]]
    assert pairs_of(count_ngrams(make_sequences(documents), N_IDS)) == [(2, 3), (4, 5)]


def test_pairs_do_not_cross_an_empty_document():
    documents = [[2], [], [3], [2], [], [3]]
    assert pairs_of(count_ngrams(make_sequences(documents), N_IDS, min_df=1)) == []


def test_a_pair_counts_once_a_document():
    documents = [[2, 3, 2, 3, 2, 3], [4, 5], [4, 5]]
    assert pairs_of(count_ngrams(make_sequences(documents), N_IDS, min_df=2)) == [(4, 5)]


def test_the_order_of_a_pair_matters():
    documents = [[2, 3], [3, 2], [2, 3]]
    assert pairs_of(count_ngrams(make_sequences(documents), N_IDS)) == [(2, 3)]


def test_empty_documents_count_as_documents():
    with_empty = count_ngrams(make_sequences([[2, 3], [], [2, 3], []]), N_IDS)
    assert with_empty.pair_idf == pytest.approx([np.log(5 / 3) + 1])
    assert with_empty.word_idf[2] == pytest.approx(np.log(5 / 3) + 1)


@pytest.mark.parametrize("documents", [[[2], [3], [4]], [[], []], [[]], [[2, 3], [3, 4]]], ids=str)
def test_a_corpus_may_hold_no_pair(documents):
    ngrams = count_ngrams(make_sequences(documents), N_IDS)
    assert ngrams.pairs.tolist() == ngrams.pair_idf.tolist() == []
    assert np.isfinite(ngrams.word_idf).all()


def test_the_matrix_is_left_alone():
    X = make_sequences([[5, 2], [], [5, 2]])
    for array in (X.data, X.indices, X.indptr):
        array.flags.writeable = False
    count_ngrams(X, N_IDS)
    assert X.data.tolist() == [5, 2, 5, 2]


def test_keys_of_many_words_are_larger_than_int32():
    n_ids = 10**6
    documents = [[n_ids - 1, n_ids - 2, n_ids - 1]] * 2
    pairs = pairs_of(count_ngrams(make_sequences(documents), n_ids), n_ids)
    assert pairs == [(n_ids - 2, n_ids - 1), (n_ids - 1, n_ids - 2)]


def test_keys_of_the_largest_ids_do_not_overflow():
    # Such a table of words would fill the memory, so only the keys are made.
    n_ids = 2**31
    X = make_sequences([[n_ids - 1, n_ids - 1], [2, n_ids - 2, 3]])
    documents = np.array([0, 0, 1, 1, 1])
    keys, rows = find_pairs(X.data.astype(np.int64), documents, n_ids)
    pairs = [divmod(int(key), n_ids) for key in keys]
    assert pairs == [(n_ids - 1, n_ids - 1), (2, n_ids - 2), (n_ids - 2, 3)]
    assert rows.tolist() == [0, 1, 1]


def test_most_frequent_pairs_are_kept():
    X = check_sequences([[2, 3, 4], [2, 3, 4], [2, 3, 0], [4, 2, 0], [4, 2, 0]])
    assert count_ngrams(X, 5).pairs.tolist() == [2 * 5 + 3, 3 * 5 + 4, 4 * 5 + 2]
    kept = count_ngrams(X, 5, max_pairs=2)
    assert kept.pairs.tolist() == [2 * 5 + 3, 3 * 5 + 4]  # in 3 and 2; the last in 2 as well
    assert len(kept.pair_idf) == 2


@settings(deadline=None)
@given(documents=some_documents, chunk=st.integers(1, 30))
def test_counting_in_chunks_makes_no_difference(documents, chunk):
    X = make_sequences(documents)
    whole = count_ngrams(X, N_IDS)
    with patch.object(ngrams_file, "MIN_CHUNK_TOKENS", chunk):
        parts = count_ngrams(X, N_IDS)
    for name in ("word_idf", "pairs", "pair_idf"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


def test_of_too_many_pairs_the_rarest_are_forgotten():
    rng = np.random.RandomState(0)
    frequent = [2, 3, 4]
    X = make_sequences([[*frequent, *rng.randint(5, 60, size=20)] for _ in range(300)])
    with (
        patch.object(ngrams_file, "MIN_CHUNK_TOKENS", 500),
        patch.object(ngrams_file, "MAX_COUNTED_PAIRS", 600),
    ):
        ngrams = count_ngrams(X, n_ids=500)
    everything = count_ngrams(X, n_ids=500)
    assert len(ngrams.pairs) <= 600 < len(everything.pairs)
    for pair in (2 * 500 + 3, 3 * 500 + 4):
        place, expected = (np.flatnonzero(n.pairs == pair) for n in (ngrams, everything))
        np.testing.assert_array_equal(ngrams.pair_idf[place], everything.pair_idf[expected])
    np.testing.assert_array_equal(ngrams.word_idf, everything.word_idf)


@settings(deadline=None)
@given(
    documents=some_documents,
    cut=st.integers(0, 10),
    n_more=st.integers(0, 5),
    longest=st.integers(1, 3),
)
def test_counting_as_ids_come_makes_no_difference(documents, cut, n_more, longest):
    """The keys of pairs change with the number of ids; what they stand for does not."""
    X = make_sequences(documents)
    n_ids = N_IDS + n_more
    whole = NGramCounts(longest=longest).add(X, n_ids)
    parts = NGramCounts(longest=longest)
    if X[:cut].shape[0]:
        parts = parts.add(X[:cut], N_IDS)
    if X[cut:].shape[0]:
        parts = parts.add(X[cut:], n_ids)
    if len(parts.word_df) == n_ids:
        assert_same_counts(parts, whole)


@settings(deadline=None)
@given(documents=some_documents, longest=st.integers(1, 3))
def test_counts_can_be_read_off_the_inverse_frequencies(documents, longest):
    counts = NGramCounts(longest=longest).add(make_sequences(documents), N_IDS)
    assert_same_counts(NGramCounts.from_ngrams(counts.ngrams(min_df=1), longest), counts)


@pytest.mark.parametrize("n_documents", [1, 1000, 10**6])
def test_large_counts_can_be_read_off_nearly(n_documents):
    df = np.unique(np.geomspace(1, n_documents, 50).astype(np.int64))
    counts = NGramCounts(n_documents, np.array([0, *df]), np.arange(len(df)), df)
    found = NGramCounts.from_ngrams(counts.ngrams(min_df=1))
    assert found.n_documents == pytest.approx(n_documents, rel=2e-6)
    np.testing.assert_allclose(found.word_df, counts.word_df, rtol=4e-6)
    np.testing.assert_allclose(found.pair_df, df, rtol=4e-6)


def assert_same_counts(first, second):
    assert first.n_documents == second.n_documents
    for name in ("word_df", "pairs", "pair_df", "triples", "triple_df", "longest"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
