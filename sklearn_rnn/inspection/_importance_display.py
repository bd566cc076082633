"""The importance of tokens, as bars."""

from __future__ import annotations

import numpy as np

from sklearn_rnn.inspection._importance import METHODS, compute_importance
from sklearn_rnn.inspection._plotting import COLOURS, get_axes, label_words, width_for


class TokenImportanceDisplay:
    """How much each token of a document speaks for a class, as bars.

    Create it by :meth:`from_estimator`. The parameters are kept as attributes.

    Parameters
    ----------
    values : dict of str to ndarray of shape (n_tokens,)
        The importance by each method.

    tokens : list of str
        The words of the document.

    target : label
        The class.

    explained : str, default="recurrent network"
        Which parts of the estimator occlusion explains.

    completeness_gap : float or None, default=None
        What integrated gradients add up to, less what they should.

    Attributes
    ----------
    bars_ : dict of str to matplotlib BarContainer
        The bars of each method.

    ax_ : matplotlib Axes
        Where they are drawn.

    figure_ : matplotlib Figure
        The figure.

    See Also
    --------
    token_importance : The numbers behind it, and what they mean.
    ShadedDocument : The same as shaded text.

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
        explained="recurrent network",
        completeness_gap=None,
    ):
        self.values = values
        self.tokens = tokens
        self.target = target
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
            search over either, whose best estimator is taken.

        document : str, array-like of int of shape (n_tokens,), or container of one document
            The document, as for :func:`token_importance`.

        target : label, default=None
            The class to explain. None stands for the predicted one.

        methods : sequence of {"integrated_gradients", "occlusion"}, \
                default=("integrated_gradients", "occlusion")
            What to draw.

        n_steps : int, default=32
            Points at which integrated gradients take the gradient.

        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure, wide enough for the words.

        Returns
        -------
        display : TokenImportanceDisplay
            With the bars drawn.
        """
        importance = compute_importance(estimator, document, target, methods, n_steps)
        has_gap = "integrated_gradients" in importance.values
        display = cls(
            values=importance.values,
            tokens=importance.words.words,
            target=importance.target.name,
            explained=importance.explained,
            completeness_gap=importance.completeness_gap if has_gap else None,
        )
        return display.plot(ax=ax)

    def plot(self, ax=None):
        """Draw the bars.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure, wide enough for the words.

        Returns
        -------
        display : TokenImportanceDisplay
            Itself.
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
        ax.set_ylabel("change of the score")
        ax.set_title(f"What speaks for {str(self.target)!r}", loc="left", pad=38, parse_math=False)
        ax.set_xlim(-0.7, n_tokens - 0.3)
        ax.grid(axis="y", alpha=0.3)
        ax.set_axisbelow(True)
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1.01), borderaxespad=0, frameon=False)
        label_words(ax, self.tokens)
        self.ax_, self.figure_ = ax, figure
        return self

    def _describe(self, method):
        if method == "occlusion":
            return f"occlusion ({self.explained})"
        gap = (
            ""
            if self.completeness_gap is None
            else f"; error of the sum {abs(self.completeness_gap):.1g}"
        )
        return f"integrated gradients (recurrent network{gap})"
