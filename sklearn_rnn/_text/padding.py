"""The last step of a vectorizer: token ids in the requested container, and its columns."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from sklearn.utils.validation import check_is_fitted

from sklearn_rnn._sklearn_compat import is_drawing_diagram
from sklearn_rnn._text.sequences import sequences_from_flat, truncate


def to_container(
    ids: np.ndarray,
    lengths: np.ndarray,
    *,
    n_positions: int,
    max_length: int | None = None,
    truncation: str = "head",
    sparse_output: bool = True,
) -> csr_array | np.ndarray:
    """Return token ids as a sparse matrix, or as an array padded with 0.

    Parameters
    ----------
    ids : ndarray of int32 of shape (n_tokens,)
        The token ids, document after document.
    lengths : ndarray of int of shape (n_documents,)
        The number of tokens of each document.
    n_positions : int
        Number of columns. A sparse matrix becomes wider if documents are longer.
    max_length, truncation, sparse_output
        As in :class:`~sklearn_rnn.SequenceVectorizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._text.padding import to_container
    >>> ids, lengths = np.array([5, 6, 7], np.int32), np.array([1, 2])
    >>> to_container(ids, lengths, n_positions=1).toarray()
    array([[5, 0],
           [6, 7]], dtype=int32)
    >>> to_container(ids, lengths, n_positions=1, sparse_output=False)
    array([[5],
           [6]], dtype=int32)
    """
    if max_length is not None or not sparse_output:
        ids, lengths = truncate(ids, lengths, n_positions, keep=truncation)
    else:
        n_positions = max(n_positions, int(lengths.max()))
    sequences = sequences_from_flat(ids, lengths, width=n_positions)
    return sequences if sparse_output else sequences.toarray()


class PositionNamesMixin:
    """Name the columns of a transformed ndarray, which are the `n_positions_` positions."""

    n_positions_: int

    def get_feature_names_out(self, input_features=None):
        """Return the names of the columns of a transformed ndarray, which are positions.

        The tokens are in `tokens_`.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Ignored, present for API consistency.

        Returns
        -------
        feature_names_out : ndarray of str objects of shape (n_positions,)
            "position0", "position1" and so on.
        """
        check_is_fitted(self)
        if is_drawing_diagram():  # which would call positions features
            raise AttributeError("The columns are positions, not features.")
        return np.array([f"position{i}" for i in range(self.n_positions_)], dtype=object)
