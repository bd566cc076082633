"""Text split in several processes: the same to the bit, and errors and interrupts come through."""

import multiprocessing
import os
import threading
import time

import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sklearn_rnn._text.many_processes as many_processes
from sklearn_rnn import RNNTextClassifier, SequenceVectorizer
from sklearn_rnn._text.many_processes import count_processes, cut_into_parts
from sklearn_rnn.datasets import load_tweet_sentiment

TWEETS = load_tweet_sentiment(return_X_y=True, as_frame=False)[0][:2000].tolist()


@pytest.fixture
def short_parts(monkeypatch):
    """Send even short documents to other processes."""
    monkeypatch.setattr(many_processes, "MIN_CHARACTERS", 0)
    monkeypatch.setattr(many_processes, "_MIN_PART", 10_000)


def shout(text):
    return text.upper()


def name_the_process(text):
    return [f"process{os.getpid()}"]


def here():
    return f"process{os.getpid()}"


def name_of(value):
    """Return a name for a test that is the same in every process: functions have addresses."""
    return "-".join(value) if isinstance(value, dict) else str(value)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"min_df": 2, "max_df": 0.5, "max_features": 500},
        {"analyzer": "char", "max_length": 20, "truncation": "tail"},
        {"preprocessor": shout},
        {"stop_words": "english", "strip_accents": "unicode"},
        {"vocabulary": ["the", "a", "new york"]},
        {"token_pattern": r"\w+ \w+"},
    ],
    ids=name_of,
)
def test_results_are_those_of_one_process(params, short_parts):
    one, two = SequenceVectorizer(**params), SequenceVectorizer(**params, n_jobs=2)
    for method in ("fit_transform", "transform"):
        assert_same(getattr(two, method)(TWEETS), getattr(one, method)(TWEETS))
    assert list(two.vocabulary_.items()) == list(one.vocabulary_.items())
    assert two.n_positions_ == one.n_positions_


def assert_same(X, expected):
    assert X.shape == expected.shape
    for part in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(X, part), getattr(expected, part))
        assert getattr(X, part).dtype == getattr(expected, part).dtype


def test_tokens_and_chunks_are_those_of_one_process(short_parts):
    X = [tweet.split() for tweet in TWEETS]
    one, two = SequenceVectorizer(min_df=2), SequenceVectorizer(min_df=2, n_jobs=2)
    for first in (0, 1000):
        for vectorizer in (one, two):
            vectorizer.partial_fit(X[first : first + 1000])
    assert list(two.vocabulary_.items()) == list(one.vocabulary_.items())
    assert_same(two.transform(X), one.transform(X))


def test_an_estimator_splits_by_its_vectorizer(short_parts):
    y = [len(tweet) > 100 for tweet in TWEETS[:300]]
    probabilities = []
    for n_jobs in (None, 2):
        clf = RNNTextClassifier(
            vectorizer=SequenceVectorizer(n_jobs=n_jobs),
            embedding=None,
            embedding_dim=4,
            hidden_size=4,
            max_epochs=1,
            random_state=0,
        )
        probabilities.append(clf.fit(TWEETS[:300], y).predict_proba(TWEETS))
    np.testing.assert_array_equal(*probabilities)


def test_long_corpora_are_split_elsewhere_and_short_ones_here():
    vectorizer = SequenceVectorizer(tokenizer=name_the_process, n_jobs=2)
    assert list(vectorizer.fit(TWEETS).vocabulary_) == [here()]
    n_times = 1 + many_processes.MIN_CHARACTERS // sum(map(len, TWEETS))
    assert here() not in vectorizer.fit(TWEETS * n_times).vocabulary_


@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_the_backend_of_joblib_is_used(backend, short_parts):
    with joblib.parallel_config(backend):
        X = SequenceVectorizer(n_jobs=2).fit_transform(TWEETS)
    assert_same(X, SequenceVectorizer().fit_transform(TWEETS))


def test_threads_are_not_used(short_parts):
    with joblib.parallel_config("threading"):
        assert count_processes(2) == 1
    assert count_processes(2) == 2


def count_in_a_daemon(n_jobs):
    return multiprocessing.current_process().daemon, count_processes(n_jobs)


def test_a_process_of_a_pool_starts_no_others():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(count_in_a_daemon, (None,)) == (True, 1)


def test_n_jobs_is_counted_as_joblib_does():
    assert count_processes(None) == count_processes(1) == 1
    assert count_processes(-1) == joblib.cpu_count()
    with pytest.raises(ValueError, match="n_jobs == 0"):
        SequenceVectorizer(n_jobs=0).fit(TWEETS)
    with pytest.raises(ValueError, match="The 'n_jobs' parameter of SequenceVectorizer"):
        SequenceVectorizer(n_jobs="all").fit(TWEETS)


BAD_ROW = 1700


def fail_on_a_tweet(text):
    if text == TWEETS[BAD_ROW]:
        raise KeyError("no such word")
    return text.split()


def return_a_number(text):
    return 3 if text == TWEETS[BAD_ROW] else text.split()


def fail_in_preprocessing(text):
    return " ".join(fail_on_a_tweet(text))


def fail_lazily(text):
    yield from fail_on_a_tweet(text)


# joblib ends its processes after an error, and to start them takes seconds: two of them, no more.
@pytest.mark.parametrize(
    ("params", "n_jobs"),
    [
        ({"tokenizer": fail_on_a_tweet, "lowercase": False}, None),
        ({"analyzer": fail_lazily}, None),
        ({"preprocessor": fail_in_preprocessing}, None),
        ({"preprocessor": fail_in_preprocessing}, 2),
    ],
    ids=name_of,
)
def test_an_error_of_the_users_function_names_the_row(params, n_jobs, short_parts):
    vectorizer = SequenceVectorizer(**params, n_jobs=n_jobs)
    with pytest.raises(KeyError, match="no such word") as caught:
        vectorizer.fit(TWEETS)
    assert caught.value.__notes__ == [f"Raised for row {BAD_ROW} of X, counted from 0."]
    assert not hasattr(vectorizer, "vocabulary_")


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_our_error_names_the_row(n_jobs, short_parts):
    vectorizer = SequenceVectorizer(analyzer=return_a_number, n_jobs=n_jobs)
    with pytest.raises(TypeError, match=f"it returned int for row {BAD_ROW}"):
        vectorizer.fit(TWEETS)


def sleep_over(text):
    time.sleep(0.05)
    return text.split()


def test_an_interrupt_comes_through_and_leaves_the_vectorizer_as_it_was(short_parts, sigint):
    vectorizer = SequenceVectorizer(n_jobs=2).fit(TWEETS)  # whose processes have started
    known = vectorizer.vocabulary_
    vectorizer.set_params(analyzer=sleep_over)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), sigint))
    start = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        vectorizer.fit(TWEETS)
    timer.join()
    assert time.monotonic() - start < 30  # of the 50 that it would take
    assert vectorizer.vocabulary_ is known
    vectorizer.set_params(analyzer="word").fit(TWEETS)
    assert vectorizer.vocabulary_ == known


@given(
    lengths=st.lists(st.integers(0, 3 * 10**5), min_size=1, max_size=30),
    n_processes=st.integers(1, 4),
)
def test_parts_hold_every_row_once(lengths, n_processes):
    documents = [range(length) for length in lengths]
    parts = cut_into_parts(documents, n_processes)
    assert [row for first, end in parts for row in range(first, end)] == list(range(len(lengths)))
    assert all(first < end for first, end in parts)
    if n_processes == 1 or sum(lengths) < many_processes.MIN_CHARACTERS:
        assert len(parts) == 1


def test_documents_without_a_length_are_cut_by_their_number():
    parts = cut_into_parts([object()] * 4096, 2)
    assert len(parts) > 1
    assert {end - first for first, end in parts[:-1]} == {parts[0][1]}
