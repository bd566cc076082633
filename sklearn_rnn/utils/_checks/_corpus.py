"""The documents and targets that the checks work on."""

import numpy as np
from sklearn.base import is_regressor
from sklearn.utils import get_tags

from sklearn_rnn.utils._checks._registry import predicts_tokens, requires_y

_WORDS = {
    "kitchen": "oven flour butter knife recipe soup pepper bread".split(),
    "music": "guitar melody drums violin concert tune rhythm chorus".split(),
    "sea": "harbour sailor wave anchor storm fishing island tide".split(),
}
_N_PER_CLASS = 8


def _document(words, i):
    """Join four to seven of a subject's words and a word that all subjects share."""
    chosen = [words[(i + 3 * step) % len(words)] for step in range(3 + i % 4)]
    return " ".join([*chosen, ["and", "with", "under"][i % 3]])


DOCUMENTS = [_document(words, i) for i in range(_N_PER_CLASS) for words in _WORDS.values()]
SUBJECTS = [subject for _ in range(_N_PER_CLASS) for subject in _WORDS]


def make_documents():
    """Return the documents, as a new list."""
    return list(DOCUMENTS)


def make_target(estimator):
    """Return a target for them that suits the estimator, None if it needs none."""
    tags = get_tags(estimator)
    if predicts_tokens(estimator):
        return as_objects([_tag(document) for document in DOCUMENTS])
    if is_regressor(estimator):
        y = np.array([float(len(document.split())) for document in DOCUMENTS])
    elif not requires_y(estimator):
        return None
    else:
        y = np.array(SUBJECTS)
        if tags.classifier_tags is not None and not tags.classifier_tags.multi_class:
            y = np.where(y == "sea", "sea", "land")
    return y.reshape(-1, 1) if not tags.target_tags.single_output else y


def _tag(document):
    """Tag each word by its subject, and those that all subjects share as outside."""
    subject_of = {word: subject for subject, words in _WORDS.items() for word in words}
    return [subject_of.get(word, "O") for word in document.split()]


def as_objects(rows):
    """Return lists as an array of objects."""
    array = np.empty(len(rows), dtype=object)
    for i, row in enumerate(rows):
        array[i] = row
    return array


def make_two_classes():
    """Return the documents of two subjects, and the subjects."""
    rows = [row for row, subject in enumerate(SUBJECTS) if subject != "sea"]
    return [DOCUMENTS[row] for row in rows], np.array([SUBJECTS[row] for row in rows])


def make_other_documents():
    """Return as many documents in other words."""
    return [" ".join(f"{word}s" for word in document.split()[::-1]) for document in DOCUMENTS]
