"""Sentences in any form: token ids, how tokens are spelled, and where they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from sklearn_rnn._subwords import SubwordVectorizer
from sklearn_rnn._tagging.data import TaggingData
from sklearn_rnn._tagging.spelling import spell
from sklearn_rnn._text.containers import as_documents, column_names, is_text
from sklearn_rnn._text.sequences import sequence_lengths
from sklearn_rnn._training.document_words import find_words
from sklearn_rnn._training.vectorize import reading_params, vectorize
from sklearn_rnn._vectorizer import SequenceVectorizer

_N_NAMED = 5


@dataclass(frozen=True)
class Sentences:
    """Sentences as token ids, and in their original form.

    Parameters
    ----------
    X : csr_array of int32 of shape (n_sentences, n_positions)
        Token ids.
    tokens : list of list of str or None, default=None
        The tokens as they are spelled. None for sentences that were passed as ids.
    texts : list of str or None, default=None
        The texts. None for sentences that were passed as tokens or ids.
    spans : list of ndarray of int64 of shape (n_tokens, 2) or None, default=None
        Where the tokens start and stop in their text. None without texts.
    """

    X: csr_array
    tokens: list[list[str]] | None = None
    texts: list[str] | None = None
    spans: list[np.ndarray] | None = None

    @property
    def lengths(self) -> np.ndarray:
        """Number of tokens of each sentence."""
        return sequence_lengths(self.X)

    @property
    def raw(self) -> Any:
        """The sentences in the form in which they were passed: texts, tokens or ids."""
        if self.tokens is None:
            return self.X
        return self.tokens if self.texts is None else self.texts

    def take(self, rows: np.ndarray) -> Sentences:
        """Return some of them."""
        parts: list[Any] = [
            None if values is None else [values[row] for row in rows]
            for values in (self.tokens, self.texts, self.spans)
        ]
        return Sentences(self.X[rows], *parts)

    def distinct_words(self) -> tuple[list[str], np.ndarray]:
        """Return the distinct words, and which of them each token is."""
        places: dict[str, int] = {}
        tokens = chain.from_iterable(self.tokens or [])
        index = [places.setdefault(token, len(places)) for token in tokens]
        return list(places), np.array(index, np.int32)

    def to_data(
        self,
        characters: str | None,
        tags: np.ndarray | None = None,
        weights: np.ndarray | None = None,
    ) -> TaggingData:
        """Return what the network reads.

        Parameters
        ----------
        characters : str or None
            The characters that it knows, in the order of their ids. None reads only ids.
        tags, weights : ndarray
            As `TaggingData` takes them.

        Raises
        ------
        ValueError
            If the network reads characters, but these are token ids.
        """
        words = None
        if characters is not None:
            if self.tokens is None:
                raise ValueError(
                    "The tagger was fitted on words and reads their characters, which token ids do "
                    "not have. Pass lists of tokens, or texts."
                )
            distinct, index = self.distinct_words()
            words = index, spell(distinct, characters)
        return TaggingData(self.X, words, tags, weights)


def read_sentences(
    X: Any,
    make_ids: Callable[[Any], tuple[csr_array, Any]],
    estimator: Any,
    name: str = "X",
) -> tuple[Sentences, Any]:
    """Return sentences in any form, and the vectorizer that made their ids, None for ids.

    Parameters
    ----------
    X : iterable of sequences of str or of str, or {sparse matrix, array-like} of int
        Sentences as tokens, as texts or as token ids.
    make_ids : callable
        From sentences to their ids and the vectorizer.
    estimator : estimator instance
        The caller, for the messages.
    name : str, default="X"
        The name of the argument, for the messages.

    Raises
    ------
    ValueError
        If the vectorizer drops tokens, or if it is unclear where the tokens of a text are.
    """
    X = list(X) if isinstance(X, Iterator) else X
    if not is_text(X):
        sequences, vectorizer = make_ids(X)
        return Sentences(sequences), vectorizer
    if len(column_names(X) or ()) > 1:
        raise ValueError(
            f"{name} must hold one sentence a row, as a text or a list of tokens. Got a data frame "
            f"with the columns {column_names(X)}. Select the column of the sentences; "
            "sentences_from_frame makes sentences of a frame with a token a row."
        )
    sequences, vectorizer = make_ids(X)
    documents = as_documents(X, **reading_params(vectorizer), estimator=estimator, name=name)
    if isinstance(next(filter(len, documents), None), str):
        tokens, spans = _split_texts(documents, vectorizer, estimator, name)
        sentences = Sentences(sequences, tokens, documents, spans)
    else:
        # A missing one, read as empty, is a text among lists.
        sentences = Sentences(sequences, list(map(list, documents)))
    _check_all_tokens(sentences, vectorizer, estimator, name)
    return sentences, vectorizer


def read_by(X: Any, vectorizer: Any, estimator: Any, name: str = "X") -> Sentences:
    """Return sentences as `read_sentences` does, with a fitted vectorizer, None for ids."""
    sentences, _ = read_sentences(
        X, lambda X: (vectorize(X, vectorizer, estimator, name=name), vectorizer), estimator, name
    )
    return sentences


def _split_texts(
    texts: list[str], vectorizer: Any, estimator: Any, name: str
) -> tuple[list[list[str]], list[np.ndarray]]:
    tokens, spans = [], []
    for row, text in enumerate(texts):
        found = None
        if isinstance(vectorizer, (SequenceVectorizer, SubwordVectorizer)):
            found = find_words(text, vectorizer).spans
        if found is None:
            raise ValueError(
                f"It is unclear where the tokens of {name} stand in their text, in row {row}, "
                f"counted from 0. {type(estimator).__name__} needs a SequenceVectorizer whose "
                "preprocessor and tokenizer leave the letters as they are, or a "
                "SubwordVectorizer. Or pass lists of tokens."
            )
        spans.append(found)
        tokens.append([text[start:stop] for start, stop in found.tolist()])
    return tokens, spans


def _check_all_tokens(sentences: Sentences, vectorizer: Any, estimator: Any, name: str) -> None:
    """Refuse a vectorizer that does not give each token exactly one id."""
    counts = np.fromiter(map(len, sentences.tokens or []), np.int64)
    differ = np.flatnonzero(counts != sentences.lengths)
    if not len(differ):
        return
    first = differ[0]
    rows = ", ".join(map(str, differ[:_N_NAMED].tolist())) + ", ..." * (len(differ) > _N_NAMED)
    raise ValueError(
        f"{type(estimator).__name__} tags every token, but the vectorizer, "
        f"{type(vectorizer).__name__}, drops or splits tokens of {name} in {len(differ)} row(s), "
        f"{rows}, counted from 0: row {first} has {counts[first]} token(s) and "
        f"{sentences.lengths[first]} id(s). Set its stop_words and max_length to None, its "
        "sparse_output to True, and leave its analyzer at 'word'."
    )
