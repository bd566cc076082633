"""Documents to the numbers of their words, through the pieces between spaces.

Cutting a text at spaces takes a fraction of the time of a regular expression. Most pieces are words
of the vocabulary, and those that are not have to be split only once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from itertools import chain, compress, count, islice
from operator import itemgetter

import numpy as np

from sklearn_rnn._text.words import is_simple

# Pieces that are cut in one go, few enough for the cache of a processor.
_N_PIECES = 2000
# Pieces to remember. Those of a long stream would never end.
MAX_PIECES = 2**18

# Stands behind each document. A NUL between spaces in a text becomes a piece that a text never has.
_END = "\0"
_NUL = "\0 "
_BETWEEN = f" {_END} "
# In simple text each of these is a token, whatever stands beside it. With spaces around the more
# frequent ones, most pieces are words.
_PUNCTUATION = '.,:!?-/"()#@'


class Numbering(defaultdict[str, int]):
    """A dict that gives each new key the next number."""

    def __init__(self, *keys: str):
        super().__init__()
        self.default_factory = self.__len__
        self.number(keys)

    def number(self, keys: Collection[str]) -> np.ndarray:
        """Return the numbers of keys."""
        return np.fromiter(map(self.__getitem__, keys), np.int32, len(keys))


def number_by_pieces(
    texts: Iterable[str],
    split: Callable[[str], list[str]],
    number: Callable[[list[str]], np.ndarray],
    *,
    preprocess: Callable[[str], str] = str,
    known: Mapping[str, int] | None = None,
    stop_words: Collection[str] | None = None,
    max_pieces: int = MAX_PIECES,
) -> tuple[np.ndarray, np.ndarray]:
    """Split texts into words and number them, in less time than word by word.

    Parameters
    ----------
    texts : iterable of str
        Documents.
    split : callable
        `split_words`, or another function whose tokens contain no spaces, do not depend on what
        follows a space, and are those of `TOKEN_PATTERN` in simple text.
    number : callable
        From tokens to their numbers, an array of int32.
    preprocess : callable, default=str
        Function applied to the documents before they are split. It takes many of them at a time,
        so it must not depend on what follows a space, such as `str.lower`.
    known : mapping of str to int or None, default=None
        The numbers of tokens that `number` knows, from 1 to their count and one, where there are
        many.
    stop_words : collection of str or None, default=None
        Tokens to drop.
    max_pieces : int, default=2**18
        How many distinct pieces to remember.

    Returns
    -------
    numbers : ndarray of int32 of shape (n_tokens,)
        The numbers of all tokens, document after document.
    lengths : ndarray of int64 of shape (n_documents,)
        The number of tokens of each document.

    Examples
    --------
    >>> from sklearn_rnn._text.pieces import Numbering, number_by_pieces
    >>> from sklearn_rnn._text.words import split_words
    >>> number_by_pieces(["to be,", "or not to be"], split_words, Numbering().number)
    (array([0, 1, 2, 3, 4, 0, 1], dtype=int32), array([3, 4]))
    """
    tokens_of = partial(_tokens_of, split=split, stop_words=frozenset(stop_words or ()))
    known = {} if known is None or _END in known else known
    parts = []
    for found, pieces in _number_pieces(iter(texts), preprocess, known, max_pieces):
        if known:
            found = _send_back(found, pieces, known, tokens_of)
        parts.append(_number_tokens(found, pieces, tokens_of, number))
    numbers, lengths = map(np.concatenate, zip(*parts, strict=True))
    return numbers, lengths


def _tokens_of(
    piece: str, *, split: Callable[[str], list[str]], stop_words: frozenset[str]
) -> list[str]:
    tokens = [piece] if piece.isascii() and piece.isalnum() else split(piece)
    return [token for token in tokens if token not in stop_words] if stop_words else tokens


def _number_pieces(
    texts: Iterator[str],
    preprocess: Callable[[str], str],
    known: Mapping[str, int],
    max_pieces: int,
) -> Iterator[tuple[np.ndarray, Numbering]]:
    """Yield texts as numbers, and the pieces of those that are negative.

    A known piece has its number. Piece 0, 1, ... of the others is -1, -2, ..., so that -1 ends
    each text.
    """
    n_joined = 1
    numbers, found = _number_new(known), [np.empty(0, np.int32)]
    while some := list(islice(texts, n_joined)):
        cut = _cut(some, preprocess)
        found.append(np.array(itemgetter(*cut, _END)(numbers)[:-1], np.int32))
        n_joined = 1 + _N_PIECES * len(some) // len(cut)
        if len(numbers) - len(known) > max_pieces:
            yield np.concatenate(found), _new_keys(numbers, known)
            numbers, found = _number_new(known), [np.empty(0, np.int32)]
    yield np.concatenate(found), _new_keys(numbers, known)


def _number_new(known: Mapping[str, int]) -> defaultdict[str, int]:
    """Return a dict of what is known, which gives each new key the next negative number."""
    numbers: defaultdict[str, int] = defaultdict(partial(next, count(-2, -1)), known)
    numbers[_END] = -1
    return numbers


def _new_keys(numbers: defaultdict[str, int], known: Mapping[str, int]) -> Numbering:
    return Numbering(*islice(numbers, len(known), None))


def _cut(texts: list[str], preprocess: Callable[[str], str]) -> list[str]:
    """Return the pieces of texts, with `_END` after each text."""
    joined = preprocess(_BETWEEN.join(texts))
    if joined.count(_END) >= len(texts):
        words = [preprocess(text).split() for text in texts]
        cut = [[_NUL if piece == _END else piece for piece in text] for text in words]
        return [piece for text in cut for piece in [*text, _END]]
    if is_simple(joined):
        for mark in _PUNCTUATION:
            if mark in joined:
                joined = joined.replace(mark, f" {mark} ")
    pieces = joined.split()
    pieces.append(_END)
    return pieces


def _send_back(
    found: np.ndarray,
    pieces: Numbering,
    known: Mapping[str, int],
    tokens_of: partial[list[str]],
) -> np.ndarray:
    """Turn known tokens that `tokens_of` would not find into pieces: "New York", stop words."""
    ids = np.maximum(found, 0)
    is_found = np.zeros(2 + len(known), bool)
    is_found[ids] = True
    suspects = list(compress(known, is_found[np.fromiter(known.values(), np.int64, len(known))]))
    if not tokens_of.keywords["stop_words"]:
        suspects = [token for token in suspects if not (token.isascii() and token.isalnum())]
    if tokens_of(" ".join(suspects)) == suspects:
        return found
    for token in suspects:
        if tokens_of(token) != [token]:
            found = np.where(ids == known[token], ~pieces[token], found)
    return found


def _number_tokens(
    found: np.ndarray,
    pieces: Collection[str],
    tokens_of: Callable[[str], list[str]],
    number: Callable[[list[str]], np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of the tokens of texts, and their lengths, from what was found."""
    tokens = list(map(tokens_of, pieces))
    tokens[0] = []  # `_END`
    n_tokens = np.fromiter(map(len, tokens), np.int64, len(tokens))
    numbers = number(list(chain.from_iterable(tokens)))
    firsts = np.cumsum(n_tokens) - n_tokens
    unknown = np.flatnonzero(found < 0)
    which = ~found[unknown]
    counts = np.ones(len(found), np.int64)
    counts[unknown] = n = n_tokens[which]
    result = np.repeat(found, counts)
    # For each token of a piece, the first one and the steps since.
    places = np.repeat(firsts[which] - np.cumsum(n) + n, n) + np.arange(n.sum())
    result[result < 0] = numbers[places]
    return result, np.diff(np.cumsum(counts)[found == ~0], prepend=0)
