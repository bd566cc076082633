"""A gate of a layer as a heat map."""

from __future__ import annotations

from sklearn_rnn.inspection._heat_map import HeatMapDisplay
from sklearn_rnn.inspection._trace import trace


class GateDisplay(HeatMapDisplay):
    """A gate of a layer while it reads a document, as a heat map.

    Create it with :meth:`from_estimator`. The parameters are stored as attributes.

    Parameters
    ----------
    values : ndarray of shape (n_tokens, n_units)
        Values of the gate, from 0 (closed) to 1 (open).

    tokens : list of str
        Words of the document.

    quantity : str, default="forget_gate"
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
    StateDisplay : Draw states as a heat map.

    Examples
    --------
    >>> from sklearn_rnn import RNNTextClassifier
    >>> from sklearn_rnn.inspection import GateDisplay
    >>> X = ["good, not bad", "bad, not good"] * 20
    >>> y = ["praise", "complaint"] * 20
    >>> clf = RNNTextClassifier(cell="gru", max_epochs=5, random_state=0).fit(X, y)
    >>> display = GateDisplay.from_estimator(clf, "good, not bad", gate="reset")
    >>> display.ax_.get_title()
    'Reset gate, layer 0, forward'
    """

    def __init__(self, *, values, tokens, quantity="forget_gate", layer=0, direction="forward"):
        super().__init__(
            values=values, tokens=tokens, quantity=quantity, layer=layer, direction=direction
        )

    @classmethod
    def from_estimator(
        cls,
        estimator,
        document,
        *,
        gate="auto",
        layer=-1,
        direction="forward",
        order_units=True,
        ax=None,
        cmap="viridis",
    ):
        """Draw a gate of a fitted estimator on a document.

        Parameters
        ----------
        estimator : estimator instance
            A fitted text estimator, a :class:`~sklearn.pipeline.Pipeline` that ends in one, or a
            fitted search over either, whose best estimator is used.

        document : str, array-like of int of shape (n_tokens,), or container of one document
            The document, as in :func:`trace`.

        gate : str, default="auto"
            The gate to draw, such as "input", "forget", "output", "reset" or "update". "auto" is
            the gate that decides whether the old state is kept: the forget gate or, in a GRU, the
            update gate. An open gate keeps the state, except in an MGU, where it replaces the
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

        cmap : str or matplotlib Colormap, default="viridis"
            Colour map, from 0 (closed) to 1 (open).

        Returns
        -------
        display : GateDisplay
            The display, drawn.
        """
        traced = trace(estimator, document, n_readings=1)
        quantities = (name for name in traced.quantities if name.endswith("_gate"))
        available = [name.removesuffix("_gate") for name in quantities]
        if not available:
            raise ValueError(
                "GateDisplay needs a cell with known gates, such as cell='lstm' or cell='gru'. "
                "This network has none; StateDisplay shows its states."
            )
        if gate == "auto":
            gate = next((name for name in ("forget", "update") if name in available), available[0])
        if gate not in available:
            raise ValueError(
                f"The 'gate' parameter must be 'auto' or one of {available} for this network. "
                f"Got {gate!r} instead."
            )
        display = cls(
            values=traced.get(f"{gate}_gate", layer=layer, direction=direction),
            tokens=traced.tokens,
            quantity=f"{gate}_gate",
            layer=layer % traced.n_layers,
            direction=direction,
        )
        return display.plot(ax=ax, order_units=order_units, cmap=cmap)

    def plot(self, ax=None, *, order_units=True, cmap="viridis"):
        """Draw the heat map.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a figure that is wide enough for the words.

        order_units : bool, default=True
            Whether to place similar units next to each other. Otherwise units are in the order of
            their numbers.

        cmap : str or matplotlib Colormap, default="viridis"
            Colour map, from 0 (closed) to 1 (open).

        Returns
        -------
        display : GateDisplay
            The display.
        """
        return self._draw(ax, order_units, limits=(0, 1), cmap=cmap)
