"""SequenceVectorizer.partial_fit: a vocabulary learnt in chunks."""

import pickle
from copy import copy
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sklearn_rnn._text.growing_vocabulary as growing_vocabulary
from sklearn_rnn import SequenceVectorizer
from sklearn_rnn.datasets import load_drug_reviews, load_tweet_sentiment

REVIEWS = load_drug_reviews(return_X_y=True, as_frame=False)[0][:200].tolist()
TWEETS = load_tweet_sentiment(return_X_y=True, as_frame=False)[0][:1000].tolist()


def learn(documents, cuts=(), **params):
    """Return a vectorizer that learned the documents in chunks, cut at these places."""
    vectorizer = SequenceVectorizer(**params)
    bounds = [0, *sorted(cuts), len(documents)]
    for first, stop in pairwise(bounds):
        if first < stop:
            vectorizer.partial_fit(documents[first:stop])
    return vectorizer


words = st.lists(st.sampled_from("abcdefgh"), max_size=6).map(" ".join)


@settings(deadline=None, max_examples=100)
@given(
    documents=st.lists(words, min_size=1, max_size=12),
    data=st.data(),
    min_df=st.integers(1, 3),
    max_features=st.none() | st.integers(1, 5),
    max_df=st.sampled_from([1.0, 0.5, 4]),
)
def test_chunk_sizes_make_no_difference(documents, data, min_df, max_features, max_df):
    cuts = data.draw(st.lists(st.integers(0, len(documents)), max_size=4))
    params = {"min_df": min_df, "max_features": max_features, "max_df": max_df}
    whole, parts = learn(documents, **params), learn(documents, cuts, **params)
    assert list(parts.vocabulary_.items()) == list(whole.vocabulary_.items())
    assert parts.n_positions_ == whole.n_positions_
    np.testing.assert_array_equal(
        parts.transform(documents).toarray(), whole.transform(documents).toarray()
    )


@settings(deadline=None, max_examples=50)
@given(documents=st.lists(words, min_size=1, max_size=12), min_df=st.integers(1, 3))
def test_tokens_enter_in_the_order_in_which_they_reach_min_df(documents, min_df):
    counts, expected = {}, []
    for document in documents:
        for token in dict.fromkeys(document.split()):
            counts[token] = counts.get(token, 0) + 1
            if counts[token] == min_df:
                expected.append(token)
    vocabulary = learn(documents, [len(documents) // 2], min_df=min_df).vocabulary_
    assert vocabulary == {token: 2 + i for i, token in enumerate(expected)}


@pytest.mark.parametrize("params", [{}, {"min_df": 3}, {"min_df": 2, "max_df": 0.1}])
def test_the_tokens_read_are_those_of_fit(params):
    """Ids aside, real text becomes the same sequences as after `fit` on all of it."""
    fitted = SequenceVectorizer(**params).fit(REVIEWS)
    streamed = learn(REVIEWS, range(0, 200, 30), **params)
    assert fitted.inverse_transform(fitted.transform(REVIEWS)) == streamed.inverse_transform(
        streamed.transform(REVIEWS)
    )


def test_ids_given_never_change():
    vectorizer = SequenceVectorizer(min_df=2)
    before = {}
    for first in range(0, 1000, 100):
        vectorizer.partial_fit(TWEETS[first : first + 100])
        assert list(vectorizer.vocabulary_.items())[: len(before)] == list(before.items())
        before = vectorizer.vocabulary_
    assert list(before.values()) == list(range(2, 2 + len(before)))


def test_min_df_as_a_fraction_is_of_the_documents_so_far():
    vectorizer = SequenceVectorizer(min_df=0.5).partial_fit(["a b", "a c", "a", "a"])
    assert vectorizer.vocabulary_ == {"a": 2}
    vectorizer.partial_fit(["c", "c", "c", "b"])
    assert vectorizer.vocabulary_ == {"a": 2, "c": 3}


def test_a_token_above_max_df_keeps_its_id_and_may_come_back():
    vectorizer = SequenceVectorizer(max_df=0.5).partial_fit(["a b", "a c"])
    assert vectorizer.vocabulary_ == {"a": 2, "b": 3, "c": 4}
    np.testing.assert_array_equal(vectorizer.transform(["a b c"]).toarray(), [[1, 3, 4]])
    assert vectorizer.too_frequent_ids_.tolist() == [vectorizer.vocabulary_["a"]]
    vectorizer.partial_fit(["d", "d"])
    np.testing.assert_array_equal(vectorizer.transform(["a b c"]).toarray(), [[2, 3, 4]])


def test_max_features_bounds_the_vocabulary():
    vectorizer = learn(["a", "b a", "c"], [1, 2], max_features=2)
    assert vectorizer.vocabulary_ == {"a": 2, "b": 3}


def test_the_rarest_waiting_tokens_are_forgotten(monkeypatch):
    monkeypatch.setattr(growing_vocabulary, "MAX_WAITING_TOKENS", 4)
    vectorizer = SequenceVectorizer(min_df=3).partial_fit(["a", "a", "b c d e f g"])
    vectorizer.partial_fit(["a", "b", "b"])
    assert vectorizer.vocabulary_ == {"a": 2}
    vectorizer.partial_fit(["b"])
    assert vectorizer.vocabulary_ == {"a": 2, "b": 3}


def test_it_goes_on_from_fit_and_fit_forgets():
    vectorizer = SequenceVectorizer().fit(["b b a"])
    assert vectorizer.partial_fit(["c a"]).vocabulary_ == {"b": 2, "a": 3, "c": 4}
    fitted = SequenceVectorizer(max_df=0.5).fit(["x", "y"])
    vectorizer.set_params(max_df=0.5).fit(["x", "y"])
    assert vectorizer.vocabulary_ == fitted.vocabulary_
    np.testing.assert_array_equal(vectorizer.transform(["x y"]).toarray(), [[2, 3]])
    assert not len(vectorizer.too_frequent_ids_)
    assert vectorizer.partial_fit(["z"]).vocabulary_ == {"x": 2, "y": 3, "z": 4}


def test_a_given_vocabulary_stays():
    vectorizer = learn(["a b c", "a b c d"], [1], vocabulary=["b", "a"])
    assert vectorizer.vocabulary_ == {"b": 2, "a": 3}
    assert vectorizer.n_positions_ == 4


def test_pickling_between_chunks_makes_no_difference():
    copied = SequenceVectorizer(min_df=3, max_df=0.2)
    for first in range(0, 200, 50):
        copied = pickle.loads(pickle.dumps(copied)).partial_fit(REVIEWS[first : first + 50])
    whole = learn(REVIEWS, range(0, 200, 50), min_df=3, max_df=0.2)
    assert copied.vocabulary_ == whole.vocabulary_
    assert (copied.transform(REVIEWS) != whole.transform(REVIEWS)).nnz == 0


def test_a_failing_chunk_changes_nothing():
    vectorizer = SequenceVectorizer(min_df=2).partial_fit(["a b", "a"])
    with pytest.raises(ValueError, match="missing"):
        vectorizer.partial_fit(["b", None])
    assert vectorizer.partial_fit(["c"]).vocabulary_ == {"a": 2}
    assert vectorizer.partial_fit(["b"]).vocabulary_ == {"a": 2, "b": 3}


def test_a_shallow_copy_stays_as_it_was():
    vectorizer = SequenceVectorizer(min_df=2).partial_fit(["a b", "a"])
    copied = copy(vectorizer).partial_fit(["b c"])
    assert vectorizer.vocabulary_ == {"a": 2}
    assert copied.vocabulary_ == {"a": 2, "b": 3}
    assert vectorizer.partial_fit(["c"]).vocabulary_ == {"a": 2}


def test_chunks_may_hold_no_token():
    vectorizer = learn(["", "", "a"], [1, 2])
    assert vectorizer.vocabulary_ == {"a": 2}


@pytest.mark.parametrize("bounds", [{"min_df": 3, "max_df": 2}, {"min_df": 0.5, "max_df": 0.2}])
def test_bounds_that_exclude_all_are_refused(bounds):
    with pytest.raises(ValueError, match="max_df corresponds to < documents than min_df"):
        SequenceVectorizer(**bounds).partial_fit(["a"])
