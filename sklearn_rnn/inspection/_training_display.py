"""The history of training as curves, one above the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sklearn_rnn.inspection._inspected_language_model import inspect_estimator
from sklearn_rnn.inspection._plotting import COLOURS, get_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# What skorch and the callbacks of the package record in each epoch, and the name of its axis.
PANELS = {
    "loss": {"train_loss": "training", "valid_loss": "validation"},
    "score": {"valid_score": "validation"},
    "gradient norm": {"grad_norm": "mean over steps"},
    "learning rate": {"lr": "at the end of the epoch"},
}


class TrainingDisplay:
    """Loss, score, gradient norm and learning rate of each epoch, as curves.

    Create it with :meth:`from_estimator`. What was not recorded has no panel: the score needs
    ``early_stopping=True``, the gradient norm needs `clip_grad_norm`. The title says how much the
    recurrent network and the wide path each contribute to the predictions.

    Parameters
    ----------
    curves : dict of str to dict of str to list of float
        For each panel, its curves by name, with a value for each epoch.

    wide_weight : float, default=0.0
        Share of the wide path in the scores. If it is 0, there is no title.

    Attributes
    ----------
    axes_ : list of matplotlib Axes
        The panels.

    ax_ : matplotlib Axes
        Axes whose space the panels share.

    figure_ : matplotlib Figure
        Figure that contains the axes.

    Examples
    --------
    >>> from sklearn_rnn import RNNTextClassifier
    >>> from sklearn_rnn.inspection import TrainingDisplay
    >>> X = ["good, not bad", "bad, not good"] * 20
    >>> y = ["praise", "complaint"] * 20
    >>> clf = RNNTextClassifier(max_epochs=5, random_state=0).fit(X, y)
    >>> display = TrainingDisplay.from_estimator(clf)
    >>> list(display.curves)
    ['loss', 'gradient norm', 'learning rate']
    >>> display.wide_weight
    0.7
    """

    def __init__(self, *, curves, wide_weight=0.0):
        self.curves = curves
        self.wide_weight = wide_weight

    @classmethod
    def from_estimator(cls, estimator, *, ax=None):
        """Draw the training of a fitted estimator.

        Parameters
        ----------
        estimator : estimator instance
            A fitted text estimator, a :class:`~sklearn.pipeline.Pipeline` that ends in one, or a
            fitted search over either, whose best estimator is used.

        ax : matplotlib Axes, default=None
            Axes to draw on; the panels share the space that they take. None creates a figure.

        Returns
        -------
        display : TrainingDisplay
            The display, drawn.
        """
        estimator = inspect_estimator(estimator).estimator
        # An epoch that was interrupted has no loss.
        rows = [row for row in estimator.history_ if "train_loss" in row]
        curves = {}
        for panel, names in PANELS.items():
            recorded = {
                label: [row[key] for row in rows]
                for key, label in names.items()
                if rows and all(row.get(key) is not None for row in rows)
            }
            if recorded:
                curves[panel] = recorded
        return cls(curves=curves, wide_weight=getattr(estimator, "wide_weight_", 0.0)).plot(ax=ax)

    def plot(self, ax=None):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; the panels share the space that they take. None creates a figure.

        Returns
        -------
        display : TrainingDisplay
            The display.
        """
        n_panels = max(len(self.curves), 1)
        ax, figure = get_axes(ax, "TrainingDisplay.plot", height=0.8 + 1.5 * n_panels)
        from matplotlib.gridspec import GridSpecFromSubplotSpec
        from matplotlib.ticker import MaxNLocator

        ax.set_axis_off()
        grid = GridSpecFromSubplotSpec(n_panels, 1, ax.get_subplotspec(), hspace=0.12)
        self.axes_: list[Axes] = []
        for i, (panel, curves) in enumerate(self.curves.items()):
            axes = figure.add_subplot(grid[i], sharex=self.axes_[0] if self.axes_ else None)
            for colour, (label, values) in zip(COLOURS, curves.items(), strict=False):
                epochs = range(1, len(values) + 1)
                axes.plot(epochs, values, color=colour, marker="o", markersize=3, label=label)
            axes.set_ylabel(panel.replace(" ", "\n"), fontsize=9)
            axes.grid(alpha=0.3)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.legend(frameon=False, fontsize=9)
            self.axes_.append(axes)
        for axes in self.axes_[:-1]:
            axes.tick_params(labelbottom=False)
        if self.axes_:
            self.axes_[-1].set_xlabel("epoch")
            figure.align_ylabels(self.axes_)
            if self.wide_weight:
                shares = [1 - self.wide_weight, self.wide_weight]
                title = "Predictions: {:.0%} recurrent network, {:.0%} wide path".format(*shares)
                self.axes_[0].set_title(title, fontsize=10)
        self.ax_, self.figure_ = ax, figure
        return self
