"""What RNNTextClassifier makes of input that is wrong, or odd but legal: one table of cases."""

import pickle
from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from sklearn_rnn import RNNTextClassifier, RNNTextRegressor, SequenceVectorizer
from sklearn_rnn._sklearn_compat import InvalidParameterError
from sklearn_rnn.datasets import load_tweet_sentiment

TEXTS, LABELS = (
    values[::500].tolist() for values in load_tweet_sentiment(return_X_y=True, as_frame=False)
)
N = len(TEXTS)
IDS = SequenceVectorizer(max_length=12).fit_transform(TEXTS)
PADDED = IDS.toarray()


def make(**params):
    """Return a classifier that is fitted in a blink."""
    small = {"embedding_dim": 4, "hidden_size": 4, "max_epochs": 1, "random_state": 0}
    return RNNTextClassifier(**{**small, **params})


@cache
def fitted_on_text():
    return make().fit(TEXTS, LABELS)


@cache
def fitted_on_ids():
    return make().fit(IDS, LABELS)


def fit(X=TEXTS, y=LABELS, sample_weight=None, **params):
    return make(**params).fit(X, y, sample_weight)


def with_id(value, dtype=np.int64):
    """Return the padded token ids with another value at one place."""
    X = PADDED.astype(dtype)
    X[3, 0] = value
    return X


def with_text(value):
    return [*TEXTS[:-1], value]


def with_label(value):
    return [*LABELS[:-1], value]


def refused(id_, action, error, match):
    return pytest.param(action, SimpleNamespace(error=error, match=match), id=id_)


def legal(id_, action, expected):
    """Expect what a second function returns, to the bit."""
    return pytest.param(action, expected, id=id_)


def proba(X):
    return fitted_on_text().predict_proba(X)


def proba_of_ids(X):
    return fitted_on_ids().predict_proba(X)


def proba_after_fit(X, y=LABELS, **params):
    return make(**params).fit(X, y).predict_proba(X)


LONG_TEXT = (" ".join(load_tweet_sentiment().data) + " end")[-1_000_000:]

CASES = [
    # No documents, or nothing in them
    refused("empty list", lambda: fit([], []), ValueError, r"0 sample\(s\).* minimum of 1 is"),
    refused("empty array", lambda: fit(np.array([]), []), ValueError, r"0 sample\(s\)"),
    refused("empty ids", lambda: fit(IDS[:0], []), ValueError, r"0 sample\(s\)"),
    refused("ids of no positions", lambda: fit(IDS[:, :0]), ValueError, r"0 feature\(s\)"),
    refused("predict no text", lambda: proba([]), ValueError, r"0 sample\(s\)"),
    refused("predict no array", lambda: proba(np.array([])), ValueError, r"0 sample\(s\)"),
    refused("predict no ids", lambda: proba_of_ids(IDS[:0]), ValueError, r"0 sample\(s\)"),
    refused("all empty", lambda: fit([""] * N), ValueError, "empty vocabulary"),
    refused("all blank", lambda: fit([" ", "\n", "\t"] * 9, range(27)), ValueError, "empty vocab"),
    legal("some blank", lambda: proba([*TEXTS, " \n\t"])[-1], lambda: proba([*TEXTS, ""])[-1]),
    legal("ids all padding", lambda: proba_of_ids([[0, 0]]), lambda: proba_of_ids([[1, 0]])),
    # Missing text
    refused("NaN", lambda: fit(with_text(np.nan)), ValueError, rf"1 missing .* row\(s\) {N - 1}"),
    refused("None", lambda: fit(with_text(None)), ValueError, "1 missing .*missing='empty'"),
    refused("NA", lambda: fit(with_text(pd.NA)), ValueError, "1 missing .*missing='empty'"),
    refused("NaT", lambda: fit(with_text(pd.NaT)), ValueError, "1 missing .*missing='empty'"),
    refused("NA in series", lambda: fit(pd.Series(with_text(None))), ValueError, "1 missing"),
    refused("predict None", lambda: proba([None, "good"]), ValueError, r"1 missing .* row\(s\) 0"),
    legal(
        "None as empty",
        lambda: proba_after_fit(with_text(None), vectorizer=SequenceVectorizer(missing="empty")),
        lambda: proba_after_fit(with_text("")),
    ),
    # Not text
    refused("number in text", lambda: fit(with_text(3)), TypeError, f"row {N - 1} is of type int"),
    refused("numbers", lambda: fit([1, 2, 3], "aba"), ValueError, "Expected 2D array, got 1D"),
    refused("str", lambda: fit("a good film"), ValueError, "string object .* in a list"),
    refused("bytes", lambda: fit(b"a good film"), ValueError, "bytes object .* in a list"),
    refused("predict str", lambda: proba("a good film"), ValueError, "string object .* in a list"),
    refused("not utf-8", lambda: fit(with_text(b"\xff")), UnicodeDecodeError, f"row {N - 1} of X"),
    refused("None for X", lambda: fit(None), TypeError, "raw text documents .* NoneType"),
    refused("number for X", lambda: fit(3), TypeError, "raw text documents expected, int"),
    refused("dict", lambda: fit({"text": TEXTS}), TypeError, "dict received. Pass .* in a list"),
    refused("set", lambda: fit(set(TEXTS)), TypeError, "set received. Pass .* in a list"),
    refused(
        "frame of a text and a number",
        lambda: fit(pd.DataFrame({"text": TEXTS, "n": 1})),
        TypeError,
        r"Column 'n' of X must hold text .*; row 0 is of type int. Select the columns",
    ),
    refused(
        "texts and lists of words",
        lambda: fit([x.split() if i else x for i, x in enumerate(TEXTS)]),
        TypeError,
        "not of both; row 0 is of type str and row 1 of type list",
    ),
    refused(
        "array of text with 3 axes",
        lambda: fit(np.full((N, 2, 2), "a")),
        ValueError,
        r"one column of them; got ndarray of shape \(37, 2, 2\)",
    ),
    legal("utf-8", lambda: proba([x.encode() for x in TEXTS]), lambda: proba(TEXTS)),
    # Odd text
    legal("emoji", lambda: proba(["👍🏽🎉"]), lambda: proba(["🦖🦕"])),
    legal(
        "fit on emoji",
        lambda: fit(["👍", "👎"] * 30, [1, 0] * 30, max_epochs=9, lr=0.05).predict(["👎", "👍"]),
        lambda: [0, 1],
    ),
    legal("unknown words", lambda: proba(["zzqq qqzz"]), lambda: proba(["qqzz qqzz"])),
    legal("one document", lambda: proba(TEXTS[:1]).shape, lambda: (1, 3)),
    legal("word of 10**6 letters", lambda: proba(["a" * 10**6]), lambda: proba(["zzqq"])),
    legal(
        "predict 10**6 letters",
        lambda: (len(LONG_TEXT), proba([LONG_TEXT, "good"]).argmax(axis=1)),
        lambda: (10**6, [proba([x]).argmax() for x in (LONG_TEXT, "good")]),
    ),
    legal(
        "fit on 10**6 letters",
        lambda: fit(with_text(LONG_TEXT)).predict_proba(["good", "bad"]).sum(axis=1).round(9),
        lambda: [1, 1],
    ),
    # Token ids
    refused("array of 1 axis", lambda: fit(np.arange(N)), ValueError, r"Expected 2D .*reshape"),
    refused("array of 3 axes", lambda: fit(PADDED[..., None]), ValueError, "dim 3, while dim <= 2"),
    refused("ragged", lambda: fit([[2], [3, 4]], "ab"), ValueError, "different lengths; pad them"),
    refused("id -1", lambda: fit(with_id(-1)), ValueError, "Negative values.* start at 1.* Got -1"),
    refused("id 0.5", lambda: fit(with_id(0.5, float)), ValueError, r"integers.* Got 0\.5 in X"),
    refused("id NaN", lambda: fit(with_id(np.nan, float)), ValueError, "contains NaN"),
    refused("id inf", lambda: fit(with_id(np.inf, float)), ValueError, "contains infinity"),
    refused("id None", lambda: fit(with_id(None, object)), ValueError, "must not be missing"),
    refused("id 2**30", lambda: fit(with_id(2**30)), ValueError, "go up to 1073741824.* from 2 on"),
    refused("id 2**31", lambda: fit(with_id(2**31)), ValueError, "at most 2147483647 .*2147483648"),
    refused(
        "few ids", lambda: fit(with_id(9 * 10**6)), ValueError, "go up to 9000000.* few of them"
    ),
    refused("bool ids", lambda: fit(PADDED > 0), TypeError, "must be integers.* dtype bool"),
    refused("complex ids", lambda: fit(PADDED * 1j), ValueError, "Complex data not supported"),
    refused(
        "tf-idf",
        lambda: fit(TfidfVectorizer().fit_transform(TEXTS)),
        ValueError,
        "SequenceVectorizer turns text into token ids; TfidfVectorizer does not",
    ),
    legal("whole floats", lambda: proba_of_ids(PADDED * 1.0), lambda: proba_of_ids(IDS)),
    legal("unseen id", lambda: proba_of_ids(with_id(5000)), lambda: proba_of_ids(with_id(1))),
    legal("huge id", lambda: proba_of_ids(with_id(2**30)), lambda: proba_of_ids(with_id(1))),
    # Text or ids, as in fit
    refused(
        "text after ids",
        lambda: proba_of_ids(TEXTS),
        ValueError,
        "fitted on token ids and has no vectorizer.* Transform X by the vectorizer",
    ),
    legal(
        "ids after text",
        lambda: proba(fitted_on_text().vectorizer_.transform(TEXTS)),
        lambda: proba(TEXTS),
    ),
    # Labels
    refused("no y", lambda: make().fit(TEXTS), TypeError, "missing 1 required .* 'y'"),
    refused("y None", lambda: fit(y=None), ValueError, "requires y to be passed, but .* is None"),
    refused("short y", lambda: fit(y=LABELS[:-1]), ValueError, r"numbers of samples: \[37, 36\]"),
    refused("short X", lambda: fit(IDS[:-1]), ValueError, r"numbers of samples: \[36, 37\]"),
    refused("one class", lambda: fit(y=["happy"] * N), ValueError, "only one class: 'happy'"),
    refused(
        "None in y",
        lambda: fit(y=with_label(None)),
        ValueError,
        rf"y contains NaN: every document .* row\(s\) {N - 1}, counted from 0",
    ),
    refused("NaN beside text", lambda: fit(y=with_label(np.nan)), ValueError, "y contains NaN"),
    refused("NaN in y", lambda: fit(y=np.r_[np.nan, np.ones(N - 1)]), ValueError, "y contains NaN"),
    refused("NA in y", lambda: fit(y=pd.Series(with_label(None))), ValueError, "y contains NaN"),
    refused("continuous y", lambda: fit(y=np.linspace(0, 1, N)), ValueError, "type: continuous"),
    refused("y str", lambda: fit(y="abc"), ValueError, "y should be a 1d array"),
    refused("y set", lambda: fit(y=set(LABELS)), ValueError, "y should be a 1d array"),
    refused("y bytes", lambda: fit(y=[x.encode() for x in LABELS]), TypeError, "bytes is not supp"),
    refused(
        "y of two columns",
        lambda: fit(y=np.c_[LABELS, LABELS]),
        ValueError,
        "multiclass-multioutput targets, .*MultiOutputClassifier",
    ),
    refused(
        "y of numbers in columns",
        lambda: fit(y=np.random.default_rng(0).random((N, 2))),
        ValueError,
        "type: continuous-multioutput",
    ),
    refused(
        "indicators of 1 and 2",
        lambda: fit(y=1 + np.eye(3, dtype=int)[np.arange(N) % 3]),
        ValueError,
        r"must hold only 0 and 1\. Got \[1, 2\] in y",
    ),
    refused(
        "lists of labels",
        lambda: fit(y=[["good", "short"], ["bad"]] * (N // 2) + [["bad"]]),
        ValueError,
        r"Row 0 of y is \['good', 'short'\].*MultiLabelBinarizer",
    ),
    refused(
        "sets of labels",
        lambda: fit(y=pd.Series([{"good"}, {"bad"}] * (N // 2) + [{"bad"}])),
        ValueError,
        r"Row 0 of y is {'good'}.*MultiLabelBinarizer",
    ),
    refused(
        "labels for a regressor",
        lambda: RNNTextRegressor(max_epochs=1).fit(TEXTS, ["good"] * N),
        ValueError,
        "y must hold numbers.*'good'.*RNNTextClassifier learns labels",
    ),
    refused("y of str and int", lambda: fit(y=with_label(1)), TypeError, "one type; got int and s"),
    refused(
        "array y of str and int",
        lambda: fit(y=np.array(with_label(1), dtype=object)),
        TypeError,
        "y must hold labels of one type; got int and str",
    ),
    legal(
        "one document a class",
        lambda: fit(TEXTS[:3], ["c", "a", "b"]).predict_proba(TEXTS).shape,
        lambda: (N, 3),
    ),
    # Weights
    refused("weights too few", lambda: fit(sample_weight=[1, 2]), ValueError, r"weight.*\(2,\)"),
    refused("weight NaN", lambda: fit(sample_weight=[np.nan] * N), ValueError, "weight.* NaN"),
    refused(
        "weight < 0", lambda: fit(sample_weight=[-1] * N), ValueError, "egative.*sample_weight"
    ),
    refused("weights all 0", lambda: fit(sample_weight=[0] * N), ValueError, "one non-zero"),
    refused("weights 2d", lambda: fit(sample_weight=np.eye(N)), ValueError, "weights must be 1D"),
    refused(
        "validation of no weight",
        lambda: fit(sample_weight=np.eye(N)[0], early_stopping=True),
        ValueError,
        "set aside for early stopping, .*sample_weight.* or set early_stopping=False",
    ),
    refused(
        "class_weight uniform",
        lambda: fit(class_weight="uniform"),
        InvalidParameterError,
        "'class_weight' parameter .*'balanced'.* Got 'uniform'",
    ),
    refused(
        "class_weight of no class",
        lambda: fit(class_weight={"happy": 2.0}),
        ValueError,
        r"'positive'.* not in class_weight. It has \['happy'\], which do not occur in y",
    ),
    refused(
        "class_weight of a class too many",
        lambda: fit(class_weight={"positive": 2.0, "happy": 2.0}),
        ValueError,
        "'neutral'.* not in class_weight",
    ),
    refused(
        "class_weight of 0 for all",
        lambda: fit(class_weight=dict.fromkeys(LABELS, 0)),
        ValueError,
        "one non-zero weight .* to train on",
    ),
    refused(
        "class_weight < 0",
        lambda: fit(class_weight={"positive": -2.0}),
        ValueError,
        "class_weight.* -2.0",
    ),
    # Not fitted
    *[
        refused(
            f"{method} before fit",
            lambda method=method: getattr(make(), method)(TEXTS),
            NotFittedError,
            "This RNNTextClassifier instance is not fitted yet",
        )
        for method in ("predict", "predict_proba", "predict_log_proba", "decision_function")
    ],
    refused("module_ before fit", lambda: make().module_, NotFittedError, "not fitted yet"),
    refused("history_ before fit", lambda: make().history_, NotFittedError, "not fitted yet"),
    # Parameters
    *[
        refused(
            f"{name}={value!r}",
            lambda name=name, value=value: fit(early_stopping=True, **{name: value}),
            InvalidParameterError,
            rf"The '{name}' parameter of RNNTextClassifier must be {must}\. Got {value!r} instead",
        )
        for name, value, must in [
            ("cell", "transformer", r"a str among .*'lstm'.*"),
            ("activation", "gelu", r"a str among .*'tanh'.*"),
            ("pooling", "sum", r"a str among .*'mean'.*"),
            ("optimizer", "adamax", r"a str among .*'adam'.* or a callable"),
            ("lr_schedule", "step", r"a str among .*'cosine'.*"),
            ("num_layers", 0, r"an int in the range \[1, inf\)"),
            ("hidden_size", -3, r"an int in the range \[1, inf\)"),
            ("hidden_size", 1.5, r"an int in the range \[1, inf\)"),
            ("embedding_dim", 0, r"a str among {'auto'} or an int in the range \[1, inf\)"),
            ("embedding", 5, r"an instance of 'sklearn_rnn._word_vectors.WordVectors', .* or None"),
            (
                "freeze_embedding",
                0,
                r"a str among {'auto'}, an instance of 'bool'.* or an int in the range \[1, inf\)",
            ),
            ("batch_size", 0, r"a str among {'auto'} or an int in the range \[1, inf\)"),
            ("max_epochs", 0, r"a str among {'auto'} or an int in the range \[1, inf\)"),
            ("dropout", 1.0, r"a float in the range \[0\.0, 1\.0\)"),
            ("dropout", -0.1, r"a float in the range \[0\.0, 1\.0\)"),
            ("word_dropout", 1.0, r"a float in the range \[0\.0, 1\.0\)"),
            ("lr", 0, r"a float in the range \(0\.0, inf\)"),
            ("lr", float("nan"), r"a float in the range \(0\.0, inf\)"),
            ("weight_decay", -1.0, r"a float in the range \[0\.0, inf\)"),
            ("clip_grad_norm", 0.0, r"a float in the range \(0\.0, inf\) or None"),
            ("validation_fraction", 0.0, r"a float in the range \(0\.0, 1\.0\)"),
            ("validation_fraction", 1.0, r"a float in the range \(0\.0, 1\.0\)"),
            ("random_state", -1, r"an int in the range \[0, .*"),
            ("vectorizer", "tfidf", r"an object implementing 'fit_transform' and 'transform' .*"),
            ("callbacks", 1, r"an instance of 'list' or None"),
            ("skorch_params", 1, r"an instance of 'dict' or None"),
        ]
    ],
    refused(
        "unknown name",
        lambda: RNNTextClassifier(hiden_size=3),
        TypeError,
        "RNNTextClassifier has no parameter 'hiden_size'. Did you mean 'hidden_size'",
    ),
    refused("by position", lambda: RNNTextClassifier("lstm"), TypeError, "positional argument"),
    refused(
        "unknown name to set",
        lambda: make().set_params(hiden_size=3),
        ValueError,
        "Invalid parameter 'hiden_size' for .*Did you mean 'hidden_size'",
    ),
    *[
        refused(
            f"device {device}",
            lambda device=device: fit(device=device),
            ValueError,
            rf"'device' parameter of RNNTextClassifier must be .* Got '{device}' instead",
        )
        for device in ("tpu", "meta", "cuda:99")
    ],
    refused(
        "nothing left to train on",
        lambda: fit(TEXTS[:3], LABELS[:3], early_stopping=True, validation_fraction=0.9),
        ValueError,
        r"validation_fraction=0\.9 of 3 documents leaves none .* Lower it",
    ),
    refused(
        "nothing left to set aside",
        lambda: fit(TEXTS[:3], ["c", "a", "b"], early_stopping=True),
        ValueError,
        "no document is left to set aside when each class has one to train on",
    ),
    refused(
        "class for a vectorizer",
        lambda: fit(vectorizer=SequenceVectorizer),
        TypeError,
        "'vectorizer' parameter .* an instance. Got the class SequenceVectorizer",
    ),
    refused(
        "tf-idf for a vectorizer",
        lambda: fit(vectorizer=TfidfVectorizer()),
        ValueError,
        "SequenceVectorizer turns text into token ids",
    ),
    refused(
        "counts for a vectorizer",
        lambda: fit(vectorizer=CountVectorizer()),
        ValueError,
        "'vectorizer' parameter .* must return token ids.* Got CountVectorizer",
    ),
    refused(
        "no callback",
        lambda: fit(callbacks=[1]),
        TypeError,
        "'callbacks' parameter .*int",
    ),
    refused(
        "no optimizer",
        lambda: fit(optimizer=len),
        TypeError,
        "'optimizer' parameter .* subclass of torch.optim.Optimizer",
    ),
    refused(
        "unknown argument of skorch",
        lambda: fit(skorch_params={"learning_rate": 0.1}),
        ValueError,
        "'skorch_params' parameter .* Got 'learning_rate'",
    ),
    refused(
        "callbacks of skorch",
        lambda: fit(skorch_params={"callbacks": []}, early_stopping=True),
        ValueError,
        "'skorch_params' parameter .* as the 'callbacks' parameter",
    ),
    refused(
        "learning rate that breaks the weights",
        lambda: fit(lr=1e30, max_epochs=3),
        ValueError,
        "non-finite loss, .* Lower lr, or set clip_grad_norm",
    ),
]


@pytest.mark.parametrize(("action", "expected"), CASES)
def test_input_is_refused_or_understood(action, expected):
    if isinstance(expected, SimpleNamespace):
        with pytest.raises(expected.error, match=expected.match):
            action()
    else:
        np.testing.assert_equal(action(), expected())


@pytest.mark.parametrize(
    ("X", "y", "params"),
    [
        (TEXTS, LABELS[:-1], {}),
        (with_text(None), LABELS, {}),
        (TEXTS, ["a"] * N, {}),
        (TEXTS, LABELS, {"device": "tpu"}),
        (TEXTS, LABELS, {"hidden_size": 0}),
        (with_id(2**30), LABELS, {}),
        (TEXTS, LABELS, {"lr": 1e30, "max_epochs": 3}),
    ],
    ids=["short y", "None", "one class", "device", "parameter", "huge id", "loss"],
)
def test_a_refused_fit_changes_nothing(X, y, params):
    clf = fit()
    before, expected = dict(vars(clf)), clf.predict_proba(TEXTS)
    clf.set_params(**params)
    with pytest.raises(ValueError):
        clf.fit(X, y)
    clf.set_params(**{name: before[name] for name in params})
    assert vars(clf) == before
    np.testing.assert_array_equal(clf.predict_proba(TEXTS), expected)


def test_a_refused_predict_changes_nothing():
    clf = fit()
    before = pickle.dumps(clf)
    for X in (IDS * -1, "text", [None], []):
        with pytest.raises(ValueError):
            clf.predict(X)
    assert pickle.dumps(clf) == before
    assert torch.is_grad_enabled()
