"""The vanishing gradient as curves over distance."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sklearn_rnn.inspection._gradient_flow import gradient_flow
from sklearn_rnn.inspection._plotting import COLOURS, get_axes


class GradientFlowDisplay:
    """Gradient of the loss at a state by its distance from the end, as curves.

    Create it with :meth:`from_estimator`.

    Parameters
    ----------
    flows : dict of str to DataFrame
        For each curve, its name and the rows of one layer and direction that :func:`gradient_flow`
        returns.

    Attributes
    ----------
    lines_ : list of matplotlib Line2D
        The curves.

    ax_ : matplotlib Axes
        Axes that they are drawn on.

    figure_ : matplotlib Figure
        Figure that contains the axes.

    See Also
    --------
    gradient_flow : The data behind the curves.

    Examples
    --------
    >>> from sklearn_rnn import RNNTextClassifier
    >>> from sklearn_rnn.inspection import GradientFlowDisplay
    >>> X = ["good, not bad", "bad, not good"] * 20
    >>> y = ["praise", "complaint"] * 20
    >>> models = {
    ...     cell: RNNTextClassifier(cell=cell, pooling="last", max_epochs=3, random_state=0)
    ...     for cell in ("rnn", "lstm")
    ... }
    >>> models = {cell: model.fit(X, y) for cell, model in models.items()}
    >>> display = GradientFlowDisplay.from_estimator(models, X, y)
    >>> [line.get_label() for line in display.lines_]
    ['rnn', 'lstm']
    """

    def __init__(self, *, flows):
        self.flows = flows

    @classmethod
    def from_estimator(
        cls, estimator, X, y, *, name=None, layer=-1, direction="forward", relative=False, ax=None
    ):
        """Draw the gradient flow of one or several fitted estimators.

        Parameters
        ----------
        estimator : estimator instance, or mapping of str to estimator instance
            A fitted classifier, a :class:`~sklearn.pipeline.Pipeline` that ends in one, or a
            fitted search over either. A mapping draws a curve for each estimator, by name.

        X : iterable of str, or {sparse matrix, array-like} of shape (n_samples, n_positions)
            Documents, as in `predict`.

        y : array-like of shape (n_samples,)
            Labels of the documents.

        name : str, default=None
            Name of the curve. None uses the name of the class. Ignored if `estimator` is a mapping,
            which has names of its own.

        layer : int, default=-1
            Number of the layer: 0 is the lowest, -1 the highest.

        direction : {"forward", "backward"}, default="forward"
            Direction of reading. "backward" needs a bidirectional network.

        relative : bool, default=False
            Whether to draw `ratio`, which is relative to distance 0, instead of `gradient_norm`.

        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a figure.

        Returns
        -------
        display : GradientFlowDisplay
            The display, drawn.
        """
        estimators = estimator
        if not isinstance(estimator, Mapping):
            estimators = {name or type(estimator).__name__: estimator}
        flows = {
            label: select_cell(gradient_flow(one, X, y), layer, direction)
            for label, one in estimators.items()
        }
        return cls(flows=flows).plot(ax=ax, relative=relative)

    def plot(self, ax=None, *, relative=False):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a figure.

        relative : bool, default=False
            Whether to draw `ratio`, which is relative to distance 0, instead of `gradient_norm`.

        Returns
        -------
        display : GradientFlowDisplay
            The display.
        """
        ax, figure = get_axes(ax, "GradientFlowDisplay.plot")
        column = "ratio" if relative else "gradient_norm"
        first = len(ax.get_lines())
        self.lines_ = []
        for i, (name, flow) in enumerate(self.flows.items(), start=first):
            # A logarithm has no place for 0.
            values = flow[column].where(flow[column] > 0, np.nan)
            self.lines_ += ax.plot(
                flow["distance"],
                values,
                color=COLOURS[i % len(COLOURS)],
                linestyle=("-", "--", ":")[i // len(COLOURS) % 3],
                label=name,
            )
        ax.set_yscale("log")
        label = "gradient norm, relative to distance 0" if relative else "norm of d loss / d state"
        ax.set(xlabel="distance from the end (tokens)", ylabel=label)
        ax.set_title("How far back the loss of the recurrent network reaches")
        ax.grid(alpha=0.3)
        ax.legend(frameon=False)
        self.ax_, self.figure_ = ax, figure
        return self


def select_cell(flow, layer, direction):
    """Return the rows of one layer and direction of what `gradient_flow` returns."""
    n_layers = flow["layer"].max() + 1
    cell = flow[(flow["layer"] == layer % n_layers) & (flow["direction"] == direction)]
    if not -n_layers <= layer < n_layers or cell.empty:
        raise ValueError(
            f"The network has {n_layers} recurrent layer(s), {flow['direction'].unique().tolist()}."
            f" Got layer={layer!r} and direction={direction!r}."
        )
    return cell.reset_index(drop=True)
