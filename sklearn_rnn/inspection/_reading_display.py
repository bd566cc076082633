"""The prediction after each token as curves."""

from __future__ import annotations

import numpy as np

from sklearn_rnn.inspection._plotting import COLOURS, get_axes, label_words, width_for
from sklearn_rnn.inspection._trace import trace

_MAX_CURVES = len(COLOURS)


class ReadingDisplay:
    """Prediction of an estimator after each token of a document, as curves.

    Create it with :meth:`from_estimator`. The parameters are stored as attributes.

    Parameters
    ----------
    readings : ndarray of shape (n_tokens, n_outputs)
        Prediction after each token, NaN after tokens without one.

    tokens : list of str
        Words of the document.

    output_names : list
        Names of the columns of `readings`.

    explained : str, default="recurrent network"
        Parts of the estimator that make the predictions.

    is_probability : bool, default=True
        Whether the predictions are probabilities.

    Attributes
    ----------
    lines_ : list of matplotlib Line2D
        The curves.

    ax_ : matplotlib Axes
        Axes that they are drawn on.

    figure_ : matplotlib Figure
        Figure that contains the axes.

    See Also
    --------
    trace : The data behind the curves, and its definition.

    Examples
    --------
    >>> from sklearn_rnn import RNNTextClassifier
    >>> from sklearn_rnn.inspection import ReadingDisplay
    >>> X = ["good, not bad", "bad, not good"] * 20
    >>> y = ["praise", "complaint"] * 20
    >>> clf = RNNTextClassifier(max_epochs=5, random_state=0).fit(X, y)
    >>> display = ReadingDisplay.from_estimator(clf, "good, not bad")
    >>> [line.get_label() for line in display.lines_]
    ['complaint', 'praise']
    """

    def __init__(
        self,
        *,
        readings,
        tokens,
        output_names,
        explained="recurrent network",
        is_probability=True,
    ):
        self.readings = readings
        self.tokens = tokens
        self.output_names = output_names
        self.explained = explained
        self.is_probability = is_probability

    @classmethod
    def from_estimator(cls, estimator, document, *, classes=None, n_readings="auto", ax=None):
        """Draw the prediction of a fitted estimator after each token of a document.

        Parameters
        ----------
        estimator : estimator instance
            A fitted text estimator, a :class:`~sklearn.pipeline.Pipeline` that ends in one, or a
            fitted search over either, whose best estimator is used.

        document : str, array-like of int of shape (n_tokens,), or container of one document
            The document, as in :func:`trace`.

        classes : sequence of labels, default=None
            The classes to draw. None draws all of them or, if there are more than seven, the seven
            that are most probable at the end.

        n_readings : int, "auto" or None, default="auto"
            Number of tokens after which to predict, as in :func:`trace`.

        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a figure that is wide enough for the words.

        Returns
        -------
        display : ReadingDisplay
            The display, drawn.
        """
        traced = trace(estimator, document, n_readings=n_readings)
        if traced.readings is None:
            raise TypeError(
                "ReadingDisplay needs an estimator that predicts: neither predict_proba nor "
                "predict is there."
            )
        largest = np.nanmax(np.abs(traced.readings.sum(axis=1) - 1))
        display = cls(
            readings=traced.readings,
            tokens=traced.tokens,
            output_names=traced.output_names,
            explained=traced.explained,
            is_probability=bool(traced.readings.shape[1] > 1 and largest < 1e-6),
        )
        return display.plot(ax=ax, classes=classes)

    def plot(self, ax=None, *, classes=None):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a figure that is wide enough for the words.

        classes : sequence of labels, default=None
            The classes to draw. None draws all of them or, if there are more than seven, the seven
            that are most probable at the end.

        Returns
        -------
        display : ReadingDisplay
            The display.
        """
        columns = self._choose_columns(classes)
        ax, figure = get_axes(ax, "ReadingDisplay.plot", width=width_for(len(self.tokens)))
        positions = np.flatnonzero(~np.isnan(self.readings[:, 0]))
        self.lines_ = []
        for i, column in enumerate(columns):
            self.lines_ += ax.plot(
                positions,
                self.readings[positions, column],
                color=COLOURS[i % len(COLOURS)],
                linestyle=("-", "--", ":")[i // len(COLOURS) % 3],
                marker="o" if len(positions) <= 60 else None,
                markersize=3.5,
                label=str(self.output_names[column]),
            )
        if self.is_probability:
            ax.set_ylim(-0.03, 1.03)
        ax.set_ylabel("probability" if self.is_probability else "prediction")
        ax.set_title(f"Prediction while reading ({self.explained})")
        ax.grid(axis="y", alpha=0.3)
        ax.set_xlim(-0.5, len(self.tokens) - 0.5)
        label_words(ax, self.tokens)
        ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0, frameon=False)
        self.ax_, self.figure_ = ax, figure
        return self

    def _choose_columns(self, classes):
        if classes is None:
            final = self.readings[-1]
            if len(final) <= _MAX_CURVES:
                return list(range(len(final)))
            return sorted(np.argsort(-final, kind="stable")[:_MAX_CURVES].tolist())
        unknown = [label for label in classes if label not in self.output_names]
        if isinstance(classes, str) or unknown:
            raise ValueError(
                f"The 'classes' parameter must be a list of some of {self.output_names}. "
                f"Got {classes!r} instead."
            )
        return [self.output_names.index(label) for label in classes]
