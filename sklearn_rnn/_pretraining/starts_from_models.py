"""The parameters of estimators that can start from language models, and their clones."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

from sklearn.frozen import FrozenEstimator

from sklearn_rnn._language_model import RNNLanguageModel
from sklearn_rnn._pretraining.given import holds_fitted
from sklearn_rnn._sklearn_compat import Interval, _clone_parametrized

PRETRAINED_CONSTRAINTS: dict = {
    "pretrained": [RNNLanguageModel, FrozenEstimator, tuple, list, None],
    "freeze_pretrained": ["boolean", Interval(Integral, 1, None, closed="left")],
    "layer_lr_decay": [Interval(Real, 0, 1, closed="right")],
}


class StartsFromModels:
    """Mixin of an estimator with the parameter `pretrained`, whose clones keep fitted models."""

    pretrained: Any

    def __sklearn_clone__(self):
        # A language model that is fitted is what is known before `fit`, and nothing that `fit`
        # learns. scikit-learn's clone of it would know nothing.
        copied = _clone_parametrized(self)
        if holds_fitted(self.pretrained):
            copied.pretrained = self.pretrained
        return copied
