"""RNNTokenClassifier: what it learns, what it says of sentences, and what it refuses."""

import pickle
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.utils import get_tags
from skorch.callbacks import Callback

import sklearn_rnn
from sklearn_rnn import RNNTokenClassifier, SequenceVectorizer, SubwordVectorizer
from sklearn_rnn._tagging.sentences import read_by
from sklearn_rnn.exceptions import FitInterruptedWarning, ModelFileError


def read_snips():
    """Return commands to an assistant and their slots, see data/README.md."""
    text = (Path(__file__).parent / "data" / "snips.tsv").read_text(encoding="utf-8")
    rows = [[line.split("\t") for line in part.splitlines()] for part in text.split("\n\n")]
    return [[token for token, _ in row] for row in rows], [[tag for _, tag in row] for row in rows]


X, Y = read_snips()
TEXTS = ["Fly to Oslo!", "From Rome to New York.", "", "Berlin"]
TEXT_TAGS = [
    ["O", "O", "B-CITY", "O"],
    ["O", "B-CITY", "O", "B-CITY", "I-CITY", "O"],
    [],
    ["B-CITY"],
]
SMALL = {
    "embedding_dim": 6,
    "hidden_size": 8,
    "char_embedding_dim": 4,
    "char_hidden_size": 4,
    "max_epochs": 2,
    "embedding": None,
    "random_state": 0,
}
both = pytest.mark.parametrize("crf", [True, False])


def small(**params):
    return RNNTokenClassifier(**{**SMALL, **params})


@pytest.fixture(scope="module")
def tagger():
    return small().fit(X[:40], Y[:40])


@pytest.fixture(scope="module")
def cities():
    params = {"max_epochs": 40, "lr": 0.02, "dropout": 0.1, "hidden_size": 16}
    return small(**params).fit(TEXTS * 4, TEXT_TAGS * 4)


def same_weights(one, other):
    pairs = zip(one.module_.state_dict().items(), other.module_.state_dict().items(), strict=True)
    return all(a == b and torch.equal(v, w) for (a, v), (b, w) in pairs)


# What it learns


@both
def test_it_learns_slots_of_real_commands(crf):
    params = {"hidden_size": 32, "embedding_dim": 32, "max_epochs": 25, "lr": 0.01, "dropout": 0.2}
    tagger = small(**params, num_layers=1, crf=crf)
    tagger.fit(X[:120], Y[:120])
    tags = np.concatenate(Y[:120])
    most_frequent = np.unique(tags, return_counts=True)[1].max() / len(tags)
    assert tagger.score(X[:120], Y[:120]) > 0.9
    assert tagger.score(X[120:], Y[120:]) > most_frequent + 0.1
    assert tagger.loss_curve_[-1] < 0.3 * tagger.loss_curve_[0]


def test_unknown_words_are_tagged_by_their_spelling():
    verbs = [f"{a}{b}ing" for a in "bdfklmnp" for b in "aeiou"]
    nouns = [f"{a}{b}ness" for a in "bdfklmnp" for b in "aeiou"]
    sentences = [[noun, verb] for noun, verb in zip(nouns, verbs, strict=True)]
    sentences += [[verb, noun] for noun, verb in sentences]
    tags = [["V" if word.endswith("ing") else "N" for word in words] for words in sentences]
    tagger = small(max_epochs=25, lr=0.02, batch_size=8, bidirectional=False).fit(sentences, tags)
    assert tagger.score([["zuting"], ["wurness"]] * 3, [["V"], ["N"]] * 3) == 1


def test_a_crf_learns_what_follows_what():
    sentences = [["x"] * n for n in range(1, 9)] * 4
    tags = [["first", *["later"] * (len(words) - 1)] for words in sentences]
    params = {"max_epochs": 30, "lr": 0.05, "batch_size": 8, "bidirectional": False}
    tagger = small(**params).fit(sentences, tags)
    frame = tagger.transitions_frame()
    assert list(frame.index) == ["(start)", "first", "later"]
    assert list(frame.columns) == ["first", "later", "(end)"]
    assert frame.loc["(start)", "first"] > frame.loc["(start)", "later"]
    assert frame.loc["later", "later"] > frame.loc["later", "first"]
    assert np.isnan(frame.loc["(start)", "(end)"])


# What it says


@both
def test_a_batch_equals_its_sentences_one_by_one(crf):
    tagger = small(crf=crf).fit(X[:40], Y[:40])
    proba, tags = tagger.predict_proba(X), tagger.predict(X)
    assert len(proba) == len(X)
    for words, row, tagged in zip(X[::8], proba[::8], tags[::8], strict=True):
        assert row.shape == (len(words), len(tagger.classes_))
        assert_allclose(tagger.predict_proba([words])[0], row, atol=1e-5)
        assert tagger.predict([words])[0] == tagged
        assert_allclose(row.sum(axis=1), 1)


def test_independent_tags_are_those_of_the_largest_scores(tagger):
    independent = small(crf=False).fit(X[:40], Y[:40])
    words = X[0]
    sentences = read_by([words], independent.vectorizer_, independent)
    data = sentences.to_data(independent.characters_)
    scores = independent.net_.token_outputs(data, lambda scores, layout: scores)
    assert_allclose(independent.predict_proba([words])[0], softmax(scores, axis=1), rtol=1e-4)
    assert independent.predict([words])[0] == independent.classes_[scores.argmax(axis=1)].tolist()


def test_predict_keeps_order_and_length(tagger):
    rows = [X[5], [], X[0], X[5], []]
    tags = tagger.predict(rows)
    assert tags.dtype == object
    assert list(map(len, tags)) == list(map(len, rows))
    assert tags[1] == []
    assert tags[0] == tags[3]
    assert all(isinstance(tag, str) for tag in tags[0])


def test_nothing_but_empty_sentences(tagger):
    assert tagger.predict([[], []]).tolist() == [[], []]
    assert [p.shape for p in tagger.predict_proba([[], []])] == [(0, len(tagger.classes_))] * 2
    assert tagger.predict_spans([[]]) == [[]]


def test_texts_and_spans(cities):
    text = "From Oslo  to New York"
    (spans,) = cities.predict_spans([text])
    assert [span.label for span in spans] == ["CITY", "CITY"]
    assert [span.text for span in spans] == ["Oslo", "New York"]
    assert [text[span.start_char : span.stop_char] for span in spans] == ["Oslo", "New York"]
    assert [(span.start, span.stop) for span in spans] == [(1, 2), (3, 5)]
    assert cities.score(TEXTS, TEXT_TAGS) == 1


def test_texts_are_decoded_by_the_vectorizer():
    texts = [text.encode("utf-16") for text in TEXTS]
    tagger = small(vectorizer=SequenceVectorizer(encoding="utf-16")).fit(texts, TEXT_TAGS)
    assert tagger.predict(texts).tolist() == tagger.predict(TEXTS).tolist()


def test_spans_of_tokens_have_no_characters(cities):
    ((span,),) = cities.predict_spans([["to", "New", "York"]])
    assert span == ("CITY", 1, 3, "New York", None, None)


def test_texts_equal_their_tokens(cities):
    tokens = [["From", "Rome", "to", "New", "York", "."]]
    assert_allclose(cities.predict_proba(TEXTS[1:2])[0], cities.predict_proba(tokens)[0])


def test_the_score_is_the_share_of_tokens(tagger):
    predicted = tagger.predict(X[:10])
    right = np.concatenate([np.equal(*pair) for pair in zip(predicted, Y[:10], strict=True)])
    assert tagger.score(X[:10], Y[:10]) == pytest.approx(right.mean())
    weights = np.arange(10)
    of_tokens = np.repeat(weights, list(map(len, Y[:10])))
    weighted = tagger.score(X[:10], Y[:10], sample_weight=weights)
    assert weighted == pytest.approx(np.average(right, weights=of_tokens))


# Containers


@pytest.mark.parametrize(
    "make",
    [
        tuple,
        lambda rows: [tuple(row) for row in rows],
        lambda rows: [np.array(row) for row in rows],
        lambda rows: pd.Series(rows, index=range(len(rows))[::-1]),
        lambda rows: pl.Series(rows),
        lambda rows: sklearn_rnn._tagging.tags.as_list_array(rows),
    ],
)
def test_containers_of_sentences_and_tags(make, tagger):
    other = small().fit(make(X[:40]), make(Y[:40]))
    assert same_weights(other, tagger)
    assert other.predict(make(X[:5])).tolist() == tagger.predict(X[:5]).tolist()


def test_sentences_of_equal_length():
    sentences, tags = [["a", "b"], ["c", "d"]] * 4, [[1, 2], [2, 1]] * 4
    tagger = small().fit(sentences, np.array(tags))
    assert tagger.classes_.tolist() == [1, 2]
    assert set(tagger.predict(sentences)[0]) <= {1, 2}


def test_token_ids_have_no_characters():
    vectorizer = SequenceVectorizer()
    ids = vectorizer.fit_transform(X)
    tagger = small().fit(ids, Y)
    assert tagger.characters_ is None
    assert tagger.module_.spelling is None
    assert tagger.predict(ids[:3]).tolist() == tagger.predict(ids[:3].toarray()).tolist()
    assert list(map(len, tagger.predict(ids[:3]))) == list(map(len, X[:3]))
    spans = tagger.predict_spans(ids[:3])
    assert all(span.text == "" for row in spans for span in row)


def test_ids_have_no_characters_to_be_read(tagger):
    ids = tagger.vectorizer_.transform(X)
    for call in (
        lambda: tagger.predict(ids),
        lambda: tagger.score(ids[:40], Y[:40]),
        lambda: pickle.loads(pickle.dumps(tagger)).partial_fit(ids[:40], Y[:40]),
        lambda: small(early_stopping=True).fit(X, Y, X_val=ids, y_val=Y),
    ):
        with pytest.raises(ValueError, match=r"token ids do not have\. Pass lists of tokens"):
            call()
    by_ids = small().fit(ids[:40], Y[:40])
    with pytest.raises(ValueError, match="was fitted on token ids and has no vectorizer"):
        by_ids.predict(X)


def test_subwords_of_texts_are_tagged_one_by_one():
    vectorizer = SubwordVectorizer(vocab_size=300).fit(TEXTS)
    y = [["O"] * n for n in np.diff(vectorizer.transform(TEXTS).indptr)]
    tagger = small(vectorizer=SubwordVectorizer(vocab_size=300)).fit(TEXTS, y)
    assert list(map(len, tagger.predict(TEXTS))) == list(map(len, y))


# Training


@both
def test_same_seed_same_weights_on_any_number_of_threads(crf):
    one, two, other = (
        small(crf=crf, n_jobs=n_jobs, random_state=seed).fit(X[:40], Y[:40])
        for n_jobs, seed in ((1, 0), (2, 0), (2, 1))
    )
    assert same_weights(one, two)
    assert not same_weights(one, other)
    for a, b in zip(one.predict_proba(X), two.predict_proba(X), strict=True):
        assert_array_equal(a, b)


@both
def test_a_weight_of_zero_takes_a_sentence_out(crf):
    # The vocabulary is that of both, the order of one batch does not matter without dropout.
    params = {"crf": crf, "dropout": 0.0, "word_dropout": 0.0, "affix_dropout": 0.0}
    params |= {"batch_size": 2, "max_epochs": 1}
    params["vectorizer"] = SequenceVectorizer(vocabulary=sorted({w for row in X for w in row}))
    weights = np.r_[np.ones(20), np.zeros(20)]
    weighted = small(**params).fit(X[:40], Y[:40], sample_weight=weights)
    changed = [*Y[:20], *[row[::-1] for row in Y[20:40]]]
    again = small(**params).fit(X[:40], changed, sample_weight=weights)
    assert same_weights(weighted, again)
    assert not same_weights(weighted, small(**params).fit(X[:40], Y[:40]))


@both
def test_class_weights_decide_where_tags_are_in_doubt(crf):
    sentences = [["some", "words"]] * 30
    tags = [["O", "O"]] * 20 + [["A", "A"]] * 10
    for class_weight, expected in ((None, "O"), ({"A": 10}, "A"), ({"O": 10}, "O")):
        tagger = small(crf=crf, class_weight=class_weight, max_epochs=10, lr=0.02)
        assert tagger.fit(sentences, tags).predict(sentences[:1])[0] == [expected] * 2
    balanced = small(crf=crf, class_weight="balanced", max_epochs=10, lr=0.02)
    proba = balanced.fit(sentences, tags).predict_proba(sentences[:1])[0]
    assert_allclose(proba, 0.5, atol=0.15)


def test_constraints_leave_no_other_way():
    bad = ["I-x", "B-y", "O"]
    rng = np.random.RandomState(0)
    sentences = [[f"w{i}" for i in rng.randint(9, size=n)] for n in rng.randint(1, 9, size=60)]
    tags = [[["O", "B-x", "B-y"][rng.randint(3)] for _ in words] for words in sentences]
    tags[0] = ["B-x", *["I-x"] * (len(tags[0]) - 1)]
    tagger = small(constraints="bio", max_epochs=1).fit(sentences, tags)
    with torch.no_grad():  # what the network would rather say
        place = tagger.classes_.tolist().index("I-x")
        tagger.module_.head.bias[place] += 20
    frame = tagger.transitions_frame()
    assert (
        frame.loc["O", "I-x"] == frame.loc["B-y", "I-x"] == frame.loc["(start)", "I-x"] == -np.inf
    )
    assert np.isfinite(frame.loc["B-x", "I-x"])
    predicted = tagger.predict(sentences)
    assert any("I-x" in row for row in predicted)
    for row in predicted:
        for before, after in zip(["O", *row], row, strict=False):
            assert after != "I-x" or before in ("B-x", "I-x")
    with pytest.raises(ValueError, match=r"'I-x' only after.*'I-x' at the start; broken in 1 row"):
        tagger.fit([["a"] * 3], [bad])
    with pytest.raises(ValueError, match=r"Got 'I-x' after 'O'; broken in 1 row"):
        tagger.fit([["a"] * 2], [["O", "I-x"]])


def test_early_stopping_keeps_the_best_epoch():
    tagger = small(early_stopping=True, max_epochs=6, lr=0.05, n_iter_no_change=2)
    tagger.fit(X, Y, X_val=X[80:], y_val=Y[80:])
    assert tagger.best_validation_score_ == max(tagger.validation_scores_)
    assert tagger.score(X[80:], Y[80:]) == pytest.approx(tagger.best_validation_score_)


def test_early_stopping_by_a_scorer_and_by_loss():
    asked = []

    def scorer(estimator, sentences, tags):
        asked.append((sentences, tags))
        return estimator.score(sentences, tags)

    params = {"early_stopping": True, "max_epochs": 3, "validation_fraction": 0.25}
    by_scorer = small(scoring=scorer, **params).fit(X[:40], Y[:40])
    by_accuracy = small(**params).fit(X[:40], Y[:40])
    assert by_scorer.validation_scores_ == pytest.approx(by_accuracy.validation_scores_)
    sentences, tags = asked[0]
    assert len(sentences) == len(tags) == 10
    assert all(Y[X.index(words)] == row for words, row in zip(sentences, tags, strict=True))
    by_name = small(scoring="token_accuracy", **params).fit(X[:40], Y[:40])
    assert by_name.validation_scores_ == pytest.approx(by_accuracy.validation_scores_)
    by_loss = small(scoring="loss", **params).fit(X[:40], Y[:40])
    assert all(score < 0 for score in by_loss.validation_scores_)


class Interrupt(Callback):
    def __init__(self, call):
        self.call = call

    def on_batch_end(self, net, training, **kwargs):
        self.calls_ = getattr(self, "calls_", 0) + training
        if self.calls_ == self.call:
            raise KeyboardInterrupt


def test_an_interrupt_keeps_what_was_reached():
    interrupted = small(callbacks=[Interrupt(4)])
    with pytest.warns(
        FitInterruptedWarning, match="RNNTokenClassifier was interrupted in epoch 2"
    ) as w:
        interrupted.fit(X[:40], Y[:40])
    assert w[0].filename == __file__
    assert interrupted.n_iter_ == 1
    assert len(interrupted.predict(X[:3])) == 3


def test_an_interrupted_chunk_changes_nothing():
    classes = sorted({tag for row in Y for tag in row})
    tagger = small(callbacks=[Interrupt(4)]).partial_fit(X[:20], Y[:20], classes=classes)
    weights = [parameter.clone() for parameter in tagger.module_.parameters()]
    characters = tagger.characters_
    with pytest.raises(KeyboardInterrupt):
        tagger.partial_fit([*X[40:60], ["ßß", "ßa"]], [*Y[40:60], ["O", "O"]])
    assert all(map(torch.equal, weights, tagger.module_.parameters()))
    assert tagger.characters_ == characters
    assert "ßß" not in tagger.vectorizer_.vocabulary_


def test_a_chunk_that_diverges_is_left_out():
    params = {"optimizer": "sgd", "clip_grad_norm": None}
    tagger = small(**params).partial_fit(X[:20], Y[:20], classes=sorted({t for y in Y for t in y}))
    before = tagger.predict_proba(X[:5])
    with pytest.warns(ConvergenceWarning, match="This chunk was not learned") as caught:
        tagger.set_params(lr=1e30).partial_fit(X[20:60], Y[20:60])
    assert caught[0].filename == __file__
    for one, two in zip(tagger.predict_proba(X[:5]), before, strict=True):
        assert_array_equal(one, two)


def test_warm_start_goes_on():
    tagger = small(warm_start=True, max_epochs=1, lr_schedule="constant")
    first = tagger.fit(X[:40], Y[:40]).loss_curve_[0]
    tagger.fit(X[:40], Y[:40])
    assert tagger.loss_curve_[-1] < first
    assert len(tagger.loss_curve_) == 2
    with pytest.raises(ValueError, match=r"y contains tags that were not seen in fit: \['new'\]"):
        tagger.fit(X[:1], [["new"] * len(X[0])])


def test_partial_fit_learns_words_characters_and_tags():
    classes = sorted({tag for row in Y for tag in row})
    tagger = small(lr=0.01)
    for start in (0, 40, 80):
        tagger.partial_fit(X[start : start + 40], Y[start : start + 40], classes=classes)
    n_characters = len(tagger.characters_)
    assert tagger.t_ == 120
    assert len(tagger.loss_curve_) == 3
    tagger.partial_fit([["жук", "жаба"]] * 3, [["O", "O"]] * 3)
    assert tagger.characters_[n_characters:] == "ж"  # the others are those of one word
    assert "жук" in tagger.vectorizer_.vocabulary_
    assert tagger.module_.spelling.n_known == 2 + len(tagger.characters_)
    assert tagger.score(X[:40], Y[:40]) > 0.3


def test_partial_fit_after_fit(tagger):
    other = pickle.loads(pickle.dumps(tagger))
    other.partial_fit(X[40:80], [["O"] * len(row) for row in Y[40:80]])
    assert not same_weights(other, tagger)
    assert other.classes_.tolist() == tagger.classes_.tolist()


def test_partial_fit_needs_all_tags_first():
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        small().partial_fit(X, Y)
    tagger = small().partial_fit([["a", "b"]], [["x", "y"]], classes=["x", "y"])
    with pytest.raises(ValueError, match=r"not seen in fit: \['z'\], in row\(s\) 1"):
        tagger.partial_fit([["a"], ["b"]], [["x"], ["z"]])


def test_a_small_first_chunk_does_not_warn_of_words_without_vectors():
    words = [f"qx{i:03d}zv" for i in range(120)]
    tags = ["x", "y"] * 60
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tagger = small(embedding="glove")
        tagger.partial_fit([words[:20]], [tags[:20]], classes=["x", "y"])
    assert tagger.embedding_coverage_["tokens"] == 0
    with pytest.warns(UserWarning, match="has vectors for only 0% of the tokens"):
        small(embedding="glove").partial_fit([words], [tags], classes=["x", "y"])


@both
def test_partial_fit_takes_a_single_tag_as_fit_does(crf):
    tagger = small(crf=crf).partial_fit([["a", "b"]], [["x", "x"]], classes=["x"])
    assert tagger.predict([["b"]]).tolist() == [["x"]]
    with pytest.raises(ValueError, match=r"needs at least 1 class\. Got classes=\[\]"):
        small().partial_fit([["a"]], [["x"]], classes=np.array([], "U1"))


# As an estimator


@both
def test_pickle_save_and_load(crf, tmp_path):
    constraints = None
    tagger = small(crf=crf, constraints=constraints).fit(X[:40], Y[:40])
    sklearn_rnn.save(tagger, tmp_path / "tagger.safetensors")
    loaded = sklearn_rnn.load(tmp_path / "tagger.safetensors")
    for other in (loaded, pickle.loads(pickle.dumps(tagger))):
        assert other.predict(X).tolist() == tagger.predict(X).tolist()
        for one, two in zip(other.predict_proba(X), tagger.predict_proba(X), strict=True):
            assert_array_equal(one, two)


def test_constraints_and_class_weights_are_saved(tmp_path):
    tagger = small(constraints="bio").fit(TEXTS, TEXT_TAGS)
    sklearn_rnn.save(tagger, tmp_path / "bio.safetensors")
    loaded = sklearn_rnn.load(tmp_path / "bio.safetensors")
    pd.testing.assert_frame_equal(loaded.transitions_frame(), tagger.transitions_frame())
    weighted = small(crf=False, class_weight="balanced").fit(TEXTS, TEXT_TAGS)
    sklearn_rnn.save(weighted, tmp_path / "weighted.safetensors")
    loaded = sklearn_rnn.load(tmp_path / "weighted.safetensors")
    assert loaded.predict(TEXTS).tolist() == weighted.predict(TEXTS).tolist()


def test_a_stream_is_saved(tmp_path):
    tagger = small().partial_fit(X[:20], Y[:20], classes=sorted({t for row in Y for t in row}))
    tagger.partial_fit([["ßß", "ßa"]], [["O", "O"]])
    sklearn_rnn.save(tagger, tmp_path / "stream.safetensors")
    loaded = sklearn_rnn.load(tmp_path / "stream.safetensors")
    assert loaded.characters_ == tagger.characters_
    assert loaded.predict(X).tolist() == tagger.predict(X).tolist()


@pytest.mark.parametrize("characters", [None, "ab"])
def test_a_file_that_does_not_fit_together_is_refused(characters, tmp_path):
    tagger = small().fit(X[:10], Y[:10])
    tagger.characters_ = characters
    sklearn_rnn.save(tagger, tmp_path / "tagger.safetensors")
    with pytest.raises(ModelFileError, match="characters"):
        sklearn_rnn.load(tmp_path / "tagger.safetensors")


def test_searches_and_cross_validation():
    with pytest.warns(UserWarning, match="not seen in fit"):  # rare slots
        results = cross_validate(small(), X[:60], Y[:60], cv=3, return_train_score=True)
    assert np.isfinite(results["test_score"]).all()
    assert np.isfinite(results["train_score"]).all()
    tags = [["O" if tag == "O" else "slot" for tag in row] for row in Y[:40]]
    searches = [
        GridSearchCV(small(), {"crf": [True, False]}, cv=2, n_jobs=n_jobs).fit(X[:40], tags)
        for n_jobs in (1, 2)
    ]
    scores = [search.cv_results_["mean_test_score"] for search in searches]
    assert_array_equal(*scores)
    assert searches[0].predict(X[:2]).shape == (2,)


def test_cross_val_predict_returns_the_tags_of_all_sentences():
    predicted = cross_val_predict(small(), X[:30], Y[:30], cv=KFold(3))
    assert list(map(len, predicted)) == list(map(len, X[:30]))


def test_folds_of_a_frame():
    tags = [["O" if tag == "O" else "slot" for tag in row] for row in Y[:30]]
    frame = pd.DataFrame({"words": X[:30], "tags": tags}, index=range(100, 130))
    by_list = cross_val_score(small(), X[:30], tags, cv=3)
    assert_array_equal(cross_val_score(small(), frame["words"], frame["tags"], cv=3), by_list)


def test_tags_of_scikit_learn():
    tags = get_tags(small())
    assert tags.target_tags.required
    assert tags.estimator_type == "token_classifier"
    assert tags.input_tags.string


def test_word_vectors_start_the_words():
    tagger = small(embedding="auto", embedding_dim="auto").fit(X[:40], Y[:40])
    assert tagger.embedding_source_ == "glove"
    assert tagger.embedding_coverage_["tokens"] > 0.6
    assert tagger.module_.embedding.table.embedding_dim == 100
    assert small(embedding="auto").fit([["жук"]], [["N"]]).embedding_source_ is None


def test_more_words_are_hidden_where_none_has_a_vector():
    dropouts = [
        small(embedding=vectors, embedding_dim="auto", **params)
        .fit(X[:40], Y[:40])
        .module_.embedding.word_dropout.p
        for vectors, params in ((None, {}), ("glove", {}), (None, {"word_dropout": 0.0}))
    ]
    assert dropouts == [0.25, 0.1, 0.0]


@pytest.mark.parametrize(
    "params",
    [
        {"cell": "gru"},
        {"cell": "rnn", "activation": "relu"},
        {"cell": "sru", "num_layers": 2},
        {"cell": "tied_grid_lstm", "num_layers": 2},
        {"variational_dropout": True, "recurrent_dropout": 0.2},
        {"zoneout": 0.1},
        {"bidirectional": False, "num_layers": 2},
        {"kernels": False},
        {"precision": "bfloat16"},
        {"optimizer": "adam", "lr_schedule": "constant"},
        {"batch_size": 7, "forget_bias": "chrono", "recurrent_init": "identity"},
    ],
    ids=str,
)
def test_every_kind_of_network_trains(params):
    tagger = small(lr=0.02, max_epochs=3, **params).fit(X[:24], Y[:24])
    proba = tagger.predict_proba(X[:3])
    assert all(np.isfinite(row).all() for row in proba)
    assert tagger.loss_curve_[-1] < tagger.loss_curve_[0]


def test_kernels_predict_what_modules_do(tagger):
    other = pickle.loads(pickle.dumps(tagger))
    for module in other.module_.modules():
        for name in ("kernels", "unique"):
            if hasattr(module, name):
                setattr(module, name, False)
    for one, two in zip(tagger.predict_proba(X), other.predict_proba(X), strict=True):
        assert_allclose(one, two, atol=1e-5)


# What is refused


def spoil(rows, row, value):
    return [value if i == row else old for i, old in enumerate(rows)]


@pytest.mark.parametrize(
    ("sentences", "tags", "error", "match"),
    [
        (X, Y[:-1], ValueError, "inconsistent numbers of samples: X has 160 sentence.*y has 159"),
        (X, spoil(Y, 3, Y[3][:-1]), ValueError, r"differ in 1 row\(s\), 3,.*row 3 has \d+ token"),
        (X, spoil(Y, 3, []), ValueError, r"row 3 has \d+ token\(s\) and 0 tag"),
        (X, spoil(Y, 2, "O O"), TypeError, "list of tags for each sentence. Row 2 is of type str"),
        (X, spoil(Y, 2, None), TypeError, "Row 2 is of type NoneType"),
        (X, spoil(Y, 2, {"O"}), TypeError, "Row 2 is of type set"),
        (X, spoil(Y, 2, 3), TypeError, "Row 2 is of type int"),
        (X, spoil(Y, 1, [None] * len(Y[1])), ValueError, r"contains NaN.*row\(s\) 1"),
        (X, spoil(Y, 1, [np.nan] * len(Y[1])), ValueError, r"contains NaN.*row\(s\) 1"),
        (X, spoil(Y, 1, [1] * len(Y[1])), TypeError, "one type, str or int.*row 1 holds int"),
        (X, spoil(Y, 1, [1.5] * len(Y[1])), TypeError, "one type.*row 1 holds float"),
        (X, spoil(Y, 1, [["O"]] * len(Y[1])), TypeError, "one type.*row 1 holds list"),
        ([["a"]], [[1.5]], TypeError, "Unknown label type: y must hold tags that are str or int"),
        (X, None, ValueError, "requires y to be passed"),
        (X, "O", TypeError, "y must be a list with a list of tags.*Got str"),
        (X, 5, TypeError, "Got int"),
        (X, {"a": 1}, TypeError, "Got dict"),
        (X, ["O"] * len(X), TypeError, "Row 0 is of type str"),
        (X, list(range(len(X))), TypeError, "Row 0 is of type int"),
        ([], [], ValueError, "0 sample"),
        ([[], []], [[], []], ValueError, "empty vocabulary|no token"),
        ("a b", [["O", "O"]], ValueError, "string object received"),
        (None, [["O"]], TypeError, "NoneType"),
        (spoil(X, 4, None), Y, ValueError, r"missing document\(s\).*row\(s\) 4"),
        (spoil(X, 4, "one text"), Y, TypeError, "of texts or of lists of tokens, not of both"),
        (spoil(X, 4, [None] * len(X[4])), Y, TypeError, "row 4 has a token of type NoneType"),
        (spoil(X, 4, [5] * len(X[4])), Y, TypeError, "row 4 has a token of type int"),
        (spoil(X, 4, {"a": 1}), Y, TypeError, "row 4 is of type dict"),
        ([[["a"]]], [["O"]], TypeError, "row 0 has a token of type list"),
        ([[-1, 2]], [[1, 2]], ValueError, "Negative values"),
        ([[0.5, 2]], [[1, 2]], ValueError, "integers"),
        ([[3, 0, 2]], [[1, 2, 3]], ValueError, r"row 0 has 2 token\(s\) and 3 tag"),
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), [["O"]], ValueError, "Select the column"),
        (X, pd.DataFrame({"a": Y, "b": Y}), ValueError, r"y must be one column.*\['a', 'b'\]"),
    ],
)
def test_bad_sentences_and_tags(sentences, tags, error, match):
    with pytest.raises(error, match=match):
        small().fit(sentences, tags)


@pytest.mark.parametrize(
    ("params", "match"),
    [
        (
            {"constraints": "bio", "crf": False},
            "'constraints' parameter of .* needs a CRF",
        ),
        ({"constraints": "bilou"}, "'constraints' parameter of RNNTokenClassifier must be"),
        ({"crf": "yes"}, "'crf' parameter"),
        ({"char_hidden_size": 0}, "'char_hidden_size' parameter"),
        ({"char_embedding_dim": 1.5}, "'char_embedding_dim' parameter"),
        ({"scoring": "f1"}, "'scoring' parameter"),
        ({"class_weight": {"O": -1}}, "must be finite and not negative"),
        ({"class_weight": {"none": 2}}, "are not in class_weight"),
        ({"vectorizer": SequenceVectorizer(stop_words=["to"])}, "drops or splits tokens of X"),
        ({"vectorizer": SequenceVectorizer(max_length=3)}, "drops or splits tokens of X"),
        (
            {"vectorizer": SequenceVectorizer(max_length=3, sparse_output=False)},
            "sparse_output to True",
        ),
        ({"vectorizer": SequenceVectorizer(tokenizer=str.split, lowercase=False)}, "split"),
        ({"embedding": np.ones((2, 2))}, "'embedding' parameter"),
        ({"early_stopping": True, "validation_fraction": 0.99999}, "leaves none to train on"),
    ],
    ids=str,
)
def test_bad_parameters(params, match):
    with pytest.raises((ValueError, TypeError, AttributeError), match=match):
        small(**params).fit(X, Y)


@pytest.mark.parametrize(
    ("sentences", "tags", "match"),
    [
        (X[:3], Y[:2], r"X_val has 3 sentence\(s\), y_val has 2"),
        (X[:2], [Y[0], Y[1][:-1]], r"y_val must hold one tag.*row 1 has"),
        ([*X[:2], None], Y[:3], r"X_val contains 1 missing.*row\(s\) 2"),
        ([], [], "0 sample.* in X_val while"),
        ([[]], [[]], "X_val holds no token"),
    ],
)
def test_errors_of_validation_name_its_arguments(sentences, tags, match):
    with pytest.raises(ValueError, match=match):
        small(early_stopping=True).fit(X[:9], Y[:9], X_val=sentences, y_val=tags)


def test_weights_of_empty_sentences_are_none(tagger):
    sentences, tags = [*X[:9], []], [*Y[:9], []]
    weights = np.r_[np.zeros(9), 1]
    with pytest.raises(ValueError, match="weight is needed among the tokens to train on"):
        small().fit(sentences, tags, sample_weight=weights)
    with pytest.raises(ValueError, match="sample_weight must be above 0"):
        tagger.score(sentences, tags, sample_weight=weights)
    given = {"X_val": sentences, "y_val": tags, "sample_weight_val": weights}
    with pytest.raises(ValueError, match="among the tokens set aside for early stopping"):
        small(early_stopping=True).fit(X[:9], Y[:9], **given)
    # A weight of 0 by the tag is none either.
    given = {"X_val": [["a"]], "y_val": [["O"]]}
    with pytest.raises(ValueError, match="among the tokens set aside for early stopping"):
        small(early_stopping=True, class_weight={"O": 0}).fit(X[:9], Y[:9], **given)


def test_tags_in_a_frame_of_one_column(tagger):
    frame = pd.DataFrame({"words": X[:40], "tags": Y[:40]}, index=range(100, 140))
    assert same_weights(small().fit(frame[["words"]], frame[["tags"]]), tagger)


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("sample_weight", [1, 2], "sample_weight"),
        ("sample_weight", -np.ones(len(X)), "Negative values"),
        ("sample_weight", np.zeros(len(X)), "at least one non-zero"),
        ("X_val", X, "y_val was not provided"),
        ("y_val", Y, "X_val was not provided"),
    ],
)
def test_bad_arguments_of_fit(name, value, match):
    with pytest.raises(ValueError, match=match):
        small(early_stopping=True).fit(X, Y, **{name: value})


def test_unknown_tags(tagger):
    tags = spoil(Y[:40], 7, ["new"] * len(Y[7]))
    with pytest.warns(UserWarning, match=rf"not seen in fit: \['new'\].* at {len(Y[7])} of "):
        score = tagger.score(X[:40], tags)
    weights = np.arange(40) != 7
    n_tokens = sum(map(len, tags))
    expected = tagger.score(X[:40], Y[:40], weights) * (1 - len(Y[7]) / n_tokens)
    assert score == pytest.approx(expected)
    match = r"y_val contains tags that were not seen in fit: \['new'\], in row\(s\) 7,"
    with pytest.raises(ValueError, match=match):
        small(early_stopping=True).fit(X[:40], Y[:40], X_val=X[:40], y_val=tags)
    with pytest.raises(ValueError, match="holds no token"):
        tagger.score([[]], [[]])


def test_what_needs_a_crf_or_spans_says_so():
    tagger = small(crf=False).fit([["a", "b"]], [["NOUN", "VERB"]])
    with pytest.raises(ValueError, match=r"tags that mark spans.*\['NOUN', 'VERB'\]"):
        tagger.predict_spans([["a"]])
    with pytest.raises(ValueError, match="crf=False and has no transitions"):
        tagger.transitions_frame()


def test_a_network_that_overflows_is_not_believed(tagger):
    other = pickle.loads(pickle.dumps(tagger))
    with torch.no_grad():
        other.module_.head.weight.fill_(torch.inf)
    with pytest.raises(ValueError, match="scores of tags are infinite or NaN"):
        other.predict(X)
