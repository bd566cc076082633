"""RNNLanguageModel as an ONNX model of one step: its loop gives what the estimator says."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from sklearn.pipeline import make_pipeline
from torch.nn import functional as F

from sklearn_rnn import RNNLanguageModel, SequenceVectorizer, SubwordVectorizer, export_onnx
from sklearn_rnn.modules import ProjectedCell
from sklearn_rnn.modules._make_encoder import GRIDS
from sklearn_rnn.modules.cells import CELLS

NAMES = ["anna", "hanna", "johanna", "susanna", "otto", "bob", ""] * 4
LABELS = [*"aaaaooo"] * 4
TEXTS = ["hanna", "", "zoo#", "bobanna"]
SMALL = {"embedding_dim": 4, "hidden_size": 6, "max_epochs": 1, "random_state": 0}


def fit(y=None, **params):
    """Return a model with weights far from 0."""
    model = RNNLanguageModel(**{**SMALL, **params}).fit(NAMES, y)
    rng = np.random.default_rng(1)
    with torch.no_grad():
        for parameter in model.module_.parameters():
            parameter.copy_(torch.from_numpy(rng.normal(0, 0.7, parameter.shape)))
    return model


class Loop:
    """Read texts by an exported model, a token at a time."""

    def __init__(self, exported):
        onnx.checker.check_model(exported, full_check=True)
        self.session = onnxruntime.InferenceSession(exported.SerializeToString())
        self.metadata = {
            name: json.loads(value)
            for name, value in self.session.get_modelmeta().custom_metadata_map.items()
        }

    def start(self, n_documents):
        inputs = self.session.get_inputs()
        return {
            each.name: np.zeros((n_documents, each.shape[1]), np.float32)
            for each in inputs
            if each.name.startswith("state_")
        }

    def step(self, ids, states, **labels):
        given = {"token_ids": np.asarray(ids, np.int32), **states, **labels}
        log_probs, *after = self.session.run(None, given)
        return log_probs, dict(zip(states, after, strict=True))

    def token_log_probs(self, ids, label=None, *, documents=True):
        labels = {} if label is None else {"label": np.array([label])}
        states, found = self.start(1), []
        for before, after in zip([0, *ids], [*ids, 0], strict=True):
            log_probs, states = self.step([before], states, **labels)
            found.append(log_probs[0, after if after < log_probs.shape[1] else 1])
        return found if documents else found[:-1]


def ids_of(model, texts, reverse=False):
    ids = model.vectorizer_.transform(texts)
    rows = [ids[[row]].data.tolist() for row in range(len(texts))]
    return [row[::-1] if reverse else row for row in rows]


def assert_same(model, texts=TEXTS):
    loop = Loop(export_onnx(model))
    found = [sum(loop.token_log_probs(ids)) for ids in ids_of(model, texts, model.reverse_)]
    np.testing.assert_allclose(found, model.log_prob(texts), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    "params",
    [
        *({"cell": cell} for cell in (*CELLS, *GRIDS)),
        {"cell": "rnn", "activation": "relu"},
        {"cell": "rnn", "activation": "sigmoid"},
        {"zoneout": 0.3},
        {"recurrent_dropout": 0.3, "variational_dropout": True, "zoneout": 0.2},
        {"recurrent_dropout": 0.3},
        {"tie_weights": True},
        {"tie_weights": True, "hidden_size": 4},
        {"softmax": "adaptive"},
        {"softmax": "adaptive", "tie_weights": True},
        {"reverse": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("num_layers", [1, 2])
def test_a_loop_gives_log_prob(params, num_layers):
    assert_same(fit(num_layers=num_layers, **params))


def test_vectors_of_another_width_are_mapped():
    vectorizer = SequenceVectorizer(analyzer="char", vocabulary=[*"abhjnostu"])
    model = fit(vectorizer=vectorizer, embedding=np.ones((11, 3)), embedding_dim=5)
    assert model.module_.embedding.projection is not None
    assert_same(model)


@pytest.mark.parametrize("label", ["a", "o"])
def test_a_label_changes_what_is_probable(label):
    model = fit(LABELS, cell="gru")
    loop = Loop(export_onnx(model))
    code = loop.metadata["classes"].index(label)
    found = [sum(loop.token_log_probs(ids, code)) for ids in ids_of(model, TEXTS)]
    expected = model.log_prob(TEXTS, [label] * len(TEXTS))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-4)


def test_a_stream_is_read_on_from_text_to_text():
    model = fit(documents=False)
    loop = Loop(export_onnx(model))
    assert loop.metadata["documents"] is False
    ids = [id_ for row in ids_of(model, TEXTS) for id_ in row]
    found = loop.token_log_probs(ids, documents=False)
    expected = np.concatenate(model.token_log_probs(TEXTS))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-4)


def test_texts_side_by_side_do_not_touch_one_another():
    model = fit(num_layers=2)
    loop = Loop(export_onnx(model))
    rows = ids_of(model, ["hanna", "bobba"])
    states, alone = loop.start(2), [loop.start(1), loop.start(1)]
    for ids in zip(*([0, *row] for row in rows), strict=True):
        log_probs, states = loop.step(ids, states)
        for row, id_ in enumerate(ids):
            expected, alone[row] = loop.step([id_], alone[row])
            np.testing.assert_allclose(log_probs[row], expected[0], atol=1e-5)


def test_ids_that_are_none_are_unknown_or_the_boundary():
    model = fit()
    loop = Loop(export_onnx(model))
    log_probs, _ = loop.step([10**6, 1, -3, 0], loop.start(4))
    np.testing.assert_array_equal(log_probs[0], log_probs[1])
    np.testing.assert_array_equal(log_probs[2], log_probs[3])


def test_the_likeliest_text_is_that_of_generate():
    model = RNNLanguageModel(hidden_size=12, max_epochs=20, random_state=0).fit(NAMES)
    loop = Loop(export_onnx(model))
    tokens = {id_: token for token, id_ in loop.metadata["vocabulary"].items()}
    states, written, id_ = loop.start(1), "", 0
    for _ in range(20):
        log_probs, states = loop.step([id_], states)
        log_probs[:, 1] = -np.inf  # the unknown token is no text
        id_ = int(log_probs.argmax())
        if id_ == 0:
            break
        written += tokens[id_]
    assert written == model.generate(max_new_tokens=20, temperature=0)


class LeakyCell(ProjectedCell):
    def advance(self, x, state):
        (h,) = state
        return (0.5 * h + 0.5 * torch.tanh(x + F.linear(h, self.weight_hh)),)


class DecidingCell(LeakyCell):
    def advance(self, x, state):
        (h,) = super().advance(x, state)
        return (h if x.sum() > 0 else 0.5 * h,)


def test_a_cell_of_the_users_is_its_step():
    assert_same(fit(cell=LeakyCell))


@pytest.mark.parametrize(
    ("cell", "match"),
    [(DecidingCell, "cannot translate the step of DecidingCell"), (torch.nn.GRUCell, "GRUCell")],
)
def test_a_cell_that_cannot_be_traced_is_refused(cell, match):
    with pytest.raises(NotImplementedError, match=match):
        export_onnx(fit(cell=cell))


def test_metadata_and_shapes_tell_how_to_read():
    vectorizer = SubwordVectorizer(vocab_size=270)
    model = RNNLanguageModel(vectorizer=vectorizer, num_layers=2, **SMALL).fit(NAMES)
    exported = export_onnx(model)
    loop = Loop(exported)
    assert loop.metadata.keys() == {"documents", "reverse", "vocabulary", "vectorizer", "tokenizer"}
    shapes = {each.name: each.shape for each in loop.session.get_inputs()}
    states = {f"state_{i}": ["n_documents", 6] for i in range(4)}  # LSTMs have two each
    assert shapes == {"token_ids": ["n_documents"], **states}
    outputs = {each.name: each.shape for each in loop.session.get_outputs()}
    n_ids = model.module_.embedding.table.num_embeddings
    after = {f"next_{name}": shape for name, shape in states.items()}
    assert outputs == {"log_probs": ["n_documents", n_ids], **after}


def test_a_pipeline_tells_the_vocabulary_in_front():
    X = [name or "x" for name in NAMES]
    pipe = make_pipeline(SequenceVectorizer(analyzer="char"), RNNLanguageModel(**SMALL)).fit(X)
    loop = Loop(export_onnx(pipe))
    assert loop.metadata["vocabulary"] == pipe[0].vocabulary_
    found = sum(loop.token_log_probs(pipe[0].transform(["hanna"]).data.tolist()))
    ids = pipe[0].transform(["hanna"])
    np.testing.assert_allclose(found, pipe[1].log_prob(ids)[0], rtol=1e-5)
