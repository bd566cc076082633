"""Small data sets and word vectors that are shipped with the package, and generated data.

Nothing is downloaded.
"""

from ._loaders import load_drug_reviews, load_subjectivity, load_tweet_sentiment
from ._snips import load_snips
from ._texts import load_alice, load_names
from ._word_order import make_word_order
from ._word_vectors import load_word_vectors

__all__ = [
    "load_alice",
    "load_drug_reviews",
    "load_names",
    "load_snips",
    "load_subjectivity",
    "load_tweet_sentiment",
    "load_word_vectors",
    "make_word_order",
]
