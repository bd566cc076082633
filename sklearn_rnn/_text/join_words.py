"""Words and punctuation marks back to a text, a token at a time."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, NamedTuple

from sklearn_rnn._text.words import is_spaceless, split_words

# The white space before and after marks: ``spacing["before"]["!"]`` is that before "!".
Spacing = dict[str, dict[str, str]]

_NO_SPACE_BEFORE = frozenset(".,;:!?%)]}…\u2019”»")
_NO_SPACE_AFTER = frozenset("([{$£#@“\u2018«¿¡")
_NO_SPACE_AROUND = frozenset("-/—\u2010\u2011")
_QUOTES = frozenset("\"'")
# What follows these depends on what they stand in, such as a number.
_INSIDE_NUMBERS = frozenset(".,:")
# How often a mark must have the same white space for that to be its own.
_SHARE_TO_LEARN = 0.9
_NOT_LEARNED: Spacing = {"before": {}, "after": {}}
# Some tokenizers split "don't" and "it's".
_ENDING = re.compile(r"['\u2019]\w+|n['\u2019]t", re.IGNORECASE)


class Joined(NamedTuple):
    """What has to be known about the tokens so far.

    Attributes
    ----------
    before, last : str
        The last two tokens.
    open_quotes : str
        The quotation marks that are open.
    is_spaced : bool
        Whether the text ends in white space, or is empty.
    """

    before: str = ""
    last: str = ""
    open_quotes: str = ""
    is_spaced: bool = True


def read_joined(text: str) -> Joined:
    """Return what has to be known about a text before adding words."""
    joined = Joined()
    for token in split_words(text):
        joined = join_word(joined, token)[1]
    return joined._replace(is_spaced=joined.is_spaced or text[-1:].isspace())


def learn_spacing(documents: Iterable[tuple[str, Any]]) -> Spacing:
    """Return the white space that marks nearly always have before and after them.

    Quotation marks are left out, because their spaces depend on where a quotation begins and ends.

    Parameters
    ----------
    documents : iterable of (str, iterable of pairs of int)
        Texts, and where the tokens of each start and stop.

    Examples
    --------
    >>> from sklearn_rnn._text.join_words import learn_spacing
    >>> learn_spacing([("Va ! (ou non)", [(0, 2), (3, 4), (5, 6), (6, 8), (9, 12), (12, 13)])])
    {'before': {'!': ' ', '(': ' ', ')': ''}, 'after': {'!': ' ', '(': ''}}
    """
    found: dict[str, defaultdict] = {side: defaultdict(Counter) for side in _NOT_LEARNED}
    for text, spans in documents:
        for (start, stop), (next_start, next_stop) in pairwise(spans):
            gap = text[stop:next_start]
            if gap.strip():  # something that is no token
                continue
            token, next_token = text[start:stop], text[next_start:next_stop]
            if _is_mark(next_token):
                found["before"][next_token][gap] += 1
            if _is_mark(token) and token not in _INSIDE_NUMBERS:
                found["after"][token][gap] += 1
    spacing: Spacing = {"before": {}, "after": {}}
    for side, counts in found.items():
        for mark, gaps in counts.items():
            ((gap, n_times),) = gaps.most_common(1)
            if n_times >= _SHARE_TO_LEARN * gaps.total():
                spacing[side][mark] = gap
    return spacing


def check_spacing(spacing: Any) -> None:
    """Raise an error of any type if what was read from a file is not what was learned."""
    gaps = [gap for side in _NOT_LEARNED for gap in spacing[side].values()]
    if len(spacing) != len(_NOT_LEARNED) or any(
        type(gap) is not str or gap.strip() for gap in gaps
    ):
        raise ValueError("spacing must be white space before and after marks")


def _is_mark(token: str) -> bool:
    return token not in _QUOTES and not any(map(str.isalnum, token))


def join_word(joined: Joined, token: str, spacing: Spacing = _NOT_LEARNED) -> tuple[str, Joined]:
    """Return what a token adds to the text, and what has to be known after it.

    Spaces are as in English unless others were learned. Scripts without spaces have none.

    Parameters
    ----------
    joined : Joined
        The text so far.
    token : str
        The next word or punctuation mark.
    spacing : dict of dict of str, default=_NOT_LEARNED
        From `learn_spacing`.

    Returns
    -------
    piece : str
        The token, with a space before it if one belongs there.
    joined : Joined

    Examples
    --------
    >>> from sklearn_rnn._text.join_words import Joined, join_word
    >>> text, joined = "", Joined()
    >>> for token in ["don't", ",", "he", "said", "(", "3", ".", "5", "km", ")", "!"]:
    ...     piece, joined = join_word(joined, token)
    ...     text += piece
    >>> text
    "don't, he said (3.5 km)!"
    """
    quotes, opens, closes = joined.open_quotes, False, False
    if token in _QUOTES:
        closes = token in quotes
        opens = not closes
        quotes = quotes.replace(token, "") if closes else quotes + token
    space = spacing["before"].get(token, spacing["after"].get(joined.last))
    if joined.is_spaced or closes:
        space = ""
    elif space is None:
        space = "" if _is_glued(joined, token) else " "
    is_spaced = opens or (token in _NO_SPACE_AFTER and not spacing["after"].get(token))
    return space + token, Joined(joined.last, token, quotes, is_spaced)


def _is_glued(joined: Joined, token: str) -> bool:
    """Tell whether a token that is not a quotation mark follows without a space."""
    before, last = joined.before, joined.last
    if token in _NO_SPACE_BEFORE or token in _NO_SPACE_AROUND or last in _NO_SPACE_AROUND:
        return True
    if _ENDING.fullmatch(token) or (is_spaceless(last) and is_spaceless(token)):
        return True
    if last in (".", ":"):  # 3.14, 10:30, e.g.
        letters = last == "." and len(before) == len(token) == 1
        return (before.isdecimal() and token.isdecimal()) or (
            letters and before.isalpha() and token.isalpha()
        )
    # 1,000; but not "in 1990, 300 people"
    return (
        last == ","
        and before.isdecimal()
        and len(before) <= 3 == len(token)
        and (token.isdecimal())
    )
