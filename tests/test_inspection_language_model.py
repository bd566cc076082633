"""Language models in `trace`, `unit_correlations` and the displays: their states at each token."""

import numpy as np
import pytest
import torch
from sklearn.pipeline import make_pipeline
from torch.nn.utils.rnn import pack_sequence

from sklearn_rnn import RNNLanguageModel, SequenceVectorizer
from sklearn_rnn.inspection import (
    AttentionDisplay,
    GateDisplay,
    ReadingDisplay,
    StateDisplay,
    TrainingDisplay,
    gradient_flow,
    token_importance,
    trace,
    unit_correlations,
)
from sklearn_rnn.inspection._recording import recording

TEXTS = ["say 'no' to him", "he said 'yes'", "'ah' and 'oh'", "nothing 'at' all"] * 5


def make_model(**params):
    small = {"embedding_dim": 4, "hidden_size": 5, "max_epochs": 2, "random_state": 0}
    return RNNLanguageModel(**{**small, **params})


@pytest.fixture(scope="module")
def model():
    return make_model().fit(TEXTS)


@pytest.fixture(scope="module")
def labelled():
    return make_model().fit(TEXTS, np.arange(20) % 2)


def states_by_hand(model, text, label=None):
    """Return the states of the top layer after each token of a text, read from its beginning."""
    ids = torch.from_numpy(np.append(0, model.vectorizer_.transform([text]).data))
    labels = None if label is None else torch.tensor([label])
    with torch.no_grad():
        hidden, _ = model.module_.eval()(pack_sequence([ids]), None, labels)
    return hidden[1:].numpy()


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"documents": False},
        {"cell": "gru", "kernels": False},
        {"cell": "indrnn"},
        {"cell": "grid_lstm"},
    ],
)
def test_states_are_those_that_predict_the_next_token(params):
    model = make_model(num_layers=2, **params).fit(TEXTS)
    t = trace(model, TEXTS[0])
    assert t.tokens == list(TEXTS[0])
    assert t.directions == ["forward"]
    assert t.readings is None
    np.testing.assert_allclose(t.get(), states_by_hand(model, TEXTS[0]), atol=1e-6)
    assert np.abs(t.get(layer=0) - t.get(layer=1)).max() > 1e-3
    np.testing.assert_allclose(t.get()[-1], model.transform(TEXTS[:1])[0], atol=1e-6)


def test_gates_start_from_the_state_behind_the_boundary(model):
    """Not from that before it: by the equation of an LSTM, over all tokens that are shown."""
    t = trace(model, "oh no")
    with torch.no_grad():
        _, [(_, memory)] = model.module_(pack_sequence([torch.tensor([0])]))
    before = np.concatenate([memory.numpy(), t.get("cell_state")[:-1]])
    expected = t.get("forget_gate") * before + t.get("input_gate") * t.get("candidate")
    np.testing.assert_allclose(t.get("cell_state"), expected, atol=1e-6)


def test_a_text_is_read_under_its_most_probable_label(labelled):
    for text in ("he said 'yes'", "'ah' and 'oh'"):
        label = int(labelled.predict([text])[0])
        expected = states_by_hand(labelled, text, label)
        np.testing.assert_allclose(trace(labelled, text).get(), expected, atol=1e-6)
        other = states_by_hand(labelled, text, 1 - label)
        assert np.abs(other - expected).max() > 1e-3


def test_readings_are_the_labels_after_each_token(labelled):
    t = trace(labelled, "he said")
    prefixes = ["he said"[:n] for n in range(1, 8)]
    np.testing.assert_allclose(t.readings, labelled.predict_proba(prefixes), atol=1e-6)
    assert t.output_names == [0, 1]
    display = ReadingDisplay.from_estimator(labelled, "he said")
    assert len(display.lines_) == 2


def test_recording_leaves_the_network_alone(model):
    module = model.module_
    with recording(module):
        assert any("read" in vars(part) for part in module.modules())
    for part in module.modules():
        assert not part._forward_hooks
        assert "read" not in vars(part)


def is_inside(tokens):
    """Return whether each character stands inside quotes."""
    return (np.cumsum([token == "'" for token in tokens]) % 2).astype(bool)


@pytest.mark.parametrize("texts", [TEXTS, [*TEXTS[:4], "", *TEXTS[4:]]])
def test_correlations_are_of_the_traced_states(model, texts):
    frame = unit_correlations(model, texts, is_inside, random_state=0)
    held_out = np.random.RandomState(0).permutation(len(texts))[len(texts) // 2 :]
    kept = [text for i, text in enumerate(texts) if text and i not in held_out]
    states = np.concatenate([trace(model, text).get() for text in kept])
    labels = np.concatenate([is_inside(text) for text in kept])
    rows = frame.query("quantity == 'state'").sort_values("unit")
    expected = [np.corrcoef(values, labels)[0, 1] for values in states.T]
    np.testing.assert_allclose(rows["correlation"], expected, atol=1e-5)
    assert frame.attrs["n_tokens"] == len(labels)
    assert set(frame["direction"]) == {"forward"}


def test_displays_take_a_language_model(model):
    StateDisplay.from_estimator(model, TEXTS[0])
    GateDisplay.from_estimator(model, TEXTS[0])
    display = TrainingDisplay.from_estimator(model)
    (line,) = display.axes_[0].get_lines()
    np.testing.assert_array_equal(line.get_ydata(), model.loss_curve_)


def test_a_pipeline_is_unwrapped(model):
    vectorizer = SequenceVectorizer(analyzer="char", lowercase=False)
    pipe = make_pipeline(vectorizer, make_model()).fit(TEXTS)
    t = trace(pipe, TEXTS[0])
    assert t.tokens == list(TEXTS[0])
    np.testing.assert_array_equal(t.get(), trace(model, TEXTS[0]).get())


def test_an_empty_text_has_no_states_to_trace(model):
    with pytest.raises(ValueError, match="'document' is empty, and this RNNLanguageModel reads"):
        trace(model, "")


def test_what_explains_predictions_of_documents_refuses_a_language_model(model):
    match = "must predict something of whole documents.* Got RNNLanguageModel.*see surprise"
    for explain in (token_importance, AttentionDisplay.from_estimator):
        with pytest.raises(TypeError, match=match):
            explain(model, TEXTS[0])
    with pytest.raises(TypeError, match=match):
        gradient_flow(model, TEXTS, None)
    with pytest.raises(TypeError, match="ReadingDisplay needs an estimator that predicts"):
        ReadingDisplay.from_estimator(model, TEXTS[0])
