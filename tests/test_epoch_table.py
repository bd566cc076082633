import numpy as np
import pytest

from sklearn_rnn import RNNLanguageModel, RNNTextClassifier, RNNTokenClassifier, RNNTranslator

X, Y = ["good , not bad", "bad , not good"] * 10, ["praise", "complaint"] * 10
SMALL = {"embedding_dim": 4, "hidden_size": 3, "max_epochs": 3, "random_state": 0}


def read_table(text):
    """Return the titles and the rows of a printed table."""
    titles, *rows = text.splitlines()
    return titles.replace("train loss", "train_loss").replace("valid ", "valid_").split(), [
        list(map(float, row.split())) for row in rows
    ]


def test_training_leaves_a_row_for_each_epoch(capsys):
    clf = RNNTextClassifier(verbose=1, **SMALL).fit(X, Y)
    titles, rows = read_table(capsys.readouterr().out)
    assert titles == ["epoch", "train_loss", "seconds"]
    assert [row[0] for row in rows] == [1, 2, 3]
    np.testing.assert_allclose([row[1] for row in rows], clf.loss_curve_, atol=1e-4)


def test_the_last_epoch_before_early_stopping_has_its_row(capsys):
    clf = RNNTextClassifier(
        verbose=1, early_stopping=True, n_iter_no_change=1, tol=1.0, **{**SMALL, "max_epochs": 9}
    ).fit(X, Y)
    titles, rows = read_table(capsys.readouterr().out)
    assert titles == ["epoch", "train_loss", "valid_loss", "valid_score", "seconds"]
    assert clf.n_iter_ == len(rows) < 9
    np.testing.assert_allclose([row[3] for row in rows], clf.validation_scores_, atol=1e-4)


def test_the_last_epoch_before_early_stopping_is_recorded_in_full():
    clf = RNNTextClassifier(
        early_stopping=True, n_iter_no_change=1, tol=1.0, **{**SMALL, "max_epochs": 9}
    ).fit(X, Y)
    assert clf.n_iter_ < 9
    assert {"grad_norm", "lr", "valid_score"} <= clf.history_[-1].keys()


def test_chunks_share_one_line_of_titles(capsys):
    clf = RNNTextClassifier(verbose=1, **SMALL)
    for _ in range(3):
        clf.partial_fit(X, Y, classes=["complaint", "praise"])
    _, rows = read_table(capsys.readouterr().out)
    assert len(rows) == 3


SENTENCES = [["a", "good", "day"], ["a", "bad", "day"]] * 10
TAGS = [["O", "A", "O"]] * 20


@pytest.mark.parametrize(
    ("estimator", "data"),
    [(RNNLanguageModel, (X,)), (RNNTokenClassifier, (SENTENCES, TAGS)), (RNNTranslator, (X, Y))],
)
def test_all_estimators_print_it(estimator, data, capsys):
    estimator(verbose=1, **SMALL).fit(*data)
    titles, rows = read_table(capsys.readouterr().out)
    assert titles[:2] == ["epoch", "train_loss"]
    assert len(rows) == 3


def test_nothing_is_printed_by_default(capsys):
    RNNTextClassifier(**SMALL).fit(X, Y)
    assert capsys.readouterr().out == ""
