"""What each token contributes to a score through the wide path."""

from __future__ import annotations

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view

from sklearn_rnn._training.batches import SequenceDataset
from sklearn_rnn._training.device import moved
from sklearn_rnn.inspection._inspected_estimator import InspectedEstimator
from sklearn_rnn.modules import NGramLinear, WideAndDeep


def attribute_wide_path(
    inspected: InspectedEstimator, dataset: SequenceDataset, weights: np.ndarray
) -> np.ndarray:
    """Return the contribution of each token of one document, through the wide path only.

    The path is linear, so the contribution of a word, a pair or a triple is its TF-IDF weight times
    its weight in the score. It is shared by the places where the n-gram stands, and there by its
    tokens. They sum to the score of the path minus that of a document without known words.

    Parameters
    ----------
    inspected : InspectedEstimator
        The estimator.
    dataset : SequenceDataset
        The document.
    weights : ndarray of float32 of shape (n_outputs,)
        Weight of each output in the score.

    Returns
    -------
    contributions : ndarray of float64 of shape (n_tokens,)
        Zeros if there is no wide path.
    """
    contributions = np.zeros(len(dataset.tokens))
    module = inspected.estimator.module_
    if not (isinstance(module, WideAndDeep) and isinstance(module.wide, NGramLinear)):
        return contributions
    wide = module.wide
    batch, _ = dataset.batch(np.array([0]))
    with torch.inference_mode():
        features, _, tfidf = wide.features(moved(batch.parts[0], inspected.device))
        evidence = wide.table.weight[features] @ torch.from_numpy(weights).to(inspected.device)
    values = (tfidf * evidence).double().cpu().numpy()
    tokens = dataset.tokens.astype(np.int64)
    pairs = wide.pairs.cpu().numpy()
    for feature, value in zip(features.tolist(), values, strict=True):
        words = _words_of(feature, pairs, wide.n_ids)
        stands = (sliding_window_view(tokens, len(words)) == words).all(axis=1)
        places = np.flatnonzero(stands)[:, np.newaxis] + np.arange(len(words))
        np.add.at(contributions, places, value / places.size)
    return module.wide_weight * contributions


def _words_of(feature: int, pairs: np.ndarray, n_ids: int) -> list[int]:
    """Return the token ids of an n-gram, from its row of the table."""
    if feature < n_ids:
        return [feature]
    first, last = divmod(int(pairs[feature - n_ids]), n_ids)
    return [*_words_of(first, pairs, n_ids), last]
