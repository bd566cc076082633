import numpy as np
import pandas as pd
import pytest
from scipy.stats import pointbiserialr
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, SequenceVectorizer
from sklearn_rnn.datasets import make_word_order
from sklearn_rnn.inspection import trace, unit_correlations


@pytest.fixture(scope="module")
def corpus():
    return make_word_order(60, max_length=14, random_state=0)


@pytest.fixture(scope="module")
def clf(corpus):
    clf = RNNTextClassifier(embedding_dim=6, hidden_size=5, max_epochs=2, random_state=0)
    return clf.fit(*corpus)


def is_negation(tokens):
    return [token == "not" for token in tokens]


def test_values_are_those_of_the_traced_states(clf, corpus):
    X, _ = corpus
    frame = unit_correlations(clf, X, is_negation, random_state=0)
    held_out = np.isin(np.arange(60), np.random.RandomState(0).permutation(60)[30:])
    traces = [trace(clf, document, n_readings=1) for document in X]
    for _, row in frame.iterrows():
        for suffix, half in (("", ~held_out), ("_held_out", held_out)):
            values, labels = [], []
            for t in (traces[i] for i in np.flatnonzero(half)):
                states = t.get(direction=row["direction"])[:, row["unit"]]
                if row["quantity"] == "change":
                    step = -1 if row["direction"] == "backward" else 1
                    states = np.diff(states[::step], prepend=np.float32(0))[::step]
                values.append(states)
                labels.append(is_negation(t.tokens))
            values, labels = np.concatenate(values), np.concatenate(labels)
            expected = pointbiserialr(labels, values).statistic
            assert row[f"correlation{suffix}"] == pytest.approx(expected, abs=1e-5)
            expected = roc_auc_score(labels, values)
            assert row[f"auc{suffix}"] == pytest.approx(expected, abs=1e-3)


def test_every_unit_is_there_the_strongest_first(clf, corpus):
    frame = unit_correlations(clf, corpus[0], is_negation, random_state=0)
    assert len(frame) == 2 * 5 * 2
    assert not frame.duplicated(["layer", "direction", "unit", "quantity"]).any()
    assert (frame["auc"] - 0.5).abs().is_monotonic_decreasing
    assert frame.attrs["n_labelled"] == frame.attrs["n_labelled_held_out"] == 30


def test_chance_does_not_survive_on_the_documents_held_out(clf, corpus):
    """The best of many units at a label of pure chance looks good where it was chosen only."""
    X, _ = corpus
    rng = np.random.RandomState(0)
    chosen, held_out = [], []
    for seed in range(20):
        labels = [rng.uniform(size=len(document.split())) < 0.05 for document in X]
        best = unit_correlations(clf, X, labels, random_state=seed).iloc[0]
        sign = np.sign(best["auc"] - 0.5)
        chosen.append(sign * (best["auc"] - 0.5))
        held_out.append(sign * (best["auc_held_out"] - 0.5))
    assert np.mean(chosen) > 0.08
    assert abs(np.mean(held_out)) < 0.05


def test_labels_may_come_from_a_function_or_as_arrays(clf, corpus):
    X, _ = corpus
    by_function = unit_correlations(clf, X, is_negation, random_state=0)
    arrays = [np.array(is_negation(document.split())) for document in X]
    pd.testing.assert_frame_equal(unit_correlations(clf, X, arrays, random_state=0), by_function)
    series = unit_correlations(clf, pd.DataFrame({"text": X}), is_negation, random_state=0)
    pd.testing.assert_frame_equal(series, by_function)


def test_a_function_sees_the_words_of_the_text_in_a_pipeline_too(corpus):
    X, y = corpus
    vectorizer = SequenceVectorizer(max_features=3)
    model = make_pipeline(
        vectorizer, RNNTextClassifier(embedding_dim=3, hidden_size=2, max_epochs=1, random_state=0)
    ).fit(X, y)
    seen = []

    def keep(tokens):
        seen.append(tokens)
        return is_negation(tokens)

    unit_correlations(model, X, keep, random_state=0)
    assert seen == [document.split() for document in X]


def test_a_unit_that_never_moves_has_no_correlation(corpus):
    X, y = corpus
    clf = RNNTextClassifier(
        embedding_dim=3, hidden_size=2, cell="rnn", bidirectional=False, max_epochs=1
    ).fit(X, y)
    cell = clf.module_.deep.encoder.layers[0][0].cell
    for parameter in cell.parameters():
        parameter.data[0] = 0
    frame = unit_correlations(clf, X, is_negation, random_state=0)
    still = frame.query("unit == 0")
    assert still["correlation"].isna().all()
    assert (still["auc"] == 0.5).all()
    assert frame.query("unit == 1")["correlation"].notna().all()


def test_wrong_labels_are_refused(clf, corpus):
    X, _ = corpus
    with pytest.raises(ValueError, match=r"Got labels of shape \(1,\) for document 0, of"):
        unit_correlations(clf, X, [[True]] * 60)
    with pytest.raises(ValueError, match="Got those of 2 for 60 documents"):
        unit_correlations(clf, X, [[True]] * 2)
    with pytest.raises(ValueError, match="each needs tokens with the label and without it"):
        unit_correlations(clf, X, lambda tokens: [False] * len(tokens))
    with pytest.raises(TypeError, match="must be a callable or a sequence"):
        unit_correlations(clf, X, 3)
