import numpy as np
import pytest
from language_estimators import MarkovLanguageModel
from sklearn.exceptions import NotFittedError

MODEL = MarkovLanguageModel().fit(["abcab cba"])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"prompt": 3},
            "'prompt' parameter of MarkovLanguageModel.{} must be an instance of 'str'",
        ),
        ({"prompt": ["a"]}, "'prompt' parameter"),
        (
            {"max_new_tokens": 0},
            "'max_new_tokens' parameter of MarkovLanguageModel.{} must be an int",
        ),
        ({"max_new_tokens": 1.5}, "'max_new_tokens' parameter"),
        ({"temperature": -0.1}, "'temperature' parameter"),
        ({"temperature": np.nan}, "'temperature' parameter"),
        ({"temperature": np.inf}, "'temperature' parameter"),
        ({"temperature": "low"}, "'temperature' parameter"),
        ({"top_k": 0}, "'top_k' parameter"),
        ({"top_k": 2.0}, "'top_k' parameter"),
        ({"top_p": 0}, "'top_p' parameter"),
        ({"top_p": 1.1}, "'top_p' parameter"),
        ({"repetition_penalty": 0}, "'repetition_penalty' parameter"),
        ({"stop": 3}, "'stop' parameter"),
        ({"stop": ""}, "'stop' parameter of MarkovLanguageModel.{} must be .* none of them empty"),
        ({"stop": ["a", ""]}, r"none of them empty. Got \['a', ''\] instead"),
        ({"stop": ["a", 3]}, "must be a str or a list of str"),
        ({"random_state": "a"}, "'random_state' parameter"),
        ({"random_state": -1}, "'random_state' parameter"),
    ],
)
@pytest.mark.parametrize("method", ["generate", "stream"])
def test_invalid_parameters_are_refused_at_once(method, params, message):
    with pytest.raises(ValueError, match=message.format(method)):
        getattr(MODEL, method)(**params)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_samples": 0}, "'n_samples' parameter"),
        ({"num_beams": 0}, "'num_beams' parameter"),
        ({"length_penalty": "long"}, "'length_penalty' parameter"),
        ({"num_beams": 2, "n_samples": 3}, "set num_beams to n_samples or more"),
        ({"num_beams": 2, "temperature": 0.5}, "Beam search draws nothing at random"),
        ({"num_beams": 2, "top_k": 3}, "Got temperature=1.0, top_k=3, top_p=None, num_beams=2"),
        ({"num_beams": 2, "top_p": 0.5}, "Beam search draws nothing at random"),
    ],
)
def test_invalid_combinations_are_refused(params, message):
    with pytest.raises(ValueError, match=message):
        MODEL.generate(**params)


@pytest.mark.parametrize("method", ["generate", "stream"])
def test_a_model_has_to_be_fitted_and_to_know_texts(method):
    with pytest.raises(NotFittedError):
        getattr(MarkovLanguageModel(), method)()
    of_ids = MarkovLanguageModel().fit(["abc"])
    of_ids.vectorizer_ = None
    with pytest.raises(TypeError, match="fitted on token ids, which stand for no text"):
        getattr(of_ids, method)()


def test_one_text_is_a_str_and_samples_are_a_list():
    assert isinstance(MODEL.generate(random_state=0), str)
    assert MODEL.generate(n_samples=1, random_state=0) == [MODEL.generate(random_state=0)]
    assert MODEL.generate(n_samples=1, num_beams=3) == [MODEL.generate(num_beams=3)]


@pytest.mark.parametrize("random_state", [0, None, np.int64(3)])
@pytest.mark.parametrize("make", [None, np.random.RandomState, np.random.default_rng])
def test_every_kind_of_random_state_is_taken(random_state, make):
    random_state = make(random_state) if make else random_state
    assert len(MODEL.generate(random_state=random_state, n_samples=3)) == 3
