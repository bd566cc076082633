"""The network inside a fitted language model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from sklearn_rnn._language.data import BOUNDARY_ID, LanguageData, documents_to_data
from sklearn_rnn._language.text_scorer import TextScorer, scorer_of
from sklearn_rnn._language.windows import LanguageWindows, cut_window
from sklearn_rnn._language_model import RNNLanguageModel
from sklearn_rnn._text.sequences import sequence_lengths
from sklearn_rnn._text.vocabulary import UNKNOWN_ID, UNKNOWN_TOKEN
from sklearn_rnn.inspection._inspected_estimator import InspectedEstimator, unwrap

# The name of the boundary after a document, where it is predicted.
END_TOKEN = "<end>"

# Documents that are read in parallel.
_BATCH_SIZE = 64


class InspectedLanguageModel(InspectedEstimator):
    """A fitted language model to inspect, which reads the boundary before each document.

    A model that knows labels reads a document under its most probable one.

    Parameters
    ----------
    estimator : estimator instance
        A fitted `RNNLanguageModel`, a pipeline that ends in one, or a search over either.
    """

    parts = ("embedding", "encoder", "decoder")
    kind = RNNLanguageModel
    n_before = 1

    def lengths(self, sequences: csr_array) -> np.ndarray:
        """Return how many tokens of each document are read, the boundary aside."""
        return sequence_lengths(sequences)

    def dataset(self, sequences: csr_array) -> LanguageData:
        """Return documents as the network takes them, each from its beginning."""
        labels = None
        if self.estimator.classes_ is not None:
            labels = self.scorer.score_labels(sequences).argmax(axis=1)
        return documents_to_data(sequences, self.n_ids, labels)

    def plan(self, dataset: LanguageData) -> Iterable[np.ndarray]:
        """Return the rows of each batch, longest documents first."""
        return LanguageWindows(dataset, _BATCH_SIZE).plan()

    def run(self, dataset: LanguageData, rows: np.ndarray) -> None:
        """Run the network on some documents, longest first."""
        net = self.estimator.net_
        with net._autocast():
            net.read(cut_window(dataset, rows, 0, int(dataset.lengths[rows[0]])), None)

    @property
    def scorer(self) -> TextScorer:
        """What reads texts as the model scores them."""
        return scorer_of(self.estimator)

    @property
    def n_ids(self) -> int:
        """Number of token ids."""
        embedding: Any = self.deep.embedding
        return embedding.table.num_embeddings

    def id_names(self) -> np.ndarray:
        """Return what each token id is called, as an ndarray of str objects."""
        vocabulary = getattr(self.vectorizer, "tokens_", range(self.n_ids))
        # Fewer where ids were learned that the vocabulary lacks.
        names = [str(i) for i in range(self.n_ids)]
        names[: len(vocabulary)] = map(str, vocabulary[: self.n_ids])
        names[BOUNDARY_ID], names[UNKNOWN_ID] = END_TOKEN, UNKNOWN_TOKEN
        return np.array(names, dtype=object)

    def _decode(self, sequences: csr_array) -> list[list[str]]:
        is_empty = np.diff(sequences.indptr) == 0
        decoded = super()._decode(sequences)
        return [[] if empty else row for empty, row in zip(is_empty, decoded, strict=True)]


def inspect_estimator(estimator: Any) -> InspectedEstimator:
    """Return a text estimator of any kind to inspect.

    Parameters
    ----------
    estimator : estimator instance
        A fitted estimator of this package, a pipeline that ends in one, or a search over either.
    """
    final, _ = unwrap(estimator)
    is_language_model = isinstance(final, RNNLanguageModel)
    return (InspectedLanguageModel if is_language_model else InspectedEstimator)(estimator)
