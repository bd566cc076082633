"""A sentence with the spans that a tagger found, and its tags as bars."""

from __future__ import annotations

from html import escape

import numpy as np

from sklearn_rnn._tagging.spans import OUTSIDE, find_spans, marks_spans
from sklearn_rnn._training.document_words import DocumentWords
from sklearn_rnn.inspection._html import frame_text, mark_words, name_token, place_words, shade
from sklearn_rnn.inspection._inspected_estimator import as_one_row
from sklearn_rnn.inspection._inspected_tagger import InspectedTagger
from sklearn_rnn.inspection._plotting import COLOURS, get_axes, label_words, width_for
from sklearn_rnn.inspection._tag_probabilities import tag_frame

_DARKEST = 0.5
_OUTSIDE = "#A9A9A9"


class SpanDisplay:
    r"""A sentence with its spans shaded, each followed by its label.

    Notebooks show it as text. The paler a span, the less sure the tagger is of one of its tags, as
    the legend says. Hover over a span or a word to see the probabilities. If tags do not mark
    spans, such as parts of speech, each token is shaded by itself. :meth:`plot` draws the
    probability of the tag of each token as a bar. Create it with :meth:`from_estimator`. The
    parameters are stored as attributes.

    Parameters
    ----------
    tags : DataFrame
        The rows of one sentence, as :func:`tag_probabilities` returns them.

    words : DocumentWords
        Tokens of the sentence, and their places in its text.

    spans : list of (str, int, int)
        The label of each span, its first token and the one after its last.

    Attributes
    ----------
    bars_ : matplotlib BarContainer
        The bars, once they are drawn.

    ax_ : matplotlib Axes
        Axes that they are drawn on.

    figure_ : matplotlib Figure
        Figure that contains the axes.

    See Also
    --------
    tag_probabilities : The data behind the shades.
    TransitionDisplay : Draw which tags a tagger expects to follow which.
    sklearn_rnn.RNNTokenClassifier.predict_spans : Return the spans of many sentences.

    Examples
    --------
    >>> from sklearn_rnn import RNNTokenClassifier
    >>> from sklearn_rnn.inspection import SpanDisplay
    >>> X = [["fly", "to", "Oslo"], ["from", "Rome", "to", "Oslo"]] * 10
    >>> y = [["O", "O", "B-CITY"], ["O", "B-CITY", "O", "B-CITY"]] * 10
    >>> tagger = RNNTokenClassifier(hidden_size=8, random_state=0).fit(X, y)
    >>> display = SpanDisplay.from_estimator(tagger, "from Rome  to Oslo")
    >>> display.spans
    [('CITY', 1, 2), ('CITY', 3, 4)]
    >>> display.to_html()[:4]
    '<div'
    """

    def __init__(self, *, tags, words, spans):
        self.tags = tags
        self.words = words
        self.spans = spans

    @classmethod
    def from_estimator(cls, estimator, document):
        """Find the spans of a sentence with a fitted tagger.

        Parameters
        ----------
        estimator : estimator instance
            A fitted :class:`~sklearn_rnn.RNNTokenClassifier`, a
            :class:`~sklearn.pipeline.Pipeline` that ends in one, or a fitted search over either,
            whose best estimator is used.

        document : str, array-like of int of shape (n_tokens,), or container of one document
            The sentence: a text, token ids, or a container of one of these or of one list of
            tokens.

        Returns
        -------
        display : SpanDisplay
            The display. It is drawn only when :meth:`plot` is called, since its text needs no
            matplotlib.

        Raises
        ------
        TypeError
            If `estimator` is not a tagger, or `document` not a sentence.
        ValueError
            If there is more than one sentence.
        """
        inspected = InspectedTagger(estimator)
        sentences = inspected.read(as_one_row(document))
        frame = tag_frame(inspected, sentences)
        (words,) = inspected.words(sentences)
        tags = frame["tag"].tolist()
        if marks_spans(inspected.classes):
            spans = find_spans(tags)
        else:
            spans = [(str(tag), i, i + 1) for i, tag in enumerate(tags) if str(tag) != OUTSIDE]
        return cls(tags=frame, words=words, spans=spans)

    def to_html(self):
        """Return the sentence as HTML.

        Returns
        -------
        html : str
            A ``div`` element, in which all text is escaped.
        """
        text, places = place_words(self.words)
        pieces = self._pieces()
        ends = [(places[start, 0], places[stop - 1, 1]) for _, start, stop in pieces]
        whole = DocumentWords([""] * len(ends), text, np.array(ends, np.int64).reshape(-1, 2))
        body = mark_words(whole, lambda text, i: self._marked(text, *pieces[i]))
        return frame_text(body, legend=_legend())

    def _repr_html_(self):
        return self.to_html()

    def plot(self, ax=None):
        """Draw the probability of the tag of each token as a bar, with the tag above it.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a figure that is wide enough for the words.

        Returns
        -------
        display : SpanDisplay
            The display.
        """
        frame, n_tokens = self.tags, len(self.tags)
        ax, figure = get_axes(ax, "SpanDisplay.plot", width=width_for(n_tokens), height=3.8)
        from matplotlib.patches import Patch

        colours = [_OUTSIDE] * n_tokens
        for label, start, stop in self.spans:
            colours[start:stop] = [self._colour(label)] * (stop - start)
        self.bars_ = ax.bar(range(n_tokens), frame["probability"], color=colours)
        ax.bar(
            range(n_tokens),
            frame["runner_up_probability"],
            bottom=frame["probability"],
            color="none",
            edgecolor=colours,
            hatch="///",
            linewidth=0,
        )
        handles = [Patch(color=self._colour(label), label=label) for label in self._labels()]
        handles += [Patch(color=_OUTSIDE, label="no span")] * (_OUTSIDE in colours)
        handles += [Patch(facecolor="none", edgecolor="gray", hatch="///", label="runner-up")]
        ax.legend(
            handles=handles,
            loc="upper left",
            bbox_to_anchor=(1, 1),
            borderaxespad=0.2,
            frameon=False,
        )
        for text in ax.get_legend().get_texts():
            text.set_parse_math(False)
        ax.set(ylabel="probability of the tag", xlim=(-0.7, n_tokens - 0.3), ylim=(0, 1.02))
        label_words(ax, frame["token"].tolist())
        self.ax_, self.figure_ = ax, figure
        return self

    def _labels(self):
        """Return the labels in the order in which they appear."""
        return list(dict.fromkeys(label for label, _, _ in self.spans))

    def _colour(self, label):
        return COLOURS[self._labels().index(label) % len(COLOURS)]

    def _pieces(self):
        """Return the spans, and each token that is in none of them, in order."""
        inside = {i for _, start, stop in self.spans for i in range(start, stop)}
        outside = [(None, i, i + 1) for i in range(len(self.tags)) if i not in inside]
        return sorted([*self.spans, *outside], key=lambda piece: piece[1])

    def _marked(self, text, label, start, stop):
        """Return the HTML of a span, or of a token in none."""
        rows = self.tags.iloc[start:stop]
        title = "\n".join(map(_describe, rows.to_dict("records")))
        colour = None if label is None else self._colour(label)
        shaded = _shaded(text, colour, rows["probability"].min(), title)
        if label is None:
            return shaded
        return f'{shaded}<sub style="color: {colour}">{escape(label)}</sub>'

    def __repr__(self):
        return f"SpanDisplay({len(self.tags)} tokens, {len(self.spans)} spans)"


def _describe(row):
    """Return what is known of a token, as one line."""
    line = f"{name_token(row)}  {row['tag']} {row['probability']:.0%}"
    if row["runner_up"] is None:
        return line
    return f"{line}, {row['runner_up']} {row['runner_up_probability']:.0%}"


def _legend():
    shades = [_shaded(f" {p:.0%} ", COLOURS[0], p) for p in (1, 0.75, 0.5)]
    return f"probability of the least certain tag of a span {''.join(shades)}"


def _shaded(text, colour, probability, title=""):
    """Return text on its shade, which is none without a colour."""
    if colour is not None:
        colour = ", ".join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))
    # Half sure is as good as not at all: the upper half of the scale tells more.
    share = max(0.15, 2 * probability - 1)
    return shade(text, colour, _DARKEST * share, title)
