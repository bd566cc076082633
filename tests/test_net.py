import signal
import sys
import threading
import time
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_sequence
from weights import copy_weights, have_same_weights, same_weights

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn._text.sequences import sequences_from_flat
from sklearn_rnn._training import batches as batches_file
from sklearn_rnn._training import net as net_file
from sklearn_rnn._training import shards as shards_file
from sklearn_rnn._training.batches import SequenceDataset
from sklearn_rnn._training.net import SequenceNet
from sklearn_rnn._training.process_state import torch_workers
from sklearn_rnn.exceptions import FitInterruptedWarning
from sklearn_rnn.modules import NGramLinear, PackedLayout, WideAndDeep, build_network
from sklearn_rnn.modules._dropout import current_generator
from sklearn_rnn.modules._penalties import add_penalty
from sklearn_rnn.modules.cells import CELLS

N_IDS = 20
LENGTHS = np.random.RandomState(0).randint(6, 21, size=48)
X = np.random.RandomState(1).randint(2, N_IDS, size=(48, 20)) * (np.arange(20) < LENGTHS[:, None])
Y = np.arange(48) % 3
BATCH_SIZE = 16
N_BATCHES = 48 // BATCH_SIZE

EVERY_DROPOUT = {"dropout": 0.3, "word_dropout": 0.2, "recurrent_dropout": 0.2}
NO_DROPOUT = dict.fromkeys(EVERY_DROPOUT, 0.0)

LSTM_AND_OTHERS = ["lstm", *sorted(CELLS.keys() - {"lstm"})]


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Let batches be cut that are computed in a blink."""
    monkeypatch.setattr(batches_file, "MIN_TOKENS_TO_CUT", 50)
    monkeypatch.setattr(batches_file, "MIN_TOKENS_TO_CUT_WITH_KERNELS", 50)
    monkeypatch.setattr(batches_file, "PART_TOKENS", 50)
    for cell in CELLS.values():
        monkeypatch.setattr(cell, "n_documents_at_once", 4)


@pytest.fixture
def whole_batches(monkeypatch):
    """Return a function from which on no batch is cut."""

    def stop_cutting():
        for name in ("MIN_TOKENS_TO_CUT", "MIN_TOKENS_TO_CUT_WITH_KERNELS"):
            monkeypatch.setattr(batches_file, name, 10**9)

    return stop_cutting


class PartsOfBatches(Callback):
    """Note how many parts the batches have."""

    def initialize(self):
        self.n_parts_ = {True: [], False: []}
        return self

    def on_batch_begin(self, net, batch=None, training=None, **kwargs):
        self.n_parts_[training].append(len(batch[0].parts))


def make_classifier(**params):
    small = {"embedding_dim": 5, "hidden_size": 4, "max_epochs": 2, "random_state": 0}
    return RNNTextClassifier(**{**small, "batch_size": BATCH_SIZE, **params})


def fit(**params):
    """Return a classifier fitted on batches that are cut, each of them, into parts."""
    parts = PartsOfBatches()
    clf = make_classifier(callbacks=[parts], **params).fit(X, Y)
    assert min(parts.n_parts_[True]) > 1
    return clf


def assert_same_fit(first, second):
    """Check that two fits gave the same numbers, to the bit."""
    assert have_same_weights(first, second)
    assert first.loss_curve_ == second.loss_curve_
    assert first.validation_scores_ == second.validation_scores_


# The gradient of a batch in parts.

DOCUMENTS = [X[row, :n] for row, n in enumerate(LENGTHS[:10])]
DOCUMENTS[3] = DOCUMENTS[3][:1]
WEIGHTS = np.array([1, 0, 5, 2.5, 0.1, 1, 1, 3, 0.5, 10], dtype=np.float32)


def make_module(cell="lstm", *, sparse=False, wide=False):
    """Return a network without dropout in float64, so that the order of sums is not felt."""
    torch.manual_seed(0)
    small = {"embedding_dim": 5, "hidden_size": 4, "num_layers": 2, **NO_DROPOUT}
    module = build_network(num_embeddings=N_IDS, n_outputs=3, cell=cell, sparse=sparse, **small)
    if wide:
        pairs = torch.arange(2 * N_IDS, N_IDS**2, 3)
        idf = torch.linspace(1, 2, N_IDS), torch.linspace(1, 3, len(pairs))
        module = WideAndDeep(module, NGramLinear(3, idf[0], pairs, idf[1], sparse=sparse), 0.3)
        torch.nn.init.normal_(module.wide.table.weight)
    return module.double()


def make_net(module, **params):
    return SequenceNet(
        module=module,
        criterion=torch.nn.CrossEntropyLoss,
        criterion__reduction="none",
        optimizer=torch.optim.SGD,
        **params,
    ).initialize()


def make_batch(n_parts):
    """Return the documents as one batch, and the order in which it holds them."""
    ids = sequences_from_flat(np.concatenate(DOCUMENTS).astype(np.int32), [*map(len, DOCUMENTS)])
    dataset = SequenceDataset(ids, np.arange(len(DOCUMENTS)) % 3, WEIGHTS)
    rows = np.argsort(-dataset.lengths, kind="stable")
    batch = dataset.batch(rows, n_parts=n_parts)
    assert len(set(batch[0].part_sizes)) > 1 or len(DOCUMENTS) % n_parts == 0
    return batch, batch[0].rows


def take_grads(module):
    """Return the gradients, dense, and leave none."""
    grads = {name: value.grad.clone().to_dense() for name, value in module.named_parameters()}
    module.zero_grad(set_to_none=True)
    return grads


def step(net, n_parts, n_workers=2):
    """Return what a training step gives, and the gradients."""
    with torch_workers(n_workers):
        result = net.train_step_single(make_batch(n_parts)[0])
    return result, take_grads(net.module_)


def assert_grads_close(first, second):
    assert first.keys() == second.keys()
    for name in first:
        torch.testing.assert_close(first[name], second[name], rtol=1e-5, atol=1e-8)
        assert first[name].any()


def loss_by_hand(module):
    """Return the mean loss over the documents, each read alone."""
    loss = 0
    for row, ids in enumerate(DOCUMENTS):
        outputs = module(pack_sequence([torch.from_numpy(ids)]))
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        target = torch.tensor([row % 3])
        losses = [F.cross_entropy(output, target) for output in outputs]
        loss = loss + float(WEIGHTS[row]) * sum(losses) / len(losses)
    return loss / len(DOCUMENTS)


@pytest.mark.one_at_a_time(
    n_parts=[4, 1, 2], sparse=[True, False], wide=[True, False], cell=LSTM_AND_OTHERS
)
def test_gradient_of_parts_is_that_of_the_mean_loss(n_parts, sparse, wide, cell):
    module = make_module(cell, sparse=sparse, wide=wide)
    result, grads = step(make_net(module), n_parts)
    loss = loss_by_hand(module)
    loss.backward()
    assert_grads_close(grads, take_grads(module))
    assert result["loss"].item() == pytest.approx(loss.item(), rel=1e-6)


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
def test_gradient_of_parts_is_that_of_the_whole_batch(sparse):
    net = make_net(make_module(sparse=sparse, wide=True))
    _, whole = step(net, n_parts=1)
    for n_parts in (2, 3, 5, 10):
        assert_grads_close(step(net, n_parts)[1], whole)


@pytest.mark.parametrize("wide", [False, True], ids=["deep", "wide and deep"])
def test_outputs_of_parts_come_in_the_order_of_the_batch(wide):
    module = make_module(wide=wide)
    net = make_net(module)
    packed = pack_sequence(list(map(torch.from_numpy, DOCUMENTS)), enforce_sorted=False)
    expected = module(packed) if wide else (module(packed),)
    for n_parts in (1, 4):
        _, rows = make_batch(n_parts)
        outputs = step(net, n_parts)[0]["y_pred"]
        assert isinstance(outputs, tuple) == wide
        for output, whole in zip(outputs if wide else (outputs,), expected, strict=True):
            torch.testing.assert_close(output, whole[rows].float(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("n_parts", [1, 4])
@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
def test_every_parameter_has_a_gradient_of_its_own(sparse, n_parts):
    """Else what scales one gradient in place, such as clipping, scales another one too."""
    module = make_module(sparse=sparse, wide=True)
    make_net(module).train_step_single(make_batch(n_parts)[0])
    grads = [value.grad for value in module.parameters()]
    assert sum(grad.is_sparse for grad in grads) == 2 * sparse
    values = [grad.coalesce().values() if grad.is_sparse else grad for grad in grads]
    assert len({value.untyped_storage().data_ptr() for value in values}) == len(grads)
    for k, grad in enumerate(values):
        others = [other.clone() for other in values[:k]]
        grad.mul_(-3)
        assert all(map(torch.equal, values[:k], others))


class TwoBiases(torch.nn.Module):
    """Autograd gives what is added up one tensor as their gradient."""

    def __init__(self):
        super().__init__()
        self.first = torch.nn.Parameter(torch.zeros(3))
        self.second = torch.nn.Parameter(torch.zeros(3))

    def forward(self, ids):
        return (self.first + self.second).expand(int(ids.batch_sizes[0]), 3)


@pytest.mark.parametrize("n_parts", [1, 2, 4])
def test_parameters_that_are_added_up_get_their_gradient_once(n_parts):
    module = TwoBiases()
    first, second = torch.autograd.grad(loss_by_hand(module), [module.first, module.second])
    make_net(module).train_step_single(make_batch(n_parts)[0])
    for parameter in module.parameters():
        torch.testing.assert_close(parameter.grad, first)
    module.first.grad.mul_(-3)
    torch.testing.assert_close(module.second.grad, second)


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
def test_gradients_add_up_until_they_are_reset(sparse):
    module = make_module(sparse=sparse)
    net = make_net(module)
    _, once = step(net, n_parts=3)
    for _ in range(2):
        net.train_step_single(make_batch(3)[0])
    assert_grads_close(take_grads(module), {name: 2 * grad for name, grad in once.items()})


def test_parameters_out_of_training_get_no_gradient():
    module = make_module()
    module.embedding.table.weight.requires_grad_(False)
    module.unused = torch.nn.Parameter(torch.ones(2))
    make_net(module).train_step_single(make_batch(3)[0])
    without = {name for name, value in module.named_parameters() if value.grad is None}
    assert without == {"embedding.table.weight", "unused"}


@pytest.mark.parametrize("name", EVERY_DROPOUT)
def test_parts_do_not_drop_the_same(name):
    params = {"embedding_dim": 5, "hidden_size": 4, **NO_DROPOUT, name: 0.5}
    net = make_net(build_network(num_embeddings=N_IDS, n_outputs=3, **params))
    # The same document four times, each a part of its own.
    ids = sequences_from_flat(np.tile(np.arange(2, 14, dtype=np.int32), 4), [12] * 4)
    batch = SequenceDataset(ids).batch(np.arange(4), n_parts=4)
    outputs = net.train_step_single(batch)["y_pred"].detach().numpy()
    assert len(np.unique(outputs, axis=0)) == 4


def test_every_step_drops_anew():
    params = {"embedding_dim": 5, "hidden_size": 4, "dropout": 0.5}
    net = make_net(build_network(num_embeddings=N_IDS, n_outputs=3, **params))
    first, second = (step(net, n_parts=2)[0]["y_pred"] for _ in range(2))
    assert (first != second).any()


class Penalised(torch.nn.Module):
    """Its outputs say nothing, and what it adds to the loss is a document's length times 2."""

    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(2.0))

    def forward(self, ids):
        lengths = PackedLayout(ids.batch_sizes).lengths
        add_penalty(self.scale * lengths)
        return 0 * self.scale.expand(len(lengths), 3)


@pytest.mark.parametrize("n_parts", [1, 4])
def test_penalties_count_as_much_as_their_documents(n_parts):
    module = Penalised()
    result, grads = step(make_net(module), n_parts)
    expected = np.mean(WEIGHTS * [len(ids) for ids in DOCUMENTS])
    assert grads["scale"].item() == pytest.approx(expected)
    output_loss = np.mean(WEIGHTS) * np.log(3)
    assert result["loss"].item() == pytest.approx(output_loss + 2 * expected)


# Parts are computed side by side.


class WaitForAnother(Callback):
    """Let the first two parts of training wait for each other, and note all threads."""

    def on_train_begin(self, net, **kwargs):
        self.barrier_, self.threads_ = threading.Barrier(2, timeout=20), []
        net.module_.register_forward_pre_hook(self._wait)

    def _wait(self, module, arguments):
        self.threads_.append(threading.current_thread())
        if len(self.threads_) <= 2:
            self.barrier_.wait()


def test_parts_of_a_batch_run_at_the_same_time():
    # Alone, the first would wait in vain.
    make_classifier(n_jobs=2, callbacks=[WaitForAnother()]).fit(X, Y)


@pytest.mark.parametrize("n_jobs", [1, 2, 3])
def test_no_more_threads_run_than_asked_for(n_jobs):
    clf = fit(n_jobs=n_jobs)
    clf.net_.iterator_valid__batch_size = 7
    used = set()
    clf.module_.register_forward_pre_hook(lambda *_: used.add(threading.current_thread()))
    clf.predict_proba(X)
    assert len(used) <= n_jobs
    # Predictions leave the caller's thread as it is.
    assert threading.current_thread() not in used


# The number of threads does not change a bit.

EVERYTHING = {**EVERY_DROPOUT, "num_layers": 2, "bidirectional": True, "wide_weight": 0.5}
PARAMS = [
    EVERYTHING,
    {"early_stopping": True, "validation_fraction": 0.4},
    {"wide_weight": 0.0, "pooling": "attention", "bidirectional": False},
    {"optimizer": "sgd", "crop_length": 8, "recurrent_dropout": 0.3},
    {"optimizer": "adam", "skip_connection": False, "pooling": "last"},
]


@pytest.mark.one_at_a_time(params=PARAMS, cell=LSTM_AND_OTHERS)
def test_n_jobs_does_not_change_a_bit(params, cell):
    first, *others = (fit(cell=cell, n_jobs=n_jobs, **params) for n_jobs in (1, 2, 3))
    for other in others:
        assert_same_fit(first, other)


@pytest.mark.parametrize("cell", CELLS)
def test_the_order_in_which_parts_are_done_does_not_change_a_bit(cell, monkeypatch):
    first = fit(cell=cell, n_jobs=1, **EVERYTHING)

    def last_first(function, *arguments):
        calls = list(zip(*arguments, strict=True))
        return [function(*call) for call in calls[::-1]][::-1]

    for file in (net_file, shards_file):
        monkeypatch.setattr(file, "side_by_side", last_first)
    assert_same_fit(fit(cell=cell, n_jobs=1, **EVERYTHING), first)


@contextmanager
def busy_threads(n_threads=2):
    """Let threads of Python compete with the block, and switch between them often."""
    stop, interval = threading.Event(), sys.getswitchinterval()

    def burn():
        while not stop.is_set():
            sum(range(100))

    threads = [threading.Thread(target=burn) for _ in range(n_threads)]
    sys.setswitchinterval(1e-5)
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(interval)


def test_other_threads_do_not_change_a_bit():
    alone = fit(n_jobs=1, **EVERYTHING)
    proba = alone.predict_proba(X)
    with busy_threads():
        clf = fit(n_jobs=3, **EVERYTHING)
        busy_proba = clf.predict_proba(X)
    assert_same_fit(clf, alone)
    np.testing.assert_array_equal(busy_proba, proba)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_threads_of_torch_do_not_change_a_bit(n_jobs, set_threads):
    fits, probas = [], []
    for n_threads in (1, 2, 4):
        set_threads(n_threads)
        fits.append(fit(n_jobs=n_jobs, **EVERYTHING))
        probas.append(fits[0].predict_proba(X))
        assert torch.get_num_threads() == n_threads
    for clf, proba in zip(fits, probas, strict=True):
        assert_same_fit(clf, fits[0])
        np.testing.assert_array_equal(proba, probas[0])


@pytest.mark.one_at_a_time(wide_weight=[0.5, 0.0], cell=LSTM_AND_OTHERS)
def test_n_jobs_does_not_change_a_bit_of_predictions(cell, wide_weight):
    clf = fit(cell=cell, wide_weight=wide_weight)
    clf.net_.iterator_valid__batch_size = 7
    one = clf.set_params(n_jobs=1).predict_proba(X)
    assert len(np.unique(one, axis=0)) == len(X)
    for n_jobs in (2, 3, 20):
        np.testing.assert_array_equal(clf.set_params(n_jobs=n_jobs).predict_proba(X), one)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_fit_in_threads_where_gradients_are_disabled(mode):
    with mode():
        clf = fit(n_jobs=2, early_stopping=True)
    assert_same_fit(clf, fit(n_jobs=1, early_stopping=True))


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_fit_and_prediction_where_autocast_is_on(precision, n_jobs):
    with torch.autocast("cpu", torch.bfloat16):
        clf = fit(n_jobs=n_jobs, precision=precision, early_stopping=True)
        proba = clf.predict_proba(X)
        assert torch.is_autocast_enabled("cpu")
    expected = fit(n_jobs=1, precision=precision, early_stopping=True)
    assert_same_fit(clf, expected)
    np.testing.assert_array_equal(proba, expected.predict_proba(X))


class ModesOfTorch(Callback):
    """Note whether the network keeps what gradients need, in training and otherwise."""

    def on_train_begin(self, net, **kwargs):
        self.grad_enabled_ = {True: set(), False: set()}
        net.module_.register_forward_pre_hook(self._note)

    def _note(self, module, arguments):
        self.grad_enabled_[module.training].add(torch.is_grad_enabled())


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_validation_and_prediction_keep_nothing_for_gradients(n_jobs):
    modes, parts = ModesOfTorch(), PartsOfBatches()
    clf = make_classifier(early_stopping=True, validation_fraction=0.4, n_jobs=n_jobs)
    clf.set_params(callbacks=[modes, parts]).fit(X, Y)
    assert min(parts.n_parts_[False]) > 1
    assert modes.grad_enabled_ == {True: {True}, False: {False}}
    modes.grad_enabled_[False].clear()
    clf.net_.iterator_valid__batch_size = 7
    clf.predict_proba(X)
    assert modes.grad_enabled_[False] == {False}


# The loss is that of the whole batch.


@pytest.mark.parametrize("wide_weight", [0.0, 0.5])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_cut_batches_have_the_losses_of_whole_ones(wide_weight, early_stopping, whole_batches):
    params = {"wide_weight": wide_weight, "early_stopping": early_stopping, **NO_DROPOUT}
    cut = fit(**params)
    whole_batches()
    whole = make_classifier(**params).fit(X, Y)
    names = ["train_loss", "valid_loss"] if early_stopping else ["train_loss"]
    for name in names:
        losses = [
            [batch[name] for row in clf.history_ for batch in row["batches"] if name in batch]
            for clf in (cut, whole)
        ]
        assert len(set(losses[0])) == len(losses[0]) > 1
        np.testing.assert_allclose(*losses, rtol=1e-4)
        np.testing.assert_allclose(*(clf.history_[:, name] for clf in (cut, whole)), rtol=1e-4)
    assert cut.validation_scores_ == whole.validation_scores_
    np.testing.assert_allclose(cut.predict_proba(X), whole.predict_proba(X), atol=1e-3)


# An error or an interrupt in a part.


class FailInPart(Callback):
    """Let the network fail in the second part of a batch, and keep the weights before it."""

    def __init__(self, fail, batch):
        self.fail = fail
        self.batch = batch

    def on_train_begin(self, net, **kwargs):
        self.n_batches_ = self.n_parts_ = 0
        self.lock_ = threading.Lock()
        net.module_.register_forward_pre_hook(self._count)

    def on_batch_begin(self, net, training=None, **kwargs):
        self.n_batches_ += 1
        self.n_parts_ = 0
        if self.n_batches_ == self.batch:
            self.weights_ = copy_weights(net.module_)

    def _count(self, module, arguments):
        with self.lock_:
            self.n_parts_ += 1
            fails = self.n_batches_ == self.batch and self.n_parts_ == 2
        if fails:
            self.fail()


def raise_error():
    raise RuntimeError("in a part")


def raise_interrupt():
    raise KeyboardInterrupt


def press_ctrl_c():
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
    # So that the part is not done before the main thread hears of it.
    time.sleep(0.05)


# Signals are those of POSIX.
INTERRUPTS = [raise_interrupt] if sys.platform == "win32" else [press_ctrl_c, raise_interrupt]


@pytest.mark.one_at_a_time(n_jobs=[2, 1, 3], early_stopping=[True, False], batch=[3, 1])
def test_error_in_a_part_leaves_everything_as_it_was(batch, early_stopping, n_jobs, set_threads):
    set_threads(2)
    clf = make_classifier(n_jobs=n_jobs).fit(X[:20], Y[:20] > 0)
    learned, weights, proba = dict(vars(clf)), copy_weights(clf.module_), clf.predict_proba(X)
    state, threads = torch.random.get_rng_state(), threading.active_count()
    clf.set_params(callbacks=[FailInPart(raise_error, batch)], early_stopping=early_stopping)
    with pytest.raises(RuntimeError, match="in a part"):
        clf.fit(X, Y)
    assert torch.get_num_threads() == 2
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.is_grad_enabled()
    assert current_generator() is None
    assert threading.active_count() == threads
    assert vars(clf.set_params(callbacks=None, early_stopping=False)) == learned
    assert same_weights(copy_weights(clf.module_), weights)
    np.testing.assert_array_equal(clf.predict_proba(X), proba)


@pytest.mark.one_at_a_time(n_jobs=[2, 1, 3], fail=INTERRUPTS, batch=[2, N_BATCHES + 1])
def test_interrupt_in_a_part_keeps_the_weights_before_the_batch(
    batch, fail, n_jobs, set_threads, sigint
):
    set_threads(2)
    stop = FailInPart(fail, batch)
    clf = make_classifier(n_jobs=n_jobs, callbacks=[stop])
    with pytest.warns(FitInterruptedWarning, match="RNNTextClassifier was interrupted in epoch"):
        clf.fit(X, Y)
    assert torch.get_num_threads() == 2
    assert same_weights(copy_weights(clf.module_), stop.weights_)
    assert clf.n_iter_ == len(clf.loss_curve_) == (batch - 1) // N_BATCHES
    assert clf.predict_proba(X).shape == (len(X), 3)


@pytest.mark.one_at_a_time(n_jobs=[2, 1, 3], fail=INTERRUPTS)
def test_interrupt_in_the_first_part_of_all_leaves_the_earlier_fit(fail, n_jobs, sigint):
    clf = make_classifier(n_jobs=n_jobs).fit(X[:20], Y[:20] > 0)
    learned, proba = dict(vars(clf)), clf.predict_proba(X)
    with pytest.raises(KeyboardInterrupt):
        clf.set_params(callbacks=[FailInPart(fail, 1)]).fit(X, Y)
    assert vars(clf.set_params(callbacks=None)) == learned
    np.testing.assert_array_equal(clf.predict_proba(X), proba)


@pytest.mark.parametrize("n_jobs", [1, 2, 3])
def test_fit_after_an_error_in_a_part(n_jobs):
    clf = make_classifier(n_jobs=n_jobs, callbacks=[FailInPart(raise_error, 2)])
    with pytest.raises(RuntimeError, match="in a part"):
        clf.fit(X, Y)
    clf.set_params(callbacks=None).fit(X, Y)
    assert_same_fit(clf, make_classifier(n_jobs=n_jobs).fit(X, Y))


def test_a_training_draws_on_where_building_the_network_has_ended():
    net = make_net(build_network(num_embeddings=N_IDS, n_outputs=3))
    with torch.random.fork_rng():
        torch.manual_seed(3)
        net.take_random_state()
        expected = torch.randint(10**6, (5,))
        torch.manual_seed(4)
    assert torch.equal(torch.randint(10**6, (5,), generator=net._random), expected)
    net.drop_random_state()
    assert "_random" not in vars(net)
