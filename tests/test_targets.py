import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from sklearn_rnn import RNNTextClassifier, RNNTextRegressor
from sklearn_rnn._targets.class_weights import weigh_classes
from sklearn_rnn._targets.labels import IndicatorTarget, LabelTarget
from sklearn_rnn._targets.numbers import NumberTarget, weighted_quantile

INDICATORS = np.array([[1, 0, 1], [0, 0, 1], [0, 0, 0]])


@pytest.mark.parametrize(
    "convert",
    [
        list,
        np.ndarray.tolist,
        lambda y: y.astype(bool),
        lambda y: y.astype(float),
        pd.DataFrame,
        lambda y: pd.DataFrame(y.astype(bool), columns=["a", "b", "c"]),
        pl.DataFrame,
        sp.csr_matrix,
        sp.csr_array,
        sp.coo_array,
    ],
)
def test_indicators_in_any_container(convert):
    labels = LabelTarget.read(convert(INDICATORS), RNNTextClassifier())
    assert labels.dtype == np.uint8
    np.testing.assert_array_equal(labels, INDICATORS)


@pytest.mark.parametrize("labels", [["a", "b", "a"], [1, 0, 1]])
def test_arrays_of_no_dimension_are_labels(labels):
    read = LabelTarget.read([np.array(label) for label in labels], RNNTextClassifier())
    assert read.tolist() == labels
    assert read.dtype == np.array(labels).dtype


@pytest.mark.parametrize("convert", [list, np.array, pd.DataFrame])
def test_one_column_of_labels_is_one_label_each(convert):
    with pytest.warns(match="A column-vector y was passed"):
        labels = LabelTarget.read(convert([["b"], ["a"]]), RNNTextClassifier())
    assert labels.tolist() == ["b", "a"]


@pytest.mark.parametrize("y", [[1, 2], np.array([1, 2]), pd.Series([1, 2]), pl.Series([1, 2])])
def test_numbers_in_any_container(y):
    numbers = NumberTarget.read(y, RNNTextRegressor())
    assert numbers.dtype == np.float64
    assert numbers.tolist() == [1.0, 2.0]


weights_and_values = st.lists(
    st.tuples(st.integers(0, 3), st.integers(-5, 5)), min_size=1, max_size=12
).filter(lambda pairs: any(weight for weight, _ in pairs))


@given(weights_and_values, st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0]))
def test_weighted_quantile_is_that_of_repeated_values(pairs, share):
    weights, values = np.array(pairs, dtype=float).T
    repeated = np.repeat(values, weights.astype(int))
    expected = np.quantile(repeated, share, method="averaged_inverted_cdf")
    assert weighted_quantile(values, weights, share) == pytest.approx(expected)


@given(weights_and_values)
def test_balanced_weights_are_those_of_repeated_documents(pairs):
    weights, values = np.array(pairs).T
    classes, codes = np.unique(values, return_inverse=True)
    repeated = np.repeat(values, weights)
    balanced = weigh_classes("balanced", classes, codes, weights.astype(float))
    present = np.isin(classes, repeated)
    expected = compute_class_weight("balanced", classes=classes[present], y=repeated)
    np.testing.assert_allclose(balanced[present], expected)
    assert not balanced[~present].any()


def test_each_label_is_balanced_with_its_absence():
    weight = np.array([1.0, 1.0, 2.0])
    target = IndicatorTarget(INDICATORS, weight, RNNTextClassifier(class_weight="balanced"))
    # The second label never holds, and its absence is all there is.
    expected = [[4 / (2 * 3), 1, 4 / (2 * 2)], [4 / (2 * 1), 0, 4 / (2 * 2)]]
    np.testing.assert_allclose(target.criterion["criterion__class_weight"], expected)


Y = np.array([[1.0, 0.0], [4.0, 0.0], [10.0, 0.0], [101.0, 0.0]])


@pytest.mark.parametrize(
    ("loss", "offset", "scale"),
    [
        ("squared_error", np.mean(Y[:, 0]), np.std(Y[:, 0])),
        ("absolute_error", 7.0, np.mean([6, 3, 3, 94])),
        ("huber", 7.0, np.mean([6, 3, 3, 94])),
        ("quantile", 10.0, np.mean([9, 6, 0, 91])),
        ("poisson", 0.0, np.mean(Y[:, 0])),
    ],
)
def test_offset_and_scale_of_numbers(loss, offset, scale):
    target = NumberTarget(Y[:, 0], np.ones(4), loss, quantile=0.7)
    assert target.offset == pytest.approx(offset)
    assert target.scale == pytest.approx(scale)
    assert target.encode(Y[:, 0]).shape == (4, 1)


def test_constant_column_has_scale_one():
    target = NumberTarget(Y, np.ones(4), "squared_error")
    assert target.scale[1] == 1
    np.testing.assert_allclose(target.encode(Y).std(axis=0), [1, 0], rtol=1e-6)


def test_poisson_needs_a_mean_in_every_column():
    with pytest.raises(ValueError, match="a mean above 0 in every column"):
        NumberTarget(Y, np.ones(4), "poisson")
