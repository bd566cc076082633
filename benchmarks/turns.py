"""Contestants that take turns, each in a process of its own, and how their figures are shown."""

from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from statistics import median
from time import sleep

from benchmarks.speed.measure import PAUSE


@contextmanager
def own_processes(names):
    """Yield an executor with one process for each name; one that is not asked computes nothing.

    Settings of threads and what an import loads belong to a whole process, so no two share one.
    """
    # Not forked: the child would inherit the libraries that the parent has imported.
    context = get_context("spawn")
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(ProcessPoolExecutor(1, mp_context=context)) for name in names
        }


def in_turns(names, function, n_rounds):
    """Call a function for each name in each round, another one first each time.

    Parameters
    ----------
    names : iterable of str
        The contestants.
    function : callable
        Takes a name. One for which it raises ImportError is left out.
    n_rounds : int
        How many rounds.

    Returns
    -------
    answers : dict of str to list
        What was returned in each round, by name.
    left_out : dict of str to str
        The reasons.
    """
    answers, left_out = {name: [] for name in names}, {}
    for turn in range(n_rounds):
        order = list(answers)
        first = turn % max(1, len(order))
        for name in order[first:] + order[:first]:
            sleep(PAUSE)
            try:
                answers[name].append(function(name))
            except ImportError as exc:
                left_out[name] = str(exc)
                del answers[name]
    return answers, left_out


def show(values, form=".2f"):
    """Return the median of values, and the smallest and largest in brackets."""
    return f"{median(values):{form}} [{min(values):{form}}..{max(values):{form}}]"
