"""RNNTextClassifier and SequenceVectorizer in the tools of scikit-learn, on real text."""

import pickle
import re
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy.stats import randint
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, get_scorer, log_loss, roc_auc_score
from sklearn.model_selection import (
    GridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from weights import have_same_weights

from sklearn_rnn import RNNTextClassifier, RNNTextEncoder, RNNTextRegressor, SequenceVectorizer
from sklearn_rnn.datasets import load_drug_reviews, load_tweet_sentiment
from sklearn_rnn.inspection import token_importance

TWEETS, SENTIMENTS = (
    values[::150] for values in load_tweet_sentiment(return_X_y=True, as_frame=False)
)
REVIEWS, RATINGS = (values[:90] for values in load_drug_reviews(return_X_y=True, as_frame=False))
CV = StratifiedKFold(2, shuffle=True, random_state=0)


def make_classifier(**params):
    """Return a classifier that is fitted in a blink."""
    small = {"embedding_dim": 6, "hidden_size": 4, "max_epochs": 2, "lr": 0.02, "random_state": 0}
    # Behind a vectorizer a classifier sees no words to look up, so one on text must not either.
    small["embedding"] = None
    return RNNTextClassifier(**{**small, **params})


def make_text_pipeline(**params):
    return Pipeline([("vectorizer", SequenceVectorizer()), ("clf", make_classifier(**params))])


def get_scores(search):
    """Return all results of a search but the times and the parameters."""
    return {
        name: values
        for name, values in search.cv_results_.items()
        if "time" not in name and not name.startswith("param")
    }


# Pipelines


def test_pipeline_equals_its_steps_and_the_classifier_on_text():
    pipeline = make_text_pipeline().fit(TWEETS, SENTIMENTS)
    vectorizer = SequenceVectorizer()
    clf = make_classifier().fit(vectorizer.fit_transform(TWEETS), SENTIMENTS)
    proba = pipeline.predict_proba(TWEETS)
    np.testing.assert_array_equal(proba, clf.predict_proba(vectorizer.transform(TWEETS)))
    on_text = make_classifier().fit(TWEETS, SENTIMENTS)
    np.testing.assert_array_equal(proba, on_text.predict_proba(TWEETS))
    assert pipeline.classes_.tolist() == ["negative", "neutral", "positive"]


def test_pipeline_learns():
    X, y = load_tweet_sentiment(return_X_y=True)
    pipeline = make_text_pipeline(embedding_dim=20, hidden_size=10).fit(X[::8], y[::8])
    X, y = load_tweet_sentiment(subset="test", return_X_y=True)
    assert get_scorer("roc_auc_ovr")(pipeline, X[::4], y[::4]) > 0.65


def test_pandas_output_ahead_of_the_classifier():
    dense = make_pipeline(
        SequenceVectorizer(sparse_output=False, max_length=20), make_classifier()
    ).set_output(transform="pandas")
    sparse = make_pipeline(SequenceVectorizer(max_length=20), make_classifier())
    X = pd.Series(TWEETS, index=np.arange(len(TWEETS))[::-1])
    dense.fit(X, SENTIMENTS)
    assert isinstance(dense[0].transform(X), pd.DataFrame)
    np.testing.assert_array_equal(
        dense.predict_proba(X), sparse.fit(TWEETS, SENTIMENTS).predict_proba(TWEETS)
    )


class PlainVectorizer(TransformerMixin, BaseEstimator):
    """A vectorizer of one's own, which listens to the global setting when it is called alone."""

    def fit(self, X, y=None):
        self.inner_ = SequenceVectorizer().fit(X)
        return self

    def transform(self, X):
        return self.inner_.transform(X)

    def get_feature_names_out(self, input_features=None):
        return self.inner_.get_feature_names_out()


@pytest.mark.parametrize("output", ["pandas", "polars"])
@pytest.mark.parametrize("class_", [RNNTextClassifier, RNNTextRegressor, RNNTextEncoder])
@pytest.mark.parametrize("vectorizer", [None, PlainVectorizer()], ids=["default", "own"])
def test_raw_text_does_not_listen_to_the_global_output(output, class_, vectorizer):
    y = np.char.str_len(SENTIMENTS.astype(str))
    params = {"max_epochs": 1, "hidden_size": 3, "random_state": 0, "vectorizer": vectorizer}
    chunk = {} if class_ is RNNTextRegressor else {"classes": np.unique(y)}
    method = "transform" if class_ is RNNTextEncoder else "predict"

    def learn():
        fitted = class_(**params).fit(TWEETS, y)
        streamed = class_(**params).partial_fit(TWEETS, y, **chunk).partial_fit(TWEETS, y)
        return [np.asarray(getattr(model, method)(TWEETS)) for model in (fitted, streamed)]

    expected = learn()
    with sklearn.config_context(transform_output=output):
        if vectorizer is not None:
            with pytest.raises(ValueError, match="sparse"):
                clone(vectorizer).fit(TWEETS).transform(TWEETS)
        answers = learn()
    for ours, theirs in zip(answers, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_batch_in_which_all_texts_are_missing_is_read_as_empty():
    vectorizer = SequenceVectorizer(missing="empty")
    clf = make_classifier(vectorizer=vectorizer).fit([*TWEETS[:-1], None], SENTIMENTS)
    expected = clf.predict_proba(["", ""])
    for batch in (
        np.full(2, np.nan),
        pd.Series([None, None]),
        pd.DataFrame({"text": [np.nan] * 2}),
    ):
        np.testing.assert_array_equal(clf.predict_proba(batch), expected)
    with pytest.raises(ValueError, match=r"2 missing document\(s\).*X\.fillna"):
        make_classifier().fit(TWEETS, SENTIMENTS).predict(np.full(2, np.nan))


@pytest.mark.parametrize("output", ["default", "pandas"])
def test_text_column_through_a_column_transformer(output):
    frame = pd.DataFrame({"number": np.arange(len(TWEETS)), "text": TWEETS})
    columns = ColumnTransformer([("text", "passthrough", ["text"])]).set_output(transform=output)
    pipeline = make_pipeline(columns, make_classifier()).fit(frame, SENTIMENTS)
    expected = make_classifier().fit(TWEETS, SENTIMENTS).predict_proba(TWEETS)
    np.testing.assert_array_equal(pipeline.predict_proba(frame), expected)


def test_token_ids_through_a_column_transformer():
    frame = pd.DataFrame({"number": np.arange(len(TWEETS)), "text": TWEETS})
    columns = ColumnTransformer([("text", SequenceVectorizer(), "text")])
    pipeline = make_pipeline(columns, make_classifier()).fit(frame, SENTIMENTS)
    expected = make_text_pipeline().fit(TWEETS, SENTIMENTS).predict_proba(TWEETS)
    np.testing.assert_array_equal(pipeline.predict_proba(frame), expected)


def test_text_beside_numbers_and_categories():
    frame = pd.DataFrame({"text": TWEETS})
    frame["n_words"] = frame["text"].str.split().str.len()
    frame["share_upper"] = frame["text"].str.count("[A-Z]") / frame["text"].str.len()
    frame["links_to"] = np.where(frame["text"].str.contains("http"), "page", "nothing")
    text = make_pipeline(
        ColumnTransformer([("text", SequenceVectorizer(), "text")]), make_classifier()
    )
    others = make_pipeline(
        ColumnTransformer(
            [
                ("numbers", StandardScaler(), ["n_words", "share_upper"]),
                ("categories", OneHotEncoder(), ["links_to"]),
            ]
        ),
        LogisticRegression(),
    )
    stack = StackingClassifier(
        [("text", text), ("others", others)], cv=CV, stack_method="predict_proba"
    ).fit(frame, SENTIMENTS)
    features = stack.transform(frame)
    assert features.shape == (len(frame), 6)
    np.testing.assert_array_equal(
        features[:, :3], clone(text).fit(frame, SENTIMENTS).predict_proba(frame)
    )
    assert stack.final_estimator_.coef_[:, :3].any()
    assert set(stack.predict(frame)) <= set(SENTIMENTS)


# Searches


def test_grid_search_gives_the_same_scores_in_any_number_of_processes():
    grid = {
        "vectorizer__max_features": [40, None],
        "clf__cell": ["lstm", "gru"],
        "clf__bidirectional": [False, True],
        "clf__num_layers": [1, 2],
    }
    scoring = ["accuracy", "neg_log_loss", "roc_auc_ovr"]
    one, two = (
        GridSearchCV(
            make_text_pipeline(max_epochs=1),
            grid,
            cv=CV,
            scoring=scoring,
            refit="neg_log_loss",
            n_jobs=n_jobs,
        ).fit(TWEETS[::2], SENTIMENTS[::2])
        for n_jobs in (1, 2)
    )
    scores, expected = get_scores(two), get_scores(one)
    assert len(scores["mean_test_neg_log_loss"]) == 16
    assert len(np.unique(scores["mean_test_neg_log_loss"])) == 16
    assert np.isfinite(scores["mean_test_neg_log_loss"]).all()
    assert scores.keys() == expected.keys()
    for name in scores:
        np.testing.assert_array_equal(scores[name], expected[name])
    assert one.best_params_ == two.best_params_
    np.testing.assert_array_equal(one.predict_proba(TWEETS), two.predict_proba(TWEETS))


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_grid_search_gives_the_same_scores_in_threads(n_jobs):
    """Searches inside the workers of another one run in threads."""
    grid = {"cell": ["lstm", "gru"], "dropout": [0.1, 0.5]}
    search = GridSearchCV(make_classifier(), grid, cv=CV, scoring="neg_log_loss", refit=False)
    expected = get_scores(clone(search).fit(TWEETS, SENTIMENTS))
    with joblib.parallel_config("threading", n_jobs=n_jobs):
        scores = get_scores(search.fit(TWEETS, SENTIMENTS))
    for name in expected:
        np.testing.assert_array_equal(scores[name], expected[name])


def test_search_over_the_training_of_raw_text():
    search = GridSearchCV(
        make_classifier(),
        {"early_stopping": [False, True], "class_weight": [None, "balanced"]},
        scoring="f1_macro",
        cv=CV,
    ).fit(pd.Series(REVIEWS), pd.Series(RATINGS))
    first = next(CV.split(REVIEWS, RATINGS))
    clf = clone(search.estimator).set_params(**search.cv_results_["params"][-1])
    clf.fit(REVIEWS[first[0]], RATINGS[first[0]])
    expected = f1_score(RATINGS[first[1]], clf.predict(REVIEWS[first[1]]), average="macro")
    assert search.cv_results_["split0_test_score"][-1] == expected


def test_randomized_search_over_the_vectorizer_of_the_classifier():
    search = RandomizedSearchCV(
        make_classifier(vectorizer=SequenceVectorizer()),
        {"vectorizer__max_features": randint(5, 200), "vectorizer__lowercase": [False, True]},
        n_iter=4,
        scoring="neg_log_loss",
        cv=CV,
        random_state=0,
    ).fit(TWEETS, SENTIMENTS)
    n_words = search.best_params_["vectorizer__max_features"]
    assert len(search.best_estimator_.vectorizer_.vocabulary_) == n_words
    assert len(np.unique(search.cv_results_["mean_test_score"])) == 4
    assert search.best_score_ == max(search.cv_results_["mean_test_score"])


@pytest.mark.parametrize(
    "resource",
    [
        {"resource": "n_samples", "min_resources": 40},
        {"resource": "max_epochs", "min_resources": 1, "max_resources": 4},
    ],
    ids=lambda params: params["resource"],
)
def test_halving_search(resource):
    search = HalvingRandomSearchCV(
        make_classifier(),
        {"hidden_size": randint(2, 9), "pooling": ["last", "mean", "max"]},
        n_candidates=4,
        factor=2,
        cv=CV,
        random_state=0,
        **resource,
    ).fit(TWEETS, SENTIMENTS)
    assert search.n_candidates_[:2] == [4, 2]
    assert search.best_params_.keys() >= {"hidden_size", "pooling"}
    if resource["resource"] == "max_epochs":
        assert search.best_estimator_.n_iter_ == search.n_resources_[-1] == 4


# Scores


def test_cross_validate_with_several_scorers():
    scoring = ["accuracy", "f1_macro", "neg_log_loss", "roc_auc_ovr"]
    results = cross_validate(
        make_text_pipeline(), TWEETS, SENTIMENTS, cv=CV, scoring=scoring, return_estimator=True
    )
    for fold, (_, test) in enumerate(CV.split(TWEETS, SENTIMENTS)):
        X, y = TWEETS[test], SENTIMENTS[test]
        pipeline = results["estimator"][fold]
        proba = pipeline.predict_proba(X)
        predicted = pipeline.classes_[proba.argmax(axis=1)]
        expected = {
            "accuracy": np.mean(predicted == y),
            "f1_macro": f1_score(y, predicted, average="macro"),
            "neg_log_loss": -log_loss(y, proba),
            "roc_auc_ovr": roc_auc_score(y, proba, multi_class="ovr"),
        }
        for name in scoring:
            assert results[f"test_{name}"][fold] == pytest.approx(expected[name], rel=1e-12)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_cross_val_score_is_a_loop_over_folds(n_jobs):
    X, y = pd.Series(TWEETS), pd.Series(SENTIMENTS)
    scores = cross_val_score(make_classifier(), X, y, cv=CV, scoring="neg_log_loss", n_jobs=n_jobs)
    scorer = get_scorer("neg_log_loss")
    expected = [
        scorer(make_classifier().fit(TWEETS[train], SENTIMENTS[train]), TWEETS[test], y[test])
        for train, test in CV.split(X, y)
    ]
    assert scores.tolist() == expected


def test_binary_scorers_read_the_decision_function():
    y = SENTIMENTS == "negative"
    clf = make_classifier().fit(TWEETS, y)
    auc = roc_auc_score(y, clf.predict_proba(TWEETS)[:, 1])
    assert get_scorer("roc_auc")(clf, TWEETS, y) == auc
    assert auc == roc_auc_score(y, clf.decision_function(TWEETS))


def test_learning_curve():
    sizes, train_scores, test_scores = learning_curve(
        make_text_pipeline(),
        TWEETS,
        SENTIMENTS,
        train_sizes=[0.5, 1.0],
        cv=CV,
        scoring="neg_log_loss",
    )
    assert sizes.tolist() == [len(TWEETS) // 4, len(TWEETS) // 2]
    expected = cross_validate(
        make_text_pipeline(),
        TWEETS,
        SENTIMENTS,
        cv=CV,
        scoring="neg_log_loss",
        return_train_score=True,
    )
    np.testing.assert_array_equal(test_scores[1], expected["test_score"])
    np.testing.assert_array_equal(train_scores[1], expected["train_score"])
    assert (test_scores[0] != test_scores[1]).all()


def test_permutation_test_score():
    score, permuted, p_value = permutation_test_score(
        make_classifier(),
        TWEETS,
        SENTIMENTS,
        cv=CV,
        scoring="neg_log_loss",
        n_permutations=5,
        random_state=0,
    )
    scores = cross_val_score(make_classifier(), TWEETS, SENTIMENTS, cv=CV, scoring="neg_log_loss")
    assert score == scores.mean()
    assert len(np.unique(permuted)) == 5
    assert p_value == (np.sum(permuted >= score) + 1) / 6


# Ensembles and other meta-estimators


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_calibrated_classifier(method):
    calibrated = CalibratedClassifierCV(make_classifier(), method=method, cv=CV)
    proba = calibrated.fit(TWEETS, SENTIMENTS).predict_proba(TWEETS)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert calibrated.classes_.tolist() == sorted(set(SENTIMENTS))
    train, _ = next(CV.split(TWEETS, SENTIMENTS))
    fold = make_classifier().fit(TWEETS[train], SENTIMENTS[train])
    assert have_same_weights(calibrated.calibrated_classifiers_[0].estimator, fold)


def test_soft_vote_beside_tfidf():
    members = [
        ("rnn", make_classifier()),
        ("tfidf", make_pipeline(TfidfVectorizer(), LogisticRegression())),
    ]
    voting = VotingClassifier(members, voting="soft", weights=[1, 3]).fit(TWEETS, SENTIMENTS)
    rnn, tfidf = (clone(clf).fit(TWEETS, SENTIMENTS).predict_proba(TWEETS) for _, clf in members)
    np.testing.assert_allclose(voting.predict_proba(TWEETS), (rnn + 3 * tfidf) / 4, rtol=1e-12)
    assert set(voting.predict(TWEETS)) <= set(SENTIMENTS)


def test_one_vs_rest():
    clf = OneVsRestClassifier(make_classifier()).fit(TWEETS, SENTIMENTS)
    proba = np.column_stack(
        [
            make_classifier().fit(TWEETS, SENTIMENTS == label).predict_proba(TWEETS)[:, 1]
            for label in clf.classes_
        ]
    )
    expected = proba / proba.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(clf.predict_proba(TWEETS), expected, rtol=1e-12)


def test_one_vs_rest_for_many_labels():
    y = np.column_stack([SENTIMENTS == "negative", np.char.find(TWEETS.astype(str), "http") > -1])
    clf = OneVsRestClassifier(make_classifier()).fit(TWEETS, y.astype(int))
    assert clf.predict(TWEETS).shape == y.shape
    expected = make_classifier().fit(TWEETS, y[:, 1]).predict_proba(TWEETS)[:, 1]
    np.testing.assert_array_equal(clf.predict_proba(TWEETS)[:, 1], expected)


def test_bagging_on_token_ids():
    X = SequenceVectorizer().fit_transform(TWEETS)
    bagging = BaggingClassifier(make_classifier(), n_estimators=3, random_state=0)
    proba = bagging.fit(X, SENTIMENTS).predict_proba(X)
    members = [clf.predict_proba(X) for clf in bagging.estimators_]
    assert not np.array_equal(members[0], members[1])
    np.testing.assert_allclose(proba, np.mean(members, axis=0), rtol=1e-12)


def test_cross_val_predict():
    proba = cross_val_predict(make_classifier(), TWEETS, SENTIMENTS, cv=CV, method="predict_proba")
    train, test = next(CV.split(TWEETS, SENTIMENTS))
    clf = make_classifier().fit(TWEETS[train], SENTIMENTS[train])
    np.testing.assert_array_equal(proba[test], clf.predict_proba(TWEETS[test]))


# Copies


def test_clone_of_a_fitted_pipeline_learns_the_same():
    pipeline = make_text_pipeline(vectorizer=SequenceVectorizer()).fit(TWEETS, SENTIMENTS)
    copy = clone(pipeline)
    assert not hasattr(copy[-1], "classes_")
    copy.fit(TWEETS, SENTIMENTS)
    assert have_same_weights(copy[-1], pipeline[-1])


@pytest.mark.parametrize("make", [make_classifier, make_text_pipeline])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_pickle_and_joblib(make, early_stopping, tmp_path):
    model = make(early_stopping=early_stopping, num_layers=2).fit(TWEETS, SENTIMENTS)
    expected = model.predict_proba(TWEETS)
    joblib.dump(model, tmp_path / "model.joblib", compress=3)
    for loaded in (pickle.loads(pickle.dumps(model)), joblib.load(tmp_path / "model.joblib")):
        np.testing.assert_array_equal(loaded.predict_proba(TWEETS), expected)
        np.testing.assert_array_equal(loaded.predict(TWEETS), model.predict(TWEETS))


def test_loaded_model_learns_anew():
    loaded = pickle.loads(pickle.dumps(make_classifier().fit(REVIEWS, RATINGS)))
    loaded.fit(TWEETS, SENTIMENTS)
    assert have_same_weights(loaded, make_classifier().fit(TWEETS, SENTIMENTS))


READ = """
import pickle, sys
import joblib
X = joblib.load("X.joblib")
with open("clf.pickle", "rb") as file:
    clf = pickle.load(file)
pipeline = joblib.load("pipeline.joblib")
joblib.dump([model.predict_proba(X) for model in (clf, pipeline)], "proba.joblib")
joblib.dump([model.predict(X) for model in (clf, pipeline)], "labels.joblib")
"""


def test_models_open_in_another_process(tmp_path):
    models = [
        make_classifier().fit(TWEETS, SENTIMENTS),
        make_text_pipeline(cell="gru", pooling="attention").fit(TWEETS, SENTIMENTS),
    ]
    joblib.dump(TWEETS, tmp_path / "X.joblib")
    (tmp_path / "clf.pickle").write_bytes(pickle.dumps(models[0]))
    joblib.dump(models[1], tmp_path / "pipeline.joblib")
    subprocess.run([sys.executable, "-c", READ], cwd=tmp_path, check=True)
    probas, labels = (joblib.load(tmp_path / f"{name}.joblib") for name in ("proba", "labels"))
    for model, proba, label in zip(models, probas, labels, strict=True):
        np.testing.assert_array_equal(proba, model.predict_proba(TWEETS))
        np.testing.assert_array_equal(label, model.predict(TWEETS))


# Several columns of text

COLUMNS = pd.DataFrame({"title": TWEETS, "body": TWEETS[::-1]})
JOINED = COLUMNS["title"] + " | " + COLUMNS["body"]


def test_columns_of_text_are_learned_as_joined_text():
    train, valid = slice(100), slice(100, 150)
    params = {"early_stopping": True, "cell": "gru"}
    fitted = [
        make_classifier(**params).fit(
            X[train], SENTIMENTS[train], X_val=X[valid], y_val=SENTIMENTS[valid]
        )
        for X in (COLUMNS, JOINED)
    ]
    assert have_same_weights(*fitted)
    of_columns = fitted[0]
    proba = of_columns.predict_proba(COLUMNS)
    np.testing.assert_array_equal(proba, of_columns.predict_proba(JOINED))
    with pytest.raises(ValueError, match=r"Expected \['title', 'body'\]"):
        of_columns.predict(COLUMNS[["body", "title"]])
    words = token_importance(of_columns, COLUMNS[:1], methods=["occlusion"])["token"]
    assert words.tolist() == SequenceVectorizer(lowercase=False).build_analyzer()(JOINED[0])


def test_one_vectorizer_reads_several_columns_in_a_pipeline():
    two = ColumnTransformer([("text", SequenceVectorizer(), ["title", "body"])])
    pipeline = make_pipeline(two, make_classifier()).fit(COLUMNS, SENTIMENTS)
    alone = make_classifier().fit(JOINED, SENTIMENTS)
    np.testing.assert_array_equal(pipeline.predict_proba(COLUMNS), alone.predict_proba(JOINED))


def test_permutation_importance_tells_which_column_counts():
    table = pd.DataFrame({"title": ["good", "bad"] * 20, "body": ["a film", "the film"] * 20})
    y = np.array([0, 1] * 20)
    table["body"] = table["body"].sample(frac=1, random_state=0).to_numpy()
    clf = make_classifier(max_epochs=20).fit(table, y)
    title, body = permutation_importance(clf, table, y, n_repeats=3, random_state=0)[
        "importances_mean"
    ]
    assert title > 0.3 > 0.1 > abs(body)


# Display


def test_html_repr():
    clf = make_classifier(cell="gru")
    html = clf._repr_html_()
    assert "RNNTextClassifier" in html
    assert "gru" in html
    fitted = clf.fit(TWEETS, SENTIMENTS)._repr_html_()
    assert "<span>Not fitted</span>" in html
    assert "<span>Fitted</span>" in fitted


@pytest.mark.skipif(
    not hasattr(BaseEstimator, "_get_fitted_attr_html"), reason="shows no fitted attributes"
)
def test_html_repr_shows_the_share_of_the_wide_path():
    html = make_classifier(wide_weight=0.375).fit(TWEETS, SENTIMENTS)._repr_html_()
    (row,) = re.findall(r"<tr(?:(?!</tr>).)*wide_weight_.*?</tr>", html, re.DOTALL)
    assert "<td>0.375</td>" in row


def test_html_repr_of_a_pipeline():
    html = make_text_pipeline()._repr_html_()
    assert "SequenceVectorizer" in html
    assert "RNNTextClassifier" in html


# Metadata


WEIGHT = np.where(SENTIMENTS == "positive", 20.0, 0.1)


def test_sample_weight_through_a_pipeline():
    pipeline = make_text_pipeline().fit(TWEETS, SENTIMENTS, clf__sample_weight=WEIGHT)
    clf = make_classifier().fit(TWEETS, SENTIMENTS, sample_weight=WEIGHT)
    np.testing.assert_array_equal(pipeline.predict_proba(TWEETS), clf.predict_proba(TWEETS))
    assert not have_same_weights(pipeline[-1], make_classifier().fit(TWEETS, SENTIMENTS))


def test_sample_weight_routed_through_a_pipeline():
    with sklearn.config_context(enable_metadata_routing=True):
        clf = make_classifier().set_fit_request(sample_weight=True)
        pipeline = Pipeline([("vectorizer", SequenceVectorizer()), ("clf", clf)])
        pipeline.fit(TWEETS, SENTIMENTS, sample_weight=WEIGHT)
    expected = make_classifier().fit(TWEETS, SENTIMENTS, sample_weight=WEIGHT)
    assert have_same_weights(pipeline[-1], expected)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_sample_weight_routed_through_a_search(n_jobs):
    with sklearn.config_context(enable_metadata_routing=True):
        clf = (
            make_classifier()
            .set_fit_request(sample_weight=True)
            .set_score_request(sample_weight=True)
        )
        pipeline = Pipeline([("vectorizer", SequenceVectorizer()), ("clf", clf)])
        search = GridSearchCV(pipeline, {"clf__hidden_size": [2, 5]}, cv=CV, n_jobs=n_jobs)
        search.fit(TWEETS, SENTIMENTS, sample_weight=WEIGHT)
    train, test = next(CV.split(TWEETS, SENTIMENTS))
    for hidden_size, score in zip((2, 5), search.cv_results_["split0_test_score"], strict=True):
        expected = make_classifier(hidden_size=hidden_size).fit(
            TWEETS[train], SENTIMENTS[train], sample_weight=WEIGHT[train]
        )
        assert score == expected.score(TWEETS[test], SENTIMENTS[test], WEIGHT[test])


def test_sample_weight_must_be_requested():
    with sklearn.config_context(enable_metadata_routing=True):
        pipeline = make_text_pipeline()
        with pytest.raises(ValueError, match=r"sample_weight.* not explicitly set"):
            pipeline.fit(TWEETS, SENTIMENTS, sample_weight=WEIGHT)


def test_search_without_metadata_while_routing_is_on():
    with sklearn.config_context(enable_metadata_routing=True):
        scores = cross_val_score(make_classifier(), TWEETS, SENTIMENTS, cv=CV)
    expected = cross_val_score(make_classifier(), TWEETS, SENTIMENTS, cv=CV)
    np.testing.assert_array_equal(scores, expected)
