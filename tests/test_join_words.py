import pytest

from sklearn_rnn._text.join_words import Joined, join_word, read_joined
from sklearn_rnn._text.words import split_words


def join(tokens, joined=None):
    joined, text = joined or Joined(), ""
    for token in tokens:
        piece, joined = join_word(joined, token)
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
