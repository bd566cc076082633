"""Predictions for the beginnings of a document: those of the estimator while it reads."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from scipy.sparse import csr_array

from sklearn_rnn._text.sequences import sequences_from_flat
from sklearn_rnn.inspection._inspected_estimator import InspectedEstimator

# Tokens that all beginnings together may have, with n_readings="auto": about half a second.
MAX_TOKENS = 2**17


def read_prefixes(
    inspected: InspectedEstimator, sequence: csr_array, n_readings: int | Literal["auto"] | None
) -> tuple[np.ndarray, list] | tuple[None, None]:
    """Predict beginnings of a document, each as a document of its own.

    Parameters
    ----------
    inspected : InspectedEstimator
        The estimator to inspect.
    sequence : csr_array of shape (1, n_positions)
        The document.
    n_readings : int, "auto" or None
        How many beginnings to predict, as `trace` says.

    Returns
    -------
    readings : ndarray of float64 of shape (n_tokens, n_outputs) or None
        The prediction after each token, NaN where none was made. None where the estimator
        predicts nothing.
    names : list or None
        What each column is.
    """
    predict = _find_predict(inspected.estimator)
    if predict is None:
        return None, None
    n_tokens = max(len(sequence.data), 1)
    lengths = _choose_lengths(n_tokens, n_readings)
    if len(sequence.data):
        tokens = np.concatenate([sequence.data[:length] for length in lengths])
        sequence = sequences_from_flat(tokens, lengths)
    predicted = np.asarray(predict(sequence), dtype=np.float64).reshape(len(lengths), -1)
    readings = np.full((n_tokens, predicted.shape[1]), np.nan)
    readings[lengths - 1] = predicted
    return readings, _output_names(inspected.estimator, predicted.shape[1])


def _find_predict(estimator):
    for name in ("predict_proba", "predict"):
        if hasattr(estimator, name):
            return getattr(estimator, name)
    return None


def _choose_lengths(n_tokens: int, n_readings: int | Literal["auto"] | None) -> np.ndarray:
    if n_readings == "auto":
        n_readings = max(2, 2 * MAX_TOKENS // (n_tokens + 1))
    if n_readings is None or n_readings >= n_tokens:
        return np.arange(1, n_tokens + 1)
    # Evenly spaced, the whole document last.
    return np.unique(np.linspace(n_tokens, 0, n_readings, endpoint=False).round().astype(int))


def _output_names(estimator: Any, n_outputs: int) -> list:
    classes = getattr(estimator, "classes_", None)
    if classes is not None and len(classes) == n_outputs:
        return list(np.asarray(classes).tolist())
    return list(range(n_outputs))
