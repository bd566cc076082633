import pickle

import pytest
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from sklearn_rnn._text.tokenizer import (
    get_stop_words,
    inconsistent_stop_words,
    make_analyzer,
    make_preprocessor,
    make_tokenizer,
    split_characters,
)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        (" \t\n\u00a0\u3000", []),
        ("I am 5", ["I", "am", "5"]),
        ("good, not bad!", ["good", ",", "not", "bad", "!"]),
        ("no!!!", ["no", "!", "!", "!"]),
        ("don't rock'n'roll", ["don't", "rock'n'roll"]),
        ("don\u2019t", ["don\u2019t"]),
        ("'quoted' dogs'", ["'", "quoted", "'", "dogs", "'"]),
        ("well-known", ["well", "-", "known"]),
        ("so sad :(", ["so", "sad", ":", "("]),
        ("nice👍👍 $5", ["nice", "👍", "👍", "$", "5"]),
        ("snake_case", ["snake_case"]),
        ("naïve Größe 東京 привет", ["naïve", "Größe", "東京", "привет"]),
    ],
)
def test_default_pattern(text, tokens):
    assert make_tokenizer()(text) == tokens


def test_pattern_with_one_group_gives_the_group():
    assert make_tokenizer(r"#(\w+)")("#a b #c") == ["a", "c"]


def test_pattern_with_two_groups_is_refused():
    with pytest.raises(ValueError, match="More than 1 capturing group in token pattern"):
        make_tokenizer(r"(\w)(\w)")


def test_invalid_pattern_is_refused():
    with pytest.raises(ValueError, match=r"valid regular expression. Got '\(' instead: missing"):
        make_tokenizer("(")


def test_no_pattern_is_refused():
    with pytest.raises(ValueError, match="'token_pattern' must be a str when 'tokenizer' is None"):
        make_tokenizer(None)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, "crème œuf é"),
        ({"lowercase": False}, "Crème Œuf É"),
        ({"strip_accents": "unicode"}, "creme œuf e"),
        ({"strip_accents": "ascii"}, "creme uf e"),
        ({"strip_accents": str.swapcase}, "CRÈME ŒUF É"),
    ],
)
def test_preprocessor(params, expected):
    assert make_preprocessor(**params)("Crème Œuf É") == expected


def test_characters_keep_white_space():
    assert split_characters("a  b\n\n") == ["a", " ", " ", "b", "\n", "\n"]


def test_stop_words_by_name():
    assert get_stop_words("english") is ENGLISH_STOP_WORDS
    assert get_stop_words(None) is None
    assert get_stop_words(["a", "a"]) == {"a"}


def test_english_stop_words_suit_the_default_pattern():
    words = get_stop_words("english")
    assert inconsistent_stop_words(words, make_preprocessor(), make_tokenizer()) == []


def test_inconsistent_stop_words():
    words = {"Don't", "well-known", "the"}
    tokens = inconsistent_stop_words(words, make_preprocessor(), make_tokenizer())
    assert tokens == ["-", "don't", "known", "well"]


@pytest.mark.parametrize("stop_words", [None, frozenset(["the"])])
def test_analyzer_pickles(stop_words):
    analyze = make_analyzer(
        make_preprocessor(strip_accents="unicode"), make_tokenizer(), stop_words
    )
    expected = ["end"] if stop_words else ["the", "end"]
    assert analyze("Thé end") == pickle.loads(pickle.dumps(analyze))("Thé end") == expected
