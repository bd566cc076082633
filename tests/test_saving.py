"""Models kept by save and load."""

import inspect
import json
import os
import subprocess
import sys
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from mutations import put_together, take_apart
from safetensors import safe_open
from sklearn import config_context
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from skorch.callbacks import EpochTimer
from skorch.exceptions import DeviceWarning
from weights import have_same_weights

import sklearn_rnn
from sklearn_rnn import (
    RNNTextClassifier,
    RNNTextEncoder,
    RNNTextRegressor,
    SequenceVectorizer,
    load,
    save,
)
from sklearn_rnn._saving.estimators import ESTIMATORS
from sklearn_rnn._targets.numbers import NUMBER_LOSSES
from sklearn_rnn._text.words import TOKEN_PATTERN
from sklearn_rnn.datasets import load_tweet_sentiment
from sklearn_rnn.exceptions import ModelFileError
from sklearn_rnn.modules import GRUCell
from sklearn_rnn.modules._make_encoder import GRIDS
from sklearn_rnn.modules._pooling import POOLINGS
from sklearn_rnn.modules.cells import CELLS

TWEETS, SENTIMENTS = (
    values[::250] for values in load_tweet_sentiment(return_X_y=True, as_frame=False)
)
DATA = Path(__file__).parent / "data"
LENGTHS = np.array([len(tweet) / 100 for tweet in TWEETS])
# Two numbers, and three labels, for each tweet.
NUMBERS = np.column_stack([LENGTHS, 50 + 10 * LENGTHS])
LABELS = np.array([["!" in tweet, "@" in tweet, len(tweet) > 100] for tweet in TWEETS]).astype(int)


def make_small(class_, **params):
    """Return an estimator that is fitted in a blink."""
    small = {"embedding_dim": 4, "hidden_size": 3, "max_epochs": 2, "lr": 0.02, "random_state": 0}
    return class_(**{**small, **params})


make_classifier = partial(make_small, RNNTextClassifier)
make_regressor = partial(make_small, RNNTextRegressor)
make_encoder = partial(make_small, RNNTextEncoder)


@pytest.fixture(scope="module")
def fitted():
    return make_classifier().fit(TWEETS, SENTIMENTS)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def saved_and_loaded(estimator, path):
    assert save(estimator, path) is None
    return load(path)


def assert_same_model(model, loaded, X=TWEETS):
    assert type(loaded) is type(model)
    assert repr(loaded) == repr(model)
    methods = ("predict", "predict_proba", "decision_function", "transform")
    methods = [method for method in methods if hasattr(model, method)]
    assert methods
    for method in methods:
        outputs, expected = getattr(loaded, method)(X), getattr(model, method)(X)
        np.testing.assert_array_equal(outputs, expected)
        assert outputs.dtype == expected.dtype


# Models that come back


@pytest.mark.one_at_a_time(
    cell=["lstm", *sorted({*CELLS, *GRIDS} - {"lstm"})],
    pooling=["concat", *sorted(POOLINGS.keys() - {"concat"})],
)
def test_every_cell_and_pooling(cell, pooling, path):
    clf = make_classifier(cell=cell, pooling=pooling, num_heads=2, max_epochs=1).fit(
        TWEETS[:20], SENTIMENTS[:20]
    )
    assert_same_model(clf, saved_and_loaded(clf, path))


@pytest.mark.parametrize("loss", NUMBER_LOSSES)
@pytest.mark.parametrize("y", [LENGTHS, LENGTHS[:, None], NUMBERS])
def test_regressors_of_every_loss(loss, y, path):
    regressor = make_regressor(loss=loss, quantile=0.9, epsilon=0.5).fit(TWEETS, y)
    loaded = saved_and_loaded(regressor, path)
    assert_same_model(regressor, loaded)
    np.testing.assert_array_equal(loaded.y_offset_, regressor.y_offset_)
    np.testing.assert_array_equal(loaded.y_scale_, regressor.y_scale_)
    assert loaded.out_activation_ == regressor.out_activation_
    assert have_same_weights(clone(loaded).fit(TWEETS, y), regressor)


@pytest.mark.parametrize("y", [SENTIMENTS, LABELS, LENGTHS, NUMBERS])
def test_encoders_of_every_target(y, path):
    encoder = make_encoder().fit(TWEETS, y)
    loaded = saved_and_loaded(encoder, path)
    assert_same_model(encoder, loaded)
    assert vars(loaded).keys() == vars(encoder).keys()
    assert loaded.get_feature_names_out().tolist() == encoder.get_feature_names_out().tolist()
    assert have_same_weights(clone(loaded).fit(TWEETS, y), encoder)


def test_encoder_fitted_again_with_another_target(path):
    """Nothing of the target before stays."""
    encoder = make_encoder()
    for y, is_labels in [(SENTIMENTS, True), (LENGTHS, False), (LABELS, True)]:
        loaded = saved_and_loaded(encoder.fit(TWEETS, y), path)
        assert_same_model(encoder, loaded)
        for estimator in (encoder, loaded):
            assert hasattr(estimator, "classes_") == is_labels
            assert hasattr(estimator, "y_scale_") != is_labels


@pytest.mark.parametrize("class_weight", [None, "balanced", [{0: 1, 1: 5.0}] * 3])
def test_classifiers_of_many_labels(class_weight, path):
    clf = make_classifier(class_weight=class_weight).fit(TWEETS, LABELS)
    loaded = saved_and_loaded(clf, path)
    assert_same_model(clf, loaded)
    assert loaded.multilabel_ is True
    assert loaded.classes_.tolist() == [0, 1, 2]
    assert have_same_weights(clone(loaded).fit(TWEETS, LABELS), clf)


@pytest.mark.parametrize(
    ("estimator", "y"),
    [
        (make_classifier(scoring="f1_macro", early_stopping=True), SENTIMENTS),
        (make_classifier(early_stopping=True), LABELS),
        (make_regressor(scoring="neg_mean_absolute_error", early_stopping=True), LENGTHS),
        (make_encoder(scoring="loss", early_stopping=True), SENTIMENTS),
    ],
)
def test_what_early_stopping_learned(estimator, y, path):
    estimator.fit(TWEETS, y, X_val=TWEETS[:20], y_val=y[:20])
    loaded = saved_and_loaded(estimator, path)
    assert_same_model(estimator, loaded)
    assert loaded.validation_scores_ == estimator.validation_scores_
    assert loaded.best_validation_score_ == estimator.best_validation_score_


@pytest.mark.parametrize(
    "params",
    [
        {"num_layers": 2, "bidirectional": False},
        {"wide_weight": 0},
        {"wide_weight": np.float32(0.5), "hidden_size": np.int64(2), "batch_size": np.int32(8)},
        {"early_stopping": True, "validation_fraction": 0.2},
        {"optimizer": "rmsprop", "lr_schedule": "constant", "clip_grad_norm": None},
        {"class_weight": {"positive": 2.0, np.str_("negative"): np.float64(0.5)}},
        {"class_weight": "balanced", "label_smoothing": 0.0, "skip_connection": False},
        {"precision": "bfloat16"},
        {"recurrent_init": "uniform", "forget_bias": "chrono", "num_layers": 2},
        {"cell": "rnn", "activation": "relu", "recurrent_init": "identity"},
        {"cell": "gru", "forget_bias": np.float32(2), "zoneout": 0.1, "recurrent_dropout": 0.2},
        {"recurrent_dropout": 0.2, "variational_dropout": True, "zoneout": 0.1},
        {"cell": "tied_grid_lstm", "num_layers": np.int64(3), "recurrent_dropout": 0.2},
        {"cell": np.str_("sru"), "pooling": "multihead_attention", "num_heads": 3},
        {"device": torch.device("cpu"), "n_jobs": 1, "crop_length": None},
        {"callbacks": [], "skorch_params": {"optimizer__betas": (0.8, 0.9), "train_split": None}},
        {"vectorizer": SequenceVectorizer(analyzer="char", max_features=20, truncation="tail")},
        {"vectorizer": SequenceVectorizer(stop_words=["the", "a"], strip_accents="ascii")},
        {"vectorizer": SequenceVectorizer(vocabulary=np.array(["good", "bad", "the"]))},
        {"vectorizer": SequenceVectorizer(vocabulary={"the", "good", "bad"})},
        {"vectorizer": SequenceVectorizer(vocabulary={"good": 3, "bad": 2}, max_length=5)},
        {"vectorizer": SequenceVectorizer(sparse_output=False, min_df=0.01, missing="empty")},
        {"vectorizer": make_pipeline(SequenceVectorizer(min_df=2))},
    ],
)
def test_every_kind_of_parameter(params, path):
    clf = make_classifier(**params).fit(TWEETS, SENTIMENTS)
    loaded = saved_and_loaded(clf, path)
    assert_same_model(clf, loaded)
    assert have_same_weights(clone(loaded).fit(TWEETS, SENTIMENTS), clf)


@pytest.mark.parametrize(
    "labels",
    [
        ["a", "b", "ü☃"],
        np.array(["a", "a\0"], dtype=object),
        np.array(["a", "b", "ccc"], dtype=object),
        np.array(["a", "b", "c"], dtype="<U20"),
        [b"a", b"b", b"c"],
        [3, -1, 2],
        np.array([3, 1, 2], dtype=np.uint8),
        np.array([3, 1, 2], dtype=">i4"),
        [2.0, -1.0, 5.0],
        [False, True],
        np.array(["2020-01-01", "2021-01-01"], dtype="M8[D]"),
    ],
)
def test_labels_of_every_type(labels, path):
    y = np.resize(labels, len(TWEETS))
    try:
        clf = make_classifier(max_epochs=1).fit(TWEETS, y)
    except (ValueError, TypeError):
        assert np.asarray(labels).dtype.kind in "SM"  # not all versions of scikit-learn take them
        return
    loaded = saved_and_loaded(clf, path)
    assert_same_model(clf, loaded)
    assert loaded.classes_.dtype == clf.classes_.dtype
    assert list(map(type, loaded.classes_)) == list(map(type, clf.classes_))


def test_what_fit_learned_comes_back(path):
    clf = make_classifier(early_stopping=True).fit(TWEETS, SENTIMENTS)
    loaded = saved_and_loaded(clf, path)
    assert loaded.vectorizer_.vocabulary_ == clf.vectorizer_.vocabulary_
    assert list(loaded.vectorizer_.vocabulary_) == list(clf.vectorizer_.vocabulary_)
    for name in ("n_iter_", "loss_curve_", "validation_scores_", "best_validation_score_"):
        assert getattr(loaded, name) == getattr(clf, name)
    for column in ("epoch", "train_loss", "valid_loss", "valid_score", "lr", "dur"):
        assert loaded.history_[:, column] == clf.history_[:, column]
    assert loaded.module_ is loaded.net_.module_
    assert vars(loaded).keys() == vars(clf).keys()


def test_classifier_of_token_ids(path):
    ids = SequenceVectorizer().fit_transform(TWEETS)
    clf = make_classifier().fit(ids, SENTIMENTS)
    loaded = saved_and_loaded(clf, path)
    assert_same_model(clf, loaded, ids)
    assert loaded.vectorizer_ is None


def test_pipeline(path):
    pipeline = Pipeline(
        [("ids", SequenceVectorizer(min_df=2)), ("none", "passthrough"), ("clf", make_classifier())]
    ).fit(TWEETS, SENTIMENTS)
    loaded = saved_and_loaded(pipeline, path)
    assert_same_model(pipeline, loaded)
    assert loaded["ids"].vocabulary_ == pipeline["ids"].vocabulary_
    assert loaded.set_params(clf__cell="gru").fit(TWEETS, SENTIMENTS)["clf"].cell == "gru"


@pytest.mark.parametrize(
    ("make", "y", "classes"),
    [
        (make_classifier, SENTIMENTS, {"classes": np.unique(SENTIMENTS)}),
        (make_classifier, LABELS, {}),
        (make_regressor, NUMBERS, {}),
        (make_encoder, LENGTHS, {}),
    ],
)
def test_what_was_learned_in_chunks(make, y, classes, path):
    estimator, half = make(), len(TWEETS) // 2
    estimator.partial_fit(TWEETS[:half], y[:half], **classes)
    estimator.partial_fit(TWEETS[half:], y[half:])
    loaded = saved_and_loaded(estimator, path)
    assert_same_model(estimator, loaded)
    assert loaded.t_ == len(TWEETS)
    loaded.partial_fit(["quite new words"], y[:1])
    assert "quite" in loaded.vectorizer_.vocabulary_
    assert_same_model(loaded, saved_and_loaded(loaded, path))


def test_words_that_became_too_frequent(path):
    vectorizer = SequenceVectorizer(max_df=0.5)
    vectorizer.partial_fit(["the good", "bad"]).partial_fit(["the best", "the worst"])
    loaded = saved_and_loaded(vectorizer, path)
    assert vectorizer.transform(["the"]).data.tolist() == [1]
    assert loaded.too_frequent_ids_.tolist() == vectorizer.too_frequent_ids_.tolist() == [2]
    assert loaded.transform(["the"]).data.tolist() == [1]


def test_vectorizer(path):
    vectorizer = SequenceVectorizer(encoding="latin-1", max_length=4, truncation="both").fit(TWEETS)
    loaded = saved_and_loaded(vectorizer, path)
    assert (loaded.transform(TWEETS) != vectorizer.transform(TWEETS)).nnz == 0
    assert loaded.n_positions_ == vectorizer.n_positions_
    assert loaded.get_params() == vectorizer.get_params()


def test_vectorizer_of_several_columns(path):
    table = pd.DataFrame({"title": TWEETS, "body": TWEETS})
    loaded = saved_and_loaded(SequenceVectorizer().fit(table), path)
    assert loaded.columns_ == ["title", "body"]
    with pytest.raises(ValueError, match="should match those"):
        loaded.transform(table[["body", "title"]])


def test_load_runs_no_token_pattern_of_a_file(path, monkeypatch):
    """It could take exponential time."""
    save(make_classifier(max_epochs=1).fit(TWEETS, SENTIMENTS), path)

    def run(pattern):
        raise RuntimeError("a pattern is run")

    monkeypatch.setattr("sklearn_rnn._vectorizer.make_tokenizer", run)
    loaded = load(path)
    with pytest.raises(RuntimeError, match="a pattern is run"):
        loaded.predict(TWEETS)


@pytest.mark.parametrize(
    "estimator",
    [
        RNNTextClassifier(cell="gru", class_weight={0: 1.0}),
        SequenceVectorizer(vocabulary=["a", "b"]),
        make_pipeline(SequenceVectorizer(), RNNTextClassifier()),
    ],
)
def test_unfitted_estimators(estimator, path):
    loaded = saved_and_loaded(estimator, path)
    assert repr(loaded) == repr(estimator)
    assert not getattr(loaded, "__sklearn_is_fitted__", bool)()


def test_choices_of_output_and_routing(path):
    with config_context(enable_metadata_routing=True):
        clf = make_classifier().set_fit_request(sample_weight=True)
        clf.set_score_request(sample_weight="weights")
    loaded = saved_and_loaded(clf, path)
    for method in ("fit", "score"):
        requests = getattr(loaded.get_metadata_routing(), method).requests
        assert requests == getattr(clf.get_metadata_routing(), method).requests
    vectorizer = SequenceVectorizer(sparse_output=False).set_output(transform="pandas")
    loaded = saved_and_loaded(vectorizer.fit(TWEETS), path)
    assert loaded.transform(TWEETS).equals(vectorizer.transform(TWEETS))


def test_loaded_classifier_learns_as_before(fitted, path):
    loaded = saved_and_loaded(fitted, path).fit(TWEETS, SENTIMENTS)
    assert have_same_weights(loaded, fitted)


def test_random_state_goes_on_where_it_was(path):
    clf = make_classifier(random_state=np.random.RandomState(0)).fit(TWEETS, SENTIMENTS)
    loaded = saved_and_loaded(clf, path)
    assert have_same_weights(loaded.fit(TWEETS, SENTIMENTS), clf.fit(TWEETS, SENTIMENTS))


def test_parameters_set_after_fit_do_not_change_the_network(path):
    clf = make_classifier().fit(TWEETS, SENTIMENTS)
    clf.set_params(hidden_size=100, cell="gru", wide_weight=0, vectorizer=SequenceVectorizer())
    loaded = saved_and_loaded(clf, path)
    assert_same_model(clf, loaded)
    assert loaded.hidden_size == 100


def test_loaded_model_is_saved_to_the_same_bytes(fitted, path):
    save(fitted, path)
    first = path.read_bytes()
    save(load(path), path)
    assert path.read_bytes() == first


@pytest.mark.parametrize("mode", [torch.inference_mode, torch.no_grad])
def test_modes_of_torch_do_not_matter(fitted, path, mode):
    save(fitted, path)
    with mode():
        loaded = load(path)
    assert_same_model(fitted, loaded)
    parameter = next(loaded.module_.parameters())
    assert parameter.requires_grad
    assert not parameter.is_inference()


def test_random_state_of_torch_is_left_alone(fitted, path):
    before = torch.get_rng_state()
    saved_and_loaded(fitted, path)
    assert torch.equal(torch.get_rng_state(), before)


def test_saving_leaves_the_estimator_alone(fitted, path):
    before = vars(fitted).copy()
    save(fitted, path)
    assert vars(fitted) == before


def test_other_programs_find_weights_and_metadata(fitted, path):
    save(fitted, path)
    with safe_open(path, "pt") as file:
        names = {name.partition(".")[2]: name for name in file.keys()}
        weight = file.get_tensor(names["deep.head.weight"])
        record = json.loads(file.metadata()["sklearn_rnn"])
    assert torch.equal(weight, fitted.module_.deep.head.weight)
    assert record["content"]["class"] == "RNNTextClassifier"
    assert record["content"]["params"]["hidden_size"] == 3
    assert record["versions"]["torch"] == version("torch")


OPEN_ELSEWHERE = """
import sys
import numpy as np
import sklearn_rnn
X = np.load("X.npy", allow_pickle=True)
np.save("proba.npy", sklearn_rnn.load("model.safetensors").predict_proba(X))
# torch's compiler takes ten times as long to import as the model to open.
assert "torch._dynamo" not in sys.modules
"""


def test_file_opens_in_another_process(fitted, path):
    save(fitted, path)
    np.save(path.with_name("X.npy"), TWEETS.astype(object))
    subprocess.run([sys.executable, "-c", OPEN_ELSEWHERE], cwd=path.parent, check=True)
    proba = np.load(path.with_name("proba.npy"))
    np.testing.assert_array_equal(proba, fitted.predict_proba(TWEETS))


def test_model_of_a_gpu_opens_where_there_is_none(path):
    clf = make_classifier().fit(TWEETS, SENTIMENTS)
    clf.net_.device = torch.device("cuda:17")
    save(clf, path)
    clf.net_.device = torch.device("cpu")
    with pytest.warns(DeviceWarning, match="cuda:17"):
        loaded = load(path)
    assert_same_model(clf, loaded)
    assert torch.device(loaded.net_.device).type == "cpu"


def test_first_release_opens_for_ever():
    expected = json.loads((DATA / "classifier-1.json").read_text(encoding="utf-8"))
    clf = load(DATA / "classifier-1.safetensors")
    assert clf.classes_.tolist() == expected["classes"]
    proba = clf.predict_proba(expected["documents"])
    np.testing.assert_allclose(proba, expected["probabilities"], rtol=0, atol=1e-5)
    np.testing.assert_allclose(clf.loss_curve_, expected["loss_curve"], atol=1e-5)
    assert clf.class_weight == {"praise": 2.0}
    # Words of every script came later: a model goes on to split as it did.
    assert clf.vectorizer_.token_pattern == TOKEN_PATTERN


# What is refused on save


def split(document):
    return document.split()


class OwnVectorizer(SequenceVectorizer):
    pass


@pytest.mark.parametrize(
    ("estimator", "name"),
    [
        (SequenceVectorizer(tokenizer=split), "tokenizer"),
        (SequenceVectorizer(preprocessor=str.lower), "preprocessor"),
        (SequenceVectorizer(strip_accents=split), "strip_accents"),
        (SequenceVectorizer(analyzer=split), "analyzer"),
        (SequenceVectorizer(vocabulary=(word for word in "ab")), "vocabulary"),
        (RNNTextClassifier(vectorizer=SequenceVectorizer(analyzer=split)), "analyzer"),
        (RNNTextClassifier(vectorizer=OwnVectorizer()), "vectorizer"),
        (RNNTextClassifier(vectorizer=TfidfVectorizer()), "vectorizer"),
        (RNNTextClassifier(optimizer=torch.optim.SGD), "optimizer"),
        (RNNTextClassifier(cell=torch.nn.GRUCell), "cell"),
        (RNNTextRegressor(cell=GRUCell), "cell"),
        (RNNTextEncoder(scoring=split), "scoring"),
        (RNNTextClassifier(callbacks=[EpochTimer()]), "callbacks"),
        (RNNTextClassifier(skorch_params={"criterion": torch.nn.MSELoss}), "skorch_params"),
        (RNNTextClassifier(class_weight={0: object()}), "class_weight"),
        (Pipeline([("tfidf", TfidfVectorizer())]), "steps"),
        (Pipeline([("ids", SequenceVectorizer())], memory="cache"), "memory"),
        (Pipeline([("own", OwnVectorizer())]), "steps"),
        (make_pipeline(RNNTextEncoder(), LogisticRegression()), "steps"),
    ],
)
def test_parameters_that_are_no_data_are_named(estimator, name, path):
    with pytest.raises(TypeError, match=f"The '{name}' parameter of .* cannot be saved as data"):
        save(estimator, path)
    assert not path.exists()


def test_invalid_parameters_are_refused(path):
    with pytest.raises(ValueError, match="The 'cell' parameter of RNNTextClassifier must be"):
        save(RNNTextClassifier(cell="none"), path)


def test_attributes_that_fit_did_not_learn_are_named(path):
    vectorizer = SequenceVectorizer().fit(TWEETS)
    vectorizer.note = "mine"
    with pytest.raises(TypeError, match="The attribute 'note' of SequenceVectorizer"):
        save(vectorizer, path)


@pytest.mark.parametrize("make", [make_classifier, make_regressor, make_encoder])
def test_fitted_cells_of_your_own_are_refused(make, path):
    estimator = make(cell=torch.nn.GRUCell).fit(TWEETS, LENGTHS > 1)
    with pytest.raises(TypeError, match=r"'cell' parameter of RNNText.*Use joblib\.dump instead"):
        save(estimator, path)
    # Of what was set later the network knows nothing.
    estimator.set_params(cell="gru")
    with pytest.raises(TypeError, match=r"'net_' of RNNText.*cell of your own.*joblib\.dump"):
        save(estimator, path)
    assert not path.exists()


def test_changed_networks_are_refused(path):
    clf = make_classifier().fit(TWEETS, SENTIMENTS)
    clf.module_.deep.head = torch.nn.Identity()
    with pytest.raises(TypeError, match=r"'net_' of RNNTextClassifier.*changed after"):
        save(clf, path)


@pytest.mark.parametrize(
    ("object_", "message"),
    [
        (GridSearchCV(RNNTextClassifier(), {}), "Got GridSearchCV"),
        (TfidfVectorizer(), "Got TfidfVectorizer"),
        (OwnVectorizer(), "Got OwnVectorizer"),
        (RNNTextClassifier, "save takes an instance"),
        ("model.safetensors", "Call it as save"),
    ],
)
def test_what_is_no_estimator_of_ours_is_refused(object_, message, path):
    with pytest.raises(TypeError, match=message):
        save(object_, path)


def test_search_is_told_from_its_best_estimator(path):
    search = GridSearchCV(make_classifier(), {"cell": ["gru"]}, cv=2).fit(TWEETS, SENTIMENTS)
    with pytest.raises(TypeError, match="best_estimator_"):
        save(search, path)
    assert_same_model(search.best_estimator_, saved_and_loaded(search.best_estimator_, path))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_parameter_is_kept(name, path):
    """A parameter that is added later must be saved, too."""
    class_ = getattr(sklearn_rnn, name)
    save(class_(), path)
    record, _, _ = take_apart(path.read_bytes())
    assert record["content"]["params"].keys() == inspect.signature(class_).parameters.keys()


# Files that went wrong


def test_error_names_the_file(path):
    path.write_bytes(b"not a model")
    with pytest.raises(ModelFileError, match=r"model\.safetensors cannot be opened: it is not"):
        load(path)
    assert issubclass(ModelFileError, ValueError)


@pytest.mark.skipif(sys.platform != "linux", reason="names are text here")
def test_names_that_are_not_utf8(path):
    name = os.fsencode(path.parent) + b"/caf\xe9"
    save(SequenceVectorizer(min_df=2), os.fsdecode(name))
    assert load(os.fsdecode(name)).min_df == load(name).min_df == 2
    with open(name, "ab") as file:
        file.write(b"x")
    with pytest.raises(ModelFileError, match="cannot be opened"):
        load(os.fsdecode(name))


def test_missing_file(path):
    with pytest.raises(FileNotFoundError):
        load(path)


def test_parameter_of_a_newer_version(fitted, path):
    save(fitted, path)
    record, header, numbers = take_apart(path.read_bytes())
    record["content"]["params"]["attention"] = True
    path.write_bytes(put_together(record, header, numbers))
    with pytest.raises(ModelFileError, match="has no parameter 'attention'"):
        load(path)


def test_attributes_that_an_older_version_did_not_learn(fitted, path):
    save(fitted, path)
    record, header, numbers = take_apart(path.read_bytes())
    del record["content"]["learned"]["validation_scores_"]
    del record["content"]["params"]["label_smoothing"]
    path.write_bytes(put_together(record, header, numbers))
    loaded = load(path)
    assert loaded.validation_scores_ is None
    assert loaded.label_smoothing == RNNTextClassifier().label_smoothing


@pytest.mark.parametrize("class_", ["os.system", "Vocabulary", "GridSearchCV", "", None, ["a"]])
def test_only_our_estimators_are_built(class_, fitted, path):
    save(fitted, path)
    record, header, numbers = take_apart(path.read_bytes())
    record["content"]["class"] = class_
    path.write_bytes(put_together(record, header, numbers))
    with pytest.raises(ModelFileError):
        load(path)


@pytest.mark.parametrize(
    ("estimator", "y", "values"),
    [
        (make_classifier(), SENTIMENTS, {"classes_": np.array(["a", "b"])}),
        (make_classifier(), SENTIMENTS, {"classes_": np.array(["b", "a", "c"])}),
        (make_classifier(), SENTIMENTS, {"multilabel_": True}),
        (make_classifier(), SENTIMENTS, {"multilabel_": None}),
        (make_classifier(), LABELS, {"classes_": np.arange(1, 4)}),
        (make_regressor(), LENGTHS, {"y_offset_": 0.0}),
        (make_regressor(), LENGTHS, {"y_offset_": np.zeros(1)}),
        (make_regressor(), LENGTHS, {"y_scale_": np.array(np.inf)}),
        (make_regressor(), LENGTHS, {"y_scale_": np.array("x")}),
        (make_regressor(), LENGTHS, {"out_activation_": "relu"}),
        (make_regressor(), NUMBERS, {"y_offset_": np.zeros(3), "y_scale_": np.ones(3)}),
        (make_encoder(), SENTIMENTS, {"classes_": None}),
        (make_encoder(), SENTIMENTS, {"classes_": np.array(["a", "b"])}),
        (make_encoder(), SENTIMENTS, {"multilabel_": True}),
        (make_encoder(), LENGTHS, {"y_scale_": None}),
    ],
)
def test_what_was_learned_must_fit_the_network(estimator, y, values, path):
    estimator.fit(TWEETS, y)
    assert values.keys() <= vars(estimator).keys()
    vars(estimator).update(values)
    save(estimator, path)
    with pytest.raises(ModelFileError):
        load(path)


def test_encoders_need_a_network_with_vectors(fitted, path):
    encoder = make_encoder().fit(TWEETS, SENTIMENTS)
    encoder.net_ = fitted.net_  # which has a wide path
    save(encoder, path)
    with pytest.raises(ModelFileError, match="no vectors of documents"):
        load(path)


def test_networks_read_cells_by_name_alone(fitted, path):
    save(fitted, path)
    record, *rest = take_apart(path.read_bytes())
    text = json.dumps(record)
    assert text.count('["cell", "lstm"]') == 1
    forged = text.replace('["cell", "lstm"]', '["cell", {"type": "device", "value": "cpu"}]')
    path.write_bytes(put_together(json.loads(forged), *rest))
    with pytest.raises(ModelFileError, match="described by its name"):
        load(path)


def test_a_file_holds_a_hundred_estimators(path):
    steps = [(str(i), SequenceVectorizer()) for i in range(99)]
    save(Pipeline(steps), path)
    assert len(load(path)) == 99
    with pytest.raises(TypeError, match=r"(?s)'steps'.*no more than 100 estimators and nets"):
        save(Pipeline([*steps, ("last", SequenceVectorizer())]), path)
    record, *rest = take_apart(path.read_bytes())
    params = record["content"]["params"]
    params["steps"].append(params["steps"][0])
    path.write_bytes(put_together(record, *rest))
    with pytest.raises(ModelFileError, match="no more than 100 estimators and nets"):
        load(path)


def test_nets_share_no_weights(fitted, path):
    save(fitted, path)
    record, *rest = take_apart(path.read_bytes())
    record["content"]["params"]["callbacks"] = [record["content"]["learned"]["net_"]] * 2
    path.write_bytes(put_together(record, *rest))
    with pytest.raises(ModelFileError, match="named twice"):
        load(path)


# Saves that were killed

# Children save one model after the other over the same file until they are killed. They are forks,
# so that nothing is imported anew.
KILL = """
import os, random, signal, sys, time
import numpy as np
from sklearn.base import clone
import sklearn_rnn

path, n_kills = sys.argv[1], int(sys.argv[2])
X, y = ["good, not bad", "bad, not good"] * 10, [0, 1] * 10
clf = sklearn_rnn.RNNTextClassifier(max_epochs=1, random_state=0)
models = [clone(clf).set_params(embedding_dim=size).fit(X, y) for size in (100, 200)]
expected = [model.predict_proba(X) for model in models]
sklearn_rnn.save(models[0], path)
rng, found = random.Random(0), []
for _ in range(n_kills):
    child = os.fork()
    if child == 0:
        while True:
            for model in reversed(models):
                sklearn_rnn.save(model, path)
    time.sleep(rng.uniform(0, 0.05))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    proba = sklearn_rnn.load(path).predict_proba(X)
    found.append([np.array_equal(proba, other) for other in expected])
    assert any(found[-1])
    assert len(os.listdir(os.path.dirname(path))) <= 2, "temporary files pile up"
sklearn_rnn.save(models[0], path)
assert os.listdir(os.path.dirname(path)) == [os.path.basename(path)]
print(*np.sum(found, axis=0))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here")
@pytest.mark.parametrize("n_kills", [10, pytest.param(200, marks=pytest.mark.slow)])
def test_killed_saves_leave_the_old_or_the_new_model(path, n_kills):
    arguments = [sys.executable, "-c", KILL, str(path), str(n_kills)]
    process = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    assert sum(map(int, process.stdout.split())) == n_kills
