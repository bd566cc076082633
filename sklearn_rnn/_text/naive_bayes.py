"""Naive Bayes over words, pairs and triples: how strongly each indicates a class."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from sklearn_rnn._text.ngrams import NGrams, find_rows, split_by_tokens
from sklearn_rnn._text.sequences import sequence_lengths


def log_ratios(
    X: csr_array, labels: csr_array, weights: np.ndarray, ngrams: NGrams
) -> tuple[np.ndarray, float]:
    """Return the log-count ratios of words and n-grams, and how many of them a document has.

    The ratio compares the share of a word among all words in the documents of a class with its
    share in the other documents. Each document counts a word once, and counts start from 1.

    Parameters
    ----------
    X : csr_array of int32 of shape (n_documents, n_positions)
        Token ids.
    labels : csr_array of shape (n_documents, n_classes)
        1 for the classes of a document, 0 for the others.
    weights : ndarray of shape (n_documents,)
        Weights of the documents.
    ngrams : NGrams
        The words, pairs and triples to compare.

    Returns
    -------
    ratios : ndarray of float32 of shape (n_ids + n_pairs, n_classes)
        Words by id, then pairs and triples. They are 0 for what occurs in no document, and for a
        class that has no documents or all of them.
    n_features : float
        Mean number of different words, pairs and triples in a document.

    References
    ----------
    S. Wang and C. Manning, "Baselines and bigrams: simple, good sentiment and topic
    classification", ACL (2012).

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_array
    >>> from sklearn_rnn._text.naive_bayes import log_ratios
    >>> from sklearn_rnn._text.ngrams import count_ngrams
    >>> from sklearn_rnn._text.sequences import check_sequences
    >>> X = check_sequences([[2, 4], [2, 4], [3, 4], [3, 4]])
    >>> labels = csr_array([[1, 0], [1, 0], [0, 1], [0, 1]])
    >>> ratios, n_features = log_ratios(X, labels, np.ones(4), count_ngrams(X, n_ids=5))
    >>> ratios[2:5].round(2)  # 2 stands in the first class, 3 in the second, 4 in both
    array([[ 1.1, -1.1],
           [-1.1,  1.1],
           [ 0. ,  0. ]], dtype=float32)
    >>> n_features  # two words and one pair
    3.0
    """
    n_rows = len(ngrams.word_idf) + len(ngrams.pairs)
    weights = weights.astype(np.float32)[:, np.newaxis]
    labels = (labels * weights).tocsr()
    inside = np.zeros((n_rows, labels.shape[1]), np.float32)
    total = np.zeros((n_rows, 1), np.float32)
    n_found = first = 0
    for chunk in split_by_tokens(X):
        found = _find_features(chunk, ngrams)
        stop = first + chunk.shape[0]
        inside += (found.T @ labels[first:stop]).toarray()
        total += found.T @ weights[first:stop]
        n_found, first = n_found + found.nnz, stop
    outside = np.maximum(total - inside, 0)  # rounding may leave less than nothing
    seen = total[:, 0] > 0
    for counts in (inside, outside):
        is_empty = ~(counts > 0).any(axis=0)
        counts += 1
        counts /= np.maximum(counts[seen].sum(axis=0), 1)  # documents may all be empty
        np.log(counts, out=counts)
        counts[:, is_empty] = np.nan
    inside -= outside
    inside[~seen] = 0
    return np.nan_to_num(inside, copy=False), n_found / X.shape[0]


def _find_features(X: csr_array, ngrams: NGrams) -> csr_array:
    """Return a matrix of documents by rows of the ratios, 1 where a document has the feature."""
    documents = np.repeat(np.arange(X.shape[0]), sequence_lengths(X))
    columns, rows = find_rows(X.data.astype(np.int64), documents, ngrams)
    shape = X.shape[0], len(ngrams.word_idf) + len(ngrams.pairs)
    found = csr_array((np.ones(len(rows), np.float32), (rows, columns)), shape)  # adds repeats up
    found.data[:] = 1
    return found
