"""What taggers read and mark: spellings, spans, tables of tokens."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal

from sklearn_rnn._tagging.spans import allowed_steps, find_spans, marks_spans
from sklearn_rnn._tagging.spelling import find_characters, spell, word_shape
from sklearn_rnn.modules._tagging import MAX_AFFIX, N_BUCKETS, N_SHAPES
from sklearn_rnn.utils import sentences_from_frame


def test_a_label_alone_begins_no_span():
    transitions, starts = allowed_steps(np.array(["B-x", "I-x", "x"]))
    assert_array_equal(transitions[:, 1], [True, True, False])
    assert_array_equal(starts, [True, False, True])


def test_a_prefix_alone_marks_no_span():
    assert not marks_spans(np.array(["B-", "I-", "O"]))


def test_every_shape_is_below_their_number():
    words = [
        "",
        "-",
        "a",
        "A",
        "ab",
        "AB",
        "Ab",
        "aB",
        "日本",
        "1",
        "1.5",
        "a1",
        "don't",
        "ǅ",
        "\0",
    ]
    shapes = list(map(word_shape, words))
    assert all(0 <= shape < N_SHAPES for shape in shapes)
    assert word_shape("don't") == word_shape("dont")
    assert word_shape("Ärger") == word_shape("Anna")


def test_characters_are_numbered_by_frequency_and_keep_their_numbers():
    known = find_characters(["ab", "ba", "ac", "d"])
    assert known == "ab"
    assert find_characters(["cd", "dc", "ad"], known) == "abdc"
    assert find_characters([], "xy") == "xy"


def test_words_are_spelled_as_their_characters_one_by_one():
    words, alphabet = ["zoë", "a", "", "\ud83d", "日a"], "aë日o"
    spelled = spell(words, alphabet)
    for word, start, length in zip(words, spelled.starts, spelled.lengths, strict=True):
        ids = spelled.characters[start : start + length].tolist()
        assert ids == [2 + alphabet.index(c) if c in alphabet else 1 for c in word or "?"]
    assert_array_equal(spell(["ab"], "").characters, [1, 1])


def test_words_share_the_numbers_of_the_affixes_that_they_share():
    words = ["walking", "talking", "wall", "at", "a", "walked", "日本"]
    numbers = dict(zip(words, spell(words, "").affixes, strict=True))
    for one in words:
        for other in words:
            for n in range(MAX_AFFIX):
                is_equal = numbers[one] == numbers[other]
                assert is_equal[n] == (one[: n + 1] == other[: n + 1])
                assert is_equal[MAX_AFFIX + n] == (one[-n - 1 :] == other[-n - 1 :])


def test_the_numbers_of_each_kind_of_affix_are_its_own():
    numbers = spell(["banana", "a", "日", "\ud83d"], "").affixes
    kinds = np.arange(2 * MAX_AFFIX)
    assert_array_equal(numbers // N_BUCKETS, np.broadcast_to(kinds, numbers.shape))


def test_affixes_are_numbered_as_by_a_plain_loop():
    """Saved models have learned weights at these places: another hash would shuffle them."""
    words = ["walking", "é", "日本語"]
    for word, numbers in zip(words, spell(words, "").affixes, strict=True):
        for side, letters in enumerate([word, word[::-1]]):
            value = 1 + side
            for n in range(MAX_AFFIX):
                if n < len(word):
                    value = (value + ord(letters[n])) * 0x9E3779B97F4A7C15 % 2**64
                kind = side * MAX_AFFIX + n
                assert numbers[kind] == kind * N_BUCKETS + (value >> 32) % N_BUCKETS


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("O O", []),
        ("B-a I-a I-a", [("a", 0, 3)]),
        ("B-a B-a", [("a", 0, 1), ("a", 1, 2)]),
        ("I-a I-b O", [("a", 0, 1), ("b", 1, 2)]),
        ("B-a I-b", [("a", 0, 1), ("b", 1, 2)]),
        ("S-a B-a E-a S-a", [("a", 0, 1), ("a", 1, 3), ("a", 3, 4)]),
        ("B-a L-a I-a U-b", [("a", 0, 2), ("a", 2, 3), ("b", 3, 4)]),
        ("B-a-b I-a-b", [("a-b", 0, 2)]),
    ],
)
def test_spans_of_tags(tags, spans):
    assert find_spans(tags.split()) == spans


def test_spans_equal_those_of_seqeval():
    seqeval = pytest.importorskip("seqeval.metrics.sequence_labeling")
    rng = np.random.RandomState(0)
    for _ in range(300):
        tags = rng.choice(["O", "B-a", "I-a", "B-b", "I-b"], size=rng.randint(1, 9)).tolist()
        expected = [(label, start, last + 1) for label, start, last in seqeval.get_entities(tags)]
        assert find_spans(tags) == expected


def test_which_tags_mark_spans():
    assert marks_spans(np.array(["B-x", "O"]))
    assert not marks_spans(np.array(["O"]))
    assert not marks_spans(np.array(["B-x", "NOUN", "O"]))
    assert not marks_spans(np.array([0, 1]))


def test_steps_of_bio_are_those_that_leave_every_inside_tag_in_its_span():
    classes = np.array(["B-a", "B-b", "I-a", "I-b", "O"])
    transitions, starts = allowed_steps(classes)
    for i, before in enumerate(classes):
        for j, after in enumerate(classes):
            goes_on = before != "O" and before[2:] == after[2:]
            assert transitions[i, j] == (after[0] != "I" or goes_on)
    assert_array_equal(starts, [True, True, False, False, True])


ROWS = {
    "doc": ["x", "x", "x", "y", "y"],
    "sentence": [1, 1, 2, 1, 1],
    "token": ["a", "b", "c", "d", "e"],
    "tag": ["A", "B", "C", "D", "E"],
}


@pytest.mark.parametrize("Frame", [pd.DataFrame, pl.DataFrame])
def test_sentences_of_a_frame(Frame):
    frame = Frame(ROWS)
    X, y = sentences_from_frame(frame, sentence=["doc", "sentence"])
    assert X == [["a", "b"], ["c"], ["d", "e"]]
    assert y == [["A", "B"], ["C"], ["D", "E"]]
    assert sentences_from_frame(frame, sentence="doc", tag=None) == [["a", "b", "c"], ["d", "e"]]


@pytest.mark.parametrize(
    ("changed", "params", "error", "match"),
    [
        ({}, {}, ValueError, "Sentence 1 begins again in row 3"),
        ({}, {"sentence": "id"}, KeyError, r"no column 'id'.*\['doc'"),
        (
            {"token": ["a", None, "c", "d", "e"]},
            {"sentence": "doc"},
            ValueError,
            r"Row 1.*has (None|nan) in",
        ),
        ({"doc": ["x", np.nan, "x", "y", "y"]}, {"sentence": "doc"}, ValueError, "Row 1"),
        (
            {"token": [1, 2, 3, 4, 5]},
            {"sentence": "doc"},
            ValueError,
            r"is a str\. Row 0",
        ),
    ],
)
def test_frames_that_are_refused(changed, params, error, match):
    with pytest.raises(error, match=match):
        sentences_from_frame(pd.DataFrame({**ROWS, **changed}), **params)


def test_anything_but_a_frame_is_refused():
    with pytest.raises(TypeError, match=r"must be a pandas or polars DataFrame\. Got list"):
        sentences_from_frame([("a", "x")])
