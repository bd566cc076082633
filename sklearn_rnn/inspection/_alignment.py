"""How a translator reads one source, and what to call the tokens of both sides."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_rnn._subwords import SubwordVectorizer
from sklearn_rnn._text.vocabulary import UNKNOWN_ID, UNKNOWN_TOKEN
from sklearn_rnn._training.document_words import find_words
from sklearn_rnn._translator import RNNTranslator
from sklearn_rnn._vectorizer import SequenceVectorizer
from sklearn_rnn.inspection._inspected_estimator import as_one_row, unwrap_kind


@dataclass(frozen=True)
class Alignment:
    """How much attention the tokens of a target pay to those of its source.

    Parameters
    ----------
    weights : ndarray of float32 of shape (n_target_tokens, n_source_tokens)
        Rows sum to 1.
    source_tokens, target_tokens : list of str
        What to call them. Regions are called by their numbers.
    source_name : str
        What the columns are.
    """

    weights: np.ndarray
    source_tokens: list[str]
    target_tokens: list[str]
    source_name: str = "source token"


def read_alignment(estimator: Any, document: Any, target: Any = None) -> Alignment:
    """Return the attention of a translator from one target to its source.

    Parameters
    ----------
    estimator : estimator instance
        A fitted `RNNTranslator`, a pipeline that ends in one, or a search over either.
    document : str, array-like or container of one document
        The source, or its regions.
    target : str, list of str or None, default=None
        The target. None takes what the estimator predicts.
    """
    translator, transformers = unwrap_kind(estimator, RNNTranslator)
    translator = copy(translator)  # one consistent model, whatever another thread learns
    takes_regions = translator.module_.n_region_features is not None
    is_bare = takes_regions and getattr(document, "ndim", 0) == 2
    X = [document] if is_bare else as_one_row(document)
    for transformer in transformers:
        X = transformer.transform(X)
    y = None
    if target is not None:
        is_whole = isinstance(target, str) or translator.writes_tokens_
        y = [target] if is_whole else as_one_row(target)
    (weights,), sources, targets = translator._attend(X, y)
    written = translator.predict(X) if y is None else y
    target_tokens = _name_tokens(targets.data, written, translator.target_vectorizer_)
    if takes_regions:
        return Alignment(weights, list(map(str, range(weights.shape[1]))), target_tokens, "region")
    source_tokens = _name_tokens(sources.data, X, translator.source_vectorizer_)
    # An empty source is read as the unknown token.
    return Alignment(weights, source_tokens or [UNKNOWN_TOKEN], target_tokens)


def _name_tokens(ids: np.ndarray, container: Any, vectorizer: Any) -> list[str]:
    """Return tokens as they are spelled in the text, else as in the vocabulary, else their ids."""
    text = next(iter(container))
    if isinstance(text, (list, tuple)) and len(text) == len(ids):
        return list(map(str, text))
    if isinstance(text, str) and isinstance(vectorizer, (SequenceVectorizer, SubwordVectorizer)):
        tokens = find_words(text, vectorizer).tokens
        if len(tokens) == len(ids):
            return tokens
    names = getattr(vectorizer, "tokens_", None)
    if names is None:
        return [str(id_) for id_ in ids.tolist()]
    return [str(names[id_]) for id_ in np.where(ids < len(names), ids, UNKNOWN_ID).tolist()]
