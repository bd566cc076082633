"""Shares of correct items and tokens, and perplexity."""

from __future__ import annotations

import numpy as np

from sklearn_rnn.metrics._pairs import as_items, check_pairs, check_tag_pairs, check_weights


def token_accuracy_score(y_true, y_pred, *, sample_weight=None):
    """Return the share of tokens whose tag is right.

    Parameters
    ----------
    y_true : list of list of str
        The tags of each sentence.

    y_pred : list of list of str
        The predicted tags, as many for each sentence.

    sample_weight : array-like of shape (n_sentences,), default=None
        Weight of each token of a sentence. None weighs all tokens the same.

    Returns
    -------
    accuracy : float
        From 0 to 1.

    Raises
    ------
    ValueError
        If the lengths differ, or if there are no tokens.

    See Also
    --------
    exact_match_score : Share of sentences whose tags are all right.

    Examples
    --------
    >>> from sklearn_rnn.metrics import token_accuracy_score
    >>> token_accuracy_score([["DET", "NOUN"], ["VERB"]], [["DET", "VERB"], ["VERB"]])
    0.6666666666666666
    """
    true, predicted = check_tag_pairs(y_true, y_pred)
    by_sentence = check_weights(sample_weight, len(true))
    weights = np.repeat(by_sentence, [len(tags) for tags in true])
    if not weights.sum():
        raise ValueError("y_true must have at least one token, of a weight above 0.")
    right = [
        a == b for pair in zip(true, predicted, strict=True) for a, b in zip(*pair, strict=True)
    ]
    return float(np.average(right, weights=weights))


def exact_match_score(y_true, y_pred, *, sample_weight=None):
    """Return the share of samples that are predicted exactly.

    Parameters
    ----------
    y_true : list of str, or list of list of str
        The text of each sample, or the list of its tags. If the prediction of a sample is a str,
        a list holds several texts, each of which is right.

    y_pred : list of str, or list of list of str
        The predictions.

    sample_weight : array-like of shape (n_samples,), default=None
        Weight of each sample. None weighs all the same.

    Returns
    -------
    share : float
        From 0 to 1.

    Raises
    ------
    ValueError
        If the numbers of samples and predictions differ, or if there are none.

    See Also
    --------
    token_accuracy_score : Share of tokens whose tag is right.

    Examples
    --------
    >>> from sklearn_rnn.metrics import exact_match_score
    >>> exact_match_score(["2024-02-29", "1999-12-31"], ["2024-02-29", "1999-12-13"])
    0.5
    >>> exact_match_score([["colour", "color"]], ["color"])
    1.0
    """
    true, predicted = check_pairs(y_true, y_pred)
    weights = check_weights(sample_weight, len(true))
    right = [_is_right(*pair) for pair in zip(true, predicted, strict=True)]
    return float(np.average(right, weights=weights))


def _is_right(true, predicted):
    if isinstance(true, str) or isinstance(predicted, str):
        return predicted in ([true] if isinstance(true, str) else list(true))
    return list(true) == list(predicted)


def perplexity_score(log_probs):
    r"""Return the perplexity of texts, given the log-probability of each token.

    It is :math:`\exp(-\frac{1}{N} \sum_i \log p_i)` over all `N` tokens. A model that chooses
    between `k` equally likely tokens at every place has perplexity `k`. Lower is better.

    Parameters
    ----------
    log_probs : list of array-like of shape (n_tokens,), or array-like of shape (n_tokens,)
        Natural logarithms, such as `RNNLanguageModel.token_log_probs` returns for each text.

    Returns
    -------
    perplexity : float
        At least 1, and infinite if a token was impossible.

    Raises
    ------
    ValueError
        If there are no tokens, or if a number is not a log-probability: it is NaN or above 0.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn.metrics import perplexity_score
    >>> round(perplexity_score([np.log([0.5, 0.25]), np.log([0.125])]), 6)
    4.0
    """
    parts = [np.atleast_1d(part) for part in as_items(log_probs, "log_probs")]
    values = np.concatenate([np.asarray(part, dtype=np.float64) for part in parts] or [np.zeros(0)])
    if not len(values):
        raise ValueError("log_probs must have at least one token. It is empty.")
    # A sum of probabilities can be above 1 by rounding.
    if not (values <= 1e-6).all():
        raise ValueError(
            f"log_probs must be logarithms of probabilities, at most 0. Got {values.max()!r}."
        )
    with np.errstate(over="ignore"):
        return float(np.exp(-values.mean()))
