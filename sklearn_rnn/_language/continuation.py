"""A text that grows token by token, up to a stop string."""

from __future__ import annotations

import copy
from typing import Any

from sklearn_rnn._language.writers import Writer


class Continuation:
    """What follows a prompt.

    Parameters
    ----------
    writer : Writer
        Turns tokens into text.
    writing : object
        The state of the writer after the prompt.
    stop : tuple of str, default=()
        Strings before the first of which the text ends.

    Attributes
    ----------
    is_stopped : bool
        Whether a stop string has occurred.

    Examples
    --------
    >>> from sklearn_rnn import SequenceVectorizer
    >>> from sklearn_rnn._language.continuation import Continuation
    >>> from sklearn_rnn._language.writers import make_writer
    >>> words = SequenceVectorizer().fit(["good , but long"])
    >>> writer = make_writer(words)
    >>> text = Continuation(writer, writer.start("A"), stop=(" long",))
    >>> for word in ["good", ",", "but", "long"]:
    ...     text.add(words.vocabulary_[word])
    >>> text.finish(), text.is_stopped
    (' good, but', True)
    """

    def __init__(self, writer: Writer, writing: Any, stop: tuple[str, ...] = ()) -> None:
        self.is_stopped = False
        self._writer, self._stop = writer, stop
        self._writing = writing
        self._written: list[str] = []  # what is certain
        self._held = ""  # what may be the beginning of a stop string
        self._n_taken = 0

    def add(self, id_: int) -> None:
        """Add a token."""
        piece, self._writing = self._writer.write(self._writing, id_)
        self._append(piece)

    def take(self) -> str:
        """Return the text that has become certain since the last call."""
        taken = "".join(self._written[self._n_taken :])
        self._n_taken = len(self._written)
        return taken

    def finish(self) -> str:
        """Return the whole text, which ends here."""
        if not self.is_stopped:
            self._append(self._writer.end(self._writing))
            self._written.append(self._held)
            self._held = ""
        return "".join(self._written)

    def copy(self) -> Continuation:
        """Return a copy, which can continue differently."""
        other = copy.copy(self)
        other._written = self._written.copy()
        return other

    def _append(self, piece: str) -> None:
        if not self._stop:
            self._written.append(piece)
            return
        text = self._held + piece
        # Whatever the pieces are: the stop string that is complete first.
        found = [
            (start + len(stop), start) for stop in self._stop if (start := text.find(stop)) >= 0
        ]
        if found:
            self.is_stopped = True
            self._written.append(text[: min(found)[1]])
            return
        n_held = max(_overlap(text, stop) for stop in self._stop)
        self._written.append(text[: len(text) - n_held])
        self._held = text[len(text) - n_held :]


def _overlap(text: str, stop: str) -> int:
    """Return how many characters at the end of a text may be the beginning of a stop string."""
    lengths = range(min(len(text), len(stop) - 1), 0, -1)
    return next((n for n in lengths if text.endswith(stop[:n])), 0)
