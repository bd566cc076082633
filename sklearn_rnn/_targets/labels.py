"""Targets of labels: one class for each document, or any number of labels."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from math import inf
from typing import Any, ClassVar

import numpy as np
import torch
from scipy.sparse import csr_array

from sklearn_rnn._targets.base import Target
from sklearn_rnn._targets.class_weights import weigh_classes
from sklearn_rnn._targets.label_checks import check_labels, check_stream_classes
from sklearn_rnn._targets.losses import BinaryCrossEntropy


class LabelTarget(Target):
    """Labels of either kind; `make` chooses between the two below."""

    learned_constraints: ClassVar = {"classes_": [np.ndarray], "multilabel_": ["boolean"]}

    @classmethod
    def read(cls, y: Any, estimator: Any) -> np.ndarray:
        """Return labels as an array: one for each document, or an indicator matrix."""
        return check_labels(y, estimator)

    @classmethod
    def make(cls, y: np.ndarray, weights: np.ndarray, estimator: Any, known: dict) -> Target:
        """Return the target for one label per document, or for an indicator matrix."""
        kind = IndicatorTarget if known.get("multilabel_", y.ndim > 1) else ClassTarget
        return kind(y, weights, estimator, known.get("classes_"))

    @classmethod
    def check_classes(cls, classes: Any, y: np.ndarray, known: dict, estimator: Any) -> dict:
        """Return what is known about the labels of a stream, with the classes passed."""
        return check_stream_classes(classes, y, known, estimator)

    @classmethod
    def check_learned(cls, learned: Mapping[str, Any], n_outputs: int) -> None:
        """Refuse invalid classes, or those that do not fit a network of this many outputs.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_rnn._targets.labels import LabelTarget
        >>> learned = {"classes_": np.array(["a", "b"]), "multilabel_": False}
        >>> LabelTarget.check_learned(learned, n_outputs=3)
        Traceback (most recent call last):
            ...
        ValueError: the classes do not fit the outputs of the network
        """
        classes, multilabel = learned["classes_"], learned["multilabel_"]
        expected = np.arange(n_outputs) if multilabel else np.unique(classes)
        too_few = not multilabel and n_outputs < 2
        if too_few or len(classes) != n_outputs or not np.array_equal(classes, expected):
            raise ValueError("the classes do not fit the outputs of the network")

    def wide_lr(self, lr: float) -> float:
        """Return the rate of the wide path, which is convex and allows a far larger one."""
        return 2000 * lr

    def wide_norm(self, norm: float) -> float:
        """Return the largest norm of its gradients: those of a cross-entropy are bounded."""
        return inf


class ClassTarget(LabelTarget):
    """One class for each document.

    Parameters
    ----------
    y : ndarray of shape (n_documents,)
        The labels, as `check_labels` returns them.
    weights : ndarray of float64 of shape (n_documents,)
        Their weights, with which "balanced" counts them.
    estimator : estimator instance
        Its `class_weight` and `label_smoothing` apply.
    classes : ndarray of shape (n_classes,), default=None
        The classes, sorted. None means those in `y`.
    """

    def __init__(
        self,
        y: np.ndarray,
        weights: np.ndarray,
        estimator: Any,
        classes: np.ndarray | None = None,
    ) -> None:
        self.classes = np.unique(y) if classes is None else classes
        if len(self.classes) < 2:
            raise ValueError(
                f"{type(estimator).__name__} needs samples of at least 2 classes in y, but y "
                f"contains only one class: {self.classes.tolist()[0]!r}."
            )
        self.check(y, "y")
        if isinstance(estimator.class_weight, list):
            raise ValueError(
                "class_weight must be a dict, 'balanced' or None if each document has one "
                "label; a list of them needs an indicator matrix as y. "
                f"Got {estimator.class_weight}."
            )
        self.n_outputs = len(self.classes)
        self.learned = {"classes_": self.classes, "multilabel_": False}
        codes = self.encode(y)
        self.class_weight = weigh_classes(estimator.class_weight, self.classes, codes, weights)
        self.criterion = {
            "criterion": torch.nn.CrossEntropyLoss,
            "criterion__reduction": "none",
            "criterion__label_smoothing": estimator.label_smoothing,
        }

    def encode(self, y: np.ndarray) -> np.ndarray:
        """Return the place of each label among the classes."""
        codes = np.searchsorted(self.classes, y)
        return codes.clip(max=len(self.classes) - 1)

    def check(self, y: np.ndarray, name: str) -> None:
        """Refuse labels that are not among the classes."""
        if y.ndim > 1:
            raise ValueError(f"{name} must hold one label for each document. Got several.")
        classes = self.classes.tolist()
        unseen = set(y.tolist()).difference(classes)
        if unseen:
            raise ValueError(
                f"{name} contains labels that are not among the classes: "
                f"{sorted(unseen, key=str)}. The classes are {classes}."
            )

    def memberships(self, y: np.ndarray) -> csr_array:
        """Return an indicator matrix of the classes."""
        places = np.arange(len(y)), self.encode(y)
        return csr_array((np.ones(len(y)), places), (len(y), self.n_outputs))

    def strata(self, y: np.ndarray) -> np.ndarray:
        """Return the classes, to stratify by."""
        return self.encode(y)

    def weigh(self, y: np.ndarray) -> np.ndarray:
        """Return the weight of each document by its class."""
        return self.class_weight[self.encode(y)]


class IndicatorTarget(LabelTarget):
    """Any number of labels for each document: a column of 0 and 1 for each label.

    Parameters
    ----------
    y : ndarray of uint8 of shape (n_documents, n_labels)
        The indicator matrix, as `check_labels` returns it.
    weights : ndarray of float64 of shape (n_documents,)
        Weights of the documents, with which "balanced" counts them.
    estimator : estimator instance
        Its `class_weight` and `label_smoothing` apply.
    classes : ndarray of shape (n_labels,), default=None
        The numbers of the columns. None means those of `y`.
    """

    def __init__(
        self,
        y: np.ndarray,
        weights: np.ndarray,
        estimator: Any,
        classes: np.ndarray | None = None,
    ) -> None:
        self.n_outputs = y.shape[1] if classes is None else len(classes)
        self.check(y, "y")
        if classes is None:
            _warn_of_one_hot(y)
        self.learned = {"classes_": np.arange(self.n_outputs), "multilabel_": True}
        self.criterion = {
            "criterion": BinaryCrossEntropy,
            "criterion__label_smoothing": estimator.label_smoothing,
            "criterion__class_weight": self._weigh_labels(y, weights, estimator.class_weight),
        }

    def _weigh_labels(self, y, weights, class_weight):
        """Return the weights of the absence and the presence of each label."""
        if class_weight is None:
            return None
        if isinstance(class_weight, dict):
            raise ValueError(
                "With an indicator matrix as y, class_weight must be 'balanced' or a list with a "
                f"dict such as {{0: 1, 1: 5}} for each of the {self.n_outputs} labels. Got the "
                f"dict {class_weight}."
            )
        if class_weight == "balanced":
            class_weight = [class_weight] * self.n_outputs
        if len(class_weight) != self.n_outputs:
            raise ValueError(
                "With an indicator matrix as y, class_weight must hold a dict for each of its "
                f"{self.n_outputs} columns. Got {len(class_weight)}."
            )
        classes = np.arange(2)
        columns = [
            weigh_classes(label_weight, classes, labels, weights)
            for label_weight, labels in zip(class_weight, y.T, strict=True)
        ]
        return torch.tensor(np.array(columns).T, dtype=torch.float32)

    def encode(self, y: np.ndarray) -> np.ndarray:
        """Return the indicators as float32, which the loss compares with logits."""
        return y.astype(np.float32)

    def check(self, y: np.ndarray, name: str) -> None:
        """Refuse another number of labels."""
        if y.ndim == 1 or y.shape[1] != self.n_outputs:
            raise ValueError(
                f"{name} must be an indicator matrix with a column for each of the "
                f"{self.n_outputs} labels. Got shape {y.shape}."
            )

    def memberships(self, y: np.ndarray) -> csr_array:
        """Return the indicator matrix."""
        return csr_array(y, dtype=np.float64)

    def strata(self, y: np.ndarray) -> None:
        """Return None: documents are not stratified."""

    def weigh(self, y: np.ndarray) -> float:
        """Return the weight of each document by its class: weights of labels are in the loss."""
        return 1.0


def _warn_of_one_hot(y: np.ndarray) -> None:
    """Warn about rows with one label each, unless there are no more rows than labels."""
    if len(y) > y.shape[1] > 1 and (y.sum(axis=1) == 1).all():
        warnings.warn(
            "Every row of y holds exactly one 1, as one-hot codes of one class do. Columns of an "
            "indicator matrix are learned as labels of their own, of which predict may give a "
            "document none or several. For one class for each document, pass y.argmax(axis=1).",
            stacklevel=2,
        )
