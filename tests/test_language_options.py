"""Decoders, penalties and averages as parameters of RNNLanguageModel."""

import numpy as np
import pytest

import sklearn_rnn
from sklearn_rnn import RNNLanguageModel, SequenceVectorizer
from sklearn_rnn._language import make_net
from sklearn_rnn._training import make_network
from sklearn_rnn.modules import AdaptiveSoftmaxDecoder, SoftmaxDecoder

TEXTS = ["the cat sat", "a cat ate the rat", "the rat sat", "that hat", "a tea"] * 4


def fit(texts=TEXTS, **params):
    sizes = {"hidden_size": 8, "embedding_dim": 4, "max_epochs": 3, "random_state": 0}
    return RNNLanguageModel(**{**sizes, **params}).fit(texts)


@pytest.mark.parametrize("tie_weights", [False, True])
def test_adaptive_softmax_learns_scores_and_is_saved(tie_weights, tmp_path):
    model = fit(softmax="adaptive", tie_weights=tie_weights, max_epochs=30, lr=0.02)
    assert isinstance(model.module_.decoder, AdaptiveSoftmaxDecoder)
    n_ids = model.module_.embedding.table.num_embeddings
    assert model.score(TEXTS) > -0.5 * np.log(n_ids)
    sklearn_rnn.save(model, tmp_path / "model")
    loaded = sklearn_rnn.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.log_prob(TEXTS), model.log_prob(TEXTS))


def test_adaptive_softmax_is_chosen_for_many_ids(monkeypatch):
    vectorizer = SequenceVectorizer()
    assert isinstance(fit(vectorizer=vectorizer).module_.decoder, SoftmaxDecoder)
    monkeypatch.setattr(make_net, "_MAX_FULL_SOFTMAX", 5)
    assert isinstance(fit(vectorizer=vectorizer).module_.decoder, AdaptiveSoftmaxDecoder)
    full = fit(vectorizer=vectorizer, softmax="full")
    assert isinstance(full.module_.decoder, SoftmaxDecoder)


@pytest.mark.parametrize("softmax", ["auto", "adaptive"])
def test_fit_goes_on_after_the_vocabulary_has_grown(softmax, monkeypatch):
    """What "auto" chose for the first vocabulary holds for the larger one."""
    params = {"vectorizer": SequenceVectorizer(), "softmax": softmax, "embedding_dim": "auto"}
    model = RNNLanguageModel(hidden_size=8, max_epochs=1, warm_start=True, **params)
    model.partial_fit(TEXTS).partial_fit(["dogs bark at night in the yard of that house"])
    before = model.module_.decoder
    monkeypatch.setattr(make_net, "_MAX_FULL_SOFTMAX", 5)
    monkeypatch.setattr(make_network, "_MAX_CHARACTERS", 5)
    after = model.fit(TEXTS).module_.decoder
    assert type(after) is type(before)
    assert getattr(after, "cutoffs", None) == getattr(before, "cutoffs", None)


def test_a_chunk_is_not_averaged():
    chunks = [fit().set_params(averaging=averaging) for averaging in (None, "recent")]
    plain, averaged = (model.partial_fit(TEXTS).log_prob(TEXTS) for model in chunks)
    np.testing.assert_array_equal(plain, averaged)


@pytest.mark.parametrize("name", ["activation_penalty", "slowness_penalty"])
def test_penalties_make_states_small_or_slow(name):
    def size(model):
        states = model.transform(["the c", "the ca"])
        return np.square(states if name == "activation_penalty" else np.diff(states, axis=0)).mean()

    params = {"max_epochs": 20, "lr": 0.02}
    assert size(fit(**params, **{name: 30.0})) < 0.5 * size(fit(**params))


@pytest.mark.parametrize("params", [{"softmax": "adaptive"}, {"averaging": "recent"}])
def test_same_weights_on_any_number_of_threads(params):
    one, two = (fit(TEXTS * 40, n_jobs=n_jobs, **params) for n_jobs in (1, 2))
    for a, b in zip(one.module_.parameters(), two.module_.parameters(), strict=True):
        np.testing.assert_array_equal(a.detach(), b.detach())


@pytest.mark.parametrize(
    "params",
    [
        {"softmax": "sampled"},
        {"averaging": "ema"},
        {"averaging": True},
        {"activation_penalty": -1.0},
        {"slowness_penalty": -1.0},
    ],
)
def test_wrong_options_are_refused(params):
    with pytest.raises(ValueError, match=f"The '{next(iter(params))}' parameter of RNNLanguage"):
        fit(**params)
