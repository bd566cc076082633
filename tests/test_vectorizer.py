import pickle
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_estimator

from sklearn_rnn._text.words import TOKEN_PATTERN
from sklearn_rnn._vectorizer import SequenceVectorizer

DOCUMENTS = ["good, not bad!", "bad", "", "Good good"]

REVIEWS = [
    "The film isn't bad, it's great: I'd see it again!",
    "A café scene that drags on... and on. Not my cup of tea :(",
    "Über-cool soundtrack; the plot? Thin. The cast? Great.",
    "I liked it. I did not love it.",
    "Not good. Not bad. Just there, on the screen, for 2 hours and 10 minutes.",
    "the the the film film was good 👍👍",
    "GREAT GREAT GREAT!!! 10/10 would see again",
]

documents_of_known_words = st.lists(
    st.lists(st.sampled_from(["a", "b's", "!", "é"]), max_size=6).map(" ".join),
    min_size=1,
    max_size=6,
)


def assert_same(X, Y):
    assert type(X) is type(Y)
    assert X.shape == Y.shape
    assert X.dtype == Y.dtype
    if sp.issparse(X):
        X, Y = X.toarray(), Y.toarray()
    np.testing.assert_array_equal(X, Y)


def test_token_ids():
    vectorizer = SequenceVectorizer()
    X = vectorizer.fit_transform(DOCUMENTS)
    assert isinstance(X, sp.csr_array)
    assert X.dtype == np.int32
    assert X.has_canonical_format
    assert vectorizer.vocabulary_ == {"good": 2, "bad": 3, "!": 4, ",": 5, "not": 6}
    assert vectorizer.n_positions_ == 5
    np.testing.assert_array_equal(
        X.toarray(), [[2, 5, 6, 3, 4], [3, 0, 0, 0, 0], [0, 0, 0, 0, 0], [2, 2, 0, 0, 0]]
    )


def test_fit_transform_is_fit_then_transform():
    vectorizer = SequenceVectorizer(min_df=2, max_length=4, truncation="both")
    X = vectorizer.fit_transform(REVIEWS)
    assert_same(X, clone(vectorizer).fit(REVIEWS).transform(REVIEWS))


def test_fit_twice_is_fit_once():
    vectorizer = SequenceVectorizer().fit(REVIEWS).fit(DOCUMENTS)
    once = SequenceVectorizer().fit(DOCUMENTS)
    assert joblib.hash(vars(vectorizer)) == joblib.hash(vars(once))


def test_order_of_documents_does_not_change_the_vocabulary():
    backwards = SequenceVectorizer().fit(REVIEWS[::-1])
    assert list(SequenceVectorizer().fit(REVIEWS).vocabulary_) == list(backwards.vocabulary_)


def test_unknown_tokens_have_id_one():
    vectorizer = SequenceVectorizer().fit(["a b"])
    assert vectorizer.transform(["b x a"]).toarray().tolist() == [[3, 1, 2]]


def test_pruned_tokens_are_unknown_and_keep_their_place():
    vectorizer = SequenceVectorizer(min_df=2)
    assert vectorizer.fit_transform(["a b a", "a"]).toarray().tolist() == [[2, 1, 2], [2, 0, 0]]
    assert vectorizer.vocabulary_ == {"a": 2}


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"token_pattern": r"(?u)\b\w\w+\b"},
        {"lowercase": False},
        {"strip_accents": "unicode"},
        {"strip_accents": "ascii"},
        {"stop_words": "english"},
        {"stop_words": ["the", "film"]},
        {"min_df": 2},
        {"min_df": 0.3, "max_df": 0.6},
        {"max_df": 2},
        {"max_features": 3},
        {"analyzer": "char", "strip_accents": "ascii"},
        {"tokenizer": str.split},
        {"preprocessor": str.upper},
        {"analyzer": str.split},
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:The parameter 'token_pattern' will not be used:UserWarning")
def test_vocabulary_is_that_of_count_vectorizer(params):
    params = {"token_pattern": TOKEN_PATTERN, **params}
    expected = CountVectorizer(**params).fit(REVIEWS).vocabulary_
    assert SequenceVectorizer(**params).fit(REVIEWS).vocabulary_.keys() == expected.keys()


def test_counts_are_those_of_count_vectorizer():
    vectorizer = SequenceVectorizer()
    X = vectorizer.fit_transform(REVIEWS)
    counts = np.array([np.bincount(row, minlength=len(vectorizer.tokens_)) for row in X.toarray()])
    expected = CountVectorizer(
        token_pattern=TOKEN_PATTERN, vocabulary=list(vectorizer.vocabulary_)
    ).transform(REVIEWS)
    np.testing.assert_array_equal(counts[:, 2:], expected.toarray())


@given(documents_of_known_words)
def test_inverse_transform_gives_the_tokens(documents):
    vectorizer = SequenceVectorizer(vocabulary=["a", "b's", "!", "é"]).fit(documents)
    expected = [vectorizer.build_analyzer()(text) for text in documents]
    X = vectorizer.transform(documents)
    assert vectorizer.inverse_transform(X) == expected
    assert vectorizer.inverse_transform(X.toarray()) == expected


@given(documents_of_known_words, st.sampled_from(["head", "tail", "both"]), st.integers(1, 4))
def test_dense_output_is_sparse_output_padded(documents, truncation, max_length):
    params = {"vocabulary": ["a", "!"], "truncation": truncation, "max_length": max_length}
    sparse = SequenceVectorizer(**params).fit_transform(documents)
    dense = SequenceVectorizer(**params, sparse_output=False).fit_transform(documents)
    assert isinstance(dense, np.ndarray)
    assert dense.dtype == np.int32
    assert dense.shape == (len(documents), max_length)
    np.testing.assert_array_equal(dense, sparse.toarray())


def test_inverse_transform_of_unknown_ids():
    vectorizer = SequenceVectorizer(min_df=2).fit(["a b", "a"])
    assert vectorizer.inverse_transform([[2, 1, 99, 0]]) == [["a", "<unk>", "<unk>"]]


def test_tokens_by_id():
    vectorizer = SequenceVectorizer().fit(DOCUMENTS)
    assert vectorizer.tokens_.tolist() == ["<pad>", "<unk>", "good", "bad", "!", ",", "not"]
    for token, id_ in vectorizer.vocabulary_.items():
        assert vectorizer.tokens_[id_] == token


@pytest.mark.parametrize("truncation", ["head", "tail", "both"])
def test_truncation_of_tokens(truncation):
    vectorizer = SequenceVectorizer(max_length=3, truncation=truncation)
    X = vectorizer.fit_transform(["a b c d e", "a b"])
    expected = {"head": ["a", "b", "c"], "tail": ["c", "d", "e"], "both": ["a", "b", "e"]}
    assert vectorizer.inverse_transform(X) == [expected[truncation], ["a", "b"]]
    assert X.shape == (2, 3)


def test_vocabulary_is_learned_from_whole_documents():
    assert len(SequenceVectorizer(max_length=1).fit(["a b c"]).vocabulary_) == 3


def test_longer_documents_widen_the_sparse_result():
    vectorizer = SequenceVectorizer().fit(["a b"])
    X = vectorizer.transform(["a b a b", "a"])
    assert X.shape == (2, 4)
    assert X.nnz == 5
    assert vectorizer.transform(["a"]).shape == (1, 2)


def test_longer_documents_are_cut_in_the_dense_result():
    vectorizer = SequenceVectorizer(sparse_output=False, truncation="tail").fit(["a b"])
    assert vectorizer.transform(["a a a b", "a"]).tolist() == [[2, 3], [2, 0]]


def test_max_length_is_the_width_of_short_documents():
    vectorizer = SequenceVectorizer(max_length=4)
    assert vectorizer.fit_transform(["a b"]).shape == (1, 4)
    assert vectorizer.n_positions_ == 4


def test_only_empty_documents_at_transform():
    vectorizer = SequenceVectorizer().fit(["a b"])
    X = vectorizer.transform(["", " "])
    assert X.shape == (2, 2)
    assert X.nnz == 0
    assert vectorizer.inverse_transform(X) == [[], []]


def test_only_empty_documents_with_a_vocabulary():
    vectorizer = SequenceVectorizer(vocabulary=["a"])
    assert vectorizer.fit_transform([""]).shape == (1, 1)
    assert vectorizer.n_positions_ == 1


def test_feature_names_are_positions():
    vectorizer = SequenceVectorizer().fit(["a b c"])
    names = vectorizer.get_feature_names_out()
    assert names.tolist() == ["position0", "position1", "position2"]
    assert names.dtype == object


def test_pandas_output():
    frame = pd.DataFrame({"text": DOCUMENTS}, index=[4, 3, 2, 1])
    vectorizer = SequenceVectorizer(sparse_output=False).set_output(transform="pandas")
    X = vectorizer.fit_transform(frame)
    assert X.columns.tolist() == [f"position{i}" for i in range(5)]
    assert X.index.tolist() == [4, 3, 2, 1]
    assert set(X.dtypes) == {np.dtype(np.int32)}
    assert vectorizer.inverse_transform(X)[0] == ["good", ",", "not", "bad", "!"]


def test_polars_output():
    pl = pytest.importorskip("polars")
    vectorizer = SequenceVectorizer(sparse_output=False).set_output(transform="polars")
    X = vectorizer.fit_transform(pl.Series(DOCUMENTS))
    assert isinstance(X, pl.DataFrame)
    assert X.shape == (4, 5)


@pytest.mark.parametrize("output", ["pandas", "polars"])
def test_sparse_output_does_not_listen_to_the_global_setting(output):
    """As CountVectorizer does not, beside which it stands in a pipeline."""
    expected = SequenceVectorizer().fit_transform(DOCUMENTS)
    with sklearn.config_context(transform_output=output):
        vectorizer = SequenceVectorizer()
        for X in (vectorizer.fit_transform(DOCUMENTS), vectorizer.transform(DOCUMENTS)):
            assert (X != expected).nnz == 0
        dense = SequenceVectorizer(sparse_output=False).fit_transform(DOCUMENTS)
    assert dense.columns[0] == "position0"


def same(document):
    return document


def body(record):
    return record["body"]


@pytest.mark.parametrize(
    "params",
    [
        {"analyzer": list},
        {"analyzer": same},
        {"tokenizer": same, "preprocessor": same},
        {"tokenizer": same, "lowercase": False},
    ],
    ids=["list", "analyzer", "preprocessor", "tokenizer"],
)
@pytest.mark.parametrize("container", [list, tuple, pd.Series])
def test_documents_that_are_split_already_are_taken_as_count_vectorizer_does(params, container):
    documents = [["C++", "New York", "state-of-the-art"], [], ["C#", "New York"]]
    theirs = CountVectorizer(**params, token_pattern=None).fit(documents)
    vectorizer = SequenceVectorizer(**params, token_pattern=None)
    X = vectorizer.fit_transform(container(documents))
    assert vectorizer.vocabulary_.keys() == theirs.vocabulary_.keys()
    assert vectorizer.inverse_transform(X) == documents
    assert pickle.loads(pickle.dumps(vectorizer)).transform(documents).nnz == X.nnz


def test_a_preprocessor_reads_documents_of_any_type():
    vectorizer = SequenceVectorizer(preprocessor=body)
    X = vectorizer.fit_transform([{"body": "good day"}, {"body": "bad day"}])
    assert vectorizer.inverse_transform(X) == [["good", "day"], ["bad", "day"]]


TOKENS = [["Good", "New York", "the", "naïve"], [], ["good", "The"]]


@pytest.mark.parametrize(
    ("params", "tokens"),
    [
        ({}, [["good", "new york", "the", "naïve"], [], ["good", "the"]]),
        ({"lowercase": False}, TOKENS),
        ({"strip_accents": "unicode"}, [["good", "new york", "the", "naive"], [], ["good", "the"]]),
        ({"stop_words": ["the"]}, [["good", "new york", "naïve"], [], ["good"]]),
        ({"max_length": 2, "truncation": "tail"}, [["the", "naïve"], [], ["good", "the"]]),
        (
            {"vocabulary": ["new york"]},
            [["<unk>", "new york", "<unk>", "<unk>"], [], ["<unk>"] * 2],
        ),
        ({"tokenizer": str.split}, [["good", "new york", "the", "naïve"], [], ["good", "the"]]),
    ],
    ids=str,
)
def test_tokens_are_preprocessed_and_not_split_again(params, tokens):
    vectorizer = SequenceVectorizer(**params)
    X = vectorizer.fit_transform(TOKENS)
    assert vectorizer.inverse_transform(X) == tokens
    assert_same(vectorizer.transform(pd.Series(TOKENS)), X)


def test_tokens_in_chunks_are_learned_as_at_once():
    vectorizer = SequenceVectorizer().partial_fit(TOKENS[:1]).partial_fit(TOKENS[1:])
    assert vectorizer.vocabulary_ == SequenceVectorizer().partial_fit(TOKENS).vocabulary_


def test_tokens_cannot_be_split_into_characters():
    with pytest.raises(TypeError, match=r"row 0 is of type list\. Tokens cannot be split further"):
        SequenceVectorizer(analyzer="char").fit(TOKENS)


def test_a_column_of_texts_as_rows_of_one_warns():
    with pytest.warns(UserWarning, match=r"one token. If these are texts, pass \[row\[0\] for row"):
        SequenceVectorizer().fit([["a good film"], ["bad"]])


def test_words_of_every_script_are_looked_up_as_they_were_learned():
    documents = ["हिन्दी भाषा अच्छी है", "ภาษาไทย", "İyi bir İSTANBUL", "cafe\u0301 👍🏽"] * 20
    vectorizer = SequenceVectorizer(stop_words=["है"])
    X = vectorizer.fit_transform(documents)
    assert {"हिन्दी", "अच्छी", "istanbul", "café", "👍🏽"} < vectorizer.vocabulary_.keys()
    assert "है" not in vectorizer.vocabulary_
    assert_same(vectorizer.transform(documents), X)
    assert_same(vectorizer.transform(documents[:3])[:, :5], X[:3, :5])


def test_tokens_that_splitting_would_not_find_stay_unknown():
    """Many documents are looked up piece by piece, which must not find more."""
    vectorizer = SequenceVectorizer(vocabulary=["c++", "the", "c", "\0"], stop_words=["the"])
    vectorizer.fit([""])
    X = vectorizer.transform(["C++ the C", "\0 \0c"] * 50)
    assert vectorizer.inverse_transform(X[:2]) == [["c", "<unk>", "<unk>", "c"], ["\0", "\0", "c"]]


def test_the_former_default_pattern_still_splits_at_marks():
    vectorizer = SequenceVectorizer(token_pattern=TOKEN_PATTERN).fit(["हिन्दी"] * 50)
    assert vectorizer.transform(["हिन्दी"] * 50).shape == (50, 6)


def test_missing_documents_of_a_fitted_vectorizer_can_be_filled():
    vectorizer = SequenceVectorizer().fit(DOCUMENTS)
    X = pd.Series(["good", None])
    with pytest.raises(ValueError, match=r"X\.fillna\(''\)"):
        vectorizer.transform(X)
    assert vectorizer.transform(X.fillna("")).nnz == 1


def test_pandas_output_must_be_dense():
    vectorizer = SequenceVectorizer().set_output(transform="pandas")
    with pytest.raises(ValueError, match="The transformer outputs a scipy sparse matrix"):
        vectorizer.fit_transform(DOCUMENTS)


@pytest.mark.parametrize(
    "convert",
    [
        tuple,
        np.array,
        iter,
        pd.Series,
        lambda X: pd.DataFrame({"text": X}),
        lambda X: [*map(str.encode, X)],
    ],
)
def test_containers(convert):
    vectorizer = SequenceVectorizer()
    assert_same(
        vectorizer.fit_transform(convert(DOCUMENTS)), SequenceVectorizer().fit_transform(DOCUMENTS)
    )
    assert_same(vectorizer.transform(convert(DOCUMENTS)), vectorizer.transform(DOCUMENTS))


@pytest.mark.parametrize("method", ["fit", "fit_transform", "transform"])
@pytest.mark.parametrize(
    ("X", "error", "match"),
    [
        ("text", ValueError, "Iterable over raw text documents expected, string object received"),
        ([], ValueError, r"Found array with 0 sample\(s\).* required by SequenceVectorizer"),
        (["a", None], ValueError, r"1 missing document\(s\).*set missing='empty' in the vec"),
        (["a", 1], TypeError, "row 1 is of type int"),
    ],
)
def test_wrong_documents_are_refused(method, X, error, match):
    vectorizer = SequenceVectorizer().fit(DOCUMENTS)
    with pytest.raises(error, match=match):
        getattr(vectorizer, method)(X)


def test_missing_documents_can_be_empty():
    X = SequenceVectorizer(missing="empty").fit_transform(["a", None, np.nan])
    assert X.toarray().tolist() == [[2], [0], [0]]


def test_encoding():
    vectorizer = SequenceVectorizer(encoding="latin-1")
    assert list(vectorizer.fit(["ä".encode("latin-1")]).vocabulary_) == ["ä"]
    vectorizer = SequenceVectorizer(decode_error="ignore")
    assert list(vectorizer.fit([b"a\xff"]).vocabulary_) == ["a"]


@pytest.mark.parametrize(
    ("params", "documents", "match"),
    [
        ({}, ["", " "], "empty vocabulary; perhaps the documents only contain stop words"),
        ({"stop_words": ["a"]}, ["a"], "empty vocabulary; perhaps the documents only contain"),
        ({"min_df": 2}, ["a", "b"], "After pruning, no terms remain"),
        ({"min_df": 5}, ["a"], "max_df corresponds to < documents than min_df"),
        ({"token_pattern": r"(\w)(\w)"}, ["a"], "More than 1 capturing group in token pattern"),
        ({"token_pattern": "("}, ["a"], "valid regular expression"),
        ({"vocabulary": {"a": 0}}, ["a"], "The ids of 'vocabulary' must start at 2"),
        ({"vocabulary": []}, ["a"], "empty vocabulary passed to fit"),
    ],
)
def test_fit_errors(params, documents, match):
    with pytest.raises(ValueError, match=match):
        SequenceVectorizer(**params).fit(documents)


@pytest.mark.parametrize("name", sorted(SequenceVectorizer().get_params()))
def test_every_parameter_is_checked(name):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of SequenceVectorizer must be"):
        SequenceVectorizer(**{name: object()}).fit(DOCUMENTS)


def test_constraints_stand_in_the_order_of_the_arguments():
    assert list(SequenceVectorizer._parameter_constraints) == list(vars(SequenceVectorizer()))


def test_unknown_parameter_is_refused():
    with pytest.raises(TypeError, match=r"no parameter 'max_len'\. Did you mean 'max_length'"):
        SequenceVectorizer(max_len=3)


@pytest.mark.parametrize("method", ["transform", "inverse_transform", "get_feature_names_out"])
def test_not_fitted(method):
    with pytest.raises(NotFittedError):
        getattr(SequenceVectorizer(), method)(DOCUMENTS)
    assert not hasattr(SequenceVectorizer(), "tokens_")


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"tokenizer": str.split, "token_pattern": r"\w"}, "token_pattern"),
        ({"analyzer": "char", "token_pattern": r"\w"}, "token_pattern"),
        ({"analyzer": "char", "stop_words": "english"}, "stop_words"),
        ({"analyzer": "char", "tokenizer": str.split}, "tokenizer"),
        ({"analyzer": str.split, "preprocessor": str.lower}, "preprocessor"),
    ],
)
def test_unused_parameters_warn(params, name):
    with pytest.warns(UserWarning, match=f"The parameter '{name}' will not be used since"):
        SequenceVectorizer(**params).fit(DOCUMENTS)


def test_stop_words_that_preprocessing_changes_warn():
    with pytest.warns(UserWarning, match=r"inconsistent with your preprocessing.*\['the'\] not in"):
        SequenceVectorizer(stop_words=["The"]).fit(DOCUMENTS)


def test_upper_case_vocabulary_warns():
    with pytest.warns(UserWarning, match="Upper case characters found in vocabulary"):
        SequenceVectorizer(vocabulary=["Good"]).fit(DOCUMENTS)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"tokenizer": str.split},
        {"tokenizer": str.split, "token_pattern": None},
        {"analyzer": str.split},
        {"analyzer": "char"},
        {"stop_words": "english"},
        {"vocabulary": ["Good"], "lowercase": False},
    ],
    ids=str,
)
def test_no_warning(params):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SequenceVectorizer(**params).fit(REVIEWS)


def test_vocabulary_of_another_vectorizer():
    first = SequenceVectorizer().fit(REVIEWS)
    second = SequenceVectorizer(vocabulary=first.vocabulary_).fit(DOCUMENTS)
    assert second.vocabulary_ == first.vocabulary_
    assert second.vocabulary_ is not first.vocabulary_
    assert_same(
        second.transform(DOCUMENTS)[:, :5],
        first.set_params(max_length=5).transform(DOCUMENTS)[:, :5],
    )


def test_analyzer_errors():
    with pytest.raises(TypeError, match="must consist of str tokens; got int"):
        SequenceVectorizer(analyzer=lambda text: [1]).fit(["a"])
    with pytest.raises(TypeError, match="it returned str for row 0"):
        SequenceVectorizer(tokenizer=str.lower).fit(["a"])


def test_build_stages():
    vectorizer = SequenceVectorizer(stop_words=["the"])
    assert vectorizer.build_preprocessor()("The END") == "the end"
    assert vectorizer.build_tokenizer()("the end") == ["the", "end"]
    assert vectorizer.build_analyzer()("The END") == ["end"]
    assert SequenceVectorizer(analyzer="char").build_tokenizer()("ab") == ["a", "b"]


@pytest.mark.parametrize("name", ["build_preprocessor", "build_tokenizer", "build_analyzer"])
def test_stages_pickle(name):
    stage = getattr(SequenceVectorizer(stop_words="english", strip_accents="ascii"), name)()
    assert pickle.loads(pickle.dumps(stage))("Thé end") == stage("Thé end")


def test_pickle(tmp_path):
    vectorizer = SequenceVectorizer(min_df=2).fit(REVIEWS)
    X = vectorizer.transform(DOCUMENTS)
    assert_same(pickle.loads(pickle.dumps(vectorizer)).transform(DOCUMENTS), X)
    joblib.dump(vectorizer, tmp_path / "vectorizer.joblib")
    assert_same(joblib.load(tmp_path / "vectorizer.joblib").transform(DOCUMENTS), X)


def test_clone_is_not_fitted():
    vectorizer = SequenceVectorizer(max_features=3).fit(REVIEWS)
    copy = clone(vectorizer)
    assert copy.get_params() == vectorizer.get_params()
    assert set(vars(vectorizer)) - set(vars(copy)) == {
        "vocabulary_",
        "n_positions_",
        "too_frequent_ids_",
        "columns_",
    }


def test_tags():
    tags = get_tags(SequenceVectorizer())
    assert tags.input_tags.string
    assert not tags.input_tags.two_d_array
    assert tags.requires_fit


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_common_checks():
    check_estimator(SequenceVectorizer())


def test_result_is_sliced_stacked_and_saved(tmp_path):
    X = SequenceVectorizer().fit_transform(REVIEWS)
    sp.save_npz(tmp_path / "ids.npz", X)
    assert_same(sp.load_npz(tmp_path / "ids.npz"), X)
    assert_same(sp.vstack([X[:3], X[3:]], format="csr"), X)


TABLE = pd.DataFrame({"title": ["good", "a bad film"], "body": ["good, not bad", ""]})
JOINED = ["good | good, not bad", "a bad film | "]


def test_columns_of_text_are_read_as_one_document():
    vectorizer, joined = SequenceVectorizer(), SequenceVectorizer()
    assert_same(vectorizer.fit_transform(TABLE), joined.fit_transform(JOINED))
    assert vectorizer.vocabulary_ == joined.vocabulary_
    assert (vectorizer.columns_, joined.columns_) == (["title", "body"], None)
    assert_same(vectorizer.transform(TABLE), vectorizer.transform(JOINED))
    in_chunks = SequenceVectorizer().partial_fit(TABLE[:1]).partial_fit(TABLE[1:])
    assert in_chunks.columns_ == ["title", "body"]
    assert in_chunks.vocabulary_ == SequenceVectorizer().partial_fit(JOINED).vocabulary_


@pytest.mark.parametrize("method", ["transform", "partial_fit"])
def test_columns_of_text_must_be_those_of_fit(method):
    of_columns, of_text = SequenceVectorizer().fit(TABLE), SequenceVectorizer().fit(JOINED)
    with pytest.raises(ValueError, match=r"Expected \['title', 'body'\], got \['body', 'title'\]"):
        getattr(of_columns, method)(TABLE[["body", "title"]])
    with pytest.raises(ValueError, match=r"in fit each document was one text. Select"):
        getattr(of_text, method)(TABLE)
    assert of_columns.fit(TABLE["body"]).columns_ is None


def test_in_a_search():
    y = np.array([0, 1] * 20)
    X = np.array(["good film", "bad film"] * 20)
    pipeline = make_pipeline(
        SequenceVectorizer(sparse_output=False), DecisionTreeClassifier(random_state=0)
    )
    assert cross_val_score(pipeline, X, y, cv=2).tolist() == [1.0, 1.0]
    search = GridSearchCV(pipeline, {"sequencevectorizer__max_features": [1, 3]}, cv=2)
    assert search.fit(X, y).best_params_ == {"sequencevectorizer__max_features": 3}


def test_in_a_pipeline_after_text_is_cleaned():
    pipeline = make_pipeline(FunctionTransformer(np.char.upper), SequenceVectorizer())
    assert pipeline.fit_transform(np.array(["a b"])).toarray().tolist() == [[2, 3]]
