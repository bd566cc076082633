"""Models of SentencePiece, written here field by field as sentencepiece_model.proto has them."""

import json
import struct

import pytest
from tokenizers import Tokenizer

from sklearn_rnn import SubwordVectorizer
from sklearn_rnn._text.sentencepiece_model import convert_sentencepiece
from sklearn_rnn._text.tokenizer_json import check_tokenizer_json

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, _, BYTE = range(1, 7)
START = [("<unk>", 0.0, UNKNOWN), ("<s>", 0.0, CONTROL), ("</s>", 0.0, CONTROL)]
UNIGRAM = [
    *START,
    ("\u2581", -3.0, NORMAL),
    ("\u2581un", -2.0, NORMAL),
    ("\u2581do", -2.5, NORMAL),
    ("able", -2.5, NORMAL),
    *((letter, -6.0, NORMAL) for letter in "abdelnosu<>/"),
]
# The score of a merge is minus its rank.
BPE = [
    *START,
    ("ab", -0.0, NORMAL),
    ("le", -1.0, NORMAL),
    ("able", -2.0, NORMAL),
    ("\u2581d", -3.0, NORMAL),
    ("\u2581do", -4.0, NORMAL),
    *((letter, -10.0 - i, NORMAL) for i, letter in enumerate("\u2581abdelnosu")),
]


def varint(number):
    """Return a number in groups of seven bits, the last ones first."""
    groups = []
    while True:
        number, low = divmod(number, 128)
        groups.append(low | (128 if number else 0))
        if not number:
            return bytes(groups)


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def write(pieces, *, kind=1, trainer=(), normalizer=()):
    parts = []
    for piece, score, type_ in pieces:
        parts.append(field(1, field(1, piece) + field(2, score) + field(3, type_)))
    settings = field(3, kind) + b"".join(field(*pair) for pair in trainer)
    parts += [field(2, settings), field(3, b"".join(field(*pair) for pair in normalizer))]
    return b"".join(parts)


@pytest.fixture
def fit(tmp_path):
    def fit(raw):
        path = tmp_path / "spiece.model"
        path.write_bytes(raw)
        return SubwordVectorizer(tokenizer=path).fit(["undo able"])

    return fit


def tokens(vectorizer, text):
    return vectorizer.tokens_[vectorizer.transform([text]).data].tolist()


def test_a_unigram_model_takes_the_likeliest_way(fit):
    vectorizer = fit(write(UNIGRAM))
    assert tokens(vectorizer, "undoable") == ["\u2581un", "d", "o", "able"]
    assert tokens(vectorizer, "  un   do ") == ["\u2581un", "\u2581do"]
    assert vectorizer.inverse_transform(vectorizer.transform(["undo able"])) == ["undo able"]


def test_a_bpe_model_joins_the_pairs_in_their_order(fit):
    vectorizer = fit(write(BPE, kind=2))
    assert tokens(vectorizer, "doable") == ["\u2581do", "able"]
    assert tokens(vectorizer, "bale") == ["\u2581", "b", "a", "le"]


def test_control_symbols_are_text(fit):
    assert tokens(fit(write(UNIGRAM)), "<s>") == ["\u2581", "<", "s", ">"]


def test_unknown_characters_are_unknown_or_bytes(fit):
    assert tokens(fit(write(UNIGRAM)), "é") == ["\u2581", "<unk>"]
    in_bytes = [*UNIGRAM, *((f"<0x{byte:02X}>", 0.0, BYTE) for byte in range(256))]
    vectorizer = fit(write(in_bytes, trainer=[(35, 1)]))
    assert tokens(vectorizer, "é") == ["\u2581", "<0xC3>", "<0xA9>"]
    assert vectorizer.inverse_transform(vectorizer.transform(["é"])) == ["é"]


def test_user_defined_symbols_are_tokens(fit):
    vectorizer = fit(write([*UNIGRAM, ("<url>", 0.0, USER_DEFINED)]))
    assert "<url>" in tokens(vectorizer, "un<url>do")


def test_white_space_is_kept_or_not(fit):
    as_it_is = fit(write(UNIGRAM, normalizer=[(3, 0), (4, 0)]))
    assert tokens(as_it_is, "able  un") == ["able", "\u2581", "\u2581un"]
    assert as_it_is.inverse_transform(as_it_is.transform(["able  un"])) == ["able  un"]


def test_words_may_be_joined(fit):
    pieces = [*UNIGRAM, ("\u2581un\u2581do", -1.0, NORMAL)]
    assert tokens(fit(write(pieces)), "un do") == ["\u2581un", "\u2581do"]
    assert tokens(fit(write(pieces, trainer=[(22, 0)])), "un do") == ["\u2581un\u2581do"]


def test_it_passes_the_checks_of_load(fit):
    for raw in (write(UNIGRAM), write(BPE, kind=2)):
        check_tokenizer_json(fit(raw).tokenizer_json_)
        Tokenizer.from_str(json.dumps(convert_sentencepiece(raw)))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"text",
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\x0a\x7f",
        b"\x0f",
        field(1, field(1, b"\xff")),
        field(1, 3),
        field(1, field(1, "a") + field(2, 1)),
        write(UNIGRAM, kind=3),
        write(UNIGRAM, kind=4),
        write(UNIGRAM[1:]),
        write(UNIGRAM, trainer=[(24, 1)]),
        write(UNIGRAM)[:-20],
        write(UNIGRAM, normalizer=[(2, b"\xff\xff\xff\xff" + bytes(9))]),
    ],
)
def test_other_files_are_refused(fit, raw):
    with pytest.raises(ValueError, match="The 'tokenizer' parameter"):
        fit(raw)
