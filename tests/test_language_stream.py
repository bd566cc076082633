"""RNNLanguageModel.partial_fit: chunks, new tokens, labels, and chunks that fail."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback

from sklearn_rnn import RNNLanguageModel, SequenceVectorizer, load, save

FIRST = ["anna", "hanna", "johanna", "susanna"] * 8
SECOND = ["otto", "bob", "timo", "gizmo"] * 8
SMALL = {"embedding_dim": 4, "hidden_size": 8, "random_state": 0, "bptt": 8}


def small(**params):
    return RNNLanguageModel(**{**SMALL, **params})


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"tie_weights": True},
        {"optimizer": "adam"},
        {"softmax": "adaptive"},
        {"softmax": "adaptive", "tie_weights": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("documents", [True, False])
def test_new_tokens_are_learned(documents, params):
    model = small(documents=documents, lr=0.02, **params).partial_fit(FIRST)
    before = model.score(SECOND)
    for _ in range(15):
        model.partial_fit(SECOND)
    assert set(model.vectorizer_.vocabulary_) == set("".join(FIRST + SECOND))
    n_ids = len(model.vectorizer_.vocabulary_) + 2
    assert model.module_.embedding.table.num_embeddings == n_ids
    assert model.module_.log_probs(model.module_.decoder.bias.new_zeros(1, 8)).shape == (1, n_ids)
    assert model.score(SECOND) > before
    assert model.perplexity(SECOND) < 5
    assert len(model.loss_curve_) == 16
    kept = pickle.loads(pickle.dumps(model))
    assert_array_equal(
        kept.partial_fit(FIRST).log_prob(FIRST), model.partial_fit(FIRST).log_prob(FIRST)
    )


def test_growing_changes_nothing_for_the_tokens_known():
    model = small(lr=1e-12).partial_fit(FIRST)
    before = {name: w.clone() for name, w in model.module_.named_parameters()}
    model.partial_fit(SECOND)
    for name, weight in model.module_.named_parameters():
        known = weight[: len(before[name])].detach()
        assert_allclose(known, before[name].detach(), atol=1e-9)
    bias = model.module_.decoder.bias.detach()
    n_known = len(before["decoder.bias"])
    assert_allclose(bias[n_known:], bias[1], atol=1e-9)
    assert model.module_.decoder.weight[n_known:].abs().sum() > 0


@pytest.mark.parametrize("softmax", ["full", "adaptive"])
def test_chunks_go_on_after_fit_and_after_a_file(softmax, tmp_path):
    model = small(max_epochs=3, softmax=softmax).fit(FIRST)
    save(model, tmp_path / "model.safetensors")
    loaded = load(tmp_path / "model.safetensors")
    for each in (model, loaded):
        each.partial_fit(SECOND)
    assert_array_equal(model.log_prob(SECOND), loaded.log_prob(SECOND))
    save(model, tmp_path / "model.safetensors")
    loaded = load(tmp_path / "model.safetensors")
    assert_array_equal(model.log_prob(SECOND), loaded.log_prob(SECOND))


def test_labels_come_chunk_by_chunk():
    model = small(lr=0.02).partial_fit(FIRST, ["a"] * 32, classes=["a", "o"])
    assert_array_equal(model.class_count_, [32, 0])
    assert_array_equal(model.predict_proba(FIRST[:2]), [[1, 0], [1, 0]])
    for _ in range(10):
        model.partial_fit(FIRST + SECOND, ["a"] * 32 + ["o"] * 32)
    assert_array_equal(model.class_count_, [32 * 11, 320])
    assert_array_equal(model.predict(["johanna", "gizmo"]), ["a", "o"])


def test_a_vectorizer_that_cannot_learn_on_keeps_its_vocabulary():
    class Fixed(SequenceVectorizer):
        partial_fit = property()  # as if it were not there

    model = small(vectorizer=Fixed(analyzer="char")).partial_fit(FIRST)
    n_ids = model.module_.embedding.table.num_embeddings
    model.partial_fit(SECOND)
    assert model.module_.embedding.table.num_embeddings == n_ids
    assert np.isfinite(model.score(SECOND))


def test_what_is_no_chunk_is_refused():
    with pytest.raises(ValueError, match="does not support early_stopping"):
        small(early_stopping=True).partial_fit(FIRST)
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        small().partial_fit(FIRST, ["a"] * 32)
    with pytest.raises(ValueError, match="classes is provided, but y was not"):
        small().partial_fit(FIRST, classes=["a", "b"])
    model = small().partial_fit(FIRST)
    with pytest.raises(ValueError, match="fitted without labels"):
        model.partial_fit(FIRST, ["a"] * 32, classes=["a", "b"])
    model = small().partial_fit(FIRST, ["a"] * 32, classes=["a", "b"])
    with pytest.raises(ValueError, match="fitted with labels"):
        model.partial_fit(FIRST)
    with pytest.raises(ValueError, match="labels that are not among the classes"):
        model.partial_fit(FIRST, ["x"] * 32)


class Interrupt(Callback):
    def on_batch_begin(self, net, **kwargs):
        if len(net.history) == 2:
            raise KeyboardInterrupt


@pytest.mark.parametrize("softmax", ["full", "adaptive"])
def test_a_chunk_that_is_interrupted_is_undone(softmax):
    model = small(callbacks=[Interrupt()], softmax=softmax).partial_fit(FIRST)
    before = model.log_prob(SECOND)
    with pytest.raises(KeyboardInterrupt):
        model.partial_fit(SECOND)
    assert_array_equal(model.log_prob(SECOND), before)
    assert set(model.vectorizer_.vocabulary_) == set("".join(FIRST))
    assert len(model.loss_curve_) == 1


def test_a_chunk_that_diverges_is_undone_with_a_warning():
    model = small().partial_fit(FIRST)
    before = model.log_prob(SECOND)
    model.set_params(lr=1e30)
    with pytest.warns(ConvergenceWarning, match="This chunk was not learned") as caught:
        model.partial_fit(SECOND)
    assert caught[0].filename == __file__
    assert_array_equal(model.log_prob(SECOND), before)
