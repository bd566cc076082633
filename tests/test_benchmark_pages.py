"""The pages of benchmarks open with what came out, as their tables have it."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1]))  # benchmarks are not installed

from benchmarks.openings import OPENINGS, number, span, tables_of, with_opening

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


def test_opening_is_put_below_the_title_and_replaced():
    table = "| documents | n_jobs=1, s | ratio |\n| --- | --- | --- |\n| tweets | 3 | {} |\n"
    page = "# A search\n\nSome words.\n\n" + table
    opened = with_opening("grid_search", page.format("0.63 [0.5..0.7]"))
    opening = "**Two processes take {} % (tweets) of the time of one.**\n\n"
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
