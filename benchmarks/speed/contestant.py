"""A contestant and its worker: a process of its own that trains an epoch whenever it is asked to.

Keras takes its backend from the environment when it is imported, and settings of threads belong to
a whole process, so no two contestants share one. A worker that is not asked waits for its pipe and
computes nothing.
"""

import os
import sys
from abc import ABC, abstractmethod
from importlib import import_module
from multiprocessing import get_context
from time import perf_counter

from benchmarks.memory import read_memory


class Contestant(ABC):
    """A library at the task, written as its own users would.

    Parameters
    ----------
    corpus : Corpus
        The documents.
    network : Network
        What to build.
    n_epochs : int
        How many epochs `train` will be asked for.
    seed : int
        Seed of the weights and of the order of documents.
    """

    def __init__(self, corpus, network, n_epochs, seed):
        self.corpus = corpus
        self.network = network
        self.n_epochs = n_epochs
        self.seed = seed

    @abstractmethod
    def train(self, epochs):
        """Train an epoch at each step of the iterator `epochs`, which does the timing."""

    @abstractmethod
    def predict_proba(self, documents):
        """Return the probabilities of the classes for documents in the form `prepare` gives."""

    def prepare(self, documents):
        """Return documents in the form in which the library takes them."""
        return documents.as_arrays()


class Epochs:
    """Iterate over epochs: each begins when the parent asks for it, and is timed for the parent.

    An epoch lasts until the next step of the iterator, so nothing that a training does between two
    epochs is left out. What else the parent asks meanwhile is answered before the next epoch.
    """

    def __init__(self, connection, n_epochs, answer):
        self.connection = connection
        self.n_epochs = n_epochs
        self.answer = answer
        self.seconds_waited = 0.0
        self.seconds_computed = 0.0

    def __iter__(self):
        self.connection.send("ready")
        for _ in range(self.n_epochs):
            start = perf_counter()
            while (request := self.connection.recv()) != ("epoch",):
                self.connection.send(self.answer(*request))
            asked = perf_counter()
            yield
            seconds = perf_counter() - asked
            self.connection.send(seconds)
            self.seconds_waited += asked - start
            self.seconds_computed += seconds


class LeftOutError(Exception):
    """A contestant cannot take part, or no longer."""


class Worker:
    """The parent's end of a contestant.

    Parameters
    ----------
    path : str
        Module and class of the contestant, with a colon between.
    environment : dict
        Environment variables that are set before its library is imported.
    arguments : tuple
        Those of the contestant.
    """

    def __init__(self, path, environment, arguments):
        # Not forked: the child would inherit the libraries that the parent has imported.
        context = get_context("spawn")
        self.connection, theirs = context.Pipe()
        # No daemon: ours would take it for one of a pool, and leave the other cores to the rest.
        self.process = context.Process(target=_work, args=(theirs, path, environment, arguments))
        self.process.start()
        theirs.close()

    def ask(self, *request):
        """Return the answer to one of: epoch, accuracy, predict N, outside, memory."""
        try:
            self.connection.send(request)
        except BrokenPipeError as exc:
            raise LeftOutError("its process ended") from exc
        return self.answer()

    def answer(self):
        """Wait for the answer to what was asked last; the first one says that it is ready."""
        try:
            answer = self.connection.recv()
        except (EOFError, ConnectionResetError) as exc:
            raise LeftOutError("its process ended") from exc
        if isinstance(answer, LeftOutError):
            raise answer
        return answer

    def close(self):
        """End the process."""
        self.connection.close()
        self.process.terminate()
        self.process.join()


def _work(connection, path, environment, arguments):
    """Run a contestant: train, then answer what is asked about the trained model."""
    os.environ.update(environment)
    try:
        _serve(connection, path, arguments)
    except EOFError:
        pass  # The parent has closed its end: nothing more is wanted.
    except Exception as exc:
        connection.send(LeftOutError(f"{type(exc).__name__}: {exc}".splitlines()[0]))


def _serve(connection, path, arguments):
    module, _, name = path.partition(":")
    contestant_class = getattr(import_module(module), name)
    corpus, _, n_epochs, _ = arguments
    if "torch" in sys.modules:
        # Ours flushes denormal numbers in training, which makes vanished gradients far cheaper.
        # Users of torch seldom do, but so the figures tell of the rest.
        sys.modules["torch"].set_flush_denormal(True)

    def answer(what, *arguments):
        match what:
            case "accuracy":
                return _accuracy(contestant, corpus.test)
            case "predict":
                return _predict_seconds(contestant, corpus.train.repeated(*arguments))
            case "outside":
                return total - epochs.seconds_computed - epochs.seconds_waited
            case "memory":
                peak = read_memory("VmHWM")
                return peak and peak / 2**20

    epochs = Epochs(connection, n_epochs, answer)
    start = perf_counter()
    contestant = contestant_class(*arguments)
    contestant.train(epochs)
    total = perf_counter() - start
    while True:
        connection.send(answer(*connection.recv()))


def _accuracy(contestant, documents):
    probabilities = contestant.predict_proba(contestant.prepare(documents))
    return float((probabilities.argmax(axis=1) == documents.labels).mean())


def _predict_seconds(contestant, documents):
    prepared = contestant.prepare(documents)
    start = perf_counter()
    contestant.predict_proba(prepared)
    return perf_counter() - start
