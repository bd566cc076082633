"""Pairs of sources and targets as a network reads them, and batches of similar length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from sklearn_rnn._language.data import documents_to_data
from sklearn_rnn._training.batches import SequenceDataset, SimilarLengthBatches, packed_places
from sklearn_rnn._training.shards import round_up
from sklearn_rnn.modules import Regions

# Tokens of the targets of a part of a training batch, and of its sources where these are longer:
# few enough for the probabilities of all ids to be there at once.
PART_TOKENS = 512
MAX_PARTS = 8

# Bounds on a batch of a prediction: pairs, and positions of padded sources.
PREDICTION_PAIRS = 64
PREDICTION_POSITIONS = 2**13


class TextSources:
    """Sources that are texts.

    Parameters
    ----------
    X : csr_array of int32 of shape (n_sources, n_positions)
        Token ids. An empty source is read as one unknown token.
    """

    def __init__(self, X: csr_array) -> None:
        data = SequenceDataset(X)
        self.tokens, self.starts, self.lengths = data.tokens, data.starts, data.lengths
        self.n_tokens = np.diff(X.indptr)

    def gather(self, rows: np.ndarray) -> PackedSequence:
        """Return some of the sources, in this order."""
        order = np.argsort(-self.lengths[rows], kind="stable")
        sorted_rows = rows[order]
        places, batch_sizes = packed_places(self.starts[sorted_rows], self.lengths[sorted_rows])
        inverse = np.empty_like(order)
        inverse[order] = np.arange(len(order))
        return PackedSequence(
            torch.from_numpy(self.tokens[places]),
            torch.from_numpy(batch_sizes),
            torch.from_numpy(order),
            torch.from_numpy(inverse),
        )


class RegionSources:
    """Sources that are rows of vectors.

    Parameters
    ----------
    X : sequence of ndarray of float32 of shape (n_regions, n_features)
        The regions of each source.
    """

    def __init__(self, X: Sequence[np.ndarray]) -> None:
        self.vectors = X
        self.lengths = np.array([len(vectors) for vectors in X])
        self.n_tokens = self.lengths

    def gather(self, rows: np.ndarray) -> Regions:
        """Return some of the sources, in this order."""
        lengths = self.lengths[rows]
        n_features = self.vectors[rows[0]].shape[1]
        padded = np.zeros((len(rows), lengths.max(), n_features), np.float32)
        for place, row in enumerate(rows):
            padded[place, : lengths[place]] = self.vectors[row]
        return Regions(torch.from_numpy(padded), torch.from_numpy(lengths))


Sources = TextSources | RegionSources


@dataclass
class PairPart:
    """Pairs that can be computed in parallel to others, longest targets first.

    Parameters
    ----------
    source : PackedSequence or Regions
        The sources.
    ids : torch.nn.utils.rnn.PackedSequence of int32
        What the decoder reads: the boundary, then the target.
    targets : torch.Tensor of int64 of shape (n_tokens,)
        What comes next: the target, then the boundary.
    weights : torch.Tensor of float32 of shape (n_tokens,), default=None
        The weight of each token, that of its pair. None means 1.
    """

    source: PackedSequence | Regions
    ids: PackedSequence
    targets: Tensor
    weights: Tensor | None = None


@dataclass
class PairBatch:
    """A batch of pairs.

    Parameters
    ----------
    rows : ndarray of int64 of shape (n_pairs,)
        Their rows in the data set.
    parts : list of PairPart
        The pairs, in parts that can be computed in parallel.
    n_tokens : int
        Number of tokens to predict.
    n_shards : int, default=1
        Number of shards that the parts are dealt out to, in turn.
    """

    rows: np.ndarray
    parts: list[PairPart]
    n_tokens: int
    n_shards: int = 1

    def __len__(self) -> int:
        return len(self.rows)


class PairData(torch.utils.data.Dataset):
    """Pairs of sources and targets.

    Parameters
    ----------
    sources : TextSources or RegionSources
        The sources.
    targets : csr_array of int32 of shape (n_pairs, n_positions)
        Token ids of the targets. They may be empty.
    n_ids : int
        Number of ids that the network can write. The others are unknown tokens.
    weights : ndarray of float64 of shape (n_pairs,), default=None
        Weight of each pair in the loss. None means 1.
    """

    def __init__(
        self,
        sources: Sources,
        targets: csr_array,
        n_ids: int,
        weights: np.ndarray | None = None,
    ) -> None:
        self.sources = sources
        self.weights: np.ndarray | None = None
        if weights is not None and (weights != weights[0]).any():
            # A pair of weight 2 counts as two of weight 1, not more, whatever the others have.
            self.weights = (weights / weights.mean()).astype(np.float32)
        stream = documents_to_data(targets, n_ids)
        self.tokens, self.starts, self.lengths = stream.tokens, stream.starts, stream.lengths

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, row: int) -> tuple[np.ndarray, int]:
        start = self.starts[row]
        return self.tokens[start : start + self.lengths[row]], row

    def part(self, rows: np.ndarray) -> PairPart:
        """Gather pairs, longest targets first."""
        places, batch_sizes = packed_places(self.starts[rows], self.lengths[rows])
        weights = None
        if self.weights is not None:
            of_pairs = self.weights[rows]
            weights = torch.from_numpy(np.concatenate([of_pairs[:n] for n in batch_sizes]))
        return PairPart(
            self.sources.gather(rows),
            PackedSequence(torch.from_numpy(self.tokens[places]), torch.from_numpy(batch_sizes)),
            torch.from_numpy(self.tokens[places + 1].astype(np.int64)),
            weights,
        )


class PairBatches(SimilarLengthBatches):
    """Iterate over pairs in batches of targets, and then of sources, of similar length.

    Each iteration is one epoch.

    Parameters
    ----------
    dataset : PairData
        The pairs.
    batch_size : int
        Pairs in a batch.
    random_state : numpy.random.RandomState, default=None
        Source of the random order. None sorts all pairs by length.
    part_documents : int, default=None
        Batches are cut into parts that can be computed in parallel, of at least this many pairs.
        None leaves them whole.
    n_shards : int, default=1
        Number of shards to cut batches into, as in `SimilarLengthBatches`.
    """

    dataset: PairData  # type: ignore[assignment]

    def __init__(
        self,
        dataset: PairData,
        batch_size: int,
        random_state: np.random.RandomState | None = None,
        part_documents: int | None = None,
        n_shards: int = 1,
    ) -> None:
        super().__init__(dataset, batch_size, random_state)  # type: ignore[arg-type]
        self.part_documents = part_documents
        self.n_shards = n_shards

    def __iter__(self) -> Iterator[tuple[PairBatch, None]]:  # type: ignore[override]
        random_state = self.random_state
        for rows in self.plan() if random_state is None else self._random_plan(random_state):
            yield self.batch(rows), None

    def batch(self, rows: np.ndarray) -> PairBatch:
        """Gather a batch of pairs, longest targets first."""
        n_tokens = int(self.dataset.lengths[rows].sum())
        n_parts = 1
        if self.part_documents is not None:
            larger = max(n_tokens, int(self.dataset.sources.lengths[rows].sum()))
            most = min(len(rows) // self.part_documents, MAX_PARTS)
            n_parts = max(1, min(-(-larger // PART_TOKENS), most))
        n_parts = min(round_up(n_parts, self.n_shards), len(rows))
        parts = [self.dataset.part(rows[i::n_parts]) for i in range(n_parts)]
        return PairBatch(rows, parts, n_tokens, self.n_shards)

    def plan(self) -> list[np.ndarray]:
        """Return the rows of each batch of the fixed order."""
        order = self._longest_first(np.arange(len(self.dataset)))
        return np.split(order, range(self.batch_size, len(order), self.batch_size))

    def _longest_first(self, rows: np.ndarray) -> np.ndarray:
        """Sort rows by descending length of the target, ties by that of the source."""
        by_source = -self.dataset.sources.lengths[rows]
        return rows[np.lexsort([by_source, -self.dataset.lengths[rows]])]


def plan_sources(sources: Sources) -> list[np.ndarray]:
    """Return the rows of each batch of a prediction, longest sources first."""
    order = np.argsort(-sources.lengths, kind="stable")
    batches, start = [], 0
    while start < len(order):
        fitting = max(1, PREDICTION_POSITIONS // sources.lengths[order[start]])
        stop = start + min(PREDICTION_PAIRS, fitting)
        batches.append(order[start:stop])
        start = stop
    return batches
