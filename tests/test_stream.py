"""partial_fit on chunks, and warm_start."""

import gc
import pickle
import sys
import tracemalloc
import warnings
from copy import deepcopy

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedKFold, learning_curve
from skorch.callbacks import Callback
from torch.nn.utils.rnn import pack_sequence
from weights import copy_weights, have_same_weights, same_weights

import sklearn_rnn._training.stream as incremental
from sklearn_rnn import RNNTextClassifier, SequenceVectorizer
from sklearn_rnn._text.ngrams import count_ngrams
from sklearn_rnn._text.vocabulary import UNKNOWN_ID
from sklearn_rnn._training import one_pass
from sklearn_rnn._training.growth import find_ngrams
from sklearn_rnn._training.one_pass import N_CHUNKS_KEPT
from sklearn_rnn._training.settings import resolve_wide_weight
from sklearn_rnn.datasets import load_tweet_sentiment
from sklearn_rnn.exceptions import FitInterruptedWarning
from sklearn_rnn.modules import build_network
from sklearn_rnn.modules._make_encoder import GRIDS
from sklearn_rnn.modules.cells import CELLS

TWEETS, SENTIMENTS = (
    values[::60] for values in load_tweet_sentiment(return_X_y=True, as_frame=False)
)
CLASSES = np.unique(SENTIMENTS)
CHUNKS = [(TWEETS[i : i + 60], SENTIMENTS[i : i + 60]) for i in range(0, 240, 60)]
IDS = SequenceVectorizer().fit_transform(TWEETS)
SMALL = {"embedding_dim": 6, "hidden_size": 4, "lr": 0.02, "random_state": 0, "embedding": None}


def make(**params):
    return RNNTextClassifier(**{**SMALL, **params})


def stream(clf, chunks=CHUNKS):
    """Return the classifier after all chunks."""
    for X, y in chunks:
        clf.partial_fit(X, y, classes=CLASSES)
    return clf


class Record(Callback):
    """Keep the weights at the start of each training, and the number of batches."""

    def initialize(self):
        self.starts_ = []
        return self

    def on_train_begin(self, net, **kwargs):
        self.starts_.append(copy_weights(net.module_))


class RaiseIn(Callback):
    """Raise an error in a hook, in the chunk after `arm` was called."""

    def __init__(self, hook, error):
        self.hook = hook
        self.error = error
        self.armed = False

    def _raise(self, hook):
        if self.armed and hook == self.hook:
            self.armed = False
            raise self.error

    def on_train_begin(self, net, **kwargs):
        self._raise("on_train_begin")

    def on_batch_end(self, net, training=None, **kwargs):
        self._raise("on_batch_end")

    def on_epoch_end(self, net, **kwargs):
        self._raise("on_epoch_end")

    def on_train_end(self, net, **kwargs):
        self._raise("on_train_end")


# The numbers


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "adamw", "rmsprop"])
def test_the_first_chunk_equals_an_epoch_of_fit(optimizer):
    fitted = make(optimizer=optimizer, max_epochs=1, batch_size=32, lr_schedule="constant")
    streamed = make(optimizer=optimizer).partial_fit(IDS, SENTIMENTS, classes=CLASSES)
    assert have_same_weights(fitted.fit(IDS, SENTIMENTS), streamed)
    assert streamed.loss_curve_ == fitted.loss_curve_
    assert (streamed.n_iter_, streamed.t_) == (fitted.n_iter_, fitted.t_) == (1, len(TWEETS))


@pytest.mark.parametrize(
    ("optimizer", "network"),
    [
        (torch.optim.Adam, {}),
        (torch.optim.SGD, {}),
        (torch.optim.Adagrad, {}),
        (torch.optim.Adam, {"cell": "grid_lstm", "num_layers": 2}),
        (torch.optim.Adam, {"cell": "tied_grid_lstm", "num_layers": 2}),
        (torch.optim.Adam, {"cell": torch.nn.GRUCell}),
    ],
)
def test_chunks_equal_steps_written_by_hand(optimizer, network):
    """One batch a chunk, over a vocabulary that grows, beside torch with all rows from the start.

    Rows that no document has read yet have gradients of 0, so they rest in the reference.
    """
    plain = {
        "wide_weight": 0,
        "dropout": 0,
        "word_dropout": 0,
        "label_smoothing": 0,
        "clip_grad_norm": None,
        "batch_size": 15,
        **network,
    }
    record = Record()
    params = {"weight_decay": 0, "callbacks": [record], **plain}
    chunks = [(X[:15], y[:15]) for X, y in CHUNKS]
    clf = stream(make(optimizer=optimizer, **params), chunks)
    n_rows = [len(start["embedding.table.weight"]) for start in record.starts_]
    assert n_rows == sorted(set(n_rows))  # each chunk brought new words

    module = build_network(
        num_embeddings=n_rows[-1],
        n_outputs=3,
        embedding_dim=6,
        hidden_size=4,
        dropout=0,
        word_dropout=0,
        **network,
    )
    table = torch.cat(
        [
            start["embedding.table.weight"][first:]
            for start, first in zip(record.starts_, [0, *n_rows], strict=False)
        ]
    )
    module.load_state_dict({**record.starts_[0], "embedding.table.weight": table})
    by_hand = optimizer(module.parameters(), lr=0.02, weight_decay=0)
    for texts, labels in chunks:
        X = clf.vectorizer_.transform(texts)
        documents = [torch.from_numpy(X[[i]].data) for i in range(len(texts))]
        outputs = module(pack_sequence(documents, enforce_sorted=False))
        targets = torch.from_numpy(np.searchsorted(CLASSES, labels))
        loss = torch.nn.functional.cross_entropy(outputs, targets)
        by_hand.zero_grad()
        loss.backward()
        by_hand.step()
    for name, weight in module.state_dict().items():
        torch.testing.assert_close(clf.module_.state_dict()[name], weight, rtol=1e-4, atol=1e-5)


def test_the_learning_rate_may_change_between_chunks():
    clf = stream(make(), CHUNKS[:1])
    rates = [group["lr"] for group in clf.net_.optimizer_.param_groups]
    clf.set_params(lr=0.01).partial_fit(*CHUNKS[1])
    halved = [group["lr"] for group in clf.net_.optimizer_.param_groups]
    np.testing.assert_allclose(halved, np.divide(rates, 2))


def test_sample_and_class_weights_count():
    X, y = CHUNKS[0]
    alone = make().partial_fit(X, y, classes=CLASSES)
    by_sample = make().partial_fit(X, y, CLASSES, sample_weight=np.where(y == CLASSES[0], 3, 1))
    by_class = make(class_weight={CLASSES[0]: 3}).partial_fit(X, y, classes=CLASSES)
    assert have_same_weights(by_sample, by_class)
    assert not have_same_weights(by_sample, alone)


# What is learned


def test_chunks_teach_about_as_much_as_fit():
    X_train, y_train, X_test, y_test = (
        values[:2400]
        for subset in ("train", "test")
        for values in load_tweet_sentiment(subset=subset, return_X_y=True, as_frame=False)
    )
    params = {"embedding_dim": 16, "hidden_size": 8, "lr": 4e-3, "random_state": 0}
    fitted = RNNTextClassifier(max_epochs=1, batch_size=32, **params).fit(X_train, y_train)
    clf = RNNTextClassifier(vectorizer=SequenceVectorizer(min_df=2), **params)
    for first in range(0, 2400, 300):
        chunk = slice(first, first + 300)
        clf.partial_fit(X_train[chunk], y_train[chunk], classes=CLASSES)
    most_frequent = np.unique(y_test, return_counts=True)[1].max() / len(y_test)
    score = clf.score(X_test, y_test)
    assert score > fitted.score(X_test, y_test) - 0.03
    assert score > most_frequent + 0.1


@pytest.mark.parametrize("longest", [2, 3])
def test_the_wide_path_knows_what_it_would_know_after_fit(longest):
    clf = stream(make(wide_ngrams=longest))
    X = clf.vectorizer_.transform(np.concatenate([X for X, _ in CHUNKS]))
    expected = count_ngrams(X, 2 + len(clf.vectorizer_.vocabulary_), longest=longest)
    found = find_ngrams(clf.module_)
    assert found.has_triples == (longest == 3)
    for name in ("word_idf", "pairs", "pair_idf"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_the_wide_path_goes_on_from_the_frequencies_of_fit():
    """All documents count, though fit kept but their inverse frequencies."""
    clf = make(max_epochs=1, vectorizer=SequenceVectorizer(min_df=1)).fit(*CHUNKS[0])
    stream(clf, CHUNKS[1:])
    X = clf.vectorizer_.transform(np.concatenate([X for X, _ in CHUNKS]))
    expected = count_ngrams(X, 2 + len(clf.vectorizer_.vocabulary_))
    np.testing.assert_array_equal(find_ngrams(clf.module_).word_idf, expected.word_idf)


def test_the_wide_path_counts_small_chunks_together(monkeypatch):
    monkeypatch.setattr(incremental, "_SHARE_TO_COUNT", 1.0)
    clf = stream(make(), CHUNKS[:2])
    n_pairs = len(find_ngrams(clf.module_).pairs)
    clf.partial_fit(*CHUNKS[2])
    assert len(find_ngrams(clf.module_).pairs) == n_pairs
    clf.partial_fit(*CHUNKS[3])
    assert len(find_ngrams(clf.module_).pairs) > n_pairs
    assert have_same_n_documents(clf, 240)


def test_small_chunks_wait_in_few_parts():
    kept = incremental.Stream(0, 0, 0.1, counts=incremental.NGramCounts(n_documents=10**9))
    chunks = [IDS[[i % len(TWEETS)]] for i in range(500)]
    for chunk in chunks:
        kept = kept.add(chunk, IDS.data.max() + 1)
    assert len(kept.waiting) < 15
    assert kept.n_documents == 10**9 + 500
    tokens = np.concatenate([part.data for part in kept.waiting])
    np.testing.assert_array_equal(tokens, np.concatenate([chunk.data for chunk in chunks]))


def have_same_n_documents(clf, n_documents):
    return clf.net_.stream_.n_documents == n_documents


def test_the_share_of_the_wide_path_falls_with_the_documents():
    clf = make()
    shares = []
    for X, y in [CHUNKS[0], (np.tile(TWEETS, 3), np.tile(SENTIMENTS, 3))]:
        shares.append(clf.partial_fit(X, y, classes=CLASSES).module_.wide_weight)
    expected = [resolve_wide_weight(make(), n) for n in (60, 60 + 3 * len(TWEETS))]
    assert shares == expected
    assert shares[1] < shares[0]


def test_new_words_get_vectors_like_the_first_ones():
    clf = make(embedding_dim=50, lr=1e-6).partial_fit(*CHUNKS[0], classes=CLASSES)
    before = clf.module_.deep.embedding.table.weight.detach().clone()
    clf.partial_fit(*CHUNKS[1])
    after = clf.module_.deep.embedding.table.weight.detach()
    assert len(after) == 2 + len(clf.vectorizer_.vocabulary_) > len(before)
    torch.testing.assert_close(after[: len(before)], before, atol=1e-4, rtol=0)
    assert after[len(before) :].std().item() == pytest.approx(50**-0.5, rel=0.05)


def test_token_ids_that_are_new_get_vectors():
    clf = make().partial_fit([[2, 3], [4, 2]], [0, 1], classes=[0, 1])
    clf.partial_fit([[9, 3], [4, 2]], [0, 1])
    assert clf.module_.deep.embedding.table.num_embeddings == 10
    assert clf.predict([[9, 2000]]).shape == (1,)


@pytest.mark.parametrize("cell", [*CELLS, *GRIDS, torch.nn.LSTMCell])
def test_words_get_vectors_whatever_reads_them(cell):
    clf = stream(make(cell=cell, num_layers=2, word_dropout=0), CHUNKS[:2])
    embedding = clf.module_.deep.embedding
    assert embedding.table.num_embeddings == 2 + len(clf.vectorizer_.vocabulary_)
    assert np.isfinite(clf.predict_proba(TWEETS)).all()
    table = embedding.table.weight.detach().clone()
    read = set(clf.vectorizer_.transform(CHUNKS[2][0]).data.tolist()) - {UNKNOWN_ID}
    clf.partial_fit(*CHUNKS[2])
    moved = (embedding.table.weight[: len(table)] != table).any(dim=1).nonzero()[:, 0].tolist()
    assert set(moved) >= read


@pytest.mark.parametrize(
    "params",
    [
        {"cell": "grid_lstm", "num_layers": 2, "recurrent_dropout": 0.3},
        {"cell": "lstm", "zoneout": 0.2},
        {"cell": "lstm", "variational_dropout": True, "recurrent_dropout": 0.3},
        {"wide_weight": 0, "pooling": "multihead_attention", "num_heads": 2, "optimizer": "adam"},
    ],
)
def test_any_network_is_resumed_to_the_bit(params):
    half = pickle.loads(pickle.dumps(stream(make(**params), CHUNKS[:2])))
    assert have_same_weights(stream(half, CHUNKS[2:]), stream(make(**params)))


# Going on


def test_n_iter_loss_curve_and_t():
    clf = stream(make())
    assert (clf.n_iter_, clf.t_, len(clf.loss_curve_)) == (1, 240, 4)
    assert clf.validation_scores_ is None
    assert len(clf.history_) == 4
    assert not any(row["batches"] for row in clf.history_)


def test_a_stream_without_end_keeps_the_history_of_the_last_chunks():
    clf = make(embedding_dim=2, hidden_size=2)
    for _ in range(N_CHUNKS_KEPT + 3):
        clf.partial_fit(["good not bad", "bad not good"], [0, 1], classes=[0, 1])
    epochs = [row["epoch"] for row in clf.history_]
    assert epochs == list(range(4, N_CHUNKS_KEPT + 4))
    assert len(clf.loss_curve_) == N_CHUNKS_KEPT + 3
    assert clf.loss_curve_[3:] == clf.history_[:, "train_loss"]


@pytest.mark.skipif(not hasattr(sys, "_clear_type_cache"), reason="another interpreter")
def test_a_stream_without_end_keeps_little_of_each_chunk(monkeypatch):
    """Only the loss, one number in a list."""
    monkeypatch.setattr(one_pass, "N_CHUNKS_KEPT", 3)
    clf = make(embedding_dim=2, hidden_size=2)

    def learn(n_chunks):
        for _ in range(n_chunks):
            clf.partial_fit(["good not bad", "bad not good"], [0, 1], classes=[0, 1])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            # The names of up to 4,096 attributes that C asked for, whatever runs.
            sys._clear_type_cache()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    learn(5)
    tracemalloc.start()
    try:
        before = learn(5)  # all rows of the history are traced
        assert learn(50) - before < 50 * 300
    finally:
        tracemalloc.stop()


def test_it_goes_on_from_fit():
    record = Record()
    clf = make(callbacks=[record], max_epochs=2).fit(*CHUNKS[0])
    weights, loss = copy_weights(clf.module_), clf.loss_curve_
    X, y = CHUNKS[0]
    clf.partial_fit(X, y)  # with nothing new, so that the shapes are the same
    assert same_weights(
        {k: v for k, v in record.starts_[-1].items() if "idf" not in k and "wide" not in k},
        {k: v for k, v in weights.items() if "idf" not in k and "wide" not in k},
    )
    assert clf.loss_curve_[:2] == loss
    assert (clf.n_iter_, clf.t_) == (1, 180)


def test_fit_forgets():
    clf = stream(make(max_epochs=1)).fit(*CHUNKS[2])
    fresh = make(max_epochs=1).fit(*CHUNKS[2])
    assert have_same_weights(clf, fresh)
    assert clf.vectorizer_.vocabulary_ == fresh.vectorizer_.vocabulary_
    assert clf.loss_curve_ == fresh.loss_curve_
    assert have_same_weights(stream(clf, CHUNKS[3:]), stream(fresh, CHUNKS[3:]))


@pytest.mark.parametrize("optimizer", ["adamw", "adam"])
def test_pickling_between_chunks_makes_no_difference(optimizer):
    whole = stream(make(optimizer=optimizer))
    copied = make(optimizer=optimizer)
    for X, y in CHUNKS:
        copied = pickle.loads(pickle.dumps(copied)).partial_fit(X, y, classes=CLASSES)
    assert have_same_weights(whole, copied)
    assert whole.loss_curve_ == copied.loss_curve_
    assert have_same_weights(stream(deepcopy(whole)), stream(copied))


@pytest.mark.parametrize("n_jobs", [2, 3])
def test_threads_make_no_difference(n_jobs):
    long_chunks = [([" ".join(X[i : i + 12]) for i in range(48)], y[:48]) for X, y in CHUNKS]
    first, second = (stream(make(n_jobs=n), long_chunks) for n in (1, n_jobs))
    assert have_same_weights(first, second)


def test_the_global_random_state_makes_no_difference():
    first = stream(make())
    torch.manual_seed(1)
    np.random.rand()  # noqa: NPY002
    assert have_same_weights(first, stream(make()))


def test_learning_curve_learns_in_chunks():
    _, train_scores, _ = learning_curve(
        make(),
        TWEETS,
        SENTIMENTS,
        train_sizes=[60, 120],
        cv=StratifiedKFold(2),
        exploit_incremental_learning=True,
    )
    assert train_scores.shape == (2, 2)
    assert np.isfinite(train_scores).all()


# Vectorizers


class FirstChunkOnly(BaseEstimator):
    """A vectorizer without partial_fit."""

    def fit_transform(self, X, y=None):
        self.inner_ = SequenceVectorizer().fit(X)
        return self.transform(X)

    def transform(self, X):
        return self.inner_.transform(X)


class Learning(SequenceVectorizer):
    """A vectorizer of the user's own, with partial_fit."""


def test_a_vectorizer_without_partial_fit_learns_from_the_first_chunk():
    clf = stream(make(vectorizer=FirstChunkOnly()))
    expected = SequenceVectorizer().fit(CHUNKS[0][0]).vocabulary_
    assert clf.vectorizer_.inner_.vocabulary_ == expected
    assert clf.module_.deep.embedding.table.num_embeddings == 2 + len(expected)


def test_a_vectorizer_of_ones_own_learns_by_partial_fit():
    assert have_same_weights(stream(make(vectorizer=Learning())), stream(make()))


def test_min_df_reads_rare_words_as_unknown():
    clf = stream(make(vectorizer=SequenceVectorizer(min_df=3)))
    counted = SequenceVectorizer(min_df=3)
    counted.fit(np.concatenate([X for X, _ in CHUNKS]))
    assert set(clf.vectorizer_.vocabulary_) == set(counted.vocabulary_)


def test_the_vectorizer_given_is_left_alone():
    vectorizer = SequenceVectorizer()
    stream(make(vectorizer=vectorizer))
    assert not hasattr(vectorizer, "vocabulary_")


# What is refused

X0, Y0 = CHUNKS[0]


def opened(**params):
    return make(**params).partial_fit(X0, Y0, classes=CLASSES)


@pytest.mark.parametrize(
    ("action", "match"),
    [
        (lambda: make().partial_fit(X0, Y0), "classes must be passed on the first call"),
        (lambda: make().partial_fit(X0, Y0, ["one"]), "at least 2 classes"),
        (lambda: make().partial_fit(X0, Y0, 3), "classes must be a list or array .* Got 3"),
        (lambda: make().partial_fit(X0, Y0, ["a", "b"]), "not among the classes: .*neutral"),
        (lambda: opened().partial_fit(X0, Y0, [*CLASSES, "z"]), "not the same as on last call"),
        (lambda: opened().partial_fit(["x"], ["z"]), r"not among the classes: \['z'\]"),
        (lambda: opened().partial_fit(["x"], [1]), r"not among the classes: \[1\]"),
        (lambda: opened().partial_fit(["x"], None), "requires y to be passed"),
        (lambda: opened().partial_fit(["x", "y"], Y0[:1]), "inconsistent numbers of samples"),
        (lambda: opened().partial_fit([], []), r"0 sample\(s\)"),
        (lambda: opened().partial_fit([None], Y0[:1]), "1 missing"),
        (lambda: opened().partial_fit(X0, Y0, sample_weight=[-1] * 60), "Negative values"),
        (lambda: opened().partial_fit(X0, Y0, sample_weight=[0] * 60), "one non-zero"),
        (lambda: make(early_stopping=True).partial_fit(X0, Y0, CLASSES), "early_stopping=True"),
        (lambda: make(class_weight="balanced").partial_fit(X0, Y0, CLASSES), "'balanced' is not"),
        (lambda: make(lr=-1).partial_fit(X0, Y0, CLASSES), "'lr' parameter"),
        (
            lambda: make().partial_fit(IDS, SENTIMENTS, CLASSES).partial_fit(X0, Y0),
            "fitted on token ids and has no vectorizer",
        ),
        (
            lambda: make().partial_fit(IDS, SENTIMENTS, CLASSES).partial_fit([[10**9]], Y0[:1]),
            "few of them occur",
        ),
        (
            lambda: make(max_epochs=1).fit(X0, Y0).set_params(hidden_size=5).partial_fit(X0, Y0),
            "make a network of another shape",
        ),
        (
            lambda: opened(vectorizer=SequenceVectorizer(min_df=-1)),
            "'min_df' parameter of SequenceVectorizer",
        ),
    ],
)
def test_what_is_wrong_is_refused(action, match):
    with pytest.raises(ValueError, match=match):
        action()


def test_a_chunk_may_lack_classes_and_words():
    clf = opened()
    clf.partial_fit([""], Y0[:1])
    clf.partial_fit(X0[:2], [CLASSES[0]] * 2)
    assert list(clf.classes_) == list(CLASSES)
    assert np.isfinite(clf.predict_proba(TWEETS)).all()


# What fails half way

FAILURES = [
    ("on_train_begin", RuntimeError("now")),
    ("on_batch_end", KeyboardInterrupt()),
    ("on_batch_end", RuntimeError("now")),
    ("on_epoch_end", KeyboardInterrupt()),
    ("on_train_end", RuntimeError("now")),
]


@pytest.mark.parametrize(("hook", "error"), FAILURES)
@pytest.mark.parametrize("optimizer", ["adamw", "adam"])
def test_a_chunk_that_failed_leaves_no_trace(hook, error, optimizer):
    failing = RaiseIn(hook, error)
    params = {"optimizer": optimizer, "batch_size": 16, "dropout": 0.5}
    untroubled = stream(make(**params), CHUNKS[:2])
    clf = stream(make(callbacks=[failing], **params), CHUNKS[:2])
    attributes = {name: value for name, value in vars(clf).items() if name != "net_"}
    failing.armed = True
    with pytest.raises(type(error)):
        clf.partial_fit(*CHUNKS[2])
    assert all(getattr(clf, name) is value for name, value in attributes.items())
    assert have_same_weights(clf, untroubled)
    assert clf.module_.deep.embedding.table.num_embeddings == 2 + len(clf.vectorizer_.vocabulary_)
    np.testing.assert_array_equal(clf.predict_proba(TWEETS), untroubled.predict_proba(TWEETS))
    # Nor is there one in the optimizer, the order or the dropout of what comes after.
    assert have_same_weights(stream(clf, CHUNKS[2:]), stream(untroubled, CHUNKS[2:]))


@pytest.mark.parametrize(("hook", "error"), FAILURES)
def test_a_first_chunk_that_failed_leaves_no_trace(hook, error):
    failing = RaiseIn(hook, error)
    failing.armed = True
    clf = make(callbacks=[failing])
    before = set(vars(clf))
    with pytest.raises(type(error)):
        clf.partial_fit(X0, Y0, classes=CLASSES)
    assert set(vars(clf)) == before
    assert have_same_weights(stream(clf), stream(make()))


def test_a_chunk_that_failed_after_fit_leaves_the_fit():
    failing = RaiseIn("on_batch_end", KeyboardInterrupt())
    clf = make(callbacks=[failing], max_epochs=1).fit(X0, Y0)
    before = copy_weights(clf.module_)
    failing.armed = True
    with pytest.raises(KeyboardInterrupt):
        clf.partial_fit(*CHUNKS[1])
    assert same_weights(copy_weights(clf.module_), before)


def test_a_loss_that_is_not_finite_leaves_the_model_before():
    clf = stream(make(optimizer="sgd", clip_grad_norm=None, wide_weight=0), CHUNKS[:2])
    before = clf.predict_proba(TWEETS)
    with pytest.warns(ConvergenceWarning, match=r"not learned.*non-finite loss") as caught:
        clf.set_params(lr=1e30).partial_fit(*CHUNKS[2])
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(clf.predict_proba(TWEETS), before)


# warm_start


def test_warm_start_goes_on_from_the_weights():
    record = Record()
    clf = make(warm_start=True, max_epochs=2, callbacks=[record]).fit(X0, Y0)
    assert have_same_weights(clf, make(max_epochs=2).fit(X0, Y0))
    weights, vocabulary = copy_weights(clf.module_), clf.vectorizer_.vocabulary_
    clf.fit(X0, Y0)
    assert same_weights(record.starts_[-1], weights)
    assert clf.vectorizer_.vocabulary_ is vocabulary
    assert (clf.n_iter_, clf.t_, len(clf.loss_curve_)) == (2, 240, 4)
    assert clf.loss_curve_[-1] < clf.loss_curve_[1]


def test_warm_start_reads_new_words_as_unknown():
    clf = make(warm_start=True, max_epochs=1).fit(X0, Y0)
    n_words = len(clf.vectorizer_.vocabulary_)
    clf.fit(*CHUNKS[1])
    assert len(clf.vectorizer_.vocabulary_) == n_words


def test_warm_start_takes_up_training_after_an_interrupt():
    failing = RaiseIn("on_epoch_end", KeyboardInterrupt())
    failing.armed = True
    clf = make(warm_start=True, max_epochs=3, callbacks=[failing, Record()])
    with pytest.warns(FitInterruptedWarning):
        clf.fit(X0, Y0)
    reached = copy_weights(clf.module_)
    clf.fit(X0, Y0)
    assert same_weights(clf.callbacks[1].starts_[-1], reached)
    assert clf.n_iter_ == 3


def test_warm_start_after_chunks_keeps_their_vocabulary():
    clf = stream(make(warm_start=True, max_epochs=1))
    vocabulary = clf.vectorizer_.vocabulary_
    assert clf.fit(X0, Y0).vectorizer_.vocabulary_ is vocabulary
    assert len(clf.loss_curve_) == 5


def test_warm_start_applies_changes_that_leave_the_shape():
    clf = make(warm_start=True, max_epochs=1, early_stopping=True).fit(X0, Y0)
    clf.set_params(dropout=0.1, lr=1e-3, early_stopping=False, batch_size=8).fit(X0, Y0)
    assert clf.module_.deep.dropout.p == 0.1
    assert clf.net_.batch_size == 8


@pytest.mark.parametrize(
    ("action", "match"),
    [
        (lambda clf: clf.fit(X0, np.where(Y0 == CLASSES[0], "z", Y0)), r"not among .*: \['z'\]"),
        (lambda clf: clf.fit(X0, np.eye(3, dtype=int)[np.arange(60) % 3]), "must hold one label"),
        (lambda clf: clf.fit([[10_000]] * 60, Y0), "vocabulary of the previous fit: .*10000"),
        (lambda clf: clf.set_params(embedding_dim=7).fit(X0, Y0), "a network of another shape"),
        (lambda clf: clf.set_params(wide_weight=0).fit(X0, Y0), "a network of another shape"),
    ],
)
def test_warm_start_refuses_what_does_not_fit(action, match):
    clf = make(warm_start=True, max_epochs=1).fit(X0, Y0)
    weights = copy_weights(clf.module_)
    with pytest.raises(ValueError, match=match):
        action(clf)
    assert same_weights(copy_weights(clf.module_), weights)


def test_without_warm_start_fit_begins_anew():
    clf = make(max_epochs=1).fit(X0, Y0)
    weights = copy_weights(clf.module_)
    assert same_weights(copy_weights(clf.fit(X0, Y0).module_), weights)
    assert have_same_weights(clone(clf).fit(X0, Y0), clf)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
@pytest.mark.parametrize("long_vocabulary", [False, True])
def test_a_chunk_that_breaks_the_weights_leaves_the_stream_alive(optimizer, long_vocabulary):
    """Also where the words of the chunk are fewer than those known: only these are looked at."""
    clf = make(optimizer=optimizer, lr=1e-3).partial_fit(*CHUNKS[0], classes=CLASSES)
    before = copy_weights(clf.module_)
    X, y = CHUNKS[1] if not long_vocabulary else (TWEETS[:2], SENTIMENTS[:2])
    with pytest.warns(ConvergenceWarning, match=r"non-finite loss|weights that are infinite"):
        clf.set_params(lr=1e30).partial_fit(X, y)
    assert same_weights(copy_weights(clf.module_), before)
    clf.set_params(lr=1e-3).partial_fit(*CHUNKS[1])
    assert np.isfinite(clf.predict_proba(TWEETS)).all()


def test_a_word_whose_vector_is_broken_is_found_in_a_short_chunk():
    clf = make(wide_weight=0).partial_fit(*CHUNKS[0], classes=CLASSES)

    class BreakVector(Callback):
        def on_batch_end(self, net, batch, training, **kwargs):
            table = net.module_.embedding.table.weight
            with torch.no_grad():
                table[int(batch[0].parts[0].data[0])] = torch.inf

    clf.net_.callbacks_.insert(0, ("break", BreakVector().initialize()))
    with pytest.warns(ConvergenceWarning, match="weights that are infinite"):
        clf.partial_fit(TWEETS[:1], SENTIMENTS[:1])
