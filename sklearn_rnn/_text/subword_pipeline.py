r"""How a text becomes the pieces within which subwords are learned, as JSON of `tokenizers`.

A space is put before the text, so that its first word is spelled as in the middle of a text. The
text is normalized and split into pieces: a word with the space before it, up to three digits,
punctuation, or white space. Each piece is written in UTF-8 with a character for each byte. No step
looks beyond the white space around a piece. So a chunk, a word with what is attached to it, is
tokenized once for all places where it occurs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from sklearn_rnn._text.tokenizers_package import import_tokenizers

# The same in Python, where the text is cut into chunks, and in the pattern of `tokenizers`, whose
# \s knows other characters.
_SPACE = r"\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_SPACE_OF_TOKENIZERS = _SPACE.replace(r"\x85\xa0", r"\u0085\u00a0")
# Combining marks, but not the vowel signs and tone marks of Indic scripts and of Thai.
_ACCENTS = r"\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"

# White space stands before a word. White space at the end of a text is a chunk of its own.
_CHUNK = re.compile(f"[{_SPACE}]*[^{_SPACE}]+|[{_SPACE}]+")

# Of bounded length, so that no text, however it was made, takes more than linear time.
_PIECE = "|".join(
    [
        r" ?[\p{L}\p{M}]{1,32}",
        r" ?\p{N}{1,3}",
        rf" ?[^{_SPACE_OF_TOKENIZERS}\p{{L}}\p{{M}}\p{{N}}]{{1,32}}",
        rf"[{_SPACE_OF_TOKENIZERS}]{{1,32}}(?![^{_SPACE_OF_TOKENIZERS}])",
        rf"[{_SPACE_OF_TOKENIZERS}]{{1,32}}",
    ]
)
_PREPEND = {"type": "Prepend", "prepend": " "}
_EMPTY_MODEL = {"type": "BPE", "vocab": {}, "merges": []}
_BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}


def make_pipeline(*, lowercase: bool, strip_accents: str | None, normalization: str | None) -> dict:
    """Return a tokenizer without a model, as JSON of `tokenizers`.

    Examples
    --------
    >>> from sklearn_rnn._text.subword_pipeline import make_pipeline
    >>> content = make_pipeline(lowercase=True, strip_accents=None, normalization="nfc")
    >>> [step["type"] for step in content["normalizer"]["normalizers"]]
    ['Prepend', 'NFC', 'Lowercase']
    """
    steps: list[dict] = [_PREPEND]
    if normalization is not None:
        steps.append({"type": normalization.upper()})
    if lowercase:
        steps.append({"type": "Lowercase"})
    if strip_accents is not None:
        # An accent on white space stays: without it, the white space on both sides would meet.
        pattern = _unescape(rf"(?<=[^{_SPACE_OF_TOKENIZERS}])[{_ACCENTS}]+")
        strip = {"type": "Replace", "pattern": {"Regex": pattern}, "content": ""}
        steps += [{"type": "NFD"}, strip, {"type": "NFC"}]
    split = {
        "type": "Split",
        "pattern": {"Regex": _unescape(_PIECE)},
        "behavior": "Isolated",
        "invert": False,
    }
    strip_space = {"type": "Strip", "content": " ", "start": 1, "stop": 0}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {"type": "Sequence", "normalizers": steps},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, _BYTES]},
        "post_processor": None,
        "decoder": {"type": "Sequence", "decoders": [_BYTES, strip_space]},
    }


def splits_into_chunks(content: dict) -> bool:
    """Tell whether a tokenizer reads text as `make_pipeline` defines it."""
    normalizer = content["normalizer"]
    steps = normalizer.get("normalizers", []) if isinstance(normalizer, dict) else []
    if not steps or steps[0] != _PREPEND or content["added_tokens"]:
        return False
    types = [step["type"] for step in steps]
    ours = make_pipeline(
        lowercase="Lowercase" in types,
        strip_accents="unicode" if "Replace" in types else None,
        normalization={"NFC": "nfc", "NFKC": "nfkc"}.get(types[1]) if len(types) > 1 else None,
    )
    return all(ours[part] == content[part] for part in ("normalizer", "pre_tokenizer"))


def without_prepend(content: dict) -> dict:
    """Return the tokenizer of chunks: `split_chunks` puts the space before the text."""
    steps = content["normalizer"]["normalizers"][1:]
    return {**content, "normalizer": {"type": "Sequence", "normalizers": steps} if steps else None}


def split_chunks(text: str) -> list[str]:
    """Return the chunks of a text.

    Examples
    --------
    >>> from sklearn_rnn._text.subword_pipeline import split_chunks
    >>> split_chunks("Not bad!  Good.")
    [' Not', ' bad!', '  Good.']
    """
    return _CHUNK.findall(f" {text}") if text else []


def make_piece_splitter(content: dict) -> Callable[[str], list[str]]:
    """Return the function from a chunk to its pieces, a character for each byte."""
    bare = {**without_prepend(content), "model": _EMPTY_MODEL}
    tokenizer = import_tokenizers().Tokenizer.from_str(json.dumps(bare))
    normalizer, splitter = tokenizer.normalizer, tokenizer.pre_tokenizer

    def split(chunk: str) -> list[str]:
        normalized = chunk if normalizer is None else normalizer.normalize_str(chunk)
        return [piece for piece, _ in splitter.pre_tokenize_str(normalized)]

    return split


def _unescape(pattern: str) -> str:
    r"""Return a pattern with the characters themselves in place of \u, \x, \t and \r."""
    return re.sub(
        r"\\u([0-9a-f]{4})|\\([tr])",
        lambda m: chr(int(m[1], 16)) if m[1] else {"t": "\t", "r": "\r"}[m[2]],
        pattern,
    )
