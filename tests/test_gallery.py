"""The gallery is in the order that was chosen by hand, and its pages lead to each other."""

import ast
import re
import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
EXAMPLES = DOCS / "examples"
ORDER = runpy.run_path(str(DOCS / "gallery_order.py"))
SECTIONS = ORDER["SECTIONS"]
SCRIPTS = [f"{section}/{name}" for section, names in SECTIONS.items() for name in names]
LESSON = [script.removesuffix(".py") for script in SCRIPTS if script.startswith("lesson/")]


def read(script):
    return (EXAMPLES / script).read_text(encoding="utf-8")


def linked_pages(text):
    """Return the pages of the gallery that a text links to."""
    return re.findall(r":doc:`(?:[^`]*<)?/auto_examples/([^`>]+)>?`", text)


def test_every_script_has_its_place():
    found = {str(path.relative_to(EXAMPLES).as_posix()) for path in EXAMPLES.rglob("plot_*.py")}
    assert found == set(SCRIPTS)
    assert len(SCRIPTS) == len(set(SCRIPTS))


def test_scripts_are_sorted_by_hand():
    names = SECTIONS["lesson"]
    by_hand = ORDER["ByHand"](EXAMPLES / "lesson")
    assert sorted(sorted(names), key=by_hand) == names
    with pytest.raises(ValueError, match="Give plot_new"):
        by_hand("plot_new.py")


def test_every_section_has_its_heading():
    assert {path.parent.name for path in EXAMPLES.glob("*/README.rst")} == set(SECTIONS)


@pytest.mark.parametrize("script", SCRIPTS)
def test_script_begins_with_its_title_and_draws_a_picture(script):
    title = ast.get_docstring(ast.parse(read(script))).strip("= \n").splitlines()[0]
    assert title
    # The first picture is the thumbnail. Without one, there would be a placeholder.
    assert "plt.show()" in read(script)


@pytest.mark.parametrize("page", LESSON)
def test_page_of_the_lesson_leads_on_and_back(page):
    number = LESSON.index(page) + 1
    text = read(f"{page}.py")
    assert re.search(rf"^{number}\. ", text, flags=re.MULTILINE)  # its title
    *_, try_it, read_on = re.split(r"^# (Try it|Read on)\n# -+$", text, flags=re.MULTILINE)[2::2]
    assert try_it.strip("# %\n")
    neighbours = LESSON[max(number - 2, 0) : number - 1] + LESSON[number : number + 1]
    assert set(neighbours) <= set(linked_pages(read_on))


def test_links_into_the_gallery_lead_somewhere():
    written = [*DOCS.glob("*.rst"), *DOCS.glob("user_guide/*.rst"), *EXAMPLES.rglob("plot_*.py")]
    links = [link for path in written for link in linked_pages(path.read_text(encoding="utf-8"))]
    pages = {script.removesuffix(".py") for script in SCRIPTS}
    assert pages & set(links)
    assert set(links) - pages - {f"{section}/index" for section in SECTIONS} == set()
