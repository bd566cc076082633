"""How alike texts are, such as a translation and its reference, by sacrebleu."""

from __future__ import annotations

from itertools import chain

from sklearn_rnn.metrics._pairs import check_pairs, import_package


def bleu_score(
    y_true,
    y_pred,
    *,
    tokenize="13a",
    lowercase=False,
    effective_order=False,
    return_signature=False,
):
    """Return the BLEU of a corpus: which n-grams of the predictions are in the references.

    Parameters
    ----------
    y_true : list of str, or list of list of str
        The reference of each text, or several of them.

    y_pred : list of str
        The predicted texts, not yet tokenized.

    tokenize : str, default="13a"
        How texts are split into words: "13a" for most languages, "zh", "ja-mecab" or "ko-mecab" for
        Chinese, Japanese and Korean, "char" for characters, "none" for texts that are split by
        spaces already, or another of sacrebleu's tokenizers.

    lowercase : bool, default=False
        Whether to ignore case.

    effective_order : bool, default=False
        Whether to leave out n-grams that are longer than the texts. Set it for very short texts,
        whose BLEU is zero otherwise.

    return_signature : bool, default=False
        Whether to return sacrebleu's signature too. Report it with the number, because BLEU
        depends on everything that it names.

    Returns
    -------
    bleu : float
        From 0 to 100, as sacrebleu computes it and papers report it.

    signature : str
        Only if `return_signature` is True.

    Raises
    ------
    ValueError
        If there are not as many predictions as references, or none.
    TypeError
        If a text is not a str.
    ImportError
        If sacrebleu is not installed.

    See Also
    --------
    chrf_score : Compares characters, and agrees better with human judgement.

    References
    ----------
    K. Papineni et al., "BLEU: a method for automatic evaluation of machine translation", ACL
    (2002). M. Post, "A call for clarity in reporting BLEU scores", WMT (2018).

    Examples
    --------
    >>> from sklearn_rnn.metrics import bleu_score
    >>> y_true = ["the cat sat on the mat", "it is raining"]
    >>> bleu, signature = bleu_score(
    ...     y_true, ["the cat sat on a mat", "it is raining"], return_signature=True
    ... )
    >>> round(bleu, 1)
    59.7
    >>> signature.split("|version")[0]
    'nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp'
    """
    metrics = import_package("sacrebleu.metrics", "bleu_score")
    metric = metrics.BLEU(tokenize=tokenize, lowercase=lowercase, effective_order=effective_order)
    return _score(metric, y_true, y_pred, return_signature)


def chrf_score(
    y_true, y_pred, *, char_order=6, word_order=0, beta=2, lowercase=False, return_signature=False
):
    """Return the chrF of a corpus: an F-score of the n-grams of characters.

    Parameters
    ----------
    y_true : list of str, or list of list of str
        The reference of each text, or several of them.

    y_pred : list of str
        The predicted texts.

    char_order : int, default=6
        Length of the longest n-grams of characters.

    word_order : int, default=0
        Length of the longest n-grams of words that count too. 2 is called chrF++.

    beta : int, default=2
        How many times as important recall is as precision.

    lowercase : bool, default=False
        Whether to ignore case.

    return_signature : bool, default=False
        Whether to return sacrebleu's signature too, to be reported with the number.

    Returns
    -------
    chrf : float
        From 0 to 100, as sacrebleu computes it and papers report it.

    signature : str
        Only if `return_signature` is True.

    Raises
    ------
    ValueError
        If there are not as many predictions as references, or none.
    TypeError
        If a text is not a str.
    ImportError
        If sacrebleu is not installed.

    See Also
    --------
    bleu_score : Compares words.

    References
    ----------
    Popović, M., "chrF: character n-gram F-score for automatic MT evaluation", WMT (2015).

    Examples
    --------
    >>> from sklearn_rnn.metrics import chrf_score
    >>> round(chrf_score(["the cat sat on the mat"], ["the cat sat on a mat"]), 1)
    66.0
    """
    metrics = import_package("sacrebleu.metrics", "chrf_score")
    metric = metrics.CHRF(
        char_order=char_order, word_order=word_order, beta=beta, lowercase=lowercase
    )
    return _score(metric, y_true, y_pred, return_signature)


def _score(metric, y_true, y_pred, return_signature):
    true, predicted = check_pairs(y_true, y_pred)
    references = [[text] if isinstance(text, str) else list(text) for text in true]
    for name, texts in (("y_true", chain.from_iterable(references)), ("y_pred", predicted)):
        for text in texts:
            if not isinstance(text, str):
                raise TypeError(f"{name} must hold texts, of type str. Got {text!r} instead.")
    if not all(references):
        raise ValueError("y_true must have at least one reference for each text. A list is empty.")
    # By number of the reference, and None where a text has fewer of them.
    n_most = max(map(len, references))
    streams = [[own[i] if i < len(own) else None for own in references] for i in range(n_most)]
    score = float(metric.corpus_score(predicted, streams).score)
    return (score, str(metric.get_signature())) if return_signature else score
