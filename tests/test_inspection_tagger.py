import re
from html.parser import HTMLParser

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, RNNTokenClassifier, SequenceVectorizer, inspection
from sklearn_rnn._tagging.sentences import read_by
from sklearn_rnn.inspection import (
    SpanDisplay,
    TransitionDisplay,
    character_importance,
    tag_probabilities,
    token_importance,
)

mpl.use("Agg")

X = [["fly", "to", "Oslo"], ["from", "Rome", "to", "New", "York"], []] * 10
Y = [["O", "O", "B-CITY"], ["O", "B-CITY", "O", "B-CITY", "I-CITY"], []] * 10
NOUNS = [["VERB", "ADP", "NOUN"], ["ADP", "NOUN", "ADP", "ADJ", "NOUN"], []] * 10


def make_tagger(**params):
    small = {
        "embedding": None,  # whose words would all be known
        "num_layers": 1,
        "hidden_size": 8,
        "char_hidden_size": 6,
        "max_epochs": 15,
        "lr": 0.02,
        "random_state": 0,
    }
    return RNNTokenClassifier(**{**small, **params})


@pytest.fixture(scope="module")
def tagger():
    return make_tagger().fit(X, Y)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


SENTENCES = [["to", "Rome"], [], ["from", "New", "Bergen"]]


def test_rows_are_the_tokens_with_their_tags(tagger):
    frame = tag_probabilities(tagger, SENTENCES)
    assert frame["token"].tolist() == ["to", "Rome", "from", "New", "Bergen"]
    assert frame["sentence"].tolist() == [0, 0, 2, 2, 2]
    assert frame["position"].tolist() == [0, 1, 0, 1, 2]
    assert frame["known"].tolist() == [True, True, True, True, False]
    assert frame["tag"].tolist() == [tag for tags in tagger.predict(SENTENCES) for tag in tags]


@pytest.mark.parametrize("crf", [True, False])
def test_probabilities_are_those_of_predict_proba(crf):
    tagger = make_tagger(crf=crf, max_epochs=2).fit(X, Y)
    frame = tag_probabilities(tagger, SENTENCES)
    classes = tagger.classes_.tolist()
    proba = np.concatenate(tagger.predict_proba(SENTENCES))
    for row, probabilities in zip(frame.to_dict("records"), proba, strict=True):
        by_tag = dict(zip(classes, probabilities, strict=True))
        assert row["probability"] == pytest.approx(by_tag.pop(row["tag"]), abs=1e-6)
        assert row["runner_up"] == max(by_tag, key=by_tag.get)
        assert row["runner_up_probability"] == pytest.approx(max(by_tag.values()), abs=1e-6)


def test_a_single_tag_has_no_runner_up():
    tagger = make_tagger(max_epochs=1).fit(X, [["O"] * len(tokens) for tokens in X])
    frame = tag_probabilities(tagger, SENTENCES)
    assert frame["runner_up"].isna().all()
    assert (frame["runner_up_probability"] == 0).all()
    assert "O 100%" in SpanDisplay.from_estimator(tagger, "to Rome").to_html()


def test_no_tokens_give_no_rows(tagger):
    frame = tag_probabilities(tagger, [[], []])
    assert list(frame) == list(tag_probabilities(tagger, SENTENCES))
    assert len(frame) == 0


def test_pipelines_and_searches_are_unwrapped(tagger):
    vectorizer = SequenceVectorizer()
    pipe = make_pipeline(vectorizer, make_tagger()).fit(X, Y)
    frame = tag_probabilities(pipe, SENTENCES)
    assert frame["token"].tolist() == ["to", "rome", "from", "new", "<unk>"]
    ids = vectorizer.fit(X).transform(SENTENCES)
    numbers = tag_probabilities(make_tagger().fit(vectorizer.transform(X), Y), ids)
    assert numbers["token"].tolist() == list(map(str, ids.data))
    pd.testing.assert_frame_equal(numbers.drop(columns="token"), frame.drop(columns="token"))
    search = GridSearchCV(make_tagger(), {"max_epochs": [15]}, cv=2).fit(X, Y)
    pd.testing.assert_frame_equal(
        tag_probabilities(search, SENTENCES), tag_probabilities(tagger, SENTENCES)
    )


@pytest.mark.parametrize(
    "inspect",
    [
        lambda estimator: tag_probabilities(estimator, X),
        lambda estimator: character_importance(estimator, [X[0]], 0),
        lambda estimator: SpanDisplay.from_estimator(estimator, [X[0]]),
        TransitionDisplay.from_estimator,
    ],
)
def test_others_are_refused(inspect):
    clf = RNNTextClassifier(hidden_size=2, max_epochs=1).fit(["a", "b"], [0, 1])
    with pytest.raises(TypeError, match=r"must be a fitted RNNTokenClassifier\. Got RNNTextClass"):
        inspect(clf)


def test_a_tagger_is_told_where_else_to_look(tagger):
    with pytest.raises(TypeError, match=r"which predicts tokens: see tag_probabilities and Sp"):
        token_importance(tagger, "to Rome")


class Marked(HTMLParser):
    """The text of each span element with its title and shade, the labels, and all text."""

    def __init__(self, html):
        super().__init__()
        self.spans, self.labels, self.text, self.tags = [], [], "", []
        self.open = None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.open = tag
        if tag == "span":
            attrs = dict(attrs)
            shade = re.search(r"([\d.]+)\)", attrs["style"])
            self.spans.append([attrs["title"], float(shade[1]) if shade else None, ""])
        if tag == "sub":
            self.labels.append("")

    def handle_endtag(self, tag):
        self.open = None

    def handle_data(self, data):
        if self.open == "sub":
            self.labels[-1] += data
        else:
            self.text += data
        if self.open == "span":
            self.spans[-1][2] += data


def test_spans_are_shaded_with_their_labels_behind_them(tagger):
    text = "from  Rome to New York"
    display = SpanDisplay.from_estimator(tagger, text)
    (found,) = tagger.predict_spans([text])
    assert display.spans == [(span.label, span.start, span.stop) for span in found]
    html = display._repr_html_()
    assert "New York</span><sub" in html
    marked = Marked(html)
    assert marked.text.endswith(text)
    assert marked.labels == ["CITY", "CITY"]
    assert [text for _, _, text in marked.spans[3:]] == ["from", "Rome", "to", "New York"]
    assert [shade is None for _, shade, _ in marked.spans[3:]] == [True, False, True, False]
    frame = tag_probabilities(tagger, [text])
    least = frame["probability"][3:5].min()
    assert marked.spans[-1][1] == pytest.approx(0.5 * max(0.15, 2 * least - 1), abs=1e-3)
    lines = marked.spans[-1][0].split("\n")
    assert lines[0].startswith(f"New  B-CITY {frame['probability'][3]:.0%}, ")
    assert lines[1].startswith(f"York  I-CITY {frame['probability'][4]:.0%}, ")


def test_lists_of_tokens_are_joined_by_spaces(tagger):
    display = SpanDisplay.from_estimator(tagger, [["from", "New", "York", "to"]])
    assert Marked(display.to_html()).text.endswith("from New York to")
    assert repr(display) == "SpanDisplay(4 tokens, 1 spans)"


def test_where_tags_mark_no_spans_each_token_is_one():
    tagger = make_tagger().fit(X, NOUNS)
    display = SpanDisplay.from_estimator(tagger, "to New York")
    (tags,) = tagger.predict(["to New York"])
    assert Marked(display.to_html()).labels == tags
    assert display.spans == [(tag, i, i + 1) for i, tag in enumerate(tags)]


def test_html_of_any_text_is_safe():
    sentences = [["<script>", '"', "&", "<b>"], ['a"b', "x"]] * 10
    tags = [["B-<i>", "I-<i>", "O", 'B-"'], ["O", "O"]] * 10
    tagger = make_tagger().fit(sentences, tags)
    for sentence in sentences[:2]:
        marked = Marked(SpanDisplay.from_estimator(tagger, [sentence]).to_html())
        assert set(marked.tags) <= {"div", "span", "sub"}
        assert marked.text.endswith(" ".join(sentence))
    text = '<script>alert("1")</script>'
    texts = make_tagger(max_epochs=1).fit(["a b"] * 5, [["<b>", "<i>"]] * 5)
    marked = Marked(SpanDisplay.from_estimator(texts, text).to_html())
    assert set(marked.tags) <= {"div", "span", "sub"}
    assert marked.text.endswith(text)


def test_an_empty_sentence_has_no_spans(tagger):
    display = SpanDisplay.from_estimator(tagger, [[]])
    assert display.spans == []
    assert len(Marked(display.to_html()).spans) == 3  # the legend
    assert len(display.plot().bars_) == 0


def test_bars_are_the_probabilities(tagger):
    display = SpanDisplay.from_estimator(tagger, "from New York to Rome").plot()
    frame = display.tags
    np.testing.assert_allclose([bar.get_height() for bar in display.bars_], frame["probability"])
    colours = [bar.get_facecolor() for bar in display.bars_]
    assert [colour == colours[0] for colour in colours] == (frame["tag"] == "O").tolist()
    _, second = display.ax_.containers
    np.testing.assert_allclose(
        [bar.get_y() + bar.get_height() for bar in second],
        frame["probability"] + frame["runner_up_probability"],
    )
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["CITY", "no span", "runner-up"]


def test_the_map_shows_the_transitions():
    tagger = make_tagger(constraints="bio").fit(X, Y)
    display = TransitionDisplay.from_estimator(tagger)
    frame = tagger.transitions_frame()
    drawn = display.image_.get_array()
    known = np.isfinite(frame.to_numpy())
    np.testing.assert_array_equal(~drawn.mask, known)
    np.testing.assert_array_equal(drawn[known], frame.to_numpy()[known])
    assert not known[frame.index.get_loc("O"), frame.columns.get_loc("I-CITY")]
    assert [text.get_text() for text in display.ax_.get_xticklabels()] == list(frame.columns)
    assert [text.get_text() for text in display.ax_.get_yticklabels()] == list(frame.index)
    low, high = display.image_.get_clim()
    assert low == -high


def test_some_transitions_can_be_drawn(tagger):
    frame = TransitionDisplay.from_estimator(tagger, tags=["O", "B-CITY"]).transitions
    assert list(frame.index) == ["(start)", "O", "B-CITY"]
    assert list(frame.columns) == ["O", "B-CITY", "(end)"]
    with pytest.raises(ValueError, match=r"'tags' must be some of .*\. Got \['B-NAME'\]"):
        TransitionDisplay.from_estimator(tagger, tags=["B-NAME", "O"])
    with pytest.raises(ValueError, match="fitted with crf=False and has no transitions"):
        TransitionDisplay.from_estimator(make_tagger(crf=False, max_epochs=1).fit(X, Y))


def probability_by_hand(tagger, sentence, position, spelled, code):
    """Return the probability of a tag when one word of a sentence is spelled in another way."""
    sentences = read_by([sentence], tagger.vectorizer_, tagger)
    sentences.tokens[0][position] = spelled
    data = sentences.to_data(tagger.characters_)
    outputs = tagger.net_.token_outputs(data, tagger.module_.marginals)
    return outputs[position, code] / outputs[position].sum()


@pytest.mark.parametrize(("position", "target"), [(1, None), (-1, "O"), (0, "B-CITY")])
def test_a_character_counts_as_much_as_the_tag_loses_without_it(tagger, position, target):
    sentence = ["from", "Bergen", "to", "Rome"]
    frame = character_importance(tagger, [sentence], position, target=target)
    word = sentence[position]
    assert frame["character"].tolist() == list(word)
    tag = target or tagger.predict([sentence])[0][position]
    assert (frame.attrs["token"], frame.attrs["tag"]) == (word, tag)
    code, place = tagger.classes_.tolist().index(tag), position % 4
    whole = tagger.predict_proba([sentence])[0][place, code]
    assert frame.attrs["probability"] == pytest.approx(whole, abs=1e-6)
    for i, row in enumerate(frame.to_dict("records")):
        assert row["without"] == word[:i] + word[i + 1 :]
        rest = probability_by_hand(tagger, list(sentence), place, row["without"], code)
        assert row["importance"] == pytest.approx(whole - rest, abs=1e-5)
    assert frame["importance"].abs().max() > 1e-4


def test_characters_of_a_text_and_of_a_word_of_one(tagger):
    frame = character_importance(tagger, "to X", 1)
    assert frame["without"].tolist() == [""]
    assert np.isfinite(frame["importance"]).all()


def test_what_has_no_characters_is_refused(tagger):
    for position in (2, -3):
        with pytest.raises(ValueError, match=f"one of the 2 tokens. Got {position}"):
            character_importance(tagger, "to Rome", position)
    with pytest.raises(ValueError, match=r"'target' must be one of the tags .* Got 'B-NAME'"):
        character_importance(tagger, "to Rome", 1, target="B-NAME")
    ids = SequenceVectorizer().fit_transform(X)
    of_ids = make_tagger(max_epochs=1).fit(ids, Y)
    with pytest.raises(ValueError, match="fitted on token ids and reads no characters"):
        character_importance(of_ids, ids[:1], 0)
    with pytest.raises(ValueError, match="must be one document"):
        character_importance(tagger, ["to Rome", "to Oslo"], 0)


def test_what_taggers_show_is_public():
    assert {"SpanDisplay", "TransitionDisplay", "character_importance", "tag_probabilities"} <= set(
        inspection.__all__
    )
