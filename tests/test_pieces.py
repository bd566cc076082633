import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_rnn._text.pieces import Numbering, number_by_pieces
from sklearn_rnn._text.tokenizer import make_preprocessor, make_tokenizer, takes_joined_texts
from sklearn_rnn._text.vocabulary import Vocabulary, index_tokens
from sklearn_rnn._text.words import TOKEN_PATTERN, split_words

documents = st.lists(
    st.text(
        st.sampled_from("ab'\u2019.,#- \n\x1c\u00a0\x00é漢👍\u0301\u00adह\u093f")
        | st.characters(exclude_categories=["Cs"]),
        max_size=20,
    ),
    max_size=40,
)


@given(documents, st.integers(1, 30), st.sampled_from([None, TOKEN_PATTERN]))
def test_documents_are_numbered_as_word_by_word(documents, max_pieces, pattern):
    split = make_tokenizer(pattern)
    numbering = Numbering()
    numbers, lengths = number_by_pieces(documents, split, numbering.number, max_pieces=max_pieces)
    tokens = list(numbering)
    found = [tokens[number] for number in numbers]
    assert found == [token for text in documents for token in split(text)]
    assert lengths.tolist() == [len(split(text)) for text in documents]
    assert numbers.dtype == np.int32


@given(documents, st.lists(st.text(max_size=5)), st.integers(1, 30))
def test_known_tokens_are_looked_up_as_word_by_word(documents, others, max_pieces):
    tokens, *_ = index_tokens(documents, split_words)
    stop_words = frozenset(tokens[1::3])
    # Pieces that are no tokens are known, too, and must not be found.
    pieces = [piece for text in documents for piece in text.split()]
    ids = {token: i for i, token in enumerate(dict.fromkeys([*tokens[::2], *others, *pieces]), 2)}
    vocabulary = Vocabulary(ids)
    numbers, lengths = number_by_pieces(
        documents,
        split_words,
        vocabulary.lookup,
        known=ids,
        stop_words=stop_words,
        max_pieces=max_pieces,
    )
    kept = [[token for token in split_words(text) if token not in stop_words] for text in documents]
    assert numbers.tolist() == [int(vocabulary.lookup([t])[0]) for found in kept for t in found]
    assert lengths.tolist() == list(map(len, kept))


@given(documents, st.sampled_from([None, "ascii", "unicode"]))
def test_preprocessors_take_many_documents_at_a_time(documents, strip_accents):
    documents = [text + mark for text in documents for mark in ("", "\u03a3", "i\u0307\u0327")]
    preprocess = make_preprocessor(strip_accents=strip_accents)
    assert takes_joined_texts(preprocess)
    one_by_one, together = Numbering(), Numbering()
    expected = number_by_pieces(map(preprocess, documents), split_words, one_by_one.number)
    found = number_by_pieces(documents, split_words, together.number, preprocess=preprocess)
    assert list(together) == list(one_by_one)
    for ours, reference in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, reference)


def test_each_piece_is_split_once():
    split = []

    def note(piece):
        split.append(piece)
        return split_words(piece)

    number_by_pieces(["don't! don't", "'ab' don't"] * 100, note, Numbering().number)
    assert sorted(split) == sorted(set(split))


def test_pieces_beyond_the_bound_are_forgotten(monkeypatch):
    monkeypatch.setattr("sklearn_rnn._text.pieces._N_PIECES", 8)
    split = []

    def note(piece):
        split.append(piece)
        return split_words(piece)

    texts = [f"don't{i}" for i in range(64)] * 2
    numbers, _ = number_by_pieces(texts, note, Numbering().number, max_pieces=8)
    assert numbers.tolist() == list(range(64)) * 2
    assert split.count("don't0") == 2


@pytest.mark.parametrize("texts", [[], ["", " "]])
def test_nothing_to_number(texts):
    numbers, lengths = number_by_pieces(texts, split_words, Numbering().number)
    assert numbers.shape == (0,)
    assert lengths.tolist() == [0] * len(texts)
