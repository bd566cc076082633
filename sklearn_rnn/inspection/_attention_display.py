"""The weights of attention pooling as bars."""

from __future__ import annotations

import numpy as np

from sklearn_rnn.inspection._html import read_attention
from sklearn_rnn.inspection._plotting import COLOURS, get_axes, label_words, width_for


class AttentionDisplay:
    """Weights that attention pooling gives to the tokens of a document, as bars.

    The estimator must have ``pooling="attention"`` or "multihead_attention". Each bar is the mean
    weight over the heads, and its parts are the contributions of the heads. Create it with
    :meth:`from_estimator`. The parameters are stored as attributes.

    Parameters
    ----------
    weights : ndarray of shape (n_tokens, n_heads)
        Weights of each head, which sum to 1 over the tokens.

    tokens : list of str
        Words of the document.

    Attributes
    ----------
    bars_ : list of matplotlib BarContainer
        For each head, its parts of the bars.

    ax_ : matplotlib Axes
        Axes that they are drawn on.

    figure_ : matplotlib Figure
        Figure that contains the axes.

    See Also
    --------
    TokenImportanceDisplay : Draw what each token contributes to the score, with any pooling.
    ShadedDocument : Shade the words of a document by attention.

    Notes
    -----
    The weights apply to the states of the highest layer, which also reflect neighbouring words, and
    only to the recurrent network, not to the wide path. A large weight tells that the state at a
    token matters, but not which class it is evidence for.

    Examples
    --------
    >>> from sklearn_rnn import RNNTextClassifier
    >>> from sklearn_rnn.inspection import AttentionDisplay
    >>> X = ["good, not bad", "bad, not good"] * 20
    >>> y = ["praise", "complaint"] * 20
    >>> clf = RNNTextClassifier(pooling="attention", max_epochs=5, random_state=0).fit(X, y)
    >>> display = AttentionDisplay.from_estimator(clf, "good, not bad")
    >>> display.weights.sum(axis=0).round(3)
    array([1.], dtype=float32)
    """

    def __init__(self, *, weights, tokens):
        self.weights = weights
        self.tokens = tokens

    @classmethod
    def from_estimator(cls, estimator, document, *, ax=None):
        """Draw the attention of a fitted estimator to the tokens of a document.

        Parameters
        ----------
        estimator : estimator instance
            A fitted text estimator with ``pooling="attention"`` or "multihead_attention", a
            :class:`~sklearn.pipeline.Pipeline` that ends in one, or a fitted search over either,
            whose best estimator is used.

        document : str, array-like of int of shape (n_tokens,), or container of one document
            The document, as in :func:`trace`.

        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a figure that is wide enough for the words.

        Returns
        -------
        display : AttentionDisplay
            The display, drawn.
        """
        words, weights = read_attention(estimator, document)
        return cls(weights=weights, tokens=words.tokens).plot(ax=ax)

    def plot(self, ax=None):
        """Draw the bars.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a figure that is wide enough for the words.

        Returns
        -------
        display : AttentionDisplay
            The display.
        """
        n_tokens, n_heads = self.weights.shape
        places, parts = np.arange(n_tokens), self.weights.T / n_heads
        bottoms = np.cumsum(parts, axis=0) - parts
        ax, figure = get_axes(ax, "AttentionDisplay.plot", width=width_for(n_tokens), height=3.4)
        self.bars_ = [
            ax.bar(
                places,
                part,
                bottom=bottom,
                color=COLOURS[head % len(COLOURS)],
                label=f"head {head + 1}" if n_heads > 1 else None,
            )
            for head, (part, bottom) in enumerate(zip(parts, bottoms, strict=True))
        ]
        ax.axhline(1 / n_tokens, color="black", linestyle="--", linewidth=1, label="all alike")
        ax.set(title="Attention of the recurrent network", ylabel="weight")
        ax.set_xlim(-0.7, n_tokens - 0.3)
        beside = "lower right" if n_heads == 1 else "upper left"
        ax.legend(loc=beside, bbox_to_anchor=(1, 1), borderaxespad=0.2, frameon=False)
        label_words(ax, self.tokens)
        self.ax_, self.figure_ = ax, figure
        return self
