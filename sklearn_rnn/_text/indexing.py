"""Documents to indexed tokens or to ids, by a faster way if the analyzer allows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sklearn_rnn._text.containers import as_documents
from sklearn_rnn._text.many_processes import (
    count_processes,
    cut_into_parts,
    index_parts,
    join_parts,
)
from sklearn_rnn._text.param_checks import reads_any_type
from sklearn_rnn._text.pieces import Numbering, number_by_pieces
from sklearn_rnn._text.tokenizer import takes_joined_texts, word_stages
from sklearn_rnn._text.vocabulary import Vocabulary, index_tokens, map_rows

# With fewer documents than this, or fewer for each token of the vocabulary, to prepare the fast way
# takes longer than it saves.
_N_MANY = 32
_N_FOR_A_TOKEN = 1 / 64


def read_documents(X: Any, vectorizer: Any) -> list:
    """Return documents as a vectorizer reads them: str, lists of str, or what its functions accept.

    Examples
    --------
    >>> from sklearn_rnn import SequenceVectorizer
    >>> from sklearn_rnn._text.indexing import read_documents
    >>> read_documents((b"To be", None), SequenceVectorizer(missing="empty"))
    ['To be', '']
    """
    return as_documents(
        X,
        missing=vectorizer.missing,
        encoding=vectorizer.encoding,
        decode_error=vectorizer.decode_error,
        of_any_type=reads_any_type(vectorizer),
        takes_tokens=vectorizer.analyzer != "char",
        estimator=vectorizer,
    )


def index_documents(
    documents: list, analyze: Callable[[Any], Any], n_jobs: int | None = None
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return what `index_tokens` returns, the distinct tokens in any order.

    Parameters
    ----------
    documents : list
        The documents.
    analyze : callable
        From a document to its tokens.
    n_jobs : int or None, default=None
        Number of processes that split them, None for only this one.

    Examples
    --------
    >>> from sklearn_rnn._text.indexing import index_documents
    >>> index_documents(["to be", "or not to be"], str.split)
    (['to', 'be', 'or', 'not'], array([0, 1, 2, 3, 0, 1], dtype=int32), array([2, 4]))
    """
    found = _index_in_processes(documents, analyze, n_jobs)
    if found is None:
        return _index(documents, analyze)
    numbering = Numbering()
    occurrences, lengths = join_parts(found, numbering.number)
    return list(numbering), occurrences, lengths


def look_up(
    documents: list,
    analyze: Callable[[Any], Any],
    vocabulary: Vocabulary,
    n_jobs: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ids of the tokens of documents, and how many each document has.

    Examples
    --------
    >>> from sklearn_rnn._text.indexing import look_up
    >>> from sklearn_rnn._text.vocabulary import Vocabulary
    >>> look_up(["to be", "or not"], str.split, Vocabulary.from_user(["be", "not"]))
    (array([1, 2, 1, 3], dtype=int32), array([2, 2]))
    """
    found = _index_in_processes(documents, analyze, n_jobs)
    if found is not None:
        return join_parts(found, vocabulary.lookup)
    stages = _fast_stages(documents, analyze)
    if stages is None or len(documents) < _N_FOR_A_TOKEN * len(vocabulary.ids):
        tokens, occurrences, lengths = index_tokens(documents, analyze)
        return vocabulary.lookup(tokens)[occurrences], lengths
    texts, preprocess, split, stop_words = stages
    return number_by_pieces(
        texts,
        split,
        vocabulary.lookup,
        preprocess=preprocess,
        known=vocabulary.ids,
        stop_words=stop_words,
    )


def _index_in_processes(
    documents: list, analyze: Callable[[Any], Any], n_jobs: int | None
) -> list | None:
    """Return the parts of documents, each indexed, or None if one process suffices."""
    n_processes = count_processes(n_jobs)
    parts = cut_into_parts(documents, n_processes)
    if len(parts) == 1:
        return None
    return index_parts(documents, parts, _index, analyze, n_processes)


def _index(
    documents: list, analyze: Callable[[Any], Any], first_row: int = 0
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return what `index_documents` does, in this process; errors count rows from `first_row`."""
    stages = _fast_stages(documents, analyze, first_row)
    if stages is None:
        return index_tokens(documents, analyze, first_row)
    texts, preprocess, split, stop_words = stages
    numbering = Numbering()
    occurrences, lengths = number_by_pieces(
        texts, split, numbering.number, preprocess=preprocess, stop_words=stop_words
    )
    return list(numbering), occurrences, lengths


def _fast_stages(
    documents: list, analyze: Callable[[Any], Any], first_row: int = 0
) -> tuple | None:
    """Return texts and the arguments of `number_by_pieces`, None if it does not apply."""
    if len(documents) < _N_MANY or any(type(document) is not str for document in documents):
        return None
    stages = word_stages(analyze)
    if stages is None or takes_joined_texts(stages[0]):
        return stages and (documents, *stages)
    preprocess, split, stop_words = stages
    return map_rows(preprocess, documents, first_row), str, split, stop_words
