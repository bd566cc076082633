"""Token ids of targets to text or tokens."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np

from sklearn_rnn._language.writers import SubwordWriter, make_writer
from sklearn_rnn._text.vocabulary import UNKNOWN_ID


class TargetWriter:
    """Writes targets as texts, or as lists of tokens if those of the training were lists.

    Parameters
    ----------
    vectorizer : transformer
        The fitted vectorizer of the targets.
    as_tokens : bool
        Whether to write lists of tokens.
    spacing : dict of dict of str, default=None
        The white space of marks in texts, from `learn_spacing`. None means that of English.
    """

    def __init__(self, vectorizer: Any, *, as_tokens: bool, spacing: Any = None) -> None:
        self.writer = make_writer(vectorizer, spacing)
        self.as_tokens = as_tokens

    @property
    def n_ids(self) -> int:
        """Number of ids that can be written."""
        writer: Any = self.writer
        return len(writer.pieces if isinstance(writer, SubwordWriter) else writer.tokens)

    def write(self, ids: np.ndarray, copied: dict[int, str] | None = None) -> Any:
        """Return a target.

        Parameters
        ----------
        ids : ndarray of int of shape (n_tokens,)
            Its tokens.
        copied : dict of int to str, default=None
            What replaces the unknown token, by its place.
        """
        writer: Any = self.writer
        pieces = ids.tolist()
        if copied and not isinstance(writer, SubwordWriter):  # whose bytes leave nothing unknown
            tokens = list(writer.tokens)
            for place, token in copied.items():
                pieces[place] = len(tokens)
                tokens.append(token)
            writer = copy(writer)
            writer.tokens = tokens
        if self.as_tokens:
            return [writer.tokens[id_] for id_ in pieces]
        state, written = writer.start(""), []
        for id_ in pieces:
            piece, state = writer.write(state, id_)
            written.append(piece)
        return "".join([*written, writer.end(state)])


def places_of_unknown(ids: np.ndarray) -> list[int]:
    """Return where a target has the unknown token."""
    return np.flatnonzero(ids == UNKNOWN_ID).tolist()
