"""Small labelled data sets that are shipped with the package, and generated ones.

Nothing is downloaded.
"""

from ._loaders import load_drug_reviews, load_tweet_sentiment
from ._word_order import make_word_order

__all__ = ["load_drug_reviews", "load_tweet_sentiment", "make_word_order"]
