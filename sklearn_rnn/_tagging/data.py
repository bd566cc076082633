"""Sentences as a data set: flat tokens with their spellings and tags, in packed batches."""

from __future__ import annotations

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from sklearn_rnn._tagging.spelling import SpelledWords
from sklearn_rnn._text.sequences import sequence_lengths
from sklearn_rnn._training.batches import TokenBatch, packed_places
from sklearn_rnn.modules import PackedWords, Spellings


class SentenceBatch(TokenBatch):
    """Sentences of a batch, whose targets are tags of tokens."""

    @property
    def target_sizes(self) -> list[int]:
        """Number of tokens of each part."""
        return [int(part.batch_sizes.sum()) for part in self.parts]


class TaggingData(torch.utils.data.Dataset):
    """The tokens of sentences as one flat stream, with their tags.

    Empty sentences have nothing to tag and are left out: the items are the others.

    Parameters
    ----------
    X : csr_array of int32 of shape (n_sentences, n_positions)
        Token ids.
    words : tuple of ndarray of int32 of shape (n_tokens,) and SpelledWords, default=None
        Which word each token is, and how these are spelled. None reads only ids.
    tags : ndarray of int64 of shape (n_tokens,), default=None
        The tags.
    weights : ndarray of float64 of shape (n_sentences,), default=None
        Weight of each sentence in the loss. None means 1.
    """

    def __init__(
        self,
        X: csr_array,
        words: tuple[np.ndarray, SpelledWords] | None = None,
        tags: np.ndarray | None = None,
        weights: np.ndarray | None = None,
    ) -> None:
        lengths = sequence_lengths(X).astype(np.int64)
        self.rows = np.flatnonzero(lengths)
        self.tokens = X.data
        self.lengths = lengths[self.rows]
        self.starts = X.indptr[self.rows].astype(np.int64)
        self.words = words
        self.tags = np.zeros(len(X.data), np.int64) if tags is None else tags
        weights = np.ones(len(lengths)) if weights is None else weights
        self.weights = weights[self.rows].astype(np.float32)

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def n_tokens(self) -> int:
        """Number of tokens."""
        return len(self.tokens)

    def batch(
        self,
        rows: np.ndarray,
        lengths: np.ndarray | None = None,
        offsets: np.ndarray | None = None,
        n_parts: int = 1,
    ) -> tuple[TokenBatch, tuple[Tensor, Tensor]]:
        """Gather sentences, given longest first, into one batch.

        Parameters
        ----------
        rows : ndarray of int64 of shape (n_sentences,)
            Items, by descending length.
        lengths, offsets
            As in `SequenceDataset.batch`; sentences are always read completely.
        n_parts : int, default=1
            Number of parts to cut the batch into, at most one for each sentence. Sentences are
            dealt out in turn, so that the parts have about equal numbers of tokens.

        Returns
        -------
        words : TokenBatch
            The sentences.
        targets : tuple of two tensors of shape (n_tokens,) and (n_sentences,)
            Their tags, in the packed order of each part, and their weights.
        """
        n_parts = min(n_parts, len(rows))
        by_part = [rows[i::n_parts] for i in range(n_parts)]
        rows, all_places, parts = np.concatenate(by_part), [], []
        for some in by_part:
            places, batch_sizes = self.places(some)
            ids, sizes = torch.from_numpy(self.tokens[places]), torch.from_numpy(batch_sizes)
            spelled = None if self.words is None else _spellings(places, *self.words)
            parts.append(PackedWords(ids, sizes, spelled))
            all_places.append(places)
        tags = torch.from_numpy(self.tags[np.concatenate(all_places)])
        targets = tags, torch.from_numpy(self.weights[rows])
        return SentenceBatch(rows, parts), targets  # type: ignore[arg-type]

    def places(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where the tokens of a batch lie in the stream, and how many run at each step."""
        return packed_places(self.starts[rows], self.lengths[rows])


def _spellings(places: np.ndarray, index: np.ndarray, spelled: SpelledWords) -> Spellings:
    """Return the distinct words of the tokens at some places, longest first."""
    words, word_of = np.unique(index[places], return_inverse=True)
    order = np.argsort(-spelled.lengths[words], kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    words = words[order]
    places, batch_sizes = packed_places(spelled.starts[words], spelled.lengths[words])
    characters = torch.from_numpy(spelled.characters[places])
    return Spellings(
        torch.from_numpy(rank[word_of]),
        PackedSequence(characters, torch.from_numpy(batch_sizes)),
        torch.from_numpy(spelled.shapes[words]),
        torch.from_numpy(spelled.affixes[words]),
    )
