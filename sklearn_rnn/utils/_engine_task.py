"""What a task of dask, Ray or Spark is told of the worker that runs it."""

import sys


def count_sibling_tasks() -> int | None:
    """Return how many tasks the worker around this call runs at a time, None outside a task.

    It imports nothing: where a task runs, its engine has been imported.

    Examples
    --------
    >>> from sklearn_rnn.utils._engine_task import count_sibling_tasks
    >>> count_sibling_tasks() is None
    True
    """
    n_tasks = _count_in_dask()
    if n_tasks is None and (_is_in_ray() or _is_in_spark()):
        n_tasks = 1  # their workers are processes, with a task each
    return n_tasks


def _count_in_dask() -> int | None:
    distributed = sys.modules.get("distributed")
    try:
        return distributed.get_worker().state.nthreads  # type: ignore[union-attr]
    except (AttributeError, ValueError):  # not imported, or not inside a task
        return None


def _is_in_ray() -> bool:
    ray = sys.modules.get("ray")
    try:
        return (
            ray.is_initialized()  # type: ignore[union-attr]
            and ray.get_runtime_context().worker.mode == ray.WORKER_MODE  # type: ignore[union-attr]
        )
    except AttributeError:  # not imported, or a client of a cluster elsewhere
        return False


def _is_in_spark() -> bool:
    pyspark = sys.modules.get("pyspark")
    try:
        return pyspark.TaskContext.get() is not None  # type: ignore[union-attr]
    except AttributeError:
        return False
