"""The weights of attention pooling, as bars."""

from __future__ import annotations

import numpy as np

from sklearn_rnn.inspection._html import read_attention
from sklearn_rnn.inspection._plotting import COLOURS, get_axes, label_words, width_for


class AttentionDisplay:
    """How much attention pooling weighs each token of a document, as bars.

    The estimator must have ``pooling="attention"`` or "multihead_attention". A bar is the mean
    weight of the heads, and its parts are what each head adds to it. Create it by
    :meth:`from_estimator`. The parameters are kept as attributes.

    Parameters
    ----------
    weights : ndarray of shape (n_tokens, n_heads)
        The weights of each head, which sum to 1 over the tokens.

    tokens : list of str
        The words of the document.

    Attributes
    ----------
    bars_ : list of matplotlib BarContainer
        The parts of the bars, for each head.

    ax_ : matplotlib Axes
        Where they are drawn.

    figure_ : matplotlib Figure
        The figure.

    See Also
    --------
    TokenImportanceDisplay : What each token does to the score, with any pooling.
    ShadedDocument : Attention as shaded text.

    Notes
    -----
    The weights belong to the states of the uppermost layer, which know the words around theirs,
    and to the recurrent network alone. A large weight says that the state at the token counts, not
    for what.

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
        """Draw the attention of a fitted estimator on a document.

        Parameters
        ----------
        estimator : estimator instance
            A fitted text estimator with ``pooling="attention"`` or "multihead_attention", a
            :class:`~sklearn.pipeline.Pipeline` that ends in one, or a search over either.

        document : str, array-like of int of shape (n_tokens,), or container of one document
            The document, as for :func:`trace`.

        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure, wide enough for the words.

        Returns
        -------
        display : AttentionDisplay
            With the bars drawn.
        """
        words, weights = read_attention(estimator, document)
        return cls(weights=weights, tokens=words.words).plot(ax=ax)

    def plot(self, ax=None):
        """Draw the bars.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure, wide enough for the words.

        Returns
        -------
        display : AttentionDisplay
            Itself.
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
