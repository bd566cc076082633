"""Loaders of the texts without labels in the ``data`` folder, for language models."""

from ._loaders import offer, read_frame


def load_alice(*, subset="train", as_frame=True):
    """Load the chapters of Alice's Adventures in Wonderland (language modelling).

    The novel by Lewis Carroll, with the line breaks of the printed book. The first ten chapters
    are for training, the last two for testing.

    =================== ============
    Chapters, train               10
    Chapters, test                 2
    Characters, train        122,246
    Characters, test          22,070
    Distinct characters           71
    =================== ============

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        Which chapters to load. Choose models on "train" and report results on "test". "all" returns
        the whole book in its order; the column `split` of `frame` says which is which.
    as_frame : bool, default=True
        If True, `data` is a pandas Series and `frame` is a DataFrame. If False, `data` is an
        ndarray of str objects and `frame` is None.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        data : Series or ndarray of shape (n_chapters,)
            The chapters, named "text". Each begins with its title and ends with an empty line, so
            they can be joined to one text.
        frame : DataFrame of shape (n_chapters, 2)
            The columns `text` and `split`. None if `as_frame` is False.
        DESCR : str
            The description of the text, with its source and licence.

    Raises
    ------
    ValueError
        If `subset` is not one of the three.

    See Also
    --------
    load_names : Many short texts.
    sklearn_rnn.RNNLanguageModel : Learns from texts without labels.

    Notes
    -----
    The novel, published in 1865, is in the public domain. The text comes from Project Gutenberg,
    without its header and its licence. A file shipped with the data lists the changes.

    Examples
    --------
    >>> from sklearn_rnn.datasets import load_alice
    >>> alice = load_alice()
    >>> alice.data.shape
    (10,)
    >>> alice.data[0].splitlines()[0]
    'CHAPTER I. Down the Rabbit-Hole'
    """
    return offer("alice", read_frame("alice"), {"data": "text"}, subset=subset, as_frame=as_frame)


def load_names(*, subset="train", as_frame=True):
    """Load first names of people (language modelling).

    The most frequent first names of children born in the United States, in lower case and without
    accents. The split into training and test names is fixed.

    =================== ============
    Names, train              31,033
    Names, test                1,000
    Characters, median             6
    Distinct characters           26
    =================== ============

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        Which names to load. Choose models on "train" and report results on "test". "all" returns
        the training names first, then the test names; the column `split` of `frame` says which is
        which.
    as_frame : bool, default=True
        If True, `data` is a pandas Series and `frame` is a DataFrame. If False, `data` is an
        ndarray of str objects and `frame` is None.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        data : Series or ndarray of shape (n_names,)
            The names, named "text". Those that girls and boys share occur twice.
        frame : DataFrame of shape (n_names, 2)
            The columns `text` and `split`. None if `as_frame` is False.
        DESCR : str
            The description of the names, with their source and licence.

    Raises
    ------
    ValueError
        If `subset` is not one of the three.

    See Also
    --------
    load_alice : One long text.
    sklearn_rnn.RNNLanguageModel : Learns from texts without labels.

    Notes
    -----
    The names come from ``karpathy/makemore``, Copyright (c) 2022 Andrej Karpathy, MIT License; the
    text of the licence is shipped with the data. They are those that the Social Security
    Administration of the United States publishes, which are in the public domain.

    Examples
    --------
    >>> from sklearn_rnn.datasets import load_names
    >>> load_names(subset="test").data.shape
    (1000,)
    """
    return offer("names", read_frame("names"), {"data": "text"}, subset=subset, as_frame=as_frame)
