from types import SimpleNamespace

import numpy as np
import pytest

from sklearn_rnn import WordVectors

VECTORS = np.arange(6, dtype=np.float64).reshape(3, 2)


def keyed_vectors(**attributes):
    return SimpleNamespace(index_to_key=["a", "b", "c"], vectors=VECTORS, **attributes)


@pytest.mark.parametrize("wrap", [lambda keyed: keyed, lambda keyed: SimpleNamespace(wv=keyed)])
def test_vectors_of_a_model_are_copied(wrap):
    keyed = keyed_vectors()
    vectors = WordVectors.from_gensim(wrap(keyed))
    assert vectors.words.tolist() == ["a", "b", "c"]
    np.testing.assert_array_equal(vectors.vectors, VECTORS)
    assert not np.shares_memory(vectors.vectors, VECTORS)


def test_ngrams_of_a_model_make_unseen_words():
    table = np.ones((5, 2), np.float32)
    keyed = keyed_vectors(vectors_ngrams=table, min_n=2, max_n=3, bucket=5)
    vectors = WordVectors.from_gensim(keyed)
    np.testing.assert_array_equal(vectors["unseen"], [1, 1])
    table[:] = 9
    np.testing.assert_array_equal(vectors["unseen"], [1, 1])


def test_what_is_no_model_is_refused():
    with pytest.raises(TypeError, match=r"must be KeyedVectors of gensim 4 .* Got dict instead"):
        WordVectors.from_gensim({"a": [1]})


def test_training_without_gensim_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "gensim", None)
    monkeypatch.setitem(__import__("sys").modules, "gensim.models", None)
    with pytest.raises(ImportError, match=r"pip install 'sklearn-rnn\[gensim\]'"):
        WordVectors.from_texts(["a b", "a b"], method="word2vec")


@pytest.mark.parametrize("method", ["word2vec", "fasttext"])
def test_training_with_gensim_is_determined_by_random_state(method):
    pytest.importorskip("gensim")
    texts = ["a good film", "a bad film", "good book", "bad book rare"]
    first, again = (
        WordVectors.from_texts(texts, method=method, n_features=3, random_state=0) for _ in "ab"
    )
    assert sorted(first.words) == ["a", "bad", "book", "film", "good"]
    np.testing.assert_array_equal(first.vectors, again.vectors)
    assert ("rare" in first) == (method == "fasttext")


def test_gensim_reads_what_the_tests_write_as_we_do(tmp_path):
    models = pytest.importorskip("gensim.models")
    from gensim.models.fasttext import load_facebook_vectors
    from vector_files import VECTORS, WORDS, write_fasttext, write_text, write_word2vec

    for binary, data in ((False, write_text(header=True)), (True, write_word2vec())):
        path = tmp_path / "vectors"
        path.write_bytes(data)
        keyed = models.KeyedVectors.load_word2vec_format(path, binary=binary)
        np.testing.assert_array_equal(keyed.vectors, WordVectors.load(path).vectors)
    path = tmp_path / "model.bin"
    buckets = np.random.default_rng(0).standard_normal((20, 3)).astype(np.float32)
    path.write_bytes(write_fasttext(WORDS, VECTORS, ngram_rows=buckets))
    keyed, vectors = load_facebook_vectors(path), WordVectors.load(path)
    for word in [*WORDS, "unseen", "kötü", "日"]:
        np.testing.assert_allclose(keyed[word], vectors[word], atol=1e-6)
