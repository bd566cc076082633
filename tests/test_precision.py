import copy
import pickle
from functools import cache

import numpy as np
import pytest
import torch
from sklearn.base import clone
from skorch.callbacks import Callback
from weights import have_same_weights

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn._sklearn_compat import InvalidParameterError
from sklearn_rnn._training import batches as batches_file
from sklearn_rnn._training import precision as precision_file
from sklearn_rnn._training.precision import PRECISIONS, resolve_precision
from sklearn_rnn.modules.cells import CELLS
from sklearn_rnn.modules.kernels import has_kernels

CPU, GPU = torch.device("cpu"), torch.device("cuda")

N_IDS = 20
LENGTHS = np.random.RandomState(0).randint(1, 21, size=48)
X = np.random.RandomState(1).randint(2, N_IDS, size=(48, 20)) * (np.arange(20) < LENGTHS[:, None])
Y = np.arange(48) % 3

every_cell = pytest.mark.parametrize("cell", CELLS)
LSTM_AND_OTHERS = ["lstm", *sorted(CELLS.keys() - {"lstm"})]
every_path = pytest.mark.parametrize("wide_weight", [0.0, "auto"], ids=["deep", "wide and deep"])
every_cell_and_path = pytest.mark.one_at_a_time(wide_weight=["auto", 0.0], cell=LSTM_AND_OTHERS)


def make_classifier(**params):
    small = {"embedding_dim": 5, "hidden_size": 4, "max_epochs": 2, "lr": 0.02, "random_state": 0}
    return RNNTextClassifier(**{**small, "batch_size": 16, "device": "cpu", **params})


def fit(**params):
    return make_classifier(precision="bfloat16", **params).fit(X, Y)


@cache
def fitted(cell, wide_weight):
    return fit(cell=cell, wide_weight=wide_weight)


def in_float32(clf):
    """Return a classifier of the same weights that computes in float32."""
    clf = copy.deepcopy(clf)
    clf.net_.autocast_dtype = torch.float32
    return clf


# Which one is taken.


@every_cell
@pytest.mark.parametrize("has_bfloat16", [False, True])
@pytest.mark.parametrize("device", [CPU, GPU, torch.device("cuda", 1), torch.device("mps")])
def test_a_precision_by_name_is_taken_everywhere(device, has_bfloat16, cell, monkeypatch):
    monkeypatch.setattr(precision_file, "_cpu_has_bfloat16", lambda: has_bfloat16)
    assert resolve_precision("float32", cell, device) is torch.float32
    assert resolve_precision("bfloat16", cell, device) is torch.bfloat16


@every_cell
@pytest.mark.parametrize("has_bfloat16", [False, True])
def test_auto_on_a_cpu_is_bfloat16_for_an_lstm_where_the_cpu_has_it(
    has_bfloat16, cell, monkeypatch
):
    monkeypatch.setattr(precision_file, "_cpu_has_bfloat16", lambda: has_bfloat16)
    expected = torch.bfloat16 if has_bfloat16 and cell == "lstm" else torch.float32
    assert resolve_precision("auto", cell, CPU) is expected


@every_cell
@pytest.mark.parametrize("has_bfloat16", [False, True])
@pytest.mark.parametrize("capability", [(7, 5), (8, 0), (8, 6), (9, 0), (12, 0)])
def test_auto_on_a_gpu_is_bfloat16_where_the_gpu_has_it(
    capability, has_bfloat16, cell, monkeypatch
):
    monkeypatch.setattr(precision_file, "_cpu_has_bfloat16", lambda: has_bfloat16)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    expected = torch.bfloat16 if capability[0] >= 8 else torch.float32
    assert resolve_precision("auto", cell, GPU) is expected


@every_cell
def test_auto_is_float32_on_other_devices(cell, monkeypatch):
    monkeypatch.setattr(precision_file, "_cpu_has_bfloat16", lambda: True)
    assert resolve_precision("auto", cell, torch.device("mps")) is torch.float32


@pytest.mark.parametrize("avx512", [None, False, True])
@pytest.mark.parametrize("amx", [None, False, True])
def test_torch_knows_whether_the_cpu_has_bfloat16(avx512, amx, monkeypatch):
    """None stands for a torch that does not tell."""
    for name, answer in [("_is_avx512_bf16_supported", avx512), ("_is_amx_tile_supported", amx)]:
        if answer is None:
            monkeypatch.delattr(torch.cpu, name, raising=False)
        else:
            monkeypatch.setattr(torch.cpu, name, lambda answer=answer: answer, raising=False)
    assert precision_file._cpu_has_bfloat16() == bool(avx512 or amx)


@pytest.mark.parametrize("precision", ["float16", "double", "", None, 16, torch.bfloat16], ids=repr)
def test_unknown_precisions_are_refused(precision):
    with pytest.raises(
        InvalidParameterError, match="The 'precision' parameter of RNNTextClassifier must be a str"
    ):
        make_classifier(precision=precision).fit(X, Y)


def test_the_default_is_float32(monkeypatch):
    monkeypatch.setattr(precision_file, "_cpu_has_bfloat16", lambda: True)
    default = make_classifier().fit(X, Y)
    assert have_same_weights(default, make_classifier(precision="float32").fit(X, Y))
    assert not have_same_weights(default, fit())


@pytest.mark.parametrize("cell", ["lstm", "gru", "sru"])
@pytest.mark.parametrize("kernels", ["auto", False])
@pytest.mark.parametrize("has_bfloat16", [False, True])
def test_auto_is_one_of_the_two(has_bfloat16, kernels, cell, monkeypatch):
    monkeypatch.setattr(precision_file, "_cpu_has_bfloat16", lambda: has_bfloat16)
    auto = make_classifier(precision="auto", cell=cell, kernels=kernels).fit(X, Y)
    gains = ("rnn", "lstm", "gru") if has_kernels(kernels) else ("lstm",)
    precision = "bfloat16" if has_bfloat16 and cell in gains else "float32"
    expected = make_classifier(precision=precision, cell=cell, kernels=kernels).fit(X, Y)
    assert have_same_weights(auto, expected)
    np.testing.assert_array_equal(auto.predict_proba(X), expected.predict_proba(X))


# What bfloat16 changes, and what not.


class DtypesOfOutputs(Callback):
    """Note the dtypes that the loss is computed from."""

    def initialize(self):
        self.dtypes_ = set()
        return self

    def on_batch_end(self, net, y_pred=None, **kwargs):
        outputs = y_pred if isinstance(y_pred, tuple) else (y_pred,)
        self.dtypes_.update(output.dtype for output in outputs)


@every_cell_and_path
def test_weights_and_outputs_stay_in_float32(wide_weight, cell):
    seen = DtypesOfOutputs()
    params = {"early_stopping": True, "validation_fraction": 0.4, "callbacks": [seen]}
    clf = fit(cell=cell, wide_weight=wide_weight, **params)
    assert {value.dtype for value in clf.module_.parameters()} == {torch.float32}
    assert seen.dtypes_ == {torch.float32}
    assert clf.decision_function(X).dtype == np.float32
    for weights in clf.module_.parameters():
        # Steps are smaller than what bfloat16 can tell.
        assert (weights != weights.bfloat16().float()).any()


@every_cell_and_path
def test_predictions_are_about_those_of_the_same_weights_in_float32(wide_weight, cell):
    clf = fitted(cell, wide_weight)
    proba, expected = clf.predict_proba(X), in_float32(clf).predict_proba(X)
    np.testing.assert_allclose(proba, expected, rtol=0, atol=0.05)
    assert (proba != expected).any()


@every_cell_and_path
def test_proba_in_bfloat16_is_a_distribution_for_each_document(wide_weight, cell):
    proba = fitted(cell, wide_weight).predict_proba(X)
    assert proba.shape == (len(X), 3)
    assert proba.dtype == np.float64
    assert proba.min() >= 0
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-12)
    assert len(np.unique(proba, axis=0)) > len(X) / 2


@every_cell_and_path
def test_a_document_alone_in_bfloat16_is_about_what_it_is_in_a_batch(wide_weight, cell):
    clf = copy.deepcopy(fitted(cell, wide_weight))
    together = clf.predict_proba(X)
    alone = np.vstack([clf.predict_proba(row[None]) for row in X])
    np.testing.assert_allclose(alone, together, rtol=0, atol=2e-2)
    clf.net_.iterator_valid__batch_size = 7
    np.testing.assert_allclose(clf.predict_proba(X[::-1])[::-1], together, rtol=0, atol=2e-2)


@every_cell_and_path
def test_loss_falls_as_in_float32(wide_weight, cell):
    params = {"cell": cell, "wide_weight": wide_weight, "max_epochs": 4}
    params.update(dropout=0.0, word_dropout=0.0, lr=2e-3)
    losses = fit(**params).loss_curve_
    assert losses[-1] < losses[0]
    expected = make_classifier(**params).fit(X, Y).loss_curve_
    np.testing.assert_allclose(losses, expected, rtol=0.02)
    assert losses != expected


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_validation_in_bfloat16(optimizer):
    """With a rate of almost 0 the weights are those of the start, and so are the scores."""
    params = {"early_stopping": True, "validation_fraction": 0.4, "optimizer": optimizer}
    params.update(lr=1e-9, max_epochs=1, random_state=1)
    low, full = fit(**params), make_classifier(**params).fit(X, Y)
    np.testing.assert_allclose(
        low.history_[:, "valid_loss"], full.history_[:, "valid_loss"], rtol=0.01
    )
    assert low.history_[:, "valid_loss"] != full.history_[:, "valid_loss"]


# To the bit.


@every_cell_and_path
def test_bfloat16_is_the_same_to_the_bit_every_time_on_any_number_of_threads(
    wide_weight, cell, monkeypatch
):
    monkeypatch.setattr(batches_file, "MIN_TOKENS_TO_CUT", 100)
    monkeypatch.setattr(batches_file, "MIN_TOKENS_TO_CUT_WITH_KERNELS", 100)
    monkeypatch.setattr(batches_file, "PART_TOKENS", 100)
    params = {"cell": cell, "wide_weight": wide_weight, "recurrent_dropout": 0.2}
    first = fit(n_jobs=1, **params)
    first.net_.iterator_valid__batch_size = 7
    proba = first.predict_proba(X)
    np.testing.assert_array_equal(first.set_params(n_jobs=3).predict_proba(X), proba)
    for n_jobs in (1, 3):
        clf = fit(n_jobs=n_jobs, **params)
        assert have_same_weights(clf, first)
        assert clf.loss_curve_ == first.loss_curve_


# It stays with the estimator.


@pytest.mark.parametrize("precision", PRECISIONS)
def test_precision_is_a_parameter_like_the_others(precision):
    clf = make_classifier(precision=precision)
    assert clf.get_params()["precision"] == clone(clf).precision == precision
    assert make_classifier().set_params(precision=precision).precision == precision
    assert pickle.loads(pickle.dumps(clf)).precision == precision
    assert clf.fit(X, Y).precision == precision
    assert clone(clf).precision == precision


@every_path
def test_a_pickle_computes_in_the_precision_of_fit(wide_weight):
    clf = fit(wide_weight=wide_weight)
    loaded = pickle.loads(pickle.dumps(clf))
    assert loaded.precision == "bfloat16"
    np.testing.assert_array_equal(loaded.predict_proba(X), clf.predict_proba(X))
    assert (loaded.predict_proba(X) != in_float32(clf).predict_proba(X)).any()


@every_path
def test_a_clone_of_the_net_keeps_the_precision(wide_weight):
    net = clone(fit(wide_weight=wide_weight).net_)
    assert net.autocast_dtype is torch.bfloat16
