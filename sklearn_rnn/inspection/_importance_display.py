"""The importance of tokens as bars."""

from __future__ import annotations

import numpy as np

from sklearn_rnn.inspection._importance import METHODS, compute_importance
from sklearn_rnn.inspection._plotting import COLOURS, get_axes, label_words, width_for


class TokenImportanceDisplay:
    """How much each token of a document contributes to the score of a class, as bars.

    Create it with :meth:`from_estimator`. The parameters are stored as attributes.

    Parameters
    ----------
    values : dict of str to ndarray of shape (n_tokens,)
        Importance of each token, by method.

    tokens : list of str
        Words of the document.

    target : label
        The class that is explained.

    probability : float or None, default=None
        The probability of that class.

    explained : str, default="recurrent network"
        Parts of the estimator that are explained.

    completeness_gap : float or None, default=None
        Error of the sum of integrated gradients.

    Attributes
    ----------
    bars_ : dict of str to matplotlib BarContainer
        The bars, by method.

    ax_ : matplotlib Axes
        Axes that they are drawn on.

    figure_ : matplotlib Figure
        Figure that contains the axes.

    See Also
    --------
    token_importance : The data behind the bars, and its meaning.
    ShadedDocument : Shade the words of a document by their importance.

    Examples
    --------
    >>> from sklearn_rnn import RNNTextClassifier
    >>> from sklearn_rnn.inspection import TokenImportanceDisplay
    >>> X = ["a good film", "a bad film"] * 20
    >>> y = ["praise", "complaint"] * 20
    >>> clf = RNNTextClassifier(max_epochs=5, random_state=0).fit(X, y)
    >>> display = TokenImportanceDisplay.from_estimator(clf, "a good film")
    >>> display.tokens
    ['a', 'good', 'film']
    """

    def __init__(
        self,
        *,
        values,
        tokens,
        target,
        probability=None,
        explained="recurrent network",
        completeness_gap=None,
    ):
        self.values = values
        self.tokens = tokens
        self.target = target
        self.probability = probability
        self.explained = explained
        self.completeness_gap = completeness_gap

    @classmethod
    def from_estimator(
        cls, estimator, document, *, target=None, methods=METHODS, n_steps=32, ax=None
    ):
        """Draw the importance of the tokens of a document for a fitted estimator.

        Parameters
        ----------
        estimator : estimator instance
            A fitted text estimator, a :class:`~sklearn.pipeline.Pipeline` that ends in one, or a
            fitted search over either, whose best estimator is used.

        document : str, array-like of int of shape (n_tokens,), or container of one document
            The document, as in :func:`token_importance`.

        target : label, default=None
            The class to explain, one of `classes_`. None explains the predicted class.

        methods : sequence of {"integrated_gradients", "occlusion"}, \
                default=("integrated_gradients", "occlusion")
            Methods whose importance to draw.

        n_steps : int, default=32
            Number of points at which integrated gradients evaluate the gradient. More points are
            more precise and slower. Ignored by other methods.

        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a figure that is wide enough for the words.

        Returns
        -------
        display : TokenImportanceDisplay
            The display, drawn.
        """
        importance = compute_importance(estimator, document, target, methods, n_steps)
        has_gap = "integrated_gradients" in importance.values
        display = cls(
            values=importance.values,
            tokens=importance.words.tokens,
            target=importance.target.name,
            probability=importance.target.probability,
            explained=importance.explained,
            completeness_gap=importance.completeness_gap if has_gap else None,
        )
        return display.plot(ax=ax)

    def plot(self, ax=None):
        """Draw the bars.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a figure that is wide enough for the words.

        Returns
        -------
        display : TokenImportanceDisplay
            The display.
        """
        n_tokens = len(self.tokens)
        ax, figure = get_axes(
            ax, "TokenImportanceDisplay.plot", width=width_for(n_tokens), height=4.4
        )
        width = 0.8 / len(self.values)
        self.bars_ = {}
        for i, (method, values) in enumerate(self.values.items()):
            places = np.arange(n_tokens) + (i - (len(self.values) - 1) / 2) * width
            self.bars_[method] = ax.bar(
                places, values, width, color=COLOURS[i], label=self._describe(method)
            )
        ax.axhline(0, color="black", linewidth=0.8)
        ax.set_ylabel("against \u2190 score \u2192 for")
        title = f"Evidence for {str(self.target)!r}"
        if self.probability is not None:
            title += f", p = {self.probability:.2f}"
        ax.set_title(title, loc="left", pad=52, parse_math=False)
        ax.set_xlim(-0.7, n_tokens - 0.3)
        ax.grid(axis="y", alpha=0.3)
        ax.set_axisbelow(True)
        ax.legend(
            loc="lower left",
            bbox_to_anchor=(0, 1.01),
            borderaxespad=0,
            frameon=False,
            title=self.explained,
            alignment="left",
        )
        label_words(ax, self.tokens)
        self.ax_, self.figure_ = ax, figure
        return self

    def _describe(self, method):
        if method == "occlusion" or self.completeness_gap is None:
            return method.replace("_", " ")
        return f"integrated gradients (error of the sum {abs(self.completeness_gap):.1g})"
