"""Targets of numbers: their loss, and the units in which a network learns them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from sklearn.utils import check_array

from sklearn_rnn._sklearn_compat import StrOptions
from sklearn_rnn._targets.base import Target, check_given
from sklearn_rnn._targets.losses import NumberLoss

# Below are the numbers that float64 holds with fewer digits.
_SMALLEST = np.finfo(np.float64).tiny
NUMBER_LOSSES = ("squared_error", "absolute_error", "huber", "quantile", "poisson")


class NumberTarget(Target):
    """One or more real numbers for each document, in units that suit the network.

    The network learns ``(y - y_offset) / y_scale``. The offset is the best constant prediction, and
    the scale the spread around it: mean and standard deviation for "squared_error"; the median, or
    the quantile, and the mean absolute deviation from it for the losses that are less sensitive to
    outliers. For "poisson" `y` is divided by its mean, and the network's output is the logarithm.

    Parameters
    ----------
    y : ndarray of float64 of shape (n_documents,) or (n_documents, n_outputs)
        The numbers, as `read` returns them.
    weights : ndarray of float64 of shape (n_documents,)
        Weights of the documents.
    loss : str
        One of `NUMBER_LOSSES`.
    quantile : float, default=0.5
        For "quantile".
    epsilon : float, default=1.0
        For "huber".
    known : dict, default=None
        The offset and scale of an earlier training, to continue in its units.
    """

    learned_constraints: ClassVar = {
        "y_offset_": [np.ndarray],
        "y_scale_": [np.ndarray],
        "out_activation_": [StrOptions({"identity", "exp"})],
    }

    @classmethod
    def read(cls, y: Any, estimator: Any) -> np.ndarray:
        """Return numbers as float64, in one dimension or in columns, as they were passed."""
        check_given(y, estimator)
        try:
            return check_array(
                y, ensure_2d=False, dtype=np.float64, input_name="y", estimator=estimator
            )
        except ValueError as error:
            if "could not convert string" not in str(error):
                raise
            raise ValueError(
                f"y must hold numbers: {error}. RNNTextClassifier learns labels."
            ) from None

    @classmethod
    def make(cls, y: np.ndarray, weights: np.ndarray, estimator: Any, known: dict) -> Target:
        """Return the target for the loss of a regressor, or the squared error of an encoder."""
        loss = "squared_error" if estimator.loss == "auto" else estimator.loss
        names = ("quantile", "epsilon")
        options = {name: getattr(estimator, name) for name in names if hasattr(estimator, name)}
        return cls(y, weights, loss, known=known, **options)

    @classmethod
    def check_classes(cls, classes: Any, y: np.ndarray, known: dict, estimator: Any) -> dict:
        """Refuse classes: numbers have none."""
        if classes is not None:
            raise ValueError(
                f"classes must be None if y holds numbers. Got {classes!r}. "
                "With labels, set loss='log_loss'."
            )
        return known

    @classmethod
    def check_learned(cls, learned: Mapping[str, Any], n_outputs: int) -> None:
        """Refuse an offset and a scale that do not fit a network of this many outputs."""
        offset, scale = learned["y_offset_"], learned["y_scale_"]
        for values in (offset, scale):
            fits = values.shape in ((), (n_outputs,)) and values.size == n_outputs
            if values.dtype != np.float64 or not fits or not np.isfinite(values).all():
                raise ValueError("the offset or the scale does not fit the outputs of the network")
        if offset.shape != scale.shape:
            raise ValueError("the offset and the scale have different shapes")

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
                f"loss={loss!r} cannot continue from a network whose outputs are turned into "
                f"numbers by {known['out_activation_']!r}: they are logarithms only with "
                "loss='poisson'. Set loss back, or start over by fit with warm_start=False."
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
            scale = _standard_deviation(columns - offset, weights)
        else:
            share = quantile if self.loss == "quantile" else 0.5
            offset = np.array([weighted_quantile(column, weights, share) for column in columns.T])
            scale = np.average(np.abs(columns - offset), axis=0, weights=weights)
        # A constant column is learned as it is.
        scale[scale == 0] = 1.0
        if not (
            np.isfinite(offset).all() and (_SMALLEST <= scale).all() and (scale < np.inf).all()
        ):
            raise ValueError(
                "y must hold numbers whose mean and spread are in the range of float64, "
                f"{_SMALLEST:.0e} to 1e+308. Got y between {y.min()} and {y.max()}. Give it in "
                "another unit."
            )
        return offset.reshape(self.shape), scale.reshape(self.shape)

    def wide_lr(self, lr: float) -> float:
        """Return the rate of the wide path, bounded: on a squared error, descent can diverge.

        It diverges above twice the inverse of the mean product of two documents' features, which is
        9 for equal documents, and about 1 for texts with a tenth of their words in common.
        """
        return min(400 * lr, 0.8)

    def wide_norm(self, norm: float) -> float:
        """Return the largest norm of its gradients, in case descent diverges."""
        return norm * np.sqrt(self.n_outputs)

    def encode(self, y: np.ndarray) -> np.ndarray:
        """Return the numbers in the units of the network, in columns."""
        with np.errstate(over="ignore"):
            targets = ((y - self.offset) / self.scale).astype(np.float32)
        if not np.isfinite(targets).all():
            raise ValueError(
                "y must be near the numbers learned first: those between "
                f"{y.min()} and {y.max()} are too far from the offset {self.offset} to be "
                f"learned by the scale {self.scale}. Give numbers in the same unit, or call fit "
                "again."
            )
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


def _standard_deviation(deviations: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the root mean square of each column, even if the squares overflow float64."""
    unit = np.abs(deviations).max(axis=0)
    # Other columns keep the very digits of the plain formula.
    unit[((unit > 1e-140) & (unit < 1e140)) | (unit == 0)] = 1.0
    return unit * np.sqrt(np.average((deviations / unit) ** 2, axis=0, weights=weights))


def weighted_quantile(values: np.ndarray, weights: np.ndarray, share: float) -> float:
    """Return a weighted quantile.

    If the sum of weights meets it exactly, it is the mean of the two neighbouring values.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._targets.numbers import weighted_quantile
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
