"""The methods of a tagger that predict: tags, spans and scores."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_rnn._tagging.reading import read_scored
from sklearn_rnn._tagging.scoring import accuracy, predict_codes, split_rows, transitions_of
from sklearn_rnn._tagging.sentences import read_by
from sklearn_rnn._tagging.spans import find_spans, locate_span, marks_spans
from sklearn_rnn._tagging.tags import as_list_array
from sklearn_rnn._training.model_lock import reading


class TagsSentences:
    """Mixin of a tagger: its predictions and scores.

    The tagger has the parameter `n_jobs` and has learned `classes_`, `characters_`, `vectorizer_`
    and `net_`.
    """

    classes_: np.ndarray
    characters_: str | None
    vectorizer_: Any
    net_: Any
    n_jobs: int | None

    def predict(self, X):
        """Predict the tags of each sentence.

        With a CRF they are the most probable sequence of tags, otherwise the most probable tag of
        each token.

        Parameters
        ----------
        X : iterable of sequences of str, iterable of str, or {sparse matrix, array-like} of shape \
                (n_samples, n_positions)
            The sentences, as in `fit`.

        Returns
        -------
        y : ndarray of list objects of shape (n_samples,)
            For each sentence, a list with the tag of each token.
        """
        with reading(self):
            tags, _ = self._predict(X)
        return as_list_array(tags)

    def _predict(self, X):
        """Return the tags of each sentence, and the sentences."""
        sentences = read_by(X, self.vectorizer_, self)
        data = sentences.to_data(self.characters_)
        codes = predict_codes(self.net_, data, self.n_jobs)
        return split_rows(self.classes_[codes], sentences.lengths), sentences

    def predict_proba(self, X):
        """Predict the probability of each tag at each token.

        With a CRF it is the marginal probability, that of all sequences with this tag at the token.

        Parameters
        ----------
        X : iterable of sequences of str, iterable of str, or {sparse matrix, array-like} of shape \
                (n_samples, n_positions)
            The sentences, as in `fit`.

        Returns
        -------
        probabilities : list of ndarray of float64 of shape (n_tokens, n_classes)
            For each sentence, a row for each token and a column for each of `classes_`. Rows sum to
            1.
        """
        with reading(self):
            sentences = read_by(X, self.vectorizer_, self)
            data = sentences.to_data(self.characters_)
            proba = predict_codes(self.net_, data, self.n_jobs, marginals=True)
        ends = np.cumsum(sentences.lengths)[:-1]
        return np.split(proba, ends)

    def predict_spans(self, X):
        """Predict spans, such as named entities, from tags that mark them.

        Only available if the tags are "O", or a prefix and a label such as "B-PER": B and I for the
        beginning and the inside, and optionally E or L for the last token of a span and S or U for
        a span of one token. An inside tag that follows no tag of its label begins a span.

        Parameters
        ----------
        X : iterable of sequences of str, iterable of str, or {sparse matrix, array-like} of shape \
                (n_samples, n_positions)
            The sentences, as in `fit`.

        Returns
        -------
        spans : list of list of Span
            For each sentence, its spans in order: named tuples with the fields `label`; `start` and
            `stop`, the first token and the one after the last; `text`; and `start_char` and
            `stop_char`, the place in the text, None for sentences that are lists of tokens.

        Raises
        ------
        ValueError
            If the tags do not mark spans.
        """
        with reading(self):
            if not marks_spans(self.classes_):
                raise ValueError(
                    "predict_spans needs tags that mark spans, such as 'B-PER', 'I-PER' and 'O'. "
                    f"This {type(self).__name__} was fitted with the tags {self.classes_.tolist()}."
                )
            tags, sentences = self._predict(X)
        return [
            [locate_span(span, row, sentences) for span in find_spans(sentence_tags)]
            for row, sentence_tags in enumerate(tags)
        ]

    def score(self, X, y, sample_weight=None):
        """Return the share of tokens whose tag is right.

        Parameters
        ----------
        X : iterable of sequences of str, iterable of str, or {sparse matrix, array-like} of shape \
                (n_samples, n_positions)
            The sentences, as in `fit`.

        y : sequence of sequences of str or int
            Their tags.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sentence, that of all of its tokens.

        Returns
        -------
        score : float
            The accuracy over all tokens. A tag that was not seen in `fit` counts as wrong, with a
            warning that names it.

        Raises
        ------
        ValueError
            If the numbers of tags and tokens of a sentence differ, or if there is no token.
        """
        with reading(self):
            sentences = read_by(X, self.vectorizer_, self)
            tagged = read_scored(sentences, y, sample_weight, self, self.classes_)
            data = sentences.to_data(self.characters_)
            return accuracy(predict_codes(self.net_, data, self.n_jobs), tagged)

    def transitions_frame(self):
        """Return the scores of the CRF from each tag to the next.

        Returns
        -------
        transitions : pandas.DataFrame
            A row for each tag and a column for each tag that follows. The row "(start)" has the
            scores of first tags, the column "(end)" those of last tags. Steps that `constraints`
            forbids have minus infinity.

        Raises
        ------
        ValueError
            If the model was fitted with ``crf=False``.
        """
        with reading(self):
            crf, classes = self.net_.module_.crf, self.classes_.tolist()
            if crf is None:
                raise ValueError(
                    f"This {type(self).__name__} was fitted with crf=False and has no transitions."
                )
            return transitions_of(crf, classes)
