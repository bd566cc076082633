"""Documents to indexed tokens or to ids, the fast way where the analyzer allows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sklearn_rnn._text.containers import as_documents
from sklearn_rnn._text.param_checks import reads_any_type
from sklearn_rnn._text.pieces import Numbering, number_by_pieces
from sklearn_rnn._text.tokenizer import takes_joined_texts, word_stages
from sklearn_rnn._text.vocabulary import Vocabulary, index_tokens

# With fewer documents than this, or fewer for each token of the vocabulary, to prepare the fast way
# takes longer than it saves.
_N_MANY = 32
_N_FOR_A_TOKEN = 1 / 64


def read_documents(X: Any, vectorizer: Any) -> list:
    """Return documents as a vectorizer reads them: str, lists of str, or what its functions take.

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
    documents: list, analyze: Callable[[Any], Any]
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return what `index_tokens` returns, the distinct tokens in any order.

    Examples
    --------
    >>> from sklearn_rnn._text.indexing import index_documents
    >>> index_documents(["to be", "or not to be"], str.split)
    (['to', 'be', 'or', 'not'], array([0, 1, 2, 3, 0, 1], dtype=int32), array([2, 4]))
    """
    stages = _fast_stages(documents, analyze)
    if stages is None:
        return index_tokens(documents, analyze)
    texts, preprocess, split, stop_words = stages
    numbering = Numbering()
    occurrences, lengths = number_by_pieces(
        texts, split, numbering.number, preprocess=preprocess, stop_words=stop_words
    )
    return list(numbering), occurrences, lengths


def look_up(
    documents: list, analyze: Callable[[Any], Any], vocabulary: Vocabulary
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ids of the tokens of documents, and how many each document has.

    Examples
    --------
    >>> from sklearn_rnn._text.indexing import look_up
    >>> from sklearn_rnn._text.vocabulary import Vocabulary
    >>> look_up(["to be", "or not"], str.split, Vocabulary.from_user(["be", "not"]))
    (array([1, 2, 1, 3], dtype=int32), array([2, 2]))
    """
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


def _fast_stages(documents: list, analyze: Callable[[Any], Any]) -> tuple | None:
    """Return texts and what `number_by_pieces` does to them, None where it does not apply."""
    if len(documents) < _N_MANY or any(type(document) is not str for document in documents):
        return None
    stages = word_stages(analyze)
    if stages is None or takes_joined_texts(stages[0]):
        return stages and (documents, *stages)
    preprocess, split, stop_words = stages
    return map(preprocess, documents), str, split, stop_words
