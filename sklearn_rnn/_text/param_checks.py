"""Checks across parameters of a vectorizer, and warnings about those without an effect."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from numbers import Integral
from typing import Any

from sklearn_rnn._text.tokenizer import get_stop_words, inconsistent_stop_words
from sklearn_rnn._text.words import TOKEN_PATTERN


def check_df_bounds(vectorizer: Any) -> None:
    """Refuse bounds that leave no token, whatever the stream contains."""
    both_counts = isinstance(vectorizer.min_df, Integral) == isinstance(vectorizer.max_df, Integral)
    if both_counts and vectorizer.max_df < vectorizer.min_df:
        raise ValueError("max_df corresponds to < documents than min_df")


def reads_any_type(vectorizer: Any) -> bool:
    """Tell whether a function of the user reads documents first, whatever their type."""
    if callable(vectorizer.analyzer) or vectorizer.preprocessor is not None:
        return True
    reads_as_it_is = not vectorizer.lowercase and vectorizer.strip_accents is None
    own_tokenizer = vectorizer.analyzer == "word" and vectorizer.tokenizer is not None
    return own_tokenizer and reads_as_it_is


def warn_for_texts_in_lists(vectorizer: Any, documents: list) -> None:
    """Warn if each document is a list of one str, some with spaces: probably a column of texts."""
    if reads_any_type(vectorizer) or any(type(each) is str or len(each) != 1 for each in documents):
        return
    if any(len(token.split()) > 1 for (token,) in documents):
        warnings.warn(
            "Each document of X is a list with one str, which is read as one token. If these are "
            "texts, pass [row[0] for row in X].",
            stacklevel=2,
        )


def warn_for_unused_params(vectorizer: Any) -> None:
    """Warn about parameters that another one switches off."""
    unused = {}
    if callable(vectorizer.analyzer):
        unused["preprocessor"] = "'analyzer' is callable"
    if vectorizer.analyzer != "word":
        for name in ("tokenizer", "stop_words", "token_pattern"):
            unused[name] = "'analyzer' != 'word'"
    elif vectorizer.tokenizer is not None:
        unused["token_pattern"] = "'tokenizer' is not None"
    for name, reason in unused.items():
        if getattr(vectorizer, name) not in (None, TOKEN_PATTERN):
            warnings.warn(f"The parameter '{name}' will not be used since {reason}", stacklevel=2)


def warn_for_changed_stop_words(vectorizer: Any) -> None:
    """Warn about stop words that never equal a token of the documents."""
    if vectorizer.stop_words is None or vectorizer.analyzer != "word":
        return
    if vectorizer.preprocessor is not None or vectorizer.tokenizer is not None:
        return  # may not be made for single words
    preprocessor, tokenizer = vectorizer.build_preprocessor(), vectorizer.build_tokenizer()
    stop_words = get_stop_words(vectorizer.stop_words) or ()
    inconsistent = inconsistent_stop_words(stop_words, preprocessor, tokenizer)
    if inconsistent:
        warnings.warn(
            "Your stop_words may be inconsistent with your preprocessing. Tokenizing the "
            f"stop words generated tokens {inconsistent} not in stop_words.",
            stacklevel=2,
        )


def warn_for_upper_case(vectorizer: Any, tokens: Iterable[str]) -> None:
    """Warn about tokens in the vocabulary that no lowercased document contains."""
    own = vectorizer.preprocessor is not None or callable(vectorizer.analyzer)
    if vectorizer.lowercase and not own and any(any(map(str.isupper, token)) for token in tokens):
        warnings.warn(
            "Upper case characters found in vocabulary while 'lowercase' is True. These "
            "entries will not be matched with any documents",
            stacklevel=2,
        )
