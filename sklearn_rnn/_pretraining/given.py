"""The parameter `pretrained`: language models, fitted or not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from sklearn.frozen import FrozenEstimator

from sklearn_rnn._language_model import RNNLanguageModel
from sklearn_rnn._subwords import SubwordVectorizer
from sklearn_rnn._text.containers import is_text
from sklearn_rnn._training.language_start import SHAPE, LanguageSource, check_shape, shape_of
from sklearn_rnn._training.vectorize import extend_vectorizer


def given_models(estimator: Any) -> list[RNNLanguageModel]:
    """Return the language models of the parameter, without FrozenEstimator around them.

    Raises
    ------
    TypeError
        If it contains something else.
    ValueError
        If two models read in the same direction, or if some are fitted and others are not.
    """
    given = estimator.pretrained
    models = _unpacked(given)
    must = f"The 'pretrained' parameter of {type(estimator).__name__} must"
    for model in models:
        if not isinstance(model, RNNLanguageModel):
            raise TypeError(
                f"{must} be an RNNLanguageModel, a pair of them or None. Got {model!r} of type "
                f"{type(model).__name__}."
            )
    directions = [model.reverse_ if is_fitted(model) else model.reverse for model in models]
    if given is not None and (not models or len(set(directions)) < len(models)):
        raise ValueError(
            f"{must} hold one model, or one that reads forwards and one with reverse=True. Got "
            f"{len(models)} models with reverse={directions}."
        )
    if True in directions and not estimator.bidirectional:
        raise ValueError(
            f"{must} hold a model that reads forwards if bidirectional=False. Got one with "
            "reverse=True."
        )
    if len({is_fitted(model) for model in models}) > 1:
        raise ValueError(f"{must} hold two fitted models or two unfitted ones. Got one of each.")
    return models


def holds_fitted(pretrained: Any) -> bool:
    """Tell whether the parameter contains a fitted model, even among other values."""
    return any(map(is_fitted, _unpacked(pretrained)))


def _unpacked(pretrained: Any) -> list:
    """Return the values of the parameter, without FrozenEstimator around them."""
    parts = list(pretrained) if isinstance(pretrained, (list, tuple)) else [pretrained]
    parts = [part for part in parts if part is not None]
    return [part.estimator if isinstance(part, FrozenEstimator) else part for part in parts]


def is_fitted(model: Any) -> bool:
    """Tell whether a language model is fitted."""
    return hasattr(model, "net_")


def language_source(estimator: Any, models: list[RNNLanguageModel]) -> LanguageSource:
    """Return what a network takes over from fitted models.

    Raises
    ------
    ValueError
        If the models differ in shape or vocabulary, or were fitted with labels.
    """
    must = f"The 'pretrained' parameter of {type(estimator).__name__} must"
    if any(model.classes_ is not None for model in models):
        raise ValueError(
            f"{must} hold language models without labels. Got one that was fitted with labels; fit "
            "it without y."
        )
    networks = tuple(model.module_ for model in models)
    shapes = [shape_of(model.module_, model) for model in models]
    width = sum(shape.pop("embedding_dim") for shape in shapes)
    _check_one_shape(shapes, estimator)
    if not _have_same_ids(models[0], models[-1]):
        raise ValueError(
            f"{must} hold models of one vocabulary. Fit both on the same texts, with the same "
            "vectorizer."
        )
    directions = tuple(int(model.reverse_) for model in models)
    return LanguageSource(networks, directions, {**shapes[0], "embedding_dim": width})


def check_learnable(models: list[RNNLanguageModel], estimator: Any) -> None:
    """Refuse unfitted models from which the network could not start after fitting them."""
    shapes = [{name: getattr(model, name) for name in SHAPE} for model in models]
    widths = [shape.pop("embedding_dim") for shape in shapes]
    _check_one_shape(shapes, estimator)
    width = {} if "auto" in widths else {"embedding_dim": sum(widths)}
    check_shape(estimator, {**shapes[0], **width})
    for model in models:
        if model.vectorizer is not None:
            _check_reads_alike(estimator, model.vectorizer)


def _check_one_shape(shapes: list[dict[str, Any]], estimator: Any) -> None:
    if shapes[0] != shapes[-1]:
        raise ValueError(
            f"The 'pretrained' parameter of {type(estimator).__name__} must hold models of one "
            f"shape. Got {shapes[0]} and {shapes[-1]}."
        )


def read_by_model(X: Any, model: RNNLanguageModel, estimator: Any) -> tuple[csr_array, Any]:
    """Return documents as token ids, and the vectorizer of the model, with their new words.

    Raises
    ------
    ValueError
        If the model cannot read them, or the estimator has another vectorizer.
    """
    name, vectorizer = type(estimator).__name__, model.vectorizer_
    if is_text(X) != (vectorizer is not None):
        kinds = ("token ids", "raw text") if is_text(X) else ("raw text", "token ids")
        raise ValueError(
            f"{name} reads documents by the vectorizer of the language model in 'pretrained', "
            f"which was fitted on {kinds[0]}. Got X of {kinds[1]}. Pass {kinds[0]}."
        )
    if vectorizer is not None:
        _check_reads_alike(estimator, vectorizer)
        check_reads_tokens(X, vectorizer, estimator)
    return extend_vectorizer(X, vectorizer, estimator)


def _check_reads_alike(estimator: Any, vectorizer: Any) -> None:
    """Refuse a vectorizer of the estimator that is not that of a language model."""
    own = estimator.vectorizer
    if own is not None and not _read_alike(own, vectorizer):
        raise ValueError(
            f"The 'vectorizer' parameter of {type(estimator).__name__} must be None or that of the "
            f"language model in 'pretrained', {vectorizer}. Got {own}."
        )


def check_reads_tokens(X: Any, vectorizer: Any, estimator: Any) -> None:
    """Refuse lists of tokens if the vectorizer splits text into smaller tokens."""
    is_of_words = (
        not isinstance(vectorizer, SubwordVectorizer)
        and getattr(vectorizer, "analyzer", None) != "char"
    )
    if is_of_words or isinstance(X, Iterator) or not is_text(X):
        return
    if any(isinstance(document, (list, tuple, np.ndarray)) for document in X):
        raise ValueError(
            f"{type(estimator).__name__} cannot read lists of tokens by the language model in "
            f"'pretrained': its vectorizer, {vectorizer}, splits text into characters or subwords. "
            "Fit the language model with vectorizer=SequenceVectorizer(), or pass texts."
        )


def _read_alike(one: Any, other: Any) -> bool:
    """Tell whether two vectorizers have the same parameters."""
    if type(one) is not type(other):
        return False
    params = other.get_params()
    return all(
        value is params[name] or repr(value) == repr(params[name])
        for name, value in one.get_params().items()
    )


def _have_same_ids(one: RNNLanguageModel, other: RNNLanguageModel) -> bool:
    """Tell whether token ids mean the same words in two models."""
    vocabularies = [getattr(model.vectorizer_, "vocabulary_", None) for model in (one, other)]
    sizes = [model.module_.embedding.table.num_embeddings for model in (one, other)]
    return vocabularies[0] == vocabularies[1] and sizes[0] == sizes[1]
