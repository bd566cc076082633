"""Scorers by name. scikit-learn's own registry is private, so this is a second one."""

from __future__ import annotations

import sklearn.metrics
from sklearn.metrics import make_scorer

from sklearn_rnn.metrics._items import exact_match_score, token_accuracy_score
from sklearn_rnn.metrics._spans import span_f1_score, span_precision_score, span_recall_score
from sklearn_rnn.metrics._texts import bleu_score, chrf_score


def _neg_perplexity(estimator, X, y=None):
    """Return the negative perplexity of a language model, so that higher is better."""
    return -estimator.perplexity(X, y)


_SCORERS = {
    "bleu": make_scorer(bleu_score),
    "chrf": make_scorer(chrf_score),
    "exact_match": make_scorer(exact_match_score),
    "neg_perplexity": _neg_perplexity,
    "span_f1": make_scorer(span_f1_score),
    "span_precision": make_scorer(span_precision_score),
    "span_recall": make_scorer(span_recall_score),
    "token_accuracy": make_scorer(token_accuracy_score),
}


def get_scorer_names():
    """Return the names that `get_scorer` knows in addition to scikit-learn's.

    Returns
    -------
    names : list of str
        Sorted.

    Examples
    --------
    >>> from sklearn_rnn.metrics import get_scorer_names
    >>> get_scorer_names()[-4:]
    ['span_f1', 'span_precision', 'span_recall', 'token_accuracy']
    """
    return sorted(_SCORERS)


def get_scorer(scoring):
    """Return a scorer by name, for searches, cross-validation and early stopping.

    scikit-learn finds names such as "accuracy" itself, but not these. Pass searches what this
    function returns, as in ``GridSearchCV(tagger, grid, scoring=get_scorer("span_f1"))``. To change
    options, make a scorer:
    ``make_scorer(span_f1_score, mode="strict", scheme="IOB2")``, with
    :func:`sklearn.metrics.make_scorer`.

    Parameters
    ----------
    scoring : str or callable
        A name that `get_scorer_names` or scikit-learn's function of that name lists. A callable is
        returned as it is.

    Returns
    -------
    scorer : callable
        Called with an estimator, `X` and `y`; higher is better. It can be pickled.

    Raises
    ------
    ValueError
        If no scorer has that name.

    Examples
    --------
    >>> from sklearn_rnn import RNNTextClassifier
    >>> from sklearn_rnn.metrics import get_scorer
    >>> X, y = ["good", "bad"] * 20, ["positive", "negative"] * 20
    >>> clf = RNNTextClassifier(max_epochs=2, random_state=0).fit(X, y)
    >>> get_scorer("exact_match")(clf, X, y)
    1.0
    """
    if isinstance(scoring, str) and scoring in _SCORERS:
        return _SCORERS[scoring]
    try:
        return sklearn.metrics.get_scorer(scoring)
    except ValueError as exc:
        raise ValueError(
            f"scoring must be one of {', '.join(get_scorer_names())}, or one of scikit-learn's "
            f"names that sklearn.metrics.get_scorer_names() lists. Got {scoring!r} instead."
        ) from exc
