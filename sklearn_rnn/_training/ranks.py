"""The processes that train one network together, and the messages between them.

torch.distributed connects them: through a process group of the user, or one that is made here from
the environment that torchrun sets. Messages go through another group of the same processes, so that
they do not mix with others. A process that fails closes it, and the others fail at once, too,
instead of waiting forever.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from datetime import timedelta
from typing import Any

import numpy as np
import torch
from torch import distributed as dist

from sklearn_rnn._training.messages import pack, unpack

# How long processes wait for each other.
TIMEOUT = timedelta(minutes=5)

# What torchrun sets, and others that start processes.
_ENVIRONMENT = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")

# Bytes that each process sends at first. Later, the length of the messages decides.
_FIRST_SIZE = 2**12

# The purpose of a message: all processes must send the same kind.
START, STEP, END = range(3)


class Ranks:
    """Processes that train one network, seen from one of them.

    Parameters
    ----------
    rank : int, default=0
        The number of this process.
    n_ranks : int, default=1
        How many there are.
    group : torch.distributed.ProcessGroup, default=None
        What connects them.
    """

    def __init__(self, rank: int = 0, n_ranks: int = 1, group: Any = None) -> None:
        self.rank = rank
        self.n_ranks = n_ranks
        self.group = group
        # The process has one network at a time trained by all.
        self.turn = threading.RLock()
        self._size = _FIRST_SIZE
        self._n_messages = 0

    def gather(self, about: int, arrays: Sequence[np.ndarray]) -> list[list[np.ndarray]]:
        """Return the arrays of each process, in the order of the processes.

        Parameters
        ----------
        about : {START, STEP, END}
            The purpose, the same in all of them.
        arrays : sequence of ndarray
            Those of this process.

        Raises
        ------
        RuntimeError
            If another process has ended, does not answer, or is at another step of its training.
        """
        if self.n_ranks == 1:
            return [list(arrays)]
        self._n_messages += 1
        place = np.array([about, self._n_messages])
        gathered = [unpack(message) for message in self._exchange(pack([place, *arrays]))]
        if any((found[0] != place).any() for found in gathered):
            raise RuntimeError(
                f"Process {self.rank} of {self.n_ranks} is at another step of its training than "
                "the others. All of them must make the same calls of fit and partial_fit, and no "
                "callback may end the training of one alone."
            )
        return [found[1:] for found in gathered]

    def _exchange(self, message: np.ndarray) -> list[np.ndarray]:
        """Return the messages of all processes, which differ in length.

        All send the same number of bytes, an eighth more than the longest message before. If one is
        longer, they also send the rest of it.
        """
        gathered = self._all_gather(_cut(message, 0, self._size))
        lengths = [int(part[:8].view(np.int64)[0]) for part in gathered]
        longest = max(lengths)
        if longest > self._size:
            rest = self._all_gather(_cut(message, self._size, longest))
            gathered = [np.concatenate(parts) for parts in zip(gathered, rest, strict=True)]
        self._size = longest + longest // 8
        return [part[:length] for part, length in zip(gathered, lengths, strict=True)]

    def _all_gather(self, data: np.ndarray) -> list[np.ndarray]:
        """Return the messages of all processes, which are equally long."""
        gathered = [torch.empty(len(data), dtype=torch.uint8) for _ in range(self.n_ranks)]
        try:
            dist.all_gather(gathered, torch.from_numpy(data), group=self.group)
        except RuntimeError as exc:
            raise RuntimeError(
                f"Process {self.rank} of {self.n_ranks} has lost the others in training: one of "
                "them has ended, was interrupted, raised an error of its own, or did not answer "
                f"within {TIMEOUT.total_seconds():.0f} s. See what that one reports, and start all "
                "of them again."
            ) from exc
        return [part.numpy() for part in gathered]


def _cut(message: np.ndarray, start: int, stop: int) -> np.ndarray:
    """Return some bytes of a message, with zeros where it has ended."""
    part = np.zeros(stop - start, np.uint8)
    found = message[start:stop]
    part[: len(found)] = found
    return part


ALONE = Ranks()

# Those that this process is connected with, once it is.
_connected: Ranks | None = None
_world: Any = None
_connecting = threading.Lock()
_is_forked = False
# The process group of the parent, in a process that was forked.
_inherited: Any = ALONE


class _Local(threading.local):
    ranks = ALONE


_local = _Local()


def current_ranks() -> Ranks:
    """Return the processes that train the network of this thread."""
    return _local.ranks


@contextmanager
def sharing_out(estimator: Any) -> Iterator[Ranks]:
    """Let all processes train one network in the block; an error in it disconnects the others.

    Parameters
    ----------
    estimator : estimator instance
        Its `n_shards` says into how many shards they cut each batch.

    Yields
    ------
    ranks : Ranks
        The processes: only this one, unless there are more and `n_shards` is larger than 1.
    """
    ranks, before = _find_ranks(estimator), _local.ranks
    with ranks.turn if ranks.n_ranks > 1 else nullcontext():
        try:
            _local.ranks = ranks
            yield ranks
        except BaseException:
            leave(ranks)
            raise
        finally:
            _local.ranks = before


def leave(ranks: Ranks) -> None:
    """Cut the connection, so that processes that wait for this one fail at once."""
    global _connected
    group, ranks.group = ranks.group, None
    if _connected is ranks:
        _connected = None
    if group is not None:
        with suppress(ValueError, AssertionError, RuntimeError):  # the user may have ended it
            dist.destroy_process_group(group)


def count_processes() -> int:
    """Return how many processes the user has started to train together."""
    if not dist.is_available():
        return 1
    if dist.is_initialized():
        # A process that was forked has the sockets of its parent; it must not use them.
        return 1 if dist.group.WORLD is _inherited else dist.get_world_size()
    # It has the environment of its parent as well, as the workers of a pool have.
    if _is_forked or multiprocessing.current_process().name != "MainProcess":
        return 1
    if not all(os.environ.get(name) for name in _ENVIRONMENT):
        return 1
    return int(os.environ["WORLD_SIZE"])


def _find_ranks(estimator: Any) -> Ranks:
    n_ranks, n_shards = count_processes(), estimator.n_shards
    if n_ranks == 1:
        return ALONE
    name = type(estimator).__name__
    if n_shards == 1:
        warnings.warn(
            f"There are {n_ranks} processes, and each trains a {name} of its own, since n_shards "
            f"is 1. Set n_shards={n_ranks}, or a multiple of it, to train one in all of them.",
            stacklevel=2,
        )
        return ALONE
    if n_ranks > n_shards:
        raise ValueError(
            f"The 'n_shards' parameter of {name} must be at least the number of processes, so that "
            f"each has a shard of the batch. Got {n_shards} for {n_ranks} processes."
        )
    return _connect()


def _connect() -> Ranks:
    """Return all processes, connected to this one."""
    global _connected, _world
    with _connecting:
        # The user may have ended the process group, and made another one.
        if _connected is None or not dist.is_initialized() or _world is not dist.group.WORLD:
            try:
                if not dist.is_initialized():
                    _initialize()
                group = dist.new_group(backend="gloo", timeout=TIMEOUT)
            except RuntimeError as exc:
                raise RuntimeError(
                    f"This process did not reach the others within {TIMEOUT.total_seconds():.0f} "
                    "s. Start as many as WORLD_SIZE says, and let each of them call fit."
                ) from exc
            _world = dist.group.WORLD
            _connected = Ranks(dist.get_rank(), dist.get_world_size(), group)
        return _connected


def _initialize() -> None:
    """Make the default process group from the environment."""
    from torch.distributed.rendezvous import rendezvous  # not there where torch cannot do it

    store, rank, n_ranks = next(rendezvous("env://", timeout=TIMEOUT))
    # When torchrun starts processes again it keeps its store, in which are the addresses of those
    # that have ended.
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    store = dist.PrefixStore(f"sklearn_rnn/{attempt}", store)  # type: ignore[attr-defined]
    dist.init_process_group("gloo", store=store, rank=rank, world_size=n_ranks, timeout=TIMEOUT)
    atexit.register(_finalize)


def _finalize() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()


def _forget_connection() -> None:
    """Be alone in a process that was forked."""
    global _connected, _connecting, _is_forked, _world, _inherited
    _connected, _connecting, _is_forked, _world = None, threading.Lock(), True, None
    _inherited = dist.group.WORLD if dist.is_available() and dist.is_initialized() else ALONE
    _local.ranks = ALONE


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_connection)
