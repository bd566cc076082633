"""Tools for tables of tokens, and for writing estimators of text."""

from importlib import import_module

from sklearn_rnn.utils._sentences import sentences_from_frame

__all__ = ["estimator_checks", "sentences_from_frame"]


def __getattr__(name):
    """Import the checks once they are used: the estimators import from this package too."""
    if name == "estimator_checks":
        return import_module("sklearn_rnn.utils.estimator_checks")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
