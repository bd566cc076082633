"""SubwordVectorizer: text to ids of subwords, in order."""

import json
import os
from copy import copy
from itertools import pairwise
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sklearn_rnn._sklearn_compat import (
    HasMethods,
    Interval,
    SparseOutputMixin,
    StrOptions,
    _fit_context,
)
from sklearn_rnn._text.containers import (
    as_documents,
    check_column_names,
    check_joined_columns,
    joined_columns,
)
from sklearn_rnn._text.padding import PositionNamesMixin, to_container
from sklearn_rnn._text.sequences import check_sequences, truncate
from sklearn_rnn._text.vocabulary import FIRST_ID
from sklearn_rnn.utils._diagram import DocLinkMixin
from sklearn_rnn.utils._param_names import ParamNamesMixin


class SubwordVectorizer(
    SparseOutputMixin,
    PositionNamesMixin,
    TransformerMixin,
    DocLinkMixin,
    ParamNamesMixin,
    BaseEstimator,
):
    """Convert documents to sequences of ids of subwords.

    Frequent words are one token, and rare ones several: "unhappiness" may become "un", "happi" and
    "ness". The tokens are learned from the training documents. They include all 256 bytes, so that
    every text, in any language and with any typing error, is made of known tokens.

    The result is a sparse matrix like that of :class:`SequenceVectorizer`: a row for each document,
    a column for each position, and ids from 2 on, the most frequent token first. Id 0 is padding,
    and id 1 the unknown token.

    Parameters
    ----------
    model : {"bpe", "unigram", "wordpiece"}, default="bpe"
        How subwords are learned. "bpe" (byte pair encoding) starts with bytes and repeatedly merges
        the most frequent pair. "wordpiece" learns the same tokens, but splits a word by taking the
        longest token that it begins with, then does the same with the rest. "unigram" starts with
        many tokens and drops those whose removal lowers the likelihood of the documents least; it
        splits a word in the most likely way. Ignored if `tokenizer` is given.

    vocab_size : int, default=8000
        Largest number of tokens, at least 256. Padding and the unknown token do not count. Small
        corpora have fewer. Ignored if `tokenizer` is given.

    min_frequency : int, default=2
        How often a token must occur in the training documents to be learned. Bytes need not occur.
        Ignored if `tokenizer` is given.

    tokenizer : str, path-like or tokenizer, default=None
        A tokenizer to use, instead of learning one: a `tokenizers.Tokenizer`, a fast tokenizer of
        transformers, or the path of a `tokenizer.json`, of a folder that contains one, or of a
        model of SentencePiece. It is copied. Special tokens such as "[CLS]" are not added; in a
        document, they are ordinary text. Its truncation, padding and dropout are turned off.

    lowercase : bool, default=True
        Whether to convert text to lower case. Ignored if `tokenizer` is given.

    strip_accents : {"unicode"}, default=None
        Whether to remove accents: "unicode" removes the combining marks of Latin, Greek and
        Cyrillic letters, but no vowel signs or tone marks of other scripts. None keeps accents.
        Ignored if `tokenizer` is given.

    normalization : {"nfc", "nfkc"}, default="nfc"
        Unicode normalization form. With "nfc", characters that look the same are the same, however
        they were typed. "nfkc" also replaces variants, such as full-width letters and ligatures,
        with plain characters. None leaves text as it is. Ignored if `tokenizer` is given.

    encoding : str, default="utf-8"
        Encoding of documents that are bytes. Ignored for documents that are str.

    decode_error : {"strict", "ignore", "replace"}, default="strict"
        What to do with bytes that are invalid in `encoding`: raise an error that names the row,
        drop them, or replace them by a replacement character.

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

    Attributes
    ----------
    tokenizer_json_ : str
        The fitted tokenizer in the format of `tokenizer.json`, with the ids of `vocabulary_`.
        ``tokenizers.Tokenizer.from_str(vectorizer.tokenizer_json_)`` gives the same ids.

    vocabulary_ : dict
        Mapping from tokens to ids, in the order of the ids, which start at 2. A token at the start
        of a word begins with a space. A token that is not a whole character is written as its
        bytes, such as "<0xE0>". If `tokenizer` does not work on bytes, its tokens are spelled as it
        spells them.

    tokens_ : ndarray of str objects of shape (n_ids,)
        The token of each id, with "<pad>" at 0 and "<unk>" at 1.

    n_positions_ : int
        Number of columns of a transformed ndarray: `max_length` if given, otherwise the number of
        tokens of the longest training document, at least 1.

    columns_ : list of str or None
        Names of the columns of text that make up a document, in the order in which they are joined.
        None if each document was one text.

    See Also
    --------
    SequenceVectorizer : Converts text to ids of words or characters.
    WordVectors : Vectors of whole words, for use with :class:`SequenceVectorizer`.

    Notes
    -----
    Documents can be in any container that :class:`SequenceVectorizer` accepts.

    There is no `partial_fit`: subwords are learned from all training documents at once. An
    estimator that learns from a stream learns them from the first chunk; they can spell any later
    text.

    The same documents give the same tokens, in any order and with any number of threads. BPE
    dropout and subword sampling are not available, because ids are computed only once per fit, and
    the tokenizers package takes no seed. To regularise, use `word_dropout` of the estimators.

    References
    ----------
    .. [1] R. Sennrich, B. Haddow and A. Birch (2016). "Neural Machine Translation of Rare Words
       with Subword Units".
    .. [2] T. Kudo (2018). "Subword Regularization: Improving Neural Network Translation Models with
       Multiple Subword Candidates".

    Examples
    --------
    >>> from sklearn_rnn import SubwordVectorizer
    >>> vectorizer = SubwordVectorizer()
    >>> X = vectorizer.fit_transform(["low lower lowest", "tall taller tallest"])
    >>> [vectorizer.tokens_[id_] for id_ in X[0].data]
    [' low', ' low', 'er', ' low', 'est']

    Words that did not occur in `fit` are spelled with known tokens, byte by byte if necessary:

    >>> X = vectorizer.transform(["slower"])
    >>> [vectorizer.tokens_[id_] for id_ in X[0].data]
    [' ', 's', 'lo', 'w', 'er']
    >>> vectorizer.inverse_transform(X)
    ['slower']
    """

    _parameter_constraints: dict = {
        "model": [StrOptions({"bpe", "unigram", "wordpiece"})],
        "vocab_size": [Interval(Integral, 256, None, closed="left")],
        "min_frequency": [Interval(Integral, 1, None, closed="left")],
        "tokenizer": [
            str,
            os.PathLike,
            HasMethods(["to_str"]),
            HasMethods(["save_pretrained"]),
            None,
        ],
        "lowercase": ["boolean"],
        "strip_accents": [StrOptions({"unicode"}), None],
        "normalization": [StrOptions({"nfc", "nfkc"}), None],
        "encoding": [str],
        "decode_error": [StrOptions({"strict", "ignore", "replace"})],
        "max_length": [Interval(Integral, 1, None, closed="left"), None],
        "truncation": [StrOptions({"head", "tail", "both"})],
        "sparse_output": ["boolean"],
        "missing": [StrOptions({"error", "empty"})],
    }

    # The learned attributes that `sklearn_rnn.save` writes.
    _learned_constraints: dict = {
        "tokenizer_json_": [str],
        "n_positions_": [Interval(Integral, 1, None, closed="left")],
        "columns_": [list, None],
    }

    def __init__(
        self,
        *,
        model="bpe",
        vocab_size=8000,
        min_frequency=2,
        tokenizer=None,
        lowercase=True,
        strip_accents=None,
        normalization="nfc",
        encoding="utf-8",
        decode_error="strict",
        max_length=None,
        truncation="head",
        sparse_output=True,
        missing="error",
    ):
        self.model = model
        self.vocab_size = vocab_size
        self.min_frequency = min_frequency
        self.tokenizer = tokenizer
        self.lowercase = lowercase
        self.strip_accents = strip_accents
        self.normalization = normalization
        self.encoding = encoding
        self.decode_error = decode_error
        self.max_length = max_length
        self.truncation = truncation
        self.sparse_output = sparse_output
        self.missing = missing

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the subwords.

        Parameters
        ----------
        X : iterable of str or bytes, or data frame of columns of text
            The documents.

        y : None
            Ignored, present for API consistency.

        Returns
        -------
        self : SubwordVectorizer
            The fitted vectorizer.
        """
        self._fit(X)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X, y=None):
        """Learn the subwords and convert the documents to ids.

        Parameters
        ----------
        X : iterable of str or bytes, or data frame of columns of text
            The documents.

        y : None
            Ignored, present for API consistency.

        Returns
        -------
        X_new : csr_array or ndarray of int32 of shape (n_samples, n_positions)
            The token ids, padded with 0 if dense.
        """
        return self._transform(*self._fit(X))

    def transform(self, X):
        """Convert documents to ids of subwords.

        Parameters
        ----------
        X : iterable of str or bytes, or data frame of columns of text
            The documents.

        Returns
        -------
        X_new : csr_array or ndarray of int32 of shape (n_samples, n_positions)
            The token ids, padded with 0 if dense.
        """
        check_is_fitted(self)
        fitted = copy(self)  # a consistent copy, as another thread may fit
        check_column_names(X, fitted.columns_)
        tokens = fitted._subwords.encode(self._read_documents(X))
        return self._transform(tokens, fitted.n_positions_)

    def inverse_transform(self, X):
        """Convert token ids back to text.

        Parameters
        ----------
        X : {sparse matrix, array-like} of shape (n_samples, n_positions)
            Token ids, as `transform` returns them.

        Returns
        -------
        texts : list of str
            The documents. They equal those given to `transform` if no step changed them, as with
            ``lowercase=False, normalization=None``. The unknown token and ids beyond the vocabulary
            are "<unk>". Characters that `max_length` cut apart are replacement characters.
        """
        check_is_fitted(self)
        X = check_sequences(X, estimator=self)
        ids, bounds = X.data.tolist(), X.indptr.tolist()
        return self._subwords.decode([ids[start:end] for start, end in pairwise(bounds)])

    def token_spans(self, X):
        """Return where the tokens are in the text.

        Parameters
        ----------
        X : iterable of str or bytes, or data frame of columns of text
            The documents.

        Returns
        -------
        spans : list of ndarray of int64 of shape (n_tokens, 2)
            Start and end of each token of each document, truncated as by `transform`. A token at
            the start of a word includes the space before it. Tokens that are bytes of one character
            all have the place of that character.

        Examples
        --------
        >>> from sklearn_rnn import SubwordVectorizer
        >>> vectorizer = SubwordVectorizer().fit(["good good"])
        >>> vectorizer.token_spans(["good good"])
        [array([[0, 4],
               [4, 9]])]
        """
        check_is_fitted(self)
        fitted = copy(self)  # a consistent copy, as another thread may fit
        check_column_names(X, fitted.columns_)
        spans = fitted._subwords.spans(self._read_documents(X))
        if self.max_length is None and self.sparse_output:
            return spans
        lengths = np.array([len(each) for each in spans])
        every = np.arange(lengths.sum())
        kept, lengths = truncate(every, lengths, fitted.n_positions_, keep=self.truncation)
        return np.split(np.concatenate(spans)[kept], np.cumsum(lengths)[:-1])

    @property
    def vocabulary_(self):
        """Mapping from tokens to ids, in the order of the ids, which start at 2."""
        tokens = enumerate(self.tokens_.tolist())
        return {token: id_ for id_, token in tokens if id_ >= FIRST_ID}

    @property
    def tokens_(self):
        """The token of each id, with "<pad>" at 0 and "<unk>" at 1."""
        check_is_fitted(self)
        return np.array(self._subwords.tokens, dtype=object)

    @property
    def _subwords(self):
        from sklearn_rnn._text.subwords import read_subwords  # tokenizers, where it is needed

        return read_subwords(self.tokenizer_json_)

    def _read_documents(self, X):
        return as_documents(
            X,
            missing=self.missing,
            encoding=self.encoding,
            decode_error=self.decode_error,
            takes_tokens=False,
            estimator=self,
        )

    def _fit(self, X):
        """Learn from documents, and return their tokens and the number of positions."""
        from sklearn_rnn._text.subword_learning import fit_subwords

        content, tokens = fit_subwords(self._read_documents(X), self)
        n_positions = int(self.max_length or max(tokens.lengths.max(), 1))
        # At once: an interrupt, or another thread that transforms, finds all of it or nothing.
        self.__dict__.update(
            tokenizer_json_=json.dumps(content, ensure_ascii=False),
            n_positions_=n_positions,
            columns_=joined_columns(X),
        )
        return tokens, n_positions

    def _transform(self, tokens, n_positions):
        """Return token ids in the requested container."""
        return to_container(
            *tokens,
            n_positions=n_positions,
            max_length=self.max_length,
            truncation=self.truncation,
            sparse_output=self.sparse_output,
        )

    def _check_learned(self):
        """Raise an error of any type if what was read from a file is inconsistent."""
        from sklearn_rnn._text.tokenizer_json import check_tokenizer_json

        check_tokenizer_json(self.tokenizer_json_)
        check_joined_columns(self.columns_)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "tokenizer_json_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = []
        return tags
