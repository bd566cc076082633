"""The values of "auto": batch size, epochs, share of the wide path, and threads.

In each function, `estimator` is read for its parameters only.
"""

from __future__ import annotations

import math
import multiprocessing
from typing import Any

import numpy as np
import torch
from joblib import effective_n_jobs
from joblib.parallel import get_active_backend
from scipy.sparse import csr_array

from sklearn_rnn._text.words import is_spaceless
from sklearn_rnn.utils._engine_task import count_sibling_tasks

# Of a chunk in `partial_fit`, which does not know how many documents will come.
STREAM_BATCH_SIZE = 32

# What `embedding_source_` says of a network that starts from a language model.
LANGUAGE_MODEL = "RNNLanguageModel"


def resolve_training_length(
    estimator: Any, n_documents: int, vectorizer: Any = None
) -> tuple[int, int]:
    """Return batch size and epochs: the fewer documents, the smaller batches and the more epochs.

    Words are soon memorised. Characters need more epochs: there are few, and each says little.
    """
    batch_size, max_epochs = estimator.batch_size, estimator.max_epochs
    if batch_size == "auto":
        batch_size = 16 if n_documents < 1000 else 32
    if max_epochs == "auto":
        share = 1000 if reads_characters(vectorizer) else 300
        max_epochs = int(np.clip(np.ceil(share / np.sqrt(n_documents)), 3, 30))
    return batch_size, max_epochs


def reads_characters(vectorizer: Any) -> bool:
    """Tell whether a vectorizer, or None, splits text into characters."""
    return getattr(vectorizer, "analyzer", None) == "char"


def resolve_wide_weight(
    estimator: Any, n_documents: int, *, source: str | None = None, mean_length: float = 0.0
) -> float:
    """Return the share of the wide path: the more the network knows, the less of it is needed.

    It knows more if there are many documents, if it starts from word vectors, and even more if it
    starts from a language model. In long documents there are many words to count, so all of that
    matters less.
    """
    if estimator.wide_weight != "auto":
        return estimator.wide_weight
    least = 0.1  # of the network
    if source is not None:
        most = 0.5 if source == LANGUAGE_MODEL else 0.3
        least = float(np.clip(30 / max(mean_length, 1), 0.1, most))
    return 1 - max(least, min(math.sqrt(n_documents) / 250, 0.4))


def resolve_wide_ngrams(estimator: Any, vectorizer: Any, X: csr_array) -> int:
    """Return the largest number of tokens in an n-gram of the wide path: 3 if they are characters.

    That includes scripts without spaces, which `split_words` reads character by character.
    """
    if estimator.wide_ngrams != "auto":
        return estimator.wide_ngrams
    if reads_characters(vectorizer) or _share_of_spaceless(vectorizer, X) > 0.5:
        return 3
    return 2


def _share_of_spaceless(vectorizer: Any, X: csr_array) -> float:
    """Return the share of the tokens that `split_words` found in scripts without spaces."""
    splits_words = (
        getattr(vectorizer, "analyzer", None) == "word"
        and vectorizer.tokenizer is None
        and vectorizer.token_pattern is None
    )
    if not splits_words or not X.nnz:
        return 0.0
    tokens = vectorizer.tokens_
    counts = np.bincount(X.data, minlength=len(tokens))[: len(tokens)]
    is_found = np.fromiter(map(is_spaceless, tokens), bool, len(tokens))
    return counts[is_found].sum() / X.nnz


def resolve_frozen_epochs(
    estimator: Any, source: str | None, max_epochs: int | None = None
) -> float:
    """Return for how many epochs the embedding does not learn: 0 if it started at random.

    With "auto", the rest of the network first learns to read the vectors, and then at least as many
    epochs are left for them. A stream, with `max_epochs` None, may be short. `freeze_pretrained`
    freezes what a language model has learned.
    """
    if source in (None, LANGUAGE_MODEL) or not estimator.freeze_embedding:
        return 0
    if estimator.freeze_embedding == "auto":
        return 0 if max_epochs is None else min(2, max_epochs // 2)
    return resolve_epochs(estimator.freeze_embedding)


def resolve_epochs(freeze: bool | int) -> float:
    """Return for how many epochs something is frozen."""
    return math.inf if freeze is True else freeze


def resolve_kernels(estimator: Any) -> bool | str:
    """Return whether to use the package's kernels, as modules take it."""
    return "auto" if estimator.kernels == "auto" else bool(estimator.kernels)


def count_workers(n_jobs: int | None) -> int:
    """Return the number of threads to compute on, in a task of an engine within its share.

    joblib counts the cores of the whole cluster where a backend such as dask's is active, and those
    of the whole machine in a task of Ray or Spark. Threads are of this process alone.
    """
    share = _share_of_threads()
    if n_jobs is None:
        return share
    backend, _ = get_active_backend()
    is_of_this_machine = type(backend).__module__ == "joblib._parallel_backends"
    if is_of_this_machine and count_sibling_tasks() is None:
        return effective_n_jobs(n_jobs)
    if n_jobs == 0:
        raise ValueError("n_jobs == 0 in Parallel has no meaning")
    return n_jobs if n_jobs > 0 else max(1, share + 1 + n_jobs)


def _share_of_threads() -> int:
    """Return how many threads this task may use, if others may run beside it."""
    n_tasks = count_sibling_tasks()
    if n_tasks is not None:
        return max(1, torch.get_num_threads() // n_tasks)
    # The processes of a pool have siblings, and nobody gives them a share of the threads, as
    # joblib's loky does. One thread is what effective_n_jobs makes of every number in them.
    return 1 if multiprocessing.current_process().daemon else torch.get_num_threads()
