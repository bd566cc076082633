import os
import pickle
import signal
import threading
import time

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax

from sklearn_rnn import RNNLanguageModel, SequenceVectorizer, SubwordVectorizer, load, save
from sklearn_rnn._language import network_reader
from sklearn_rnn._language.network_reader import make_reader
from sklearn_rnn._language.sampling import Uniforms, draw, draw_seeds
from sklearn_rnn._text.vocabulary import FIRST_ID

NAMES = ["anna", "hanna", "johanna", "susi", "john", "johannes", "peter", "pete"] * 5
LABELS = [*"ffffmmmm"] * 5
SMALL = {"hidden_size": 12, "embedding_dim": 6, "max_epochs": 3, "random_state": 0}


def fitted(y=None, **params):
    return RNNLanguageModel(**{**SMALL, **params}).fit(NAMES, y)


@pytest.fixture(scope="module")
def model():
    return fitted()


@pytest.fixture(scope="module")
def model_of_labels():
    return fitted(LABELS, max_epochs=40)  # what comes next depends on label and text by then


def loop(model, prompt, n_tokens, seed, label=None):
    """Return a text that is drawn from what `token_log_probs` says of each possible token."""
    characters = model.vectorizer_.tokens_[FIRST_ID:]
    text, uniforms = "", Uniforms(draw_seeds(seed, 1))
    for step in range(n_tokens):
        so_far = prompt + text
        # The scores of all texts that are longer by one character, and of the end.
        texts = [so_far + character for character in characters]
        y = None if label is None else [label] * len(texts)
        found = model.token_log_probs(texts, y)
        scores = [log_probs[len(so_far)] for log_probs in found]
        if model.documents:
            end = model.token_log_probs([so_far], None if label is None else [label])[0]
            scores = [end[-1], *scores]
        (place,) = draw(softmax([scores], axis=1), uniforms.at(step, np.array([0])))
        if model.documents and place == 0:
            break
        text += characters[place - model.documents]
    return text


@pytest.mark.parametrize("n_read", [1, 4, 9])
def test_a_long_prompt_is_read_in_parts(model, model_of_labels, monkeypatch, n_read):
    for each in (model, model_of_labels):
        ids = each.vectorizer_.transform(["johannes"]).data  # nine tokens with the boundary
        reader = make_reader(each, None)
        expected = reader.scores(reader.start(ids))
        with monkeypatch.context() as patch:
            patch.setattr(network_reader, "_N_READ", n_read)
            scores = reader.scores(reader.start(ids))
        np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-5)


def test_the_lowest_temperature_takes_the_most_likely_tokens(model):
    # Where texts are drawn, the processor may read such a number as zero.
    expected = model.generate("jo", 20, temperature=0)
    assert model.generate("jo", 20, temperature=5e-324, random_state=0) == expected


@pytest.mark.one_at_a_time(
    cell=["lstm", "gru", "grid_lstm", "qrnn", "peephole_lstm"],
    num_layers=[1, 2],
    tie_weights=[False, True],
    softmax=["full", "adaptive"],
    kernels=[False, "auto"],
)
def test_text_is_drawn_from_the_probabilities_that_the_model_gives(
    cell, num_layers, tie_weights, softmax, kernels
):
    model = fitted(
        cell=cell,
        num_layers=num_layers,
        tie_weights=tie_weights,
        softmax=softmax,
        kernels=kernels,
    )
    for seed, prompt in enumerate(["", "jo", "x?"]):
        expected = loop(model, prompt, 12, seed)
        assert model.generate(prompt, 12, random_state=seed) == expected


def test_a_stream_of_texts_goes_on_without_an_end():
    # One text, as log-probabilities of several texts would follow one another.
    model = fitted(documents=False)
    text = model.generate("anna", 40, random_state=0)
    assert len(text) == 40
    characters = model.vectorizer_.tokens_[FIRST_ID:]
    uniforms = Uniforms(draw_seeds(0, 1))
    for step in range(5):
        so_far = "anna" + text[:step]
        scores = [model.token_log_probs([so_far + each])[0][-1] for each in characters]
        place = draw(softmax([scores], axis=1), uniforms.at(step, np.array([0])))[0]
        assert characters[place] == text[step]


@pytest.mark.parametrize("label", ["f", "m", None])
def test_text_of_a_label_is_drawn_from_the_probabilities_given_the_label(model_of_labels, label):
    for seed, prompt in enumerate(["", "jo"]):
        expected = loop(model_of_labels, prompt, 10, seed, label)
        assert model_of_labels.generate(prompt, 10, label=label, random_state=seed) == expected


@pytest.mark.parametrize("label", ["f", None])
def test_texts_side_by_side_are_read_as_one_by_one(model_of_labels, label):
    reader, vectorizer = make_reader(model_of_labels, label), model_of_labels.vectorizer_
    texts = ["johanna", "johanne", "johnpet", "jopeter"]
    ids = vectorizer.transform(texts).toarray()
    state = reader.select(reader.start(ids[0, :2]), np.zeros(4, np.int64))
    for step in range(2, 7):
        state = reader.step(state, ids[:, step])
    for rows in ([0, 1, 2, 3], [2, 0]):
        found = log_softmax(reader.scores(reader.select(state, np.array(rows))), axis=1)
        for row, log_probs in zip(rows, found, strict=True):
            y = None if label is None else [label]
            for id_, character in enumerate(vectorizer.tokens_[FIRST_ID:], start=FIRST_ID):
                expected = model_of_labels.token_log_probs([texts[row] + character], y)[0][7]
                assert log_probs[id_] == pytest.approx(expected, abs=1e-5)
    assert np.ptp(found, axis=0).max() > 1


@pytest.mark.parametrize("label", ["f", None])
def test_samples_of_labels_are_independent_of_one_another(model_of_labels, label):
    many = model_of_labels.generate(n_samples=9, label=label, random_state=1)
    assert model_of_labels.generate(n_samples=4, label=label, random_state=1) == many[:4]
    assert len({*many}) > 4


def test_a_label_is_one_of_those_of_fit(model, model_of_labels):
    with pytest.raises(ValueError, match="label contains labels that are not among the classes"):
        model_of_labels.generate(label="x")
    with pytest.raises(ValueError, match=r"must be one of the classes, .* Got \['f'\]"):
        model_of_labels.generate(label=["f"])
    with pytest.raises(ValueError, match="'label' must be None"):
        model.generate(label="f")


def test_a_label_may_be_an_array_of_no_dimension(model_of_labels):
    expected = model_of_labels.generate(label="f", random_state=0)
    assert model_of_labels.generate(label=np.array("f"), random_state=0) == expected


def test_texts_are_the_same_for_any_n_jobs(model):
    one = model.generate("jo", n_samples=70, random_state=0)
    for n_jobs in (1, 2, 3):
        model.set_params(n_jobs=n_jobs)
        assert model.generate("jo", n_samples=70, random_state=0) == one
    model.set_params(n_jobs=None)
    assert model.generate("jo", n_samples=3, random_state=0) == one[:3]


@pytest.mark.parametrize(
    "vectorizer",
    [
        SequenceVectorizer(),
        SubwordVectorizer(vocab_size=270, lowercase=False),
        SequenceVectorizer(analyzer="char", max_length=3),
    ],
)
def test_a_stream_is_the_text_with_every_vectorizer(vectorizer):
    texts = ["Anna said: (no), héllo 日本!", "John didn't. Anna did, at 3.50."] * 4
    model = RNNLanguageModel(vectorizer=vectorizer, **SMALL).fit(texts)
    for seed in range(5):
        settings = {"random_state": seed, "max_new_tokens": 30, "temperature": 1.5}
        pieces = list(model.stream("Anna said", **settings))
        assert "".join(pieces) == model.generate("Anna said", **settings)
        assert "<unk>" not in "".join(pieces)


def test_beams_are_likelier_than_samples(model):
    best = model.generate(num_beams=10, max_new_tokens=20, length_penalty=0)
    samples = model.generate(n_samples=30, max_new_tokens=20, random_state=0)
    assert model.log_prob([best])[0] >= model.log_prob(samples).max()


def test_a_saved_model_writes_the_same(model, tmp_path):
    text = model.generate("jo", n_samples=5, random_state=0)
    save(model, tmp_path / "model")
    for other in (load(tmp_path / "model"), pickle.loads(pickle.dumps(model))):
        assert other.generate("jo", n_samples=5, random_state=0) == text


def test_global_random_states_and_threads_stay_as_they_are(model):
    def global_state():
        state = np.random.get_state(legacy=False)  # noqa: NPY002
        return torch.get_rng_state().tolist(), str(state), torch.get_num_threads()

    before = global_state()
    model.generate(random_state=0)
    list(model.stream(random_state=0))
    assert global_state() == before


def test_a_stream_can_be_left_and_texts_be_written_meanwhile(model):
    stream = model.stream("jo", random_state=3)
    first = next(stream)
    other = model.generate("jo", random_state=4)
    assert first + "".join(stream) == model.generate("jo", random_state=3)
    next(model.stream("jo", random_state=3))
    assert model.generate("jo", random_state=4) == other


def test_a_model_of_token_ids_writes_no_text():
    X = SequenceVectorizer(analyzer="char").fit_transform(NAMES)
    with pytest.raises(TypeError, match="fitted on token ids"):
        RNNLanguageModel(**SMALL).fit(X).generate()


def test_a_stream_goes_on_while_the_model_learns_new_characters():
    model = RNNLanguageModel(**SMALL).partial_fit(NAMES)
    stream = model.stream(temperature=2.0, repetition_penalty=1.1, max_new_tokens=50)
    written = next(stream, "")
    model.partial_fit(["xyz", "zyx", "qqq"])
    written += "".join(stream)
    assert {*written} <= {*"".join(NAMES)}
    texts = model.generate(n_samples=50, temperature=3.0, random_state=0)
    assert {*"".join(texts)} & {*"xyzq"}


def test_labels_that_have_not_come_yet_write_nothing_into_the_mixture():
    model = RNNLanguageModel(**SMALL)
    model.partial_fit(["aaa", "aa"] * 30, ["a"] * 60, classes=["a", "b"])
    texts = model.generate(n_samples=20, random_state=0)
    assert texts == model.generate(n_samples=20, random_state=0, label="a")


def test_an_interrupt_ends_the_reading_of_a_long_prompt(model, sigint, monkeypatch):
    monkeypatch.setattr(network_reader, "_N_READ", 2)
    prompt, parts = "anna" * 5000, []

    def interrupt(*_):
        parts.append(None)
        time.sleep(0.001)  # or all of it is read before anyone looks
        if len(parts) == 3:
            os.kill(os.getpid(), sigint)

    hook = model.module_.register_forward_pre_hook(interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            model.generate(prompt, 1)
    finally:
        hook.remove()
    assert len(parts) < len(prompt) / 4  # of half as many parts as it has characters
    assert isinstance(model.generate("jo", 3), str)


def test_an_interrupt_ends_a_text_soon_and_leaves_the_model_as_it_was(sigint):
    model = fitted(documents=False)
    before = model.generate("jo", 40, random_state=0)
    timer = threading.Timer(0.3, signal.raise_signal, [sigint])
    timer.start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        model.generate("jo", 10**7, random_state=0)
    timer.join()
    assert time.monotonic() - start < 60  # all of it takes half an hour
    assert model.generate("jo", 40, random_state=0) == before
    assert model.set_params(n_jobs=2).partial_fit(NAMES) is model
