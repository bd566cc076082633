"""Tables of numbers as documents, so that checks with numbers run on estimators of text."""

from contextvars import ContextVar
from functools import wraps

from sklearn.utils.validation import check_is_fitted

from sklearn_rnn._sklearn_compat import validate_data

# Whether a method that reads numbers has spelled them out, and calls another one.
_INSIDE = ContextVar("_INSIDE", default=False)

_METHODS = (
    "fit",
    "fit_predict",
    "fit_transform",
    "partial_fit",
    "predict",
    "predict_proba",
    "predict_log_proba",
    "decision_function",
    "score",
    "score_samples",
    "transform",
)


class NumbersAsTextMixin:
    """Mixin that lets an estimator of text take tables of numbers, so that all checks can run.

    scikit-learn's checks use tables of floats. A subclass of this mixin and of an estimator of text
    takes such tables. It validates them as scikit-learn's estimators do, rounds each number, and
    turns each row into a document with a word for each column, such as ``x0_3 x1_-2``. What the
    checks prove about `fit`, labels, weights and results then holds for the estimator on text.

    See Also
    --------
    check_text_estimator : Checks with text.

    Examples
    --------
    >>> from sklearn_rnn import SequenceVectorizer
    >>> from sklearn_rnn.utils.estimator_checks import NumbersAsTextMixin
    >>> class SpelledVectorizer(NumbersAsTextMixin, SequenceVectorizer):
    ...     pass
    >>> vectorizer = SpelledVectorizer().fit([[3.1, 2.0], [1.0, 4.2]])
    >>> list(vectorizer.vocabulary_)
    ['x0_1', 'x0_3', 'x1_2', 'x1_4']
    """

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        for name in _METHODS:
            if name not in vars(cls) and hasattr(cls, name):
                setattr(cls, name, _reading_numbers(getattr(cls, name)))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()  # type: ignore[misc]  # of the estimator
        tags.input_tags.two_d_array = True
        for name in ("one_d_array", "string", "sparse", "categorical", "positive_only"):
            setattr(tags.input_tags, name, False)
        return tags


def _reading_numbers(method):
    """Return the method with its first argument spelled out."""
    name = method.__name__

    @wraps(method)
    def spelled(self, X, *args, **kwargs):
        if _INSIDE.get():
            return method(self, X, *args, **kwargs)
        if "fit" not in name:
            check_is_fitted(self)
        first = name.startswith("fit") or not hasattr(self, "n_features_in_")
        X = validate_data(self, X, reset=first, dtype=float)
        token = _INSIDE.set(True)
        try:
            return method(self, spell_out(X), *args, **kwargs)
        finally:
            _INSIDE.reset(token)

    return spelled


def spell_out(X):
    """Return a document for each row of an array of floats."""
    return [
        " ".join(f"x{column}_{round(value)}" for column, value in enumerate(row))
        for row in X.tolist()
    ]
