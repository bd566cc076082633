"""The methods of a language model that classify by the probability of a text per label."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import logsumexp
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sklearn_rnn._language.text_scorer import scorer_of
from sklearn_rnn._language.texts import read_texts
from sklearn_rnn._training.model_lock import lock_of


def _has_labels(model: Any) -> bool:
    """Tell `available_if` whether the model was fitted with labels."""
    if getattr(model, "classes_", None) is None:
        raise AttributeError(
            f"This {type(model).__name__} was not fitted with labels. Pass y to fit to classify."
        )
    return True


class ClassifiesByBayes:
    """Mixin of a language model: `predict` and `predict_proba`, if it was fitted with labels.

    The model has learned `classes_` and `class_count_`, and has what `read_texts` and `scorer_of`
    need.
    """

    classes_: Any  # an ndarray, or None without labels
    class_count_: Any

    @available_if(_has_labels)
    def predict(self, X):
        """Predict the label of each text: the one under which it is most probable.

        Only available after fitting with `y`. Labels that were frequent in `fit` are more probable.

        Parameters
        ----------
        X : iterable of str, or {sparse matrix, array-like} of shape (n_samples, n_positions)
            The texts, as in `fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            The labels.
        """
        with lock_of(self).reading():
            joint = scorer_of(self).score_labels(read_texts(X, self))
            return self.classes_[joint.argmax(axis=1)]

    @available_if(_has_labels)
    def predict_proba(self, X):
        """Return the probability of each label, by Bayes' theorem.

        Only available after fitting with `y`. The longer the texts, the closer to 0 and 1 the
        probabilities, as in naive Bayes.

        Parameters
        ----------
        X : iterable of str, or {sparse matrix, array-like} of shape (n_samples, n_positions)
            The texts, as in `fit`.

        Returns
        -------
        proba : ndarray of float64 of shape (n_samples, n_classes)
            The columns are in the order of `classes_`.
        """
        with lock_of(self).reading():
            joint = scorer_of(self).score_labels(read_texts(X, self))
        return np.exp(joint - logsumexp(joint, axis=1, keepdims=True))

    @property
    def class_log_prior_(self):
        """Logarithm of the share of each label in the documents of `fit`."""
        check_is_fitted(self)
        if self.class_count_ is None:
            return None
        with np.errstate(divide="ignore"):  # a label that no chunk has held
            return np.log(self.class_count_ / self.class_count_.sum())
