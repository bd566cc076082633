"""What is learned, and by what network: plain data, so that workers share no library."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array


@dataclass(frozen=True)
class Network:
    """The network that every contestant builds, and the batches and the rate that train it.

    Embedding, recurrent layers, the last state (of a backward layer, the one at the first token),
    linear layer, cross entropy; Adam without weight decay; neither dropout nor clipping.
    """

    cell: str
    bidirectional: bool
    num_layers: int
    embedding_dim: int = 100
    hidden_size: int = 128
    batch_size: int = 64
    lr: float = 1e-3
    device: str = "cpu"


@dataclass(frozen=True)
class Documents:
    """Documents as token ids (a row each, 0 being padding), their text, and the class of each."""

    ids: csr_array
    texts: list[str]
    labels: np.ndarray

    def as_arrays(self):
        """Return the token ids as an array for each document."""
        return np.split(self.ids.data, self.ids.indptr[1:-1])

    def repeated(self, n_documents):
        """Return that many documents: these from the first to the last, over and over."""
        rows = np.resize(np.arange(len(self.texts)), n_documents)
        return Documents(self.ids[rows], [self.texts[row] for row in rows], self.labels[rows])


@dataclass(frozen=True)
class Corpus:
    """Documents to train on and documents held out."""

    train: Documents
    test: Documents
    n_ids: int
    n_classes: int
