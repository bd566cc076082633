import warnings

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_rnn import RNNTextClassifier, RNNTranslator, SequenceVectorizer, SubwordVectorizer
from sklearn_rnn.inspection import AlignmentDisplay, AttentionDisplay

mpl.use("Agg")

X = ["the cat", "a dog ran", "the dog", "a cat"] * 5
Y = ["le chat", "un chien court", "le chien", "un chat"] * 5


def make_translator(**params):
    small = {"embedding_dim": 6, "hidden_size": 8, "max_epochs": 20, "random_state": 0}
    return RNNTranslator(**{**small, **params})


@pytest.fixture(scope="module")
def model():
    return make_translator().fit(X, Y)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_the_map_shows_the_attention(model):
    text = "the dog ran"
    display = AlignmentDisplay.from_estimator(model, text)
    (weights,) = model.attention_weights([text])
    np.testing.assert_array_equal(display.weights, weights)
    np.testing.assert_array_equal(display.image_.get_array(), weights)
    assert display.image_.get_clim() == (0, 1)
    assert display.source_tokens == ["the", "dog", "ran"]
    assert display.target_tokens == model.predict([text])[0].split()
    assert [text.get_text() for text in display.ax_.get_xticklabels()] == display.source_tokens
    assert [text.get_text() for text in display.ax_.get_yticklabels()] == display.target_tokens
    assert display.ax_.get_xlabel() == "source token"


def test_bars_are_the_coverage(model):
    display = AlignmentDisplay.from_estimator(model, "the dog ran", "le chien court")
    heights = [bar.get_height() for bar in display.bars_]
    np.testing.assert_allclose(heights, display.weights.sum(axis=0), rtol=1e-6)
    np.testing.assert_allclose(sum(heights), 3, rtol=1e-5)
    places = [bar.get_x() + bar.get_width() / 2 for bar in display.bars_]
    np.testing.assert_allclose(places, [0, 1, 2])
    assert display.coverage_ax_.get_ylabel() == "coverage"
    assert display.coverage_ax_.get_xlim() == display.ax_.get_xlim()


def test_a_target_can_be_given(model):
    display = AlignmentDisplay.from_estimator(model, "the dog", "un chat zut")
    (weights,) = model.attention_weights(["the dog"], ["un chat zut"])
    np.testing.assert_array_equal(display.weights, weights)
    assert display.target_tokens == ["un", "chat", "zut"]
    in_list = AlignmentDisplay.from_estimator(model, ["the dog"], ["un chat zut"])
    np.testing.assert_array_equal(in_list.weights, weights)


def test_lists_of_tokens():
    model = make_translator().fit([x.split() for x in X], [y.split() for y in Y])
    display = AlignmentDisplay.from_estimator(model, [["the", "Dog"]], ["le", "chien"])
    assert display.source_tokens == ["the", "Dog"]
    assert display.target_tokens == ["le", "chien"]
    written = AlignmentDisplay.from_estimator(model, [["the", "dog"]])
    assert written.target_tokens == model.predict([["the", "dog"]])[0]


def test_characters_and_subwords_are_spelled_as_in_the_text():
    characters = SequenceVectorizer(analyzer="char")
    subwords = SubwordVectorizer(vocab_size=280)
    model = make_translator(
        source_vectorizer=characters, target_vectorizer=subwords, max_epochs=2
    ).fit(X, Y)
    display = AlignmentDisplay.from_estimator(model, "The cat", "le chat")
    assert display.source_tokens == list("The cat")
    pieces = [piece.removeprefix("##") for piece in display.target_tokens]
    assert "".join(pieces) == "lechat"
    assert display.weights.shape == (len(pieces), 7)


def test_token_ids_are_called_by_their_numbers():
    ids = SequenceVectorizer().fit_transform(X)
    model = make_translator(max_epochs=2).fit(ids, Y)
    display = AlignmentDisplay.from_estimator(model, ids[:1], Y[0])
    assert display.source_tokens == list(map(str, ids[:1].data))


def test_an_empty_source_is_the_unknown_token(model):
    display = AlignmentDisplay.from_estimator(model, "", "le")
    assert display.source_tokens == ["<unk>"]
    np.testing.assert_allclose(display.weights, [[1]])


def test_an_empty_target_can_be_drawn(model):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        display = AlignmentDisplay.from_estimator(model, "the dog", "")
    assert display.weights.shape == (0, 2)
    np.testing.assert_array_equal(display.coverage, [0, 0])
    display.figure_.canvas.draw()


def test_regions_are_called_by_their_numbers():
    regions = np.random.default_rng(0).normal(size=(8, 5, 3))
    model = make_translator(max_epochs=2).fit(regions, ["a b"] * 8)
    display = AlignmentDisplay.from_estimator(model, regions[1], "a b")
    np.testing.assert_array_equal(
        display.weights, model.attention_weights(regions[1:2], ["a b"])[0]
    )
    assert display.source_tokens == ["0", "1", "2", "3", "4"]
    assert display.ax_.get_xlabel() == "region"
    again = AlignmentDisplay.from_estimator(model, regions[1:2], "a b")
    np.testing.assert_array_equal(again.weights, display.weights)
    with pytest.raises(ValueError, match="must be one document"):
        AlignmentDisplay.from_estimator(model, regions)


def test_pipelines_and_searches_are_unwrapped(model):
    lower = FunctionTransformer(lambda texts: [text.lower() for text in texts])
    pipe = make_pipeline(lower, make_translator()).fit(X, Y)
    expected = AlignmentDisplay.from_estimator(model, "the dog")
    display = AlignmentDisplay.from_estimator(pipe, "THE dog")
    np.testing.assert_array_equal(display.weights, expected.weights)
    assert display.source_tokens == ["the", "dog"]
    search = GridSearchCV(make_translator(), {"hidden_size": [8]}, cv=2).fit(X, Y)
    found = AlignmentDisplay.from_estimator(search, "the dog")
    np.testing.assert_array_equal(found.weights, expected.weights)


def test_what_has_no_alignment_is_refused(model):
    clf = RNNTextClassifier(hidden_size=2, max_epochs=1).fit(X, Y)
    with pytest.raises(TypeError, match=r"must be a fitted RNNTranslator\. Got RNNTextClassifier"):
        AlignmentDisplay.from_estimator(clf, "the dog")
    with pytest.raises(TypeError, match=r"Got RNNTranslator, .*: see AlignmentDisplay"):
        AttentionDisplay.from_estimator(model, "the dog")
    with pytest.raises(ValueError, match=r"must be one document.*Got list with 2 rows"):
        AlignmentDisplay.from_estimator(model, ["the", "dog"])
    with pytest.raises(TypeError, match="must be one document"):
        AlignmentDisplay.from_estimator(model, 3)
