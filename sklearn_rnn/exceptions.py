"""Warnings and errors that users may want to catch or filter by name."""

__all__ = ["FitInterruptedWarning", "ModelFileError"]


class FitInterruptedWarning(UserWarning):
    """Warn that training was interrupted before it had ended.

    It is issued when ``fit`` is stopped from the keyboard. The estimator is fitted all the same:
    it keeps the best weights that it had reached, so that it can predict, be saved, or be
    trained further.

    Examples
    --------
    >>> import warnings
    >>> from sklearn_rnn.exceptions import FitInterruptedWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", category=FitInterruptedWarning)
    ...     # here an interrupted fit raises instead of keeping the weights reached
    """


class ModelFileError(ValueError):
    """Raise when a file cannot be opened as a model.

    It is truncated or damaged, holds something else, or was written by a newer version. Nothing
    was built from it.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> import sklearn_rnn
    >>> from sklearn_rnn.exceptions import ModelFileError
    >>> with NamedTemporaryFile() as file:
    ...     try:
    ...         sklearn_rnn.load(file.name)
    ...     except ModelFileError as error:
    ...         print(error)
    /... cannot be opened: it is not a model file of sklearn_rnn.
    """
