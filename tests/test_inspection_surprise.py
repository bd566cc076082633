import re
from html.parser import HTMLParser

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import logsumexp, softmax
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from torch.nn.utils.rnn import pack_sequence

from sklearn_rnn import (
    RNNLanguageModel,
    RNNTextClassifier,
    SequenceVectorizer,
    SubwordVectorizer,
)
from sklearn_rnn.inspection import SurpriseDisplay, surprise

mpl.use("Agg")

TEXTS = ["anna und otto", "hanna", "otto", "und so weiter"] * 5
LABELS = np.array([0, 0, 1, 2] * 5)


def make_model(**params):
    small = {"embedding_dim": 4, "hidden_size": 6, "max_epochs": 3, "random_state": 0}
    return RNNLanguageModel(**{**small, **params})


@pytest.fixture(scope="module")
def model():
    return make_model().fit(TEXTS)


@pytest.fixture(scope="module")
def labelled():
    return make_model().fit(TEXTS, LABELS)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def log_probs_by_hand(model, ids, label=None):
    """Return the log-probability of each id after the boundary and after each of some ids."""
    ids = torch.from_numpy(np.append(0, ids))
    labels = None if label is None else torch.tensor([label])
    with torch.no_grad():
        hidden, _ = model.module_.eval()(pack_sequence([ids]), None, labels)
        return model.module_.log_probs(hidden).double().numpy()


def check_against(frame, log_probs, targets, names):
    """Compare the rows of a text with the log-probabilities of all ids at each of its tokens."""
    chosen = log_probs[np.arange(len(targets)), targets]
    np.testing.assert_allclose(frame["log_prob"], chosen, atol=1e-5)
    ranks = 1 + (log_probs > chosen[:, None]).sum(axis=1)
    np.testing.assert_array_equal(frame["rank"], ranks)
    best = np.argsort(-log_probs, axis=1)
    for k in (1, 2, 3):
        ids = best[:, k - 1]
        assert frame[f"expected_{k}"].tolist() == [names[i] for i in ids]
        expected = np.exp(log_probs[np.arange(len(ids)), ids])
        np.testing.assert_allclose(frame[f"probability_{k}"], expected, atol=1e-5)


def names_of(model):
    return ["<end>", "<unk>", *model.vectorizer_.vocabulary_]


def test_rows_are_the_tokens_with_the_end_of_each_text(model):
    texts = ["otto", "", "xanna"]
    frame = surprise(model, texts)
    assert list(frame) == [
        *("document", "position", "token", "known", "log_prob", "rank"),
        *("expected_1", "probability_1", "expected_2", "probability_2"),
        *("expected_3", "probability_3"),
    ]
    assert frame["token"].tolist() == [*"otto", "<end>", "<end>", *"xanna", "<end>"]
    assert frame["document"].tolist() == [0] * 5 + [1] + [2] * 6
    assert frame["position"].tolist() == [*range(5), 0, *range(6)]
    assert frame.loc[~frame["known"], "token"].tolist() == ["x"]
    np.testing.assert_allclose(frame["log_prob"], np.concatenate(model.token_log_probs(texts)))


@pytest.mark.parametrize(
    "params",
    [{}, {"softmax": "adaptive"}, {"tie_weights": True, "num_layers": 2}, {"cell": "grid_lstm"}],
)
def test_expectations_are_those_of_the_network(params):
    model = make_model(**params).fit(TEXTS)
    frame = surprise(model, TEXTS[:4])
    for row, text in enumerate(TEXTS[:4]):
        ids = model.vectorizer_.transform([text]).data
        rows = frame[frame["document"] == row]
        check_against(rows, log_probs_by_hand(model, ids), np.append(ids, 0), names_of(model))


def test_few_digits_are_those_of_the_score():
    model = make_model(precision="bfloat16").fit(TEXTS)
    scores = np.concatenate(model.token_log_probs(TEXTS[:4]))
    np.testing.assert_allclose(surprise(model, TEXTS[:4])["log_prob"], scores, atol=1e-6)


def test_a_stream_is_read_on_from_text_to_text():
    model = make_model(documents=False).fit(TEXTS)
    texts = ["otto", "", "anna"]
    frame = surprise(model, texts)
    assert frame["token"].tolist() == [*"ottoanna"]
    assert frame["document"].tolist() == [0] * 4 + [2] * 4
    ids = model.vectorizer_.transform(["ottoanna"]).data
    check_against(frame, log_probs_by_hand(model, ids[:-1]), ids, names_of(model))
    np.testing.assert_allclose(frame["log_prob"], np.concatenate(model.token_log_probs(texts)))


def test_a_long_stream_is_read_in_pieces_as_it_is_scored():
    model = make_model(documents=False, max_epochs=1).fit(TEXTS)
    texts = ["".join(TEXTS) * 40, "otto"]
    frame = surprise(model, texts)
    np.testing.assert_allclose(
        frame["log_prob"], np.concatenate(model.token_log_probs(texts)), atol=1e-5
    )


def test_expectations_of_one_label(labelled):
    frame = surprise(labelled, ["otto", "otto"], [2, 0])
    ids = labelled.vectorizer_.transform(["otto"]).data
    for row, label in enumerate((2, 0)):
        rows, log_probs = frame[frame["document"] == row], log_probs_by_hand(labelled, ids, label)
        check_against(rows, log_probs, np.append(ids, 0), names_of(labelled))


def test_without_a_label_expectations_are_the_mean_over_those_probable_so_far(labelled):
    texts = ["anna", "otto"]
    frame = surprise(labelled, texts)
    for row, text in enumerate(texts):
        rows = frame[frame["document"] == row]
        ids = labelled.vectorizer_.transform([text]).data
        targets = np.append(ids, 0)
        by_label = np.array([log_probs_by_hand(labelled, ids, label) for label in range(3)])
        joint = np.log(np.bincount(LABELS) / 20)  # of each label and the tokens so far
        for i, target in enumerate(targets):
            weights = np.log(softmax(joint))
            mean = logsumexp(by_label[:, i] + weights[:, None], axis=0)
            check_against(rows[i : i + 1], mean[None], [target], names_of(labelled))
            joint = joint + by_label[:, i, target]
    np.testing.assert_allclose(
        frame["log_prob"], np.concatenate(labelled.token_log_probs(texts)), atol=1e-5
    )


@pytest.mark.parametrize("n_alternatives", [0, 1, 100])
def test_number_of_alternatives(model, n_alternatives):
    frame = surprise(model, ["otto"], n_alternatives=n_alternatives)
    n_ids = len(model.vectorizer_.vocabulary_) + 2
    names = [f"expected_{k + 1}" for k in range(min(n_alternatives, n_ids))]
    assert [name for name in frame if name.startswith("expected_")] == names
    if n_alternatives == 100:
        np.testing.assert_allclose(frame.filter(like="probability_").sum(axis=1), 1, atol=1e-5)


def test_many_tokens_are_looked_up_part_by_part(model, monkeypatch):
    expected = surprise(model, TEXTS)
    monkeypatch.setattr("sklearn_rnn.inspection._surprise.tokens_at_once", lambda n_ids: 7)
    pd.testing.assert_frame_equal(surprise(model, TEXTS), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("vectorizer", "tokens"),
    [
        (SequenceVectorizer(), ["Otto", "und", "Eva"]),
        (SubwordVectorizer(vocab_size=300), None),
    ],
)
def test_words_and_subwords_are_spelled_as_in_the_text(vectorizer, tokens):
    model = make_model(vectorizer=vectorizer).fit(TEXTS)
    text = "Otto und Eva"
    frame = surprise(model, [text])
    if tokens is None:
        pieces = [piece.removeprefix("##") for piece in frame["token"][:-1]]
        assert "".join(pieces).replace(" ", "") == text.replace(" ", "")
    else:
        assert frame["token"].tolist() == [*tokens, "<end>"]
    names = ["<end>", "<unk>", *map(str, model.vectorizer_.tokens_[2:])]
    # Ids that were not there in training are unknown.
    ids = model.vectorizer_.transform([text]).data
    ids = np.where(ids < model.module_.embedding.table.num_embeddings, ids, 1)
    assert frame["known"].tolist() == [*(ids != 1), True]
    assert not frame["known"].all()
    check_against(frame, log_probs_by_hand(model, ids), np.append(ids, 0), names)


def test_token_ids_are_called_by_their_numbers():
    vectorizer = SequenceVectorizer(analyzer="char").fit(TEXTS)
    model = make_model().fit(vectorizer.transform(TEXTS))
    frame = surprise(model, vectorizer.transform(["otto"]))
    ids = vectorizer.transform(["otto"]).data
    assert frame["token"].tolist() == [*map(str, ids), "<end>"]
    names = ["<end>", "<unk>", *map(str, range(2, 20))]
    check_against(frame, log_probs_by_hand(model, ids), np.append(ids, 0), names)


def test_pipelines_and_searches_are_unwrapped(model):
    expected = surprise(model, TEXTS[:2])
    vectorizer = SequenceVectorizer(analyzer="char", lowercase=False)
    pipe = make_pipeline(vectorizer, make_model()).fit(TEXTS)
    search = GridSearchCV(make_model(), {"max_epochs": [3]}, cv=2).fit(TEXTS)
    for fitted in (pipe, search):
        pd.testing.assert_frame_equal(surprise(fitted, TEXTS[:2]), expected)
    pd.testing.assert_frame_equal(surprise(model, iter(TEXTS[:2])), expected)
    pd.testing.assert_frame_equal(surprise(model, pd.Series(TEXTS[:2], [7, 9])), expected)


def test_what_cannot_be_surprised_is_refused(model, labelled):
    clf = RNNTextClassifier(hidden_size=2, max_epochs=1).fit(TEXTS, LABELS)
    with pytest.raises(TypeError, match=r"must be a fitted RNNLanguageModel\. Got RNNTextClass"):
        surprise(clf, TEXTS)
    with pytest.raises(ValueError, match="'n_alternatives' parameter of surprise must be"):
        surprise(model, TEXTS, n_alternatives=-1)
    with pytest.raises(ValueError, match=r"y contains .* not among the classes: \[5\]"):
        surprise(labelled, ["otto"], [5])
    stream = make_model(documents=False).fit(TEXTS)
    with pytest.raises(ValueError, match="X holds no token that RNNLanguageModel could predict"):
        surprise(stream, [""])


class Spans(HTMLParser):
    """The text of each span with its title, and all text."""

    def __init__(self, html):
        super().__init__()
        self.spans, self.text, self.tags = [], "", set()
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag == "span":
            style = dict(attrs)["style"]
            self.spans.append([dict(attrs)["title"], float(re.search(r"([\d.]+)\)", style)[1]), ""])

    def handle_data(self, data):
        self.text += data
        if self.spans:
            self.spans[-1][2] += data


def test_html_shades_each_token_by_its_surprise(model):
    display = SurpriseDisplay.from_estimator(model, "otto und", n_alternatives=2)
    frame = surprise(model, ["otto und"], n_alternatives=2)
    pd.testing.assert_frame_equal(display.surprise, frame)
    html = Spans(display._repr_html_())
    legend, spans = html.spans[:4], html.spans[4:]
    assert [float(text.split()[0]) for _, _, text in legend] == [1, 0.1, 0.01, 0.001]
    np.testing.assert_allclose(
        [shade for _, shade, _ in legend], [0, 0.8 / 3, 1.6 / 3, 0.8], atol=1e-3
    )
    assert [text for _, _, text in spans] == [*"otto und", " <end>"]
    shades = 0.8 * np.minimum(-frame["log_prob"] / np.log(1000), 1)
    np.testing.assert_allclose([shade for _, shade, _ in spans], shades, atol=1e-3)
    for (title, _, _), row in zip(spans, frame.to_dict("records"), strict=True):
        first, _, *alternatives = title.split("\n")
        assert first.endswith(f"rank {row['rank']}")
        assert [line.split()[0] for line in alternatives] == [
            row[f"expected_{k}"].replace(" ", "\u2423") for k in (1, 2)
        ]
    assert f"mean surprise {-frame['log_prob'].mean():.2f} nats a token" in html.text


def test_html_of_any_text_is_safe():
    texts = ["<script>alert('\"')</script>", 'a&b\n"c" <b>'] * 10
    model = make_model().fit(texts)
    html = Spans(SurpriseDisplay.from_estimator(model, texts[0] + "\n" + texts[1]).to_html())
    assert html.tags == {"div", "span"}
    assert texts[0] in html.text
    words = make_model(vectorizer=SequenceVectorizer(analyzer=str.split)).fit(texts)
    for value in (texts[1], "<i>x</i>"):
        html = Spans(SurpriseDisplay.from_estimator(words, value).to_html())
        assert html.tags == {"div", "span"}


def test_line_breaks_and_unknown_tokens_are_visible(model):
    html = Spans(SurpriseDisplay.from_estimator(model, "an\nna").to_html())
    title, _, text = html.spans[4 + 2]
    assert text == "\u21b5\n"
    assert title.startswith("\\n (<unk>)  ")


def test_an_empty_text_is_its_end(model):
    display = SurpriseDisplay.from_estimator(model, "")
    assert [text for _, _, text in Spans(display.to_html()).spans[4:]] == [" <end>"]
    assert len(display.plot().bars_) == 1


def test_labels_are_those_of_the_text(labelled):
    display = SurpriseDisplay.from_estimator(labelled, "otto", label=2, n_alternatives=3)
    pd.testing.assert_frame_equal(display.surprise, surprise(labelled, ["otto"], [2]))


def test_bars_are_the_surprise(model):
    text = "otto und Xaver"
    display = SurpriseDisplay.from_estimator(model, text).plot()
    frame = display.surprise
    np.testing.assert_allclose([bar.get_height() for bar in display.bars_], -frame["log_prob"])
    colours = [mpl.colors.to_hex(bar.get_facecolor()) for bar in display.bars_]
    kinds = {}
    for row, colour in zip(frame.to_dict("records"), colours, strict=True):
        kind = "unknown" if not row["known"] else "most" if row["rank"] == 1 else "less"
        kinds.setdefault(kind, set()).add(colour)
    handles = display.ax_.get_legend().legend_handles
    labels = [text.get_text().split()[0] for text in display.ax_.get_legend().get_texts()]
    shown = dict(zip(labels, [mpl.colors.to_hex(h.get_facecolor()) for h in handles], strict=True))
    assert {kind: {colour} for kind, colour in shown.items()} == kinds
    above = [text.get_text() for text in display.ax_.texts]
    expected = frame.loc[frame["rank"] > 1, "expected_1"].str.replace(" ", "\u2423")
    assert above == expected.tolist()


def test_bars_without_room_or_alternatives_have_nothing_above_them(model):
    _, axes = plt.subplots(1, 4)
    display = SurpriseDisplay.from_estimator(model, TEXTS[0]).plot(ax=axes[0])
    assert len(display.ax_.texts) == 0
    bare = SurpriseDisplay.from_estimator(model, TEXTS[0], n_alternatives=0).plot()
    assert len(bare.ax_.texts) == 0
    assert "expected" in Spans(display.to_html()).spans[5][0]
