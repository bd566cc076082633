"""Sentences with their tags and weights, as a user passes them to a tagger."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from sklearn_rnn._tagging.fit_net import TaggedSentences
from sklearn_rnn._tagging.sentences import Sentences
from sklearn_rnn._tagging.spans import allowed_steps
from sklearn_rnn._tagging.tags import encode_tags, find_codes, name_rows, read_tags
from sklearn_rnn._targets.class_weights import weigh_classes
from sklearn_rnn._targets.label_checks import check_stream_classes
from sklearn_rnn._training.documents import Documents, check_any_weight, check_weights
from sklearn_rnn._training.validation import hold_out


def check_crf_params(estimator: Any) -> None:
    """Refuse constraints without a CRF to obey them."""
    if estimator.constraints is not None and not estimator.crf:
        raise ValueError(
            f"The 'constraints' parameter of {type(estimator).__name__} needs a CRF. Got "
            f"constraints={estimator.constraints!r} with crf=False. Set crf=True or "
            "constraints=None."
        )


def read_tagged(
    sentences: Sentences,
    y: Any,
    sample_weight: Any,
    estimator: Any,
    classes: np.ndarray | None = None,
    suffix: str = "",
    *,
    stream_classes: Any = None,
    in_stream: bool = False,
) -> tuple[TaggedSentences, np.ndarray]:
    """Return sentences with the tags and weights that a user passed, and all tags.

    Parameters
    ----------
    sentences : Sentences
        The sentences.
    y, sample_weight
        What the user passed.
    estimator : estimator instance
        The tags must obey its `constraints`.
    classes : ndarray of shape (n_classes,), default=None
        The known tags, sorted. None means those in `y`, or in a stream none.
    suffix : str, default=""
        Ending of the names of the arguments, for the messages.
    stream_classes : array-like, default=None
        In a stream, the `classes` that the user passed.
    in_stream : bool, default=False
        Whether this is a chunk.

    Raises
    ------
    ValueError
        If there are no tokens, or if tags do not fit sentences, classes or constraints.
    """
    name = f"y{suffix}"
    lengths = sentences.lengths
    tags = read_tags(y, lengths, estimator, name)
    _check_any_token(tags, lengths, estimator, suffix)
    if in_stream:
        known = {} if classes is None else {"classes_": classes}
        # As in `fit`, there may be one tag.
        known = check_stream_classes(stream_classes, tags, known, estimator, at_least=1)
        classes = known["classes_"]
    elif classes is None:
        classes = np.unique(tags)
    codes = encode_tags(tags, classes, lengths, name)
    if estimator.constraints is not None:
        _check_steps(codes, classes, lengths, name)
    weights = check_weights(sample_weight, sentences.X, f"sample_weight{suffix}")
    return TaggedSentences(sentences, tags, codes, weights), classes


def read_scored(
    sentences: Sentences, y: Any, sample_weight: Any, estimator: Any, classes: np.ndarray
) -> TaggedSentences:
    """Return sentences with the tags that predictions are compared with, see `read_tagged`.

    A tag that was not seen in `fit` has the code -1, which no prediction has. A fold of a
    cross-validation may lack a rare tag; an error would cost the score of the whole fold.
    """
    lengths = sentences.lengths
    tags = read_tags(y, lengths, estimator)
    _check_any_token(tags, lengths, estimator, "")
    weights = check_weights(sample_weight, sentences.X)
    if not weights[lengths > 0].any():
        raise ValueError("sample_weight must be above 0 for at least one sentence with tokens.")
    codes = find_codes(tags, classes)
    unknown = np.unique(tags[codes < 0]).tolist()
    if unknown:
        warnings.warn(
            f"y contains tags that were not seen in fit: {unknown}. They cannot be predicted, and "
            f"count as wrong at {np.count_nonzero(codes < 0)} of {len(codes)} tokens.",
            stacklevel=3,
        )
    return TaggedSentences(sentences, tags, codes, weights)


def _check_any_token(tags: np.ndarray, lengths: np.ndarray, estimator: Any, suffix: str) -> None:
    if not len(tags):
        raise ValueError(
            f"X{suffix} holds no token: all of its {len(lengths)} sentence(s) are empty. "
            f"{type(estimator).__name__} needs at least one that is not."
        )


def _check_steps(codes: np.ndarray, classes: np.ndarray, lengths: np.ndarray, name: str) -> None:
    """Refuse tags that break the rules of BIO."""
    transitions, starts = allowed_steps(classes)
    is_first = np.zeros(len(codes), bool)
    row_of = np.repeat(np.arange(len(lengths)), lengths)
    is_first[np.flatnonzero(np.diff(row_of, prepend=-1))] = True
    before = np.roll(codes, 1)
    is_broken = np.where(is_first, ~starts[codes], ~transitions[before, codes])
    rows = np.unique(row_of[is_broken])
    if len(rows):
        place = np.flatnonzero(is_broken)[0]
        after = "at the start" if is_first[place] else f"after {str(classes[before[place]])!r}"
        raise ValueError(
            f"With constraints='bio', {name} must hold 'I-x' only after 'B-x' or 'I-x'. Got "
            f"{str(classes[codes[place]])!r} {after}; broken in {len(rows)} row(s), "
            f"{name_rows(rows)}, counted from 0. Correct the tags, or set constraints=None."
        )


def weigh_tags(
    tagged: TaggedSentences, estimator: Any, classes: np.ndarray, *, in_stream: bool = False
) -> np.ndarray | None:
    """Return the weight of each tag by `class_weight`, None if all are equal.

    Over the tokens they are 1 on average, except for a chunk, which is not the whole data.
    """
    if estimator.class_weight is None:
        return None
    of_tokens = np.repeat(tagged.weights, tagged.sentences.lengths)
    weights = weigh_classes(estimator.class_weight, classes, tagged.codes, of_tokens)
    mean = np.average(weights[tagged.codes], weights=of_tokens if of_tokens.any() else None)
    if not mean:
        raise ValueError(
            "At least one tag in y needs a weight above 0, but with this class_weight all are 0. "
            f"Got {estimator.class_weight}."
        )
    return weights if in_stream else weights / mean


def check_any_token_weight(
    estimator: Any, tagged: TaggedSentences, tag_weight: np.ndarray | None, where: str
) -> None:
    """Refuse sentences whose tokens all have weight 0: the loss is a weighted mean."""
    weights = np.repeat(tagged.weights, tagged.sentences.lengths)
    if tag_weight is not None:
        weights = weights * tag_weight[tagged.codes]
    check_any_weight(estimator, weights, where, "tokens")


def hold_out_sentences(
    tagged: TaggedSentences, estimator: Any, seed: int
) -> tuple[TaggedSentences, TaggedSentences]:
    """Split sentences into those to train on and those set aside, at random."""
    lengths = tagged.sentences.lengths
    rows = Documents(tagged.sentences.X, np.arange(len(lengths)), tagged.weights)
    parts = hold_out(rows, None, estimator.validation_fraction, seed)
    for part, what in zip(parts, ("to train on", "set aside for early stopping"), strict=True):
        if not lengths[part.y].any():
            raise ValueError(
                f"With early_stopping=True, all sentences {what} are empty. Give more sentences, "
                "pass X_val and y_val to fit, or set early_stopping=False."
            )
    train, valid = (tagged.take(part.y) for part in parts)
    return train, valid
