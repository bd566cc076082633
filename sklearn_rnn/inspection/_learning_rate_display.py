"""The training loss by learning rate, as a curve to choose the rate from."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from skorch.callbacks import Callback

from sklearn_rnn._training.base_model import BaseRNN
from sklearn_rnn._training.callbacks import TrainingDivergedError
from sklearn_rnn.exceptions import FitInterruptedWarning
from sklearn_rnn.inspection._plotting import COLOURS, get_axes

# A loss so many times the lowest one, and above the first one, only rises further.
_DIVERGED = 4

# What the short training leaves out: it writes, prints and stops in its own way.
_SETTINGS = {
    "lr_schedule": "constant",
    "early_stopping": False,
    "warm_start": False,
    "checkpoint": None,
    "verbose": 0,
}


class LearningRateDisplay:
    """Training loss by learning rate, over a short training in which the rate rises at each step.

    The loss falls faster the higher the rate, until steps are too large and it rises. A good `lr`
    lies well below the rate of the lowest loss: there, training already jumps about. Create it with
    :meth:`from_estimator`.

    Parameters
    ----------
    rates : ndarray of shape (n_steps,)
        The learning rate of each step, rising.

    losses : ndarray of shape (n_steps,)
        The training loss of each step's batch.

    lr : float or None, default=None
        The rate that the estimator has. None draws no line for it.

    Attributes
    ----------
    smoothed_losses_ : ndarray of shape (n_steps,)
        The losses, each averaged with its neighbours.

    suggested_lr_ : float
        A tenth of the rate at which the smoothed loss is lowest. Take it as a value to try, not as
        the result of a search.

    lines_ : list of matplotlib Line2D
        The losses of the steps, and the smoothed ones.

    ax_ : matplotlib Axes
        Axes with the curves.

    figure_ : matplotlib Figure
        Figure that contains the axes.

    See Also
    --------
    TrainingDisplay : Loss, score and rate of a finished training.

    References
    ----------
    L. N. Smith, "Cyclical learning rates for training neural networks", WACV (2017),
    https://arxiv.org/abs/1506.01186.

    Examples
    --------
    >>> from sklearn_rnn import RNNTextClassifier
    >>> from sklearn_rnn.inspection import LearningRateDisplay
    >>> X = ["good, not bad", "bad, not good"] * 20
    >>> y = ["praise", "complaint"] * 20
    >>> clf = RNNTextClassifier(hidden_size=8, random_state=0)
    >>> display = LearningRateDisplay.from_estimator(clf, X, y, max_lr=0.01, n_steps=20)
    >>> display.losses.shape
    (20,)
    >>> hasattr(clf, "net_")  # the estimator is as it was
    False
    """

    def __init__(self, *, rates, losses, lr=None):
        self.rates = rates
        self.losses = losses
        self.lr = lr

    @classmethod
    def from_estimator(
        cls, estimator, X, y=None, *, min_lr=1e-5, max_lr=1.0, n_steps=100, ax=None, **fit_params
    ):
        """Train a copy of an estimator for some steps, and draw its loss.

        The copy has the parameters of the estimator, but not your callbacks. It ends early if
        the loss diverges. The estimator, fitted or not, is left as it was.

        Parameters
        ----------
        estimator : estimator instance
            A text estimator, or a :class:`~sklearn.pipeline.Pipeline` that ends in one.

        X : iterable
            The documents, as `fit` takes them.

        y : array-like, default=None
            Their targets, as `fit` takes them. None for a language model.

        min_lr : float, default=1e-5
            The rate of the first step.

        max_lr : float, default=1.0
            The rate of the last step. In between, the rate grows by the same factor at each step.
            Parts of the network with another rate, such as the wide path, keep their ratio to
            it.

        n_steps : int, default=100
            Number of steps. The more, the smoother the curve, and the longer it takes.

        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a figure.

        **fit_params : dict
            Further arguments of `fit`, such as `sample_weight`.

        Returns
        -------
        display : LearningRateDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If it is neither an estimator of this package nor a pipeline that ends in one.
        ValueError
            If the rates do not rise, if there are fewer than two steps, or if the loss is infinite
            or NaN before the second one.
        """
        if not 0 < min_lr < max_lr:
            raise ValueError(
                f"'min_lr' must be above 0 and below 'max_lr'. Got {min_lr!r} and {max_lr!r}."
            )
        if n_steps < 2:
            raise ValueError(f"'n_steps' must be 2 or more. Got {n_steps!r}.")
        copied = clone(estimator)
        final = _text_estimator(copied)
        rising = RisingRate(np.geomspace(min_lr, max_lr, n_steps), final.lr)
        known = final.get_params(deep=False)
        settings = {name: value for name, value in _SETTINGS.items() if name in known}
        # Each epoch has one step or more.
        final.set_params(**settings, max_epochs=n_steps, callbacks=[rising])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FitInterruptedWarning)  # how it ends
            try:
                copied.fit(X, **({} if y is None else {"y": y}), **fit_params)
            except TrainingDivergedError:
                pass  # which is what the curve shows
        if len(rising.losses_) < 2:
            raise ValueError(
                f"The training loss is infinite or NaN from the start, at min_lr={min_lr!r}. Lower "
                "min_lr, and check the data and the other parameters."
            )
        losses = np.array(rising.losses_)
        return cls(rates=rising.rates[: len(losses)], losses=losses, lr=final.lr).plot(ax=ax)

    @property
    def smoothed_losses_(self):
        """The losses, each averaged with its neighbours."""
        losses = np.asarray(self.losses, np.float64)
        window = np.ones(2 * (len(losses) // 20) + 1)
        counts = np.convolve(np.ones_like(losses), window, "same")
        return np.convolve(losses, window, "same") / counts

    @property
    def suggested_lr_(self):
        """A tenth of the rate at which the smoothed loss is lowest."""
        return float(self.rates[np.argmin(self.smoothed_losses_)]) / 10

    def plot(self, ax=None):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a figure.

        Returns
        -------
        display : LearningRateDisplay
            The display.
        """
        ax, figure = get_axes(ax, "LearningRateDisplay.plot")
        smoothed = self.smoothed_losses_
        self.lines_ = [
            *ax.plot(self.rates, self.losses, color=COLOURS[0], alpha=0.3, label="each step"),
            *ax.plot(self.rates, smoothed, color=COLOURS[0], label="smoothed"),
        ]
        suggested = self.suggested_lr_
        ax.axvline(suggested, color=COLOURS[2], label=f"suggested: {suggested:.1e}")
        if self.lr is not None:
            ax.axvline(self.lr, color=COLOURS[1], linestyle="--", label=f"lr: {self.lr:.1e}")
        ax.set(xscale="log", xlabel="learning rate", ylabel="training loss")
        ax.grid(alpha=0.3)
        ax.legend(frameon=False, fontsize=9)
        self.ax_, self.figure_ = ax, figure
        return self


class RisingRate(Callback):
    """Set the rate of each step, record its loss, and end training after the last one.

    Parameters
    ----------
    rates : ndarray of shape (n_steps,)
        The rates.
    lr : float
        The rate of the estimator, which the rates of all groups of parameters come from.
    """

    def __init__(self, rates: np.ndarray, lr: float) -> None:
        self.rates = rates
        self.lr = lr

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        """Record the initial rates of the optimizer."""
        self.losses_: list[float] = []
        self.initial_ = [group["lr"] for group in net.optimizer_.param_groups]

    def on_batch_begin(self, net: Any, training: bool = False, **kwargs: Any) -> None:
        """Set the rates of the coming step."""
        factor = self.rates[len(self.losses_)] / self.lr
        for group, initial in zip(net.optimizer_.param_groups, self.initial_, strict=True):
            group["lr"] = initial * factor

    def on_batch_end(self, net: Any, training: bool = False, **kwargs: Any) -> None:
        """Record the loss, and interrupt the training if this was the last step."""
        loss = float(kwargs["loss"])
        if np.isfinite(loss):
            self.losses_.append(loss)
        is_last = len(self.losses_) == len(self.rates)
        highest = max(_DIVERGED * min(self.losses_), self.losses_[0]) if self.losses_ else loss
        if is_last or not loss <= highest:
            raise KeyboardInterrupt


def _text_estimator(estimator: Any) -> Any:
    """Return the text estimator itself, which may be the last step of a pipeline."""
    final = estimator
    while isinstance(final, Pipeline) and final.steps:
        final = final.steps[-1][1]
    if not isinstance(final, BaseRNN):
        raise TypeError(
            "'estimator' must be a text estimator of sklearn_rnn, or a Pipeline that ends in one. "
            f"Got {type(final).__name__}."
        )
    return final
