"""The attention of a translator as a map of source by target."""

from __future__ import annotations

import numpy as np

from sklearn_rnn.inspection._alignment import read_alignment
from sklearn_rnn.inspection._plotting import (
    COLOURS,
    get_axes,
    label_rows,
    label_words,
    width_for,
)


class AlignmentDisplay:
    """Attention that each token of a target pays to each token of its source, as a map.

    Rows are the tokens of the target from top to bottom, as they are written, and columns the
    tokens of the source. The bars above are the coverage: how much attention a token of the source
    gets from the whole target. Create it with :meth:`from_estimator`. The parameters are stored as
    attributes.

    Parameters
    ----------
    weights : ndarray of shape (n_target_tokens, n_source_tokens)
        Attention. Each row sums to 1.

    source_tokens : list of str
        Tokens of the source, or the numbers of its regions.

    target_tokens : list of str
        Tokens of the target.

    source_name : str, default="source token"
        What the columns are.

    Attributes
    ----------
    coverage : ndarray of shape (n_source_tokens,)
        The sum of `weights` over the target.

    image_ : matplotlib AxesImage
        The map.

    bars_ : matplotlib BarContainer
        The coverage.

    ax_ : matplotlib Axes
        Axes of the map.

    coverage_ax_ : matplotlib Axes
        Axes of the coverage.

    figure_ : matplotlib Figure
        Figure that contains the axes.

    See Also
    --------
    sklearn_rnn.RNNTranslator.attention_weights : The attention of many pairs.
    AttentionDisplay : The attention of a pooling, which looks at a document once.

    Notes
    -----
    Attention shows which states of the source the decoder read, not why it wrote a token. The
    states of a bidirectional encoder also reflect neighbouring tokens.

    Examples
    --------
    >>> from sklearn_rnn import RNNTranslator
    >>> from sklearn_rnn.inspection import AlignmentDisplay
    >>> X, y = ["a b", "b a", "a a", "b b"] * 5, ["x y", "y x", "x x", "y y"] * 5
    >>> model = RNNTranslator(hidden_size=8, max_epochs=2, random_state=0).fit(X, y)
    >>> display = AlignmentDisplay.from_estimator(model, "a b", "x y")
    >>> display.weights.shape
    (2, 2)
    >>> float(display.coverage.sum().round(3))
    2.0
    """

    def __init__(self, *, weights, source_tokens, target_tokens, source_name="source token"):
        self.weights = weights
        self.source_tokens = source_tokens
        self.target_tokens = target_tokens
        self.source_name = source_name

    @classmethod
    def from_estimator(cls, estimator, document, target=None, *, ax=None):
        """Draw how a fitted translator reads a source.

        Parameters
        ----------
        estimator : estimator instance
            A fitted :class:`~sklearn_rnn.RNNTranslator`, a :class:`~sklearn.pipeline.Pipeline` that
            ends in one, or a fitted search over either, whose best estimator is used.

        document : str, array-like, or container of one document
            The source: a text, an ndarray of regions of shape (n_regions, n_features), token ids,
            or a container of one of these or of one list of tokens.

        target : str or list of str, default=None
            The target: a text, or a list of tokens if those of `fit` were. None takes what
            `predict` writes.

        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a figure that is large enough for the tokens.

        Returns
        -------
        display : AlignmentDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If `estimator` is not a translator, or `document` not a source.
        ValueError
            If there is more than one source.
        """
        found = read_alignment(estimator, document, target)
        display = cls(
            weights=found.weights,
            source_tokens=found.source_tokens,
            target_tokens=found.target_tokens,
            source_name=found.source_name,
        )
        return display.plot(ax=ax)

    @property
    def coverage(self):
        """Sum of the attention that each token of the source gets, of shape (n_source_tokens,)."""
        return self.weights.sum(axis=0)

    def plot(self, ax=None):
        """Draw the map, with the coverage above it.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a figure that is large enough for the tokens.

        Returns
        -------
        display : AlignmentDisplay
            The display.
        """
        n_targets, n_sources = self.weights.shape
        height = float(np.clip(2.4 + 0.2 * n_targets, 3.4, 12))
        ax, figure = get_axes(
            ax, "AlignmentDisplay.plot", width=width_for(n_sources), height=height
        )
        image = ax.imshow(
            self.weights,
            aspect="auto",
            interpolation="nearest",
            cmap="Blues",
            vmin=0,
            vmax=1,
            extent=(-0.5, n_sources - 0.5, max(n_targets, 1) - 0.5, -0.5),
        )
        bars_ax = ax.inset_axes([0, 1.03, 1, 0.16], sharex=ax)
        self.bars_ = bars_ax.bar(range(n_sources), self.coverage, color=COLOURS[0])
        bars_ax.set_ylabel("coverage", rotation=0, ha="right", va="center")
        bars_ax.tick_params(labelbottom=False, labelsize=8)
        bars_ax.spines[["top", "right"]].set_visible(False)
        figure.colorbar(image, ax=ax, label="attention", pad=0.02)
        label_words(ax, self.source_tokens)
        ax.set_xlabel(ax.get_xlabel().replace("token", self.source_name, 1))
        label_rows(ax, self.target_tokens)
        ax.set_ylabel("target token")
        self.image_, self.ax_, self.coverage_ax_, self.figure_ = image, ax, bars_ax, figure
        return self
