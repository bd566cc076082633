from importlib.metadata import version

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, log_loss, r2_score, recall_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_rnn import (
    RNNLanguageModel,
    RNNTextClassifier,
    RNNTextEncoder,
    RNNTextRegressor,
    RNNTokenClassifier,
    RNNTranslator,
    SequenceVectorizer,
)
from sklearn_rnn.datasets import make_word_order
from sklearn_rnn.inspection import model_card

X, Y = make_word_order(60, max_length=12, random_state=0)
SMALL = {"embedding_dim": 6, "hidden_size": 5, "max_epochs": 2, "random_state": 0}


def make_classifier(**params):
    return RNNTextClassifier(**{**SMALL, **params})


def value(card, section, row):
    return card.sections[section].loc[row, "value"]


def test_card_of_a_classifier():
    clf = make_classifier().fit(X, Y)
    card = model_card(clf, X, Y)
    assert value(card, "Scores", "accuracy") == clf.score(X, Y)
    assert value(card, "Scores", "log loss") == pytest.approx(log_loss(Y, clf.predict_proba(X)))
    macro = f1_score(Y, clf.predict(X), average="macro")
    assert value(card, "Scores", "F1, mean of the classes") == pytest.approx(macro)
    by_class = card.sections["Classes"]
    assert by_class.index.tolist() == clf.classes_.tolist()
    np.testing.assert_allclose(by_class["recall"], recall_score(Y, clf.predict(X), average=None))
    assert by_class["number"].sum() == len(X)
    assert value(card, "Training", "epochs") == clf.n_iter_
    assert value(card, "Training", "training loss, last epoch") == clf.loss_curve_[-1]
    assert value(card, "Training", "share of the wide path") == clf.wide_weight_
    assert value(card, "Data", "documents seen in training, in all epochs") == 120
    assert value(card, "Data", "documents scored") == 60
    assert card.sections["Parameters"].loc["hidden_size"].tolist() == ["5", "64"]
    assert card.sections["Parameters"].index.tolist() == list(SMALL)
    n_weights = sum(weight.numel() for weight in clf.module_.parameters())
    assert card.sections["Network"].loc["all", "weights"] == n_weights
    assert value(card, "Versions", "torch") == version("torch")


def test_card_without_documents_has_no_scores():
    card = model_card(make_classifier().fit(X, Y))
    assert "Scores" not in card.sections
    assert card.sections["Classes"].shape == (2, 0)


def test_best_validation_score_is_told():
    clf = make_classifier(early_stopping=True).fit(X, Y)
    score = value(model_card(clf), "Training", "validation score, best epoch")
    assert score == clf.best_validation_score_


def test_card_of_many_labels():
    labels = np.array([[len(x) % 2, "good" in x] for x in X]).astype(int)
    clf = make_classifier().fit(X, labels)
    card = model_card(clf, X, labels)
    assert value(card, "Scores", "accuracy") == clf.score(X, labels)
    assert card.sections["Classes"]["number"].tolist() == labels.sum(axis=0).tolist()


def test_card_of_a_regressor():
    y = np.arange(60.0)
    reg = RNNTextRegressor(**SMALL).fit(X, y)
    card = model_card(reg, X, y)
    assert value(card, "Scores", "R2") == r2_score(y, reg.predict(X))
    assert "Classes" not in card.sections


def test_card_of_a_tagger():
    sentences = [x.split() for x in X]
    tags = [["B" if len(word) > 4 else "O" for word in sentence] for sentence in sentences]
    tagger = RNNTokenClassifier(**SMALL).fit(sentences, tags)
    card = model_card(tagger, sentences, tags)
    assert value(card, "Scores", "accuracy") == pytest.approx(tagger.score(sentences, tags))
    assert card.sections["Classes"]["number"].sum() == sum(map(len, tags))


def test_card_of_a_language_model():
    model = RNNLanguageModel(**SMALL).fit(X)
    card = model_card(model, X)
    assert value(card, "Scores", "perplexity") == pytest.approx(model.perplexity(X))
    assert value(card, "Data", "tokens seen in training, in all epochs") == model.t_
    assert "Classes" not in card.sections


def test_card_of_a_translator_and_of_an_encoder():
    translator = RNNTranslator(**SMALL).fit(X, X)
    card = model_card(translator, X[:5], X[:5])
    assert value(card, "Scores", "score") == translator.score(X[:5], X[:5])
    assert {"source_vectorizer", "target_vectorizer"} <= {*card.sections["Data"].index}
    encoder = RNNTextEncoder(**SMALL).fit(X, Y)
    assert model_card(encoder, X, Y).sections["Scores"].empty


@pytest.mark.parametrize("search", [False, True])
def test_card_of_a_pipeline(search):
    pipeline = make_pipeline(SequenceVectorizer(), make_classifier())
    model = pipeline
    if search:
        model = GridSearchCV(pipeline, {"rnntextclassifier__hidden_size": [4]}, cv=2)
    model.fit(X, Y)
    card = model_card(model, X, Y)
    assert value(card, "Data", "steps before") == "SequenceVectorizer"
    assert value(card, "Scores", "accuracy") == model.score(X, Y)


def test_markdown_has_every_section_as_a_table():
    clf = make_classifier().fit(pd.Series(X), ["a|b" if y == Y[0] else "c\nd" for y in Y])
    card = model_card(clf)
    text = str(card)
    assert card._repr_markdown_() == text
    headings = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert headings == list(card.sections)
    for table in text.split("\n\n")[2::2]:
        rows = [line.replace("\\|", "") for line in table.strip().splitlines()]
        assert all(row.startswith("| ") and row.endswith(" |") for row in rows)
        assert len({row.count("|") for row in rows}) == 1


def test_documents_may_be_an_iterator():
    clf = make_classifier().fit(X, Y)
    card = model_card(clf, iter(X), Y)
    assert value(card, "Scores", "accuracy") == clf.score(X, Y)


def test_refused():
    clf = make_classifier().fit(X, Y)
    with pytest.raises(ValueError, match="'y' was given without 'X'"):
        model_card(clf, y=Y)
    with pytest.raises(TypeError, match="LogisticRegression"):
        model_card(LogisticRegression())
