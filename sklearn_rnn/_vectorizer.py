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
    SparseOutputMixin,
    StrOptions,
    _fit_context,
)
from sklearn_rnn._text.containers import (
    check_column_names,
    check_joined_columns,
    joined_columns,
)
from sklearn_rnn._text.growing_vocabulary import GrowingVocabulary
from sklearn_rnn._text.indexing import index_documents, look_up, read_documents
from sklearn_rnn._text.padding import PositionNamesMixin, to_container
from sklearn_rnn._text.param_checks import (
    check_df_bounds,
    reads_any_type,
    warn_for_changed_stop_words,
    warn_for_texts_in_lists,
    warn_for_unused_params,
    warn_for_upper_case,
)
from sklearn_rnn._text.sequences import check_sequences
from sklearn_rnn._text.tokenizer import (
    get_stop_words,
    make_analyzer,
    make_preprocessor,
    make_token_analyzer,
    make_tokenizer,
    split_characters,
)
from sklearn_rnn._text.vocabulary import UNKNOWN_ID, Vocabulary
from sklearn_rnn._token_counts import TokenCounts, check_same_settings, settings_of
from sklearn_rnn.utils._diagram import DocLinkMixin
from sklearn_rnn.utils._param_names import ParamNamesMixin


class SequenceVectorizer(
    SparseOutputMixin,
    PositionNamesMixin,
    TransformerMixin,
    DocLinkMixin,
    ParamNamesMixin,
    BaseEstimator,
):
    r"""Convert documents to sequences of token ids.

    The counterpart of :class:`~sklearn.feature_extraction.text.CountVectorizer` for recurrent
    networks: with the same parameters, it returns for each document the ids of its tokens in their
    order, where `CountVectorizer` returns counts.

    The result is a sparse matrix with a row for each document and a column for each position.
    Id 0 is padding, which a sparse matrix does not store. Id 1 is the unknown token. The tokens of
    the vocabulary have the ids from 2 on: the most frequent token first after `fit`, in the order
    in which they entered the vocabulary after `partial_fit`.

    The parameters are those of `CountVectorizer`, in its order, followed by those that it does not
    have. The ones to set first are `analyzer`, `min_df` and `max_length`.

    Parameters
    ----------
    encoding : str, default="utf-8"
        Encoding of documents that are bytes. Ignored for documents that are str.

    decode_error : {"strict", "ignore", "replace"}, default="strict"
        What to do with bytes that are invalid in `encoding`: raise an error that names the row,
        drop them, or replace them by a replacement character.

    strip_accents : {"ascii", "unicode"} or callable, default=None
        How to remove accents before the text is split. "ascii" is fast, but also drops all
        characters without an ASCII counterpart. "unicode" works on all characters. None keeps
        accents. Ignored if `preprocessor` is given or `analyzer` is callable.

    lowercase : bool, default=True
        Whether to convert text to lower case before it is split. Ignored if `preprocessor` is
        given or `analyzer` is callable.

    preprocessor : callable, default=None
        Function from a document to the text to split. It replaces the conversion to lower case and
        the removal of accents. Ignored if `analyzer` is callable.

    tokenizer : callable, default=None
        Function from a preprocessed document to a list of tokens. It replaces `token_pattern`. Only
        used if ``analyzer="word"``. Documents that are already tokens are not split again, see
        Notes.

    stop_words : {"english"} or list, default=None
        Tokens to remove: those of a built-in English list, or of your own list. Their neighbours
        become adjacent, so think twice before removing words such as "not". Stop words are compared
        with preprocessed tokens. Only used if ``analyzer="word"``.

    token_pattern : str or None, default=None
        Regular expression that matches a token. If it has a capturing group, the group is the
        token; more than one group is an error. None finds words by Unicode's rules, in any script,
        see Notes. Unlike the default of `CountVectorizer`, it keeps punctuation and words of one
        letter, because they carry meaning where the order matters. Only used if
        ``analyzer="word"`` and `tokenizer` is None.

    analyzer : {"word", "char"} or callable, default="word"
        Whether tokens are words or single characters, white space included. A callable takes a
        document and returns its tokens, and replaces all steps above.

    max_df : float in range [0.0, 1.0] or int, default=1.0
        Leave tokens that occur in more documents than this out of the vocabulary. A float is a
        fraction of the documents, an int their number. These tokens are read as the unknown token,
        so that the positions of other tokens do not change. Ignored if `vocabulary` is given.

    min_df : float in range [0.0, 1.0] or int, default=1
        Leave tokens that occur in fewer documents than this out of the vocabulary. A float is a
        fraction of the documents, an int their number. These tokens are read as the unknown token.
        With 2 or more, a network meets unknown tokens in training and can learn a vector for them.
        Ignored if `vocabulary` is given.

    max_features : int, default=None
        Keep only this many tokens, those most frequent in the training documents; among equally
        frequent ones, the first in the alphabet. Padding and the unknown token do not count.
        None keeps all. Ignored if `vocabulary` is given.

    vocabulary : Mapping or iterable, default=None
        The tokens to use, instead of those found in the training documents. An iterable gives them
        the ids from 2 on in its order, a set in the order of the alphabet. A mapping from tokens to
        ids must use exactly the ids 2, 3, ..., as the `vocabulary_` of a fitted vectorizer does.

    max_length : int, default=None
        Largest number of tokens of a document; longer documents are truncated. None keeps all
        tokens. The vocabulary is always learned from whole documents.

    truncation : {"head", "tail", "both"}, default="head"
        Which tokens of a truncated document to keep: the first ones, the last ones, or half of them
        from each end. Only used if `max_length` is given or ``sparse_output=False``.

    sparse_output : bool, default=True
        Whether to return a :class:`scipy.sparse.csr_array`, or an ndarray padded with 0 on the
        right, as ``set_output(transform="pandas")`` needs it. The ndarray always has `n_positions_`
        columns, so documents longer than those of `fit` are truncated. The sparse matrix grows
        wider instead, unless `max_length` is given.

    missing : {"error", "empty"}, default="error"
        What to do with documents that are None, NaN or NA: raise an error that names their rows, or
        treat them as empty documents.

    n_jobs : int, default=None
        Number of processes that split text, which makes large corpora faster; the result is the
        same. -1 means one for each core. None means 1. Documents with fewer than 1,048,576
        characters in all are split in this process, because sending them takes longer.

    Attributes
    ----------
    vocabulary_ : dict
        Mapping from tokens to ids, in the order of the ids, which start at 2.

    tokens_ : ndarray of str objects of shape (n_ids,)
        The token of each id, with "<pad>" at 0 and "<unk>" at 1.

    n_positions_ : int
        Number of columns of a transformed ndarray: `max_length` if given, otherwise the number of
        tokens of the longest training document, at least 1.

    too_frequent_ids_ : ndarray of int64 of shape (n_too_frequent,)
        Ids of tokens that occur in more than `max_df` of the documents given to `partial_fit`. They
        are read as the unknown token. Empty after `fit`, which leaves such tokens out of the
        vocabulary.

    columns_ : list of str or None
        Names of the columns of text that make up a document, in the order in which they are joined.
        None if each document was one text.

    See Also
    --------
    SubwordVectorizer : Converts text to ids of subwords.
    WordVectors : Vectors that an estimator's words can start from.
    sklearn.feature_extraction.text.CountVectorizer : Counts tokens and ignores their order.

    Notes
    -----
    Documents can be a list, a tuple, an array, a pandas or polars Series or data frame, or any
    other iterable. An empty document is an empty row.

    The columns of a data frame with several columns, such as title and body, are joined to one text
    for each row, with ``" | "`` between them. The vertical bar becomes a token, from which a
    network learns where a column ends; a word has the same id in all columns. `transform` takes the
    same columns in the same order, or text that is already joined. `max_length` counts the tokens
    of the joined text.

    By default, text is split as follows:

    - A word is a run of letters, digits and underscores, with the marks and joiners that belong to
      them and the apostrophes between them.
    - Chinese, Japanese, Thai, Lao and other scripts without spaces are read character by character,
      each with its marks. In Khmer and Burmese, where writers often separate words, a run of up to
      six characters is one word. Pass a `tokenizer` to find words in such text.
    - An emoji is one token, with its skin tone, its flag or the other emoji that are joined to it.
    - Every other visible character is a token of its own.

    Before that, letters and marks are composed (NFC); soft hyphens, byte order marks and marks of
    direction are dropped, and so is the dot that ``"İ".lower()`` leaves above the i. White space,
    zero-width spaces and joiners that join nothing separate tokens and are dropped too.

    Documents that are already tokens are lists, tuples or one-dimensional arrays of str. Their
    tokens are not split again, but lowercased if `lowercase` is True, and `strip_accents` and
    `stop_words` apply to them. ``analyzer=list`` keeps tokens exactly as they are.
    A callable `analyzer`, a `preprocessor`, or a `tokenizer` with ``lowercase=False`` receives
    documents as they are, whatever their type.

    ``sklearn.set_config(transform_output="pandas")`` has no effect on sparse output.

    `partial_fit` learns the vocabulary from a stream. A token keeps its id once it has one, which
    changes the meaning of three parameters:

    - `min_df`: a token enters the vocabulary once it has occurred in `min_df` documents, and stays.
      Up to 524,288 tokens are counted while they wait; beyond that, the rarest are forgotten (lossy
      counting, Manku and Motwani, 2002).
    - `max_features`: the vocabulary consists of the first tokens to enter. With ``min_df=1`` and
      without `max_features`, it grows as long as new words appear.
    - `max_df`: a token that occurs in more than `max_df` of the documents so far is treated as
      unknown until its share falls below the bound again. It keeps its id.

    The result does not depend on how the documents are divided into chunks, unless tokens had to be
    forgotten, or `min_df` is a fraction: that is a fraction of the documents seen by the end of a
    chunk.

    `count_tokens` and `fit_counts` learn the vocabulary from parts of a corpus, in any order and on
    any number of machines. The result is that of `fit` on the whole corpus, for every `min_df`,
    `max_df` and `max_features`.

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

    A word that did not occur in `fit` is read as the unknown token:

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
        "n_jobs": [Integral, None],
    }

    # The learned attributes that `sklearn_rnn.save` writes.
    _learned_constraints: dict = {
        "vocabulary_": [dict],
        "n_positions_": [Interval(Integral, 1, None, closed="left")],
        "too_frequent_ids_": [np.ndarray],
        "columns_": [list, None],
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
        token_pattern=None,
        analyzer="word",
        max_df=1.0,
        min_df=1,
        max_features=None,
        vocabulary=None,
        max_length=None,
        truncation="head",
        sparse_output=True,
        missing="error",
        n_jobs=None,
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
        self.n_jobs = n_jobs

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the vocabulary.

        Parameters
        ----------
        X : iterable of str, bytes, or sequences of str, or data frame of columns of text
            The documents, as text or as their tokens.

        y : None
            Ignored, present for API consistency.

        Returns
        -------
        self : SequenceVectorizer
            The fitted vectorizer.
        """
        self._fit(X)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X, y=None):
        """Learn the vocabulary and convert the documents to token ids.

        The result equals that of `fit` followed by `transform`, but documents are split only once.

        Parameters
        ----------
        X : iterable of str, bytes, or sequences of str, or data frame of columns of text
            The documents, as text or as their tokens.

        y : None
            Ignored, present for API consistency.

        Returns
        -------
        X_new : csr_array or ndarray of int32 of shape (n_samples, n_positions)
            The token ids, padded with 0 if dense.
        """
        return self._transform(*self._fit(X))

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None):
        """Extend the vocabulary by another chunk of documents.

        Known tokens keep their ids, and new ones get the next ids, see Notes. After `fit`, the
        vocabulary of `fit` is extended, and the count of documents starts at 0. `fit` starts over.

        Parameters
        ----------
        X : iterable of str, bytes, or sequences of str, or data frame of columns of text
            The documents of the chunk, as text or as their tokens.

        y : None
            Ignored, present for API consistency.

        Returns
        -------
        self : SequenceVectorizer
            The vectorizer.
        """
        self._partial_fit(X)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def count_tokens(self, X):
        """Count the tokens of a part of a corpus, for `fit_counts`.

        The vectorizer need not be fitted and stays as it is.

        Parameters
        ----------
        X : iterable of str, bytes, or sequences of str, or data frame of columns of text
            The documents of the part, as text or as their tokens.

        Returns
        -------
        counts : TokenCounts
            The counts of all tokens, whatever `min_df`, `max_df` and `max_features` are. Counts of
            several parts can be added.
        """
        tokens, occurrences, lengths = self._index(X)
        return TokenCounts.of_part(
            tokens, occurrences, lengths, joined_columns(X), settings_of(self)
        )

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_counts(self, counts):
        """Learn the vocabulary from the counts of the parts of a corpus.

        The result is that of `fit` on the whole corpus. The bounds `min_df`, `max_df` and
        `max_features` are those of this vectorizer and apply to the whole corpus.

        Parameters
        ----------
        counts : TokenCounts or iterable of TokenCounts
            What `count_tokens` returned for each part, or the sum of all.

        Returns
        -------
        self : SequenceVectorizer
            The fitted vectorizer.

        Raises
        ------
        ValueError
            If the counts come from vectorizers that split text differently, or from data frames
            with different columns.

        Examples
        --------
        >>> from sklearn_rnn import SequenceVectorizer
        >>> vectorizer = SequenceVectorizer(min_df=2)
        >>> counts = [vectorizer.count_tokens(part) for part in (["to be"], ["or not", "to be"])]
        >>> vectorizer.fit_counts(counts).vocabulary_
        {'be': 2, 'to': 3}
        """
        if not isinstance(counts, TokenCounts):
            counts = TokenCounts.sum(counts)
        check_same_settings(counts.settings, settings_of(self))
        if self.vocabulary is None:
            vocabulary = Vocabulary.from_counts(
                counts.tokens,
                counts.occurrences,
                lambda: counts.documents,
                counts.n_documents,
                min_df=self.min_df,
                max_df=self.max_df,
                max_features=self.max_features,
            )
        else:
            vocabulary = Vocabulary.from_user(self.vocabulary)
        _replace_learned(self, vocabulary, counts.longest, counts.columns)
        return self

    def transform(self, X):
        """Convert documents to token ids.

        Parameters
        ----------
        X : iterable of str, bytes, or sequences of str, or data frame of columns of text
            The documents, as text or as their tokens.

        Returns
        -------
        X_new : csr_array or ndarray of int32 of shape (n_samples, n_positions)
            The token ids, padded with 0 if dense. Tokens that are not in the vocabulary have the
            id 1.
        """
        check_is_fitted(self)
        learned = vars(self).copy()  # a consistent copy, as another thread may fit
        check_column_names(X, learned["columns_"])
        documents, vocabulary = read_documents(X, self), Vocabulary(learned["vocabulary_"])
        ids, lengths = look_up(documents, self.build_analyzer(), vocabulary, self.n_jobs)
        return self._arrange(ids, lengths, learned)

    def inverse_transform(self, X):
        """Convert token ids back to tokens.

        Parameters
        ----------
        X : {sparse matrix, array-like} of shape (n_samples, n_positions)
            Token ids, as `transform` returns them.

        Returns
        -------
        tokens : list of list of str
            The preprocessed tokens of each document, without padding. The unknown token and ids
            beyond the vocabulary are "<unk>".
        """
        check_is_fitted(self)
        X = check_sequences(X, estimator=self)
        tokens = Vocabulary(self.vocabulary_).decode(X.data)
        return [tokens[start:end] for start, end in pairwise(X.indptr.tolist())]

    def build_preprocessor(self):
        """Return the function that preprocesses a document before it is split.

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
        """Return the function that converts a document to its tokens, in all steps.

        Returns
        -------
        analyzer : callable
            A function from str to a list of str.
        """
        if callable(self.analyzer):
            return self.analyzer
        stop_words = get_stop_words(self.stop_words) if self.analyzer == "word" else None
        make = make_analyzer if reads_any_type(self) else make_token_analyzer
        return make(self.build_preprocessor(), self.build_tokenizer(), stop_words)

    @property
    def tokens_(self):
        """The token of each id, with "<pad>" at 0 and "<unk>" at 1."""
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
        _replace_learned(self, vocabulary, lengths.max(), joined_columns(X))
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
        if not is_first:
            check_column_names(X, self.columns_)
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
        self.__dict__.update(
            vocabulary_=growing.ids,
            n_positions_=int(self.max_length or longest),
            too_frequent_ids_=too_frequent,
            columns_=joined_columns(X) if is_first else self.columns_,
            _growing=growing,
        )
        return indexed

    def _index(self, X):
        """Return the distinct tokens of documents, where they occur, and the lengths."""
        documents = read_documents(X, self)
        warn_for_texts_in_lists(self, documents)
        return index_documents(documents, self.build_analyzer(), self.n_jobs)

    def _transform(self, tokens, occurrences, lengths):
        """Return indexed documents as `transform` does."""
        learned = vars(self).copy()
        ids = Vocabulary(learned["vocabulary_"]).lookup(tokens)
        return self._arrange(ids[occurrences], lengths, learned)

    def _arrange(self, ids, lengths, learned):
        """Return token ids in the requested container, truncated as requested."""
        if len(learned["too_frequent_ids_"]):
            ids = np.where(np.isin(ids, learned["too_frequent_ids_"]), UNKNOWN_ID, ids)
        return to_container(
            ids,
            lengths,
            n_positions=learned["n_positions_"],
            max_length=self.max_length,
            truncation=self.truncation,
            sparse_output=self.sparse_output,
        )

    def _check_learned(self):
        """Raise an error of any type if what was read from a file does not fit together."""
        if self.vocabulary_ != Vocabulary.from_user(self.vocabulary_).ids or not self.n_positions_:
            raise ValueError("the tokens are not in the order of their ids")
        if self.too_frequent_ids_.dtype != np.int64 or self.too_frequent_ids_.ndim != 1:
            raise ValueError("the tokens that are too frequent are not a list of ids")
        check_joined_columns(self.columns_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = []
        return tags


def _replace_learned(vectorizer, vocabulary, longest, columns):
    """Set what `fit` learns: at once, so that an interrupt or another thread finds all or nothing.

    Parameters
    ----------
    vectorizer : SequenceVectorizer
        The vectorizer.
    vocabulary : Vocabulary
        Its vocabulary.
    longest : int
        Number of tokens of the longest document.
    columns : list of str or None
        As `joined_columns` returns them.
    """
    vectorizer.__dict__.update(
        vocabulary_=vocabulary.ids,
        n_positions_=int(vectorizer.max_length or max(longest, 1)),
        too_frequent_ids_=np.empty(0, np.int64),
        columns_=columns,
        _growing=None,
    )
    del vectorizer._growing
