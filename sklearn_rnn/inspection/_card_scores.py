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


def scores_of(final: Any, estimator: Any, X: Any, y: Any) -> dict[str, float]:
    """Return the scores on documents, by name.

    Parameters
    ----------
    final : BaseRNN
        The text estimator, which says what is scored.
    estimator : estimator instance
        What predicts: the estimator, or the pipeline or search around it.
    X, y : array-like
        The documents and what belongs to them.
    """
    if isinstance(final, RNNLanguageModel):
        return {"perplexity": final.perplexity(X, y)} if estimator is final else {}
    if not hasattr(estimator, "score") or y is None:
        return {}
    if isinstance(final, RNNTextRegressor):
        predicted = estimator.predict(X)
        return {
            "R2": metrics.r2_score(y, predicted),
            "mean absolute error": metrics.mean_absolute_error(y, predicted),
            "root of the mean squared error": metrics.root_mean_squared_error(y, predicted),
        }
    if isinstance(final, RNNTokenClassifier):
        return {"accuracy": metrics.accuracy_score(_flat(y), _flat(estimator.predict(X)))}
    if not isinstance(final, RNNTextClassifier):
        return {"score": estimator.score(X, y)}
    predicted, probabilities = estimator.predict(X), estimator.predict_proba(X)
    scores = {
        "accuracy": metrics.accuracy_score(y, predicted),
        "F1, mean of the classes": metrics.f1_score(y, predicted, average="macro", zero_division=0),
    }
    if not final.multilabel_:
        scores["balanced accuracy"] = metrics.balanced_accuracy_score(y, predicted)
        scores["log loss"] = metrics.log_loss(y, probabilities, labels=final.classes_)
    return scores


def class_scores(final: Any, estimator: Any, X: Any, y: Any) -> pd.DataFrame | None:
    """Return a row for each class, with scores where there are documents; None without classes.

    The parameters are those of `scores_of`.
    """
    classes = getattr(final, "classes_", None)
    is_classifier = isinstance(final, (RNNTextClassifier, RNNTokenClassifier))
    if classes is None or not is_classifier:
        return None
    if X is None or y is None:
        return pd.DataFrame(index=pd.Index(classes))
    predicted = estimator.predict(X)
    if isinstance(final, RNNTokenClassifier):
        y, predicted = _flat(y), _flat(predicted)
    columns = metrics.precision_recall_fscore_support(
        y, predicted, labels=classes, average=None, zero_division=0
    )
    names = ("precision", "recall", "F1", "number")
    return pd.DataFrame(dict(zip(names, columns, strict=True)), index=pd.Index(classes))


def _flat(rows: Any) -> np.ndarray:
    """Return the tags of all sentences, one after the other."""
    return np.array(list(chain.from_iterable(rows)))
