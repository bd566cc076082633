"""A document as HTML, with shaded words."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import numpy as np

from sklearn_rnn._text.vocabulary import UNKNOWN_TOKEN
from sklearn_rnn._training.document_words import DocumentWords
from sklearn_rnn.inspection._importance import METHODS, compute_importance
from sklearn_rnn.inspection._inspected_estimator import InspectedEstimator
from sklearn_rnn.inspection._plotting import show_word
from sklearn_rnn.inspection._recording import record_document

# Both ends of the colour map PuOr, which people with any colour vision can tell apart.
_FOR, _AGAINST = "94, 60, 153", "230, 97, 1"
_DARKEST = 0.65

# Evidence that is drawn in the darkest shade unless there is stronger evidence. Changes of a logit
# below it move a probability by a few hundredths at most, and must not look like reasons.
_MIN_FULL_SHADE = 0.25


class ShadedDocument:
    r"""A document whose words are shaded by their importance or attention.

    Notebooks show it as text. Purple words are evidence for the class, orange words evidence
    against it, as the legend says. With attention, darker words have more weight. Hover over a word
    to see its value.

    Parameters
    ----------
    words : DocumentWords
        Words of the document, and their places in its text.

    values : ndarray of shape (n_tokens,)
        Value to shade each word by.

    caption : str, default=""
        Line above the text. If it is empty, there is none.

    target : str or None, default=None
        What the words are evidence for. It is named in the legend. None draws no legend.

    full_shade : float, default=0.0
        Value that gets the darkest shade if no word has a larger one, so that a document without
        evidence stays pale.

    See Also
    --------
    token_importance : The data behind the shades.
    TokenImportanceDisplay : Draw the importance of tokens as bars.

    Examples
    --------
    >>> from sklearn_rnn import RNNTextClassifier
    >>> from sklearn_rnn.inspection import ShadedDocument
    >>> X = ["a good film", "a bad film"] * 20
    >>> y = ["praise", "complaint"] * 20
    >>> clf = RNNTextClassifier(max_epochs=5, random_state=0).fit(X, y)
    >>> shaded = ShadedDocument.from_estimator(clf, "a good\nfilm")
    >>> shaded.to_html()[:4]
    '<div'
    """

    def __init__(self, words, values, *, caption="", target=None, full_shade=0.0):
        self.words = words
        self.values = values
        self.caption = caption
        self.target = target
        self.full_shade = full_shade

    @classmethod
    def from_estimator(cls, estimator, document, *, values="integrated_gradients", target=None):
        """Shade the words of a document by what they mean to a fitted estimator.

        Parameters
        ----------
        estimator : estimator instance
            A fitted text estimator, a :class:`~sklearn.pipeline.Pipeline` that ends in one, or a
            fitted search over either, whose best estimator is used.

        document : str, array-like of int of shape (n_tokens,), or container of one document
            The document, as in :func:`token_importance`.

        values : {"integrated_gradients", "occlusion", "attention"}, default="integrated_gradients"
            What to shade words by. "attention" needs ``pooling="attention"`` or
            "multihead_attention", whose heads are averaged.

        target : label, default=None
            The class to explain, one of `classes_`. None explains the predicted class. Ignored if
            ``values="attention"``.

        Returns
        -------
        shaded : ShadedDocument
            The shaded document.
        """
        if values == "attention":
            words, attention = read_attention(estimator, document)
            caption = "attention of the recurrent network"
            return cls(words, attention.mean(axis=1), caption=caption)
        if values not in METHODS:
            raise ValueError(
                f"The 'values' parameter must be one of {[*METHODS, 'attention']}. "
                f"Got {values!r} instead."
            )
        importance = compute_importance(estimator, document, target, [values])
        explained = importance.target
        return cls(
            importance.words,
            importance.values[values],
            caption=f"{explained.describe()} ({values.replace('_', ' ')}, {importance.explained})",
            target=str(explained.name),
            full_shade=_MIN_FULL_SHADE,
        )

    def to_html(self):
        """Return the document as HTML.

        Returns
        -------
        html : str
            A ``div`` element, in which all text is escaped.
        """
        largest = max(np.abs(self.values).max(initial=0), self.full_shade) or 1
        body = mark_words(
            self.words, lambda text, i: _shaded(text, self.values[i], self.values[i] / largest)
        )
        return frame_text(body, legend=self._legend(), caption=self.caption)

    def _legend(self):
        if self.target is None:
            return ""
        words = [(f"for {self.target}", 1), (f"against {self.target}", -1)]
        return " ".join(_shaded(text, "evidence", share) for text, share in words)

    def _repr_html_(self):
        return self.to_html()

    def __repr__(self):
        return f"ShadedDocument({len(self.words.tokens)} words, {self.caption!r})"


def mark_words(words: DocumentWords, mark: Callable[[str, int], str], end: str = "") -> str:
    """Return a document as HTML.

    Parameters
    ----------
    words : DocumentWords
        Its words. What stands between them in the text is escaped and left as it is.
    mark : callable
        ``mark(text, i)`` returns the HTML of a word, given as it is spelled, and its number.
    end : str, default=""
        HTML after the document.
    """
    text, spans = place_words(words)
    parts, place = [], 0
    for i, (start, stop) in enumerate(spans.tolist()):
        parts += [escape(text[place:start]), mark(text[start:stop], i)]
        place = stop
    marked = "".join([*parts, escape(text[place:]), end])
    return f'<div style="white-space: pre-wrap; line-height: 1.6">{marked}</div>'


def place_words(words: DocumentWords) -> tuple[str, np.ndarray]:
    """Return the text of a document and where its words stand in it, joined by spaces if need be.

    Parameters
    ----------
    words : DocumentWords
        The words.
    """
    if words.text is not None and words.spans is not None:
        return words.text, words.spans
    lengths = np.array([len(word) for word in words.tokens], dtype=np.int64)
    starts = np.cumsum(lengths + 1) - lengths - 1
    return " ".join(words.tokens), np.column_stack([starts, starts + lengths])


def _shaded(text, value, share):
    """Return text on its shade: purple for positive shares of the darkest, orange for others."""
    colour = _FOR if share >= 0 else _AGAINST
    title = value if isinstance(value, str) else f"{value:.3g}"
    return shade(text, colour, _DARKEST * abs(share), title)


def shade(text: str, colour: str | None, opacity: float, title: str = "") -> str:
    """Return text as HTML on a shade, with a title that shows when the mouse is over it.

    Parameters
    ----------
    text : str
        The text, not escaped.
    colour : str or None
        Red, green and blue, as in "94, 60, 153". None leaves the text unshaded.
    opacity : float
        Of the shade, from 0 to 1.
    title : str, default=""
        The title, not escaped, of one line or more.

    Examples
    --------
    >>> from sklearn_rnn.inspection._html import shade
    >>> shade("R&B", "94, 60, 153", 0.5)
    '<span style="background-color: rgba(94, 60, 153, 0.500)" title="">R&amp;B</span>'
    """
    style = "" if colour is None else f"background-color: rgba({colour}, {opacity:.3f})"
    title = escape(title).replace("\n", "&#10;")
    return f'<span style="{style}" title="{title}">{escape(text)}</span>'


def frame_text(body: str, *, legend: str = "", caption: str = "") -> str:
    """Return a shaded text as HTML, with its legend above it, and above that its caption.

    Parameters
    ----------
    body, legend : str
        HTML.
    caption : str
        Text, not escaped.
    """
    caption = f'<div style="opacity: 0.7">{escape(caption)}</div>' if caption else ""
    legend = f'<div style="font-size: smaller">{legend}</div>' if legend else ""
    return f"<div>{caption}{legend}{body}</div>"


def name_token(row: dict[str, Any]) -> str:
    """Return the token of a row of a frame as titles show it, which say that it is unknown."""
    return show_word(row["token"]) + ("" if row["known"] else f" ({UNKNOWN_TOKEN})")


def read_attention(estimator: Any, document: Any) -> tuple[DocumentWords, np.ndarray]:
    """Return the words of a document and the weights that each head of the pooling gives them."""
    inspected = InspectedEstimator(estimator)
    sequence, words = inspected.read(document)
    attention = record_document(inspected, sequence).attention
    if attention is None:
        raise ValueError(
            "Attention weights exist only with pooling='attention' or 'multihead_attention'. This "
            f"{inspected.name} has pooling={inspected.estimator.pooling!r}."
        )
    return words, attention.float().cpu().numpy()
