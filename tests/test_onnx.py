import json
import re
import sys
import unicodedata
from copy import copy
from functools import partial

import numpy as np
import onnx
import onnxruntime
import pytest
import regex
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_sequence

from sklearn_rnn import (
    RNNTextClassifier,
    RNNTextEncoder,
    RNNTextRegressor,
    SequenceVectorizer,
    export_onnx,
)
from sklearn_rnn._onnx.documents import read_documents
from sklearn_rnn._onnx.graph import Graph
from sklearn_rnn._onnx.traced import Traced
from sklearn_rnn._text.ngrams import has_triples
from sklearn_rnn.datasets import load_tweet_sentiment
from sklearn_rnn.modules import (
    GridLSTM,
    LastPooling,
    LSTMCell,
    MeanPooling,
    ProjectedCell,
    RecurrentCell,
    RecurrentStack,
    RNNCell,
    SequenceNetwork,
    TokenEmbedding,
    build_network,
)
from sklearn_rnn.modules._make_encoder import GRIDS
from sklearn_rnn.modules.cells import CELLS
from sklearn_rnn.modules.cells._grid_lstm import PRIORITIES
from sklearn_rnn.modules.kernels import load_kernels

N_IDS = 9
UNKNOWN = 1
# Words that repeat, a single token, an empty document, unknown tokens, and ids beyond the table.
X_RAGGED = np.array(
    [
        [2, 3, 2, 3, 2, 4, 4],
        [5, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0],
        [8, UNKNOWN, 7, UNKNOWN, 6, 0, 0],
        [N_IDS, 2, 3, N_IDS + 5, 0, 0, 0],
        [UNKNOWN, UNKNOWN, 0, 0, 0, 0, 0],
    ],
    dtype=np.int32,
)
SMALL = {"embedding_dim": 4, "hidden_size": 3, "max_epochs": 1, "random_state": 0}
TEXTS = ["Good, not bad!", "bad, not good", "so good", "so bad", "", "It's good: it isn't bad."] * 2
LABELS = ["good", "bad", "good", "bad", "none", "good"] * 2


def fit_on_ids(make=RNNTextClassifier, y=None, **params):
    """Return an estimator, of three classes unless told otherwise, with weights far from 0."""
    X = np.random.default_rng(0).integers(2, N_IDS, (12, 6))
    estimator = make(**SMALL | params).fit(X, np.arange(12) % 3 if y is None else y)
    draw_weights(estimator.module_)
    return estimator


def draw_weights(module):
    """Draw all weights anew, biases included."""
    rng = np.random.default_rng(1)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.from_numpy(rng.normal(0, 0.7, parameter.shape)))


def open_session(model):
    onnx.checker.check_model(model, full_check=True)
    return onnxruntime.InferenceSession(model.SerializeToString())


def run(session, ids):
    """Return labels and probabilities."""
    return session.run(["label", "probabilities"], {"token_ids": np.asarray(ids, np.int32)})


def assert_same_predictions(session, clf, ids):
    label, probabilities = run(session, ids)
    expected = clf.predict_proba(ids)
    np.testing.assert_allclose(probabilities, expected, atol=1e-5, rtol=0)
    np.testing.assert_array_equal(label, clf.predict(ids))


# Networks


POOLINGS = ("last", "mean", "max", "attention", "multihead_attention", "concat")
every_direction = pytest.mark.parametrize("bidirectional", [False, True])
every_cell = pytest.mark.parametrize(
    "cell",
    [
        *({"cell": name} for name in (*CELLS, *GRIDS)),
        {"cell": "rnn", "activation": "relu"},
        {"cell": "rnn", "activation": "sigmoid"},
    ],
    ids=lambda cell: "-".join(cell.values()),
)


def assert_same_vectors(session, module, ids):
    """Compare what comes out in front of the head, where no rounding is hidden."""
    packed = pack_sequence([torch.tensor(trim(row)) for row in ids], enforce_sorted=False)
    (vectors,) = session.run(["vector"], {"token_ids": ids})
    with torch.no_grad():
        expected = module.encode(packed).numpy()
    np.testing.assert_allclose(vectors, expected, atol=1e-5, rtol=1e-5)


def trim(ids):
    """Return the tokens of a padded document, an unknown one if there is none."""
    return ids[ids > 0].tolist() or [UNKNOWN]


@pytest.fixture(scope="module")
def encoder():
    """Return an encoder, into which networks are put."""
    return fit_on_ids(RNNTextEncoder)


def check_network(encoder, **params):
    network = build_network(
        **{"num_embeddings": N_IDS, "n_outputs": 3, "embedding_dim": 4, "hidden_size": 4, **params}
    )
    check_vectors_of(encoder, network)


def check_vectors_of(encoder, network):
    draw_weights(network)
    encoder = copy(encoder)
    encoder.net_ = copy(encoder.net_)
    encoder.net_.module_ = network.eval()
    session = open_session(export_onnx(encoder))
    assert_same_vectors(session, network, X_RAGGED)
    assert_same_vectors(session, network, X_RAGGED[:1])


@every_cell
@every_direction
@pytest.mark.parametrize("num_layers", [1, 3])
def test_every_cell_gives_its_states(encoder, cell, bidirectional, num_layers):
    pooling = "last" if num_layers == 1 else "attention"
    sizes = {"bidirectional": bidirectional, "num_layers": num_layers}
    check_network(encoder, **cell, **sizes, pooling=pooling, skip_connection=False)


@pytest.mark.parametrize("pooling", POOLINGS)
@every_direction
@pytest.mark.parametrize("skip_connection", [False, True])
def test_every_pooling_gives_its_vectors(encoder, pooling, bidirectional, skip_connection):
    sizes = {"bidirectional": bidirectional, "skip_connection": skip_connection}
    check_network(encoder, cell="sru", pooling=pooling, num_heads=2, **sizes)


@pytest.mark.slow
@every_cell
@every_direction
def test_every_network_gives_its_vectors(encoder, cell, bidirectional):
    for num_layers in (1, 2, 3):
        for pooling in POOLINGS:
            sizes = {"bidirectional": bidirectional, "num_layers": num_layers}
            check_network(encoder, **cell, **sizes, pooling=pooling, num_heads=2)


@pytest.mark.parametrize("cell", CELLS)
def test_cells_that_dropped_in_training(encoder, cell):
    if not CELLS[cell].carries_hidden:
        dropped = {"variational_dropout": True, "recurrent_dropout": 0.4}
        check_network(encoder, cell=cell, pooling="last", **dropped)
        check_network(encoder, cell=cell, pooling="last", zoneout=0.3, **dropped)
    check_network(encoder, cell=cell, pooling="last", zoneout=0.3)


@pytest.mark.parametrize("priority", PRIORITIES)
def test_a_grid_of_every_priority(encoder, priority):
    grid = GridLSTM(4, 3, num_layers=2, bidirectional=True, priority=priority)
    network = SequenceNetwork(TokenEmbedding(N_IDS, 4), grid, LastPooling(6, bidirectional=True), 3)
    check_vectors_of(encoder, network)


def test_weights_that_layers_share_are_written_once():
    sizes = {"cell": "tied_grid_lstm", "hidden_size": 30, "wide_weight": 0}
    one, five = (export_onnx(fit_on_ids(**sizes, num_layers=n)) for n in (1, 5))
    n_bytes = [sum(len(tensor.raw_data) for tensor in m.graph.initializer) for m in (one, five)]
    assert n_bytes[1] < 1.1 * n_bytes[0]


@pytest.mark.parametrize("wide_weight", [0, 0.4])
@pytest.mark.parametrize("cell", ["rnn", "mgu", "qrnn", "grid_lstm"])
def test_probabilities_and_labels(cell, wide_weight):
    clf = fit_on_ids(cell=cell, num_layers=2, wide_weight=wide_weight)
    session = open_session(export_onnx(clf))
    assert_same_predictions(session, clf, X_RAGGED)
    assert_same_predictions(session, clf, X_RAGGED[:1])


def test_triples_of_the_wide_path():
    X = np.tile([2, 3, 2, 4, 4], (12, 1))
    clf = RNNTextClassifier(**SMALL, wide_ngrams=3).fit(X, np.arange(12) % 3)
    draw_weights(clf.module_)
    assert has_triples(clf.module_.wide.pairs, clf.module_.wide.n_ids)
    assert_same_predictions(open_session(export_onnx(clf)), clf, X_RAGGED)


@pytest.fixture(scope="module")
def exported():
    """Return classifiers that have all the parts between them, each with its session."""
    many = [
        {"pooling": "attention", "cell": "gru", "num_layers": 2},
        {"pooling": "last", "cell": "lstm"},
        {"pooling": "concat", "cell": "rnn"},
        {"pooling": "last", "cell": "qrnn", "zoneout": 0.1},
        {"pooling": "multihead_attention", "num_heads": 2, "cell": "grid_lstm", "num_layers": 2},
    ]
    classifiers = [fit_on_ids(**params) for params in many]
    return [(clf, open_session(export_onnx(clf))) for clf in classifiers]


documents_of_ids = st.lists(
    st.lists(st.integers(1, N_IDS + 2), max_size=12), min_size=1, max_size=6
)


@settings(max_examples=20, deadline=None)
@given(documents=documents_of_ids, more=st.integers(0, 3))
def test_documents_of_any_number_and_length(exported, documents, more):
    ids = np.zeros((len(documents), 1 + more + max(map(len, documents))), np.int32)
    for row, document in zip(ids, documents, strict=True):
        row[: len(document)] = document
    for clf, session in exported:
        assert_same_predictions(session, clf, ids)


@settings(max_examples=20, deadline=None)
@given(
    ids=st.integers(1, 8).flatmap(
        lambda n: st.lists(
            st.lists(st.sampled_from([0, 0, 0, 1, 2, 3, 99]), min_size=n, max_size=n),
            min_size=1,
            max_size=5,
        )
    )
)
def test_padding_is_not_read_wherever_it_stands(exported, ids):
    for clf, session in exported:
        assert_same_predictions(session, clf, np.array(ids, np.int32))


@settings(max_examples=20, deadline=None)
@given(documents=documents_of_ids)
def test_documents_are_read_from_their_first_token_on(documents):
    """The padding of the graph has no column that no document needs."""
    graph = Graph()
    ids = read_documents(graph, graph.input("token_ids", np.int32, ["n", "m"]))
    graph.output("ids", ids.ids, np.int32, ["t", "n"])
    graph.output("lengths", ids.lengths, np.int32, ["n"])
    session = onnxruntime.InferenceSession(graph.model().SerializeToString())
    padded = np.zeros((len(documents), max(map(len, documents)) + 2), np.int32)
    for row, document in zip(padded, documents, strict=True):
        row[len(row) - len(document) :] = document  # padded in front
    ids, lengths = session.run(None, {"token_ids": padded})
    read = [document or [UNKNOWN] for document in documents]
    assert lengths.tolist() == list(map(len, read))
    assert ids.shape == (max(lengths), len(documents))
    assert [row[:n].tolist() for row, n in zip(ids.T, lengths, strict=True)] == read


def test_no_positions_at_all_are_empty_documents(exported):
    for clf, session in exported:
        _, probabilities = run(session, np.zeros((2, 0)))
        np.testing.assert_allclose(probabilities, clf.predict_proba([[0], [0]]), atol=1e-5)


def test_a_long_document_beside_a_short_one(exported):
    ids = np.zeros((2, 2000), np.int32)
    ids[0] = np.random.default_rng(0).integers(1, N_IDS, 2000)
    ids[1, :3] = [2, 3, 2]
    for clf, session in exported:
        assert_same_predictions(session, clf, ids)


def test_real_text():
    X, y = load_tweet_sentiment(subset="train", return_X_y=True, as_frame=False)
    clf = RNNTextClassifier(max_epochs=2, random_state=0).fit(X[:300], y[:300])
    ids = clf.vectorizer_.transform(X[300:600]).toarray()
    assert_same_predictions(open_session(export_onnx(clf)), clf, ids)


def test_bfloat16_is_exported_in_float32():
    params = {**SMALL, "cell": "lstm"}
    half = RNNTextClassifier(**params, precision="bfloat16").fit(TEXTS, LABELS)
    ids = half.vectorizer_.transform(TEXTS).toarray()
    session = open_session(export_onnx(half))
    half.net_.autocast_dtype = torch.float32
    assert_same_predictions(session, half, ids)


def test_kernels_of_our_own_stay_behind():
    try:
        load_kernels()
    except RuntimeError as error:
        pytest.skip(str(error))
    clf = fit_on_ids(cell="gru", kernels=True)
    assert_same_predictions(open_session(export_onnx(clf)), clf, X_RAGGED)


# Many labels, numbers and vectors


@pytest.mark.parametrize("n_labels", [2, 4])
def test_many_labels(n_labels):
    y = np.random.default_rng(2).integers(2, size=(12, n_labels))
    clf = fit_on_ids(y=y)
    session = open_session(export_onnx(clf))
    label, probabilities = run(session, X_RAGGED)
    np.testing.assert_allclose(probabilities, clf.predict_proba(X_RAGGED), atol=1e-5, rtol=0)
    np.testing.assert_array_equal(label, clf.predict(X_RAGGED))
    assert label.dtype == np.int64 and label.any() and not label.all()
    assert metadata(export_onnx(clf)) == {"classes": list(range(n_labels))}


@pytest.mark.parametrize("loss", ["squared_error", "quantile", "poisson"])
@pytest.mark.parametrize("shape", [(12,), (12, 1), (12, 3)], ids=str)
def test_numbers(loss, shape):
    y = np.random.default_rng(2).gamma(2, 50, shape)
    reg = fit_on_ids(RNNTextRegressor, y, loss=loss)
    session = open_session(export_onnx(reg))
    (output,) = session.get_outputs()
    assert (output.name, output.type) == ("prediction", "tensor(double)")
    assert output.shape == ["n_documents", *shape[1:]]
    for ids in (X_RAGGED, X_RAGGED[:1]):
        (prediction,) = session.run(None, {"token_ids": ids})
        expected = reg.predict(ids)
        assert prediction.shape == expected.shape
        np.testing.assert_allclose(prediction, expected, rtol=1e-5, atol=1e-5 * reg.y_scale_.max())


def test_large_numbers_keep_their_digits():
    reg = fit_on_ids(RNNTextRegressor, 1e9 + np.arange(12))
    session = open_session(export_onnx(reg))
    (prediction,) = session.run(None, {"token_ids": X_RAGGED})
    np.testing.assert_allclose(prediction, reg.predict(X_RAGGED), rtol=0, atol=1e-4)


@pytest.mark.parametrize("y", [LABELS, np.arange(12.0) / 7, np.eye(12, 3, dtype=int)], ids=len)
def test_vectors(y):
    encoder = RNNTextEncoder(**SMALL).fit(TEXTS, y)
    model = export_onnx(encoder)
    session = open_session(model)
    ids = encoder.vectorizer_.transform(TEXTS).toarray()
    (vectors,) = session.run(["vector"], {"token_ids": ids})
    np.testing.assert_allclose(vectors, encoder.transform(TEXTS), atol=1e-5, rtol=1e-5)
    (output,) = session.get_outputs()
    assert output.shape == ["n_documents", vectors.shape[1]]
    assert metadata(model).keys() == {"vocabulary", "vectorizer"}


def test_numbers_and_vectors_of_real_text():
    X, y = load_tweet_sentiment(subset="train", return_X_y=True, as_frame=False)
    params = {"max_epochs": 1, "random_state": 0, "cell": "sru", "num_layers": 2}
    n_words = np.array([len(text.split()) for text in X[:100]])
    reg = RNNTextRegressor(**params, loss="poisson").fit(X[:100], n_words)
    encoder = RNNTextEncoder(**params).fit(X[:100], y[:100])
    for estimator, expected in [(reg, reg.predict), (encoder, encoder.transform)]:
        ids = estimator.vectorizer_.transform(X[100:200]).toarray()
        (result,) = open_session(export_onnx(estimator)).run(None, {"token_ids": ids})
        np.testing.assert_allclose(result, expected(X[100:200]), rtol=1e-5, atol=1e-5)


# Labels


@pytest.mark.parametrize(
    ("labels", "type_"),
    [
        (["yes", "no"], "tensor(string)"),
        (np.array(["yes", "no"], object), "tensor(string)"),
        ([7, -2], "tensor(int64)"),
        (np.array([3, 250], np.uint8), "tensor(int64)"),
        (np.array([3, 250], np.uint64), "tensor(int64)"),
        (np.array([2**63 + 1, 2**63 + 3], np.uint64), "tensor(uint64)"),
        ([True, False], "tensor(bool)"),
        ([0.0, 2.0], "tensor(double)"),
    ],
)
def test_labels_keep_their_type(labels, type_):
    y = np.asarray(labels)[np.arange(len(TEXTS)) % 2]
    clf = RNNTextClassifier(**SMALL).fit(TEXTS, y)
    session = open_session(export_onnx(clf))
    assert [output.type for output in session.get_outputs()] == [type_, "tensor(float)"]
    assert_same_predictions(session, clf, clf.vectorizer_.transform(TEXTS).toarray())


def test_labels_without_a_type_in_onnx_are_refused():
    y = np.array(["2025-01-01", "2026-01-01"], "datetime64[D]")[np.arange(len(TEXTS)) % 2]
    clf = RNNTextClassifier(**SMALL).fit(TEXTS, y)
    with pytest.raises(TypeError, match="Labels of an ONNX model must be numbers, bool or str"):
        export_onnx(clf)


# The model


def test_sizes_are_named():
    session = open_session(export_onnx(fit_on_ids()))
    (token_ids,) = session.get_inputs()
    assert (token_ids.name, token_ids.type) == ("token_ids", "tensor(int32)")
    assert token_ids.shape == ["n_documents", "n_positions"]
    shapes = {output.name: output.shape for output in session.get_outputs()}
    assert shapes == {"label": ["n_documents"], "probabilities": ["n_documents", 3]}


def test_recurrence_is_left_to_the_operators_of_onnx():
    model = export_onnx(fit_on_ids(cell="lstm", bidirectional=True, num_layers=2))
    types = [node.op_type for node in model.graph.node]
    assert types.count("LSTM") == 4
    assert {node.domain for node in model.graph.node} <= {"", "ai.onnx.ml"}


def test_the_file_is_the_model(tmp_path):
    clf = fit_on_ids()
    model = export_onnx(clf)
    for path in (tmp_path / "a.onnx", str(tmp_path / "b.onnx")):
        assert export_onnx(clf, path) == model
        assert onnx.load(path) == model


def test_export_leaves_the_estimator_as_it_was():
    clf = fit_on_ids()
    before = clf.predict_proba(X_RAGGED)
    names = set(vars(clf))
    export_onnx(clf)
    np.testing.assert_array_equal(clf.predict_proba(X_RAGGED), before)
    assert set(vars(clf)) == names


# Metadata


def metadata(model):
    return {entry.key: json.loads(entry.value) for entry in model.metadata_props}


def test_metadata_is_enough_to_split_text():
    vectorizer = SequenceVectorizer(stop_words=["it"], max_length=4)
    clf = RNNTextClassifier(**SMALL, vectorizer=vectorizer).fit(TEXTS, LABELS)
    meta = metadata(export_onnx(clf))
    how = meta["vectorizer"]
    assert how["lowercase"] and how["truncation"] == "head"
    for text in [*TEXTS, "Unseen words, so good!", "हिन्दी co\u00adop cafe\u0301"]:
        text_in_form = unicodedata.normalize(
            how["form"], regex.sub(how["ignored"], "", text.lower())
        )
        tokens = regex.findall(how["token_pattern"], text_in_form)
        tokens = [token for token in tokens if token not in how["stop_words"]]
        ids = [meta["vocabulary"].get(token, UNKNOWN) for token in tokens[: how["max_length"]]]
        assert ids == clf.vectorizer_.transform([text]).data.tolist()
    assert meta["classes"] == ["bad", "good", "none"]


def split_at_spaces(text):
    return text.split()


def test_functions_stand_in_the_metadata_by_name():
    vectorizer = SequenceVectorizer(tokenizer=split_at_spaces, token_pattern=None)
    clf = RNNTextClassifier(**SMALL, vectorizer=vectorizer).fit(TEXTS, LABELS)
    how = metadata(export_onnx(clf))["vectorizer"]
    assert how["tokenizer"] == f"{__name__}.split_at_spaces"
    assert how["max_length"] is None


def test_a_dense_vectorizer_cuts_at_the_width_of_fit():
    vectorizer = SequenceVectorizer(sparse_output=False)
    clf = RNNTextClassifier(**SMALL, vectorizer=vectorizer).fit(TEXTS, LABELS)
    width = clf.vectorizer_.transform(TEXTS).shape[1]
    assert metadata(export_onnx(clf))["vectorizer"]["max_length"] == width


def test_a_model_of_token_ids_has_no_vocabulary():
    assert metadata(export_onnx(fit_on_ids())) == {"classes": [0, 1, 2]}


def test_words_that_a_stream_has_met_too_often_are_unknown_to_the_model():
    documents, labels = ["the good", "the bad", "the good end", "the bad end"] * 3, [1, 0] * 6
    vectorizer = SequenceVectorizer(max_df=0.9)
    clf = RNNTextClassifier(vectorizer=vectorizer, max_epochs=1, random_state=0)
    clf.partial_fit(documents, labels, classes=[0, 1])
    known = clf.vectorizer_
    assert known.too_frequent_ids_.tolist() == [known.vocabulary_["the"]]
    expected = {token: id_ for token, id_ in known.vocabulary_.items() if token != "the"}
    assert metadata(export_onnx(clf))["vocabulary"] == expected


def test_a_pipeline_is_exported_with_its_vocabulary():
    pipeline = make_pipeline(SequenceVectorizer(), RNNTextClassifier(**SMALL)).fit(TEXTS, LABELS)
    model = export_onnx(pipeline)
    assert metadata(model)["vocabulary"] == pipeline[0].vocabulary_
    assert_same_predictions(
        open_session(model), pipeline[1], pipeline[0].transform(TEXTS).toarray()
    )


# Errors


def test_a_pipeline_of_other_steps_is_refused():
    steps = FunctionTransformer(), SequenceVectorizer(), RNNTextClassifier(**SMALL)
    pipeline = make_pipeline(*steps).fit(TEXTS, LABELS)
    with pytest.raises(ValueError, match="steps of FunctionTransformer, SequenceVectorizer, RNN"):
        export_onnx(pipeline)


def test_an_unfitted_estimator_is_refused():
    with pytest.raises(NotFittedError, match="RNNTextClassifier"):
        export_onnx(RNNTextClassifier())
    with pytest.raises(NotFittedError, match="RNNTextClassifier"):
        export_onnx(make_pipeline(SequenceVectorizer(), RNNTextClassifier()))


@pytest.mark.parametrize("estimator", [SequenceVectorizer(), RNNTextClassifier, None])
def test_what_is_no_estimator_of_documents_is_refused(estimator):
    with pytest.raises(TypeError, match="must be a fitted RNNTextClassifier"):
        export_onnx(estimator)


class HalfCell(LSTMCell):
    """A cell that says by its class alone that it computes something else."""


class LeakyCell(RecurrentCell):
    """A cell of a user's that writes a step."""

    def step(self, x, state):
        (h,) = state
        return (0.9 * h + 0.1 * torch.tanh(F.linear(x, self.weight_ih)),)


class LeakyProjectedCell(ProjectedCell):
    """One whose products with the input are computed for all steps at once."""

    n_states = 2

    def equations(self, x, state):
        h, c = state
        f = torch.sigmoid(x + F.linear(h, self.weight_hh))
        c = f * c + (1 - f) * x
        return (torch.tanh(c), c), {"forget_gate": f}


class OtherBlocks(LeakyCell):
    """One that computes blocks of time in another way than by its steps."""

    def forward(self, x, state):
        return super().forward(2 * x, state)


class OtherStart(LeakyCell):
    """One whose first state may depend on the document."""

    def initial_state(self, x):
        return (x.mean(0)[:, :1].expand(-1, self.hidden_size),)


@pytest.mark.parametrize("cell", [HalfCell, OtherBlocks, OtherStart, torch.nn.GRUCell])
@pytest.mark.parametrize("params", [{}, {"zoneout": 0.1}], ids=["alone", "zoneout"])
def test_cells_that_may_compute_something_else_are_refused_with_what_to_do(cell, params):
    clf = fit_on_ids(cell=cell, **params)
    match = f"translate the cell {cell.__name__}, which is not part of this package."
    with pytest.raises(NotImplementedError, match=match):
        export_onnx(clf)


@pytest.mark.parametrize("cell", [LeakyCell, LeakyProjectedCell])
@pytest.mark.parametrize("params", [{}, {"zoneout": 0.1}, {"num_layers": 2}], ids=str)
def test_cells_of_the_users_are_translated_by_their_steps(cell, params):
    clf = fit_on_ids(cell=cell, **params)
    assert_same_predictions(open_session(export_onnx(clf)), clf, X_RAGGED)


class MethodCell(LeakyCell):
    """One written by a method of tensors."""

    def step(self, x, state):
        return (state[0] + F.linear(x, self.weight_ih).tanh(),)


class OperatorCell(LeakyCell):
    """One written by an operator of tensors."""

    def step(self, x, state):
        return (state[0] + x @ self.weight_ih.T,)


class DecidingCell(LeakyCell):
    """One that looks at what it has computed."""

    def step(self, x, state):
        (h,) = super().step(x, state)
        return (h,) if isinstance(h, torch.Tensor) or h else state


class ComparingCell(LeakyCell):
    """One that computes with what is equal."""

    def step(self, x, state):
        (h,) = super().step(x, state)
        return (h * (h == 0),)


@pytest.mark.parametrize(
    ("cell", "match"),
    [
        (MethodCell, "the step of MethodCell: .*'tanh'. Write it with functions of torch"),
        (OperatorCell, "cannot translate torch's __rmatmul__. It can: add"),
        (DecidingCell, "the step of DecidingCell: a step must not decide by the values"),
        (ComparingCell, "the step of ComparingCell: a step must not compare values"),
    ],
)
def test_a_step_without_translation_is_refused_with_what_to_do(cell, match):
    clf = fit_on_ids(cell=cell)
    with pytest.raises(NotImplementedError, match=match):
        export_onnx(clf)


def test_named_cells_made_by_a_function_are_exported():
    clf = fit_on_ids(cell=partial(RNNCell, activation="relu"))
    assert_same_predictions(open_session(export_onnx(clf)), clf, X_RAGGED)


class HalfPooling(MeanPooling):
    """A pooling that says by its class alone that it computes something else."""


class HalfNetwork(SequenceNetwork):
    """A network that does."""


def test_a_module_without_translation_is_named():
    clf = fit_on_ids(wide_weight=0)
    clf.module_.pooling = HalfPooling(6)
    with pytest.raises(NotImplementedError, match="cannot translate the module HalfPooling"):
        export_onnx(clf)


@pytest.mark.parametrize("make", [RNNTextClassifier, RNNTextEncoder])
def test_a_network_without_translation_is_named(make):
    parts = TokenEmbedding(N_IDS, 4), RecurrentStack(LSTMCell, 4, 3), MeanPooling(3)
    estimator = fit_on_ids(make, skorch_params={"module": HalfNetwork(*parts, 3)})
    with pytest.raises(NotImplementedError, match="cannot translate the module HalfNetwork"):
        export_onnx(estimator)


def test_a_function_of_torch_without_translation_is_named():
    x = Traced(Graph(), "x")
    with pytest.raises(NotImplementedError, match="cannot translate torch's erf"):
        torch.erf(x)


class ShortNames(RNNTextClassifier):
    """A subclass of a user, of which nothing needs to be told here."""


def test_a_subclass_of_the_classifier_is_exported():
    clf = ShortNames(**SMALL).fit(TEXTS, LABELS)
    ids = clf.vectorizer_.transform(TEXTS).toarray()
    assert_same_predictions(open_session(export_onnx(clf)), clf, ids)


def test_without_onnx_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=re.escape("pip install sklearn-rnn[onnx]")):
        export_onnx(fit_on_ids())
