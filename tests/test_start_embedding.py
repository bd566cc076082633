"""Networks that start from word vectors: the numbers, and all that estimators are used for."""

import pickle
import warnings
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback
from weights import copy_weights, have_same_weights

import sklearn_rnn
from sklearn_rnn import (
    RNNLanguageModel,
    RNNTextClassifier,
    RNNTextEncoder,
    RNNTextRegressor,
    SequenceVectorizer,
    WordVectors,
    _word_vectors,
    datasets,
)
from sklearn_rnn._training.settings import resolve_frozen_epochs, resolve_wide_weight
from sklearn_rnn.datasets import load_tweet_sentiment
from sklearn_rnn.exceptions import ModelFileError
from sklearn_rnn.inspection import token_importance
from sklearn_rnn.utils.estimator_checks import parametrize_with_text_checks

TWEETS, SENTIMENTS = (
    values[::100] for values in load_tweet_sentiment(return_X_y=True, as_frame=False)
)
TEXTS = list(TWEETS)
VECTORIZER = SequenceVectorizer().fit(TEXTS)
IDS = VECTORIZER.transform(TEXTS)
N_FEATURES = 5
# Of the words in the tweets every second has a vector, and so do some that are in none.
KNOWN = [*list(VECTORIZER.vocabulary_)[::2], *(f"{i}xyzzy" for i in range(20))]
VECTORS = WordVectors(
    KNOWN, np.random.default_rng(0).normal(2, 3, size=(len(KNOWN), N_FEATURES)).astype(np.float32)
)
CHUNKS = [(TEXTS[i : i + 50], SENTIMENTS[i : i + 50]) for i in range(0, 150, 50)]
CLASSES = np.unique(SENTIMENTS)


def make(class_=RNNTextClassifier, **params):
    small = {"embedding": VECTORS, "hidden_size": 4, "max_epochs": 2, "random_state": 0}
    return class_(**{**small, **params})


class Record(Callback):
    """Keep the weights at the start of training and after each epoch."""

    def initialize(self):
        self.weights_ = []
        return self

    def on_train_begin(self, net, **kwargs):
        self.weights_.append(copy_weights(net.module_))

    def on_epoch_end(self, net, **kwargs):
        self.weights_.append(copy_weights(net.module_))


def tables_of(estimator, X=TEXTS, y=SENTIMENTS, method="fit", **kwargs):
    """Return the vectors that the network reads, before training and after each epoch."""
    is_ongoing = getattr(getattr(estimator, "net_", None), "stream_", None) is not None
    if is_ongoing and method == "partial_fit":  # whose callbacks are those of its first chunk
        record = dict(estimator.net_.callbacks_)["Record"].initialize()
    else:
        record = Record()
        estimator.set_params(callbacks=[record])
    getattr(estimator, method)(X, y, **kwargs)
    estimator.set_params(callbacks=None)
    (name,) = [name for name in record.weights_[0] if name.endswith("embedding.table.weight")]
    return [w[name].numpy() * np.sqrt(w[name].shape[1]) for w in record.weights_]


def as_read(words):
    """Return the vectors of words as the network is to read them."""
    table = VECTORS.vectors.astype(float)
    mean = table.mean(axis=0)
    return (VECTORS.lookup(words)[0] - mean) / np.std(table - mean)


def split_vocabulary(vocabulary):
    """Return the words that have a vector, their ids, and the ids of the others."""
    words = [word for word in vocabulary if has_vector(word)]
    others = [id_ for word, id_ in vocabulary.items() if not has_vector(word)]
    return words, [vocabulary[word] for word in words], others


def has_vector(word):
    return bool(VECTORS.lookup([word])[1][0])


# What the words start from


def test_words_start_from_their_vectors_and_all_others_from_random_ones():
    clf = make()
    table = tables_of(clf)[0]
    words, ids, others = split_vocabulary(clf.vectorizer_.vocabulary_)
    assert len(words) > 100 and len(others) > 100
    np.testing.assert_allclose(table[ids], as_read(words), rtol=0, atol=1e-5)
    without = tables_of(make(embedding=None, embedding_dim=N_FEATURES))[0]
    rest = [0, 1, *others]
    np.testing.assert_array_equal(table[rest], without[rest])
    assert np.std(table[others]) == pytest.approx(1, abs=0.1)
    assert np.std(table[ids]) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("class_", [RNNTextClassifier, RNNTextRegressor, RNNTextEncoder])
def test_every_estimator_starts_from_them(class_):
    y = np.arange(len(TEXTS)) % 7.0
    estimator = make(class_)
    table = tables_of(estimator, y=y)[0]
    words, ids, _ = split_vocabulary(estimator.vectorizer_.vocabulary_)
    np.testing.assert_allclose(table[ids], as_read(words), rtol=0, atol=1e-5)


@pytest.mark.parametrize("n_words", [1, 2, N_FEATURES])
@pytest.mark.filterwarnings("ignore:The 'embedding' parameter .* has vectors for only")
def test_few_vectors_are_scaled_but_not_centred(n_words):
    vectors = WordVectors(KNOWN[:n_words], VECTORS.vectors[:n_words])
    table = tables_of(make(embedding=vectors))[0]
    expected = vectors.vectors / np.sqrt(np.mean(vectors.vectors**2))
    ids = [VECTORIZER.vocabulary_[word] for word in vectors.words]
    np.testing.assert_allclose(table[ids], expected, rtol=1e-5)


def test_vectors_of_zeros_stay_zeros():
    table = tables_of(make(embedding=WordVectors(KNOWN, np.zeros((len(KNOWN), 3)))))[0]
    assert not table[[VECTORIZER.vocabulary_[word] for word in KNOWN[:10]]].any()


@pytest.mark.parametrize(
    ("embedding", "embedding_dim", "table", "read"),
    [(VECTORS, "auto", 5, 5), (VECTORS, 5, 5, 5), (VECTORS, 3, 5, 3), (None, "auto", 100, 100)],
    ids=str,
)
def test_the_width_is_that_of_the_vectors_unless_another_is_asked_for(
    embedding, embedding_dim, table, read
):
    part = make(embedding=embedding, embedding_dim=embedding_dim).fit(TEXTS, SENTIMENTS)
    part = part.module_.deep.embedding
    assert (part.table.embedding_dim, part.output_size) == (table, read)
    assert (part.projection is not None) == (table != read)


# Arrays


def test_row_i_of_an_array_is_the_vector_of_id_i():
    array = np.zeros((IDS.data.max() + 6, 3))  # more rows than there are ids in X
    array[1] = [5, 0, 1]
    array[10:] = np.random.default_rng(0).normal(size=(len(array) - 10, 3))
    clf = make(embedding=array)
    table = tables_of(clf, X=IDS)[0]
    known = array[[1, *range(10, len(array))]]
    expected = (known - known.mean(axis=0)) / np.std(known - known.mean(axis=0))
    np.testing.assert_allclose(table[[1, *range(10, len(array))]], expected, rtol=0, atol=1e-5)
    assert table[2:10].all() and not table[0].any()
    assert clf.embedding_source_ == "array"
    ids = np.array([[len(array) - 1], [1]])  # an id that X lacks is not read as unknown
    assert np.diff(clf.predict_proba(ids)[:, 0]) != 0


def test_an_array_for_a_fixed_vocabulary_equals_the_same_word_vectors():
    vectors = WordVectors(KNOWN[:50], VECTORS.vectors[:50])
    vectorizer = SequenceVectorizer(vocabulary=KNOWN[:50])
    array = np.concatenate([np.zeros((2, N_FEATURES)), vectors.vectors])
    models = [
        make(embedding=embedding, vectorizer=vectorizer).fit(TEXTS, SENTIMENTS)
        for embedding in (vectors, array)
    ]
    assert have_same_weights(*models)


# How much is covered


def test_coverage_is_the_share_of_tokens_and_of_words():
    clf = make().fit(TEXTS, SENTIMENTS)
    tokens = [token for text in TEXTS for token in clf.vectorizer_.build_analyzer()(text)]
    assert clf.embedding_coverage_ == {
        "tokens": pytest.approx(np.mean([has_vector(token) for token in tokens])),
        "words": pytest.approx(np.mean([has_vector(word) for word in set(tokens)])),
    }
    assert clf.embedding_source_ == "WordVectors"


def test_nothing_is_covered_without_vectors():
    clf = make(embedding=None).fit(TEXTS, SENTIMENTS)
    assert clf.embedding_source_ is clf.embedding_coverage_ is None


def test_a_warning_tells_that_hardly_any_token_is_covered():
    vectors = WordVectors(["Berlin", *KNOWN[100:103]], np.eye(4))
    with pytest.warns(UserWarning, match=r"vectors for only [0-9]% of the tokens in X"):
        make(embedding=vectors).fit(TEXTS, SENTIMENTS)


@pytest.mark.parametrize(("n_documents", "n_warnings"), [(1, 0), (100, 1)])
def test_a_small_first_chunk_is_no_reason_to_warn(n_documents, n_warnings):
    """Of few tokens, all may be rare by chance."""
    vectors = WordVectors(["Berlin"], np.eye(1))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        clf = make(embedding=vectors)
        clf.partial_fit(TEXTS[:n_documents], SENTIMENTS[:n_documents], CLASSES)
    assert len([each for each in caught if "has vectors for only" in str(each.message)]) == (
        n_warnings
    )


@pytest.mark.parametrize(
    ("container", "maker"), [(dict, "from_dict"), (pd.DataFrame, "from_frame")]
)
@pytest.mark.parametrize("class_", [RNNTextClassifier, RNNLanguageModel])
def test_a_refused_table_tells_how_to_pass_it(class_, container, maker):
    embedding = container({"good": [1, 2], "bad": [3, 4]})
    with pytest.raises(ValueError, match=rf"(?s)'embedding' parameter .* WordVectors\.{maker}"):
        make(class_, embedding=embedding).fit(TEXTS, SENTIMENTS)
    with pytest.raises(ValueError) as caught:  # what is wrong is another parameter
        make(class_, embedding=embedding, lr=-1).fit(TEXTS, SENTIMENTS)
    assert ("'embedding'" in str(caught.value)) == (maker in str(caught.value))


def test_documents_without_a_token_are_no_reason_to_warn():
    clf = make(embedding=np.ones((2, 3))).fit(np.zeros((4, 1), int), [0, 1, 0, 1])
    assert clf.embedding_coverage_ == {"tokens": 0.0, "words": 0.0}


# The table that ships


@pytest.fixture
def shipped(monkeypatch):
    """Put vectors of ours in the place of the table that ships."""
    monkeypatch.setattr(datasets, "load_word_vectors", lambda: VECTORS)


def test_the_table_that_ships_has_a_name(shipped):
    named, given = (make(embedding=e).fit(TEXTS, SENTIMENTS) for e in ("glove", VECTORS))
    assert have_same_weights(named, given)
    assert named.embedding_source_ == "glove"


@pytest.mark.parametrize(("share", "source"), [(0.5, None), (0.7, "glove")])
def test_auto_takes_the_table_if_it_has_most_words(monkeypatch, share, source):
    texts = ["alpha beta gamma delta epsilon zeta eta theta iota kappa , . !"] * 8
    known = texts[0].split()[: round(10 * share)]
    vectors = WordVectors([*known, *",.!abc"], np.eye(len(known) + 6))
    monkeypatch.setattr(datasets, "load_word_vectors", lambda: vectors)
    clf = make(embedding="auto").fit(texts, [0, 1] * 4)
    assert clf.embedding_source_ == source
    assert (clf.embedding_coverage_ is None) == (source is None)
    assert clf.module_.deep.embedding.output_size == (100 if source is None else len(known) + 6)


def test_auto_takes_no_vectors_of_words_for_letters(monkeypatch):
    letters = WordVectors(list("abcdefghijklmnopqrstuvwxyz ,.!"), np.eye(30))
    monkeypatch.setattr(datasets, "load_word_vectors", lambda: letters)
    vectorizer = SequenceVectorizer(analyzer="char")
    clf = make(embedding="auto", vectorizer=vectorizer).fit(TEXTS, SENTIMENTS)
    assert clf.embedding_source_ is None


def test_auto_takes_none_for_token_ids(shipped):
    clf = make(embedding="auto").fit(IDS, SENTIMENTS)
    assert clf.embedding_source_ is None


# What is learned beside them


def test_the_wide_path_counts_less_beside_a_network_that_knows_words():
    shares = [make(embedding=e).fit(TEXTS, SENTIMENTS).wide_weight_ for e in (VECTORS, None)]
    assert shares == pytest.approx([0.7, 0.9])
    assert make(wide_weight=0.3).fit(TEXTS, SENTIMENTS).wide_weight_ == 0.3
    clf = stream(make(warm_start=True))
    assert clf.wide_weight_ == pytest.approx(0.7)
    assert clf.set_params(embedding=None).fit(*CHUNKS[0]).wide_weight_ == pytest.approx(0.7)


def test_of_many_documents_the_wide_path_has_the_same_share_with_vectors_and_without():
    shares = [resolve_wide_weight(make(), 20_000, source=s) for s in (None, "glove")]
    assert shares == pytest.approx([0.6, 0.6])


@pytest.mark.parametrize(
    ("source", "mean_length", "share"),
    [
        ("glove", 20, 0.7),
        ("glove", 100, 0.7),
        ("glove", 200, 0.85),
        ("glove", 900, 0.9),
        ("RNNLanguageModel", 20, 0.5),
        ("RNNLanguageModel", 100, 0.7),
    ],
)
def test_in_long_documents_vectors_change_less(source, mean_length, share):
    params = {"source": source, "mean_length": mean_length}
    assert resolve_wide_weight(make(), 300, **params) == pytest.approx(share)


# Freezing


@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd"])
@pytest.mark.parametrize(
    ("freeze", "n_frozen"), [(True, 4), (False, 0), (2, 2), (9, 4), ("auto", 2)]
)
def test_frozen_vectors_stay_for_so_many_epochs(freeze, n_frozen, optimizer):
    clf = make(freeze_embedding=freeze, max_epochs=4, optimizer=optimizer, lr=0.05)
    tables = tables_of(clf)
    moved = [not np.array_equal(tables[i], tables[i + 1]) for i in range(4)]
    # The last steps of the schedule are small, but not zero.
    assert moved == [False] * n_frozen + [True] * (4 - n_frozen)


@pytest.mark.parametrize(("max_epochs", "n_frozen"), [(1, 0), (3, 1), (4, 2), (30, 2)])
def test_vectors_are_frozen_for_half_of_the_epochs_at_most(max_epochs, n_frozen):
    found = resolve_frozen_epochs(make(), "glove", max_epochs)
    assert found == n_frozen


def test_the_rest_learns_while_vectors_are_frozen():
    record = Record()
    make(freeze_embedding=True, embedding_dim=3, callbacks=[record]).fit(TEXTS, SENTIMENTS)
    first, last = record.weights_[0], record.weights_[-1]
    same = {name for name in first if torch.equal(first[name], last[name])}
    assert same == {"deep.embedding.table.weight", "wide.idf", "wide.pairs"}


def test_random_vectors_are_never_frozen():
    params = {"embedding": None, "embedding_dim": 5}
    frozen, free = (make(freeze_embedding=f, **params).fit(TEXTS, SENTIMENTS) for f in (1, False))
    assert have_same_weights(frozen, free)


# Training that continues


def stream(clf, chunks=CHUNKS):
    for X, y in chunks:
        clf.partial_fit(X, y, classes=CLASSES)
    return clf


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_new_words_of_a_stream_start_from_their_vectors(optimizer):
    clf = make(optimizer=optimizer)
    n_known = 2
    for X, y in CHUNKS:
        table = tables_of(clf, X, y, "partial_fit", classes=CLASSES)[0]
        new = {w: id_ for w, id_ in clf.vectorizer_.vocabulary_.items() if id_ >= n_known}
        words, ids, others = split_vocabulary(new)
        assert words and others
        np.testing.assert_allclose(table[ids], as_read(words), rtol=0, atol=1e-5)
        assert np.std(table[others]) == pytest.approx(1, abs=0.15)
        n_known = len(table)
    tokens = [token for text in CHUNKS[-1][0] for token in clf.vectorizer_.build_analyzer()(text)]
    share = np.mean([has_vector(token) for token in tokens])
    assert clf.embedding_coverage_["tokens"] == pytest.approx(share)


@pytest.mark.parametrize("is_saved", [False, True])
def test_new_words_after_fit_start_from_their_vectors(is_saved, tmp_path):
    clf = make().fit(*CHUNKS[0])
    if is_saved:
        sklearn_rnn.save(clf, tmp_path / "clf")
        clf = sklearn_rnn.load(tmp_path / "clf")
    n_known = 2 + len(clf.vectorizer_.vocabulary_)
    before = clf.module_.deep.embedding(torch.arange(n_known)).detach()
    table = tables_of(clf, *CHUNKS[1], "partial_fit")[0]
    np.testing.assert_allclose(table[:n_known], before, rtol=1e-5)
    new = {w: id_ for w, id_ in clf.vectorizer_.vocabulary_.items() if id_ >= n_known}
    words, ids, _ = split_vocabulary(new)
    np.testing.assert_allclose(table[ids], as_read(words), rtol=0, atol=1e-5)


def test_a_stream_of_ids_goes_beyond_an_array():
    array = np.random.default_rng(0).normal(size=(300, 3))
    early, late = IDS[IDS.max(axis=1).toarray().ravel() < 300], IDS
    clf = make(embedding=array)
    tables_of(clf, early, SENTIMENTS[: early.shape[0]], "partial_fit", classes=CLASSES)
    before = clf.module_.deep.embedding.table.weight.detach().clone()
    assert len(before) == 300
    table = tables_of(clf, late, SENTIMENTS, "partial_fit")[0]
    np.testing.assert_allclose(table[:300], before * np.sqrt(3), rtol=1e-5)
    assert np.std(table[300:]) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(("freeze", "n_frozen"), [(True, 3), (2, 2), (False, 0), ("auto", 0)])
def test_vectors_are_frozen_for_so_many_chunks(freeze, n_frozen):
    clf = make(freeze_embedding=freeze, lr=0.05)
    moved = []
    for X, y in CHUNKS:
        start, end = tables_of(clf, X, y, "partial_fit", classes=CLASSES)
        moved.append(not np.array_equal(start, end))
    assert moved == [False] * n_frozen + [True] * (3 - n_frozen)


def test_a_chunk_that_fails_leaves_all_as_it_was():
    class Fail(Callback):
        def on_train_end(self, net, **kwargs):
            raise RuntimeError("on purpose")

    clf, untouched = stream(make(), CHUNKS[:1]), stream(make(), CHUNKS[:1])
    clf.net_.callbacks_.append(("fail", Fail()))
    with pytest.raises(RuntimeError, match="on purpose"):
        clf.partial_fit(*CHUNKS[1])
    clf.net_.callbacks_.pop()
    assert clf.embedding_coverage_ == untouched.embedding_coverage_
    assert have_same_weights(clf.partial_fit(*CHUNKS[1]), untouched.partial_fit(*CHUNKS[1]))


def test_auto_is_decided_by_the_first_chunk(shipped):
    clf = make(embedding="auto")
    others = [" ".join(f"{word}x" for word in text.split()) for text in TEXTS[:50]]
    stream(clf, [(others, SENTIMENTS[:50]), CHUNKS[1]])
    assert clf.embedding_source_ is None


def test_vectors_set_after_fit_wait_for_the_next_fit():
    clf = make(embedding=None).fit(*CHUNKS[0])
    clf.set_params(embedding=VECTORS).partial_fit(*CHUNKS[1])
    assert clf.embedding_source_ is None
    assert clf.fit(*CHUNKS[0]).embedding_source_ == "WordVectors"


def test_vectors_of_another_width_are_refused_in_a_stream():
    clf = make().fit(*CHUNKS[0])
    clf.set_params(embedding=WordVectors(KNOWN, np.ones((len(KNOWN), 7))))
    with pytest.raises(ValueError, match=r"vectors of 5 features, .* Got an 'embedding' of 7"):
        clf.partial_fit(*CHUNKS[1])


@pytest.mark.parametrize("freeze", [True, False])
def test_warm_start_continues_from_the_weights(freeze):
    clf = make(warm_start=True, freeze_embedding=freeze, embedding_dim=3).fit(TEXTS, SENTIMENTS)
    last = tables_of(clf)[-1]
    coverage = clf.embedding_coverage_
    tables = tables_of(clf, TEXTS[:50], SENTIMENTS[:50])
    np.testing.assert_array_equal(tables[0], last)
    assert np.array_equal(tables[-1], last) == freeze
    assert clf.embedding_coverage_ == coverage
    # The width stays, whatever would now be chosen.
    assert clf.set_params(embedding=None).fit(TEXTS, SENTIMENTS).embedding_coverage_ == coverage


# Copies, files, searches


def dump_and_load(clf, folder):
    joblib.dump(clf, folder / "clf")
    return joblib.load(folder / "clf", mmap_mode="r")


def save_and_load(clf, folder):
    sklearn_rnn.save(clf, folder / "clf")
    return sklearn_rnn.load(folder / "clf")


@pytest.mark.parametrize(
    "embedding",
    [VECTORS, np.random.default_rng(0).normal(size=(IDS.data.max() + 1, 4))],
    ids=["WordVectors", "array"],
)
@pytest.mark.parametrize(
    "come_back",
    [lambda clf, _: pickle.loads(pickle.dumps(clf)), dump_and_load, save_and_load],
    ids=["pickle", "joblib", "save"],
)
def test_what_comes_back_predicts_and_learns_the_same(embedding, come_back, tmp_path):
    X = TEXTS if embedding is VECTORS else IDS
    clf = make(embedding=embedding, embedding_dim=3).fit(X, SENTIMENTS)
    again = come_back(clf, tmp_path)
    np.testing.assert_array_equal(again.predict_proba(X), clf.predict_proba(X))
    assert again.embedding_source_ == clf.embedding_source_
    assert again.embedding_coverage_ == clf.embedding_coverage_
    assert have_same_weights(clone(again).fit(X, SENTIMENTS), clf)


def test_a_path_is_saved_as_text(tmp_path):
    clf = make(embedding=Path("some", "vectors.txt"))
    assert save_and_load(clf, tmp_path).embedding == str(Path("some", "vectors.txt"))


def test_vectors_can_be_left_out_of_the_file(tmp_path):
    clf = make().fit(TEXTS, SENTIMENTS)
    sklearn_rnn.save(clf, tmp_path / "large")
    again = save_and_load(clf.set_params(embedding=None), tmp_path)
    assert (tmp_path / "large").stat().st_size - (tmp_path / "clf").stat().st_size > (
        VECTORS.vectors.nbytes
    )
    np.testing.assert_array_equal(again.predict_proba(TEXTS), clf.predict_proba(TEXTS))


@pytest.mark.parametrize("name", ["words", "vectors"])
def test_a_file_of_forged_vectors_is_refused(monkeypatch, tmp_path, name):
    to_data = _word_vectors.to_data
    monkeypatch.setattr(_word_vectors, "to_data", lambda v: {**to_data(v), name: np.zeros(2)})
    sklearn_rnn.save(make(embedding=WordVectors(["good", "bad"], np.eye(2))), tmp_path / "clf")
    with pytest.raises(ModelFileError, match=r"an array of .* expected"):
        sklearn_rnn.load(tmp_path / "clf")


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_search_chooses_vectors(n_jobs):
    grid = {"embedding": [None, VECTORS], "freeze_embedding": [False, 1]}
    search = GridSearchCV(make(max_epochs=1), grid, cv=2, n_jobs=n_jobs, error_score="raise")
    search.fit(TEXTS, SENTIMENTS)
    best = search.best_estimator_
    assert have_same_weights(clone(best).fit(TEXTS, SENTIMENTS), best)
    chosen = [params["embedding"] is not None for params in search.cv_results_["params"]]
    assert chosen == [False, False, True, True]


# Beside the rest of the package


@pytest.mark.parametrize("embedding_dim", ["auto", 3])
@pytest.mark.parametrize("freeze", [False, True])
def test_threads_and_kernels_change_nothing(embedding_dim, freeze):
    params = {"embedding_dim": embedding_dim, "freeze_embedding": freeze, "cell": "gru"}
    one, two, plain = (
        make(**params, **more).fit(TEXTS, SENTIMENTS)
        for more in ({"n_jobs": 1}, {"n_jobs": 2}, {"kernels": False})
    )
    assert have_same_weights(one, two)
    np.testing.assert_allclose(
        one.predict_proba(TEXTS), plain.predict_proba(TEXTS), rtol=0, atol=1e-4
    )


@pytest.mark.parametrize("embedding_dim", ["auto", 3])
def test_importance_adds_up(embedding_dim):
    clf = make(embedding_dim=embedding_dim, freeze_embedding=True, wide_weight=0)
    clf.fit(TEXTS, SENTIMENTS)
    importance = token_importance(clf, TEXTS[0], target=CLASSES[0])
    outputs = clf.decision_function([TEXTS[0], " ".join(["unheardof"] * len(importance))])
    weights = np.array([1, -0.5, -0.5])
    difference = (outputs @ weights)[0] - (outputs @ weights)[1]
    assert importance["integrated_gradients"].sum() == pytest.approx(difference, abs=1e-2)


@pytest.mark.parametrize("embedding_dim", ["auto", 3])
def test_onnx_gives_the_same_outputs(embedding_dim, tmp_path):
    pytest.importorskip("onnxruntime")
    import onnxruntime

    clf = make(embedding_dim=embedding_dim).fit(TEXTS, SENTIMENTS)
    model = sklearn_rnn.export_onnx(clf)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    (ids,) = session.get_inputs()
    X = IDS[:20].toarray()
    outputs = dict(
        zip([o.name for o in session.get_outputs()], session.run(None, {ids.name: X}), strict=True)
    )
    np.testing.assert_allclose(
        outputs["probabilities"], clf.predict_proba(TEXTS[:20]), rtol=0, atol=1e-5
    )


# Half of the words in the documents of the checks.
SOME = WordVectors(
    "oven flour butter knife recipe guitar melody drums violin concert".split(),
    np.random.default_rng(0).normal(size=(10, 4)),
)
CHECKED = make(embedding=SOME, max_epochs=4)
SHORT_REPR = "A table of vectors shows its size, not its numbers."


@pytest.mark.filterwarnings("ignore:The 'embedding' parameter .* has vectors for only")
@parametrize_with_text_checks(
    [CHECKED], expected_failed_checks=lambda _: {"check_repr_can_be_evaluated": SHORT_REPR}
)
def test_checks_of_text(estimator, check):
    check(estimator)
