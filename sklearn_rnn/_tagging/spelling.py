"""How words are spelled: their characters as ids, and their shape."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from sklearn_rnn._text.vocabulary import FIRST_ID, UNKNOWN_ID
from sklearn_rnn.modules._tagging import MAX_AFFIX, N_BUCKETS

# The shapes of words, by the number that the network knows them by.
MARKS, LOWER, UPPER, CAPITAL, INITIAL, MIXED, CASELESS, DIGITS, NUMBER, CODE = range(10)

# Odd, with bits all over: a step of multiplicative hashing (Knuth).
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def word_shape(word: str) -> int:
    """Return the shape of a word: its case, and whether it has letters, digits or marks.

    Examples
    --------
    >>> from sklearn_rnn._tagging.spelling import word_shape
    >>> list(map(word_shape, ["...", "it", "IBM", "Anna", "I", "iPad", "日本", "42", "3.5", "A4"]))
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """
    if word.islower() and word.isalpha():
        return LOWER
    if word.isdecimal():
        return DIGITS
    has_letters = any(map(str.isalpha, word))
    if any(map(str.isdecimal, word)):
        return CODE if has_letters else NUMBER
    if not has_letters:
        return MARKS
    if word.isupper():
        return UPPER if sum(map(str.isalpha, word)) > 1 else INITIAL
    if word.islower():
        return LOWER
    if word[:1].isupper() and word[1:].islower():
        return CAPITAL
    return CASELESS if word.upper() == word.lower() else MIXED


def find_characters(words: Iterable[str], known: str = "") -> str:
    """Return the known characters, followed by the new ones, in the order of their ids.

    Characters of a single word stay unknown, so that the network learns how to treat those.

    Parameters
    ----------
    words : iterable of str
        Distinct words.
    known : str, default=""
        Characters that already have ids.

    Examples
    --------
    >>> from sklearn_rnn._tagging.spelling import find_characters
    >>> find_characters(["not", "tone", "bad"], known="t")
    'tno'
    """
    counts: dict[str, int] = {}
    for word in words:
        for character in set(word):
            counts[character] = counts.get(character, 0) + 1
    new = sorted(c for c, count in counts.items() if count > 1 and c not in known)
    return known + "".join(sorted(new, key=lambda c: -counts[c]))


@dataclass(frozen=True)
class SpelledWords:
    """Distinct words as characters.

    Parameters
    ----------
    characters : ndarray of int32 of shape (n_characters,)
        Ids of the characters, word after word. Id 1 is an unknown one.
    starts, lengths : ndarray of int64 of shape (n_words,)
        Where each word starts, and how many characters it has, at least one.
    shapes : ndarray of int64 of shape (n_words,)
        The shape of each, see `word_shape`.
    affixes : ndarray of int64 of shape (n_words, 2 * MAX_AFFIX)
        The numbers of the prefixes and suffixes of each, see `number_affixes`.
    """

    characters: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    shapes: np.ndarray
    affixes: np.ndarray


def spell(words: list[str], alphabet: str) -> SpelledWords:
    """Return distinct words as the ids of their characters.

    Parameters
    ----------
    words : list of str
        The words. An empty one is read as one unknown character.
    alphabet : str
        The characters that have ids, from 2 on.

    Examples
    --------
    >>> from sklearn_rnn._tagging.spelling import spell
    >>> spelled = spell(["tone", "a"], alphabet="tno")
    >>> spelled.characters, spelled.starts
    (array([2, 4, 3, 1, 1], dtype=int32), array([0, 4]))
    """
    words = [word or "\0" for word in words]
    points = _code_points("".join(words))
    known = _code_points(alphabet)
    ids = np.full(len(points), UNKNOWN_ID, np.int32)
    if len(known):
        order = np.argsort(known)
        places = order[np.searchsorted(known[order], points).clip(max=len(known) - 1)]
        is_known = known[places] == points
        ids[is_known] = FIRST_ID + places[is_known]
    lengths = np.fromiter(map(len, words), np.int64, len(words))
    shapes = np.fromiter(map(word_shape, words), np.int64, len(words))
    affixes = number_affixes(points, lengths)
    return SpelledWords(ids, np.cumsum(lengths) - lengths, lengths, shapes, affixes)


def number_affixes(points: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return numbers for the first one, two, ... characters of words, and for the last ones.

    The numbers are hashes, so that they need no vocabulary. Those of one kind, such as suffixes of
    two characters, are distinct from those of other kinds.

    Parameters
    ----------
    points : ndarray of uint32 of shape (n_characters,)
        The code points of the words, one after the other.
    lengths : ndarray of int64 of shape (n_words,)
        Number of characters of each word.

    Returns
    -------
    numbers : ndarray of int64 of shape (n_words, 2 * MAX_AFFIX)
        If a word is shorter than an affix, the word itself takes its place.
    """
    ends = np.cumsum(lengths)
    starts = ends - lengths
    points = points.astype(np.uint64)
    numbers = np.empty((len(lengths), 2 * MAX_AFFIX), np.int64)
    for side in range(2):
        hashes = np.full(len(lengths), 1 + side, np.uint64)
        for n in range(MAX_AFFIX):
            has_more = n < lengths
            places = ends - 1 - n if side else starts + n
            found = points[places[has_more]]
            hashes[has_more] = (hashes[has_more] + found) * MULTIPLIER
            kind = side * MAX_AFFIX + n
            buckets = (hashes >> np.uint64(32)) % np.uint64(N_BUCKETS)
            numbers[:, kind] = kind * N_BUCKETS + buckets.astype(np.int64)
    return numbers


def _code_points(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
