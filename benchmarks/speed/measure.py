"""One row of the table: contestants take turns, epoch by epoch."""

from contextlib import ExitStack, contextmanager
from time import sleep

from benchmarks.speed.contestant import LeftOutError, Worker

# The threads of a library go on looking for work for some milliseconds after its last step.
PAUSE = 0.1


def measure(entries, corpus, network, *, n_rounds, seed, n_predicted=0):
    """Return what was measured of each contestant, and why some were left out.

    One round asks each contestant for one epoch, another one first each time, so that whatever
    else the machine does meets them alike. The first round warms up and is not counted.

    Parameters
    ----------
    entries : dict of str to Entry
        The contestants.
    corpus : Corpus
        The documents.
    network : Network
        What to build.
    n_rounds : int
        Counted rounds.
    seed : int
        Seed of each contestant.
    n_predicted : int, default=0
        If not 0, predictions for so many documents are timed as well, in as many rounds.

    Returns
    -------
    measured : dict of str to dict
        By contestant: seconds of each round, and so on.
    left_out : dict of str to str
        The reasons.
    """
    with contestants(entries, (corpus, network, 1 + n_rounds, seed)) as table:
        results = {
            "seconds": table.rounds(1 + n_rounds, "epoch"),
            "outside": table.ask_all("outside"),
            "accuracy": table.ask_all("accuracy"),
            "memory": table.ask_all("memory"),
        }
        if n_predicted:
            results["predict"] = table.rounds(1 + n_rounds, "predict", n_predicted)
        # Only now is it known who took part to the end.
        measured = {
            name: {what: answers[name] for what, answers in results.items()}
            for name in table.workers
        }
        for found in measured.values():
            found["warm_up"], *found["seconds"] = found["seconds"]
            if n_predicted:
                del found["predict"][0]
        return measured, table.left_out


class Table:
    """The workers that still take part, and why the others do not."""

    def __init__(self):
        self.workers = {}
        self.left_out = {}

    def add(self, name, worker):
        """Take a worker in once it is ready, so that none starts while another one is timed."""
        self.workers[name] = worker
        self._for_each([name], Worker.answer)

    def ask_all(self, *request):
        """Return the answer of each worker to a request."""
        return self._for_each(list(self.workers), lambda worker: worker.ask(*request))

    def rounds(self, n_rounds, *request):
        """Return the answers of each worker to a request made in turns."""
        answers = {name: [] for name in self.workers}
        for first in range(n_rounds):
            names = list(self.workers)
            first %= max(1, len(names))
            order = names[first:] + names[:first]
            for name, answer in self._for_each(order, lambda worker: worker.ask(*request)).items():
                answers[name].append(answer)
        return answers

    def _for_each(self, names, function):
        answers = {}
        for name in names:
            sleep(PAUSE)
            try:
                answers[name] = function(self.workers[name])
            except LeftOutError as exc:
                self.left_out[name] = str(exc)
                del self.workers[name]
        return answers


@contextmanager
def contestants(entries, arguments):
    """Start the processes of contestants, and end them after the block."""
    with ExitStack() as stack:
        table = Table()
        for name, entry in entries.items():
            # Not all of them can use a GPU, so none does.
            environment = {"CUDA_VISIBLE_DEVICES": "", **entry.environment}
            worker = Worker(entry.path, environment, arguments)
            stack.callback(worker.close)
            table.add(name, worker)
        yield table
