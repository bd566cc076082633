"""What generation needs from a model, and which tokens may come next."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np

from sklearn_rnn._language.sampling import penalize_repetition
from sklearn_rnn._text.vocabulary import PAD_ID, UNKNOWN_ID

# Padding is never stored, so that its id is free: it stands before and after a text.
BOUNDARY_ID = PAD_ID


class Reader(Protocol):
    """A model that reads texts in parallel, one token of each at a time.

    A state is everything that it has to know about the texts so far. It is never changed: each step
    returns a new one.
    """

    def start(self, ids: np.ndarray) -> Any:
        """Return the state after one text, ids of shape (n_tokens,), with the boundary before."""

    def scores(self, state: Any) -> np.ndarray:
        """Return the logits of the next token of each text, of shape (n_texts, n_ids)."""

    def step(self, state: Any, ids: np.ndarray) -> Any:
        """Return the state after another token of each text, ids of shape (n_texts,)."""

    def select(self, state: Any, texts: np.ndarray) -> Any:
        """Return the state of these texts in this order; a text may occur several times."""


class _Read(NamedTuple):
    """The state of a reader, and which tokens each text contains."""

    state: Any
    seen: np.ndarray | None


class TextReader:
    """A reader whose scores allow only text, and make repetition less likely.

    The unknown token is impossible, because it is not text.

    Parameters
    ----------
    reader : Reader
        The model.
    repetition_penalty : float, default=1.0
        See `penalize_repetition`. The tokens of the prompt count as repeated. The end of a text
        does not, which would only make texts longer.
    ends : bool, default=True
        Whether a text can end. Otherwise the boundary is impossible too.
    """

    def __init__(
        self, reader: Reader, *, repetition_penalty: float = 1.0, ends: bool = True
    ) -> None:
        self.reader = reader
        self.repetition_penalty = repetition_penalty
        self._impossible = [UNKNOWN_ID] if ends else [BOUNDARY_ID, UNKNOWN_ID]

    def start(self, ids: np.ndarray) -> _Read:
        """Return the state after a text."""
        state, seen = self.reader.start(ids), None
        if self.repetition_penalty != 1:
            seen = np.zeros((1, self.reader.scores(state).shape[1]), bool)
            seen[0, ids[ids < seen.shape[1]]] = True  # the others are unknown to the model
        return _Read(state, seen)

    def scores(self, read: _Read) -> np.ndarray:
        """Return the scores of the next token of each text, -inf where it is impossible."""
        scores = self.reader.scores(read.state).astype(np.float64)
        if read.seen is not None:
            scores = penalize_repetition(scores, read.seen, self.repetition_penalty)
        scores[:, self._impossible] = -np.inf
        return scores

    def step(self, read: _Read, ids: np.ndarray) -> _Read:
        """Return the state after another token of each text."""
        state, seen = self.reader.step(read.state, ids), read.seen
        if seen is not None:
            seen = seen.copy()
            seen[np.arange(len(ids)), ids] = True
        return _Read(state, seen)

    def select(self, read: _Read, texts: np.ndarray) -> _Read:
        """Return the state of these texts."""
        seen = None if read.seen is None else read.seen[texts]
        return _Read(self.reader.select(read.state, texts), seen)
