"""What results must not depend on: other documents, order, the past, threads."""

import numpy as np

from sklearn_rnn.utils._checks._corpus import (
    make_documents,
    make_other_documents,
    make_target,
)
from sklearn_rnn.utils._checks._fitting import (
    as_array,
    assert_refused,
    assert_same,
    fit,
    make,
    outputs,
    rows,
    without_warm_start,
)
from sklearn_rnn.utils._checks._registry import (
    has_param,
    is_deterministic,
    requires_fit,
    text_check,
)


@text_check(is_deterministic)
def check_fit_is_deterministic(name, estimator):
    """Two clones of the same random state learn the same, to the bit."""
    X = make_documents()
    first, second = (outputs(fit(estimator), X) for _ in range(2))
    assert_same(first, second, "which of two clones is fitted", exact=True)


@text_check(is_deterministic)
def check_fit_ignores_global_seeds(name, estimator):
    """With a random_state, the global seeds do not matter."""
    X = make_documents()
    first = outputs(fit(estimator), X)
    state = np.random.get_state()
    try:
        np.random.seed(12345)
        second = outputs(fit(estimator), X)
    finally:
        np.random.set_state(state)
    assert_same(first, second, "the global random state of NumPy", exact=True)


@text_check(is_deterministic)
def check_fit_is_idempotent(name, estimator):
    """A second `fit` on the same data gives the results of the first."""
    X, y = make_documents(), make_target(estimator)
    fitted = fit(estimator)
    first = outputs(fitted, X)
    fitted.set_params(**without_warm_start(fitted)).fit(X, y)
    assert_same(outputs(fitted, X), first, "how often it was fitted")


@text_check(is_deterministic)
def check_fit_forgets(name, estimator):
    """`fit` forgets what an earlier `fit` on other data has learned."""
    X, y = make_documents(), make_target(estimator)
    expected = outputs(fit(estimator), X)
    fitted = make(estimator, **without_warm_start(estimator))
    fitted.fit(make_other_documents(), y)
    assert_same(outputs(fitted.fit(X, y), X), expected, "what an earlier fit has learned")


@text_check(requires_fit)
def check_refused_fit_changes_nothing(name, estimator):
    """A `fit` that ends in an error leaves what an earlier one has learned."""
    X, y = make_documents(), make_target(estimator)
    fitted = fit(estimator)
    before = outputs(fitted, X)
    assert_refused(fitted.fit, [None, *X[1:]], y, what="a missing document", errors=(Exception,))
    assert_same(outputs(fitted, X), before, "a fit that ended in an error", exact=True)


@text_check()
def check_methods_give_a_row_a_document(name, estimator):
    """Every result has a row for each document, even if there are only one or two."""
    fitted, X = fit(estimator), make_documents()
    for n_documents in (1, 2, len(X)):
        for method, values in outputs(fitted, X[:n_documents]).items():
            assert as_array(values).shape[:1] == (n_documents,), (
                f"{name}.{method} must return a row for each of {n_documents} documents. "
                f"Got shape {as_array(values).shape}."
            )


@text_check()
def check_methods_subset_invariance(name, estimator):
    """A document alone has the result that it has among others."""
    fitted, X = fit(estimator), make_documents()
    together = outputs(fitted, X)
    for row in (0, 1, len(X) - 1):
        alone = outputs(fitted, [X[row]])
        assert_same(alone, rows(together, [row]), "the other documents")
    assert_same(outputs(fitted, X[5:12]), rows(together, slice(5, 12)), "the other documents")


@text_check()
def check_methods_order_invariance(name, estimator):
    """Documents in another order have the same results, in that order."""
    fitted, X = fit(estimator), make_documents()
    order = np.random.RandomState(0).permutation(len(X))
    moved = outputs(fitted, [X[row] for row in order])
    assert_same(moved, rows(outputs(fitted, X), order), "the order of the documents")


@text_check()
def check_methods_ignore_long_companions(name, estimator):
    """A document next to one that is a thousand times as long has the same result."""
    fitted, X = fit(estimator), make_documents()
    beside = {
        method: values[:-1]
        for method, values in outputs(fitted, [*X[:3], " ".join(X * 50)]).items()
    }
    assert_same(beside, outputs(fitted, X[:3]), "a long document beside it")


@text_check()
def check_methods_treat_equal_documents_alike(name, estimator):
    """The same document twice has the same result twice."""
    fitted, X = fit(estimator), make_documents()
    doubled = outputs(fitted, X + X)
    n = len(X)
    assert_same(rows(doubled, slice(n)), rows(doubled, slice(n, None)), "the place of a document")


@text_check()
def check_methods_remember_nothing(name, estimator):
    """What was predicted before does not change what is predicted now."""
    fitted, X = fit(estimator), make_documents()
    first = outputs(fitted, X)
    outputs(fitted, make_other_documents())
    assert_same(outputs(fitted, X), first, "earlier calls", exact=True)


@text_check(has_param("n_jobs"), is_deterministic)
def check_n_jobs(name, estimator):
    """The number of threads or processes changes neither what is learned nor the results."""
    X, y = make_documents(), make_target(estimator)
    first = outputs(make(estimator, n_jobs=1).fit(X, y), X)
    assert_same(outputs(make(estimator, n_jobs=2).fit(X, y), X), first, "n_jobs")


@text_check(has_param("random_state"), is_deterministic)
def check_methods_draw_no_numbers(name, estimator):
    """Even without a seed, the methods return the same twice."""
    estimator = make(estimator, random_state=None)
    X = make_documents()
    estimator.fit(X, make_target(estimator))
    assert_same(outputs(estimator, X), outputs(estimator, X), "chance", exact=True)
