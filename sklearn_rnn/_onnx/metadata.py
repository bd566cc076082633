"""The metadata of an ONNX model: how text becomes token ids."""

from __future__ import annotations

import json
from typing import Any

from sklearn.base import is_classifier

from sklearn_rnn._language_model import RNNLanguageModel
from sklearn_rnn._subwords import SubwordVectorizer
from sklearn_rnn._text.tokenizer import get_stop_words
from sklearn_rnn._text.words import IGNORED, WORD_PATTERN
from sklearn_rnn._token_classifier import RNNTokenClassifier
from sklearn_rnn._vectorizer import SequenceVectorizer


def describe(estimator: Any, vectorizer: Any) -> dict[str, str]:
    """Return what a program needs to know about the model, as texts in JSON."""
    facts = {}
    is_language_model = isinstance(estimator, RNNLanguageModel)
    has_labels = is_language_model and estimator.classes_ is not None
    if is_classifier(estimator) or isinstance(estimator, RNNTokenClassifier) or has_labels:
        facts["classes"] = estimator.classes_.tolist()
    if is_language_model:
        facts |= {"documents": estimator.documents_, "reverse": estimator.reverse_}
    if hasattr(vectorizer, "vocabulary_"):
        # What a stream has met too often is read as unknown.
        left_out = set(getattr(vectorizer, "too_frequent_ids_", ()))
        vocabulary = vectorizer.vocabulary_.items()
        facts["vocabulary"] = {token: id_ for token, id_ in vocabulary if id_ not in left_out}
    if isinstance(vectorizer, SequenceVectorizer):
        facts["vectorizer"] = _describe_vectorizer(vectorizer)
    if isinstance(vectorizer, SubwordVectorizer):
        facts["vectorizer"] = _describe_cut(vectorizer)
        facts["tokenizer"] = json.loads(vectorizer.tokenizer_json_)
    return {
        name: json.dumps(fact, ensure_ascii=False, default=_name_function)
        for name, fact in facts.items()
    }


def _describe_vectorizer(vectorizer: SequenceVectorizer) -> dict:
    """Return the parameters that say how a text is split."""
    stop_words = get_stop_words(vectorizer.stop_words)
    names = ("strip_accents", "lowercase", "preprocessor", "tokenizer", "token_pattern", "analyzer")
    facts = {name: getattr(vectorizer, name) for name in names}
    if facts["token_pattern"] is None and vectorizer.tokenizer is None:
        # In a syntax that other languages know too, for text without `ignored` and in NFC.
        facts |= {"token_pattern": WORD_PATTERN, "ignored": IGNORED, "form": "NFC"}
    return {
        **facts,
        "stop_words": None if stop_words is None else sorted(stop_words),
        **_describe_cut(vectorizer),
    }


def _describe_cut(vectorizer: SequenceVectorizer | SubwordVectorizer) -> dict:
    """Return which tokens of a long text are read."""
    is_cut = vectorizer.max_length is not None or not vectorizer.sparse_output
    return {
        "max_length": vectorizer.n_positions_ if is_cut else None,
        "truncation": vectorizer.truncation,
    }


def _name_function(function: Any) -> str:
    """Return the name of a function, in place of what JSON cannot hold."""
    name = getattr(function, "__qualname__", type(function).__qualname__)
    return f"{function.__module__}.{name}"
