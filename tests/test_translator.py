"""RNNTranslator, the estimator."""

import pickle

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV, cross_val_predict
from skorch.callbacks import Callback
from weights import have_same_weights

from sklearn_rnn import RNNTranslator, SequenceVectorizer, SubwordVectorizer, load, save
from sklearn_rnn._translation.translate import tokens_to_copy
from sklearn_rnn.exceptions import FitInterruptedWarning

WORDS = ["one", "two", "three", "four", "five"]
X = [f"{a} and {b}" for a in WORDS for b in WORDS]
# The two numbers in the other order: whoever does not attend cannot know which is which.
Y = [f"{WORDS.index(b) + 1} {WORDS.index(a) + 1}" for a in WORDS for b in WORDS]
PARAMS = {"hidden_size": 32, "batch_size": 4, "max_epochs": 30, "lr": 0.01, "random_state": 0}
QUICK = {**PARAMS, "hidden_size": 8, "max_epochs": 2}

OPTIONS = [
    {"input_feeding": True},
    {"attention": "additive"},
    {"attention": "dot"},
    {"tie_weights": True, "label_smoothing": 0.1},
    {"scheduled_sampling": 0.5},
    {"cell": "gru", "num_layers": 2, "bidirectional": False},
    {"cell": "tied_grid_lstm"},
    {"source_vectorizer": SequenceVectorizer(analyzer="char")},
    {"target_vectorizer": SequenceVectorizer(analyzer="char")},
    {"target_vectorizer": SubwordVectorizer(vocab_size=300)},
]
every_option = pytest.mark.parametrize("params", OPTIONS, ids=str)


@pytest.fixture(scope="module")
def model():
    return RNNTranslator(**PARAMS).fit(X, Y)


def test_learns_to_translate(model):
    assert model.score(X, Y) == 1.0
    assert model.predict(["two and three"]).tolist() == ["3 2"]


@every_option
def test_learns_with_every_option(params):
    model = RNNTranslator(**{**PARAMS, **params}).fit(X, Y)
    assert model.score(X, Y) > 0.9


def test_rows_come_back_in_order(model):
    order = np.random.RandomState(0).permutation(len(X))
    longer = [X[i] + " and" * (i % 4) for i in order]
    together = model.predict(longer)
    assert together.tolist() == [model.predict([text])[0] for text in longer]


def in_frame(texts):
    return pd.DataFrame({"text": texts}, index=range(len(texts))[::-1])


def in_column(texts):
    return np.array(texts).reshape(-1, 1)


def in_bytes(texts):
    return [text.encode() for text in texts]


@pytest.mark.parametrize(
    "container",
    [list, np.array, pd.Series, tuple, iter, pa.array, in_frame, in_column, in_bytes],
    ids=lambda container: container.__name__,
)
def test_containers(container):
    expected = RNNTranslator(**QUICK).fit(X, Y)
    model = RNNTranslator(**QUICK).fit(container(X), container(Y))
    assert have_same_weights(model, expected)
    predicted = expected.predict(X).tolist()
    assert model.predict(container(X)).tolist() == predicted
    assert model.score(container(X), container(predicted)) == 1
    assert model.score(container(X), container(Y)) == expected.score(X, Y)
    stopped = RNNTranslator(**QUICK, early_stopping=True).fit(container(X), container(Y))
    assert stopped.t_ == 2 * (len(X) - 3)


def test_lists_of_tokens_come_back_as_lists_of_tokens(model):
    sources, targets = [x.split() for x in X], [y.split() for y in Y]
    of_tokens = RNNTranslator(**PARAMS).fit(sources, targets)
    assert of_tokens.predict([["two", "and", "three"]])[0] == ["3", "2"]
    assert of_tokens.score(sources, targets) == 1.0
    assert have_same_weights(of_tokens, model)


@every_option
def test_the_same_to_the_bit_on_any_number_of_threads(params):
    one, two = (
        RNNTranslator(**{**QUICK, **params, "batch_size": 20}, n_jobs=n).fit(X, Y) for n in (1, 2)
    )
    assert have_same_weights(one, two)
    assert one.predict(X).tolist() == two.predict(X).tolist()
    np.testing.assert_array_equal(one.log_prob(X, Y), two.log_prob(X, Y))


def test_seeds_decide():
    first, again = (RNNTranslator(**QUICK).fit(X, Y) for _ in range(2))
    assert have_same_weights(first, again)
    assert not have_same_weights(first, RNNTranslator(**{**QUICK, "random_state": 1}).fit(X, Y))


def test_refitting_starts_anew_and_a_warm_start_goes_on():
    once, twice = RNNTranslator(**QUICK).fit(X, Y), RNNTranslator(**QUICK).fit(X, Y).fit(X, Y)
    assert have_same_weights(once, twice)
    warm = RNNTranslator(**QUICK, warm_start=True).fit(X, Y)
    loss = warm.loss_curve_[-1]
    vectorizer = warm.target_vectorizer_
    warm.fit(X[:10], Y[:10])
    assert len(warm.loss_curve_) == 4
    assert warm.loss_curve_[2] < loss
    assert warm.target_vectorizer_ is vectorizer
    with pytest.raises(ValueError, match="another shape"):
        warm.set_params(hidden_size=9).fit(X, Y)


@every_option
def test_save_pickle_and_clone(params, tmp_path):
    model = RNNTranslator(**{**QUICK, **params}).fit(X, Y)
    save(model, tmp_path / "model.safetensors")
    loaded = load(tmp_path / "model.safetensors")
    for other in (loaded, pickle.loads(pickle.dumps(model)), clone(model).fit(X, Y)):
        assert have_same_weights(other, model)
        assert other.predict(X).tolist() == model.predict(X).tolist()
        assert other.score(X, Y) == model.score(X, Y)
    written = (tmp_path / "model.safetensors").read_bytes()
    save(loaded, tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == written


def test_regions_are_saved_too(tmp_path):
    regions, targets = make_regions()
    model = RNNTranslator(**QUICK).fit(regions, targets)
    save(model, tmp_path / "model.safetensors")
    loaded = load(tmp_path / "model.safetensors")
    assert loaded.predict(regions).tolist() == model.predict(regions).tolist()


def make_regions(n=60):
    """Return rows of vectors, of which one is large, and its place in words."""
    rng = np.random.RandomState(0)
    regions, targets = [], []
    for i in range(n):
        n_regions, large = 3 + i % 2, rng.randint(3)
        vectors = np.hstack([rng.randn(n_regions, 1) / 10, np.eye(n_regions, 4)])
        vectors[large, 0] = 3
        regions.append(vectors)
        targets.append(f"number {WORDS[large]}")
    return regions, targets


def test_rows_of_vectors_are_described():
    regions, targets = make_regions()
    model = RNNTranslator(**PARAMS, attention="additive").fit(regions, targets)
    assert model.score(regions, targets) == 1.0
    together = model.log_prob(regions, targets)
    alone = [model.log_prob([r], [t])[0] for r, t in zip(regions[:5], targets, strict=False)]
    np.testing.assert_allclose(together[:5], alone, atol=1e-5)
    block = np.array([r for r in regions if len(r) == 3])
    assert model.predict(block).tolist() == model.predict(list(block)).tolist()


def test_rows_of_vectors_may_be_lists():
    pictures = np.random.RandomState(0).rand(25, 3, 2)
    expected = RNNTranslator(**QUICK).fit(pictures, Y)
    model = RNNTranslator(**QUICK).fit(pictures.tolist(), Y)
    assert have_same_weights(model, expected)
    assert model.predict(pictures.tolist()).tolist() == expected.predict(pictures).tolist()
    with pytest.raises(ValueError, match="Put a single source into a list"):
        model.predict(pictures[0])


def test_attention_rows_sum_to_one(model):
    for weights, x, y in zip(model.attention_weights(X, Y), X, Y, strict=True):
        assert weights.shape == (len(y.split()), len(x.split()))
        np.testing.assert_allclose(weights.sum(1), 1, atol=1e-5)
    own = model.attention_weights(X)
    for weights, expected in zip(own, model.attention_weights(X, model.predict(X)), strict=True):
        np.testing.assert_allclose(weights, expected, atol=1e-5)


@pytest.mark.parametrize("beam_size", [1, 3])
def test_scores_are_log_probabilities(beam_size):
    model = RNNTranslator(**QUICK).fit(X, Y)  # to which the unknown token is still likely
    texts, scores = model.translate(
        X, beam_size=beam_size, length_penalty=0.0, max_new_tokens=20, return_scores=True
    )
    np.testing.assert_allclose(scores, model.log_prob(X, texts), rtol=1e-4)


def test_several_targets_with_scores(model):
    texts, scores = model.translate(X, beam_size=4, n_best=3, return_scores=True)
    assert [each[0] for each in texts] == model.translate(X, beam_size=4).tolist()
    for found, values in zip(texts, scores, strict=True):
        assert len(found) == len(values) == len(set(found)) == 3
        assert (np.diff(values) <= 0).all()


def test_parameters_and_arguments_of_the_search_are_the_same(model):
    other = pickle.loads(pickle.dumps(model)).set_params(beam_size=3, length_penalty=0.5)
    assert other.predict(X).tolist() == model.translate(X, beam_size=3, length_penalty=0.5).tolist()
    assert {len(text.split()) for text in model.translate(X, max_new_tokens=1)} == {1}


def test_unknown_words_are_copied():
    # Names occur once, and so are unknown on both sides. Only who looks at the second or the third
    # word knows whether to write a number or a name.
    words = [*WORDS * 12, *(f"Name{i}" for i in range(60))]
    sources = [f"call {w} now" if i % 2 else f"now call {w}" for i, w in enumerate(words)]
    targets = [f"{WORDS.index(w) + 1 if w in WORDS else w} please" for w in words]
    vectorizers = {
        "source_vectorizer": SequenceVectorizer(min_df=2),
        "target_vectorizer": SequenceVectorizer(min_df=2, lowercase=False),
    }
    params = {**PARAMS, "max_epochs": 10}
    model = RNNTranslator(**vectorizers, **params, replace_unknown=True).fit(sources, targets)
    texts = ["call Anna now", "now call Bo", "call two now"]
    assert model.predict(texts).tolist() == ["Anna please", "Bo please", "2 please"]
    assert "Anna" not in model.translate(texts, replace_unknown=False)[0]


@pytest.mark.parametrize(
    ("params", "sources"),
    [
        ({"max_length": 3, "truncation": "tail"}, ["do not call Anna now", "Bo"]),
        ({"max_length": 4, "truncation": "both"}, ["do not call Anna now", ""]),
        ({"sparse_output": False}, ["call Anna", "do not call Bo now or then"]),
        ({"stop_words": ["call", "the"]}, [["call", "the", "Anna", "now"], ["Bo"]]),
        ({"lowercase": True, "stop_words": ["the"]}, ["The Anna", "now"]),
    ],
    ids=str,
)
def test_copied_words_are_those_that_were_read(params, sources):
    vectorizer = SequenceVectorizer(**{"lowercase": False, **params}).fit(sources[:1])
    ids = csr_array(vectorizer.transform(sources))
    rows = tokens_to_copy(sources, vectorizer, RNNTranslator())
    assert list(map(len, rows)) == np.diff(ids.indptr).tolist()
    fold = str.lower if vectorizer.lowercase else str
    tokens = [fold(token) for row in rows for token in row]
    assert [vectorizer.vocabulary_.get(token, 1) for token in tokens] == ids.data.tolist()


def test_nothing_is_copied_from_an_empty_source():
    names = [f"Name{i}" for i in range(60)]
    vectorizer = SequenceVectorizer(min_df=2, lowercase=False)
    model = RNNTranslator(target_vectorizer=vectorizer, **PARAMS, replace_unknown=True)
    model.fit([*[""] * 60, "one"], [*(f"{name} please" for name in names), "please"])
    assert model.predict([""]).tolist() == ["please"]


def test_empty_sources_and_targets():
    model = RNNTranslator(**PARAMS).fit([*X, "", "nothing"], [*Y, "", ""])
    assert model.predict(["", "nothing", "one and two"]).tolist() == ["", "", "2 1"]
    assert [w.shape for w in model.attention_weights(["", "one"], ["1", ""])] == [(1, 1), (0, 1)]
    assert np.isfinite(model.log_prob(["", "one"], ["", ""])).all()


def test_early_stopping_keeps_the_best_epoch():
    model = RNNTranslator(
        **{**PARAMS, "max_epochs": 60, "n_iter_no_change": 3, "lr": 0.02}, early_stopping=True
    ).fit(X * 2, Y * 2, X_val=X[:9], y_val=Y[:9])
    assert model.best_validation_score_ == max(model.validation_scores_)
    n_tokens = sum(len(y.split()) + 1 for y in Y[:9])
    loss = -model.log_prob(X[:9], Y[:9]).sum() / n_tokens
    assert loss == pytest.approx(-model.best_validation_score_, rel=1e-4)
    by_matches = clone(model).set_params(scoring=None, n_iter_no_change=60)
    by_matches.fit(X * 2, Y * 2, X_val=X[:9], y_val=Y[:9])
    assert by_matches.score(X[:9], Y[:9]) == by_matches.best_validation_score_
    held_out = clone(model).fit(X * 2, Y * 2)
    assert held_out.t_ == held_out.n_iter_ * (2 * len(X) - 5)


def share_of_digits(y, predicted):
    return float(np.mean([set(a) == set(b) for a, b in zip(y, predicted, strict=True)]))


def test_searches_and_cross_validation():
    params = {**PARAMS, "max_epochs": 3}
    grid = {"attention": ["dot", "general"]}
    one, two = (
        GridSearchCV(RNNTranslator(**params), grid, cv=2, n_jobs=n).fit(X, Y) for n in (1, 2)
    )
    np.testing.assert_array_equal(
        one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"]
    )
    scorer = make_scorer(share_of_digits)
    by_own = GridSearchCV(RNNTranslator(**params), grid, cv=2, scoring=scorer).fit(X, Y)
    assert 0 <= by_own.best_score_ <= 1
    predicted = cross_val_predict(RNNTranslator(**params), X, Y, cv=2)
    assert predicted.shape == (len(X),)
    assert all(isinstance(text, str) for text in predicted)


class Interrupt(Callback):
    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == 2:
            raise KeyboardInterrupt


def test_an_interrupt_keeps_what_was_reached():
    model = RNNTranslator(**PARAMS, callbacks=[Interrupt()])
    with pytest.warns(FitInterruptedWarning, match="interrupted in epoch 2") as caught:
        model.fit(X, Y)
    assert caught[0].filename == __file__
    assert model.n_iter_ == 2
    assert len(model.predict(X)) == len(X)


@pytest.mark.parametrize(
    ("x", "y", "error", "match"),
    [
        (X, Y[:-1], ValueError, r"inconsistent numbers of samples: \[25, 24\]"),
        (X, None, ValueError, "requires y to be passed"),
        (X, "one", ValueError, "for y, string object received"),
        ("one", Y, ValueError, "got one string|string object received"),
        (X, np.arange(25), TypeError, "y must hold str, or lists of str"),
        ([None, *X[1:]], Y, ValueError, r"X contains 1 missing.*row\(s\) 0"),
        (X, [*Y[:-1], None], ValueError, r"y contains 1 missing.*row\(s\) 24"),
        ([], [], ValueError, "0 sample|no documents|empty"),
        (X, [], ValueError, "0 sample.* in y while"),
        (X, [*Y[:-1], ["1"]], TypeError, "y must consist of texts or of lists of tokens"),
        (X, [*Y[:-1], 3], TypeError, "y must be an iterable over raw text.*row 24 is of type int"),
        (X, [*([y] for y in Y[:-1]), [None]], TypeError, "row 24 of y has a token of type None"),
        (X, {"one": "1"}, TypeError, "expected for y, dict received"),
        (X, pd.DataFrame({"a": Y, "b": Y}), ValueError, r"y must be one column.*\['a', 'b'\]"),
        (np.zeros((2, 3, 0)), Y[:2], ValueError, r"at least one region.*has shape \(3, 0\)"),
        (np.zeros((2, 3, 4), complex), Y[:2], ValueError, "Complex data not supported"),
        (np.full((2, 3, 4), 1e200), Y[:2], ValueError, "too large for float32"),
        ([None, np.zeros((2, 3))], Y[:2], ValueError, "Source 0 in X has shape"),
        ([np.zeros((2, 3)), np.zeros((2, 4))], Y[:2], ValueError, "Source 1 in X has shape"),
        ([np.zeros((2, 3)), np.zeros((0, 3))], Y[:2], ValueError, "at least one region"),
        (
            np.full((2, 3, 4), np.nan),
            Y[:2],
            ValueError,
            "Input X contains NaN, infinity.*in source 0",
        ),
        (np.zeros((2, 3, 4)), Y[:3], ValueError, "inconsistent numbers of samples"),
    ],
)
def test_what_cannot_be_learned_is_refused(x, y, error, match):
    model = RNNTranslator(**QUICK)
    with pytest.raises(error, match=match):
        model.fit(x, y)
    assert not hasattr(model, "net_")


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"attention": "luong"}, "'attention' parameter"),
        ({"beam_size": 0}, "'beam_size' parameter"),
        ({"max_new_tokens": "all"}, "'max_new_tokens' parameter"),
        ({"scheduled_sampling": 1.5}, "'scheduled_sampling' parameter"),
        ({"label_smoothing": 1}, "'label_smoothing' parameter"),
        ({"input_feeding": True, "cell": "grid_lstm"}, "input_feeding=True"),
        ({"validation_fraction": 0.99, "early_stopping": True}, "leaves none to train on"),
    ],
)
def test_parameters_are_checked(params, match):
    with pytest.raises(ValueError, match=match):
        RNNTranslator(**{**QUICK, **params}).fit(X, Y)


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"X_val": X}, "y_val was not provided"),
        ({"y_val": Y}, "X_val was not provided"),
        ({"X_val": X, "y_val": Y}, "early_stopping should be set to True"),
    ],
)
def test_validation_pairs_are_checked(given, match):
    with pytest.raises(ValueError, match=match):
        RNNTranslator(**QUICK).fit(X, Y, **given)


@pytest.mark.parametrize(
    ("x", "y", "match"),
    [
        ([None, "one"], Y[:2], r"X_val contains 1 missing.*row\(s\) 0"),
        (X[:2], ["1", None], r"y_val contains 1 missing.*row\(s\) 1"),
        ([], [], "0 sample.* in (X|y)_val while"),
    ],
)
def test_errors_of_validation_name_its_arguments(x, y, match):
    with pytest.raises(ValueError, match=match):
        RNNTranslator(**QUICK, early_stopping=True).fit(X, Y, X_val=x, y_val=y)


WEIGHTS = np.arange(len(X)) % 2.0


def test_a_weight_of_zero_takes_a_pair_out():
    params = {**QUICK, "dropout": 0.0, "word_dropout": 0.0, "batch_size": len(X)}
    params["target_vectorizer"] = SequenceVectorizer(vocabulary=["1", "2", "3", "4", "5"])
    params["optimizer"] = "sgd"  # Adam makes much of the smallest rounding error
    changed = [y if weight else "5 5" for y, weight in zip(Y, WEIGHTS, strict=True)]

    def losses(y, weights=None):
        return RNNTranslator(**params).fit(X, y, sample_weight=weights).log_prob(X, Y)

    expected, unweighted = losses(Y, WEIGHTS), losses(Y)
    np.testing.assert_allclose(losses(changed, WEIGHTS), expected, rtol=1e-5)
    assert np.abs(losses(changed) - unweighted).max() > 1e-3
    np.testing.assert_array_equal(losses(Y, np.full(len(X), 3.0)), unweighted)


def test_scores_are_weighted(model):
    wrong = [y if weight else "nothing" for y, weight in zip(Y, WEIGHTS, strict=True)]
    assert model.score(X, wrong) < 1
    assert model.score(X, wrong, sample_weight=WEIGHTS) == 1
    params = {**QUICK, "early_stopping": True}
    scores = [
        RNNTranslator(**params, scoring=scoring)
        .fit(X, Y, X_val=X, y_val=wrong, sample_weight_val=weights)
        .validation_scores_
        for scoring in (lambda model, X, y, sample_weight=None: np.sum(sample_weight), "loss")
        for weights in (WEIGHTS, 1 - WEIGHTS)
    ]
    assert scores[0] == [WEIGHTS.sum()] * len(scores[0])
    assert scores[1] == [len(X) - WEIGHTS.sum()] * len(scores[1])
    assert scores[2][-1] > scores[3][-1]  # "nothing" is unknown, and not likely


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"sample_weight": [1.0]}, "sample_weight.shape"),
        ({"sample_weight": -WEIGHTS}, "Negative values in data passed to `sample_weight`"),
        ({"sample_weight": 0 * WEIGHTS}, "must contain at least one non-zero number"),
        ({"sample_weight_val": WEIGHTS}, "X_val and y_val were not provided"),
    ],
)
def test_weights_are_checked(given, match):
    with pytest.raises(ValueError, match=match):
        RNNTranslator(**QUICK).fit(X, Y, **given)


def test_validation_sources_are_of_the_same_kind():
    model = RNNTranslator(**QUICK, early_stopping=True)
    with pytest.raises(ValueError, match=r"fitted on texts\. X_val holds rows of vectors"):
        model.fit(X, Y, X_val=np.zeros((2, 3, 4)), y_val=Y[:2])


@pytest.mark.parametrize(
    "params",
    [
        {"precision": "bfloat16"},
        {"precision": "bfloat16", "input_feeding": True},
        {"zoneout": 0.1},
        {"recurrent_dropout": 0.2, "input_feeding": True},
        {"recurrent_dropout": 0.2, "variational_dropout": True, "num_layers": 2},
        {"kernels": False, "optimizer": "sgd"},
        {"cell": torch.nn.GRUCell},
        {"cell": torch.nn.GRUCell, "input_feeding": True},
    ],
    ids=str,
)
def test_what_other_estimators_can_do(params):
    model = RNNTranslator(**{**QUICK, **params}).fit(X, Y)
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    assert [model.predict([x])[0] for x in X[:5]] == model.predict(X[:5]).tolist()


def test_arguments_of_the_search_are_checked(model):
    for given, match in [
        ({"n_best": 2}, "from 1 to beam_size=1"),
        ({"beam_size": 2, "n_best": 0}, "from 1 to beam_size=2"),
        ({"beam_size": 1.5}, "'beam_size' parameter"),
        ({"max_new_tokens": 0}, "'max_new_tokens' parameter"),
    ]:
        with pytest.raises(ValueError, match=match):
            model.translate(X, **given)
    with pytest.raises(ValueError, match=r"fitted on texts\. X holds rows of vectors"):
        model.predict(np.zeros((2, 3, 4)))
    with pytest.raises(ValueError, match="inconsistent"):
        model.log_prob(X, Y[:-1])
    with pytest.raises(ValueError, match="inconsistent"):
        model.score(X, Y[:-1])
    with pytest.raises(ValueError, match="which must be text"):
        model.translate([[2, 3]], replace_unknown=True)


def test_the_length_penalty_may_be_huge(model):
    for penalty in (1e6, -1e6):
        _, scores = model.translate(
            X[:3], beam_size=3, n_best=3, length_penalty=penalty, return_scores=True
        )
        assert np.isfinite(scores).all()


def test_a_network_that_overflows_is_not_believed(model):
    other = pickle.loads(pickle.dumps(model))
    with torch.no_grad():
        other.module_.decoder.weight.fill_(torch.inf)
    with pytest.raises(ValueError, match="scores of tokens are infinite or NaN"):
        other.predict(X)


def test_missing_targets_may_be_empty_ones(model):
    vectorizer = SequenceVectorizer(missing="empty")
    lenient = RNNTranslator(**QUICK, target_vectorizer=vectorizer).fit(X, [*Y[:-1], None])
    assert lenient.score(X, [*Y[:-1], None]) == lenient.score(X, [*Y[:-1], ""])
    with pytest.raises(ValueError, match=r"y contains 1 missing.*row\(s\) 24"):
        model.score(X, [*Y[:-1], None])


class IdsAlone(SequenceVectorizer):
    """A vectorizer that does not tell the tokens of its ids."""

    tokens_ = ()


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"target_vectorizer": IdsAlone()}, "needs the token of each id"),
        (
            {"source_vectorizer": SubwordVectorizer(vocab_size=300), "replace_unknown": True},
            "source vectorizer must have a method build_analyzer",
        ),
    ],
    ids=str,
)
def test_what_could_not_be_written_is_refused_in_fit(params, match):
    with pytest.raises(TypeError, match=match):
        RNNTranslator(**QUICK, **params).fit(X, Y)


def test_only_words_of_texts_can_be_copied():
    with pytest.raises(ValueError, match="which must be text"):
        RNNTranslator(**QUICK, replace_unknown=True).fit(np.zeros((25, 3, 2)), Y)


def test_a_warm_start_on_short_targets_still_writes_long_ones():
    model = RNNTranslator(**QUICK, warm_start=True).fit(X, Y)
    assert model.fit(X[:2], ["1", ""]).longest_target_ == 2
    assert model.set_params(warm_start=False).fit(X[:2], ["1", ""]).longest_target_ == 1


def test_words_have_the_white_space_of_the_targets(tmp_path):
    y = [f"{target} !" for target in Y]
    model = RNNTranslator(**PARAMS).fit(X, y)
    assert model.spacing_["before"] == {"!": " "}
    assert model.score(X, y) == 1
    save(model, tmp_path / "model")
    assert load(tmp_path / "model").predict(X).tolist() == y
    model.set_params(warm_start=True, max_epochs=1).fit(X, Y)
    assert model.spacing_["before"] == {"!": " "}
    characters = SequenceVectorizer(analyzer="char")
    assert RNNTranslator(**QUICK, target_vectorizer=characters).fit(X, y).spacing_ is None
    assert RNNTranslator(**QUICK).fit(X, [target.split() for target in y]).spacing_ is None


def test_bytes_are_decoded_by_the_vectorizer():
    vectorizer = SequenceVectorizer(encoding="latin-1", lowercase=False)
    sources, targets = [[each.encode("latin-1") for each in side] for side in (X, ["é"] * 25)]
    params = {**QUICK, "source_vectorizer": vectorizer, "target_vectorizer": vectorizer}
    model = RNNTranslator(**params, replace_unknown=True).fit([*sources[1:], b"\xe9"], targets)
    assert model.target_vectorizer_.tokens_[2] == "é"
    assert len(model.predict([b"\xe9"])) == 1
    assert model.score([b"\xe9"], model.predict(["é"])) == 1


def test_nothing_is_predicted_before_fit():
    for method, args in [("predict", (X,)), ("translate", (X,)), ("attention_weights", (X,))]:
        with pytest.raises(NotFittedError):
            getattr(RNNTranslator(), method)(*args)


def test_tags():
    tags = RNNTranslator().__sklearn_tags__()
    assert tags.input_tags.string
    assert tags.input_tags.three_d_array
    assert tags.target_tags.required
