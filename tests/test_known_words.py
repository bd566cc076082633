"""What a tagger knows of words that only the table of vectors has."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import sklearn_rnn
from sklearn_rnn import RNNTokenClassifier, SequenceVectorizer, WordVectors

rng = np.random.RandomState(0)
CITIES = [f"city{letter}" for letter in "abcdefghijklmnopqrst"]
VERBS = [f"verb{letter}" for letter in "abcdefghijklmnopqrst"]
TABLE = WordVectors(
    [*CITIES, *VERBS],
    np.r_[rng.normal([3, 0, 0], size=(20, 3)), rng.normal([0, 3, 0], size=(20, 3))],
)
X = [[verb, city] for verb in VERBS[:8] for city in CITIES[:8]]
X.append(["once", CITIES[0]])
Y = [["O", "B-CITY"]] * len(X)
SMALL = {
    "embedding": TABLE,
    "hidden_size": 8,
    "char_embedding_dim": 2,
    "char_hidden_size": 2,
    "max_epochs": 2,
    "random_state": 0,
}


def fit(**params):
    return RNNTokenClassifier(**{**SMALL, **params}).fit(X, Y)


def test_words_of_the_table_alone_have_their_own_vectors():
    tagger = fit()
    vocabulary = tagger.vectorizer_.vocabulary_
    assert set(vocabulary) == {*CITIES, *VERBS, "once"}
    assert list(vocabulary.values()) == list(range(2, 43))
    # Only what the sentences hold was trained: the others are as far from each other as before.
    table = tagger.module_.embedding.table.weight.detach().numpy()
    new = table[[vocabulary[city] for city in CITIES[8:]]]
    given = TABLE.lookup(CITIES[8:])[0]
    scale = np.sqrt(((TABLE.vectors - TABLE.vectors.mean(axis=0)) ** 2).mean())
    assert_allclose(np.diff(new, axis=0), np.diff(given, axis=0) / scale / 3**0.5, rtol=1e-4)


def test_such_words_are_told_apart():
    tagger = fit(max_epochs=30, lr=0.02, dropout=0.0, bidirectional=False)
    cities, verbs = [[city] for city in CITIES[8:]], [[verb] for verb in VERBS[8:]]
    # Nothing but the vectors tells them: the spelling is switched off.
    for parameter in tagger.module_.spelling.parameters():
        parameter.data.zero_()
    p_city = [p[0, list(tagger.classes_).index("B-CITY")] for p in tagger.predict_proba(cities)]
    p_verb = [p[0, list(tagger.classes_).index("B-CITY")] for p in tagger.predict_proba(verbs)]
    assert np.mean(p_city) > np.mean(p_verb) + 0.3
    assert len(set(p_city)) == len(cities)


@pytest.mark.parametrize(
    "vectorizer",
    [
        SequenceVectorizer(vocabulary=[*CITIES[:8], *VERBS[:8]]),
        SequenceVectorizer(max_features=16),
        SequenceVectorizer(min_df=2),
    ],
)
def test_a_vocabulary_that_is_chosen_or_limited_stays(vectorizer):
    tagger = fit(vectorizer=vectorizer)
    assert len(tagger.vectorizer_.vocabulary_) <= 16
    assert set(tagger.vectorizer_.vocabulary_) <= {*CITIES[:8], *VERBS[:8]}


def test_without_a_table_the_vocabulary_is_that_of_the_sentences():
    assert len(fit(embedding=None).vectorizer_.vocabulary_) == 17
    assert len(fit(embedding="auto").vectorizer_.vocabulary_) == 17  # which has few of the words


def test_they_are_saved_and_learn_on(tmp_path):
    tagger = fit()
    sklearn_rnn.save(tagger, tmp_path / "tagger")
    loaded = sklearn_rnn.load(tmp_path / "tagger")
    rows = [[city, "new"] for city in CITIES]
    for one, other in zip(tagger.predict_proba(rows), loaded.predict_proba(rows), strict=True):
        assert_allclose(one, other)
    loaded.partial_fit([["new", CITIES[-1]]], [["O", "B-CITY"]])
    assert loaded.vectorizer_.vocabulary_["new"] == 43
    assert loaded.module_.embedding.table.num_embeddings == 44
    assert tagger.embedding_coverage_["words"] == 16 / 17
