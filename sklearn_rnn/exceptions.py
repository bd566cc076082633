"""Warnings and errors that can be filtered or caught."""

__all__ = ["FitInterruptedWarning", "ModelFileError"]


class FitInterruptedWarning(UserWarning):
    """Warning that training was interrupted before its end.

    It is issued when `fit` is interrupted from the keyboard. The estimator is fitted nevertheless:
    it keeps the best weights reached so far, so it can predict, be saved or be trained further.

    Examples
    --------
    >>> import warnings
    >>> from sklearn_rnn.exceptions import FitInterruptedWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", category=FitInterruptedWarning)
    ...     # inside this block an interrupted fit raises the warning as an error
    """


class ModelFileError(ValueError):
    """Error raised by :func:`~sklearn_rnn.load` when a file cannot be loaded as a model.

    The file is truncated or damaged, is not a model file, or was written by a newer version.
    Nothing has been built from it.

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
