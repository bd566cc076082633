import pickle

import pytest
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from sklearn_rnn._text.tokenizer import (
    get_stop_words,
    inconsistent_stop_words,
    make_analyzer,
    make_preprocessor,
    make_token_analyzer,
    make_tokenizer,
    split_characters,
    takes_joined_texts,
    word_stages,
)
from sklearn_rnn._text.words import TOKEN_PATTERN, split_words


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
        ("naïve Größe привет", ["naïve", "Größe", "привет"]),
    ],
)
@pytest.mark.parametrize("pattern", [None, TOKEN_PATTERN])
def test_words_of_alphabets(text, tokens, pattern):
    assert make_tokenizer(pattern)(text) == tokens


def test_pattern_with_one_group_gives_the_group():
    assert make_tokenizer(r"#(\w+)")("#a b #c") == ["a", "c"]


def test_pattern_with_two_groups_is_refused():
    with pytest.raises(ValueError, match="More than 1 capturing group in token pattern"):
        make_tokenizer(r"(\w)(\w)")


def test_invalid_pattern_is_refused():
    with pytest.raises(ValueError, match=r"valid regular expression. Got '\(' instead: missing"):
        make_tokenizer("(")


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


def test_tokens_are_preprocessed_and_not_split():
    analyze = make_token_analyzer(make_preprocessor(), make_tokenizer(), frozenset(["the"]))
    assert analyze(["The", "New York", "TIMES!"]) == ["new york", "times!"]
    assert analyze("The TIMES!") == ["times", "!"]
    assert pickle.loads(pickle.dumps(analyze))(["The", "C++"]) == ["c++"]


@pytest.mark.parametrize("make", [make_analyzer, make_token_analyzer])
def test_stages_of_analyzers_of_words_are_known(make):
    preprocess = make_preprocessor()
    assert word_stages(make(preprocess, make_tokenizer(), {"a"})) == (
        preprocess,
        split_words,
        {"a"},
    )
    assert word_stages(make(preprocess, make_tokenizer(TOKEN_PATTERN)))[2] is None
    assert word_stages(make(preprocess, make_tokenizer(r"\w+ \w+"))) is None
    assert word_stages(make(preprocess, str.split)) is None
    assert word_stages(str.split) is None


@pytest.mark.parametrize("preprocess", [str.title, make_preprocessor(strip_accents=str.strip)])
def test_preprocessors_of_users_take_one_document_at_a_time(preprocess):
    assert not takes_joined_texts(preprocess)
