"""Estimators that start from language models, given or fitted on the way."""

import pickle
import warnings
from copy import copy
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline
from skorch.callbacks import Callback
from torch.nn.utils.rnn import pack_sequence
from weights import copy_weights, have_same_weights

import sklearn_rnn
from sklearn_rnn import (
    RNNLanguageModel,
    RNNTextClassifier,
    RNNTextEncoder,
    RNNTextRegressor,
    SequenceVectorizer,
    SubwordVectorizer,
    export_onnx,
)
from sklearn_rnn.modules import PackedLayout
from sklearn_rnn.modules.cells import CELLS

CORPUS = ["the cat sat on the mat .", "a dog ran", "the dog did not sit .", "a cat ran on"] * 5
X = ["the cat ran far", "a dog sat", "the far dog ran .", "the cat did not sit"] * 4  # far is new
Y = np.array([0, 1, 1, 0] * 4)
SMALL = {"hidden_size": 5, "max_epochs": 2, "random_state": 0, "n_jobs": 1}


def fit_models(**params):
    """Return a model for each direction."""
    params = {"vectorizer": SequenceVectorizer(), "embedding_dim": 3, **SMALL, **params}
    return tuple(
        RNNLanguageModel(reverse=reverse, **params).fit(CORPUS) for reverse in (False, True)
    )


FORWARD, BACKWARD = PAIR = fit_models()


def make(class_=RNNTextClassifier, **params):
    small = {"pretrained": PAIR, "max_epochs": 2, "random_state": 0, "n_jobs": 1}
    return class_(**{**small, **params})


every_estimator = pytest.mark.parametrize(
    "class_", [RNNTextClassifier, RNNTextRegressor, RNNTextEncoder]
)


def deep(clf):
    return getattr(clf.module_, "deep", clf.module_)


def states_of(network, ids):
    """Return the top states at the tokens of one document, read by itself."""
    packed = pack_sequence([torch.from_numpy(ids)])
    with torch.no_grad():
        if hasattr(network, "decoder"):
            return network(packed)[0].numpy()
        layout = PackedLayout(packed.batch_sizes)
        return network.encoder(network.embedding(packed.data), layout).numpy()


@pytest.mark.one_at_a_time(cell=[*sorted(CELLS), "grid_lstm"], num_layers=[1, 2])
def test_states_are_those_of_the_models(cell, num_layers):
    forward, backward = fit_models(cell=cell, num_layers=num_layers)
    # Each layer of a pair reads its own direction alone, as long as nothing is learned.
    clf = make(pretrained=(forward, backward), freeze_pretrained=True).fit(X, Y)
    for ids in np.split(*_flat(clf, ["the cat sat", "a dog ran on the mat ."])):
        states = states_of(deep(clf), ids)
        np.testing.assert_allclose(
            states[:, :5], states_of(forward.module_, ids), rtol=1e-4, atol=1e-6
        )
        np.testing.assert_allclose(
            states[:, 5:], states_of(backward.module_, ids[::-1].copy())[::-1], rtol=1e-4, atol=1e-6
        )


@pytest.mark.parametrize("cell", ["lstm", "qrnn"])
@pytest.mark.parametrize("width", [2, 7])
def test_models_of_a_pair_may_differ_in_their_vectors(cell, width):
    forward, backward = fit_models(cell=cell)[0], fit_models(cell=cell, embedding_dim=width)[1]
    clf = make(pretrained=(forward, backward), freeze_pretrained=True).fit(X, Y)
    (ids,) = np.split(*_flat(clf, ["the cat sat on a mat"]))
    expected = [
        states_of(forward.module_, ids),
        states_of(backward.module_, ids[::-1].copy())[::-1],
    ]
    np.testing.assert_allclose(states_of(deep(clf), ids), np.hstack(expected), rtol=1e-4, atol=1e-6)


def test_regularised_cells_take_the_weights():
    clf = make(pretrained=FORWARD, freeze_pretrained=True, zoneout=0.1, recurrent_dropout=0.1)
    clf.set_params(variational_dropout=True).fit(X, Y)
    weights = dict(deep(clf).encoder.layers[0][0].named_parameters())
    theirs = dict(FORWARD.module_.encoder.layers[0][0].named_parameters())
    (name,) = [name for name in weights if name.endswith("weight_hh")]
    assert name != "cell.weight_hh"  # what regularises it stands between
    assert torch.equal(weights[name], theirs["cell.weight_hh"])


def _flat(clf, texts):
    ids = clf.vectorizer_.transform(texts)
    return ids.data, ids.indptr[1:-1]


@pytest.mark.parametrize("pretrained", [FORWARD, BACKWARD, (FORWARD,), FrozenEstimator(FORWARD)])
def test_one_model_starts_one_direction(pretrained):
    model = getattr(pretrained, "estimator", pretrained)
    model = model[0] if isinstance(model, tuple) else model
    clf = make(pretrained=pretrained, freeze_pretrained=True).fit(X, Y)
    (ids,) = np.split(*_flat(clf, ["the cat sat on a mat"]))
    states = states_of(deep(clf), ids)
    ours, other = np.split(states, 2, axis=1)
    if model.reverse:
        ours, other, ids = other[::-1], ours[::-1], ids[::-1].copy()
    expected = states_of(model.module_, ids)
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-6)
    assert not np.allclose(other, expected, atol=1e-3)


def test_one_direction_alone():
    clf = make(pretrained=FORWARD, bidirectional=False, freeze_pretrained=True).fit(X, Y)
    assert deep(clf).encoder.output_size == 5
    with pytest.raises(ValueError, match="must hold a model that reads forwards if bidirectional="):
        clf.set_params(pretrained=PAIR).fit(X, Y)


@every_estimator
def test_new_words_join_the_vocabulary(class_):
    est = make(class_, freeze_pretrained=True, word_dropout=0.0).fit(X, Y)
    known = FORWARD.vectorizer_.vocabulary_
    assert est.vectorizer_.vocabulary_ == {**known, "far": 2 + len(known)}
    assert "far" not in known
    assert est.embedding_source_ == "RNNLanguageModel"
    assert est.embedding_coverage_["tokens"] == pytest.approx(1 - 8 / 68)
    embedding = deep(est).embedding
    rows = (embedding.scale * embedding.table.weight).detach().numpy()
    for half, model in zip(np.split(rows, 2, axis=1), PAIR, strict=True):
        theirs = model.module_.embedding
        np.testing.assert_allclose(
            half[1:-1], theirs.scale * theirs.table.weight.detach()[1:], rtol=1e-5
        )
    spread = rows[2:-1].std(axis=0)
    assert (np.abs(rows[-1] - rows[2:-1].mean(axis=0)) < 5 * spread).all()
    assert rows[-1].any()


class Record(Callback):
    """Keep the weights at the start of training and after each epoch."""

    def initialize(self):
        self.weights_ = []
        return self

    def on_train_begin(self, net, **kwargs):
        self.weights_.append(copy_weights(net.module_))

    def on_epoch_end(self, net, **kwargs):
        self.weights_.append(copy_weights(net.module_))


LAYERS = ("encoder.layers.1", "encoder.layers.0", "embedding")


@pytest.mark.parametrize(
    ("freeze", "first_epochs"),
    [(False, [1, 1, 1]), (1, [2, 3, 4]), (2, [3, 5, 7]), (True, [None] * 3)],
)
def test_layers_learn_one_after_the_other(freeze, first_epochs):
    clf = make(
        pretrained=fit_models(num_layers=2),
        freeze_pretrained=freeze,
        max_epochs=8,
        lr=0.05,
        lr_schedule="constant",
        callbacks=[Record()],
    ).fit(X, Y)
    weights = dict(clf.net_.callbacks_)["Record"].weights_
    for layer, expected in zip(LAYERS, first_epochs, strict=True):
        names = [name for name in weights[0] if f".{layer}" in name]
        assert names
        moved = [
            any(not torch.equal(before[name], after[name]) for name in names)
            for before, after in pairwise(weights)
        ]
        first = moved.index(True) + 1 if any(moved) else None
        assert first == expected, layer
        assert expected is None or all(moved[expected - 1 :])
    assert not torch.equal(weights[0]["deep.head.weight"], weights[1]["deep.head.weight"])
    assert all(parameter.requires_grad for parameter in clf.module_.parameters())


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
@pytest.mark.parametrize("pretrained", [fit_models(num_layers=2), fit_models(num_layers=2)[0]])
def test_rates_fall_from_layer_to_layer(optimizer, pretrained):
    clf = make(
        pretrained=pretrained,
        layer_lr_decay=0.5,
        lr=0.08,
        lr_schedule="constant",
        optimizer=optimizer,
    ).fit(X, Y)
    names = {parameter: name for name, parameter in clf.module_.named_parameters()}
    rates = {
        names[parameter]: group["lr"]
        for group in clf.net_.optimizer_.param_groups
        for parameter in group["params"]
    }
    assert rates["deep.head.weight"] == pytest.approx(0.16)
    cell = "deep.encoder.layers.{}.{}.cell.weight_hh"
    assert [rates[cell.format(depth, 0)] for depth in (1, 0)] == pytest.approx([0.08, 0.04])
    # Where one model starts one direction, the other one is random and learns at the full rate.
    backward = [0.08, 0.04] if isinstance(pretrained, tuple) else [0.16, 0.16]
    assert [rates[cell.format(depth, 1)] for depth in (1, 0)] == pytest.approx(backward)
    assert rates["deep.embedding.table.weight"] == pytest.approx(0.02)


def test_models_stay_as_they_are():
    before = [pickle.dumps(model) for model in PAIR]
    make(lr=0.1).fit(X, Y).partial_fit(X, Y)
    assert [pickle.dumps(model) for model in PAIR] == before


@pytest.mark.parametrize("pretrained", [FORWARD, PAIR, [FORWARD], FrozenEstimator(FORWARD)])
def test_clone_keeps_fitted_models(pretrained):
    clf = make(pretrained=pretrained)
    copied = clone(clf)
    assert copied.pretrained is pretrained
    assert have_same_weights(clf.fit(X, Y), copied.fit(X, Y))
    assert not hasattr(clone(clf), "net_")
    assert clone(Pipeline([("clf", clf)])).named_steps["clf"].pretrained is pretrained
    assert not hasattr(clone(FORWARD), "net_")  # a model by itself is cloned as ever


def test_clone_copies_unfitted_models():
    clf = make(pretrained=RNNLanguageModel(max_epochs=3))
    copied = clone(clf).set_params(pretrained__max_epochs=7)
    assert clf.pretrained.max_epochs == 3
    assert copied.pretrained.max_epochs == 7
    assert clone(make(pretrained=5)).pretrained == 5  # for fit to refuse


def test_searches_start_from_models():
    grid = {
        "pretrained": [None, FrozenEstimator(FORWARD)],
        "freeze_pretrained": [False, 1],
        "layer_lr_decay": [0.5],
    }
    results = [GridSearchCV(make(), grid, cv=2, n_jobs=n_jobs).fit(X, Y) for n_jobs in (1, 2)]
    scores = [search.cv_results_["mean_test_score"] for search in results]
    np.testing.assert_array_equal(*scores)
    assert np.isfinite(cross_val_score(make(), X, Y, cv=2, error_score="raise")).all()
    with pytest.raises(ValueError, match=r"put fitted ones into sklearn\.frozen\.Frozen"):
        GridSearchCV(make(), {"pretrained": [FORWARD]}, cv=2, error_score="raise").fit(X, Y)


@every_estimator
@pytest.mark.parametrize("pretrained", [FORWARD, PAIR, FrozenEstimator(FORWARD), None])
def test_one_file_holds_all(class_, pretrained, tmp_path):
    est = make(class_).fit(X, Y).set_params(pretrained=pretrained)
    method = "transform" if class_ is RNNTextEncoder else "predict"
    expected = getattr(est, method)(X)
    sklearn_rnn.save(est, tmp_path / "est")
    loaded = sklearn_rnn.load(tmp_path / "est")
    np.testing.assert_array_equal(getattr(loaded, method)(X), expected)
    np.testing.assert_array_equal(getattr(pickle.loads(pickle.dumps(est)), method)(X), expected)
    assert type(loaded.pretrained) is type(pretrained)
    again = clone(loaded).fit(X, Y)
    assert (again.embedding_source_ == "RNNLanguageModel") == (pretrained is not None)
    # Training goes on, with no model at hand.
    loaded.set_params(pretrained=None, warm_start=True).fit(X, Y)
    assert have_same_weights(loaded, est.set_params(warm_start=True).fit(X, Y))


def test_onnx():
    runtime = pytest.importorskip("onnxruntime")
    clf = make().fit(X, Y)
    session = runtime.InferenceSession(export_onnx(clf).SerializeToString())
    ids = clf.vectorizer_.transform(X).toarray().astype(np.int32)
    (token_ids,) = session.get_inputs()
    (probabilities,) = session.run(["probabilities"], {token_ids.name: ids})
    np.testing.assert_allclose(probabilities, clf.predict_proba(X), atol=1e-5)


@every_estimator
@pytest.mark.parametrize("pretrained", [FORWARD, PAIR])
def test_chunks_start_from_models(class_, pretrained):
    first = make(class_, pretrained=pretrained, freeze_pretrained=True, lr=0.05)
    classes = {} if class_ is RNNTextRegressor else {"classes": [0, 1]}
    first.partial_fit(X[:8], Y[:8], **classes)
    embedding = deep(first).embedding
    theirs = FORWARD.module_.embedding
    np.testing.assert_allclose(
        (embedding.scale * embedding.table.weight)[1 : len(theirs.table.weight), :3].detach(),
        (theirs.scale * theirs.table.weight)[1:].detach(),
        rtol=1e-5,
    )
    assert first.embedding_source_ == "RNNLanguageModel"
    before = copy_weights(first.module_)
    first.partial_fit(["zebra far lion"] * 8, Y[:8])
    assert {"zebra", "lion"} <= first.vectorizer_.vocabulary_.keys()
    assert first.embedding_coverage_["tokens"] == 0
    name = next(name for name in before if name.endswith("encoder.layers.0.0.cell.weight_hh"))
    assert torch.equal(before[name], first.module_.state_dict()[name])


def test_layers_learn_chunk_after_chunk():
    clf = make(freeze_pretrained=1, lr=0.05)
    moves = []
    for _ in range(3):
        before = copy_weights(clf.module_) if hasattr(clf, "net_") else None
        clf.partial_fit(X, Y, classes=[0, 1])
        if before is not None:
            after = clf.module_.state_dict()
            moves.append([not torch.equal(before[n], after[n]) for n in NAMES])
    assert moves == [[True, False], [True, True]]


NAMES = ("deep.encoder.layers.0.0.cell.weight_hh", "deep.embedding.table.weight")


def test_chunks_go_on_after_fit():
    clf = make().fit(X, Y)
    loaded = copy(clf).set_params(pretrained=None)
    for est in (clf, loaded):
        est.partial_fit([f"{text} zebra" for text in X], Y)
        assert est.embedding_coverage_["tokens"] == pytest.approx(68 / 84)


def by_hand(X_unlabelled, **params):
    """Return the models that `fit` trains on texts without labels and on X."""
    seed = np.random.RandomState(0).randint(np.iinfo(np.int32).max)
    return tuple(
        RNNLanguageModel(
            vectorizer=SequenceVectorizer(min_df=2), reverse=reverse, random_state=seed, **params
        ).fit([*X_unlabelled, *X])
        for reverse in (False, True)
    )


@every_estimator
def test_unlabelled_text_is_learned_first(class_):
    params = {"hidden_size": 4, "max_epochs": 2, "random_state": 0, "n_jobs": 1}
    model = RNNLanguageModel(hidden_size=4, max_epochs=2, n_jobs=1)
    models = by_hand(CORPUS, hidden_size=4, max_epochs=2, n_jobs=1)
    pair = (model, clone(model).set_params(reverse=True))
    at_once = class_(pretrained=pair, **params).fit(X, Y, X_unlabelled=CORPUS)
    assert not hasattr(model, "net_")
    one_by_one = class_(pretrained=models, **params).fit(X, Y)
    assert have_same_weights(at_once, one_by_one)
    assert set(at_once.vectorizer_.vocabulary_) > {"far", "mat"}


def test_models_follow_the_estimator():
    clf = RNNTextClassifier(cell="gru", hidden_size=4, num_layers=2, embedding=None, max_epochs=1)
    clf.set_params(vectorizer=SequenceVectorizer(analyzer="char"), random_state=0)
    clf.fit(X, Y, X_unlabelled=CORPUS)
    assert clf.vectorizer_.analyzer == "char"
    assert clf.embedding_source_ == "RNNLanguageModel"
    assert clf.embedding_coverage_ == {"tokens": 1.0, "words": 1.0}
    assert deep(clf).arguments["cell"] == "gru"
    assert (deep(clf).encoder.output_size, len(deep(clf).encoder.layers)) == (8, 2)


def test_containers_of_unlabelled_text():
    clf = RNNTextClassifier(
        pretrained=RNNLanguageModel(hidden_size=4, max_epochs=1, n_jobs=1),
        max_epochs=1,
        random_state=0,
        n_jobs=1,
    )
    expected = clone(clf).fit(X, Y, X_unlabelled=CORPUS)
    for container in (np.array, pd.Series, iter, lambda texts: pd.DataFrame({"text": texts})):
        same = clone(clf).fit(container(X), Y, X_unlabelled=container(CORPUS))
        assert have_same_weights(same, expected)
    frames = [pd.DataFrame({"title": texts, "body": texts}) for texts in (X, CORPUS)]
    two = clone(clf).fit(frames[0], Y, X_unlabelled=frames[1])
    assert two.predict(frames[0]).shape == Y.shape


def test_unlabelled_ids_are_routed_through_a_pipeline():
    clf = RNNTextClassifier(
        pretrained=RNNLanguageModel(hidden_size=4, max_epochs=1, n_jobs=1),
        max_epochs=1,
        random_state=0,
        n_jobs=1,
    )
    with config_context(enable_metadata_routing=True):
        clf.set_fit_request(X_unlabelled=True)
        steps = [("ids", SequenceVectorizer()), ("clf", clf)]
        pipe = Pipeline(steps, transform_input=["X_unlabelled"]).fit(X, Y, X_unlabelled=CORPUS)
        search = GridSearchCV(pipe, {"clf__layer_lr_decay": [1.0]}, cv=2, error_score="raise")
        search.fit(X, Y, X_unlabelled=CORPUS)
    fitted = pipe.named_steps["clf"]
    assert fitted.embedding_source_ == "RNNLanguageModel"
    assert fitted.vectorizer_ is None
    assert np.isfinite(search.best_score_)


LABELLED = RNNLanguageModel(vectorizer=SequenceVectorizer(), **SMALL).fit(X, Y)
OTHER = RNNLanguageModel(vectorizer=SequenceVectorizer(), reverse=True, **SMALL).fit(X)
IDS = SequenceVectorizer().fit_transform(X)


@pytest.mark.parametrize(
    ("params", "X", "error", "match"),
    [
        ({"pretrained": "model"}, X, ValueError, "'pretrained' parameter of RNNTextClassifier"),
        ({"pretrained": ("model",)}, X, TypeError, "must be an RNNLanguageModel, a pair of them"),
        ({"pretrained": ()}, X, ValueError, "must hold one model, or one that reads forwards"),
        ({"pretrained": (FORWARD, FORWARD)}, X, ValueError, r"Got 2 models with reverse=\[False,"),
        (
            {"pretrained": (FORWARD, clone(BACKWARD))},
            X,
            ValueError,
            "two fitted models or two unfitted ones",
        ),
        ({"pretrained": clone(FORWARD)}, X, ValueError, "or fit must be given X_unlabelled"),
        ({"pretrained": (FORWARD, OTHER)}, X, ValueError, "must hold models of one vocabulary"),
        (
            {"pretrained": (FORWARD, fit_models(hidden_size=6)[1])},
            X,
            ValueError,
            "must hold models of one shape",
        ),
        ({"pretrained": LABELLED}, X, ValueError, "fit it without y"),
        ({"hidden_size": 100}, X, ValueError, "'hidden_size' .* model .*, 5, or .* Got 100"),
        ({"cell": "gru"}, X, ValueError, "'cell' parameter .* 'lstm'.* Got 'gru'"),
        ({"num_layers": 3}, X, ValueError, "'num_layers' parameter"),
        ({"embedding_dim": 3}, X, ValueError, "'embedding_dim' parameter .* 6, or"),
        (
            {"vectorizer": SequenceVectorizer(lowercase=False)},
            X,
            ValueError,
            "'vectorizer' parameter .* must be None or that of the language model",
        ),
        ({}, IDS, ValueError, "which was fitted on raw text. Got X of token ids. Pass raw text"),
        ({"freeze_pretrained": 0}, X, ValueError, "'freeze_pretrained' parameter"),
        ({"layer_lr_decay": 0.0}, X, ValueError, "'layer_lr_decay' parameter"),
    ],
)
def test_what_does_not_fit_is_refused(params, X, error, match):
    with pytest.raises(error, match=match):
        make(**params).fit(X, Y)


def test_what_agrees_is_accepted():
    clf = make(vectorizer=SequenceVectorizer(), hidden_size=5, embedding_dim=6, cell="lstm")
    assert have_same_weights(clf.fit(X, Y), make().fit(X, Y))


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"pretrained": None, "vectorizer": SubwordVectorizer(vocab_size=9)}, "'vocab_size' param"),
        ({"pretrained": RNNLanguageModel(lr=-1)}, "'lr' parameter of RNNLanguageModel"),
    ],
)
def test_estimators_inside_check_their_parameters(params, match):
    with pytest.raises(ValueError, match=match):
        make(**params).fit(X, Y, X_unlabelled=CORPUS)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("embedding_dim", [6, 7])
def test_models_share_the_features_of_a_token_vector(bidirectional, embedding_dim):
    clf = make(pretrained=None, embedding_dim=embedding_dim, hidden_size=5)
    clf.set_params(bidirectional=bidirectional).fit(X, Y, X_unlabelled=CORPUS)
    assert deep(clf).embedding.output_size == embedding_dim
    assert clf.embedding_source_ == "RNNLanguageModel"


class Interrupt(Callback):
    """Interrupt the training of every estimator after a step, and count how often."""

    n_interrupts = 0

    def on_batch_end(self, net, training=None, **kwargs):
        if training:
            type(self).n_interrupts += 1
            raise KeyboardInterrupt


@pytest.mark.filterwarnings("ignore::sklearn_rnn.exceptions.FitInterruptedWarning")
def test_an_interrupt_of_a_language_model_ends_fit():
    models = tuple(clone(model).set_params(callbacks=[Interrupt()]) for model in PAIR)
    clf = make(pretrained=models)
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, Y, X_unlabelled=CORPUS)
    assert Interrupt.n_interrupts == 1
    assert not hasattr(clf, "net_")


@pytest.mark.parametrize(
    ("y", "weight", "match"),
    [
        (Y[:3], None, "inconsistent numbers of samples"),
        (np.zeros(len(X)), None, "only one class"),
        (Y, np.zeros(len(X)), "at least one non-zero"),
    ],
)
def test_labels_are_checked_before_the_pretraining(y, weight, match):
    # Language models of these texts would raise another error.
    with pytest.raises(ValueError, match=match):
        make(pretrained=None).fit(X, y, weight, X_unlabelled=[None])


def test_a_missing_text_without_label_is_named_as_such():
    with pytest.raises(ValueError, match=r"X_unlabelled contains 1 missing document.*row\(s\) 1,"):
        make(pretrained=None).fit(X, Y, X_unlabelled=["a text", None])


class NoStep(Callback):
    """Fail if a language model is trained."""

    def on_train_begin(self, net, **kwargs):
        raise AssertionError("pretraining has begun")


UNFITTED = RNNLanguageModel(
    hidden_size=5, vectorizer=SequenceVectorizer(), callbacks=[NoStep()], n_jobs=1
)
VALIDATION = {"early_stopping": True, "pretrained": UNFITTED}


@pytest.mark.parametrize(
    ("params", "given", "match"),
    [
        (VALIDATION, {"X_val": X[:3], "y_val": [0, 1]}, "inconsistent numbers of samples"),
        (VALIDATION, {"X_val": X[:2], "y_val": [0, 7]}, r"not among the classes: \[7\]"),
        (VALIDATION, {"X_val": ["a", None], "y_val": [0, 1]}, r"1 missing document\(s\)"),
        (VALIDATION, {"X_val": IDS[:2], "y_val": [0, 1]}, "X and X_val must both be raw text"),
        (
            VALIDATION,
            {"X_val": pd.DataFrame({"a": X[:2], "b": X[:2]}), "y_val": [0, 1]},
            "in fit each document was one text",
        ),
        (
            VALIDATION,
            {"X_val": X[:2], "y_val": [0, 1], "sample_weight_val": [0, 0]},
            "at least one non-zero",
        ),
        ({**VALIDATION, "validation_fraction": 0.99}, {}, "leaves none to train on"),
        ({"pretrained": UNFITTED, "hidden_size": 7}, {}, "'hidden_size' parameter .* 5, or"),
        (
            {"pretrained": (UNFITTED, clone(UNFITTED).set_params(reverse=True, cell="gru"))},
            {},
            "models of one shape",
        ),
        (
            {"pretrained": UNFITTED, "vectorizer": SequenceVectorizer(lowercase=False)},
            {},
            "'vectorizer' parameter .* must be None or that of the language model",
        ),
        (
            {"pretrained": clone(UNFITTED).set_params(embedding_dim=4), "embedding_dim": 5},
            {},
            "'embedding_dim' parameter .* 4, or",
        ),
    ],
)
def test_all_input_is_checked_before_the_pretraining(params, given, match):
    with pytest.raises(ValueError, match=match):
        make(**params).fit(X, Y, X_unlabelled=CORPUS, **given)


def test_two_directions_need_two_features():
    with pytest.raises(ValueError, match=r"'embedding_dim' .* at least 2 .* Got 1"):
        make(pretrained=None, embedding_dim=1).fit(X, Y, X_unlabelled=[None])  # before it is read
    one = make(pretrained=None, embedding_dim=1, bidirectional=False, hidden_size=5)
    assert deep(one.fit(X, Y, X_unlabelled=CORPUS)).embedding.output_size == 1


@pytest.mark.parametrize("with_validation", [False, True])
def test_warnings_of_labels_come_once(with_validation):
    """A column in place of one dimension is warned of for y and for y_val."""
    model = RNNLanguageModel(hidden_size=4, max_epochs=1, n_jobs=1)
    clf = make(pretrained=model, max_epochs=1, early_stopping=with_validation)
    column = pd.DataFrame({"y": Y})
    given = {"X_val": iter(X), "y_val": column} if with_validation else {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DataConversionWarning)
        clf.fit(X, column, X_unlabelled=CORPUS, **given)
    of_labels = [each for each in caught if each.category is DataConversionWarning]
    assert len(of_labels) == 1 + with_validation


def test_text_is_learned_once():
    with pytest.raises(ValueError, match="the one in 'pretrained' is fitted already"):
        make().fit(X, Y, X_unlabelled=CORPUS)
    with pytest.raises(ValueError, match="must both be raw text, or both token ids"):
        make(pretrained=None).fit(X, Y, X_unlabelled=IDS)
