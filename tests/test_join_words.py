import pytest

from sklearn_rnn._text.join_words import (
    Joined,
    check_spacing,
    join_word,
    learn_spacing,
    read_joined,
)
from sklearn_rnn._text.words import split_words, word_spans


def join(tokens, joined=None, **spacing):
    joined, text = joined or Joined(), ""
    for token in tokens:
        piece, joined = join_word(joined, token, **spacing)
        text += piece
    return text


@pytest.mark.parametrize(
    "text",
    [
        "Good, not bad!",
        'He said: "Come here," and left; she didn\'t.',
        "It's 3.14, or 1,000 (at 10:30).",
        "In 1990, 300 people came. 3 left.",
        "A well-known and/or hyphenated word--so to speak.",
        "“Really?” he asked… «Oui», ¿no?",
        "e.g. the U.S. of $5 @home #1 [sic]",
        "'So,' she said, 'go on.'",
        "日本語の文。次、そして\uff01",
        "50% of 한국어 텍스트, हिन्दी भाषा",
        "",
    ],
)
def test_words_of_a_text_are_joined_to_the_same_text(text):
    assert join(split_words(text)) == text


def test_words_that_other_tokenizers_split_are_joined():
    assert join(["do", "n't", "it", "'s", "they", "\u2019re"]) == "don't it's they\u2019re"


def test_the_same_tokens_give_the_same_text_wherever_the_prompt_ends():
    text = (
        'He said: "Come (if you can) to the well-known place at 10:30, and 1,000 others," and left.'
    )
    tokens = split_words(text)
    for cut in range(len(tokens) + 1):
        prompt = join(tokens[:cut])
        assert prompt + join(tokens[cut:], read_joined(prompt)) == text


def test_no_space_follows_white_space_of_the_prompt():
    assert join(["upon", "a"], read_joined("Once ")) == "upon a"
    assert join(["upon", "a"], read_joined("Once\n")) == "upon a"
    assert join(["upon", "a"], read_joined("Once")) == " upon a"


def spacing_of(texts):
    return learn_spacing((text, [span[:2] for span in word_spans(text)]) for text in texts)


FRENCH = [
    "Va\u202f! Où\u202f?",
    "Il dit\u00a0: «\u00a0Va, ou non.\u00a0»",
    'Elle a dit "oui" (ou "non")\u202f; puis rien.',
    "Peut-être 3.14 ou 1.000\u202f?",
]


def test_white_space_of_marks_is_that_of_the_texts():
    spacing = spacing_of(FRENCH)
    for text in [*FRENCH, "Non\u202f! «\u00a0Oui\u00a0»\u202f? (Peut-être\u202f!)"]:
        assert join(split_words(text), spacing=spacing) == text
    assert join(["Va", "!"]) == "Va!"
    assert spacing["before"]["!"] == "\u202f"
    assert '"' not in spacing["before"]


def test_white_space_that_varies_is_not_learned():
    texts = ["ja -", "ja-", "ja!", "ja !"]
    assert spacing_of(texts) == {"before": {}, "after": {}}
    assert spacing_of([*["ja !"] * 9, "ja!"])["before"] == {"!": " "}
    assert spacing_of([*["ja !"] * 8, "ja!"])["before"] == {}


def test_what_is_no_token_says_nothing_of_spaces():
    # A vectorizer may leave out marks, or anything else.
    assert learn_spacing([("a , ! b", [(0, 1), (4, 5), (6, 7)])])["before"] == {}


@pytest.mark.parametrize(
    "spacing", [{}, {"before": {}}, {"before": {"!": 1}, "after": {}}, {"before": 1, "after": {}}]
)
def test_spacing_of_a_damaged_file_is_refused(spacing):
    with pytest.raises((AttributeError, KeyError, ValueError)):
        check_spacing(spacing)
    check_spacing({"before": {"!": " "}, "after": {}})
