"""Words and punctuation marks back to a text, a token at a time."""

from __future__ import annotations

import re
from typing import NamedTuple

from sklearn_rnn._text.words import is_spaceless, split_words

_NO_SPACE_BEFORE = frozenset(".,;:!?%)]}…\u2019”»")
_NO_SPACE_AFTER = frozenset("([{$£#@“\u2018«¿¡")
_NO_SPACE_AROUND = frozenset("-/—\u2010\u2011")
_QUOTES = frozenset("\"'")
# Some tokenizers split "don't" and "it's".
_ENDING = re.compile(r"['\u2019]\w+|n['\u2019]t", re.IGNORECASE)


class Joined(NamedTuple):
    """What is to be known of the tokens so far.

    Attributes
    ----------
    before, last : str
        The last two tokens.
    open_quotes : str
        The quotation marks that are open.
    is_spaced : bool
        Whether the text ends in white space, or has not begun.
    """

    before: str = ""
    last: str = ""
    open_quotes: str = ""
    is_spaced: bool = True


def read_joined(text: str) -> Joined:
    """Return what is to be known of a text to which words are to be added."""
    joined = Joined()
    for token in split_words(text):
        joined = join_word(joined, token)[1]
    return joined._replace(is_spaced=joined.is_spaced or text[-1:].isspace())


def join_word(joined: Joined, token: str) -> tuple[str, Joined]:
    """Return what a token adds to the text, and what is to be known after it.

    Spaces stand as in English. Scripts without spaces have none.

    Parameters
    ----------
    joined : Joined
        The text so far.
    token : str
        The next word or punctuation mark.

    Returns
    -------
    piece : str
        The token, with a space before it where one belongs.
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
    space = "" if joined.is_spaced or closes or _is_glued(joined, token) else " "
    after = Joined(joined.last, token, quotes, opens or token in _NO_SPACE_AFTER)
    return space + token, after


def _is_glued(joined: Joined, token: str) -> bool:
    """Tell whether a token that is no quotation mark follows without a space."""
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
