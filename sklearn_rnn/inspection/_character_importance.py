"""Which characters of its words a tagger relies on."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.sparse import csr_array, vstack

from sklearn_rnn._tagging.sentences import Sentences
from sklearn_rnn.inspection._inspected_estimator import as_one_row
from sklearn_rnn.inspection._inspected_tagger import InspectedTagger


def character_importance(estimator, sentence, position, *, target=None):
    """Return how much each character of a word contributes to its tag.

    The characters are left out one at a time. The rest of the sentence and the vector of the word
    itself stay as they are.

    Parameters
    ----------
    estimator : estimator instance
        A fitted :class:`~sklearn_rnn.RNNTokenClassifier`, a :class:`~sklearn.pipeline.Pipeline`
        that ends in one, or a fitted search over either, whose best estimator is used. It must
        have been fitted on words.

    sentence : str, or container of one sentence
        The sentence: a text, or a list that holds one list of tokens.

    position : int
        Which token of the sentence. Negative numbers count from its end.

    target : label, default=None
        The tag to explain, one of `classes_`. None explains the predicted one.

    Returns
    -------
    importance : DataFrame
        A row for each character of the word, with the columns `character`, `importance`, how much
        the probability of the tag falls when the character is left out, and `without`, the word
        that is left. `attrs` has the `token`, the `tag` and its `probability`.

    Raises
    ------
    TypeError
        If `estimator` is not a tagger.
    ValueError
        If it was fitted on token ids, if there is no such token, or if `target` is not a tag.

    See Also
    --------
    tag_probabilities : Return the tags of all tokens.

    Notes
    -----
    Leaving out a character can also change the shape of the word, such as its capital, which the
    tagger knows too.

    Examples
    --------
    >>> from sklearn_rnn import RNNTokenClassifier
    >>> from sklearn_rnn.inspection import character_importance
    >>> X = [["fly", "to", "Oslo"], ["from", "Rome", "to", "Oslo"]] * 10
    >>> y = [["O", "O", "B-CITY"], ["O", "B-CITY", "O", "B-CITY"]] * 10
    >>> tagger = RNNTokenClassifier(hidden_size=8, random_state=0).fit(X, y)
    >>> frame = character_importance(tagger, [["to", "Bern"]], 1)
    >>> frame["without"].tolist()
    ['ern', 'Brn', 'Ben', 'Ber']
    >>> frame.attrs["tag"]
    'B-CITY'
    """
    inspected = InspectedTagger(estimator)
    if inspected.tagger.characters_ is None:
        raise ValueError(
            f"This {type(inspected.tagger).__name__} was fitted on token ids and reads no "
            "characters. Fit it on lists of tokens or on texts."
        )
    found = inspected.read(as_one_row(sentence))
    (tokens,) = found.tokens or [[]]
    if not -len(tokens) <= position < len(tokens):
        raise ValueError(
            f"'position' must be that of one of the {len(tokens)} tokens. Got {position!r}."
        )
    position %= len(tokens)
    word = tokens[position]
    without = [word[:i] + word[i + 1 :] for i in range(len(word))]
    variants = [[*tokens[:position], each, *tokens[position + 1 :]] for each in [word, *without]]
    ids = csr_array(vstack([found.X] * len(variants)))
    tags = inspected.tag(Sentences(ids, variants))
    places = position + len(tokens) * np.arange(len(variants))
    code = tags.codes[position] if target is None else _code_of(target, inspected.classes)
    proba = tags.proba[places, code]
    frame = pd.DataFrame(
        {"character": list(word), "importance": proba[0] - proba[1:], "without": without}
    )
    tag = inspected.classes.tolist()[code]
    frame.attrs.update(token=word, tag=tag, probability=float(proba[0]))
    return frame


def _code_of(target, classes):
    (codes,) = np.nonzero(classes == target)
    if len(codes) != 1:
        raise ValueError(f"'target' must be one of the tags {classes.tolist()}. Got {target!r}.")
    return codes[0]
