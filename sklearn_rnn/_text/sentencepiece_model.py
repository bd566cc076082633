"""Models of SentencePiece, read as JSON of `tokenizers` without the package sentencepiece.

A model file is a message of protocol buffers. Only the few fields that say how text is split are
read; sentencepiece_model.proto lists them.
"""

from __future__ import annotations

import struct
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

_SPACE = "\u2581"
_NORMAL, _UNKNOWN, _CONTROL, _USER_DEFINED, _UNUSED, _BYTE = range(1, 7)
_UNIGRAM, _BPE = 1, 2


def convert_sentencepiece(raw: bytes) -> dict:
    """Return a model of SentencePiece, unigram or BPE, as JSON of `tokenizers`.

    Parameters
    ----------
    raw : bytes
        A file that sentencepiece wrote, often named ``*.model``.

    Raises
    ------
    ValueError
        If it is not such a file, or a model of words or characters.
    """
    try:
        model = _fields(raw)
        pieces = [_read_piece(each) for each in model[1]]
        trainer = _fields(_last(model, 2, b""))
        normalizer = _fields(_last(model, 3, b""))
        kind = _last(trainer, 3, _UNIGRAM)
    except (IndexError, KeyError, TypeError, UnicodeDecodeError, struct.error) as exc:
        raise ValueError("it is neither JSON nor a model of SentencePiece") from exc
    if not pieces or kind not in (_UNIGRAM, _BPE):
        raise ValueError("it is not a unigram or BPE model of SentencePiece")
    unknown = next((id_ for id_, (*_, type_) in enumerate(pieces) if type_ == _UNKNOWN), None)
    if unknown is None:
        raise ValueError("it has no unknown token, which a model of SentencePiece must have")
    if _last(trainer, 24, 0):  # treat_whitespace_as_suffix
        raise ValueError("it marks the end of words; only models that mark their start can be read")
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": _added_tokens(pieces),
        "normalizer": _convert_normalizer(normalizer),
        "pre_tokenizer": {
            "type": "Metaspace",
            "replacement": _SPACE,
            "prepend_scheme": "always" if _last(normalizer, 3, 1) else "never",
            "split": bool(_last(trainer, 22, 1)),  # split_by_whitespace
        },
        "post_processor": None,
        "decoder": _convert_decoder(bool(_last(normalizer, 3, 1))),
        "model": (_unigram if kind == _UNIGRAM else _bpe)(pieces, unknown, trainer),
    }


def _unigram(pieces: list[tuple[str, float, int]], unknown: int, trainer: dict) -> dict:
    return {
        "type": "Unigram",
        "unk_id": unknown,
        "vocab": [[piece, score] for piece, score, _ in pieces],
        "byte_fallback": bool(_last(trainer, 35, 0)),
    }


def _bpe(pieces: list[tuple[str, float, int]], unknown: int, trainer: dict) -> dict:
    """Return a BPE model, with the merges that SentencePiece leaves implicit in the pieces."""
    rank = {piece: -score for piece, score, type_ in pieces if type_ == _NORMAL}
    ids = {piece: id_ for id_, (piece, *_) in enumerate(pieces)}
    merges = []
    for piece in rank:
        parts = [(piece[:cut], piece[cut:]) for cut in range(1, len(piece))]
        parts = [(left, right) for left, right in parts if left in rank and right in rank]
        parts.sort(key=lambda pair: (ids[pair[0]], ids[pair[1]]))
        merges += [(rank[piece], pair) for pair in parts]
    merges.sort(key=lambda merge: merge[0])
    return {
        "type": "BPE",
        "dropout": None,
        "unk_token": pieces[unknown][0],
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": True,
        "byte_fallback": bool(_last(trainer, 35, 0)),
        "ignore_merges": False,
        "vocab": ids,
        "merges": [list(pair) for _, pair in merges],
    }


def _added_tokens(pieces: list[tuple[str, float, int]]) -> list[dict]:
    added = []
    for id_, (piece, _, type_) in enumerate(pieces):
        if type_ in (_UNKNOWN, _CONTROL, _UNUSED, _USER_DEFINED):
            flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
            special = type_ != _USER_DEFINED
            added.append({"id": id_, "content": piece, **flags, "special": special})
    return added


def _convert_normalizer(normalizer: dict) -> dict | None:
    steps: list[dict[str, Any]] = []
    if charsmap := _last(normalizer, 2, b""):
        text = b64encode(charsmap).decode()
        steps.append({"type": "Precompiled", "precompiled_charsmap": text})
    if _last(normalizer, 4, 1):  # remove_extra_whitespaces
        steps.append({"type": "Strip", "strip_left": True, "strip_right": True})
        steps.append({"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "})
    return {"type": "Sequence", "normalizers": steps} if steps else None


def _convert_decoder(has_prefix: bool) -> dict:
    scheme = "always" if has_prefix else "never"
    spaces = {"type": "Metaspace", "replacement": _SPACE, "prepend_scheme": scheme, "split": True}
    return {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, spaces]}


def _read_piece(raw: bytes) -> tuple[str, float, int]:
    fields = _fields(raw)
    (score,) = struct.unpack("<f", _last(fields, 2, bytes(4)))
    return _last(fields, 1, b"").decode("utf-8"), score, _last(fields, 3, _NORMAL)


def _last(fields: dict[int, list], number: int, default: Any) -> Any:
    """Return the value of a field, of the type of its default: the last one counts."""
    value = fields[number][-1] if number in fields else default
    if type(value) is not type(default):
        raise TypeError("a field is of another type")
    return value


def _fields(raw: bytes) -> dict[int, list]:
    """Return the values of a message by the numbers of their fields."""
    fields: defaultdict[int, list] = defaultdict(list)
    for number, value in _read_fields(raw):
        fields[number].append(value)
    return dict(fields)


def _read_fields(raw: bytes) -> Iterator[tuple[int, int | bytes]]:
    place = 0
    while place < len(raw):
        key, place = _read_varint(raw, place)
        wire_type = key & 7
        if wire_type == 0:
            value, place = _read_varint(raw, place)
            yield key >> 3, value
            continue
        if wire_type == 2:
            size, place = _read_varint(raw, place)
        else:
            size = {1: 8, 5: 4}[wire_type]
        if size > len(raw) - place:
            raise IndexError("the message ends early")
        yield key >> 3, raw[place : place + size]
        place += size


def _read_varint(raw: bytes, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = raw[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise IndexError("a number is too long")
