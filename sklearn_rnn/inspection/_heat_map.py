"""What heat maps of states and gates have in common: units by tokens."""

from __future__ import annotations

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage

from sklearn_rnn.inspection._plotting import get_axes, label_words, width_for


class HeatMapDisplay:
    """Units by tokens, similar units next to each other."""

    def __init__(self, *, values, tokens, quantity, layer=0, direction="forward"):
        self.values = values
        self.tokens = tokens
        self.quantity = quantity
        self.layer = layer
        self.direction = direction

    def _draw(self, ax, order_units, *, limits, **image_params):
        width, n_units = width_for(len(self.tokens)), self.values.shape[1]
        height = float(np.clip(1.8 + 0.06 * n_units, 3.5, 8))
        ax, figure = get_axes(ax, f"{type(self).__name__}.plot", width=width, height=height)
        self.unit_order_ = order_by_similarity(self.values) if order_units else np.arange(n_units)
        low, high = limits
        image = ax.imshow(
            self.values[:, self.unit_order_].T,
            aspect="auto",
            interpolation="nearest",
            **{"vmin": low, "vmax": high, **image_params},
        )
        name = self.quantity.replace("_", " ")
        figure.colorbar(image, ax=ax, label=name, pad=0.02)
        ax.set_title(f"{name.capitalize()}, layer {self.layer}, {self.direction}")
        ax.set_ylabel("unit, similar ones together" if order_units else "unit")
        if order_units:
            # The rows are not numbers of units any more; `unit_order_` tells which they are.
            ax.set_yticks([])
        label_words(ax, self.tokens)
        self.image_, self.ax_, self.figure_ = image, ax, figure
        return self


def order_by_similarity(values: np.ndarray) -> np.ndarray:
    """Return the columns in an order that puts similar ones next to each other.

    Parameters
    ----------
    values : ndarray of shape (n_tokens, n_units)
        The values.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn.inspection._heat_map import order_by_similarity
    >>> order_by_similarity(np.array([[0.0, 9, 1, 8]])).tolist()
    [0, 2, 3, 1]
    """
    if values.shape[1] < 2:
        return np.arange(values.shape[1])
    return leaves_list(linkage(values.T, method="average", optimal_ordering=True))
