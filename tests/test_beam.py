from itertools import pairwise, product

import numpy as np
import pytest
from language_estimators import MarkovLanguageModel
from markov_reader import log_softmax

from sklearn_rnn._language.beam import beam_search
from sklearn_rnn._language.continuation import Continuation
from sklearn_rnn._language.reader import TextReader
from sklearn_rnn._language.writers import make_writer
from sklearn_rnn._text.vocabulary import UNKNOWN_ID

TEXTS = ["abab ba"]


def all_texts(model, prompt, n_tokens, stop):
    """Return all texts, the logarithm of their probability, and how many tokens they have."""
    table = model.reader_.table.copy()
    table[..., UNKNOWN_ID] = -np.inf
    log_probs, tokens = log_softmax(table), model.vectorizer_.tokens_
    before = [0] * model.order + model.vectorizer_.transform([prompt]).data.tolist()
    found = {}
    for ids in product([0, *range(2, len(tokens))], repeat=n_tokens):
        text, total, read = "", 0.0, [*before]
        for id_ in ids:
            total += log_probs[(*read[-model.order :], id_)]
            read.append(id_)
            if id_ == 0:
                break
            text += tokens[id_]
            if stop and stop in text:
                text = text[: text.index(stop)]
                break
        n_read = len(read) - len(before)
        found[ids[:n_read]] = (text, total, n_read)
    return list(found.values())


@pytest.mark.parametrize("length_penalty", [0, 0.7, 1, 2, -1])
@pytest.mark.parametrize("stop", [None, "ba"])
@pytest.mark.parametrize("seed", range(3))
def test_as_many_beams_as_there_are_texts_find_the_best(length_penalty, stop, seed):
    # Of an order at which no two texts are equally likely.
    model = MarkovLanguageModel(order=4, seed=seed).fit(TEXTS)
    texts = all_texts(model, "a", 4, stop)
    texts.sort(key=lambda each: each[1] / each[2] ** length_penalty, reverse=True)
    found = model.generate(
        "a",
        4,
        num_beams=len(texts) + 5,
        n_samples=len(texts),
        length_penalty=length_penalty,
        stop=stop,
    )
    assert len(texts) > 40
    assert found == [text for text, *_ in texts]


def search(model, num_beams, n_tokens):
    """Return the texts that a plain beam search finds, with a list of all texts at each step."""
    table = model.reader_.table.copy()
    table[..., UNKNOWN_ID] = -np.inf
    log_probs, tokens = log_softmax(table), model.vectorizer_.tokens_
    beams, ended = [((0, 0), 0.0)], []
    for _ in range(n_tokens):
        longer = [
            ((*ids, id_), total + log_probs[(*ids[-2:], id_)])
            for ids, total in beams
            for id_ in [0, *range(2, len(tokens))]
        ]
        longer.sort(key=lambda each: each[1], reverse=True)
        best = longer[: num_beams - len(ended)]
        beams = [each for each in best if each[0][-1] != 0]
        ended += [each for each in best if each[0][-1] == 0]
    ended = [(ids[2:], total) for ids, total in ended + beams]
    ended.sort(key=lambda each: each[1] / len(each[0]), reverse=True)
    return ["".join(tokens[[id_ for id_ in ids if id_]]) for ids, _ in ended]


@pytest.mark.parametrize("num_beams", [2, 3, 7])
def test_texts_are_those_of_a_plain_search(num_beams):
    for seed in range(15):
        model = MarkovLanguageModel(order=2, seed=seed).fit(TEXTS)
        settings = {"num_beams": num_beams, "n_samples": num_beams, "max_new_tokens": 9}
        assert model.generate(**settings) == search(model, num_beams, 9)


@pytest.mark.parametrize("ends", [True, False])
def test_one_beam_is_greedy(ends):
    for seed in range(20):
        model = MarkovLanguageModel(order=2, documents=ends, seed=seed).fit(TEXTS)
        for penalty in (1.0, 1.5):
            greedy = model.generate("a", 12, temperature=0, repetition_penalty=penalty)
            writer = make_writer(model.vectorizer_)
            reader = TextReader(model.reader_, repetition_penalty=penalty, ends=ends)
            state = reader.start(model.vectorizer_.transform(["a"]).data)
            text, found = Continuation(writer, writer.start("a")), []
            for _ in beam_search(text, found, reader, state, num_beams=1, max_new_tokens=12):
                pass
            assert [text.finish() for text in found] == [greedy]


def test_more_beams_find_likelier_texts():
    def log_prob(model, text):
        ids = [0, *model.vectorizer_.transform([text]).data, 0]
        log_probs = log_softmax(np.where(np.arange(5) == UNKNOWN_ID, -np.inf, model.reader_.table))
        return sum(log_probs[a, b] for a, b in pairwise(ids))

    totals = np.zeros(2)
    for seed in range(30):
        model = MarkovLanguageModel(seed=seed, spread=1.0).fit(TEXTS)
        few, many = (
            model.generate(num_beams=n, length_penalty=0, max_new_tokens=40) for n in (2, 12)
        )
        totals += log_prob(model, few), log_prob(model, many)
    assert totals[0] < totals[1]


def test_texts_are_different_and_the_best_is_first():
    model = MarkovLanguageModel().fit(TEXTS)
    texts = model.generate(num_beams=8, n_samples=8, max_new_tokens=6)
    assert len({*texts}) == len(texts) == 8
    assert model.generate(num_beams=8, max_new_tokens=6) == texts[0]
    assert model.generate(num_beams=8, max_new_tokens=6, random_state=3) == texts[0]


def test_a_repetition_penalty_changes_what_is_found():
    model = MarkovLanguageModel(documents=False).fit(["abcdefgh"])
    plain, other = (
        model.generate(num_beams=4, max_new_tokens=8, repetition_penalty=penalty)
        for penalty in (1, 50)
    )
    assert len({*plain}) < len({*other}) == 8


def test_a_huge_length_penalty_ranks_by_number_of_tokens():
    model = MarkovLanguageModel(order=4, seed=0).fit(TEXTS)
    short, long = (
        [
            min(len(text) + 1, 4)
            for text in model.generate("a", 4, num_beams=9, n_samples=9, length_penalty=p)
        ]
        for p in (-1e300, 1e300)
    )
    assert short == sorted(short) and long == sorted(long, reverse=True)
    assert short[0] < short[-1]
