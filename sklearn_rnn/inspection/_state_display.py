"""States of a layer as a heat map."""

from __future__ import annotations

import numpy as np

from sklearn_rnn.inspection._heat_map import HeatMapDisplay
from sklearn_rnn.inspection._trace import trace


class StateDisplay(HeatMapDisplay):
    """Hidden or cell states of a layer while it reads a document, as a heat map.

    Create it with :meth:`from_estimator`. The parameters are stored as attributes.

    Parameters
    ----------
    values : ndarray of shape (n_tokens, n_units)
        The states.

    tokens : list of str
        Words of the document.

    quantity : str, default="hidden_state"
        What the values are.

    layer : int, default=0
        Number of the layer.

    direction : str, default="forward"
        Direction of reading.

    Attributes
    ----------
    unit_order_ : ndarray of int of shape (n_units,)
        Number of the unit in each row of the heat map.

    image_ : matplotlib AxesImage
        The heat map.

    ax_ : matplotlib Axes
        Axes that it is drawn on.

    figure_ : matplotlib Figure
        Figure that contains the axes.

    See Also
    --------
    trace : The data behind the heat map.
    GateDisplay : Draw gates as a heat map.

    Examples
    --------
    >>> from sklearn_rnn import RNNTextClassifier
    >>> from sklearn_rnn.inspection import StateDisplay
    >>> X = ["good, not bad", "bad, not good"] * 20
    >>> y = ["praise", "complaint"] * 20
    >>> clf = RNNTextClassifier(max_epochs=5, random_state=0).fit(X, y)
    >>> display = StateDisplay.from_estimator(clf, "good, not bad")
    >>> display.ax_.get_title()
    'Hidden state, layer 0, forward'
    """

    def __init__(self, *, values, tokens, quantity="hidden_state", layer=0, direction="forward"):
        super().__init__(
            values=values, tokens=tokens, quantity=quantity, layer=layer, direction=direction
        )

    @classmethod
    def from_estimator(
        cls,
        estimator,
        document,
        *,
        state="hidden",
        layer=-1,
        direction="forward",
        order_units=True,
        ax=None,
        cmap="RdBu_r",
    ):
        """Draw the states of a fitted estimator on a document.

        Parameters
        ----------
        estimator : estimator instance
            A fitted text estimator, a :class:`~sklearn.pipeline.Pipeline` that ends in one, or a
            fitted search over either, whose best estimator is used.

        document : str, array-like of int of shape (n_tokens,), or container of one document
            The document, as in :func:`trace`.

        state : {"hidden", "cell"}, default="hidden"
            The state to draw. Cells without a memory of their own, such as the GRU, have no cell
            state.

        layer : int, default=-1
            Number of the layer: 0 is the lowest, -1 the highest.

        direction : {"forward", "backward"}, default="forward"
            Direction of reading. "backward" needs a bidirectional network.

        order_units : bool, default=True
            Whether to place similar units next to each other. Otherwise units are in the order of
            their numbers.

        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a figure that is wide enough for the words.

        cmap : str or matplotlib Colormap, default="RdBu_r"
            Colour map. Its middle is 0.

        Returns
        -------
        display : StateDisplay
            The display, drawn.
        """
        if state not in ("hidden", "cell"):
            raise ValueError(
                f"The 'state' parameter must be 'hidden' or 'cell'. Got {state!r} instead."
            )
        quantity = f"{state}_state"
        traced = trace(estimator, document, n_readings=1)
        display = cls(
            values=traced.get(quantity, layer=layer, direction=direction),
            tokens=traced.tokens,
            quantity=quantity,
            layer=layer % traced.n_layers,
            direction=direction,
        )
        return display.plot(ax=ax, order_units=order_units, cmap=cmap)

    def plot(self, ax=None, *, order_units=True, cmap="RdBu_r"):
        """Draw the heat map.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a figure that is wide enough for the words.

        order_units : bool, default=True
            Whether to place similar units next to each other. Otherwise units are in the order of
            their numbers.

        cmap : str or matplotlib Colormap, default="RdBu_r"
            Colour map. Its middle is 0.

        Returns
        -------
        display : StateDisplay
            The display.
        """
        largest = float(np.abs(self.values).max()) or 1.0
        return self._draw(ax, order_units, limits=(-largest, largest), cmap=cmap)
