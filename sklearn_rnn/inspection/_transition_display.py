"""What a CRF scores from each tag to the next, as a map."""

from __future__ import annotations

import numpy as np

from sklearn_rnn.inspection._inspected_tagger import InspectedTagger
from sklearn_rnn.inspection._plotting import get_axes, label_rows, label_words, width_for


class TransitionDisplay:
    """Scores of a tagger's conditional random field (CRF) from each tag to the next, as a map.

    Rows are tags, columns the tags that follow. Green steps are likely, purple ones unlikely; steps
    that `constraints` forbid are grey. Create it with :meth:`from_estimator`. The parameters are
    stored as attributes.

    Parameters
    ----------
    transitions : DataFrame
        The scores, as `transitions_frame` returns them.

    Attributes
    ----------
    image_ : matplotlib AxesImage
        The map.

    ax_ : matplotlib Axes
        Axes that it is drawn on.

    figure_ : matplotlib Figure
        Figure that contains the axes.

    See Also
    --------
    sklearn_rnn.RNNTokenClassifier.transitions_frame : The data behind the map.
    SpanDisplay : Show the tags of a sentence.

    Notes
    -----
    The scores are added to those that the network gives the tags of a token. Only their differences
    count.

    Examples
    --------
    >>> from sklearn_rnn import RNNTokenClassifier
    >>> from sklearn_rnn.inspection import TransitionDisplay
    >>> X = [["fly", "to", "Oslo"], ["from", "Rome", "to", "Oslo"]] * 10
    >>> y = [["O", "O", "B-CITY"], ["O", "B-CITY", "O", "B-CITY"]] * 10
    >>> tagger = RNNTokenClassifier(hidden_size=8, random_state=0).fit(X, y)
    >>> TransitionDisplay.from_estimator(tagger).transitions.shape
    (3, 3)
    """

    def __init__(self, *, transitions):
        self.transitions = transitions

    @classmethod
    def from_estimator(cls, estimator, *, tags=None, ax=None):
        """Draw the transitions of a fitted tagger.

        Parameters
        ----------
        estimator : estimator instance
            A :class:`~sklearn_rnn.RNNTokenClassifier` that was fitted with ``crf=True``, a
            :class:`~sklearn.pipeline.Pipeline` that ends in one, or a fitted search over either,
            whose best estimator is used.

        tags : list of tags, default=None
            The tags to draw, some of `classes_`. None draws all.

        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a figure that is large enough for the tags.

        Returns
        -------
        display : TransitionDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If `estimator` is not a tagger.
        ValueError
            If it was fitted with ``crf=False``, or if it does not know one of `tags`.
        """
        inspected = InspectedTagger(estimator)
        frame = inspected.tagger.transitions_frame()
        if tags is not None:
            unknown = [tag for tag in tags if tag not in inspected.classes.tolist()]
            if unknown:
                raise ValueError(
                    f"'tags' must be some of {inspected.classes.tolist()}. Got {unknown}."
                )
            frame = frame.loc[["(start)", *tags], [*tags, "(end)"]]
        return cls(transitions=frame).plot(ax=ax)

    def plot(self, ax=None):
        """Draw the map.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a figure that is large enough for the tags.

        Returns
        -------
        display : TransitionDisplay
            The display.
        """
        scores = self.transitions.to_numpy(float)
        n_before, n_after = scores.shape
        height = float(np.clip(2.4 + 0.2 * n_before, 3.4, 15))
        ax, figure = get_axes(ax, "TransitionDisplay.plot", width=width_for(n_after), height=height)
        finite = np.ma.masked_invalid(scores)
        largest = float(np.abs(finite).max())
        image = ax.imshow(
            finite,
            aspect="auto",
            interpolation="nearest",
            cmap="PRGn",
            vmin=-largest,
            vmax=largest,
        )
        ax.set_facecolor("lightgray")
        figure.colorbar(image, ax=ax, label="score", pad=0.02)
        label_words(ax, list(map(str, self.transitions.columns)))
        ax.set_xlabel(ax.get_xlabel().replace("token", "next tag", 1).replace("word", "tag"))
        label_rows(ax, list(map(str, self.transitions.index)))
        ax.set_ylabel("tag")
        self.image_, self.ax_, self.figure_ = image, ax, figure
        return self
