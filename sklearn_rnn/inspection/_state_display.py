"""States of a layer as a heat map."""

from __future__ import annotations

import numpy as np

from sklearn_rnn.inspection._heat_map import HeatMapDisplay
from sklearn_rnn.inspection._trace import trace


class StateDisplay(HeatMapDisplay):
    """Hidden or cell states of a layer while it reads a document, as a heat map.

    Create it by :meth:`from_estimator`. The parameters are kept as attributes.

    Parameters
    ----------
    values : ndarray of shape (n_tokens, n_units)
        The states.

    tokens : list of str
        The words of the document.

    quantity : str, default="hidden_state"
        Name of the values.

    layer : int, default=0
        The layer.

    direction : str, default="forward"
        The direction.

    Attributes
    ----------
    unit_order_ : ndarray of int of shape (n_units,)
        The unit of each row of the picture.

    image_ : matplotlib AxesImage
        The heat map.

    ax_ : matplotlib Axes
        Where it is drawn.

    figure_ : matplotlib Figure
        The figure.

    See Also
    --------
    trace : The numbers behind it.
    GateDisplay : Gates as a heat map.

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
            search over either, whose best estimator is taken.

        document : str, array-like of int of shape (n_tokens,), or container of one document
            The document, as for :func:`trace`.

        state : {"hidden", "cell"}, default="hidden"
            Which state; only an LSTM has a cell state.

        layer : int, default=-1
            The layer, 0 being the lowest and -1 the uppermost.

        direction : {"forward", "backward"}, default="forward"
            Which of the layer's two cells, where there are two.

        order_units : bool, default=True
            Whether similar units stand together, or units in the order of their numbers.

        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure, wide enough for the words.

        cmap : str or matplotlib Colormap, default="RdBu_r"
            The colours. Their middle is 0.

        Returns
        -------
        display : StateDisplay
            With the picture drawn.
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
            Where to draw. None makes a new figure, wide enough for the words.

        order_units : bool, default=True
            Whether similar units stand together, or units in the order of their numbers.

        cmap : str or matplotlib Colormap, default="RdBu_r"
            The colours. Their middle is 0.

        Returns
        -------
        display : StateDisplay
            Itself.
        """
        largest = float(np.abs(self.values).max()) or 1.0
        return self._draw(ax, order_units, limits=(-largest, largest), cmap=cmap)
