from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest
import torch

from sklearn_rnn import RNNTextClassifier, SequenceVectorizer
from sklearn_rnn.datasets import load_tweet_sentiment, make_word_order
from sklearn_rnn.inspection import ShadedDocument, token_importance, trace
from sklearn_rnn.modules import PackedLayout

DOCUMENT = "the train was late and good , not bad"


def make_classifier(**params):
    small = {"embedding_dim": 6, "hidden_size": 5, "max_epochs": 2, "random_state": 0}
    return RNNTextClassifier(**{**small, **params})


@pytest.fixture(scope="module")
def corpus():
    return make_word_order(60, max_length=12, random_state=0)


@pytest.fixture(scope="module")
def clf(corpus):
    return make_classifier(pooling="concat").fit(*corpus)


@pytest.fixture(scope="module")
def three_classes():
    X, y = load_tweet_sentiment(return_X_y=True)
    return make_classifier(pooling="attention").fit(X[:150], y[:150])


def integrate(clf, document, n_steps):
    """Return integrated gradients by the midpoint rule, one point after the other."""
    deep = clf.module_.eval()
    ids = torch.from_numpy(clf.vectorizer_.transform([document]).data)
    layout = PackedLayout(torch.ones(len(ids), dtype=torch.int64))
    with torch.no_grad():
        end, start = deep.embedding(ids), deep.embedding(torch.ones_like(ids))
    total = torch.zeros(len(ids))
    for step in range(n_steps):
        x = torch.lerp(start, end, (step + 0.5) / n_steps).requires_grad_()
        pooled = torch.cat([deep.pooling(deep.encoder(x, layout), layout), deep.skip(x, layout)], 1)
        outputs = deep.head(pooled)[0]
        (grad,) = torch.autograd.grad(outputs[1] - outputs[0], x)
        total += (grad * (end - start)).sum(1) / n_steps
    return total.numpy()


@pytest.mark.parametrize("pooling", ["last", "mean", "attention"])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_integrated_gradients_are_the_integral(corpus, cell, pooling):
    clf = make_classifier(cell=cell, pooling=pooling, wide_weight=0).fit(*corpus)
    importance = token_importance(clf, DOCUMENT, target=clf.classes_[1])
    expected = integrate(clf, DOCUMENT, 100)
    np.testing.assert_allclose(importance["integrated_gradients"], expected, atol=1e-4)


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention", "concat"])
def test_integrated_gradients_are_complete(corpus, pooling):
    clf = make_classifier(pooling=pooling).fit(*corpus)
    importance = token_importance(clf, DOCUMENT, n_steps=200)
    known = importance.attrs
    total = importance["integrated_gradients"].sum()
    gap = total - (known["score"] - known["baseline_score"])
    assert known["completeness_gap"] == pytest.approx(gap, abs=1e-6)
    # The largest state may be another one on the way, where the gradient jumps.
    assert abs(gap) < (2e-3 if pooling in {"max", "concat"} else 1e-5)


def test_the_wide_path_adds_its_words_and_shares_of_each_ngram(corpus):
    clf = make_classifier(wide_weight=0.6, wide_ngrams=3, max_epochs=5).fit(*corpus)
    found = token_importance(clf, DOCUMENT, target=clf.classes_[1])["integrated_gradients"]
    wide, ids = clf.module_.wide, clf.vectorizer_.transform([DOCUMENT]).data.tolist()
    clf.module_.wide_weight = 0.0
    deep = token_importance(clf, DOCUMENT, target=clf.classes_[1])["integrated_gradients"]

    pairs = {key: wide.n_ids + i for i, key in enumerate(wide.pairs.tolist())}
    places = {}
    for i, id_ in enumerate(ids):
        if id_ != 1:  # an unknown word weighs nothing
            places.setdefault(id_, []).append(([i], 1.0))
    for i, key in enumerate(a * wide.n_ids + b for a, b in pairwise(ids)):
        if key in pairs:
            places.setdefault(pairs[key], []).append(([i, i + 1], 1 / 2))
            triple = pairs[key] * wide.n_ids + ids[i + 2] if i + 2 < len(ids) else None
            if triple in pairs:
                places.setdefault(pairs[triple], []).append(([i, i + 1, i + 2], 1 / 3))
    tfidf = {f: (1 + np.log(len(where))) * float(wide.idf[f]) for f, where in places.items()}
    norm = np.sqrt(sum(value**2 for value in tfidf.values()))
    table = wide.table.weight.detach().double().numpy()
    expected = np.zeros(len(ids))
    for feature, where in places.items():
        evidence = wide.scale * tfidf[feature] / norm * (table[feature, 1] - table[feature, 0])
        for tokens, share in where:
            expected[tokens] += 0.6 * share * evidence / len(where)
    lengths = {len(tokens) for where in places.values() for tokens, _ in where}
    assert lengths == {1, 2, 3}
    np.testing.assert_allclose(found, 0.4 * deep + expected, atol=1e-5)


@pytest.mark.parametrize("wide_weight", [0, 0.6])
def test_the_baseline_is_a_document_of_unknown_words(corpus, wide_weight):
    clf = make_classifier(wide_weight=wide_weight).fit(*corpus)
    known = token_importance(clf, DOCUMENT, target=clf.classes_[1]).attrs
    unknown = " ".join(["zyzzyx"] * len(DOCUMENT.split()))
    assert known["score"] == pytest.approx(clf.decision_function([DOCUMENT])[0], abs=1e-5)
    assert known["baseline_score"] == pytest.approx(clf.decision_function([unknown])[0], abs=1e-5)


@pytest.mark.parametrize("wide_weight", [0, 0.6])
def test_occlusion_is_the_fall_of_the_score(corpus, wide_weight):
    clf = make_classifier(wide_weight=wide_weight).fit(*corpus)
    words = DOCUMENT.split()
    without = [" ".join([*words[:i], "zyzzyx", *words[i + 1 :]]) for i in range(len(words))]
    expected = clf.decision_function([DOCUMENT]) - clf.decision_function(without)
    second, first = (
        token_importance(clf, DOCUMENT, target=clf.classes_[i], methods=["occlusion"])
        for i in (1, 0)
    )
    np.testing.assert_allclose(second["occlusion"], expected, atol=1e-5)
    np.testing.assert_allclose(first["occlusion"], -expected, atol=1e-5)


def test_score_is_the_logit_less_the_mean_of_the_others(three_classes):
    text = "what a lovely day"
    logits = three_classes.decision_function([text])[0]
    known = token_importance(three_classes, text, target="neutral").attrs
    assert known["score"] == pytest.approx(logits[1] - (logits[0] + logits[2]) / 2, abs=1e-5)


def test_the_predicted_class_is_explained_by_default(three_classes):
    text = "what a lovely day"
    frame = token_importance(three_classes, text)
    assert frame.attrs["target"] == three_classes.predict([text])[0]
    assert frame["token"].tolist() == text.split()
    assert frame.columns.tolist() == ["position", "token", "integrated_gradients", "occlusion"]


def test_a_long_document_is_integrated_in_parts(clf, monkeypatch):
    from sklearn_rnn.inspection import _importance

    whole = token_importance(clf, DOCUMENT)
    monkeypatch.setattr(_importance, "_MAX_TOKENS", 20)
    np.testing.assert_allclose(
        token_importance(clf, DOCUMENT)["integrated_gradients"],
        whole["integrated_gradients"],
        atol=1e-6,
    )


def test_importance_is_computed_under_inference_mode_too(clf):
    expected = token_importance(clf, DOCUMENT)
    with torch.inference_mode():
        np.testing.assert_array_equal(
            token_importance(clf, DOCUMENT)["integrated_gradients"],
            expected["integrated_gradients"],
        )


def test_no_gradients_and_hooks_are_left(clf):
    token_importance(clf, DOCUMENT)
    assert all(p.grad is None for p in clf.module_.parameters())
    assert not any(module._forward_hooks for module in clf.module_.modules())


def test_wrong_arguments_are_refused(clf):
    with pytest.raises(ValueError, match=r"'target' parameter must be None or one of the classes"):
        token_importance(clf, DOCUMENT, target="neutral")
    with pytest.raises(ValueError, match=r"'methods' parameter must hold some of"):
        token_importance(clf, DOCUMENT, methods=["gradient"])
    with pytest.raises(ValueError, match="'n_steps' parameter of token_importance"):
        token_importance(clf, DOCUMENT, n_steps=0)
    with pytest.raises(ValueError, match=r"'values' parameter must be one of"):
        ShadedDocument.from_estimator(clf, DOCUMENT, values="gates")


class Reader(HTMLParser):
    """Collects the text, the tags and the shades of a page."""

    def __init__(self, html):
        super().__init__()
        self.text, self.tags, self.shaded = "", [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.shaded += ["title" in dict(attrs)] if tag == "span" else []

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize(
    "text",
    [
        "a <script>alert('x')</script> & \"good\" one",
        "</div><img src=x onerror=alert(1)>",
        "good,\n\n  not\tbad  ",
        "&lt;b&gt; &amp;",
    ],
)
def test_html_is_the_text_itself_and_no_markup_of_it(clf, text):
    shaded = ShadedDocument.from_estimator(clf, text)
    reader = Reader(shaded._repr_html_())
    assert set(reader.tags) == {"div", "span"}
    legend = f"for {shaded.target} against {shaded.target}"
    assert reader.text == shaded.caption + legend + text
    assert len(reader.shaded) == 2 + len(shaded.words.tokens) and all(reader.shaded)
    assert "pre-wrap" in shaded.to_html()


def test_labels_in_the_caption_are_escaped(corpus):
    X, y = corpus
    clf = make_classifier().fit(X, np.where(y == y[0], "<script>", "<b>"))
    reader = Reader(ShadedDocument.from_estimator(clf, DOCUMENT).to_html())
    assert set(reader.tags) == {"div", "span"}


def test_html_without_the_text_shows_the_words(corpus):
    X, y = corpus
    vectorizer = SequenceVectorizer()
    clf = make_classifier().fit(vectorizer.fit_transform(X), y)
    ids = vectorizer.transform([DOCUMENT])
    shaded = ShadedDocument.from_estimator(clf, ids, values="occlusion")
    assert Reader(shaded.to_html()).text.endswith(" ".join(map(str, ids.data)))


def test_shades_follow_the_values(clf):
    shaded = ShadedDocument.from_estimator(clf, DOCUMENT, values="occlusion")
    values = token_importance(clf, DOCUMENT)["occlusion"]
    np.testing.assert_array_equal(shaded.values, values)
    shaded.full_shade = 0.0
    for_it, against_it, *parts = shaded.to_html().split("<span ")[1:]
    purple = np.array(["rgba(94, 60, 153" in part for part in parts])
    np.testing.assert_array_equal(purple, values >= 0)
    assert "0.650" in parts[np.abs(values).argmax()]
    assert "rgba(94, 60, 153, 0.650)" in for_it and f"for {shaded.target}" in for_it
    assert "rgba(230, 97, 1, 0.650)" in against_it and f"against {shaded.target}" in against_it


def test_weak_evidence_stays_pale(clf):
    shaded = ShadedDocument.from_estimator(clf, DOCUMENT)
    shaded.values = np.full(len(shaded.values), 0.01)
    _, _, *parts = shaded.to_html().split("<span ")[1:]
    assert all("rgba(94, 60, 153, 0.026)" in part for part in parts)


def test_the_caption_has_the_class_with_its_probability_and_what_is_explained(three_classes):
    text = "what a lovely day"
    caption = ShadedDocument.from_estimator(three_classes, text, target="neutral").caption
    probability = three_classes.predict_proba([text])[0, 1]
    assert caption.startswith(f"neutral, probability {probability:.2f} (integrated gradients")
    assert "recurrent network and wide path" in caption


def test_attention_is_shaded_where_there_is_some(clf, three_classes):
    shaded = ShadedDocument.from_estimator(three_classes, "what a day", values="attention")
    np.testing.assert_array_equal(shaded.values, trace(three_classes, "what a day").attention)
    with pytest.raises(ValueError, match="Attention weights exist only with pooling='attention'"):
        ShadedDocument.from_estimator(clf, DOCUMENT, values="attention")


def test_tokens_of_documents_that_are_split_already_are_their_own(corpus):
    X, y = corpus
    documents = [text.split() for text in X]
    clf = make_classifier(vectorizer=SequenceVectorizer(analyzer=list)).fit(documents, y)
    shown = token_importance(clf, documents[:1], methods=["occlusion"])["token"]
    assert shown.tolist() == documents[0]
