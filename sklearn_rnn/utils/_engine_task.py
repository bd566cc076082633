"""What a task of dask is told of the worker that runs it."""

import sys


def count_sibling_tasks() -> int | None:
    """Return how many tasks the dask worker around this call runs at a time, None outside a task.

    It imports nothing: where a task of dask runs, distributed has been imported.

    Examples
    --------
    >>> from sklearn_rnn.utils._dask_task import count_sibling_tasks
    >>> count_sibling_tasks() is None
    True
    """
    distributed = sys.modules.get("distributed")
    try:
        return distributed.get_worker().state.nthreads  # type: ignore[union-attr]
    except (AttributeError, ValueError):  # not imported, or not inside a task
        return None
