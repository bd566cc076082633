import io
import sys
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import coo_matrix, csr_array

from sklearn_rnn._text.containers import as_documents, check_column_names, is_text

DOCUMENTS = ["a good film", "", "naïve 👍"]


def make_polars(kind):
    pl = pytest.importorskip("polars")
    series = pl.Series("text", DOCUMENTS)
    return {"series": series, "frame": series.to_frame(), "category": series.cast(pl.Categorical)}[
        kind
    ]


def make_arrow(kind):
    pa = pytest.importorskip("pyarrow")
    if kind == "array":
        return pa.array(DOCUMENTS)
    if kind == "chunked":
        return pa.chunked_array([DOCUMENTS[:1], DOCUMENTS[1:]])
    return pd.Series(DOCUMENTS, dtype="string[pyarrow]")


CONTAINERS = {
    "list": lambda: list(DOCUMENTS),
    "tuple": lambda: tuple(DOCUMENTS),
    "str array": lambda: np.array(DOCUMENTS),
    "object array": lambda: np.array(DOCUMENTS, dtype=object),
    "column array": lambda: np.array(DOCUMENTS, dtype=object).reshape(-1, 1),
    "str column array": lambda: np.array(DOCUMENTS).reshape(-1, 1),
    "list of numpy.str_": lambda: list(np.array(DOCUMENTS)),
    "bytes": lambda: [text.encode() for text in DOCUMENTS],
    "bytes array": lambda: np.array([text.encode() for text in DOCUMENTS]),
    "object series": lambda: pd.Series(DOCUMENTS, dtype=object),
    "string series": lambda: pd.Series(DOCUMENTS, dtype="string"),
    "inferred series": lambda: pd.Series(DOCUMENTS),
    "category series": lambda: pd.Series(DOCUMENTS, dtype="category"),
    "odd index": lambda: pd.Series(DOCUMENTS, index=[7, 7, -1]),
    "index": lambda: pd.Index(DOCUMENTS),
    "frame": lambda: pd.DataFrame({"text": DOCUMENTS}, index=[2, 1, 0]),
    "string frame": lambda: pd.DataFrame({"text": DOCUMENTS}, dtype="string"),
    "arrow series": lambda: make_arrow("series"),
    "arrow array": lambda: make_arrow("array"),
    "arrow chunks": lambda: make_arrow("chunked"),
    "polars series": lambda: make_polars("series"),
    "polars frame": lambda: make_polars("frame"),
    "polars category": lambda: make_polars("category"),
    "generator": lambda: (text for text in DOCUMENTS),
    "dict values": lambda: dict(enumerate(DOCUMENTS)).values(),
}


@pytest.fixture(params=["pandas", "polars"])
def make_frame(request):
    return pytest.importorskip(request.param).DataFrame


@pytest.mark.parametrize("container", CONTAINERS)
def test_containers_give_the_same_documents(container):
    documents = as_documents(CONTAINERS[container]())
    assert documents == DOCUMENTS
    assert {type(document) for document in documents} == {str}


@pytest.mark.parametrize("container", CONTAINERS)
def test_containers_of_text_are_text(container):
    assert is_text(CONTAINERS[container]())


def test_columns_of_a_frame_are_joined(make_frame):
    frame = make_frame({"title": ["a b", "", "é"], "text": ["c", "d", ""], "end": ["e", "f", "g"]})
    assert is_text(frame)
    assert as_documents(frame) == ["a b | c | e", " | d | f", "é |  | g"]


def test_columns_of_one_name_are_joined_too():
    frame = pd.DataFrame([["a", "b"]], columns=["text", "text"])
    assert as_documents(frame) == ["a | b"]


def test_bytes_and_missing_texts_of_a_frame():
    frame = pd.DataFrame({"title": [b"caf\xe9", None], "text": ["a", "b"]}, dtype=object)
    joined = as_documents(frame, encoding="latin-1", missing="empty")
    assert joined == ["café | a", " | b"]
    with pytest.raises(ValueError, match=r"Column 'title' of X contains 1 missing .*row\(s\) 1,"):
        as_documents(frame, encoding="latin-1")


def test_columns_that_hold_no_text_are_named(make_frame):
    frame = make_frame({"text": ["a", "b"], "age": [31, 45]})
    assert is_text(frame)
    with pytest.raises(TypeError, match=r"Column 'age' of X must hold text .*row 0 is of type int"):
        as_documents(frame)


@pytest.mark.parametrize(
    ("known", "columns"), [(["a", "b"], ["b", "a"]), (["a", "b"], ["a"]), (None, ["a", "b"])]
)
def test_columns_must_be_those_of_fit(known, columns, make_frame):
    with pytest.raises(ValueError, match=r"in fit|during fit"):
        check_column_names(make_frame({name: ["text"] for name in columns}), known)


@pytest.mark.parametrize("known", [["a", "b"], None])
def test_columns_of_fit_and_text_that_is_joined_are_taken(known, make_frame):
    check_column_names(make_frame({name: ["text"] for name in known or ["any"]}), known)
    check_column_names(["text | text"], known)


@pytest.mark.parametrize(
    "X",
    [
        pytest.param(np.array([[2, 3], [4, 0]]), id="int array"),
        pytest.param(np.array([[2.0, 3.0]]), id="float array"),
        pytest.param(np.array([[2, 3]], dtype=object), id="object array of int"),
        pytest.param(np.zeros((0, 3)), id="empty int array"),
        pytest.param(np.array([2, 3]), id="1d"),
        pytest.param([[2, 3], [4, 0]], id="nested list"),
        pytest.param([[], [4, 0]], id="ragged list"),
        pytest.param([np.array([2, 3])], id="list of arrays"),
        pytest.param(csr_array([[2, 3]]), id="csr"),
        pytest.param(coo_matrix([[2, 3]]), id="coo"),
        pytest.param(pd.DataFrame({"a": [2], "b": [3]}), id="frame"),
        pytest.param(pd.DataFrame({"a": [2]}, dtype="Int64"), id="nullable frame"),
        pytest.param(pd.Series([2, 3]), id="series"),
    ],
)
def test_numbers_are_not_text(X):
    assert not is_text(X)


def test_polars_numbers_are_not_text():
    pl = pytest.importorskip("polars")
    assert not is_text(pl.DataFrame({"a": [2], "b": [3]}))


@pytest.mark.parametrize(
    "X",
    [
        "bare",
        b"bare",
        [],
        np.array([]),
        [None, "a"],
        [3, "a"],
        [None, np.nan],
        [["a", "b"], ["c"]],
        [{"text": "a"}],
        {"text": ["a"]},
        pd.DataFrame({"a": ["x"], "b": ["y"]}),
        None,
    ],
)
def test_what_text_errors_explain_best_is_text(X):
    assert is_text(X)


@pytest.mark.parametrize("X", ["a good film", np.str_("a"), np.array("a"), b"a"])
def test_bare_string_is_refused(X):
    match = "Iterable over raw text documents expected, (string|bytes) object received"
    with pytest.raises(ValueError, match=match):
        as_documents(X)


@pytest.mark.parametrize("X", [{"text": ["a"]}, {"a", "b"}, frozenset("ab"), {"a": 1}.keys()])
def test_containers_without_a_given_order_are_refused(X):
    with pytest.raises(TypeError, match=r"documents expected, .* received. Pass the documents in"):
        as_documents(X)


@pytest.mark.parametrize("X", [3, None, 2.5, object()])
def test_no_iterable_is_refused(X):
    with pytest.raises(TypeError, match=f"expected, {type(X).__name__} object received"):
        as_documents(X)


def test_sparse_is_refused_as_text():
    with pytest.raises(TypeError, match="sparse matrix received"):
        as_documents(csr_array([[1]]))


@pytest.mark.parametrize(
    "X",
    [
        np.array([["a", "b"]]),
        np.array([["a", "b"]], dtype=object),
        np.full((2, 1, 1), "a"),
    ],
)
def test_several_columns_are_refused(X):
    with pytest.raises(ValueError, match=r"one column of them; got .* of shape"):
        as_documents(X)


@pytest.mark.parametrize(
    "X", [[], (), np.array([], dtype=str), pd.Series([], dtype=str), iter([]), np.empty((0, 1))]
)
def test_no_documents_are_refused(X):
    match = r"Found array with 0 sample\(s\) .* a minimum of 1 is required by SequenceVectorizer"
    with pytest.raises(ValueError, match=match):
        as_documents(X)


@pytest.mark.parametrize("missing", [None, np.nan, np.float32("nan"), pd.NA, pd.NaT])
def test_missing_documents_are_named(missing):
    X = np.array(["a", missing, "b", missing], dtype=object)
    with pytest.raises(ValueError, match=r"2 missing document.*row\(s\) 1, 3, .*missing='empty'"):
        as_documents(X)
    assert as_documents(X, missing="empty") == ["a", "", "b", ""]


@pytest.mark.parametrize("dtype", [object, "str", "string", "category"])
def test_missing_documents_in_series(dtype):
    X = pd.Series(["a", None, "b"], dtype=dtype, index=[5, 6, 7])
    with pytest.raises(ValueError, match=r"1 missing document.* at row\(s\) 1, counted from 0"):
        as_documents(X)
    assert as_documents(X, missing="empty") == ["a", "", "b"]


def test_missing_documents_in_polars():
    pl = pytest.importorskip("polars")
    X = pl.Series(["a", None])
    with pytest.raises(ValueError, match="1 missing document"):
        as_documents(X)
    assert as_documents(X, missing="empty") == ["a", ""]


def test_only_the_first_missing_rows_are_named():
    with pytest.raises(ValueError, match=r"100 missing document.* 0, 1, 2, 3, 4, \.\.\., counted"):
        as_documents([None] * 100)


@pytest.mark.parametrize("value", [3, 2.5, np.int64(3), True, Decimal("1")])
def test_numbers_among_documents_are_refused(value):
    match = f"row 1 is of type {type(value).__name__}.*Convert the documents to str"
    with pytest.raises(TypeError, match=match):
        as_documents(["a", value], missing="empty")


TOKENS = [["a", "New York"], [], ["b"]]


@pytest.mark.parametrize(
    "X",
    [
        TOKENS,
        tuple(map(tuple, TOKENS)),
        [np.array(tokens, dtype=str) for tokens in TOKENS],
        [np.array(tokens, dtype=object) for tokens in TOKENS],
        pd.Series(TOKENS, index=[3, 3, 1]),
        pd.DataFrame({"tokens": TOKENS}),
        np.array(TOKENS, dtype=object),
        (tokens for tokens in TOKENS),
    ],
    ids=["list", "tuple", "str", "object", "series", "frame", "array", "generator"],
)
def test_documents_may_be_tokens(X):
    assert is_text(X)
    documents = as_documents(X)
    assert documents == TOKENS
    assert {type(each) for each in documents} == {list}
    assert {type(token) for each in documents for token in each} == {str}


def test_tokens_in_polars_and_arrow():
    for X in (
        pytest.importorskip("polars").Series(TOKENS),
        pytest.importorskip("pyarrow").array(TOKENS),
    ):
        assert is_text(X)
        assert as_documents(X) == TOKENS


def test_tokens_are_not_changed():
    X = [["a"], ("b",), None]
    assert as_documents(X, missing="empty") == [["a"], ["b"], ""]
    assert X == [["a"], ("b",), None]


@pytest.mark.parametrize("value", [["a", "b"], ("a",), np.array(["a"])])
@pytest.mark.parametrize("text", ["a", b"a"])
def test_texts_and_tokens_do_not_mix(value, text):
    with pytest.raises(
        TypeError, match=r"not of both; row 0 is of type str and row 2 of type list"
    ):
        as_documents([text, None, value], missing="empty")
    with pytest.raises(TypeError, match=r"row 0 is of type list and row 1 of type str"):
        as_documents([value, text])


@pytest.mark.parametrize(
    ("value", "name"),
    [([["a"]], "list"), (["a", 1], "int"), ([None], "NoneType"), ([b"a"], "bytes")],
)
def test_tokens_must_be_str(value, name):
    with pytest.raises(TypeError, match=f"consist of str; row 1 has a token of type {name}"):
        as_documents([["a"], value])


def test_arrays_of_tokens_have_one_dimension():
    with pytest.raises(TypeError, match=r"one-dimensional; row 0 is an array of shape \(1, 2\)"):
        as_documents([np.array([["a", "b"]])])
    with pytest.raises(ValueError, match=r"of shape \(2, 2\).*tokens, pass lists of their own len"):
        as_documents(np.array([["a", "b"], ["c", ""]]))


def test_tokens_have_no_characters():
    with pytest.raises(TypeError, match=r"row 0 is of type list. Tokens cannot be split further"):
        as_documents(TOKENS, takes_tokens=False)


def test_documents_of_any_type_stay_as_they_are_where_a_function_reads_them():
    X = [["a", "b"], {"text": "c"}, b"d", None]
    documents = as_documents(X, of_any_type=True, missing="empty")
    assert documents == [["a", "b"], {"text": "c"}, "d", ""]
    with pytest.raises(ValueError, match=r"1 missing document\(s\)"):
        as_documents(X, of_any_type=True)


@pytest.mark.parametrize(
    "X",
    [
        np.array([np.nan, np.nan]),
        np.full((3, 1), np.nan, np.float32),
        np.array(["NaT"], "datetime64[ns]"),
        pd.read_csv(io.StringIO("id,text\n1,\n2,\n"))["text"],
        pd.DataFrame({"text": [np.nan]}),
        pd.Series([np.nan] * 200),
    ],
    ids=["array", "column", "dates", "csv", "frame", "long"],
)
def test_a_column_in_which_all_is_missing_is_text(X):
    assert is_text(X)
    assert as_documents(X, missing="empty") == [""] * len(X)


def test_numbers_behind_missing_ones_are_not_text():
    assert not is_text(pd.Series([np.nan] * 200 + [3.0]))
    assert not is_text(np.full((3, 2), np.nan))


def test_encoding_of_bytes():
    assert as_documents(["ä".encode("latin-1")], encoding="latin-1") == ["ä"]


def test_undecodable_bytes_name_the_row():
    X = ["a", b"\xff"]
    with pytest.raises(UnicodeDecodeError, match=r"invalid start byte.*row 1 of X.*'encoding'"):
        as_documents(X)
    assert as_documents(X, decode_error="ignore") == ["a", ""]
    assert as_documents(X, decode_error="replace") == ["a", "\ufffd"]


def test_input_is_not_changed():
    X = [b"a", None]
    as_documents(X, missing="empty")
    assert X == [b"a", None]
    X = ["a", "b"]
    assert as_documents(X) is not X


def test_frame_libraries_are_not_imported():
    """Whoever has no polars, or no need of pandas, pays nothing for them."""
    names = vars(sys.modules["sklearn_rnn._text.containers"])
    assert not {"pandas", "pd", "polars", "pl"} & set(names)
