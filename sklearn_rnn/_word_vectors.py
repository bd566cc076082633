"""WordVectors: pretrained vectors of words."""

import os
from collections.abc import Iterable, Mapping
from numbers import Integral

import numpy as np
from sklearn.utils import check_array

from sklearn_rnn._sklearn_compat import (
    Interval,
    StrOptions,
    validate_parameter_constraints,
)
from sklearn_rnn._text.containers import as_documents
from sklearn_rnn._vectorizer import SequenceVectorizer
from sklearn_rnn._vectors.data_format import read_parts, write_parts
from sklearn_rnn._vectors.gensim_models import read_gensim
from sklearn_rnn._vectors.read_file import read_file
from sklearn_rnn._vectors.training import train_vectors
from sklearn_rnn._vectors.word_forms import find

_POSITIVE = Interval(Integral, 1, None, closed="left")
_LOAD_CONSTRAINTS = {
    "path": [str, os.PathLike],  # open takes an int for a file that is open already
    "max_words": [_POSITIVE, None],
    "member": [str, None],
    "encoding": [str],
    "decode_error": [StrOptions({"strict", "ignore", "replace"})],
    "progress": ["boolean", None],
}
_TEXTS_CONSTRAINTS = {
    "n_features": [_POSITIVE],
    "window": [_POSITIVE],
    "method": [StrOptions({"ppmi", "word2vec", "fasttext"})],
    "vectorizer": [SequenceVectorizer, None],
    "random_state": ["random_state"],
}
# From here on they are too many to pass to `from_texts` unasked.
_MAX_WORDS_OF_TEXTS = 50_000


class WordVectors:
    """Pretrained vectors of words.

    Words that occur in similar contexts have similar vectors, so a network that starts from them
    knows which words are alike before it sees a single label. Pass them to an estimator as its
    `embedding`.

    A `WordVectors` object never changes. Make one with :meth:`load` from a file, with
    :meth:`from_texts` from your own unlabelled text, or from other objects with
    :meth:`from_frame`, :meth:`from_dict` and :meth:`from_gensim`.
    :func:`sklearn_rnn.datasets.load_word_vectors` returns vectors of English words that ship with
    the package.

    Parameters
    ----------
    words : iterable of str
        The words, each once, usually the most frequent first.

    vectors : array-like of shape (n_words, n_features)
        The vector of each word, stored as float32.

    See Also
    --------
    sklearn_rnn.datasets.load_word_vectors : Vectors of English words that ship with the package.
    RNNTextClassifier : Starts from word vectors through its parameter `embedding`.
    SequenceVectorizer : Converts text to token ids.
    SubwordVectorizer : Converts text to ids of subwords.

    Notes
    -----
    Tables differ in how they spell words. A word that is not in the table is looked up in other
    forms, in this order, and the first one found counts:

    1. in lower case, capitalized, in upper case;
    2. with a straight apostrophe;
    3. without a possessive, "film's" as "film";
    4. a contraction as the mean of its parts, "don't" of "do" and "n't" or "not";
    5. the mean of the parts between hyphens or slashes, if all of them are there;
    6. with digits as "0" or "#", "1987" as "0000" or "####".

    With a fastText model, the remaining words get a vector too: the mean of the vectors of their
    character n-grams.

    Examples
    --------
    >>> from sklearn_rnn import WordVectors
    >>> vectors = WordVectors(["good", "bad"], [[1.0, 0.5], [-1.0, 0.5]])
    >>> vectors
    WordVectors(n_words=2, n_features=2)
    >>> vectors["Good"]
    array([1. , 0.5], dtype=float32)
    >>> vectors.lookup(["bad", "awful"])
    (array([[-1. ,  0.5],
           [ 0. ,  0. ]], dtype=float32), array([ True, False]))
    """

    def __init__(self, words, vectors):
        words = as_word_list(words, "words")
        if not words:
            raise ValueError("'words' must hold at least one word. Got none.")
        vectors = check_array(vectors, dtype=np.float32, input_name="vectors", copy=True, order="C")
        if len(words) != len(vectors):
            raise ValueError(
                f"'words' and 'vectors' must have the same length. Got {len(words)} words and "
                f"{len(vectors)} vectors."
            )
        self._hold(words, vectors, None)
        if len(self._rows) != len(words):
            double = next(word for row, word in enumerate(words) if self._rows[word] != row)
            raise ValueError(f"'words' must be distinct. {double!r} occurs more than once.")

    def _hold(self, words, vectors, ngrams):
        """Keep words and vectors that were checked."""
        self._words = np.empty(len(words), dtype=object)
        self._words[:] = words
        self._vectors = vectors
        self._ngrams = ngrams
        self._rows = {word: row for row, word in enumerate(words)}
        self._words.flags.writeable = False
        self._vectors.flags.writeable = False
        if ngrams is not None:
            ngrams.table.flags.writeable = False

    @property
    def words(self):
        """The words, an ndarray of str objects of shape (n_words,)."""
        return self._words

    @property
    def vectors(self):
        """Their vectors, a read-only ndarray of float32 of shape (n_words, n_features)."""
        return self._vectors

    @property
    def n_features(self):
        """Number of features of a vector."""
        return self._vectors.shape[1]

    @classmethod
    def load(
        cls,
        path,
        *,
        words=None,
        max_words=None,
        member=None,
        encoding="utf-8",
        decode_error="strict",
        progress=None,
    ):
        r"""Read vectors from a file.

        The format is detected from the content: text, as written by GloVe, word2vec and fastText
        (.vec), the binary format of word2vec, or a fastText model (.bin). The file can be
        compressed with gzip, bzip2, xz or zip.

        Parameters
        ----------
        path : str or path-like
            The file.

        words : iterable of str, default=None
            Read only these words, in all forms in which :meth:`lookup` looks for them. This takes
            far less time and memory. With a fastText model, words given here that it does not
            contain get a vector from their n-grams, but other words do not: the n-grams are not
            kept. None reads all words.

        max_words : int, default=None
            Read only the first `max_words` words of the file, which are the most frequent ones in
            most files.

        member : str, default=None
            Which file to read from a zip archive that contains several.

        encoding : str, default="utf-8"
            The encoding of the words. Ignored for files that begin with the byte order mark of
            UTF-16 or UTF-32.

        decode_error : {"strict", "ignore", "replace"}, default="strict"
            What to do with words that are not valid in `encoding`.

        progress : bool, default=None
            Whether to show a progress bar. None shows one on a terminal if reading takes more than
            a second.

        Returns
        -------
        vectors : WordVectors
            The words, in the order of the file, and their vectors.

        Raises
        ------
        ValueError
            If the content is damaged, truncated, or not in one of these formats. The message names
            the line or byte. Rows with NaN or infinity, rows without a word and repeated words are
            skipped with a warning.

        OSError
            If the file cannot be read.

        Examples
        --------
        >>> from tempfile import NamedTemporaryFile
        >>> from sklearn_rnn import WordVectors
        >>> with NamedTemporaryFile(suffix=".txt") as file:
        ...     _ = file.write(b"good 1.0 0.5\nbad -1.0 0.5\nbook 0.0 2.0\n")
        ...     file.flush()
        ...     vectors = WordVectors.load(file.name, words=["Bad", "Book"])
        >>> vectors.to_frame()
                0    1
        bad  -1.0  0.5
        book  0.0  2.0
        """
        params = {
            "max_words": max_words,
            "member": member,
            "encoding": encoding,
            "decode_error": decode_error,
            "progress": progress,
        }
        validate_parameter_constraints(
            _LOAD_CONSTRAINTS, {"path": path, **params}, caller_name="WordVectors.load"
        )
        if words is not None:
            words = as_word_list(words, "words")
        _check_encoding(encoding)
        try:
            table = read_file(path, words=words, **params)
            if not len(table[0]):
                asked = "no word" if words is None else f"none of the {len(words)} words asked for"
                raise ValueError(f"it has a vector for {asked}")
        except ValueError as exc:
            raise ValueError(f"{path} cannot be read as word vectors: {exc}.") from exc
        return restore(*table)

    @classmethod
    def from_texts(
        cls,
        texts,
        *,
        n_features=100,
        window=5,
        method="ppmi",
        vectorizer=None,
        random_state=None,
    ):
        """Learn vectors from unlabelled text.

        Use this if no published vectors fit your language or your field. Good vectors take millions
        of words of text; ten thousand documents are a start.

        Parameters
        ----------
        texts : iterable of str
            The documents.

        n_features : int, default=100
            Number of features of a vector. "ppmi" needs more words than features.

        window : int, default=5
            Number of words to the left and to the right that are the context of a word.

        method : {"ppmi", "word2vec", "fasttext"}, default="ppmi"
            How to learn. "ppmi" factorizes the positive pointwise mutual information of words and
            their contexts by a truncated SVD. "word2vec" and "fasttext" train skip-grams with
            gensim, which has to be installed: ``pip install 'sklearn-rnn[gensim]'``. With
            "fasttext", unseen words have vectors too.

        vectorizer : SequenceVectorizer, default=None
            Decides how documents are split and which words get a vector. It is cloned. None means
            ``SequenceVectorizer(min_df=2, max_features=50_000)``.

        random_state : int, RandomState instance or None, default=None
            Controls the random start of the SVD or of the training. Pass an int to get the same
            vectors each time.

        Returns
        -------
        vectors : WordVectors
            The words, the most frequent first, and their vectors.

        Examples
        --------
        >>> from sklearn_rnn import WordVectors
        >>> texts = ["a good film", "a bad film", "a good book", "a bad book"]
        >>> vectors = WordVectors.from_texts(texts, n_features=2, random_state=0)
        >>> vectors.words.tolist()
        ['a', 'bad', 'book', 'film', 'good']
        """
        params = {
            "n_features": n_features,
            "window": window,
            "method": method,
            "vectorizer": vectorizer,
            "random_state": random_state,
        }
        caller = "WordVectors.from_texts"
        validate_parameter_constraints(_TEXTS_CONSTRAINTS, params, caller_name=caller)
        if vectorizer is None:
            params["vectorizer"] = SequenceVectorizer(min_df=2, max_features=_MAX_WORDS_OF_TEXTS)
        return restore(*train_vectors(as_documents(texts, estimator=caller), **params))

    @classmethod
    def from_gensim(cls, keyed_vectors):
        """Make word vectors from gensim's.

        Parameters
        ----------
        keyed_vectors : KeyedVectors or model of gensim
            The vectors, or a model that has them in its attribute `wv`. The n-grams of a FastText
            model are copied too.

        Returns
        -------
        vectors : WordVectors
            The same words and vectors, copied.

        Examples
        --------
        >>> from types import SimpleNamespace
        >>> import numpy as np
        >>> from sklearn_rnn import WordVectors
        >>> keyed_vectors = SimpleNamespace(index_to_key=["good"], vectors=np.ones((1, 2)))
        >>> WordVectors.from_gensim(keyed_vectors)
        WordVectors(n_words=1, n_features=2)
        """
        words, vectors, ngrams = read_gensim(keyed_vectors)
        checked = cls(words, vectors)
        return restore(checked.words, checked.vectors, ngrams)

    @classmethod
    def from_frame(cls, frame):
        """Make word vectors from a data frame.

        Parameters
        ----------
        frame : DataFrame of shape (n_words, n_features)
            The words as its index, and a column for each feature.

        Returns
        -------
        vectors : WordVectors
            The same words and vectors, copied.

        See Also
        --------
        to_frame : The opposite.

        Examples
        --------
        >>> import pandas as pd
        >>> from sklearn_rnn import WordVectors
        >>> WordVectors.from_frame(pd.DataFrame({"good": [1, 2], "bad": [-1, 2]}).T)
        WordVectors(n_words=2, n_features=2)
        """
        if not (hasattr(frame, "index") and hasattr(frame, "columns")):
            raise TypeError(
                "'frame' must be a pandas DataFrame with the words as its index. Got "
                f"{type(frame).__name__} instead."
            )
        return cls(frame.index, frame)

    @classmethod
    def from_dict(cls, vectors):
        """Make word vectors from a dictionary.

        Parameters
        ----------
        vectors : dict of str to array-like of shape (n_features,)
            The vector of each word.

        Returns
        -------
        vectors : WordVectors
            The same words and vectors, copied.

        Examples
        --------
        >>> from sklearn_rnn import WordVectors
        >>> WordVectors.from_dict({"good": [1, 2], "bad": [-1, 2]})
        WordVectors(n_words=2, n_features=2)
        """
        if not isinstance(vectors, Mapping):
            raise TypeError(
                f"'vectors' must be a dict of words to vectors. Got {type(vectors).__name__} "
                "instead."
            )
        rows = [np.asarray(vector) for vector in vectors.values()]
        for word, row in zip(vectors, rows, strict=True):
            if row.shape != rows[0].shape:
                raise ValueError(
                    f"All vectors must have the same shape. Got {rows[0].shape} for the first word "
                    f"and {row.shape} for {word!r}."
                )
        return cls(vectors, rows)

    def lookup(self, words):
        """Return the vector of each word, and whether it was found.

        Words that are not in the table are looked up in other forms, see Notes of the class.

        Parameters
        ----------
        words : iterable of str
            The words.

        Returns
        -------
        vectors : ndarray of float32 of shape (n_words, n_features)
            Their vectors, zeros for words that were not found.

        found : ndarray of bool of shape (n_words,)
            Whether each was found.
        """
        words = as_word_list(words, "words")
        rows = np.array([self._rows.get(word, -1) for word in words], dtype=np.int64)
        found = rows >= 0
        vectors = np.zeros((len(words), self.n_features), dtype=np.float32)
        vectors[found] = self._vectors[rows[found]]
        for i in np.flatnonzero(~found).tolist():
            if names := find(words[i], self._rows):
                vectors[i] = self._vectors[[self._rows[name] for name in names]].mean(axis=0)
                found[i] = True
        if self._ngrams is not None:
            missing = np.flatnonzero(~found)
            made, has_ngrams = self._ngrams.vectors([words[i] for i in missing.tolist()])
            vectors[missing[has_ngrams]] = made[has_ngrams]
            found[missing[has_ngrams]] = True
        return vectors, found

    def most_similar(self, word, n=10):
        """Return the words whose vectors have the highest cosine similarity to that of a word.

        Parameters
        ----------
        word : str
            The word, which need not be in the table if :meth:`lookup` finds it.

        n : int, default=10
            How many words to return.

        Returns
        -------
        similar : Series of float of shape (n,)
            The cosine similarity by word, the highest first, without the word itself.

        Raises
        ------
        KeyError
            If the word has no vector.

        Examples
        --------
        >>> from sklearn_rnn import WordVectors
        >>> vectors = WordVectors(["good", "bad", "great"], [[1, 2], [-1, 2], [2, 4]])
        >>> vectors.most_similar("good")
        great    1.0
        bad      0.6
        Name: similarity, dtype: float64
        """
        import pandas as pd

        validate_parameter_constraints({"n": [_POSITIVE]}, {"n": n}, caller_name="most_similar")
        vector = self[word].astype(np.float64)
        norms = np.linalg.norm(self._vectors, axis=1).astype(np.float64)
        products = (self._vectors @ vector.astype(np.float32)).astype(np.float64)
        # A vector of zeros is like no other.
        scales = norms * np.linalg.norm(vector)
        cosines = np.divide(products, scales, out=np.zeros_like(products), where=scales > 0)
        itself = [self._rows[name] for name in find(word, self._rows)]
        if len(itself) == 1:
            cosines[itself] = -np.inf
        best = np.argsort(-cosines, kind="stable")[: min(n, len(self) - (len(itself) == 1))]
        return pd.Series(cosines[best].round(6), index=self._words[best], name="similarity")

    def to_frame(self):
        """Return the vectors as a data frame.

        Returns
        -------
        frame : DataFrame of float32 of shape (n_words, n_features)
            The words as its index, and a column for each feature.
        """
        import pandas as pd

        return pd.DataFrame(self._vectors, index=pd.Index(self._words), copy=True)

    def __len__(self):
        return len(self._words)

    def __iter__(self):
        return iter(self._words)

    def __contains__(self, word):
        return isinstance(word, str) and bool(self.lookup([word])[1][0])

    def __getitem__(self, word):
        if not isinstance(word, str):
            raise TypeError(f"A word must be a str. Got {type(word).__name__} instead.")
        vectors, found = self.lookup([word])
        if not found[0]:
            raise KeyError(word)
        return vectors[0]

    def __repr__(self):
        ngrams = "" if self._ngrams is None else f", n_ngrams={len(self._ngrams.table)}"
        return f"WordVectors(n_words={len(self)}, n_features={self.n_features}{ngrams})"

    def __reduce__(self):
        return restore, (self._words, self._vectors, self._ngrams)

    def __deepcopy__(self, memo):
        return self  # it never changes: clones of an estimator share it


def restore(words, vectors, ngrams=None):
    """Return WordVectors of checked words and vectors, without a copy.

    Parameters
    ----------
    words : sequence of str
        The words, each once.
    vectors : ndarray of float32 of shape (n_words, n_features)
        Their vectors, which become read-only.
    ngrams : NgramVectors or None, default=None
        Computes vectors of other words.
    """
    made = WordVectors.__new__(WordVectors)
    made._hold(words, vectors, ngrams)
    return made


def as_word_list(words, name):
    """Return words as a list of str, or raise an error that names the parameter."""
    if isinstance(words, (str, bytes)) or not isinstance(words, Iterable):
        raise TypeError(
            f"'{name}' must be an iterable of str, such as a list. Got {words!r:.50} of type "
            f"{type(words).__name__} instead."
        )
    words = list(words)
    for place, word in enumerate(words):
        if not isinstance(word, str):
            raise TypeError(
                f"'{name}' must hold str. Got {word!r:.50} of type {type(word).__name__} at "
                f"position {place}."
            )
    return words


def _check_encoding(encoding):
    try:
        "".encode(encoding)
    except LookupError as exc:
        raise ValueError(
            "The 'encoding' parameter of WordVectors.load must be one that Python knows. Got "
            f"{encoding!r} instead."
        ) from exc


def to_data(vectors):
    """Return WordVectors as a dict of arrays and plain values, for files."""
    return write_parts(vectors.words, vectors.vectors, vectors._ngrams)


def from_data(data):
    """Return the WordVectors from the dict of `to_data`.

    Raises
    ------
    ValueError, TypeError, KeyError
        If `to_data` cannot have made it.
    """
    words, vectors, ngrams = read_parts(data)
    checked = WordVectors(words, vectors)
    return restore(checked.words, checked.vectors, ngrams)
