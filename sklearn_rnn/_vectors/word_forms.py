"""The forms in which a table of vectors may contain a word.

Tables differ in how they spell words: GloVe 6B has lower case, and "do" and "n't", others have
"Don't"; word2vec's news table has "####" for a year. A word that is not in the table is looked up
in these forms, in this order:

| form                                                  | example                         |
| other cases                                           | "Film" -> "film"                |
| a straight apostrophe                                 | "don\u2019t" -> "don't"         |
| without a possessive                                  | "film's" -> "film"              |
| the parts of a contraction, their mean                | "don't" -> "do" and "n't"       |
| the parts between hyphens or slashes, their mean      | "slow-paced" -> "slow", "paced" |
| digits as "0" or "#"                                  | "1987" -> "0000", "####"        |
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator

# Of a word, what each part of it may be called: it is found if every part is.
Form = tuple[tuple[str, ...], ...]

_CONTRACTION = re.compile(r"(.+)(n't|'(?:re|ve|ll|d|m))", re.IGNORECASE)
_POSSESSIVE = re.compile(r"(.+)'s|(.+s)'", re.IGNORECASE)
_PARTS = re.compile(r"[-/\u2010-\u2015]")
_DIGIT = re.compile(r"\d")
_FULL = {
    "n't": "not",
    "'re": "are",
    "'ve": "have",
    "'ll": "will",
    "'d": "would",
    "'m": "am",
}
_STEMS = {"ca": "can", "wo": "will", "sha": "shall"}


def forms_of(word: str) -> Iterator[Form]:
    """Yield the forms of a word, the word itself first.

    Examples
    --------
    >>> from sklearn_rnn._vectors.word_forms import forms_of
    >>> list(forms_of("film's"))
    [(("film's", "Film's", "FILM'S"),), (('film', 'Film', 'FILM'),)]
    """
    yield (_cases(word),)
    straight = word.replace("\u2019", "'")
    if straight != word:
        yield (_cases(straight),)
    if match := _POSSESSIVE.fullmatch(straight):
        yield (_cases(match[1] or match[2]),)
    if match := _CONTRACTION.fullmatch(straight):
        stem, short = match[1], match[2].lower()
        if short == "n't":
            stem = _STEMS.get(stem.lower(), stem)
        yield (_cases(stem), (short, _FULL[short]))
    parts = [part for part in _PARTS.split(word) if part]
    if len(parts) > 1:
        yield tuple(map(_cases, parts))
    if _DIGIT.search(word):
        yield (tuple(form for mark in "0#" for form in _cases(_DIGIT.sub(mark, word))),)


def find(word: str, known: Container[str]) -> list[str]:
    """Return the known words that represent a word, none if there are none.

    Examples
    --------
    >>> from sklearn_rnn._vectors.word_forms import find
    >>> find("Don't", {"do", "not", "film"}), find("book", {"film"})
    (['do', 'not'], [])
    """
    for form in forms_of(word):
        found = [next((name for name in names if name in known), None) for names in form]
        if None not in found:
            return [name for name in found if name is not None]
    return []


def all_forms(words: Iterable[str]) -> set[str]:
    """Return every name that `find` would look for."""
    return {name for word in words for form in forms_of(word) for names in form for name in names}


def _cases(word: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((word, word.lower(), word.capitalize(), word.upper())))
