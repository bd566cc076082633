"""Windows over time: some steps of sequences, read with the state of the previous window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from sklearn_rnn._language.data import LanguageData
from sklearn_rnn._training.batches import PART_TOKENS, SimilarLengthBatches, packed_places
from sklearn_rnn._training.shards import round_up


@dataclass
class WindowPart:
    """Some steps of sequences that can be computed in parallel to others.

    Parameters
    ----------
    ids : torch.nn.utils.rnn.PackedSequence of int32
        What to read, longest sequences first.
    targets : torch.Tensor of int64 of shape (n_tokens,)
        What follows each of these ids.
    places : ndarray of int64 of shape (n_tokens,)
        Where they lie in the stream.
    rows : ndarray of int64 of shape (n_sequences,)
        The sequences.
    labels : torch.Tensor of int64 of shape (n_sequences,) or None
        Their labels.
    """

    ids: PackedSequence
    targets: Tensor
    places: np.ndarray
    rows: np.ndarray
    labels: Tensor | None

    def __len__(self) -> int:
        return len(self.places)


@dataclass
class Window:
    """Steps of a batch of sequences, in parts that can be computed in parallel.

    Parameters
    ----------
    parts : list of WindowPart
        The parts. Those of the next window continue with the same sequences; if all of one have
        ended, it is missing at the end of the list.
    is_first : bool
        Whether the sequences start here.
    mean_size : float
        Mean number of tokens of a window.
    n_shards : int, default=1
        Number of shards that the parts are dealt out to, in turn.
    """

    parts: list[WindowPart]
    is_first: bool
    mean_size: float
    n_shards: int = 1

    def __len__(self) -> int:
        return sum(map(len, self.parts))


def cut_window(data: LanguageData, rows: np.ndarray, start: int, stop: int) -> WindowPart:
    """Return the steps from `start` to `stop` of those sequences that are long enough.

    Parameters
    ----------
    data : LanguageData
        The sequences.
    rows : ndarray of int64 of shape (n_sequences,)
        Which of them, longest first.
    start, stop : int
        The steps.
    """
    lengths = data.lengths[rows]
    rows = rows[: np.searchsorted(-lengths, -start, side="left")]
    lengths = np.minimum(lengths[: len(rows)], stop) - start
    places, batch_sizes = packed_places(data.starts[rows] + start, lengths)
    return WindowPart(
        PackedSequence(torch.from_numpy(data.tokens[places]), torch.from_numpy(batch_sizes)),
        torch.from_numpy(data.tokens[places + 1].astype(np.int64)),
        places,
        rows,
        None if data.labels is None else torch.from_numpy(data.labels[rows]),
    )


class LanguageWindows(SimilarLengthBatches):
    """Iterate over sequences in batches of similar length, and over each batch window by window.

    Each iteration is one epoch.

    Parameters
    ----------
    dataset : LanguageData
        The sequences.
    batch_size : int
        Sequences in a batch.
    bptt : int
        Largest number of steps of a window. The first one of a batch is shorter, at random, so that
        the cuts differ from epoch to epoch.
    random_state : numpy.random.RandomState, default=None
        Source of the random order and of the first cuts. None sorts the sequences by length, and
        cuts at the multiples of `bptt`.
    part_documents : int, default=None
        Windows are cut into parts that can be computed in parallel, of about this many sequences.
        None leaves them whole.
    n_shards : int, default=1
        Number of shards to cut windows into, as in `SimilarLengthBatches`.
    """

    dataset: LanguageData  # type: ignore[assignment]  # of which the lengths alone are asked for

    def __init__(
        self,
        dataset: LanguageData,
        batch_size: int,
        bptt: int = 128,
        random_state: np.random.RandomState | None = None,
        part_documents: int | None = None,
        n_shards: int = 1,
    ) -> None:
        super().__init__(dataset, batch_size, random_state)  # type: ignore[arg-type]
        self.bptt = bptt
        self.part_documents = part_documents
        self.n_shards = n_shards

    def __iter__(self) -> Iterator[tuple[Window, None]]:  # type: ignore[override]
        random_state = self.random_state
        for rows in self.plan() if random_state is None else self._random_plan(random_state):
            n_parts = min(round_up(self._count_parts(len(rows)), self.n_shards), len(rows))
            longest = int(self.dataset.lengths[rows[0]])
            for start, stop in pairwise(self._cuts(longest)):
                parts = [
                    cut_window(self.dataset, rows[i::n_parts], start, stop)
                    for i in range(n_parts)
                    if self.dataset.lengths[rows[i]] > start
                ]
                yield Window(parts, start == 0, self._mean_size, self.n_shards), None

    def plan(self) -> list[np.ndarray]:
        """Return the sequences of each batch of the fixed order, longest first."""
        order = self._longest_first(np.arange(len(self.dataset)))
        return np.split(order, range(self.batch_size, len(order), self.batch_size))

    def _cuts(self, longest: int) -> list[int]:
        """Return where the windows of a batch begin and end."""
        first = 0
        if self.random_state is not None and longest > self.bptt > 1:
            first = self.random_state.randint(self.bptt // 2, self.bptt)
        return [0, *range(first or self.bptt, longest, self.bptt), longest]

    def _count_parts(self, n_sequences: int) -> int:
        if self.part_documents is None:
            return 1
        n_parts = min(n_sequences * self.bptt // PART_TOKENS, n_sequences // self.part_documents)
        return max(1, min(n_sequences, max(2, n_parts)))

    @cached_property
    def _mean_size(self) -> float:
        """Number of tokens divided by that of windows, given the lengths of the batches."""
        lengths = self.dataset.lengths
        n_windows = np.ceil(lengths / self.bptt).mean() * self._n_random_batches()
        return float(lengths.sum() / n_windows)
