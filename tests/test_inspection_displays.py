import ast
import sys
import warnings
from functools import cache
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from sklearn_rnn import (
    RNNLanguageModel,
    RNNTextClassifier,
    RNNTokenClassifier,
    RNNTranslator,
    SequenceVectorizer,
    inspection,
)
from sklearn_rnn.datasets import make_word_order
from sklearn_rnn.inspection import (
    AlignmentDisplay,
    AttentionDisplay,
    GateDisplay,
    GradientFlowDisplay,
    LearningRateDisplay,
    ReadingDisplay,
    ShadedDocument,
    SpanDisplay,
    StateDisplay,
    SurpriseDisplay,
    TokenImportanceDisplay,
    TrainingDisplay,
    TransitionDisplay,
    gradient_flow,
    token_importance,
    trace,
)
from sklearn_rnn.modules import ProjectedCell

mpl.use("Agg")

DOCUMENT = "the train was late and good , not bad"


def make_classifier(**params):
    small = {"embedding_dim": 6, "hidden_size": 5, "max_epochs": 2, "random_state": 0}
    return RNNTextClassifier(**{**small, **params})


@pytest.fixture(scope="module")
def corpus():
    return make_word_order(60, max_length=12, random_state=0)


@pytest.fixture(scope="module")
def clf(corpus):
    return make_classifier(pooling="attention", early_stopping=True).fit(*corpus)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def draw_flow(clf, document, **kwargs):
    return GradientFlowDisplay.from_estimator(clf, [document], clf.classes_[:1], **kwargs)


def draw_rates(clf, document, **kwargs):
    documents, labels = [document] * 20, ["negative", "positive"] * 10
    return LearningRateDisplay.from_estimator(clf, documents, labels, n_steps=5, **kwargs)


def draw_training(clf, document, **kwargs):
    return TrainingDisplay.from_estimator(clf, **kwargs)


@cache
def make_language_model():
    model = RNNLanguageModel(
        vectorizer=SequenceVectorizer(),
        documents=False,
        embedding_dim=6,
        hidden_size=5,
        max_epochs=1,
        random_state=0,
    )
    return model.fit(make_word_order(60, max_length=12, random_state=0)[0])


def draw_surprise(_, document, **kwargs):
    return SurpriseDisplay.from_estimator(make_language_model(), document).plot(**kwargs)


@cache
def make_tagger():
    X = [document.split() for document in make_word_order(60, max_length=12, random_state=0)[0]]
    y = [["B-LONG" if len(word) > 4 else "O" for word in sentence] for sentence in X]
    small = {"embedding_dim": 6, "hidden_size": 5, "max_epochs": 2, "random_state": 0}
    return RNNTokenClassifier(**small).fit(X, y)


@cache
def make_translator():
    X = make_word_order(60, max_length=12, random_state=0)[0]
    small = {"embedding_dim": 6, "hidden_size": 5, "max_epochs": 2, "random_state": 0}
    return RNNTranslator(source_vectorizer=SequenceVectorizer(), **small).fit(X, X)


def draw_spans(_, document, **kwargs):
    return SpanDisplay.from_estimator(make_tagger(), document).plot(**kwargs)


def draw_transitions(*_, **kwargs):
    return TransitionDisplay.from_estimator(make_tagger(), **kwargs)


def draw_alignment(_, document, **kwargs):
    return AlignmentDisplay.from_estimator(make_translator(), document, "good , not bad", **kwargs)


OF_DOCUMENTS = {
    "AlignmentDisplay": draw_alignment,
    "AttentionDisplay": AttentionDisplay.from_estimator,
    "GateDisplay": GateDisplay.from_estimator,
    "ReadingDisplay": ReadingDisplay.from_estimator,
    "SpanDisplay": draw_spans,
    "StateDisplay": StateDisplay.from_estimator,
    "SurpriseDisplay": draw_surprise,
    "TokenImportanceDisplay": TokenImportanceDisplay.from_estimator,
}
DISPLAYS = {
    **OF_DOCUMENTS,
    "GradientFlowDisplay": draw_flow,
    "LearningRateDisplay": draw_rates,
    "TrainingDisplay": draw_training,
    "TransitionDisplay": draw_transitions,
}
every_display = pytest.mark.parametrize("name", DISPLAYS)
every_display_of_documents = pytest.mark.parametrize("name", OF_DOCUMENTS)


def test_every_display_is_tested():
    assert set(DISPLAYS) == {name for name in inspection.__all__ if name.endswith("Display")}


@every_display
def test_display_draws_into_a_figure_of_its_own_or_into_axes(clf, name):
    display = DISPLAYS[name](clf, DOCUMENT)
    assert display.figure_ is display.ax_.figure
    _, (left, right) = plt.subplots(1, 2)
    again = DISPLAYS[name](clf, DOCUMENT, ax=right)
    assert again.ax_ is right
    assert not left.has_data()
    assert display.plot(ax=left) is display
    assert display.ax_ is left


@every_display
def test_drawing_gives_no_warnings(clf, name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        DISPLAYS[name](clf, DOCUMENT + " $5 or 5$ \\alpha \x8a <unk> _^").figure_.canvas.draw()


@every_display
def test_axes_are_named(clf, name):
    display = DISPLAYS[name](clf, DOCUMENT)
    for ax in getattr(display, "axes_", [display.ax_]):
        assert ax.get_ylabel()
    last = getattr(display, "axes_", [display.ax_])[-1]
    assert last.get_xlabel()


@every_display
def test_missing_matplotlib_is_said_as_scikit_learn_says_it(clf, name, monkeypatch):
    display = DISPLAYS[name](clf, DOCUMENT)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=rf"{name}\.plot requires matplotlib\. You can install"):
        display.plot()


def test_matplotlib_is_imported_in_functions_only():
    for file in Path(inspection.__file__).parent.glob("*.py"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            assert not (isinstance(node, ast.Import) and "matplotlib" in ast.unparse(node))
            assert not (isinstance(node, ast.ImportFrom) and node.module.startswith("matplotlib"))


@every_display_of_documents
@pytest.mark.parametrize("n_words", [3, 60, 120])
def test_words_do_not_overlap(clf, name, n_words):
    words = (DOCUMENT.split() * 40)[:n_words]
    display = DISPLAYS[name](clf, " ".join(words))
    display.figure_.canvas.draw()
    labels = display.ax_.get_xticklabels()
    if n_words <= 60:
        assert [label.get_text() for label in labels] == words
    places = [round(tick) for tick in display.ax_.get_xticks()]
    assert [label.get_text() for label in labels] == [words[place] for place in places]
    boxes = [label.get_window_extent() for label in labels]
    # The boxes hold the height of a line, of which letters fill two thirds.
    distances = np.diff([box.x0 for box in boxes])
    assert (distances > 0.75 * max(box.width for box in boxes)).all()


@every_display_of_documents
def test_words_do_not_overlap_in_small_axes(clf, name):
    fig, axes = plt.subplots(2, 2, figsize=(8, 8), layout="constrained")
    display = DISPLAYS[name](clf, " ".join([DOCUMENT] * 6), ax=axes[0, 0])
    fig.canvas.draw()
    boxes = [label.get_window_extent() for label in display.ax_.get_xticklabels()]
    distances = np.diff([box.x0 for box in boxes])
    assert (distances > 0.75 * max(box.width for box in boxes)).all()


@every_display
def test_axes_may_be_in_a_subfigure(clf, name):
    _, right = plt.figure(figsize=(14, 6), layout="constrained").subfigures(1, 2)
    display = DISPLAYS[name](clf, DOCUMENT, ax=right.subplots())
    assert display.figure_ is right
    right.canvas.draw()


@pytest.mark.parametrize("state", ["hidden", "cell"])
@pytest.mark.parametrize("order_units", [False, True])
def test_state_display_shows_the_states(clf, state, order_units):
    display = StateDisplay.from_estimator(
        clf, DOCUMENT, state=state, direction="backward", order_units=order_units
    )
    states = trace(clf, DOCUMENT).get(f"{state}_state", direction="backward")
    np.testing.assert_array_equal(display.image_.get_array(), states.T[display.unit_order_])
    assert sorted(display.unit_order_) == list(range(5))
    low, high = display.image_.get_clim()
    assert low == -high
    assert high == pytest.approx(np.abs(states).max())


def test_units_alike_stand_together():
    rng = np.random.RandomState(0)
    kinds = rng.permutation([0] * 4 + [1] * 4 + [2] * 4)
    values = rng.normal(size=(20, 3))[:, kinds] + 0.01 * rng.normal(size=(20, 12))
    display = StateDisplay(values=values, tokens=["a"] * 20).plot()
    assert (np.diff(kinds[display.unit_order_]) != 0).sum() == 2


@pytest.mark.parametrize(("cell", "gate"), [("lstm", "forget_gate"), ("gru", "update_gate")])
def test_gate_display_shows_what_keeps_the_state(corpus, cell, gate):
    clf = make_classifier(cell=cell, num_layers=2).fit(*corpus)
    display = GateDisplay.from_estimator(clf, DOCUMENT, layer=0)
    expected = trace(clf, DOCUMENT).get(gate, layer=0)
    np.testing.assert_array_equal(display.values, expected)
    assert display.image_.get_clim() == (0, 1)
    assert display.layer == 0
    with pytest.raises(ValueError, match="'gate' parameter must be 'auto' or one of"):
        GateDisplay.from_estimator(clf, DOCUMENT, gate="peephole")


class MixingCell(ProjectedCell):
    """A cell of a user's that names a gate."""

    def equations(self, x, state):
        (h,) = state
        gate = torch.sigmoid(x + h)
        return ((1 - gate) * h + gate,), {"mixing_gate": gate}


@pytest.mark.parametrize("gate", ["auto", "mixing"])
def test_a_gate_of_any_name_is_shown(corpus, gate):
    clf = make_classifier(cell=MixingCell).fit(*corpus)
    display = GateDisplay.from_estimator(clf, DOCUMENT, gate=gate)
    assert display.quantity == "mixing_gate"
    np.testing.assert_array_equal(display.values, trace(clf, DOCUMENT).get("mixing_gate"))


def test_a_cell_without_gates_has_none_to_show(corpus):
    clf = make_classifier(cell="rnn").fit(*corpus)
    with pytest.raises(ValueError, match="GateDisplay needs a cell with known gates"):
        GateDisplay.from_estimator(clf, DOCUMENT)
    with pytest.raises(ValueError, match="'state' parameter must be 'hidden' or 'cell'"):
        StateDisplay.from_estimator(clf, DOCUMENT, state="gate")


def test_reading_display_shows_the_probabilities(clf):
    display = ReadingDisplay.from_estimator(clf, DOCUMENT)
    t = trace(clf, DOCUMENT)
    for line, values in zip(display.lines_, t.readings.T, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), values)
    assert display.ax_.get_ylabel() == "probability"
    one = ReadingDisplay.from_estimator(clf, DOCUMENT, classes=["positive"])
    assert [line.get_label() for line in one.lines_] == ["positive"]
    with pytest.raises(ValueError, match="'classes' parameter must be a list of some of"):
        ReadingDisplay.from_estimator(clf, DOCUMENT, classes=["neutral"])


def test_of_many_classes_the_most_probable_are_drawn(corpus):
    X, _ = corpus
    clf = make_classifier().fit(X, np.arange(60) % 10)
    display = ReadingDisplay.from_estimator(clf, DOCUMENT)
    best = np.argsort(clf.predict_proba([DOCUMENT])[0])[-7:]
    assert {line.get_label() for line in display.lines_} == set(map(str, best))


def test_attention_display_needs_attention(clf, corpus):
    display = AttentionDisplay.from_estimator(clf, DOCUMENT)
    (bars,) = display.bars_
    heights = [bar.get_height() for bar in bars]
    np.testing.assert_allclose(heights, trace(clf, DOCUMENT).attention)
    with pytest.raises(ValueError, match=r"only with pooling='attention'.* pooling='last'"):
        AttentionDisplay.from_estimator(make_classifier(pooling="last").fit(*corpus), DOCUMENT)


def test_heads_of_attention_are_parts_of_a_bar(corpus):
    clf = make_classifier(pooling="multihead_attention", num_heads=2, hidden_size=4).fit(*corpus)
    display = AttentionDisplay.from_estimator(clf, DOCUMENT)
    traced = trace(clf, DOCUMENT)
    for head, bars in enumerate(display.bars_):
        heights = [bar.get_height() for bar in bars]
        np.testing.assert_allclose(heights, traced.head_attention[:, head] / 2)
    tops = [bar.get_y() + bar.get_height() for bar in display.bars_[-1]]
    np.testing.assert_allclose(tops, traced.attention, rtol=1e-6)
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert {"head 1", "head 2"} <= set(labels)
    shaded = ShadedDocument.from_estimator(clf, DOCUMENT, values="attention")
    np.testing.assert_array_equal(shaded.values, traced.attention)


def test_importance_display_shows_both_methods(clf):
    display = TokenImportanceDisplay.from_estimator(clf, DOCUMENT, target="negative")
    frame = token_importance(clf, DOCUMENT, target="negative")
    for method in ("integrated_gradients", "occlusion"):
        heights = [bar.get_height() for bar in display.bars_[method]]
        np.testing.assert_allclose(heights, frame[method])
    legend = display.ax_.get_legend()
    assert legend.get_title().get_text() == "recurrent network and wide path"
    first, second = (text.get_text() for text in legend.get_texts())
    assert first.startswith("integrated gradients (error of the sum") and second == "occlusion"
    probability = clf.predict_proba([DOCUMENT])[0, clf.classes_.tolist().index("negative")]
    title = display.ax_.get_title(loc="left")
    assert title == f"Evidence for 'negative', p = {probability:.2f}"


def test_training_display_shows_what_was_recorded(clf, corpus):
    display = TrainingDisplay.from_estimator(clf)
    assert list(display.curves) == ["loss", "score", "gradient norm", "learning rate"]
    (training, _) = display.axes_[0].get_lines()
    np.testing.assert_array_equal(training.get_ydata(), clf.loss_curve_)
    np.testing.assert_array_equal(
        display.axes_[1].get_lines()[0].get_ydata(), clf.validation_scores_
    )
    bare = make_classifier(clip_grad_norm=None).fit(*corpus)
    assert list(TrainingDisplay.from_estimator(bare).curves) == ["loss", "learning rate"]


def test_training_display_tells_the_share_of_the_wide_path(corpus):
    fitted = {w: make_classifier(wide_weight=w, max_epochs=1).fit(*corpus) for w in (0.25, 0)}
    displays = {w: TrainingDisplay.from_estimator(clf) for w, clf in fitted.items()}
    assert displays[0.25].wide_weight == 0.25
    title = displays[0.25].axes_[0].get_title()
    assert "75% recurrent network" in title
    assert "25% wide path" in title
    assert displays[0].axes_[0].get_title() == ""


def test_the_norm_recorded_is_that_before_clipping(corpus):
    loose, tight = (
        make_classifier(clip_grad_norm=c, max_epochs=1, batch_size=60).fit(*corpus)
        for c in (1e6, 1e-6)
    )
    norms = [clf.history_[0]["grad_norm"] for clf in (loose, tight)]
    assert norms[0] == norms[1] > 1e-3


def test_flow_of_several_estimators(corpus):
    X, y = corpus
    models = {
        cell: make_classifier(cell=cell, pooling="last").fit(X, y) for cell in ("rnn", "lstm")
    }
    display = GradientFlowDisplay.from_estimator(models, X, y, direction="backward", relative=True)
    assert [line.get_label() for line in display.lines_] == ["rnn", "lstm"]
    flow = gradient_flow(models["lstm"], X, y).query("direction == 'backward'")
    np.testing.assert_array_equal(display.lines_[1].get_ydata(), flow["ratio"])
    more = GradientFlowDisplay.from_estimator(models["rnn"], X, y, name="again", ax=display.ax_)
    assert more.lines_[0].get_color() not in {line.get_color() for line in display.lines_}
    with pytest.raises(ValueError, match="Got layer=3"):
        GradientFlowDisplay.from_estimator(models["rnn"], X, y, layer=3)
