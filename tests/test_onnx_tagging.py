"""RNNTokenClassifier as an ONNX model: the same tags and probabilities."""

import json
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from sklearn.pipeline import make_pipeline

from sklearn_rnn import (
    RNNLanguageModel,
    RNNTokenClassifier,
    SequenceVectorizer,
    export_onnx,
)
from sklearn_rnn._onnx.graph import Graph
from sklearn_rnn._onnx.spelling import affix_numbers, word_shapes
from sklearn_rnn._tagging.spelling import spell, word_shape
from sklearn_rnn.modules._make_encoder import GRIDS
from sklearn_rnn.modules.cells import CELLS

X = [
    ["Fly", "to", "Oslo", "!"],
    ["from", "Rome", "to", "New", "York", "at", "10", "or", "3.5", "iPad"],
    [],
    ["", "Straße", "日本", "B-52", "I"],
    ["fly"],
] * 2
Y = [
    ["O", "O", "B", "O"],
    ["O", "B", "O", "B", "I", "O", "O", "O", "O", "O"],
    [],
    ["O", "B", "B", "I", "I"],
    ["O"],
] * 2
SMALL = {
    "embedding": None,
    "embedding_dim": 4,
    "hidden_size": 5,
    "char_embedding_dim": 3,
    "char_hidden_size": 4,
    "max_epochs": 1,
    "random_state": 0,
}


def fit(X=X, y=Y, **params):
    """Return a tagger with weights far from 0."""
    tagger = RNNTokenClassifier(**{**SMALL, **params}).fit(X, y)
    rng = np.random.default_rng(1)
    with torch.no_grad():
        for parameter in tagger.module_.parameters():
            parameter.copy_(torch.from_numpy(rng.normal(0, 0.7, parameter.shape)))
    return tagger


def open_session(tagger):
    exported = export_onnx(tagger)
    onnx.checker.check_model(exported, full_check=True)
    return onnxruntime.InferenceSession(exported.SerializeToString())


def as_inputs(sentences, vocabulary, more=0):
    """Return what the model reads, by hand, with more padding than there must be."""
    n_tokens = max(1, *map(len, sentences)) + more
    n_characters = max(1, *(len(token) for row in sentences for token in row)) + more
    token_ids = np.zeros((len(sentences), n_tokens), np.int32)
    points = np.zeros((*token_ids.shape, n_characters), np.int32)
    for row, sentence in enumerate(sentences):
        for place, token in enumerate(sentence):
            token_ids[row, place] = vocabulary.get(token.lower(), 1)
            points[row, place, : len(token)] = [*map(ord, token)]
    return {"token_ids": token_ids, "code_points": points}


def assert_same(tagger, sentences=X, more=0):
    session = open_session(tagger)
    vocabulary = json.loads(session.get_modelmeta().custom_metadata_map["vocabulary"])
    inputs = as_inputs(sentences, vocabulary, more)
    labels, probabilities = session.run(["label", "probabilities"], inputs)
    expected = tagger.predict(sentences).tolist(), tagger.predict_proba(sentences)
    for row, sentence in enumerate(sentences):
        n = len(sentence)
        assert labels[row, :n].tolist() == expected[0][row]
        np.testing.assert_allclose(probabilities[row, :n], expected[1][row], atol=1e-4)
        assert (labels[row, n:] == "").all()
        assert not probabilities[row, n:].any()
    return session


@pytest.mark.parametrize(
    "params",
    [
        *({"cell": cell} for cell in (*CELLS, *GRIDS)),
        {"crf": False},
        {"num_layers": 3, "bidirectional": False},
        {"residual": False},
        {"variational_dropout": True},
        {"zoneout": 0.2},
        {"embedding_dim": 3, "embedding": "glove"},
    ],
    ids=str,
)
def test_tags_and_probabilities_are_those_of_the_tagger(params):
    assert_same(fit(**params))


@pytest.mark.parametrize("more", [0, 3])
def test_padding_changes_nothing(more):
    tagger = fit()
    assert_same(tagger, more=more)
    assert_same(tagger, [["Oslo"]], more=more)
    assert_same(tagger, [*X, ["unheard-of", "Ørsted", "ǅ", "e\u0301a", "\U0001f600"] * 9], more)


def test_constraints_hold():
    tags = [["O" if tag == "O" else f"{tag}-x" for tag in row] for row in Y]
    tagger = fit(y=tags, constraints="bio")
    session = assert_same(tagger)
    labels = session.run(["label"], as_inputs([["a"] * 30], {}))[0][0].tolist()
    for before, after in zip(["O", *labels], labels, strict=False):
        assert after != "I-x" or before in ("B-x", "I-x")


def test_a_tagger_of_ids_and_numbers():
    vectorizer = SequenceVectorizer()
    ids = vectorizer.fit_transform(X[:2])
    tags = [[3 * (tag != "O") for tag in row] for row in Y[:2]]
    tagger = fit(ids, tags)
    session = open_session(make_pipeline(vectorizer, tagger))
    assert [each.name for each in session.get_inputs()] == ["token_ids"]
    padded = ids.toarray().astype(np.int32)
    labels, _ = session.run(None, {"token_ids": padded})
    assert labels.dtype == np.int64
    for row, expected in enumerate(tagger.predict(ids)):
        assert labels[row].tolist() == expected + [0] * (10 - len(expected))
    metadata = session.get_modelmeta().custom_metadata_map
    assert json.loads(metadata["classes"]) == [0, 3]
    assert json.loads(metadata["vocabulary"]) == vectorizer.vocabulary_


def test_one_that_started_from_a_language_model():
    words = SequenceVectorizer()
    model = RNNLanguageModel(vectorizer=words, embedding_dim=3, hidden_size=5, max_epochs=1).fit(X)
    params = {**SMALL, "embedding_dim": "auto", "hidden_size": 128}
    tagger = RNNTokenClassifier(**{**params, "pretrained": model}).fit(X, Y)
    assert_same(tagger)


def run(function, words):
    """Return what a part of the graph makes of words."""
    graph = Graph()
    points = graph.input("points", np.int64, ["n_characters", "n_words"])
    lengths = graph.input("lengths", np.int32, ["n_words"])
    graph.output("found", function(graph, points, lengths), np.int64, None)
    session = onnxruntime.InferenceSession(graph.model().SerializeToString())
    table = np.zeros((max(map(len, words)), len(words)), np.int64)
    for place, word in enumerate(words):
        table[: len(word), place] = [*map(ord, word)]
    sizes = np.array([max(1, len(word)) for word in words], np.int32)
    return session.run(None, {"points": table, "lengths": sizes})[0]


def test_shapes_of_words():
    words = [
        *("... it IBM Anna I iPad 日本 42 3.5 A4 don't Don't U.S. 4th".split()),
        *("ǅ ǅa ªb ⅷ Ⅷ ⓐ ß ŒUVRE".split()),
        *("Éa éA a日 A日 日A aa-Bb Mc-D ²a a² ٣٤ \U0001d400 \U0001f600".split()),
        "",
    ]
    assert run(word_shapes, words).tolist() == [word_shape(word or "\0") for word in words]


def test_shapes_of_all_characters():
    points = [p for p in range(1, sys.maxunicode + 1, 7) if not 0xD800 <= p < 0xE000]
    characters = [*map(chr, points)]
    for words in (characters, [f"A{c}b" for c in characters], [f"{c}a" for c in characters]):
        assert run(word_shapes, words).tolist() == [*map(word_shape, words)]


def test_affixes_are_numbered_alike():
    words = ["tone", "a", "", "日本語の", "\U0001f600!", "supercalifragilistic", "ab", "abc"]
    np.testing.assert_array_equal(run(affix_numbers, words), spell(words, "").affixes)
