"""The words of a document as people read them, and where they are in its text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_rnn._subwords import SubwordVectorizer
from sklearn_rnn._text.sequences import check_sequences, truncate
from sklearn_rnn._text.tokenizer import get_stop_words
from sklearn_rnn._text.words import word_spans
from sklearn_rnn._vectorizer import SequenceVectorizer


@dataclass
class DocumentWords:
    """Tokens that the network read, spelled as in the text, and where they are in it.

    Parameters
    ----------
    tokens : list of str
        A word for each token: spelled as in the text if that is known, else as in the vocabulary,
        or its id.
    text : str or None, default=None
        Text of the document.
    spans : ndarray of int of shape (n_tokens, 2) or None, default=None
        Start and end of each token in `text`.
    """

    tokens: list[str]
    text: str | None = None
    spans: np.ndarray | None = None


def find_words(text: Any, vectorizer: SequenceVectorizer | SubwordVectorizer) -> DocumentWords:
    """Split a text as a vectorizer does, and find the tokens in it.

    Parameters
    ----------
    text : str, or what else the vectorizer's functions read
        The text.
    vectorizer : SequenceVectorizer or SubwordVectorizer
        Splits it.

    Returns
    -------
    words : DocumentWords
        Spelled as in the text. If preprocessing or a custom tokenizer makes it unclear where a
        token comes from, spelled as the tokens and without `spans`. A subword that continues a word
        begins with "##".

    Examples
    --------
    >>> from sklearn_rnn import SequenceVectorizer
    >>> from sklearn_rnn._training.document_words import find_words
    >>> find_words("Not BAD!", SequenceVectorizer()).tokens
    ['Not', 'BAD', '!']
    """
    if isinstance(vectorizer, SubwordVectorizer):
        return _find_subwords(text, vectorizer)
    tokens = list(vectorizer.build_analyzer()(text))
    is_text = isinstance(text, str)
    if isinstance(text, list) and len(text) == len(tokens):
        tokens = list(map(str, text))  # as they are spelled there
    spans = _find_spans(text, tokens, vectorizer) if is_text else None
    kept = np.arange(len(tokens))
    if vectorizer.max_length is not None or not vectorizer.sparse_output:
        width = vectorizer.max_length or vectorizer.n_positions_
        kept, _ = truncate(kept, np.array([len(kept)]), width, keep=vectorizer.truncation)
    if spans is None:
        return DocumentWords([tokens[i] for i in kept], text if is_text else None)
    spans = spans[kept]
    return DocumentWords([text[start:stop] for start, stop in spans], text, spans)


def _find_subwords(text: str, vectorizer: SubwordVectorizer) -> DocumentWords:
    ids = check_sequences(vectorizer.transform([text])).data
    words, spans, place = [], [], 0
    for id_, (start, stop) in zip(ids, vectorizer.token_spans([text])[0].tolist(), strict=True):
        # The space before a word belongs to its first token, and a character to its first byte.
        start = max(start, place)
        n_spaces = len(text[start:stop]) - len(text[start:stop].lstrip())
        start += n_spaces if start + n_spaces < stop else 0
        place = max(start, stop)
        goes_on = start and all(map(_is_of_word, text[start - 1 : start + 1]))
        piece = text[start:place] or str(vectorizer.tokens_[id_])
        words.append(f"##{piece}" if goes_on and start < stop else piece)
        spans.append((start, place))
    return DocumentWords(words, text, np.array(spans, np.int64).reshape(-1, 2))


def _is_of_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN"


def _find_spans(text: str, tokens: list[str], vectorizer: SequenceVectorizer) -> np.ndarray | None:
    if callable(vectorizer.analyzer):
        return _search(text, tokens, np.arange(len(text) + 1))
    preprocess = vectorizer.build_preprocessor()
    prepared = preprocess(text)
    origins = _origins(text, prepared, preprocess)
    if origins is None:
        return None
    if vectorizer.analyzer == "char":
        found = [(i, i + 1) for i in range(len(prepared))]
    elif vectorizer.tokenizer is not None:
        return _search(prepared, tokens, origins)
    else:
        stop_words = get_stop_words(vectorizer.stop_words) or ()
        spans = _token_spans(prepared, vectorizer.token_pattern)
        found = [(start, stop) for start, stop, token in spans if token not in stop_words]
    return _to_text(found, origins)


def _token_spans(prepared: str, token_pattern: str | None) -> list[tuple[int, int, str]]:
    """Return start, stop and text of the tokens of a prepared text."""
    if token_pattern is None:
        return word_spans(prepared)
    pattern = re.compile(token_pattern)
    group = pattern.groups
    return [(*match.span(group), match[group]) for match in pattern.finditer(prepared)]


def _origins(text: str, prepared: str, preprocess: Callable[[str], str]) -> np.ndarray | None:
    """Return where each character of the prepared text comes from, None if that is not clear."""
    if len(prepared) == len(text):
        return np.arange(len(text) + 1)
    parts = [preprocess(character) for character in text]
    if "".join(parts) != prepared:
        return None
    return np.append(np.repeat(np.arange(len(text)), [len(part) for part in parts]), len(text))


def _search(prepared: str, tokens: list[str], origins: np.ndarray) -> np.ndarray | None:
    """Find tokens one after the other, None if one is not there."""
    found, place = [], 0
    for token in tokens:
        start = prepared.find(token, place)
        if start < 0:
            return None
        place = start + len(token)
        found.append((start, place))
    return _to_text(found, origins)


def _to_text(found: list[tuple[int, int]], origins: np.ndarray) -> np.ndarray:
    spans = np.array(found, dtype=np.int64).reshape(-1, 2)
    # The last character, and one more: characters behind it may have been dropped.
    stops = np.where(spans[:, 1] > spans[:, 0], origins[spans[:, 1] - 1] + 1, origins[spans[:, 0]])
    return np.column_stack([origins[spans[:, 0]], stops])
