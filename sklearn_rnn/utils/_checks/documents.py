"""Documents of every kind get a result."""

import numpy as np

from sklearn_rnn.utils._checks._corpus import make_documents, make_target
from sklearn_rnn.utils._checks._fitting import (
    as_array,
    assert_finite,
    assert_same,
    fit,
    outputs,
    rows,
)
from sklearn_rnn.utils._checks._registry import text_check


def check_documents(name, estimator, special, what):
    """The documents can be learned from, and get finite results, independent of the others."""
    X = make_documents()
    n = len(special)
    for fitted in (fit(estimator), fit(estimator, [*special, *X[n:]])):
        result = outputs(fitted, [*special, *X])
        assert_finite(result, what)
        for method, values in result.items():
            assert len(as_array(values)) == n + len(X), f"{name}.{method} must not drop {what}."
        assert_same(rows(result, slice(n, None)), outputs(fitted, X), f"{what} beside it")
        assert_same(rows(result, [0]), outputs(fitted, special[:1]), f"what is beside {what}")


@text_check()
def check_empty_documents(name, estimator):
    """Empty documents."""
    check_documents(name, estimator, ["", ""], "empty documents")


@text_check()
def check_white_space(name, estimator):
    """Documents that contain only white space."""
    check_documents(name, estimator, [" ", "\n\t ", "\u00a0\u2003"], "white space")


@text_check()
def check_unknown_words(name, estimator):
    """Documents of words that did not occur in `fit`."""
    fitted = fit(estimator)
    special = ["zyzzyva quokka", "xylophage"]
    assert_finite(outputs(fitted, special), "unknown words")
    known = make_documents()
    beside = rows(outputs(fitted, [*known, *special]), slice(len(known)))
    assert_same(beside, outputs(fitted, known), "unknown words beside it")


@text_check()
def check_long_documents(name, estimator):
    """A document of 4,000 words, one of a word of 10,000 letters."""
    check_documents(name, estimator, ["oven " * 4000, "x" * 10_000], "long documents")


@text_check()
def check_short_documents(name, estimator):
    """Documents of one word or one letter."""
    check_documents(name, estimator, ["oven", "a", "?"], "short documents")


@text_check()
def check_unicode(name, estimator):
    """Emoji, combining marks, scripts from right to left and without spaces."""
    special = [
        "\U0001f600 \U0001f468\u200d\U0001f469\u200d\U0001f467 ok",
        "cafe\u0301 na\u0131\u0308ve e\u0300\u0301\u0302",
        "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
        "\u4f60\u597d\u4e16\u754c \u0928\u092e\u0938\u094d\u0924\u0947",
        "\ufeffmark \u202eright\u202c \ufdfa",
    ]
    check_documents(name, estimator, special, "text of all scripts")


@text_check()
def check_control_characters(name, estimator):
    """NUL and other control characters."""
    check_documents(name, estimator, ["oven\x00flour", "\x00", "\x1b[31mred\x07"], "NUL characters")


@text_check()
def check_lone_surrogates(name, estimator):
    """Halves of surrogate pairs, which no encoding takes, are read or refused by ValueError."""
    try:
        check_documents(name, estimator, ["oven \ud83d flour", "\udfff"], "lone surrogates")
    except ValueError:
        pass  # UnicodeEncodeError is one


@text_check()
def check_case_of_equal_documents(name, estimator):
    """A corpus of one document, many times over, can be learned from, and gets one result."""
    X = [make_documents()[0]] * len(make_documents())
    result = outputs(fit(estimator, X), X)
    assert_finite(result, "equal documents")
    for values in result.values():
        values = as_array(values)
        np.testing.assert_array_equal(values[:1].repeat(len(X), axis=0), values)


@text_check()
def check_str_subclasses(name, estimator):
    """Instances of a subclass of str, such as NumPy's, are text like any other."""
    X = [np.str_(document) for document in make_documents()]
    fitted = fit(estimator, X, make_target(estimator))
    expected = outputs(fit(estimator), make_documents())
    assert_same(outputs(fitted, X), expected, "whether documents are str or numpy.str_")
