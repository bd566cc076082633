"""Tags that mark spans, such as named entities: allowed steps, and the spans themselves."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

OUTSIDE = "O"
# The beginning (B), the inside (I) and the end (E) or last token (L) of a span of several tokens; a
# single one (S) or unit (U).
_PREFIXES = frozenset("BIELSU")
_LAST = frozenset("ELSU")


class Span(NamedTuple):
    """A part of a sentence that tags mark, such as a named entity.

    Parameters
    ----------
    label : str
        Its kind, such as "PER".
    start, stop : int
        Its first token, and the one after its last.
    text : str
        Its text, or its tokens joined by spaces if sentences are lists of tokens.
    start_char, stop_char : int or None
        Where it starts and stops in the text of the sentence. None without a text.

    Examples
    --------
    >>> from sklearn_rnn._tagging.spans import Span
    >>> Span("LOC", start=2, stop=3, text="Paris", start_char=10, stop_char=15).label
    'LOC'
    """

    label: str
    start: int
    stop: int
    text: str
    start_char: int | None = None
    stop_char: int | None = None


def split_tag(tag: Any) -> tuple[str, str]:
    """Return the prefix of a tag, "" for none, and its label.

    Examples
    --------
    >>> from sklearn_rnn._tagging.spans import split_tag
    >>> split_tag("B-PER"), split_tag("O"), split_tag("NOUN")
    (('B', 'PER'), ('O', ''), ('', 'NOUN'))
    """
    tag = str(tag)
    if tag == OUTSIDE:
        return OUTSIDE, ""
    prefix, _, label = tag.partition("-")
    return (prefix, label) if label and prefix in _PREFIXES else ("", tag)


def marks_spans(classes: np.ndarray) -> bool:
    """Return whether tags mark spans: all are "O", or a prefix and a label.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._tagging.spans import marks_spans
    >>> marks_spans(np.array(["B-PER", "I-PER", "O"])), marks_spans(np.array(["NOUN", "VERB"]))
    (True, False)
    """
    prefixes = [split_tag(tag)[0] for tag in classes.tolist()]
    return all(prefixes) and any(prefix != OUTSIDE for prefix in prefixes)


def find_spans(tags: list) -> list[tuple[str, int, int]]:
    """Return label, start and stop of each span, as CoNLL's evaluation finds them.

    A tag "I-x" that continues no span begins one.

    Examples
    --------
    >>> from sklearn_rnn._tagging.spans import find_spans
    >>> find_spans(["B-PER", "I-PER", "O", "I-LOC", "B-LOC"])
    [('PER', 0, 2), ('LOC', 3, 4), ('LOC', 4, 5)]
    """
    spans, start, label, ended = [], 0, "", True
    for i, tag in enumerate([*tags, OUTSIDE]):
        prefix, new = split_tag(tag)
        goes_on = not ended and prefix in ("I", "E", "L") and new == label
        if not goes_on:
            if label:
                spans.append((label, start, i))
            start, label = i, new
        ended = prefix == OUTSIDE or prefix in _LAST
    return spans


def allowed_steps(classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which tags may follow which by the rules of BIO, and which may come first.

    An inside tag follows the beginning or the inside of a span of its label.

    Returns
    -------
    transitions : ndarray of bool of shape (n_tags, n_tags)
        From each tag (rows) to the next (columns).
    starts : ndarray of bool of shape (n_tags,)

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._tagging.spans import allowed_steps
    >>> transitions, starts = allowed_steps(np.array(["B-PER", "I-PER", "O"]))
    >>> transitions
    array([[ True,  True,  True],
           [ True,  True,  True],
           [ True, False,  True]])
    >>> starts
    array([ True, False,  True])
    """
    parts = [split_tag(tag) for tag in classes.tolist()]
    transitions = np.array(
        [
            [after != "I" or (before in ("B", "I") and old == new) for after, new in parts]
            for before, old in parts
        ]
    )
    return transitions, np.array([prefix != "I" for prefix, _ in parts])


def locate_span(found: tuple[str, int, int], row: int, sentences: Any) -> Span:
    """Return a span of a sentence with its text.

    Parameters
    ----------
    found : tuple of str, int and int
        As `find_spans` returns it.
    row : int
        The sentence.
    sentences : Sentences
        All sentences. Token ids have no text.
    """
    label, start, stop = found
    if sentences.texts is not None:
        first, last = sentences.spans[row][start][0], sentences.spans[row][stop - 1][1]
        text = sentences.texts[row][first:last]
        return Span(label, start, stop, text, int(first), int(last))
    tokens = [] if sentences.tokens is None else sentences.tokens[row][start:stop]
    return Span(label, start, stop, " ".join(tokens))
