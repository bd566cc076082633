"""What each subword adds to a text, as bytes of UTF-8: a character may need several subwords."""

from __future__ import annotations

import re
from collections.abc import Callable

from sklearn_rnn._text.byte_level import ALPHABET

_BYTE = re.compile("<0x([0-9A-F]{2})>")
# Replaces bytes that are not a character.
_REPLACEMENT = "\ufffd"

Decode = Callable[[list[list[int]]], list[str]]


def byte_level_pieces(names: list[str]) -> list[bytes]:
    r"""Return the bytes of tokens that are spelled with a character for each byte.

    Examples
    --------
    >>> from sklearn_rnn._text.subword_pieces import byte_level_pieces
    >>> byte_level_pieces(["ĠcafÃ©", "Ã", "日"])
    [b' caf\xc3\xa9', b'\xc3', b'\xe6\x97\xa5']
    """
    return [
        bytes(map(ALPHABET.__getitem__, name)) if ALPHABET.keys() >= {*name} else name.encode()
        for name in names
    ]


def decoded_pieces(names: list[str], decode: Decode) -> list[bytes]:
    """Return the bytes that tokens of any other vocabulary add in the middle of a text.

    Parameters
    ----------
    names : list of str
        The tokens as the vocabulary spells them. Spaces may be marked at either end of a word or
        inside it, in any way.
    decode : callable
        From lists of ids to texts.

    Returns
    -------
    pieces : list of bytes
    """
    head, context, tail = _find_context(len(names), decode)
    texts = decode([[*context, id_, *context] for id_ in range(len(names))])
    pieces = []
    for name, text in zip(names, texts, strict=True):
        piece = text.removeprefix(head).removesuffix(tail)
        byte = _BYTE.fullmatch(name)
        # A vocabulary without bytes may have a token that is written like one.
        is_byte = byte is not None and name not in text
        pieces.append(bytes.fromhex(byte[1]) if byte and is_byte else piece.encode())
    return pieces


def _find_context(n_ids: int, decode: Decode) -> tuple[str, list[int], str]:
    """Return what to put around a token, and its texts before and after.

    Its text has no spaces at the ends, so that the spaces of the token between can be recognised.
    """
    for id_, (one, two, three) in enumerate(
        zip(*(decode([[id_] * n for id_ in range(n_ids)]) for n in (1, 2, 3)), strict=True)
    ):
        tail = two.removeprefix(one)
        is_plain = one.strip() == one != "" and tail.strip() == tail != ""
        if is_plain and three == one + 2 * tail and _REPLACEMENT not in one:
            return one, [id_], tail
    return "", [], ""
