"""Which units of a network respond to what happens in a text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.stats import rankdata
from sklearn.utils import check_random_state

from sklearn_rnn._sklearn_compat import validate_params
from sklearn_rnn.inspection._inspected_estimator import InspectedEstimator
from sklearn_rnn.inspection._inspected_language_model import inspect_estimator
from sklearn_rnn.inspection._recording import record_states


@validate_params({"random_state": ["random_state"]}, prefer_skip_nested_validation=True)
def unit_correlations(estimator, X, token_labels, *, random_state=None):
    """Find units whose state, or the change of it, correlates with a label of the tokens.

    The label can be anything that holds for some tokens and not for others, such as being a
    negation, or belonging to the second half of a document. In a language model of characters it
    can be standing inside quotes, or near the end of a line (Karpathy et al., 2016).

    Parameters
    ----------
    estimator : estimator instance
        A fitted text estimator, a :class:`~sklearn.pipeline.Pipeline` that ends in one, or a
        fitted search over either, whose best estimator is used.

    X : iterable of str, or {sparse matrix, array-like} of shape (n_samples, n_positions)
        At least two documents, as in `predict`.

    token_labels : callable, or sequence of array-like of bool
        Whether each token has the label. A callable takes the tokens of a document, spelled as in
        its text, and returns a bool for each. A sequence holds the bools of each document.

    random_state : int, RandomState instance or None, default=None
        Controls which half of the documents is held out.

    Returns
    -------
    correlations : DataFrame
        Two rows for each layer, direction and unit, sorted so that the row whose `auc` is farthest
        from 0.5 is first. The columns are:

        layer, direction, unit : int, str and int
            The unit.
        quantity : {"state", "change"}
            The hidden state at a token, or its difference from the previous state in the order of
            reading.
        correlation, auc : float
            On the first half of the documents: the point-biserial correlation with the label, NaN
            if the value never changes; and the probability that a token with the label has a larger
            value than a token without it.
        correlation_held_out, auc_held_out : float
            The same on the half that is held out.

        ``correlations.attrs`` holds `n_tokens` and `n_labelled`, the numbers of tokens in the first
        half and of those with the label, and `n_tokens_held_out` and `n_labelled_held_out`.

    See Also
    --------
    trace : Record what a network computes on a document.

    Notes
    -----
    The best of many units looks better than it is, because it was selected for that. Rows are
    sorted by the first half of the documents only, so the held-out values of the first row are
    unbiased.

    The AUC is an effect size that does not depend on how many tokens have the label: 0.5 is no
    effect, 0 and 1 are the largest effects. The correlation is always small if the label is rare.

    Correlation does not tell whether the unit causes anything.

    A language model reads each document from its beginning, whatever its parameter `documents`. The
    state at a token is the one that predicts the token after it. A model that was fitted with
    labels reads a document under the most probable one.

    References
    ----------
    A. Karpathy, J. Johnson and L. Fei-Fei, "Visualizing and understanding recurrent networks", ICLR
    workshop (2016).

    Examples
    --------
    >>> from sklearn_rnn import RNNTextClassifier
    >>> from sklearn_rnn.inspection import unit_correlations
    >>> X = ["good, not bad", "bad, not good"] * 20
    >>> y = ["praise", "complaint"] * 20
    >>> clf = RNNTextClassifier(max_epochs=5, random_state=0).fit(X, y)
    >>> def is_negation(tokens):
    ...     return [token == "not" for token in tokens]
    >>> correlations = unit_correlations(clf, X, is_negation, random_state=0)
    >>> correlations.shape
    (256, 8)
    """
    inspected = inspect_estimator(estimator)
    if not callable(token_labels) and not hasattr(token_labels, "__len__"):
        raise TypeError(
            "'token_labels' must be a callable or a sequence with the labels of each document. "
            f"Got {type(token_labels).__name__}."
        )
    if not hasattr(X, "shape"):
        X = list(X)
    sequences = inspected.sequences(X)
    labels = _collect_labels(inspected, X, sequences, token_labels)
    states, lengths = record_states(inspected, sequences)
    held_out = _choose_half(lengths, labels, random_state)

    frames = []
    for (layer, direction), values in states.items():
        for quantity in ("state", "change"):
            if quantity == "change":
                values = _changes(values, lengths, reverse=direction == "backward")
            columns = {"layer": layer, "direction": direction}
            columns |= {"unit": np.arange(values.shape[1]), "quantity": quantity}
            for suffix, half in (("", ~held_out), ("_held_out", held_out)):
                columns[f"correlation{suffix}"] = correlate(values[half], labels[half])
                columns[f"auc{suffix}"] = auc(values[half], labels[half])
            frames.append(pd.DataFrame(columns))
    frame = pd.concat(frames)
    # Unlike the correlation, it does not shrink where few tokens have the label.
    frame = frame.sort_values("auc", key=lambda auc: -(auc - 0.5).abs(), kind="stable")
    frame = frame.reset_index(drop=True)
    frame.attrs = {
        "n_tokens": int((~held_out).sum()),
        "n_labelled": int(labels[~held_out].sum()),
        "n_tokens_held_out": int(held_out.sum()),
        "n_labelled_held_out": int(labels[held_out].sum()),
    }
    return frame


def correlate(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the correlation of each column with a label, NaN for constant columns.

    Parameters
    ----------
    values : ndarray of shape (n_tokens, n_units)
        The values.
    labels : ndarray of bool of shape (n_tokens,)
        The label.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn.inspection._correlations import correlate
    >>> correlate(np.array([[0.0, 1], [1, 0], [0, 1]]), np.array([False, True, False]))
    array([ 1., -1.])
    """
    centred = values - values.mean(axis=0, dtype=np.float64)
    label = labels - labels.mean()
    spread = np.sqrt((centred**2).sum(axis=0) * (label**2).sum())
    constant = np.ptp(values, axis=0) == 0
    return np.where(constant, np.nan, (label @ centred) / np.where(constant, 1, spread))


def auc(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return for each column the probability that a labelled value is the larger one.

    Parameters
    ----------
    values : ndarray of shape (n_tokens, n_units)
        The values.
    labels : ndarray of bool of shape (n_tokens,)
        The label, present and absent.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn.inspection._correlations import auc
    >>> auc(np.array([[0.0, 1], [1, 1], [0, 1]]), np.array([False, True, False]))
    array([1. , 0.5])
    """
    n_with = labels.sum()
    ranks = rankdata(values, axis=0)[labels].sum(axis=0)
    return (ranks - n_with * (n_with + 1) / 2) / (n_with * (len(labels) - n_with))


def _changes(values: np.ndarray, lengths: np.ndarray, *, reverse: bool) -> np.ndarray:
    """Return by how much each state differs from the one read before; the first starts at 0."""
    starts = np.cumsum(lengths) - lengths
    before = np.zeros_like(values)
    if reverse:
        before[:-1] = values[1:]
        before[starts + lengths - 1] = 0
    else:
        before[1:] = values[:-1]
        before[starts] = 0
    return values - before


def _collect_labels(
    inspected: InspectedEstimator, X: Any, sequences: csr_array, token_labels: Any
) -> np.ndarray:
    """Return the labels of all tokens, document after document."""
    lengths = inspected.lengths(sequences)
    if callable(token_labels):
        token_labels = [token_labels(row.tokens) for row in inspected.words(X, sequences)]
    if len(token_labels) != len(lengths):
        raise ValueError(
            "'token_labels' must hold the labels of each of the documents. "
            f"Got those of {len(token_labels)} for {len(lengths)} documents."
        )
    rows = [np.asarray(row, dtype=bool) for row in token_labels]
    for row, (labels, length) in enumerate(zip(rows, lengths, strict=True)):
        if labels.shape != (length,):
            raise ValueError(
                "'token_labels' must hold one label for each token that the network reads. "
                f"Got labels of shape {labels.shape} for document {row}, of {length} token(s)."
            )
    return np.concatenate(rows)


def _choose_half(lengths: np.ndarray, labels: np.ndarray, random_state: Any) -> np.ndarray:
    """Return which tokens belong to the documents held out."""
    n_documents = len(lengths)
    order = check_random_state(random_state).permutation(n_documents)
    held_out = np.repeat(np.isin(np.arange(n_documents), order[n_documents // 2 :]), lengths)
    for half in (labels[held_out], labels[~held_out]):
        if not half.any() or half.all():
            raise ValueError(
                "The documents are split into two halves, and each needs tokens with the label "
                f"and without it. Got {int(half.sum())} of {len(half)} tokens with it in one of "
                "them; give more documents."
            )
    return held_out
