"""A text shaded by how much each token surprised a language model, and the same as bars."""

from __future__ import annotations

import numpy as np

from sklearn_rnn.inspection._html import frame_text, mark_words, name_token, shade
from sklearn_rnn.inspection._inspected_language_model import InspectedLanguageModel
from sklearn_rnn.inspection._plotting import COLOURS, get_axes, label_words, show_word, width_for
from sklearn_rnn.inspection._surprise import surprise_frame

_COLOUR = "230, 97, 1"
_DARKEST = 0.8
_BAR_COLOURS = (*COLOURS[:2], "darkgray")

# The probability that gets the darkest shade, always the same, so that texts compare.
_FULL_SHADE = 1e-3


class SurpriseDisplay:
    r"""A text whose tokens are shaded by how much they surprised a language model.

    Notebooks show it as text. The darker a token, the less probable it was, as the legend says.
    Hover over a token to see its probability and what the model expected instead. :meth:`plot`
    draws the same as bars. Create it with :meth:`from_estimator`. The parameters are stored as
    attributes.

    Parameters
    ----------
    surprise : DataFrame
        The rows of one text, as :func:`surprise` returns them.

    words : DocumentWords
        Words of the text, and their places in it.

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
    surprise : The data behind the shades.
    ShadedDocument : Shade the words of a document by their importance to a classifier.

    Examples
    --------
    >>> from sklearn_rnn import RNNLanguageModel
    >>> from sklearn_rnn.inspection import SurpriseDisplay
    >>> names = ["anna", "hanna", "johanna", "susanna", "marianna", "rosanna"] * 20
    >>> model = RNNLanguageModel(hidden_size=32, max_epochs=20, random_state=0).fit(names)
    >>> display = SurpriseDisplay.from_estimator(model, "hannah")
    >>> display.to_html()[:4]
    '<div'
    >>> display.plot().ax_.get_ylabel()
    'surprise (nats)'
    """

    def __init__(self, *, surprise, words):
        self.surprise = surprise
        self.words = words

    @classmethod
    def from_estimator(cls, estimator, document, *, label=None, n_alternatives=5):
        """Find out how much each token of a text surprises a fitted language model.

        Parameters
        ----------
        estimator : estimator instance
            A fitted :class:`~sklearn_rnn.RNNLanguageModel`, a
            :class:`~sklearn.pipeline.Pipeline` that ends in one, or a fitted search over either,
            whose best estimator is used.

        document : str, array-like of int of shape (n_tokens,), or container of one document
            The text, as in :func:`trace`.

        label : label, default=None
            The label of the text, if the model was fitted with labels. None takes the mean over the
            labels, as in :func:`surprise`. Ignored by a model without labels.

        n_alternatives : int, default=5
            How many of the most probable tokens to show for each.

        Returns
        -------
        display : SurpriseDisplay
            The display. It is drawn only when :meth:`plot` is called, since its text needs no
            matplotlib.
        """
        inspected = InspectedLanguageModel(estimator)
        sequence, words = inspected.read(document)
        y = None if label is None else [label]
        frame = surprise_frame(inspected, sequence, [words], y, n_alternatives)
        return cls(surprise=frame, words=words)

    def to_html(self):
        """Return the text as HTML.

        Returns
        -------
        html : str
            A ``div`` element, in which all text is escaped.
        """
        rows = self.surprise.to_dict("records")
        ends = [_marked(f" {row['token']}", row) for row in rows[len(self.words.tokens) :]]
        text = mark_words(self.words, lambda word, i: _marked(word, rows[i]), end="".join(ends))
        return frame_text(text, legend=_legend(), caption=self._caption())

    def _repr_html_(self):
        return self.to_html()

    def plot(self, ax=None):
        """Draw the surprise of each token as a bar.

        If there is room, the token that the model expected is written above the bar of another one.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a figure that is wide enough for the words.

        Returns
        -------
        display : SurpriseDisplay
            The display.
        """
        tokens = self.surprise["token"].tolist()
        ax, figure = get_axes(ax, "SurpriseDisplay.plot", width=width_for(len(tokens)), height=3.8)
        from matplotlib.patches import Patch

        is_best = self.surprise["rank"] == 1
        kinds = np.where(self.surprise["known"], np.where(is_best, 0, 1), 2)
        self.bars_ = ax.bar(
            range(len(tokens)), -self.surprise["log_prob"], color=np.array(_BAR_COLOURS)[kinds]
        )
        ax.set(ylabel="surprise (nats)", xlim=(-0.7, len(tokens) - 0.3))
        ax.set_title(self._caption(), loc="left", pad=24)
        ax.margins(y=0.15)
        names = ("most probable token", "less probable token", "unknown token")
        ax.legend(
            handles=[Patch(color=_BAR_COLOURS[k], label=names[k]) for k in np.unique(kinds)],
            loc="lower left",
            bbox_to_anchor=(0, 1.01),
            borderaxespad=0,
            frameon=False,
            ncols=3,
        )
        label_words(ax, tokens)
        if len(ax.get_xticks()) == len(tokens) and "expected_1" in self.surprise:
            self._write_expected(ax, np.flatnonzero(~is_best))
        self.ax_, self.figure_ = ax, figure
        return self

    def _write_expected(self, ax, places):
        """Write what was expected above the bars of other tokens."""
        words = self.surprise["expected_1"].map(show_word)
        rotation = 90 if words.str.len().max() > 2 else 0
        for place in places:
            ax.annotate(
                words[place],
                (place, -self.surprise["log_prob"].iloc[place]),
                xytext=(0, 2),
                textcoords="offset points",
                ha="center",
                va="bottom",
                rotation=rotation,
                fontsize=8,
                color="dimgray",
                parse_math=False,
            )

    def _caption(self):
        mean = -self.surprise["log_prob"].mean()
        return f"mean surprise {mean:.2f} nats a token, perplexity {np.exp(mean):.3g}"

    def __repr__(self):
        return f"SurpriseDisplay({len(self.surprise)} tokens, {self._caption()})"


def _marked(text, row):
    """Return the HTML of a token, which says what was expected instead."""
    probability = _percent(np.exp(row["log_prob"]))
    lines = [f"{name_token(row)}  {probability}, rank {row['rank']}", "expected:"]
    for name, token in row.items():
        if name.startswith("expected_"):
            place = name.removeprefix("expected_")
            lines.append(f"{show_word(token)}  {_percent(row[f'probability_{place}'])}")
    # A line break has no width of its own to be shaded.
    return _shaded(text.replace("\n", "\u21b5\n"), -row["log_prob"], "\n".join(lines))


def _percent(probability):
    return f"{100 * probability:.2g}%" if probability < 0.095 else f"{probability:.0%}"


def _legend():
    parts = [_shaded(f" {p:.4g} ", -np.log(p)) for p in (1, 0.1, 0.01, _FULL_SHADE)]
    return f"probability {''.join(parts)} or less"


def _shaded(text, surprise, title=""):
    """Return text on its shade."""
    share = min(1.0, surprise / -np.log(_FULL_SHADE))
    return shade(text, _COLOUR, _DARKEST * share, title)
