import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import expit
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from weights import copy_weights, same_weights

from sklearn_rnn import RNNTextClassifier, SequenceVectorizer
from sklearn_rnn._training.process_state import torch_workers
from sklearn_rnn.datasets import load_tweet_sentiment, make_word_order
from sklearn_rnn.inspection import trace
from sklearn_rnn.inspection._gates import gates, names_gates
from sklearn_rnn.inspection._reading import MAX_TOKENS, _choose_lengths
from sklearn_rnn.modules import (
    GRUCell,
    LSTMCell,
    PackedLayout,
    PeepholeLSTMCell,
    ProjectedCell,
)
from sklearn_rnn.modules.cells import CELLS

DOCUMENT = "the train was late and good , not bad under the yellow bridge"


def make_classifier(**params):
    small = {"embedding_dim": 6, "hidden_size": 5, "max_epochs": 1, "random_state": 0}
    small["embedding"] = None  # as a classifier has it behind a vectorizer
    return RNNTextClassifier(**{**small, **params})


@pytest.fixture(scope="module")
def corpus():
    return make_word_order(40, max_length=12, random_state=0)


@pytest.fixture(scope="module")
def clf(corpus):
    return make_classifier(pooling="attention").fit(*corpus)


def recurrence(cell, x):
    """Return what the equations of a cell give for the inputs of one document, in NumPy."""
    weights = {name: p.detach().double().numpy() for name, p in cell.named_parameters()}
    W, U, b, c = (weights[n] for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    h, memory, rows = np.zeros(cell.hidden_size), np.zeros(cell.hidden_size), []
    for x_t in x:
        from_input, from_state = W @ x_t + b, U @ h + c
        if isinstance(cell, LSTMCell):
            i, f, g, o = np.split(from_input + from_state, 4)
            i, f, g, o = expit(i), expit(f), np.tanh(g), expit(o)
            memory = f * memory + i * g
            h = o * np.tanh(memory)
            row = {"input_gate": i, "forget_gate": f, "output_gate": o, "candidate": g}
            row["cell_state"] = memory
        elif isinstance(cell, GRUCell):
            (x_r, x_z, x_n), (h_r, h_z, h_n) = np.split(from_input, 3), np.split(from_state, 3)
            r, z = expit(x_r + h_r), expit(x_z + h_z)
            n = np.tanh(x_n + r * h_n)
            h = (1 - z) * n + z * h
            row = {"reset_gate": r, "update_gate": z, "candidate": n}
        else:
            h, row = np.tanh(from_input + from_state), {}
        rows.append({"hidden_state": h, **row})
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize(
    ("num_layers", "bidirectional"), [(1, False), (1, True), (2, True), (3, False)]
)
def test_states_and_gates_follow_the_equations(corpus, cell, num_layers, bidirectional):
    clf = make_classifier(cell=cell, num_layers=num_layers, bidirectional=bidirectional)
    t = trace(clf.fit(*corpus), DOCUMENT)
    deep = clf.module_.deep
    ids = torch.from_numpy(clf.vectorizer_.transform([DOCUMENT]).data)
    x = deep.embedding(ids).detach().double().numpy()
    for depth, directions in enumerate(deep.encoder.layers):
        outputs = []
        for layer in directions:
            name = "backward" if layer.reverse else "forward"
            step = -1 if layer.reverse else 1
            expected = recurrence(layer.cell, x[::step])
            assert set(t.quantities) == set(expected)
            for quantity, values in expected.items():
                traced = t.get(quantity, layer=depth, direction=name)
                np.testing.assert_allclose(traced, values[::step], atol=1e-6)
            outputs.append(expected["hidden_state"][::step])
        x = np.concatenate(outputs, axis=1)


def follows(cell, t, where):
    """Return the memory and hidden states that follow from the traced gates."""
    value = {name: t.get(name, **where).astype(float) for name in t.quantities}
    before = {name: np.pad(v, ((1, 0), (0, 0)))[:-1] for name, v in value.items()}
    if cell == "mgu":
        f = value["forget_gate"]
        return {"hidden_state": (1 - f) * before["hidden_state"] + f * value["candidate"]}
    if cell == "sru":
        f = value["forget_gate"]
        return {"cell_state": f * before["cell_state"] + (1 - f) * value["candidate"]}
    memory = value["forget_gate"] * before["cell_state"] + value["input_gate"] * value["candidate"]
    if cell == "layer_norm_lstm":
        return {"cell_state": memory}
    hidden = value["output_gate"] * np.tanh(value["cell_state"])
    return {"cell_state": memory, "hidden_state": hidden}


@pytest.mark.parametrize("cell", ["peephole_lstm", "coupled_lstm", "layer_norm_lstm", "mgu", "sru"])
def test_states_follow_from_the_gates(corpus, cell):
    clf = make_classifier(cell=cell, num_layers=2, bidirectional=False, max_epochs=2).fit(*corpus)
    t = trace(clf, DOCUMENT)
    for layer in (0, 1):
        where = {"layer": layer, "direction": "forward"}
        for quantity, expected in follows(cell, t, where).items():
            np.testing.assert_allclose(t.get(quantity, **where), expected, atol=1e-6)
    if cell == "coupled_lstm":
        np.testing.assert_allclose(t.get("input_gate"), 1 - t.get("forget_gate"), atol=1e-6)
    if cell == "layer_norm_lstm":
        layer = clf.module_.deep.encoder.layers[0][0].cell
        c = torch.from_numpy(t.get("cell_state", layer=0))
        c = torch.nn.functional.layer_norm(c, (5,), layer.gain_c, layer.bias_c).detach().numpy()
        hidden = t.get("output_gate", layer=0) * np.tanh(c)
        np.testing.assert_allclose(t.get(layer=0), hidden, atol=1e-5)


@pytest.mark.parametrize("cell", ["grid_lstm", "tied_grid_lstm"])
def test_a_grid_has_the_states_that_go_up_at_each_layer(corpus, cell):
    clf = make_classifier(cell=cell, num_layers=3).fit(*corpus)
    t = trace(clf, DOCUMENT)
    assert t.quantities == ["hidden_state", "cell_state"]
    deep = clf.module_.deep.eval()
    ids = torch.from_numpy(clf.vectorizer_.transform([DOCUMENT]).data)
    layout = PackedLayout(torch.ones(len(ids), dtype=torch.int64))
    with torch.no_grad(), torch_workers(1):
        grids = [projection(deep.embedding(ids)) for projection in deep.encoder.projections]
        for depth in range(3):
            layers = deep.encoder.layers[depth % len(deep.encoder.layers)]
            grids = [layer(grid, layout) for layer, grid in zip(layers, grids, strict=True)]
            for direction, grid in zip(("forward", "backward"), grids, strict=True):
                where = {"layer": depth, "direction": direction}
                both = [t.get(name, **where) for name in t.quantities]
                np.testing.assert_allclose(np.concatenate(both, axis=1), grid, atol=1e-6)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_hidden_states_are_those_of_the_network(corpus, cell):
    clf = make_classifier(cell=cell, num_layers=2).fit(*corpus)
    t = trace(clf, DOCUMENT)
    deep = clf.module_.deep.eval()
    ids = torch.from_numpy(clf.vectorizer_.transform([DOCUMENT]).data)
    layout = PackedLayout(torch.ones(len(ids), dtype=torch.int64))
    with torch.no_grad(), torch_workers(1):
        expected = deep.encoder(deep.embedding(ids), layout).numpy()
    both = np.concatenate([t.get(direction=d) for d in ("forward", "backward")], axis=1)
    np.testing.assert_allclose(both, expected, atol=1e-6)


@pytest.mark.parametrize("wide_weight", [0, 0.5])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_readings_are_predictions_for_the_document_cut_off(corpus, wide_weight, bidirectional):
    clf = make_classifier(wide_weight=wide_weight, bidirectional=bidirectional).fit(*corpus)
    t = trace(clf, DOCUMENT)
    words = DOCUMENT.split()
    prefixes = [" ".join(words[: n + 1]) for n in range(len(words))]
    np.testing.assert_allclose(t.readings, clf.predict_proba(prefixes), atol=1e-6)
    assert t.output_names == clf.classes_.tolist()
    assert ("wide path" in t.explained) == (wide_weight > 0)


def test_fewer_readings_of_a_long_document(clf):
    t = trace(clf, DOCUMENT, n_readings=3)
    frame = t.readings_to_frame()
    assert frame["position"].tolist() == [3, 8, 12]
    assert frame["token"].tolist() == [t.tokens[i] for i in (3, 8, 12)]
    np.testing.assert_array_equal(frame[t.output_names], t.readings[[3, 8, 12]])
    assert np.isnan(np.delete(t.readings, [3, 8, 12], axis=0)).all()


@pytest.mark.parametrize("n_tokens", [1, 2, 511, 512, 2000, 10**5, 10**6])
def test_readings_cost_a_bounded_number_of_tokens(n_tokens):
    lengths = _choose_lengths(n_tokens, "auto")
    assert lengths[-1] == n_tokens
    assert lengths[0] >= 1
    assert (np.diff(lengths) > 0).all()
    assert lengths.sum() <= 1.05 * MAX_TOKENS + 2 * n_tokens
    assert (n_tokens <= 511) == (len(lengths) == n_tokens)


def test_attention_is_that_of_the_pooling(clf):
    t = trace(clf, DOCUMENT)
    assert t.attention.shape == (len(t.tokens),)
    assert t.attention.sum() == pytest.approx(1)
    states = torch.from_numpy(
        np.concatenate([t.get(direction=d) for d in ("forward", "backward")], axis=1)
    )
    pooling = clf.module_.deep.pooling
    with torch.no_grad():
        scores = pooling.score(torch.tanh(pooling.projection(states)))[:, 0]
    np.testing.assert_allclose(t.attention, torch.softmax(scores, 0), rtol=1e-5)


def test_other_poolings_have_no_attention(corpus):
    assert trace(make_classifier(pooling="max").fit(*corpus), DOCUMENT).attention is None


def test_frame_is_tidy(clf):
    t = trace(clf, DOCUMENT)
    frame = t.to_frame()
    n_tokens = len(DOCUMENT.split())
    assert len(frame) == n_tokens * 2 * 5
    assert not frame.duplicated(["layer", "direction", "position", "unit"]).any()
    row = frame.query("direction == 'backward' and position == 7 and unit == 3").iloc[0]
    assert row["token"] == "not"
    assert row["forget_gate"] == t.get("forget_gate", direction="backward")[7, 3]


def test_tracing_leaves_the_estimator_alone(corpus):
    clf = make_classifier().fit(*corpus)
    weights, before = copy_weights(clf.module_), clf.predict_proba(corpus[0])
    state = pickle.dumps(clf)
    trace(clf, DOCUMENT)
    assert same_weights(copy_weights(clf.module_), weights)
    np.testing.assert_array_equal(clf.predict_proba(corpus[0]), before)
    assert not any(module._forward_hooks for module in clf.module_.modules())
    assert len(pickle.dumps(clf)) == len(state)


def test_an_error_while_reading_leaves_no_hooks(corpus, monkeypatch):
    clf = make_classifier().fit(*corpus)

    def fail(*args):
        raise RuntimeError("broken")

    monkeypatch.setattr(clf.module_.deep.head, "forward", fail)
    with pytest.raises(RuntimeError, match="broken"):
        trace(clf, DOCUMENT)
    assert not any(module._forward_hooks for module in clf.module_.modules())


@pytest.mark.parametrize("name", CELLS)
def test_gates_and_memory_are_those_of_one_step_after_the_other(name):
    """With the hidden states that were seen, which need not be what the cell would compute."""
    torch.manual_seed(0)
    cell = CELLS[name](3, 4)
    x, states = torch.randn(6, 3), torch.randn(6, 4)
    found = gates(cell, x, states)
    if not names_gates(cell):
        assert found == {}
        return
    cell, x, states = cell.double(), x.double(), states.double()
    h, *memory = cell.initial_state(x[:, None])
    for t in range(6):
        (_, *memory), expected = cell.equations(cell.project(x[t : t + 1]), (h, *memory))
        if memory:
            expected = {"cell_state": memory[0], **expected}
        assert list(found) == list(expected)
        for quantity, values in expected.items():
            torch.testing.assert_close(found[quantity][t], values[0], rtol=0, atol=1e-12)
        h = states[t : t + 1]


class OtherStep(LSTMCell):
    def step(self, x, state):
        return super().step(2 * x, state)


class OtherBlocks(PeepholeLSTMCell):
    def forward(self, x, state):
        return super().forward(2 * x, state)


class OtherInput(PeepholeLSTMCell):
    def project(self, x):
        return 2 * super().project(x)


class OtherAdvance(PeepholeLSTMCell):
    def advance(self, x, state):
        return super().advance(2 * x, state)


class OthersKernel(LSTMCell):
    """Blocks of time are still computed by torch's LSTM."""

    def equations(self, x, state):
        return super().equations(2 * x, state)


@pytest.mark.parametrize(
    "cell", [OtherStep, OtherBlocks, OtherInput, OtherAdvance, OthersKernel, torch.nn.GRUCell]
)
def test_a_cell_that_may_compute_something_else_has_no_known_gates(cell):
    assert gates(cell(2, 4), torch.zeros(3, 2), torch.zeros(3, 4)) == {}


class Renamed(LSTMCell):
    pass


class Doubled(PeepholeLSTMCell):
    def equations(self, x, state):
        return super().equations(2 * x, state)


class Mixed(ProjectedCell):
    """A cell of a user's that names a gate."""

    def equations(self, x, state):
        (h,) = state
        gate = torch.sigmoid(x + h)
        return ((1 - gate) * h + gate,), {"mixing_gate": gate}


@pytest.mark.parametrize("cell", [Renamed, Doubled, Mixed])
def test_gates_of_a_cell_of_ones_own_follow_its_equations(corpus, cell):
    clf = make_classifier(cell=cell, bidirectional=False).fit(*corpus)
    t = trace(clf, DOCUMENT)
    cell = clf.module_.deep.encoder.layers[0][0].cell
    ids = torch.from_numpy(clf.vectorizer_.transform([DOCUMENT]).data)
    with torch.no_grad():
        x = clf.module_.deep.embedding(ids)[:, None]
        state = cell.initial_state(x)
        for i, x_t in enumerate(x):
            state, expected = cell.equations(cell.project(x_t), state)
            np.testing.assert_allclose(t.get()[i], state[0][0], atol=1e-6)
            for name, values in expected.items():
                np.testing.assert_allclose(t.get(name)[i], values[0], atol=1e-6)


def test_all_ways_to_hold_an_estimator_give_the_same_trace(corpus):
    X, y = corpus
    vectorizer = SequenceVectorizer().fit(X)
    table = pd.DataFrame({"text": X})
    on_text = make_classifier().fit(X, y)
    on_ids = make_classifier().fit(vectorizer.transform(X), y)
    pipe = Pipeline([("vectorizer", SequenceVectorizer()), ("clf", make_classifier())])
    search = GridSearchCV(pipe, {"clf__max_epochs": [1]}, cv=2)
    columns = ColumnTransformer([("ids", SequenceVectorizer(), "text")])
    expected = trace(on_text, DOCUMENT)
    traces = [
        trace(on_ids, vectorizer.transform([DOCUMENT])),
        trace(on_ids, vectorizer.transform([DOCUMENT]).data.tolist()),
        trace(pipe.fit(X, y), DOCUMENT),
        trace(pipe, pd.Series([DOCUMENT], index=[7])),
        trace(search.fit(X, y), DOCUMENT),
    ]
    one = pd.DataFrame({"text": [DOCUMENT]})
    traces.append(trace(make_pipeline(columns, make_classifier()).fit(table, y), one))
    for t in traces:
        np.testing.assert_array_equal(t.get("forget_gate"), expected.get("forget_gate"))
        np.testing.assert_array_equal(t.readings, expected.readings)
    words = DOCUMENT.split()
    assert expected.tokens == traces[2].tokens == traces[3].tokens == traces[4].tokens == words
    # Here the text is not at hand, but the vocabulary is.
    assert traces[5].tokens == [
        word if word in vectorizer.vocabulary_ else "<unk>" for word in words
    ]
    assert traces[0].tokens == [str(id_) for id_ in vectorizer.transform([DOCUMENT]).data]


@pytest.mark.parametrize(
    ("params", "text", "words"),
    [
        ({}, "Not  BAD, naïve Zyzzyx!", ["Not", "BAD", ",", "naïve", "Zyzzyx", "!"]),
        ({"strip_accents": "unicode"}, "Ça va, ßé", ["Ça", "va", ",", "ßé"]),
        ({"stop_words": ["a"]}, "a cat A hat", ["cat", "hat"]),
        ({"max_length": 2, "truncation": "tail"}, "One Two Three", ["Two", "Three"]),
        ({"max_length": 2, "truncation": "both"}, "One Two Three", ["One", "Three"]),
        ({"analyzer": "char"}, "Ab \n", ["A", "b", " ", "\n"]),
        ({"tokenizer": str.split, "token_pattern": None}, "It's  OK!", ["It's", "OK!"]),
        ({"token_pattern": r"(\w)\w*"}, "One Two", ["O", "T"]),
        # Nothing tells what stood there: the tokens as they are.
        ({"preprocessor": lambda text: text[::-1] + "!"}, "One Two", ["owT", "enO", "!"]),
    ],
)
def test_words_are_those_of_the_text(corpus, params, text, words):
    X, y = corpus
    clf = make_classifier(vectorizer=SequenceVectorizer(**params)).fit(X, y)
    t = trace(clf, text)
    assert t.tokens == words
    if t.words.spans is not None:
        assert [text[start:stop] for start, stop in t.words.spans] == words


def test_letters_that_grow_in_lower_case_keep_their_place(corpus):
    t = trace(make_classifier().fit(*corpus), "İstanbul İs nice")
    assert [t.words.text[start:stop] for start, stop in t.words.spans][-1] == "nice"


def test_real_tweets_are_cut_into_their_own_words():
    X, y = load_tweet_sentiment(return_X_y=True)
    clf = make_classifier().fit(X[:60], y[:60])
    for text in X[:60]:
        t = trace(clf, text, n_readings=1)
        pieces = [text[start:stop] for start, stop in t.words.spans]
        assert pieces == t.tokens
        assert "".join(pieces).split() == ["".join(text.split())]


def test_an_empty_document_is_one_unknown_token(clf):
    t = trace(clf, "")
    assert t.tokens == ["<unk>"]
    assert t.get().shape == (1, 5)
    np.testing.assert_allclose(t.readings, clf.predict_proba([""]), atol=1e-6)


def test_layers_count_from_either_end(corpus):
    t = trace(make_classifier(num_layers=2).fit(*corpus), DOCUMENT)
    np.testing.assert_array_equal(t.get(layer=-1), t.get(layer=1))
    np.testing.assert_array_equal(t.get(layer=-2), t.get(layer=0))
    with pytest.raises(ValueError, match="'layer' parameter must be an int in the range"):
        t.get(layer=2)


def test_wrong_names_are_refused(corpus):
    t = trace(make_classifier(cell="gru", bidirectional=False).fit(*corpus), DOCUMENT)
    with pytest.raises(ValueError, match=r"'quantity' .* 'reset_gate'.* Got 'forget_gate'"):
        t.get("forget_gate")
    with pytest.raises(ValueError, match="'direction' parameter must be one of"):
        t.get(direction="backward")


def test_wrong_estimators_are_refused(corpus):
    X, y = corpus
    with pytest.raises(NotFittedError):
        trace(make_classifier(), DOCUMENT)
    with pytest.raises(NotFittedError):
        trace(make_pipeline(SequenceVectorizer(), make_classifier()), DOCUMENT)
    search = GridSearchCV(make_classifier(), {"lr": [1e-3]}, cv=2, refit=False)
    with pytest.raises(ValueError, match="set refit=True"):
        trace(search.fit(X, y), DOCUMENT)
    with pytest.raises(NotFittedError):
        trace(GridSearchCV(make_classifier(), {"lr": [1e-3]}), DOCUMENT)
    with pytest.raises(TypeError, match=r"must be a fitted text estimator.* LogisticRegression"):
        trace(LogisticRegression(), DOCUMENT)
    with pytest.raises(TypeError, match="Got the class RNNTextClassifier"):
        trace(RNNTextClassifier, DOCUMENT)


def test_wrong_documents_are_refused(clf, corpus):
    with pytest.raises(ValueError, match=r"'document' must be one document.*list with 2 rows"):
        trace(clf, ["one", "two"])
    with pytest.raises(TypeError, match=r"'document' must be one document.*NoneType"):
        trace(clf, None)
    with pytest.raises(ValueError, match="'n_readings' parameter of trace must be"):
        trace(clf, DOCUMENT, n_readings=0)
    ids = SequenceVectorizer().fit_transform(corpus[0])
    with pytest.raises(ValueError, match="fitted on token ids"):
        trace(make_classifier().fit(ids, corpus[1]), DOCUMENT)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (
            "Cafe\u0301 co\u00adop 👍🏽, हिन्दी!",
            ["Cafe\u0301", "co\u00adop", "👍🏽", ",", "हिन्दी", "!"],
        ),
        ("İyi GÜN", ["İyi", "GÜN"]),
        ([["New York", "Is", "GOOD"]], ["New York", "Is", "GOOD"]),
    ],
)
def test_words_of_any_script_and_tokens_are_spelled_as_in_the_document(corpus, document, words):
    assert trace(make_classifier().fit(*corpus), document).tokens == words
