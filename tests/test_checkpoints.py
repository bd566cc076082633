"""Checkpoints: a fit that was stopped goes on, and ends like one that was not."""

import random
import re
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpointed_fits import FITS, LABELS, STREAM, TEXTS, fit
from joblib import parallel_config
from sklearn.model_selection import GridSearchCV, cross_validate
from skorch.callbacks import Callback
from torch import nn
from weights import have_same_weights

import sklearn_rnn
from sklearn_rnn import RNNLanguageModel, RNNTextClassifier
from sklearn_rnn._files.file_format import pack, read_container, unpack
from sklearn_rnn._training import checkpoints, fit_identity
from sklearn_rnn.exceptions import FitInterruptedWarning, ModelFileError
from sklearn_rnn.modules import RecurrentCell

SCRIPT = Path(__file__).with_name("checkpointed_fits.py")
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="no such thing on Windows")
every_fit = pytest.mark.parametrize("name", FITS)


class Stopped(Exception):
    """A training was stopped."""


class StopAt(Callback):
    """Raise an error after the n-th step."""

    def __init__(self, n, error=Stopped):
        self.n = n
        self.error = error

    def initialize(self):
        self.n_steps_ = 0
        return self

    def on_batch_end(self, net, training=False, **kwargs):
        self.n_steps_ += training
        if training and self.n_steps_ == self.n:
            raise self.error


class CountSteps(Callback):
    """Count steps and epochs."""

    def initialize(self):
        self.n_steps_ = self.n_epochs_ = 0
        return self

    def on_epoch_begin(self, net, **kwargs):
        self.n_epochs_ += 1

    def on_batch_end(self, net, training=False, **kwargs):
        self.n_steps_ += training


class Noisy(RecurrentCell):
    """A cell that draws torch's random numbers as it trains."""

    def step(self, x, state):
        new = nn.functional.linear(x, self.weight_ih) + nn.functional.linear(
            state[0], self.weight_hh
        )
        return (torch.tanh(new + self.training * 0.1 * torch.randn_like(new)),)


@pytest.fixture
def at_each_step(monkeypatch):
    """Write checkpoints after each step."""
    monkeypatch.setattr(checkpoints, "_SECONDS", 0.0)
    monkeypatch.setattr(checkpoints, "_SHARE", float("inf"))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "fit.safetensors"


def fit_in_pieces(name, path, n_steps, **params):
    """Return an estimator that was stopped after each so many steps, and how often."""
    for n_stops in range(100):
        stop = StopAt(n_steps)
        try:
            return fit(name, checkpoint=path, callbacks=[stop], **params), n_stops
        except Stopped:
            assert path.exists()
    pytest.fail("no end")


def history_of(est):
    """Return what was recorded, but for what a clock tells."""
    return [{key: row[key] for key in row if key != "dur"} for row in est.history_]


def assert_same_fit(one, other):
    assert have_same_weights(one, other)
    assert history_of(one) == history_of(other)
    for name in ("t_", "n_iter_", "loss_curve_", "validation_scores_"):
        assert getattr(one, name) == getattr(other, name)


@every_fit
@pytest.mark.parametrize("n_steps", [2, 5])
def test_stopped_fit_ends_like_an_undisturbed_one(name, n_steps, path, at_each_step):
    """Each piece repeats the step whose checkpoint was not written, so all places are tried."""
    resumed, n_stops = fit_in_pieces(name, path, n_steps)
    assert n_stops > 1
    assert_same_fit(resumed, fit(name))
    assert not list(path.parent.iterdir())


OPTIONS = [
    ("classifier", {"optimizer": "adam"}),
    ("classifier", {"optimizer": "nadam", "clip_grad_norm": None}),
    ("classifier", {"optimizer": "rmsprop", "lr_schedule": "constant"}),
    ("classifier", {"optimizer": "adagrad", "weight_decay": 0.1}),
    ("classifier", {"optimizer": "sgd", "skorch_params": {"optimizer__momentum": 0.9}}),
    ("classifier", {"optimizer": torch.optim.RAdam, "kernels": False}),
    ("classifier", {"kernels": False}),
    ("classifier", {"cell": Noisy}),
    ("classifier", {"early_stopping": False, "embedding": "glove", "embedding_dim": "auto"}),
    ("classifier", {"scoring": "loss", "zoneout": 0.1, "recurrent_dropout": 0.1}),
    ("language model", {"averaging": "asgd", "precision": "bfloat16", "kernels": False}),
    ("language model", {"averaging": "asgd", "early_stopping": True, "max_epochs": 6}),
    ("language model", {"documents": True, "cell": "gru", "num_layers": 2}),
    ("language model", {"cell": "grid_lstm", "tie_weights": True}),
]


@pytest.mark.parametrize(("name", "params"), OPTIONS)
def test_all_options_are_resumed(name, params, path, at_each_step):
    resumed, n_stops = fit_in_pieces(name, path, 3, **params)
    assert n_stops > 1
    assert_same_fit(resumed, fit(name, **params))


@every_fit
def test_number_of_threads_may_change(name, path, at_each_step):
    with pytest.raises(Stopped):
        fit(name, checkpoint=path, callbacks=[StopAt(6)], n_jobs=2)
    assert_same_fit(fit(name, checkpoint=path, n_jobs=1), fit(name))


def test_steps_are_not_repeated(path, at_each_step):
    whole, rest = CountSteps(), CountSteps()
    fit("regressor", callbacks=[whole])
    with pytest.raises(Stopped):
        fit("regressor", checkpoint=path, callbacks=[StopAt(7)])
    resumed = fit("regressor", checkpoint=path, callbacks=[rest])
    # The step that was stopped had not been written.
    counts = {type(cb): cb for _, cb in resumed.net_.callbacks_}
    assert counts[CountSteps].n_steps_ == 12 - 6
    assert counts[CountSteps].n_epochs_ == 2


class ReadBar(Callback):
    """Note where the progress bar is after each step."""

    def initialize(self):
        self.seen_ = []
        return self

    def on_batch_end(self, net, training=False, **kwargs):
        self.seen_.append(dict(net.callbacks_)["progress_bar"].bar_.n)


def test_progress_bar_begins_where_it_was(path, at_each_step):
    with pytest.raises(Stopped):
        fit("regressor", checkpoint=path, callbacks=[StopAt(7)], verbose=1)
    est = fit("regressor", checkpoint=path, callbacks=[ReadBar()], verbose=1)
    assert dict(est.net_.callbacks_)["ReadBar"].seen_ == [42, 48, 54, 60, 66, 72]


def test_own_random_numbers_are_not_touched(path, at_each_step):
    before = torch.get_rng_state()
    fit_in_pieces("classifier", path, 5)
    assert torch.equal(torch.get_rng_state(), before)


def test_warm_start_is_resumed(path, at_each_step):
    params = {"warm_start": True, "early_stopping": False}
    estimators = [fit("classifier", **params) for _ in range(2)]
    for est in estimators:
        est.set_params(checkpoint=path)
    estimators[0].fit(TEXTS, LABELS)
    with pytest.raises(Stopped):
        estimators[1].set_params(callbacks=[StopAt(5)]).fit(TEXTS, LABELS)
    estimators[1].set_params(callbacks=None).fit(TEXTS, LABELS)
    assert_same_fit(*estimators)


def test_pretrained_start_is_resumed(path, at_each_step):
    model = RNNLanguageModel(**{**STREAM, "documents": True}).fit(TEXTS)
    params = {"pretrained": model, "embedding": "auto", "freeze_pretrained": 1, "cell": "lstm"}
    params |= {"bidirectional": False, "hidden_size": 4, "embedding_dim": 4}
    resumed, n_stops = fit_in_pieces("classifier", path, 3, **params)
    assert n_stops > 1
    assert_same_fit(resumed, fit("classifier", **params))


# What is in the file, and when


class Clock:
    """A clock that stands still but for what is added to its time."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class TenSeconds(Callback):
    """Let each step take ten seconds."""

    def __init__(self, clock):
        self.clock = clock

    def on_batch_begin(self, net, training=False, **kwargs):
        self.clock.now += 10 * training


@pytest.mark.parametrize(("seconds", "period"), [(0.0, 60.0), (1.0, 60.0), (4.0, 200.0)])
def test_once_a_minute_or_less_where_writing_takes_long(seconds, period, path, monkeypatch):
    clock, written = Clock(), []

    def write(*args):
        clock.now += seconds
        written.append(clock.now)

    monkeypatch.setattr(checkpoints, "monotonic", clock)
    monkeypatch.setattr(checkpoints, "write_atomically", write)
    fit("regressor", checkpoint=path, max_epochs=30, callbacks=[TenSeconds(clock)])  # 120 steps
    assert written[0] == 60 + seconds
    gaps = np.diff(written) - seconds
    assert len(gaps) > 4
    assert np.all((period <= gaps) & (gaps < period + 10))


def test_file_is_removed_when_the_fit_is_finished(path):
    est = fit("classifier", checkpoint=path)
    assert not path.exists()
    assert "checkpoint" not in dict(est.net_.callbacks_)


def test_partial_fit_writes_none(path):
    RNNTextClassifier(checkpoint=path).partial_fit(TEXTS, LABELS, classes=[0, 1])
    assert not path.exists()


def test_interrupted_fit_goes_on_from_the_checkpoint(path, at_each_step):
    with pytest.warns(FitInterruptedWarning, match="next fit resumes from the checkpoint"):
        est = fit("regressor", checkpoint=path, callbacks=[StopAt(7, KeyboardInterrupt)])
    assert path.exists()
    assert_same_fit(fit("regressor", checkpoint=path), fit("regressor"))
    assert not have_same_weights(est, fit("regressor"))


def test_a_fit_interrupted_before_the_first_checkpoint_says_so(path):
    with pytest.warns(FitInterruptedWarning, match="No checkpoint has been written yet"):
        fit("regressor", checkpoint=path, callbacks=[StopAt(7, KeyboardInterrupt)])
    assert not path.exists()
    assert_same_fit(fit("regressor", checkpoint=path), fit("regressor"))


def test_fit_that_diverged_leaves_no_file(path, at_each_step):
    with pytest.raises(ValueError, match="Lower lr"):
        fit("regressor", checkpoint=path, lr=1e30, optimizer="sgd", clip_grad_norm=None)
    assert not path.exists()


def test_folder_holds_a_file_for_each_fit(tmp_path, at_each_step):
    for seed in (1, 2):
        with pytest.raises(Stopped):
            fit("classifier", checkpoint=tmp_path, callbacks=[StopAt(3)], random_state=seed)
    files = sorted(tmp_path.iterdir())
    assert len(files) == 2
    assert all(file.name.startswith("RNNTextClassifier-") for file in files)
    resumed = fit("classifier", checkpoint=str(tmp_path), random_state=1)
    assert_same_fit(resumed, fit("classifier", random_state=1))
    assert len(list(tmp_path.iterdir())) == 1


def test_search_shares_a_folder(tmp_path, at_each_step):
    clf = RNNTextClassifier(**FITS["classifier"][1], checkpoint=tmp_path)
    plain = RNNTextClassifier(**FITS["classifier"][1])
    scores = [cross_validate(est, TEXTS, LABELS, cv=2)["test_score"] for est in (clf, plain)]
    np.testing.assert_array_equal(*scores)
    search = GridSearchCV(clf, {"hidden_size": [3, 4]}, cv=2, error_score="raise", n_jobs=2)
    with parallel_config("threading"):
        search.fit(TEXTS, LABELS)
    assert not list(tmp_path.iterdir())


# What is refused


@pytest.mark.parametrize("random_state", [None, np.random.RandomState(0)])
def test_seeds_must_be_known(random_state, path):
    with pytest.raises(ValueError, match=r"'random_state' .* RNNTextEncoder must be an int"):
        fit("encoder", checkpoint=path, random_state=random_state)


@pytest.mark.parametrize("place", ["no/fit.safetensors", "no/"])
def test_folder_must_be_there(place, tmp_path):
    with pytest.raises(FileNotFoundError, match="folder of the checkpoint does not exist"):
        fit("translator", checkpoint=f"{tmp_path}/{place}")


@pytest.fixture
def stopped(path, at_each_step):
    """Return the path of a checkpoint of the classifier."""
    with pytest.raises(Stopped):
        fit("classifier", checkpoint=path, callbacks=[StopAt(6)])
    return path


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"hidden_size": 5}, r"in hidden_size \(4 there, 5 here\)\. Set that back"),
        ({"random_state": 1}, r"in random_state \(0 there, 1 here\), the training data"),
        ({"lr": 0.5, "dropout": 0.25}, r"in dropout \(.* there, 0.25 here\), lr \("),
        ({"optimizer": torch.optim.SGD}, r"optimizer \('adamw' there, 'torch.optim.sgd.SGD' here"),
        ({"skorch_params": {"optimizer__eps": 1e-3}}, "in skorch_params "),
    ],
)
def test_other_parameters_are_refused_by_name(params, match, stopped):
    data = stopped.read_bytes()
    with pytest.raises(ValueError, match=match) as info:
        fit("classifier", checkpoint=stopped, **params)
    assert not isinstance(info.value, ModelFileError)
    assert stopped.read_bytes() == data


def fit_other(stopped, X=TEXTS, y=LABELS, **fit_params):
    return RNNTextClassifier(**FITS["classifier"][1], checkpoint=stopped).fit(X, y, **fit_params)


@pytest.mark.parametrize(
    ("data", "match"),
    [
        ({"X": ["other", *TEXTS[1:]]}, "in the training data, the validation data"),
        ({"y": [1, *LABELS[1:]]}, "data"),
        ({"X_val": TEXTS[:4], "y_val": LABELS[:4]}, "in the training data, the validation data"),
        ({"sample_weight": [2.0, *[1.0] * 23]}, "data"),
    ],
)
def test_other_data_are_refused(data, match, stopped):
    with pytest.raises(ValueError, match=match):
        fit_other(stopped, **data)


def test_another_start_is_refused(path, at_each_step):
    est = fit("classifier", warm_start=True)
    with pytest.raises(Stopped):
        est.set_params(checkpoint=path, callbacks=[StopAt(3)]).fit(TEXTS, LABELS)
    with pytest.raises(ValueError, match=r"differs in the initial weights \(of `embedding`"):
        fit("classifier", checkpoint=path)


@pytest.mark.parametrize("package", ["sklearn-rnn", "torch"])
def test_other_versions_are_refused(package, stopped, monkeypatch):
    here = fit_identity.versions_of((package,))[package]
    real = fit_identity.versions_of
    monkeypatch.setattr(fit_identity, "versions_of", lambda p: {**real(p), package: "9.9"})
    with pytest.raises(ValueError, match=re.escape(f"in {package} ({here} there, 9.9 here)")):
        fit("classifier", checkpoint=stopped)


def test_versions_are_told_in_a_folder_too(tmp_path, at_each_step, monkeypatch):
    with pytest.raises(Stopped):
        fit("classifier", checkpoint=tmp_path, callbacks=[StopAt(6)])
    real = fit_identity.versions_of
    monkeypatch.setattr(fit_identity, "versions_of", lambda p: {**real(p), "torch": "9.9"})
    with pytest.raises(ValueError, match=r"torch \("):
        fit("classifier", checkpoint=tmp_path)


@pytest.mark.parametrize("length", [-10, 0, 99])
def test_broken_file_is_refused(length, stopped):
    stopped.write_bytes(stopped.read_bytes()[:length])
    with pytest.raises(ModelFileError, match=r"cannot be opened.*To start over, remove"):
        fit("classifier", checkpoint=stopped)


def test_saved_model_is_not_overwritten(path):
    sklearn_rnn.save(fit("classifier"), path)
    data = path.read_bytes()
    with pytest.raises(ModelFileError, match=r"sklearn_rnn\.save and is left as it is"):
        fit("classifier", checkpoint=path)
    assert path.read_bytes() == data


def test_checkpoint_is_no_saved_model(stopped):
    with pytest.raises(ModelFileError, match="cannot be opened"):
        sklearn_rnn.load(stopped)


def forge(path, change):
    """Change what a checkpoint says, with a checksum that fits."""
    content, arrays = unpack(read_container(path))
    change(dict(content["state"]["items"]), arrays)
    path.write_bytes(pack(content, arrays))


def shorten_moments(state, arrays):
    ((_, first), *_) = dict(state["optimizer"]["items"])["state"]["items"]
    moment = dict(first["items"])["exp_avg"]
    arrays[moment["numbers"]] = arrays[moment["numbers"]][:1]
    moment["shape"] = list(arrays[moment["numbers"]].shape)


def shorten_weights(state, arrays):
    (_, weight), *_ = state["weights"]["items"]
    arrays[weight["numbers"]] = arrays[weight["numbers"]][:1]
    weight["shape"] = list(arrays[weight["numbers"]].shape)


def break_generator(state, arrays):
    random = arrays[state["random"]["numbers"]]
    random[:] = 255


def drop_callback(state, arrays):
    state["callbacks"]["items"].pop()


def lengthen_history(state, arrays):
    state["history"].extend(state["history"] * 9)


@pytest.mark.parametrize(
    "change",
    [shorten_moments, shorten_weights, break_generator, drop_callback, lengthen_history],
)
def test_forged_file_is_refused(change, stopped):
    forge(stopped, change)
    with pytest.raises(ModelFileError, match="not that of a checkpoint"):
        fit("classifier", checkpoint=stopped)


class Recorded:
    """What no file of data can hold."""


class RecordObject(Callback):
    def on_epoch_end(self, net, **kwargs):
        net.history.record("object", Recorded())


def test_what_is_no_data_is_refused(path, at_each_step):
    with pytest.raises(TypeError, match=r"RNNTextRegressor cannot be written.*Recorded"):
        fit("regressor", checkpoint=path, callbacks=[RecordObject()])


def test_iterators_of_your_own_are_refused(path):
    params = {"iterator_train": torch.utils.data.DataLoader}
    with pytest.raises(TypeError, match="iterator of your own"):
        fit("regressor", checkpoint=path, skorch_params=params)


def test_optimizers_that_keep_something_else_are_refused(path):
    with pytest.raises(TypeError, match="the state of the optimizer LBFGS"):
        fit("regressor", checkpoint=path, optimizer=torch.optim.LBFGS, wide_weight=0)


# Where writing fails


class FillDisk(Callback):
    """Leave room for no file of more than 1,000 bytes from the n-th step on."""

    def __init__(self, limit, n):
        self.limit = limit
        self.n = n

    def initialize(self):
        self.n_steps_ = 0
        return self

    def on_batch_end(self, net, training=False, **kwargs):
        self.n_steps_ += training
        if self.n_steps_ == self.n:
            self.limit(1000)


@pytest.fixture
def limit_files():
    """Return a function that bounds the size of files in bytes."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@posix_only
def test_full_disk_ends_no_training(stopped, limit_files):
    data = stopped.read_bytes()
    fill, stop = FillDisk(limit_files, 1), StopAt(3)
    with (
        pytest.warns(RuntimeWarning, match="could not be written.*too large"),
        pytest.raises(Stopped),
    ):
        fit("classifier", checkpoint=stopped, callbacks=[fill, stop])
    assert stopped.read_bytes() == data
    assert list(stopped.parent.iterdir()) == [stopped]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        resumed = fit("classifier", checkpoint=stopped)
    assert_same_fit(resumed, fit("classifier"))


@posix_only
def test_disk_that_is_full_from_the_start_ends_no_training(path, limit_files, at_each_step):
    with pytest.warns(RuntimeWarning, match=r"could not be written.*too large"):
        est = fit("classifier", checkpoint=path, callbacks=[FillDisk(limit_files, 1)])
    assert_same_fit(est, fit("classifier"))
    assert not list(path.parent.iterdir())


def test_folder_must_be_writable(path, monkeypatch):
    monkeypatch.setattr(checkpoints.os, "access", lambda *args, **kwargs: False)
    with pytest.raises(PermissionError, match="read-only"):
        fit("classifier", checkpoint=path)


def test_other_processes_of_a_training_write_nothing(path, at_each_step, monkeypatch):
    is_first = True
    monkeypatch.setattr(checkpoints, "_is_first_process", lambda: is_first)
    with pytest.raises(Stopped):
        fit("classifier", checkpoint=path, callbacks=[StopAt(5)])
    data = path.read_bytes()
    is_first = False
    assert_same_fit(fit("classifier", checkpoint=path), fit("classifier"))
    assert path.read_bytes() == data


# Processes that are killed


def start(name, path, n_epochs, *where):
    arguments = map(str, (SCRIPT, name, path, n_epochs, *where))
    return subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, text=True)


def assert_is_whole_if_there(path):
    """Check that the file opens, as the writing of it may have been what the kill came into."""
    if path.exists():
        content, _ = unpack(read_container(path))
        assert content["type"] == "checkpoint"


@posix_only
@pytest.mark.parametrize(
    ("name", "where"), [("classifier", ("step", 8)), ("language model", ("fsync", 9))]
)
def test_killed_fit_is_resumed(name, where, path, at_each_step):
    process = start(name, path, 4, *where)
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    assert path.exists()
    assert_is_whole_if_there(path)
    resumed = fit(name, n_epochs=4, checkpoint=path)
    assert_same_fit(resumed, fit(name, n_epochs=4))
    assert not list(path.parent.iterdir())


@posix_only
@pytest.mark.slow
@every_fit
def test_fit_killed_at_random_moments_is_resumed(name, path, at_each_step):
    """Those of the estimators together are more than twenty."""
    random_moment = random.Random(name)
    for where in [("replace", 2), *[()] * 4]:
        process = start(name, path, 40, *where)
        if not where:
            assert process.stdout.readline() == "begin\n"
            time.sleep(random_moment.uniform(0, 0.5))
            process.kill()
        process.communicate(timeout=300)
        assert process.returncode == -signal.SIGKILL
        assert_is_whole_if_there(path)
    assert_same_fit(fit(name, n_epochs=40, checkpoint=path), fit(name, n_epochs=40))
    assert not list(path.parent.iterdir())
