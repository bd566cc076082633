"""Bytes written as visible characters, as GPT-2 spells its tokens.

A vocabulary that holds all 256 bytes can spell any text, so no text is unknown.
"""

from __future__ import annotations

import re

_VISIBLE = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
_OTHERS = [byte for byte in range(256) if byte not in _VISIBLE]

# Visible Latin-1 characters stand for themselves, the other bytes for those from U+0100 on.
ALPHABET = {
    **{chr(byte): byte for byte in _VISIBLE},
    **{chr(0x100 + place): byte for place, byte in enumerate(_OTHERS)},
}
_BYTE = re.compile("<0x[0-9A-F]{2}>")


def spell(token: str) -> str:
    """Return a byte-level token as people read it.

    Parameters
    ----------
    token : str
        A character for each byte. Any other text is returned as it is.

    Returns
    -------
    str
        The text. If the bytes are not whole characters, or if the text could be taken for such,
        each byte as "<0xE0>". No two tokens are spelled alike.

    Examples
    --------
    >>> from sklearn_rnn._text.byte_level import spell
    >>> spell("ĠcafÃ©"), spell("Ã")
    (' café', '<0xC3>')
    """
    if not all(character in ALPHABET for character in token):
        return token
    raw = bytes(ALPHABET[character] for character in token)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = None
    if text is None or _BYTE.search(text):
        return "".join(f"<0x{byte:02X}>" for byte in raw)
    return text
