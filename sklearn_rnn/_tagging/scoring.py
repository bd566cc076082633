"""The predictions of a trained tagger, and its scores."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np

from sklearn_rnn._tagging.data import TaggingData
from sklearn_rnn._tagging.fit_net import TaggedSentences
from sklearn_rnn._tagging.net import TaggingNet
from sklearn_rnn._training.process_state import prediction_workers
from sklearn_rnn._training.settings import count_workers


def predict_codes(
    net: TaggingNet, data: TaggingData, n_jobs: int | None, *, marginals: bool = False
) -> np.ndarray:
    """Return the best tag of each token, or the probability of each tag.

    Parameters
    ----------
    net : TaggingNet
        The trained net.
    data : TaggingData
        The sentences.
    n_jobs : int or None
        Number of threads.
    marginals : bool, default=False
        Whether to return probabilities.

    Returns
    -------
    ndarray of int64 of shape (n_tokens,), or of float64 of shape (n_tokens, n_tags)
        In the order of the sentences.
    """
    module = net.module_
    if not data.n_tokens:
        return np.zeros((0, module.head.out_features)) if marginals else np.zeros(0, np.int64)
    with prediction_workers(count_workers(n_jobs)):
        outputs = net.token_outputs(data, module.marginals if marginals else module.decode)
    if not marginals:
        return outputs
    outputs = outputs.astype(np.float64)
    return outputs / outputs.sum(axis=1, keepdims=True)


def split_rows(values: np.ndarray, lengths: np.ndarray) -> list[list]:
    """Return the values of all tokens as a list for each sentence.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._tagging.scoring import split_rows
    >>> split_rows(np.array(["DET", "NOUN", "VERB"]), np.array([2, 0, 1]))
    [['DET', 'NOUN'], [], ['VERB']]
    """
    flat, ends = values.tolist(), np.cumsum(lengths).tolist()
    return [flat[end - n : end] for end, n in zip(ends, lengths.tolist(), strict=True)]


def accuracy(codes: np.ndarray, tagged: TaggedSentences) -> float:
    """Return the share of tokens whose tag is right, weighted by sentence."""
    weights = np.repeat(tagged.weights, tagged.sentences.lengths)
    return float(np.average(codes == tagged.codes, weights=weights))


class SentenceScorer:
    """Score a net in training on the sentences set aside.

    Parameters
    ----------
    estimator : estimator instance
        Its `scoring` says how.
    learned : dict
        What its predictions need, except `net_`.
    valid : TaggedSentences
        The sentences set aside.
    """

    def __init__(self, estimator: Any, learned: dict, valid: TaggedSentences) -> None:
        self.predictor = object.__new__(type(estimator))
        self.predictor.__dict__.update({**vars(estimator), **learned})
        self.scoring = estimator.scoring
        if isinstance(self.scoring, str):
            # Imported here: few programs use the metrics.
            from sklearn_rnn.metrics import get_scorer

            self.scoring = get_scorer(self.scoring)
        self.valid = valid
        self.data = valid.to_data(learned["characters_"])

    def __call__(self, net: TaggingNet, outputs: None = None) -> float:
        """Return the score: the accuracy, or that of the user's function."""
        if self.scoring is None:
            codes = net.token_outputs(self.data, net.module_.decode)
            return accuracy(codes, self.valid)
        predictor = copy(self.predictor)
        predictor.net_ = net
        return float(self.scoring(predictor, self.valid.sentences.raw, self.valid.y))


def transitions_of(crf: Any, classes: list) -> Any:
    """Return the scores of a CRF from each tag to the next, as a data frame."""
    import pandas as pd

    steps = crf.transitions.numpy(force=True).astype(float)
    first, last = (part.numpy(force=True).astype(float) for part in (crf.start, crf.end))
    if crf.allowed_transitions is not None:
        steps[~crf.allowed_transitions.numpy(force=True)] = -np.inf
        first[~crf.allowed_start.numpy(force=True)] = -np.inf
        last[~crf.allowed_end.numpy(force=True)] = -np.inf
    table = np.vstack([[*first, np.nan], np.column_stack([steps, last])])
    return pd.DataFrame(table, index=["(start)", *classes], columns=[*classes, "(end)"])
