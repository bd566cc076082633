"""Word vectors learned from unlabelled documents."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state

from sklearn_rnn._vectors.cooccurrence import train_ppmi
from sklearn_rnn._vectors.gensim_models import train_gensim
from sklearn_rnn._vectors.ngrams import NgramVectors


def train_vectors(
    texts: list,
    *,
    n_features: int,
    window: int,
    method: str,
    vectorizer: Any,
    random_state: Any,
) -> tuple[Any, np.ndarray, NgramVectors | None]:
    """Return words, their vectors, and n-grams if the method learns some.

    Parameters
    ----------
    texts : list of str
        The documents.
    n_features : int
        Number of features of a vector.
    window : int
        How many words to the left and to the right are the context of a word.
    method : {"ppmi", "word2vec", "fasttext"}
        How to learn.
    vectorizer : SequenceVectorizer
        How documents are split, and which words get a vector.
    random_state : int, RandomState instance or None
        The seed.
    """
    vectorizer = clone(vectorizer).set_params(sparse_output=True)
    ids = vectorizer.fit_transform(texts)
    words = vectorizer.tokens_[2:]
    if method == "ppmi":
        if n_features >= len(words):
            raise ValueError(
                f"The 'n_features' parameter of WordVectors.from_texts must be smaller than the "
                f"number of words, {len(words)}. Got {n_features} instead. Pass more text, or a "
                "vectorizer with a smaller min_df."
            )
        ids.data = ids.data - 2
        vectors = train_ppmi(
            ids, len(words), n_features=n_features, window=window, random_state=random_state
        )
        return words, vectors, None
    seed = check_random_state(random_state).randint(2**31 - 1)
    documents = [
        [token for token in tokens if token != "<unk>"]
        for tokens in vectorizer.inverse_transform(ids)
    ]
    return train_gensim(documents, method=method, n_features=n_features, window=window, seed=seed)
