import pickle
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV, cross_val_score

from sklearn_rnn import RNNLanguageModel
from sklearn_rnn.metrics import (
    bleu_score,
    chrf_score,
    exact_match_score,
    get_scorer,
    get_scorer_names,
    perplexity_score,
    span_classification_report,
    span_f1_score,
    span_precision_score,
    span_recall_score,
    token_accuracy_score,
)

seqeval = pytest.importorskip("seqeval.metrics")
sacrebleu = pytest.importorskip("sacrebleu")

TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
SPAN_SCORES = [span_f1_score, span_precision_score, span_recall_score]


def draw_tags(seed, n_sentences=30, tags=TAGS):
    rng = np.random.default_rng(seed)
    return [rng.choice(tags, rng.integers(8)).tolist() for _ in range(n_sentences)]


def draw_pair(tags=TAGS):
    """Return random tags, and those with a third of them drawn anew."""
    rng, true = np.random.default_rng(1), draw_tags(0, tags=tags)
    return true, [[str(rng.choice(tags)) if rng.random() < 0.3 else t for t in s] for s in true]


def spans_of(tags):
    """Return the spans of a sentence as the rules of CoNLL have them."""
    spans, start = set(), None
    for i, tag in enumerate([*tags, "O"]):
        goes_on = start is not None and tag == f"I-{tags[start][2:]}"
        if start is not None and not goes_on:
            spans.add((tags[start][2:], start, i))
            start = None
        if tag != "O" and not goes_on:
            start = i
    return spans


def strict_spans_of(tags):
    """Return the spans that begin with B."""
    return {span for span in spans_of(tags) if tags[span[1]].startswith("B")}


@pytest.mark.parametrize(
    ("options", "find"),
    [({}, spans_of), ({"mode": "strict", "scheme": "IOB2"}, strict_spans_of)],
)
def test_span_scores_count_spans(options, find):
    y_true, y_pred = draw_pair()
    true, predicted = (
        {(i, *s) for i, tags in enumerate(y) for s in find(tags)} for y in (y_true, y_pred)
    )
    n_right = len(true & predicted)
    assert 0 < n_right < min(len(true), len(predicted))
    precision, recall = n_right / len(predicted), n_right / len(true)
    assert span_precision_score(y_true, y_pred, **options) == pytest.approx(precision)
    assert span_recall_score(y_true, y_pred, **options) == pytest.approx(recall)
    f1 = 2 * precision * recall / (precision + recall)
    assert span_f1_score(y_true, y_pred, **options) == pytest.approx(f1)


@pytest.mark.parametrize("average", ["macro", "weighted", None])
@pytest.mark.parametrize("score", SPAN_SCORES)
def test_averages_are_those_of_labels(score, average):
    y_true, y_pred = draw_pair()
    by_label, sizes = [], []
    for label in ("LOC", "PER"):
        own = [[[t if t.endswith(label) else "O" for t in s] for s in y] for y in (y_true, y_pred)]
        by_label.append(score(*own))
        sizes.append(sum(len(spans_of(tags)) for tags in own[0]))
    expected = {
        "macro": np.mean(by_label),
        "weighted": np.average(by_label, weights=sizes),
        None: by_label,
    }
    assert len({*by_label}) == 2
    np.testing.assert_allclose(score(y_true, y_pred, average=average), expected[average])


@pytest.mark.parametrize("scheme", ["IOBES", "BILOU"])
def test_other_schemes_mark_the_same_spans(scheme):
    last, single = ("E", "S") if scheme == "IOBES" else ("L", "U")
    true = [["B-X", "I-X", f"{last}-X", "O", f"{single}-X"], ["O"]]
    assert span_f1_score(true, true, mode="strict", scheme=scheme) == 1.0
    other = [["B-X", "I-X", "I-X", "O", f"{single}-X"], ["O"]]  # never ends
    assert span_f1_score(true, other, mode="strict", scheme=scheme) == pytest.approx(2 / 3)


def test_a_class_of_seqeval_is_a_scheme():
    from seqeval.scheme import IOB2

    y = draw_pair()
    expected = span_f1_score(*y, mode="strict", scheme="IOB2")
    assert span_f1_score(*y, mode="strict", scheme=IOB2) == expected


@pytest.mark.parametrize("options", [{}, {"mode": "strict", "scheme": "IOB2"}])
def test_a_report_has_the_scores(options):
    y = draw_pair()
    report = span_classification_report(*y, output_dict=True, **options)
    assert {*report} == {"PER", "LOC", "micro avg", "macro avg", "weighted avg"}
    assert report["micro avg"]["f1-score"] == pytest.approx(span_f1_score(*y, **options))
    by_label = span_recall_score(*y, average=None, **options)
    np.testing.assert_allclose([report[label]["recall"] for label in ("LOC", "PER")], by_label)
    text = span_classification_report(*y, digits=4, **options)
    assert f"{report['PER']['precision']:.4f}" in text


@pytest.mark.parametrize("score", SPAN_SCORES)
def test_nothing_to_divide_by_gives_what_is_asked_for(score):
    nothing, something = [["O", "O"]], [["B-X", "O"]]
    pair = (nothing, something) if score is span_recall_score else (something, nothing)
    assert score(*pair) == 0.0
    if score is not span_f1_score:
        assert score(*pair, zero_division=1.0) == 1.0
        with pytest.warns(UserWarning, match="ill-defined"):
            assert score(*pair, zero_division="warn") == 0.0


@pytest.mark.parametrize("score", [*SPAN_SCORES, span_classification_report])
@pytest.mark.parametrize(
    ("y_true", "y_pred", "options", "message"),
    [
        ([["NOUN"]], [["O"]], {}, "prefix and a label such as 'B-PER'. Got 'NOUN' in y_true"),
        ([["O"]], [["B"]], {}, "Got 'B' in y_pred"),
        ([["O"]], [[3]], {}, "Got 3 in y_pred"),
        ([["U-X"]], [["O"]], {}, "L and U need mode='strict' and scheme='BILOU'"),
        ([["O"]], [["O"]], {"mode": "strict"}, "must be given together"),
        ([["O"]], [["O"]], {"scheme": "IOB2"}, "must be given together"),
        ([["O"]], [["O"]], {"mode": "lenient"}, "mode must be 'strict' or None. Got 'lenient'"),
        ([["B-X"]], [["O"]], {"mode": "strict", "scheme": "BIO"}, "IOB2.*Got 'BIO'"),
    ],
)
def test_what_seqeval_would_count_wrongly_is_refused(score, y_true, y_pred, options, message):
    with pytest.raises(ValueError, match=message):
        score(y_true, y_pred, **options)


def test_a_wrong_average_is_refused():
    with pytest.raises(ValueError, match=r"average must be .* Got 'samples'"):
        span_f1_score([["O"]], [["O"]], average="samples")


def test_a_report_of_no_spans_is_refused():
    with pytest.raises(ValueError, match="no spans"):
        span_classification_report([["O"]], [["O"]])


@pytest.mark.parametrize("score", [*SPAN_SCORES, span_classification_report, token_accuracy_score])
def test_lengths_that_differ_are_refused_with_their_rows(score):
    with pytest.raises(ValueError, match=r"as many items. Got 2 and 1"):
        score([["O"], ["O"]], [["O"]])
    with pytest.raises(ValueError, match=r"rows? 1, 2: row 1 has 1 tags in y_true and 2 in y_pred"):
        score([["O"], ["O"], ["O"]], [["O"], ["O", "O"], []])
    with pytest.raises(ValueError, match="They are empty"):
        score([], [])
    with pytest.raises(TypeError, match=r"y_pred must hold a list of tags .* Got 'O' in row 0"):
        score([["O"]], ["O"])
    with pytest.raises(TypeError, match=r"y_true must be a list .* Got 'O'"):
        score("O", [["O"]])


CONTAINERS = {
    "tuples": lambda y: tuple(map(tuple, y)),
    "arrays": lambda y: [np.array(tags, dtype=object) for tags in y],
    "Series": lambda y: pd.Series(y, index=range(5, 5 + len(y))),
    "object array": lambda y: pd.Series(y).to_numpy(),
}


@pytest.mark.parametrize("score", [*SPAN_SCORES, token_accuracy_score, exact_match_score])
@pytest.mark.parametrize("container", CONTAINERS)
def test_containers_give_the_same_score(container, score):
    y_true, y_pred = draw_pair()
    convert = CONTAINERS[container]
    assert score(convert(y_true), convert(y_pred)) == score(y_true, y_pred)


def test_accuracy_weighs_the_tokens_of_sentences():
    y_true, y_pred = [["A", "B", "C"], ["A"], []], [["A", "B", "A"], ["B"], []]
    assert token_accuracy_score(y_true, y_pred) == 2 / 4
    assert token_accuracy_score(y_true, y_pred, sample_weight=[1, 5, 9]) == 2 / 8
    with pytest.raises(ValueError, match="at least one token"):
        token_accuracy_score([[]], [[]])
    with pytest.raises(ValueError, match="at least one token"):
        token_accuracy_score(y_true, y_pred, sample_weight=[0, 0, 1])


def test_exact_matches_are_counted():
    assert exact_match_score(["a", "b", "c"], ["a", "b", "d"]) == pytest.approx(2 / 3)
    assert exact_match_score(["a", "b"], ["a", "d"], sample_weight=[3, 1]) == 3 / 4
    assert exact_match_score([["A", "B"], []], [["A", "A"], []]) == 1 / 2
    # Several texts are right, but no part of one is.
    assert exact_match_score([["a", "b"], "ab", ["ab"]], ["b", "a", "b"]) == 1 / 3


@pytest.mark.parametrize("score", [exact_match_score, token_accuracy_score])
@pytest.mark.parametrize(
    ("weights", "message"), [([1], "shape"), ([-1, 1], "at least 0"), ([0, 0], "not all zero")]
)
def test_wrong_weights_are_refused(score, weights, message):
    with pytest.raises(ValueError, match=message):
        score([["A"], ["B"]], [["A"], ["B"]], sample_weight=weights)


def test_perplexity_is_that_of_a_language_model():
    texts = ["the cat sat", "on the mat"] * 5
    model = RNNLanguageModel(hidden_size=4, max_epochs=1, random_state=0).fit(texts)
    found = perplexity_score(model.token_log_probs(texts))
    assert found == pytest.approx(model.perplexity(texts))
    assert get_scorer("neg_perplexity")(model, texts) == pytest.approx(-found)


def test_perplexity_of_impossible_tokens_is_infinite():
    assert perplexity_score([0.0, -np.inf]) == np.inf
    assert perplexity_score(np.log([0.25, 0.25])) == pytest.approx(4)


@pytest.mark.parametrize(
    ("log_probs", "message"), [([], "empty"), ([0.5], "at most 0"), ([np.nan], "at most 0")]
)
def test_what_is_no_log_probability_is_refused(log_probs, message):
    with pytest.raises(ValueError, match=message):
        perplexity_score(log_probs)


REFERENCES = ["the cat sat on the mat", "it is raining in Paris today", "Yes, it is."]
PREDICTIONS = ["the cat sat on a mat", "It is raining in Paris", "yes, it is."]


@pytest.mark.parametrize("lowercase", [False, True])
def test_texts_are_scored_as_sacrebleu_does(lowercase):
    options = {"lowercase": lowercase}
    expected = sacrebleu.corpus_bleu(PREDICTIONS, [REFERENCES], **options).score
    assert bleu_score(REFERENCES, PREDICTIONS, **options) == expected
    metric = sacrebleu.CHRF(word_order=2, **options)
    expected = metric.corpus_score(PREDICTIONS, [REFERENCES]).score
    assert chrf_score(REFERENCES, PREDICTIONS, word_order=2, **options) == expected


@pytest.mark.parametrize("score", [bleu_score, chrf_score])
def test_each_text_may_have_another_number_of_references(score):
    several = [[REFERENCES[0], PREDICTIONS[0]], REFERENCES[1], [REFERENCES[2]]]
    assert score(several, PREDICTIONS) > score(REFERENCES, PREDICTIONS)
    assert score([[text] for text in REFERENCES], PREDICTIONS) == score(REFERENCES, PREDICTIONS)
    found, signature = score(several, PREDICTIONS, lowercase=True, return_signature=True)
    assert found == score(several, PREDICTIONS, lowercase=True)
    assert signature.startswith("nrefs:var|case:lc|")


@pytest.mark.parametrize("score", [bleu_score, chrf_score])
def test_what_is_no_text_is_refused(score):
    with pytest.raises(TypeError, match=r"y_pred must hold texts, of type str. Got 3"):
        score(["a"], [3])
    with pytest.raises(TypeError, match=r"y_true must hold texts, of type str. Got None"):
        score([["a", None]], ["a"])
    with pytest.raises(ValueError, match="at least one reference"):
        score([[]], ["a"])
    with pytest.raises(ValueError, match="as many items"):
        score(["a"], [])


class CommonTags(BaseEstimator):
    """Give each token the tag that it had most often, or `default`."""

    def __init__(self, default="O"):
        self.default = default

    def fit(self, X, y):
        pairs = [pair for x, tags in zip(X, y, strict=True) for pair in zip(x, tags, strict=True)]
        frame = pd.DataFrame(pairs, columns=["token", "tag"])
        self.tags_ = frame.groupby("token")["tag"].agg(lambda tags: tags.mode()[0]).to_dict()
        return self

    def predict(self, X):
        return [[self.tags_.get(token, self.default) for token in x] for x in X]


SENTENCES = [["Ann", "saw", "Bob"], ["Bob", "ran"], ["Eve", "sat"], ["Ann", "hid"]] * 3
MARKED = [["B-P", "O", "B-P"], ["B-P", "O"], ["B-P", "O"], ["B-P", "O"]] * 3


def test_scorers_serve_searches_by_name():
    scoring = {name: get_scorer(name) for name in ("span_f1", "token_accuracy")}
    search = GridSearchCV(
        CommonTags(), {"default": ["O", "B-P"]}, scoring=scoring, refit="span_f1", cv=3, n_jobs=2
    ).fit(SENTENCES, MARKED)
    assert search.best_score_ == 1.0
    scores = cross_val_score(
        CommonTags(), SENTENCES[:4], MARKED[:4], scoring=scoring["span_f1"], cv=4
    )
    assert scores.min() == 0 < scores.max()  # Eve is seen once
    strict = make_scorer(span_f1_score, mode="strict", scheme="IOB2")
    assert cross_val_score(CommonTags(), SENTENCES, MARKED, scoring=strict, cv=3).min() == 1.0


@pytest.mark.parametrize("name", get_scorer_names())
def test_scorers_can_be_pickled(name):
    scorer = get_scorer(name)
    assert repr(pickle.loads(pickle.dumps(scorer))) == repr(scorer)


def test_scorers_of_scikit_learn_and_callables_are_found_too():
    from sklearn.metrics import get_scorer as by_sklearn

    assert repr(get_scorer("accuracy")) == repr(by_sklearn("accuracy"))
    assert get_scorer(max) is max
    with pytest.raises(ValueError, match=r"span_f1.*Got 'span_f2'"):
        get_scorer("span_f2")


@pytest.mark.parametrize(
    ("package", "metric", "y"),
    [
        *(("seqeval", score, [["O"]]) for score in (*SPAN_SCORES, span_classification_report)),
        ("sacrebleu", bleu_score, ["a"]),
        ("sacrebleu", chrf_score, ["a"]),
    ],
)
def test_a_missing_package_is_named_with_its_installation(monkeypatch, package, metric, y):
    for module in [name for name in sys.modules if name.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf"{metric.__name__} needs {package}.*\[metrics\]"):
        metric(y, y)
