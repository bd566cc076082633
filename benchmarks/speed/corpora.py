"""The corpora: real texts, and texts as long as reviews of films are."""

from time import perf_counter

import numpy as np

from benchmarks._data import data_folder, load
from benchmarks.speed.task import Corpus, Documents
from sklearn_rnn import SequenceVectorizer
from sklearn_rnn.datasets import load_drug_reviews, load_tweet_sentiment


def load_corpus(name, n_train, n_test, max_tokens, seed):
    """Return a corpus, and what the report says of it.

    Parameters
    ----------
    name : str
        One of `CORPORA`.
    n_train, n_test : int
        Number of documents to train on and held out; fewer where the corpus has fewer.
    max_tokens : int
        Documents are cut after that many, for all contestants alike. Otherwise a few documents of
        ten thousand words would decide what padding costs.
    seed : int
        Determines which documents are taken.
    """
    rng = np.random.default_rng(seed)
    parts = CORPORA[name]({"train": n_train, "test": n_test}, rng)
    vectorizer = SequenceVectorizer(max_length=max_tokens)
    start = perf_counter()
    ids = {"train": vectorizer.fit_transform(parts["train"][0])}
    seconds = perf_counter() - start
    ids["test"] = vectorizer.transform(parts["test"][0])

    classes = np.unique(parts["train"][1])
    documents = {
        split: _without_empty(ids[split], texts, np.searchsorted(classes, labels))
        for split, (texts, labels) in parts.items()
    }
    corpus = Corpus(**documents, n_ids=len(vectorizer.tokens_), n_classes=len(classes))
    return corpus, _describe(corpus, seconds)


def _without_empty(ids, texts, labels):
    """Leave out the documents without a token, which packing refuses."""
    rows = np.flatnonzero(np.diff(ids.indptr))
    return Documents(ids[rows], [texts[row] for row in rows], labels[rows])


def _describe(corpus, seconds):
    lengths = np.diff(corpus.train.ids.indptr)
    largest_class = np.bincount(corpus.test.labels).max() / len(corpus.test.labels)
    return {
        "documents": len(corpus.train.texts),
        "held out": len(corpus.test.texts),
        "classes": corpus.n_classes,
        "largest class": round(float(largest_class), 3),
        "vocabulary": corpus.n_ids,
        "tokens, median": int(np.median(lengths)),
        "mean": int(lengths.mean()),
        "95 %": int(np.percentile(lengths, 95)),
        "longest": int(lengths.max()),
        "seconds to vectorize": round(seconds, 2),
    }


def _sample(texts, labels, n_documents, rng):
    rows = rng.permutation(len(texts))[:n_documents]
    return [texts[row] for row in rows], np.asarray(labels)[rows]


def _news(sizes, rng):
    """Posts to six newsgroups."""
    parts = load(data_folder() / "newsgroups6.csv.gz")
    return {split: _sample(*parts[split], size, rng) for split, size in sizes.items()}


def _tweets(sizes, rng):
    """Short messages."""
    return {
        split: _sample(
            *load_tweet_sentiment(subset=split, return_X_y=True, as_frame=False), size, rng
        )
        for split, size in sizes.items()
    }


def _reviews(sizes, rng):
    """Reviews of drugs, those of one class joined until they are as long as reviews of films.

    The lengths are drawn from a distribution with median 175 words, mean 230 and 95 % below 590,
    and are 1,000 at most.
    """
    return {
        split: _joined(*load_drug_reviews(subset=split, return_X_y=True, as_frame=False), size, rng)
        for split, size in sizes.items()
    }


def _joined(texts, labels, n_documents, rng):
    lengths = rng.lognormal(np.log(175), 0.74, n_documents).clip(10, 1000).astype(int)
    drawn = labels[rng.integers(len(labels), size=n_documents)]
    joined = []
    for length, label in zip(lengths, drawn, strict=True):
        words = []
        while len(words) < length:
            words += rng.choice(texts[labels == label]).split()
        joined.append(" ".join(words[:length]))
    return joined, drawn


CORPORA = {"news": _news, "reviews": _reviews, "tweets": _tweets}
REAL = {"news", "tweets"}
