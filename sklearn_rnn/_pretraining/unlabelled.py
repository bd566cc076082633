"""Language models that `fit` trains first, on unlabelled documents and those of the task."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state

from sklearn_rnn._language_model import RNNLanguageModel
from sklearn_rnn._pretraining.given import (
    check_learnable,
    check_reads_tokens,
    given_models,
    is_fitted,
)
from sklearn_rnn._text.containers import (
    as_documents,
    check_column_names,
    is_text,
    joined_columns,
)
from sklearn_rnn._text.sequences import check_sequences, sequence_lengths, sequences_from_flat
from sklearn_rnn._vectorizer import SequenceVectorizer

# Parameters that a language model takes from the estimator that it is fitted for.
_SHARED = (
    "cell",
    "activation",
    "num_layers",
    "embedding",
    "hidden_size",
    "recurrent_init",
    "forget_bias",
    "device",
    "precision",
    "kernels",
    "n_jobs",
    "n_shards",
    "verbose",
)


# Enough for the layers to be worth more than random ones, in a time that a fit may take.
_DEFAULTS: dict[str, Any] = {
    "tie_weights": True,
    "dropout": 0.2,
    "word_dropout": 0.1,
    "max_epochs": 5,
}


def _default_vectorizer() -> SequenceVectorizer:
    # What follows a word that occurs once is chance, and every word makes each step slower.
    return SequenceVectorizer(min_df=2)


def models_to_start_from(
    estimator: Any, X: Any, X_unlabelled: Any = None, X_val: Any = None
) -> list[RNNLanguageModel]:
    """Return the fitted language models that a network starts from, none for a random start.

    Parameters
    ----------
    estimator : estimator instance
        Its `pretrained` says which.
    X : iterable of str, or {sparse matrix, array-like} of shape (n_documents, n_positions)
        The documents of the task.
    X_unlabelled : like `X`, default=None
        Further documents to fit models on.
    X_val : like `X`, default=None
        The validation documents, which are checked first.

    Raises
    ------
    ValueError
        If there are documents, but no model to fit, or a model to fit, but no documents, or if the
        network could not start from the models that would be fitted.
    """
    models = given_models(estimator)
    name = type(estimator).__name__
    if X_unlabelled is None:
        if models and not is_fitted(models[0]):
            raise ValueError(
                f"The 'pretrained' parameter of {name} must be fitted, or fit must be given "
                "X_unlabelled to fit it on. Got an unfitted RNNLanguageModel. A search clones its "
                "candidates, which unfits them: put fitted ones into "
                "sklearn.frozen.FrozenEstimator."
            )
        return models
    if models and is_fitted(models[0]):
        raise ValueError(
            f"{name}.fit fits a language model on X_unlabelled, and the one in 'pretrained' is "
            "fitted already. Pass one of the two, or an unfitted model whose parameters are to "
            "be used."
        )
    models = [clone(model) for model in models] or _default_models(estimator)
    check_learnable(models, estimator)
    return _fit_models(models, estimator, X, X_unlabelled, X_val)


def _default_models(estimator: Any) -> list[RNNLanguageModel]:
    """Return a model for each direction of the estimator's layers, with their shape."""
    shared = {name: getattr(estimator, name) for name in _SHARED}
    directions = (False, True) if estimator.bidirectional else (False,)
    if estimator.embedding_dim != "auto" and estimator.embedding_dim < len(directions):
        raise ValueError(
            f"The 'embedding_dim' parameter of {type(estimator).__name__} must be at least 2 with "
            "bidirectional=True and X_unlabelled: a language model for each direction learns half "
            f"of the features. Got {estimator.embedding_dim}."
        )
    return [
        RNNLanguageModel(reverse=reverse, embedding_dim=width, **_DEFAULTS, **shared)
        for reverse, width in zip(
            directions, _split(estimator.embedding_dim, len(directions)), strict=True
        )
    ]


def _split(embedding_dim: int | str, n_models: int) -> list:
    """Return the widths of token vectors that add up to that of the estimator."""
    if embedding_dim == "auto":
        return [embedding_dim] * n_models
    return [(int(embedding_dim) + i) // n_models for i in range(n_models)][::-1]


def _fit_models(
    models: list[RNNLanguageModel], estimator: Any, X: Any, X_unlabelled: Any, X_val: Any
) -> list[RNNLanguageModel]:
    for name, others in {"X_unlabelled": X_unlabelled, "X_val": X_val}.items():
        if others is not None and is_text(X) != is_text(others):
            raise ValueError(
                f"X and {name} must both be raw text, or both token ids. Got one of each."
            )
    seed = check_random_state(estimator.random_state).randint(np.iinfo(np.int32).max)
    for model in models:
        if model.vectorizer is None:
            own = estimator.vectorizer
            model.vectorizer = _default_vectorizer() if own is None else clone(own)
        if model.random_state is None:
            model.random_state = seed
        check_reads_tokens(X, model.vectorizer, estimator)
    if X_val is not None:
        _check_readable(X_val, X, models[0].vectorizer, estimator)
    documents = _joined(X_unlabelled, X, models[0].vectorizer, estimator)
    for model in models:
        model.fit(documents)
        if model.net_.interrupted_:
            raise KeyboardInterrupt  # which no step of the estimator itself has answered yet
        if joined_columns(X) is not None and hasattr(model.vectorizer_, "columns_"):
            model.vectorizer_.columns_ = joined_columns(X)  # which are one text by now
    return models


def _check_readable(X_val: Any, X: Any, vectorizer: Any, estimator: Any) -> None:
    """Refuse validation documents that could not be read once the vectorizer is fitted on `X`."""
    if is_text(X):
        check_column_names(X_val, joined_columns(X))
        missing = getattr(vectorizer, "missing", "error")
        as_documents(X_val, missing=missing, estimator=estimator, name="X_val")
    else:
        check_sequences(X_val, estimator=estimator)


def _joined(X_unlabelled: Any, X: Any, vectorizer: Any, estimator: Any) -> Any:
    """Return all documents, one kind after the other."""
    if is_text(X):
        missing = getattr(vectorizer, "missing", "error")
        documents = [
            document
            for name, part in (("X_unlabelled", X_unlabelled), ("X", X))
            for document in as_documents(part, missing=missing, estimator=estimator, name=name)
        ]
        if len({isinstance(document, str) for document in documents}) < 2:
            return documents
        # Sentences with tags are often tokens, and text without is text.
        analyze = vectorizer.build_analyzer()
        return [
            list(analyze(document)) if isinstance(document, str) else document
            for document in documents
        ]
    parts = [check_sequences(part, estimator=estimator) for part in (X_unlabelled, X)]
    tokens = np.concatenate([part.data for part in parts])
    return sequences_from_flat(tokens, np.concatenate(list(map(sequence_lengths, parts))))


def as_reusable(X: Any) -> Any:
    """Return documents that can be read twice."""
    return list(X) if isinstance(X, Iterator) else X
