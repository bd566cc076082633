"""The network inside a fitted estimator, pipeline or search: the one place that unwraps them."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from itertools import pairwise
from numbers import Integral
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted
from torch import nn

from sklearn_rnn._base import BaseRNNText
from sklearn_rnn._language_model import RNNLanguageModel
from sklearn_rnn._subwords import SubwordVectorizer
from sklearn_rnn._text.containers import as_documents, is_text
from sklearn_rnn._text.indexing import read_documents
from sklearn_rnn._text.sequences import sequence_lengths
from sklearn_rnn._text.vocabulary import UNKNOWN_ID, UNKNOWN_TOKEN
from sklearn_rnn._token_classifier import RNNTokenClassifier
from sklearn_rnn._training.base_model import BaseRNN
from sklearn_rnn._training.batches import SequenceDataset
from sklearn_rnn._training.document_words import DocumentWords, find_words
from sklearn_rnn._training.vectorize import vectorize
from sklearn_rnn._translator import RNNTranslator
from sklearn_rnn._vectorizer import SequenceVectorizer
from sklearn_rnn.modules import WideAndDeep

# What shows the estimators that say something of each token.
_OF_TOKENS: dict[type[BaseRNN], str] = {
    RNNLanguageModel: "surprise and SurpriseDisplay",
    RNNTokenClassifier: "tag_probabilities and SpanDisplay",
    RNNTranslator: "AlignmentDisplay",
}


class InspectedEstimator:
    """A fitted text estimator to inspect, found at the end of pipelines and searches.

    Parameters
    ----------
    estimator : estimator instance
        A fitted estimator of this package, a pipeline that ends in one, or a search over either.

    Attributes
    ----------
    estimator : BaseRNNText
        The text estimator itself.
    transformers : list of Pipeline
        The steps before it.
    vectorizer : transformer or None
        What turned text into token ids, None if the ids came from elsewhere.
    deep : torch.nn.Module
        The recurrent network, without the wide path.
    deep_weight : float
        Its share of the outputs, 1 if there is no wide path.
    """

    # What a network needs to be inspected, and of whom the estimator may be one.
    parts: tuple[str, ...] = ("embedding", "encoder", "pooling", "head")
    kind: type[BaseRNN] = BaseRNNText

    # How many tokens the network reads before the first one of a document.
    n_before = 0

    def __init__(self, estimator: Any) -> None:
        final, self.transformers = unwrap_kind(estimator, self.kind)
        final = copy(final)  # one consistent model, whatever another thread learns
        final.net_ = final.net_.with_own_modules()  # others predict with those of the estimator
        self.estimator = final
        self.vectorizer = final.vectorizer_
        if self.vectorizer is None:
            self.vectorizer = find_vectorizer(self.transformers)
        module = final.module_
        is_wide = isinstance(module, WideAndDeep)
        self.deep: nn.Module = module.deep if is_wide else module
        self.deep_weight = 1 - module.wide_weight if is_wide else 1.0
        for part in self.parts:
            if not hasattr(self.deep, part):
                raise TypeError(
                    "The network must have the parts of a SequenceNetwork to be inspected. Got "
                    f"{type(self.deep).__name__}, which has no {part!r}."
                )

    @property
    def name(self) -> str:
        """Name of the class of the text estimator."""
        return type(self.estimator).__name__

    @property
    def explained(self) -> str:
        """Name the parts whose outputs make a prediction."""
        return "recurrent network" if self.deep_weight == 1 else "recurrent network and wide path"

    def sequences(self, X: Any) -> csr_array:
        """Return documents as the token ids that the network reads."""
        for transformer in self.transformers:
            X = transformer.transform(X)
        return vectorize(X, self.estimator.vectorizer_, self.estimator)

    def lengths(self, sequences: csr_array) -> np.ndarray:
        """Return how many tokens of each document are read: of an empty one, the unknown token."""
        return np.maximum(sequence_lengths(sequences), 1)

    def dataset(self, sequences: csr_array) -> Any:
        """Return documents as input of the network."""
        return SequenceDataset(sequences)

    def plan(self, dataset: Any) -> Iterable[np.ndarray]:
        """Return the rows of each batch, longest documents first."""
        return self.estimator.net_.get_iterator(dataset, training=False).plan()

    def run(self, dataset: Any, rows: np.ndarray) -> None:
        """Run the network on some documents, longest first."""
        batch, _ = dataset.batch(rows)
        self.estimator.net_.infer(batch)

    def read(self, document: Any) -> tuple[csr_array, DocumentWords]:
        """Return one document as a row of token ids, and its words."""
        X = as_one_row(document)
        sequence = self.sequences(X)
        return sequence, self.words(X, sequence)[0]

    def words(self, X: Any, sequences: csr_array) -> list[DocumentWords]:
        """Return the words of many documents, one for each token that the network reads."""
        words = [DocumentWords(tokens) for tokens in self._decode(sequences)]
        if self._reads_text_itself and is_text(X):
            for row, text in enumerate(self._texts(X)):
                found = find_words(text, self.vectorizer)
                if len(found.tokens) == len(words[row].tokens):
                    words[row] = found
        return words

    @property
    def _reads_text_itself(self) -> bool:
        """Whether text reaches the vectorizer as it came."""
        first = self.transformers[0].steps[0][1] if self.transformers else self.vectorizer
        known = (SequenceVectorizer, SubwordVectorizer)
        return first is self.vectorizer and isinstance(first, known)

    def _texts(self, X: Any) -> list:
        """Return documents as the vectorizer reads them."""
        if isinstance(self.vectorizer, SequenceVectorizer):
            return read_documents(X, self.vectorizer)
        names = ("missing", "encoding", "decode_error")
        params = {name: getattr(self.vectorizer, name) for name in names}
        return as_documents(X, **params, takes_tokens=False)

    def _decode(self, sequences: csr_array) -> list[list[str]]:
        if isinstance(self.vectorizer, SubwordVectorizer):
            names = self.vectorizer.tokens_
            known = np.where(sequences.data < len(names), sequences.data, UNKNOWN_ID)
            decoded = _split(names[known].tolist(), sequences)
        elif hasattr(self.vectorizer, "inverse_transform"):
            decoded = self.vectorizer.inverse_transform(sequences)
        else:
            decoded = _split([str(id_) for id_ in sequences.data.tolist()], sequences)
        # What an empty document is read as.
        return [list(tokens) or [UNKNOWN_TOKEN] for tokens in decoded]

    def evaluation(self) -> None:
        """Set the network to evaluation mode, as a prediction does."""
        self.estimator.net_._set_training(False)

    @property
    def device(self) -> torch.device:
        """Where the network computes."""
        return torch.device(self.estimator.net_.device)


def unwrap(estimator: Any) -> tuple[BaseRNN, list[Any]]:
    """Return the estimator inside pipelines and searches, and the steps before it."""
    transformers = []
    final = estimator
    while not isinstance(final, BaseRNN):
        if isinstance(final, type):
            raise TypeError(f"An estimator instance is needed. Got the class {final.__name__}.")
        if isinstance(final, Pipeline) and final.steps:
            check_is_fitted(final)
            if len(final.steps) > 1:
                transformers.append(final[:-1])
            final = final.steps[-1][1]
        elif hasattr(final, "best_estimator_"):
            final = final.best_estimator_
        else:
            raise _not_inspectable(final, estimator)
    return final, transformers


def unwrap_kind(estimator: Any, kind: type[BaseRNN]) -> tuple[Any, list[Any]]:
    """Return the fitted estimator of one kind, as `unwrap` does."""
    final, transformers = unwrap(estimator)
    if not isinstance(final, kind):
        raise _of_wrong_kind(final, kind)
    check_is_fitted(final)
    return final, transformers


def _split(tokens: list[str], sequences: csr_array) -> list[list[str]]:
    """Return the tokens of each document."""
    return [tokens[start:stop] for start, stop in pairwise(sequences.indptr.tolist())]


def find_vectorizer(transformers: list[Any]) -> Any:
    """Return the last transformer that knows the words behind token ids, None if there is none."""
    for transformer in reversed(transformers):
        if isinstance(transformer, Pipeline):
            found = find_vectorizer([step for _, step in transformer.steps])
        elif isinstance(transformer, ColumnTransformer):
            found = find_vectorizer(list(transformer.named_transformers_.values()))
        else:
            found = transformer if hasattr(transformer, "vocabulary_") else None
        if found is not None:
            return found
    return None


def as_one_row(document: Any) -> Any:
    """Return a document as a container of one document."""
    must = "'document' must be one document: a str, its token ids, or a container of one row."
    if isinstance(document, (str, bytes)):
        return [document]
    if hasattr(document, "shape"):
        if len(document.shape) == 1 and not is_text(document):
            return np.asarray(document)[None]
        n_rows = document.shape[0]
    elif isinstance(document, (list, tuple)):
        if document and all(isinstance(value, Integral) for value in document):
            return np.array([document])
        n_rows = len(document)
    else:
        raise TypeError(f"{must} Got {type(document).__name__}.")
    if n_rows != 1:
        raise ValueError(f"{must} Got {type(document).__name__} with {n_rows} rows.")
    return document


def _not_inspectable(final: Any, estimator: Any) -> Exception:
    if hasattr(final, "refit") and hasattr(final, "estimator"):
        if final.refit is False:
            return ValueError(
                f"This {type(final).__name__} has no best estimator: set refit=True, or inspect "
                "an estimator fitted with its best_params_."
            )
        check_is_fitted(final)
    inside = "" if final is estimator else f" that holds {type(final).__name__}"
    return TypeError(
        "'estimator' must be a fitted text estimator of sklearn_rnn, a Pipeline that ends in one, "
        f"or a search over either. Got {type(estimator).__name__}{inside}."
    )


def _of_wrong_kind(final: BaseRNN, kind: type[BaseRNN]) -> Exception:
    name = type(final).__name__
    if kind is not BaseRNNText:
        return TypeError(f"'estimator' must be a fitted {kind.__name__}. Got {name}.")
    advice = next(advice for other, advice in _OF_TOKENS.items() if isinstance(final, other))
    return TypeError(
        "'estimator' must predict something of whole documents, such as their classes. Got "
        f"{name}, which predicts tokens: see {advice}."
    )
