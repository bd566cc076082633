import numpy as np
import pytest
from language_estimators import MarkovLanguageModel
from markov_reader import log_softmax, random_reader
from scipy.stats import chisquare

from sklearn_rnn import SequenceVectorizer, SubwordVectorizer
from sklearn_rnn._language.reader import BOUNDARY_ID, TextReader
from sklearn_rnn._language.sampling import Uniforms, draw_seeds
from sklearn_rnn._text.vocabulary import UNKNOWN_ID

TEXTS = ["abcab cba", "bacabac"]
WORDS = SequenceVectorizer()
SUBWORDS = SubwordVectorizer(vocab_size=260)


@pytest.fixture(scope="module")
def model():
    return MarkovLanguageModel().fit(TEXTS)


def loop(model, prompt, *, max_new_tokens, random_state, temperature=1.0):
    """Return a text as one would write it: a token at a time, without states or samples."""
    context = [0, *model.vectorizer_.transform([prompt]).data]
    uniforms, text = Uniforms(draw_seeds(random_state, 1)), ""
    for step in range(max_new_tokens):
        log_probs = log_softmax(model.reader_.table[context[-1]])
        log_probs[UNKNOWN_ID] = -np.inf
        weights = np.exp(log_probs / temperature)
        target = uniforms.at(step, np.array([0]))[0] * weights.sum()
        id_ = next(i for i in range(len(weights)) if sum(weights[: i + 1]) > target)
        if id_ == BOUNDARY_ID:
            break
        context.append(id_)
        text += model.vectorizer_.tokens_[id_]
    return text


@pytest.mark.parametrize("prompt", ["", "ab", "a?b"])
@pytest.mark.parametrize("temperature", [0.5, 1, 2])
def test_a_text_equals_a_loop_over_log_probabilities(model, prompt, temperature):
    for seed in range(20):
        settings = {"temperature": temperature, "random_state": seed, "max_new_tokens": 30}
        assert model.generate(prompt, **settings) == loop(model, prompt, **settings)


def test_temperature_0_takes_the_most_likely_token_each_time(model):
    ids, context = [], 0
    for _ in range(10):
        scores = model.reader_.table[context].copy()
        scores[UNKNOWN_ID] = -np.inf
        context = scores.argmax()
        if context == BOUNDARY_ID:
            break
        ids.append(context)
    expected = "".join(model.vectorizer_.tokens_[ids])
    assert len(expected) > 2
    assert model.generate(temperature=0, max_new_tokens=10) == expected
    assert model.generate(top_k=1, max_new_tokens=10) == expected
    assert model.generate(top_p=1e-9, max_new_tokens=10) == expected
    assert model.generate(temperature=0, n_samples=2, max_new_tokens=10) == [expected] * 2


def test_a_sample_does_not_depend_on_the_others(model):
    many = model.generate("a", n_samples=40, random_state=7)
    assert len({*many}) > 10
    assert len({len(text) for text in many}) > 4  # some end before others
    for n_samples in (1, 2, 20):
        assert model.generate("a", n_samples=n_samples, random_state=7) == many[:n_samples]
    assert model.generate("a", random_state=7) == many[0]


def test_random_state_decides_the_text(model):
    assert model.generate(random_state=1) == model.generate(random_state=1)
    texts = {model.generate(random_state=seed) for seed in range(10)}
    assert len(texts) > 5
    generator = np.random.RandomState(1)
    assert model.generate(random_state=generator) != model.generate(random_state=generator)


def test_the_prompt_is_read_once_and_ended_texts_leave_the_batch(model):
    reader = model.reader_
    reader.starts, reader.steps = 0, []
    texts = model.generate("abc", n_samples=30, random_state=0, max_new_tokens=500)
    assert reader.starts == 1
    lengths = np.array([len(text) for text in texts])
    expected = [int((lengths >= step).sum()) for step in range(1, lengths.max() + 1)]
    assert reader.steps == expected
    reader.steps = []
    model.generate("abc", max_new_tokens=5, n_samples=2, random_state=0)
    assert len(reader.steps) <= 4  # nothing is read after the last token


def test_samples_are_as_frequent_as_likely():
    model = MarkovLanguageModel(spread=1.0).fit(["ab"])
    n_samples = 4000
    texts = model.generate(n_samples=n_samples, max_new_tokens=2, random_state=0)
    table = model.reader_.table.copy()
    table[:, UNKNOWN_ID] = -np.inf
    probs = np.exp(log_softmax(table))
    expected = {"": probs[0, 0]}
    for first in (2, 3):
        for second in (0, 2, 3):
            tokens = [model.vectorizer_.tokens_[id_] for id_ in (first, second) if id_]
            expected["".join(tokens)] = probs[0, first] * probs[first, second]
    assert sum(expected.values()) == pytest.approx(1)
    counts = [texts.count(text) for text in expected]
    assert sum(counts) == n_samples
    assert chisquare(counts, n_samples * np.array([*expected.values()])).pvalue > 0.01


def test_max_new_tokens_counts_tokens():
    model = MarkovLanguageModel(documents=False).fit(TEXTS)
    for n_tokens in (1, 2, 300):
        assert len(model.generate("ab", n_tokens, random_state=0)) == n_tokens


def test_a_model_of_a_stream_never_ends_a_text():
    model = MarkovLanguageModel(documents=False, spread=0).fit(TEXTS)
    assert {len(text) for text in model.generate(n_samples=20, max_new_tokens=50)} == {50}


@pytest.mark.parametrize("vectorizer", [None, WORDS, SUBWORDS])
def test_pieces_of_a_stream_are_the_text(vectorizer):
    model = MarkovLanguageModel(vectorizer, spread=1.0).fit(["héllo wörld, (日本) hello!"])
    n_pieces = 0
    for seed in range(20):
        settings = {"random_state": seed, "max_new_tokens": 60, "stop": ["lo", "!!"]}
        pieces = list(model.stream("hello", **settings))
        assert "" not in pieces
        assert "".join(pieces) == model.generate("hello", **settings)
        n_pieces += len(pieces)
    assert n_pieces > 20


def test_a_stream_yields_each_token_before_the_next_is_computed():
    model = MarkovLanguageModel(documents=False).fit(TEXTS)
    stream = model.stream(max_new_tokens=50, random_state=0)
    reader = model.reader_
    reader.steps = []
    next(stream)
    assert len(reader.steps) == 0
    next(stream)
    assert len(reader.steps) == 1


def test_text_ends_before_a_stop_string(model):
    whole = model.generate("ab", random_state=0, max_new_tokens=100)
    for stop in (whole[3:5], [whole[3:5], "zzz"], ("zzz", whole[3:5])):
        expected = whole[: whole.index(whole[3:5])]
        assert model.generate("ab", random_state=0, max_new_tokens=100, stop=stop) == expected
    reader = model.reader_
    reader.steps = []
    model.generate("ab", random_state=0, max_new_tokens=100, stop=whole[3:5])
    assert len(reader.steps) == whole.index(whole[3:5]) + 1  # the rest is not computed


def test_a_repetition_penalty_makes_texts_repeat_less():
    model = MarkovLanguageModel(documents=False, spread=1.0).fit(["abcdefghijklmnopqrst"])

    def n_different(penalty):
        settings = {"repetition_penalty": penalty, "max_new_tokens": 15, "random_state": 0}
        return np.mean([len({*text}) for text in model.generate(n_samples=50, **settings)])

    assert n_different(1) < n_different(2) < n_different(50)


def test_tokens_of_the_prompt_count_as_repeated_and_the_end_does_not():
    scores = np.array([[4.0, 1.0, 4.0, 4.0, -4.0, -4.0]])
    model = TextReader(random_reader(6), repetition_penalty=2.0)
    model.reader.scores = lambda state: scores.repeat(len(state), 0)
    state = model.start(np.array([2, 4, 6]))  # the last one is unknown to the model
    assert model.scores(state).tolist() == [[4, -np.inf, 2, 4, -8, -4]]
    state = model.step(model.select(state, np.array([0, 0])), np.array([3, 5]))
    expected = [[4, -np.inf, 2, 2, -8, -4], [4, -np.inf, 2, 4, -8, -8]]
    assert model.scores(state).tolist() == expected
    assert model.scores(model.select(state, np.array([1]))).tolist() == expected[1:]


def test_unknown_characters_of_the_prompt_are_read_and_never_written(model):
    assert model.vectorizer_.transform(["a?"]).data[-1] == UNKNOWN_ID
    texts = model.generate("?!", n_samples=50, random_state=0)
    assert {*"".join(texts)} <= {*"abc "}


def test_a_prompt_is_read_whole_however_short_documents_are_cut():
    cut = SequenceVectorizer(analyzer="char", max_length=2, sparse_output=False)
    model, whole = MarkovLanguageModel(cut).fit(TEXTS), MarkovLanguageModel().fit(TEXTS)
    for prompt in ("abc", "bca"):
        texts = [each.generate(prompt, random_state=0) for each in (model, whole)]
        assert texts[0] == texts[1]
    assert cut.max_length == 2
