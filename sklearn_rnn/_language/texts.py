"""The texts that a language model learns from or scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from sklearn_rnn._language.data import LanguageData, documents_to_data, stream_to_data
from sklearn_rnn._text.containers import as_documents, is_text
from sklearn_rnn._text.sequences import sequence_lengths, sequences_from_flat
from sklearn_rnn._training.documents import Documents
from sklearn_rnn._training.validation import hold_out
from sklearn_rnn._training.vectorize import vectorize

# What a stream that is scored is cut into: so many pieces at most, of so many tokens at least, each
# of which reads some tokens before its own.
_MAX_PIECES = 64
_MIN_PIECE = 1024
_WARM_UP = 256


@dataclass(frozen=True)
class Texts:
    """Texts as token ids.

    Parameters
    ----------
    X : csr_array of int32 of shape (n_texts, n_positions)
        Token ids.
    labels : ndarray of int64 of shape (n_texts,), default=None
        The label of each text, None if texts have none.
    """

    X: csr_array
    labels: np.ndarray | None = None

    def take(self, rows: np.ndarray) -> Texts:
        """Return some of the texts."""
        return Texts(self.X[rows], None if self.labels is None else self.labels[rows])

    def count_tokens(self, *, documents: bool) -> np.ndarray:
        """Return how many tokens of each text are predicted, including the end of a document."""
        return sequence_lengths(self.X).astype(np.int64) + int(documents)

    def to_scored_data(self, n_ids: int, *, documents: bool) -> LanguageData:
        """Return the sequences for scoring the texts, as documents or as one stream."""
        if documents:
            return documents_to_data(self.X, n_ids, self.labels)
        n_pieces = int(np.clip(self.X.nnz // _MIN_PIECE, 1, _MAX_PIECES))
        return stream_to_data(self.X, n_ids, n_pieces, warm_up=_WARM_UP)


def hold_out_texts(texts: Texts, estimator: Any, seed: int) -> tuple[Texts, Texts]:
    """Split texts into those to train on and those set aside: documents, or the end of a stream.

    Parameters
    ----------
    texts : Texts
        What to split.
    estimator : estimator instance
        Its `documents` and `validation_fraction` say how.
    seed : int
        The seed of the split.
    """
    fraction = estimator.validation_fraction
    if estimator.documents:
        n_texts = texts.X.shape[0]
        rows = Documents(texts.X, np.arange(n_texts), np.ones(n_texts))
        rest, held_out = hold_out(rows, texts.labels, fraction, seed)
        return texts.take(rest.y), texts.take(held_out.y)
    n_valid = int(np.ceil(fraction * texts.X.nnz))
    if n_valid >= texts.X.nnz:
        raise ValueError(
            f"With early_stopping=True, validation_fraction={fraction} of {texts.X.nnz} tokens "
            "leaves none to train on. Lower it, or set early_stopping=False."
        )
    train, valid = np.split(texts.X.data, [-n_valid])
    return _as_one_text(train), _as_one_text(valid)


def _as_one_text(tokens: np.ndarray) -> Texts:
    return Texts(sequences_from_flat(tokens, np.array([len(tokens)])))


def way_of_reading(estimator: Any) -> dict[str, bool]:
    """Return how `fit` reads texts, which later changes of parameters do not affect.

    Raises
    ------
    ValueError
        If a stream should be read from its end.
    """
    if estimator.reverse and not estimator.documents:
        raise ValueError(
            f"The 'reverse' parameter of {type(estimator).__name__} reads documents from their "
            "end, and a stream has none. Got reverse=True with documents=False."
        )
    return {"documents_": bool(estimator.documents), "reverse_": bool(estimator.reverse)}


def read_texts(X: Any, model: Any) -> csr_array:
    """Return texts as the token ids that a fitted model reads, in its order."""
    return in_reading_order(vectorize(X, model.vectorizer_, model), reverse=model.reverse_)


def in_reading_order(X: csr_array, *, reverse: bool) -> csr_array:
    """Return token ids in the order in which a model reads them."""
    return reverse_documents(X) if reverse else X


def reverse_documents(X: csr_array) -> csr_array:
    """Return documents with their tokens in reverse order.

    Examples
    --------
    >>> from sklearn_rnn._language.texts import reverse_documents
    >>> from sklearn_rnn._text.sequences import check_sequences
    >>> reverse_documents(check_sequences([[5, 6, 7], [8, 9, 0]])).toarray()
    array([[7, 6, 5],
           [9, 8, 0]], dtype=int32)
    """
    lengths = sequence_lengths(X)
    return sequences_from_flat(X.data[_reversed_places(lengths)], lengths)


def order_of_text(counts: np.ndarray) -> np.ndarray:
    """Return where each token was predicted, for texts that were read from their end.

    Parameters
    ----------
    counts : ndarray of int64 of shape (n_texts,)
        Number of predictions of each text, the last of which is that of the boundary.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._language.texts import order_of_text
    >>> order_of_text(np.array([4, 1]))
    array([2, 1, 0, 3, 4])
    """
    places = np.arange(counts.sum())
    is_token = np.ones(len(places), bool)
    is_token[np.cumsum(counts) - 1] = False
    places[is_token] = places[is_token][_reversed_places(counts - 1)]
    return places


def _reversed_places(lengths: np.ndarray) -> np.ndarray:
    """Return the places of a flat corpus with each document reversed within its own length."""
    ends = np.cumsum(lengths, dtype=np.int64)
    firsts = ends - lengths
    return np.repeat(firsts + ends - 1, lengths) - np.arange(lengths.sum())


def count_characters(X: Any, model: Any) -> int:
    """Return the number of characters of raw text; the end of a document counts as one."""
    name = type(model).__name__
    texts = as_documents(X, missing="empty") if is_text(X) else None
    if texts is None or not all(isinstance(text, str) for text in texts):
        raise ValueError(
            f"{name}.bits_per_character needs raw text, to count its characters. Got "
            f"{'lists of tokens' if is_text(X) else 'token ids'}; score takes them."
        )
    return sum(map(len, texts)) + model.documents_ * len(texts)
