"""RNNTokenClassifier that starts from language models, given or fitted on the way."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from skorch.callbacks import Callback
from torch.nn.utils.rnn import pack_sequence
from weights import copy_weights, have_same_weights

import sklearn_rnn
from sklearn_rnn import (
    RNNLanguageModel,
    RNNTokenClassifier,
    SequenceVectorizer,
    SubwordVectorizer,
)
from sklearn_rnn.modules import PackedLayout
from sklearn_rnn.modules.cells import CELLS

TEXTS = ["the cat sat on the mat .", "a dog ran", "the dog did not sit .", "a cat ran on"] * 5
CORPUS = [text.split() for text in TEXTS]
X = [["The", "cat", "ran", "far"], ["a", "dog", "sat"], [], ["the", "far", "dog", "ran", "."]] * 3
Y = [["D", "N", "V", "A"], ["D", "N", "V"], [], ["D", "A", "N", "V", "P"]] * 3
SMALL = {"max_epochs": 2, "random_state": 0, "n_jobs": 1}
SIZES = {"embedding_dim": 3, "hidden_size": 5}


def fit_models(X=CORPUS, **params):
    """Return a model for each direction."""
    params = {"vectorizer": SequenceVectorizer(), **SIZES, **SMALL, **params}
    return tuple(RNNLanguageModel(reverse=reverse, **params).fit(X) for reverse in (False, True))


PAIR = FORWARD, _ = fit_models()


def make(**params):
    sizes = {"char_embedding_dim": 4, "char_hidden_size": 4}
    return RNNTokenClassifier(**{"pretrained": PAIR, **sizes, **SMALL, **params})


def states_of(network, ids):
    """Return the top states at the tokens of one sentence, read by itself."""
    packed = pack_sequence([torch.from_numpy(ids)])
    with torch.no_grad():
        if hasattr(network, "decoder"):
            return network(packed)[0].numpy()
        layout = PackedLayout(packed.batch_sizes)
        return network.encoder(network.embedding(packed.data), layout).numpy()


@pytest.mark.one_at_a_time(cell=[*sorted(CELLS), "grid_lstm"], num_layers=[1, 2])
def test_states_are_those_of_the_models(cell, num_layers):
    """Of token ids, which have no spelling: the network is that of the models."""
    ids = SequenceVectorizer().fit_transform(CORPUS)
    forward, backward = fit_models(ids, vectorizer=None, cell=cell, num_layers=num_layers)
    tags = [["x"] * len(row) for row in CORPUS]
    params = {"freeze_pretrained": True, "residual": False}
    tagger = make(pretrained=(forward, backward), **params).fit(ids, tags)
    sentence = np.array([5, 3, 4, 2], np.int32)
    expected = np.c_[
        states_of(forward.module_, sentence),
        states_of(backward.module_, sentence[::-1].copy())[::-1],
    ]
    np.testing.assert_allclose(states_of(tagger.module_, sentence), expected, rtol=1e-4, atol=1e-6)


def test_what_reads_the_spelling_starts_from_random_weights():
    tagger = make(callbacks=[Record()]).fit(X, Y)
    before = dict(tagger.net_.callbacks_)["Record"].weights_[0]
    first = FORWARD.module_.encoder.layers[0][0].cell.weight_ih
    weight = before["encoder.layers.0.0.cell.weight_ih"]
    torch.testing.assert_close(weight[:, :3], first.detach())
    assert not weight[:, 3:6].any()
    assert (weight[:, 6:] != 0).all()


class Record(Callback):
    """Keep the weights at the start of training and after each epoch."""

    def initialize(self):
        self.weights_ = []
        return self

    def on_train_begin(self, net, **kwargs):
        self.weights_.append(copy_weights(net.module_))

    def on_epoch_end(self, net, **kwargs):
        self.weights_.append(copy_weights(net.module_))


def moved(weights, prefix):
    """Return in which epochs any weight of a part changes."""
    names = [name for name in weights[0] if name.startswith(prefix)]
    assert names
    return [
        any(not torch.equal(before[name], after[name]) for name in names)
        for before, after in pairwise(weights)
    ]


@pytest.mark.parametrize(
    ("freeze", "layers", "embedding"),
    [(False, [1, 1, 1], [1, 1, 1]), (1, [0, 1, 1], [0, 0, 1]), (True, [0, 0, 0], [0, 0, 0])],
)
def test_layers_learn_one_after_the_other(freeze, layers, embedding):
    tagger = make(
        freeze_pretrained=freeze, max_epochs=3, lr_schedule="constant", callbacks=[Record()]
    ).fit(X, Y)
    weights = dict(tagger.net_.callbacks_)["Record"].weights_
    assert moved(weights, "encoder.layers.0") == layers
    assert moved(weights, "embedding") == embedding
    assert moved(weights, "spelling") == moved(weights, "head") == [True] * 3


def test_rates_fall_from_layer_to_layer():
    tagger = make(layer_lr_decay=0.5, lr=0.08, lr_schedule="constant").fit(X, Y)
    names = {parameter: name for name, parameter in tagger.module_.named_parameters()}
    rates = {
        names[parameter]: group["lr"]
        for group in tagger.net_.optimizer_.param_groups
        for parameter in group["params"]
    }
    for name, rate in rates.items():
        expected = {"encoder": 0.08, "embedding": 0.04}.get(name.split(".")[0], 0.16)
        assert rate == pytest.approx(expected), name
    assert rates.keys() == set(names.values())


def test_new_words_join_the_vocabulary():
    tagger = make(freeze_pretrained=True, word_dropout=0.0).fit(X, Y)
    known = FORWARD.vectorizer_.vocabulary_
    assert tagger.vectorizer_.vocabulary_ == {**known, "far": 2 + len(known)}
    assert "far" not in known
    assert tagger.embedding_coverage_["tokens"] == pytest.approx(10 / 12)
    assert tagger.characters_ is not None
    assert tagger.hidden_size == 128  # the parameter stays, the network has that of the models
    assert tagger.module_.head.in_features == 10


def test_clone_and_file_keep_the_models(tmp_path):
    tagger = make().fit(X, Y)
    again = clone(tagger)
    assert again.pretrained is tagger.pretrained
    assert have_same_weights(tagger, again.fit(X, Y))
    sklearn_rnn.save(tagger, tmp_path / "tagger")
    loaded = sklearn_rnn.load(tmp_path / "tagger")
    assert loaded.predict(X).tolist() == tagger.predict(X).tolist()
    assert have_same_weights(loaded.fit(X, Y), tagger)
    frozen = make(pretrained=FrozenEstimator(FORWARD)).fit(X, Y)
    assert frozen.module_.head.in_features == 10


def test_chunks_start_from_models_and_go_on():
    tags = ["A", "D", "N", "P", "V"]
    tagger = make(freeze_pretrained=1)
    weights = []
    for _ in range(3):
        tagger.partial_fit(X, Y, classes=tags)
        weights.append(copy_weights(tagger.module_))
    assert moved(weights, "encoder.layers.0") == [True, True]
    assert moved(weights, "embedding") == [False, True]
    assert tagger.embedding_source_ == "RNNLanguageModel"
    tagger.partial_fit([["an", "owl"]], [["D", "N"]])
    assert {"an", "owl"} <= tagger.vectorizer_.vocabulary_.keys()
    fitted = make().fit(X, Y)
    fitted.partial_fit([["an", "owl"]], [["D", "N"]])
    assert len(fitted.module_.embedding.table.weight) == 2 + len(fitted.vectorizer_.vocabulary_)


def test_a_warm_start_keeps_the_shape():
    tagger = make(warm_start=True).fit(X, Y)
    before = copy_weights(tagger.module_)
    tagger.fit(X, Y)
    assert before["head.weight"].shape == tagger.module_.head.weight.shape
    assert not torch.equal(before["head.weight"], tagger.module_.head.weight)


@pytest.mark.parametrize("unlabelled", [CORPUS, TEXTS], ids=["tokens", "texts"])
def test_unlabelled_text_is_learned_first(unlabelled):
    params = {**SIZES, "embedding": None}
    tagger = make(pretrained=None, **params).fit(X, Y, X_unlabelled=unlabelled)
    # By hand: two models with half of the features each, on all that there is.
    shared = {
        "vectorizer": SequenceVectorizer(min_df=2),
        "embedding": None,
        "hidden_size": 5,
        "num_layers": 2,
        "tie_weights": True,
        "dropout": 0.2,
        "word_dropout": 0.1,
        "max_epochs": 5,
        "random_state": np.random.RandomState(0).randint(np.iinfo(np.int32).max),
        "n_jobs": 1,
    }
    by_hand = tuple(
        RNNLanguageModel(reverse=reverse, embedding_dim=width, **shared).fit([*CORPUS, *X])
        for reverse, width in ((False, 2), (True, 1))
    )
    assert have_same_weights(tagger, make(pretrained=by_hand, **params).fit(X, Y))


CHARACTERS = RNNLanguageModel(**SIZES, **SMALL).fit(TEXTS)
SUBWORDS = RNNLanguageModel(vectorizer=SubwordVectorizer(vocab_size=300), **SIZES, **SMALL).fit(
    TEXTS
)


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"pretrained": CHARACTERS}, "cannot read lists of tokens .* characters or subwords"),
        ({"pretrained": SUBWORDS}, "cannot read lists of tokens .* characters or subwords"),
        ({"hidden_size": 7}, "'hidden_size' parameter of RNNTokenClassifier must be that of"),
        ({"pretrained": RNNLanguageModel()}, "must be fitted, or fit must be given X_unlabelled"),
        ({"bidirectional": False}, "must hold a model that reads forwards if bidirectional=False"),
        ({"vectorizer": SequenceVectorizer(lowercase=False)}, "must be None or that of the"),
        ({"layer_lr_decay": 0.0}, "'layer_lr_decay' parameter of RNNTokenClassifier must be"),
    ],
)
def test_what_does_not_fit_is_refused(params, match):
    with pytest.raises(ValueError, match=match):
        make(**params).fit(X, Y)
    with pytest.raises(ValueError, match=match):
        make(**params).partial_fit(X, Y, classes=["A", "D", "N", "P", "V"])


def test_a_vectorizer_that_drops_tokens_is_refused():
    model = RNNLanguageModel(
        vectorizer=SequenceVectorizer(stop_words=["the"]), **SIZES, **SMALL
    ).fit(CORPUS)
    with pytest.raises(ValueError, match="tags every token, but the vectorizer"):
        make(pretrained=model).fit(X, Y)


def test_characters_of_texts_can_be_tagged():
    tags = [["x"] * len(text) for text in TEXTS]
    tagger = make(pretrained=CHARACTERS).fit(TEXTS, tags)
    assert tagger.predict(["a cat"]).tolist() == [["x"] * 5]


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"y": Y[:-1]}, "inconsistent numbers of samples"),
        ({"y": [["D"], *Y[1:]]}, "one tag for each token"),
        ({"sample_weight": [1.0]}, "sample_weight.shape"),
        ({"X_val": X, "y_val": [["?"] * len(row) for row in X]}, "y_val contains tags that were"),
    ],
)
def test_tags_are_checked_before_the_pretraining(monkeypatch, given, match):
    def fit(self, X):
        raise AssertionError("what is wrong comes out too late")

    monkeypatch.setattr(RNNLanguageModel, "fit", fit)
    tagger = make(pretrained=None, early_stopping="X_val" in given)
    with pytest.raises(ValueError, match=match):
        tagger.fit(**{"X": X, "y": Y, "X_unlabelled": TEXTS, **given})
