"""Token ids to text, one token at a time.

The state of a writer is a value that never changes, so that texts can branch from it.
"""

from __future__ import annotations

from codecs import utf_8_decode
from typing import Any, Protocol

from sklearn_rnn._subwords import SubwordVectorizer
from sklearn_rnn._text.join_words import Joined, Spacing, join_word, read_joined


class Writer(Protocol):
    """Turns token ids into text, no piece of which changes when more tokens follow."""

    def start(self, prompt: str) -> Any:
        """Return the state after a text."""

    def write(self, state: Any, id_: int) -> tuple[str, Any]:
        """Return what a token adds to the text, and the state after it."""

    def end(self, state: Any) -> str:
        """Return what is left to add if no token follows."""


class TokenWriter:
    """Writes tokens as they are, such as characters.

    Parameters
    ----------
    tokens : list of str
        The token of each id.
    """

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens

    def start(self, prompt: str) -> None:
        """Return the state after a text: there is nothing to know."""

    def write(self, state: None, id_: int) -> tuple[str, None]:
        """Return a token."""
        return self.tokens[id_], None

    def end(self, state: None) -> str:
        """Return what is left, which is nothing."""
        return ""


class WordWriter:
    """Writes words with spaces between them, and punctuation marks where they belong.

    Parameters
    ----------
    tokens : list of str
        The token of each id.
    spacing : dict of dict of str, default=None
        The white space of marks, from `learn_spacing`. None means that of English.
    """

    def __init__(self, tokens: list[str], spacing: Spacing | None = None) -> None:
        self.tokens = tokens
        self.spacing = spacing

    def start(self, prompt: str) -> Joined:
        """Return the state after a text."""
        return read_joined(prompt)

    def write(self, state: Joined, id_: int) -> tuple[str, Joined]:
        """Return a token, with a space before it if one belongs there."""
        known = {} if self.spacing is None else {"spacing": self.spacing}
        return join_word(state, self.tokens[id_], **known)

    def end(self, state: Joined) -> str:
        """Return what is left, which is nothing."""
        return ""


class SubwordWriter:
    """Writes subwords, and bytes as soon as they form a character.

    Parameters
    ----------
    pieces : list of bytes
        What each id adds to a text.
    strips_space : bool
        Whether a text begins without the space that its first subword has.
    """

    def __init__(self, pieces: list[bytes], *, strips_space: bool) -> None:
        self.pieces = pieces
        self.strips_space = strips_space

    def start(self, prompt: str) -> bytes | None:
        """Return the state after a text: bytes that are not yet a character, None at its start."""
        return b"" if prompt or not self.strips_space else None

    def write(self, state: bytes | None, id_: int) -> tuple[str, bytes]:
        """Return the text that a token completes."""
        piece = self.pieces[id_]
        raw = piece.removeprefix(b" ") if state is None else state + piece
        # Bytes that can no longer become a character are replaced by U+FFFD.
        text, n_read = utf_8_decode(raw, "replace", False)
        return text, raw[n_read:]

    def end(self, state: bytes | None) -> str:
        """Return U+FFFD for bytes of a character that is incomplete."""
        return (state or b"").decode("utf-8", "replace")


def make_writer(vectorizer: Any, spacing: Spacing | None = None) -> Writer:
    """Return a writer of the ids of a fitted vectorizer.

    Tokens with white space at an end, such as characters, are joined as they are. Others are
    treated as words.

    Parameters
    ----------
    vectorizer : object
        One of ours, or another with the token of each id as `tokens_`.
    spacing : dict of dict of str, default=None
        As for `WordWriter`. Ignored unless words are joined.

    Returns
    -------
    writer : Writer

    Examples
    --------
    >>> from sklearn_rnn import SubwordVectorizer
    >>> from sklearn_rnn._language.writers import make_writer
    >>> vectorizer = SubwordVectorizer().fit(["low lower lowest"])
    >>> writer = make_writer(vectorizer)
    >>> writer.write(writer.start("How"), vectorizer.vocabulary_[" low"])
    (' low', b'')
    """
    if isinstance(vectorizer, SubwordVectorizer):
        subwords = vectorizer._subwords
        return SubwordWriter(subwords.pieces, strips_space=subwords.strips_space)
    tokens = list(getattr(vectorizer, "tokens_", ()))
    if not tokens:
        raise TypeError(
            "To write text, a vectorizer needs the token of each id as its attribute 'tokens_'. "
            f"{type(vectorizer).__name__} has none."
        )
    as_they_are = getattr(vectorizer, "analyzer", None) == "char" or any(
        token[:1].isspace() or token[-1:].isspace() for token in tokens
    )
    return TokenWriter(tokens) if as_they_are else WordWriter(tokens, spacing)
