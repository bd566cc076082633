"""RNNTextEncoder: vectors in front of other estimators of scikit-learn."""

import inspect
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from torch.nn.utils.rnn import pack_sequence
from weights import have_same_weights

from sklearn_rnn import RNNTextClassifier, RNNTextEncoder, RNNTextRegressor, SequenceVectorizer
from sklearn_rnn.datasets import load_tweet_sentiment

TWEETS, SENTIMENTS = (
    values[::150] for values in load_tweet_sentiment(return_X_y=True, as_frame=False)
)
LOG_LENGTHS = np.log([len(text) for text in TWEETS])
INDICATORS = np.array([["@" in text, "http" in text, "!" in text] for text in TWEETS], int)
# Attended states of 4 units in both directions, and the mean embedding.
N_FEATURES = 2 * 4 + 5


SMALL = {"embedding_dim": 5, "hidden_size": 4, "max_epochs": 2, "lr": 0.01, "random_state": 0}


def make_encoder(**params):
    return RNNTextEncoder(**{**SMALL, **params})


@pytest.fixture(scope="module")
def fitted():
    return make_encoder().fit(TWEETS, SENTIMENTS)


def test_vectors(fitted):
    vectors = fitted.transform(TWEETS)
    assert vectors.shape == (len(TWEETS), N_FEATURES)
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, make_encoder().fit_transform(TWEETS, SENTIMENTS))


def test_vectors_are_those_in_front_of_the_last_layer(fitted):
    ids = fitted.vectorizer_.transform(TWEETS[:4])
    packed = pack_sequence([torch.tensor(row.data) for row in ids], enforce_sorted=False)
    with torch.no_grad():
        expected = fitted.module_.encode(packed)
    np.testing.assert_allclose(fitted.transform(TWEETS[:4]), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("y", "params", "make"),
    [
        (SENTIMENTS, {}, RNNTextClassifier),
        (INDICATORS, {}, RNNTextClassifier),
        (SENTIMENTS, {"class_weight": "balanced", "label_smoothing": 0.2}, RNNTextClassifier),
        (LOG_LENGTHS, {}, RNNTextRegressor),
        (np.c_[LOG_LENGTHS, -LOG_LENGTHS], {}, RNNTextRegressor),
    ],
)
def test_the_network_is_that_of_a_predictor(y, params, make):
    encoder = make_encoder(**params).fit(TWEETS, y)
    predictor = make(wide_weight=0, **SMALL, **params).fit(TWEETS, y)
    assert have_same_weights(encoder, predictor)


def test_loss_decides_between_labels_and_numbers():
    grades = np.unique(SENTIMENTS, return_inverse=True)[1]
    assert make_encoder().fit(TWEETS, grades).module_.head.out_features == 3
    as_numbers = make_encoder(loss="squared_error").fit(TWEETS, grades)
    assert as_numbers.module_.head.out_features == 1
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        make_encoder(loss="log_loss").fit(TWEETS, LOG_LENGTHS)


@pytest.mark.parametrize(
    ("y", "scoring"),
    [
        (SENTIMENTS, None),
        (SENTIMENTS, "f1_macro"),
        (SENTIMENTS, "loss"),
        (INDICATORS, "roc_auc"),
        (LOG_LENGTHS, None),
        (LOG_LENGTHS, "neg_mean_absolute_error"),
    ],
)
def test_early_stopping(y, scoring):
    encoder = make_encoder(early_stopping=True, scoring=scoring, validation_fraction=0.3)
    encoder.fit(TWEETS, y)
    assert len(encoder.validation_scores_) == encoder.n_iter_ == 2
    assert encoder.best_validation_score_ == max(encoder.validation_scores_)


def test_vectors_tell_the_classes():
    X, y = load_tweet_sentiment(return_X_y=True, as_frame=False)
    encoder = RNNTextEncoder(embedding_dim=20, hidden_size=10, max_epochs=4, random_state=0)
    model = make_pipeline(encoder, LogisticRegression(max_iter=500)).fit(X[::12], y[::12])
    assert model.score(X[5::60], y[5::60]) > 0.5


# In front of other estimators


def test_clusters_and_neighbours(fitted):
    vectors = fitted.transform(TWEETS)
    labels = KMeans(3, n_init=1, random_state=0).fit_predict(vectors)
    assert set(labels) == {0, 1, 2}
    model = make_pipeline(make_encoder(), NearestNeighbors(n_neighbors=1)).fit(TWEETS, SENTIMENTS)
    distances, rows = model[-1].kneighbors(model[:-1].transform(TWEETS[:5]))
    np.testing.assert_allclose(distances, 0, atol=1e-3)
    assert (TWEETS[rows[:, 0]] == TWEETS[:5]).all()


def test_search_and_cross_validation_of_a_pipeline():
    model = Pipeline([("encoder", make_encoder()), ("clf", LogisticRegression())])
    grid = {"encoder__hidden_size": [2, 4], "clf__C": [0.1, 1.0]}
    search = GridSearchCV(model, grid, cv=2).fit(TWEETS, SENTIMENTS)
    assert set(search.predict(TWEETS)) <= set(SENTIMENTS)
    model = make_pipeline(SequenceVectorizer(), make_encoder(), StandardScaler(), Ridge())
    assert np.isfinite(cross_val_score(model, TWEETS, LOG_LENGTHS, cv=2)).all()


def test_beside_other_columns():
    frame = pd.DataFrame({"text": TWEETS, "length": LOG_LENGTHS})
    columns = ColumnTransformer(
        [("vector", make_encoder(), "text"), ("length", StandardScaler(), ["length"])]
    ).set_output(transform="pandas")
    vectors = columns.fit_transform(frame, SENTIMENTS)
    assert vectors.shape == (len(TWEETS), N_FEATURES + 1)
    assert vectors.columns[0] == "vector__rnntextencoder0"
    assert vectors.columns[-1] == "length__length"


@pytest.mark.parametrize(("output", "type_"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame)])
def test_set_output(output, type_, fitted):
    encoder = make_encoder().set_output(transform=output)
    X = pd.Series(TWEETS, index=np.arange(len(TWEETS))[::-1])
    vectors = encoder.fit_transform(X, SENTIMENTS)
    assert isinstance(vectors, type_)
    assert list(vectors.columns) == encoder.get_feature_names_out().tolist()
    assert list(vectors.columns[:2]) == ["rnntextencoder0", "rnntextencoder1"]
    np.testing.assert_array_equal(vectors, fitted.transform(TWEETS))
    if output == "pandas":
        assert vectors.index.equals(X.index)


def test_pickle(fitted):
    loaded = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(loaded.transform(TWEETS), fitted.transform(TWEETS))


def test_y_is_required():
    with pytest.raises(ValueError, match="requires y to be passed, but the target y is None"):
        make_encoder().fit_transform(TWEETS)
    assert get_tags(RNNTextEncoder()).target_tags.required


def test_constraints_are_those_of_the_arguments():
    arguments = inspect.signature(RNNTextEncoder).parameters
    assert RNNTextEncoder._parameter_constraints.keys() == arguments.keys()
    assert "wide_weight" not in arguments
