"""A generated task that cannot be solved without the order of the words."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state

_ADJECTIVES = (
    ("good", "bad"),
    ("happy", "sad"),
    ("great", "awful"),
    ("kind", "cruel"),
    ("clean", "dirty"),
    ("bright", "dull"),
    ("fresh", "stale"),
    ("useful", "useless"),
)

_NEUTRAL_WORDS = (
    "a afternoon again also and around at autumn bag because before behind bicycle blue boat book "
    "box bridge brown bus by called came carried chair city coat corner cup day door down during "
    "early evening every field first five found four from garden green had hall hat he her here "
    "hill his house in it its kitchen lake lamp later letter looked market month moment morning "
    "near of off often old on one opened other our out over paper park people picture put "
    "question rain red river road room sat saw school second seven she shop side six some spoke "
    "spring station stood street summer table ten that the their then there these they this "
    "three through ticket time to today told tower town train tree two under until up walked wall "
    "was water week went were when where while white who window winter with word yellow"
).split()

# "good , not bad": an adjective, a comma, "not" and the opposite adjective.
_PHRASE_LENGTH = 4


def _check_integer(name: str, value: int, least: int) -> None:
    """Refuse what is not an integer of at least `least`, in scikit-learn's words."""
    message = (
        f"The {name!r} parameter of make_word_order must be an int in the range [{least}, inf). "
        f"Got {value!r} instead."
    )
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise TypeError(message)
    if value < least:
        raise ValueError(message)


def make_word_order(
    n_samples=2000, *, min_length=5, max_length=60, random_state=None, return_groups=False
):
    """Generate documents whose label depends on the order of the words only (classification).

    A positive document contains a phrase such as "good , not bad" at a random position among
    neutral words; a negative one contains "bad , not good". Documents come in pairs, one of
    each class, with the same neutral words and the phrase at the same position. Both have
    the same bag of words, so a model that counts words cannot do better than chance.

    Parameters
    ----------
    n_samples : int, default=2000
        Number of documents. It must be even, since half of them are positive.
    min_length : int, default=5
        Smallest number of tokens in a document. It must be at least 4, the length of the
        phrase. Tokens are separated by spaces; the comma in the phrase is a token.
    max_length : int, default=60
        Largest number of tokens in a document.
    random_state : int, RandomState instance or None, default=None
        Controls the documents and their order. Pass an int for the same documents in every
        call.
    return_groups : bool, default=False
        If True, also return the number of the pair that each document belongs to.

    Returns
    -------
    X : ndarray of shape (n_samples,) and dtype object
        The documents, shuffled.
    y : ndarray of shape (n_samples,)
        The labels, "negative" or "positive".
    groups : ndarray of shape (n_samples,)
        The number of the pair of each document. Only returned if `return_groups` is True.

    See Also
    --------
    load_tweet_sentiment : Real documents, labelled with their sentiment.

    Notes
    -----
    Keep pairs together when you split or cross-validate: pass `groups` to
    :class:`~sklearn.model_selection.GroupShuffleSplit` or
    :class:`~sklearn.model_selection.GroupKFold`. A model that counts words predicts the same
    for both documents of a pair, so its accuracy on whole pairs is exactly one half. If pairs
    are separated, it has seen the other document of the pair in training, with the opposite
    label, and does worse than chance.

    Counts of word pairs (``ngram_range=(1, 2)``) capture the order inside the phrase and
    solve the task.

    Examples
    --------
    >>> from sklearn_rnn.datasets import make_word_order
    >>> X, y, groups = make_word_order(
    ...     100, min_length=4, max_length=7, random_state=0, return_groups=True
    ... )
    >>> for document, label in zip(X[groups == 3], y[groups == 3]):
    ...     print(label, "|", document)
    positive | clean , not dirty
    negative | dirty , not clean
    """
    _check_integer("n_samples", n_samples, 2)
    _check_integer("min_length", min_length, _PHRASE_LENGTH)
    _check_integer("max_length", max_length, min_length)
    if n_samples % 2:
        raise ValueError(
            "The 'n_samples' parameter of make_word_order must be even, since documents come in "
            f"pairs. Got {n_samples!r} instead."
        )
    random_state = check_random_state(random_state)

    documents = []
    for length in random_state.randint(min_length, max_length + 1, size=n_samples // 2):
        good, bad = _ADJECTIVES[random_state.randint(len(_ADJECTIVES))]
        n_neutral = length - _PHRASE_LENGTH
        neutral = [
            _NEUTRAL_WORDS[i] for i in random_state.randint(len(_NEUTRAL_WORDS), size=n_neutral)
        ]
        place = random_state.randint(n_neutral + 1)
        for first, second in ((good, bad), (bad, good)):
            tokens = [*neutral[:place], first, ",", "not", second, *neutral[place:]]
            documents.append(" ".join(tokens))

    order = random_state.permutation(n_samples)
    X = np.array(documents, dtype=object)[order]
    y = np.array(["positive", "negative"] * (n_samples // 2))[order]
    if return_groups:
        return X, y, np.repeat(np.arange(n_samples // 2), 2)[order]
    return X, y
