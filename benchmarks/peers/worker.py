"""One library at work, in a process of its own.

Settings of threads and what an import loads belong to a whole process, so no two libraries share
one. This file imports none of them.
"""

from multiprocessing import get_context
from time import perf_counter


class StoppedError(Exception):
    """The time was over."""


def in_own_process(library, train, test, seed, limit):
    """Return the accuracy on test and the seconds of a fit on train, as text.

    Parameters
    ----------
    library : type
        One of `LIBRARIES`. The time of its imports does not count.
    train, test : tuple of (texts, labels)
        What it learns, and what it is scored on.
    seed : int
        Its seed.
    limit : float
        After so many seconds it is stopped, and StoppedError raised.
    """
    context = get_context("spawn")  # A fork would inherit what the parent has imported.
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, library, train, test, seed))
    process.start()
    theirs.close()
    try:
        _receive(ours, None)  # It is imported now.
        return _receive(ours, limit)
    finally:
        process.kill()
        process.join()


def _receive(connection, limit):
    if not connection.poll(limit):
        raise StoppedError
    answer = connection.recv()
    if isinstance(answer, Exception):
        raise answer
    return answer


def _work(connection, library, train, test, seed):
    """Send that the library is there, and then its figures, or the error."""
    try:
        model = library(seed)
        connection.send("ready")
        start = perf_counter()
        model.fit(*train)
        seconds = perf_counter() - start
        accuracy = (model.predict(test[0]) == test[1]).mean()
        connection.send((f"{accuracy:.3f}", f"{seconds:.1f}"))
    except Exception as exc:
        # Not every exception can be sent.
        kind = ImportError if isinstance(exc, ImportError) else RuntimeError
        connection.send(kind(f"{type(exc).__name__}: {exc}".splitlines()[0]))
