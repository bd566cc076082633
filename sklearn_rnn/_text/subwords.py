"""A tokenizer of subwords with the ids of this package, and the tokens of documents."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache
from itertools import chain, pairwise
from typing import Any, NamedTuple

import numpy as np

from sklearn_rnn._text.byte_level import spell
from sklearn_rnn._text.subword_pieces import byte_level_pieces, decoded_pieces
from sklearn_rnn._text.subword_pipeline import split_chunks, splits_into_chunks, without_prepend
from sklearn_rnn._text.tokenizer_json import MARK, build_tokenizer
from sklearn_rnn._text.tokenizers_package import is_panic
from sklearn_rnn._text.vocabulary import UNKNOWN_ID, index_tokens

# A token takes some hundred bytes until its id is in an array.
_N_CHARACTERS = 2**20


class Tokens(NamedTuple):
    """The ids of a corpus, document after document, and the number of each document."""

    ids: np.ndarray
    lengths: np.ndarray


class Subwords:
    """A tokenizer, built from its JSON.

    Parameters
    ----------
    text : str
        JSON of `tokenizers`, with the ids that `prepare` gives.

    Attributes
    ----------
    tokens : list of str
        The token of each id, spelled for people if the vocabulary consists of bytes.
    """

    def __init__(self, text: str):
        content = json.loads(text)
        self._whole = build_tokenizer(text)
        self._of_chunks = None
        if splits_into_chunks(content):
            self._of_chunks = build_tokenizer(json.dumps(without_prepend(content)))
        vocab = self._whole.get_vocab()
        self._raw = raw = sorted(vocab, key=vocab.get)
        self._is_of_bytes = _is_of_bytes(content)
        spelled = list(map(spell, raw)) if self._is_of_bytes else raw
        spelled = spelled if len({*spelled}) == len(raw) else raw
        self.tokens = [token.removeprefix(MARK) for token in spelled]
        self._space = self.tokens.index(" ") if " " in self.tokens else None

    @cached_property
    def pieces(self) -> list[bytes]:
        """What each token adds to a text, in UTF-8."""
        if self._is_of_bytes:
            return byte_level_pieces(self._raw)
        return decoded_pieces(self._raw, self.decode)

    @property
    def strips_space(self) -> bool:
        """Whether a text begins without the space that its first token has."""
        spaced = [id_ for id_, piece in enumerate(self.pieces) if piece.startswith(b" ")]
        return bool(spaced) and not self.decode([spaced[:1]])[0].startswith(" ")

    def encode(self, documents: list[str]) -> Tokens:
        """Return the token ids of documents.

        Raises
        ------
        ValueError
            If a document contains a lone surrogate, which is not valid Unicode.
        """
        with explained(documents):
            if self._of_chunks is None:
                return _encode(self._whole, documents)
            return self._encode_chunks(*index_tokens(documents, split_chunks))

    def _encode_chunks(
        self, chunks: list[str], occurrences: np.ndarray, lengths: np.ndarray
    ) -> Tokens:
        """Tokenize each chunk once, however often it occurs."""
        ids, n_ids = _encode(self._of_chunks, chunks)
        starts, sizes = (np.cumsum(n_ids) - n_ids)[occurrences], n_ids[occurrences]
        ends = np.cumsum(sizes)
        places = np.repeat(starts - (ends - sizes), sizes)
        places += np.arange(len(places))
        ends = np.concatenate([[0], ends])
        bounds = ends[np.concatenate([[0], np.cumsum(lengths)])]
        return Tokens(ids[places], np.diff(bounds))

    def spans(self, documents: list[str]) -> list[np.ndarray]:
        """Return where each token of each document starts and ends in its text."""
        with explained(documents):
            encodings = [
                (encoding.ids[:1], np.array(encoding.offsets, np.int64).reshape(-1, 2))
                for batch in _batches(documents)
                for encoding in self._whole.encode_batch(batch, add_special_tokens=False)
            ]
        if self._of_chunks is not None:
            for first, spans in encodings:
                if first == [self._space]:  # put in front of the text, it stands nowhere
                    spans[0] = 0
        return [spans for _, spans in encodings]

    def decode(self, sequences: list[list[int]]) -> list[str]:
        """Return the texts of sequences of token ids."""
        n_ids = len(self.tokens)
        known = [[id_ if id_ < n_ids else UNKNOWN_ID for id_ in ids] for ids in sequences]
        texts = self._whole.decode_batch(known, skip_special_tokens=False)
        # The mark may be text as well, where no token is unknown.
        return [
            text.replace(MARK, "") if UNKNOWN_ID in ids else text
            for text, ids in zip(texts, known, strict=True)
        ]


@lru_cache(maxsize=8)
def read_subwords(text: str) -> Subwords:
    """Return the tokenizer of a JSON, built once for several calls."""
    return Subwords(text)


@contextmanager
def explained(documents: Iterable[str]) -> Iterator[None]:
    """Raise ValueError with the row of a document that is invalid Unicode, or where Rust panics."""
    try:
        yield
    except BaseException as exc:
        if not (isinstance(exc, Exception) or is_panic(exc)):
            raise
        for row, document in enumerate(documents):
            try:
                document.encode("utf-8")
            except UnicodeEncodeError as error:
                raise ValueError(
                    f"Documents must be valid Unicode; row {row} of X holds the lone surrogate "
                    f"{document[error.start]!a} at position {error.start}. Replace it by "
                    "text.encode('utf-8', 'replace').decode()."
                ) from exc
        if is_panic(exc):
            raise ValueError(f"The tokenizer failed: {exc}") from exc
        raise


def _is_of_bytes(content: dict) -> bool:
    return '"ByteLevel"' in json.dumps(content["decoder"])


def _encode(tokenizer: Any, texts: list[str]) -> Tokens:
    ids, lengths = [], []
    for batch in _batches(texts):
        encodings = tokenizer.encode_batch_fast(batch, add_special_tokens=False)
        flat = chain.from_iterable(encoding.ids for encoding in encodings)
        ids.append(np.fromiter(flat, np.int32))
        lengths.append(np.fromiter(map(len, encodings), np.int64))
    return Tokens(np.concatenate([np.empty(0, np.int32), *ids]), np.concatenate(lengths))


def _batches(texts: list[str]) -> Iterator[list[str]]:
    """Yield the texts in lists that are not too long, one text at least."""
    bounds = np.cumsum([len(text) for text in texts]) // _N_CHARACTERS
    starts = [0, *(np.flatnonzero(np.diff(bounds)) + 1).tolist(), len(texts)]
    for start, stop in pairwise(starts):
        yield texts[start:stop]
