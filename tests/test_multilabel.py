"""Many labels for a document: RNNTextClassifier given an indicator matrix."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.special import expit
from sklearn.metrics import f1_score, get_scorer, roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_validate
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MultiLabelBinarizer
from sklearn.utils import get_tags
from weights import have_same_weights

from sklearn_rnn import RNNTextClassifier, SequenceVectorizer
from sklearn_rnn.datasets import load_drug_reviews

X, RATINGS = load_drug_reviews(return_X_y=True, as_frame=False)
X, RATINGS = X[:120], RATINGS[:120]
TOPICS = ["pain", "sleep", "weight"]
TAGS = [
    {rating, *(topic for topic in TOPICS if topic in text.lower())}
    for text, rating in zip(X, RATINGS, strict=True)
]
BINARIZER = MultiLabelBinarizer().fit(TAGS)
Y = BINARIZER.transform(TAGS)


def make_classifier(**params):
    small = {"embedding_dim": 5, "hidden_size": 4, "max_epochs": 2, "random_state": 0}
    return RNNTextClassifier(**{**small, **params})


@pytest.fixture(scope="module")
def fitted():
    return make_classifier().fit(X, Y)


def test_outputs(fitted):
    proba, labels = fitted.predict_proba(X), fitted.predict(X)
    assert proba.shape == labels.shape == Y.shape
    assert proba.dtype == np.float64
    assert labels.dtype.kind == "i"
    np.testing.assert_array_equal(labels, proba > 0.5)
    np.testing.assert_allclose(proba, expit(fitted.decision_function(X)), rtol=1e-6)
    np.testing.assert_allclose(fitted.predict_log_proba(X), np.log(proba), rtol=1e-6)
    assert not np.allclose(proba.sum(axis=1), 1)


def test_what_fit_learned(fitted):
    assert fitted.multilabel_
    assert fitted.classes_.tolist() == list(range(Y.shape[1]))
    assert get_tags(fitted).classifier_tags.multi_label
    assert not make_classifier().fit(X, RATINGS).multilabel_


def test_score_is_the_accuracy_of_whole_rows(fitted):
    expected = np.mean((fitted.predict(X) == Y).all(axis=1))
    assert fitted.score(X, Y) == expected
    assert fitted.score(X, sp.csr_array(Y)) == expected


@pytest.mark.parametrize(
    "convert",
    [
        np.ndarray.tolist,
        lambda y: y.astype(bool),
        lambda y: pd.DataFrame(y, columns=BINARIZER.classes_),
        MultiLabelBinarizer(sparse_output=True).fit(TAGS).transform,
    ],
    ids=["lists", "bool", "DataFrame", "sparse"],
)
def test_indicators_in_any_container(convert, fitted):
    y = TAGS if hasattr(convert, "__self__") else Y
    clf = make_classifier().fit(X, convert(y))
    assert have_same_weights(clf, fitted)
    assert isinstance(clf.predict(X), np.ndarray)


def test_labels_are_learned():
    clf = make_classifier(max_epochs=15, embedding_dim=20, hidden_size=10).fit(X[:100], Y[:100])
    topics = [BINARIZER.classes_.tolist().index(topic) for topic in TOPICS]
    proba = clf.predict_proba(X[100:])[:, topics]
    assert roc_auc_score(Y[100:][:, topics], proba, average="micro") > 0.75
    found = BINARIZER.inverse_transform(clf.predict(X[:100]))
    assert np.mean([set(labels) == tags for labels, tags in zip(found, TAGS, strict=False)]) > 0.7


@pytest.mark.parametrize("n_labels", [2, 3])
def test_scorers(n_labels):
    clf = make_classifier().fit(X, Y[:, :n_labels])
    y = Y[:, :n_labels]
    assert get_scorer("roc_auc")(clf, X, y) == roc_auc_score(y, clf.predict_proba(X))
    assert get_scorer("f1_micro")(clf, X, y) == f1_score(y, clf.predict(X), average="micro")


def test_cross_validation_and_search():
    model = make_pipeline(SequenceVectorizer(), make_classifier(max_epochs=1))
    scores = cross_validate(model, X, Y, cv=2, scoring=["f1_micro", "accuracy", "roc_auc"])
    assert np.isfinite([scores[f"test_{name}"] for name in ("f1_micro", "roc_auc")]).all()
    grid = {"rnntextclassifier__hidden_size": [2, 3]}
    search = GridSearchCV(model, grid, cv=2, scoring="f1_micro").fit(X, Y)
    assert search.predict(X).shape == Y.shape
    proba = cross_val_predict(model, X, Y, cv=2, method="predict_proba")
    assert proba.shape == Y.shape


def test_pickle(fitted):
    loaded = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(loaded.predict_proba(X), fitted.predict_proba(X))


def test_balanced_labels_are_found_more_often():
    plain = make_classifier(max_epochs=5).fit(X, Y).predict_proba(X)
    balanced = make_classifier(max_epochs=5, class_weight="balanced").fit(X, Y).predict_proba(X)
    rare = Y.mean(axis=0) < 0.2
    assert rare.sum() >= 2
    assert (balanced[:, rare].mean(axis=0) > plain[:, rare].mean(axis=0)).all()


def test_class_weight_of_each_label():
    weight = [{0: 1, 1: 1} for _ in BINARIZER.classes_]
    same = make_classifier(class_weight=weight).fit(X, Y)
    assert have_same_weights(same, make_classifier().fit(X, Y))
    weight[2] = {0: 1e-3, 1: 10}
    moved = make_classifier(class_weight=weight, max_epochs=5).fit(X, Y).predict_proba(X)
    assert moved[:, 2].min() > 0.5


@pytest.mark.parametrize(
    ("class_weight", "match"),
    [
        ({0: 1, 1: 5}, "'balanced' or a list .* for each of the 6 labels. Got the dict"),
        ([{0: 1, 1: 5}], "a dict for each of its 6 columns. Got 1"),
        ([{0: 1, 1: -5}] * 6, "finite and not negative"),
    ],
)
def test_class_weight_that_makes_no_sense(class_weight, match):
    with pytest.raises(ValueError, match=match):
        make_classifier(class_weight=class_weight).fit(X, Y)


def test_list_of_class_weights_needs_an_indicator_matrix():
    with pytest.raises(ValueError, match="a list of them needs an indicator matrix"):
        make_classifier(class_weight=[{0: 1}]).fit(X, RATINGS)


def test_fit_changes_from_many_labels_to_one():
    clf = make_classifier().fit(X, Y).fit(X, RATINGS)
    assert have_same_weights(clf, make_classifier().fit(X, RATINGS))
    assert clf.predict(X).shape == (len(X),)


def test_labels_are_learned_as_by_one_classifier_each():
    """The losses of labels add up, so that each learns as fast as alone."""
    params = {"wide_weight": 0.99, "label_smoothing": 0.0, "max_epochs": 3}
    together = make_classifier(**params).fit(X, Y).predict_proba(X)
    alone = OneVsRestClassifier(make_classifier(**params)).fit(X, Y).predict_proba(X)
    correlations = [
        np.corrcoef(*columns)[0, 1] for columns in zip(together.T, alone.T, strict=True)
    ]
    assert min(correlations) > 0.95


def test_one_hot_codes_are_warned_of():
    one_hot = np.eye(3, dtype=int)[np.arange(len(X)) % 3]
    clf = RNNTextClassifier(max_epochs=1, hidden_size=3, random_state=0)
    with pytest.warns(UserWarning, match=r"exactly one 1.*pass y.argmax\(axis=1\)"):
        clf.fit(X, one_hot)
    assert clf.multilabel_
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clf.fit(X, Y)
        clf.partial_fit(X[:9], one_hot[:9] @ np.eye(3, Y.shape[1], dtype=int))  # known as labels
        clf.fit(X, one_hot.argmax(axis=1))
