"""What each token contributes to a score through the wide path."""

from __future__ import annotations

import numpy as np
import torch

from sklearn_rnn._training.batches import SequenceDataset
from sklearn_rnn._training.device import moved
from sklearn_rnn.inspection._inspected_estimator import InspectedEstimator
from sklearn_rnn.modules import NGramLinear, WideAndDeep


def attribute_wide_path(
    inspected: InspectedEstimator, dataset: SequenceDataset, weights: np.ndarray
) -> np.ndarray:
    """Return the contribution of each token of one document, through the wide path alone.

    The path is linear, so the contribution of a word or a pair is its TF-IDF weight times its
    weight in the score. That of a word is shared by the places where it stands, that of a pair by
    the places where it stands and there by its two tokens. They sum to the score of the path less
    that of a document without known words.

    Parameters
    ----------
    inspected : InspectedEstimator
        The estimator.
    dataset : SequenceDataset
        The document, alone.
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
    keys = tokens[:-1] * wide.n_ids + tokens[1:]
    pairs = wide.pairs.cpu().numpy()
    for feature, value in zip(features.tolist(), values, strict=True):
        if feature < wide.n_ids:
            places = np.flatnonzero(tokens == feature)
        else:
            first = np.flatnonzero(keys == pairs[feature - wide.n_ids])
            places = np.concatenate([first, first + 1])
        np.add.at(contributions, places, value / len(places))
    return module.wide_weight * contributions
