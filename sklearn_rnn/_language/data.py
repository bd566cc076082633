"""Texts as sequences for a language model: what it reads, and what follows each token."""

from __future__ import annotations

import numpy as np
import torch
from scipy.sparse import csr_array

from sklearn_rnn._text.sequences import sequence_lengths
from sklearn_rnn._text.vocabulary import UNKNOWN_ID

# In the CSR matrix of a corpus id 0 is padding, which is not stored: here it is what a model reads
# before the first token of a text, and predicts after the last one.
BOUNDARY_ID = 0


class LanguageData(torch.utils.data.Dataset):
    """One flat stream of token ids, and the sequences in it.

    A sequence reads the ids from its start on, and predicts at each of them the id after it.

    Parameters
    ----------
    tokens : ndarray of int32 of shape (n_tokens + 1,)
        The ids. All but the last are read once, all but the first predicted once.
    starts : ndarray of int64 of shape (n_sequences,)
        Start of each sequence.
    lengths : ndarray of int64 of shape (n_sequences,)
        Number of ids that each reads.
    n_unscored : ndarray of int64 of shape (n_sequences,), default=None
        Number of these with which it only warms up: another sequence predicts what follows them.
        None means 0.
    labels : ndarray of int64 of shape (n_sequences,), default=None
        The label of each.
    """

    def __init__(
        self,
        tokens: np.ndarray,
        starts: np.ndarray,
        lengths: np.ndarray,
        *,
        n_unscored: np.ndarray | None = None,
        labels: np.ndarray | None = None,
    ) -> None:
        self.tokens = tokens
        self.starts = starts
        self.lengths = lengths
        self.n_unscored = np.zeros_like(lengths) if n_unscored is None else n_unscored
        self.labels = labels

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def n_tokens(self) -> int:
        """Number of tokens that are predicted."""
        return len(self.tokens) - 1


def documents_to_data(X: csr_array, n_ids: int, labels: np.ndarray | None = None) -> LanguageData:
    """Return a sequence for each document, which begins and ends at the boundary.

    Parameters
    ----------
    X : csr_array of int32 of shape (n_documents, n_positions)
        Token ids.
    n_ids : int
        Number of ids that the model knows. Others are unknown tokens.
    labels : ndarray of int64 of shape (n_documents,), default=None
        The label of each document.

    Examples
    --------
    >>> from sklearn_rnn._language.data import documents_to_data
    >>> from sklearn_rnn._text.sequences import check_sequences
    >>> data = documents_to_data(check_sequences([[5, 6], [0, 0], [7, 0]]), n_ids=10)
    >>> data.tokens
    array([0, 5, 6, 0, 0, 7, 0], dtype=int32)
    >>> data.starts, data.lengths  # the empty document reads one boundary and predicts another
    (array([0, 3, 4]), array([3, 1, 2]))
    """
    ends = X.indptr[1:].astype(np.int64)
    tokens = np.insert(_known(X.data, n_ids), np.append(0, ends), BOUNDARY_ID)
    lengths = sequence_lengths(X).astype(np.int64) + 1
    return LanguageData(tokens, np.cumsum(lengths) - lengths, lengths, labels=labels)


def stream_to_data(X: csr_array, n_ids: int, n_pieces: int, *, warm_up: int = 0) -> LanguageData:
    """Return all documents as one stream, cut into pieces that are read side by side.

    Parameters
    ----------
    X : csr_array of int32 of shape (n_documents, n_positions)
        Token ids.
    n_ids : int
        Number of ids that the model knows. Others are unknown tokens.
    n_pieces : int
        Number of pieces, at most one for each token.
    warm_up : int, default=0
        Number of tokens that each piece reads before its own, so that its state is close to that
        after the whole stream before. The first piece reads only the boundary.

    Examples
    --------
    >>> from sklearn_rnn._language.data import stream_to_data
    >>> from sklearn_rnn._text.sequences import check_sequences
    >>> data = stream_to_data(check_sequences([[5, 6], [0, 0], [7, 0]]), n_ids=10, n_pieces=2)
    >>> data.tokens
    array([0, 5, 6, 7], dtype=int32)
    >>> data.starts, data.lengths
    (array([0, 1]), array([1, 2]))
    """
    tokens = np.append(np.int32(BOUNDARY_ID), _known(X.data, n_ids))
    n_tokens = len(tokens) - 1
    n_pieces = max(1, min(n_pieces, n_tokens))
    bounds = n_tokens * np.arange(n_pieces + 1, dtype=np.int64) // n_pieces
    n_unscored = np.minimum(bounds[:-1], warm_up)
    return LanguageData(
        tokens, bounds[:-1] - n_unscored, np.diff(bounds) + n_unscored, n_unscored=n_unscored
    )


def _known(ids: np.ndarray, n_ids: int) -> np.ndarray:
    return np.where(ids < n_ids, ids, np.int32(UNKNOWN_ID))
