"""TokenCounts: counts of parts of a corpus, from which the vocabulary of all of it is learned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from sklearn_rnn._text.pieces import Numbering
from sklearn_rnn._text.vocabulary import document_counts

# The parameters that decide which tokens a text becomes.
_SETTINGS = (
    "strip_accents",
    "lowercase",
    "preprocessor",
    "tokenizer",
    "stop_words",
    "token_pattern",
    "analyzer",
)


@dataclass(frozen=True, eq=False)
class TokenCounts:
    """How often each token occurs in a part of a corpus.

    :meth:`SequenceVectorizer.count_tokens` returns it. Counts of several parts can be added, in any
    order and grouping, by ``+``, by :func:`functools.reduce` or by an engine such as Spark.
    :meth:`SequenceVectorizer.fit_counts` learns the vocabulary from them. They are pickled with
    their tokens, and contain no documents.

    Parameters
    ----------
    tokens : list of str
        The distinct tokens, in any order.

    occurrences : ndarray of int64 of shape (n_tokens,)
        How often each token occurs.

    documents : ndarray of int64 of shape (n_tokens,)
        How many documents contain each token.

    n_documents : int
        Number of documents.

    longest : int
        Number of tokens of the longest document.

    columns : list of str or None
        Names of the columns of text that make up a document, None if each document was one text.

    settings : dict
        The parameters of the vectorizer that decide which tokens a text becomes. Functions are
        represented by their names.

    See Also
    --------
    SequenceVectorizer : Counts tokens by `count_tokens`, and learns from counts by `fit_counts`.

    Examples
    --------
    >>> from sklearn_rnn import SequenceVectorizer
    >>> vectorizer = SequenceVectorizer()
    >>> counts = vectorizer.count_tokens(["to be"]) + vectorizer.count_tokens(["or not to be"])
    >>> counts.n_documents, dict(zip(counts.tokens, counts.occurrences.tolist()))
    (2, {'to': 2, 'be': 2, 'or': 1, 'not': 1})
    >>> vectorizer.fit_counts(counts).vocabulary_
    {'be': 2, 'to': 3, 'not': 4, 'or': 5}
    """

    tokens: list[str] = field(repr=False)
    occurrences: np.ndarray = field(repr=False)
    documents: np.ndarray = field(repr=False)
    n_documents: int
    longest: int
    columns: list[str] | None
    settings: dict[str, Any] = field(repr=False)

    @classmethod
    def of_part(
        cls,
        tokens: list[str],
        occurrences: np.ndarray,
        lengths: np.ndarray,
        columns: list[str] | None,
        settings: dict[str, Any],
    ) -> TokenCounts:
        """Count a part of a corpus in the form that `index_tokens` gives it.

        Parameters
        ----------
        tokens : list of str
            The distinct tokens.

        occurrences : ndarray of int32 of shape (n_occurrences,)
            The part as positions in `tokens`, document after document.

        lengths : ndarray of int of shape (n_documents,)
            Number of tokens of each document.

        columns : list of str or None
            As in the class.

        settings : dict
            As in the class.

        Returns
        -------
        counts : TokenCounts
            The counts.
        """
        return cls(
            tokens,
            np.bincount(occurrences, minlength=len(tokens)),
            document_counts(occurrences, lengths, len(tokens)).astype(np.int64),
            len(lengths),
            int(lengths.max()),
            columns,
            settings,
        )

    @classmethod
    def sum(cls, parts: Iterable[TokenCounts]) -> TokenCounts:
        """Add the counts of any number of parts, faster than by ``+``.

        Parameters
        ----------
        parts : iterable of TokenCounts
            The counts of each part, at least one.

        Returns
        -------
        counts : TokenCounts
            The counts of all of them.
        """
        parts = list(parts)
        wrong = next((part for part in parts if not isinstance(part, TokenCounts)), None)
        if wrong is not None or not parts:
            found = "none" if not parts else f"{type(wrong).__name__}"
            raise TypeError(
                "Counts must be TokenCounts, as SequenceVectorizer.count_tokens returns them for "
                f"each part of a corpus, at least one; got {found}."
            )
        first, *others = parts
        for part in others:
            check_same_settings(part.settings, first.settings)
            if part.columns != first.columns:
                raise ValueError(
                    "The parts of a corpus must have the same columns, in the same order. "
                    f"Got {first.columns} and {part.columns}."
                )
        numbering = Numbering()
        places = [numbering.number(part.tokens) for part in parts]
        occurrences = np.zeros(len(numbering), np.int64)
        documents = np.zeros(len(numbering), np.int64)
        for place, part in zip(places, parts, strict=True):
            occurrences[place] += part.occurrences
            documents[place] += part.documents
        return cls(
            list(numbering),
            occurrences,
            documents,
            sum(part.n_documents for part in parts),
            max(part.longest for part in parts),
            first.columns,
            first.settings,
        )

    def __add__(self, other: TokenCounts) -> TokenCounts:
        return self.sum([self, other]) if isinstance(other, TokenCounts) else NotImplemented


def settings_of(vectorizer: Any) -> dict[str, Any]:
    """Return the parameters of a vectorizer that decide which tokens a text becomes.

    Functions are compared by name: pickled to another process, they become other objects.
    """
    return {name: _describe(getattr(vectorizer, name)) for name in _SETTINGS}


def _describe(value: Any) -> Any:
    if isinstance(value, partial):
        return _describe(value.func)
    return getattr(value, "__qualname__", type(value).__name__) if callable(value) else value


def check_same_settings(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Raise a ValueError if counts were made by vectorizers that split text differently."""
    for name, value in expected.items():
        if found.get(name) != value:
            raise ValueError(
                f"Counts of vectorizers that split text differently cannot be joined: {name!r} is "
                f"{value!r} here and {found.get(name)!r} in another part. Count all parts with the "
                "same parameters."
            )
