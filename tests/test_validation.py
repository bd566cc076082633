"""Early stopping: which documents are scored while training, and by what."""

import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.metrics import f1_score, get_scorer, log_loss, make_scorer
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_validate
from sklearn.pipeline import Pipeline
from skorch.callbacks import Callback
from weights import have_same_weights

from sklearn_rnn import RNNTextClassifier, RNNTextEncoder, RNNTextRegressor, SequenceVectorizer
from sklearn_rnn.datasets import load_tweet_sentiment

X_ALL, Y_ALL = (values[::100] for values in load_tweet_sentiment(return_X_y=True, as_frame=False))
X, X_VAL, Y, Y_VAL = X_ALL[::2], X_ALL[1::2], Y_ALL[::2], Y_ALL[1::2]
LENGTHS, LENGTHS_VAL = (np.array([float(len(text)) for text in part]) for part in (X, X_VAL))
WEIGHT_VAL = np.where(Y_VAL == "negative", 5.0, 0.5)
CV = StratifiedKFold(2, shuffle=True, random_state=0)


def make_classifier(**params):
    small = {"embedding_dim": 5, "hidden_size": 4, "max_epochs": 3, "lr": 0.02, "random_state": 0}
    return RNNTextClassifier(**{**small, "early_stopping": True, **params})


def make_regressor(**params):
    return RNNTextRegressor(**{**make_classifier().get_params(), **params}) if False else (
        RNNTextRegressor(
            embedding_dim=5,
            hidden_size=4,
            max_epochs=3,
            lr=0.01,
            early_stopping=True,
            random_state=0,
            **params,
        )
    )


def fit(estimator, X=X, y=Y, X_val=X_VAL, y_val=Y_VAL, **params):
    return estimator.fit(X, y, X_val=X_val, y_val=y_val, **params)
