"""Tools for those who write estimators of text."""

__all__ = ["estimator_checks"]

from sklearn_rnn.utils import estimator_checks
