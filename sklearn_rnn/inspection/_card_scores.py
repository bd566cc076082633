"""How good an estimator is on some documents: the scores that suit what it predicts."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
from sklearn import metrics

from sklearn_rnn._classifier import RNNTextClassifier
from sklearn_rnn._language_model import RNNLanguageModel
from sklearn_rnn._regressor import RNNTextRegressor
from sklearn_rnn._token_classifier import RNNTokenClassifier


def scores_of(estimator: Any, X: Any, y: Any) -> tuple[dict[str, float], pd.DataFrame | None]:
    """Return the scores of all documents by name, and those of each class, if there are classes.

    Parameters
    ----------
    estimator : BaseRNN
        A fitted text estimator.
    X, y : array-like
        The documents and what belongs to them, None for nothing.
    """
    if isinstance(estimator, RNNLanguageModel):
        return {"perplexity": estimator.perplexity(X, y)}, None
    if y is None or not hasattr(estimator, "score"):
        return {}, None
    if isinstance(estimator, RNNTextRegressor):
        predicted = estimator.predict(X)
        scores = {
            "R2": metrics.r2_score(y, predicted),
            "mean absolute error": metrics.mean_absolute_error(y, predicted),
            "root mean squared error": metrics.root_mean_squared_error(y, predicted),
        }
        return scores, None
    if isinstance(estimator, RNNTokenClassifier):
        y, predicted = _flat(y), _flat(estimator.predict(X))
        scores = {"accuracy": metrics.accuracy_score(y, predicted)}
        return scores, _by_class(y, predicted, estimator.classes_)
    if not isinstance(estimator, RNNTextClassifier):
        return {"score": estimator.score(X, y)}, None
    predicted = estimator.predict(X)
    scores = {
        "accuracy": metrics.accuracy_score(y, predicted),
        "F1, mean of the classes": metrics.f1_score(y, predicted, average="macro", zero_division=0),
    }
    if not estimator.multilabel_:
        probabilities = estimator.predict_proba(X)
        scores["log loss"] = metrics.log_loss(y, probabilities, labels=estimator.classes_)
    return scores, _by_class(y, predicted, estimator.classes_)


def _by_class(y: Any, predicted: Any, classes: np.ndarray) -> pd.DataFrame:
    columns = metrics.precision_recall_fscore_support(
        y, predicted, labels=classes, average=None, zero_division=0
    )
    names = ("precision", "recall", "F1", "number")
    return pd.DataFrame(dict(zip(names, columns, strict=True)), index=pd.Index(classes))


def _flat(rows: Any) -> np.ndarray:
    """Return the tags of all sentences, one after the other."""
    return np.array(list(chain.from_iterable(rows)))
