"""Numbers that are hardly token ids are spoken of in fit, and real token ids never are."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from sklearn_rnn import RNNTextClassifier, RNNTextEncoder, RNNTextRegressor, SequenceVectorizer
from sklearn_rnn._text.sequences import check_sequences
from sklearn_rnn._text.suspect_ids import check_suspect_ids

N = 60
SMALL = {"embedding_dim": 3, "hidden_size": 3, "max_epochs": 1, "random_state": 0}
RNG = np.random.default_rng(0)
TEXTS = [
    " ".join(RNG.choice("we saw it at home last night".split(), n)) for n in 1 + np.arange(N) % 6
]
TITLES = [" ".join(RNG.choice("red green blue".split(), n)) for n in 1 + np.arange(N) % 3]
TABLE = pd.DataFrame(
    {
        "text": TEXTS,
        "title": TITLES,
        "age": RNG.integers(18, 90, N),
        "city": RNG.choice(["Oslo", "Rome", "Lima", "Pune"], N),
        "sex": RNG.choice(["f", "m"], N),
    }
)
Y = np.arange(N) % 2


def check(X):
    check_suspect_ids(X, check_sequences(X), "RNNTextClassifier")


SUSPECT = {
    "counts": lambda: CountVectorizer().fit_transform(TEXTS),
    "occurrences": lambda: CountVectorizer(binary=True).fit_transform(TEXTS),
    "dense counts": lambda: CountVectorizer().fit_transform(TEXTS).toarray(),
    "counts as floats": lambda: TfidfVectorizer(use_idf=False, norm=None).fit_transform(TEXTS),
    "one-hot codes": lambda: OneHotEncoder().fit_transform(TABLE[["city"]]),
    "one-hot codes of two": lambda: OneHotEncoder().fit_transform(TABLE[["city", "sex"]]),
    "ordinal codes": lambda: OrdinalEncoder().fit_transform(TABLE[["city", "sex"]]),
    "ordinal codes of one": lambda: OrdinalEncoder().fit_transform(TABLE[["city"]]),
    "codes from 1 on": lambda: OrdinalEncoder().fit_transform(TABLE[["city", "sex"]]) + 1,
}


@pytest.mark.parametrize("make", SUSPECT.values(), ids=SUSPECT)
def test_counts_and_codes_are_warned_of(make):
    with pytest.warns(UserWarning, match=r"do not look like token ids: .*Pass raw text"):
        check(make())


IDS = SequenceVectorizer().fit_transform(TEXTS)
FLIPPED = check_sequences(IDS.toarray()[:, ::-1])
FOUR = np.array(
    [[2 + "acgt".index(letter) for letter in RNG.choice(list("acgt"), 30)] for _ in TEXTS]
)
RARE = RNG.choice(np.arange(1, 21), (N, 8), p=np.arange(20, 0, -1) / 210)

HONEST = {
    "padded behind": IDS.toarray,
    "padded in front": lambda: FLIPPED,
    "head": lambda: IDS[:, :3],
    "middle": lambda: IDS[:, 2:5],
    "tail of padded in front": lambda: FLIPPED[:, -3:],
    "one token each": lambda: IDS[:, :1],
    "one token or none": lambda: np.arange(N)[:, None] % 4,
    "two of one length": lambda: np.array([[2, 3], [3, 2]] * 20),
    "a template": lambda: SequenceVectorizer().fit_transform(["good day", "bad night"] * 20),
    "characters": lambda: SequenceVectorizer(analyzer="char").fit_transform(TEXTS),
    "four letters, one length": lambda: FOUR,
    "four letters from 1 on": lambda: FOUR - 1,
    "letters from 1 on, some rare": lambda: RARE,
    "unknown tokens alone": lambda: np.ones((N, 4), int),
    "empty documents": lambda: sp.csr_array((N, 3), dtype=int),
    "empty among others": lambda: np.vstack([IDS.toarray(), np.zeros((3, IDS.shape[1]), int)]),
    "one document": lambda: IDS[:1],
}


@pytest.mark.parametrize("make", HONEST.values(), ids=HONEST)
def test_token_ids_are_taken_in_silence(make):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(make())


def beside(*steps, **params):
    return make_column_transformer(*steps, **params).fit_transform(TABLE)


SIDE_BY_SIDE = {
    "two texts": lambda: beside((SequenceVectorizer(), "title"), (SequenceVectorizer(), "text")),
    "three texts": lambda: beside(*((SequenceVectorizer(), c) for c in ("title", "text", "title"))),
    "sparse": lambda: sp.hstack([IDS, IDS], format="csr"),
    "an age behind": lambda: beside((SequenceVectorizer(), "text"), ("passthrough", ["age"])),
}


@pytest.mark.parametrize("make", SIDE_BY_SIDE.values(), ids=SIDE_BY_SIDE)
def test_columns_side_by_side_are_refused(make):
    with pytest.raises(ValueError, match=r"several columns side by side.*to one vectorizer"):
        check(make())


@pytest.mark.parametrize("columns", [["title", "text"], ["age", "text"], ["text", "age"]], ids=str)
def test_a_frame_names_its_columns(columns):
    """Also where there is no gap: here all titles have one word, or the age comes first."""
    table = TABLE.assign(title="red")
    steps = [
        (c, "passthrough" if c == "age" else SequenceVectorizer(sparse_output=False), [c])
        for c in columns
    ]
    frame = ColumnTransformer(steps).set_output(transform="pandas").fit_transform(table)
    with pytest.raises(
        ValueError, match=r"beside positions of a text, (also 'age__age'|those of 2)"
    ):
        check(frame)
    check(frame.filter(like="text__"))


@pytest.mark.parametrize("class_", [RNNTextClassifier, RNNTextRegressor, RNNTextEncoder])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_every_estimator_says_so_in_a_pipeline(class_, method):
    params = (
        {"classes": [0, 1]} if method == "partial_fit" and class_ is not RNNTextRegressor else {}
    )
    with pytest.warns(UserWarning, match=f"{class_.__name__} reads each number as a word"):
        getattr(class_(**SMALL), method)(CountVectorizer().fit_transform(TEXTS), Y, **params)
    with pytest.raises(ValueError, match=f"{class_.__name__} reads one text"):
        getattr(class_(**SMALL), method)(SIDE_BY_SIDE["two texts"](), Y, **params)


def test_a_vectorizer_of_ones_own_that_counts_is_warned_of():
    clf = RNNTextClassifier(**SMALL, vectorizer=make_pipeline(CountVectorizer()))
    with pytest.warns(UserWarning, match="do not look like token ids"):
        clf.fit(TEXTS, Y)
