"""Use vectors of gensim's models, and train some with it."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_rnn._vectors.ngrams import NgramHash, NgramVectors


def read_gensim(model: Any) -> tuple[list[str], np.ndarray, NgramVectors | None]:
    """Return the words of a gensim model or its vectors, their vectors, and those of n-grams."""
    keyed = getattr(model, "wv", model)
    if not hasattr(keyed, "index_to_key") or not hasattr(keyed, "vectors"):
        raise TypeError(
            "'keyed_vectors' must be KeyedVectors of gensim 4 or a model with them in 'wv'. Got "
            f"{type(model).__name__} instead."
        )
    vectors = np.asarray(keyed.vectors, dtype=np.float32)
    ngrams = None
    # What gensim itself uses for unseen words; other tables have no such attribute.
    table = getattr(keyed, "vectors_ngrams", None)
    if table is not None and keyed.bucket and keyed.max_n:
        hash_ = NgramHash(int(keyed.min_n), int(keyed.max_n), int(keyed.bucket))
        ngrams = NgramVectors(hash_, np.array(table, dtype=np.float32))
    return list(keyed.index_to_key), vectors, ngrams


def train_gensim(
    documents: list[list[str]], *, method: str, n_features: int, window: int, seed: int
) -> tuple[list[str], np.ndarray, NgramVectors | None]:
    """Train word2vec or fastText, skip-gram, on tokens of which all are in the vocabulary."""
    try:
        from gensim.models import FastText, Word2Vec
    except ImportError as exc:
        raise ImportError(
            f"method={method!r} needs gensim: pip install 'sklearn-rnn[gensim]'. method='ppmi' "
            "works without it."
        ) from exc
    # gensim's two million rows for n-grams are many for the text that one has at hand.
    extra = {"bucket": 2**17} if method == "fasttext" else {}
    model = {"word2vec": Word2Vec, "fasttext": FastText}[method](
        documents,
        vector_size=n_features,
        window=window,
        min_count=1,
        sg=1,
        seed=seed,
        **extra,
        workers=1,  # with more, gensim's vectors are others each time
    )
    return read_gensim(model)
