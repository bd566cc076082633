"""What tells one training from another."""

from functools import partial
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch

from sklearn_rnn import RNNTextClassifier, SequenceVectorizer
from sklearn_rnn._text.sequences import check_sequences
from sklearn_rnn._training.batches import SequenceDataset
from sklearn_rnn._training.fit_identity import differences, digest, identify_fit, name_of

CPU = torch.device("cpu")

DIFFERENT = [
    None,
    0,
    0.0,
    "0",
    b"0",
    [],
    [0],
    [[0]],
    [0, 0],
    {},
    {"a": 0},
    {"b": 0},
    np.zeros(2, np.int32),
    np.zeros(2, np.int64),
    np.zeros((2, 1), np.int32),
    np.array(["a", "b"], dtype=object),
    np.array(["a", None], dtype=object),
    SequenceDataset(check_sequences([[5, 0], [2, 7]])),
    SequenceDataset(check_sequences([[5, 0], [2, 8]])),
    SequenceDataset(check_sequences([[5, 0], [2, 7]]), weights=np.array([1, 2], np.float32)),
]


def test_values_that_differ_have_other_digests():
    assert len({digest(value) for value in DIFFERENT}) == len(DIFFERENT)


@pytest.mark.parametrize("value", DIFFERENT)
def test_values_alike_have_one_digest(value):
    copied = value.copy(order="F") if isinstance(value, np.ndarray) else value
    assert digest(copied) == digest(value)


def test_tensors_count_as_arrays():
    assert digest(torch.arange(6).reshape(2, 3).t()) == digest(np.arange(6).reshape(2, 3).T)


def identify(**params):
    sets = SequenceDataset(check_sequences([[5, 0], [2, 7]])), None
    return identify_fit(RNNTextClassifier(**params), sets, (1, 2), CPU)


@pytest.mark.parametrize(
    ("params", "shown"),
    [
        ({"lr": np.float32(0.5)}, "0.5 here"),
        ({"embedding": Path("vectors.txt")}, "'vectors.txt' here"),
        ({"optimizer": torch.optim.SGD}, "'torch.optim.sgd.SGD' here"),
        ({"optimizer": partial(torch.optim.SGD, momentum=0.5)}, "['torch.optim.sgd.SGD', "),
        ({"vectorizer": SequenceVectorizer(lowercase=False)}, "{'class': 'SequenceVectorizer', "),
        ({"class_weight": {0: 1, 1: 5}}, "{'0': 1, '1': 5} here"),
        ({"scoring": digest}, "'sklearn_rnn._training.fit_identity.d... here"),
    ],
)
def test_parameters_are_told_apart(params, shown):
    (difference,) = differences(identify(), identify(**params))
    assert difference.startswith(f"{next(iter(params))} (")
    assert shown in difference
    assert differences(identify(**params), identify(**params)) == []


def test_parts_of_parameters_are_told_apart():
    vectorizers = [SequenceVectorizer(), SequenceVectorizer(max_features=10)]
    optimizers = [partial(torch.optim.SGD, momentum=m) for m in (0.5, 0.9)]
    for name, values in (("vectorizer", vectorizers), ("optimizer", optimizers)):
        first, second = (identify(**{name: value}) for value in values)
        assert len(differences(first, second)) == 1
    first, second = (identify(vectorizer=vectorizer) for vectorizer in vectorizers)
    (difference,) = differences(first, second)
    assert difference == "vectorizer__max_features (None there, 10 here)"


@pytest.mark.parametrize(
    "params",
    [{"n_jobs": 2}, {"verbose": 1}, {"checkpoint": "a"}, {"callbacks": []}, {"device": "cpu"}],
)
def test_parameters_without_effect_do_not_count(params):
    assert differences(identify(), identify(**params)) == []


def test_names_are_those_of_the_fit_but_not_of_the_versions():
    fits = [identify(), identify(lr=1.0), {**identify(), "start": "a"}]
    assert all(name_of(one) != name_of(other) for one, other in combinations(fits, 2))
    assert name_of({**fits[0], "versions": {}}) == name_of(fits[0])
    assert name_of(fits[0]).startswith("RNNTextClassifier-")


def test_what_follows_is_told_only_where_nothing_else_differs():
    fit = {**identify(), "start": "a"}
    other = {**fit, "start": "b", "seeds": [3, 4]}
    assert len(differences(fit, other)) == 2
    assert differences(fit, {**other, "device": "cuda"}) == ["the device"]
