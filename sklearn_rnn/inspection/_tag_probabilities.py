"""The tag of each token, and how sure a tagger is of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sklearn_rnn._tagging.sentences import Sentences
from sklearn_rnn.inspection._inspected_tagger import InspectedTagger


def tag_probabilities(estimator, X):
    """Return the tag of each token, its probability, and the tag that came second.

    Parameters
    ----------
    estimator : estimator instance
        A fitted :class:`~sklearn_rnn.RNNTokenClassifier`, a :class:`~sklearn.pipeline.Pipeline`
        that ends in one, or a fitted search over either, whose best estimator is used.

    X : iterable of sequences of str, iterable of str, or {sparse matrix, array-like} of shape \
            (n_samples, n_positions)
        The sentences, as in `predict`.

    Returns
    -------
    tags : DataFrame
        A row for each token. The columns are:

        sentence, position : int
            Which of the sentences, and where in it.
        token : str
            The token, its id if the words are not known.
        known : bool
            Whether the tagger has a vector of the word. If not, it relies on the characters and the
            neighbours.
        tag : object
            The tag that `predict` returns.
        probability : float
            Its probability, as `predict_proba` returns it: with a CRF, that of all sequences of
            tags that have it there. The most probable sequence need not have the most probable tag
            at each token.
        runner_up, runner_up_probability : object and float
            The most probable one of the other tags, None and 0 if there is no other.

    Raises
    ------
    TypeError
        If `estimator` is not a tagger.

    See Also
    --------
    SpanDisplay : Show the tags within their sentence.
    character_importance : Return which characters of a word decided.

    Examples
    --------
    >>> from sklearn_rnn import RNNTokenClassifier
    >>> from sklearn_rnn.inspection import tag_probabilities
    >>> X = [["fly", "to", "Oslo"], ["from", "Rome", "to", "Oslo"]] * 10
    >>> y = [["O", "O", "B-CITY"], ["O", "B-CITY", "O", "B-CITY"]] * 10
    >>> tagger = RNNTokenClassifier(hidden_size=8, random_state=0).fit(X, y)
    >>> frame = tag_probabilities(tagger, [["to", "Qaanaaq"]])
    >>> frame[["token", "known", "tag", "runner_up"]]
         token  known     tag runner_up
    0       to   True       O    B-CITY
    1  Qaanaaq  False  B-CITY         O
    """
    inspected = InspectedTagger(estimator)
    return tag_frame(inspected, inspected.read(X))


def tag_frame(inspected: InspectedTagger, sentences: Sentences) -> pd.DataFrame:
    """Return what `tag_probabilities` returns."""
    tags, lengths = inspected.tag(sentences), sentences.lengths
    classes, rows = inspected.classes, np.arange(len(tags.codes))
    others = tags.proba.copy()
    others[rows, tags.codes] = -1
    second = others.argmax(axis=1) if len(rows) else tags.codes
    runner_up: Any = classes[second].astype(object)
    runner_up_probability = others[rows, second]
    if len(classes) == 1:
        runner_up[:], runner_up_probability = None, np.zeros(len(rows))
    starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
    return pd.DataFrame(
        {
            "sentence": np.repeat(np.arange(len(lengths)), lengths),
            "position": rows - starts,
            "token": [token for words in inspected.words(sentences) for token in words.tokens],
            "known": inspected.knows(sentences.X.data),
            "tag": classes[tags.codes],
            "probability": tags.proba[rows, tags.codes],
            "runner_up": runner_up,
            "runner_up_probability": runner_up_probability,
        }
    )
