import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import chisquare

from sklearn_rnn._language.sampling import (
    Uniforms,
    draw,
    draw_seeds,
    next_token_probs,
    penalize_repetition,
)

SCORES = np.array([[1.0, -2.0, 0.5, 0.5], [0.0, 3.0, -1.0, 2.0]])

rows = arrays(
    np.float64,
    st.integers(1, 12),
    # Whole numbers, so that tokens tie.
    elements=st.one_of(st.integers(-4, 4).map(float), st.just(-np.inf), st.floats(-50, 50)),
).filter(lambda row: np.isfinite(row).any())


def softmax(row):
    total = sum(np.exp(value - max(row)) for value in row)
    return [float(np.exp(value - max(row)) / total) for value in row]


def only(probs, kept):
    total = sum(probs[i] for i in kept)
    return [probs[i] / total if i in kept else 0.0 for i in range(len(probs))]


def test_without_settings_the_probabilities_are_the_softmax():
    assert np.allclose(next_token_probs(SCORES), [softmax(row) for row in SCORES.tolist()])


def test_scores_are_not_changed():
    before = SCORES.copy()
    next_token_probs(SCORES, temperature=0.5, top_k=2, top_p=0.5)
    penalize_repetition(SCORES, np.ones(SCORES.shape, bool), 2.0)
    assert (before == SCORES).all()


@given(row=rows, temperature=st.floats(0.01, 100))
@settings(deadline=None)
def test_temperature_divides_scores(row, temperature):
    probs = next_token_probs(row[None], temperature=temperature)[0]
    assert np.allclose(probs, softmax((row / temperature).tolist()))


@pytest.mark.parametrize("temperature", [1e-300, 5e-324])
def test_the_lowest_temperatures_take_the_most_likely_tokens(temperature):
    assert (next_token_probs(SCORES, temperature=temperature).argmax(1) == [0, 1]).all()
    assert next_token_probs(SCORES, temperature=temperature).max(1).tolist() == [1, 1]


def test_the_highest_temperature_makes_possible_tokens_equally_likely():
    probs = next_token_probs(np.array([[1.0, -np.inf, 5.0]]), temperature=1e300)
    assert probs.tolist() == [[0.5, 0, 0.5]]


@given(row=rows, top_k=st.integers(1, 15))
@settings(deadline=None)
def test_top_k_keeps_the_best_and_those_that_tie_with_the_last(row, top_k):
    probs = next_token_probs(row[None], top_k=top_k)[0]
    last = sorted(row, reverse=True)[:top_k][-1]
    expected = only(softmax(row.tolist()), {i for i, value in enumerate(row) if value >= last})
    assert np.allclose(probs, expected)


@given(row=rows, top_p=st.floats(0.001, 1))
@settings(deadline=None)
def test_top_p_keeps_the_fewest_tokens_with_that_probability(row, top_p):
    probs = softmax(row.tolist())
    best_first = sorted(range(len(row)), key=lambda i: (-probs[i], i))
    fewest = next(
        n for n in range(1, len(row) + 1)
        if n == len(row) or sum(probs[i] for i in best_first[:n]) >= top_p - 1e-12
    )  # fmt: skip
    found = next_token_probs(row[None], top_p=top_p)[0]
    with_one_more = only(probs, {*best_first[: fewest + 1]})
    # At a sum that equals top_p to rounding, either number of tokens is right.
    is_close = abs(sum(probs[i] for i in best_first[:fewest]) - top_p) < 1e-9
    expected = only(probs, {*best_first[:fewest]})
    assert np.allclose(found, expected) or (is_close and np.allclose(found, with_one_more))


@pytest.mark.parametrize("spread", [0.0, 1.0, 3.0, 10.0])
@pytest.mark.parametrize("top_p", [0.1, 0.9, 0.999])
def test_top_p_is_the_same_in_a_large_vocabulary(spread, top_p):
    scores = spread * np.random.default_rng(0).normal(size=(3, 3000))
    found = next_token_probs(scores, top_p=top_p)
    whole = next_token_probs(scores)
    for row, probs in zip(found, whole, strict=True):
        kept = np.flatnonzero(row)
        assert probs[kept].min() >= probs[row == 0].max(initial=0)
        assert probs[kept].sum() >= top_p - 1e-12
        assert probs[kept].sum() - probs[kept].min() < top_p + 1e-12
        assert np.allclose(row[kept], probs[kept] / probs[kept].sum())


def test_top_p_cuts_what_is_left_by_top_k():
    # 0.4, 0.3, 0.2 and 0.1: of the best three, two have 7/9.
    probs = next_token_probs(np.log([[0.4, 0.3, 0.2, 0.1]]), top_k=3, top_p=0.75)
    assert np.allclose(probs, [[4 / 7, 3 / 7, 0, 0]])


def test_top_p_is_reached_by_as_much():
    scores = np.log([[0.25, 0.5, 0.25]])
    assert next_token_probs(scores, top_p=0.5).tolist() == [[0, 1, 0]]
    assert next_token_probs(scores, top_p=0.75).tolist() == [[1 / 3, 2 / 3, 0]]


def test_temperature_comes_before_top_p():
    scores = np.log([[0.5, 0.3, 0.2]])
    # At temperature 0.5, the first token has 25 / 38 of the probability.
    assert np.allclose(next_token_probs(scores, temperature=0.5, top_p=0.6), [[1, 0, 0]])
    assert np.allclose(next_token_probs(scores, top_p=0.6), [[0.625, 0.375, 0]])


@pytest.mark.parametrize("penalty", [5e-324, 1.7e308])
def test_no_repetition_penalty_makes_seen_tokens_impossible(penalty):
    scores = penalize_repetition(SCORES, np.ones(SCORES.shape, bool), penalty)
    assert np.isfinite(scores).all()
    assert np.isfinite(next_token_probs(scores)).all()


def test_repetition_penalty_makes_every_seen_token_less_likely():
    seen = np.array([[True, True, False, False]])
    found = penalize_repetition(SCORES[:1], seen, 2.0)
    assert found.tolist() == [[0.5, -4.0, 0.5, 0.5]]


def test_a_token_is_drawn_where_the_cumulative_probability_first_exceeds_the_number():
    probs = np.array([[0.25, 0.0, 0.5, 0.25, 0.0]] * 5)
    uniforms = np.array([0.0, 0.2499, 0.25, 0.75, np.nextafter(1, 0)])
    assert draw(probs, uniforms).tolist() == [0, 0, 2, 3, 3]


@given(row=rows, uniform=st.floats(0, 1, exclude_max=True))
@settings(deadline=None)
def test_an_impossible_token_is_never_drawn(row, uniform):
    probs = next_token_probs(row[None], top_p=0.9)
    assert probs[0, draw(probs, np.array([uniform]))[0]] > 0


def test_tokens_are_drawn_as_often_as_they_are_likely():
    scores = np.random.default_rng(0).normal(size=(1, 8))
    probs = next_token_probs(scores, temperature=1.5, top_k=6)
    n_drawn = 20_000
    uniforms = Uniforms(draw_seeds(1, 1))
    ids = [draw(probs, uniforms.at(step, np.array([0])))[0] for step in range(n_drawn)]
    counts = np.bincount(ids, minlength=8)
    possible = probs[0] > 0
    assert counts[~possible].sum() == 0
    assert chisquare(counts[possible], n_drawn * probs[0, possible]).pvalue > 0.01


def test_numbers_of_a_sample_depend_on_the_seed_and_its_place_alone():
    many, few, other = (
        Uniforms(draw_seeds(seed, n_samples)) for seed, n_samples in [(3, 5), (3, 2), (4, 2)]
    )
    for step in (0, 1, 255, 256, 1000):
        numbers = many.at(step, np.arange(5))
        assert len(np.unique(numbers)) == 5
        assert (few.at(step, np.array([1])) == numbers[1]).all()
        assert (other.at(step, np.arange(2)) != numbers[:2]).all()


@pytest.mark.parametrize("make", [np.random.default_rng, np.random.RandomState])
def test_generators_go_on_from_call_to_call(make):
    def numbers(random_state):
        return Uniforms(draw_seeds(random_state, 2)).at(0, np.arange(2)).tolist()

    random_state = make(0)
    first, second = numbers(random_state), numbers(random_state)
    assert first != second
    assert numbers(make(0)) == first
