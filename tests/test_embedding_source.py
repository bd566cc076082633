"""What the parameter `embedding` can be, and what is refused."""

import re
from pathlib import Path

import numpy as np
import pytest

from sklearn_rnn import RNNTextClassifier, SequenceVectorizer, WordVectors
from sklearn_rnn._training import embedding_source
from sklearn_rnn._training.embedding_source import open_table

X = ["good, not bad", "bad, not good"] * 4
Y = ["praise", "complaint"] * 4
IDS = SequenceVectorizer().fit_transform(X)  # ids up to 5
VECTORS = WordVectors(["good", "bad", "not"], [[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]])
FIXED = SequenceVectorizer(vocabulary=["good", "bad", "not"])


def fit(embedding, X=X, **params):
    small = {"hidden_size": 3, "max_epochs": 1, "random_state": 0}
    return RNNTextClassifier(embedding=embedding, **{**small, **params}).fit(X, Y)


@pytest.fixture
def reads(monkeypatch):
    """Return a list of the words that files are asked for, a set for each time one is read."""
    asked = []
    load = WordVectors.load

    def count(path, words):
        asked.append({*words})
        return load(path, words=words)

    embedding_source._load.cache_clear()
    monkeypatch.setattr(WordVectors, "load", count)
    yield asked
    embedding_source._load.cache_clear()


def write_vectors(path, *words):
    path.write_text("".join(f"{word} {i}.0 {-i}.5\n" for i, word in enumerate(words)))
    return path


@pytest.mark.parametrize("type_", [str, Path])
def test_the_words_of_the_documents_are_read_from_a_path(reads, tmp_path, type_):
    path = write_vectors(tmp_path / "vectors.txt", "good", "bad", "not", "ugly")
    clf = fit(type_(path))
    assert reads == [{"good", "bad", "not", ","}]
    assert clf.embedding_source_ == str(path)
    assert clf.embedding_coverage_ == fit(VECTORS).embedding_coverage_


def test_a_file_is_read_once_until_it_changes_or_other_words_are_asked_for(reads, tmp_path):
    path = write_vectors(tmp_path / "vectors.txt", "good", "bad")
    for _ in range(3):
        open_table(path, ["good"], RNNTextClassifier())
    assert len(reads) == 1
    open_table(path, ["good", "bad"], RNNTextClassifier())
    assert len(reads) == 2
    write_vectors(path, "good", "bad", "not")
    table, _ = open_table(path, ["good", "not"], RNNTextClassifier())
    assert "not" in table


def test_a_file_with_none_of_the_words_is_refused(tmp_path):
    path = write_vectors(tmp_path / "vectors.txt", "gut", "schlecht")
    with pytest.raises(ValueError, match="none of the 4 words asked for"):
        fit(path)


def test_a_file_may_have_the_name_that_a_table_nearly_has(tmp_path, monkeypatch):
    write_vectors(tmp_path / "glove.6B", "good", "bad")
    monkeypatch.chdir(tmp_path)
    assert fit("glove.6B").embedding_source_ == "glove.6B"


@pytest.mark.parametrize(
    ("embedding", "error", "message"),
    [
        ("glvoe", ValueError, "Got 'glvoe', and there is no such file. Did you mean 'glove'?"),
        ("", ValueError, "Got '', and there is no such file."),
        (".", IsADirectoryError, "must be the path of a file with word vectors. '.' is a folder."),
        ("word2vec", ValueError, "must be one of ['glove', 'auto'], a path, WordVectors, an array"),
        ("no/such.vec", FileNotFoundError, "There is no file 'no/such.vec'"),
        ("such.vec", FileNotFoundError, "There is no file 'such.vec'"),
        (Path("glove"), FileNotFoundError, "There is no file 'glove'"),
        (np.ones((6, 2)), ValueError, "must be WordVectors if fit learns the vocabulary"),
    ],
    ids=str,
)
def test_what_does_not_fit_raw_text_is_refused(embedding, error, message):
    with pytest.raises(error, match=re.escape(message)):
        fit(embedding)


@pytest.mark.parametrize(
    ("embedding", "error", "message"),
    [
        (VECTORS, ValueError, "looks words up, and token ids have none. Pass raw text to fit"),
        ("glove", ValueError, "looks words up, and token ids have none"),
        (np.ones((5, 2)), ValueError, "the token ids in X: 6 rows, padding (0) and the unknown"),
        (np.ones(6), ValueError, "of shape (n_ids, n_features). Got the shape (6,)"),
        (np.ones((6, 0)), ValueError, "of shape (n_ids, n_features). Got the shape (6, 0)"),
        (np.full((6, 2), np.nan), ValueError, "must be an array of finite numbers"),
        (
            np.full((6, 2), "a"),
            TypeError,
            "must be an array of real numbers. Got an array of dtype",
        ),
        (np.ones((6, 2), complex), TypeError, "Got an array of dtype complex128"),
        (np.ones((6, 2), object), TypeError, "Got an array of dtype object"),
    ],
    ids=lambda value: getattr(value, "shape", str(value)[:20]),
)
def test_what_does_not_fit_token_ids_is_refused(embedding, error, message):
    with pytest.raises(error, match=re.escape(message)):
        fit(embedding, X=IDS)


@pytest.mark.parametrize("n_rows", [4, 6])
def test_an_array_has_a_row_for_each_word_of_a_fixed_vocabulary(n_rows):
    with pytest.raises(ValueError, match=f"5 rows, padding .* included. Got {n_rows}"):
        fit(np.ones((n_rows, 2)), vectorizer=FIXED)


def test_a_vectorizer_without_vocabulary_is_refused():
    class Letters(SequenceVectorizer):
        def fit_transform(self, X, y=None):
            ids = super().fit_transform(X)
            del self.vocabulary_
            return ids

    with pytest.raises(ValueError, match=r"needs a vectorizer with a vocabulary_.* Got Letters"):
        fit(VECTORS, vectorizer=Letters())


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int8])
def test_an_array_may_be_of_any_real_numbers(dtype):
    assert fit(np.eye(6, 3).astype(dtype), X=IDS).module_.deep.embedding.output_size == 3
