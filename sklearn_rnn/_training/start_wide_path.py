"""The weights that the wide path starts from: those of naive Bayes."""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import nn

from sklearn_rnn._targets.base import Target
from sklearn_rnn._text.naive_bayes import log_ratios
from sklearn_rnn._training.documents import Documents
from sklearn_rnn._training.growth import find_ngrams
from sklearn_rnn.modules import NGramLinear, WideAndDeep

# Larger weights of naive Bayes are overconfident, and training does not mend that in a few epochs;
# smaller ones tell less. benchmarks/defaults has the figures.
_SCALE = 0.55


def start_wide_path(module: nn.Module, documents: Documents, target: Target) -> None:
    """Start the wide path of a new network from naive Bayes.

    In a few epochs, gradient descent from zero gives rare words hardly any weight. Naive Bayes
    counts them from the start.

    Parameters
    ----------
    module : torch.nn.Module
        The network. One without a wide path is left as it is.
    documents : Documents
        The training documents.
    target : Target
        What is learned. If it is numbers, weights start from zero.
    """
    ngrams = find_ngrams(module)
    labels = target.memberships(documents.y)
    if not isinstance(module, WideAndDeep) or ngrams is None or labels is None:
        return
    weights = documents.weights / documents.weights.mean()
    ratios, n_features = log_ratios(documents.X, labels, weights, ngrams)
    # The weights of a document have the same norm whatever its length, so the sum over its words
    # grows with the root of their number.
    ratios *= _SCALE / math.sqrt(max(n_features, 1))
    with torch.no_grad():
        cast("NGramLinear", module.wide).table.weight.copy_(torch.from_numpy(ratios))
