"""RNNTranslator as two ONNX models: a loop over the decoder gives what the estimator says."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from sklearn.pipeline import make_pipeline

from sklearn_rnn import (
    RNNLanguageModel,
    RNNTranslator,
    SequenceVectorizer,
    SubwordVectorizer,
    export_onnx,
)
from sklearn_rnn.modules._make_encoder import GRIDS
from sklearn_rnn.modules.cells import CELLS

X = ["a cat", "the dog sleeps", "", "a dog and the cat"] * 3
Y = ["un chat", "le chien dort", "rien", "un chien et le chat"] * 3
SMALL = {"embedding_dim": 4, "hidden_size": 6, "max_epochs": 1, "random_state": 0}
MEMORY = ["keys", "values", "is_position", "start"]


def fit(X=X, **params):
    """Return a model with weights far from 0."""
    model = RNNTranslator(**{**SMALL, **params}).fit(X, Y)
    rng = np.random.default_rng(1)
    with torch.no_grad():
        for parameter in model.module_.parameters():
            parameter.copy_(torch.from_numpy(rng.normal(0, 0.7, parameter.shape)))
    return model


class Loop:
    """Write targets by the two exported parts."""

    def __init__(self, model):
        self.sessions = {}
        for part in ("encoder", "decoder"):
            exported = export_onnx(model, part=part)
            onnx.checker.check_model(exported, full_check=True)
            self.sessions[part] = onnxruntime.InferenceSession(exported.SerializeToString())

    def metadata(self, part):
        facts = self.sessions[part].get_modelmeta().custom_metadata_map
        return {name: json.loads(fact) for name, fact in facts.items()}

    def encode(self, **source):
        return dict(zip(MEMORY, self.sessions["encoder"].run(MEMORY, source), strict=True))

    def start(self, n_documents):
        inputs = [each for each in self.sessions["decoder"].get_inputs() if "state_" in each.name]
        return {each.name: np.zeros((n_documents, each.shape[1]), np.float32) for each in inputs}

    def step(self, ids, memory, states):
        given = {"token_ids": np.asarray(ids, np.int32), **memory, **states}
        log_probs, attention, *after = self.sessions["decoder"].run(None, given)
        return log_probs, attention, dict(zip(states, after, strict=True))

    def read(self, memory, ids):
        """Return the log-probability of a target of one source, and the attention at its tokens."""
        states, total, attended = self.start(1), 0.0, []
        for before, after in zip([0, *ids], [*ids, 0], strict=True):
            log_probs, attention, states = self.step([before], memory, states)
            total += log_probs[0, after]
            attended.append(attention[0])
        return total, np.array(attended[:-1])


def texts_of(model, texts):
    return {"token_ids": model.source_vectorizer_.transform(texts).toarray().astype(np.int32)}


def ids_of(model, target):
    return model.target_vectorizer_.transform([target]).data.tolist()


def assert_same(model):
    loop = Loop(model)
    expected, attention = model.log_prob(X, Y), model.attention_weights(X, Y)
    for row in range(4):
        memory = loop.encode(**texts_of(model, [X[row]]))
        found, attended = loop.read(memory, ids_of(model, Y[row]))
        np.testing.assert_allclose(found, expected[row], rtol=1e-5, atol=1e-4)
        np.testing.assert_allclose(attended, attention[row], atol=1e-5)


@pytest.mark.parametrize(
    "params",
    [
        *({"cell": cell} for cell in (*CELLS, *GRIDS)),
        {"bidirectional": False},
        {"num_layers": 2},
        {"attention": "additive"},
        {"attention": "dot"},
        {"attention": "dot", "bidirectional": False},
        {"input_feeding": True},
        {"input_feeding": True, "num_layers": 2, "cell": "gru", "attention": "additive"},
        {"tie_weights": True},
        {"zoneout": 0.3},
        {"target_vectorizer": SubwordVectorizer(vocab_size=280)},
    ],
    ids=str,
)
def test_a_loop_gives_log_prob_and_attention(params):
    assert_same(fit(**params))


def test_sources_of_other_lengths_beside_change_nothing():
    model = fit()
    loop = Loop(model)
    memory, states = loop.encode(**texts_of(model, X[:4])), loop.start(4)
    alone = [loop.encode(**texts_of(model, [text])) for text in X[:4]]
    alone_states = [loop.start(1) for _ in alone]
    for ids in ([0] * 4, [2, 3, 4, 5], [5, 4, 3, 2]):
        log_probs, _, states = loop.step(ids, memory, states)
        for row, id_ in enumerate(ids):
            expected, _, alone_states[row] = loop.step([id_], alone[row], alone_states[row])
            np.testing.assert_allclose(log_probs[row], expected[0], atol=1e-4)


def test_rows_of_vectors_are_read():
    rng = np.random.default_rng(0)
    regions = [rng.normal(size=(3 + row % 3, 5)) for row in range(len(Y))]
    model = fit(regions, attention="additive")
    loop = Loop(model)
    expected = model.log_prob(regions, Y)
    padded = np.full((len(Y), 5, 5), 7.0, np.float32)  # what stands in padding is not read
    for row, each in zip(padded, regions, strict=True):
        row[: len(each)] = each
    lengths = np.array([*map(len, regions)], np.int32)
    memory = loop.encode(regions=padded, lengths=lengths)
    for row in range(len(Y)):
        one = {name: value[[row]] for name, value in memory.items()}
        found, _ = loop.read(one, ids_of(model, Y[row]))
        np.testing.assert_allclose(found, expected[row], rtol=1e-5, atol=1e-4)


def test_greedy_search_is_predict():
    model = RNNTranslator(hidden_size=16, batch_size=4, max_epochs=30, lr=0.01, random_state=0)
    model.fit(X, Y)
    loop = Loop(model)
    tokens = {id_: token for token, id_ in loop.metadata("decoder")["vocabulary"].items()}
    memory, states = loop.encode(**texts_of(model, ["the cat sleeps"])), loop.start(1)
    written, id_ = [], 0
    for _ in range(2 * model.longest_target_ + 1):
        log_probs, _, states = loop.step([id_], memory, states)
        log_probs[:, 1] = -np.inf
        id_ = int(log_probs.argmax())
        if id_ == 0:
            break
        written.append(tokens[id_])
    assert written
    assert " ".join(written) == model.predict(["the cat sleeps"])[0]


def test_each_part_describes_its_side():
    model = fit(source_vectorizer=SequenceVectorizer(analyzer="char"))
    loop = Loop(model)
    assert loop.metadata("encoder")["vocabulary"] == model.source_vectorizer_.vocabulary_
    assert loop.metadata("encoder")["vectorizer"]["analyzer"] == "char"
    assert loop.metadata("decoder")["vocabulary"] == model.target_vectorizer_.vocabulary_
    assert loop.metadata("decoder")["vectorizer"]["analyzer"] == "word"


def test_the_vectorizer_of_a_pipeline_is_that_of_sources():
    pipe = make_pipeline(SequenceVectorizer(analyzer="char"), RNNTranslator(**SMALL))
    loop = Loop(pipe.fit([text or "x" for text in X], Y))
    assert loop.metadata("encoder")["vocabulary"] == pipe[0].vocabulary_
    assert loop.metadata("decoder")["vocabulary"] == pipe[1].target_vectorizer_.vocabulary_


@pytest.mark.parametrize("part", [None, "attention"])
def test_a_translator_is_exported_in_parts(part):
    with pytest.raises(ValueError, match="must be 'encoder' or 'decoder'"):
        export_onnx(fit(), part=part)


def test_other_estimators_have_no_parts():
    model = RNNLanguageModel(**SMALL).fit(X)
    with pytest.raises(ValueError, match="must be None"):
        export_onnx(model, part="decoder")
