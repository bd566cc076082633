"""Small labelled corpora that ship with the package, and generated ones.

Nothing here downloads anything.
"""

from ._loaders import load_drug_reviews, load_tweet_sentiment
from ._word_order import make_word_order

__all__ = ["load_drug_reviews", "load_tweet_sentiment", "make_word_order"]
