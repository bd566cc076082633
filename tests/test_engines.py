"""Searches, vocabularies and predictions on engines: the same to the bit as in one process."""

import os
import pickle

import joblib
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

import sklearn_rnn
from sklearn_rnn import RNNTextClassifier, SequenceVectorizer
from sklearn_rnn._training.settings import count_workers
from sklearn_rnn.datasets import load_tweet_sentiment
from sklearn_rnn.modules.kernels import has_kernels
from sklearn_rnn.utils._engine_task import count_sibling_tasks

X, Y = (values[::200] for values in load_tweet_sentiment(return_X_y=True, as_frame=False))
SMALL = {"embedding": None, "embedding_dim": 6, "hidden_size": 4, "max_epochs": 2}
GRID = {"clf__cell": ["lstm", "gru"], "vectorizer__min_df": [1, 2]}
N_TASKS = 3


def make_search(n_jobs=None, **params):
    clf = RNNTextClassifier(**SMALL, random_state=0, **params)
    pipeline = Pipeline([("vectorizer", SequenceVectorizer()), ("clf", clf)])
    return GridSearchCV(pipeline, GRID, cv=2, n_jobs=n_jobs)


def scores_of(search):
    return [search.cv_results_[f"split{fold}_test_score"] for fold in range(2)]


@pytest.fixture(scope="module")
def search():
    """A search in this process alone."""
    return make_search(1).fit(X, Y)


def assert_same_search(found, expected):
    np.testing.assert_array_equal(scores_of(found), scores_of(expected))
    assert found.best_params_ == expected.best_params_
    np.testing.assert_array_equal(found.predict_proba(X), expected.predict_proba(X))


@pytest.fixture(scope="module")
def cluster():
    """A client of a cluster of two processes, of which the first test that asks starts one."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", memory_limit=0
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def describe_task(n_jobs):
    """Return what a task sees: its process, its threads, and whether kernels are there."""
    clf = RNNTextClassifier(**SMALL, random_state=0).fit(X, Y)
    return os.getpid(), count_workers(n_jobs), has_kernels("auto"), clf.predict_proba(X)


def test_a_search_on_loky_equals_one_process(search):
    with joblib.parallel_config("loky"):
        found = make_search(2).fit(X, Y)
    assert_same_search(found, search)


def test_a_search_on_dask_equals_one_process(search, cluster):
    with joblib.parallel_config("dask"):
        found = make_search().fit(X, Y)
    assert_same_search(found, search)


def test_n_jobs_of_a_fit_does_not_count_the_cluster(search, cluster):
    with joblib.parallel_config("dask"):
        assert_same_search(
            make_search(n_jobs=None).set_params(estimator__clf__n_jobs=-1).fit(X, Y), search
        )


@pytest.mark.parametrize(("n_jobs", "expected"), [(None, 1), (-1, 1), (-2, 1), (3, 3)])
def test_a_task_of_dask_has_the_threads_of_its_worker(n_jobs, expected, cluster):
    with joblib.parallel_config("dask"):
        tasks = joblib.Parallel()(joblib.delayed(describe_task)(n_jobs) for _ in range(N_TASKS))
    processes, n_threads, _, probabilities = zip(*tasks, strict=True)
    assert os.getpid() not in processes
    assert set(n_threads) == {expected}
    for proba in probabilities:
        np.testing.assert_array_equal(proba, probabilities[0])


def test_kernels_are_loaded_in_the_workers(cluster):
    with joblib.parallel_config("dask"):
        (task,) = joblib.Parallel()([joblib.delayed(describe_task)(None)])
    assert task[2] == has_kernels("auto")


def test_tasks_in_threads_of_one_worker_share_its_threads(cluster, set_threads):
    distributed = pytest.importorskip("distributed")
    set_threads(4)
    assert count_sibling_tasks() is None
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, dashboard_address=":0"
        ) as threads,
        distributed.Client(threads, set_as_default=False) as client,
    ):
        assert client.submit(count_sibling_tasks).result() == 2
        assert client.submit(count_workers, None).result() == 2
    assert count_workers(None) == 4


def test_texts_are_split_by_the_task_itself(cluster):
    vectorizer = SequenceVectorizer(n_jobs=2)
    texts = X.tolist() * 200  # long enough to go to other processes
    found = cluster.submit(vectorizer.fit_transform, texts).result()
    assert (found != SequenceVectorizer().fit_transform(texts)).nnz == 0


def test_parts_counted_by_tasks_give_the_vocabulary_of_all(cluster):
    vectorizer = SequenceVectorizer(min_df=2, max_features=100)
    parts = cluster.map(vectorizer.count_tokens, [part.tolist() for part in np.array_split(X, 5)])
    merged = vectorizer.fit_counts(cluster.gather(parts))
    expected = SequenceVectorizer(min_df=2, max_features=100).fit(X)
    assert list(merged.vocabulary_.items()) == list(expected.vocabulary_.items())


def test_a_model_predicts_the_same_in_every_process(search, cluster):
    model = search.best_estimator_
    parts = cluster.map(model.predict_proba, [part.tolist() for part in np.array_split(X, 5)])
    np.testing.assert_array_equal(np.concatenate(cluster.gather(parts)), model.predict_proba(X))


def test_a_fitted_model_pickles_as_small_as_it_is_saved(tmp_path):
    """Neither the optimizer nor the training data travels to the processes that predict."""
    clf = RNNTextClassifier(random_state=0, max_epochs=1).fit(X, Y)
    sklearn_rnn.save(clf, tmp_path / "model")
    assert len(pickle.dumps(clf)) < 1.2 * (tmp_path / "model").stat().st_size


@pytest.mark.parametrize("verbose", [0, 1])
def test_no_table_is_printed_where_an_engine_replaces_print(verbose, monkeypatch, capsys):
    """Ray does so in its processes; skorch tells by the identity of `print` whether to print."""
    original = print
    monkeypatch.setattr("builtins.print", lambda *args, **kwargs: original(*args, **kwargs))
    clf = RNNTextClassifier(
        **{**SMALL, "max_epochs": 4},
        early_stopping=True,
        n_iter_no_change=1,
        tol=1.0,
        skorch_params={"verbose": verbose},
        random_state=0,
    ).fit(X, Y)
    assert clf.n_iter_ < 4  # stopped early, of which skorch tells too
    assert ("epoch" in capsys.readouterr().out) == bool(verbose)
    if not verbose:
        pickle.dumps(clf)  # of no function that Python finds elsewhere
