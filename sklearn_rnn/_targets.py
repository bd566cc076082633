"""What a network learns to give: from `y` to targets, the loss for them, and class weights.

A target is made from the `y` of a first training, or from that of a later one and what the first
one left `known`.
"""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np
import torch
from scipy.sparse import issparse
from sklearn.utils import check_array
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from sklearn_rnn._losses import BinaryCrossEntropy, NumberLoss
from sklearn_rnn._text_input import as_labels

NUMBER_LOSSES = ("squared_error", "absolute_error", "huber", "quantile", "poisson")

# What targets learn of `y`, as attributes of the estimator.
_LEARNED = ("classes_", "multilabel_", "y_offset_", "y_scale_", "out_activation_")


def known_of_target(estimator: Any) -> dict:
    """Return what an estimator has learned of `y`, as `learned` of its target was."""
    return {name: value for name, value in vars(estimator).items() if name in _LEARNED}


def check_labels(y: Any, estimator: Any) -> np.ndarray:
    """Return labels as they are: one for each document, or an indicator matrix of many.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or {array-like, sparse matrix} of (n_samples, n_labels)
        What a user passed to an estimator.
    estimator : estimator instance
        Who asks, for the messages.

    Returns
    -------
    ndarray of shape (n_samples,), or of uint8 of shape (n_samples, n_labels)

    Examples
    --------
    >>> from sklearn_rnn._targets import check_labels
    >>> check_labels([[1, 0, 1], [0, 0, 1]], "RNNTextClassifier")
    array([[1, 0, 1],
           [0, 0, 1]], dtype=uint8)
    """
    _check_given(y, estimator)
    if not _is_table(y):
        y = as_labels(y)
        check_classification_targets(y)
        return y
    name = estimator if isinstance(estimator, str) else type(estimator).__name__
    kind = type_of_target(y, input_name="y")
    if kind == "multiclass-multioutput":
        raise ValueError(
            f"{name} takes one label for each document, or an indicator matrix of 0 and 1 with a "
            "column for each label. Got multiclass-multioutput targets, columns of more values: "
            "sklearn.multioutput.MultiOutputClassifier fits one classifier for each column."
        )
    check_classification_targets(y)
    y = y.toarray() if issparse(y) else np.asarray(y)
    if not np.isin(y, (0, 1)).all():
        raise ValueError(
            "An indicator matrix of labels must hold 0 and 1 alone. "
            f"Got {np.unique(y).tolist()} in y; MultiLabelBinarizer makes one from lists of labels."
        )
    return y.astype(np.uint8)


def check_numbers(y: Any, estimator: Any) -> np.ndarray:
    """Return numbers as float64, in one dimension or in columns, as they came.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        What a user passed to an estimator.
    estimator : estimator instance
        Who asks, for the messages.
    """
    _check_given(y, estimator)
    return check_array(y, ensure_2d=False, dtype=np.float64, input_name="y", estimator=estimator)


def _check_given(y: Any, estimator: Any) -> None:
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but the target y "
            "is None."
        )


def _is_table(y: Any) -> bool:
    """Tell columns from one label for each document; a single column counts as the latter."""
    if isinstance(y, (list, tuple)):
        return len(y) > 0 and isinstance(y[0], (list, tuple, np.ndarray)) and len(y[0]) != 1
    shape = getattr(y, "shape", ())
    return len(shape) > 1 and (issparse(y) or shape[1] != 1)


class LabelTarget:
    """What targets of labels have in common: how the wide path learns them."""

    def wide_lr(self, lr: float) -> float:
        """Return the rate of the wide path, which is convex and takes a far larger one."""
        return 2000 * lr

    def wide_norm(self, norm: float) -> float:
        """Return the largest norm of its gradients: those of a cross-entropy are bounded."""
        return inf


class ClassTarget(LabelTarget):
    """One of some classes for each document.

    Parameters
    ----------
    y : ndarray of shape (n_documents,)
        The labels, as `check_labels` returns them.
    weights : ndarray of float64 of shape (n_documents,)
        Their weights, by which "balanced" counts them.
    estimator : estimator instance
        Whose `class_weight` and `label_smoothing` hold.
    classes : ndarray of shape (n_classes,), default=None
        The classes, sorted. None stands for those in `y`.
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
                "class_weight must be a dict, 'balanced' or None where each document has one "
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
        """Refuse labels that are no classes."""
        if y.ndim > 1:
            raise ValueError(f"{name} must hold one label for each document. Got several.")
        classes = self.classes.tolist()
        unseen = set(y.tolist()).difference(classes)
        if unseen:
            raise ValueError(
                f"{name} contains labels that are no classes: {sorted(unseen, key=str)}. "
                f"The classes are {classes}."
            )

    def strata(self, y: np.ndarray) -> np.ndarray:
        """Return by what documents are split evenly."""
        return self.encode(y)

    def weigh(self, y: np.ndarray) -> np.ndarray:
        """Return the weight of each document by its class."""
        return self.class_weight[self.encode(y)]


class IndicatorTarget(LabelTarget):
    """Some of many labels for each document: a column of 0 and 1 for each label.

    Parameters
    ----------
    y : ndarray of uint8 of shape (n_documents, n_labels)
        The indicator matrix, as `check_labels` returns it.
    weights : ndarray of float64 of shape (n_documents,)
        Weights of the documents, by which "balanced" counts them.
    estimator : estimator instance
        Whose `class_weight` and `label_smoothing` hold.
    classes : ndarray of shape (n_labels,), default=None
        The numbers of the columns. None stands for those of `y`.
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
        self.learned = {"classes_": np.arange(self.n_outputs), "multilabel_": True}
        self.criterion = {
            "criterion": BinaryCrossEntropy,
            "criterion__label_smoothing": estimator.label_smoothing,
            "criterion__class_weight": self._weigh_labels(y, weights, estimator.class_weight),
        }

    def _weigh_labels(self, y, weights, class_weight):
        """Return the weights of each label where it does not hold and where it does."""
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

    def strata(self, y: np.ndarray) -> None:
        """Return by what documents are split evenly: nothing."""

    def weigh(self, y: np.ndarray) -> float:
        """Return the weight of each document by its class: weights of labels are in the loss."""
        return 1.0


def make_label_target(
    y: np.ndarray, weights: np.ndarray, estimator: Any, known: dict
) -> ClassTarget | IndicatorTarget:
    """Return the target for labels, of one kind or the other.

    Parameters
    ----------
    y : ndarray of shape (n_documents,) or (n_documents, n_labels)
        The labels, as `check_labels` returns them.
    weights : ndarray of float64 of shape (n_documents,)
        Their weights.
    estimator : estimator instance
        Whose `class_weight` and `label_smoothing` hold.
    known : dict
        The classes, from before, or nothing.
    """
    make = IndicatorTarget if known.get("multilabel_", y.ndim > 1) else ClassTarget
    return make(y, weights, estimator, known.get("classes_"))


class NumberTarget:
    """One or more real numbers for each document, in units in which the network learns well.

    The network learns ``(y - y_offset) / y_scale``. The offset is what would be the best constant
    prediction, and the scale the spread around it: mean and standard deviation for
    "squared_error"; the median, or the quantile, and the mean absolute deviation from it for the
    losses that outliers move less. For "poisson" `y` is divided by its mean, and the network's
    output is the logarithm.

    Parameters
    ----------
    y : ndarray of float64 of shape (n_documents,) or (n_documents, n_outputs)
        The numbers, as `check_numbers` returns them.
    weights : ndarray of float64 of shape (n_documents,)
        Weights of the documents.
    loss : str
        One of `NUMBER_LOSSES`.
    quantile : float, default=0.5
        For "quantile".
    epsilon : float, default=1.0
        For "huber".
    known : dict, default=None
        The offset and scale of a training before, to go on in its units.
    """

    def __init__(
        self,
        y: np.ndarray,
        weights: np.ndarray,
        loss: str,
        *,
        quantile: float = 0.5,
        epsilon: float = 1.0,
        known: dict | None = None,
    ) -> None:
        self.loss = loss
        self.shape = known["y_offset_"].shape if known else y.shape[1:]
        self.n_outputs = int(np.prod(self.shape))
        self.check(y, "y")
        activation = "exp" if loss == "poisson" else "identity"
        if known and known["out_activation_"] != activation:
            raise ValueError(
                f"loss={loss!r} cannot go on from a network whose outputs are to be turned into "
                f"numbers by {known['out_activation_']!r}: with 'poisson', and with it alone, they "
                "are logarithms. Set loss back, or begin anew by fit with warm_start=False."
            )
        if known:
            self.offset, self.scale = known["y_offset_"], known["y_scale_"]
        else:
            self.offset, self.scale = self._find_unit(y, weights, quantile)
        self.learned = {
            "y_offset_": self.offset,
            "y_scale_": self.scale,
            "out_activation_": activation,
        }
        self.criterion = {
            "criterion": NumberLoss,
            "criterion__loss": loss,
            "criterion__quantile": quantile,
            "criterion__epsilon": epsilon,
        }

    def _find_unit(self, y, weights, quantile):
        """Return offset and scale."""
        columns = y.reshape(len(y), -1)
        if self.loss == "poisson":
            offset = np.zeros(self.n_outputs)
            scale = np.average(columns, axis=0, weights=weights)
            if not scale.all():
                raise ValueError("loss='poisson' requires y with a mean above 0 in every column.")
        elif self.loss == "squared_error":
            offset = np.average(columns, axis=0, weights=weights)
            scale = np.sqrt(np.average((columns - offset) ** 2, axis=0, weights=weights))
        else:
            share = quantile if self.loss == "quantile" else 0.5
            offset = np.array([weighted_quantile(column, weights, share) for column in columns.T])
            scale = np.average(np.abs(columns - offset), axis=0, weights=weights)
        # A constant column is learned as it is.
        scale[scale == 0] = 1.0
        return offset.reshape(self.shape), scale.reshape(self.shape)

    def wide_lr(self, lr: float) -> float:
        """Return the rate of the wide path, bounded: on a squared error, descent can diverge.

        It does above twice the inverse of the mean product of two documents' features, which is 9
        for equal documents, and about 1 for texts with a tenth of their words in common.
        """
        return min(400 * lr, 0.8)

    def wide_norm(self, norm: float) -> float:
        """Return the largest norm of its gradients: what bounds them where descent diverges."""
        return norm * np.sqrt(self.n_outputs)

    def encode(self, y: np.ndarray) -> np.ndarray:
        """Return the numbers in the units of the network, in columns."""
        targets = ((y - self.offset) / self.scale).astype(np.float32)
        return targets.reshape(len(y), self.n_outputs)

    def check(self, y: np.ndarray, name: str) -> None:
        """Refuse another number of columns, and negative numbers for "poisson"."""
        if y.shape[1:] != self.shape:
            raise ValueError(
                f"{name} must have the columns of the y that was learned first, rows of shape "
                f"{self.shape}. Got {name} of shape {y.shape}."
            )
        if self.loss == "poisson" and (y < 0).any():
            raise ValueError(f"loss='poisson' requires {name} that is not negative. Got {y.min()}.")

    def strata(self, y: np.ndarray) -> None:
        """Return by what documents are split evenly: nothing."""

    def weigh(self, y: np.ndarray) -> float:
        """Return the weight of each document by its class: there is none."""
        return 1.0


def check_learned_classes(classes: np.ndarray, multilabel: bool, n_outputs: int) -> None:
    """Refuse classes that are none, or not those of a network of so many outputs.

    Parameters
    ----------
    classes : ndarray
        What should be `classes_`.
    multilabel : bool
        Whether a document may have any number of labels.
    n_outputs : int
        Outputs of the network.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._targets import check_learned_classes
    >>> check_learned_classes(np.array(["a", "b"]), multilabel=False, n_outputs=3)
    Traceback (most recent call last):
        ...
    ValueError: the classes do not fit the outputs of the network
    """
    expected = np.arange(n_outputs) if multilabel else np.unique(classes)
    too_few = not multilabel and n_outputs < 2
    if too_few or len(classes) != n_outputs or not np.array_equal(classes, expected):
        raise ValueError("the classes do not fit the outputs of the network")


def check_learned_units(offset: np.ndarray, scale: np.ndarray, n_outputs: int) -> None:
    """Refuse an offset and a scale that are none, or not those of a network of so many outputs.

    Parameters
    ----------
    offset, scale : ndarray
        What should be `y_offset_` and `y_scale_`, of shape () or (n_outputs,).
    n_outputs : int
        Outputs of the network.
    """
    for values in (offset, scale):
        fits = values.shape in ((), (n_outputs,)) and values.size == n_outputs
        if values.dtype != np.float64 or not fits or not np.isfinite(values).all():
            raise ValueError("the offset or the scale does not fit the outputs of the network")
    if offset.shape != scale.shape:
        raise ValueError("the offset and the scale do not fit each other")


def weigh_classes(
    class_weight: dict | str | None, classes: np.ndarray, codes: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Return the weight of each class in the loss.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
        What the user asked for. "balanced" counts a document as often as its weight says.
    classes : ndarray of shape (n_classes,)
        The classes.
    codes : ndarray of int of shape (n_documents,)
        The place of each document's class.
    weights : ndarray of float64 of shape (n_documents,)
        Weights of the documents.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._targets import weigh_classes
    >>> weigh_classes("balanced", np.array(["a", "b"]), np.array([0, 0, 0, 1]), np.ones(4))
    array([0.66666667, 2.        ])
    """
    if isinstance(class_weight, str):
        counts = np.bincount(codes, weights, minlength=len(classes))
        present = counts > 0
        shares = np.divide(1, counts, out=np.zeros(len(classes)), where=present)
        return counts.sum() / max(present.sum(), 1) * shares
    result = compute_class_weight(class_weight, classes=classes, y=classes[codes])
    if not np.all((result >= 0) & np.isfinite(result)):
        raise ValueError(
            f"The weights in class_weight must be finite and not negative. Got {class_weight}."
        )
    return result


def weighted_quantile(values: np.ndarray, weights: np.ndarray, share: float) -> float:
    """Return a quantile, each value counted as often as its weight says.

    Where the sum of weights falls on it exactly, the mean of the two values beside.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._targets import weighted_quantile
    >>> weighted_quantile(np.array([3.0, 1.0, 8.0]), np.array([1.0, 2.0, 2.0]), 0.5)
    3.0
    """
    order = np.argsort(values, kind="stable")
    order = order[weights[order] > 0]
    cumulated = np.cumsum(weights[order])
    wanted = share * cumulated[-1]
    below = np.searchsorted(cumulated, wanted, side="left")
    above = np.searchsorted(cumulated, wanted, side="right")
    last = len(order) - 1
    return float(values[order[min(below, last)]] + values[order[min(above, last)]]) / 2
