"""Several threads and processes at once: each sees a whole model, and torch stays as it was."""

import copy
import os
import pickle
import threading
import time

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from weights import copy_weights, same_weights

from sklearn_rnn import RNNTextClassifier, RNNTextEncoder, RNNTextRegressor, load, save
from sklearn_rnn.inspection import token_importance, trace
from sklearn_rnn.inspection._inspected_estimator import InspectedEstimator

X = ["a good day", "a bad day, not good"] * 30
Y = np.array([1.0, 0.0] * 30)
SMALL = {"hidden_size": 4, "embedding_dim": 4, "max_epochs": 1, "batch_size": 8, "random_state": 0}
ESTIMATORS = [RNNTextClassifier, RNNTextRegressor, RNNTextEncoder]


class InThread:
    """Run a function in a thread for the time of a block, and raise there what it raised."""

    def __init__(self, function, *args):
        self.error = None

        def run():
            try:
                function(*args)
            except BaseException as exc:
                self.error = exc

        self.thread = threading.Thread(target=run)

    def __enter__(self):
        self.thread.start()
        return self.thread

    def __exit__(self, *exc_info):
        self.thread.join()
        if self.error is not None:
            raise self.error


class Gate(Callback):
    """Tell when a training has begun, and let it go on when told to."""

    def __init__(self, hook="on_batch_end"):
        self.begun, self.go_on = threading.Event(), threading.Event()
        setattr(self, hook, self.wait)

    def wait(self, net, **kwargs):
        self.begun.set()
        assert self.go_on.wait(60)

    def __deepcopy__(self, memo):
        return self


def outputs_of(estimator, documents):
    method = "transform" if isinstance(estimator, RNNTextEncoder) else "predict"
    return getattr(estimator, method)(documents)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_predictions_do_not_wait_for_the_training_of_another_model(n_jobs):
    clf = RNNTextClassifier(n_jobs=n_jobs, **SMALL).fit(X, Y)
    expected = clf.predict_proba(X)
    gate = Gate()
    other = RNNTextClassifier(callbacks=[gate], **SMALL)
    with InThread(other.fit, X, Y):
        try:
            assert gate.begun.wait(60)
            np.testing.assert_array_equal(clf.predict_proba(X), expected)
        finally:
            gate.go_on.set()


def test_trainings_side_by_side_learn_what_each_learns_alone():
    alone = [RNNTextClassifier(**{**SMALL, "random_state": seed}).fit(X, Y) for seed in range(3)]
    together = [RNNTextClassifier(**{**SMALL, "random_state": seed}) for seed in range(3)]
    with InThread(together[0].fit, X, Y), InThread(together[1].fit, X, Y):
        together[2].fit(X, Y)
    for one, other in zip(alone, together, strict=True):
        assert same_weights(copy_weights(one.module_), copy_weights(other.module_))


@pytest.mark.parametrize("class_", ESTIMATORS)
def test_predictions_during_a_refit_are_those_of_the_old_model_or_the_new(class_):
    words = [f"noise{i} good day bad" for i in range(60)]
    old, new = class_(**SMALL).fit(X, Y), class_(**SMALL).fit(words, Y)
    answers = [outputs_of(old, X).tobytes(), outputs_of(new, X).tobytes()]
    estimator = class_(**SMALL).fit(X, Y)
    with InThread(lambda: [estimator.fit(*data) for data in [(words, Y), (X, Y)] * 3]) as thread:
        while thread.is_alive():
            assert outputs_of(estimator, X).tobytes() in answers


def test_inspection_disturbs_neither_predictions_nor_copies():
    clf = RNNTextClassifier(**SMALL).fit(X, Y)
    expected = clf.predict_proba(X)

    def inspect():
        for _ in range(5):
            token_importance(clf, X[0], methods=["integrated_gradients"])
            trace(clf, X[1])

    with InThread(inspect) as thread:
        while thread.is_alive():
            np.testing.assert_array_equal(clf.predict_proba(X), expected)
            pickle.dumps(clf)


def chunks(n_chunks):
    for i in range(n_chunks):
        yield [f"good{i} day {j}" if j % 2 else f"bad{i} {j}" for j in range(20)], [1, 0] * 10


@pytest.mark.parametrize(
    "copied",
    [
        lambda clf, path: pickle.loads(pickle.dumps(clf)),
        lambda clf, path: copy.deepcopy(clf),
        lambda clf, path: (save(clf, path), load(path))[1],
        lambda clf, path: InspectedEstimator(clf).estimator,
    ],
    ids=["pickle", "deepcopy", "save", "inspect"],
)
def test_copies_of_a_stream_hold_it_between_two_chunks(copied, tmp_path):
    clf = RNNTextClassifier(**SMALL)
    states = {}

    def learn():
        for documents, labels in chunks(25):
            clf.partial_fit(documents, labels, classes=[0, 1])
            states[clf.t_] = copy_weights(clf.module_)
            time.sleep(0.002)

    found = []
    with InThread(learn) as thread:
        while thread.is_alive():
            if hasattr(clf, "net_"):
                found.append(copied(clf, tmp_path / "model"))
    assert found
    for copy_ in found:
        assert same_weights(copy_weights(copy_.module_), states[copy_.t_])


def test_chunks_of_several_threads_are_all_learned():
    clf = RNNTextClassifier(**SMALL)

    def learn(n):
        for i in range(6):
            clf.partial_fit([f"word{n}x{i}x{j}" for j in range(10)], [0, 1] * 5, classes=[0, 1])

    with InThread(learn, 1), InThread(learn, 2):
        learn(3)
    assert clf.t_ == 180
    assert (
        len(clf.vocabulary_ if hasattr(clf, "vocabulary_") else clf.vectorizer_.vocabulary_) == 180
    )
    assert clf.net_.stream_.n_documents == 180


def test_new_threads_have_as_many_threads_of_torch_as_before(set_threads):
    set_threads(3)
    seen = []
    gate = Gate()
    clf = RNNTextClassifier(callbacks=[gate], **SMALL)
    with InThread(clf.fit, X, Y):
        try:
            assert gate.begun.wait(60)
            with InThread(lambda: seen.append(torch.get_num_threads())):
                pass
        finally:
            gate.go_on.set()
    with InThread(lambda: seen.append(torch.get_num_threads())):
        pass
    assert [*seen, torch.get_num_threads()] == [3, 3, 3]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_children_forked_while_others_predict_and_train_answer(n_jobs):
    clf = RNNTextClassifier(n_jobs=n_jobs, **SMALL).fit(X, Y)
    expected = clf.predict_proba(X[:4])
    gate, stop = Gate(), threading.Event()

    def serve():
        while not stop.is_set():
            clf.predict_proba(X)

    with InThread(RNNTextClassifier(callbacks=[gate], **SMALL).fit, X, Y), InThread(serve):
        try:
            assert gate.begun.wait(60)
            for _ in range(3):
                assert run_in_child(lambda: np.array_equal(clf.predict_proba(X[:4]), expected))
            fresh = RNNTextClassifier(n_jobs=n_jobs, **SMALL)
            assert run_in_child(lambda: fresh.fit(X, Y).score(X, Y) >= 0)
        finally:
            stop.set()
            gate.go_on.set()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("hook", ["on_batch_end", "on_train_begin", "on_epoch_end"])
@pytest.mark.parametrize("optimizer", ["adamw", "adam"])
def test_a_child_forked_during_a_chunk_goes_on_from_the_model_before(hook, optimizer):
    gate = Gate(hook)
    gate.go_on.set()
    clf = RNNTextClassifier(callbacks=[gate], optimizer=optimizer, **SMALL)
    for documents, labels in chunks(3):
        clf.partial_fit(documents, labels, classes=[0, 1])
    expected = clf.predict_proba(X[:4])
    next_chunk = [f"new{i} day" for i in range(20)], [0, 1] * 10
    alone = copy.deepcopy(clf)
    trained = copy_weights(alone.partial_fit(*next_chunk).module_)
    gate.begun.clear()
    gate.go_on.clear()
    with InThread(clf.partial_fit, *next_chunk):
        try:
            assert gate.begun.wait(60)
            assert run_in_child(lambda: np.array_equal(clf.predict_proba(X[:4]), expected))
            assert run_in_child(lambda: clf.t_ == clf.net_.stream_.n_documents == 60)

            def goes_on():
                gate.go_on.set()
                return same_weights(copy_weights(clf.partial_fit(*next_chunk).module_), trained)

            assert run_in_child(goes_on)
        finally:
            gate.go_on.set()
    assert same_weights(copy_weights(clf.module_), trained)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_forked_while_a_network_is_built_has_the_users_seed_and_dtype():
    begun, go_on = threading.Event(), threading.Event()

    class SlowlyBuilt(torch.optim.Adam):
        def __init__(self, *args, **kwargs):
            begun.set()
            assert go_on.wait(60)
            super().__init__(*args, **kwargs)

    seed = torch.get_rng_state()
    torch.set_default_dtype(torch.float64)
    try:
        with InThread(RNNTextClassifier(optimizer=SlowlyBuilt, **SMALL).fit, X, Y):
            assert begun.wait(60)
            threading.Timer(0.2, go_on.set).start()
            assert run_in_child(lambda: torch.get_default_dtype() == torch.float64)
            assert run_in_child(lambda: torch.equal(torch.get_rng_state(), seed))
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_forked_by_the_thread_that_trains_has_the_half_trained_net():
    class Fork(Callback):
        def on_batch_end(self, net, **kwargs):
            weights = copy_weights(net.module_)
            same.append(run_in_child(lambda: same_weights(copy_weights(clf.module_), weights)))

    same = []
    clf = RNNTextClassifier(**SMALL).partial_fit(X, Y, classes=[0, 1])
    clf.net_.callbacks_.append(("fork", Fork()))
    clf.partial_fit(X[:16], Y[:16])
    assert same == [True, True]


def run_in_child(check):
    """Return whether a check holds in a forked process that ends in time."""
    pid = os.fork()
    if pid == 0:
        ok = False
        try:
            ok = bool(check())
        finally:
            os._exit(0 if ok else 1)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status == 0
        time.sleep(0.02)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return False


def test_the_users_default_device_is_left_alone():
    clf = RNNTextClassifier(**SMALL).fit(X, Y)
    expected = clf.predict_proba(X)
    torch.set_default_device("meta")
    try:
        np.testing.assert_array_equal(clf.predict_proba(X), expected)
        again = RNNTextClassifier(**SMALL).fit(X, Y)
        assert torch.get_default_device().type == "meta"
    finally:
        torch.set_default_device(None)
    assert same_weights(copy_weights(again.module_), copy_weights(clf.module_))
