"""The pages of benchmarks open with what came out, as their tables have it."""

import sys
from pathlib import Path
from statistics import mean, median

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1]))  # benchmarks are not installed

from benchmarks.openings import (
    OPENINGS,
    column,
    number,
    percent,
    points,
    span,
    tables_of,
    where,
    with_opening,
)

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "docs/benchmarks").glob("*.md"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_page_opens_with_the_result_of_its_tables(path):
    assert path.stem in OPENINGS, "add a function for the page to benchmarks/openings.py"
    page = path.read_text(encoding="utf-8")
    assert page == with_opening(path.stem, page), "run `python -m benchmarks openings`"


def test_every_page_is_listed():
    index = (ROOT / "docs/benchmarks/index.rst").read_text(encoding="utf-8")
    assert {path.stem for path in PAGES} <= set(index.split())


def first_table(name):
    page = (ROOT / f"docs/benchmarks/{name}.md").read_text(encoding="utf-8")
    return tables_of(page)[0]


def words_of(page):
    """Return a page of the project with its lines joined."""
    return " ".join((ROOT / page).read_text(encoding="utf-8").split())


@pytest.mark.parametrize("page", ["README.md", "docs/index.rst"])
def test_accuracy_and_speed_are_quoted_as_measured(page):
    text, quality = words_of(page), first_table("quality")
    gains = points(quality, "defaults", "TF-IDF")
    assert min(gains) > 0
    assert f"all {len(gains)} data sets" in text
    (tweets,) = column(where(quality, **{"data set": "tweet_sentiment"}), "defaults seconds")
    assert f"18,000 tweets in about {tweets:.0f} seconds on two cores" in text
    long = [r for r in where(first_table("speed"), contestant="ours") if r["corpus"] != "tweets"]
    assert f"{percent(*column(long, '/ tutorial'))} of the time of a PyTorch loop" in text.replace(
        "](docs/benchmarks/speed.md)", ""
    )


def test_readme_quotes_the_gains_over_tfidf_as_measured():
    readme, quality = words_of("README.md"), first_table("quality")
    gains = points(quality, "defaults", "TF-IDF")
    median_and_most = f"{median(gains):.0f} points of accuracy in the median and up to"
    assert f"by {median_and_most} {max(gains):.0f}" in readme
    few = where(first_table("pretraining"), documents="300")
    assert f"is {mean(points(few, 'both', 'TF-IDF')):.0f} points better than TF-IDF" in readme
    (news,) = where(quality, **{"data set": "newsgroups6"})
    (reviews,) = where(quality, **{"data set": "mr"})
    assert f"{news['TF-IDF']} on six newsgroups" in readme
    assert f"`RNNTextClassifier()` reaches {number(news['defaults']):.3f}" in readme
    assert f"the defaults here reach {number(reviews['defaults']):.3f}" in readme


@pytest.mark.skipif(
    not (ROOT / "docs/benchmarks/peers.md").exists(), reason="`python -m benchmarks peers` first"
)
def test_readme_has_the_table_of_the_page_of_peers():
    readme = tables_of((ROOT / "README.md").read_text(encoding="utf-8"))
    assert first_table("peers") in readme, "copy the table of docs/benchmarks/peers.md"


def test_opening_is_put_below_the_title_and_replaced():
    table = "| documents | 2 processes | ratio |\n| --- | --- | --- |\n| tweets | loky | {} |\n"
    page = "# A search\n\nSome words.\n\n" + table
    opened = with_opening("grid_search", page.format("0.63 [0.5..0.7]"))
    opening = "**A search in two processes takes {} % (loky) of its time in one.**\n\n"
    assert opened == page.format("0.63 [0.5..0.7]").replace("Some", opening.format(63) + "Some")
    changed = opened.replace("0.63", "0.71")
    assert with_opening("grid_search", changed) == changed.replace("63 %", "71 %")


def test_tables_are_read_with_escaped_strokes():
    page = "Text\n\n| a | b |\n| --- | --- |\n| x \\| y |  |\n\n| c |\n| --- |\n| 1 |\n| 2 |\n"
    assert tables_of(page) == [[{"a": "x \\| y", "b": ""}], [{"c": "1"}, {"c": "2"}]]


@pytest.mark.parametrize(
    "cell, expected",
    [
        ("12,752 [4,954..13,870]", 12752),
        ("85% [82%..91%]", 85),
        ("2.8e-18", 2.8e-18),
        ("-.5", -0.5),
    ],
)
def test_first_number_of_a_cell(cell, expected):
    assert number(cell) == expected


def test_range_that_shows_as_one_value_is_one():
    assert span([0.61, 0.64], ".1f", " s") == "0.6 s"
    assert span([64, 61], unit=" %") == "61 to 64 %"
