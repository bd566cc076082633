"""Words of the table of word vectors that no training sentence contains."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np
from scipy.sparse import csr_array

from sklearn_rnn._text.vocabulary import FIRST_ID, UNKNOWN_ID
from sklearn_rnn._training.embedding_source import open_table
from sklearn_rnn._training.start_embedding import StartVectors, find_start
from sklearn_rnn._vectorizer import SequenceVectorizer

# The most frequent words of a table, which stand first: beyond them, each costs memory and is
# hardly ever met.
_MAX_WORDS = 100_000


def know_table_words(
    start: StartVectors | None, estimator: Any, X: csr_array, vectorizer: Any
) -> StartVectors | None:
    """Add the words of the table to the vocabulary of a vectorizer, and return vectors for all.

    In new sentences, a word that training has not met then has its own vector instead of that of
    the unknown token, and similar words, whose tags were learned, have similar vectors.

    A vocabulary that the user gave or limited stays as it is, and so does that of a file, of which
    only the words of the training sentences are read.

    Parameters
    ----------
    start : StartVectors or None
        The vectors of the training's words.
    estimator : estimator instance
        The caller, for the messages.
    X : csr_array of int32 of shape (n_sentences, n_positions)
        The sentences of the training.
    vectorizer : transformer or None
        The fitted vectorizer, whose `vocabulary_` is replaced.
    """
    if start is None or isinstance(start.embedding, np.ndarray):
        return start
    if type(vectorizer) is not SequenceVectorizer or vectorizer.vocabulary is not None:
        return start
    if vectorizer.max_features is not None or (X.data == UNKNOWN_ID).any():
        return start
    known = vectorizer.vocabulary_
    table, _ = open_table(start.embedding, known, estimator)
    new = [word for word in table.words[:_MAX_WORDS].tolist() if word not in known]
    first = FIRST_ID + len(known)
    vectorizer.vocabulary_ = {**known, **{word: first + i for i, word in enumerate(new)}}
    added = cast("StartVectors", find_start(estimator, start.embedding, X, vectorizer, start.found))
    return replace(
        start,
        ids=np.concatenate([start.ids, added.ids]),
        vectors=np.concatenate([start.vectors, added.vectors]),
        found=added.found,
    )
