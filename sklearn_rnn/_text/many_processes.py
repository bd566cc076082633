"""Tokenizing in several processes: documents are sent in parts, the ids of each part come back.

Threads would not help, because splitting text is Python code. A process receives a list of
documents and returns its distinct tokens and the corpus as int32 positions among them. The
vocabulary stays here: it is learned from the distinct tokens, or looked up for them.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from joblib.parallel import get_active_backend

from sklearn_rnn.utils._engine_task import count_sibling_tasks

# A corpus of fewer characters is read in the time that it takes to send it elsewhere. Parts are
# small enough for their tokens to fit into a cache, and large enough to meet most words often.
MIN_CHARACTERS = 2**20
_MIN_PART, _MAX_PART = 2**18, 2**24
# Documents that have no length, of a type that the user's function reads, count as much.
_UNKNOWN_LENGTH = 2**10

Indexed = tuple[list[str], np.ndarray, np.ndarray]


def count_processes(n_jobs: int | None) -> int:
    """Return the number of processes to split text in, 1 if no others can be started.

    Examples
    --------
    >>> from sklearn_rnn._text.many_processes import count_processes
    >>> count_processes(None), count_processes(2)
    (1, 2)
    """
    if n_jobs is None or count_sibling_tasks() is not None:
        return 1
    backend, _ = get_active_backend(prefer="processes")
    n_processes = effective_n_jobs(n_jobs)  # an error for 0
    return 1 if getattr(backend, "supports_sharedmem", False) else n_processes


def cut_into_parts(documents: list, n_processes: int) -> list[tuple[int, int]]:
    """Return where to cut documents into parts of equal numbers of characters: first row and end.

    There is a single part if the documents are too short to be worth sending.

    Examples
    --------
    >>> from sklearn_rnn._text.many_processes import cut_into_parts
    >>> cut_into_parts(["word " * 10**5] * 4, 2)
    [(0, 1), (1, 2), (2, 3), (3, 4)]
    >>> cut_into_parts(["word"] * 4, 2)
    [(0, 4)]
    """
    if n_processes == 1 or len(documents) < 2:
        return [(0, len(documents))]
    ends = np.cumsum(
        [len(each) if hasattr(each, "__len__") else _UNKNOWN_LENGTH for each in documents]
    )
    n_characters = int(ends[-1])
    if n_characters < MIN_CHARACTERS:
        return [(0, len(documents))]
    size = int(np.clip(n_characters // (4 * n_processes), _MIN_PART, _MAX_PART))
    cuts = np.searchsorted(ends, np.arange(size, n_characters, size)) + 1
    return list(pairwise(np.unique([0, *cuts, len(documents)]).tolist()))


def index_parts(
    documents: list,
    parts: list[tuple[int, int]],
    index: Callable[..., Indexed],
    analyze: Callable[[Any], Any],
    n_processes: int,
) -> list[Indexed]:
    """Return the result of `index` for each part of the documents, from several processes.

    Parameters
    ----------
    documents : list
        The documents.
    parts : list of pairs of int
        First row and end of each part, as `cut_into_parts` returns them.
    index : callable
        Function of documents, an analyzer and the row of the first document.
    analyze : callable
        From a document to its tokens.
    n_processes : int
        How many processes to use.
    """
    calls = (delayed(index)(documents[first:end], analyze, first) for first, end in parts)
    return Parallel(n_jobs=n_processes, prefer="processes", batch_size=1)(calls)


def join_parts(
    parts: list[Indexed], number: Callable[[list[str]], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of all tokens, and the length of each document, from parts in order.

    Parameters
    ----------
    parts : list of (tokens, occurrences, lengths)
        Each part in the form that `index_tokens` gives it.
    number : callable
        From tokens to their numbers, an array of int32.

    Examples
    --------
    >>> from sklearn_rnn._text.many_processes import join_parts
    >>> from sklearn_rnn._text.pieces import Numbering
    >>> from sklearn_rnn._text.vocabulary import index_tokens
    >>> parts = [index_tokens([text], str.split) for text in ("to be", "or not to be")]
    >>> join_parts(parts, Numbering().number)
    (array([0, 1, 2, 3, 0, 1], dtype=int32), array([2, 4]))
    """
    numbers = [number(tokens)[occurrences] for tokens, occurrences, _ in parts]
    return np.concatenate(numbers), np.concatenate([lengths for *_, lengths in parts])
