"""A document as HTML, with shaded words."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from sklearn_rnn.inspection._document_words import DocumentWords
from sklearn_rnn.inspection._importance import METHODS, compute_importance
from sklearn_rnn.inspection._inspected_estimator import InspectedEstimator
from sklearn_rnn.inspection._recording import record_document

# Both ends of the colour map PuOr, which people with any colour vision can tell apart.
_FOR, _AGAINST = "94, 60, 153", "230, 97, 1"
_DARKEST = 0.65


class ShadedDocument:
    r"""A document whose words are shaded by their importance or attention.

    Notebooks show it as text. Purple words are evidence for the class, orange words evidence
    against it. With attention, darker words have more weight. Hover over a word to see its value.

    Parameters
    ----------
    words : DocumentWords
        Words of the document, and their places in its text.

    values : ndarray of shape (n_tokens,)
        Value to shade each word by.

    caption : str, default=""
        Line above the text. If it is empty, there is none.

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

    def __init__(self, words, values, *, caption=""):
        self.words = words
        self.values = values
        self.caption = caption

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
        part = "recurrent network" if values == "integrated_gradients" else importance.explained
        caption = f"{values.replace('_', ' ')} for {importance.target.name} ({part})"
        return cls(importance.words, importance.values[values], caption=caption)

    def to_html(self):
        """Return the document as HTML.

        Returns
        -------
        html : str
            A ``div`` element, in which all text is escaped.
        """
        text, spans = self.words.text, self.words.spans
        if spans is None:
            text = " ".join(self.words.tokens)
            lengths = np.array([len(word) for word in self.words.tokens])
            starts = np.cumsum(lengths + 1) - lengths - 1
            spans = np.column_stack([starts, starts + lengths])
        largest = np.abs(self.values).max(initial=0) or 1
        parts, place = [], 0
        for (start, stop), value in zip(spans.tolist(), self.values.tolist(), strict=True):
            parts.append(escape(text[place:start]))
            colour = _FOR if value >= 0 else _AGAINST
            shade = _DARKEST * abs(value) / largest
            parts.append(
                f'<span style="background-color: rgba({colour}, {shade:.3f})" '
                f'title="{value:.3g}">{escape(text[start:stop])}</span>'
            )
            place = stop
        parts.append(escape(text[place:]))
        caption = f'<div style="opacity: 0.7">{escape(self.caption)}</div>' if self.caption else ""
        body = f'<div style="white-space: pre-wrap; line-height: 1.6">{"".join(parts)}</div>'
        return f"<div>{caption}{body}</div>"

    def _repr_html_(self):
        return self.to_html()

    def __repr__(self):
        return f"ShadedDocument({len(self.words.tokens)} words, {self.caption!r})"


def read_attention(estimator: Any, document: Any) -> tuple[DocumentWords, np.ndarray]:
    """Return the words of a document and the weights that each head of the pooling gives them."""
    inspected = InspectedEstimator(estimator)
    sequence, words = inspected.read(document)
    attention = record_document(inspected, sequence).attention
    if attention is None:
        raise ValueError(
            "Attention is there only with pooling='attention' or 'multihead_attention'. This "
            f"{inspected.name} has pooling={inspected.estimator.pooling!r}."
        )
    return words, attention.float().cpu().numpy()
