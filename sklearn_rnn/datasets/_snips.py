"""Loader of the tagged sentences in the ``data`` folder."""

from ._loaders import offer, read_frame


def load_snips(*, subset="train", return_X_y=False, as_frame=True):
    """Load commands to a voice assistant with their slots (tagging, classification).

    Each token has a tag in BIO form, such as "B-artist", "I-artist" or "O", that says which slot
    of the command it fills. Each sentence also has an intent, such as "PlayMusic". The split into
    training and test sentences is fixed.

    ================= ==============
    Tags                          72
    Intents                        7
    Sentences, train          13,784
    Sentences, test              700
    Tokens, median                 9
    ================= ==============

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        Which sentences to load. Choose models on "train" and report results on "test". "all"
        returns the training sentences first, then the test sentences; the column `split` of
        `frame` says which is which.
    return_X_y : bool, default=False
        If True, return `(data, target)` instead of a Bunch object.
    as_frame : bool, default=True
        If True, `data`, `target` and `intent` are pandas Series and `frame` is a DataFrame. If
        False, they are ndarrays of objects and `frame` is None.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        data : Series or ndarray of shape (n_sentences,)
            The tokens of each sentence, lists of str, named "tokens".
        target : Series or ndarray of shape (n_sentences,)
            The tags of each sentence, lists of str of the same length, named "tags".
        intent : Series or ndarray of shape (n_sentences,)
            The intents, str, named "intent".
        frame : DataFrame of shape (n_sentences, 4)
            The columns `tokens`, `tags`, `intent` and `split`. None if `as_frame` is False.
        target_names : list of str
            The tags, sorted.
        DESCR : str
            The description of the data, with its source and licence.

    (data, target) : tuple if `return_X_y` is True
        The tokens and the tags, as above.

    Raises
    ------
    ValueError
        If `subset` is not one of the three.

    See Also
    --------
    sklearn_rnn.RNNTokenClassifier : Predicts a tag for each token.
    load_tweet_sentiment : Texts with a label each.

    Notes
    -----
    The SNIPS natural language understanding benchmark [1]_ of the repository
    ``sonos/nlu-benchmark``, in the public domain by CC0 1.0. Sentences and split are those of the
    copy in ``MiuLab/SlotGated-SLU``. A file shipped with the data lists the changes.

    References
    ----------
    .. [1] Coucke, A. et al. (2018). Snips Voice Platform: an embedded Spoken Language Understanding
       system for private-by-design voice interfaces. arXiv:1805.10190.

    Examples
    --------
    >>> from sklearn_rnn.datasets import load_snips
    >>> snips = load_snips(subset="test")
    >>> snips.data[699]
    ['rate', 'this', 'album', 'two', 'out', 'of', '6']
    >>> snips.target[699][:3]
    ['O', 'B-object_select', 'B-object_type']
    >>> snips.intent[699]
    'RateBook'
    """
    frame = read_frame("snips").rename(columns={"text": "tokens", "label": "intent"})
    for name in ("tokens", "tags"):
        frame[name] = frame[name].str.split(" ")
    return offer(
        "snips",
        frame,
        {"data": "tokens", "target": "tags", "intent": "intent"},
        subset=subset,
        as_frame=as_frame,
        return_X_y=return_X_y,
        target_names=sorted(set(frame["tags"].explode())),
    )
