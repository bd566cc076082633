"""Pieces of a text, and models learned from them."""

import json
from collections import Counter
from math import exp

import numpy as np
import pytest
from tokenizers import Tokenizer

from sklearn_rnn._text.byte_level import ALPHABET, spell
from sklearn_rnn._text.subword_models import learn_bpe, learn_unigram
from sklearn_rnn._text.subword_pipeline import (
    make_piece_splitter,
    make_pipeline,
    split_chunks,
    splits_into_chunks,
)
from sklearn_rnn._text.unigram import Lattice, fit_unigram

SETTINGS = [
    {"lowercase": lowercase, "strip_accents": strip_accents, "normalization": normalization}
    for lowercase in (False, True)
    for strip_accents in (None, "unicode")
    for normalization in (None, "nfc", "nfkc")
]


def pieces(text):
    split = make_piece_splitter(make_pipeline(**SETTINGS[0]))
    return [spell(piece) for chunk in split_chunks(text) for piece in split(chunk)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("It's 12345!?", [" It", "'", "s", " 123", "45", "!?"]),
        ("a  b\n\nc ", [" a", " ", " b", "\n", "\n", "c", " "]),
        ("नमस्ते दुनिया", [" नमस्ते", " दुनिया"]),
        ("no\xa0break", [" no", "\xa0", "break"]),
        ("x" * 40, [" " + "x" * 32, "x" * 8]),
    ],
)
def test_pieces_are_words_numbers_marks_and_white_space(text, expected):
    assert pieces(text) == expected


@pytest.mark.parametrize("params", SETTINGS)
def test_every_pipeline_is_recognised(params):
    content = make_pipeline(**params)
    assert splits_into_chunks(content)
    assert splits_into_chunks(json.loads(_as_written(content)))
    content["normalizer"]["normalizers"].append({"type": "NFD"})
    assert not splits_into_chunks(content)


def _as_written(content):
    model = {"type": "BPE", "vocab": {}, "merges": []}
    return Tokenizer.from_str(json.dumps({**content, "model": model})).to_str()


def test_bytes_are_spelled_one_to_one():
    assert sorted(ALPHABET.values()) == list(range(256))
    assert len({spell(character) for character in ALPHABET}) == 256
    # A text is not taken for the bytes that it names.
    assert spell("<0xE0>") != spell(next(c for c, byte in ALPHABET.items() if byte == 0xE0))


def test_bpe_joins_the_most_frequent_pair():
    merges = learn_bpe(Counter({"abab": 3, "abc": 4}), vocab_size=258, min_frequency=1)["merges"]
    assert merges == [["a", "b"], ["ab", "c"]]


def test_counts_beyond_one_text_for_the_trainer_count():
    """Pieces reach the trainer in texts of 10,000."""
    assert learn_bpe(Counter({"ab": 25_000}), vocab_size=300, min_frequency=25_000)["merges"]
    assert not learn_bpe(Counter({"ab": 24_999}), vocab_size=300, min_frequency=25_000)["merges"]


# The unigram model


def ways(text, tokens):
    """Return all ways to spell a text, each as a list of tokens."""
    if not text:
        return [[]]
    return [
        [token, *rest]
        for token in tokens
        if text.startswith(token)
        for rest in ways(text[len(token) :], tokens)
    ]


TOKENS = ["a", "b", "c", "ab", "bc", "abc", "cab"]
TEXTS = {"abcab": 2, "cabc": 3, "b": 1}
SCORES = np.log([0.2, 0.1, 0.1, 0.2, 0.1, 0.2, 0.1])


def test_expected_counts_are_those_over_all_ways():
    lattice = Lattice(list(TEXTS), {token: id_ for id_, token in enumerate(TOKENS)})
    expected = Counter()
    for text, weight in TEXTS.items():
        shares = {}
        for way in ways(text, TOKENS):
            shares[tuple(way)] = exp(sum(SCORES[TOKENS.index(token)] for token in way))
        for way, share in shares.items():
            for token in way:
                expected[token] += weight * share / sum(shares.values())
    counts = lattice.expected_counts(SCORES, np.array([*TEXTS.values()], float))
    np.testing.assert_allclose(counts, [expected[token] for token in TOKENS])


def test_best_scores_leave_out_the_token():
    lattice = Lattice(TOKENS, {token: id_ for id_, token in enumerate(TOKENS)})
    best = lattice.best_scores(SCORES, but=np.arange(len(TOKENS)))
    for token, score in zip(TOKENS, best, strict=True):
        others = [way for way in ways(token, TOKENS) if way != [token]]
        sums = [sum(SCORES[TOKENS.index(part)] for part in way) for way in others]
        assert score == pytest.approx(max(sums, default=-np.inf))


def test_tokens_that_are_needed_least_are_dropped():
    scores = fit_unigram(TEXTS, TOKENS, 5)
    assert len(scores) == 5
    assert {"a", "b", "c"} <= scores.keys()
    assert sum(map(exp, scores.values())) < 1.01


def test_single_characters_stay_even_beyond_the_bound():
    assert sorted(fit_unigram(TEXTS, TOKENS, 1)) == ["a", "b", "c"]


def test_a_unigram_model_drops_the_steps_on_the_way_to_a_token():
    """BPE keeps all pairs that it has joined, of the words all parts."""
    words = Counter({"Ġwalking": 50, "Ġtalking": 50, "Ġwalk": 50, "Ġtalk": 50})
    unigram = learn_unigram(words, vocab_size=260, min_frequency=2)
    assert {token for token, _ in unigram["vocab"] if len(token) > 1} == words.keys()
    bpe = learn_bpe(words, vocab_size=260, min_frequency=2)
    assert not words.keys() & bpe["vocab"].keys()
