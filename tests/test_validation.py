"""Early stopping: which documents are scored while training, and by what."""

import pickle
import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from sklearn.metrics import f1_score, get_scorer, log_loss, make_scorer
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.pipeline import Pipeline
from skorch.callbacks import Callback
from weights import have_same_weights

from sklearn_rnn import RNNTextClassifier, RNNTextEncoder, RNNTextRegressor, SequenceVectorizer
from sklearn_rnn._training.documents import Documents
from sklearn_rnn._training.validation import _split_rows
from sklearn_rnn.datasets import load_tweet_sentiment

X_ALL, Y_ALL = (values[::100] for values in load_tweet_sentiment(return_X_y=True, as_frame=False))
X, X_VAL, Y, Y_VAL = X_ALL[::2], X_ALL[1::2], Y_ALL[::2], Y_ALL[1::2]
LENGTHS, LENGTHS_VAL = (np.array([float(len(text)) for text in part]) for part in (X, X_VAL))
WEIGHT_VAL = np.where(Y_VAL == "negative", 5.0, 0.5)
SMALL = {"embedding_dim": 5, "hidden_size": 4, "max_epochs": 3, "lr": 0.02, "random_state": 0}
SMALL["embedding"] = None  # as a classifier has it behind a vectorizer
CV = StratifiedKFold(2, shuffle=True, random_state=0)


def make_classifier(**params):
    return RNNTextClassifier(**{**SMALL, "early_stopping": True, **params})


def fit(estimator, X=X, y=Y, X_val=X_VAL, y_val=Y_VAL, **params):
    return estimator.fit(X, y, X_val=X_val, y_val=y_val, **params)


@pytest.mark.parametrize(
    "scoring",
    [
        "f1_macro",
        "neg_log_loss",
        "roc_auc_ovr",
        make_scorer(f1_score, average="micro", pos_label=None),
    ],
)
def test_score_of_best_epoch_is_the_one_a_scorer_gives_afterwards(scoring):
    clf = fit(make_classifier(scoring=scoring))
    scorer = get_scorer(scoring) if isinstance(scoring, str) else scoring
    assert clf.best_validation_score_ == pytest.approx(scorer(clf, X_VAL, Y_VAL), abs=1e-6)
    assert clf.best_validation_score_ == max(clf.validation_scores_)
    assert len(clf.validation_scores_) == clf.n_iter_


def test_without_scoring_a_classifier_is_scored_by_accuracy_and_a_regressor_by_r2():
    clf = fit(make_classifier())
    assert clf.best_validation_score_ == pytest.approx(clf.score(X_VAL, Y_VAL))
    reg = fit(RNNTextRegressor(**SMALL, early_stopping=True), y=LENGTHS, y_val=LENGTHS_VAL)
    assert reg.best_validation_score_ == pytest.approx(reg.score(X_VAL, LENGTHS_VAL), abs=1e-5)


def test_loss_as_score_is_the_validation_loss():
    clf = fit(make_classifier(scoring="loss", label_smoothing=0.0, wide_weight=0))
    expected = log_loss(Y_VAL, clf.predict_proba(X_VAL), labels=clf.classes_)
    assert clf.best_validation_score_ == pytest.approx(-expected, rel=1e-5)


def test_a_scorer_is_asked_with_token_ids_and_an_estimator_that_predicts():
    seen = []

    def scorer(estimator, X, y):
        assert estimator.predict_proba(X[:2]).shape == (2, 3)
        seen.append((estimator.predict(X) == y).mean())
        return seen[-1]

    clf = fit(make_classifier(scoring=scorer))
    assert clf.validation_scores_ == seen


def test_validation_set_decides_when_to_stop_and_which_weights_stay():
    scores = iter([0.1, 0.3, 0.2, 0.2, 0.2, 0.2])
    states = []

    class KeepWeights(Callback):
        def on_epoch_end(self, net, **kwargs):
            states.append({k: v.clone() for k, v in net.module_.state_dict().items()})

    clf = make_classifier(
        scoring=lambda estimator, X, y: next(scores),
        max_epochs=20,
        n_iter_no_change=2,
        callbacks=[KeepWeights()],
    )
    fit(clf)
    assert clf.validation_scores_ == [0.1, 0.3, 0.2, 0.2]
    for name, weights in clf.module_.state_dict().items():
        assert weights.equal(states[1][name])


def test_given_validation_set_leaves_all_documents_to_train_on():
    given, split = fit(make_classifier()), make_classifier().fit(X, Y)
    n_steps = [len(clf.history_[0]["batches"]) for clf in (given, split)]
    n_documents = [
        sum(
            batch["train_batch_size"]
            for batch in clf.history_[0]["batches"]
            if "train_batch_size" in batch
        )
        for clf in (given, split)
    ]
    assert n_documents[0] == len(X) > n_documents[1] and n_steps[0] >= n_steps[1]


def test_validation_set_is_read_by_the_vectorizer_of_the_training_set():
    clf = fit(make_classifier())
    assert set(clf.vectorizer_.vocabulary_) == set(SequenceVectorizer().fit(X).vocabulary_)
    vectorizer = SequenceVectorizer().fit(X)
    on_ids = fit(make_classifier(), X=vectorizer.transform(X), X_val=vectorizer.transform(X_VAL))
    assert on_ids.validation_scores_ == clf.validation_scores_
    assert have_same_weights(on_ids, clf)


def test_weights_of_the_validation_set_count_in_its_score():
    weighted = fit(make_classifier(), sample_weight_val=WEIGHT_VAL)
    assert weighted.best_validation_score_ == pytest.approx(
        weighted.score(X_VAL, Y_VAL, sample_weight=WEIGHT_VAL)
    )
    assert weighted.validation_scores_ != fit(make_classifier()).validation_scores_


def test_weights_are_divided_by_their_mean_unless_another_is_given():
    documents = Documents(sp.csr_array([[2, 3], [4, 0]]), np.arange(2), np.array([1.0, 3.0]))
    target = SimpleNamespace(encode=np.asarray)
    assert documents.to_dataset(target).weights.tolist() == [0.5, 1.5]
    assert documents.to_dataset(target, mean_weight=1).weights.tolist() == [1, 3]


def test_an_encoder_takes_a_validation_set():
    encoder = fit(RNNTextEncoder(**SMALL, early_stopping=True))
    assert encoder.best_validation_score_ == max(encoder.validation_scores_)
    assert encoder.transform(X_VAL).shape == (len(X_VAL), len(encoder.get_feature_names_out()))


@pytest.mark.parametrize("container", [list, np.array, pd.Series])
def test_validation_documents_come_in_any_container(container):
    clf = fit(make_classifier(), X_val=container(X_VAL), y_val=container(Y_VAL))
    assert clf.validation_scores_ == fit(make_classifier()).validation_scores_


def test_a_pipeline_hands_the_validation_set_through_its_vectorizer():
    with sklearn.config_context(enable_metadata_routing=True):
        clf = make_classifier().set_fit_request(X_val=True, y_val=True)
        steps = [("ids", SequenceVectorizer()), ("clf", clf)]
        pipe = Pipeline(steps, transform_input=["X_val"]).fit(X, Y, X_val=X_VAL, y_val=Y_VAL)
    assert pipe[-1].validation_scores_ == fit(make_classifier()).validation_scores_


def test_a_search_hands_the_validation_set_to_every_candidate():
    with sklearn.config_context(enable_metadata_routing=True):
        clf = make_classifier().set_fit_request(X_val=True, y_val=True)
        search = GridSearchCV(clf, {"hidden_size": [3, 4]}, cv=CV)
        search.fit(X, Y, X_val=X_VAL, y_val=Y_VAL)
    best = search.best_estimator_
    assert best.best_validation_score_ == pytest.approx(best.score(X_VAL, Y_VAL))


def test_nothing_of_the_validation_set_stays_in_the_model():
    long_word = "x" * 100_000
    clf = fit(make_classifier(scoring="f1_macro"), X_val=[*X_VAL[:-1], long_word])
    assert long_word.encode() not in pickle.dumps(clf)
    assert len(pickle.dumps(clf)) < len(pickle.dumps(fit(make_classifier()))) + 10_000


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"y_val": None}, "X_val is provided, but y_val was not provided"),
        ({"X_val": None}, "y_val is provided, but X_val was not provided"),
        ({"X_val": X_VAL[:-1]}, "inconsistent numbers of samples"),
        ({"y_val": np.where(Y_VAL == "negative", "mixed", Y_VAL)}, "mixed"),
        ({"sample_weight_val": [1.0]}, "sample_weight"),
        ({"sample_weight_val": 0 * WEIGHT_VAL}, "(?i)at least one non-zero"),
    ],
)
def test_a_wrong_validation_set_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        fit(make_classifier(), **given)


def test_a_validation_set_without_early_stopping_is_refused():
    with pytest.raises(ValueError, match="early_stopping should be set to True"):
        fit(make_classifier(early_stopping=False))


def test_a_failing_scorer_is_not_swallowed():
    def scorer(estimator, X, y):
        raise ZeroDivisionError("in the scorer")

    with pytest.raises(ZeroDivisionError, match="in the scorer"):
        fit(make_classifier(scoring=scorer))


def test_no_warning_on_the_way():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(make_classifier(scoring="neg_log_loss"), sample_weight_val=WEIGHT_VAL)


@pytest.mark.parametrize("n_rare", [2, 3, 6])
@pytest.mark.parametrize("scoring", ["neg_log_loss", "roc_auc_ovr", "top_k_accuracy"])
def test_two_documents_of_a_class_are_enough_to_score_probabilities(n_rare, scoring):
    """Metrics of probabilities need every class among the documents set aside."""
    y = np.array(["r", "b", "g"] * 40, object)
    y[:n_rare] = "rare"
    clf = make_classifier(scoring=scoring).fit(["red rose", "blue sky", "green leaf"] * 40, y)
    assert np.isfinite(clf.validation_scores_).all()


@pytest.mark.parametrize("n_rare", [1, 2, 3, 9])
def test_a_rare_class_is_on_both_sides_of_the_split(n_rare):
    strata = np.append(np.arange(100) % 3, np.full(n_rare, 3))
    rows = [_split_rows(len(strata), strata, 12, seed) for seed in range(20)]
    for train, valid in rows:
        assert sorted([*train, *valid]) == list(range(len(strata)))
        assert len(valid) == 12 or n_rare == 1
        assert set(strata[train]) == {0, 1, 2, 3}
        assert set(strata[valid]) == {0, 1, 2, 3} - ({3} if n_rare == 1 else set())


def test_a_split_that_shows_every_class_is_that_of_scikit_learn():
    strata = np.arange(120) % 3
    ours = _split_rows(120, strata, 12, 7)
    theirs = train_test_split(np.arange(120), test_size=12, stratify=strata, random_state=7)
    assert [rows.tolist() for rows in ours] == [rows.tolist() for rows in theirs]


def test_more_classes_than_documents_set_aside_are_split_as_they_are():
    train, valid = _split_rows(80, np.repeat(np.arange(40), 2), 8, 0)
    assert len(valid) == 8 and len(train) == 72


def test_a_class_that_is_not_among_the_documents_set_aside_is_named():
    y = np.append(["rare"], np.tile(["r", "b"], 40))
    X = ["a rose", *["red rose", "blue sky"] * 40]
    with pytest.raises(ValueError, match=r"lack the class.*'rare'.*Pass X_val and y_val") as caught:
        make_classifier(scoring="neg_log_loss").fit(X, y)
    assert isinstance(caught.value.__cause__, ValueError)


NO_SCORE = r"score was nan in every epoch.*X_val and y_val.*early_stopping=False"


@pytest.mark.filterwarnings("ignore:R.2 score is not well-defined", "ignore:Only one class is")
def test_a_validation_score_that_is_always_nan_is_refused():
    """One document has no R2, and a label that holds nowhere no area under the curve."""
    with pytest.raises(ValueError, match=NO_SCORE):
        RNNTextRegressor(**SMALL, early_stopping=True).fit(X[:10], LENGTHS[:10])
    labels = np.column_stack([Y == "negative", Y == "positive", np.arange(len(Y)) < 1]).astype(int)
    with pytest.raises(ValueError, match=NO_SCORE):
        make_classifier(scoring="roc_auc").fit(X, labels)


def test_a_validation_score_that_is_sometimes_nan_is_warned_of():
    scores = iter([np.nan, 0.1, np.nan, 0.3])
    clf = make_classifier(scoring=lambda *_: next(scores), max_epochs=4)
    with pytest.warns(UserWarning, match="NaN or -inf in 2 of 4 epochs"):
        fit(clf)
    assert clf.best_validation_score_ == 0.3


def test_of_a_class_that_was_set_aside_whole_one_document_moves():
    # Few documents are set aside, so that classes cannot be stratified.
    strata = np.array([0] * 8 + [1, 1, 2, 2])
    for seed in range(50):
        _, valid = train_test_split(np.arange(12), test_size=2, random_state=seed)
        if strata[valid].tolist() in ([1, 1], [2, 2]):
            break
    found_train, found_valid = _split_rows(12, strata, 2, seed)
    assert sorted([*found_train, *found_valid]) == list(range(12))
    assert len(found_valid) == 1 and set(found_valid) < set(valid)
    assert set(strata[found_train]) == {0, 1, 2}


def test_documents_without_classes_are_split_by_the_seed():
    splits = [_split_rows(40, None, 8, seed)[1].tolist() for seed in (1, 2, 1)]
    assert splits[0] == splits[2] != splits[1]
