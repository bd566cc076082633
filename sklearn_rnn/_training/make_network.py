"""From the parameters of an estimator and its documents to a network with new weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import nn

from sklearn_rnn._subwords import SubwordVectorizer
from sklearn_rnn._text.ngrams import NGrams, count_ngrams
from sklearn_rnn._text.sequences import sequence_lengths
from sklearn_rnn._text.vocabulary import FIRST_ID
from sklearn_rnn._training.settings import resolve_kernels, resolve_wide_weight
from sklearn_rnn._training.start_embedding import StartVectors
from sklearn_rnn.modules import NGramLinear, TokenEmbedding, WideAndDeep, build_network

# Bound on the weights of n-grams, 128 MiB of them: many classes times many n-grams grow large.
_MAX_PAIR_WEIGHTS = 2**25

# Features of a token vector where no vectors say how many.
_DEFAULT_DIM = 100

# Parameters of an estimator that the network has under the same name.
_ARGUMENTS = (
    "cell",
    "activation",
    "bidirectional",
    "num_layers",
    "hidden_size",
    "recurrent_init",
    "forget_bias",
    "pooling",
    "num_heads",
    "attention_penalty",
    "skip_connection",
    "dropout",
    "word_dropout",
    "recurrent_dropout",
    "variational_dropout",
    "zoneout",
)

# Up to this many ids are characters, which say little about each other.
_MAX_CHARACTERS = 512
_CHARACTER_DIM = 64


def default_embedding_dim(n_ids: int, of_words: int) -> int:
    """Return the width of the vectors of characters if there are so few ids, else that of words.

    Examples
    --------
    >>> from sklearn_rnn._training.make_network import default_embedding_dim
    >>> default_embedding_dim(80, of_words=200), default_embedding_dim(20_000, of_words=200)
    (64, 200)
    """
    return _CHARACTER_DIM if n_ids <= _MAX_CHARACTERS else of_words


def make_network(
    estimator: Any,
    X: csr_array,
    n_ids: int,
    n_outputs: int,
    *,
    sparse: bool,
    longest: int = 2,
    ngrams: NGrams | None = None,
    start: StartVectors | None = None,
    like: TokenEmbedding | None = None,
    source: str | None = None,
) -> nn.Module:
    """Build the network of an estimator, with new weights.

    Parameters
    ----------
    estimator : estimator instance
        Its parameters say which network.
    X : csr_array of int32 of shape (n_documents, n_positions)
        The documents to train on.
    n_ids : int
        Number of token ids of the network.
    n_outputs : int
        Columns of its output.
    sparse : bool
        Whether the gradients of its tables hold only the rows of a batch.
    longest : {1, 2, 3}, default=2
        Largest number of tokens in an n-gram of the wide path.
    ngrams : NGrams, default=None
        The n-grams of the wide path. None counts those of `X`.
    start : StartVectors, default=None
        The vectors that words start from. None means random ones.
    like : TokenEmbedding, default=None
        The embedding of an earlier network, whose widths are those of this one.
    source : str, default=None
        What this one or the earlier one started from, None for random vectors.
    """
    deep = build_network(
        num_embeddings=n_ids,
        **embedding_sizes(estimator, start, like),
        n_outputs=n_outputs,
        max_length=_longest_read(X, estimator.crop_length),
        kernels=resolve_kernels(estimator),
        sparse=sparse,
        **{name: getattr(estimator, name) for name in _ARGUMENTS},
    )
    if start is not None:
        start.fill_network(deep)
    if not estimator.wide_weight:
        return deep
    if ngrams is None:
        ngrams = count_ngrams(X, n_ids, longest=longest, max_pairs=max_pairs(n_outputs))
    parts = map(torch.from_numpy, (ngrams.word_idf, ngrams.pairs, ngrams.pair_idf))
    wide = NGramLinear(n_outputs, *parts, sparse=sparse, kernels=resolve_kernels(estimator))
    mean_length = X.nnz / X.shape[0]
    wide_weight = resolve_wide_weight(estimator, X.shape[0], source=source, mean_length=mean_length)
    return WideAndDeep(deep, wide, wide_weight)


def embedding_sizes(
    estimator: Any,
    start: StartVectors | None,
    like: TokenEmbedding | None,
    *,
    default_dim: int = _DEFAULT_DIM,
) -> dict[str, Any]:
    """Return the widths of the table and of the vectors that the network reads.

    Parameters
    ----------
    estimator : estimator instance
        Its `embedding_dim` says how wide the vectors are.
    start : StartVectors or None
        The vectors that words start from.
    like : TokenEmbedding or None
        The embedding of an earlier network, whose widths are those of this one.
    default_dim : int, default=100
        The width by default.
    """
    if like is not None:
        vector_size, natural_dim = like.table.embedding_dim, like.output_size
    else:
        vector_size = natural_dim = default_dim if start is None else start.n_features
    embedding_dim = estimator.embedding_dim
    if embedding_dim == "auto":
        embedding_dim = natural_dim
    if start is None and like is None:
        vector_size = embedding_dim
    return {"embedding_dim": embedding_dim, "vector_size": vector_size}


def max_pairs(n_outputs: int) -> int:
    """Return the largest number of pairs and triples of the wide path."""
    return _MAX_PAIR_WEIGHTS // n_outputs


def count_ids(X: csr_array, vectorizer: Any, n_known: int = 0) -> int:
    """Return how many ids the embedding table needs for documents."""
    n_ids = int(X.data.max(initial=FIRST_ID - 1)) + 1
    # The tokens that subwords have beyond those of the training are the last ones. Unknown tokens,
    # which training has met, are better than vectors that it has not.
    if hasattr(vectorizer, "vocabulary_") and not isinstance(vectorizer, SubwordVectorizer):
        return max(n_ids, FIRST_ID + len(vectorizer.vocabulary_))
    n_new = n_ids - n_known
    if n_new > 10**6 and n_new > 100 * len(np.unique(X.data[X.data >= n_known])):
        raise ValueError(
            f"The token ids in X go up to {n_ids - 1}, but few of them occur: the embedding "
            "would need a row for each. Number the tokens from 2 on without gaps, as "
            "SequenceVectorizer does."
        )
    return n_ids


def _longest_read(X: csr_array, crop_length: int | None) -> int:
    """Return how many tokens training reads of the longest document."""
    longest = int(sequence_lengths(X).max(initial=1))
    return longest if crop_length is None else min(longest, crop_length)
