"""Tables with a token a row, the form in which tagged text is often kept."""


def sentences_from_frame(frame, *, sentence="sentence", token="token", tag="tag"):
    """Return the sentences and tags of a data frame with a row for each token.

    Parameters
    ----------
    frame : pandas or polars DataFrame
        The tokens, in the order of the text.

    sentence : str or list of str, default="sentence"
        Name of the column that identifies sentences; its values may be of any type. A list
        names several columns, such as document and sentence.

    token : str, default="token"
        Name of the column of tokens.

    tag : str or None, default="tag"
        Name of the column of tags. None if there are none.

    Returns
    -------
    X : list of list of str
        The tokens of each sentence, in the order of the frame.

    y : list of list
        The tags of each sentence. Only returned if `tag` is not None.

    Raises
    ------
    TypeError
        If `frame` is not a data frame.
    KeyError
        If the frame lacks a column.
    ValueError
        If the rows of a sentence are not adjacent, or if a sentence or a token is missing.

    See Also
    --------
    sklearn_rnn.RNNTokenClassifier : Learns to tag the tokens.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_rnn.utils import sentences_from_frame
    >>> frame = pd.DataFrame(
    ...     {
    ...         "sentence": [1, 1, 2],
    ...         "token": ["Anna", "sings", "Stop"],
    ...         "tag": ["NOUN", "VERB", "VERB"],
    ...     }
    ... )
    >>> sentences_from_frame(frame)
    ([['Anna', 'sings'], ['Stop']], [['NOUN', 'VERB'], ['VERB']])
    """
    names = [sentence] if isinstance(sentence, str) else list(sentence)
    keys = list(zip(*(_column(frame, name) for name in names), strict=True))
    tokens = _column(frame, token)
    tags = None if tag is None else _column(frame, tag)
    missing = [row for row, key in enumerate(keys) if any(part != part for part in key)]
    missing += [row for row, value in enumerate(tokens) if not isinstance(value, str)]
    if missing:
        raise ValueError(
            f"Each row needs a sentence and a token that is a str. Row {min(missing)}, counted "
            f"from 0, has {tokens[min(missing)]!r} in sentence {keys[min(missing)]}. Drop such "
            "rows, or read the column of tokens as text, by keep_default_na=False."
        )
    X: list[list] = []
    y: list[list] = []
    seen = set()
    for row, key in enumerate(keys):
        if row == 0 or key != keys[row - 1]:
            if key in seen:
                name = key if len(key) > 1 else key[0]
                raise ValueError(
                    f"The rows of a sentence must stand together. Sentence {name!r} begins again "
                    f"in row {row}, counted from 0. Sort the frame, or name all columns that tell "
                    "sentences apart, as in sentence=['document', 'sentence']."
                )
            seen.add(key)
            X.append([])
            y.append([])
        X[-1].append(tokens[row])
        if tags is not None:
            y[-1].append(tags[row])
    return X if tags is None else (X, y)


def _column(frame, name):
    """Return a column as a list."""
    if not hasattr(frame, "columns"):
        raise TypeError(f"frame must be a pandas or polars DataFrame. Got {type(frame).__name__}.")
    if name not in frame.columns:
        raise KeyError(f"The frame has no column {name!r}. Its columns are {list(frame.columns)}.")
    column = frame[name]
    return column.tolist() if hasattr(column, "tolist") else column.to_list()
