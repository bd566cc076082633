"""Small estimators of text that keep all the conventions which our checks know of.

They stand for what others write, and the broken ones are made of them.
"""

from numbers import Integral, Real

import numpy as np
from scipy.special import log_softmax, softmax
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClusterMixin,
    RegressorMixin,
    TransformerMixin,
)
from sklearn.utils import check_consistent_length, check_random_state, column_or_1d
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_is_fitted

from sklearn_rnn._sklearn_compat import Interval, StrOptions, _check_sample_weight, _fit_context


def read(X):
    """Return documents as a list of str."""
    if X is None or isinstance(X, (str, bytes)):
        raise ValueError(f"Expected a list of documents. Got {X!r}.")
    if getattr(X, "ndim", 1) != 1:
        raise ValueError("Expected one column of documents.")
    X = list(X)
    if not X:
        raise ValueError("Expected at least one document.")
    for document in X:
        if not isinstance(document, str):
            raise TypeError(f"Expected documents of str. Got {document!r}.")
    return X


class TextEstimator(BaseEstimator):
    """What the estimators below have in common: a vocabulary, and a table of which words occur."""

    _parameter_constraints: dict = {
        "alpha": [Interval(Real, 0, None, closed="neither")],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    def _read(self, X):
        return read(X)

    def _learn_words(self, X):
        documents = self._read(X)
        words = sorted({word for document in documents for word in document.split()})
        places = {word: place for place, word in enumerate(words or ["nothing"])}
        return places, self._occurrences(documents, places)

    def _occurrences(self, documents, places):
        table = np.zeros((len(documents), len(places)))
        for row, document in enumerate(documents):
            for word in document.split():
                if word in places:
                    table[row, places[word]] = 1
        return table

    def _table(self, X):
        check_is_fitted(self)
        return self._occurrences(self._read(X), self.words_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


class WordClassifier(ClassifierMixin, TextEstimator):
    """Naive Bayes on words.

    Parameters
    ----------
    alpha : float
        What is added to each count.
    class_weight : dict, "balanced" or None
        Weights of classes.
    random_state, n_jobs, verbose : int or None
        Not used.
    """

    _parameter_constraints: dict = {
        **TextEstimator._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(self, *, alpha=1.0, class_weight=None, random_state=None, n_jobs=None, verbose=0):
        self.alpha = alpha
        self.class_weight = class_weight
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, sample_weight=None):
        words, table = self._learn_words(X)
        y = self._check_target(y)
        check_consistent_length(table, y)
        classes, targets = np.unique(y, return_inverse=True)
        if len(classes) < 2:
            raise ValueError("There must be at least two classes.")
        weights = self._check_weights(sample_weight, table)
        weights = weights * self._weigh_classes(y)
        one_hot = np.eye(len(classes))[targets] * weights[:, None]
        counts = self.alpha + one_hot.T @ table
        totals = one_hot.sum(axis=0)
        self.classes_ = classes
        self.words_ = words
        self.word_scores_ = np.log(counts) - np.log(counts.sum(axis=1, keepdims=True))
        self.class_scores_ = np.log(self.alpha + totals)
        return self

    def _check_target(self, y):
        if y is None:
            raise ValueError("WordClassifier requires y to be passed, but the target y is None.")
        y = column_or_1d(y)
        kinds = set(map(type, y.tolist()))
        if None in y.tolist() or len(kinds) > 1:
            raise ValueError("y must hold labels of one type.")
        if y.dtype.kind == "f" and not np.isfinite(y).all():
            raise ValueError("y must not hold NaN or infinity.")
        check_classification_targets(y)
        return y

    def _weigh_classes(self, y):
        return compute_sample_weight(self.class_weight, y)

    def _check_weights(self, sample_weight, table):
        weights = _check_sample_weight(sample_weight, table)
        if weights.min() < 0 or not weights.any():
            raise ValueError("sample_weight must not be negative, nor all zero.")
        return weights

    def _scores(self, X):
        # A loop, since a product of matrices rounds a row by how many there are.
        return np.array(
            [self.class_scores_ + (row * self.word_scores_).sum(axis=1) for row in self._table(X)]
        )

    def predict(self, X):
        scores = self._scores(X)
        return self.classes_[scores.argmax(axis=1)]

    def predict_proba(self, X):
        return softmax(self._scores(X), axis=1)

    def predict_log_proba(self, X):
        return log_softmax(self._scores(X), axis=1)

    def decision_function(self, X):
        scores = self._scores(X)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores


class WordRegressor(RegressorMixin, TextEstimator):
    """Mean over the words of the mean targets of the documents that hold them.

    Parameters
    ----------
    alpha : float
        How many documents of mean 0 are added.
    random_state, n_jobs, verbose : int or None
        Not used.
    """

    def __init__(self, *, alpha=1.0, random_state=None, n_jobs=None, verbose=0):
        self.alpha = alpha
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        words, table = self._learn_words(X)
        if y is None:
            raise ValueError("WordRegressor requires y to be passed, but the target y is None.")
        y = column_or_1d(check_array(y, ensure_2d=False, dtype=np.float64))
        check_consistent_length(table, y)
        self.words_ = words
        self.means_ = (table * y[:, None]).sum(axis=0) / (self.alpha + table.sum(axis=0))
        return self

    def predict(self, X):
        return np.array([(row * self.means_).sum() for row in self._table(X)])


class WordVectorizer(TransformerMixin, TextEstimator):
    """A column for each word.

    Parameters
    ----------
    alpha : float
        What a word counts.
    random_state, n_jobs, verbose : int or None
        Not used.
    """

    def __init__(self, *, alpha=1.0, random_state=None, n_jobs=None, verbose=0):
        self.alpha = alpha
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        self.words_ = self._learn_words(X)[0]
        return self

    def transform(self, X):
        return self.alpha * self._table(X)

    def get_feature_names_out(self, input_features=None):
        check_is_fitted(self)
        return np.array(list(self.words_), dtype=object)


class WordClusterer(ClusterMixin, TextEstimator):
    """Clusters by the first letter.

    Parameters
    ----------
    alpha : float
        Not used.
    random_state, n_jobs, verbose : int or None
        Not used.
    """

    def __init__(self, *, alpha=1.0, random_state=None, n_jobs=None, verbose=0):
        self.alpha = alpha
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        check_random_state(self.random_state)
        self.labels_ = self._clusters(X)
        return self

    def _clusters(self, X):
        return np.array([len(document.strip()[:1]) for document in self._read(X)])

    def predict(self, X):
        check_is_fitted(self)
        return self._clusters(X)
