"""SequenceVectorizer: text to token ids, in order."""

from collections.abc import Mapping
from itertools import pairwise
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sklearn_rnn._sklearn_compat import (
    HasMethods,
    Interval,
    RealNotInt,
    StrOptions,
    _fit_context,
)
from sklearn_rnn._text.containers import as_documents
from sklearn_rnn._text.growing_vocabulary import GrowingVocabulary
from sklearn_rnn._text.param_checks import (
    check_df_bounds,
    warn_for_changed_stop_words,
    warn_for_unused_params,
    warn_for_upper_case,
)
from sklearn_rnn._text.sequences import check_sequences, sequences_from_flat, truncate
from sklearn_rnn._text.tokenizer import (
    TOKEN_PATTERN,
    get_stop_words,
    make_analyzer,
    make_preprocessor,
    make_tokenizer,
    split_characters,
)
from sklearn_rnn._text.vocabulary import UNKNOWN_ID, Vocabulary, index_tokens


class SequenceVectorizer(TransformerMixin, BaseEstimator):
    r"""Convert documents to sequences of token ids.

    What :class:`~sklearn.feature_extraction.text.CountVectorizer` is to a bag of words, this is
    to a recurrent network: the same parameters, but each document becomes the ids of its tokens
    in the order in which they stand.

    The result is a sparse matrix with a row for each document and a column for each position.
    Id 0 is padding, which a sparse matrix does not store; id 1 is the unknown token; the tokens
    of the vocabulary have the ids from 2, the most frequent first, or in the order in which
    `partial_fit` met them.

    Parameters
    ----------
    encoding : str, default="utf-8"
        How documents that are bytes are decoded. Ignored for documents that are str.

    decode_error : {"strict", "ignore", "replace"}, default="strict"
        What to do with bytes that are not valid in `encoding`: raise an error that names the
        row, drop them, or put a replacement character in their place.

    strip_accents : {"ascii", "unicode"} or callable, default=None
        Remove accents before splitting. "ascii" is fast and also drops every character without
        an ASCII counterpart; "unicode" works on any character. None leaves them. Ignored when
        `preprocessor` is given or `analyzer` is callable.

    lowercase : bool, default=True
        Convert all characters to lower case before splitting. Ignored when `preprocessor` is
        given or `analyzer` is callable.

    preprocessor : callable, default=None
        A function from a document to the text that is split, in place of lower case and accent
        stripping. Ignored when `analyzer` is callable.

    tokenizer : callable, default=None
        A function from a preprocessed document to a list of tokens, in place of `token_pattern`.
        Only used if ``analyzer="word"``.

    stop_words : {"english"} or list, default=None
        Tokens to drop, so that their neighbours become adjacent: a built-in English list, or a
        list of your own. They are compared with the tokens as preprocessing leaves them. Think
        twice before dropping words such as "not" from sequences. Only used if
        ``analyzer="word"``.

    token_pattern : str or None, default=r"\w+(?:['\u2019]\w+)*|[^\w\s]"
        The regular expression that finds the tokens. With a capturing group, the group is the
        token; more than one group is an error. The default keeps words whole, with the
        apostrophes inside them, and makes each punctuation mark, symbol or emoji a token of its
        own. Unlike the default of `CountVectorizer`, it drops neither punctuation nor words of
        one letter: both carry meaning where order does. Only used if ``analyzer="word"`` and
        `tokenizer` is None, when it must not be None.

    analyzer : {"word", "char"} or callable, default="word"
        Whether the tokens are words or single characters, white space included. A callable
        takes a document and returns its tokens, in place of all the steps before.

    max_df : float in range [0.0, 1.0] or int, default=1.0
        Tokens in more documents than this (a fraction if float, a number if int) are left out of
        the vocabulary. They turn into the unknown token, so that the other tokens keep their
        places. Ignored when `vocabulary` is given.

    min_df : float in range [0.0, 1.0] or int, default=1
        Tokens in fewer documents than this (a fraction if float, a number if int) are left out
        of the vocabulary and turn into the unknown token. A value of 2 or more is what lets a
        network learn a vector for the unknown token. Ignored when `vocabulary` is given.

    max_features : int, default=None
        Keep only this many tokens, the most frequent in the training documents, the alphabet
        deciding between equals. Padding and the unknown token are not counted. Ignored when
        `vocabulary` is given.

    vocabulary : Mapping or iterable, default=None
        The tokens to know, instead of learning them. An iterable gives them ids from 2 in its
        order (a set, in that of the alphabet); a mapping of tokens to ids must use exactly the
        ids 2, 3, ..., as the `vocabulary_` of a fitted vectorizer does.

    max_length : int, default=None
        The number of tokens that a document keeps at most. None keeps all. The vocabulary is
        learned from the whole documents either way.

    truncation : {"head", "tail", "both"}, default="head"
        Which tokens of a document that is too long are kept: the first, the last, or half of
        them from each end. Only used where documents are cut: with `max_length`, or if
        ``sparse_output=False``.

    sparse_output : bool, default=True
        Whether the result is a :class:`scipy.sparse.csr_array` or an array padded with 0 on the
        right. The array is what ``set_output(transform="pandas")`` needs. It always has exactly
        `n_positions_` columns, so a document longer than all those of `fit` is cut as
        `truncation` says. The sparse result loses nothing: it grows wider instead, unless
        `max_length` is given.

    missing : {"error", "empty"}, default="error"
        What to do with documents that are None, NaN or NA: raise an error that names their
        rows, or read them as empty documents.

    Attributes
    ----------
    vocabulary_ : dict
        A mapping of tokens to ids, in the order of the ids, which start at 2.

    tokens_ : ndarray of str objects of shape (n_ids,)
        The inverse: the token of every id, with "<pad>" at 0 and "<unk>" at 1.

    n_positions_ : int
        The number of columns of a transformed array: `max_length` if given, otherwise the
        number of tokens of the longest training document (at least 1).

    too_frequent_ids_ : ndarray of int64 of shape (n_too_frequent,)
        The ids of tokens that are read as unknown for now, since `partial_fit` has met them in more
        than `max_df` of its documents. Empty after `fit`, whose vocabulary has no such tokens.

    See Also
    --------
    sklearn.feature_extraction.text.CountVectorizer : Counts of tokens, with no order.

    Notes
    -----
    Documents may come as a list, a tuple, an array, a pandas or polars Series, a data frame with
    one column, or any iterable. An empty document gives an empty row.

    Marks that are not letters to Python's regular expressions, such as the vowel signs of Indic
    scripts, are split off as tokens of their own, and text in a script without spaces gives long
    tokens. Pass a `tokenizer` made for the language, or ``analyzer="char"``. For accents written
    as combining characters, ``strip_accents="unicode"`` does.

    `partial_fit` learns the vocabulary of a stream, and an id once given to a token stays. So the
    bounds read a little differently there:

    - A token enters once it has stood in `min_df` documents, and never leaves. Until then it is
      counted: at most 524,288 tokens are, beyond which the rarest are forgotten (lossy counting,
      Manku and Motwani, 2002).
    - `max_features` keeps the first tokens to enter. With ``min_df=1`` and no `max_features`, the
      vocabulary grows as long as there are new words.
    - A token in more than `max_df` of the documents so far is read as unknown. It keeps its id, and
      has it again when its share has fallen.

    The result is the same however the documents are cut into chunks, as long as `min_df` is a
    number and not a fraction, which is taken of the documents until the end of a chunk, and no
    token has been forgotten.

    Examples
    --------
    >>> from sklearn_rnn import SequenceVectorizer
    >>> vectorizer = SequenceVectorizer()
    >>> X = vectorizer.fit_transform(["good, not bad!", "bad"])
    >>> vectorizer.vocabulary_
    {'bad': 2, '!': 3, ',': 4, 'good': 5, 'not': 6}
    >>> X.toarray()
    array([[5, 4, 6, 2, 3],
           [2, 0, 0, 0, 0]], dtype=int32)

    A word that was not there in `fit` is the unknown token:

    >>> vectorizer.inverse_transform(vectorizer.transform(["not awful"]))
    [['not', '<unk>']]
    """

    _parameter_constraints: dict = {
        "encoding": [str],
        "decode_error": [StrOptions({"strict", "ignore", "replace"})],
        "strip_accents": [StrOptions({"ascii", "unicode"}), callable, None],
        "lowercase": ["boolean"],
        "preprocessor": [callable, None],
        "tokenizer": [callable, None],
        "stop_words": [StrOptions({"english"}), list, None],
        "token_pattern": [str, None],
        "analyzer": [StrOptions({"word", "char"}), callable],
        "max_df": [
            Interval(RealNotInt, 0, 1, closed="both"),
            Interval(Integral, 1, None, closed="left"),
        ],
        "min_df": [
            Interval(RealNotInt, 0, 1, closed="both"),
            Interval(Integral, 1, None, closed="left"),
        ],
        "max_features": [Interval(Integral, 1, None, closed="left"), None],
        "vocabulary": [Mapping, HasMethods("__iter__"), None],
        "max_length": [Interval(Integral, 1, None, closed="left"), None],
        "truncation": [StrOptions({"head", "tail", "both"})],
        "sparse_output": ["boolean"],
        "missing": [StrOptions({"error", "empty"})],
    }

    # What `sklearn_rnn.save` writes of a fitted one.
    _learned_constraints: dict = {
        "vocabulary_": [dict],
        "n_positions_": [Interval(Integral, 1, None, closed="left")],
        "too_frequent_ids_": [np.ndarray],
    }

    # What `partial_fit` counts.
    _growing = None

    def __init__(
        self,
        *,
        encoding="utf-8",
        decode_error="strict",
        strip_accents=None,
        lowercase=True,
        preprocessor=None,
        tokenizer=None,
        stop_words=None,
        token_pattern=TOKEN_PATTERN,
        analyzer="word",
        max_df=1.0,
        min_df=1,
        max_features=None,
        vocabulary=None,
        max_length=None,
        truncation="head",
        sparse_output=True,
        missing="error",
    ):
        self.encoding = encoding
        self.decode_error = decode_error
        self.strip_accents = strip_accents
        self.lowercase = lowercase
        self.preprocessor = preprocessor
        self.tokenizer = tokenizer
        self.stop_words = stop_words
        self.token_pattern = token_pattern
        self.analyzer = analyzer
        self.max_df = max_df
        self.min_df = min_df
        self.max_features = max_features
        self.vocabulary = vocabulary
        self.max_length = max_length
        self.truncation = truncation
        self.sparse_output = sparse_output
        self.missing = missing

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the vocabulary.

        Parameters
        ----------
        X : iterable of str or bytes
            The documents.

        y : None
            Ignored, here for the conventions of scikit-learn.

        Returns
        -------
        self : SequenceVectorizer
            The fitted vectorizer.
        """
        self._fit(X)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X, y=None):
        """Learn the vocabulary and return the token ids of the same documents.

        The result is that of `fit` followed by `transform`, with the documents split once.

        Parameters
        ----------
        X : iterable of str or bytes
            The documents.

        y : None
            Ignored, here for the conventions of scikit-learn.

        Returns
        -------
        X_new : csr_array or ndarray of int32 of shape (n_samples, n_positions)
            The token ids, padded with 0 where dense.
        """
        return self._transform(*self._fit(X))

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None):
        """Learn the vocabulary of a further chunk of documents.

        Tokens that are known keep their ids, and new ones get the next, see Notes. After `fit`
        it goes on from that vocabulary, with documents counted anew; `fit` forgets everything.

        Parameters
        ----------
        X : iterable of str or bytes
            The documents of the chunk.

        y : None
            Ignored, here for the conventions of scikit-learn.

        Returns
        -------
        self : SequenceVectorizer
            The vectorizer.
        """
        self._partial_fit(X)
        return self

    def transform(self, X):
        """Convert documents to token ids.

        Parameters
        ----------
        X : iterable of str or bytes
            The documents.

        Returns
        -------
        X_new : csr_array or ndarray of int32 of shape (n_samples, n_positions)
            The token ids, padded with 0 where dense. Tokens that are not in the vocabulary have
            the id 1.
        """
        check_is_fitted(self)
        return self._transform(*self._index(X))

    def inverse_transform(self, X):
        """Convert token ids back to tokens.

        Parameters
        ----------
        X : {sparse matrix, array-like} of shape (n_samples, n_positions)
            Token ids, such as `transform` returns.

        Returns
        -------
        tokens : list of list of str
            The tokens of each document without the padding, "<unk>" for the unknown token and
            for ids beyond the vocabulary. What the preprocessing has changed stays changed.
        """
        check_is_fitted(self)
        X = check_sequences(X, estimator=self)
        tokens = Vocabulary(self.vocabulary_).decode(X.data)
        return [tokens[start:end] for start, end in pairwise(X.indptr.tolist())]

    def get_feature_names_out(self, input_features=None):
        """Return the names of the columns of a transformed array: its positions.

        The tokens are in `tokens_`.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Ignored, here for the conventions of scikit-learn.

        Returns
        -------
        feature_names_out : ndarray of str objects of shape (n_positions,)
            "position0", "position1" and so on.
        """
        check_is_fitted(self)
        return np.array([f"position{i}" for i in range(self.n_positions_)], dtype=object)

    def build_preprocessor(self):
        """Return the function that prepares a document for splitting.

        Returns
        -------
        preprocessor : callable
            A function from str to str.
        """
        if self.preprocessor is not None:
            return self.preprocessor
        return make_preprocessor(lowercase=self.lowercase, strip_accents=self.strip_accents)

    def build_tokenizer(self):
        """Return the function that splits a preprocessed document.

        Returns
        -------
        tokenizer : callable
            A function from str to a list of str.
        """
        if self.analyzer == "char":
            return split_characters
        if self.tokenizer is not None:
            return self.tokenizer
        return make_tokenizer(self.token_pattern)

    def build_analyzer(self):
        """Return the function that does all steps from a document to its tokens.

        Returns
        -------
        analyzer : callable
            A function from str to a list of str.
        """
        if callable(self.analyzer):
            return self.analyzer
        stop_words = get_stop_words(self.stop_words) if self.analyzer == "word" else None
        return make_analyzer(self.build_preprocessor(), self.build_tokenizer(), stop_words)

    @property
    def tokens_(self):
        """Tokens by id, "<pad>" and "<unk>" first: an array of objects."""
        check_is_fitted(self)
        return Vocabulary(self.vocabulary_).tokens

    def _fit(self, X):
        """Learn from documents and return them as `_index` does."""
        warn_for_unused_params(self)
        warn_for_changed_stop_words(self)
        if self.vocabulary is not None:
            vocabulary = Vocabulary.from_user(self.vocabulary)
            warn_for_upper_case(self, vocabulary.ids)
        tokens, occurrences, lengths = self._index(X)
        if self.vocabulary is None:
            vocabulary = Vocabulary.from_corpus(
                tokens,
                occurrences,
                lengths,
                min_df=self.min_df,
                max_df=self.max_df,
                max_features=self.max_features,
            )
        self.vocabulary_ = vocabulary.ids
        self.n_positions_ = int(self.max_length or max(lengths.max(), 1))
        self.too_frequent_ids_ = np.empty(0, np.int64)
        vars(self).pop("_growing", None)
        return tokens, occurrences, lengths

    def _partial_fit_transform(self, X):
        """Learn from a chunk and return its token ids, with the documents split once."""
        self._validate_params()
        return self._transform(*self._partial_fit(X))

    def _partial_fit(self, X):
        """Learn from a chunk and return it as `_index` does.

        What was learned is replaced, not changed, so that a shallow copy stays as it was.
        """
        is_first = not hasattr(self, "vocabulary_")
        if is_first:
            warn_for_unused_params(self)
            warn_for_changed_stop_words(self)
        check_df_bounds(self)
        indexed = tokens, occurrences, lengths = self._index(X)
        growing = self._growing
        if growing is None:
            growing = GrowingVocabulary.from_ids({} if is_first else self.vocabulary_)
        if self.vocabulary is None:
            growing = growing.grow(
                tokens, occurrences, lengths, min_df=self.min_df, max_features=self.max_features
            )
            too_frequent = growing.too_frequent(self.max_df)
        else:
            too_frequent = np.empty(0, np.int64)
            if is_first:
                vocabulary = Vocabulary.from_user(self.vocabulary)
                warn_for_upper_case(self, vocabulary.ids)
                growing = GrowingVocabulary.from_ids(vocabulary.ids)
        longest = max(lengths.max(), getattr(self, "n_positions_", 1))
        vars(self).update(
            vocabulary_=growing.ids,
            n_positions_=int(self.max_length or longest),
            too_frequent_ids_=too_frequent,
            _growing=growing,
        )
        return indexed

    def _index(self, X):
        """Return the distinct tokens of documents, where they occur, and the lengths."""
        documents = as_documents(
            X,
            missing=self.missing,
            encoding=self.encoding,
            decode_error=self.decode_error,
            estimator=self,
        )
        return index_tokens(documents, self.build_analyzer())

    def _transform(self, tokens, occurrences, lengths):
        """Return the token ids of indexed documents in the container asked for."""
        ids = Vocabulary(self.vocabulary_).lookup(tokens)
        if len(self.too_frequent_ids_):
            ids[np.isin(ids, self.too_frequent_ids_)] = UNKNOWN_ID
        ids = ids[occurrences]
        width = self.n_positions_
        if self.max_length is not None or not self.sparse_output:
            ids, lengths = truncate(ids, lengths, width, keep=self.truncation)
        else:
            width = max(width, int(lengths.max()))
        sequences = sequences_from_flat(ids, lengths, width=width)
        return sequences if self.sparse_output else sequences.toarray()

    def _check_learned(self):
        """Raise an error of any type if what was read from a file does not fit together."""
        if self.vocabulary_ != Vocabulary.from_user(self.vocabulary_).ids or not self.n_positions_:
            raise ValueError("the tokens are not in the order of their ids")
        if self.too_frequent_ids_.dtype != np.int64 or self.too_frequent_ids_.ndim != 1:
            raise ValueError("what is too frequent is no list of ids")

    def __sklearn_is_fitted__(self):
        return hasattr(self, "vocabulary_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = []
        return tags
