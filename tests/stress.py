"""Estimators that several threads use at once, and proof that each thread saw whole models.

Whenever an estimator takes over what it has learned, the model that it is from then on is noted:
what it answers for some documents and what else is learned with it. A thread has seen a whole
model if and only if what it saw was noted.
"""

import copy
import faulthandler
import gc
import hashlib
import json
import multiprocessing
import os
import pickle
import random
import threading
import time
import traceback
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from sklearn_rnn import (
    RNNTextClassifier,
    RNNTextEncoder,
    RNNTextRegressor,
    export_onnx,
    load,
    save,
)
from sklearn_rnn._base import BaseRNNText
from sklearn_rnn.inspection import trace

PROBE = ["good day word3", "bad day not good", "word1 word2", "unheard of"]
SMALL = {"hidden_size": 4, "embedding_dim": 4, "max_epochs": 1, "batch_size": 8}
# Of each kind of estimator one, and of the first kind two.
CLASSES = [RNNTextClassifier, RNNTextRegressor, RNNTextEncoder, RNNTextClassifier]


def answers_of(estimator):
    """Return what an estimator answers, in one array.

    Denormal numbers count as 0, as they do in a thread that trains.
    """
    if isinstance(estimator, RNNTextClassifier):
        answers = estimator.predict_proba(PROBE)
    elif isinstance(estimator, RNNTextEncoder):
        answers = estimator.transform(PROBE)
    else:
        answers = estimator.predict(PROBE)
    return np.where(np.abs(answers) < np.finfo(answers.dtype).tiny, 0, answers)


def digest(*arrays):
    return hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)).hexdigest()


def model_of(estimator):
    """Return what tells one model from another, by all that is learned."""
    learned = vars(estimator)
    of_y = learned["classes_"].tolist() if "classes_" in learned else [float(learned["y_scale_"])]
    return (
        digest(answers_of(estimator)),
        estimator.t_,
        len(estimator.vectorizer_.vocabulary_),
        len(estimator.loss_curve_),
        tuple(of_y),
    )


class WholeModels:
    """Note each model that some estimators become.

    Parameters
    ----------
    monkeypatch : pytest.MonkeyPatch
        Puts the note beside the taking over, of which no other thread sees the middle.
    estimators : list of estimator
        Estimators, told apart by their places.
    """

    def __init__(self, monkeypatch, estimators):
        self.places = {id(estimator): place for place, estimator in enumerate(estimators)}
        self.models = [set() for _ in estimators]
        self.answers = [{} for _ in estimators]
        take_over = BaseRNNText._take_over

        def take_over_and_note(estimator, *args):
            take_over(estimator, *args)
            place = self.places.get(id(estimator))
            if place is not None:
                answers = answers_of(estimator)
                self.models[place].add(model_of(estimator))
                self.answers[place][digest(answers)] = answers

        monkeypatch.setattr(BaseRNNText, "_take_over", take_over_and_note)

    def have(self, place, answers):
        """Whether an estimator has been a model that answers so."""
        return digest(answers) in self.answers[place]

    def distance(self, place, answers):
        """Return how far the answers are from those of the nearest model."""
        known = [a for a in list(self.answers[place].values()) if a.shape == answers.shape]
        differences = np.abs(np.array(known) - answers)
        return differences.max(axis=tuple(range(1, differences.ndim))).min()


class Crowd:
    """Threads that do all that one can do with estimators, for a time.

    Parameters
    ----------
    monkeypatch : pytest.MonkeyPatch
        For `WholeModels`.
    folder : pathlib.Path
        Where files go.
    n_threads : int
        The number of threads.
    """

    def __init__(self, monkeypatch, folder, n_threads=8):
        self.estimators = [class_(**SMALL, random_state=0) for class_ in CLASSES]
        self.whole = WholeModels(monkeypatch, self.estimators)
        self.folder, self.n_threads = folder, n_threads
        self.errors, self.counts, self.stop = [], {}, threading.Event()
        for place in range(len(self.estimators)):
            self.fit(place, random.Random(place))

    def run(self, seconds, *others):
        """Let the threads, and functions in more of them, go on for some seconds."""
        threads = [
            threading.Thread(target=self._guarded, args=(self._act_at_random, i))
            for i in range(self.n_threads)
        ]
        threads += [threading.Thread(target=self._guarded, args=(other,)) for other in others]
        for thread in threads:
            thread.start()
        self.stop.wait(seconds)
        self.stop.set()
        end = time.monotonic() + 120
        for thread in threads:
            thread.join(max(0, end - time.monotonic()))
        assert not self.errors, self.errors[0]
        assert not any(thread.is_alive() for thread in threads), "a thread waits for ever"

    def _guarded(self, function, *args):
        try:
            function(*args)
        except BaseException:
            self.errors.append(traceback.format_exc())
            self.stop.set()

    def _act_at_random(self, number):
        chance, before = random.Random(number), state_of_thread()
        actions = [self.predict, self.copy, self.save, self.export, self.inspect]
        actions += [self.fit, self.partial_fit, self.set_params]
        while not self.stop.is_set():
            action = chance.choice(actions)
            # Half of it all happens to one estimator.
            action(chance.choice([0, 0, 0, *range(len(self.estimators))]), chance)
            self.counts[action.__name__] = self.counts.get(action.__name__, 0) + 1
            assert state_of_thread() == before

    def fit(self, place, chance):
        n_kinds = chance.choice([2, 3])
        self.estimators[place].fit(*self._documents(place, n_kinds, chance))

    def partial_fit(self, place, chance):
        # Of two kinds, which an estimator knows whatever another thread fits it on.
        self.estimators[place].partial_fit(*self._documents(place, 2, chance))

    def _documents(self, place, n_kinds, chance):
        first = chance.randrange(4000)
        kinds = [["good", "bad", "so so"][i % n_kinds] for i in range(24)]
        X = [f"{kind} day word{first + chance.randrange(9)}" for kind in kinds]
        is_number = CLASSES[place] is RNNTextRegressor
        return X, [len(kind) + chance.random() for kind in kinds] if is_number else kinds

    def set_params(self, place, chance):
        self.estimators[place].set_params(
            n_jobs=chance.choice([1, 2, 3]),
            lr=chance.choice([1e-3, 3e-3, 1e-2]),
            dropout=chance.choice([0.0, 0.5]),
            max_epochs=chance.choice([1, 2]),
        )

    def predict(self, place, chance):
        answers = answers_of(self.estimators[place])
        assert self.whole.have(place, answers), (
            f"{CLASSES[place]} answers as no model of it: the nearest one is "
            f"{self.whole.distance(place, answers)} away"
        )

    def copy(self, place, chance):
        how = chance.choice([copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
        self._check_copy(place, how(self.estimators[place]))

    def save(self, place, chance):
        path = self.folder / f"{place}.safetensors"
        save(self.estimators[place], path)
        self._check_copy(place, load(path))

    def _check_copy(self, place, copied):
        model = model_of(copied)
        assert model in self.whole.models[place], f"a copy is no whole model: {model}"

    def export(self, place, chance):
        model = export_onnx(self.estimators[place], self.folder / f"{place}-{chance.random()}.onnx")
        answers = answers_of_onnx(model)
        assert self.whole.distance(place, answers) < 1e-5, f"an export of {CLASSES[place]} is mixed"
        for path in self.folder.glob(f"{place}-*.onnx"):
            path.unlink(missing_ok=True)

    def inspect(self, place, chance):
        trace(self.estimators[place], PROBE[1])


class ForkingCrowd(Crowd):
    """A crowd from whose middle processes are forked, which predict, learn and end in time."""

    time_limit = 60

    def __init__(self, monkeypatch, folder, n_threads=8):
        super().__init__(monkeypatch, folder, n_threads)
        self.n_children = 0
        self.seen = []

    def fork(self):
        """Fork children until the time is over, by the two ways of forking in turn."""
        chance = random.Random(0)
        while not self.stop.is_set():
            time.sleep(chance.uniform(0, 0.05))
            receiver, sender = multiprocessing.Pipe(duplex=False)
            start = self._fork_by_os if self.n_children % 2 else self._fork_by_multiprocessing
            wait = start(self._live, chance.randrange(2**31), sender)
            sender.close()
            self._await(receiver, wait)

    def _live(self, seed, sender):
        """Do in a child what there is to do, and send what the estimators answered at first."""
        faulthandler.dump_traceback_later(self.time_limit - 10, exit=True)
        chance = random.Random(seed)
        sender.send([digest(answers_of(estimator)) for estimator in self.estimators])
        place = chance.randrange(len(self.estimators))
        for action in chance.sample([self.predict_anything, self.fit, self.partial_fit], 3):
            action(place, chance)
        self.predict_anything(place, chance)
        save(self.estimators[place], self.folder / f"child-{os.getpid()}")
        load(self.folder / f"child-{os.getpid()}").get_params()
        os.remove(self.folder / f"child-{os.getpid()}")
        sender.send("done")

    def predict_anything(self, place, chance):
        assert np.isfinite(answers_of(self.estimators[place])).all()

    def _fork_by_os(self, live, *args):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                live(*args)
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        return lambda: os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def _fork_by_multiprocessing(self, live, *args):
        process = multiprocessing.get_context("fork").Process(target=live, args=args)
        process.start()

        def wait():
            process.join()
            code = process.exitcode
            process.close()
            return code

        return wait

    def _await(self, receiver, wait):
        messages = []
        with receiver:
            try:
                while receiver.poll(self.time_limit):
                    messages.append(receiver.recv())
            except EOFError:
                pass
        code = wait()
        assert code == 0 and messages[-1:] == ["done"], f"a child ended with {code}: {messages}"
        self.seen.append(messages[0])
        self.n_children += 1

    def check_seen(self):
        """Check that each child began with whole models."""
        for answers in self.seen:
            for place, answer in enumerate(answers):
                assert answer in self.whole.answers[place], f"a child has a mixed {CLASSES[place]}"


def answers_of_onnx(model):
    """Return what an exported model answers."""
    facts = {entry.key: json.loads(entry.value) for entry in model.metadata_props}
    rows = [[facts["vocabulary"].get(word, 1) for word in text.split()] for text in PROBE]
    ids = np.zeros((len(rows), max(map(len, rows))), np.int32)
    for row, values in zip(ids, rows, strict=True):
        row[: len(values)] = values
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return session.run([model.graph.output[-1].name], {"token_ids": ids})[0]


def state_of_thread():
    """Return what torch keeps for this thread."""
    return {
        "threads": torch.get_num_threads(),
        "flushes denormal": not (torch.tensor(1e-40, dtype=torch.float32) * 1).item(),
        "gradients": torch.is_grad_enabled(),
        "inference": torch.is_inference_mode_enabled(),
        "autocast": torch.is_autocast_enabled("cpu"),
        "device": torch.get_default_device(),
    }


def state_of_process():
    """Return what is the whole process's: seeds, defaults, warnings, threads and open files."""
    gc.collect()
    return {
        **state_of_thread(),
        "dtype": torch.get_default_dtype(),
        "torch": torch.get_rng_state().tolist(),
        "numpy": pickle.dumps(np.random.get_state()),  # noqa: NPY002
        "random": random.getstate(),
        "warnings": list(warnings.filters),
        "Python threads": len(threading.enumerate()),
        **system_state(),
    }


def system_state():
    """Return how many threads and open files the system counts, where it tells."""
    folder = Path("/proc/self")
    if not folder.exists():
        return {}
    return {name: len(os.listdir(folder / name)) for name in ("task", "fd")}
