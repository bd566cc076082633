"""An estimator that writes text with a model that a test can compute by hand."""

from markov_reader import random_reader
from sklearn.base import BaseEstimator

from sklearn_rnn import SequenceVectorizer
from sklearn_rnn._language.writes_text import WritesText


class MarkovLanguageModel(WritesText, BaseEstimator):
    reverse_ = False

    def __init__(
        self, vectorizer=None, *, order=1, documents=True, seed=0, spread=2.0, n_jobs=None
    ):
        self.vectorizer = vectorizer
        self.order = order
        self.documents = documents
        self.seed = seed
        self.spread = spread
        self.n_jobs = n_jobs

    def fit(self, X, y=None):
        vectorizer = self.vectorizer
        if vectorizer is None:
            vectorizer = SequenceVectorizer(analyzer="char", lowercase=False)
        self.documents_ = self.documents
        self.vectorizer_ = vectorizer.fit(X)
        n_ids = len(vectorizer.tokens_)
        self.reader_ = random_reader(n_ids, order=self.order, seed=self.seed, spread=self.spread)
        return self

    def _make_reader(self, label):
        return self.reader_
