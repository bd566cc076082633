"""Texts that a language model reads from their end, and words that start from vectors."""

import numpy as np
import pytest

from sklearn_rnn import RNNLanguageModel, SequenceVectorizer, WordVectors

TEXTS = ["the cat sat on the mat", "a dog ran", "", "the dog sat on a cat"] * 5
BACKWARDS = [" ".join(reversed(text.split())) for text in TEXTS]
LABELS = [0, 1, 1, 0] * 5


def make(**params):
    small = {"hidden_size": 6, "max_epochs": 2, "random_state": 0, "n_jobs": 1}
    return RNNLanguageModel(vectorizer=SequenceVectorizer(), **{**small, **params})


@pytest.mark.parametrize("y", [None, LABELS])
def test_reading_from_the_end_is_reading_what_is_reversed(y):
    model = make(reverse=True, early_stopping=True).fit(TEXTS, y, X_val=TEXTS, y_val=y)
    same = make(early_stopping=True).fit(BACKWARDS, y, X_val=BACKWARDS, y_val=y)
    assert model.validation_scores_ == same.validation_scores_
    np.testing.assert_array_equal(model.log_prob(TEXTS), same.log_prob(BACKWARDS))
    np.testing.assert_array_equal(model.transform(TEXTS), same.transform(BACKWARDS))
    assert model.score(TEXTS, y) == same.score(BACKWARDS, y)
    if y is not None:
        np.testing.assert_array_equal(model.predict_proba(TEXTS), same.predict_proba(BACKWARDS))
    for ours, theirs in zip(
        model.token_log_probs(TEXTS), same.token_log_probs(BACKWARDS), strict=True
    ):
        np.testing.assert_array_equal(ours[:-1], theirs[-2::-1])
        assert ours[-1] == theirs[-1]


def test_a_stream_has_no_end_to_read_from():
    with pytest.raises(ValueError, match="Got reverse=True with documents=False"):
        make(reverse=True, documents=False).fit(TEXTS)


@pytest.mark.parametrize("method", ["generate", "stream"])
def test_what_reads_from_the_end_cannot_go_on(method):
    with pytest.raises(ValueError, match=r"cannot continue one\. Fit one with reverse=False"):
        getattr(make(reverse=True).fit(TEXTS), method)("the")


@pytest.mark.parametrize(("embedding_dim", "width"), [("auto", 3), (4, 4)])
@pytest.mark.parametrize("tie_weights", [False, True])
def test_words_start_from_vectors(embedding_dim, width, tie_weights):
    rng = np.random.default_rng(0)
    vectors = WordVectors(["cat", "dog", "sat"], rng.normal(size=(3, 3)))
    params = {"embedding_dim": embedding_dim, "tie_weights": tie_weights, "lr": 1e-12}
    model = make(embedding=vectors, weight_decay=0.0, **params).fit(TEXTS)
    embedding = model.module_.embedding
    assert (embedding.output_size, embedding.table.embedding_dim) == (width, 3)
    rows = (embedding.scale * embedding.table.weight).detach().numpy()
    expected = vectors.lookup(["cat", "dog", "sat"])[0]
    expected = expected / np.sqrt((expected**2).mean())
    ids = [model.vectorizer_.vocabulary_[word] for word in ("cat", "dog", "sat")]
    np.testing.assert_allclose(rows[ids], expected, rtol=1e-4)


def test_training_goes_on_from_vectors():
    model = make(embedding="glove", warm_start=True).fit(TEXTS)
    before = model.score(TEXTS)
    assert model.module_.embedding.output_size == 100
    assert model.set_params(max_epochs=5).fit(TEXTS).score(TEXTS) > before


def test_new_words_of_a_stream_start_from_vectors():
    rng = np.random.default_rng(0)
    vectors = WordVectors(["cat", "zebra"], rng.normal(size=(2, 3)))
    model = make(embedding=vectors, lr=1e-12, weight_decay=0.0)
    model.partial_fit(TEXTS).partial_fit(["a zebra"])
    embedding = model.module_.embedding
    rows = (embedding.scale * embedding.table.weight).detach().numpy()
    expected = vectors.lookup(["zebra"])[0][0]
    ours = rows[model.vectorizer_.vocabulary_["zebra"]]
    cosine = ours @ expected / np.linalg.norm(ours) / np.linalg.norm(expected)
    assert cosine == pytest.approx(1, abs=1e-4)
