"""What tasks of Ray and Spark see and return, where these are installed; dask: `test_engines`."""

import operator
import sys
from types import SimpleNamespace

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV

from sklearn_rnn import RNNTextClassifier, SequenceVectorizer
from sklearn_rnn._text.many_processes import count_processes
from sklearn_rnn._training.settings import count_workers
from sklearn_rnn.datasets import load_tweet_sentiment
from sklearn_rnn.modules.kernels import has_kernels
from sklearn_rnn.utils._engine_task import count_sibling_tasks

X, Y = (values[::200] for values in load_tweet_sentiment(return_X_y=True, as_frame=False))
SMALL = {"embedding": None, "embedding_dim": 6, "hidden_size": 4, "max_epochs": 2}
# Of what Ray and Spark use of each other package.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
N_JOBS = [(None, 1), (-1, 1), (-2, 1), (3, 3)]


def fake_ray(mode, is_initialized=True):
    context = SimpleNamespace(worker=SimpleNamespace(mode=mode))
    return SimpleNamespace(
        WORKER_MODE=1, is_initialized=lambda: is_initialized, get_runtime_context=lambda: context
    )


def fake_spark(task):
    return SimpleNamespace(TaskContext=SimpleNamespace(get=lambda: task))


@pytest.mark.parametrize(
    ("name", "module", "expected"),
    [
        ("ray", fake_ray(1), 1),
        ("ray", fake_ray(0), None),  # what starts tasks
        ("ray", fake_ray(1, is_initialized=False), None),
        ("ray", SimpleNamespace(), None),  # something else of this name
        ("pyspark", fake_spark("a task"), 1),
        ("pyspark", fake_spark(None), None),
        ("pyspark", SimpleNamespace(), None),
    ],
)
def test_a_task_is_told_from_what_starts_it(name, module, expected, monkeypatch, set_threads):
    set_threads(3)
    monkeypatch.setitem(sys.modules, name, module)
    assert count_sibling_tasks() == expected
    share = joblib.cpu_count() if expected is None else 3
    assert count_workers(-1) == share
    assert count_processes(2) == (2 if expected is None else 1)


@pytest.fixture(scope="module")
def model():
    return RNNTextClassifier(**SMALL, random_state=0).fit(X, Y)


@pytest.fixture(scope="module")
def environment():
    """Leave the threads of a worker to its engine, and its priority as it is here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("OMP_NUM_THREADS", raising=False)
        patch.setenv("RAY_worker_niceness", "0")
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        yield


@pytest.fixture(scope="module")
def ray(environment):
    ray = pytest.importorskip("ray")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield ray
    ray.shutdown()


@pytest.fixture(scope="module")
def spark(environment):
    sql = pytest.importorskip("pyspark.sql")
    builder = sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    with builder.getOrCreate() as session:
        yield session


@pytest.mark.slow
@pytest.mark.parametrize(("n_jobs", "expected"), N_JOBS)
def test_a_task_of_ray_has_the_threads_of_its_worker(n_jobs, expected, ray):
    assert ray.get(ray.remote(count_workers).remote(n_jobs)) == expected


@pytest.mark.slow
def test_a_task_of_ray_has_a_thread_for_each_of_its_cpus(ray):
    # Of another environment, so that it has a worker of its own: torch counts once in a process.
    options = {"num_cpus": 2, "runtime_env": {"env_vars": {"TASK": "2"}}}
    assert ray.get(ray.remote(**options)(count_workers).remote(None)) == 2


@pytest.mark.slow
def test_kernels_are_loaded_in_workers_of_ray(ray):
    assert ray.get(ray.remote(has_kernels).remote("auto")) == has_kernels("auto")


@pytest.mark.slow
def test_a_search_on_ray_equals_one_process(ray):
    from ray.util.joblib import register_ray

    register_ray()
    with joblib.parallel_config("ray", n_jobs=-1):
        assert_same_search(search())


@pytest.mark.slow
def test_a_model_predicts_the_same_in_ray_data(model, ray):
    ray.data.DataContext.get_current().execution_options.preserve_order = True

    def predict(batch):
        return {"proba": model.predict_proba(batch["text"])}

    table = ray.data.from_pandas(pd.DataFrame({"text": X}))
    batches = table.map_batches(predict, batch_size=20).iter_batches(batch_size=None)
    proba = np.concatenate([batch["proba"] for batch in batches])
    np.testing.assert_array_equal(proba, model.predict_proba(X))


@pytest.mark.slow
@pytest.mark.parametrize(("n_jobs", "expected"), N_JOBS)
def test_a_task_of_spark_has_the_threads_of_its_worker(n_jobs, expected, spark):
    assert spark.sparkContext.parallelize([n_jobs], 1).map(count_workers).collect() == [expected]


@pytest.mark.slow
def test_kernels_are_loaded_in_workers_of_spark(spark):
    tasks = spark.sparkContext.parallelize(["auto"] * 2, 2)
    assert tasks.map(has_kernels).collect() == [has_kernels("auto")] * 2


@pytest.mark.slow
def test_a_search_on_spark_equals_one_process(spark):
    pytest.importorskip("joblibspark").register_spark()
    with joblib.parallel_config("spark", n_jobs=2):
        assert_same_search(search())


@pytest.mark.slow
def test_a_model_predicts_the_same_in_spark(model, spark):
    sent = spark.sparkContext.broadcast(model)

    def predict(batches):
        for batch in batches:
            proba = sent.value.predict_proba(batch["text"])
            yield batch.assign(proba=list(proba.astype(float)))

    frame = spark.createDataFrame(pd.DataFrame({"text": X})).repartition(2)
    found = frame.mapInPandas(predict, "text string, proba array<double>").toPandas()
    expected = model.predict_proba(found["text"]).astype(float)
    np.testing.assert_array_equal(np.stack(found["proba"]), expected)


@pytest.mark.slow
def test_parts_counted_by_spark_give_the_vocabulary_of_all(spark):
    vectorizer = SequenceVectorizer(min_df=2)
    parts = spark.sparkContext.parallelize(X.tolist(), 4).glom()
    vectorizer.fit_counts(parts.map(vectorizer.count_tokens).reduce(operator.add))
    expected = SequenceVectorizer(min_df=2).fit(X)
    assert list(vectorizer.vocabulary_.items()) == list(expected.vocabulary_.items())


def search():
    clf = RNNTextClassifier(**SMALL, vectorizer=SequenceVectorizer(), random_state=0)
    return GridSearchCV(clf, {"cell": ["lstm", "gru"], "vectorizer__min_df": [1, 2]}, cv=2)


def assert_same_search(here):
    """Fit a search on the active backend, and one in this process."""
    found = here.fit(X, Y)
    with joblib.parallel_config("sequential"):
        expected = search().fit(X, Y)
    for fold in range(2):
        name = f"split{fold}_test_score"
        np.testing.assert_array_equal(found.cv_results_[name], expected.cv_results_[name])
    np.testing.assert_array_equal(found.predict_proba(X), expected.predict_proba(X))
