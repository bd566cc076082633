"""Tokenizers as JSON of `tokenizers`: read from files or objects, with the ids of this package.

Tokens that represent no text, such as "[CLS]" or "<s>", are removed. Padding and the unknown token
get names that no text spells. So whatever is written in a document is read as text.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sklearn_rnn._text.sentencepiece_model import convert_sentencepiece
from sklearn_rnn._text.tokenizers_package import import_tokenizers, is_panic
from sklearn_rnn._text.vocabulary import FIRST_ID, PAD_TOKEN, UNKNOWN_ID, UNKNOWN_TOKEN

# A noncharacter, which no program exchanges.
MARK = "\U0010fffe"
_RESERVED = [MARK + PAD_TOKEN, MARK + UNKNOWN_TOKEN]
_MODELS = ("BPE", "Unigram", "WordLevel", "WordPiece")


def build_tokenizer(text: str) -> Any:
    """Return the tokenizer of a JSON.

    Raises
    ------
    ValueError
        If it is not one, even where the package would panic or request all memory.
    """
    try:
        content = json.loads(text)
        _check_character_maps(content)
        return import_tokenizers().Tokenizer.from_str(text)
    except BaseException as exc:
        if isinstance(exc, Exception) or is_panic(exc):
            raise ValueError(f"it is not a readable tokenizer.json ({exc})") from exc
        raise


def check_tokenizer_json(text: str) -> None:
    """Raise ValueError unless a JSON was made by `prepare` and `reorder`."""
    content = json.loads(text)
    if content["model"]["type"] not in _MODELS:
        raise ValueError("the model of the tokenizer is unknown")
    if any(content[part] for part in ("truncation", "padding", "post_processor")):
        raise ValueError("the tokenizer would change what it finds")
    # Before the package reserves memory for the largest id.
    names = _by_id(content["model"])
    ids = sorted(token["id"] for token in content["added_tokens"])
    extra = [id_ for id_ in ids if id_ >= len(names)]
    if names[:FIRST_ID] != _RESERVED or extra != list(range(len(names), len(names) + len(extra))):
        raise ValueError("the ids of the tokenizer are not consecutive")
    build_tokenizer(text)


def read_tokenizer(tokenizer: Any) -> dict:
    """Return a tokenizer of the user as JSON.

    Parameters
    ----------
    tokenizer : str, path-like or object
        A file, a folder with a tokenizer.json, a tokenizer of `tokenizers`, or a fast one of
        `transformers`.

    Raises
    ------
    TypeError
        If it is something else.
    ValueError
        If a file holds no tokenizer.
    """
    must = (
        "The 'tokenizer' parameter of SubwordVectorizer must be a tokenizers.Tokenizer, a fast "
        "tokenizer of transformers, or the path of a tokenizer.json or of a model of SentencePiece."
    )
    tokenizer = getattr(tokenizer, "backend_tokenizer", tokenizer)
    if hasattr(tokenizer, "to_str") and hasattr(tokenizer, "encode_batch_fast"):
        return json.loads(tokenizer.to_str())
    if not isinstance(tokenizer, (str, os.PathLike)):
        raise TypeError(f"{must} Got {type(tokenizer).__name__} instead.")
    path = Path(tokenizer)
    path = path / "tokenizer.json" if path.is_dir() else path
    raw = path.read_bytes()
    try:
        if raw.lstrip().startswith(b"{"):
            text = raw.decode("utf-8")
        else:
            text = json.dumps(convert_sentencepiece(raw))
        # The package writes in full what older files leave out.
        return json.loads(build_tokenizer(text).to_str())
    except ValueError as exc:
        raise ValueError(f"{must} Got {str(path)!r}: {exc}.") from exc


def prepare(content: dict) -> dict:
    """Return a tokenizer with the ids of this package, its tokens in their original order.

    Whatever adds tokens to a text, truncates it, pads it or is random is removed.

    Examples
    --------
    >>> from sklearn_rnn._text.tokenizer_json import prepare
    >>> model = {"type": "WordLevel", "unk_token": "[UNK]", "vocab": {"[UNK]": 0, "b": 1, "a": 2}}
    >>> list(prepare({"model": model, "added_tokens": []})["model"]["vocab"].values())
    [0, 1, 2, 3]
    """
    model = dict(content["model"])
    if model.get("type") not in _MODELS:
        raise ValueError(f"its model must be one of {', '.join(_MODELS)}, not {model.get('type')}")
    added = [token for token in content["added_tokens"] if not token["special"]]
    special = {token["content"] for token in content["added_tokens"] if token["special"]}
    special |= set(_RESERVED)  # of a tokenizer that this package has made
    if model["type"] == "Unigram":
        unknown = model["unk_id"]
        scored = [pair for id_, pair in enumerate(model["vocab"]) if id_ != unknown]
        scored = [[token, score] for token, score in scored if token not in special]
        model |= {"vocab": [[name, 0.0] for name in _RESERVED] + scored, "unk_id": UNKNOWN_ID}
        known = [token for token, _ in model["vocab"]]
        known += [token["content"] for token in added if token["content"] not in set(known)]
    else:
        unknown = model.get("unk_token")
        special -= {token for merge in model.get("merges", []) for token in _parts(merge)}
        known = sorted(model["vocab"], key=model["vocab"].get)
        known = [token for token in known if token not in special and token != unknown]
        known += [token["content"] for token in added if token["content"] not in model["vocab"]]
        known = [*_RESERVED, *known]
        model["vocab"] = {token: id_ for id_, token in enumerate(known)}
        if unknown is not None:
            model["unk_token"] = _RESERVED[UNKNOWN_ID]
    if "dropout" in model:
        model["dropout"] = None
    id_of = {token: id_ for id_, token in enumerate(known)}
    added = [
        {**token, "id": id_of[token["content"]]} for token in added if token["content"] in id_of
    ]
    added.sort(key=lambda token: token["id"])
    off: dict = dict.fromkeys(("truncation", "padding", "post_processor"))
    return {**content, **off, "added_tokens": added, "model": model}


def reorder(content: dict, counts: np.ndarray) -> tuple[dict, np.ndarray]:
    """Give the most frequent tokens of a prepared tokenizer the first ids.

    Tokens that do not occur come last, so that a network, which knows ids up to the largest it was
    trained on, has no vectors for them.

    Parameters
    ----------
    content : dict
        What `prepare` returns.
    counts : ndarray of int of shape (n_ids,)
        How often each token occurs.

    Returns
    -------
    content : dict
        The tokenizer with new ids.
    new_ids : ndarray of int32 of shape (n_ids,)
        The new id of each token.
    """
    model = dict(content["model"])
    names = _by_id(model)
    n_ids = len(names)  # those that were added to a unigram model have to stay behind
    order = np.arange(len(counts))
    order[FIRST_ID:n_ids] = FIRST_ID + np.argsort(-counts[FIRST_ID:n_ids], kind="stable")
    new_ids = np.empty(len(counts), np.int32)
    new_ids[order] = np.arange(len(counts))
    if model["type"] == "Unigram":
        model["vocab"] = [model["vocab"][old] for old in order[:n_ids]]
    else:
        model["vocab"] = {names[old]: new for new, old in enumerate(order.tolist())}
    added = [{**token, "id": int(new_ids[token["id"]])} for token in content["added_tokens"]]
    added.sort(key=lambda token: token["id"])
    return {**content, "added_tokens": added, "model": model}, new_ids


def _by_id(model: dict) -> list[str]:
    """Return the tokens of a model in the order of their ids, which must be consecutive."""
    if model["type"] == "Unigram":
        return [token for token, _ in model["vocab"]]
    vocab = model["vocab"]
    if sorted(vocab.values()) != list(range(len(vocab))):
        raise ValueError("the ids of the tokenizer are not consecutive")
    return sorted(vocab, key=vocab.__getitem__)


def _parts(merge: list[str] | str) -> list[str]:
    """Return the two tokens of a merge, and the token that they become."""
    left, right = merge.split(" ") if isinstance(merge, str) else merge
    return [left, right, left + right]


def _check_character_maps(value: Any) -> None:
    """Refuse maps of SentencePiece that claim to be longer than they are.

    The package would reserve the memory, and end the process if there is not enough.
    """
    for each in _dicts_in(value):
        if each.get("type") == "Precompiled":
            raw = b64decode(each["precompiled_charsmap"])
            size = int.from_bytes(raw[:4], "little")
            if len(raw) < 8 or size % 4 or not 4 <= size <= len(raw) - 4:
                raise ValueError("its map of characters is damaged")


def _dicts_in(value: Any) -> Iterator[dict]:
    """Yield the parts of a normalizer or tokenizer, without recursion: a file may nest deeply."""
    stack = [value]
    while stack:
        each = stack.pop()
        if isinstance(each, dict):
            yield each
            stack += [part for part in each.values() if isinstance(part, (dict, list))]
        elif isinstance(each, list):
            stack += [part for part in each if isinstance(part, dict)]
