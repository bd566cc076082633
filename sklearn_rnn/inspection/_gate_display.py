"""A gate of a layer as a heat map."""

from __future__ import annotations

from sklearn_rnn.inspection._heat_map import HeatMapDisplay
from sklearn_rnn.inspection._trace import trace


class GateDisplay(HeatMapDisplay):
    """A gate of a layer while it reads a document, as a heat map.

    Create it by :meth:`from_estimator`. The parameters are kept as attributes.

    Parameters
    ----------
    values : ndarray of shape (n_tokens, n_units)
        How far the gate is open, from 0 to 1.

    tokens : list of str
        The words of the document.

    quantity : str, default="forget_gate"
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
    StateDisplay : States as a heat map.

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
            search over either, whose best estimator is taken.

        document : str, array-like of int of shape (n_tokens,), or container of one document
            The document, as for :func:`trace`.

        gate : str, default="auto"
            Which gate of the cell, such as "input", "forget", "output", "reset" or "update". "auto"
            is the one that decides what becomes of the old state: the forget gate, or the update
            gate of a GRU. Open, it keeps the state, but for the MGU's, which replaces it.

        layer : int, default=-1
            The layer, 0 being the lowest and -1 the uppermost.

        direction : {"forward", "backward"}, default="forward"
            Which of the layer's two cells, where there are two.

        order_units : bool, default=True
            Whether similar units stand together, or units in the order of their numbers.

        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure, wide enough for the words.

        cmap : str or matplotlib Colormap, default="viridis"
            The colours, from 0, closed, to 1, open.

        Returns
        -------
        display : GateDisplay
            With the picture drawn.
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
            Where to draw. None makes a new figure, wide enough for the words.

        order_units : bool, default=True
            Whether similar units stand together, or units in the order of their numbers.

        cmap : str or matplotlib Colormap, default="viridis"
            The colours, from 0, closed, to 1, open.

        Returns
        -------
        display : GateDisplay
            Itself.
        """
        return self._draw(ax, order_units, limits=(0, 1), cmap=cmap)
