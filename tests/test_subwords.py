"""SubwordVectorizer: what it makes of text, and that nothing but the text has a say in it."""

import json
import multiprocessing
import os
import pickle
import random
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.sparse import issparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from tokenizers import Tokenizer, pre_tokenizers, trainers

import sklearn_rnn
from sklearn_rnn import (
    RNNTextClassifier,
    RNNTextEncoder,
    RNNTextRegressor,
    SequenceVectorizer,
    SubwordVectorizer,
    export_onnx,
)
from sklearn_rnn._training.document_words import find_words
from sklearn_rnn.datasets import load_drug_reviews
from sklearn_rnn.exceptions import ModelFileError
from sklearn_rnn.inspection import ShadedDocument, trace

MODELS = ["bpe", "unigram", "wordpiece"]
every_model = pytest.mark.parametrize("model", MODELS)

DOCUMENTS = ["low lower lowest", "new newer newest", "slow, slower, slowest!", "a wide road"] * 3
LABELS = ["low", "new", "low", "new"] * 3
TABLE = pd.DataFrame({"title": ["low", "new"], "body": ["slower", "newest"]})
SMALL = {"embedding_dim": 4, "hidden_size": 4, "max_epochs": 1, "random_state": 0}


@pytest.fixture(scope="module")
def reviews():
    return load_drug_reviews(subset="train", return_X_y=True, as_frame=False)[0].tolist()


@pytest.fixture(scope="module", params=MODELS)
def fitted(request, reviews):
    return SubwordVectorizer(model=request.param, vocab_size=1000).fit(reviews)


def exact(model):
    """Return a vectorizer that changes nothing in a text."""
    return SubwordVectorizer(model=model, lowercase=False, normalization=None)


def same(one, other):
    return one.shape == other.shape and (one != other).nnz == 0


# What the ids are


@every_model
def test_frequent_words_are_one_token_and_others_several(model):
    vectorizer = SubwordVectorizer(model=model).fit(["good"] * 9 + ["bad"] * 5 + ["sad"])
    first, second, unknown = (
        [vectorizer.tokens_[id_] for id_ in row.data]
        for row in vectorizer.transform(["good", "bad good", "goodbad"])
    )
    assert first == [" good"]
    assert second == [" bad", " good"]
    assert "".join(unknown) == " goodbad"
    assert unknown[0] == " good"


def test_the_most_frequent_token_comes_first(fitted, reviews):
    counts = np.bincount(fitted.transform(reviews).data, minlength=len(fitted.tokens_))
    assert counts[:2].tolist() == [0, 0]
    assert (np.diff(counts[2:]) <= 0).all()


def test_the_vocabulary_is_that_of_the_ids(fitted):
    assert list(fitted.vocabulary_.values()) == list(range(2, len(fitted.tokens_)))
    assert list(fitted.vocabulary_) == fitted.tokens_[2:].tolist()
    assert fitted.tokens_[:2].tolist() == ["<pad>", "<unk>"]


def test_vocab_size_is_the_number_of_tokens_where_there_are_enough(fitted):
    assert len(fitted.vocabulary_) == 1000


@every_model
def test_small_corpora_have_fewer_tokens_than_vocab_size(model):
    vectorizer = SubwordVectorizer(model=model).fit(DOCUMENTS)
    assert 256 < len(vectorizer.vocabulary_) < 400


@every_model
def test_no_text_at_all_leaves_the_bytes(model):
    vectorizer = SubwordVectorizer(model=model).fit(["", ""])
    assert len(vectorizer.vocabulary_) == 256
    assert vectorizer.transform([""]).shape == (1, 1)
    assert vectorizer.inverse_transform(vectorizer.transform(["añ😀"])) == ["añ😀"]


@every_model
def test_min_frequency_leaves_out_rare_tokens(model):
    documents = ["often"] * 5 + ["rarely"] * 2
    for min_frequency, is_there in [(2, True), (3, False)]:
        vectorizer = SubwordVectorizer(model=model, min_frequency=min_frequency).fit(documents)
        assert (" rarely" in vectorizer.vocabulary_) == is_there
        assert " often" in vectorizer.vocabulary_


def test_dense_output_is_the_padded_matrix():
    sparse = SubwordVectorizer().fit_transform(DOCUMENTS)
    dense = SubwordVectorizer(sparse_output=False).fit_transform(DOCUMENTS)
    assert issparse(sparse) and sparse.dtype == dense.dtype == np.int32
    assert_array_equal(sparse.toarray(), dense)


def test_fit_makes_no_frame():
    """Frames hold no sparse matrix, but what is only fitted returns none."""
    vectorizer = SubwordVectorizer().set_output(transform="pandas").fit(DOCUMENTS)
    assert vectorizer.n_positions_ > 1
    dense = vectorizer.set_params(sparse_output=False).transform(DOCUMENTS)
    assert list(dense.columns) == vectorizer.get_feature_names_out().tolist()


def test_truncation_keeps_the_tokens_it_is_told_to():
    whole = SubwordVectorizer().fit(DOCUMENTS).transform(["low new wide road"]).data
    for truncation, kept in [("head", whole[:3]), ("tail", whole[-3:])]:
        vectorizer = SubwordVectorizer(max_length=3, truncation=truncation).fit(DOCUMENTS)
        assert vectorizer.n_positions_ == 3
        assert_array_equal(vectorizer.transform(["low new wide road"]).data, kept)


# Preparing text


@pytest.mark.parametrize(
    ("params", "one", "other"),
    [
        ({}, "GOOD", "good"),
        ({}, "cafe\u0301", "caf\xe9"),
        ({"normalization": "nfkc"}, "\uff27ood \ufb01sh", "good fish"),
        ({"strip_accents": "unicode"}, "Cr\xe8me br\xfbl\xe9e", "creme brulee"),
        (
            {"strip_accents": "unicode"},
            "\u1f08\u03b8\u03ae\u03bd\u03b1",
            "\u03b1\u03b8\u03b7\u03bd\u03b1",
        ),
    ],
)
def test_what_is_written_in_two_ways_is_the_same(params, one, other):
    vectorizer = SubwordVectorizer(**params).fit(DOCUMENTS)
    assert same(vectorizer.transform([one]), vectorizer.transform([other]))
    as_it_is = exact("bpe").fit(DOCUMENTS)
    assert not same(as_it_is.transform([one]), as_it_is.transform([other]))


@pytest.mark.parametrize("text", ["हिन्दी", "สวัสดี", "ไม่ดี"])
def test_only_accents_are_stripped(text):
    vectorizer = SubwordVectorizer(strip_accents="unicode").fit(DOCUMENTS)
    assert vectorizer.inverse_transform(vectorizer.transform([text])) == [text]


def test_marks_do_not_part_words():
    """Python's regular expressions would split at the vowel signs."""
    vectorizer = SubwordVectorizer().fit(["สวัสดีครับ"] * 3)
    assert len(vectorizer.transform(["สวัสดีครับ"]).data) == 1


# Texts and back


@pytest.fixture(scope="module", params=MODELS)
def learned_exactly(request, reviews):
    return exact(request.param).set_params(vocab_size=600).fit(reviews[:200])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=20))
def test_text_comes_back_as_it_was(learned_exactly, texts):
    assert learned_exactly.inverse_transform(learned_exactly.transform(texts)) == texts


def test_ten_thousand_texts_come_back_as_they_were(learned_exactly):
    rng = random.Random(0)
    points = [*range(0xD800), *range(0xE000, 0x110000)]
    texts = ["".join(map(chr, rng.choices(points, k=rng.randrange(9)))) for _ in range(5000)]
    texts += ["".join(rng.choices(" \n\t\r\x85\xa0ab1.", k=rng.randrange(9))) for _ in range(5000)]
    assert learned_exactly.inverse_transform(learned_exactly.transform(texts)) == texts


@pytest.mark.parametrize(
    "text", ["<pad>", "<unk>", "[CLS]", "<s>", "\U0010fffe<unk>", "<0xE0>", "Ġ"]
)
def test_no_text_is_a_special_token(learned_exactly, text):
    X = learned_exactly.transform([text])
    assert 1 not in X.data
    assert learned_exactly.inverse_transform(X) == [text]


def test_unknown_ids_are_written_as_such(learned_exactly):
    assert learned_exactly.inverse_transform([[1, 10**6, 0]]) == ["<unk><unk>"]


def test_a_character_cut_apart_is_replaced():
    vectorizer = SubwordVectorizer(max_length=2).fit(DOCUMENTS)
    assert vectorizer.inverse_transform(vectorizer.transform(["😀"])) == ["\ufffd"]


# The same ids as from the package itself


@settings(max_examples=300, deadline=None)
@given(
    st.text(
        st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from(" \n\xa0\u0301aA1!"))
    )
)
def test_ids_are_those_of_the_whole_text(text):
    """Words are tokenized once for all places; the package is given the whole text."""
    for vectorizer, reference in PAIRS:
        assert vectorizer.transform([text]).data.tolist() == reference.encode(text).ids


def _make_pairs():
    pairs = []
    for model, params in zip(
        MODELS,
        [
            {"strip_accents": "unicode", "normalization": "nfkc"},
            {"normalization": None, "lowercase": False},
            {"strip_accents": "unicode", "normalization": None},
        ],
        strict=True,
    ):
        vectorizer = SubwordVectorizer(model=model, **params).fit(DOCUMENTS)
        assert vectorizer._subwords._of_chunks is not None
        pairs.append((vectorizer, Tokenizer.from_str(vectorizer.tokenizer_json_)))
    return pairs


PAIRS = _make_pairs()


def test_tokenizer_json_gives_the_ids_of_documents(fitted, reviews):
    X = fitted.transform(reviews)
    encodings = Tokenizer.from_str(fitted.tokenizer_json_).encode_batch(reviews)
    assert X.data.tolist() == [id_ for encoding in encodings for id_ in encoding.ids]


def test_bpe_is_that_of_the_package(reviews):
    """Its trainer reads the documents, ours the pieces and how often each occurs."""
    fitted = SubwordVectorizer(vocab_size=1000).fit(reviews)
    content = json.loads(fitted.tokenizer_json_)
    content["model"] = {"type": "BPE", "vocab": {}, "merges": []}
    theirs = Tokenizer.from_str(json.dumps(content))
    trainer = trainers.BpeTrainer(
        vocab_size=1000,
        min_frequency=2,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    theirs.train_from_iterator(reviews, trainer)
    merges = json.loads(theirs.to_str())["model"]["merges"]
    assert json.loads(fitted.tokenizer_json_)["model"]["merges"] == merges


# Spans


def test_spans_say_where_tokens_stand(fitted, reviews):
    texts = [*reviews[:20], "caf\xe9 😀  x", ""]
    for text, spans, row in zip(
        texts, fitted.token_spans(texts), fitted.transform(texts), strict=True
    ):
        assert spans.shape == (len(row.data), 2)
        for (start, stop), id_ in zip(spans.tolist(), row.data, strict=True):
            token = fitted.tokens_[id_]
            if not token.startswith("<0x"):
                # The space in front of the text is none of its own.
                assert token.removeprefix(" ") in text[start:stop].lower()


def test_spans_are_truncated_as_tokens_are():
    whole = SubwordVectorizer().fit(DOCUMENTS)
    cut = SubwordVectorizer(max_length=3, truncation="both").fit(DOCUMENTS)
    (spans,) = whole.token_spans(["slow newer wide road"])
    first, second = cut.token_spans(["slow newer wide road", ""])
    assert_array_equal(first, spans[[0, 1, -1]])
    assert second.shape == (0, 2)


# Determinism


def test_order_of_documents_and_threads_do_not_matter(reviews):
    """In new processes, whose tables of hashes have other seeds."""
    script = (
        "import random, sys\n"
        "from sklearn_rnn import SubwordVectorizer\n"
        "from sklearn_rnn.datasets import load_drug_reviews\n"
        "X = load_drug_reviews(subset='train', return_X_y=True, as_frame=False)[0].tolist()\n"
        "random.Random(sys.argv[1]).shuffle(X)\n"
        "for model in sys.argv[2:]:\n"
        "    vectorizer = SubwordVectorizer(model=model, vocab_size=600).fit(X)\n"
        "    sys.stdout.buffer.write(vectorizer.tokenizer_json_.encode())\n"
    )
    expected = ""
    for model in MODELS:
        expected += SubwordVectorizer(model=model, vocab_size=600).fit(reviews).tokenizer_json_
    for seed, settings_ in [
        ("a", {"TOKENIZERS_PARALLELISM": "false", "PYTHONHASHSEED": "1"}),
        ("b", {"RAYON_NUM_THREADS": "3", "PYTHONHASHSEED": "2"}),
    ]:
        process = subprocess.run(
            [sys.executable, "-c", script, seed, *MODELS],
            capture_output=True,
            env={**os.environ, **settings_},
            timeout=300,
        )
        assert process.stderr == b""
        assert process.stdout.decode() == expected


def test_long_texts_take_linear_time(fitted):
    """Neither a long word nor much white space is read again and again."""
    for text in ["a" * 10**6, " " * 10**6, "!" * 10**6, "\u0301" * 10**5]:
        assert fitted.inverse_transform(fitted.transform([text])) == [text]


# Processes and threads


def _transform(vectorizer):
    return vectorizer.transform(DOCUMENTS * 100)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("setting", [None, "true"])
def test_a_forked_process_neither_waits_nor_warns(setting, monkeypatch, capfd):
    if setting is None:
        monkeypatch.delenv("TOKENIZERS_PARALLELISM", raising=False)
    else:
        monkeypatch.setenv("TOKENIZERS_PARALLELISM", setting)
    vectorizer = SubwordVectorizer().fit(DOCUMENTS)
    expected = _transform(vectorizer)  # with threads
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert same(pool.apply_async(_transform, (vectorizer,)).get(60), expected)
    assert os.environ.get("TOKENIZERS_PARALLELISM") == setting
    assert same(_transform(vectorizer), expected)
    assert capfd.readouterr().err == ""


def test_threads_share_a_vectorizer(fitted, reviews):
    expected = fitted.transform(reviews)
    with ThreadPoolExecutor(4) as pool:
        for X in pool.map(lambda _: fitted.transform(reviews), range(8)):
            assert same(X, expected)


@pytest.mark.parametrize("copy", [deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_copies_give_the_same_ids(fitted, copy):
    assert same(copy(fitted).transform(DOCUMENTS), fitted.transform(DOCUMENTS))


# Errors


@pytest.mark.parametrize("method", ["fit", "transform", "token_spans"])
def test_lone_surrogates_are_refused_with_their_row(method):
    vectorizer = SubwordVectorizer().fit(DOCUMENTS)
    with pytest.raises(ValueError, match=r"row 1 of X holds the lone surrogate '\\ud800' at .* 2"):
        getattr(vectorizer, method)(["good", "so\ud800"])


@pytest.mark.parametrize("method", ["transform", "inverse_transform", "token_spans"])
def test_methods_ask_for_fit(method):
    with pytest.raises(NotFittedError):
        getattr(SubwordVectorizer(), method)(["good"])


@pytest.mark.parametrize(
    "params",
    [
        {"vocab_size": 255},
        {"model": "words"},
        {"min_frequency": 0},
        {"normalization": "nfd"},
        {"strip_accents": "ascii"},
        {"tokenizer": 3},
    ],
)
def test_wrong_parameters_are_refused(params):
    with pytest.raises(ValueError, match=f"The '{next(iter(params))}' parameter"):
        SubwordVectorizer(**params).fit(DOCUMENTS)


def test_names_of_other_vectorizers_are_answered():
    with pytest.raises(TypeError, match="Did you mean 'vocab_size'"):
        SubwordVectorizer(max_features=1000)


# In estimators


@pytest.mark.parametrize("Estimator", [RNNTextClassifier, RNNTextRegressor, RNNTextEncoder])
def test_estimators_take_it(Estimator):
    y = np.arange(len(DOCUMENTS)) if Estimator is RNNTextRegressor else LABELS
    estimator = Estimator(**SMALL, vectorizer=SubwordVectorizer()).fit(DOCUMENTS, y)
    piped = make_pipeline(SubwordVectorizer(), Estimator(**SMALL)).fit(DOCUMENTS, y)
    method = "transform" if Estimator is RNNTextEncoder else "predict"
    results = [getattr(each, method)(["slowish roads"]) for each in (estimator, piped)]
    assert_array_equal(*results)


def test_a_grid_search_over_its_parameters_is_the_same_with_processes():
    grid = {"vectorizer__vocab_size": [260, 300], "vectorizer__model": ["bpe", "unigram"]}
    clf = RNNTextClassifier(**SMALL, vectorizer=SubwordVectorizer())
    one, two = (
        GridSearchCV(clf, grid, cv=2, n_jobs=n_jobs, scoring="neg_log_loss").fit(DOCUMENTS, LABELS)
        for n_jobs in (1, 2)
    )
    scores = one.cv_results_["mean_test_score"]
    assert_array_equal(scores, two.cv_results_["mean_test_score"])
    assert len(set(scores)) > 1


def test_partial_fit_of_an_estimator_keeps_the_subwords_of_the_first_chunk():
    clf = RNNTextClassifier(**SMALL, vectorizer=SubwordVectorizer())
    clf.partial_fit(DOCUMENTS, LABELS, classes=["low", "new"])
    first = clf.vectorizer_.tokenizer_json_
    clf.partial_fit(["quite other words"], ["new"])
    assert clf.vectorizer_.tokenizer_json_ == first
    assert clf.predict(["quite other words"]).shape == (1,)


def test_subwords_know_words_that_a_vocabulary_does_not():
    """Their ending is what the new words share with those of the training."""
    stems = "walk talk jump play work help clean start look turn pull push fill kick".split()
    X = [stem + ending for stem in stems for ending in ("ed", "ing")]
    y = ["past", "now"] * len(stems)
    scores = {}
    for vectorizer in (SequenceVectorizer(), SubwordVectorizer(vocab_size=270)):
        clf = RNNTextClassifier(vectorizer=vectorizer, max_epochs=30, random_state=0)
        scores[type(vectorizer)] = cross_val_score(clf, X, y, cv=4).mean()
    assert scores[SubwordVectorizer] > 0.9 > 0.6 > scores[SequenceVectorizer]


# What is shown of it


def test_shown_words_are_spelled_as_in_the_text_and_their_parts_marked():
    vectorizer = SubwordVectorizer().fit(["un unhappy gladness"] * 3)
    words = find_words("Un unhappyness!\n", vectorizer)
    assert words.tokens == ["Un", "unhappy", "##nes", "##s", "!", "\n"]
    assert [words.text[start:stop] for start, stop in words.spans] == [
        word.removeprefix("##") for word in words.tokens
    ]


def test_bytes_of_one_character_are_shown_once():
    vectorizer = SubwordVectorizer().fit(["good"])
    words = find_words("é", vectorizer)
    assert words.tokens == [" ", "é", "<0xA9>"]
    assert "".join(words.text[start:stop] for start, stop in words.spans) == "é"


def test_inspection_reads_text_and_ids():
    clf = RNNTextClassifier(**SMALL, vectorizer=SubwordVectorizer()).fit(DOCUMENTS, LABELS)
    text = "Slower roads 😀"
    assert "".join(trace(clf, text).tokens).startswith("Slow")
    by_ids = trace(clf, clf.vectorizer_.transform([text]))
    assert "".join(by_ids.tokens).startswith(" slower road")
    html = ShadedDocument.from_estimator(clf, text).to_html()
    assert re.sub("<[^>]*>", "", html).endswith(text)


def test_onnx_has_the_tokenizer_with_the_ids_of_its_input():
    vectorizer = SubwordVectorizer(max_length=7)
    pipeline = make_pipeline(vectorizer, RNNTextClassifier(**SMALL)).fit(DOCUMENTS, LABELS)
    facts = {fact.key: fact.value for fact in export_onnx(pipeline).metadata_props}
    tokenizer = Tokenizer.from_str(facts["tokenizer"])
    assert tokenizer.encode("slowish").ids == vectorizer.transform(["slowish"]).data.tolist()
    assert json.loads(facts["vocabulary"]) == vectorizer.vocabulary_
    assert json.loads(facts["vectorizer"]) == {"max_length": 7, "truncation": "head"}


def test_networks_have_vectors_for_the_tokens_of_the_training_alone():
    clf = RNNTextClassifier(**SMALL, vectorizer=SubwordVectorizer()).fit(DOCUMENTS, LABELS)
    n_ids = clf.module_.deep.embedding.table.num_embeddings
    assert n_ids == clf.vectorizer_.transform(DOCUMENTS).data.max() + 1
    assert n_ids < len(clf.vectorizer_.tokens_)


# Saving


@every_model
def test_saved_it_gives_the_same_ids(model, tmp_path):
    vectorizer = SubwordVectorizer(model=model).fit(DOCUMENTS)
    sklearn_rnn.save(vectorizer, tmp_path / "model")
    loaded = sklearn_rnn.load(tmp_path / "model")
    assert loaded.tokenizer_json_ == vectorizer.tokenizer_json_
    assert same(loaded.transform(["slowish 😀"]), vectorizer.transform(["slowish 😀"]))


@pytest.mark.parametrize("method", ["transform", "token_spans"])
def test_columns_of_text_must_be_those_of_fit(method):
    joined = ["low | slower", "new | newest"]
    of_columns, of_text = SubwordVectorizer().fit(TABLE), SubwordVectorizer().fit(joined)
    assert (of_columns.columns_, of_text.columns_) == (["title", "body"], None)
    assert same(of_columns.transform(TABLE), of_text.transform(joined))
    with pytest.raises(ValueError, match=r"Expected \['title', 'body'\], got \['body', 'title'\]"):
        getattr(of_columns, method)(TABLE[["body", "title"]])
    with pytest.raises(ValueError, match=r"in fit each document was one text. Select"):
        getattr(of_text, method)(TABLE)
    assert of_columns.fit(TABLE["body"]).columns_ is None


def test_an_interrupted_fit_leaves_all_that_was_learned_or_nothing():
    n_lines = 0

    def interrupt_at(n):
        def trace_lines(frame, event, arg):
            nonlocal n_lines
            if event == "line":
                n_lines += 1
                if n_lines == n:
                    raise KeyboardInterrupt
            return trace_lines

        return lambda frame, event, arg: (
            trace_lines if frame.f_code is SubwordVectorizer._fit.__code__ else None
        )

    learned = []
    for n in range(1, 100):
        vectorizer, n_lines, traced = SubwordVectorizer(), 0, sys.gettrace()
        try:
            sys.settrace(interrupt_at(n))
            vectorizer.fit(TABLE)
        except KeyboardInterrupt:
            learned.append({name for name in vars(vectorizer) if name.endswith("_")})
        else:
            break
        finally:
            sys.settrace(traced)
    whole = {name for name in vars(vectorizer) if name.endswith("_")}
    assert len(learned) > 3
    assert all(each in (set(), whole) for each in learned)


def test_columns_of_text_are_saved(tmp_path):
    sklearn_rnn.save(SubwordVectorizer().fit(TABLE), tmp_path / "model")
    loaded = sklearn_rnn.load(tmp_path / "model")
    assert loaded.columns_ == ["title", "body"]
    with pytest.raises(ValueError, match="should match those"):
        loaded.transform(TABLE[["body", "title"]])


def test_a_tokenizer_as_parameter_is_saved_as_data(tmp_path):
    tokenizer = Tokenizer.from_str(SubwordVectorizer().fit(DOCUMENTS).tokenizer_json_)
    vectorizer = SubwordVectorizer(tokenizer=tokenizer).fit(DOCUMENTS)
    sklearn_rnn.save(vectorizer, tmp_path / "model")
    loaded = sklearn_rnn.load(tmp_path / "model")
    assert loaded.tokenizer.to_str() == tokenizer.to_str()
    assert same(clone(loaded).fit_transform(DOCUMENTS), vectorizer.transform(DOCUMENTS))


FORGERIES = {
    "no tokenizer": lambda content: content.clear(),
    "no model": lambda content: content.update(model=None),
    "another model": lambda content: content["model"].update(type="Markov"),
    "an id twice": lambda content: content["model"]["vocab"].update({"zz": 5}),
    "a huge id": lambda content: content["model"]["vocab"].update({"zz": 2**32 - 1}),
    "an id that is none": lambda content: content["model"]["vocab"].update({"zz": "1"}),
    "a merge of nothing": lambda content: content["model"].update(merges=[["zz", "z"]]),
    "a truncation": lambda content: content.update(truncation={"max_length": 1}),
    "an added token": lambda content: content.update(
        added_tokens=[{"id": 10**9, "content": "zz", "special": True}]
    ),
    "no regular expression": lambda content: content.update(
        pre_tokenizer={"type": "Split", "pattern": {"Regex": "["}, "behavior": "Isolated"}
    ),
    "a map that claims 4 GB": lambda content: content.update(
        normalizer={"type": "Precompiled", "precompiled_charsmap": "/////wAAAAAAAAAA"}
    ),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_forged_files_are_refused(forge, tmp_path):
    vectorizer = SubwordVectorizer().fit(DOCUMENTS)
    content = json.loads(vectorizer.tokenizer_json_)
    forge(content)
    vectorizer.tokenizer_json_ = json.dumps(content)
    sklearn_rnn.save(vectorizer, tmp_path / "model")
    with pytest.raises(ModelFileError):
        sklearn_rnn.load(tmp_path / "model")


def test_files_with_columns_that_are_no_names_are_refused(tmp_path):
    vectorizer = SubwordVectorizer().fit(TABLE)
    vectorizer.columns_ = [1, 2]
    sklearn_rnn.save(vectorizer, tmp_path / "model")
    with pytest.raises(ModelFileError):
        sklearn_rnn.load(tmp_path / "model")


@pytest.mark.parametrize("text", ["", "[", "{}", "[" * 10**5, '{"model": ' * 10**5])
def test_files_with_broken_json_are_refused(text, tmp_path):
    vectorizer = SubwordVectorizer().fit(DOCUMENTS)
    vectorizer.tokenizer_json_ = text
    sklearn_rnn.save(vectorizer, tmp_path / "model")
    with pytest.raises(ModelFileError):
        sklearn_rnn.load(tmp_path / "model")


@pytest.mark.parametrize("method", ["transform", "token_spans"])
def test_one_fit_is_seen_whole_while_another_thread_fits(method, monkeypatch):
    """What is read is of one fit: here another one comes in between."""
    vectorizer = SubwordVectorizer(sparse_output=False).fit(["a b c"])
    expected = getattr(vectorizer, method)(["a b c d e"])
    other = vars(SubwordVectorizer(sparse_output=False).fit(["a b c d e f g"]))
    read_documents = SubwordVectorizer._read_documents

    def fit_meanwhile(self, X):
        vectorizer.__dict__.update(other)
        return read_documents(self, X)

    monkeypatch.setattr(SubwordVectorizer, "_read_documents", fit_meanwhile)
    assert_array_equal(getattr(vectorizer, method)(["a b c d e"]), expected)
