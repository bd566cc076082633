"""Rows of the CSR matrix to packed batches of documents of similar length."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heapreplace
from itertools import pairwise

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from sklearn_rnn._text.sequences import sequence_lengths
from sklearn_rnn._text.vocabulary import UNKNOWN_ID
from sklearn_rnn._training.shards import round_up

# An epoch is cut at random into windows of batches, and documents are sorted by length within a
# window: few enough to leave the batches random, many enough to make lengths similar. One window
# over all would give each document the same batch-mates in every epoch, so a window is a quarter of
# the epoch, and at most this many batches.
MAX_WINDOW = 100
WINDOW_SHARE = 4

# Bound on the tokens of a prediction batch, so that its states stay in the cache, and a few very
# long documents do not take the memory of a whole batch.
MAX_BATCH_TOKENS = 2**14

# Tokens of a part of a training batch: few enough for the states of all steps to stay in the cache
# of a core. A batch is cut in two from so many on as make up for starting a second thread.
PART_TOKENS = 2560
MIN_TOKENS_TO_CUT = 1024
# The package's kernels start threads themselves, so that a batch is cut for the sake of the cache
# alone.
MIN_TOKENS_TO_CUT_WITH_KERNELS = 2 * PART_TOKENS


@dataclass
class TokenBatch:
    """Documents of a batch.

    Parameters
    ----------
    rows : ndarray of int64 of shape (n_documents,)
        The documents' rows in the data set, part by part, the longest of a part first.
    parts : list of torch.nn.utils.rnn.PackedSequence of int32
        Their token ids, with no padding, in parts that can be computed in parallel.
    n_shards : int, default=1
        Number of shards that the parts are dealt out to, in turn.
    """

    rows: np.ndarray
    parts: list[PackedSequence]
    n_shards: int = 1

    @property
    def part_sizes(self) -> list[int]:
        """Number of documents in each part."""
        return [int(part.batch_sizes[0]) for part in self.parts]

    @property
    def target_sizes(self) -> list[int]:
        """Number of targets of each part."""
        return self.part_sizes

    def __len__(self) -> int:
        return len(self.rows)


class SequenceDataset(torch.utils.data.Dataset):
    """Token ids as one flat stream, with the targets and weights of the documents.

    An empty document is read as one unknown token, so that every document has a state.

    Parameters
    ----------
    X : csr_array of int32 of shape (n_documents, n_positions)
        Token ids, as `check_sequences` returns them.
    targets : ndarray of shape (n_documents, ...), default=None
        What the network should predict.
    weights : ndarray of float32 of shape (n_documents,), default=None
        Weight of each document in the loss. None means 1.

    Examples
    --------
    >>> from sklearn_rnn._training.batches import SequenceDataset
    >>> from sklearn_rnn._text.sequences import check_sequences
    >>> data = SequenceDataset(check_sequences([[5, 0], [0, 0], [2, 7]]))
    >>> data.tokens
    array([5, 1, 2, 7], dtype=int32)
    """

    def __init__(
        self,
        X: csr_array,
        targets: np.ndarray | None = None,
        weights: np.ndarray | None = None,
    ) -> None:
        lengths = sequence_lengths(X).astype(np.int64)
        empty = np.flatnonzero(lengths == 0)
        self.tokens = np.insert(X.data, X.indptr[empty], UNKNOWN_ID) if len(empty) else X.data
        self.lengths = np.maximum(lengths, 1)
        self.starts = np.cumsum(self.lengths) - self.lengths
        self.targets = np.zeros(len(lengths), np.int64) if targets is None else targets
        self.weights = np.ones(len(lengths), np.float32) if weights is None else weights

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        start = self.starts[row]
        return self.tokens[start : start + self.lengths[row]], self.targets[row]

    def batch(
        self,
        rows: np.ndarray,
        lengths: np.ndarray | None = None,
        offsets: np.ndarray | None = None,
        n_parts: int = 1,
    ) -> tuple[TokenBatch, tuple[Tensor, Tensor]]:
        """Gather documents, given longest first, into one batch.

        Parameters
        ----------
        rows : ndarray of int64 of shape (n_documents,)
            Rows, by descending length.
        lengths : ndarray of int64 of shape (n_documents,), default=None
            Number of tokens to read of each. None means all.
        offsets : ndarray of int64 of shape (n_documents,), default=None
            Number of tokens of each to skip before these. None means 0.
        n_parts : int, default=1
            Number of parts to cut the batch into, with about equal numbers of tokens. There are
            no more than documents.

        Returns
        -------
        tokens : TokenBatch
            The documents, part by part.
        targets : tuple of two tensors of shape (n_documents, ...)
            Their targets and weights.
        """
        lengths = self.lengths[rows] if lengths is None else lengths
        starts = self.starts[rows] if offsets is None else self.starts[rows] + offsets
        sizes = [len(rows)]
        if n_parts > 1:
            by_part = deal_documents(lengths, min(n_parts, len(rows)))
            sizes = [len(places) for places in by_part]
            order = np.concatenate(by_part)
            rows, lengths, starts = rows[order], lengths[order], starts[order]
        ends = np.cumsum([0, *sizes]).tolist()
        parts = [self._pack(starts[a:z], lengths[a:z]) for a, z in pairwise(ends)]
        targets = torch.from_numpy(self.targets[rows]), torch.from_numpy(self.weights[rows])
        return TokenBatch(rows, parts), targets

    def _pack(self, starts: np.ndarray, lengths: np.ndarray) -> PackedSequence:
        """Gather the tokens of documents, longest first, step by step."""
        places, batch_sizes = packed_places(starts, lengths)
        return PackedSequence(torch.from_numpy(self.tokens[places]), torch.from_numpy(batch_sizes))


def deal_documents(lengths: np.ndarray, n_parts: int) -> list[np.ndarray]:
    """Return which documents each part of a batch gets, so that no part has much more to read.

    Each document, the longest first, goes to the part that has the fewest tokens so far (Graham,
    "Bounds on multiprocessing timing anomalies", 1969).

    Parameters
    ----------
    lengths : ndarray of int64 of shape (n_documents,)
        Number of tokens of each document, descending, all at least 1.
    n_parts : int
        Number of parts, at most that of documents.

    Returns
    -------
    places : list of ndarray of int64
        For each part, which documents it gets, ascending.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._training.batches import deal_documents
    >>> deal_documents(np.array([9, 5, 4, 2]), n_parts=2)
    [array([0, 3]), array([1, 2])]
    """
    parts = [(0, part) for part in range(n_parts)]
    part_of = []
    for length in lengths.tolist():
        n_tokens, part = parts[0]
        part_of.append(part)
        heapreplace(parts, (n_tokens + length, part))
    return [np.flatnonzero(np.equal(part_of, part)) for part in range(n_parts)]


def packed_places(starts: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where the tokens of a packed batch lie in a flat stream, step by step.

    Parameters
    ----------
    starts : ndarray of int64 of shape (n_documents,)
        The place of the first token of each document.
    lengths : ndarray of int64 of shape (n_documents,)
        Number of tokens to read of each, descending.

    Returns
    -------
    places : ndarray of int64 of shape (n_tokens,)
        The place of each token, in packed order.
    batch_sizes : ndarray of int64 of shape (n_steps,)
        How many documents are longer than each step.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._training.batches import packed_places
    >>> packed_places(np.array([10, 20]), np.array([3, 2]))
    (array([10, 20, 11, 21, 12]), array([2, 2, 1]))
    """
    steps = np.arange(lengths[0])
    batch_sizes = np.searchsorted(-lengths, -steps, side="left")
    rank_of_step = np.cumsum(batch_sizes) - batch_sizes
    ranks = np.arange(lengths.sum()) - np.repeat(rank_of_step, batch_sizes)
    return starts[ranks] + np.repeat(steps, batch_sizes), batch_sizes


class SimilarLengthBatches:
    """Iterate over a data set in batches of documents of similar length.

    Each iteration is one epoch.

    Parameters
    ----------
    dataset : SequenceDataset
        The documents.
    batch_size : int
        Documents in a batch.
    random_state : numpy.random.RandomState, default=None
        Source of the random order: documents are shuffled, sorted by length in windows of some
        batches, and the batches shuffled again. If None, the order is fixed, all documents are
        sorted by length, and batches of very long documents are made smaller.
    crop_length : int, default=None
        Number of tokens to read of a longer document, from a random place. None reads whole
        documents. Ignored if `random_state` is None.
    part_documents : int, default=None
        Batches are cut into parts that can be computed in parallel, of at least this many documents
        on average, except for the first cut in two and an odd number of parts, which gets one more.
        None leaves batches whole.
    by_kernels : bool, default=False
        Whether the package's kernels read the batches. They start threads themselves, so larger
        batches stay whole.
    n_shards : int, default=1
        Number of shards to cut batches into, with equal numbers of parts. If there are too few
        documents, some shards stay empty.
    """

    def __init__(
        self,
        dataset: SequenceDataset,
        batch_size: int,
        random_state: np.random.RandomState | None = None,
        crop_length: int | None = None,
        part_documents: int | None = None,
        by_kernels: bool = False,
        n_shards: int = 1,
    ) -> None:
        self.dataset = dataset
        self.batch_size = batch_size
        self.random_state = random_state
        self.crop_length = crop_length
        self.part_documents = part_documents
        self.by_kernels = by_kernels
        self.n_shards = n_shards

    def __len__(self) -> int:
        return len(self.plan()) if self.random_state is None else self._n_random_batches()

    def __iter__(self) -> Iterator[tuple[TokenBatch, tuple[Tensor, Tensor]]]:
        if self.random_state is None:
            for rows in self.plan():
                yield self._batch(rows, self.dataset.lengths[rows])
        else:
            for rows in self._random_plan(self.random_state):
                yield self._batch(rows, *self._crop(rows, self.random_state))

    def _batch(
        self, rows: np.ndarray, lengths: np.ndarray, offsets: np.ndarray | None = None
    ) -> tuple[TokenBatch, tuple[Tensor, Tensor]]:
        n_parts = 1
        least = MIN_TOKENS_TO_CUT_WITH_KERNELS if self.by_kernels else MIN_TOKENS_TO_CUT
        if self.part_documents is not None and (n_tokens := lengths.sum()) >= least:
            n_parts = max(2, min(n_tokens // PART_TOKENS, len(rows) // self.part_documents))
            n_parts = round_up(n_parts, 2)  # of three, one thread of two would wait for the other
        n_parts = round_up(n_parts, self.n_shards)
        batch, targets = self.dataset.batch(rows, lengths, offsets, n_parts)
        batch.n_shards = self.n_shards
        return batch, targets

    def _n_random_batches(self) -> int:
        return -(-len(self.dataset) // self.batch_size)

    def _random_plan(self, random_state: np.random.RandomState) -> list[np.ndarray]:
        """Return the rows of each batch of a random epoch."""
        order = random_state.permutation(len(self.dataset))
        # Batches differ by at most one document, so that none has a much louder gradient.
        sizes = np.array([len(part) for part in np.array_split(order, self._n_random_batches())])
        ends = np.cumsum(sizes)
        n_window = min(MAX_WINDOW, -(-len(sizes) // WINDOW_SHARE))
        batches = []
        for first in range(0, len(sizes), n_window):
            window_sizes = sizes[first : first + n_window]
            start = ends[first] - sizes[first]
            window = self._longest_first(order[start : start + window_sizes.sum()])
            batches += np.split(window, np.cumsum(window_sizes)[:-1])
        return [batches[i] for i in random_state.permutation(len(batches))]

    def plan(self) -> list[np.ndarray]:
        """Return the rows of each batch of the fixed order, longest documents first."""
        order = self._longest_first(np.arange(len(self.dataset)))
        lengths = self.dataset.lengths[order]
        batches, start = [], 0
        while start < len(order):
            fitting = max(1, MAX_BATCH_TOKENS // lengths[start])
            stop = start + min(self.batch_size, fitting)
            batches.append(order[start:stop])
            start = stop
        return batches

    def _longest_first(self, rows: np.ndarray) -> np.ndarray:
        """Sort rows by descending number of tokens to read, ties in the order given."""
        lengths = self.dataset.lengths[rows]
        if self.random_state is not None and self.crop_length is not None:
            lengths = np.minimum(lengths, self.crop_length)
        return rows[np.argsort(-lengths, kind="stable")]

    def _crop(
        self, rows: np.ndarray, random_state: np.random.RandomState
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return how many tokens to read of each document, and from where on."""
        lengths = self.dataset.lengths[rows]
        if self.crop_length is None:
            return lengths, np.zeros_like(lengths)
        cropped = np.minimum(lengths, self.crop_length)
        return cropped, random_state.randint(lengths - cropped + 1)
