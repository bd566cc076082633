"""Text to tokens: the stages of `CountVectorizer`, each a picklable function.

preprocess (case, accents) -> tokenize (split) -> stop words
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import Any

from sklearn.feature_extraction.text import (
    ENGLISH_STOP_WORDS,
    strip_accents_ascii,
    strip_accents_unicode,
)

from sklearn_rnn._text.words import TOKEN_PATTERN, split_words

Preprocessor = Callable[[str], str]
Tokenizer = Callable[[str], Iterable[str]]


def make_preprocessor(
    *, lowercase: bool = True, strip_accents: str | Preprocessor | None = None
) -> Preprocessor:
    """Return the function that normalizes a document before it is split.

    Examples
    --------
    >>> from sklearn_rnn._text.tokenizer import make_preprocessor
    >>> make_preprocessor(strip_accents="unicode")("Café CRÈME")
    'cafe creme'
    """
    by_name = {None: None, "ascii": strip_accents_ascii, "unicode": strip_accents_unicode}
    strip = strip_accents if callable(strip_accents) else by_name[strip_accents]
    return partial(_preprocess, lowercase=lowercase, strip_accents=strip)


def make_tokenizer(token_pattern: str | None = None) -> Tokenizer:
    """Return the function that finds the tokens of a document: words, or matches of a pattern.

    Examples
    --------
    >>> from sklearn_rnn._text.tokenizer import make_tokenizer
    >>> make_tokenizer()("I don't, really!")
    ['I', "don't", ',', 'really', '!']
    """
    if token_pattern is None:
        return split_words
    try:
        pattern = re.compile(token_pattern)
    except re.error as exc:
        raise ValueError(
            "'token_pattern' must be a valid regular expression. "
            f"Got {token_pattern!r} instead: {exc}."
        ) from exc
    if pattern.groups > 1:
        raise ValueError(
            "More than 1 capturing group in token pattern. Only a single group should be captured."
        )
    return pattern.findall


def make_analyzer(
    preprocess: Preprocessor, tokenize: Tokenizer, stop_words: Collection[str] | None = None
) -> Tokenizer:
    """Chain the stages into one function from a document, of any type, to its tokens.

    Examples
    --------
    >>> from sklearn_rnn._text.tokenizer import make_analyzer, make_preprocessor, make_tokenizer
    >>> analyze = make_analyzer(make_preprocessor(), make_tokenizer(), frozenset(["the"]))
    >>> analyze("The END.")
    ['end', '.']
    """
    return partial(_analyze, preprocess=preprocess, tokenize=tokenize, stop_words=stop_words)


def make_token_analyzer(
    preprocess: Preprocessor, tokenize: Tokenizer, stop_words: Collection[str] | None = None
) -> Callable[[str | Sequence[str]], Iterable[str]]:
    """Do as `make_analyzer` for str; documents that are tokens are preprocessed token by token.

    Examples
    --------
    >>> from sklearn_rnn._text.tokenizer import make_preprocessor, make_token_analyzer
    >>> analyze = make_token_analyzer(make_preprocessor(), str.split, frozenset(["the"]))
    >>> analyze("In the end"), analyze(["The", "New York", "Times"])
    (['in', 'end'], ['new york', 'times'])
    """
    return partial(_analyze_tokens, preprocess=preprocess, tokenize=tokenize, stop_words=stop_words)


def word_stages(
    analyze: Callable[..., Any],
) -> tuple[Preprocessor, Tokenizer, Collection[str] | None] | None:
    """Return the stages of an analyzer whose tokens contain no spaces, None for any other.

    Examples
    --------
    >>> from sklearn_rnn._text.tokenizer import make_analyzer, make_tokenizer, word_stages
    >>> word_stages(make_analyzer(str.lower, make_tokenizer()))[0] is str.lower
    True
    >>> word_stages(str.split)
    """
    if not isinstance(analyze, partial) or analyze.func not in (_analyze, _analyze_tokens):
        return None
    stages = analyze.keywords
    tokenize = stages["tokenize"]
    if tokenize != split_words and tokenize != re.compile(TOKEN_PATTERN).findall:
        return None
    return stages["preprocess"], tokenize, stages["stop_words"]


def takes_joined_texts(preprocess: Preprocessor) -> bool:
    """Tell whether a preprocessor treats texts joined by spaces like each text by itself.

    Examples
    --------
    >>> from sklearn_rnn._text.tokenizer import make_preprocessor, takes_joined_texts
    >>> takes_joined_texts(make_preprocessor()), takes_joined_texts(str.title)
    (True, False)
    """
    if not isinstance(preprocess, partial) or preprocess.func is not _preprocess:
        return False
    return preprocess.keywords["strip_accents"] in (
        None,
        strip_accents_ascii,
        strip_accents_unicode,
    )


def split_characters(document: str) -> list[str]:
    """Return the characters of a document, white space included.

    `CountVectorizer` squeezes runs of white space here. A sequence model may have to write
    the text again, with its line breaks, so nothing is dropped.
    """
    return list(document)


def get_stop_words(stop_words: str | Iterable[str] | None) -> frozenset[str] | None:
    """Return the stop words of a parameter, None for none."""
    if stop_words is None:
        return None
    return ENGLISH_STOP_WORDS if stop_words == "english" else frozenset(stop_words)


def inconsistent_stop_words(
    stop_words: Collection[str], preprocess: Preprocessor, tokenize: Tokenizer
) -> list[str]:
    """Return tokens that stop words turn into and that are not stop words, sorted.

    Examples
    --------
    >>> from sklearn_rnn._text.tokenizer import (
    ...     inconsistent_stop_words,
    ...     make_preprocessor,
    ...     make_tokenizer,
    ... )
    >>> inconsistent_stop_words({"The", "of"}, make_preprocessor(), make_tokenizer())
    ['the']
    """
    tokens = {token for word in stop_words for token in tokenize(preprocess(word))}
    return sorted(tokens.difference(stop_words))


def _preprocess(document: str, *, lowercase: bool, strip_accents: Preprocessor | None) -> str:
    if lowercase:
        document = document.lower()
    if strip_accents is not None:
        document = strip_accents(document)
    return document


def _analyze(
    document: str,
    *,
    preprocess: Preprocessor,
    tokenize: Tokenizer,
    stop_words: Collection[str] | None,
) -> Iterable[str]:
    tokens = tokenize(preprocess(document))
    if stop_words is None:
        return tokens
    return [token for token in tokens if token not in stop_words]


def _analyze_tokens(
    document: str | Sequence[str],
    *,
    preprocess: Preprocessor,
    tokenize: Tokenizer,
    stop_words: Collection[str] | None,
) -> Iterable[str]:
    if not isinstance(document, str):
        tokens = list(map(preprocess, document))
        return tokens if stop_words is None else [t for t in tokens if t not in stop_words]
    return _analyze(document, preprocess=preprocess, tokenize=tokenize, stop_words=stop_words)
