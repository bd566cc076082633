"""What a GPU must give: the same answers, the same again, models that open where there is none."""

import numpy as np
import pytest
import torch

from sklearn_rnn import (
    RNNLanguageModel,
    RNNTextClassifier,
    RNNTextEncoder,
    RNNTextRegressor,
    load,
    save,
)
from sklearn_rnn.datasets import load_drug_reviews

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")

REVIEWS = load_drug_reviews(subset="train")
TEXTS, RATINGS = list(REVIEWS.data[:120]), list(REVIEWS.target[:120])
PARAMS = {"device": "cuda", "max_epochs": 2, "random_state": 0}
CELLS = ["rnn", "lstm", "gru", "mgu"]


@pytest.mark.parametrize("cell", CELLS)
def test_classifier_predicts_on_a_cpu_as_on_the_gpu(cell, tmp_path):
    clf = RNNTextClassifier(cell=cell, crop_length=60, **PARAMS).fit(TEXTS, RATINGS)
    probabilities = clf.predict_proba(TEXTS)
    np.testing.assert_allclose(
        moved_to_cpu(clf, tmp_path).predict_proba(TEXTS), probabilities, atol=5e-3
    )


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.filterwarnings("error:RNN module weights")
def test_fit_is_repeatable_to_the_bit_and_does_not_warn(cell):
    first, second = (
        RNNTextClassifier(cell=cell, recurrent_dropout=0.1, **PARAMS).fit(TEXTS, RATINGS)
        for _ in range(2)
    )
    for one, other in zip(first.module_.parameters(), second.module_.parameters(), strict=True):
        assert torch.equal(one, other)


def test_other_estimators_learn_on_a_gpu(tmp_path):
    numbers = np.arange(len(TEXTS), dtype=float)
    assert np.isfinite(RNNTextRegressor(**PARAMS).fit(TEXTS, numbers).predict(TEXTS)).all()
    vectors = RNNTextEncoder(**PARAMS).fit(TEXTS, RATINGS).transform(TEXTS)
    assert np.isfinite(vectors).all()


def test_language_model_scores_on_a_cpu_as_on_the_gpu(tmp_path):
    model = RNNLanguageModel(hidden_size=32, **PARAMS).fit(TEXTS)
    scores = model.log_prob(TEXTS[:20])
    assert len(model.generate("I ", 20, random_state=0)) > 2
    np.testing.assert_allclose(
        moved_to_cpu(model, tmp_path).log_prob(TEXTS[:20]), scores, rtol=1e-3
    )


def moved_to_cpu(model, folder):
    """Save a model, and open it where there is no GPU."""
    save(model, folder / "model.rnn")
    loaded = load(folder / "model.rnn")
    loaded.net_.module_.to("cpu")
    loaded.net_.device = "cpu"
    return loaded.set_params(device="cpu")
