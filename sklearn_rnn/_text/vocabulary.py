"""Tokens and their ids.

Id 0 is padding, which a sparse matrix does not store, and id 1 is the unknown token. The tokens
of the vocabulary follow from 2, the most frequent first, ties in alphabetical order, so that the
same documents always give the same ids.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from functools import partial
from itertools import repeat
from numbers import Integral
from typing import Any

import numpy as np
from scipy.sparse import csr_array

PAD_ID = 0
UNKNOWN_ID = 1
FIRST_ID = 2
PAD_TOKEN = "<pad>"
UNKNOWN_TOKEN = "<unk>"

_OUTPUT = "The output of the tokenizer or analyzer"


class Vocabulary:
    """A one-to-one map of tokens to ids.

    Parameters
    ----------
    ids : dict of str to int
        The id of every token, which must be 2, 3, ... in this order. It is kept, not copied.

    Examples
    --------
    >>> from sklearn_rnn._text.vocabulary import Vocabulary
    >>> vocabulary = Vocabulary.from_user(["good", "bad"])
    >>> vocabulary.ids
    {'good': 2, 'bad': 3}
    >>> vocabulary.lookup(["bad", "awful"])
    array([3, 1], dtype=int32)
    """

    def __init__(self, ids: dict[str, int]):
        self.ids = ids

    @classmethod
    def from_tokens(cls, tokens: Iterable[str]) -> Vocabulary:
        """Give distinct tokens the ids from 2 in their order."""
        return cls({token: FIRST_ID + i for i, token in enumerate(tokens)})

    @classmethod
    def from_user(cls, vocabulary: Mapping[str, int] | Iterable[str]) -> Vocabulary:
        """Check a vocabulary that a user passed.

        An iterable gives its tokens ids in its order, a set in that of the alphabet. A mapping
        must give exactly the ids 2, 3, ..., one each.
        """
        if isinstance(vocabulary, (str, bytes)):
            raise ValueError(
                "'vocabulary' must be a mapping of tokens to ids or an iterable over tokens, "
                f"{type(vocabulary).__name__} object received."
            )
        ids = list(vocabulary.values()) if isinstance(vocabulary, Mapping) else None
        tokens = list(vocabulary)
        if not tokens:
            raise ValueError("empty vocabulary passed to fit")
        _check_tokens(tokens, "'vocabulary'")
        tokens = [str(token) for token in tokens]
        if ids is not None:
            tokens = _order_by_id(tokens, ids)
        elif isinstance(vocabulary, Set):
            tokens = sorted(tokens)
        seen = set()
        for token in tokens:
            if token in seen:
                raise ValueError(f"Duplicate term in vocabulary: {token!r}")
            seen.add(token)
        return cls.from_tokens(tokens)

    @classmethod
    def from_corpus(
        cls,
        tokens: list[str],
        occurrences: np.ndarray,
        lengths: np.ndarray,
        *,
        min_df: float = 1,
        max_df: float = 1.0,
        max_features: int | None = None,
    ) -> Vocabulary:
        """Learn the vocabulary of a corpus in the form that `index_tokens` gives it.

        Parameters
        ----------
        tokens : list of str
            The distinct tokens.
        occurrences : ndarray of int of shape (n_occurrences,)
            The whole corpus, document after document, as positions in `tokens`.
        lengths : ndarray of int of shape (n_documents,)
            Number of occurrences in each document.
        min_df, max_df : int or float
            Bounds on the number of documents, or on their fraction, that contain a token.
        max_features : int or None, default=None
            Largest number of tokens to keep.
        """
        return cls.from_counts(
            tokens,
            np.bincount(occurrences, minlength=len(tokens)),
            partial(document_counts, occurrences, lengths, len(tokens)),
            len(lengths),
            min_df=min_df,
            max_df=max_df,
            max_features=max_features,
        )

    @classmethod
    def from_counts(
        cls,
        tokens: list[str],
        counts: np.ndarray,
        df: Callable[[], np.ndarray],
        n_documents: int,
        *,
        min_df: float = 1,
        max_df: float = 1.0,
        max_features: int | None = None,
    ) -> Vocabulary:
        """Learn the vocabulary from how often each token occurs.

        Parameters
        ----------
        tokens : list of str
            The distinct tokens, in any order.
        counts : ndarray of int of shape (n_tokens,)
            How often each occurs.
        df : callable
            Returns the number of documents that contain each token. Counting them takes time, so it
            is called only if a bound needs them.
        n_documents : int
            The number of documents.
        min_df, max_df, max_features
            As in `from_corpus`.
        """
        if not tokens:
            raise ValueError("empty vocabulary; perhaps the documents only contain stop words")
        low = min_df if isinstance(min_df, Integral) else min_df * n_documents
        high = max_df if isinstance(max_df, Integral) else max_df * n_documents
        if high < low:
            raise ValueError("max_df corresponds to < documents than min_df")
        kept = np.arange(len(tokens))
        if low > 1 or high < n_documents:
            documents = df()
            kept = np.flatnonzero((documents >= low) & (documents <= high))
            if not len(kept):
                raise ValueError(
                    "After pruning, no terms remain. Try a lower min_df or a higher max_df."
                )
        alphabetical = np.array(sorted(kept, key=tokens.__getitem__))
        by_frequency = np.argsort(-counts[alphabetical], kind="stable")[:max_features]
        return cls.from_tokens(tokens[i] for i in alphabetical[by_frequency])

    @property
    def tokens(self) -> np.ndarray:
        """The token of every id, "<pad>" and "<unk>" included, as an array of objects."""
        return np.array([PAD_TOKEN, UNKNOWN_TOKEN, *self.ids], dtype=object)

    def lookup(self, tokens: Iterable[str]) -> np.ndarray:
        """Return the ids of tokens, that of the unknown token if they are not known."""
        return np.fromiter(map(self.ids.get, tokens, repeat(UNKNOWN_ID)), dtype=np.int32)

    def decode(self, ids: np.ndarray) -> list[str]:
        """Return the tokens of ids, the unknown token for ids beyond the vocabulary."""
        tokens = self.tokens
        return tokens[np.where(ids < len(tokens), ids, UNKNOWN_ID)].tolist()


def index_tokens(
    documents: Iterable[str], analyze: Callable[[str], Iterable[str]], first_row: int = 0
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Split documents and number their distinct tokens in the order in which they appear.

    One pass with a single dict lookup for each token: a vocabulary is then learned from, or looked
    up for, only the distinct tokens.

    Parameters
    ----------
    documents : iterable of str
        The documents.
    analyze : callable
        From a document to its tokens.
    first_row : int, default=0
        The row of the first document, for the messages.

    Returns
    -------
    tokens : list of str
        The distinct tokens.
    occurrences : ndarray of int32 of shape (n_occurrences,)
        The whole corpus as positions in `tokens`.
    lengths : ndarray of int64 of shape (n_documents,)
        The number of tokens of each document.

    Examples
    --------
    >>> from sklearn_rnn._text.vocabulary import index_tokens
    >>> index_tokens(["to be", "or not to be"], str.split)
    (['to', 'be', 'or', 'not'], array([0, 1, 2, 3, 0, 1], dtype=int32), array([2, 4]))
    """
    position: defaultdict[str, int] = defaultdict()
    position.default_factory = position.__len__
    occurrences = array("i")
    ends = [0]
    for row, tokens in enumerate(map_rows(analyze, documents, first_row), first_row):
        # A str is an iterable of str as well, but hardly meant: its characters.
        if isinstance(tokens, str) or not hasattr(tokens, "__iter__"):
            raise TypeError(
                "The tokenizer or analyzer must return a list of str for a document; "
                f"it returned {type(tokens).__name__} for row {row}."
            )
        try:
            occurrences.extend(map(position.__getitem__, tokens))
        except Exception as exc:
            if isinstance(exc, TypeError) and "unhashable" in str(exc):
                raise TypeError(f"{_OUTPUT} must consist of str tokens; {exc}.") from exc
            _name_row(exc, row)  # a lazy tokenizer's own error
            raise
        ends.append(len(occurrences))
    tokens = list(position)
    _check_tokens(tokens, _OUTPUT)
    return tokens, np.array(occurrences, dtype=np.int32), np.diff(ends)


def map_rows(
    function: Callable[[Any], Any], documents: Iterable[Any], first_row: int = 0
) -> Iterator[Any]:
    """Map a function of the user over rows, and add the row to the errors that it raises.

    Examples
    --------
    >>> from sklearn_rnn._text.vocabulary import map_rows
    >>> try:
    ...     list(map_rows(str.upper, ["a", 2], first_row=10))
    ... except TypeError as exc:
    ...     print(*exc.__notes__)
    Raised for row 11 of X, counted from 0.
    """
    row = first_row
    try:
        for document in documents:
            yield function(document)
            row += 1
    except Exception as exc:
        _name_row(exc, row)
        raise


def _name_row(exc: Exception, row: int) -> None:
    exc.add_note(f"Raised for row {row} of X, counted from 0.")


def document_counts(occurrences: np.ndarray, lengths: np.ndarray, n_tokens: int) -> np.ndarray:
    """Return the number of documents that contain each token."""
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    ones = np.ones(len(occurrences), dtype=bool)
    # By column the counting is linear in time: tens of times faster than np.unique on pairs. The
    # conversion copies, so that merging repeated tokens leaves `occurrences` as it was.
    held = csr_array((ones, occurrences, indptr), shape=(len(lengths), n_tokens)).tocsc()
    held.sum_duplicates()
    return np.diff(held.indptr)


def _order_by_id(tokens: list[str], ids: list[Any]) -> list[str]:
    for token, id_ in zip(tokens, ids, strict=True):
        if not isinstance(id_, Integral) or isinstance(id_, bool):
            raise TypeError(
                "The ids of 'vocabulary' must be integers; "
                f"that of {token!r} is of type {type(id_).__name__}."
            )
    if len(set(ids)) != len(ids):
        raise ValueError("Vocabulary contains repeated indices.")
    if min(ids) < FIRST_ID:
        raise ValueError(
            f"The ids of 'vocabulary' must start at {FIRST_ID}: {PAD_ID} is padding and "
            f"{UNKNOWN_ID} the unknown token. Got {min(ids)}. To have the tokens numbered in "
            "their order, pass sorted(vocabulary, key=vocabulary.get)."
        )
    last = FIRST_ID + len(ids) - 1
    if max(ids) > last:
        lacking = next(i for i in range(FIRST_ID, last + 1) if i not in set(ids))
        raise ValueError(f"Vocabulary of size {len(ids)} doesn't contain index {lacking}.")
    return [token for _, token in sorted(zip(ids, tokens, strict=True))]


def _check_tokens(tokens: list[Any], what: str) -> None:
    for token in tokens:
        if not isinstance(token, str):
            raise TypeError(f"{what} must consist of str tokens; got {type(token).__name__}.")
