"""Precision, recall and F1 of spans, such as named entities, by seqeval."""

from __future__ import annotations

import inspect

from sklearn_rnn.metrics._pairs import check_tag_pairs, import_package

SCHEMES = ("IOB1", "IOB2", "IOE1", "IOE2", "IOBES", "BILOU")


def span_f1_score(y_true, y_pred, *, average="micro", mode=None, scheme=None, zero_division=0.0):
    """Return the F1 score of spans, the harmonic mean of their precision and recall.

    Tags mark spans: "B-PER", "I-PER" and "O" for the beginning, the inside and the outside of a
    person. A predicted span is right if its label, its first and its last token are.

    Parameters
    ----------
    y_true : list of list of str
        The tags of each sentence.

    y_pred : list of list of str
        The predicted tags, as many for each sentence.

    average : {"micro", "macro", "weighted"} or None, default="micro"
        "micro" counts all spans together. "macro" is the mean over labels, "weighted" their mean
        by number of true spans. None returns the score of each label, in the order of the alphabet.

    mode : {"strict"} or None, default=None
        None finds spans as CoNLL's evaluation does: "I-PER" with nothing to continue begins a span.
        "strict" counts only spans that follow the rules of `scheme`. The two differ if a tagger
        breaks the rules, so say which one you report.

    scheme : {"IOB1", "IOB2", "IOE1", "IOE2", "IOBES", "BILOU"}, class or None, default=None
        How tags mark spans, one of these names or a class of `seqeval.scheme`. Required with
        ``mode="strict"``, and only then. "IOB2" is usually called BIO.

    zero_division : {"warn"} or float, default=0.0
        What to return if there is nothing to divide by, 0 or 1. "warn" returns 0 and warns.

    Returns
    -------
    f1 : float, or ndarray of shape (n_labels,)
        From 0 to 1.

    Raises
    ------
    ValueError
        If lengths differ, if tags mark no spans, or if `mode` and `scheme` do not fit together.
    ImportError
        If seqeval is not installed.

    See Also
    --------
    span_classification_report : All scores of each label.
    get_scorer : Scorers for :class:`~sklearn.model_selection.GridSearchCV` by name.

    References
    ----------
    E. F. Tjong Kim Sang and F. De Meulder, "Introduction to the CoNLL-2003 shared task:
    language-independent named entity recognition", CoNLL (2003).

    Examples
    --------
    >>> from sklearn_rnn.metrics import span_f1_score
    >>> y_true = [["B-PER", "I-PER", "O"], ["O", "B-LOC"]]
    >>> y_pred = [["B-PER", "O", "O"], ["O", "I-LOC"]]
    >>> span_f1_score(y_true, y_pred)
    0.5
    >>> span_f1_score(y_true, y_pred, mode="strict", scheme="IOB2")
    0.0
    """
    return _score("f1_score", "span_f1_score", y_true, y_pred, average, mode, scheme, zero_division)


def span_precision_score(
    y_true, y_pred, *, average="micro", mode=None, scheme=None, zero_division=0.0
):
    """Return the share of predicted spans that are right.

    Parameters
    ----------
    y_true : list of list of str
        The tags of each sentence.

    y_pred : list of list of str
        The predicted tags, as many for each sentence.

    average : {"micro", "macro", "weighted"} or None, default="micro"
        As in `span_f1_score`, as are the parameters that follow.

    mode : {"strict"} or None, default=None
        How strictly spans are read.

    scheme : {"IOB1", "IOB2", "IOE1", "IOE2", "IOBES", "BILOU"}, class or None, default=None
        How tags mark spans, with ``mode="strict"``.

    zero_division : {"warn"} or float, default=0.0
        What to return if no spans were predicted, 0 or 1. "warn" returns 0 and warns.

    Returns
    -------
    precision : float, or ndarray of shape (n_labels,)
        From 0 to 1.

    Raises
    ------
    ValueError
        If lengths differ, if tags mark no spans, or if `mode` and `scheme` do not fit together.
    ImportError
        If seqeval is not installed.

    See Also
    --------
    span_f1_score : Precision and recall in one.

    Examples
    --------
    >>> from sklearn_rnn.metrics import span_precision_score
    >>> span_precision_score([["B-PER", "O", "B-LOC"]], [["B-PER", "O", "O"]])
    1.0
    """
    names = "precision_score", "span_precision_score"
    return _score(*names, y_true, y_pred, average, mode, scheme, zero_division)


def span_recall_score(
    y_true, y_pred, *, average="micro", mode=None, scheme=None, zero_division=0.0
):
    """Return the share of true spans that were predicted.

    Parameters
    ----------
    y_true : list of list of str
        The tags of each sentence.

    y_pred : list of list of str
        The predicted tags, as many for each sentence.

    average : {"micro", "macro", "weighted"} or None, default="micro"
        As in `span_f1_score`, as are the parameters that follow.

    mode : {"strict"} or None, default=None
        How strictly spans are read.

    scheme : {"IOB1", "IOB2", "IOE1", "IOE2", "IOBES", "BILOU"}, class or None, default=None
        How tags mark spans, with ``mode="strict"``.

    zero_division : {"warn"} or float, default=0.0
        What to return if there are no true spans, 0 or 1. "warn" returns 0 and warns.

    Returns
    -------
    recall : float, or ndarray of shape (n_labels,)
        From 0 to 1.

    Raises
    ------
    ValueError
        If lengths differ, if tags mark no spans, or if `mode` and `scheme` do not fit together.
    ImportError
        If seqeval is not installed.

    See Also
    --------
    span_f1_score : Precision and recall in one.

    Examples
    --------
    >>> from sklearn_rnn.metrics import span_recall_score
    >>> span_recall_score([["B-PER", "O", "B-LOC"]], [["B-PER", "O", "O"]])
    0.5
    """
    names = "recall_score", "span_recall_score"
    return _score(*names, y_true, y_pred, average, mode, scheme, zero_division)


def span_classification_report(
    y_true, y_pred, *, mode=None, scheme=None, digits=2, output_dict=False, zero_division=0.0
):
    """Return precision, recall, F1 and number of spans of each label, as a text or a dict.

    Parameters
    ----------
    y_true : list of list of str
        The tags of each sentence.

    y_pred : list of list of str
        The predicted tags, as many for each sentence.

    mode : {"strict"} or None, default=None
        As in `span_f1_score`.

    scheme : {"IOB1", "IOB2", "IOE1", "IOE2", "IOBES", "BILOU"}, class or None, default=None
        As in `span_f1_score`.

    digits : int, default=2
        Digits after the decimal point. Ignored with ``output_dict=True``.

    output_dict : bool, default=False
        Whether to return a dict by label instead of text.

    zero_division : {"warn"} or float, default=0.0
        What to report if there is nothing to divide by, 0 or 1. "warn" reports 0 and warns.

    Returns
    -------
    report : str or dict
        With the micro, macro and weighted averages at the end.

    Raises
    ------
    ValueError
        If lengths differ, if tags mark no spans or there are none to report, or if `mode` and
        `scheme` do not fit together.
    ImportError
        If seqeval is not installed.

    See Also
    --------
    span_f1_score : One number.

    Examples
    --------
    >>> from sklearn_rnn.metrics import span_classification_report
    >>> y_true = [["B-PER", "I-PER", "O"], ["O", "B-LOC"]]
    >>> y_pred = [["B-PER", "O", "O"], ["O", "B-LOC"]]
    >>> print(span_classification_report(y_true, y_pred))
                  precision    recall  f1-score   support
    <BLANKLINE>
             LOC       1.00      1.00      1.00         1
             PER       0.00      0.00      0.00         1
    <BLANKLINE>
       micro avg       0.50      0.50      0.50         2
       macro avg       0.50      0.50      0.50         2
    weighted avg       0.50      0.50      0.50         2
    <BLANKLINE>
    """
    seqeval = import_package("seqeval.metrics", "span_classification_report")
    true, predicted = _check_spans(y_true, y_pred, mode, scheme)
    if all(tag == "O" for tags in (*true, *predicted) for tag in tags):
        raise ValueError("There are no spans in y_true or y_pred to report: all tags are 'O'.")
    return seqeval.classification_report(
        true,
        predicted,
        mode=mode,
        scheme=_find_scheme(scheme),
        digits=digits,
        output_dict=output_dict,
        zero_division=zero_division,
    )


def _score(function, metric, y_true, y_pred, average, mode, scheme, zero_division):
    seqeval = import_package("seqeval.metrics", metric)
    if average not in ("micro", "macro", "weighted", None):
        raise ValueError(
            f"average must be 'micro', 'macro', 'weighted' or None. Got {average!r} instead."
        )
    true, predicted = _check_spans(y_true, y_pred, mode, scheme)
    score = getattr(seqeval, function)(
        true,
        predicted,
        average=average,
        mode=mode,
        scheme=_find_scheme(scheme),
        zero_division=zero_division,
    )
    return score if average is None else float(score)


def _check_spans(y_true, y_pred, mode, scheme):
    """Return the tags as lists; refuse what seqeval would ignore silently or count wrongly."""
    if mode not in (None, "strict"):
        raise ValueError(f"mode must be 'strict' or None. Got {mode!r} instead.")
    if (mode is None) != (scheme is None):
        raise ValueError(
            "mode='strict' and scheme must be given together. Got "
            f"mode={mode!r} and scheme={scheme!r}."
        )
    true, predicted = check_tag_pairs(y_true, y_pred)
    prefixes = ("B", "I", "E", "S") if scheme is None else ("B", "I", "E", "S", "L", "U")
    for name, sentences in (("y_true", true), ("y_pred", predicted)):
        for tag in sorted({tag for tags in sentences for tag in tags}, key=str):
            if not isinstance(tag, str) or (tag != "O" and not _has_prefix(tag, prefixes)):
                hint = "" if scheme else "; L and U need mode='strict' and scheme='BILOU'"
                raise ValueError(
                    f"Tags must be 'O', or a prefix and a label such as 'B-PER'. Got {tag!r} in "
                    f"{name}. Prefixes are {', '.join(prefixes)}{hint}."
                )
    return true, predicted


def _has_prefix(tag, prefixes):
    prefix, _, label = tag.partition("-")
    return prefix in prefixes and bool(label)


def _find_scheme(scheme):
    if scheme is None or inspect.isclass(scheme):
        return scheme
    if scheme not in SCHEMES:
        raise ValueError(
            f"scheme must be one of {', '.join(SCHEMES)}, or a class of seqeval.scheme. Got "
            f"{scheme!r} instead."
        )
    return getattr(import_package("seqeval.scheme", "scheme"), scheme)
