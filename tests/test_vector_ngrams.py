import numpy as np
import pytest
from vector_files import bucket_of, ngrams_of, write_fasttext

from sklearn_rnn import WordVectors
from sklearn_rnn._vectors.ngrams import NgramHash, NgramVectors

WORDS = ["a", "of", "film", "café", "日本語", "über👍", "n't", "</s>", "x" * 40]
UNSEEN = ["b", "films", "cafés", "日本", "Überall", "zzzqqq"]
N_BUCKETS = 37


@pytest.mark.parametrize(("min_n", "max_n"), [(3, 6), (1, 1), (1, 3), (2, 2), (5, 4), (4, 60)])
def test_rows_are_those_of_a_plain_hash(min_n, max_n):
    words = [*WORDS, *UNSEEN, ""]
    rows, counts = NgramHash(min_n, max_n, 1000).rows(words)
    expected = [
        [bucket_of(ngram, 1000) for ngram in ngrams_of(word, min_n, max_n)] for word in words
    ]
    assert counts.tolist() == list(map(len, expected))
    assert rows.tolist() == [row for word in expected for row in word]


def test_known_hashes_of_fasttext():
    """FNV-1a of ASCII is published; of other bytes fastText's is its own."""
    assert bucket_of("foobar", 2**32) == 0xBF9CF968
    assert bucket_of("é", 2**32) != (((2166136261 ^ 0xC3) * 16777619 ^ 0xA9) * 16777619) % 2**32


@pytest.mark.parametrize("words", [[], ["film"]])
def test_without_ngrams_there_are_no_rows(words):
    for hash_ in (NgramHash(3, 0, 10), NgramHash(3, 6, 0)):
        rows, counts = hash_.rows(words)
        assert rows.tolist() == []
        assert counts.tolist() == [0] * len(words)


def test_many_words_are_hashed_as_few_are(monkeypatch):
    hash_ = NgramHash(3, 5, 100)
    whole = hash_.rows([*WORDS, *UNSEEN])
    monkeypatch.setattr("sklearn_rnn._vectors.ngrams._N_WORDS_AT_ONCE", 4)
    for one, other in zip(whole, hash_.rows([*WORDS, *UNSEEN]), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("sizes", [(3, 2000, 5), (-1, 3, 5), (1, 3, -5), (1.0, 3, 5), (1, True, 5)])
def test_impossible_sizes_are_refused(sizes):
    with pytest.raises(ValueError, match="characters cannot be"):
        NgramHash(*sizes)


def test_a_word_of_one_ngram_has_its_vector():
    table = np.arange(20, dtype=np.float32).reshape(10, 2)
    made, has_ngrams = NgramVectors(NgramHash(3, 3, 10), table).vectors(["a", "", "b"])
    np.testing.assert_array_equal(made[0], table[bucket_of("<a>", 10)])
    np.testing.assert_array_equal(made[2], table[bucket_of("<b>", 10)])
    assert has_ngrams.tolist() == [True, False, True]


def test_old_classifiers_have_no_ngrams(tmp_path):
    """They have buckets, of pairs of words, and write a length of n-grams that means nothing."""
    rows = np.ones((len(WORDS), 2), np.float32)
    for version, has_ngrams in ((11, False), (12, True)):
        data = write_fasttext(
            WORDS, rows, ngram_rows=np.zeros((9, 2)), version=version, model=3, labels=["x"]
        )
        (tmp_path / "model.bin").write_bytes(data)
        vectors = WordVectors.load(tmp_path / "model.bin")
        assert ("unseen" in vectors) == has_ngrams
        assert (vectors["film"] == 1).all() != has_ngrams


@pytest.fixture
def model(tmp_path):
    """A model of fastText, its rows, and the vector of a word by plain code."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((len(WORDS), 4)).astype(np.float32)
    buckets = rng.standard_normal((N_BUCKETS, 4)).astype(np.float32)
    path = tmp_path / "model.bin"
    path.write_bytes(write_fasttext(WORDS, rows, ngram_rows=buckets, min_n=2, max_n=4))

    def expected(word):
        ngrams = [] if word == "</s>" else ngrams_of(word, 2, 4)
        parts = [rows[WORDS.index(word)]] if word in WORDS else []
        parts += [buckets[bucket_of(ngram, N_BUCKETS)] for ngram in ngrams]
        return np.mean(parts, axis=0)

    return path, expected


def test_a_model_gives_words_and_unseen_words_the_mean_of_their_parts(model):
    path, expected = model
    vectors = WordVectors.load(path)
    assert vectors.words.tolist() == WORDS
    assert repr(vectors) == f"WordVectors(n_words={len(WORDS)}, n_features=4, n_ngrams=37)"
    for word in [*WORDS, *UNSEEN]:
        np.testing.assert_allclose(vectors[word], expected(word), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(vectors["Film"], vectors["film"])


def test_words_asked_for_are_made_of_ngrams_at_once(model, monkeypatch):
    path, expected = model
    whole = WordVectors.load(path)
    monkeypatch.setattr("sklearn_rnn._vectors.fasttext_file._BLOCK", 40)
    some = WordVectors.load(path, words=["film", *UNSEEN, "Of", "film", "</s>"])
    assert some.words.tolist() == ["film", *UNSEEN, "of", "</s>"]
    for word in ["film", "Of", *UNSEEN, "</s>"]:
        np.testing.assert_allclose(some[word], expected(word.replace("Of", "of")), atol=1e-6)
        np.testing.assert_allclose(some[word], whole[word], atol=1e-6)
    assert "kino" in whole
    assert "kino" not in some


def test_max_words_leaves_rare_words_to_their_ngrams(model):
    path, expected = model
    vectors = WordVectors.load(path, max_words=2)
    assert vectors.words.tolist() == WORDS[:2]
    rows = [bucket_of(ngram, N_BUCKETS) for ngram in ngrams_of("film", 2, 4)]
    np.testing.assert_allclose(vectors["film"], vectors._ngrams.table[rows].mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(vectors["of"], expected("of"), atol=1e-6)
