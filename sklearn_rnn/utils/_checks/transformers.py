"""Columns, their names, and frames of transformers."""

from unittest import SkipTest

import numpy as np
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_union

from sklearn_rnn.utils._checks._corpus import make_documents, make_target
from sklearn_rnn.utils._checks._fitting import (
    as_array,
    assert_finite,
    assert_refused,
    assert_same,
    fit,
    make,
)
from sklearn_rnn.utils._checks._registry import (
    has_method,
    is_deterministic,
    is_transformer,
    requires_y,
    text_check,
)


def transform(estimator):
    return {"transform": fit(estimator).transform(make_documents())}


@text_check(is_transformer)
def check_transform_is_a_table(name, estimator):
    """The result is a table of finite numbers."""
    values = transform(estimator)["transform"]
    assert as_array(values).ndim == 2, f"{name}.transform must return two dimensions."
    assert as_array(values).dtype.kind in "iufb", f"{name}.transform must return numbers."
    assert_finite({"transform": values}, "plain documents")


@text_check(is_transformer, has_method("fit_transform"), is_deterministic)
def check_fit_transform(name, estimator):
    """`fit_transform` is `fit` and then `transform`."""
    X, y = make_documents(), make_target(estimator)
    at_once = make(estimator).fit_transform(X) if y is None else make(estimator).fit_transform(X, y)
    what = "whether fit_transform is called, or fit and transform"
    assert_same({"transform": at_once}, transform(estimator), what)


@text_check(is_transformer, has_method("fit_transform"))
def check_fit_transform_fits(name, estimator):
    """After `fit_transform` it is fitted as after `fit`."""
    X, y = make_documents(), make_target(estimator)
    fitted = make(estimator)
    fitted.fit_transform(X, y)
    what = "whether fit_transform or fit was called before"
    if is_deterministic(estimator):
        assert_same({"transform": fitted.transform(X)}, transform(estimator), what)


@text_check(is_transformer, lambda estimator: not requires_y(estimator))
def check_transformer_ignores_target(name, estimator):
    """A transformer that needs no y learns the same with one, unless it learns labels from it."""
    X = make_documents()
    fitted = make(estimator).fit(X, np.arange(len(X)) % 2)
    if getattr(fitted, "classes_", None) is not None:
        return
    assert_same({"transform": fitted.transform(X)}, transform(estimator), "a y that is not needed")


@text_check(is_transformer, has_method("get_feature_names_out"))
def check_feature_names(name, estimator):
    """There is a name for each column, a str, and no name twice."""
    fitted = fit(estimator)
    names = fitted.get_feature_names_out()
    n_columns = as_array(fitted.transform(make_documents())).shape[1]
    assert len(names) == n_columns, (
        f"{name}.get_feature_names_out must name {n_columns} columns. Got {len(names)} names."
    )
    assert all(isinstance(column, str) for column in names), f"Names of {name} must be str."
    assert len(set(names)) == len(names), f"{name} must not name two columns alike."


def check_frame(name, estimator, library):
    if not hasattr(estimator, "set_output"):
        raise SkipTest(f"{name} has no set_output.")
    try:
        __import__(library)
    except ImportError as exc:
        raise SkipTest(f"{library} is not installed.") from exc
    fitted, X = fit(estimator), make_documents()
    values = fitted.transform(X)
    try:
        fitted.set_output(transform=library)
    except ValueError as exc:
        raise SkipTest(f"A step of {name} has no set_output.") from exc
    if sparse.issparse(values):
        # scikit-learn makes no frames of sparse matrices.
        assert_refused(fitted.transform, X, what=f"a sparse result of {name} in {library}")
        return None
    frame = fitted.transform(X)
    assert type(frame).__module__.startswith(library), f"{name} must return a frame of {library}."
    assert list(frame.columns) == list(fitted.get_feature_names_out()), (
        f"The columns of the frame must be those of {name}.get_feature_names_out."
    )
    assert_same({"transform": frame}, {"transform": values}, "whether a frame is asked for")
    return fitted


@text_check(is_transformer)
def check_set_output_pandas(name, estimator):
    """`set_output(transform="pandas")` gives named columns, and the index of the documents."""
    fitted = check_frame(name, estimator, "pandas")
    if fitted is not None:
        import pandas as pd

        index = [f"document {row}" for row in range(len(make_documents()))]
        frame = fitted.transform(pd.Series(make_documents(), index=index))
        assert list(frame.index) == index, f"The frame of {name} must keep the index of X."


@text_check(is_transformer)
def check_set_output_polars(name, estimator):
    """`set_output(transform="polars")` gives named columns."""
    check_frame(name, estimator, "polars")


@text_check(is_transformer)
def check_column_transformer(name, estimator):
    """As a part of a ColumnTransformer, it transforms its column."""
    try:
        import pandas as pd
    except ImportError as exc:
        raise SkipTest("pandas is not installed.") from exc
    X, y = make_documents(), make_target(estimator)
    frame = pd.DataFrame({"number": range(len(X)), "text": X})
    columns = ColumnTransformer([("text", make(estimator), "text")], sparse_threshold=1)
    result = columns.fit(frame, y).transform(frame)
    assert_same({"transform": result}, transform(estimator), "a ColumnTransformer around it")


@text_check(is_transformer)
def check_feature_union(name, estimator):
    """Twice in a FeatureUnion, its columns occur twice."""
    X, y = make_documents(), make_target(estimator)
    alone = as_array(transform(estimator)["transform"])
    union = make_union(make(estimator), make(estimator)).fit(X, y)
    assert_same(
        {"transform": as_array(union.transform(X))},
        {"transform": np.hstack([alone, alone])},
        "a FeatureUnion around it",
    )
