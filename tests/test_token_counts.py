"""Vocabularies of parts of a corpus, joined: the vocabulary of the whole corpus."""

import operator
import pickle
from functools import partial, reduce
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_rnn import SequenceVectorizer, TokenCounts
from sklearn_rnn.datasets import load_tweet_sentiment

TWEETS = load_tweet_sentiment(return_X_y=True, as_frame=False)[0][:1000].tolist()

words = st.lists(st.sampled_from("abcdefgh"), max_size=6).map(" ".join)
bounds = st.integers(1, 5) | st.sampled_from([0.0, 0.1, 0.25, 1 / 3, 0.5, 0.7, 1.0])


def count_parts(vectorizer, documents, cuts):
    places = sorted({0, *cuts, len(documents)})
    return [vectorizer.count_tokens(documents[first:end]) for first, end in pairwise(places)]


def learned(fit, argument):
    """Return what a vectorizer has learned, or the message of its error."""
    try:
        vectorizer = fit(argument)
    except ValueError as exc:
        return str(exc)
    return list(vectorizer.vocabulary_.items()), vectorizer.n_positions_


@settings(deadline=None, max_examples=300)
@given(
    documents=st.lists(words, min_size=1, max_size=12),
    cuts=st.lists(st.integers(0, 12), max_size=4),
    min_df=bounds,
    max_df=bounds,
    max_features=st.none() | st.integers(1, 8),
)
def test_parts_give_the_vocabulary_of_the_whole(documents, cuts, min_df, max_df, max_features):
    vectorizer = SequenceVectorizer(min_df=min_df, max_df=max_df, max_features=max_features)
    counts = count_parts(vectorizer, documents, [cut for cut in cuts if cut < len(documents)])
    assert learned(vectorizer.fit_counts, counts) == learned(vectorizer.fit, documents)


@settings(deadline=None, max_examples=50)
@given(data=st.data(), documents=st.lists(words, min_size=4, max_size=12).filter(any))
def test_counts_are_added_in_any_order_and_grouping(data, documents):
    vectorizer = SequenceVectorizer(max_features=4)
    parts = data.draw(st.permutations(count_parts(vectorizer, documents, range(len(documents)))))
    middle = data.draw(st.integers(1, len(parts) - 1))
    total = reduce(operator.add, parts[:middle]) + TokenCounts.sum(parts[middle:])
    assert learned(vectorizer.fit_counts, total) == learned(vectorizer.fit, documents)


@pytest.mark.parametrize(
    "params",
    [
        {"min_df": 2, "max_df": 0.1, "max_features": 300, "stop_words": "english"},
        {"analyzer": "char", "max_length": 5},
        {"vocabulary": ["good", "bad"]},
        {"tokenizer": partial(str.split, sep=" "), "n_jobs": 2},
    ],
    ids=str,
)
def test_tweets_counted_elsewhere_are_transformed_as_after_fit(params):
    vectorizer = SequenceVectorizer(**params)
    counts = [
        pickle.loads(pickle.dumps(vectorizer)).count_tokens(TWEETS[first : first + 300])
        for first in range(0, 1000, 300)
    ]
    merged = SequenceVectorizer(**params).fit_counts(pickle.loads(pickle.dumps(counts)))
    expected = vectorizer.fit(TWEETS)
    assert merged.vocabulary_ == expected.vocabulary_
    assert (merged.transform(TWEETS) != expected.transform(TWEETS)).nnz == 0
    assert merged.n_positions_ == expected.n_positions_


def test_counting_leaves_the_vectorizer_and_the_counts_as_they_are():
    vectorizer = SequenceVectorizer()
    first, second = vectorizer.count_tokens(["a b a"]), vectorizer.count_tokens(["b"])
    assert not hasattr(vectorizer, "vocabulary_")
    total = first + second
    assert (first.tokens, first.occurrences.tolist(), first.documents.tolist()) == (
        ["a", "b"],
        [2, 1],
        [1, 1],
    )
    assert (total.n_documents, total.longest, total.documents.tolist()) == (2, 3, [1, 2])


def test_a_part_may_hold_no_token():
    vectorizer = SequenceVectorizer()
    counts = [vectorizer.count_tokens(part) for part in ([""], ["a"])]
    assert vectorizer.fit_counts(counts).vocabulary_ == {"a": 2}
    with pytest.raises(ValueError, match="empty vocabulary"):
        vectorizer.fit_counts(counts[0])


def test_partial_fit_goes_on_as_after_fit():
    vectorizer = SequenceVectorizer()
    vectorizer.partial_fit(["x y"]).fit_counts(vectorizer.count_tokens(["b b a"]))
    assert vectorizer.partial_fit(["c a"]).vocabulary_ == {"b": 2, "a": 3, "c": 4}


@pytest.mark.parametrize(
    ("other", "name"),
    [
        ({"lowercase": False}, "lowercase"),
        ({"stop_words": ["a"]}, "stop_words"),
        ({"analyzer": str.split}, "analyzer"),
        ({"token_pattern": "."}, "token_pattern"),
    ],
)
def test_counts_of_other_tokens_are_refused(other, name):
    vectorizer = SequenceVectorizer()
    counts = [vectorizer.count_tokens(["a"]), SequenceVectorizer(**other).count_tokens(["b"])]
    with pytest.raises(ValueError, match=f"split text differently cannot be joined: '{name}'"):
        vectorizer.fit_counts(counts)
    with pytest.raises(ValueError, match=f"split text differently cannot be joined: '{name}'"):
        vectorizer.fit_counts(counts[1])


def test_columns_must_be_the_same_in_all_parts():
    vectorizer = SequenceVectorizer()
    table = pd.DataFrame({"title": ["a"], "body": ["b"]})
    counts = vectorizer.count_tokens(table)
    assert vectorizer.fit_counts(counts).columns_ == ["title", "body"]
    with pytest.raises(ValueError, match="must have the same columns"):
        counts + vectorizer.count_tokens(table[["body", "title"]])
    with pytest.raises(ValueError, match="must have the same columns"):
        counts + vectorizer.count_tokens(["a"])


@pytest.mark.parametrize(("counts", "found"), [([], "none"), (["a b"], "str"), ("a", "str")])
def test_what_is_no_count_is_refused(counts, found):
    with pytest.raises(TypeError, match=f"Counts must be TokenCounts.*got {found}"):
        SequenceVectorizer().fit_counts(counts)
    with pytest.raises(TypeError, match="unsupported operand"):
        SequenceVectorizer().count_tokens(["a"]) + counts
