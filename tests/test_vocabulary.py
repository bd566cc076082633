from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_rnn._text.vocabulary import (
    FIRST_ID,
    PAD_ID,
    PAD_TOKEN,
    UNKNOWN_ID,
    UNKNOWN_TOKEN,
    Vocabulary,
    index_tokens,
)

DOCUMENTS = ["b b b a", "a c", "a c d", ""]


def learn(documents, **params):
    return list(Vocabulary.from_corpus(*index_tokens(documents, str.split), **params).ids)


def test_reserved_ids():
    assert (PAD_ID, UNKNOWN_ID, FIRST_ID) == (0, 1, 2)
    tokens = Vocabulary.from_user(["a"]).tokens
    assert tokens.tolist() == [PAD_TOKEN, UNKNOWN_TOKEN, "a"]
    assert tokens.dtype == object


def test_index_tokens():
    tokens, occurrences, lengths = index_tokens(DOCUMENTS, str.split)
    assert tokens == ["b", "a", "c", "d"]
    assert occurrences.tolist() == [0, 0, 0, 1, 1, 2, 1, 2, 3]
    assert occurrences.dtype == np.int32
    assert lengths.tolist() == [4, 2, 3, 0]


def test_index_tokens_of_iterators():
    """A tokenizer may be a generator function."""
    tokens, _, lengths = index_tokens(iter(DOCUMENTS), lambda text: iter(text.split()))
    assert tokens == ["b", "a", "c", "d"]
    assert lengths.tolist() == [4, 2, 3, 0]


@pytest.mark.parametrize(("result", "name"), [("ab", "str"), (None, "NoneType"), (3, "int")])
def test_analyzer_must_return_a_list(result, name):
    with pytest.raises(TypeError, match=f"list of str for a document; it returned {name} for row"):
        index_tokens(["a"], lambda text: result)


@pytest.mark.parametrize(("token", "name"), [(3, "int"), (None, "NoneType"), (("a", "b"), "tuple")])
def test_tokens_must_be_str(token, name):
    with pytest.raises(TypeError, match=f"analyzer must consist of str tokens; got {name}"):
        index_tokens(["a"], lambda text: ["a", token])


def test_tokens_must_be_hashable():
    with pytest.raises(TypeError, match=r"must consist of str tokens; .*unhashable type: 'list'"):
        index_tokens(["a"], lambda text: [["a"]])


def test_errors_of_a_lazy_tokenizer_are_its_own():
    def tokenize(text):
        yield text + 1

    with pytest.raises(TypeError, match="can only concatenate str"):
        index_tokens(["a"], tokenize)


def test_order_is_frequency_then_alphabet():
    assert learn(DOCUMENTS) == ["a", "b", "c", "d"]
    assert learn(["z", "y", "x x"]) == ["x", "y", "z"]


@pytest.mark.parametrize(
    ("params", "kept"),
    [
        ({"min_df": 2}, ["a", "c"]),
        ({"min_df": 0.5}, ["a", "c"]),
        ({"min_df": 0.0}, ["a", "b", "c", "d"]),
        ({"max_df": 2}, ["b", "c", "d"]),
        ({"max_df": 0.5}, ["b", "c", "d"]),
        ({"max_df": 1}, ["b", "d"]),
        ({"min_df": 2, "max_df": 2}, ["c"]),
        ({"max_features": 2}, ["a", "b"]),
        ({"max_features": 99}, ["a", "b", "c", "d"]),
        ({"max_features": 1, "max_df": 2}, ["b"]),
    ],
)
def test_pruning(params, kept):
    assert learn(DOCUMENTS, **params) == kept


@pytest.mark.parametrize(
    ("documents", "params", "match"),
    [
        (["", " "], {}, "empty vocabulary; perhaps the documents only contain stop words"),
        (DOCUMENTS, {"min_df": 4}, "After pruning, no terms remain"),
        (DOCUMENTS, {"min_df": 3, "max_df": 2}, "max_df corresponds to < documents than min_df"),
        (DOCUMENTS, {"min_df": 0.9, "max_df": 0.1}, "max_df corresponds to < documents than"),
    ],
)
def test_nothing_left(documents, params, match):
    with pytest.raises(ValueError, match=match):
        learn(documents, **params)


@given(st.lists(st.text("abcd ", max_size=12), min_size=1, max_size=8), st.integers(1, 3))
def test_vocabulary_equals_a_plain_count(documents, min_df):
    counts = Counter(token for text in documents for token in text.split())
    held = Counter(token for text in documents for token in set(text.split()))
    kept = sorted((t for t in counts if held[t] >= min_df), key=lambda t: (-counts[t], t))
    if not kept or min_df > len(documents):
        with pytest.raises(ValueError, match=r"empty vocabulary|After pruning|max_df corresponds"):
            learn(documents, min_df=min_df)
    else:
        tokens, occurrences, lengths = index_tokens(documents, str.split)
        before = occurrences.copy()
        vocabulary = Vocabulary.from_corpus(tokens, occurrences, lengths, min_df=min_df)
        assert list(vocabulary.ids) == kept
        assert list(vocabulary.ids.values()) == list(range(2, len(kept) + 2))
        np.testing.assert_array_equal(occurrences, before)


@pytest.mark.parametrize(
    ("vocabulary", "expected"),
    [
        (["b", "a"], ["b", "a"]),
        (("b", "a"), ["b", "a"]),
        (np.array(["b", "a"]), ["b", "a"]),
        (iter(["b", "a"]), ["b", "a"]),
        ({"b", "a"}, ["a", "b"]),
        ({"a": 3, "b": 2}, ["b", "a"]),
        ({"a": np.int64(2)}, ["a"]),
    ],
)
def test_vocabulary_of_the_user(vocabulary, expected):
    ids = Vocabulary.from_user(vocabulary).ids
    assert list(ids) == expected
    assert list(ids.values()) == list(range(2, 2 + len(expected)))
    assert {type(token) for token in ids} == {str}


@pytest.mark.parametrize(
    ("vocabulary", "error", "match"),
    [
        ("abc", ValueError, "iterable over tokens, str object received"),
        ([], ValueError, "empty vocabulary passed to fit"),
        ({}, ValueError, "empty vocabulary passed to fit"),
        (["a", "b", "a"], ValueError, "Duplicate term in vocabulary: 'a'"),
        (["a", 1], TypeError, "'vocabulary' must consist of str tokens; got int"),
        ({"a": 0, "b": 1}, ValueError, "must start at 2: 0 is padding .* Got 0.*sorted"),
        ({"a": -1}, ValueError, "must start at 2: .* Got -1"),
        ({"a": 2, "b": 2}, ValueError, "Vocabulary contains repeated indices"),
        ({"a": 2, "b": 4}, ValueError, "Vocabulary of size 2 doesn't contain index 3"),
        ({"a": 2.0}, TypeError, "must be integers; that of 'a' is of type float"),
        ({"a": "2"}, TypeError, "must be integers; that of 'a' is of type str"),
        ({"a": True}, TypeError, "must be integers; that of 'a' is of type bool"),
    ],
)
def test_vocabulary_of_the_user_is_checked(vocabulary, error, match):
    with pytest.raises(error, match=match):
        Vocabulary.from_user(vocabulary)


def test_lookup_and_decode():
    vocabulary = Vocabulary.from_user(["a", "b"])
    ids = vocabulary.lookup(["b", "x", "a"])
    assert ids.dtype == np.int32
    assert ids.tolist() == [3, 1, 2]
    assert vocabulary.decode(ids) == ["b", UNKNOWN_TOKEN, "a"]
    assert vocabulary.decode(np.array([4, 2**31 - 1])) == [UNKNOWN_TOKEN] * 2
    assert vocabulary.lookup([]).tolist() == vocabulary.decode(ids[:0]) == []
