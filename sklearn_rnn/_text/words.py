r"""Words of every script, by Unicode's properties of characters.

Python's `\w` knows letters and digits, but not the marks that belong to them: it cuts a Hindi word
at each vowel sign, and an emoji at its skin tone. The rules here follow Unicode's default word
boundaries (UAX 29), except where a network that reads in order profits from finer tokens: numbers
and addresses are split at punctuation, and scripts without spaces are read character by character.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any

# The words of ASCII, and all that `\w` needs to find them in Latin text: "don't" is one token, and
# each punctuation mark is a token of its own. Models of before `WORD_PATTERN` have it in their
# parameters.
TOKEN_PATTERN = r"\w+(?:['\u2019]\w+)*|[^\w\s]"

# Characters on which `TOKEN_PATTERN` and `WORD_PATTERN` agree: Latin letters without marks, and
# typographic punctuation. `re` is several times as fast as `regex`.
_SIMPLE = re.compile(r"[\x00-\xac\xae-\xb6\xb8-\u024f\u2010-\u2026\u2030-\u203a\u20a0-\u20bf]*")

# Characters without a meaning of their own, dropped before the text is split: the soft hyphen, the
# byte order mark, marks of direction, and invisible operators.
IGNORED = r"[\u00AD\u061C\u200E\u200F\u202A-\u202E\u2060-\u2064\u2066-\u206F\uFEFF]"

# Spaces, also those that have no width or that only Python counts among them, and joiners that
# join nothing.
_SPACES = r"\s\x1C-\x1F\u200B\u200C\u200D"
# What follows a letter within its word: marks, and joiners (ZWNJ only between letters).
_MARKS = r"\p{M}\u200D\u070F\u180E"
_ATTACHED = rf"(?:[{_MARKS}]|\u200C+(?=[\p{{L}}\p{{M}}\p{{N}}]))"
# Scripts that are written without spaces. Digits of these scripts form numbers as others do.
_SPACELESS = (
    r"(?=[\p{L}\p{Nl}])[\p{Ideographic}\p{Han}\p{Hiragana}\p{Katakana}\u3031-\u3035\u303C\u30FC"
    r"\uFF70\uFF9E\uFF9F\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tai_Le}\p{New_Tai_Lue}\p{Tai_Tham}"
    r"\p{Tai_Viet}\p{Ahom}]"
)
# A character of these as its readers see it: with consonants stacked below, with the second half of
# a Thai or Lao vowel, with a halfwidth voicing mark.
_STACKED = rf"(?:[\u17D2\u1039\u1A60]\p{{L}}|[\u0E33\u0EB3\uFF9E\uFF9F]|{_ATTACHED})*+"
# Khmer and Burmese have spaces, visible or not, between phrases, and often between words. A short
# run is taken for a word.
_KHMER_BURMESE = (
    r"\u1780-\u17D3\u17D7\u17DC\u17DD\u1000-\u103F\u1050-\u108F\u109A-\u109D"
    r"\uA9E0-\uA9EF\uA9FA-\uA9FE\uAA60-\uAA7F"
)
_SHORT_RUN = (
    rf"(?<![{_KHMER_BURMESE}])(?:(?=\p{{L}})[{_KHMER_BURMESE}]{_STACKED}){{1,6}}+"
    rf"(?![{_KHMER_BURMESE}])"
)
_KEYCAP = r"[0-9#*]\uFE0F?\u20E3"
_FLAG = r"\p{Regional_Indicator}{2}"
_MODIFIERS = r"[\p{M}\U0001F3FB-\U0001F3FF\U000E0020-\U000E007F]*+"
_EMOJI = (
    rf"\p{{Extended_Pictographic}}{_MODIFIERS}"
    rf"(?:\u200D\p{{Extended_Pictographic}}{_MODIFIERS})*+"
)
_LETTER = (
    rf"(?!{_SPACELESS}|{_KEYCAP}|\p{{Extended_Pictographic}}\uFE0F)"
    rf"[\p{{L}}\p{{N}}\p{{Pc}}\u055B\u055C\u055E\u05F3]{_ATTACHED}*+"
)
# Inside a word: apostrophes; the middle dot of Catalan; the quotation mark in Hebrew acronyms.
_INSIDE = (
    r"(?:['\u2019]|(?<=[\p{L}\p{M}])[\u00B7\u2027](?=\p{L})"
    r"|(?<=\p{Hebrew})[\"\u05F4](?=\p{Hebrew}))"
)

# Written so that other languages can use it too (PCRE2, Java, ICU).
WORD_PATTERN = (
    rf"{_KEYCAP}|{_FLAG}|{_EMOJI}|{_SHORT_RUN}|{_SPACELESS}{_STACKED}"
    rf"|(?:{_LETTER})++(?:{_INSIDE}(?:{_LETTER})++)*+|[^{_SPACES}]\p{{M}}*+"
)


def is_simple(text: str) -> bool:
    """Tell whether `TOKEN_PATTERN` finds the words of a text, as it stands."""
    return text.isascii() or _SIMPLE.fullmatch(text) is not None


def normalize(text: str) -> str:
    r"""Return a text in the form in which its words are compared.

    Characters in `IGNORED` are dropped, letters and marks are composed (NFC), and the dot that
    ``"İ".lower()`` leaves above the i is removed.

    Examples
    --------
    >>> from sklearn_rnn._text.words import normalize
    >>> normalize("cafe\u0301 co\u00adoperate " + "İyi".lower())
    'café cooperate iyi'
    """
    if is_simple(text):
        return text
    text = _ignored().sub("", text)
    return unicodedata.normalize("NFC", text.replace("i\u0307", "i"))


def split_words(text: str) -> list[str]:
    r"""Return the words, punctuation marks, symbols and emoji of a text.

    Examples
    --------
    >>> from sklearn_rnn._text.words import split_words
    >>> split_words("I don't, हिन्दी भाषा 👍🏽!")
    ['I', "don't", ',', 'हिन्दी', 'भाषा', '👍🏽', '!']
    """
    if is_simple(text):
        return _simple_words(text)
    return _words().findall(normalize(text))


def word_spans(text: str) -> list[tuple[int, int, str]]:
    r"""Return the words that `split_words` finds, each after its start and end in the text.

    Examples
    --------
    >>> from sklearn_rnn._text.words import word_spans
    >>> word_spans("cafe\u0301 co\u00adop")
    [(0, 5, 'café'), (6, 11, 'coop')]
    """
    kept = [i for i, character in enumerate(text) if not _ignored().match(character)]
    starts: list[int] = []
    stops: list[int] = []
    normalized = ""
    # Composing changes nothing across the borders of user-perceived characters.
    for cluster in _clusters().finditer("".join(text[i] for i in kept)):
        part = normalize(cluster[0])
        places = kept[cluster.start() : cluster.end()]
        is_same = len(part) == len(places)
        starts += places if is_same else [places[0]] * len(part)
        stops += [i + 1 for i in places] if is_same else [places[-1] + 1] * len(part)
        normalized += part
    return [
        (starts[match.start()], stops[match.end() - 1], match[0])
        for match in _words().finditer(normalized)
    ]


def is_spaceless(text: str) -> bool:
    """Tell whether a token belongs to a script without spaces, or is punctuation of one.

    Examples
    --------
    >>> from sklearn_rnn._text.words import is_spaceless
    >>> is_spaceless("日"), is_spaceless("。"), is_spaceless("भाषा")
    (True, True, False)
    """
    return not is_simple(text) and _spaceless().match(text) is not None


_simple_words = re.compile(TOKEN_PATTERN).findall


# Compiled at the first text that needs them: most need neither, nor the time to import regex.
@cache
def _words() -> Any:
    import regex

    return regex.compile(WORD_PATTERN)


@cache
def _spaceless() -> Any:
    import regex

    return regex.compile(rf"{_SPACELESS}|[\u3001-\u303F\uFF01-\uFF0F\uFF1A-\uFF20]")


@cache
def _clusters() -> Any:
    import regex

    return regex.compile(r"\X")


@cache
def _ignored() -> re.Pattern[str]:
    return re.compile(IGNORED)
