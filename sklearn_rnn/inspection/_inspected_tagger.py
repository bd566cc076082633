"""A fitted tagger, and what it says about sentences: their tags and their probabilities."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_rnn._tagging.scoring import predict_codes
from sklearn_rnn._tagging.sentences import Sentences, read_by
from sklearn_rnn._text.vocabulary import UNKNOWN_ID
from sklearn_rnn._token_classifier import RNNTokenClassifier
from sklearn_rnn._training.document_words import DocumentWords
from sklearn_rnn.inspection._inspected_estimator import find_vectorizer, unwrap_kind


class InspectedTagger:
    """A fitted tagger to inspect, found at the end of pipelines and searches.

    Parameters
    ----------
    estimator : estimator instance
        A fitted `RNNTokenClassifier`, a pipeline that ends in one, or a search over either.
    """

    def __init__(self, estimator: Any) -> None:
        tagger, self.transformers = unwrap_kind(estimator, RNNTokenClassifier)
        self.tagger = copy(tagger)  # one consistent model, whatever another thread learns

    @property
    def classes(self) -> np.ndarray:
        """The tags."""
        return self.tagger.classes_

    def read(self, X: Any) -> Sentences:
        """Return sentences as the tagger reads them."""
        for transformer in self.transformers:
            X = transformer.transform(X)
        return read_by(X, self.tagger.vectorizer_, self.tagger)

    def tag(self, sentences: Sentences) -> TokenTags:
        """Return the tags of sentences and their probabilities."""
        tagger = self.tagger
        data = sentences.to_data(tagger.characters_)
        proba = predict_codes(tagger.net_, data, tagger.n_jobs, marginals=True)
        return TokenTags(predict_codes(tagger.net_, data, tagger.n_jobs), proba)

    def knows(self, ids: np.ndarray) -> np.ndarray:
        """Return which token ids the network has a vector for."""
        return (ids != UNKNOWN_ID) & (ids < self.tagger.module_.embedding.table.num_embeddings)

    def words(self, sentences: Sentences) -> list[DocumentWords]:
        """Return the tokens of each sentence as a person reads them."""
        tokens = sentences.tokens
        if tokens is None:
            ids = np.split(sentences.X.data, sentences.X.indptr[1:-1])
            tokens = [self._names(each) for each in ids]
        texts, spans = sentences.texts, sentences.spans
        if texts is None or spans is None:
            return [DocumentWords(each) for each in tokens]
        return [DocumentWords(*each) for each in zip(tokens, texts, spans, strict=True)]

    def _names(self, ids: np.ndarray) -> list[str]:
        names = getattr(find_vectorizer(self.transformers), "tokens_", None)
        if names is None:
            return [str(id_) for id_ in ids.tolist()]
        return [str(names[id_]) for id_ in np.where(ids < len(names), ids, UNKNOWN_ID).tolist()]


@dataclass(frozen=True)
class TokenTags:
    """What a tagger says about each token.

    Parameters
    ----------
    codes : ndarray of int64 of shape (n_tokens,)
        The number of its tag.
    proba : ndarray of float64 of shape (n_tokens, n_tags)
        The probability of each tag.
    """

    codes: np.ndarray
    proba: np.ndarray
