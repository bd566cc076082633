"""Models kept by pickle, joblib and skops, and brought to a machine without a GPU."""

import copy
import pickle
import shlex
from functools import partial

import joblib
import numpy as np
import pytest
import skops.io
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from skops.io.exceptions import UntrustedTypesFoundException
from skorch.exceptions import DeviceWarning
from weights import have_same_weights

from sklearn_rnn import RNNTextClassifier, RNNTextEncoder, RNNTextRegressor, SequenceVectorizer
from sklearn_rnn._files.values import NotDataError
from sklearn_rnn._training.net import PickledState, SequenceNet
from sklearn_rnn.datasets import load_tweet_sentiment

TWEETS, SENTIMENTS = (
    values[::250] for values in load_tweet_sentiment(return_X_y=True, as_frame=False)
)

LENGTHS = np.array([len(tweet) / 100 for tweet in TWEETS])

# As the user guide lists them.
TRUSTED = [
    "sklearn_rnn._classifier.RNNTextClassifier",
    "sklearn_rnn._encoder.RNNTextEncoder",
    "sklearn_rnn._training.net.SequenceNet",
    "sklearn_rnn._regressor.RNNTextRegressor",
    "sklearn_rnn._vectorizer.SequenceVectorizer",
]


def make_small(class_, **params):
    small = {"embedding_dim": 4, "hidden_size": 3, "max_epochs": 2, "lr": 0.02, "random_state": 0}
    return class_(**{**small, **params})


make_classifier = partial(make_small, RNNTextClassifier)


def through_pickle(model, path):
    return pickle.loads(pickle.dumps(model))


def through_joblib(model, path):
    joblib.dump(model, path)
    return joblib.load(path)


def through_skops(model, path):
    skops.io.dump(model, path)
    return skops.io.load(path, trusted=TRUSTED)


def through_deepcopy(model, path):
    return copy.deepcopy(model)


WAYS = [through_pickle, through_joblib, through_skops, through_deepcopy]


def assert_same_model(model, loaded):
    np.testing.assert_array_equal(loaded.predict_proba(TWEETS), model.predict_proba(TWEETS))
    np.testing.assert_array_equal(loaded.predict(TWEETS), model.predict(TWEETS))


@pytest.fixture(
    scope="module",
    params=[
        make_classifier(),
        make_classifier(cell="gru", early_stopping=True, wide_weight=0, num_layers=2),
        make_pipeline(SequenceVectorizer(min_df=2), make_classifier(pooling="attention")),
    ],
)
def model(request):
    return request.param.fit(TWEETS, SENTIMENTS)


@pytest.mark.parametrize("way", WAYS)
def test_models_come_back_and_learn_again(model, way, tmp_path):
    loaded = way(model, tmp_path / "model")
    assert_same_model(model, loaded)
    assert_same_model(model, loaded.fit(TWEETS, SENTIMENTS))


@pytest.fixture(
    scope="module",
    params=[
        (make_classifier(cell="grid_lstm", dropout=0.0), np.column_stack([LENGTHS > 1] * 2)),
        (make_small(RNNTextRegressor, cell="layer_norm_lstm"), LENGTHS),
        (make_small(RNNTextRegressor, loss="poisson"), np.column_stack([LENGTHS] * 2)),
        (make_pipeline(make_small(RNNTextEncoder), LogisticRegression()), LENGTHS > 1),
    ],
)
def model_and_target(request):
    model, y = request.param
    return model.fit(TWEETS, y), y


@pytest.mark.parametrize("way", WAYS)
def test_other_estimators_come_back(model_and_target, way, tmp_path):
    model, y = model_and_target
    loaded = way(model, tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict(TWEETS), model.predict(TWEETS))
    np.testing.assert_array_equal(loaded.fit(TWEETS, y).predict(TWEETS), model.predict(TWEETS))


@pytest.mark.parametrize("way", WAYS)
def test_unfitted_models_come_back(way, tmp_path):
    model = make_pipeline(SequenceVectorizer(), make_classifier(cell="gru"))
    assert repr(way(model, tmp_path / "model")) == repr(model)


@pytest.mark.parametrize("way", WAYS)
def test_history_comes_back(way, tmp_path):
    clf = make_classifier().fit(TWEETS, SENTIMENTS)
    loaded = way(clf, tmp_path / "model")
    assert loaded.loss_curve_ == loaded.history_[:, "train_loss"] == clf.loss_curve_


def test_pickle_keeps_callbacks_and_batches():
    clf = make_classifier().fit(TWEETS, SENTIMENTS)
    loaded = pickle.loads(pickle.dumps(clf))
    assert [name for name, _ in loaded.net_.callbacks_] == [n for n, _ in clf.net_.callbacks_]
    assert loaded.history_ == clf.history_


def lie_about_the_device(net, device, monkeypatch):
    """Let a net on the CPU be pickled as if it were on a GPU."""
    net.device = torch.device(device)
    monkeypatch.setattr(torch.serialization, "location_tag", lambda storage: device)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
@pytest.mark.filterwarnings("ignore:Setting self.device")
@pytest.mark.parametrize("way", [through_pickle, through_joblib])
def test_pickled_model_of_a_gpu_opens_where_there_is_none(way, tmp_path, monkeypatch):
    clf = make_classifier().fit(TWEETS, SENTIMENTS)
    expected = clf.predict_proba(TWEETS)
    lie_about_the_device(clf.net_, "cuda:0", monkeypatch)
    with pytest.warns(DeviceWarning, match="no CUDA devices are available"):
        loaded = way(clf, tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict_proba(TWEETS), expected)
    assert torch.device(loaded.net_.device).type == "cpu"
    assert {parameter.device.type for parameter in loaded.module_.parameters()} == {"cpu"}


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_pickled_tensor_of_a_gpu_alone_would_not_open(monkeypatch):
    """What makes the test above one."""
    monkeypatch.setattr(torch.serialization, "location_tag", lambda storage: "cuda:0")
    data = pickle.dumps(torch.zeros(2))
    with pytest.raises(RuntimeError, match="CUDA"):
        pickle.loads(data)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_skops_model_of_a_gpu_opens_where_there_is_none(tmp_path):
    clf = make_classifier().fit(TWEETS, SENTIMENTS)
    clf.net_.device = torch.device("cuda:0")
    with pytest.warns(DeviceWarning, match="cuda:0"):
        loaded = through_skops(clf, tmp_path / "model")
    clf.net_.device = torch.device("cpu")
    assert_same_model(clf, loaded)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
@pytest.mark.parametrize("way", WAYS)
def test_model_of_a_gpu_opens_there(way, tmp_path):
    clf = make_classifier(device="cuda").fit(TWEETS, SENTIMENTS)
    loaded = way(clf, tmp_path / "model")
    assert torch.device(loaded.net_.device).type == "cuda"
    assert have_same_weights(loaded, clf)


# skops


@pytest.mark.parametrize("class_", [RNNTextClassifier, RNNTextEncoder, RNNTextRegressor])
def test_skops_asks_for_our_types_and_no_other(class_):
    estimator = make_small(class_, early_stopping=True).fit(TWEETS, LENGTHS > 1)
    data = skops.io.dumps(make_pipeline(SequenceVectorizer(), estimator))
    own = {f"{class_.__module__}.{class_.__name__}"}
    shared = {"sklearn_rnn._training.net.SequenceNet", "sklearn_rnn._vectorizer.SequenceVectorizer"}
    assert own | shared <= set(TRUSTED)
    assert skops.io.get_untrusted_types(data=data) == sorted(own | shared)
    with pytest.raises(UntrustedTypesFoundException):
        skops.io.loads(data)


def test_skops_refuses_fitted_cells_of_the_user():
    clf = make_classifier(cell=torch.nn.GRUCell).fit(TWEETS, SENTIMENTS)
    with pytest.raises(NotDataError, match="cell of your own"):
        skops.io.dumps(clf)


def test_skops_shows_functions_of_the_user():
    vectorizer = SequenceVectorizer(tokenizer=shlex.split, min_df=2).fit(["a b", "b c"])
    untrusted = skops.io.get_untrusted_types(data=skops.io.dumps(vectorizer))
    assert untrusted == ["shlex.split", "sklearn_rnn._vectorizer.SequenceVectorizer"]


class Bomb:
    def __reduce__(self):
        return pytest.fail, ("code was run",)


def test_state_from_skops_never_unpickles():
    """The pickle in skorch's state must not be opened by who trusts SequenceNet alone."""
    state = {"device": "cpu", "__cuda_dependent_attributes__": pickle.dumps(Bomb())}
    net = SequenceNet.__new__(SequenceNet)
    with pytest.raises(KeyError):
        net.__setstate__(state)
    assert f"{PickledState.__module__}.{PickledState.__name__}" not in TRUSTED
