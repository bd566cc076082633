"""What is not a collection of documents is refused, in `fit` and in every other method."""

import numpy as np

from sklearn_rnn.utils._checks._corpus import make_documents, make_target
from sklearn_rnn.utils._checks._fitting import (
    METHODS,
    as_array,
    assert_refused,
    assert_same,
    fit,
    make,
    outputs,
)
from sklearn_rnn.utils._checks._registry import requires_fit, text_check


def check_refused(name, estimator, X, what, **kwargs):
    y = make_target(estimator)
    if requires_fit(estimator):
        assert_refused(make(estimator).fit, X, y, what=f"{what} in {name}.fit", **kwargs)
    fitted = fit(estimator)
    for method in METHODS:
        if hasattr(fitted, method):
            call = getattr(fitted, method)
            assert_refused(call, X, what=f"{what} in {name}.{method}", **kwargs)


def with_entry(entry):
    return [*make_documents()[:-1], entry]


@text_check()
def check_single_string(name, estimator):
    """A string instead of a list of them would be read letter by letter."""
    check_refused(name, estimator, "oven flour butter", "a single string")


@text_check()
def check_none_document(name, estimator):
    """A missing document, None, is not text."""
    check_refused(name, estimator, with_entry(None), "None among the documents")


@text_check()
def check_nan_document(name, estimator):
    """A missing document, NaN as pandas has it, is not text."""
    check_refused(name, estimator, with_entry(float("nan")), "NaN among the documents")


@text_check()
def check_number_document(name, estimator):
    """A number is not text."""
    check_refused(name, estimator, with_entry(7), "a number among the documents")


@text_check()
def check_list_document(name, estimator):
    """A list of words is not the text that this estimator says it takes."""
    check_refused(name, estimator, with_entry(["oven", "flour"]), "a list among the documents")


@text_check()
def check_two_columns(name, estimator):
    """With two columns of text, it is unclear which is meant."""
    X = np.array([make_documents()] * 2, dtype=object).T
    check_refused(name, estimator, X, "an array of two columns of text")


@text_check()
def check_nothing(name, estimator):
    """None instead of documents."""
    check_refused(name, estimator, None, "None instead of documents")


@text_check(requires_fit)
def check_no_documents_in_fit(name, estimator):
    """There is nothing to learn from no documents."""
    for X in (list[str](), np.array([], dtype=object)):
        y = make_target(estimator)
        y = None if y is None else y[:0]
        assert_refused(make(estimator).fit, X, y, what=f"no documents in {name}.fit")


@text_check()
def check_no_documents_in_methods(name, estimator):
    """No documents give no rows, or an error."""
    fitted = fit(estimator)
    for method in METHODS:
        if hasattr(fitted, method):
            try:
                values = getattr(fitted, method)([])
            except ValueError:
                continue
            assert as_array(values).shape[0] == 0, f"{name}.{method} must return no rows."


@text_check()
def check_bytes(name, estimator):
    """Bytes are decoded or refused, but not read as something else."""
    fitted, X = fit(estimator), make_documents()
    encoded = [document.encode() for document in X]
    try:
        result = outputs(fitted, encoded)
    except (TypeError, ValueError):
        return
    assert_same(result, outputs(fitted, X), "whether documents are str or bytes")


@text_check()
def check_undecodable_bytes(name, estimator):
    """Bytes that are invalid in the encoding are refused by a ValueError, like other bytes."""
    check_refused(name, estimator, with_entry(b"caf\xe9 \xff"), "bytes that are no UTF-8")
