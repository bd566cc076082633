"""The scores of texts by a fitted language model, with labels or without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.special import logsumexp

from sklearn_rnn._language.data import LanguageData
from sklearn_rnn._language.net import LanguageNet
from sklearn_rnn._language.scoring import last_states, token_log_probs
from sklearn_rnn._language.texts import Texts
from sklearn_rnn._training.process_state import prediction_workers
from sklearn_rnn._training.settings import count_workers


@dataclass(frozen=True)
class TextScorer:
    """Read texts with a trained net, under each label if their labels are not known.

    Parameters
    ----------
    net : LanguageNet
        The net.
    documents : bool
        Whether texts are documents, or one stream.
    log_prior : ndarray of float64 of shape (n_classes,) or None
        Logarithm of the share of each label. None for a model without labels.
    n_jobs : int or None
        Number of threads.
    """

    net: LanguageNet
    documents: bool
    log_prior: np.ndarray | None
    n_jobs: int | None

    def score_tokens(self, texts: Texts) -> tuple[np.ndarray, np.ndarray]:
        """Return the log-probability of each token, and the number of tokens of each text.

        Returns
        -------
        log_probs : ndarray of float64 of shape (n_tokens,)
            Text after text.
        counts : ndarray of int64 of shape (n_texts,)
            Numbers of tokens.
        """
        counts = texts.count_tokens(documents=self.documents)
        if self.log_prior is None or texts.labels is not None:
            return self.read(token_log_probs, texts), counts
        return mix(np.array(self.by_label(texts.X)), self.log_prior, counts), counts

    def score_labels(self, X: csr_array) -> np.ndarray:
        """Return the log-probability of text and label together, of shape (n_texts, n_classes)."""
        counts = Texts(X).count_tokens(documents=self.documents)
        columns = [sum_by_text(values, counts) for values in self.by_label(X)]
        return np.transpose(columns) + self.log_prior

    def states(self, X: csr_array) -> np.ndarray:
        """Return the state after each text, under its most probable label."""
        labels = None if self.log_prior is None else self.score_labels(X).argmax(axis=1)
        return self.read(last_states, Texts(X, labels), documents=True)

    def by_label(self, X: csr_array) -> list[np.ndarray]:
        """Return the log-probabilities of the tokens under each label, an array for each."""
        n_texts, n_labels = X.shape[0], 0 if self.log_prior is None else len(self.log_prior)
        texts = [Texts(X, np.full(n_texts, label)) for label in range(n_labels)]
        return [self.read(token_log_probs, each) for each in texts]

    def read(
        self,
        function: Callable[[Any, LanguageData], np.ndarray],
        texts: Texts,
        *,
        documents: bool | None = None,
    ) -> np.ndarray:
        """Apply a function of net and data to texts, such as `token_log_probs`."""
        documents = self.documents if documents is None else documents
        n_ids = self.net.module_.embedding.table.num_embeddings
        with prediction_workers(count_workers(self.n_jobs)):
            return function(self.net, texts.to_scored_data(n_ids, documents=documents))


def scorer_of(model: Any) -> TextScorer:
    """Return the scorer of a fitted language model."""
    return TextScorer(model.net_, model.documents_, model.class_log_prior_, model.n_jobs)


def sum_by_text(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the sum over the tokens of each text.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn._language.text_scorer import sum_by_text
    >>> sum_by_text(np.array([1.0, 2.0, 4.0]), np.array([2, 0, 1]))
    array([3., 0., 4.])
    """
    texts = np.repeat(np.arange(len(counts)), counts)
    return np.bincount(texts, weights=values, minlength=len(counts))


def mix(by_label: np.ndarray, log_prior: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the log-probabilities of tokens if the label is not known.

    By the chain rule, that of a token is the increase of the log-probability of the text, summed
    over labels, from the previous token.

    Parameters
    ----------
    by_label : ndarray of float64 of shape (n_classes, n_tokens)
        The log-probabilities of the tokens under each label.
    log_prior : ndarray of float64 of shape (n_classes,)
        Logarithm of the share of each label.
    counts : ndarray of int64 of shape (n_texts,)
        Number of tokens of each text, at least 1.
    """
    ends = np.cumsum(counts)
    so_far = np.cumsum(by_label, axis=1)
    before = np.repeat(np.insert(so_far[:, ends[:-1] - 1], 0, 0, axis=1), counts, axis=1)
    marginal = logsumexp(so_far - before + log_prior[:, None], axis=0)
    rises = np.diff(marginal, prepend=0.0)
    firsts = ends - counts
    rises[firsts] = marginal[firsts]
    return rises
